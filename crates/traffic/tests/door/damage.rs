//! Damaged captures: what stands before is kept, what stands behind is found again.

use crate::{
    files::{Pcap, Pcapng, Stamped, pcap, stamped},
    packets::{ACK, Talk, ethernet, modbus_write},
};
use hangtu_evidence::{Damage, DamageKind};
use hangtu_record::Time;
use hangtu_traffic::capture::{CaptureReader, Chunk};
use proptest::prelude::*;
use std::io;

/// Three hundred packets, each unlike the others.
fn packets() -> Vec<Stamped> {
    let mut talk = Talk::new(49152, 502);
    let mut out = talk.open();
    for n in 0..150 {
        let ask = modbus_write(n, n * 3);
        out.extend([talk.send(true, ACK, &ask), talk.send(false, ACK, &ask)]);
    }
    stamped(&out)
}

/// A capture and where each packet's record stands in it.
struct Capture {
    bytes: Vec<u8>,
    records: Vec<(usize, usize)>,
}

fn plain() -> Capture {
    let kind = Pcap { big: false, nanos: false, modified: false };
    let packets = packets();
    let bytes = pcap(kind, 101, &packets);
    let mut records = Vec::new();
    let mut at = 24;
    for (_, packet) in &packets {
        let end = at + 16 + packet.len();
        records.push((at, end));
        at = end;
    }
    Capture { bytes, records }
}

fn ng() -> Capture {
    let mut file = Pcapng::new(true);
    file.interface(101, 9, 0);
    let mut records = Vec::new();
    for packet in packets() {
        let start = file.out.len();
        file.packet(0, &packet, false);
        records.push((start, file.out.len()));
    }
    Capture { bytes: file.out, records }
}

fn captures() -> [Capture; 2] {
    [plain(), ng()]
}

/// Every packet with its record's offset, and the damages.
fn read(bytes: &[u8]) -> (Vec<(usize, Vec<u8>)>, Vec<Damage>) {
    let mut reader = CaptureReader::new(bytes).unwrap().expect("a capture");
    let (mut chunk, mut out) = (Chunk::default(), Vec::new());
    while reader.next_chunk(&mut chunk) {
        for packet in &chunk.packets {
            out.push((packet.offset as usize, chunk.bytes(packet).to_vec()));
        }
    }
    let damages = reader.damages();
    assert_eq!(damages.more, 0);
    (out, damages.list.clone())
}

/// What a whole capture has and the damaged one lacks, by index of the record.
fn missing(capture: &Capture, found: &[(usize, Vec<u8>)]) -> Vec<usize> {
    let whole = read(&capture.bytes).0;
    (0..whole.len()).filter(|i| !found.contains(&whole[*i])).collect()
}

#[test]
fn cut_anywhere_keeps_every_whole_packet() {
    for capture in captures() {
        let (start, end) = (capture.records[100].0, capture.records[104].1);
        for cut in start..end {
            let (found, damages) = read(&capture.bytes[..cut]);
            let whole = capture.records.iter().filter(|(_, end)| *end <= cut).count();
            assert_eq!(found.len(), whole, "cut at {cut}");
            let partial = capture.records.iter().find(|(a, b)| *a < cut && cut < *b);
            let expected =
                partial.map(|(a, _)| Damage { offset: *a as u64, kind: DamageKind::Truncated });
            assert_eq!(damages, Vec::from_iter(expected), "cut at {cut}");
        }
    }
}

/// Damages `range` and tells what went missing: it must touch the damage or follow it closely,
/// and so must the places of the damages.
fn check(capture: &Capture, bytes: &[u8], range: std::ops::Range<usize>) {
    let (found, damages) = read(bytes);
    let missing = missing(capture, &found);
    let first = capture.records.iter().position(|r| r.1 > range.start).unwrap_or(300);
    let last = capture.records.iter().position(|r| r.1 >= range.end).unwrap_or(300);
    for lost in &missing {
        assert!((first..=last + 2).contains(lost), "{range:?}: {missing:?}, {damages:?}");
    }
    let (from, to) = (capture.records[first.min(299)].0, capture.records[(last + 2).min(299)].1);
    for damage in &damages {
        assert!((from..=to).contains(&(damage.offset as usize)), "{range:?}: {damages:?}");
    }
}

