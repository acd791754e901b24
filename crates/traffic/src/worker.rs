//! One worker: a share of the traffic, all of its flows, and what they yielded.

use crate::{
    assets::AssetNotes,
    capture::PacketRef,
    decode::{Output, Parties},
    ends::{Address, At, FIN, Key, RST, SYN, Tcp},
    flow::{Flow, sender_is_client},
    flows::{Flows, NOW},
    fragment::Fragments,
    packet::{Content, Frame, IpPacket, knows_link, walk, whole},
};
use hangtu_record::{Endpoint, Mac, Origin, Time, Transport};
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
    /// Adds another worker's.
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

/// Silence after which a TCP connection counts as over.
const TCP_IDLE: i64 = 1_800_000_000_000;
/// Silence after which a closed TCP connection is forgotten.
const CLOSED_IDLE: i64 = 10_000_000_000;
/// Silence after which nobody will answer an attempt to connect; a scan would fill the table otherwise. Linux waits
/// for 64 s after its last SYN: one second (RFC 6298, 2.1), doubled (5.5) six times (`tcp_syn_retries`).
const ATTEMPT_IDLE: i64 = 120_000_000_000;
/// Silence after which an exchange of datagrams counts as over.
const DATAGRAM_IDLE: i64 = 120_000_000_000;
/// How often idle flows are looked for, in capture time.
const SWEEP: i64 = 60_000_000_000;

/// What stands around a transport payload.
struct Outer {
    mac: Option<Mac>,
    vlan: Option<u16>,
    source: Address,
    destination: Address,
    protocol: u8,
    cut: u32,
}

pub(crate) struct Worker {
    flows: Flows,
    /// The slot that is looked at next when one must go.
    hand: u32,
    fragments: Fragments,
    bounds: Bounds,
    clock: Time,
    swept: Time,
    payload: usize,
    pub(crate) limits: Limits,
    pub(crate) out: Output,
}

impl Worker {
    pub(crate) fn new(bounds: Bounds, keep_records: bool) -> Self {
        Self {
            flows: Flows::default(),
            hand: 0,
            fragments: Fragments::default(),
            bounds,
            clock: Time(0),
            swept: Time(0),
            payload: 0,
            limits: Limits::default(),
            out: Output {
                keep_records,
                assets: AssetNotes::share_of(bounds.workers),
                ..Output::default()
            },
        }
    }

    /// Takes one packet.
    #[inline]
    pub(crate) fn packet(&mut self, input: u32, packet: &PacketRef, bytes: &[u8]) {
        let at = At {
            time: packet.time,
            origin: Origin { input, number: packet.number, offset: packet.offset },
        };
        if self.usual(at, packet.link, bytes) {
            return;
        }
        let frame = walk(packet.link, bytes);
        match frame.content {
            Content::Ip(ip) => {
                if let Some(part) = ip.fragment {
                    if let Some(bytes) = self.fragments.add(at.time, &ip, part) {
                        match whole(IpPacket { payload: &bytes, ..ip }) {
                            Content::Ip(ip) if ip.fragment.is_none() => self.ip(at, &frame, &ip),
                            _ => self.limits.broken_packets += 1,
                        }
                    }
                } else {
                    self.ip(at, &frame, &ip);
                }
            }
            Content::Arp { mac, ip } => self.out.assets.arp(at.time, mac, ip),
            Content::Link { ethertype, payload } => self.link(at, &frame, ethertype, payload),
            Content::Broken => {
                if knows_link(packet.link) {
                    self.limits.broken_packets += 1;
                } else {
                    *self.limits.unknown_links.entry(packet.link).or_default() += 1;
                }
            }
        }
    }

