//! Entries of text (lines, or what a format says) out of a stream of bytes: bounded, decoded,
//! with their place.
//!
//! Text is UTF-8, UTF-16 where a byte order mark says so, and GB18030 (Chinese Windows) for an
//! entry that is not UTF-8.

use crate::Sink;
use encoding_rs::{Decoder, GB18030, UTF_16BE, UTF_16LE};
use hangtu_evidence::{DamageKind, Source};
use std::{borrow::Cow, io::Read};

/// Longest entry, in bytes; what is longer is damage and passed over.
pub(crate) const MAX_ENTRY: usize = 1 << 20;
/// Bytes read at once.
const CHUNK: usize = 1 << 16;
/// Bytes kept while passing over an entry that is too long: more than any terminator has.
const OVERLAP: usize = 16;
/// NUL bytes in a row from which on they are damage (a disk lost what stood there).
const HOLE: u64 = 8;

/// Where an entry ends.
pub(crate) trait Split {
    /// The end of the entry at the front of `bytes`, behind its terminator. Of `bytes`, the first
    /// `from` were looked at before, in vain.
    fn end(&mut self, bytes: &[u8], from: usize) -> Option<usize>;
}

/// Entries are lines.
#[derive(Default)]
pub(crate) struct Line;

impl Split for Line {
    fn end(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        memchr::memchr(b'\n', &bytes[from..]).map(|at| from + at + 1)
    }
}

/// What charset the bytes are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Charset {
    /// As the bytes tell.
    #[default]
    Auto,
    /// UTF-8; what is not is replaced.
    Utf8,
    /// GB18030 (GBK).
    Gb18030,
}

/// One entry.
pub(crate) struct Entry<'a> {
    /// Its text, without line end.
    pub text: Cow<'a, str>,
    /// Its number, from 1.
    pub number: u64,
    /// Where it begins in the input.
    pub offset: u64,
    /// Whether it was ended, and not by the end of the input.
    pub whole: bool,
    /// Its bytes, for finding places in them.
    raw: &'a [u8],
    wide: bool,
}

impl Entry<'_> {
    /// Where the ASCII character at `start` of the text stands in the input.
    pub(crate) fn offset_of(&self, start: usize) -> u64 {
        let before = &self.text[..start];
        let within = match &self.text {
            Cow::Borrowed(_) if self.wide => before.encode_utf16().count() * 2,
            Cow::Borrowed(_) => start,
            // Another charset: that sign again, among the bytes.
            Cow::Owned(text) => {
                let sign = text.as_bytes().get(start).copied().unwrap_or_default();
                let nth = before.bytes().filter(|b| *b == sign).count();
                memchr::memchr_iter(sign, self.raw).nth(nth).unwrap_or_default()
            }
        };
        self.offset + within as u64
    }
}

/// One entry as it stands.
pub(crate) struct RawEntry<'a> {
    /// Its bytes, with its terminator.
    pub bytes: &'a [u8],
    /// Its number, from 1.
    pub number: u64,
    /// Where it begins in the input.
    pub offset: u64,
    /// Whether it was ended, and not by the end of the input.
    pub whole: bool,
}

/// Reads entries one after the other.
pub(crate) struct Entries<S> {
    source: Source,
    split: S,
    charset: Charset,
    /// Turns UTF-16 into UTF-8 before entries are looked for.
    wide: Option<Decoder>,
    buf: Vec<u8>,
    /// Where the next entry begins in `buf`.
    at: usize,
    /// How many bytes from there were looked at.
    looked: usize,
    /// Where the next entry begins in the input.
    offset: u64,
    number: u64,
    started: bool,
    ended: bool,
}

impl<S: Split> Entries<S> {
    pub(crate) fn new(source: Source, split: S, charset: Charset) -> Self {
        Self {
            source,
            split,
            charset,
            wide: None,
            buf: Vec::new(),
            at: 0,
            looked: 0,
            offset: 0,
            number: 0,
            started: false,
            ended: false,
        }
    }

