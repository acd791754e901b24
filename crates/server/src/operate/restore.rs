//! Restoring a backup into an empty folder: nothing is kept unless all of it holds.

use super::manifest::{self, Item, Manifest};
use crate::{config::private_folder, db};
use hangtu_catalog::hex;
use sha2::{Digest, Sha256};
use sqlx::Connection;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Component, Path, PathBuf},
};

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The folder holds something.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    Io(PathBuf, #[source] io::Error),
    /// Not a backup, or not of a form that this version knows.
    #[error("this is no backup")]
    Format,
    /// A file in the backup is damaged, missing or not listed.
    #[error("{0} in the backup is damaged")]
    Damaged(String),
    /// A log does not lead to what was signed.
    #[error("the ledger of {0} does not agree with its signed checkpoint")]
    Ledger(String),
    /// The database that was restored cannot be read.
    #[error("{0}")]
    Database(String),
}

/// What was restored, after all of it was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// When the backup was made, RFC 3339.
    pub created: String,
    /// Whether the database was in it; PostgreSQL's is restored by its own tool.
    pub database: bool,
    /// Entries of each log.
    pub ledgers: Vec<(String, u64)>,
}

/// Restores a backup. The folder must be empty or missing, and is empty again after a failure.
pub async fn restore(file: &Path, data: &Path) -> Result<Restored, RestoreError> {
    let at = |e| RestoreError::Io(data.to_owned(), e);
    let input = File::open(file).map_err(|e| RestoreError::Io(file.to_owned(), e))?;
    private_folder(data).map_err(at)?;
    if fs::read_dir(data).map_err(at)?.next().is_some() {
        return Err(RestoreError::NotEmpty(data.to_owned()));
    }
    let folder = data.to_owned();
    let unpacked = tokio::task::spawn_blocking(move || unpack(input, &folder))
        .await
        .map_err(|e| RestoreError::Database(e.to_string()))
        .and_then(|r| r);
    let checked = match unpacked {
        Ok(manifest) => check(data, manifest).await,
        Err(e) => Err(e),
    };
    if checked.is_err() {
        for entry in fs::read_dir(data).into_iter().flatten().flatten() {
            let path = entry.path();
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
    checked
}

/// A name below the folder, and nothing else.
fn plain(path: &Path) -> Option<&str> {
    let inside = path.components().all(|c| matches!(c, Component::Normal(_)));
    path.to_str().filter(|text| inside && !text.is_empty())
}

fn unpack(input: File, data: &Path) -> Result<Manifest, RestoreError> {
    let decoder = zstd::Decoder::new(BufReader::new(input)).map_err(|_| RestoreError::Format)?;
    let mut archive = tar::Archive::new(decoder);
    let mut found: BTreeMap<String, Item> = BTreeMap::new();
    // An unreadable place is told by the file before it.
    let mut last = String::from("tar");
    for entry in archive.entries().map_err(|_| RestoreError::Format)? {
        let damaged = |name: &str| RestoreError::Damaged(name.to_owned());
        let mut entry = entry.map_err(|_| damaged(&last))?;
        let name = entry.path().ok().and_then(|p| plain(&p).map(str::to_owned));
        let name = name.ok_or_else(|| damaged(&last))?;
        last.clone_from(&name);
        if name == manifest::NAME {
            let mut text = Vec::new();
            let read = (&mut entry).take(manifest::LONGEST).read_to_end(&mut text);
            read.map_err(|_| damaged(&name))?;
            let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| damaged(&name))?;
            return agree(manifest, found);
        }
        if !entry.header().entry_type().is_file() {
            return Err(damaged(&name));
        }
        let item = write(&mut entry, &data.join(&name), &name)?;
        found.insert(name, item);
    }
    Err(if found.is_empty() {
        RestoreError::Format
    } else {
        RestoreError::Damaged(manifest::NAME.into())
    })
}

fn write(entry: &mut impl Read, path: &Path, name: &str) -> Result<Item, RestoreError> {
    let wrong = |e| RestoreError::Io(path.to_owned(), e);
    if let Some(folder) = path.parent() {
        private_folder(folder).map_err(wrong)?;
    }
    let mut open = fs::OpenOptions::new();
    let mut out = open.write(true).create_new(true).mode(0o600).open(path).map_err(wrong)?;
    let (mut hash, mut bytes, mut chunk) = (Sha256::new(), 0, vec![0; 64 << 10]);
    loop {
        let n = entry.read(&mut chunk).map_err(|_| RestoreError::Damaged(name.to_owned()))?;
        if n == 0 {
            break;
        }
        hash.update(&chunk[..n]);
        bytes += n as u64;
        out.write_all(&chunk[..n]).map_err(wrong)?;
    }
    out.sync_all().map_err(wrong)?;
    Ok(Item { path: name.to_owned(), bytes, sha256: hex(&hash.finalize()) })
}

/// The files are those of the manifest, all of them and no others.
fn agree(manifest: Manifest, mut found: BTreeMap<String, Item>) -> Result<Manifest, RestoreError> {
    if manifest.schema != manifest::SCHEMA {
        return Err(RestoreError::Format);
    }
    for item in &manifest.files {
        if found.remove(&item.path).as_ref() != Some(item) {
            return Err(RestoreError::Damaged(item.path.clone()));
        }
    }
    match found.pop_first() {
        Some((name, _)) => Err(RestoreError::Damaged(name)),
        None => Ok(manifest),
    }
}

async fn check(data: &Path, manifest: Manifest) -> Result<Restored, RestoreError> {
    let mut ledgers = Vec::new();
    if manifest.database {
        let broken = |e| RestoreError::Database(format!("{e:?}"));
        let mut connection = db::attach(&data.join(db::FILE)).await.map_err(broken)?;
        let checked = manifest::check(&mut connection, &manifest.ledgers).await.map_err(broken)?;
        ledgers = checked.map_err(RestoreError::Ledger)?;
        connection.close().await.map_err(|e| RestoreError::Database(e.to_string()))?;
    }
    Ok(Restored {
        files: manifest.files.len(),
        bytes: manifest.files.iter().map(|f| f.bytes).sum(),
        created: manifest.created,
        database: manifest.database,
        ledgers,
    })
}
