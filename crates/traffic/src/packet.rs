//! From a captured frame to addresses and a transport payload: link types, tags, tunnels, IP.
//!
//! Checksums are not looked at: offload leaves many of them zero. Lengths in headers are believed
//! only as far as the captured bytes go.

mod likely;

pub(crate) use likely::likely;

use hangtu_record::Mac;
use likely::{framed, is_ip};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How deep tunnels, tags and extension headers may nest.
const MAX_LAYERS: u32 = 16;

/// UDP ports of VXLAN.
const VXLAN: u16 = 4789;
const LINUX_VXLAN: u16 = 8472;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Content<'a> {
    /// An IP packet's payload behind all extension headers.
    Ip(IpPacket<'a>),
    /// ARP: sender's link and network address.
    Arp {
        /// Who says it.
        mac: Mac,
        /// The address it has.
        ip: Ipv4Addr,
    },
    /// Another protocol straight on the link layer, by EtherType (or LLC SAP pair below 0x600).
    Link {
        /// EtherType.
        ethertype: u16,
        /// What follows it.
        payload: &'a [u8],
    },
    /// Cut off or broken before anything could be told.
    Broken,
}

/// An IP packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IpPacket<'a> {
    /// Sender.
    pub source: IpAddr,
    /// Receiver.
    pub destination: IpAddr,
    /// Payload protocol (IANA number).
    pub protocol: u8,
    /// Payload, as far as captured.
    pub payload: &'a [u8],
    /// Bytes of payload that the header announces and the capture cut off.
    pub cut: u32,
    /// Set when this is one fragment of a datagram.
    pub fragment: Option<Fragment>,
}

/// Place of a fragment in its datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Datagram identification.
    pub id: u32,
    /// Byte offset.
    pub offset: u32,
    /// Whether more follow.
    pub more: bool,
}

/// A frame's link part and content.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame<'a> {
    /// Sender's link address: in a tunnel that of the inner frame, where there is one.
    pub source: Option<Mac>,
    /// Receiver's link address, in the same way.
    pub destination: Option<Mac>,
    /// Outermost 802.1Q identifier that is not 0, which only gives a priority (802.1Q section 9.6).
    pub vlan: Option<u16>,
    /// What it carries.
    pub content: Content<'a>,
}

impl Frame<'_> {
    const EMPTY: Self =
        Self { source: None, destination: None, vlan: None, content: Content::Broken };
}

#[inline(always)]
fn be16(b: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*b.get(at)?, *b.get(at + 1)?]))
}

#[inline(always)]
fn mac(b: &[u8], at: usize) -> Option<Mac> {
    b.get(at..at + 6)?.try_into().ok().map(Mac)
}

/// Whether the link type is one this walk knows.
pub fn knows_link(link: u16) -> bool {
    matches!(link, 0 | 1 | 9 | 12 | 14 | 50 | 51 | 101 | 108 | 113 | 228 | 229 | 276)
}

/// Walks a frame.
#[inline]
pub fn walk(link: u16, bytes: &[u8]) -> Frame<'_> {
    let mut frame = Frame::EMPTY;
    frame.content = match link {
        1 => ethernet(bytes, &mut frame, MAX_LAYERS),
        // BSD loopback: address family in either byte order.
        0 | 108 => bytes.get(4..).map(|b| raw_ip(b, &mut frame, MAX_LAYERS)),
        // Raw IP: LINKTYPE_RAW 101, the DLT_RAW numbers 12 and 14, IPV4 228, IPV6 229.
        12 | 14 | 101 | 228 | 229 => Some(raw_ip(bytes, &mut frame, MAX_LAYERS)),
        // PPP, with or without HDLC framing.
        9 | 50 => {
            let b = bytes.strip_prefix(&[0xff, 0x03]).unwrap_or(bytes);
            ppp(b, &mut frame, MAX_LAYERS)
        }
        // PPPoE without Ethernet before it.
        51 => bytes.get(6..).and_then(|b| ppp(b, &mut frame, MAX_LAYERS)),
        // Linux cooked v1: type, ARPHRD, address length, address, protocol.
        113 => be16(bytes, 14).map(|protocol| {
            if bytes.get(5) == Some(&6) {
                frame.source = mac(bytes, 6);
            }
            cooked(protocol, &bytes[16..], &mut frame)
        }),
        // Linux cooked v2: protocol, reserved, interface, ARPHRD, type, length, address.
        276 => (bytes.len() >= 20).then(|| {
            if bytes[11] == 6 {
                frame.source = mac(bytes, 12);
            }
            cooked(be16(bytes, 0).unwrap_or(0), &bytes[20..], &mut frame)
        }),
        _ => None,
    }
    .unwrap_or(Content::Broken);
    frame
}

