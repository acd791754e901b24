//! A flow: two ends that talk, and what they have said so far.
//!
//! A packet belongs to it whichever way it goes. Connections are joined in the
//! middle as a matter of course: then ports and content tell who the client is.

mod detecting;
mod end;
mod order;
#[cfg(test)]
mod tests;

pub(crate) use detecting::sender_is_client;

use crate::{
    decode::{Context, DONE, Decoder, Output, Parties, Side, VerbCounts},
    detect::Detection,
    ends::{ACK, At, Key, RST, SYN, Tcp},
    stream::{Placed, Stream},
};
use hangtu_record::{FieldName, Mac, OwnedValue, Time, Transport};

/// Bytes one direction may keep that its decoder has not used.
const MAX_PENDING: usize = 64 * 1024;
/// Bytes one direction may keep while its protocol is not known.
pub(crate) const MAX_UNKNOWN: usize = 4096;

/// What a fact costs: a name and a text of up to 200 bytes.
const FACT: usize = 256;

enum State {
    /// Not known yet.
    Detecting(Detection),
    /// Known.
    Decoding(Box<dyn Decoder>),
    /// Given up, or nothing to decode.
    Off,
}

/// One flow. In this order, as there are tens of thousands: what each packet looks at stands together, in two pairs
/// of cache lines.
#[repr(C, align(128))]
pub(crate) struct Flow {
    pub(crate) key: Key,
    pub(crate) last: Time,
    packets: [u64; 2],
    bytes: [u64; 2],
    streams: [Stream; 2],
    state: State,
    /// TCP flags seen from each side.
    flags: [u8; 2],
    /// Whether the lower end of the key is the client.
    low_is_client: bool,
    /// Looked at since the eviction hand last came by.
    pub(crate) touched: bool,
    facts: Vec<(FieldName, OwnedValue)>,
    protocol: &'static str,
    verbs: Option<Box<VerbCounts>>,
    parties: Parties,
    start: At,
    /// Sequence number of the SYN from each side.
    begun: [u32; 2],
    /// Bytes the decoder keeps.
    held: usize,
    /// Bytes of either direction that were not captured or not understood.
    lost: u64,
}

impl Flow {
    /// A new flow from its first packet.
    pub(crate) fn new(
        key: Key,
        low_is_sender: bool,
        parties: Parties,
        at: At,
        protocol: &'static str,
        decodable: bool,
    ) -> Self {
        Self {
            key,
            low_is_client: low_is_sender,
            parties,
            start: at,
            last: at.time,
            packets: [0; 2],
            bytes: [0; 2],
            flags: [0; 2],
            state: if decodable { State::Detecting(Detection::default()) } else { State::Off },
            protocol,
            streams: [Stream::default(), Stream::default()],
            facts: Vec::new(),
            verbs: None,
            touched: true,
            begun: [0; 2],
            held: 0,
            lost: 0,
        }
    }

    #[inline(always)]
    fn side(&self, low_is_sender: bool) -> Side {
        if low_is_sender == self.low_is_client { Side::Client } else { Side::Server }
    }

    pub(crate) fn transport(&self) -> Transport {
        self.parties.transport
    }

    /// Exchanges client and server.
    pub(crate) fn swap(&mut self) {
        self.low_is_client = !self.low_is_client;
        std::mem::swap(&mut self.parties.client, &mut self.parties.server);
        self.packets.swap(0, 1);
        self.bytes.swap(0, 1);
        self.flags.swap(0, 1);
        self.begun.swap(0, 1);
        self.streams.swap(0, 1);
        if let State::Detecting(d) = &mut self.state {
            d.swap();
        }
    }

    #[inline(always)]
    fn count(&mut self, side: Side, at: At, len: usize, mac: Option<Mac>) {
        self.packets[side as usize] += 1;
        self.bytes[side as usize] += len as u64;
        if at.time > self.last {
            self.last = at.time;
        }
        self.touched = true;
        if self.packets[side as usize] == 1 {
            let endpoint = match side {
                Side::Client => &mut self.parties.client,
                Side::Server => &mut self.parties.server,
            };
            endpoint.mac = mac;
        }
    }

