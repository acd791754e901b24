//! Inputs: files, folders, standard input; recognised by content, put in time order.

use super::{CaptureReader, Chunk, format::Damage};
use hangtu_record::Time;
use std::{
    fs::File,
    io::{self, BufReader, Chain, Cursor, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Why an input cannot be read as a capture.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file cannot be opened or read.
    #[error("{path}: {source}")]
    Io {
        /// The path as given.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The content is neither pcap nor pcapng.
    #[error("{path}: neither pcap nor pcapng (first bytes: {head})")]
    NotACapture {
        /// The path as given.
        path: String,
        /// The first bytes in hex.
        head: String,
    },
}

/// One capture to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// A capture already in memory: its name and content.
    Memory(String, Arc<[u8]>),
}

impl Input {
    /// The path as people read it; `-` for standard input.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "-".into(),
            Self::Memory(name, _) => name.clone(),
        }
    }
}

/// What was read from one input.
#[derive(Clone, Debug, Default)]
pub struct InputSummary {
    /// `pcap` or `pcapng`, with `+gzip` or `+zstd`.
    pub format: String,
    /// Packets.
    pub packets: u64,
    /// Earliest packet time.
    pub first: Option<Time>,
    /// Latest packet time.
    pub last: Option<Time>,
    /// Damage, by offset.
    pub damages: Vec<Damage>,
    /// Damages beyond those listed.
    pub more_damages: u64,
    /// Packets the capturing program said it dropped.
    pub dropped: u64,
}

/// A compressed or plain source of bytes.
type Source = Box<dyn Read + Send>;
/// A reader over any input.
pub type AnyReader = CaptureReader<Source>;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Opens bytes as a capture, plain or compressed. Returns the reader and the compression's name.
pub(super) fn open_source(
    name: &str,
    mut source: impl Read + Send + 'static,
) -> Result<(AnyReader, &'static str), CaptureError> {
    let io = |source| CaptureError::Io { path: name.into(), source };
    let mut head = Vec::with_capacity(4);
    source.by_ref().take(4).read_to_end(&mut head).map_err(io)?;
    let shown = head.clone();
    let whole: Chain<Cursor<Vec<u8>>, _> = Cursor::new(head.clone()).chain(source);
    let (reader, compression): (Source, _) = if head.starts_with(&GZIP) {
        let buffered = BufReader::with_capacity(1 << 17, whole);
        (Box::new(flate2::bufread::MultiGzDecoder::new(buffered)), "+gzip")
    } else if head.starts_with(&ZSTD) {
        let mut decoder = zstd::Decoder::new(whole).map_err(io)?;
        // Bounds what a hostile frame can make the decoder allocate (128 MiB by default).
        decoder.window_log_max(26).map_err(io)?;
        (Box::new(decoder), "+zstd")
    } else {
        (Box::new(whole), "")
    };
    let not = || CaptureError::NotACapture { path: name.into(), head: hex(&shown) };
    match CaptureReader::new(reader) {
        Ok(Some(reader)) => Ok((reader, compression)),
        Ok(None) => Err(not()),
        Err(e) if compression.is_empty() => Err(io(e)),
        Err(_) => Err(not()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ")
}

/// Opens an input. `tee` wraps the file before decompression (to hash or count what is read).
pub fn open(
    input: &Input,
    tee: impl FnOnce(Box<dyn Read + Send>) -> Box<dyn Read + Send>,
) -> Result<(AnyReader, &'static str), CaptureError> {
    let source: Box<dyn Read + Send> = match input {
        Input::Stdin => Box::new(io::stdin()),
        Input::Memory(_, bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
        Input::File(path) => Box::new(
            File::open(path).map_err(|source| CaptureError::Io { path: input.name(), source })?,
        ),
    };
    open_source(&input.name(), tee(source))
}

/// Whether a file starts like a capture, looking into compression.
pub fn is_capture(path: &Path) -> bool {
    first_time(path).is_some()
}

/// The time of the first packet (`Time(0)` for an empty capture); `None` when not a capture.
fn first_time(path: &Path) -> Option<Time> {
    let (mut reader, _) = open(&Input::File(path.into()), |r| r).ok()?;
    let mut chunk = Chunk::default();
    reader.next_chunk(&mut chunk);
    Some(chunk.packets.first().map_or(Time(0), |p| p.time))
}

/// Finds the captures that paths name: files as they are, folders searched for captures by
/// content, `-` for standard input. In the order of their first packets. Also returns how many
/// files in folders were passed over because they are not captures.
pub fn find(paths: &[PathBuf]) -> Result<(Vec<Input>, Vec<PathBuf>), CaptureError> {
    let mut found: Vec<(Time, Input)> = Vec::new();
    let mut others = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            found.push((Time(i64::MIN), Input::Stdin));
            continue;
        }
        let io = |source| CaptureError::Io { path: path.display().to_string(), source };
        if !path.metadata().map_err(io)?.is_dir() {
            let (mut reader, _) = open(&Input::File(path.clone()), |r| r)?;
            let mut chunk = Chunk::default();
            reader.next_chunk(&mut chunk);
            let time = chunk.packets.first().map_or(Time(0), |p| p.time);
            found.push((time, Input::File(path.clone())));
            continue;
        }
        let mut files = Vec::new();
        walk(path, 0, &mut files).map_err(io)?;
        for file in files {
            match first_time(&file) {
                Some(time) => found.push((time, Input::File(file))),
                None => others.push(file),
            }
        }
    }
    // Stable: files that start together keep the order of their names.
    found.sort_by_key(|(time, _)| *time);
    let mut inputs: Vec<Input> = Vec::with_capacity(found.len());
    for (_, input) in found {
        if !inputs.contains(&input) {
            inputs.push(input);
        }
    }
    Ok((inputs, others))
}

/// Files below a folder by name; links are not followed, so there are no loops.
fn walk(dir: &Path, depth: usize, out: &mut Vec<PathBuf>) -> io::Result<()> {
    if depth > 32 {
        return Ok(());
    }
    let mut entries = std::fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), depth + 1, out)?;
        } else if kind.is_file() {
            out.push(entry.path());
        }
    }
    Ok(())
}
