//! IP fragments put together, bounded in number, bytes and time. What overlaps keeps its first
//! version.

use crate::packet::{Fragment, IpPacket};
use hangtu_record::Time;
use hashbrown::HashMap;
use std::net::IpAddr;

/// Datagrams waiting for fragments.
const MAX_DATAGRAMS: usize = 4096;
/// Bytes waiting in all.
const MAX_BYTES: usize = 8 << 20;
/// Parts of one datagram: as many as the narrowest link makes of the longest (68 octets, RFC 791 section 3.2).
const MAX_PARTS: usize = 1_365;
/// What a part costs beside its bytes.
const PART: usize = 48;
/// Largest IP payload.
const MAX_DATAGRAM: u32 = 65_535;
/// How long copies of fragments may come after the datagram was complete: a mirror shows both ways through a switch.
const COPIES: i64 = 1_000_000_000;
/// How long fragments wait, in capture time (RFC 8200 section 4.5: 60 seconds).
const MAX_AGE: i64 = 60_000_000_000;

type Key = (IpAddr, IpAddr, u32, u8);

#[derive(Debug)]
struct Datagram {
    started: Time,
    /// Parts by offset, not overlapping.
    parts: Vec<(u32, Box<[u8]>)>,
    bytes: usize,
    /// Bytes and what keeping them in parts costs.
    cost: usize,
    /// Total length, known from the last fragment.
    total: Option<u32>,
    /// Whether it was complete or given up, and is here to know copies, and more of it, by.
    done: bool,
}

impl Datagram {
    fn new(started: Time) -> Self {
        Self { started, parts: Vec::new(), bytes: 0, cost: 0, total: None, done: false }
    }

    /// Whether a fragment of this moment cannot be of the same datagram: the number was used again.
    fn over(&self, now: Time) -> bool {
        let age = now.since(self.started).saturating_abs();
        age > if self.done { COPIES } else { MAX_AGE }
    }
}

/// Fragments waiting for the rest.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    waiting: HashMap<Key, Datagram, foldhash::fast::RandomState>,
    bytes: usize,
    /// Datagrams given up.
    pub(crate) dropped: u64,
}

impl Fragments {
    /// Adds a fragment; returns the whole payload when it completes the datagram.
    pub(crate) fn add(
        &mut self,
        time: Time,
        packet: &IpPacket<'_>,
        part: Fragment,
    ) -> Option<Vec<u8>> {
        let end = part.offset.saturating_add(packet.payload.len() as u32);
        if end > MAX_DATAGRAM || packet.cut > 0 {
            self.dropped += 1;
            return None;
        }
        if self.waiting.len() >= MAX_DATAGRAMS || self.bytes >= MAX_BYTES {
            self.expire(time);
        }
        let key = (packet.source, packet.destination, part.id, packet.protocol);
        let datagram = self.waiting.entry(key).or_insert_with(|| Datagram::new(time));
        if datagram.over(time) {
            self.dropped += u64::from(!datagram.done);
            self.bytes -= datagram.cost;
            *datagram = Datagram::new(time);
        }
        if datagram.done {
            return None;
        }
        if !part.more {
            datagram.total = Some(end);
        }
        if datagram.parts.len() >= MAX_PARTS {
            self.dropped += 1;
            self.bytes -= datagram.cost;
            *datagram = Datagram { done: true, ..Datagram::new(time) };
            return None;
        }
        // Every hole that this fragment fills.
        let mut start = part.offset;
        while start < end {
            let at = datagram.parts.partition_point(|(o, _)| *o <= start);
            if let Some((o, b)) = at.checked_sub(1).and_then(|i| datagram.parts.get(i))
                && o + b.len() as u32 > start
            {
                start = o + b.len() as u32;
                continue;
            }
            let stop = datagram.parts.get(at).map_or(end, |(o, _)| end.min(*o));
            let range = (start - part.offset) as usize..(stop - part.offset) as usize;
            datagram.bytes += range.len();
            datagram.cost += range.len() + PART;
            self.bytes += range.len() + PART;
            datagram.parts.insert(at, (start, packet.payload[range].into()));
            start = stop;
        }
        if datagram.total.is_none_or(|t| datagram.bytes < t as usize) {
            return None;
        }
        let known = Datagram { done: true, ..Datagram::new(time) };
        let done = std::mem::replace(datagram, known);
        self.bytes -= done.cost;
        let mut whole = Vec::with_capacity(done.bytes);
        for (offset, bytes) in &done.parts {
            if *offset as usize != whole.len() {
                self.dropped += 1;
                return None;
            }
            whole.extend_from_slice(bytes);
        }
        Some(whole)
    }

    /// The evidence is at its end: what still waits lacks fragments.
    pub(crate) fn end(&mut self) {
        self.dropped += self.incomplete();
        self.waiting.clear();
        self.bytes = 0;
    }

    fn incomplete(&self) -> u64 {
        self.waiting.values().filter(|d| !d.done).count() as u64
    }

    /// Gives up what is too old; when that is not enough, what copies are known by, and then everything.
    fn expire(&mut self, now: Time) {
        let before = self.incomplete();
        self.waiting.retain(|_, d| !d.over(now));
        if self.waiting.len() >= MAX_DATAGRAMS {
            self.waiting.retain(|_, d| !d.done);
        }
        if self.waiting.len() >= MAX_DATAGRAMS
            || self.waiting.values().map(|d| d.cost).sum::<usize>() >= MAX_BYTES
        {
            self.waiting.clear();
        }
        self.bytes = self.waiting.values().map(|d| d.cost).sum();
        self.dropped += before - self.incomplete();
    }
}
