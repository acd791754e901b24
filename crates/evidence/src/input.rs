//! One input and its bytes, through compression.

use crate::archive::{self, Place};
use flate2::bufread::GzDecoder;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read},
    os::fd::AsFd,
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
    /// Standard input, or a pipe or device with a path.
    Pipe(Pipe),
    /// Evidence already in memory: its name and content.
    Memory(String, Arc<[u8]>),
}

/// What can be read once: its path, the first bytes of it, and the rest.
#[derive(Clone, Debug)]
pub struct Pipe {
    pub(crate) path: PathBuf,
    pub(crate) head: Arc<[u8]>,
    rest: Arc<File>,
}

impl Pipe {
    /// Reads so many bytes of it, to see what it is; `-` is standard input.
    pub(crate) fn begin(path: PathBuf, head: u64) -> io::Result<Self> {
        let rest = if path.as_os_str() == "-" {
            File::from(io::stdin().as_fd().try_clone_to_owned()?)
        } else {
            File::open(&path)?
        };
        let mut first = Vec::new();
        (&rest).take(head).read_to_end(&mut first)?;
        Ok(Self { path, head: first.into(), rest: Arc::new(rest) })
    }
}

impl PartialEq for Pipe {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Pipe {}

impl Input {
    /// The path as people read it; `-` for standard input.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Member(path, name, _) => format!("{}/{name}", path.display()),
            Self::Pipe(pipe) => pipe.path.display().to_string(),
            Self::Memory(name, _) => name.clone(),
        }
    }

    /// Bytes as [`open`] hands them to who counts them, where that is known beforehand: stored, but
    /// for what an archive packed.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::File(path) => path.metadata().map(|m| m.len()).ok(),
            Self::Member(_, _, place) => Some(place.whole),
            Self::Pipe(_) => None,
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
/// What a zstd frame of no content begins with, but for the lowest four bits (RFC 8878, 3.1.2); pzstd writes them.
const SKIPPABLE: u32 = 0x184d_2a50;

/// Bytes of the longest header of a zstd frame.
const ZSTD_HEADER: u64 = 18;
/// Largest window of a zstd frame, as a power of two: 128 MiB, what `zstd --long` and `--ultra -22` ask for. The
/// decoder takes as much memory, but only for frames that ask for it.
const ZSTD_WINDOW: u32 = 27;

/// Bytes that must come out of compression before an input is believed to be one.
const BEGINNING: u64 = 24;

/// Opens an input, plain or compressed. `tee` wraps the bytes as stored (to hash or count them). What is compressed must
/// begin well, or nobody could tell what it is.
pub fn open(input: &Input, tee: impl FnOnce(Source) -> Source) -> Result<Opened, EvidenceError> {
    let io = |source| EvidenceError::Io { path: input.name(), source };
    let stored: Source = match input {
        Input::Pipe(pipe) => {
            Box::new(Cursor::new(Arc::clone(&pipe.head)).chain(Arc::clone(&pipe.rest)))
        }
        Input::Memory(_, bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
        Input::File(path) => Box::new(File::open(path).map_err(io)?),
        Input::Member(path, _, place) => archive::member(path, *place).map_err(io)?,
    };
    let mut stored = tee(stored);
    let mut head = Vec::with_capacity(ZSTD_HEADER as usize);
    stored.by_ref().take(ZSTD_HEADER).read_to_end(&mut head).map_err(io)?;
    let first = head.iter().take(4).copied().collect();
    pass_skippable(&mut head, &mut stored).map_err(io)?;
    let whole = Cursor::new(head.clone()).chain(stored);
    let (source, compression): (Source, _) = if head.starts_with(&GZIP) {
        let buffered = BufReader::with_capacity(1 << 17, whole);
        (begun(GzipMembers(Some(GzDecoder::new(buffered)))).map_err(io)?, "+gzip")
    } else if head.starts_with(&ZSTD) {
        if let Some(window) = zstd_window(&head).filter(|w| *w > 1 << ZSTD_WINDOW) {
            return Err(io(too_wide(window)));
        }
        let mut decoder = zstd::Decoder::new(whole).map_err(io)?;
        decoder.window_log_max(ZSTD_WINDOW).map_err(io)?;
        (begun(decoder).map_err(io)?, "+zstd")
    } else {
        (Box::new(whole), "")
    };
    Ok(Opened { source, compression, head: first, name: input.name() })
}

/// Moves the head past zstd frames of no content.
fn pass_skippable(head: &mut Vec<u8>, stored: &mut Source) -> io::Result<()> {
    while let Some(&[a, b, c, d, e, f, g, h]) = head.first_chunk::<8>()
        && u32::from_le_bytes([a, b, c, d]) & !0xf == SKIPPABLE
    {
        let size = 8 + u64::from(u32::from_le_bytes([e, f, g, h]));
        let here = size.min(head.len() as u64);
        head.drain(..here as usize);
        io::copy(&mut stored.by_ref().take(size - here), &mut io::sink())?;
        let missing = ZSTD_HEADER - head.len() as u64;
        stored.by_ref().take(missing).read_to_end(head)?;
    }
    Ok(())
}

/// Members of gzip one behind the other (RFC 1952, 2.2), and zeros behind them, by which tapes fill their blocks and
/// which gzip(1) passes over too.
struct GzipMembers<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            match member.read(out) {
                Ok(0) if !out.is_empty() => {}
                Err(e) if e.kind() != io::ErrorKind::Interrupted => {
                    self.0 = None;
                    return Err(e);
                }
                done => return done,
            }
            let Some(mut stored) = self.0.take().map(GzDecoder::into_inner) else { break };
            if !only_zeros(&mut stored)? {
                self.0 = Some(GzDecoder::new(stored));
            }
        }
        Ok(0)
    }
}

