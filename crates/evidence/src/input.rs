//! One input and its bytes, through compression.

use crate::archive::{self, Place};
use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read},
    path::PathBuf,
    sync::Arc,
};

/// Why an input cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The file cannot be opened or read.
    #[error("{path}: {source}")]
    Io {
        /// The path as given.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// No decoder knows the content.
    #[error("{path}: no known kind of evidence (first bytes: {head})")]
    Unrecognised {
        /// The path as given.
        path: String,
        /// The first bytes in hex.
        head: String,
    },
}

/// Why reading stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// An input cannot be read at all.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The observer could not take the records.
    #[error(transparent)]
    Observer(#[from] io::Error),
}

/// One piece of evidence to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// A file in a ZIP archive: the archive, and the member's name and place in it.
    Member(PathBuf, String, Place),
    /// Standard input, of which the first bytes were read to see what it is.
    Stdin(Arc<[u8]>),
    /// Evidence already in memory: its name and content.
    Memory(String, Arc<[u8]>),
}

impl Input {
    /// The path as people read it; `-` for standard input.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Member(path, name, _) => format!("{}/{name}", path.display()),
            Self::Stdin(_) => "-".into(),
            Self::Memory(name, _) => name.clone(),
        }
    }

    /// Bytes as stored, where that is known beforehand.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::File(path) => path.metadata().map(|m| m.len()).ok(),
            Self::Member(_, _, place) => Some(place.size),
            Self::Stdin(_) => None,
            Self::Memory(_, bytes) => Some(bytes.len() as u64),
        }
    }
}

/// Bytes of an input, whatever it is.
pub type Source = Box<dyn Read + Send>;

/// An input opened.
pub struct Opened {
    /// Its bytes, decompressed.
    pub source: Source,
    /// `+gzip`, `+zstd` or nothing.
    pub compression: &'static str,
    /// The first bytes as stored, for messages.
    pub head: Vec<u8>,
    name: String,
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Opens an input, plain or compressed. `tee` wraps the bytes as stored (to hash or count them).
pub fn open(input: &Input, tee: impl FnOnce(Source) -> Source) -> Result<Opened, EvidenceError> {
    let io = |source| EvidenceError::Io { path: input.name(), source };
    let stored: Source = match input {
        Input::Stdin(head) => Box::new(Cursor::new(Arc::clone(head)).chain(io::stdin())),
        Input::Memory(_, bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
        Input::File(path) => Box::new(File::open(path).map_err(io)?),
        Input::Member(path, _, place) => archive::member(path, *place).map_err(io)?,
    };
    let mut stored = tee(stored);
    let mut head = Vec::with_capacity(4);
    stored.by_ref().take(4).read_to_end(&mut head).map_err(io)?;
    let whole = Cursor::new(head.clone()).chain(stored);
    let (source, compression): (Source, _) = if head.starts_with(&GZIP) {
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
    Ok(Opened { source, compression, head, name: input.name() })
}

impl Opened {
    /// The error for content that the decoder at hand does not know.
    pub fn unrecognised(&self) -> EvidenceError {
        let head: Vec<String> = self.head.iter().map(|b| format!("{b:02x}")).collect();
        EvidenceError::Unrecognised { path: self.name.clone(), head: head.join(" ") }
    }

    /// The error of reading.
    pub fn failed(&self, source: io::Error) -> EvidenceError {
        EvidenceError::Io { path: self.name.clone(), source }
    }
}
