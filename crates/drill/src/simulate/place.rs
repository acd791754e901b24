//! Where a drill may take place: a directory it makes itself, and nowhere else.

use super::error::{Refusal, SimulateError};
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat, fchmod, fstat, fstatfs, mkdirat,
    openat, openat2, statat,
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

/// What names a file whatever its path: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
}

impl Identity {
    #[allow(clippy::unnecessary_cast, reason = "their widths differ between architectures")]
    pub(crate) fn of(stat: &Stat) -> Self {
        Self { dev: stat.st_dev as u64, ino: stat.st_ino as u64 }
    }
}

/// No way out: not upwards, not by links, not to another file system.
const WITHIN: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_XDEV)
    .union(ResolveFlags::NO_MAGICLINKS);

/// Opens something beneath a directory, and cannot open anything else.
pub(crate) fn beneath(
    dir: impl AsFd,
    path: &str,
    flags: OFlags,
    mode: Mode,
) -> rustix::io::Result<OwnedFd> {
    openat2(dir, path, flags | OFlags::CLOEXEC | OFlags::NOFOLLOW, mode, WITHIN)
}

/// A folder beneath a directory, for acting on names in it.
pub(crate) fn folder(dir: impl AsFd, path: &str) -> rustix::io::Result<OwnedFd> {
    let path = if path.is_empty() { "." } else { path };
    beneath(dir, path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
}

/// Opens a directory by its path, whose last part must not be a link.
pub(crate) fn directory(path: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty())
}

