//! Making a drill: its two directories, its decoys, its key, and the manifest of all that.

use super::{
    decoy::Kinds,
    draw::Draw,
    error::SimulateError,
    manifest::{Budget, Entry, Folder, MANIFEST_SCHEMA, MARKER, Manifest, split},
    place::{Identity, Parent, Root, beneath, folder},
    profile::{Method, Order, Profile},
};
use hangtu_catalog::hex;
use jiff::{SignedDuration, Timestamp};
use rustix::{
    fs::{
        Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags, fchown, fsetxattr, fstat,
        futimens, mkdirat, syncfs,
    },
    process::geteuid,
};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufWriter, Write},
    os::fd::OwnedFd,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

/// The attribute with a decoy's nonce.
pub(crate) const ATTRIBUTE: &str = "user.hangtu.drill";
/// Accounts tried when none is named. 65520 to 65533 lie between systemd's dynamic accounts (up to
/// 65519) and `nobody` (65534), and Debian keeps them reserved: nothing else is theirs, so that the
/// worker can reach nothing by owning it.
pub const ACCOUNTS: std::ops::RangeInclusive<u32> = 65521..=65533;
/// Decoys of one drill, at most.
pub const MOST_FILES: usize = 200_000;

/// What is to be made.
#[derive(Clone, Debug)]
pub struct Decoys {
    /// Folder in which the drill makes its directory.
    pub parent: PathBuf,
    /// Places to stay away from.
    pub never: Vec<PathBuf>,
    /// How the worker behaves.
    pub profile: Profile,
    /// How many files.
    pub files: usize,
    /// What they are drawn from.
    pub seed: u64,
    /// Stretches their sizes; 1 is as the kinds say.
    pub scale: f64,
    /// The most that may be touched.
    pub budget: Budget,
    /// For how long the drill may be there.
    pub ttl: Duration,
    /// Whom to call about it.
    pub contact: String,
    /// A copy of the manifest, and with it of the key, goes here.
    pub escrow: Option<PathBuf>,
    /// The worker's account; without it one of [`ACCOUNTS`]. Only root can choose.
    pub uid: Option<u32>,
}

/// A drill that was made and not run yet.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) manifest: Manifest,
    pub(crate) state: PathBuf,
}

/// Makes a drill. When that fails half-way, what was made is removed again.
pub(crate) fn make(what: &Decoys) -> Result<Made, SimulateError> {
    check(what)?;
    let parent = Parent::open(&what.parent, &what.never)?;
    let uid = account(what.uid)?;
    let id = hex(&chance::<8>()?);
    let name = format!("hangtu-drill-{id}");
    let root = parent.make(&name)?;
    let state = match parent.make(&format!("{name}.state")) {
        Ok(state) => state,
        Err(e) => {
            // Empty still; nobody else's files can be in it.
            let _ = fs::remove_dir(&root.path);
            return Err(e);
        }
    };
    let made = fill(what, &root, &state, uid, id);
    if made.is_err() {
        // Both were made a moment ago, by us, under names drawn at random.
        let _ = fs::remove_dir_all(&root.path);
        let _ = fs::remove_dir_all(&state.path);
    }
    made
}

fn check(what: &Decoys) -> Result<(), SimulateError> {
    let bad = |why: &str| Err(SimulateError::Plan(why.into()));
    if !(1..=MOST_FILES).contains(&what.files) {
        return bad("files: 1 to 200000");
    }
    if what.budget.files == 0 || what.budget.bytes == 0 || what.budget.seconds == 0 {
        return bad("a budget of nothing");
    }
    if !(what.scale > 0.0 && what.scale <= 100.0) {
        return bad("scale: above 0, at most 100");
    }
    let contact = what.contact.trim();
    if contact.is_empty() || contact.len() > 200 || contact.chars().any(char::is_control) {
        return bad("contact: whom to call, in one line");
    }
    Ok(())
}

