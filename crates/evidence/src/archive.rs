//! ZIP archives: members are inputs of their own, read as streams and never unpacked to disk.

use crate::input::Source;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};
use zip::{CompressionMethod, ZipArchive, result::ZipError};

/// Members listed of one archive.
const MAX_MEMBERS: usize = 100_000;

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
    pub(crate) size: u64,
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

/// Names and places of the files in an archive, by name.
pub(crate) fn members(path: &Path) -> io::Result<Vec<(String, Place)>> {
    // What the disk says stays as it is; all else is an archive that this program does not read.
    let refuse = |e| match e {
        ZipError::Io(e) => e,
        other => io::Error::new(io::ErrorKind::Unsupported, other),
    };
    let mut archive = ZipArchive::new(File::open(path)?).map_err(refuse)?;
    let mut out = Vec::new();
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
        let place = Place { start, size: member.compressed_size(), packing };
        // Only shown, never made a path.
        out.push((String::from_utf8_lossy(member.name_raw()).into_owned(), place));
    }
    out.sort_by(|a, b| (&a.0, a.1.start).cmp(&(&b.0, b.1.start)));
    Ok(out)
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