/// File systems that other machines or programs serve: what is written there is seen elsewhere.
const SHARED: [(u64, &str); 14] = [
    (0x6969, "nfs"),
    (0x517b, "smb"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb2"),
    (0x5346_414f, "afs"),
    (0x6b41_4653, "afs"),
    (0x00c3_6400, "ceph"),
    (0x6573_5546, "fuse"),
    (0x0102_1997, "9p"),
    (0x564c, "ncp"),
    (0x7375_7245, "coda"),
    (0x0116_1970, "gfs2"),
    (0x7461_636f, "ocfs2"),
    (0x0bd0_0bd0, "lustre"),
];
const PSEUDO: [(u64, &str); 7] = [
    (0x9fa0, "proc"),
    (0x6265_6572, "sysfs"),
    (0x6367_7270, "cgroup2"),
    (0x0027_e0eb, "cgroup"),
    (0x1cd1, "devpts"),
    (0x6462_6720, "debugfs"),
    (0xcafe_4a11, "bpf"),
];

/// Mount points of this process, from the text of `/proc/self/mountinfo`.
pub(crate) fn mount_points(mountinfo: &str) -> Vec<PathBuf> {
    let unescape = |text: &str| {
        text.replace("\\040", " ")
            .replace("\\011", "\t")
            .replace("\\012", "\n")
            .replace("\\134", "\\")
    };
    mountinfo.lines().filter_map(|l| l.split(' ').nth(4)).map(|p| unescape(p).into()).collect()
}

/// Home folders: of whoever asks, and of every account of this machine.
fn homes() -> Vec<PathBuf> {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let listed = passwd.lines().filter_map(|l| l.split(':').nth(5)).map(PathBuf::from);
    let own = std::env::var_os("HOME").map(PathBuf::from);
    listed
        .chain(own)
        .filter_map(|p| fs::canonicalize(p).ok())
        // Accounts of the system name / or a folder of programs; the root is refused anyhow.
        .filter(|p| p.parent().is_some())
        .collect()
}

/// Where a drill may be: a folder of this machine, with nothing mounted in it, that is nobody's
/// home, and that nobody named as a place to stay away from.
#[derive(Debug)]
pub(crate) struct Parent {
    pub(crate) path: PathBuf,
    fd: OwnedFd,
}

impl Parent {
    /// Checks a place and holds on to it.
    pub(crate) fn open(path: &Path, never: &[PathBuf]) -> Result<Self, SimulateError> {
        let real = fs::canonicalize(path).map_err(|e| SimulateError::io(path, e))?;
        let refuse = |why| Err(SimulateError::refused(path, why));
        if real.parent().is_none() {
            return refuse(Refusal::Root);
        }
        if !real.is_dir() {
            return refuse(Refusal::NotAFolder);
        }
        if homes().contains(&real) {
            return refuse(Refusal::Home);
        }
        for place in never {
            // A place to stay away from that is not there now may be there under its own name.
            let place = fs::canonicalize(place).unwrap_or_else(|_| place.clone());
            if real.starts_with(&place) {
                return refuse(Refusal::Never(place));
            }
        }
        let fd = directory(&real).map_err(|e| SimulateError::io(path, e))?;
        #[allow(clippy::unnecessary_cast, reason = "its width differs between architectures")]
        let kind =
            fstatfs(&fd).map_err(|e| SimulateError::io(path, e))?.f_type as u64 & 0xffff_ffff;
        if let Some((_, name)) = SHARED.iter().find(|(magic, _)| *magic == kind) {
            return refuse(Refusal::Shared((*name).into()));
        }
        if let Some((_, name)) = PSEUDO.iter().find(|(magic, _)| *magic == kind) {
            return refuse(Refusal::Pseudo((*name).into()));
        }
        let mounts = fs::read_to_string("/proc/self/mountinfo")
            .map_err(|e| SimulateError::io("/proc/self/mountinfo", e))?;
        let inside = |m: &PathBuf| *m != real && m.starts_with(&real);
        if let Some(mount) = mount_points(&mounts).into_iter().find(inside) {
            return refuse(Refusal::MountInside(mount));
        }
        let stat = fstat(&fd).map_err(|e| SimulateError::io(path, e))?;
        if stat.st_mode & 0o022 != 0 && stat.st_mode & 0o1000 == 0 {
            return refuse(Refusal::Loose);
        }
        Ok(Self { path: real, fd })
    }

    /// Makes a directory that did not exist, for this account alone.
    pub(crate) fn make(&self, name: &str) -> Result<Root, SimulateError> {
        let path = self.path.join(name);
        mkdirat(&self.fd, name, Mode::RWXU).map_err(|e| match e {
            rustix::io::Errno::EXIST => SimulateError::refused(&path, Refusal::Exists),
            e => SimulateError::io(&path, e),
        })?;
        let fd = folder(&self.fd, name).map_err(|e| SimulateError::io(&path, e))?;
        let root = Root { path, fd };
        // The mask may have taken rights away.
        fchmod(&root.fd, Mode::RWXU).map_err(|e| SimulateError::io(&root.path, e))?;
        root.fresh()?;
        Ok(root)
    }
}

/// A directory that a drill made.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) path: PathBuf,
    pub(crate) fd: OwnedFd,
}

impl Root {
    /// Opens a directory again that a drill made, by what its manifest says of it.
    pub(crate) fn open(path: &Path, identity: Identity) -> Result<Self, SimulateError> {
        let fd = directory(path).map_err(|e| SimulateError::io(path, e))?;
        let stat = fstat(&fd).map_err(|e| SimulateError::io(path, e))?;
        if Identity::of(&stat) != identity {
            return Err(SimulateError::refused(path, Refusal::NotOurs));
        }
        Ok(Self { path: path.to_owned(), fd })
    }

    pub(crate) fn identity(&self) -> Result<Identity, SimulateError> {
        let stat = fstat(&self.fd).map_err(|e| SimulateError::io(&self.path, e))?;
        Ok(Identity::of(&stat))
    }

