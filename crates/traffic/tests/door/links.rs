//! The same exchange in every wrapping is the same operation.

use crate::{
    files::{PLAIN, pcap, stamped},
    packets::{CLIENT, SERVER, ethernet, ipv4, ipv4_part, ipv6, modbus, udp},
    reading::{Seen, file},
};
use hangtu_record::{Mac, Outcome};

const OUTER: ([u8; 4], [u8; 4]) = ([198, 51, 100, 1], [198, 51, 100, 2]);

fn read(link: u32, frames: &[Vec<u8>]) -> Seen {
    file(&pcap(PLAIN, link, &stamped(frames)))
}

/// Puts bytes before a packet.
fn behind(head: &[u8], packet: &[u8]) -> Vec<u8> {
    [head, packet].concat()
}

/// A frame to an address that begins with that byte.
fn to(first: u8, frame: &[u8]) -> Vec<u8> {
    behind(&[first], &frame[1..])
}

fn in_ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ethernet(0x0800, &ipv4(OUTER.0, OUTER.1, protocol, payload))
}

/// The TCP segment of an IPv4 packet, and whether the client sent it.
fn inside(packet: &[u8]) -> (&[u8], bool) {
    (&packet[20..], packet[12..16] == CLIENT)
}

fn as_ipv6(packet: &[u8], wrap: impl Fn(&[u8]) -> (u8, Vec<u8>)) -> Vec<u8> {
    let (segment, client) = inside(packet);
    let (next, payload) = wrap(segment);
    let (from, to) = if client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    ipv6(from, to, next, &payload)
}