#[test]
fn zeroes_in_the_middle_are_passed_over() {
    for capture in captures() {
        for (from, size) in [(3000, 512), (3001, 4096), (5000, 16), (6000, 70)] {
            let mut bytes = capture.bytes.clone();
            bytes[from..from + size].fill(0);
            check(&capture, &bytes, from..from + size);
        }
    }
}

#[test]
fn a_wrong_length_costs_little() {
    for (capture, at) in captures().iter().zip([8, 4]) {
        let (start, _) = capture.records[150];
        for wrong in [0_u32, 1, 13, 16, 20, 100, 500, 5000, 100_000, 2_000_000, u32::MAX] {
            let mut bytes = capture.bytes.clone();
            let field = if at == 8 { wrong.to_le_bytes() } else { wrong.to_be_bytes() };
            bytes[start + at..start + at + 4].copy_from_slice(&field);
            check(capture, &bytes, start + at..start + at + 4);
        }
    }
}

#[test]
fn a_block_with_a_wrong_packet_length_does_not_hold_the_reader() {
    let capture = ng();
    for (record, wrong) in [(150, 60_000_u32), (299, 600_000)] {
        let (start, _) = capture.records[record];
        let mut bytes = capture.bytes.clone();
        bytes[start + 20..start + 24].copy_from_slice(&wrong.to_be_bytes());
        check(&capture, &bytes, start + 20..start + 24);
    }
}

/// Two interfaces that have nothing in common, with every other packet each.
struct Mixed {
    bytes: Vec<u8>,
    /// Where their descriptions begin, and the packets.
    places: [usize; 3],
}

fn mixed() -> Mixed {
    let mut file = Pcapng::new(false);
    let first = file.out.len();
    file.interface(1, 9, 0);
    let second = file.out.len();
    file.interface(101, 6, 0);
    let places = [first, second, file.out.len()];
    for (i, (time, packet)) in packets().into_iter().enumerate() {
        let packet = if i % 2 == 0 { ethernet(0x0800, &packet) } else { packet };
        file.packet(i % 2, &(time, packet), false);
    }
    Mixed { bytes: file.out, places }
}

/// Link type, time and bytes.
type Linked = (u16, Time, Vec<u8>);

/// Every packet, and the damages listed.
fn whole(bytes: &[u8]) -> (Vec<Linked>, Vec<Damage>) {
    let mut reader = CaptureReader::new(bytes).unwrap().expect("a capture");
    let (mut chunk, mut out) = (Chunk::default(), Vec::new());
    while reader.next_chunk(&mut chunk) {
        out.extend(chunk.packets.iter().map(|p| (p.link, p.time, chunk.bytes(p).to_vec())));
    }
    (out, reader.damages().list.clone())
}

#[test]
fn an_interface_is_read_whose_length_is_wrong() {
    let Mixed { bytes, places } = mixed();
    let expected = whole(&bytes).0;
    assert_eq!(expected.len(), 303);
    for (start, end) in [(places[0], places[1]), (places[1], places[2])] {
        for at in [start + 4, end - 4] {
            for wrong in [0_u32, 13, 20, 0x44, 0x1044, 1 << 20, 1 << 24, u32::MAX] {
                let mut bytes = bytes.clone();
                bytes[at..at + 4].copy_from_slice(&wrong.to_le_bytes());
                let (found, damages) = whole(&bytes);
                assert_eq!(found, expected, "{wrong} at {at}");
                let damage = Damage { offset: start as u64, kind: DamageKind::BadEntry };
                assert_eq!(damages, [damage], "{wrong} at {at}");
            }
        }
    }
    // The section's own length.
    let mut bytes = bytes;
    bytes[4..8].fill(0xff);
    let damage = Damage { offset: 0, kind: DamageKind::BadEntry };
    assert_eq!(whole(&bytes), (expected, vec![damage]));
}

