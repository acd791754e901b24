//! Ports, datagram numbers and times that come again: what is new is told from what is a copy.

use crate::{
    files::{PLAIN, Stamped, pcap},
    packets::{ACK, CLIENT, SERVER, Talk, ipv4, ipv4_part, modbus_write, udp},
    reading::{self, Seen},
};
use hangtu_evidence::Input;

const SECOND: i64 = 1_000_000_000;

/// A capture of packets with their nanoseconds since its beginning.
fn capture(packets: &[(i64, Vec<u8>)]) -> Vec<u8> {
    let start = 1_700_000_000 * SECOND;
    let packets: Vec<Stamped> = packets.iter().map(|(at, p)| (start + at, p.clone())).collect();
    pcap(PLAIN, 101, &packets)
}

fn read(packets: &[(i64, Vec<u8>)]) -> Seen {
    reading::file(&capture(packets))
}

/// A query for a host of that name.
fn query(name: &str) -> Vec<u8> {
    let mut out = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        out.push(label.len() as u8);
        out.extend(label.as_bytes());
    }
    out.extend([0, 0, 1, 0, 1]);
    out
}

fn names(seen: &Seen) -> Vec<String> {
    let asked = |line: &String| {
        line.split(' ').find_map(|w| w.strip_prefix("dns.question.name=")).map(ToOwned::to_owned)
    };
    seen.lines.iter().filter_map(asked).collect()
}

#[test]
fn a_connection_whose_end_was_not_seen_does_not_hide_the_next_one() {
    // Twice on the same ports, the second time from other numbers or, later, the same ones.
    for (first, then, sessions) in [
        ([100_000, 500_000], [60_000, 300_000], 2),
        ([1_000, 5_000], [700_000, 9_000_000], 2),
        ([1_000, 5_000], [1_000, 5_000], 2),
    ] {
        let mut packets = Vec::new();
        for (n, numbers) in [first, then].into_iter().enumerate() {
            let mut talk = Talk::from(49152, 502, numbers);
            let mut all = talk.open();
            for i in 0..5 {
                let message = modbus_write(i, 10 * n as u16 + i);
                all.push(talk.send(true, ACK, &message));
                all.push(talk.send(false, ACK, &message));
            }
            packets.extend(all.into_iter().map(|p| (n as i64 * 60 * SECOND, p)));
        }
        let seen = read(&packets);
        assert_eq!(seen.operations.len(), 10, "{first:?} {then:?}");
        assert_eq!(seen.sessions.len(), sessions, "{first:?} {then:?}");
        assert!(seen.operations.iter().all(|o| o.outcome.name() == "success"));
    }
}

#[test]
fn a_copy_of_a_handshake_begins_nothing() {
    let mut talk = Talk::new(49152, 502);
    let mut packets = talk.open();
    let copies = packets[..2].to_vec();
    packets.push(talk.send(true, ACK, &modbus_write(1, 40)));
    packets.extend(copies);
    packets.push(talk.send(false, ACK, &modbus_write(1, 40)));
    let seen = read(&packets.into_iter().map(|p| (0, p)).collect::<Vec<_>>());
    assert_eq!((seen.operations.len(), seen.sessions.len()), (1, 1));
    assert_eq!(seen.operations[0].outcome.name(), "success");
}

#[test]
fn fragments_of_different_datagrams_are_not_put_together() {
    let parts = |name: &str| {
        let datagram = udp(40_000, 53, &query(name));
        let part = |more: u16, bytes: &[u8]| ipv4_part(CLIENT, SERVER, 17, 77, more, bytes);
        (part(0x2000, &datagram[..24]), part(3, &datagram[24..]))
    };
    let (old, new) = (parts("first.old.example.com"), parts("other.new.example.org"));
    let late = 7_200 * SECOND;
    // The rest of the first one is missing.
    let seen = read(&[(0, old.0.clone()), (late, new.0.clone()), (late, new.1.clone())]);
    assert_eq!(names(&seen), ["other.new.example.org"]);
    assert_eq!(seen.summary.limits.fragments_dropped, 1);
    // Each fragment twice, as a mirror of both ports shows it.
    let twice = |at, (a, b): &(Vec<u8>, Vec<u8>)| [a, a, b, b].map(|p| (at, p.clone()));
    let seen = read(&[twice(0, &old), twice(late, &new)].concat());
    assert_eq!(names(&seen), ["first.old.example.com", "other.new.example.org"]);
    assert_eq!(seen.summary.limits.fragments_dropped, 0);
}

#[test]
fn a_datagram_in_more_fragments_than_any_link_makes_is_given_up() {
    // Eight bytes each, the last one first.
    let cut = |parts: u16| {
        let datagram = udp(40_000, 9, &vec![7; usize::from(parts) * 8 - 8]);
        let pieces = datagram.chunks(8).enumerate().rev();
        let packets = pieces.map(|(at, piece)| {
            let at = at as u16;
            let more = if at + 1 < parts { 0x2000 } else { 0 };
            (0, ipv4_part(CLIENT, SERVER, 17, 77, more | at, piece))
        });
        let seen = read(&packets.collect::<Vec<_>>());
        (seen.sessions.len(), seen.summary.limits.fragments_dropped)
    };
    assert_eq!(cut(1_000), (1, 0));
    assert_eq!(cut(2_000), (0, 1));
}

