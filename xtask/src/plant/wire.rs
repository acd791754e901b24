//! Frames as they stand on the wire: Ethernet, ARP, IPv4, UDP, TCP, with checksums that hold.

/// TCP flag bits (RFC 9293 §3.1).
pub(super) const FIN: u8 = 0x01;
pub(super) const SYN: u8 = 0x02;
pub(super) const RST: u8 = 0x04;
pub(super) const PSH: u8 = 0x08;
pub(super) const ACK: u8 = 0x10;

/// Where an IPv4 packet comes from and goes to.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub(super) source: [u8; 4],
    pub(super) destination: [u8; 4],
    /// What is left of its hops where it is captured.
    pub(super) ttl: u8,
    pub(super) id: u16,
}

/// The part of a TCP header that changes from segment to segment.
#[derive(Clone, Copy)]
pub(super) struct Segment {
    pub(super) ports: [u16; 2],
    pub(super) sequence: u32,
    pub(super) acknowledged: u32,
    pub(super) flags: u8,
}

/// The Internet checksum (RFC 1071).
fn checksum<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u16 {
    let mut sum = 0_u32;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// An Ethernet frame, filled up to the least length that a switch forwards.
pub(super) fn ethernet(destination: [u8; 6], source: [u8; 6], kind: u16, body: &[u8]) -> Vec<u8> {
    let mut out = [&destination[..], &source, &kind.to_be_bytes(), body].concat();
    out.resize(out.len().max(60), 0);
    out
}

/// The same frame as a trunk carries it (IEEE 802.1Q).
pub(super) fn tagged(frame: &[u8], vlan: u16) -> Vec<u8> {
    [&frame[..12], &[0x81, 0x00], &vlan.to_be_bytes(), &frame[12..]].concat()
}

/// An ARP request (1) or answer (2) (RFC 826).
pub(super) fn arp(
    operation: u8,
    sender: ([u8; 6], [u8; 4]),
    target: ([u8; 6], [u8; 4]),
) -> Vec<u8> {
    let head = [0, 1, 8, 0, 6, 4, 0, operation];
    [&head[..], &sender.0, &sender.1, &target.0, &target.1].concat()
}

/// An IPv4 packet (RFC 791).
fn ipv4(route: Route, protocol: u8, body: &[u8]) -> Vec<u8> {
    let mut head = [0_u8; 20];
    head[0] = 0x45;
    head[2..4].copy_from_slice(&(20 + body.len() as u16).to_be_bytes());
    head[4..6].copy_from_slice(&route.id.to_be_bytes());
    head[6] = 0x40;
    head[8] = route.ttl;
    head[9] = protocol;
    head[12..16].copy_from_slice(&route.source);
    head[16..20].copy_from_slice(&route.destination);
    let sum = checksum([&head[..]]);
    head[10..12].copy_from_slice(&sum.to_be_bytes());
    [&head, body].concat()
}

/// The checksum of TCP and UDP, over the pseudo-header too.
fn transport_checksum(route: Route, protocol: u8, body: &[u8]) -> [u8; 2] {
    let length = (body.len() as u16).to_be_bytes();
    let pseudo = [&route.source[..], &route.destination, &[0, protocol], &length].concat();
    checksum([&pseudo[..], body]).to_be_bytes()
}

/// A UDP datagram in its IPv4 packet (RFC 768).
pub(super) fn udp(route: Route, ports: [u16; 2], payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len() as u16;
    let head = [ports[0], ports[1], length, 0].map(u16::to_be_bytes).concat();
    let mut body = [&head[..], payload].concat();
    let sum = transport_checksum(route, 17, &body);
    // Zero means none was made.
    body[6..8].copy_from_slice(&if sum == [0, 0] { [0xff, 0xff] } else { sum });
    ipv4(route, 17, &body)
}

/// A TCP segment in its IPv4 packet (RFC 9293); a SYN says how long segments may be.
pub(super) fn tcp(route: Route, segment: Segment, payload: &[u8]) -> Vec<u8> {
    let options: &[u8] = if segment.flags & SYN == 0 { &[] } else { &[2, 4, 0x05, 0xb4] };
    let mut body = segment.ports.map(u16::to_be_bytes).concat();
    body.extend(segment.sequence.to_be_bytes());
    body.extend(segment.acknowledged.to_be_bytes());
    body.push((20 + options.len() as u8) << 2);
    body.push(segment.flags);
    // Window, checksum to come, urgent pointer.
    body.extend(if segment.flags & RST == 0 { [0x20, 0] } else { [0, 0] });
    body.extend([0; 4]);
    body.extend(options);
    body.extend(payload);
    let sum = transport_checksum(route, 6, &body);
    body[16..18].copy_from_slice(&sum);
    ipv4(route, 6, &body)
}
