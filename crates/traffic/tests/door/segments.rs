//! Segments that are no part of a stream, or not as it should be: what the receiver took is told.

use crate::{
    packets::{ACK, CLIENT, SYN, Talk, modbus_write},
    reading::{Seen, packets as read},
};
use hangtu_record::Outcome;

/// Which registers were written, in order of their address.
fn written(seen: &Seen) -> Vec<u32> {
    let mut all: Vec<_> = seen.operations.iter().filter_map(|o| o.address).collect();
    all.sort_unstable();
    all
}

/// A write and its confirmation.
fn exchange(talk: &mut Talk, number: u16) -> [Vec<u8>; 2] {
    let message = modbus_write(number, number);
    [talk.send(true, ACK, &message), talk.send(false, ACK, &message)]
}

#[test]
fn a_forged_segment_from_far_away_removes_and_adds_nothing() {
    let mut talk = Talk::new(49152, 502);
    let mut packets = talk.open();
    packets.extend(exchange(&mut talk, 1));
    packets.push(talk.at(true, 0x7f00_0000, ACK, &modbus_write(66, 66)));
    let message = modbus_write(2, 2);
    packets.push(talk.send(true, ACK, &message[..5]));
    packets.push(talk.at(true, 0x7e00_0000, ACK, &modbus_write(67, 67)));
    packets.push(talk.send(true, ACK, &message[5..]));
    packets.push(talk.send(false, ACK, &message));
    let seen = read(&packets);
    assert_eq!(written(&seen), [1, 2]);
    assert!(seen.operations.iter().all(|o| o.outcome == Outcome::Success));
    // Of the forged ones there is a trace.
    assert_eq!((seen.sessions.len(), seen.sessions[0].lost), (1, 24));
}

#[test]
fn a_stream_that_goes_on_far_away_is_followed() {
    let mut talk = Talk::new(49152, 502);
    let mut packets = talk.open();
    packets.extend(exchange(&mut talk, 1));
    let mut talk = Talk::from(49152, 502, [0x7000_0000, 0x9000_0000]);
    for number in 2..5 {
        packets.extend(exchange(&mut talk, number));
    }
    let seen = read(&packets);
    assert_eq!(written(&seen), [1, 2, 3, 4]);
    assert!(seen.operations.iter().all(|o| o.outcome == Outcome::Success));
    assert_eq!((seen.sessions.len(), seen.sessions[0].lost), (1, 0));
    // With nobody to acknowledge it.
    packets.retain(|packet| packet[12..16] == CLIENT);
    let seen = read(&packets);
    assert_eq!(written(&seen), [1, 2, 3, 4]);
    // And with one segment alone, which nothing confirms.
    let seen = read(&packets[..4]);
    assert_eq!((written(&seen), seen.sessions[0].lost), (vec![1], 12));
}

#[test]
fn what_overlaps_keeps_its_first_version() {
    type Segments = Vec<(u32, Vec<u8>)>;
    let [first, kept, other, last] =
        [(1, 49), (2, 50), (2, 60), (3, 51)].map(|(number, address)| modbus_write(number, address));
    let both = [&other[..], &last].concat();
    let ways: [(&str, Segments); 3] = [
        ("longer", vec![(12, kept.clone()), (12, both.clone()), (0, first.clone())]),
        (
            "from before",
            vec![
                (18, kept[6..].to_vec()),
                (6, [&first[6..], &both].concat()),
                (0, first[..6].to_vec()),
            ],
        ),
        ("in order", vec![(12, kept.clone()), (0, [&first[..], &both].concat())]),
    ];
    for (name, segments) in ways {
        let mut talk = Talk::new(49152, 502);
        let mut packets = talk.open();
        let start = talk.seq(true);
        let place = |(at, bytes): (u32, Vec<u8>)| talk.at(true, start + at, ACK, &bytes);
        packets.extend(segments.into_iter().map(place));
        let seen = read(&packets);
        assert_eq!((written(&seen), seen.sessions[0].lost), (vec![49, 50, 51], 0), "{name}");
    }
}

#[test]
fn data_may_come_with_the_syn() {
    let mut talk = Talk::new(49152, 502);
    let message = modbus_write(1, 40);
    let packets = [
        talk.send(true, SYN, &message),
        talk.send(false, SYN | ACK, &[]),
        talk.send(true, ACK, &[]),
        talk.send(false, ACK, &message),
    ];
    let seen = read(&packets);
    assert_eq!(seen.done(), [("write", 6, Some(40), Outcome::Success)]);
    assert_eq!((seen.sessions[0].lost, seen.sessions[0].state), (0, "complete"));
}

#[test]
fn who_turns_out_to_be_the_client_while_segments_wait_stays_who_it_is() {
    // By the ports the second one is the server; what it sent early says that it asks.
    let mut talk = Talk::from(40_000, 30_000, [1_000, 5_000]);
    let request = b"GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n";
    let packets = [
        talk.send(true, ACK, &[1]),
        talk.send(false, ACK, &[1]),
        talk.at(true, 2_000, ACK, b"early"),
        talk.at(false, 6_000, ACK, request),
        // What the first one acknowledges is more than either has sent in order.
        Talk::from(40_000, 30_000, [1_001, 6_100]).send(true, ACK, &[]),
    ];
    let seen = read(&packets);
    let told: Vec<_> = seen.sessions.iter().map(|s| (s.protocol, s.source.port)).collect();
    assert_eq!(told, [("http", 30_000)]);
    assert!(seen.lines.iter().any(|line| line.contains("url.path=/index.html")));
}