    /// A datagram (or a packet without ports).
    pub(crate) fn datagram(
        &mut self,
        at: At,
        low_is_sender: bool,
        mac: Option<Mac>,
        payload: &[u8],
        out: &mut Output,
    ) {
        let side = self.side(low_is_sender);
        self.count(side, at, payload.len(), mac);
        if payload.is_empty() || matches!(self.state, State::Off) {
            return;
        }
        if matches!(self.state, State::Detecting(_)) && !self.detect(side, payload, true) {
            return;
        }
        // Detection may have exchanged the sides.
        let side = self.side(low_is_sender);
        self.decode(at, side, payload, out);
        self.tally(out);
    }

    /// A TCP segment.
    #[inline]
    #[allow(clippy::too_many_arguments, reason = "the parts of one packet, used once")]
    pub(crate) fn segment(
        &mut self,
        at: At,
        low_is_sender: bool,
        mac: Option<Mac>,
        tcp: Tcp,
        payload: &[u8],
        cut: u32,
        out: &mut Output,
    ) {
        let side = self.side(low_is_sender);
        self.count(side, at, payload.len(), mac);
        self.flags[side as usize] |= tcp.flags;
        if tcp.flags & SYN != 0 {
            self.begun[side as usize] = tcp.seq;
            self.streams[side as usize].syn(tcp.seq);
        }
        // What was asked before this answer must be read before it.
        if tcp.flags & ACK != 0 && self.streams[side.other() as usize].waits() {
            self.acknowledged(!low_is_sender, tcp.ack, out);
        }
        let side = self.side(low_is_sender);
        if payload.is_empty() || tcp.flags & RST != 0 {
            return;
        }
        // A SYN stands before the first byte, which may come with it (RFC 9293 section 3.4, RFC 7413).
        let seq = tcp.seq.wrapping_add(u32::from(tcp.flags & SYN != 0));
        let stream = &mut self.streams[side as usize];
        match stream.place(seq, payload.len()) {
            Placed::Deliver(from) => {
                stream.advance(seq, payload.len(), cut);
                self.deliver(at, low_is_sender, &payload[from..], out);
                if cut > 0 {
                    self.gap(at, low_is_sender, u64::from(cut), out);
                }
            }
            Placed::Old => {}
            Placed::Gap(lost) => {
                stream.advance(seq, payload.len(), cut);
                self.gap(at, low_is_sender, u64::from(lost), out);
                self.deliver(at, low_is_sender, payload, out);
            }
            Placed::Held => {
                let wait = stream.hold(seq, at, payload, cut);
                if !wait {
                    self.release(low_is_sender, true, out);
                }
            }
            Placed::Far => self.far(at, low_is_sender, seq, payload, cut, out),
        }
        let side = self.side(low_is_sender);
        if self.streams[side as usize].holds() {
            self.release(low_is_sender, false, out);
        }
    }

    /// Bytes are missing.
    fn gap(&mut self, at: At, low: bool, lost: u64, out: &mut Output) {
        let side = self.side(low);
        self.lost += lost;
        let stream = &mut self.streams[side as usize];
        // A hole inside bytes nobody wants to see is none for the decoder.
        if stream.skip == u64::MAX || (lost > 0 && stream.skip >= lost) {
            if stream.skip != u64::MAX {
                stream.skip -= lost;
            }
            return;
        }
        stream.skip = 0;
        stream.pending.clear();
        self.with(at, out, |decoder, cx| {
            decoder.gap(cx, side);
        });
        self.tally(out);
    }

