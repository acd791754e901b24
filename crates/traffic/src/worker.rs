//! One worker: a share of the traffic, all of its flows, and what they yielded.

use crate::{
    assets::AssetNotes,
    decode::{Output, Parties},
    ends::{ACK, Address, At, FIN, Key, RST, SYN, Tcp},
    flow::{Flow, sender_is_client},
    flows::{Flows, NOW},
    names,
    route::{Kind, Walked},
};
use hangtu_record::{Endpoint, Origin, Time, Transport};
use std::collections::BTreeMap;

/// Bounds on memory. Hitting one loses something, and is counted in [`Limits`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Flows followed at once.
    pub(crate) flows: usize,
    /// Payload bytes kept for reordering and unfinished messages.
    pub(crate) payload: usize,
    /// Workers that share the room for assets.
    pub(crate) workers: usize,
}

/// What was lost to bounds and damage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Flows ended early because too many were open.
    pub flows_evicted: u64,
    /// Flows ended early because too many bytes waited.
    pub payload_evicted: u64,
    /// IP datagrams of which fragments were missing, or that were too many to keep.
    pub fragments_dropped: u64,
    /// Packets too short or too broken to walk.
    pub broken_packets: u64,
    /// Packets of link types this program does not know, by link type.
    pub unknown_links: BTreeMap<u16, u64>,
}

impl Limits {
    /// Adds what another worker, or who handed its packets on, lost.
    pub fn add(&mut self, other: &Self) {
        self.flows_evicted += other.flows_evicted;
        self.payload_evicted += other.payload_evicted;
        self.fragments_dropped += other.fragments_dropped;
        self.broken_packets += other.broken_packets;
        for (link, n) in &other.unknown_links {
            *self.unknown_links.entry(*link).or_default() += n;
        }
    }
}

/// Silence after which a TCP connection counts as over: hosts ask after each other every two hours (RFC 9293 3.8.4),
/// and a remote session that was left open says nothing else all night.
const TCP_IDLE: i64 = 8_100_000_000_000;
/// The same where there is no room: firewalls forget connections as soon.
const TCP_IDLE_CROWDED: i64 = 1_800_000_000_000;
/// Silence after which a closed TCP connection is forgotten.
const CLOSED_IDLE: i64 = 10_000_000_000;
/// Silence after which nobody will answer an attempt to connect; a scan would fill the table otherwise. Linux waits
/// for 64 s after its last SYN: one second (RFC 6298, 2.1), doubled (5.5) six times (`tcp_syn_retries`).
const ATTEMPT_IDLE: i64 = 120_000_000_000;
/// Silence after which an exchange of datagrams counts as over.
const DATAGRAM_IDLE: i64 = 120_000_000_000;
/// How often idle flows are looked for, in capture time.
const SWEEP: i64 = 60_000_000_000;

pub(crate) struct Worker {
    flows: Flows,
    /// The slot that is looked at next when one must go.
    hand: u32,
    bounds: Bounds,
    clock: Time,
    swept: Time,
    /// When room was last made for others.
    cleared: Time,
    payload: usize,
    pub(crate) limits: Limits,
    pub(crate) out: Output,
}

impl Worker {
    pub(crate) fn new(bounds: Bounds, keep_records: bool) -> Self {
        Self {
            flows: Flows::default(),
            hand: 0,
            bounds,
            clock: Time(0),
            swept: Time(0),
            cleared: Time(0),
            payload: 0,
            limits: Limits::default(),
            out: Output {
                keep_records,
                workers: bounds.workers,
                assets: AssetNotes::share_of(bounds.workers),
                ..Output::default()
            },
        }
    }

    /// Takes one packet.
    #[inline]
    pub(crate) fn packet(&mut self, input: u32, packet: &Walked, payload: &[u8]) {
        let origin = Origin { input, number: packet.number, offset: packet.offset };
        let at = At { time: packet.time, origin };
        let (protocol, tcp) = match packet.kind {
            Kind::Tcp { seq, ack, flags } => (6, Some(Tcp { seq, ack, flags })),
            Kind::Udp => (17, None),
            Kind::Ip(protocol) => (protocol, None),
            Kind::Link => (255, None),
            Kind::Arp => {
                if let Some(mac) = packet.mac {
                    self.out.assets.arp(at.time, mac, packet.source.to_ip());
                }
                return;
            }
        };
        let (source, destination) = (packet.source, packet.destination);
        let (key, low) =
            Key::new((source, packet.ports.0), (destination, packet.ports.1), protocol);
        let mut found = self.flows.find(&key);
        // Sweeps come when they come: whether a silence ended the flow must not depend on that.
        let limit = if matches!(protocol, 6 | 255) { TCP_IDLE } else { DATAGRAM_IDLE };
        if let Some(slot) = found
            && self.flows.get(slot).is_some_and(|flow| {
                flow.apart(at, limit)
                    || tcp.is_some_and(|t| t.flags & SYN != 0 && flow.replaced_by(at, t, low))
            })
        {
            self.finish(slot);
            found = None;
        }
        let slot = match found {
            Some(slot) => slot,
            None => self.open(at, packet, key, low),
        };
        let Some(flow) = self.flows.get_mut(slot) else { return };
        // Only a flow that keeps bytes can change how many are kept in all.
        let before = flow.memory();
        match tcp {
            Some(tcp) => flow.segment(at, low, packet.mac, tcp, payload, packet.cut, &mut self.out),
            None => flow.datagram(at, low, packet.mac, payload, &mut self.out),
        }
        let after = flow.memory();
        if tcp.is_some_and(|t| t.flags & (FIN | RST) != 0) {
            // A closed one falls silent sooner.
            self.flows.look_at(slot, NOW);
        }
        self.payload = (self.payload + after).saturating_sub(before);
        if self.payload > self.bounds.payload && after > 0 {
            self.clear();
            if self.payload > self.bounds.payload {
                self.limits.payload_evicted += 1;
                self.finish(slot);
            }
        }
    }

