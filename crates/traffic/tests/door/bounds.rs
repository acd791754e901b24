//! Floods: memory stays within its bounds, and what that costs is counted.

use crate::{
    files::{PLAIN, pcap},
    packets::{ACK, CLIENT, SERVER, SYN, Talk, ipv4, ipv4_part, tcp, udp},
    reading::Seen,
};
use hangtu_evidence::Input;
use hangtu_traffic::{Batch, Observer, Settings, read};
use std::{io, panic};

fn flood(packets: impl Iterator<Item = Vec<u8>>, settings: Settings) -> Seen {
    timed(packets.enumerate().map(|(i, p)| (i as i64 * 1000, p)), settings)
}

/// Packets with their nanoseconds since the first.
fn timed(packets: impl Iterator<Item = (i64, Vec<u8>)>, settings: Settings) -> Seen {
    let start = 1_700_000_000_000_000_000;
    let packets: Vec<_> = packets.map(|(at, packet)| (start + at, packet)).collect();
    let input = Input::Memory("flood".into(), pcap(PLAIN, 101, &packets).into());
    let mut seen = Seen::default();
    seen.summary = read(&[input], &settings, &mut seen).unwrap();
    seen
}

#[test]
fn more_flows_than_the_bound_are_ended_early_and_counted() {
    let flows = 300_000_u32;
    let packets = (0..flows).map(|i| {
        let [_, a, b, c] = i.to_be_bytes();
        ipv4([10, a, b, c], SERVER, 17, &udp(40_000, 9, b"x"))
    });
    for threads in [1, 3] {
        let settings = Settings { threads, records: false, ..Settings::default() };
        let summary = flood(packets.clone(), settings).summary;
        assert_eq!(summary.sessions, u64::from(flows));
        // Workers share the bound; the addresses spread unevenly by a little.
        let kept = u64::from(flows) - summary.limits.flows_evicted;
        let bound = settings.max_flows as u64;
        assert!((bound * 9 / 10..=bound).contains(&kept), "{threads} threads keep {kept}");
    }
}

#[test]
fn what_only_might_go_on_in_the_next_capture_takes_nobodys_room() {
    let start = 1_700_000_000_000_000_000;
    let exchange = |i: u32| {
        let [_, a, b, c] = i.to_be_bytes();
        let packet = ipv4([10, a, b, c], SERVER, 17, &udp(40_000, 9, b"x"));
        (start + i64::from(i) * 1_000_000_000, packet)
    };
    let packets: Vec<_> = (0..20_000).map(exchange).collect();
    let inputs = [&packets[..], &packets[..1]]
        .map(|packets| Input::Memory("tap".into(), pcap(PLAIN, 101, packets).into()));
    let mut seen = Seen::default();
    let settings = Settings { threads: 1, max_flows: 10_000, ..Settings::default() };
    let summary = read(&inputs, &settings, &mut seen).unwrap();
    assert_eq!((summary.limits.flows_evicted, summary.sessions), (0, 20_001));
}

#[test]
fn attempts_that_nobody_answers_do_not_fill_the_table() {
    const SECOND: i64 = 1_000_000_000;
    let mut packets: Vec<_> = (0..40_000_u32)
        .map(|i| {
            let [_, a, b, c] = i.to_be_bytes();
            let syn = tcp(40_000, 502, 1, SYN, &[]);
            (i64::from(i) * SECOND * 3 / 100, ipv4(CLIENT, [10, a, b, c], 6, &syn))
        })
        .collect();
    // Answered after a minute, and used ten minutes later.
    let mut late = Talk::new(20_000, 9);
    packets.push((0, late.send(true, SYN, &[])));
    packets.push((60 * SECOND, late.send(false, SYN | ACK, &[])));
    packets.push((700 * SECOND, late.send(true, ACK, b"late")));
    // Of this one the capture shows one side alone.
    let mut half = Talk::new(20_001, 9);
    packets.push((0, half.send(true, SYN, &[])));
    packets.push((1, half.send(true, ACK, &[])));
    packets.push((700 * SECOND, half.send(true, ACK, b"half")));
    packets.sort_by_key(|(at, _)| *at);
    let seen = timed(
        packets.into_iter(),
        Settings { threads: 1, max_flows: 10_000, ..Settings::default() },
    );
    assert_eq!(seen.summary.limits.flows_evicted, 0);
    let states = |port: u16| -> Vec<_> {
        let these = seen.sessions.iter().filter(|s| s.source.port == port);
        these.map(|s| s.state).collect()
    };
    assert_eq!(states(20_000), ["complete"]);
    assert_eq!(states(20_001), ["midstream"]);
    assert_eq!(states(40_000), vec!["unanswered"; 40_000]);
    assert_eq!(seen.sessions.len(), 40_002);
}

