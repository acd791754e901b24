//! pcapng: sections, interfaces, packets (draft-ietf-opsawg-pcapng).
//!
//! Packets name their interface by its place among those that the section describes. Where damage may have taken a
//! description, the places of later ones are doubtful, and an interface is believed only that makes sense of the packet.

use super::{
    MAX_PACKET,
    format::{Step, plausible_lengths},
};
use crate::packet::{knows_link, likely};
use hangtu_evidence::DamageKind;
use hangtu_record::Time;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

/// Largest block parsed; larger ones of unknown kind are passed over, larger packets are damage.
const MAX_BLOCK: usize = MAX_PACKET + 65_536;

/// How many interfaces a section may describe.
const MAX_INTERFACES: usize = 4096;

/// How many interfaces are tried for a packet of a doubtful one.
const MAX_TRIED: usize = 16;

/// How far the end is looked for of a description whose length is wrong.
const MAX_DESCRIPTION: usize = 4096;

/// Bytes that this search wants to see: the description, and most blocks that may follow it.
const ROOM: usize = 1 << 16;

/// How far in nanoseconds a packet of a doubtful interface may be from the last one: a year.
const NEAR: u64 = 31_556_952_000_000_000;

/// When such a packet may have come that is the first: from 2000 to 2099.
const ERA: std::ops::Range<Time> = Time::new(946_684_800, 0)..Time::new(4_102_444_800, 0);

#[derive(Clone, Copy)]
struct Interface {
    link: u16,
    snap: u32,
    /// Ticks a second.
    ticks: u64,
    /// Seconds to add to every time.
    offset: i64,
    dropped: u64,
}

/// What most interfaces are: Ethernet, in the resolution that stands for itself or the other that tools write.
const USUAL: [Interface; 2] = [
    Interface { link: 1, snap: 0, ticks: 1_000_000, offset: 0, dropped: 0 },
    Interface { link: 1, snap: 0, ticks: 1_000_000_000, offset: 0, dropped: 0 },
];

#[derive(Default)]
pub(super) struct Pcapng {
    big_endian: bool,
    /// Interfaces of the section by number.
    interfaces: Vec<Interface>,
    /// Those described behind damage, whose numbers are doubtful.
    doubtful: Vec<Interface>,
    /// Whether a description may have been lost in the section.
    lost: bool,
    /// Whether it was told that packets of the section are read by another interface than they name.
    guessed: bool,
    /// Whether it was told that packets come without a time to begin from.
    untimed: bool,
    dropped_before: u64,
}

impl Pcapng {
    /// Recognises a section header block at the start.
    pub(super) fn from_header(bytes: &[u8]) -> Option<Self> {
        if bytes.get(..4)? != SECTION.to_be_bytes() {
            return None;
        }
        let big_endian = byte_order(bytes)?;
        Some(Self { big_endian, ..Self::default() })
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped_before + self.known().map(|i| i.dropped).sum::<u64>()
    }

    fn known(&self) -> impl Iterator<Item = &Interface> {
        self.interfaces.iter().chain(&self.doubtful)
    }

    /// Blocks will be passed over: descriptions of interfaces may be among them.
    pub(super) fn lost(&mut self) {
        self.lost = true;
    }