#[test]
fn links_and_tunnels_change_nothing() {
    type Wrap = fn(&[u8]) -> Vec<u8>;
    let ways: &[(&str, u32, Wrap)] = &[
        ("Ethernet", 1, |p| ethernet(0x0800, p)),
        ("Ethernet, padded", 1, |p| [ethernet(0x0800, p), vec![0; 6]].concat()),
        ("802.1Q", 1, |p| ethernet(0x8100, &behind(&[0x60, 5, 8, 0], p))),
        ("QinQ", 1, |p| ethernet(0x88a8, &behind(&[0, 9, 0x81, 0, 0, 5, 8, 0], p))),
        ("LLC/SNAP", 1, |p| {
            let llc = behind(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], p);
            ethernet(llc.len() as u16, &llc)
        }),
        ("cooked v1", 113, |p| behind(&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], p)),
        ("cooked v2", 276, |p| {
            behind(&[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], p)
        }),
        ("LLC/SNAP in cooked v1", 113, |p| {
            let llc = behind(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], p);
            behind(&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0, 4], &llc)
        }),
        ("LLC/SNAP in cooked v2", 276, |p| {
            let llc = behind(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], p);
            behind(&[0, 4, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], &llc)
        }),
        ("raw", 101, <[u8]>::to_vec),
        ("raw, old number", 12, <[u8]>::to_vec),
        ("raw IPv4", 228, <[u8]>::to_vec),
        ("BSD loopback", 0, |p| behind(&[2, 0, 0, 0], p)),
        ("BSD loopback, other order", 0, |p| behind(&[0, 0, 0, 2], p)),
        ("OpenBSD loopback", 108, |p| behind(&[0, 0, 0, 2], p)),
        ("PPP", 9, |p| behind(&[0xff, 3, 0, 0x21], p)),
        ("PPPoE", 1, |p| {
            let size = (p.len() as u16 + 2).to_be_bytes();
            ethernet(0x8864, &behind(&[0x11, 0, 0, 1, size[0], size[1], 0, 0x21], p))
        }),
        ("PPPoE without Ethernet", 51, |p| {
            let size = (p.len() as u16 + 2).to_be_bytes();
            behind(&[0x11, 0, 0, 1, size[0], size[1], 0, 0x21], p)
        }),
        ("MPLS", 1, |p| ethernet(0x8847, &behind(&[0, 1, 0, 64, 0, 2, 1, 64], p))),
        ("Ethernet over MPLS", 1, |p| {
            let frame = ethernet(0x0800, p);
            ethernet(0x8847, &behind(&[0, 1, 1, 64, 0, 0, 0, 0], &frame))
        }),
        ("Ethernet over MPLS, numbered", 1, |p| {
            let frame = ethernet(0x8100, &behind(&[0, 5, 8, 0], p));
            ethernet(0x8847, &behind(&[0, 1, 1, 64, 0, 0, 0, 7], &frame))
        }),
        // Addresses that begin like a control word, and like versions of IP.
        ("Ethernet over MPLS without control word", 1, |p| {
            ethernet(0x8847, &behind(&[0, 1, 1, 64], &to(0x02, &ethernet(0x0800, p))))
        }),
        ("the same, tagged", 1, |p| {
            let frame = to(0x00, &ethernet(0x8100, &behind(&[0, 5, 8, 0], p)));
            ethernet(0x8847, &behind(&[0, 1, 1, 64], &frame))
        }),
        ("the same, to an address like IPv4", 1, |p| {
            ethernet(0x8847, &behind(&[0, 1, 1, 64], &to(0x48, &ethernet(0x0800, p))))
        }),
        ("the same, to an address like IPv6", 1, |p| {
            ethernet(0x8847, &behind(&[0, 1, 1, 64], &to(0x60, &ethernet(0x0800, p))))
        }),
        ("IPv6 in MPLS", 1, |p| {
            ethernet(0x8847, &behind(&[0, 1, 1, 64], &as_ipv6(p, |s| (6, s.to_vec()))))
        }),
        ("GRE", 1, |p| in_ipv4(47, &behind(&[0, 0, 8, 0], p))),
        ("GRE with key and sequence", 1, |p| {
            in_ipv4(47, &behind(&[0x30, 0, 8, 0, 0, 0, 0, 9, 0, 0, 0, 1], p))
        }),
        ("ERSPAN I", 1, |p| in_ipv4(47, &behind(&[0, 0, 0x88, 0xbe], &ethernet(0x0800, p)))),
        ("ERSPAN II", 1, |p| {
            let head = [0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 5, 0, 1, 0, 0, 0, 0];
            in_ipv4(47, &behind(&head, &ethernet(0x0800, p)))
        }),
        ("ERSPAN III", 1, |p| {
            let head = [0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
            in_ipv4(47, &behind(&head, &ethernet(0x0800, p)))
        }),
        ("ERSPAN III with a subheader", 1, |p| {
            let head = [0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1];
            in_ipv4(47, &behind(&head, &behind(&[0; 8], &ethernet(0x0800, p))))
        }),
        ("VXLAN", 1, |p| {
            let vxlan = behind(&[8, 0, 0, 0, 0, 0, 9, 0], &ethernet(0x0800, p));
            in_ipv4(17, &udp(50000, 4789, &vxlan))
        }),
        ("VXLAN on Linux's own port", 1, |p| {
            let vxlan = behind(&[8, 0, 0, 0, 0, 0, 9, 0], &ethernet(0x0800, p));
            in_ipv4(17, &udp(50000, 8472, &vxlan))
        }),
        ("IP in IP", 1, |p| in_ipv4(4, p)),
        ("authentication header", 1, |p| {
            let (segment, client) = inside(p);
            let (from, to) = if client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
            let head = behind(&[6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1], &[7; 12]);
            ethernet(0x0800, &ipv4(from, to, 51, &behind(&head, segment)))
        }),
        ("authentication header around IP", 1, |p| {
            in_ipv4(51, &behind(&behind(&[4, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1], &[7; 12]), p))
        }),
        ("IPv6", 1, |p| ethernet(0x86dd, &as_ipv6(p, |s| (6, s.to_vec())))),
        ("6in4", 1, |p| in_ipv4(41, &as_ipv6(p, |s| (6, s.to_vec())))),
        ("IPv6 with hop-by-hop and destination options", 1, |p| {
            let options = [60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0];
            ethernet(0x86dd, &as_ipv6(p, |s| (0, behind(&options, s))))
        }),
        ("IPv6 with an atomic fragment", 1, |p| {
            ethernet(0x86dd, &as_ipv6(p, |s| (44, behind(&[6, 0, 0, 0, 0, 0, 0, 7], s))))
        }),
    ];
    let expected = read(101, &modbus()).done();
    assert_eq!(expected.len(), 1);
    for (name, link, wrap) in ways {
        let frames: Vec<_> = modbus().iter().map(|p| wrap(p)).collect();
        let seen = read(*link, &frames);
        assert_eq!(seen.done(), expected, "{name}");
        assert_eq!((seen.sessions.len(), seen.sessions[0].state), (1, "complete"), "{name}");
        assert_eq!(seen.operations[0].source.port, 49152, "{name}");
    }
}

