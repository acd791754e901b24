//! Windows event logs (EVTX), whole, in part, damaged or carved.
//!
//! A file is a header and chunks of 64 KiB, each complete in itself: a header, then records that
//! hold an event in binary XML. Most events are no more than a template's number and its values;
//! [`program`] compiles a template into what to push for each value, so that no XML is built.
//!
//! Nothing that only says how things are is believed: not the file's count of chunks, not a chunk's
//! place or its end, no checksum. Chunks are found by their magic wherever they begin, records by
//! theirs. Only what cannot be read is damage.
//!
//! Written after the format's descriptions by libyal ("Windows XML Event Log (EVTX) format",
//! libevtx) and Microsoft (\[MS-EVEN6\] 2.2.12 BinXml).

mod bytes;
mod chunk;
mod decode;
mod naming;
mod program;
mod token;
mod value;

use crate::{
    format::{Format, Sink},
    windows,
};
use chunk::{CHUNK, HEADER, MAGIC, Walk, is_chunk, is_headless};
use decode::Decoder;
use hangtu_evidence::{DamageKind, Source};
use memchr::memmem;
use std::io::{self, Read};

/// EVTX.
pub(crate) const FORMAT: Format = Format { name: "evtx", recognise, read };

/// What a file begins with.
const FILE: &[u8; 8] = b"ElfFile\0";
/// Bytes its header has.
const FILE_NUMBERS: usize = 128;
/// Bytes of the block its header stands in.
const FILE_HEADER: usize = 4096;
/// Bytes read at a time.
const BLOCK: usize = 4 * CHUNK;

fn recognise(head: &[u8], _name: &str) -> bool {
    head.starts_with(FILE) || memmem::find_iter(head, MAGIC).any(|at| is_chunk(&head[at..]))
}

fn read(source: Source, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut reader = Reader {
        source,
        data: Vec::with_capacity(BLOCK),
        at: 0,
        offset: 0,
        ended: false,
        gap: None,
        expected: false,
        number: 0,
        walk: Walk::default(),
        decoder: Decoder::new(),
    };
    reader.run(sink)
}

/// Bytes that belong to no chunk.
struct Gap {
    offset: u64,
    len: u64,
    /// Whether they are no more than space.
    zero: bool,
}

struct Reader {
    source: Source,
    data: Vec<u8>,
    /// Where in `data` the next chunk is looked for.
    at: usize,
    /// Offset in the input of the first byte of `data`.
    offset: u64,
    ended: bool,
    gap: Option<Gap>,
    /// Whether a chunk should begin here.
    expected: bool,
    /// Records met so far.
    number: u64,
    walk: Walk,
    decoder: Decoder,
}

impl Reader {
    fn run(&mut self, sink: &mut Sink<'_>) -> io::Result<()> {
        loop {
            self.fill(sink);
            let rest = &self.data[self.at..];
            if rest.is_empty() {
                break;
            }
            if rest.starts_with(FILE) {
                self.file(sink);
            } else if rest.starts_with(MAGIC) || (self.expected && is_headless(rest)) {
                self.close_gap(sink, true);
                self.chunk(sink)?;
                self.expected = true;
            } else {
                self.skip();
            }
        }
        self.close_gap(sink, false);
        Ok(())
    }

    /// Makes a whole chunk and a bit stand in the buffer, as far as the input has it.
    fn fill(&mut self, sink: &mut Sink<'_>) {
        if self.ended || self.data.len() - self.at >= CHUNK + HEADER {
            return;
        }
        self.data.drain(..self.at);
        self.offset += self.at as u64;
        self.at = 0;
        let missing = BLOCK - self.data.len();
        let read = self.source.by_ref().take(missing as u64).read_to_end(&mut self.data);
        self.ended = read.as_ref().map_or(true, |read| *read < missing);
        if read.is_err() {
            sink.damage(self.offset + self.data.len() as u64, DamageKind::Stream);
        }
    }

