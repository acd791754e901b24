//! pcapng: sections, interfaces, packets (draft-ietf-opsawg-pcapng).

use super::{
    MAX_PACKET,
    format::{Step, plausible_lengths},
};
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

struct Interface {
    link: u16,
    snap: u32,
    /// Ticks a second.
    ticks: u64,
    /// Seconds to add to every time.
    offset: i64,
    dropped: u64,
}

#[derive(Default)]
pub(super) struct Pcapng {
    big_endian: bool,
    interfaces: Vec<Interface>,
    dropped_before: u64,
}

impl Pcapng {
    /// Recognises a section header block at the start.
    pub(super) fn from_header(bytes: &[u8]) -> Option<Self> {
        if bytes.get(..4)? != SECTION.to_be_bytes() {
            return None;
        }
        let big_endian = byte_order(bytes)?;
        Some(Self { big_endian, interfaces: Vec::new(), dropped_before: 0 })
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped_before + self.interfaces.iter().map(|i| i.dropped).sum::<u64>()
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

    pub(super) fn step(&mut self, bytes: &[u8], last: Time) -> Step {
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
        let size = self.u32(bytes, 4) as usize;
        if size < 12 || !size.is_multiple_of(4) {
            return Step::Bad;
        }
        let wanted = matches!(
            kind,
            SECTION | INTERFACE | OBSOLETE_PACKET | SIMPLE_PACKET | STATISTICS | ENHANCED_PACKET
        );
        if size > MAX_BLOCK {
            return if wanted || !may_be_large(kind) || size > 1 << 28 {
                Step::Bad
            } else {
                Step::Skip { size: size as u64 }
            };
        }
        if bytes.len() < size {
            return Step::Need(size);
        }
        if self.u32(bytes, size - 4) as usize != size {
            return Step::Bad;
        }
        let block = &bytes[8..size - 4];
        match kind {
            SECTION => {
                self.dropped_before = self.dropped();
                self.interfaces.clear();
                Step::Skip { size: size as u64 }
            }
            INTERFACE => {
                if block.len() < 8 {
                    return Step::Bad;
                }
                if self.interfaces.len() >= MAX_INTERFACES {
                    return Step::Skip { size: size as u64 };
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
                self.interfaces.push(interface);
                Step::Skip { size: size as u64 }
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
                let Some(interface) = self.interfaces.get(index) else {
                    return Step::Refuse { size, kind: DamageKind::UnknownInterface };
                };
                if 20 + captured > block.len() {
                    return Step::Bad;
                }
                let ticks = u64::from(self.u32(block, 4)) << 32 | u64::from(self.u32(block, 8));
                Step::Packet {
                    size,
                    start: 28,
                    len: captured,
                    wire_len: wire.max(captured as u32),
                    link: interface.link,
                    time: interface.time(ticks),
                }
            }
            SIMPLE_PACKET => {
                let Some(interface) = self.interfaces.first() else {
                    return Step::Refuse { size, kind: DamageKind::UnknownInterface };
                };
                if block.len() < 4 {
                    return Step::Bad;
                }
                let wire = self.u32(block, 0);
                let snap = if interface.snap == 0 { u32::MAX } else { interface.snap };
                let len = (wire.min(snap) as usize).min(block.len() - 4);
                // Simple packets carry no time; the last one known is the best guess.
                Step::Packet {
                    size,
                    start: 12,
                    len,
                    wire_len: wire,
                    link: interface.link,
                    time: last,
                }
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
                    if let (Some(n), Some(i)) = (dropped, self.interfaces.get_mut(index)) {
                        i.dropped = i.dropped.max(n);
                    }
                }
                Step::Skip { size: size as u64 }
            }
            _ => Step::Skip { size: size as u64 },
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