fn chance<const N: usize>() -> Result<[u8; N], SimulateError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|e| SimulateError::io("getrandom", std::io::Error::other(e.to_string())))?;
    Ok(bytes)
}

/// The account the worker will have: none without root, who alone can give it one.
fn account(asked: Option<u32>) -> Result<Option<u32>, SimulateError> {
    if !geteuid().is_root() {
        return match asked {
            Some(uid) if uid != geteuid().as_raw() => {
                Err(SimulateError::Plan("only root can give the worker another account".into()))
            }
            _ => Ok(None),
        };
    }
    if let Some(uid) = asked {
        return if uid == 0 || uid == u32::MAX {
            Err(SimulateError::Plan("the worker never runs as root".into()))
        } else {
            Ok(Some(uid))
        };
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let known = |uid: u32| {
        passwd.lines().any(|l| l.split(':').nth(2).is_some_and(|n| n == uid.to_string()))
    };
    let mut free = ACCOUNTS.filter(|uid| !known(*uid) && tasks(*uid) == 0);
    free.next().map(Some).ok_or(SimulateError::Account(*ACCOUNTS.start()))
}

/// Tasks an account has now.
fn tasks(uid: u32) -> u64 {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter(|e| e.file_name().to_str().is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())))
        .filter(|e| e.metadata().is_ok_and(|m| m.uid() == uid))
        .map(|e| fs::read_dir(e.path().join("task")).map_or(0, |t| t.count() as u64))
        .sum()
}

fn fill(
    what: &Decoys,
    root: &Root,
    state: &Root,
    uid: Option<u32>,
    id: String,
) -> Result<Made, SimulateError> {
    let now = Timestamp::now();
    let ttl = SignedDuration::try_from(what.ttl)
        .ok()
        .and_then(|ttl| now.checked_add(ttl).ok())
        .ok_or_else(|| SimulateError::Plan("ttl: too long".into()))?;
    let mut manifest = Manifest {
        schema: MANIFEST_SCHEMA.into(),
        id,
        contact: what.contact.trim().into(),
        created: now,
        expires: ttl,
        root: root.path.clone(),
        identity: root.identity()?,
        uid,
        tasks: tasks(uid.unwrap_or_else(|| geteuid().as_raw())),
        profile: what.profile.clone(),
        seed: what.seed,
        key: hex(&chance::<32>()?),
        budget: what.budget,
        folders: Vec::new(),
        decoys: Vec::new(),
    };
    let marker = root.path.join(MARKER);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    beneath(&root.fd, MARKER, flags, Mode::RUSR | Mode::WUSR)
        .map_err(std::io::Error::from)
        .and_then(|fd| fs::File::from(fd).write_all(manifest.marker().as_bytes()))
        .map_err(|e| SimulateError::io(&marker, e))?;

    let decoys = Kinds::embedded()?.draw(what.seed, what.files, what.scale);
    let mut places = Places::new(root, uid)?;
    let pack = state.path.join("originals.pack");
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&pack)
        .map_err(|e| SimulateError::io(&pack, e))?;
    let mut originals = BufWriter::new(file);
    let mut draw = Draw::new(what.seed, "times");
    let mut at = 0;
    let nonces = chance::<8>()?;
    for (number, decoy) in decoys.iter().enumerate() {
        let (path, name) = split(decoy);
        let path_of = root.path.join(&decoy.path);
        let wrong = |e: std::io::Error| SimulateError::io(&path_of, e);
        let place = places.get(path)?;
        let content = decoy.content();
        let fd = beneath(&places.open[place].1, name, flags, Mode::RUSR | Mode::WUSR)
            .map_err(|e| wrong(e.into()))?;
        let mut file = fs::File::from(fd);
        file.write_all(&content).map_err(wrong)?;
        originals.write_all(&content).map_err(|e| SimulateError::io(&pack, e))?;
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&nonces);
        nonce[8..].copy_from_slice(&(number as u32).to_le_bytes());
        let nonce = hex(&nonce);
        // Not every file system has attributes; the manifest has the nonce as well.
        let _ = fsetxattr(&file, ATTRIBUTE, nonce.as_bytes(), XattrFlags::empty());
        own(&file, uid).map_err(|e| wrong(e.into()))?;
        // Written over the last two years, not all today.
        let age = draw.range(3600, 2 * 365 * 86_400) as i64;
        let when = Timespec { tv_sec: now.as_second() - age, tv_nsec: 0 };
        futimens(&file, &Timestamps { last_access: when, last_modification: when })
            .map_err(|e| wrong(e.into()))?;
        let deleted = what.profile.method == Method::Delete
            || decoy.backup && what.profile.order == Order::BackupsFirst;
        let suffix = if deleted { "" } else { what.profile.suffix.as_str() };
        manifest.decoys.push(Entry {
            folder: place as u32,
            name: name.into(),
            becomes: format!("{name}{suffix}"),
            backup: decoy.backup,
            identity: Identity::of(&fstat(&file).map_err(|e| wrong(e.into()))?),
            size: content.len() as u64,
            sha256: hex(&Sha256::digest(&content)),
            nonce,
            at,
        });
        at += content.len() as u64;
    }
    manifest.folders = places.open.into_iter().map(|(folder, _)| folder).collect();
    originals
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)
        .and_then(|file| file.sync_all())
        .map_err(|e| SimulateError::io(&pack, e))?;
    syncfs(&root.fd).map_err(|e| SimulateError::io(&root.path, e))?;
    manifest.write(&state.path)?;
    if let Some(escrow) = &what.escrow {
        write_escrow(escrow, &manifest).map_err(|e| SimulateError::io(escrow, e))?;
    }
    Ok(Made { manifest, state: state.path.clone() })
}

