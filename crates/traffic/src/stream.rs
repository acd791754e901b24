//! One direction of a TCP connection put in order.
//!
//! The common case, the next segment in order, costs a comparison and hands the bytes on without
//! copying. Segments that come early are held, bounded by count, bytes and time; then the hole is
//! declared lost and decoding goes on behind it. What overlaps keeps its first version.

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

/// What to do with a segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    /// Deliver the payload from this byte on.
    Deliver(usize),
    /// Nothing new in it.
    Old,
    /// Held for later.
    Held,
    /// Declare a gap of so many bytes, then deliver the whole payload.
    Gap(u32),
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
    /// Segments that wait for what was before them, in order; few streams ever have any.
    early: Option<Box<Early>>,
}

#[derive(Debug, Default)]
struct Early {
    held: VecDeque<Held>,
    bytes: usize,
}

impl Early {
    fn memory(&self) -> usize {
        // An allocation costs some bytes of its own.
        let each = self.held.len() * 16 + self.held.capacity() * size_of::<Held>();
        size_of::<Self>() + each + self.bytes
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

    /// Whether the other side has acknowledged what fills the first hole: then it was sent and
    /// received, and the capture will not have it any more.
    #[inline(always)]
    pub(crate) fn missed(&self, ack: u32) -> bool {
        let first = self.early.as_ref().and_then(|early| early.held.front());
        first.is_some_and(|first| ack.wrapping_sub(first.seq) as i32 >= 0)
    }

    /// Whether any segment is held.
    #[inline(always)]
    pub(crate) fn holds(&self) -> bool {
        self.early.is_some()
    }

    /// Places a segment of `len` captured bytes.
    #[inline]
    pub(crate) fn place(&mut self, seq: u32, len: usize) -> Placed {
        self.spoke = true;
        if !self.started {
            self.started = true;
            self.next = seq;
        }
        let ahead = seq.wrapping_sub(self.next) as i32;
        if ahead == 0 {
            return Placed::Deliver(0);
        }
        if !(-MAX_JUMP..=MAX_JUMP).contains(&ahead) {
            return Placed::Gap(0);
        }
        if ahead < 0 {
            let old = ahead.unsigned_abs() as usize;
            return if old >= len { Placed::Old } else { Placed::Deliver(old) };
        }
        // Nobody reads these bytes: no reason to wait for the hole.
        if self.skip == u64::MAX {
            return Placed::Gap(ahead as u32);
        }
        Placed::Held
    }

    /// Moves on past delivered bytes (and those cut off behind them).
    #[inline(always)]
    pub(crate) fn advance(&mut self, seq: u32, len: usize, cut: u32) {
        self.next = seq.wrapping_add(len as u32).wrapping_add(cut);
    }

    /// Keeps an early segment. `false` when the bounds are reached and the hole must be given up.
    pub(crate) fn hold(&mut self, seq: u32, at: At, bytes: &[u8], cut: u32) -> bool {
        let early = self.early.get_or_insert_default();
        let held = &mut early.held;
        let place = held.partition_point(|h| (h.seq.wrapping_sub(seq) as i32) < 0);
        // The same segment again.
        if held.get(place).is_some_and(|h| h.seq == seq && h.bytes.len() >= bytes.len()) {
            return true;
        }
        held.insert(place, Held { seq, at, cut, bytes: bytes.into() });
        early.bytes += bytes.len();
        let waited = held.iter().map(|h| at.time.since(h.at.time)).max().unwrap_or(0);
        held.len() < MAX_HELD && early.bytes < MAX_HELD_BYTES && waited <= MAX_HOLD
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
            if early.held.is_empty() {
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
