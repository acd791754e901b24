//! What a drill made, written before anything is changed: enough to undo and clear away all of it.

use super::{
    decoy::Decoy,
    error::{Refusal, SimulateError},
    place::{Identity, Root},
    profile::Profile,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::Write,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The form of a manifest.
pub const MANIFEST_SCHEMA: &str = "hangtu.drill.manifest/1";
/// Says in the drill's directory what it is.
pub const MARKER: &str = "DRILL-演练.txt";
/// What the simulated extortionist leaves in each folder.
pub const NOTE: &str = "README-DRILL-演练.txt";
/// A file of this name in the drill's directory stops the worker.
pub const STOP: &str = "STOP";

/// The most a drill may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Files.
    pub files: u64,
    /// Bytes rewritten.
    pub bytes: u64,
    /// Seconds from the first change on.
    pub seconds: u64,
}

/// A folder of the drill's directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// Path below the drill's directory; empty is that directory itself.
    pub path: String,
    /// Device and inode.
    pub identity: Identity,
}

/// One decoy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its folder: a position in [`Manifest::folders`].
    pub folder: u32,
    /// Its name in that folder.
    pub name: String,
    /// The name the simulation gives it; the same where it keeps names.
    pub becomes: String,
    /// Whether it passes for a backup copy.
    pub backup: bool,
    /// Device and inode.
    pub identity: Identity,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of its content, in hex.
    pub sha256: String,
    /// Nonce of its stream of the cipher, 12 bytes in hex; also in the attribute
    /// `user.hangtu.drill` where the file system has such.
    pub nonce: String,
    /// Where its content begins in the copy of all originals.
    pub at: u64,
}

/// Everything a drill made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`MANIFEST_SCHEMA`].
    pub schema: String,
    /// Identifier: 16 hex digits.
    pub id: String,
    /// Whom to call about it.
    pub contact: String,
    /// When it was made.
    pub created: Timestamp,
    /// After this moment no worker changes anything, and whoever finds the drill may undo it.
    pub expires: Timestamp,
    /// The drill's directory.
    pub root: PathBuf,
    /// Its device and inode.
    pub identity: Identity,
    /// The account the worker runs as; none where it keeps the caller's.
    pub uid: Option<u32>,
    /// Tasks the account had already, for the limit on its processes.
    pub tasks: u64,
    /// How the worker behaves.
    pub profile: Profile,
    /// What the decoys were drawn from.
    pub seed: u64,
    /// The key, 32 bytes in hex. This file is its escrow.
    pub key: String,
    /// The most that may be touched.
    pub budget: Budget,
    /// Folders, parents first.
    pub folders: Vec<Folder>,
    /// Decoys.
    pub decoys: Vec<Entry>,
}

impl Manifest {
    /// The state directory of a drill: beside its directory, and out of the worker's reach.
    pub fn state_of(dir: &Path) -> PathBuf {
        let mut name = dir.file_name().unwrap_or_default().to_owned();
        name.push(".state");
        dir.with_file_name(name)
    }

    /// Reads the manifest of a drill's directory.
    pub fn read(dir: &Path) -> Result<Self, SimulateError> {
        let dir = absolute(dir)?;
        let state = Self::state_of(&dir);
        // One that somebody else made could have root write where that somebody wants.
        let own = fs::symlink_metadata(&state)
            .is_ok_and(|m| m.is_dir() && m.uid() == rustix::process::geteuid().as_raw());
        if !own {
            return Err(SimulateError::refused(&dir, Refusal::NotOurs));
        }
        let path = state.join("manifest.json");
        let bytes = fs::read(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => SimulateError::refused(&dir, Refusal::NotOurs),
            _ => SimulateError::io(&path, e),
        })?;
        let manifest = Self::parse(&bytes).map_err(|why| {
            SimulateError::io(&path, std::io::Error::new(std::io::ErrorKind::InvalidData, why))
        })?;
        if manifest.root != dir {
            return Err(SimulateError::refused(&dir, Refusal::NotOurs));
        }
        Ok(manifest)
    }

    /// Reads a manifest and checks that it holds together.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if manifest.schema != MANIFEST_SCHEMA {
            return Err(format!("not of the form {MANIFEST_SCHEMA}"));
        }
        if unhex::<32>(&manifest.key).is_none() {
            return Err("the key is not 32 bytes in hex".into());
        }
        let name = |n: &str| !n.is_empty() && n != "." && n != ".." && !n.contains(['/', '\0']);
        if manifest.folders.first().is_none_or(|f| !f.path.is_empty())
            || !manifest.folders[1..].iter().all(|f| f.path.split('/').all(name))
        {
            return Err("a folder's path is none".into());
        }
        for d in &manifest.decoys {
            if !name(&d.name)
                || !name(&d.becomes)
                || unhex::<12>(&d.nonce).is_none()
                || manifest.folders.get(d.folder as usize).is_none()
            {
                return Err(format!("the decoy {} is not described well", d.name));
            }
        }
        Ok(manifest)
    }

    pub(crate) fn write(&self, state: &Path) -> Result<(), SimulateError> {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        write_durably(&state.join("manifest.json"), &bytes)
    }

    /// The drill's directory, when it is still the one that was made.
    pub(crate) fn open_root(&self) -> Result<Root, SimulateError> {
        Root::open(&self.root, self.identity)
    }

    /// The folder of a decoy.
    pub(crate) fn folder(&self, entry: &Entry) -> &Folder {
        // `parse` has seen that every folder is there.
        &self.folders[entry.folder as usize]
    }

    /// What the marker file says.
    pub fn marker(&self) -> String {
        format!("DRILL {} {}\n", self.id, self.contact)
    }

    /// What the note says: nobody who reads it is to be frightened for longer than a line.
    pub fn note(&self) -> String {
        format!(
            "THIS IS A DRILL / 这是演练\n\n\
             drill {id}: the files here were decoys that the drill made itself; nothing was stolen, \
             nobody asks for money.\n\
             演练编号 {id}：此处文件均为演练自建的诱饵文件；没有数据被窃取，也无人索要赎金。\n\n\
             Contact / 联系人: {contact}\n",
            id = self.id,
            contact = self.contact
        )
    }

    /// Bytes of all decoys.
    pub fn bytes(&self) -> u64 {
        self.decoys.iter().map(|d| d.size).sum()
    }
}

/// A decoy's path in two parts: folder (empty at the top) and name.
pub(crate) fn split(decoy: &Decoy) -> (&str, &str) {
    decoy.path.rsplit_once('/').unwrap_or(("", &decoy.path))
}

/// A path as the manifest has it: links in its parents resolved, not its last part.
pub(crate) fn absolute(dir: &Path) -> Result<PathBuf, SimulateError> {
    let dir = std::path::absolute(dir).map_err(|e| SimulateError::io(dir, e))?;
    match (dir.parent(), dir.file_name()) {
        (Some(parent), Some(name)) => {
            let parent = fs::canonicalize(parent).map_err(|e| SimulateError::io(&dir, e))?;
            Ok(parent.join(name))
        }
        _ => Err(SimulateError::refused(&dir, Refusal::Root)),
    }
}

pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    if text.len() != N * 2 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()?;
    }
    Some(out)
}

/// Writes a new file, or another in place of an old one, that survives a crash whole or not at all.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), SimulateError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = path.with_file_name(name);
    let write = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => fs::File::open(parent)?.sync_all(),
            _ => Ok(()),
        }
    };
    write().map_err(|e| SimulateError::io(path, e))
}