/// What stands behind a Linux cooked header: its EtherType, or a number for frames of 802.3.
fn cooked<'a>(protocol: u16, b: &'a [u8], frame: &mut Frame<'a>) -> Content<'a> {
    match protocol {
        // Novell's way, without LLC: always IPX.
        1 => Content::Link { ethertype: 0x8137, payload: b },
        // LLC; the length before it is gone.
        4 => by_ethertype(0, b, frame, MAX_LAYERS),
        _ => by_ethertype(protocol, b, frame, MAX_LAYERS),
    }
}

#[inline(always)]
fn ethernet<'a>(b: &'a [u8], frame: &mut Frame<'a>, depth: u32) -> Option<Content<'a>> {
    let head: &[u8; 14] = b.first_chunk()?;
    // Those of an outer frame are the tunnel's.
    frame.destination = mac(head, 0);
    frame.source = mac(head, 6);
    Some(by_ethertype(u16::from_be_bytes([head[12], head[13]]), &b[14..], frame, depth))
}

#[inline(always)]
fn by_ethertype<'a>(ethertype: u16, b: &'a [u8], frame: &mut Frame<'a>, depth: u32) -> Content<'a> {
    match ethertype {
        0x0800 => ipv4(b, frame, depth).unwrap_or(Content::Broken),
        0x86dd => ipv6(b, frame, depth).unwrap_or(Content::Broken),
        _ => rare_ethertype(ethertype, b, frame, depth).unwrap_or(Content::Broken),
    }
}

#[inline(never)]
fn rare_ethertype<'a>(
    ethertype: u16,
    b: &'a [u8],
    frame: &mut Frame<'a>,
    depth: u32,
) -> Option<Content<'a>> {
    let depth = depth.checked_sub(1)?;
    match ethertype {
        // 802.1Q, 802.1ad and the QinQ numbers in use before it.
        0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
            let id = be16(b, 0)? & 0x0fff;
            frame.vlan = frame.vlan.or((id != 0).then_some(id));
            Some(by_ethertype(be16(b, 2)?, b.get(4..)?, frame, depth))
        }
        0x0806 if be16(b, 0) == Some(1) && be16(b, 2) == Some(0x0800) => {
            let ip: [u8; 4] = b.get(14..18)?.try_into().ok()?;
            Some(Content::Arp { mac: mac(b, 8)?, ip: ip.into() })
        }
        // MPLS: labels until the bottom of the stack, then IP by its version, or Ethernet (RFC 4448). Nothing says
        // which: an address may begin like a version of IP, or like the 0 of a control word (RFC 8469).
        0x8847 | 0x8848 => {
            let mut at = 0;
            while b.get(at + 2)? & 1 == 0 {
                at += 4;
                if at > 4 * MAX_LAYERS as usize {
                    return None;
                }
            }
            let inner = b.get(at + 4..)?;
            if is_ip(inner) {
                return Some(raw_ip(inner, frame, depth));
            }
            let (bare, behind) = (framed(inner), inner.get(4..)?);
            if inner[0] >> 4 == 0 && framed(behind) > bare {
                return ethernet(behind, frame, depth);
            }
            // Without either it is another pseudowire, or one's own signals.
            if bare > 0 {
                ethernet(inner, frame, depth)
            } else {
                Some(Content::Link { ethertype, payload: b })
            }
        }
        // PPPoE session (RFC 2516).
        0x8864 => ppp(b.get(6..)?, frame, depth),
        // ERSPAN or transparent bridging inside GRE.
        0x6558 => ethernet(b, frame, depth),
        // 802.3 length: LLC, and SNAP behind it.
        0..=0x05ff => {
            let end = usize::from(ethertype).min(b.len());
            let llc = if ethertype == 0 { b } else { &b[..end] };
            if llc.starts_with(&[0xaa, 0xaa, 0x03]) {
                // A private organisation's protocol number would mean something else.
                if llc.get(3..6)? == [0, 0, 0] || llc.get(3..6)? == [0, 0, 0xf8] {
                    return Some(by_ethertype(be16(llc, 6)?, llc.get(8..)?, frame, depth));
                }
                return Some(Content::Link { ethertype: be16(llc, 6)?, payload: llc.get(8..)? });
            }
            if llc.starts_with(&[0x06, 0x06, 0x03]) {
                return ipv4(llc.get(3..)?, frame, depth);
            }
            Some(Content::Link { ethertype: be16(llc, 0)? & 0x05ff, payload: llc.get(3..)? })
        }
        _ => Some(Content::Link { ethertype, payload: b }),
    }
}

