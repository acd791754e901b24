//! pcap: a file header and records (draft-ietf-opsawg-pcap), in both byte orders and both
//! resolutions, and the "modified" variant with longer record headers.

use super::{
    MAX_PACKET,
    format::{Step, plausible_lengths},
};
use hangtu_record::Time;

pub(super) struct Pcap {
    big_endian: bool,
    nanos: bool,
    header: usize,
    link: u16,
}

struct Head {
    seconds: u32,
    fraction: u32,
    captured: u32,
    wire: u32,
}

impl Pcap {
    /// Reads the 24-byte file header.
    pub(super) fn from_header(bytes: &[u8]) -> Option<Self> {
        let magic: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
        let (big_endian, nanos, header) = match magic {
            [0xd4, 0xc3, 0xb2, 0xa1] => (false, false, 16),
            [0xa1, 0xb2, 0xc3, 0xd4] => (true, false, 16),
            [0x4d, 0x3c, 0xb2, 0xa1] => (false, true, 16),
            [0xa1, 0xb2, 0x3c, 0x4d] => (true, true, 16),
            // Kuznetzov's: interface index, protocol and packet type follow the usual fields.
            [0x34, 0xcd, 0xb2, 0xa1] => (false, false, 24),
            [0xa1, 0xb2, 0xcd, 0x34] => (true, false, 24),
            _ => return None,
        };
        let field: [u8; 4] = bytes.get(20..24)?.try_into().ok()?;
        let field = if big_endian { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) };
        // The upper bits say whether frames end in a checksum; the lower 16 are the link type.
        Some(Self { big_endian, nanos, header, link: field as u16 })
    }

    fn u32(&self, bytes: &[u8], at: usize) -> u32 {
        let b = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        if self.big_endian { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) }
    }

    /// The header's fields, when they can be a record's. Needs 16 bytes.
    fn head(&self, bytes: &[u8]) -> Option<Head> {
        let head = Head {
            seconds: self.u32(bytes, 0),
            fraction: self.u32(bytes, 4),
            captured: self.u32(bytes, 8),
            wire: self.u32(bytes, 12),
        };
        let limit = if self.nanos { 1_000_000_000 } else { 1_000_000 };
        // Some writers put a full second into the fraction; twice the limit is nobody's.
        (head.fraction < 2 * limit && plausible_lengths(head.captured, head.wire)).then_some(head)
    }

    pub(super) fn step(&self, bytes: &[u8]) -> Step {
        if bytes.len() < self.header {
            return Step::Need(self.header);
        }
        let Some(head) = self.head(bytes) else { return Step::Bad };
        let len = head.captured as usize;
        let size = self.header + len;
        if bytes.len() < size {
            return Step::Need(size);
        }
        let nanos = if self.nanos { head.fraction } else { head.fraction.saturating_mul(1000) };
        Step::Packet {
            size,
            start: self.header,
            len,
            wire_len: head.wire.max(head.captured),
            link: self.link,
            time: Time::new(i64::from(head.seconds), nanos),
        }
    }

    /// Two headers in a row, within a day of the last good time: chance gives that once in 10^12.
    pub(super) fn plausible(&self, bytes: &[u8], last: Time) -> Option<bool> {
        let near = |head: &Head| {
            let seconds = i64::from(head.seconds);
            head.wire > 0
                && head.captured <= head.wire
                && (last.0 == 0 || (seconds - last.0 / 1_000_000_000).abs() <= 86_400)
        };
        if bytes.len() < self.header {
            return None;
        }
        let Some(first) = self.head(bytes).filter(near) else { return Some(false) };
        let size = self.header + (first.captured as usize).min(MAX_PACKET);
        if bytes.len() == size {
            return Some(true);
        }
        if bytes.len() < size + self.header {
            return None;
        }
        Some(self.head(&bytes[size..]).as_ref().is_some_and(near))
    }
}