#[test]
fn a_lost_interface_falsifies_nothing() {
    let Mixed { bytes, places } = mixed();
    let [first, second, end] = places;
    let expected = whole(&bytes).0;
    let (on_ethernet, bare): (Vec<_>, Vec<_>) = expected.iter().cloned().partition(|p| p.0 == 1);
    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        whole(&bytes)
    };
    // What is known of the other, and what is usual, make sense of all.
    let (found, damages) = damaged(&|b| b[first..second].fill(0));
    assert_eq!(found, expected);
    let skipped = DamageKind::BadHeader { skipped: (second - first) as u64 };
    let told = |offset: usize, kind| Damage { offset: offset as u64, kind };
    assert_eq!(damages, [told(first, skipped), told(end, DamageKind::BadEntry)]);
    // No more than its kind is wrong: nothing is passed over.
    let (found, damages) = damaged(&|b| b[first] ^= 0x40);
    assert_eq!(found, expected);
    assert_eq!(damages, [told(end, DamageKind::BadEntry)]);
    // A section that is cut into loses nothing by that.
    let (found, damages) = damaged(&|b| drop(b.drain(12..20)));
    assert_eq!((found, damages.len()), (expected, 1));
    // Packets without Ethernet are left out rather than misread.
    for from in [second, first] {
        let (found, damages) = damaged(&|b| b[from..end].fill(0));
        assert_eq!(found, on_ethernet);
        assert!(damages.iter().any(|d| d.kind == DamageKind::UnknownInterface));
    }
    assert_eq!(bare.len(), 151);
}

#[test]
fn packets_of_an_interface_that_nobody_described_are_left_out() {
    let Mixed { mut bytes, places: [first, _, end] } = mixed();
    bytes.drain(first..end);
    let (found, damages) = whole(&bytes);
    assert!(found.is_empty());
    assert!(damages.iter().all(|d| d.kind == DamageKind::UnknownInterface));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn garbage_costs_only_what_it_touches(
        which in 0..2_usize,
        from in 100..20_000_usize,
        noise in prop::collection::vec(any::<u8>(), 1..300),
    ) {
        let capture = &captures()[which];
        let mut bytes = capture.bytes.clone();
        let end = (from + noise.len()).min(bytes.len());
        bytes[from..end].copy_from_slice(&noise[..end - from]);
        check(capture, &bytes, from..end);
    }

    #[test]
    fn bytes_missing_or_added_cost_only_what_they_touch(
        which in 0..2_usize,
        from in 100..20_000_usize,
        gone in 0..200_usize,
        noise in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let capture = &captures()[which];
        let mut bytes = capture.bytes.clone();
        bytes.splice(from..from + gone, noise);
        let found = read(&bytes).0;
        let bodies: Vec<_> = found.into_iter().map(|(_, b)| b).collect();
        let whole = read(&capture.bytes).0;
        for (i, (_, body)) in whole.iter().enumerate() {
            let (start, end) = capture.records[i];
            // Whatever lies forty records off is there: pcap has no marks to find the way by.
            let near = (end + 2700 > from) && start < from + gone + 2700;
            prop_assert!(near || bodies.contains(body), "record {i} at {start}, cut {from}+{gone}");
        }
    }
}

#[test]
fn a_large_packet_is_read_at_once() {
    /// Counts how often it is asked.
    struct Asked<'a>(&'a [u8], u32);
    impl io::Read for Asked<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            io::Read::read(&mut self.0, out)
        }
    }
    // Longer than is believed of a packet that no others follow.
    let packets = stamped(&[vec![1; 60], vec![2; 1_000_000], vec![3; 60], vec![4; 60]]);
    let bytes = pcap(Pcap { big: false, nanos: false, modified: false }, 1, &packets);
    let mut source = Asked(&bytes, 0);
    let mut reader = CaptureReader::new(&mut source).unwrap().expect("a capture");
    let mut chunk = Chunk::default();
    while reader.next_chunk(&mut chunk) {}
    assert_eq!((reader.packets(), reader.damages().list.len()), (4, 0));
    drop(reader);
    assert!(source.1 < 200, "read {} times", source.1);
}
