//! When a flow ends, and what is told of it then.

use super::Flow;
use crate::{
    decode::Output,
    ends::{ACK, At, FIN, RST, SYN, Tcp},
    stream::Stream,
};
use hangtu_record::{Session, Transport};

/// A SYN like the first one is a copy of it no longer than this: it is not sent again once data flows, and what a
/// mirror shows twice comes at once.
const COPY: i64 = 3_000_000_000;

impl Flow {
    /// Whether so long a silence lies between the flow and a packet that it is not part of it. Inputs overlap:
    /// one may tell of a time before all of what another one told, while interfaces of one may have clocks
    /// that disagree.
    #[inline(always)]
    pub(crate) fn apart(&self, at: At, silence: i64) -> bool {
        at.time.since(self.last) > silence
            || self.last.since(at.time) > silence
                && self.start.origin.input != at.origin.input
                && self.start.time.since(at.time) > silence
    }

    /// Whether this SYN begins another connection on the same ports.
    pub(crate) fn replaced_by(&self, at: At, tcp: Tcp, low_is_sender: bool) -> bool {
        if self.bytes == [0; 2] {
            return false;
        }
        let side = self.side(low_is_sender) as usize;
        let asked = self.flags[side] & SYN != 0;
        let copy = tcp.seq == self.begun[side] && at.time.since(self.start.time) <= COPY;
        asked && !copy || tcp.flags & ACK == 0 && (self.closed() || !asked)
    }

    /// Whether both sides ended it, or one broke it off.
    pub(crate) fn closed(&self) -> bool {
        self.flags[0] & self.flags[1] & FIN != 0 || (self.flags[0] | self.flags[1]) & RST != 0
    }

    /// Whether it is no more than an attempt: one side asked for a connection, and nothing was seen of the other.
    /// Who acknowledges was answered where the capture did not look.
    pub(crate) fn attempt(&self) -> bool {
        self.flags[0] & (SYN | ACK) == SYN && self.packets[1] == 0 && self.bytes[0] == 0
    }

    /// Ends the flow: what waits is decoded as far as it goes, then the session is emitted.
    pub(crate) fn finish(mut self, out: &mut Output) {
        let at = At { time: self.last, origin: self.start.origin };
        for low in [true, false] {
            while self.streams[self.side(low) as usize].holds() {
                self.release(low, true, out);
            }
        }
        self.lost += self.streams.iter().map(Stream::doubted).sum::<u64>();
        self.with(at, out, |decoder, cx| {
            decoder.end(cx);
        });
        self.tally(out);
        let state = if self.parties.transport != Transport::Tcp {
            ""
        } else if self.flags[0] & self.flags[1] & SYN != 0 {
            "complete"
        } else if self.flags[0] & SYN != 0 && self.flags[1] & RST != 0 && self.bytes == [0; 2] {
            "refused"
        } else if self.attempt() {
            "unanswered"
        } else {
            "midstream"
        };
        let session = Session {
            start: self.start.time,
            end: self.last,
            origin: self.start.origin,
            source: self.parties.client,
            destination: self.parties.server,
            vlan: self.parties.vlan,
            transport: self.parties.transport,
            protocol: self.protocol,
            source_bytes: self.bytes[0],
            destination_bytes: self.bytes[1],
            source_packets: self.packets[0],
            destination_packets: self.packets[1],
            state,
            lost: self.lost,
            facts: std::mem::take(&mut self.facts),
        };
        out.assets.session(&session, self.verbs.as_deref());
        out.session_count += 1;
        if out.keep_records {
            out.records.sessions.push(session);
        }
    }
}