#[test]
fn a_tag_that_only_gives_a_priority_is_no_vlan() {
    let vlan = |tags: &[u8]| {
        let frames: Vec<_> = modbus().iter().map(|p| ethernet(0x8100, &behind(tags, p))).collect();
        let seen = read(1, &frames);
        assert_eq!(seen.operations[0].vlan, seen.sessions[0].vlan);
        seen.sessions[0].vlan
    };
    assert_eq!(vlan(&[0x60, 0, 8, 0]), None);
    assert_eq!(vlan(&[0x60, 0, 0x81, 0, 0, 42, 8, 0]), Some(42));
    assert_eq!(vlan(&[0, 9, 0x81, 0, 0, 42, 8, 0]), Some(9));
}

#[test]
fn only_a_header_of_vxlan_is_looked_behind_on_linuxs_own_port() {
    let frames: Vec<_> = modbus()
        .iter()
        .map(|p| {
            let other = behind(&[8, 0, 0, 0, 0, 0, 9, 1], &ethernet(0x0800, p));
            in_ipv4(17, &udp(50000, 8472, &other))
        })
        .collect();
    let seen = read(1, &frames);
    assert_eq!((seen.operations.len(), seen.sessions[0].destination.port), (0, 8472));
}

#[test]
fn in_a_tunnel_link_addresses_are_those_of_the_inner_frame_or_none() {
    type Wrap = fn(&[u8]) -> Vec<u8>;
    /// From an address that ends like the IP address.
    fn inner(p: &[u8]) -> Vec<u8> {
        let mut frame = ethernet(0x0800, p);
        (frame[10], frame[11]) = (9, p[15]);
        frame
    }
    let framed: &[(&str, Wrap)] = &[
        ("VXLAN", |p| {
            let vxlan = behind(&[8, 0, 0, 0, 0, 0, 9, 0], &inner(p));
            in_ipv4(17, &udp(50000, 4789, &vxlan))
        }),
        ("NVGRE", |p| in_ipv4(47, &behind(&[0x20, 0, 0x65, 0x58, 0, 0, 9, 0], &inner(p)))),
        ("ERSPAN I", |p| in_ipv4(47, &behind(&[0, 0, 0x88, 0xbe], &inner(p)))),
        ("Ethernet over MPLS", |p| {
            ethernet(0x8847, &behind(&[0, 1, 1, 64, 0, 0, 0, 0], &inner(p)))
        }),
    ];
    let bare: &[(&str, Wrap)] = &[
        ("GRE", |p| in_ipv4(47, &behind(&[0, 0, 8, 0], p))),
        ("IP in IP", |p| in_ipv4(4, p)),
        ("6in4", |p| in_ipv4(41, &as_ipv6(p, |s| (6, s.to_vec())))),
        ("GRE in VXLAN", |p| {
            let gre = in_ipv4(47, &behind(&[0, 0, 8, 0], p));
            in_ipv4(17, &udp(50000, 4789, &behind(&[8, 0, 0, 0, 0, 0, 9, 0], &gre)))
        }),
    ];
    let check = |ways: &[(&str, Wrap)], expected: [Option<Mac>; 2]| {
        for (name, wrap) in ways {
            let frames: Vec<_> = modbus().iter().map(|p| wrap(p)).collect();
            let seen = read(1, &frames);
            let done = &seen.operations[0];
            assert_eq!([done.source.mac, done.destination.mac], expected, "{name}");
        }
    };
    check(framed, [1, 2].map(|last| Some(Mac([2, 0, 0, 0, 9, last]))));
    check(bare, [None, None]);
}

/// Cuts a payload into fragments of 8, 16, 8, … bytes: offset, whether more follow, bytes.
fn parts(payload: &[u8]) -> Vec<(u16, bool, &[u8])> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < payload.len() {
        let size = if out.len() % 2 == 0 { 8 } else { 16 };
        let end = (at + size).min(payload.len());
        out.push((at as u16, end < payload.len(), &payload[at..end]));
        at = end;
    }
    out
}