fn ppp<'a>(b: &'a [u8], frame: &mut Frame<'a>, depth: u32) -> Option<Content<'a>> {
    // A compressed protocol field is one odd byte.
    let (protocol, rest) =
        if b.first()? & 1 == 1 { (u16::from(b[0]), &b[1..]) } else { (be16(b, 0)?, b.get(2..)?) };
    match protocol {
        0x0021 => ipv4(rest, frame, depth),
        0x0057 => ipv6(rest, frame, depth),
        _ => Some(Content::Link { ethertype: protocol, payload: rest }),
    }
}

fn raw_ip<'a>(b: &'a [u8], frame: &mut Frame<'a>, depth: u32) -> Content<'a> {
    match b.first().map(|v| v >> 4) {
        Some(4) => ipv4(b, frame, depth),
        Some(6) => ipv6(b, frame, depth),
        _ => None,
    }
    .unwrap_or(Content::Broken)
}

#[inline(always)]
fn ipv4<'a>(b: &'a [u8], frame: &mut Frame<'a>, depth: u32) -> Option<Content<'a>> {
    let head: &[u8; 20] = b.first_chunk()?;
    if head[0] >> 4 != 4 {
        return None;
    }
    let header = usize::from(head[0] & 0xf) * 4;
    if header < 20 || header > b.len() {
        return None;
    }
    // Zero stands for "the network card fills it in": the capture's length is all there is.
    let total = match usize::from(u16::from_be_bytes([head[2], head[3]])) {
        0 => b.len(),
        n => n.max(header),
    };
    let payload = &b[header..total.min(b.len())];
    let flags = u16::from_be_bytes([head[6], head[7]]);
    let (offset, more) = (u32::from(flags & 0x1fff) * 8, flags & 0x2000 != 0);
    let fragment = (offset != 0 || more).then(|| Fragment {
        id: u32::from(u16::from_be_bytes([head[4], head[5]])),
        offset,
        more,
    });
    let address =
        |at: usize| IpAddr::V4(Ipv4Addr::new(head[at], head[at + 1], head[at + 2], head[at + 3]));
    let mut packet = IpPacket {
        source: address(12),
        destination: address(16),
        protocol: head[9],
        payload,
        cut: total.saturating_sub(b.len()) as u32,
        fragment,
    };
    if matches!(packet.protocol, 6) {
        return Some(Content::Ip(packet));
    }
    if packet.fragment.is_none() {
        authentication(&mut packet);
    }
    Some(tunnel(packet, frame, depth))
}

/// Moves past an authentication header (RFC 4302 section 2) in IPv4, where it is a payload protocol.
fn authentication(packet: &mut IpPacket<'_>) {
    let whole = packet.payload;
    if packet.protocol == 51
        && let [next, words, ..] = whole
        && let Some(rest) = whole.get(8 + usize::from(*words) * 4..)
    {
        packet.protocol = *next;
        packet.payload = rest;
    }
}

#[inline(never)]
fn ipv6<'a>(b: &'a [u8], frame: &mut Frame<'a>, depth: u32) -> Option<Content<'a>> {
    let head: &[u8; 40] = b.first_chunk()?;
    if head[0] >> 4 != 6 {
        return None;
    }
    let address = |at: usize| {
        let octets: [u8; 16] = head[at..at + 16].try_into().unwrap_or_default();
        IpAddr::V6(Ipv6Addr::from(octets))
    };
    let announced = usize::from(u16::from_be_bytes([head[4], head[5]]));
    // Zero is a jumbogram or offload.
    let end = if announced == 0 { b.len() } else { 40 + announced };
    let rest = &b[40..end.min(b.len())];
    let mut packet = IpPacket {
        source: address(8),
        destination: address(24),
        protocol: head[6],
        payload: rest,
        cut: end.saturating_sub(b.len()) as u32,
        fragment: None,
    };
    extensions(&mut packet)?;
    Some(tunnel(packet, frame, depth))
}

/// Moves past IPv6 extension headers (RFC 8200 section 4), to the first fragment header at most:
/// what follows it can be read when the datagram is whole. The routing header's last address does
/// not matter for who spoke.
fn extensions(packet: &mut IpPacket<'_>) -> Option<()> {
    for _ in 0..MAX_LAYERS {
        let rest = packet.payload;
        let size = match packet.protocol {
            0 | 43 | 60 | 135 | 139 | 140 => 8 + usize::from(*rest.get(1)?) * 8,
            51 => 8 + usize::from(*rest.get(1)?) * 4,
            44 => {
                let flags = be16(rest, 2)?;
                let id: [u8; 4] = rest.get(4..8)?.try_into().ok()?;
                let (offset, more) = (u32::from(flags & 0xfff8), flags & 1 == 1);
                if offset != 0 || more {
                    packet.fragment = Some(Fragment { id: u32::from_be_bytes(id), offset, more });
                }
                8
            }
            _ => break,
        };
        packet.protocol = rest[0];
        packet.payload = rest.get(size..)?;
        if packet.fragment.is_some() {
            break;
        }
    }
    Some(())
}

