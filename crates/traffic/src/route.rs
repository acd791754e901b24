//! From the thread that reads to the worker that follows the flow: the headers of each packet are walked here, once,
//! and what a worker needs of them is handed on.

use crate::{
    capture::{Chunk, PacketRef},
    ends::Address,
    fragment::Fragments,
    packet::{Content, Frame, IpPacket, is_vxlan, joined, knows_link, walk},
    team::Parcel,
    worker::Limits,
};
use hangtu_record::{Mac, Time};

/// A packet whose headers were walked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walked {
    pub(crate) source: Address,
    pub(crate) destination: Address,
    pub(crate) time: Time,
    /// Number in its input, from 1.
    pub(crate) number: u64,
    /// Offset of its record in the input.
    pub(crate) offset: u64,
    /// Ports of source and destination; what is on the link has its EtherType for both.
    pub(crate) ports: (u16, u16),
    /// Where the payload starts in the chunk's bytes, and how long it is.
    payload: (u32, u32),
    /// Bytes of payload that the capture cut off.
    pub(crate) cut: u32,
    pub(crate) kind: Kind,
    /// The sender's link address.
    pub(crate) mac: Option<Mac>,
    /// Outermost 802.1Q identifier that is not 0.
    pub(crate) vlan: Option<u16>,
}

/// What a packet is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A TCP segment, with the parts of its header that matter.
    Tcp { seq: u32, ack: u32, flags: u8 },
    /// A UDP datagram.
    Udp,
    /// Another IP protocol, by its number.
    Ip(u8),
    /// No IP.
    Link,
    /// ARP: the source says that its link address is this.
    Arp,
}

impl Walked {
    /// The payload, among the bytes of the chunk.
    #[inline(always)]
    pub(crate) fn payload<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        let (start, len) = self.payload;
        data.get(start as usize..start as usize + len as usize).unwrap_or_default()
    }
}

/// What stands around a transport header.
struct Outer {
    mac: Option<Mac>,
    vlan: Option<u16>,
    source: Address,
    destination: Address,
    protocol: u8,
    cut: u32,
}

impl Outer {
    fn new(frame: &Frame<'_>, ip: &IpPacket<'_>) -> Self {
        Self {
            mac: frame.source,
            vlan: frame.vlan,
            source: Address::ip(ip.source),
            destination: Address::ip(ip.destination),
            protocol: ip.protocol,
            cut: ip.cut,
        }
    }

    /// The usual packet, TCP or UDP in IPv4 without options in untagged Ethernet, without the general walk, and
    /// where its IP payload ends; `None` when this is another one. The payload begins at [`USUAL`].
    #[inline(always)]
    fn usual(link: u16, bytes: &[u8]) -> Option<(Self, usize)> {
        let h = bytes.first_chunk::<42>()?;
        // Version 4, five words; no fragment; not VXLAN.
        if link != 1 || h[12..15] != [8, 0, 0x45] || h[20] & 0x3f != 0 || h[21] != 0 {
            return None;
        }
        let protocol = h[23];
        if protocol != 6 && (protocol != 17 || is_vxlan(u16::from_be_bytes([h[36], h[37]]))) {
            return None;
        }
        let total = usize::from(u16::from_be_bytes([h[16], h[17]]));
        let end = if total == 0 { bytes.len() } else { 14 + total };
        if end < 42 {
            return None;
        }
        let address = |at: usize| Address::v4([h[at], h[at + 1], h[at + 2], h[at + 3]]);
        let outer = Self {
            mac: Some(Mac([h[6], h[7], h[8], h[9], h[10], h[11]])),
            vlan: None,
            source: address(26),
            destination: address(30),
            protocol,
            cut: end.saturating_sub(bytes.len()) as u32,
        };
        Some((outer, end.min(bytes.len())))
    }
}

/// Where the IP payload of the usual packet begins.
const USUAL: usize = 34;

/// Walks packets and decides which worker gets which: by the two addresses, so that a flow stays with one.
#[derive(Default)]
pub(crate) struct Router {
    /// Only a whole datagram tells what is in it, and so whose it is.
    fragments: Fragments,
    limits: Limits,
}

impl Router {
    /// Hands the packets of a parcel's chunk on to the workers; with the last fragment, the datagram.
    pub(crate) fn route(&mut self, parcel: &mut Parcel) {
        let Parcel { chunk: Chunk { data, packets }, packets: lanes, .. } = parcel;
        for packet in &*packets {
            let bytes = packet.bytes(data);
            if let Some((outer, end)) = Outer::usual(packet.link, bytes) {
                let start = packet.start as usize + USUAL;
                self.ip(lanes, packet, &outer, start, &bytes[USUAL..end]);
            } else {
                self.unusual(lanes, packet, data);
            }
        }
    }

