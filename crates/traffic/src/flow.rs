//! A flow: two ends that talk, and what they have said so far.
//!
//! A packet belongs to it whichever way it goes. Connections are joined in the
//! middle as a matter of course: then ports and content tell who the client is.

use crate::{
    decode::{Context, DONE, Decoder, Output, Parties, Side, VerbCounts},
    detect::{self, Detection},
    ends::{ACK, At, FIN, Key, RST, SYN, Tcp},
    stream::{Placed, Released, Stream},
};
use hangtu_record::{Endpoint, FieldName, Mac, OwnedValue, Session, Time, Transport};

/// Bytes one direction may keep that its decoder has not used.
const MAX_PENDING: usize = 64 * 1024;
/// Bytes one direction may keep while its protocol is not known.
pub(crate) const MAX_UNKNOWN: usize = 4096;

/// A SYN like the first one is a copy of it no longer than this: it is not sent again once data flows, and what a
/// mirror shows twice comes at once.
const COPY: i64 = 3_000_000_000;
/// What a fact costs: a name and a text of up to 200 bytes.
const FACT: usize = 256;

/// A segment shorter than this is not looked at without what came before it.
const MIN_BEGINNING: usize = 4;

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

    /// Whether one side asked for a connection and nothing was seen of the other.
    fn unanswered(&self) -> bool {
        self.flags[0] & SYN != 0 && self.packets[1] == 0 && self.bytes[0] == 0
    }

    /// Whether it is no more than an attempt: who acknowledges was answered where the capture did not look.
    pub(crate) fn attempt(&self) -> bool {
        self.unanswered() && self.flags[0] & ACK == 0
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
        while tcp.flags & ACK != 0 && self.streams[side.other() as usize].missed(tcp.ack) {
            self.release(!low_is_sender, true, out);
        }
        let side = self.side(low_is_sender);
        if payload.is_empty() || tcp.flags & (SYN | RST) != 0 {
            return;
        }
        let stream = &mut self.streams[side as usize];
        match stream.place(tcp.seq, payload.len()) {
            Placed::Deliver(from) => {
                stream.advance(tcp.seq, payload.len(), cut);
                self.deliver(at, low_is_sender, &payload[from..], out);
                if cut > 0 {
                    self.gap(at, low_is_sender, u64::from(cut), out);
                }
            }
            Placed::Old => {}
            Placed::Gap(lost) => {
                stream.advance(tcp.seq, payload.len(), cut);
                self.gap(at, low_is_sender, u64::from(lost), out);
                self.deliver(at, low_is_sender, payload, out);
            }
            Placed::Held => {
                let wait = stream.hold(tcp.seq, at, payload, cut);
                if !wait {
                    self.release(low_is_sender, true, out);
                }
            }
        }
        let side = self.side(low_is_sender);
        if self.streams[side as usize].holds() {
            self.release(low_is_sender, false, out);
        }
    }

    /// Delivers held segments that follow on now; `force` gives up the first hole.
    fn release(&mut self, low: bool, mut force: bool, out: &mut Output) {
        loop {
            let side = self.side(low);
            let stream = &mut self.streams[side as usize];
            let Some(Released { seq, hole, bytes, cut, at }) = stream.release(force) else {
                return;
            };
            force = false;
            stream.advance(seq, bytes.len(), cut);
            if hole > 0 {
                self.gap(at, low, u64::from(hole), out);
            }
            self.deliver(at, low, &bytes, out);
            if cut > 0 {
                self.gap(at, low, u64::from(cut), out);
            }
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
            State::Detecting(_) => {
                // Most first segments tell at once, without being copied.
                if stream.pending.is_empty() {
                    if self.detect(side, bytes, true) {
                        self.start(at, low, bytes, out);
                    } else if matches!(self.state, State::Detecting(_)) {
                        let keep = bytes.len().min(MAX_UNKNOWN);
                        self.streams[side as usize].pending.extend_from_slice(&bytes[..keep]);
                    }
                    return;
                }
                let room = MAX_UNKNOWN.saturating_sub(stream.pending.len());
                stream.pending.extend_from_slice(&bytes[..bytes.len().min(room)]);
                let pending = std::mem::take(&mut stream.pending);
                if self.detect(side, &pending, true) {
                    let rest = bytes.get(room..).unwrap_or_default();
                    self.start(at, low, &pending, out);
                    if !rest.is_empty() {
                        self.deliver(at, low, rest, out);
                    }
                } else if bytes.len() >= MIN_BEGINNING && self.detect(side, bytes, false) {
                    // What was kept began inside a message; the new segment did not.
                    self.start(at, low, bytes, out);
                } else if matches!(self.state, State::Detecting(_)) {
                    self.streams[side as usize].pending = pending;
                }
            }
        }
    }

    /// Tries to recognise the protocol; `true` when decoding begins. A look that `counts` is one of
    /// the few that a flow gets.
    fn detect(&mut self, side: Side, bytes: &[u8], counts: bool) -> bool {
        let State::Detecting(detection) = &mut self.state else { return false };
        match detect::detect(detection, &self.parties, side, bytes, counts) {
            detect::Found::Protocol(registration, sender) => {
                self.protocol = registration.name;
                self.state = State::Decoding((registration.make)());
                // A broadcast or group address never is the one who asks.
                let group = self
                    .parties
                    .server
                    .ip
                    .is_some_and(|ip| ip.is_multicast() || ip == std::net::Ipv4Addr::BROADCAST);
                if sender.is_some_and(|s| s != side) && !group {
                    self.swap();
                }
                true
            }
            detect::Found::NotYet => false,
            detect::Found::Nothing => {
                self.state = State::Off;
                for stream in &mut self.streams {
                    stream.skip = u64::MAX;
                    stream.pending = Vec::new();
                }
                false
            }
        }
    }

    /// Decoding begins: first what the other side said before, then these bytes.
    fn start(&mut self, at: At, low: bool, bytes: &[u8], out: &mut Output) {
        let other = self.side(!low);
        let earlier = std::mem::take(&mut self.streams[other as usize].pending);
        if !earlier.is_empty() {
            self.feed(at, other, &earlier, out);
        }
        let side = self.side(low);
        self.streams[side as usize].pending = Vec::new();
        self.feed(at, side, bytes, out);
        self.tally(out);
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

    /// Ends the flow: what waits is decoded as far as it goes, then the session is emitted.
    pub(crate) fn finish(mut self, out: &mut Output) {
        let at = At { time: self.last, origin: self.start.origin };
        for low in [true, false] {
            while self.streams[self.side(low) as usize].holds() {
                self.release(low, true, out);
            }
        }
        self.with(at, out, |decoder, cx| {
            decoder.end(cx);
        });
        self.tally(out);
        let syn = |f: u8| f & (SYN | ACK);
        let state = if self.parties.transport != Transport::Tcp {
            ""
        } else if syn(self.flags[0]) & SYN != 0 && self.flags[1] & SYN != 0 {
            "complete"
        } else if self.flags[0] & SYN != 0 && self.flags[1] & RST != 0 && self.bytes == [0; 2] {
            "refused"
        } else if self.unanswered() {
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

    /// Bytes of payload, and of what was made of it, that this flow keeps.
    #[inline(always)]
    pub(crate) fn memory(&self) -> usize {
        let streams = self.streams[0].memory() + self.streams[1].memory();
        streams + self.held + self.facts.len() * FACT
    }
}

/// Who is the client when no handshake was seen: the one whose peer has the better-known port.
pub(crate) fn sender_is_client(
    source: &Endpoint,
    destination: &Endpoint,
    transport: Transport,
) -> bool {
    let multicast = destination.ip.is_some_and(|ip| ip.is_multicast());
    let known = |e: &Endpoint| detect::has_port(e.port, transport);
    match (known(source), known(destination)) {
        (true, false) => multicast,
        (false, true) => true,
        _ if multicast => true,
        _ => match (source.port < 1024, destination.port < 1024) {
            (true, false) => false,
            (false, true) => true,
            // Ephemeral ports lie high; equal ports go to who spoke first.
            _ if transport == Transport::Tcp => source.port >= destination.port,
            _ => true,
        },
    }
}
