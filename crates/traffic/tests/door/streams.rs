//! However a stream is cut, reordered and repeated, it says the same.

use crate::{
    files::{PLAIN, pcap, stamped},
    packets::{ACK, SERVER, Talk, ethernet, ipv4, ipv4_part, modbus_write, udp},
    reading::{Seen, inputs, packets as read},
};
use hangtu_evidence::Input;
use hangtu_record::Outcome;
use hangtu_traffic::{assets::Inventory, capture::CHUNK};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A burst of messages from one side: whether the client sends, and the bytes.
type Burst = (bool, Vec<u8>);

/// A protocol's port, how a conversation opens, and one request with its answer.
struct Speech {
    name: &'static str,
    port: u16,
    open: Vec<Burst>,
    ask: fn(u16) -> (Vec<u8>, Vec<u8>),
}

fn modbus(n: u16) -> (Vec<u8>, Vec<u8>) {
    (modbus_write(n, 1000 + n), modbus_write(n, 1000 + n))
}

fn tpkt(data: &[u8]) -> Vec<u8> {
    let mut out = vec![3, 0];
    out.extend((data.len() as u16 + 7).to_be_bytes());
    out.extend([2, 0xf0, 0x80]);
    out.extend(data);
    out
}

fn s7_open() -> Vec<Burst> {
    let connect = |kind: u8| {
        let mut out = vec![3, 0, 0, 22, 17, kind, 0, 0, 0, 1, 0];
        out.extend([0xc0, 1, 10, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2]);
        out
    };
    let setup = [0xf0, 0, 0, 1, 0, 1, 1, 0xe0];
    let ask = [&[0x32, 1, 0, 0, 0, 1, 0, 8, 0, 0][..], &setup].concat();
    let answer = [&[0x32, 3, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0][..], &setup].concat();
    vec![(true, connect(0xe0)), (false, connect(0xd0)), (true, tpkt(&ask)), (false, tpkt(&answer))]
}

/// Write Var of one byte in a data block.
fn s7comm(n: u16) -> (Vec<u8>, Vec<u8>) {
    let [high, low] = n.to_be_bytes();
    let bits = u32::from(n) * 8;
    let [_, a, b, c] = bits.to_be_bytes();
    let mut ask = vec![0x32, 1, 0, 0, high, low, 0, 14, 0, 5, 5, 1];
    ask.extend([0x12, 10, 0x10, 2, 0, 1, 0, 1, 0x84, a, b, c, 0, 4, 0, 8, 77]);
    let answer = [0x32, 3, 0, 0, high, low, 0, 2, 0, 1, 0, 0, 5, 1, 0xff];
    (tpkt(&ask), tpkt(&answer))
}

/// Single command, confirmed.
fn iec104(n: u16) -> (Vec<u8>, Vec<u8>) {
    let [low, high] = n.to_le_bytes();
    let apdu = |cause: u8| vec![0x68, 14, 0, 0, 0, 0, 45, 1, cause, 0, 3, 0, low, high, 0, 1];
    (apdu(6), apdu(7))
}

fn dnp3_frame(control: u8, to: u16, from: u16, data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x05, 0x64, data.len() as u8 + 5, control];
    out.extend(to.to_le_bytes());
    out.extend(from.to_le_bytes());
    out.extend([0, 0]);
    for block in data.chunks(16) {
        out.extend(block);
        out.extend([0, 0]);
    }
    out
}

/// Direct operate of one relay.
fn dnp3(n: u16) -> (Vec<u8>, Vec<u8>) {
    let sequence = (n & 15) as u8;
    let [low, high] = n.to_le_bytes();
    let object = [12, 1, 0x28, 1, 0, low, high, 3, 1, 100, 0, 0, 0, 100, 0, 0, 0, 0];
    let ask = [&[0xc0 | sequence, 0xc0 | sequence, 5][..], &object].concat();
    let answer = [&[0xc0 | sequence, 0xc0 | sequence, 129, 0, 0][..], &object].concat();
    (dnp3_frame(0xc4, 10, 1, &ask), dnp3_frame(0x44, 1, 10, &answer))
}