    /// The evidence is at its end.
    pub(crate) fn end(mut self) -> Limits {
        self.fragments.end();
        self.limits.fragments_dropped = self.fragments.dropped;
        self.limits
    }

    #[inline(never)]
    fn unusual(&mut self, lanes: &mut [Vec<Walked>], packet: &PacketRef, data: &mut Vec<u8>) {
        let bytes = packet.bytes(data);
        let mut frame = walk(packet.link, bytes);
        match frame.content {
            Content::Ip(ip) => {
                let Some(part) = ip.fragment else {
                    let start = packet.start as usize + place(ip.payload, bytes);
                    return self.ip(lanes, packet, &Outer::new(&frame, &ip), start, ip.payload);
                };
                let Some(payload) = self.fragments.add(packet.time, &ip, part) else { return };
                match joined(IpPacket { payload: &payload, ..ip }, &mut frame.source) {
                    Content::Ip(ip) if ip.fragment.is_none() => {
                        let start = data.len() + place(ip.payload, &payload);
                        self.ip(lanes, packet, &Outer::new(&frame, &ip), start, ip.payload);
                        data.extend(&payload);
                    }
                    _ => self.limits.broken_packets += 1,
                }
            }
            Content::Arp { mac, ip } => {
                let sender = Address::v4(ip.octets());
                let arp = Walked { mac: Some(mac), ..walked(packet, (sender, sender), Kind::Arp) };
                hand_on(lanes, arp);
            }
            Content::Link { ethertype, payload } => {
                let (Some(source), Some(destination)) = (frame.source, frame.destination) else {
                    return;
                };
                let ends = (Address::mac(source), Address::mac(destination));
                let start = packet.start as usize + place(payload, bytes);
                let link = Walked {
                    ports: (ethertype, ethertype),
                    payload: (start as u32, payload.len() as u32),
                    mac: frame.source,
                    vlan: frame.vlan,
                    ..walked(packet, ends, Kind::Link)
                };
                hand_on(lanes, link);
            }
            Content::Broken if knows_link(packet.link) => self.limits.broken_packets += 1,
            Content::Broken => *self.limits.unknown_links.entry(packet.link).or_default() += 1,
        }
    }

    /// An IP packet of which the payload starts there in the chunk's bytes.
    #[inline(always)]
    fn ip(
        &mut self,
        lanes: &mut [Vec<Walked>],
        packet: &PacketRef,
        outer: &Outer,
        start: usize,
        b: &[u8],
    ) {
        let (kind, payload) = match outer.protocol {
            6 if b.len() >= 20 => {
                let header = usize::from(b[12] >> 4) * 4;
                if header < 20 || header > b.len() {
                    self.limits.broken_packets += 1;
                    return;
                }
                let tcp = Kind::Tcp {
                    seq: u32::from_be_bytes([b[4], b[5], b[6], b[7]]),
                    ack: u32::from_be_bytes([b[8], b[9], b[10], b[11]]),
                    flags: b[13] & 0x3f,
                };
                (tcp, header..b.len())
            }
            17 if b.len() >= 8 => {
                let announced = usize::from(u16::from_be_bytes([b[4], b[5]]));
                let end = if announced < 8 { b.len() } else { announced.min(b.len()) };
                (Kind::Udp, 8..end)
            }
            6 | 17 => {
                self.limits.broken_packets += 1;
                return;
            }
            protocol => (Kind::Ip(protocol), 0..b.len()),
        };
        let port = |at: usize| u16::from_be_bytes([b[at], b[at + 1]]);
        let ports = if let Kind::Ip(_) = kind { (0, 0) } else { (port(0), port(2)) };
        let ip = Walked {
            ports,
            payload: ((start + payload.start) as u32, payload.len() as u32),
            cut: outer.cut,
            mac: outer.mac,
            vlan: outer.vlan,
            ..walked(packet, (outer.source, outer.destination), kind)
        };
        hand_on(lanes, ip);
    }
}

#[inline(always)]
fn walked(packet: &PacketRef, (source, destination): (Address, Address), kind: Kind) -> Walked {
    let PacketRef { time, number, offset, .. } = *packet;
    let (ports, payload, cut, mac, vlan) = ((0, 0), (0, 0), 0, None, None);
    Walked { source, destination, time, number, offset, ports, payload, cut, kind, mac, vlan }
}

#[inline(always)]
fn hand_on(lanes: &mut [Vec<Walked>], packet: Walked) {
    let lane = Address::pair(packet.source, packet.destination, lanes.len());
    if let Some(lane) = lanes.get_mut(lane) {
        lane.push(packet);
    }
}

/// Where a part of bytes begins in them.
fn place(part: &[u8], bytes: &[u8]) -> usize {
    part.as_ptr().addr() - bytes.as_ptr().addr()
}
