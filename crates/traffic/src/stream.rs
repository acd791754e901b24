//! One direction of a TCP connection put in order.
//!
//! The common case, the next segment in order, costs a comparison and hands the bytes on without
//! copying. Segments that come early are held, bounded by count, bytes and time; then the hole is
//! declared lost and decoding goes on behind it. What overlaps keeps its first version. A segment
//! far from all others is believed only when something confirms it: anybody can forge one, and no
//! receiver would take it (RFC 9293 section 3.10.7.4).

use crate::ends::At;
use std::collections::VecDeque;

/// Segments held for one direction.
const MAX_HELD: usize = 64;
/// Bytes held for one direction.
const MAX_HELD_BYTES: usize = 256 * 1024;
/// How long a hole is waited for, in capture time.
const MAX_HOLD: i64 = 2_000_000_000;
/// A jump in sequence numbers past this is another connection or nonsense, not a hole.
const MAX_JUMP: i32 = 16 << 20;
/// How close behind a far segment a number must be to confirm it.
const MAX_FOLLOW: u32 = 1 << 20;

/// What to do with a segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    /// Deliver the payload from this byte on.
    Deliver(usize),
    /// Nothing new in it.
    Old,
    /// To be held: it comes early, or over one that is held.
    Held,
    /// Declare a gap of so many bytes, then deliver the whole payload.
    Gap(u32),
    /// Too far away to be believed by itself.
    Far,
}

#[derive(Debug)]
struct Held {
    seq: u32,
    /// When and where it came; what it completes is told of this packet.
    at: At,
    /// Bytes the capture cut off behind it.
    cut: u32,
    bytes: Box<[u8]>,
}

impl Held {
    /// Sequence number behind its captured bytes.
    fn end(&self) -> u32 {
        self.seq.wrapping_add(self.bytes.len() as u32)
    }
}

/// A held segment whose turn has come.
#[derive(Debug)]
pub(crate) struct Released {
    /// Sequence number of its first new byte.
    pub(crate) seq: u32,
    /// Bytes missing before it.
    pub(crate) hole: u32,
    /// New bytes.
    pub(crate) bytes: Box<[u8]>,
    /// Bytes the capture cut off behind it.
    pub(crate) cut: u32,
    /// When and where it came.
    pub(crate) at: At,
}

/// Sequence state of one direction. Small, as every flow has two of them and every packet looks at both.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    next: u32,
    started: bool,
    /// Whether any data came.
    spoke: bool,
    /// Bytes to pass over before the decoder looks again; `u64::MAX` for all of them.
    pub(crate) skip: u64,
    /// Bytes delivered that the decoder has not used yet.
    pub(crate) pending: Vec<u8>,
    /// Segments that wait for what was before them; few streams ever have any.
    early: Option<Box<Early>>,
}

#[derive(Debug, Default)]
struct Early {
    /// In order and not overlapping.
    held: VecDeque<Held>,
    /// Bytes in those.
    bytes: usize,
    /// The last segment that came from far away and that nothing has confirmed yet.
    far: Option<Held>,
}

impl Early {
    fn memory(&self) -> usize {
        // An allocation costs some bytes of its own.
        let each = self.held.len() * 16 + self.held.capacity() * size_of::<Held>();
        let far = self.far.as_ref().map_or(0, |far| 16 + far.bytes.len());
        size_of::<Self>() + each + self.bytes + far
    }
}

impl Stream {
    /// A SYN with that sequence number: data starts one later. Until there was any, the last one
    /// counts: an attempt that was refused may be repeated from another number.
    pub(crate) fn syn(&mut self, seq: u32) {
        if !self.spoke {
            self.started = true;
            self.next = seq.wrapping_add(1);
        }
    }

    /// Whether any segment waits, in its order or for a confirmation.
    #[inline(always)]
    pub(crate) fn waits(&self) -> bool {
        self.early.is_some()
    }

    /// Whether any segment is held.
    #[inline(always)]
    pub(crate) fn holds(&self) -> bool {
        self.first().is_some()
    }

    #[inline(always)]
    fn first(&self) -> Option<&Held> {
        self.early.as_ref().and_then(|early| early.held.front())
    }

    /// Whether the other side has acknowledged what fills the first hole: then it was sent and
    /// received, and the capture will not have it any more.
    pub(crate) fn missed(&self, ack: u32) -> bool {
        self.first().is_some_and(|first| ack.wrapping_sub(first.seq) as i32 >= 0)
    }

    /// Whether a number is too far from what comes next to be believed by itself.
    fn is_far(&self, seq: u32) -> bool {
        let ahead = seq.wrapping_sub(self.next) as i32;
        !(-MAX_JUMP..=MAX_JUMP).contains(&ahead)
    }

    /// Whether a number, of the next segment or acknowledged by the other side, confirms the far
    /// segment: it follows on from it, and the stream did not come there by itself.
    pub(crate) fn confirmed(&self, number: u32) -> bool {
        self.early.as_ref().and_then(|early| early.far.as_ref()).is_some_and(|far| {
            let end = far.end().wrapping_add(far.cut);
            self.is_far(far.seq) && number.wrapping_sub(end) <= MAX_FOLLOW
        })
    }

    /// Places a segment of `len` captured bytes.
    #[inline]
    pub(crate) fn place(&mut self, seq: u32, len: usize) -> Placed {
        self.spoke = true;
        if !self.started {
            self.started = true;
            self.next = seq;
        }
        if seq == self.next && self.early.is_none() {
            return Placed::Deliver(0);
        }
        self.place_unusual(seq, len)
    }

