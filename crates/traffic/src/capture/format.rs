//! The reader shared by both formats: buffering, resynchronising, counting.

use super::{CHUNK, Chunk, MAX_PACKET, PacketRef, pcap::Pcap, pcapng::Pcapng};
use hangtu_evidence::{DamageKind, Damages};
use hangtu_record::Time;
use std::io::{self, Read};

/// How many more bytes are read when a search cannot tell yet.
const MORE: usize = 1 << 16;

/// What one step of a format's parser found at the front of the bytes.
pub(super) enum Step {
    /// A packet whose record takes `size` bytes; `start` and `len` are within it.
    Packet { size: usize, start: usize, len: usize, wire_len: u32, link: u16, time: Time },
    /// A record without a packet, `size` bytes long; may exceed what is there (skip).
    Skip { size: u64 },
    /// More bytes are needed; at least this many in all.
    Need(usize),
    /// The record is plain but its packet cannot be used.
    Refuse { size: usize, kind: DamageKind },
    /// Something is wrong with these bytes, and it is known where to go on.
    Damaged { size: usize, kind: DamageKind },
    /// No record can start like this.
    Bad,
}

pub(super) enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl Format {
    /// Parses what stands at the front; `ended` when nothing will follow these bytes.
    #[inline]
    fn step(&mut self, bytes: &[u8], last: Time, ended: bool) -> Step {
        match self {
            Self::Pcap(f) => f.step(bytes, ended),
            Self::Pcapng(f) => f.step(bytes, last, ended),
        }
    }

    /// Records will be passed over.
    fn lost(&mut self) {
        match self {
            Self::Pcap(_) => {}
            Self::Pcapng(f) => f.lost(),
        }
    }

    /// Whether a record plausibly starts here; `None` when more bytes would be needed to say.
    fn plausible(&self, bytes: &[u8], ended: bool) -> Option<bool> {
        match self {
            Self::Pcap(f) => f.plausible(bytes, ended),
            Self::Pcapng(f) => f.plausible(bytes),
        }
    }
}

/// A search for the next record.
#[derive(Clone, Copy)]
struct Lost {
    /// Offset of the damage.
    from: u64,
    /// Bytes passed over so far.
    skipped: u64,
    /// Whether the damage may be no more than the end of the input.
    cut: bool,
}

/// Reads packets from one input.
pub struct CaptureReader<R> {
    source: R,
    format: Format,
    /// Bytes read and not yet parsed.
    carry: Vec<u8>,
    /// Offset in the input of the first byte of `carry`.
    offset: u64,
    /// Bytes still to pass over.
    skip: u64,
    /// Set while looking for a record after damage.
    lost: Option<Lost>,
    ended: bool,
    packets: u64,
    last: Time,
    damages: Damages,
}

impl<R: Read> CaptureReader<R> {
    /// Reads the file header. `None` when this is neither pcap nor pcapng.
    pub fn new(mut source: R) -> io::Result<Option<Self>> {
        let mut carry = Vec::with_capacity(CHUNK);
        let mut broken = false;
        match source.by_ref().take(24).read_to_end(&mut carry) {
            Ok(_) => {}
            Err(e) if carry.len() < 12 => return Err(e),
            Err(_) => broken = true,
        }
        let (format, used) = if let Some(f) = Pcap::from_header(&carry) {
            (Format::Pcap(f), 24)
        } else if let Some(f) = Pcapng::from_header(&carry) {
            (Format::Pcapng(f), 0)
        } else {
            return Ok(None);
        };
        carry.drain(..used);
        let mut out = Self {
            source,
            format,
            carry,
            offset: used as u64,
            skip: 0,
            lost: None,
            ended: broken,
            packets: 0,
            last: Time(0),
            damages: Damages::default(),
        };
        if broken {
            out.damage(used as u64, DamageKind::Stream);
        }
        Ok(Some(out))
    }