    /// Passes over a file header, of which nothing is needed.
    fn file(&mut self, sink: &mut Sink<'_>) {
        self.close_gap(sink, true);
        let rest = &self.data[self.at..];
        self.expected = rest.get(FILE_HEADER..).is_some_and(|behind| {
            behind.is_empty() || behind.starts_with(MAGIC) || is_headless(behind)
        });
        self.at += if self.expected {
            FILE_HEADER
        } else {
            // No chunk follows the block it stands in: one may begin behind its numbers.
            let end = rest.len().min(FILE_NUMBERS);
            memmem::find(&rest[..end], MAGIC).unwrap_or(end)
        };
    }

    /// Passes over what is no chunk, up to what may be one.
    fn skip(&mut self) {
        self.expected = false;
        let rest = &self.data[self.at..];
        let found = memmem::find_iter(&rest[1..], b"Elf")
            .map(|at| at + 1)
            .find(|at| [FILE, MAGIC].iter().any(|magic| rest[*at..].starts_with(*magic)));
        // A magic may begin in the last bytes.
        let keep = if self.ended { 0 } else { MAGIC.len() - 1 };
        let len = found.unwrap_or(rest.len().saturating_sub(keep).max(1));
        let zero = rest[..len].iter().all(|b| *b == 0);
        let offset = self.offset + self.at as u64;
        let gap = self.gap.get_or_insert(Gap { offset, len: 0, zero: true });
        gap.len += len as u64;
        gap.zero &= zero;
        self.at += len;
    }

    fn close_gap(&mut self, sink: &mut Sink<'_>, more: bool) {
        if let Some(Gap { offset, len: skipped, zero: false }) = self.gap.take() {
            let kind = if more {
                DamageKind::BadHeader { skipped }
            } else {
                DamageKind::Unreadable { skipped }
            };
            sink.damage(offset, kind);
        }
    }

    /// Reads the chunk that stands at the front.
    fn chunk(&mut self, sink: &mut Sink<'_>) -> io::Result<()> {
        let rest = &self.data[self.at..];
        let mut chunk = &rest[..rest.len().min(CHUNK)];
        self.walk.over(chunk);
        if !self.walk.clean {
            // Part of it may be lost, and the next one begin earlier.
            let next = memmem::find_iter(&chunk[MAGIC.len()..], MAGIC)
                .map(|at| at + MAGIC.len())
                .find(|at| is_chunk(&rest[*at..]));
            if let Some(next) = next {
                chunk = &chunk[..next];
                self.walk.over(chunk);
            }
        }
        let offset = self.offset + self.at as u64;
        let cut = self.ended && chunk.len() == rest.len() && chunk.len() < CHUNK;
        let mut told = false;
        self.decoder.next_chunk();
        let mut damages = self.walk.damages.iter().peekable();
        for &(at, size) in &self.walk.records {
            while let Some((place, kind)) = damages.next_if(|(place, _)| *place < at) {
                sink.damage(offset + *place as u64, *kind);
            }
            self.number += 1;
            sink.event.push("log.format", FORMAT.name);
            let (time, done) = self.decoder.record(chunk, at, size, &mut sink.event);
            let place = offset + at as u64;
            if done.is_err() {
                told = cut && at + size == chunk.len();
                sink.damage(place, if told { DamageKind::Truncated } else { DamageKind::BadEntry });
            }
            // What broke before it said what happened is no event.
            if done.is_ok() || sink.event.get("EventID").is_some() {
                windows::finish(&mut sink.event);
                sink.emit(time, self.number, place)?;
            } else {
                sink.event.clear();
            }
        }
        for (place, kind) in damages {
            sink.damage(offset + *place as u64, *kind);
        }
        if cut && !self.walk.clean && self.walk.damages.is_empty() && !told {
            sink.damage(offset + chunk.len() as u64, DamageKind::Truncated);
        }
        self.at += chunk.len();
        Ok(())
    }
}