    fn place_unusual(&self, seq: u32, len: usize) -> Placed {
        let ahead = seq.wrapping_sub(self.next) as i32;
        // Nobody reads these bytes: no reason to doubt them, or to wait for a hole.
        let unread = self.skip == u64::MAX;
        if self.is_far(seq) {
            return if unread { Placed::Gap(0) } else { Placed::Far };
        }
        if ahead > 0 {
            return if unread { Placed::Gap(ahead as u32) } else { Placed::Held };
        }
        let old = ahead.unsigned_abs() as usize;
        if old >= len {
            return Placed::Old;
        }
        let end = seq.wrapping_add(len as u32);
        let over = self.first().is_some_and(|first| (first.seq.wrapping_sub(end) as i32) < 0);
        if over { Placed::Held } else { Placed::Deliver(old) }
    }

    /// Moves on past delivered bytes (and those cut off behind them).
    #[inline(always)]
    pub(crate) fn advance(&mut self, seq: u32, len: usize, cut: u32) {
        self.next = seq.wrapping_add(len as u32).wrapping_add(cut);
    }

    /// Keeps what is new in a segment. `false` when the bounds are reached and the hole must be
    /// given up.
    pub(crate) fn hold(&mut self, mut seq: u32, at: At, mut bytes: &[u8], cut: u32) -> bool {
        let early = self.early.get_or_insert_default();
        let held = &mut early.held;
        // How far one number is behind another.
        let behind = |number: u32, other: u32| (number.wrapping_sub(other) as i32).max(0) as usize;
        let mut place = held.partition_point(|h| (h.seq.wrapping_sub(seq) as i32) <= 0);
        let mut covered =
            place.checked_sub(1).and_then(|at| held.get(at)).map_or(0, |h| behind(h.end(), seq));
        let before = early.bytes;
        while covered < bytes.len() {
            seq = seq.wrapping_add(covered as u32);
            bytes = &bytes[covered..];
            let next = held.get(place).map(|h| (behind(h.seq, seq), h.bytes.len()));
            let (room, taken) = next.unwrap_or((bytes.len(), 0));
            if room > 0 {
                let new = &bytes[..room.min(bytes.len())];
                // What the capture cut off stands behind the last byte.
                let cut = if new.len() == bytes.len() { cut } else { 0 };
                held.insert(place, Held { seq, at, cut, bytes: new.into() });
                early.bytes += new.len();
                place += 1;
            }
            place += 1;
            covered = room + taken;
        }
        // Nothing of it was new.
        if early.bytes == before {
            return true;
        }
        let waited = held.iter().map(|h| at.time.since(h.at.time)).max().unwrap_or(0);
        held.len() < MAX_HELD && early.bytes < MAX_HELD_BYTES && waited <= MAX_HOLD
    }

    /// Keeps a far segment until something confirms it. How many bytes are given up with the one
    /// before it, which nothing confirmed.
    pub(crate) fn doubt(&mut self, seq: u32, at: At, bytes: &[u8], cut: u32) -> u64 {
        let early = self.early.get_or_insert_default();
        // A copy of it.
        if early.far.as_ref().is_some_and(|far| far.seq == seq) {
            return 0;
        }
        let before = early.far.replace(Held { seq, at, cut, bytes: bytes.into() });
        before.map_or(0, |far| far.bytes.len() as u64)
    }

    /// Bytes that came from far away and that nothing has confirmed.
    pub(crate) fn doubted(&self) -> u64 {
        let far = self.early.as_ref().and_then(|early| early.far.as_ref());
        far.map_or(0, |far| far.bytes.len() as u64)
    }

    /// Goes on at the far segment, which is held from here on; when it came.
    pub(crate) fn jump(&mut self) -> Option<At> {
        let early = self.early.as_mut()?;
        let far = early.far.take()?;
        let at = far.at;
        self.next = far.seq;
        early.bytes += far.bytes.len();
        early.held.push_front(far);
        Some(at)
    }

    /// The next held segment that continues the stream, or with `force` the first one with the
    /// size of the hole before it.
    pub(crate) fn release(&mut self, force: bool) -> Option<Released> {
        loop {
            let early = self.early.as_mut()?;
            let ahead = early.held.front()?.seq.wrapping_sub(self.next) as i32;
            if ahead > 0 && !force {
                return None;
            }
            let held = early.held.pop_front()?;
            early.bytes -= held.bytes.len();
            if early.held.is_empty() && early.far.is_none() {
                self.early = None;
            }
            if ahead >= 0 {
                return Some(Released {
                    seq: held.seq,
                    hole: ahead as u32,
                    bytes: held.bytes,
                    cut: held.cut,
                    at: held.at,
                });
            }
            let old = ahead.unsigned_abs() as usize;
            if old < held.bytes.len() {
                let seq = held.seq.wrapping_add(old as u32);
                let bytes = held.bytes[old..].into();
                return Some(Released { seq, hole: 0, bytes, cut: held.cut, at: held.at });
            }
        }
    }

    /// What is held or pending costs.
    #[inline(always)]
    pub(crate) fn memory(&self) -> usize {
        let early = self.early.as_ref().map_or(0, |early| early.memory());
        early + self.pending.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hangtu_record::{Origin, Time};

    #[test]
    fn what_a_stream_comes_to_by_itself_confirms_nothing() {
        let (mut stream, far) = (Stream::default(), 20 << 20);
        let at = At { time: Time(0), origin: Origin::default() };
        assert_eq!(stream.place(0, 1), Placed::Deliver(0));
        stream.advance(0, 1, 0);
        assert_eq!(stream.place(far, 4), Placed::Far);
        assert_eq!(stream.doubt(far, at, b"evil", 0), 0);
        assert!(stream.confirmed(far + 4));
        stream.advance(far, 100, 0);
        assert!(!stream.confirmed(far + 100));
    }
}