type Part<'a> = (u16, bool, &'a [u8]);

/// Every IPv4 packet of the exchange in fragments, which `arrange` puts in some order.
fn fragmented<'a>(
    packets: &'a [Vec<u8>],
    arrange: impl Fn(&'a [u8], Vec<Part<'a>>) -> Vec<Part<'a>>,
) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for (id, packet) in packets.iter().enumerate() {
        let (payload, client) = inside(packet);
        let (from, to) = if client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        for (offset, more, bytes) in arrange(payload, parts(payload)) {
            let part = (offset / 8) | if more { 0x2000 } else { 0 };
            frames.push(ipv4_part(from, to, packet[9], id as u16, part, bytes));
        }
    }
    frames
}

#[test]
fn fragments_come_together_in_any_order() {
    let expected = read(101, &modbus()).done();
    let packets = modbus();
    let reversed = fragmented(&packets, |_, mut parts| {
        parts.reverse();
        parts
    });
    assert_eq!(read(101, &reversed).done(), expected);
    // The second part first, then everything but the end, over it and beyond it.
    let overlapping = fragmented(&packets, |payload, parts| {
        let last = parts[parts.len() - 1];
        vec![parts[1], (0, true, &payload[..usize::from(last.0)]), last]
    });
    assert_eq!(read(101, &overlapping).done(), expected);
    // What is missing at the end is counted.
    let lost = read(101, &reversed[..reversed.len() - 1]);
    assert_eq!(lost.summary.limits.fragments_dropped, 1);
    assert_eq!(lost.operations[0].outcome.name(), "unanswered");
}

#[test]
fn ipv6_fragments_keep_their_options() {
    let expected = read(101, &modbus()).done();
    let mut frames = Vec::new();
    for (id, packet) in modbus().iter().enumerate() {
        // Destination options in the fragmentable part.
        let whole = behind(&[6, 0, 1, 4, 0, 0, 0, 0], inside(packet).0);
        for (offset, more, bytes) in parts(&whole) {
            let [high, low] = (offset | u16::from(more)).to_be_bytes();
            let head = [60, 0, high, low, 0, 0, 0, id as u8];
            frames.push(as_ipv6(packet, |_| (44, behind(&head, bytes))));
        }
    }
    assert_eq!(read(101, &frames).done(), expected);
}

#[test]
fn a_tunnel_in_fragments_is_looked_into_with_any_number_of_threads() {
    let gre: Vec<_> =
        modbus().iter().map(|p| ipv4(OUTER.0, OUTER.1, 47, &behind(&[0, 0, 8, 0], p))).collect();
    let mut frames = Vec::new();
    for (id, packet) in gre.iter().enumerate() {
        // Only what carries data is too long for the tunnel.
        if packet.len() < 70 {
            frames.push(packet.clone());
            continue;
        }
        for (offset, more, bytes) in parts(&packet[20..]) {
            let part = (offset / 8) | if more { 0x2000 } else { 0 };
            frames.push(ipv4_part(OUTER.0, OUTER.1, 47, id as u16, part, bytes));
        }
    }
    let bytes = pcap(PLAIN, 101, &stamped(&frames));
    let one = file(&bytes);
    assert_eq!(one.done(), read(101, &modbus()).done());
    let input = [hangtu_evidence::Input::Memory("tunnel".into(), bytes.into())];
    for threads in [2, 5] {
        assert_eq!(crate::reading::inputs(&input, threads).lines, one.lines);
    }
}

/// An address of which the number is what a link address would have.
#[test]
fn a_forged_address_is_no_link_address() {
    let forged: [u8; 16] = [0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 7];
    let frames: Vec<_> = modbus()
        .iter()
        .map(|packet| {
            let mut frame = ethernet(0x86dd, &as_ipv6(packet, |s| (6, s.to_vec())));
            // Instead of the server's.
            let at = if inside(packet).1 { 38 } else { 22 };
            frame[at..at + 16].copy_from_slice(&forged);
            frame
        })
        .collect();
    let seen = read(1, &frames);
    assert_eq!(seen.operations[0].destination.ip, Some(forged.into()));
    assert_eq!(seen.operations[0].destination.port, 502);
    assert_eq!(seen.operations[0].outcome, Outcome::Success);
}