/// Set Attribute Single of an instance of the assembly class.
fn enip(n: u16) -> (Vec<u8>, Vec<u8>) {
    let rr = |message: &[u8]| {
        let mut out = vec![0x6f, 0];
        out.extend((message.len() as u16 + 16).to_le_bytes());
        out.extend([7, 0, 0, 0, 0, 0, 0, 0]);
        out.extend(u64::from(n).to_le_bytes());
        out.extend([0; 4]);
        out.extend([0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0xb2, 0]);
        out.extend((message.len() as u16).to_le_bytes());
        out.extend(message);
        out
    };
    let [low, high] = n.to_le_bytes();
    (rr(&[0x10, 4, 0x20, 4, 0x25, 0, low, high, 0x30, 3, 55]), rr(&[0x90, 0, 0, 0]))
}

fn speeches() -> [Speech; 5] {
    let start = |kind: u8| vec![0x68, 4, kind, 0, 0, 0];
    [
        Speech { name: "modbus", port: 502, open: Vec::new(), ask: modbus },
        Speech { name: "s7comm", port: 102, open: s7_open(), ask: s7comm },
        Speech {
            name: "iec104",
            port: 2404,
            open: vec![(true, start(7)), (false, start(0x0b))],
            ask: iec104,
        },
        Speech { name: "dnp3", port: 20000, open: Vec::new(), ask: dnp3 },
        Speech { name: "enip", port: 44818, open: Vec::new(), ask: enip },
    ]
}

/// Eight rounds of a few requests in a row and then their answers.
fn bursts(speech: &Speech) -> Vec<Burst> {
    let mut out = speech.open.clone();
    let mut n = 1;
    for round in 0..8 {
        let (mut ask, mut answer) = (Vec::new(), Vec::new());
        for _ in 0..=round % 3 {
            let (a, b) = (speech.ask)(n);
            ask.extend(a);
            answer.extend(b);
            n += 1;
        }
        out.extend([(true, ask), (false, answer)]);
    }
    out
}

/// What befalls one segment: how long it is, whether it comes late, again, or reaches over its
/// neighbours.
#[derive(Clone, Debug)]
struct Fate {
    size: usize,
    late: usize,
    again: bool,
    back: usize,
    on: usize,
    lost: bool,
}

fn fate() -> impl Strategy<Value = Fate> {
    (1..60_usize, 0..6_usize, prop::bool::weighted(0.2), 0..9_usize, 0..9_usize, any::<u8>())
        .prop_map(|(size, late, again, back, on, lost)| Fate {
            // Single bytes are the hardest: make them common.
            size: if size > 50 { 1 } else { size },
            late,
            again,
            back,
            on,
            lost: lost < 50,
        })
}

/// Cuts the bursts into packets. The bursts before `lossy`, but for the first, lose the segments
/// whose fate says so; also returns how many packets those bursts take.
fn lose(port: u16, bursts: &[Burst], fates: &[Fate], lossy: usize) -> (Vec<Vec<u8>>, usize) {
    let mut talk = Talk::new(49152, port);
    let mut out = talk.open();
    let mut fates = fates.iter().cycle();
    let mut early = 0;
    for (number, (client, bytes)) in bursts.iter().enumerate() {
        let start = talk.seq(*client);
        let mut segments: Vec<(usize, Vec<u8>)> = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let fate = fates.next().unwrap();
            let end = (at + fate.size).min(bytes.len());
            let (from, to) = (at.saturating_sub(fate.back), (end + fate.on).min(bytes.len()));
            let packet = talk.at(*client, start.wrapping_add(from as u32), ACK, &bytes[from..to]);
            if !(fate.lost && (1..lossy).contains(&number)) {
                let place = segments.len() + fate.late;
                if fate.again {
                    segments.push((place + 1, packet.clone()));
                }
                segments.push((place, packet));
            }
            at = end;
        }
        segments.sort_by_key(|(place, _)| *place);
        out.extend(segments.into_iter().map(|(_, packet)| packet));
        talk.send(*client, ACK, bytes);
        if number < lossy {
            early = out.len();
        }
    }
    (out, early)
}