    /// `pcap` or `pcapng`.
    pub fn format(&self) -> &'static str {
        match self.format {
            Format::Pcap(_) => "pcap",
            Format::Pcapng(_) => "pcapng",
        }
    }

    /// Packets read so far.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Packets that the capturing program said it dropped (pcapng interface statistics).
    pub fn dropped(&self) -> u64 {
        match &self.format {
            Format::Pcap(_) => 0,
            Format::Pcapng(f) => f.dropped(),
        }
    }

    /// Damage met so far.
    pub const fn damages(&self) -> &Damages {
        &self.damages
    }

    fn damage(&mut self, offset: u64, kind: DamageKind) {
        self.damages.push(offset, kind);
    }

    /// Fills the chunk with the next packets; `false` when there are no more.
    pub fn next_chunk(&mut self, chunk: &mut Chunk) -> bool {
        chunk.packets.clear();
        chunk.data.clear();
        chunk.data.append(&mut self.carry);
        let (mut at, mut need) = (0, CHUNK);
        loop {
            self.fill(&mut chunk.data, need);
            need = self.parse(chunk, &mut at);
            if !chunk.packets.is_empty() {
                break;
            }
            if self.ended {
                if self.skip > 0 {
                    self.damage(self.offset + at as u64, DamageKind::Truncated);
                    self.skip = 0;
                }
                break;
            }
            // Nothing whole yet: drop what is done with and read on.
            chunk.data.drain(..at);
            self.offset += at as u64;
            at = 0;
            need = need.max(CHUNK);
        }
        self.carry.extend_from_slice(&chunk.data[at..]);
        self.offset += at as u64;
        chunk.data.truncate(at);
        !chunk.packets.is_empty()
    }

    /// Reads until `data` holds `want` bytes or the input ends.
    fn fill(&mut self, data: &mut Vec<u8>, want: usize) {
        if self.ended || data.len() >= want {
            return;
        }
        let missing = want - data.len();
        if let Ok(n) = self.source.by_ref().take(missing as u64).read_to_end(data) {
            self.ended = n < missing;
        } else {
            self.ended = true;
            self.damage(self.offset + data.len() as u64, DamageKind::Stream);
        }
    }

    /// Takes the records at `at` that need no thought; whether there were any.
    #[inline(always)]
    fn usual(&mut self, chunk: &mut Chunk, at: &mut usize) -> bool {
        let Format::Pcap(pcap) = &self.format else { return false };
        let (Chunk { data, packets }, from) = (chunk, *at);
        let (known, mut number) = (self.packets, self.packets);
        *at += pcap.usual(&data[from..], |record, start, len, time| {
            number += 1;
            packets.push(PacketRef {
                start: (from + start) as u32,
                len,
                wire_len: len,
                link: pcap.link(),
                time,
                number,
                offset: self.offset + (from + record) as u64,
            });
        });
        self.packets = number;
        number > known
    }

    /// Parses whole records from `at`; returns how many bytes the next one needs (0: nothing left).
    fn parse(&mut self, chunk: &mut Chunk, at: &mut usize) -> usize {
        loop {
            let left = chunk.data.len() - *at;
            if self.skip > 0 {
                let n = self.skip.min(left as u64);
                *at += n as usize;
                self.skip -= n;
                if self.skip > 0 {
                    return 1;
                }
                continue;
            }
            if left == 0 {
                if self.ended
                    && let Some(Lost { from, skipped, cut }) = self.lost.take()
                {
                    let unreadable = DamageKind::Unreadable { skipped };
                    self.damage(from, if cut { DamageKind::Truncated } else { unreadable });
                }
                return usize::from(!self.ended);
            }
            if self.lost.is_none() && self.usual(chunk, at) {
                continue;
            }
            let offset = self.offset + *at as u64;
            if let Some(lost) = &mut self.lost {
                match self.format.plausible(&chunk.data[*at..], self.ended) {
                    Some(true) => {
                        let Lost { from, skipped, .. } = *lost;
                        self.damage(from, DamageKind::BadHeader { skipped });
                        self.lost = None;
                    }
                    None if !self.ended => return left + MORE,
                    _ => {
                        lost.skipped += 1;
                        *at += 1;
                        continue;
                    }
                }
            }
            match self.format.step(&chunk.data[*at..], self.last, self.ended) {
                Step::Packet { size, start, len, wire_len, link, time } => {
                    self.packets += 1;
                    self.last = time;
                    chunk.packets.push(PacketRef {
                        start: (*at + start) as u32,
                        len: len as u32,
                        wire_len,
                        link,
                        time,
                        number: self.packets,
                        offset,
                    });
                    *at += size;
                }
                Step::Skip { size } => self.skip = size,
                Step::Refuse { size, kind } => {
                    self.packets += 1;
                    self.damage(offset, kind);
                    *at += size;
                }
                Step::Damaged { size, kind } => {
                    self.damage(offset, kind);
                    *at += size;
                }
                Step::Need(n) if !self.ended => return n.max(left + 1),
                // A wrong length may reach beyond the end with good records behind it.
                step @ (Step::Need(_) | Step::Bad) => {
                    self.format.lost();
                    let cut = matches!(step, Step::Need(_));
                    self.lost = Some(Lost { from: offset, skipped: 1, cut });
                    *at += 1;
                }
            }
        }
    }
}

/// Shared plausibility: lengths that a packet record may have.
pub(super) fn plausible_lengths(captured: u32, wire: u32) -> bool {
    captured as usize <= MAX_PACKET && wire <= 1 << 28
}
