//! Undoing and clearing away. Whatever instant a worker died in, its manifest is enough to put every
//! byte back; and nothing is removed but what the manifest names.

use super::{
    error::{Refusal, SimulateError},
    manifest::{Entry, MARKER, Manifest, NOTE, STOP, absolute},
    place::{Identity, Root, beneath, folder, look, plain},
    prepare::{ATTRIBUTE, make_folder, own},
    profile::Method,
    worker::{Cipher, method},
};
use hangtu_catalog::hex;
use rustix::{
    fs::{
        AtFlags, FlockOperation, Mode, OFlags, XattrFlags, flock, fsetxattr, fstat, renameat,
        syncfs, unlinkat,
    },
    io::Errno,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::HashSet,
    fs::{self, File},
    io::{Read, Write},
    os::{fd::OwnedFd, unix::fs::FileExt},
    path::{Path, PathBuf},
};

/// What undoing found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// Files that had not been changed.
    pub untouched: u64,
    /// Files brought back with the escrowed key.
    pub decrypted: u64,
    /// Files brought back from the copy of the originals: deleted, or cut off half-way.
    pub copied: u64,
    /// Files that could not be brought back, by path.
    pub failed: Vec<String>,
}

impl Undone {
    /// Whether every byte is as it was.
    pub fn whole(&self) -> bool {
        self.failed.is_empty()
    }

    /// Files the simulation had changed.
    pub fn changed(&self) -> u64 {
        self.decrypted + self.copied + self.failed.len() as u64
    }
}

/// The drill's journal, locked: a worker, and whoever runs it, holds the lock while it lives.
pub(crate) fn lock(manifest: &Manifest) -> Result<File, SimulateError> {
    let path = Manifest::state_of(&manifest.root).join("journal.jsonl");
    let file = fs::OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(&path)
        .map_err(|e| SimulateError::io(&path, e))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(Errno::WOULDBLOCK) => Err(SimulateError::Running(manifest.root.clone())),
        Err(e) => Err(SimulateError::io(&path, e)),
    }
}

/// Puts every decoy of a drill back, byte for byte. May be repeated.
pub fn undo(dir: &Path) -> Result<Undone, SimulateError> {
    let manifest = Manifest::read(dir)?;
    let _lock = lock(&manifest)?;
    undo_locked(&manifest)
}

pub(crate) fn undo_locked(manifest: &Manifest) -> Result<Undone, SimulateError> {
    let root = manifest.open_root()?;
    let pack = Manifest::state_of(&manifest.root).join("originals.pack");
    let originals = File::open(&pack).map_err(|e| SimulateError::io(&pack, e))?;
    let mut undone = Undone::default();
    let folders: Vec<Option<OwnedFd>> =
        (0..manifest.folders.len()).map(|at| place(manifest, &root, at)).collect();
    for entry in &manifest.decoys {
        let done = match &folders[entry.folder as usize] {
            Some(folder) => restore(manifest, folder, entry, &originals),
            None => Err(Errno::NOENT),
        };
        match done {
            Ok(How::Untouched) => undone.untouched += 1,
            Ok(How::Decrypted) => undone.decrypted += 1,
            Ok(How::Copied) => undone.copied += 1,
            Err(_) => undone.failed.push(path_of(manifest, entry)),
        }
    }
    for folder in folders.iter().flatten() {
        let _ = remove(folder, NOTE);
    }
    let _ = remove(&root.fd, STOP);
    syncfs(&root.fd).map_err(|e| SimulateError::io(&root.path, e))?;
    Ok(undone)
}

/// A decoy's path below the drill's directory.
pub(crate) fn path_of(manifest: &Manifest, entry: &Entry) -> String {
    let folder = &manifest.folder(entry).path;
    if folder.is_empty() { entry.name.clone() } else { format!("{folder}/{}", entry.name) }
}