    /// The next entry; damage goes to the sink.
    pub(crate) fn next(&mut self, sink: &mut Sink<'_>) -> Option<Entry<'_>> {
        let (start, end, offset, whole) = self.advance(sink)?;
        let text = decode(&self.buf[start..end], self.charset);
        let text = match text {
            Cow::Borrowed(t) => Cow::Borrowed(trim_end(t)),
            Cow::Owned(mut t) => {
                t.truncate(trim_end(&t).len());
                Cow::Owned(t)
            }
        };
        let (raw, wide) = (&self.buf[start..end], self.wide.is_some());
        Some(Entry { text, number: self.number, offset, whole, raw, wide })
    }

    /// The next entry, not decoded (UTF-16 is made UTF-8).
    pub(crate) fn next_raw(&mut self, sink: &mut Sink<'_>) -> Option<RawEntry<'_>> {
        let (start, end, offset, whole) = self.advance(sink)?;
        Some(RawEntry { bytes: &self.buf[start..end], number: self.number, offset, whole })
    }

    fn advance(&mut self, sink: &mut Sink<'_>) -> Option<(usize, usize, u64, bool)> {
        // Where an entry that is too long began.
        let mut long: Option<u64> = None;
        loop {
            if self.looked == 0 && long.is_none() {
                self.pass_nuls(sink);
            }
            let rest = &self.buf[self.at..];
            match self.split.end(rest, self.looked) {
                Some(end) => {
                    let (start, offset) = (self.at, self.offset);
                    self.take(end.clamp(1, rest.len()));
                    self.number += 1;
                    match long.take() {
                        None => return Some((start, self.at, offset, true)),
                        Some(from) => self.too_long(sink, from),
                    }
                }
                None if self.ended => {
                    let (start, offset, left) = (self.at, self.offset, rest.len());
                    if left == 0 && long.is_none() {
                        return None;
                    }
                    self.take(left);
                    self.number += 1;
                    match long.take() {
                        None => return Some((start, self.at, offset, false)),
                        Some(from) => self.too_long(sink, from),
                    }
                }
                None => {
                    self.looked = rest.len();
                    if rest.len() > MAX_ENTRY {
                        long.get_or_insert(self.offset);
                        let mut keep = OVERLAP;
                        while self.wide.is_some() && !is_boundary(&self.buf, self.buf.len() - keep)
                        {
                            keep -= 1;
                        }
                        self.take(rest.len() - keep);
                        self.looked = keep;
                    }
                    self.fill(sink);
                }
            }
        }
    }

    fn too_long(&self, sink: &mut Sink<'_>, from: u64) {
        sink.damage(from, DamageKind::BadHeader { skipped: self.offset - from });
    }

    /// Passes over NUL bytes in front of an entry.
    fn pass_nuls(&mut self, sink: &mut Sink<'_>) {
        let from = self.offset;
        loop {
            let rest = &self.buf[self.at..];
            let nuls = rest.iter().take_while(|b| **b == 0).count();
            let all = nuls == rest.len();
            self.take(nuls);
            if !all || self.ended {
                break;
            }
            self.fill(sink);
        }
        if self.offset - from >= HOLE {
            sink.damage(from, DamageKind::BadHeader { skipped: self.offset - from });
        }
    }

    /// Takes bytes off the front.
    fn take(&mut self, len: usize) {
        let taken = &self.buf[self.at..self.at + len];
        self.offset += match &self.wide {
            None => len as u64,
            // The text came out of UTF-16, so each unit of it was two bytes.
            Some(_) => String::from_utf8_lossy(taken).encode_utf16().count() as u64 * 2,
        };
        self.at += len;
        self.looked = 0;
    }

    /// Reads more; sets `ended` when there is none.
    fn fill(&mut self, sink: &mut Sink<'_>) {
        self.buf.drain(..self.at);
        self.at = 0;
        let mut raw = Vec::new();
        let into = if self.wide.is_some() || !self.started { &mut raw } else { &mut self.buf };
        if let Ok(n) = self.source.by_ref().take(CHUNK as u64).read_to_end(into) {
            self.ended = n == 0;
        } else {
            self.ended = true;
            let at = self.offset + (self.buf.len() - self.at) as u64;
            sink.damage(at, DamageKind::Stream);
        }
        if !self.started {
            self.started = true;
            let (wide, bom) = match raw.as_slice() {
                [0xff, 0xfe, ..] => (Some(UTF_16LE), 2),
                [0xfe, 0xff, ..] => (Some(UTF_16BE), 2),
                [0xef, 0xbb, 0xbf, ..] => (None, 3),
                _ => (None, 0),
            };
            self.offset = bom;
            raw.drain(..bom as usize);
            self.wide = wide.map(encoding_rs::Encoding::new_decoder_without_bom_handling);
            if self.wide.is_none() {
                self.buf.append(&mut raw);
            }
        }
        if let Some(decoder) = &mut self.wide {
            let room = decoder.max_utf8_buffer_length(raw.len()).unwrap_or(raw.len() * 3 + 16);
            let mut text = String::with_capacity(room);
            // The room is enough for all of it.
            let _ = decoder.decode_to_string(&raw, &mut text, self.ended);
            self.buf.extend_from_slice(text.as_bytes());
        }
    }
}

/// Whether a character begins at that place of UTF-8.
fn is_boundary(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_none_or(|b| b & 0xc0 != 0x80)
}

fn trim_end(text: &str) -> &str {
    text.trim_end_matches(['\n', '\r', '\0'])
}

/// The text of bytes.
pub(crate) fn decode(bytes: &[u8], charset: Charset) -> Cow<'_, str> {
    let wrong = match std::str::from_utf8(bytes) {
        Ok(text) if charset != Charset::Gb18030 => return Cow::Borrowed(text),
        Ok(_) => None,
        Err(e) => Some(e),
    };
    // UTF-8 that is only cut short is not another charset.
    let cut =
        wrong.is_some_and(|e| e.error_len().is_none() && !bytes[..e.valid_up_to()].is_ascii());
    let other = match charset {
        Charset::Utf8 => None,
        Charset::Gb18030 => Some(GB18030.decode_without_bom_handling(bytes).0),
        Charset::Auto if cut => None,
        Charset::Auto => GB18030.decode_without_bom_handling_and_without_replacement(bytes),
    };
    other.unwrap_or_else(|| String::from_utf8_lossy(bytes))
}

/// The text of an input's first bytes, for recognising it.
pub(crate) fn head(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => UTF_16LE.decode_without_bom_handling(rest).0,
        [0xfe, 0xff, rest @ ..] => UTF_16BE.decode_without_bom_handling(rest).0,
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            // Cut inside a character, most likely.
            Err(e) if bytes.len() - e.valid_up_to() < 4 => String::from_utf8_lossy(bytes),
            Err(_) => GB18030.decode_without_bom_handling(bytes).0,
        },
    }
}