/// Passes over zeros; whether nothing else follows.
fn only_zeros(stored: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = match stored.fill_buf() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            bytes => bytes?,
        };
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let (all, ended) = (zeros == bytes.len(), bytes.is_empty());
        stored.consume(zeros);
        if ended || !all {
            return Ok(ended);
        }
    }
}

/// What a decoder yields, when it yields anything.
fn begun(mut decoder: impl Read + Send + 'static) -> io::Result<Source> {
    let mut beginning = Vec::with_capacity(BEGINNING as usize);
    match decoder.by_ref().take(BEGINNING).read_to_end(&mut beginning) {
        Ok(_) => Ok(Box::new(Cursor::new(beginning).chain(decoder))),
        Err(e) => {
            let why = format!("the compressed data is damaged or cut off at its beginning ({e})");
            Err(io::Error::new(e.kind(), why))
        }
    }
}

/// Bytes of the window that a zstd frame asks for (RFC 8878, 3.1.1.1).
fn zstd_window(head: &[u8]) -> Option<u64> {
    let (descriptor, rest) = head.get(4..)?.split_first()?;
    if descriptor & 0x20 == 0 {
        let (exponent, mantissa) = (rest.first()? >> 3, rest.first()? & 7);
        let base = 1_u64 << (10 + exponent);
        return Some(base + base / 8 * u64::from(mantissa));
    }
    // A single segment: the window is the content, whose size stands behind the dictionary's number.
    let at = [0_usize, 1, 2, 4][usize::from(descriptor & 3)];
    let size = 1_usize << (descriptor >> 6);
    let mut content = [0; 8];
    content[..size].copy_from_slice(rest.get(at..at + size)?);
    // Of two bytes, 0 is 256.
    Some(u64::from_le_bytes(content) + if size == 2 { 256 } else { 0 })
}