/// Does not take records.
struct Full {
    panics: bool,
}

impl Observer for Full {
    fn records(&mut self, _: &mut Batch) -> io::Result<()> {
        assert!(!self.panics, "told");
        Err(io::ErrorKind::StorageFull.into())
    }
}

#[test]
fn where_records_cannot_be_told_reading_ends_on_all_threads() {
    let packet = ipv4(CLIENT, SERVER, 17, &udp(40_000, 9, &[0; 1_000]));
    let packets: Vec<_> = (0..3_000).map(|i| (i, packet.clone())).collect();
    let input = [Input::Memory("capture".into(), pcap(PLAIN, 101, &packets).into())];
    for threads in [1, 3] {
        let settings = Settings { threads, ..Settings::default() };
        let told = |panics| read(&input, &settings, &mut Full { panics });
        assert!(told(false).is_err_and(|e| e.to_string().contains("storage")));
        assert!(panic::catch_unwind(|| told(true)).is_err());
    }
}

#[test]
fn messages_without_end_are_given_up() {
    // EtherNet/IP that announces 4000 bytes and never has them all, on many connections at once.
    let head = [&[0x6f, 0, 0xa0, 0x0f][..], &[0; 20]].concat();
    let mut talks: Vec<Talk> = (0..800).map(|i| Talk::new(20_000 + i, 44818)).collect();
    let mut packets = Vec::new();
    talks.iter_mut().for_each(|t| packets.push(t.send(true, ACK, &head)));
    for _ in 0..3 {
        talks.iter_mut().for_each(|t| packets.push(t.send(true, ACK, &[0; 1200])));
    }
    let settings = Settings { threads: 1, max_payload: 1 << 20, ..Settings::default() };
    let seen = flood(packets.into_iter(), settings);
    assert!(seen.summary.limits.payload_evicted > 100);
}

#[test]
fn segments_out_of_order_are_held_only_so_long() {
    let talk = Talk::new(49152, 502);
    let hole = |i: u32| talk.at(true, 1000 + 10 * (i + 1), ACK, &[7]);
    let first = talk.at(true, 1000, ACK, &[0]);
    let packets = std::iter::once(first).chain((0..50_000).map(hole));
    let seen = flood(packets, Settings { threads: 1, ..Settings::default() });
    assert_eq!(seen.sessions.iter().map(|s| s.source_packets).sum::<u64>(), 50_001);
    assert!(seen.sessions[0].lost > 400_000);
    // Each segment costs more than its one byte: thousands of connections meet the bound.
    let talks: Vec<Talk> = (0..2000).map(|i| Talk::new(20_000 + i, 502)).collect();
    let packets =
        (0..60).flat_map(|i| talks.iter().map(move |t| t.at(true, 1000 + 10 * i, ACK, &[0])));
    let settings = Settings { threads: 1, max_payload: 1 << 20, ..Settings::default() };
    assert!(flood(packets, settings).summary.limits.payload_evicted > 0);
}

#[test]
fn fragments_that_never_come_together_are_given_up() {
    let packets = (0..60_000_u16)
        .map(|id| ipv4_part(CLIENT, SERVER, 17, id, 0x2000, &[0; 8]))
        // Single bytes with holes between them: small, and each a part of its own.
        .chain((0..400_000_u32).map(|i| {
            let (id, part) = ((i / 8000) as u16, (i % 8000) as u16);
            ipv4_part(SERVER, CLIENT, 17, id, 0x2000 | part, &[0])
        }));
    let seen = flood(packets, Settings { threads: 1, ..Settings::default() });
    assert!(seen.sessions.is_empty());
    // A datagram given up in the middle counts again when more of it comes.
    let dropped = seen.summary.limits.fragments_dropped;
    assert!((60_050..60_100).contains(&dropped), "{dropped}");
}