/// A folder of the manifest; one that is gone is made again, one that is another is left alone.
fn place(manifest: &Manifest, root: &Root, at: usize) -> Option<OwnedFd> {
    let known = &manifest.folders[at];
    match folder(&root.fd, &known.path) {
        Ok(found) => (Identity::of(&fstat(&found).ok()?) == known.identity).then_some(found),
        Err(Errno::NOENT) => {
            let (above, name) = known.path.rsplit_once('/').unwrap_or(("", &known.path));
            make_folder(&folder(&root.fd, above).ok()?, name, manifest.uid).ok()
        }
        Err(_) => None,
    }
}

enum How {
    Untouched,
    Decrypted,
    Copied,
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The bytes under a name, when that is a plain file of the decoy's size.
fn content(folder: &OwnedFd, name: &str, entry: &Entry) -> Option<Vec<u8>> {
    let fd = beneath(folder, name, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).ok()?;
    let stat = fstat(&fd).ok()?;
    if !plain(&stat) || stat.st_size as u64 != entry.size {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(entry.size).ok()?);
    File::from(fd).take(entry.size).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn restore(
    manifest: &Manifest,
    folder: &OwnedFd,
    entry: &Entry,
    originals: &File,
) -> rustix::io::Result<How> {
    let other = (entry.becomes != entry.name).then_some(entry.becomes.as_str());
    if content(folder, &entry.name, entry).is_some_and(|b| hash(&b) == entry.sha256) {
        if let Some(other) = other {
            remove(folder, other)?;
        }
        return Ok(How::Untouched);
    }
    let found = [Some(entry.name.as_str()), other].into_iter().flatten();
    let decrypted = found.filter_map(|name| content(folder, name, entry)).find_map(|mut bytes| {
        if hash(&bytes) == entry.sha256 {
            // Renamed, and not changed yet.
            return Some(bytes);
        }
        if method(manifest, entry) == Method::Delete {
            return None;
        }
        Cipher::new(manifest, entry)?.apply_extent(&mut bytes, manifest.profile.extent);
        (hash(&bytes) == entry.sha256).then_some(bytes)
    });
    let (bytes, how) = if let Some(bytes) = decrypted {
        (bytes, How::Decrypted)
    } else {
        let mut bytes = vec![0; usize::try_from(entry.size).map_err(|_| Errno::FBIG)?];
        originals.read_exact_at(&mut bytes, entry.at).map_err(|_| Errno::IO)?;
        if hash(&bytes) != entry.sha256 {
            return Err(Errno::IO);
        }
        (bytes, How::Copied)
    };
    put(manifest, folder, entry, &bytes)?;
    if let Some(other) = other {
        remove(folder, other)?;
    }
    Ok(how)
}

fn fresh_name(entry: &Entry) -> String {
    format!(".hangtu-undo-{}", entry.nonce)
}

/// Writes a decoy anew and puts it in the old one's place, whole.
fn put(
    manifest: &Manifest,
    folder: &OwnedFd,
    entry: &Entry,
    bytes: &[u8],
) -> rustix::io::Result<()> {
    let fresh = fresh_name(entry);
    remove(folder, &fresh)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    let mut file = File::from(beneath(folder, &fresh, flags, Mode::RUSR | Mode::WUSR)?);
    // Not synced one by one: until all of them are, the originals stay, and undoing can be repeated.
    file.write_all(bytes).map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))?;
    let _ = fsetxattr(&file, ATTRIBUTE, entry.nonce.as_bytes(), XattrFlags::empty());
    own(&file, manifest.uid)?;
    renameat(folder, &fresh, folder, &entry.name)
}

/// Takes a file's name out of a folder of ours; folders and other things stay.
fn remove(folder: &OwnedFd, name: &str) -> rustix::io::Result<()> {
    match look(folder, name) {
        Ok(stat) if plain(&stat) => unlinkat(folder, name, AtFlags::empty()),
        Ok(_) | Err(Errno::NOENT) => Ok(()),
        Err(e) => Err(e),
    }
}

