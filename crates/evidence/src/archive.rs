//! ZIP archives: members are inputs of their own, read as streams and never unpacked to disk.

use crate::input::Source;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};
use zip::{CompressionMethod, ZipArchive};

/// Members listed of one archive.
const MAX_MEMBERS: usize = 100_000;

/// Whether a file starts like a ZIP archive.
pub(crate) fn is_zip(path: &Path) -> bool {
    let mut head = [0; 4];
    File::open(path).and_then(|mut f| f.read_exact(&mut head)).is_ok() && head == *b"PK\x03\x04"
}

/// Names and numbers of the files in an archive, by name.
pub(crate) fn members(path: &Path) -> io::Result<Vec<(String, usize)>> {
    let mut archive = ZipArchive::new(File::open(path)?)?;
    let mut out = Vec::new();
    for number in 0..archive.len().min(MAX_MEMBERS) {
        let member = archive.by_index_raw(number)?;
        if member.is_file() {
            // Only shown, never made a path.
            out.push((String::from_utf8_lossy(member.name_raw()).into_owned(), number));
        }
    }
    out.sort();
    Ok(out)
}

/// Bytes the member takes in the archive.
pub(crate) fn compressed_size(path: &Path, number: usize) -> io::Result<u64> {
    Ok(ZipArchive::new(File::open(path)?)?.by_index_raw(number)?.compressed_size())
}

/// A member's bytes, inflated while they are read.
pub(crate) fn member(path: &Path, number: usize) -> io::Result<Source> {
    let mut archive = ZipArchive::new(File::open(path)?)?;
    let member = archive.by_index_raw(number)?;
    if member.encrypted() {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "the archive's member is encrypted",
        ));
    }
    let (start, size) = (member.data_start(), member.compressed_size());
    let method = member.compression();
    drop(member);
    let mut file = archive.into_inner();
    let start = start.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    file.seek(SeekFrom::Start(start))?;
    let stored = file.take(size);
    match method {
        CompressionMethod::Stored => Ok(Box::new(stored)),
        CompressionMethod::Deflated => Ok(Box::new(flate2::read::DeflateDecoder::new(stored))),
        other => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("the archive's member is compressed with {other}"),
        )),
    }
}