/// Cuts the bursts into packets without a loss.
fn cut(port: u16, bursts: &[Burst], fates: &[Fate]) -> Vec<Vec<u8>> {
    lose(port, bursts, fates, 0).0
}

/// The bursts as they are, one segment each.
fn whole(port: u16, bursts: &[Burst]) -> Seen {
    let mut talk = Talk::new(49152, port);
    let mut packets = talk.open();
    packets.extend(bursts.iter().map(|(client, bytes)| talk.send(*client, ACK, bytes)));
    read(&packets)
}

#[test]
fn whole_streams_are_read() {
    for speech in speeches() {
        let seen = whole(speech.port, &bursts(&speech));
        let asked = seen.operations.iter().filter(|o| o.verb.name() == "write").count();
        assert!(asked >= 15 || seen.operations.len() >= 15, "{}: {:#?}", speech.name, seen.lines);
        assert!(seen.operations.iter().all(|o| o.outcome == Outcome::Success), "{}", speech.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn cuts_and_order_change_nothing(which in 0..5_usize, fates in prop::collection::vec(fate(), 1..40)) {
        let speech = &speeches()[which];
        let bursts = bursts(speech);
        let seen = read(&cut(speech.port, &bursts, &fates));
        prop_assert_eq!(seen.done(), whole(speech.port, &bursts).done());
        prop_assert!(seen.summary.unreadable.is_empty());
        prop_assert_eq!(seen.sessions[0].lost, 0);
    }

    #[test]
    fn one_direction_alone_tells_what_was_asked(which in 0..5_usize, fates in prop::collection::vec(fate(), 1..40)) {
        let speech = &speeches()[which];
        let bursts = bursts(speech);
        let asked = |seen: &Seen| {
            let mut all: Vec<_> = seen.done().iter().map(|(v, c, a, _)| (*v, *c, *a)).collect();
            all.sort_unstable();
            all
        };
        let packets = cut(speech.port, &bursts, &fates);
        let sent: Vec<_> = packets.into_iter().filter(|p| p[12..16] == crate::packets::CLIENT).collect();
        prop_assert_eq!(asked(&read(&sent)), asked(&whole(speech.port, &bursts)));
    }

    #[test]
    fn what_follows_a_loss_is_read(
        which in 0..5_usize,
        fates in prop::collection::vec(fate(), 1..40),
        start in 0..12_usize,
    ) {
        let speech = &speeches()[which];
        // A connection joined in the middle is recognised where a segment begins with a message,
        // as nearly all do.
        let size = |f: &Fate| if start > 0 { 4000 } else { f.size };
        let fates: Vec<_> = fates.into_iter().map(|f| Fate { size: size(&f), ..f }).collect();
        let bursts = bursts(speech);
        let lossy = bursts.len() - 4;
        // Without the handshake when joined later.
        let (packets, early) = lose(speech.port, &bursts, &fates, lossy);
        let seen = read(&packets[start.min(early)..]);
        let sent = whole(speech.port, &bursts).done();
        prop_assert!(seen.done().len() <= sent.len(), "{:#?}", seen.lines);
        let last = sent[sent.len() - 1];
        prop_assert!(seen.done().contains(&last), "{:#?}", seen.lines);
    }
}

#[test]
fn threads_change_nothing() {
    let fates: Vec<Fate> = (0..37)
        .map(|i| Fate {
            size: 1 + i * 7 % 40,
            late: i % 4,
            again: i % 5 == 0,
            back: i % 3,
            on: i % 2,
            lost: i % 6 == 0,
        })
        .collect();
    // Forty clients, interleaved.
    let mut queues: Vec<std::vec::IntoIter<Vec<u8>>> = Vec::new();
    for host in 0..40_u8 {
        let speech = &speeches()[usize::from(host) % 5];
        let (mut packets, _) = lose(speech.port, &bursts(speech), &fates, usize::from(host) % 9);
        for packet in &mut packets {
            let end = if packet[12..16] == crate::packets::CLIENT { 12 } else { 16 };
            packet[end + 2] = host;
        }
        queues.push(packets.into_iter());
    }
    let mut packets = Vec::new();
    loop {
        let before = packets.len();
        packets.extend(queues.iter_mut().filter_map(Iterator::next));
        if packets.len() == before {
            break;
        }
    }
    // Between them, so much that reading is ahead: datagrams whole, in a tunnel, and in fragments.
    let count = packets.len();
    let mut frames = Vec::new();
    for (i, packet) in packets.into_iter().enumerate() {
        frames.push(ethernet(0x0800, &packet));
        // And what is no IP, or nothing at all.
        let host = [2, 0, 0, 9, 0, (i % 200) as u8];
        let on_the_link = |ethertype: [u8; 2], payload: &[u8]| {
            [&[2, 0, 0, 9, 1, 1], &host[..], &ethertype[..], payload].concat()
        };
        let arp = [&[0, 1, 8, 0, 6, 4, 0, 1], &host[..], &[10, 9, 0, host[5]], &[0; 10]].concat();
        frames.push(on_the_link([8, 6], &arp));
        frames.push(on_the_link([0x88, 0x92], &[0x80; 40]));
        frames.push(on_the_link([8, 0], &[0x45, 0, 0]));
        for n in 0..4_000_usize.div_ceil(count) {
            let host = [10, 0, (i % 200) as u8, n as u8];
            let inner = ethernet(0x0800, &ipv4(host, SERVER, 17, &udp(6_000, 9, &[1; 900])));
            let datagram = match i % 3 {
                0 => udp(5_000, 4789, &[&[8, 0, 0, 0, 0, 0, 1, 0], &inner[..]].concat()),
                _ => udp(5_000, 9, &[1; 952]),
            };
            let (first, rest) = datagram.split_at(480);
            let parts: [(u16, &[u8]); 2] = match i % 5 {
                0 => [(0x2000, first), (60, rest)],
                _ => [(0, &datagram), (0, &[])],
            };
            for (part, bytes) in parts.into_iter().filter(|(_, bytes)| !bytes.is_empty()) {
                frames.push(ethernet(0x0800, &ipv4_part(host, SERVER, 17, i as u16, part, bytes)));
            }
        }
    }
    let capture = pcap(PLAIN, 1, &stamped(&frames));
    assert!(capture.len() > 12 * CHUNK);
    let unknown = pcap(PLAIN, 147, &stamped(&frames[..9]));
    let input = [capture, unknown].map(|bytes| Input::Memory("c".into(), bytes.into()));
    let assets = |seen: &mut Seen, threads| {
        let found = Inventory::new(std::mem::take(&mut seen.summary.assets), threads);
        format!("{:#?}", found.assets)
    };
    let mut one = inputs(&input, 1);
    assert!(one.lines.len() > 1_000, "{}", one.lines.len());
    assert_eq!(one.summary.limits.broken_packets, count as u64);
    assert_eq!(one.summary.limits.unknown_links, BTreeMap::from([(147, 9)]));
    assert!(one.lines.iter().any(|line| line.contains("network.protocol=profinet")));
    let inventory = assets(&mut one, 1);
    assert!(inventory.contains("10.9.0.117") && inventory.contains("\"profinet\""));
    for threads in [2, 5] {
        let mut many = inputs(&input, threads);
        assert_eq!(many.lines, one.lines);
        assert_eq!(assets(&mut many, threads), inventory);
        assert_eq!(many.summary.limits, one.summary.limits);
        assert_eq!(many.summary.unreadable, one.summary.unreadable);
    }
}
