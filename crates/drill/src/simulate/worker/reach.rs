//! Whether the simulated account could write somewhere: asked by a child that is that account, of
//! the kernel, without opening anything.

use rustix::{
    fs::{Access, AtFlags, CWD, FileType, accessat, lstat},
    process::{Gid, Uid},
    thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Entries of a backup that are asked about; the first that can be written settles it.
const ENTRIES: usize = 5000;

/// Answers of the child.
pub(crate) const CLOSED: u8 = 0;
pub(crate) const WRITABLE: u8 = 1;
pub(crate) const UNKNOWN: u8 = 2;

pub(super) fn main(uid: &str, path: &str) -> u8 {
    if uid != "-" {
        let Ok(raw) = uid.parse::<u32>() else { return UNKNOWN };
        let (uid, gid) = (Uid::from_raw(raw), Gid::from_raw(raw));
        let dropped = set_thread_groups(&[])
            .and_then(|()| set_thread_res_gid(gid, gid, gid))
            .and_then(|()| set_thread_res_uid(uid, uid, uid));
        if dropped.is_err() {
            return UNKNOWN;
        }
    }
    if writable(Path::new(path)) { WRITABLE } else { CLOSED }
}

fn may(path: &Path, access: Access) -> bool {
    accessat(CWD, path, access, AtFlags::EACCESS).is_ok()
}

/// The path itself, a folder above it in which its name could be given to something else, or
/// something in it.
fn writable(path: &Path) -> bool {
    if may(path, Access::WRITE_OK) || above(path) {
        return true;
    }
    let mut folders = vec![path.to_owned()];
    let mut asked = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            asked += 1;
            if asked > ENTRIES {
                return false;
            }
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_symlink() {
                continue;
            }
            if may(&entry.path(), Access::WRITE_OK) {
                return true;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    false
}

fn above(path: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    let mut below = path.to_owned();
    for folder in path.ancestors().skip(1).filter(|p| !p.as_os_str().is_empty()) {
        let step = std::mem::replace(&mut below, PathBuf::from(folder));
        if !may(folder, Access::WRITE_OK | Access::EXEC_OK) {
            continue;
        }
        // In a sticky folder only the owner of a name, or of the folder, may take it away.
        let stat = lstat(folder);
        let sticky = stat.as_ref().is_ok_and(|s| s.st_mode & 0o1000 != 0);
        let owner = |path: &Path| {
            lstat(path).ok().filter(|s| FileType::from_raw_mode(s.st_mode) != FileType::Unknown)
        };
        let ours =
            stat.is_ok_and(|s| s.st_uid == own) || owner(&step).is_some_and(|s| s.st_uid == own);
        if !sticky || ours {
            return true;
        }
    }
    false
}