    #[inline(never)]
    fn open(&mut self, at: At, packet: &Walked, key: Key, low: bool) -> u32 {
        let (transport, name) = match packet.kind {
            Kind::Tcp { .. } => (Transport::Tcp, ""),
            Kind::Udp => (Transport::Udp, ""),
            Kind::Ip(protocol) => (Transport::Ip, names::ip(protocol)),
            Kind::Link | Kind::Arp => (Transport::Link, names::ethertype(packet.ports.0)),
        };
        let end = |address: Address, port| match transport {
            Transport::Link => Endpoint { ip: None, port: 0, mac: Some(address.to_mac()) },
            _ => Endpoint { ip: Some(address.to_ip()), port, mac: None },
        };
        let from = end(packet.source, packet.ports.0);
        let to = end(packet.destination, packet.ports.1);
        let parties = Parties { client: from, server: to, vlan: packet.vlan, transport };
        let decodable = matches!(transport, Transport::Tcp | Transport::Udp);
        let mut flow = Flow::new(key, low, parties, at, name, decodable);
        let syn = match packet.kind {
            Kind::Tcp { flags, .. } => flags & (SYN | ACK),
            _ => 0,
        };
        let (answers, asks) = (syn == SYN | ACK, syn == SYN || transport == Transport::Link);
        if answers || !asks && !sender_is_client(&from, &to, transport) {
            flow.swap();
        }
        self.insert(flow)
    }

    #[inline(never)]
    fn insert(&mut self, flow: Flow) -> u32 {
        if self.flows.len() >= self.bounds.flows {
            self.clear();
            if self.flows.len() >= self.bounds.flows {
                self.evict();
            }
        }
        self.flows.insert(flow)
    }

    /// Ends the next flow that was not used since the hand last came by ("second chance").
    fn evict(&mut self) {
        let end = self.flows.slots().end;
        for _ in 0..=2 * u64::from(end) {
            let slot = if self.hand < end { self.hand } else { 0 };
            self.hand = slot + 1;
            if let Some(flow) = self.flows.get_mut(slot)
                && !std::mem::take(&mut flow.touched)
            {
                self.limits.flows_evicted += 1;
                return self.finish(slot);
            }
        }
    }

    fn finish(&mut self, slot: u32) {
        if let Some(flow) = self.flows.remove(slot) {
            self.payload = self.payload.saturating_sub(flow.memory());
            flow.finish(&mut self.out);
        }
    }

    /// Time has come this far: ends flows that fell silent. Called at the same points of the input
    /// whatever the number of workers, so that records do not depend on it. A flow that was not silent for
    /// too long when the next input begins may go on there.
    pub(crate) fn tick(&mut self, clock: Time, next: Option<Time>) {
        self.clock = clock;
        let now = next.map_or(clock, |next| next.min(clock));
        // Another capture may begin where an earlier one did.
        self.swept = self.swept.min(now);
        self.cleared = self.cleared.min(clock);
        if now.since(self.swept) >= SWEEP {
            self.swept = now;
            self.end_silent(now, false);
        }
    }

    /// Makes room where there is none, so that nothing is lost to what only might go on: in the next input, or after a
    /// long silence.
    fn clear(&mut self) {
        if self.clock.since(self.cleared) >= SWEEP {
            self.cleared = self.clock;
            self.end_silent(self.clock, true);
        }
    }

    fn end_silent(&mut self, now: Time, crowded: bool) {
        let tcp_idle = if crowded { TCP_IDLE_CROWDED } else { TCP_IDLE };
        // By so much sooner than was said connections are due when crowded.
        let due = Time(now.0.saturating_add(TCP_IDLE - tcp_idle));
        for slot in self.flows.slots() {
            if !self.flows.is_due(slot, due) {
                continue;
            }
            let Some(flow) = self.flows.get(slot) else { continue };
            let limit = match flow.transport() {
                Transport::Tcp if flow.closed() => CLOSED_IDLE,
                Transport::Tcp if flow.attempt() => ATTEMPT_IDLE,
                Transport::Tcp | Transport::Link => tcp_idle,
                _ => DATAGRAM_IDLE,
            };
            if now.since(flow.last) > limit {
                self.finish(slot);
            } else {
                let due = Time(flow.last.0.saturating_add(limit));
                self.flows.look_at(slot, due);
            }
        }
    }

    /// The evidence is at its end: ends every flow.
    pub(crate) fn end(&mut self) {
        for slot in self.flows.slots() {
            self.finish(slot);
        }
    }
}