/// What clearing away left behind, because the manifest does not name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleaned {
    /// Names that are not the drill's, at most a hundred.
    pub left: Vec<PathBuf>,
    /// Whether the drill's directory is gone.
    pub gone: bool,
}

/// Removes a drill's decoys and its directory. The record (manifest, journal, result) stays in the
/// state directory unless it is to be forgotten.
pub fn clean(dir: &Path, forget: bool) -> Result<Cleaned, SimulateError> {
    let manifest = Manifest::read(dir)?;
    let _lock = lock(&manifest)?;
    clean_locked(&manifest, forget)
}

pub(crate) fn clean_locked(manifest: &Manifest, forget: bool) -> Result<Cleaned, SimulateError> {
    let mut cleaned = Cleaned::default();
    match manifest.open_root() {
        Ok(root) => {
            empty(manifest, &root, &mut cleaned);
            cleaned.gone = cleaned.left.is_empty() && remove_root(manifest, &root)?;
        }
        Err(SimulateError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            cleaned.gone = true;
        }
        Err(e) => return Err(e),
    }
    if cleaned.gone {
        let state = Manifest::state_of(&manifest.root);
        let removed = if forget {
            fs::remove_dir_all(&state)
        } else {
            // The restored copy was made below our own directory by the restore command.
            let _ = fs::remove_dir_all(state.join("restored"));
            fs::remove_file(state.join("originals.pack"))
        };
        match removed {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(SimulateError::io(&state, e));
            }
            _ => {}
        }
    }
    Ok(cleaned)
}

fn empty(manifest: &Manifest, root: &Root, cleaned: &mut Cleaned) {
    let folders: Vec<Option<OwnedFd>> = manifest
        .folders
        .iter()
        .map(|known| {
            let found = folder(&root.fd, &known.path).ok()?;
            // One that was made again by an undo is ours as well: it holds what the manifest names.
            let own = fstat(&found).ok()?.st_uid == manifest.uid.unwrap_or_else(own_uid);
            own.then_some(found)
        })
        .collect();
    for entry in &manifest.decoys {
        if let Some(folder) = &folders[entry.folder as usize] {
            for name in [&entry.name, &entry.becomes, &fresh_name(entry)] {
                let _ = remove(folder, name);
            }
        }
    }
    let paths: HashSet<PathBuf> =
        manifest.folders.iter().map(|f| manifest.root.join(&f.path)).collect();
    for (known, found) in manifest.folders.iter().zip(&folders).rev() {
        let Some(found) = found else { continue };
        for name in [NOTE, MARKER, STOP] {
            if name == NOTE || known.path.is_empty() {
                let _ = remove(found, name);
            }
        }
        for entry in rustix::fs::Dir::read_from(found).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = manifest.root.join(&known.path).join(&name);
            let ours = name == "." || name == ".." || paths.contains(&path);
            if !ours && cleaned.left.len() < 100 {
                cleaned.left.push(path);
            }
        }
        if !known.path.is_empty() {
            let (above, name) = known.path.rsplit_once('/').unwrap_or(("", &known.path));
            if let Ok(above) = folder(&root.fd, above) {
                // Fails when something is left in it, and then it stays.
                let _ = unlinkat(&above, name, AtFlags::REMOVEDIR);
            }
        }
    }
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn remove_root(manifest: &Manifest, root: &Root) -> Result<bool, SimulateError> {
    let path = absolute(&manifest.root)?;
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(SimulateError::refused(&path, Refusal::Root));
    };
    let parent = super::place::directory(parent).map_err(|e| SimulateError::io(&path, e))?;
    let stat = rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|e| SimulateError::io(&path, e))?;
    if Identity::of(&stat) != root.identity()? {
        return Err(SimulateError::refused(&path, Refusal::NotOurs));
    }
    match unlinkat(&parent, name, AtFlags::REMOVEDIR) {
        Ok(()) => Ok(true),
        Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
        Err(e) => Err(SimulateError::io(&path, e)),
    }
}