/// What a datagram put together from fragments carries; `mac` is the link address that they came from, and becomes
/// that of who sent what is inside.
pub(crate) fn joined<'a>(mut packet: IpPacket<'a>, mac: &mut Option<Mac>) -> Content<'a> {
    packet.fragment = None;
    if packet.source.is_ipv4() {
        authentication(&mut packet);
    } else if extensions(&mut packet).is_none() {
        return Content::Broken;
    }
    let mut frame = Frame { source: *mac, ..Frame::EMPTY };
    let content = tunnel(packet, &mut frame, MAX_LAYERS);
    *mac = frame.source;
    content
}

/// Whether a UDP port is VXLAN's: the registered one (RFC 7348 section 8), or the one that Linux had before and still
/// takes by default.
#[inline(always)]
pub(crate) fn is_vxlan(port: u16) -> bool {
    matches!(port, VXLAN | LINUX_VXLAN)
}

/// Looks into IP-in-IP, GRE and VXLAN; everything else stays as it is.
#[inline(always)]
fn tunnel<'a>(packet: IpPacket<'a>, frame: &mut Frame<'a>, depth: u32) -> Content<'a> {
    match packet.protocol {
        4 | 41 | 47 if packet.fragment.is_none() => {
            inner(&packet, frame, depth).unwrap_or(Content::Ip(packet))
        }
        17 if packet.fragment.is_none() && be16(packet.payload, 2).is_some_and(is_vxlan) => {
            inner(&packet, frame, depth).unwrap_or(Content::Ip(packet))
        }
        _ => Content::Ip(packet),
    }
}

#[inline(never)]
fn inner<'a>(packet: &IpPacket<'a>, outer: &mut Frame<'a>, depth: u32) -> Option<Content<'a>> {
    let depth = depth.checked_sub(1)?;
    let b = packet.payload;
    let mut frame = Frame::EMPTY;
    let content = match packet.protocol {
        4 => ipv4(b, &mut frame, depth)?,
        41 => ipv6(b, &mut frame, depth)?,
        // GRE (RFC 2784, 2890): optional checksum, key, sequence; version 1 is PPTP.
        47 => {
            let flags = be16(b, 0)?;
            let protocol = be16(b, 2)?;
            let mut at = 4;
            if flags & 0x8000 != 0 || flags & 0x4000 != 0 {
                at += 4;
            }
            at += if flags & 0x2000 != 0 { 4 } else { 0 };
            at += if flags & 0x1000 != 0 { 4 } else { 0 };
            match (flags & 7, protocol) {
                (1, 0x880b) => {
                    at += if flags & 0x0080 != 0 { 4 } else { 0 };
                    let b = b.get(at..)?;
                    ppp(b.strip_prefix(&[0xff, 0x03]).unwrap_or(b), &mut frame, depth)?
                }
                // ERSPAN type I has no header, type II eight bytes (sequence flag set), III twelve.
                (0, 0x88be) => {
                    let at = if flags & 0x1000 != 0 { at + 8 } else { at };
                    ethernet(b.get(at..)?, &mut frame, depth)?
                }
                (0, 0x22eb) => {
                    // The last bit announces a subheader of the platform.
                    let more = if b.get(at + 11)? & 1 == 1 { 8 } else { 0 };
                    ethernet(b.get(at + 12 + more..)?, &mut frame, depth)?
                }
                (0, _) => by_ethertype(protocol, b.get(at..)?, &mut frame, depth),
                _ => return None,
            }
        }
        // VXLAN (RFC 7348): UDP header, flags with the I bit, then Ethernet. Elsewhere than on the registered port
        // the rest of the header must be as the RFC has it.
        17 => {
            let head: &[u8; 8] = b.get(8..)?.first_chunk()?;
            let plain = head[..4] == [8, 0, 0, 0] && head[7] == 0;
            if head[0] & 0x08 == 0 || !plain && be16(b, 2)? != VXLAN {
                return None;
            }
            ethernet(b.get(16..)?, &mut frame, depth)?
        }
        _ => return None,
    };
    // Only an inner IP packet is worth more than the outer one.
    if !matches!(content, Content::Ip(_)) {
        return None;
    }
    // The outer link addresses are of the tunnel's ends; without an inner frame, nobody knows the hosts' own.
    (outer.source, outer.destination) = (frame.source, frame.destination);
    Some(content)
}