    /// Contiguous new bytes of one direction.
    #[inline]
    fn deliver(&mut self, at: At, low: bool, bytes: &[u8], out: &mut Output) {
        let side = self.side(low);
        let stream = &mut self.streams[side as usize];
        let mut bytes = bytes;
        if stream.skip > 0 {
            if stream.skip == u64::MAX {
                return;
            }
            let n = stream.skip.min(bytes.len() as u64);
            stream.skip -= n;
            bytes = &bytes[n as usize..];
        }
        if bytes.is_empty() {
            return;
        }
        match &self.state {
            State::Off => {}
            State::Decoding(_) => {
                self.feed(at, side, bytes, out);
                self.tally(out);
            }
            State::Detecting(_) => self.undecided(at, low, bytes, out),
        }
    }

    /// Feeds a stream's decoder and keeps what it does not use.
    fn feed(&mut self, at: At, side: Side, bytes: &[u8], out: &mut Output) {
        let mut pending = std::mem::take(&mut self.streams[side as usize].pending);
        let used = if pending.is_empty() {
            self.run(at, side, bytes, out)
        } else {
            pending.extend_from_slice(bytes);
            self.run(at, side, &pending, out)
        };
        let whole = if pending.is_empty() { bytes } else { &pending[..] };
        let stream = &mut self.streams[side as usize];
        if used >= whole.len() {
            stream.skip = if used == DONE { u64::MAX } else { (used - whole.len()) as u64 };
            pending.clear();
        } else if whole.len() - used > MAX_PENDING {
            // A message longer than this is not one of ours, or not in step.
            self.lost += (whole.len() - used) as u64;
            pending.clear();
            stream.pending = pending;
            return self.out_of_step(at, side, out);
        } else if pending.is_empty() {
            pending.extend_from_slice(&bytes[used..]);
        } else {
            pending.drain(..used);
        }
        // Long messages are rare: do not keep a big buffer for the next small one.
        if pending.is_empty() && pending.capacity() > 512 {
            pending = Vec::new();
        }
        self.streams[side as usize].pending = pending;
    }

    fn out_of_step(&mut self, at: At, side: Side, out: &mut Output) {
        self.with(at, out, |decoder, cx| {
            decoder.gap(cx, side);
            let name = *cx.protocol;
            cx.unreadable(name);
        });
    }

    /// Calls the decoder, where there is one, with what it may know of this moment.
    #[inline]
    fn with<R>(
        &mut self,
        at: At,
        out: &mut Output,
        f: impl FnOnce(&mut dyn Decoder, &mut Context<'_>) -> R,
    ) -> Option<R> {
        let State::Decoding(decoder) = &mut self.state else { return None };
        let mut cx = Context {
            time: at.time,
            origin: at.origin,
            parties: &self.parties,
            facts: &mut self.facts,
            protocol: &mut self.protocol,
            held: &mut self.held,
            out,
        };
        Some(f(&mut **decoder, &mut cx))
    }

    /// Runs the decoder until it wants more; returns how many bytes it used (may exceed them).
    fn run(&mut self, at: At, side: Side, bytes: &[u8], out: &mut Output) -> usize {
        let run = self.with(at, out, |decoder, cx| {
            let mut used = 0;
            while used < bytes.len() {
                match decoder.data(cx, side, &bytes[used..]) {
                    0 => break,
                    DONE => return DONE,
                    n => used = used.saturating_add(n),
                }
            }
            used
        });
        run.unwrap_or(bytes.len())
    }

    fn decode(&mut self, at: At, side: Side, payload: &[u8], out: &mut Output) {
        self.with(at, out, |decoder, cx| {
            decoder.data(cx, side, payload);
        });
    }

    /// Takes the operations just emitted into the flow's own counts.
    fn tally(&mut self, out: &mut Output) {
        if out.fresh {
            let verbs = self.verbs.get_or_insert_default();
            for (sum, n) in verbs.iter_mut().zip(&mut out.verbs) {
                *sum = sum.saturating_add(std::mem::take(n));
            }
            out.fresh = false;
        }
    }

    /// Bytes of payload, and of what was made of it, that this flow keeps.
    #[inline(always)]
    pub(crate) fn memory(&self) -> usize {
        let streams = self.streams[0].memory() + self.streams[1].memory();
        streams + self.held + self.facts.len() * FACT
    }
}