    /// Between making and opening somebody could have put another directory there.
    fn fresh(&self) -> Result<(), SimulateError> {
        let stat = fstat(&self.fd).map_err(|e| SimulateError::io(&self.path, e))?;
        let own = stat.st_uid == rustix::process::geteuid().as_raw();
        let private = stat.st_mode & 0o7777 == 0o700;
        let mut entries =
            rustix::fs::Dir::read_from(&self.fd).map_err(|e| SimulateError::io(&self.path, e))?;
        let empty =
            !entries.by_ref().flatten().any(|e| e.file_name() != c"." && e.file_name() != c"..");
        if own && private && empty {
            Ok(())
        } else {
            Err(SimulateError::refused(&self.path, Refusal::NotFresh))
        }
    }
}

/// What a name in a folder is, without following it.
pub(crate) fn look(folder: impl AsFd, name: &str) -> rustix::io::Result<Stat> {
    statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
}

/// Whether this is a file with one name.
pub(crate) fn plain(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_nlink == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn refusal(path: &Path, never: &[PathBuf]) -> Option<Refusal> {
        match Parent::open(path, never) {
            Err(SimulateError::Refused { why, .. }) => Some(why),
            _ => None,
        }
    }

    /// 5b, clause 1: its own directory, and none that is anybody else's.
    #[test]
    fn clause_1_bad_places_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(folder.path()).unwrap();
        assert_eq!(refusal(Path::new("/"), &[]), Some(Refusal::Root));
        assert_eq!(refusal(Path::new("/proc/self"), &[]), Some(Refusal::Pseudo("proc".into())));
        for home in homes() {
            assert_eq!(refusal(&home, &[]), Some(Refusal::Home));
        }
        assert!(refusal(&real, std::slice::from_ref(&real)).is_some());
        let inner = real.join("inner");
        fs::create_dir(&inner).unwrap();
        let link = real.join("link");
        symlink(&real, &link).unwrap();
        assert_eq!(
            refusal(&inner, std::slice::from_ref(&link)),
            Some(Refusal::Never(real.clone()))
        );
        let file = real.join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(refusal(&file, &[]), Some(Refusal::NotAFolder));
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(refusal(&inner, &[]), Some(Refusal::Loose));
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o1777)).unwrap();
        assert_eq!(refusal(&inner, &[]), None);
        // What holds a mount: /dev does on every machine, unless it is refused for its kind.
        assert!(refusal(Path::new("/dev"), &[]).is_some());
        assert_eq!(mount_points("1 2 0:3 / /a\\040b rw - x x rw\n"), [PathBuf::from("/a b")]);

        let parent = Parent::open(&real, &[]).unwrap();
        let root = parent.make("drill").unwrap();
        assert_eq!(fs::metadata(&root.path).unwrap().permissions().mode() & 0o7777, 0o700);
        assert!(matches!(
            parent.make("drill"),
            Err(SimulateError::Refused { why: Refusal::Exists, .. })
        ));
        fs::write(root.path.join("x"), "").unwrap();
        assert!(root.fresh().is_err());
        let other = real.join("other");
        fs::create_dir(&other).unwrap();
        assert!(matches!(
            Root::open(&other, root.identity().unwrap()),
            Err(SimulateError::Refused { why: Refusal::NotOurs, .. })
        ));
    }

    /// 5b, clause 2: nothing outside can be opened, whatever lies in the way.
    #[test]
    fn clause_2_nothing_leads_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("outside"), "precious").unwrap();
        let root = Parent::open(folder.path(), &[]).unwrap().make("drill").unwrap();
        fs::create_dir(root.path.join("sub")).unwrap();
        symlink("../outside", root.path.join("link")).unwrap();
        symlink("..", root.path.join("up")).unwrap();
        let open = |path: &str| beneath(&root.fd, path, OFlags::RDWR, Mode::empty());
        for path in ["../outside", "link", "up/outside", "sub/../../outside", "/etc/passwd", "/"] {
            assert!(open(path).is_err(), "{path}");
        }
        fs::write(root.path.join("sub/inside"), "").unwrap();
        assert!(open("sub/inside").is_ok());
    }
}
