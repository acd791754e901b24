//! pcap: a file header and records (draft-ietf-opsawg-pcap), in both byte orders and both
//! resolutions, and the "modified" variant with longer record headers.

use super::format::{Step, plausible_lengths};
use hangtu_record::Time;

/// Captured bytes that are common; more is believed only when another record follows.
const MAX_SNAP: u32 = 262_144;
/// How far apart in seconds neighbours in a capture are believed to be.
const NEAR: i64 = 86_400;

pub(super) struct Pcap {
    big_endian: bool,
    nanos: bool,
    header: usize,
    link: u16,
    /// Bytes of a packet that the capture kept at most.
    snap: u32,
    /// Whether packets were kept in part for other reasons.
    sliced: bool,
    /// The last seconds that packets came at; one of them may have been damaged.
    recent: [Option<u32>; 3],
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
        let mut out =
            Self { big_endian, nanos, header, link: 0, snap: 0, sliced: false, recent: [None; 3] };
        if bytes.len() < 24 {
            return None;
        }
        // The upper bits of the last say whether frames end in a checksum; the lower 16 are the link type.
        let [_, _, snap, link] = out.words(bytes[8..].first_chunk()?);
        (out.snap, out.link) = (snap, link as u16);
        Some(out)
    }

    #[inline(always)]
    fn words(&self, bytes: &[u8; 16]) -> [u32; 4] {
        let words = bytes.as_chunks::<4>().0;
        let word = |i: usize| {
            if self.big_endian {
                u32::from_be_bytes(words[i])
            } else {
                u32::from_le_bytes(words[i])
            }
        };
        [word(0), word(1), word(2), word(3)]
    }

    /// The header's fields, when they can be a record's.
    #[inline(always)]
    fn head(&self, bytes: &[u8]) -> Option<Head> {
        let [seconds, fraction, captured, wire] = self.words(bytes.first_chunk()?);
        let head = Head { seconds, fraction, captured, wire };
        let limit = if self.nanos { 1_000_000_000 } else { 1_000_000 };
        // Some writers put a full second into the fraction; twice the limit is nobody's. Zeroes
        // are what a disk gives back for what it lost.
        (head.fraction < 2 * limit
            && plausible_lengths(head.captured, head.wire)
            && (head.seconds, head.captured, head.wire) != (0, 0, 0))
            .then_some(head)
    }

    /// Whether the lengths are those of an ordinary packet: kept whole, or cut as all are.
    fn ordinary(&self, head: &Head) -> bool {
        (1..=MAX_SNAP).contains(&head.wire)
            && (head.captured == head.wire
                || (1..head.wire).contains(&head.captured)
                    && (self.sliced || head.captured == self.snap))
    }

    /// Whether the time is near one of the last ones.
    fn known_time(&self, head: &Head) -> bool {
        self.recent.iter().flatten().any(|s| near(*s, head.seconds))
    }

    /// Tells of the usual records at the front, whole packets of the same second as the last one, without all that
    /// `step` asks; returns how many bytes they take. Told are where a record and its packet start, the packet's
    /// length, and its time.
    #[inline(always)]
    pub(super) fn usual(
        &self,
        bytes: &[u8],
        mut each: impl FnMut(usize, usize, u32, Time),
    ) -> usize {
        let Some(second) = self.recent[0] else { return 0 };
        let (limit, unit) = if self.nanos { (1_000_000_000, 1) } else { (1_000_000, 1000) };
        let mut at = 0;
        while let Some(head) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            let [seconds, fraction, captured, wire] = self.words(head);
            let start = at + self.header;
            let end = start + captured as usize;
            let whole = captured == wire && (1..=MAX_SNAP).contains(&wire) && end <= bytes.len();
            if !whole || seconds != second || fraction >= limit {
                break;
            }
            each(at, start, captured, Time::new(i64::from(seconds), fraction * unit));
            at = end;
        }
        at
    }

    /// The link type of all packets.
    pub(super) fn link(&self) -> u16 {
        self.link
    }

    #[inline]
    pub(super) fn step(&mut self, bytes: &[u8], ended: bool) -> Step {
        if bytes.len() < self.header {
            return Step::Need(self.header);
        }
        let Some(head) = self.head(bytes) else { return Step::Bad };
        let len = head.captured as usize;
        let size = self.header + len;
        // What is unusual is believed when it leads to the next records.
        let now = self.recent[0] == Some(head.seconds);
        let known = now || self.known_time(&head) || self.recent[0].is_none();
        if !known || !self.ordinary(&head) {
            match self.leads_on(bytes, size, ended) {
                Ok(true) => {}
                Ok(false) => return Step::Bad,
                Err(need) => return Step::Need(need),
            }
        }
        if bytes.len() < size {
            return Step::Need(size);
        }
        self.sliced |= known && head.captured < head.wire && head.captured != self.snap;
        if !now {
            self.recent = [Some(head.seconds), self.recent[0], self.recent[1]];
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

    /// Whether two likely headers follow in a row from `at`, or the end; an error when more bytes
    /// would be needed to say: how many in all.
    fn leads_on(&self, bytes: &[u8], mut at: usize, ended: bool) -> Result<bool, usize> {
        for _ in 0..2 {
            let rest = match bytes.get(at..) {
                Some(rest) if rest.len() >= self.header => rest,
                Some(_) if ended => break,
                None if ended => return Ok(false),
                _ => return Err(at + self.header),
            };
            // Not `ordinary`: these may be the first of a capture whose packets are all in part.
            let likely =
                |h: &Head| (1..=MAX_SNAP).contains(&h.wire) && (1..=h.wire).contains(&h.captured);
            let Some(head) = self.head(rest).filter(likely) else { return Ok(false) };
            at += self.header + head.captured as usize;
        }
        Ok(true)
    }

    /// Two headers in a row at a time near the last ones: chance gives that once in 10^12. Where
    /// the time is another one, five headers in a row.
    pub(super) fn plausible(&self, bytes: &[u8], ended: bool) -> Option<bool> {
        let (mut at, mut want) = (0, 2_usize);
        let mut first = 0;
        for found in 0.. {
            let rest = match bytes.get(at..) {
                Some(rest) if rest.len() >= self.header => rest,
                // The last record of a capture has none behind it.
                Some(_) if ended => return Some(found >= want.div_ceil(2)),
                None if ended => return Some(false),
                _ => return None,
            };
            let head = self.head(rest).filter(|h| self.ordinary(h));
            let Some(head) = head else { return Some(false) };
            if found == 0 {
                first = head.seconds;
                want = if self.known_time(&head) { 2 } else { 5 };
            }
            if !near(first, head.seconds) {
                return Some(false);
            }
            if found + 1 == want {
                break;
            }
            at += self.header + head.captured as usize;
        }
        Some(true)
    }
}

fn near(a: u32, b: u32) -> bool {
    (i64::from(a) - i64::from(b)).abs() <= NEAR
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u32 = 1_772_400_000;

    fn record(out: &mut Vec<u8>, pcap: &Pcap, words: [u32; 4]) {
        for word in words {
            out.extend(if pcap.big_endian { word.to_be_bytes() } else { word.to_le_bytes() });
        }
        out.resize(out.len() + pcap.header - 16 + words[2].min(MAX_SNAP + 1) as usize, 0);
    }

    proptest! {
        /// From the same state, `step` says the same of each record of which `usual` told.
        #[test]
        fn usual_records_are_what_they_are_one_by_one(
            magic in prop::sample::select(vec![0xa1b2_c3d4_u32, 0xd4c3_b2a1, 0xa1b2_3c4d, 0x34cd_b2a1]),
            records in prop::collection::vec((
                prop::sample::select(vec![SECOND; 5].into_iter().chain([SECOND + 1, 0]).collect::<Vec<_>>()),
                prop::sample::select(vec![0, 999_999, 1_000_000, 1_999_999, 2_000_000, 999_999_999, 1_000_000_000]),
                prop::sample::select(vec![(60, 60), (1, 1), (0, 0), (60, 61), (61, 60), (MAX_SNAP, MAX_SNAP), (MAX_SNAP + 1, MAX_SNAP + 1), (u32::MAX, u32::MAX)]),
            ), 1..9),
            cut in 0..70_usize,
        ) {
            let mut head = magic.to_be_bytes().to_vec();
            head.resize(24, 0);
            let new = || Pcap::from_header(&head).unwrap();
            let (mut one, mut all) = (new(), new());
            let mut bytes = Vec::new();
            record(&mut bytes, &one, [SECOND, 1, 40, 40]);
            for (seconds, fraction, (captured, wire)) in records {
                record(&mut bytes, &one, [seconds, fraction, captured, wire]);
            }
            bytes.truncate(bytes.len().saturating_sub(cut).max(64));
            let Step::Packet { size, .. } = one.step(&bytes, true) else { panic!("the first is plain") };
            all.step(&bytes, true);
            let rest = &bytes[size..];
            let mut told = Vec::new();
            let used = all.usual(rest, |at, start, len, time| told.push((at, start, len, time)));
            let mut at = 0;
            for usual in told {
                let Step::Packet { size, start, len, wire_len, link, time } = one.step(&rest[at..], true)
                else { panic!("no packet at {at}") };
                prop_assert_eq!(usual, (at, at + start, len as u32, time));
                prop_assert_eq!((wire_len, link), (len as u32, all.link()));
                at += size;
            }
            prop_assert_eq!(at, used);
            prop_assert_eq!((one.recent, one.sliced), (all.recent, all.sliced));
        }
    }
}