    fn u32(&self, bytes: &[u8], at: usize) -> u32 {
        let b = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        if self.big_endian { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) }
    }

    fn u16(&self, bytes: &[u8], at: usize) -> u16 {
        let b = [bytes[at], bytes[at + 1]];
        if self.big_endian { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) }
    }

    /// Options from `at`: code and value, until the end or the first that makes no sense.
    fn options<'b>(&self, block: &'b [u8], mut at: usize, mut f: impl FnMut(u16, &'b [u8])) {
        while at + 4 <= block.len() {
            let (code, len) = (self.u16(block, at), usize::from(self.u16(block, at + 2)));
            let Some(value) = block.get(at + 4..at + 4 + len) else { return };
            if code == 0 {
                return;
            }
            f(code, value);
            at += 4 + len.next_multiple_of(4);
        }
    }

    pub(super) fn step(&mut self, bytes: &[u8], last: Time, ended: bool) -> Step {
        if bytes.len() < 12 {
            return Step::Need(12);
        }
        let mut kind = self.u32(bytes, 0);
        if bytes[..4] == SECTION.to_be_bytes() {
            // A new section may have the other byte order.
            let Some(big_endian) = byte_order(bytes) else { return Step::Bad };
            self.big_endian = big_endian;
            kind = SECTION;
        }
        let size = match self.size(bytes, kind) {
            Ok(size) => size,
            Err(Step::Need(n)) if !ended => return Step::Need(n),
            // What packets depend on is read all the same.
            Err(step) if matches!(kind, SECTION | INTERFACE) => {
                if bytes.len() < ROOM && !ended {
                    return Step::Need(ROOM);
                }
                let Some(size) = self.mended(bytes, kind) else { return step };
                size
            }
            Err(step) => return step,
        };
        let block = &bytes[8..size - 4];
        match kind {
            SECTION => {
                *self = Self {
                    big_endian: self.big_endian,
                    dropped_before: self.dropped(),
                    untimed: self.untimed,
                    ..Self::default()
                };
                self.described(bytes, size)
            }
            INTERFACE => {
                if block.len() < 8 {
                    return Step::Bad;
                }
                if self.known().count() >= MAX_INTERFACES {
                    return self.described(bytes, size);
                }
                let mut interface = Interface {
                    link: self.u16(block, 0),
                    snap: self.u32(block, 4),
                    ticks: 1_000_000,
                    offset: 0,
                    dropped: 0,
                };
                let big = self.big_endian;
                self.options(block, 8, |code, value| match (code, value) {
                    // if_tsresol: a power of ten, or of two when the top bit is set.
                    (9, [r, ..]) if r & 0x80 == 0 => {
                        interface.ticks = 10_u64.checked_pow(u32::from(*r)).unwrap_or(1_000_000);
                    }
                    (9, [r, ..]) => {
                        interface.ticks =
                            1_u64.checked_shl(u32::from(r & 0x7f)).unwrap_or(1_000_000);
                    }
                    // if_tsoffset
                    (14, v) if v.len() == 8 => {
                        let v: [u8; 8] = v.try_into().unwrap_or_default();
                        interface.offset =
                            if big { i64::from_be_bytes(v) } else { i64::from_le_bytes(v) };
                    }
                    _ => {}
                });
                let list = if self.lost { &mut self.doubtful } else { &mut self.interfaces };
                list.push(interface);
                self.described(bytes, size)
            }
            ENHANCED_PACKET | OBSOLETE_PACKET => {
                if block.len() < 20 {
                    return Step::Bad;
                }
                let index = if kind == ENHANCED_PACKET {
                    self.u32(block, 0) as usize
                } else {
                    usize::from(self.u16(block, 0))
                };
                let captured = self.u32(block, 12) as usize;
                let wire = self.u32(block, 16);
                let Some(frame) = block.get(20..20 + captured) else { return Step::Bad };
                let ticks = u64::from(self.u32(block, 4)) << 32 | u64::from(self.u32(block, 8));
                let (link, time) = match self.interfaces.get(index) {
                    Some(interface) => (interface.link, interface.time(ticks)),
                    None => match self.guess(size, index, Some(ticks), (frame, wire), last) {
                        Ok(guess) => guess,
                        Err(step) => return step,
                    },
                };
                Step::Packet {
                    size,
                    start: 28,
                    len: captured,
                    wire_len: wire.max(captured as u32),
                    link,
                    time,
                }
            }
            SIMPLE_PACKET => {
                if block.len() < 4 {
                    return Step::Bad;
                }
                let wire = self.u32(block, 0);
                let snap = self.interfaces.first().map_or(0, |i| i.snap);
                let snap = if snap == 0 { u32::MAX } else { snap };
                let len = (wire.min(snap) as usize).min(block.len() - 4);
                // Simple packets carry no time; the last one known is the best guess.
                let (link, time) = match self.interfaces.first() {
                    Some(interface) => (interface.link, last),
                    None => match self.guess(size, 0, None, (&block[4..4 + len], wire), last) {
                        Ok(guess) => guess,
                        Err(step) => return step,
                    },
                };
                if last == Time(0) && !self.untimed {
                    // Told once; the packet is met again.
                    self.untimed = true;
                    return Step::Damaged { size: 0, kind: DamageKind::NoTime };
                }
                Step::Packet { size, start: 12, len, wire_len: wire, link, time }
            }
            STATISTICS => {
                if block.len() >= 12 {
                    let index = self.u32(block, 0) as usize;
                    let big = self.big_endian;
                    let mut dropped = None;
                    // isb_ifdrop
                    self.options(block, 12, |code, value| {
                        if code == 5 && value.len() == 8 {
                            let v: [u8; 8] = value.try_into().unwrap_or_default();
                            dropped = Some(if big {
                                u64::from_be_bytes(v)
                            } else {
                                u64::from_le_bytes(v)
                            });
                        }
                    });
                    let mut known = self.interfaces.iter_mut().chain(&mut self.doubtful);
                    if let (Some(n), Some(i)) = (dropped, known.nth(index)) {
                        i.dropped = i.dropped.max(n);
                    }
                }
                Step::Skip { size: size as u64 }
            }
            _ => {
                // A description may have lost no more than its kind.
                let like_one = block.len() >= 8 && self.u16(block, 2) == 0;
                self.lost |= like_one && !may_be_large(kind) && knows_link(self.u16(block, 0));
                Step::Skip { size: size as u64 }
            }
        }
    }

    /// The size of the whole block in front; what to do where there is none.
    #[inline(always)]
    fn size(&self, bytes: &[u8], kind: u32) -> Result<usize, Step> {
        let size = self.u32(bytes, 4) as usize;
        if size < 12 || !size.is_multiple_of(4) {
            return Err(Step::Bad);
        }
        let wanted = matches!(
            kind,
            SECTION | INTERFACE | OBSOLETE_PACKET | SIMPLE_PACKET | STATISTICS | ENHANCED_PACKET
        );
        if size > MAX_BLOCK {
            return Err(if wanted || !may_be_large(kind) || size > 1 << 28 {
                Step::Bad
            } else {
                Step::Skip { size: size as u64 }
            });
        }
        if bytes.len() < size {
            return Err(Step::Need(size));
        }
        if self.u32(bytes, size - 4) as usize != size {
            return Err(Step::Bad);
        }
        Ok(size)
    }

    /// Where a section header or a description ends whose length is wrong: behind the other length, if that one is
    /// right, or else where a block begins.
    #[cold]
    fn mended(&self, bytes: &[u8], kind: u32) -> Option<usize> {
        let least = match kind {
            SECTION => 28,
            // Behind the link type stand zeroes.
            INTERFACE if self.u16(bytes, 10) == 0 => 20,
            _ => return None,
        };
        (16..=MAX_DESCRIPTION.min(bytes.len())).step_by(4).find(|&size| {
            let closes = size >= least && self.u32(bytes, size - 4) as usize == size;
            closes || self.plausible(&bytes[size..]) == Some(true)
        })
    }

    /// What is told of a section header or a description that was read.
    fn described(&mut self, bytes: &[u8], size: usize) -> Step {
        let says = |at| self.u32(bytes, at) as usize == size;
        match (says(4), says(size - 4)) {
            (true, true) => return Step::Skip { size: size as u64 },
            // Nothing says that what stands before the next block is this one alone.
            (false, false) => self.lost = true,
            _ => {}
        }
        Step::Damaged { size, kind: DamageKind::BadEntry }
    }

    /// Link type and time of a packet, given with its length on the wire, whose interface is none of those with a sure
    /// number; what to do where that cannot be told. `size` is the block's.
    #[cold]
    fn guess(
        &mut self,
        size: usize,
        index: usize,
        ticks: Option<u64>,
        (frame, wire): (&[u8], u32),
        last: Time,
    ) -> Result<(u16, Time), Step> {
        let refuse = Step::Refuse { size, kind: DamageKind::UnknownInterface };
        if !self.lost {
            return Err(refuse);
        }
        let cut = wire.saturating_sub(frame.len() as u32);
        let fit = |interface: &Interface| {
            let time = ticks.map_or(last, |ticks| interface.time(ticks));
            let timely = match last {
                Time(0) => ticks.is_none() || ERA.contains(&time),
                last => time.since(last).unsigned_abs() <= NEAR,
            };
            (timely && likely(interface.link, frame, cut)).then_some((interface.link, time))
        };
        if let Some(found) = self.known().nth(index).and_then(fit) {
            return Ok(found);
        }
        let found = self.known().take(MAX_TRIED).chain(&USUAL).find_map(fit);
        match found {
            Some(found) if self.guessed => Ok(found),
            Some(_) => {
                // Told once; the packet is met again.
                self.guessed = true;
                Err(Step::Damaged { size: 0, kind: DamageKind::BadEntry })
            }
            None => Err(refuse),
        }
    }

    /// A known block type whose two lengths agree.
    pub(super) fn plausible(&self, bytes: &[u8]) -> Option<bool> {
        if bytes.len() < 12 {
            return None;
        }
        if bytes[..4] == SECTION.to_be_bytes() {
            return Some(byte_order(bytes).is_some_and(|big| {
                let size = Self { big_endian: big, ..Self::default() }.u32(bytes, 4);
                (28..65_536).contains(&size) && size.is_multiple_of(4)
            }));
        }
        let kind = self.u32(bytes, 0);
        let size = self.u32(bytes, 4) as usize;
        if !(1..=11).contains(&kind) || size < 16 || !size.is_multiple_of(4) || size > MAX_BLOCK {
            return Some(false);
        }
        if matches!(kind, ENHANCED_PACKET | OBSOLETE_PACKET) {
            if bytes.len() < 28 {
                return None;
            }
            let (captured, wire) = (self.u32(bytes, 20), self.u32(bytes, 24));
            if !plausible_lengths(captured, wire) || captured as usize + 32 > size {
                return Some(false);
            }
        }
        if bytes.len() < size {
            return None;
        }
        Some(self.u32(bytes, size - 4) as usize == size)
    }
}

impl Interface {
    fn time(&self, ticks: u64) -> Time {
        let seconds = (ticks / self.ticks) as i64;
        let nanos = u128::from(ticks % self.ticks) * 1_000_000_000 / u128::from(self.ticks);
        Time::new(seconds.saturating_add(self.offset), nanos as u32)
    }
}

/// Kinds that tools write without a bound: names, journals, secrets, custom and local ones. Any
/// other number with a large size is damage.
fn may_be_large(kind: u32) -> bool {
    matches!(kind, 4 | 7..=11 | 0x200..=0x2ff | 0x0bad | 0x4000_0bad | 0x8000_0000..=0x8000_00ff)
}

/// Byte order of a section header block; `None` when its magic is wrong.
fn byte_order(bytes: &[u8]) -> Option<bool> {
    match bytes.get(8..12)? {
        [0x1a, 0x2b, 0x3c, 0x4d] => Some(true),
        [0x4d, 0x3c, 0x2b, 0x1a] => Some(false),
        _ => None,
    }
}