/// A file of the caller's choice must not be there yet: a drill overwrites nothing.
fn write_escrow(path: &Path, manifest: &Manifest) -> std::io::Result<()> {
    let bytes = serde_json::to_vec(manifest)?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

pub(crate) fn own(file: impl std::os::fd::AsFd, uid: Option<u32>) -> rustix::io::Result<()> {
    match uid {
        Some(raw) => fchown(file, Some(Uid::from_raw(raw)), Some(Gid::from_raw(raw))),
        None => Ok(()),
    }
}

/// The folders made so far, parents first.
struct Places {
    root: PathBuf,
    uid: Option<u32>,
    open: Vec<(Folder, OwnedFd)>,
    at: BTreeMap<String, usize>,
}

impl Places {
    fn new(root: &Root, uid: Option<u32>) -> Result<Self, SimulateError> {
        let fd = folder(&root.fd, "").map_err(|e| SimulateError::io(&root.path, e))?;
        own(&fd, uid).map_err(|e| SimulateError::io(&root.path, e))?;
        let top = Folder { path: String::new(), identity: root.identity()? };
        let at = BTreeMap::from([(String::new(), 0)]);
        Ok(Self { root: root.path.clone(), uid, open: vec![(top, fd)], at })
    }

    /// The position of a folder, which is made when it is not there.
    fn get(&mut self, path: &str) -> Result<usize, SimulateError> {
        if let Some(at) = self.at.get(path) {
            return Ok(*at);
        }
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let above = self.get(above)?;
        let made = make_folder(&self.open[above].1, name, self.uid)
            .map_err(|e| SimulateError::io(self.root.join(path), e))?;
        let identity =
            Identity::of(&fstat(&made).map_err(|e| SimulateError::io(self.root.join(path), e))?);
        self.open.push((Folder { path: path.into(), identity }, made));
        self.at.insert(path.into(), self.open.len() - 1);
        Ok(self.open.len() - 1)
    }
}

pub(crate) fn make_folder(
    above: &OwnedFd,
    name: &str,
    uid: Option<u32>,
) -> rustix::io::Result<OwnedFd> {
    mkdirat(above, name, Mode::RWXU)?;
    let made = folder(above, name)?;
    own(&made, uid)?;
    Ok(made)
}