    /// The usual packet, TCP or UDP in IPv4 without options in untagged Ethernet, without the
    /// general walk; `false` when this is another one.
    #[inline(always)]
    fn usual(&mut self, at: At, link: u16, bytes: &[u8]) -> bool {
        let Some(h) = bytes.first_chunk::<42>() else { return false };
        // Version 4, five words; no fragment; not VXLAN.
        if link != 1 || h[12..15] != [8, 0, 0x45] || h[20] & 0x3f != 0 || h[21] != 0 {
            return false;
        }
        let protocol = h[23];
        if protocol != 6 && (protocol != 17 || h[36..38] == [0x12, 0xb5]) {
            return false;
        }
        let total = usize::from(u16::from_be_bytes([h[16], h[17]]));
        let end = if total == 0 { bytes.len() } else { 14 + total };
        if end < 42 {
            return false;
        }
        let address = |at: usize| Address::v4([h[at], h[at + 1], h[at + 2], h[at + 3]]);
        let outer = Outer {
            mac: Some(Mac([h[6], h[7], h[8], h[9], h[10], h[11]])),
            vlan: None,
            source: address(26),
            destination: address(30),
            protocol,
            cut: end.saturating_sub(bytes.len()) as u32,
        };
        self.transport(at, &outer, &bytes[34..end.min(bytes.len())]);
        true
    }

    fn ip(&mut self, at: At, frame: &Frame<'_>, ip: &IpPacket<'_>) {
        let outer = Outer {
            mac: frame.source,
            vlan: frame.vlan,
            source: Address::ip(ip.source),
            destination: Address::ip(ip.destination),
            protocol: ip.protocol,
            cut: ip.cut,
        };
        self.transport(at, &outer, ip.payload);
    }

    #[inline(always)]
    fn transport(&mut self, at: At, outer: &Outer, b: &[u8]) {
        let ports = |b: &[u8]| (u16::from_be_bytes([b[0], b[1]]), u16::from_be_bytes([b[2], b[3]]));
        match outer.protocol {
            6 if b.len() >= 20 => {
                let header = usize::from(b[12] >> 4) * 4;
                if header < 20 || header > b.len() {
                    self.limits.broken_packets += 1;
                    return;
                }
                let tcp = Tcp {
                    seq: u32::from_be_bytes([b[4], b[5], b[6], b[7]]),
                    ack: u32::from_be_bytes([b[8], b[9], b[10], b[11]]),
                    flags: b[13] & 0x3f,
                };
                self.flow(at, outer, ports(b), Some(tcp), &b[header..]);
            }
            17 if b.len() >= 8 => {
                let announced = usize::from(u16::from_be_bytes([b[4], b[5]]));
                let end = if announced < 8 { b.len() } else { announced.min(b.len()) };
                self.flow(at, outer, ports(b), None, &b[8..end]);
            }
            6 | 17 => self.limits.broken_packets += 1,
            _ => self.flow(at, outer, (0, 0), None, b),
        }
    }

    #[inline(always)]
    fn flow(&mut self, at: At, outer: &Outer, ports: (u16, u16), tcp: Option<Tcp>, payload: &[u8]) {
        let (key, low) =
            Key::new((outer.source, ports.0), (outer.destination, ports.1), outer.protocol);
        let mut found = self.flows.find(&key);
        if let (Some(slot), Some(tcp)) = (found, tcp)
            && tcp.flags & SYN != 0
            && self.flows.get(slot).is_some_and(|f| f.replaced_by(tcp, low))
        {
            self.finish(slot);
            found = None;
        }
        let slot = match found {
            Some(slot) => slot,
            None => self.open(at, outer, ports, tcp, key, low),
        };
        let Some(flow) = self.flows.get_mut(slot) else { return };
        // Only a flow that keeps bytes can change how many are kept in all.
        let before = flow.memory();
        match tcp {
            Some(tcp) => flow.segment(at, low, outer.mac, tcp, payload, outer.cut, &mut self.out),
            None => flow.datagram(at, low, outer.mac, payload, &mut self.out),
        }
        let after = flow.memory();
        if tcp.is_some_and(|t| t.flags & (FIN | RST) != 0) {
            // A closed one falls silent sooner.
            self.flows.look_at(slot, NOW);
        }
        self.payload = (self.payload + after).saturating_sub(before);
        if self.payload > self.bounds.payload && after > 0 {
            self.limits.payload_evicted += 1;
            self.finish(slot);
        }
    }