fn too_wide(window: u64) -> io::Error {
    let (asked, most) = (window.div_ceil(1 << 20), 1 << (ZSTD_WINDOW - 20));
    let why = format!(
        "its zstd window is {asked} MiB, and no more than {most} MiB are read: unpack it first (zstd -d --long=31)"
    );
    io::Error::new(io::ErrorKind::InvalidData, why)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Text in one zstd block that is not compressed, in a frame that asks for a window.
    fn frame(window_log: u8, text: &[u8]) -> Vec<u8> {
        let mut out = ZSTD.to_vec();
        out.extend([0, (window_log - 10) << 3]);
        let block = (text.len() as u32) << 3 | 1;
        out.extend_from_slice(&block.to_le_bytes()[..3]);
        out.extend_from_slice(text);
        out
    }

    fn read(bytes: &[u8]) -> Result<String, String> {
        let input = Input::Memory("capture".into(), bytes.into());
        let mut text = String::new();
        match open(&input, |r| r) {
            Ok(mut opened) => opened.source.read_to_string(&mut text).map_err(|e| e.to_string())?,
            Err(e) => return Err(e.to_string()),
        };
        Ok(text)
    }

    const TEXT: &str = "as much text as shows what it is";

    #[test]
    fn windows_of_zstd_are_bounded() {
        for log in [10, 26, 27] {
            assert_eq!(read(&frame(log, TEXT.as_bytes())).as_deref(), Ok(TEXT), "{log}");
        }
        for (log, size) in [(28, "256 MiB"), (31, "2048 MiB")] {
            let refused = read(&frame(log, TEXT.as_bytes())).unwrap_err();
            assert!(refused.starts_with("capture: ") && refused.contains(size), "{refused}");
        }
        // A single segment has no window of its own.
        assert_eq!(zstd_window(&[0x28, 0xb5, 0x2f, 0xfd, 0x20, 9]), Some(9));
        assert_eq!(zstd_window(&[0x28, 0xb5, 0x2f, 0xfd, 0x61, 7, 1, 1]), Some(513));
        assert_eq!(zstd_window(&[0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x10]), Some(1 << 28));
        assert_eq!(zstd_window(&[0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0]), None);
    }

    /// A zstd frame of no content.
    fn skippable(size: u32) -> Vec<u8> {
        let mut out = vec![0x5a, 0x2a, 0x4d, 0x18];
        out.extend(size.to_le_bytes());
        out.resize(8 + size as usize, 7);
        out
    }

    #[test]
    fn zstd_frames_of_no_content_are_passed_over() {
        let text = frame(20, TEXT.as_bytes());
        for before in [vec![0], vec![4], vec![10, 0], vec![11, 1 << 17, 3]] {
            let before: Vec<u8> = before.into_iter().flat_map(skippable).collect();
            let twice = [&before[..], &text, &before, &text].concat();
            assert_eq!(read(&twice).as_deref(), Ok(&*TEXT.repeat(2)));
        }
        let wide = [skippable(4), frame(28, TEXT.as_bytes())].concat();
        assert!(read(&wide).is_err_and(|e| e.contains("256 MiB")));
        // What is no zstd behind them, and nothing behind them, is told by how it begins.
        for none in
            [[skippable(4), vec![1; 30]].concat(), skippable(4), skippable(9)[..12].to_vec()]
        {
            let input = Input::Memory("capture".into(), none.into());
            let opened = open(&input, |r| r).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!((opened.compression, &opened.head[..]), ("", &[0x5a, 0x2a, 0x4d, 0x18][..]));
        }
    }

    #[test]
    fn zeros_behind_gzip_are_padding() {
        let gzip = |text: &str| {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            io::Write::write_all(&mut out, text.as_bytes()).unwrap();
            out.finish().unwrap()
        };
        let (one, two) = (gzip(TEXT), TEXT.repeat(2));
        for zeros in [0, 1, 9, 512, 300_000] {
            let padded = [&one[..], &vec![0; zeros]].concat();
            assert_eq!(read(&padded).as_deref(), Ok(TEXT), "{zeros}");
            let members = [&padded[..], &gzip(""), &padded].concat();
            assert_eq!(read(&members).as_deref(), Ok(&*two), "{zeros}");
        }
        for other in [&b"\0\0more"[..], &one[..12], &[0x1f]] {
            assert!(read(&[&one[..], other].concat()).is_err());
        }
        let mut damaged = one.clone();
        let at = damaged.len() - 6;
        damaged[at] ^= 1;
        assert!(read(&[damaged, one].concat()).is_err());
    }

    #[test]
    fn compression_that_yields_nothing_is_told_as_damaged() {
        let zstd = frame(20, TEXT.as_bytes());
        let gzip = [&[0x1f_u8, 0x8b, 8][..], &[0; 7], &[0xff; 40]].concat();
        for damaged in [&zstd[..6], &zstd[..20], &gzip[..10], &gzip[..]] {
            let refused = read(damaged).unwrap_err();
            assert!(refused.contains("damaged or cut off at its beginning"), "{refused}");
        }
        // Cut later, it is read as far as it goes.
        let input = Input::Memory("capture".into(), Arc::from(&zstd[..zstd.len() - 3]));
        let mut bytes = Vec::new();
        assert!(open(&input, |r| r).is_ok_and(|mut o| o.source.read_to_end(&mut bytes).is_err()));
        assert!(TEXT.as_bytes().starts_with(&bytes) && bytes.len() >= 24);
    }
}
