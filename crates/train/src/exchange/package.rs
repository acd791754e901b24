//! Packages: zip archives written by strangers.

use hangtu_catalog::Packages;
use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};
use zip::ZipArchive;

/// Bounds for a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the archive, and of everything in it unpacked.
    pub bytes: u64,
    /// Files in it.
    pub files: u32,
}

impl From<&Packages> for Limits {
    fn from(rule: &Packages) -> Self {
        Self { bytes: u64::from(rule.megabytes) * 1024 * 1024, files: rule.files }
    }
}

/// Why a package cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// Not a zip archive, or a broken one.
    #[error("it is no zip archive, or a broken one")]
    Form,
    /// Larger than the limit, packed or unpacked.
    #[error("it is larger than {0} bytes, packed or unpacked")]
    TooLarge(u64),
    /// More files than the limit.
    #[error("it holds more than {0} files")]
    TooMany(u32),
    /// A name that leads out of the package, or stands twice.
    #[error("{0:?}: the name leads out of the package, is not plain, or stands twice")]
    Name(String),
    /// Encrypted, a link, or packed in a way that is not known.
    #[error("{0}: is encrypted, a link, or packed in an unknown way")]
    Entry(String),
    /// A file is not there.
    #[error("{0} is missing in the package")]
    Missing(String),
}

/// An opened package.
pub struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    names: BTreeMap<String, usize>,
    limits: Limits,
    /// Bytes that may still be unpacked.
    left: u64,
}

/// A plain relative path with forward slashes.
fn plain(name: &str) -> bool {
    name.len() <= 512
        && !name.contains(['\\', ':', '\0'])
        && !name.chars().any(char::is_control)
        && name.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

impl<'a> Package<'a> {
    /// Opens a package and looks at its names; nothing is unpacked yet.
    pub fn open(bytes: &'a [u8], limits: Limits) -> Result<Self, PackageError> {
        if bytes.len() as u64 > limits.bytes {
            return Err(PackageError::TooLarge(limits.bytes));
        }
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| PackageError::Form)?;
        if archive.len() > limits.files as usize {
            return Err(PackageError::TooMany(limits.files));
        }
        let (mut names, mut total) = (BTreeMap::new(), 0u64);
        let mut folded = std::collections::HashSet::new();
        for n in 0..archive.len() {
            let file = archive.by_index_raw(n).map_err(|_| PackageError::Form)?;
            let name = file.name().map_err(|_| PackageError::Form)?.into_owned();
            total = total.saturating_add(file.size());
            if total > limits.bytes {
                return Err(PackageError::TooLarge(limits.bytes));
            }
            if file.is_dir() {
                continue;
            }
            if file.encrypted() || file.is_symlink() {
                return Err(PackageError::Entry(name));
            }
            // File systems that fold letters would let one file stand for the other.
            if !plain(&name) || !folded.insert(name.to_lowercase()) {
                return Err(PackageError::Name(name));
            }
            names.insert(name, n);
        }
        Ok(Self { archive, names, limits, left: limits.bytes })
    }

    /// The names of its files, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// Whether a file is in it.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Unpacks a file. What its header says of its size is not believed.
    pub fn read(&mut self, name: &str) -> Result<Vec<u8>, PackageError> {
        let missing = || PackageError::Missing(name.to_owned());
        let at = *self.names.get(name).ok_or_else(missing)?;
        let bad = || PackageError::Entry(name.to_owned());
        let file = self.archive.by_index(at).map_err(|_| bad())?;
        let mut out = Vec::new();
        file.take(self.left + 1).read_to_end(&mut out).map_err(|_| bad())?;
        let size = out.len() as u64;
        if size > self.left {
            return Err(PackageError::TooLarge(self.limits.bytes));
        }
        self.left -= size;
        Ok(out)
    }
}