    #[inline(never)]
    fn open(
        &mut self,
        at: At,
        outer: &Outer,
        ports: (u16, u16),
        tcp: Option<Tcp>,
        key: Key,
        low: bool,
    ) -> u32 {
        let transport = match outer.protocol {
            6 => Transport::Tcp,
            17 => Transport::Udp,
            _ => Transport::Ip,
        };
        let from = Endpoint { ip: outer.source.to_ip(), port: ports.0, mac: None };
        let to = Endpoint { ip: outer.destination.to_ip(), port: ports.1, mac: None };
        let parties = Parties { client: from, server: to, vlan: outer.vlan, transport };
        let decodable = transport != Transport::Ip;
        let mut flow = Flow::new(key, low, parties, at, ip_name(outer.protocol), decodable);
        let answers = tcp.is_some_and(|t| t.flags & 0x12 == 0x12);
        let asks = tcp.is_some_and(|t| t.flags & 0x12 == 0x02);
        if answers || !asks && !sender_is_client(&from, &to, transport) {
            flow.swap();
        }
        self.insert(flow)
    }

    fn link(&mut self, at: At, frame: &Frame<'_>, ethertype: u16, payload: &[u8]) {
        let (Some(source), Some(destination)) = (frame.source, frame.destination) else { return };
        let end = |mac: Mac| (Address::mac(mac), ethertype);
        let (key, low) = Key::new(end(source), end(destination), 255);
        let slot = self.flows.find(&key).unwrap_or_else(|| {
            let end = |mac| Endpoint { ip: None, port: 0, mac: Some(mac) };
            let parties = Parties {
                client: end(source),
                server: end(destination),
                vlan: frame.vlan,
                transport: Transport::Link,
            };
            self.insert(Flow::new(key, low, parties, at, ethertype_name(ethertype), false))
        });
        if let Some(flow) = self.flows.get_mut(slot) {
            flow.datagram(at, low, Some(source), payload, &mut self.out);
        }
    }

    #[inline(never)]
    fn insert(&mut self, flow: Flow) -> u32 {
        if self.flows.len() >= self.bounds.flows {
            self.evict();
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
    /// whatever the number of workers, so that records do not depend on it.
    pub(crate) fn tick(&mut self, clock: Time) {
        self.clock = self.clock.max(clock);
        if self.clock.since(self.swept) < SWEEP {
            return;
        }
        self.swept = self.clock;
        for slot in self.flows.slots() {
            if !self.flows.is_due(slot, self.clock) {
                continue;
            }
            let Some(flow) = self.flows.get(slot) else { continue };
            let limit = match flow.transport() {
                Transport::Tcp if flow.closed() => CLOSED_IDLE,
                Transport::Tcp if flow.attempt() => ATTEMPT_IDLE,
                Transport::Tcp | Transport::Link => TCP_IDLE,
                _ => DATAGRAM_IDLE,
            };
            if self.clock.since(flow.last) > limit {
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
        self.fragments.end();
        self.limits.fragments_dropped = self.fragments.dropped;
    }
}

/// Names of IP protocols that carry no ports we look at.
fn ip_name(protocol: u8) -> &'static str {
    match protocol {
        1 => "icmp",
        2 => "igmp",
        47 => "gre",
        50 => "esp",
        51 => "ah",
        58 => "icmpv6",
        88 => "eigrp",
        89 => "ospf",
        103 => "pim",
        112 => "vrrp",
        115 => "l2tp",
        132 => "sctp",
        _ => "",
    }
}

/// Names of protocols straight on the link layer (IEEE EtherType registry; LLC SAP pairs).
fn ethertype_name(ethertype: u16) -> &'static str {
    match ethertype {
        0x0806 => "arp",
        0x8035 => "rarp",
        0x8863 => "pppoe-discovery",
        0x888e => "eapol",
        0x8892 => "profinet",
        0x88a4 => "ethercat",
        0x88ab => "powerlink",
        0x88b8 => "goose",
        0x88b9 => "gse",
        0x88ba => "sampled-values",
        0x88cc => "lldp",
        0x88cd => "sercos",
        0x88e3 => "mrp",
        0x88e5 => "macsec",
        0x88f7 => "ptp",
        0x88fb => "prp",
        0x892f => "hsr",
        0x8809 => "lacp",
        0x2000 => "cdp",
        0x9000 => "loopback",
        0x0042 => "stp",
        _ => "",
    }
}