#[test]
fn each_capture_has_its_own_clock() {
    // One exchange of datagrams every ten minutes for two hours, always between the same ports.
    let exchanges: Vec<(i64, Vec<u8>)> = (0..12)
        .map(|i| {
            let asked = udp(40_000, 53, &query(&format!("n{i}.example.com")));
            (i * 600 * SECOND, ipv4(CLIENT, SERVER, 17, &asked))
        })
        .collect();
    let alone = read(&exchanges).sessions.len();
    assert_eq!(alone, 12);
    // Beside a capture of the same hours, and read after it.
    let other: Vec<(i64, Vec<u8>)> = (0..7_200)
        .map(|i| (i * SECOND, ipv4([192, 0, 2, 9], SERVER, 17, &udp(40_001, 9, b"x"))))
        .collect();
    let inputs =
        [other, exchanges].map(|packets| Input::Memory("tap".into(), capture(&packets).into()));
    for threads in [1, 2] {
        assert_eq!(reading::inputs(&inputs, threads).sessions.len(), 12 + 1, "{threads}");
    }
}

/// Inputs in memory.
fn taps<const N: usize>(captures: [&[(i64, Vec<u8>)]; N]) -> [Input; N] {
    captures.map(|packets| Input::Memory("tap".into(), capture(packets).into()))
}

#[test]
fn a_connection_goes_on_in_the_next_capture_whatever_was_read_between() {
    const MINUTE: i64 = 60 * SECOND;
    let mut talk = Talk::new(49152, 502);
    let open: Vec<_> = talk.open().into_iter().map(|packet| (0, packet)).collect();
    // A message and its answer every ten minutes, in files of an hour.
    let mut hour = |hour: i64| -> Vec<(i64, Vec<u8>)> {
        let exchange = |i: i64| {
            let message = modbus_write(i as u16, i as u16);
            let packets = [talk.send(true, ACK, &message), talk.send(false, ACK, &message)];
            packets.map(|packet| ((hour * 60 + i * 10) * MINUTE, packet))
        };
        (0..6).flat_map(exchange).collect()
    };
    let hours = [[open, hour(0)].concat(), hour(1), hour(2)];
    // Beside them one file of all hours and more.
    let other: Vec<_> = (1..300)
        .map(|i| (i * MINUTE, ipv4([192, 0, 2, 9], SERVER, 17, &udp(40_001, 9, b"x"))))
        .collect();
    let inputs = taps([&hours[0], &other, &hours[1], &hours[2]]);
    for threads in [1, 2] {
        let seen = reading::inputs(&inputs, threads);
        assert_eq!(seen.sessions.len(), 2, "{threads}");
        assert!(seen.sessions.iter().any(|s| s.state == "complete" && s.source_packets == 20));
    }
}

#[test]
fn what_another_capture_tells_of_an_earlier_time_is_no_part_of_what_came_later() {
    let late = 7_200 * SECOND;
    let query = |name: &str| ipv4(CLIENT, SERVER, 17, &udp(40_000, 53, &query(name)));
    let other = ipv4([192, 0, 2, 9], SERVER, 17, &udp(40_001, 9, b"x"));
    let inputs = taps([
        &[(0, other), (late, query("late.example.com"))],
        &[(SECOND, query("early.example.com"))],
    ]);
    let seen = reading::inputs(&inputs, 1);
    let mut told: Vec<_> = seen.sessions.iter().filter(|s| s.protocol == "dns").collect();
    told.sort_by_key(|s| s.start);
    let [early, later] = told[..] else { panic!("{:#?}", seen.lines) };
    assert_eq!((later.start.since(early.start), early.source_packets), (late - SECOND, 1));
}

#[test]
fn interfaces_whose_clocks_disagree_do_not_end_each_others_flows() {
    const DAY: i64 = 86_400 * SECOND;
    let mut talk = Talk::new(49152, 502);
    let mut packets: Vec<(i64, Vec<u8>)> = talk.open().into_iter().map(|p| (0, p)).collect();
    for i in 0..7_200 {
        let message = modbus_write(i, i);
        let at = i64::from(i) * SECOND;
        packets.push((at, talk.send(true, ACK, &message)));
        packets.push((at, talk.send(false, ACK, &message)));
        let elsewhere = ipv4([192, 0, 2, 9], [192, 0, 2, 8], 17, &udp(40_001, 9, &[0; 900]));
        packets.push((at + DAY, elsewhere));
    }
    let seen = read(&packets);
    assert_eq!(seen.operations.len(), 7_200);
    assert!(seen.operations.iter().all(|o| o.outcome.name() == "success"));
    assert_eq!(seen.sessions.len(), 2);
    assert_eq!(seen.sessions.iter().filter(|s| s.protocol == "modbus").count(), 1);
}
