//! ZIP archives: members are inputs of their own, read as streams and never unpacked to disk.

use crate::input::Source;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};
use zip::{CompressionMethod, ZipArchive, result::ZipError};

/// Members listed of one archive.
pub(crate) const MAX_MEMBERS: usize = 100_000;
/// The most that a byte of deflate becomes (zlib's `deflate.h`: 1032:1).
const MAX_INFLATION: u64 = 1032;

/// Whether a file starts like a ZIP archive.
pub(crate) fn is_zip(path: &Path) -> bool {
    let mut head = [0; 4];
    File::open(path).and_then(|mut f| f.read_exact(&mut head)).is_ok() && head == *b"PK\x03\x04"
}

/// Where a member's bytes stand in its archive, so that the directory is read once only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    start: u64,
    /// Bytes it takes in the archive.
    size: u64,
    /// Bytes it has, as the archive says.
    pub(crate) whole: u64,
    packing: Packing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Stored,
    Deflated,
    /// What is not read, and why.
    Other(CompressionMethod),
    Encrypted,
}

/// The files in an archive.
pub(crate) struct Members {
    /// Their names and places, by name.
    pub(crate) list: Vec<(String, Place)>,
    /// Entries behind the last that is listed.
    pub(crate) left_out: u64,
}

/// Lists the files in an archive.
pub(crate) fn members(path: &Path) -> io::Result<Members> {
    // What the disk says stays as it is; all else is an archive that this program does not read.
    let refuse = |e| match e {
        ZipError::Io(e) => e,
        other => io::Error::new(io::ErrorKind::Unsupported, other),
    };
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut archive = ZipArchive::new(file).map_err(refuse)?;
    let mut list = Vec::new();
    for number in 0..archive.len().min(MAX_MEMBERS) {
        let member = archive.by_index_raw(number).map_err(refuse)?;
        if !member.is_file() {
            continue;
        }
        let packing = match member.compression() {
            _ if member.encrypted() => Packing::Encrypted,
            CompressionMethod::Stored => Packing::Stored,
            CompressionMethod::Deflated => Packing::Deflated,
            other => Packing::Other(other),
        };
        let start = member.data_start().ok_or(io::ErrorKind::InvalidData)?;
        let size = member.compressed_size();
        // It may say more than there is, or than can come of it.
        let there = size.min(length);
        let whole = match packing {
            Packing::Deflated => member.size().min(there.saturating_mul(MAX_INFLATION)),
            _ => there,
        };
        let place = Place { start, size, whole, packing };
        // Only shown, never made a path.
        list.push((String::from_utf8_lossy(member.name_raw()).into_owned(), place));
    }
    list.sort_by(|a, b| (&a.0, a.1.start).cmp(&(&b.0, b.1.start)));
    // One file may be listed many times.
    list.dedup();
    Ok(Members { list, left_out: archive.len().saturating_sub(MAX_MEMBERS) as u64 })
}

/// A member's bytes, inflated while they are read.
pub(crate) fn member(path: &Path, place: Place) -> io::Result<Source> {
    let refuse = |why: String| Err(io::Error::new(io::ErrorKind::Unsupported, why));
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(place.start))?;
    let stored = file.take(place.size);
    match place.packing {
        Packing::Stored => Ok(Box::new(stored)),
        Packing::Deflated => Ok(Box::new(flate2::read::DeflateDecoder::new(stored))),
        Packing::Other(method) => {
            refuse(format!("the archive's member is compressed with {method}"))
        }
        Packing::Encrypted => refuse("the archive's member is encrypted".into()),
    }
}
