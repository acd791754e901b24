//! The same packets in every format yield the same records.

use crate::{
    files::{PLAIN, Pcap, Pcapng, Stamped, gzip, pcap, stamped, zstd},
    packets::{ethernet, modbus},
    reading::{Seen, file, inputs},
};
use hangtu_evidence::{Damage, DamageKind, Input, NotFollowed, find};
use hangtu_record::Time;
use hangtu_traffic::capture::first_time;
use std::{fs, path::Path};

fn frames() -> Vec<Stamped> {
    stamped(&modbus().iter().map(|p| ethernet(0x0800, p)).collect::<Vec<_>>())
}

/// A section with two interfaces whose clocks count differently, between blocks nobody needs.
fn section(file: &mut Pcapng, big: bool, packets: &[Stamped], obsolete: bool) {
    file.block(0x0bad, &[1, 2, 3]);
    file.interface(1, 9, 0);
    file.interface(1, 0x8a, -3600);
    for (i, packet) in packets.iter().enumerate() {
        file.packet(i % 2, packet, obsolete);
    }
    file.statistics(1, if big { 7 } else { 5 });
}

fn pcapng(big: bool, obsolete: bool) -> Vec<u8> {
    let mut file = Pcapng::new(big);
    section(&mut file, big, &frames(), obsolete);
    file.out
}

#[test]
fn every_format_yields_the_same_records() {
    let frames = frames();
    let expected = file(&pcap(PLAIN, 1, &frames));
    assert_eq!(expected.done().len(), 1);
    let mut files = Vec::new();
    for big in [false, true] {
        for (nanos, modified) in [(false, false), (true, false), (false, true)] {
            let kind = Pcap { big, nanos, modified };
            files.push((format!("{kind:?}"), pcap(kind, 1, &frames)));
        }
        for obsolete in [false, true] {
            files.push((format!("pcapng {big} {obsolete}"), pcapng(big, obsolete)));
        }
        let mut sections = Pcapng::new(big);
        section(&mut sections, big, &frames[..2], false);
        sections.section(!big);
        section(&mut sections, !big, &frames[2..], false);
        files.push((format!("sections {big}"), sections.out));
    }
    for (name, bytes) in files {
        let (a, b) = bytes.split_at(bytes.len() / 2);
        let members = [gzip(a), gzip(b)].concat();
        let frames = [zstd(a), zstd(b)].concat();
        for bytes in [&bytes, &gzip(&bytes), &zstd(&bytes), &members, &frames] {
            let seen = file(bytes);
            assert_eq!(seen.anywhere(), expected.anywhere(), "{name}");
            assert!(seen.damages().is_empty(), "{name}: {:?}", seen.damages());
        }
        let dropped = file(&bytes).summary.inputs[0].dropped;
        let ng = |big| if big { 7 } else { 5 };
        match name.as_str() {
            n if n.starts_with("pcapng") => assert_eq!(dropped, ng(n.contains("true ")), "{n}"),
            n if n.starts_with("sections") => assert_eq!(dropped, 12, "{n}"),
            n => assert_eq!(dropped, 0, "{n}"),
        }
    }
}

#[test]
fn times_are_as_fine_as_the_format() {
    let time = 1_700_000_000_123_456_789;
    let packet = [(time, frames()[0].1.clone())];
    let first = |seen: Seen| seen.span().0.map(|Time(t)| t);
    assert_eq!(first(file(&pcap(PLAIN, 1, &packet))), Some(time));
    let micros = Pcap { big: true, nanos: false, modified: false };
    assert_eq!(first(file(&pcap(micros, 1, &packet))), Some(time / 1000 * 1000));
    // Powers of ten and of two, to a whole second and to less than a nanosecond.
    for (resolution, fine) in [(0, 1_000_000_000), (3, 1_000_000), (9, 1), (0x80, 1_000_000_000)] {
        let mut ng = Pcapng::new(false);
        ng.interface(1, resolution, 100);
        ng.packet(0, &packet[0], false);
        assert_eq!(first(file(&ng.out)), Some(time / fine * fine), "{resolution:#x}");
    }
    let mut ng = Pcapng::new(true);
    ng.interface(1, 0xa1, 0);
    ng.packet(0, &packet[0], false);
    assert!(first(file(&ng.out)).is_some_and(|t| (time - 1..=time).contains(&t)));
}

#[test]
fn simple_packets_have_no_time_and_still_tell_what_was_done() {
    let mut ng = Pcapng::new(false);
    ng.interface(1, 6, 0);
    frames().iter().for_each(|(_, p)| ng.simple(p));
    let seen = file(&ng.out);
    assert_eq!(seen.done(), file(&pcap(PLAIN, 1, &frames())).done());
    assert_eq!(seen.packets(), 5);
    // Told once, at the first of them, and not where an earlier packet has a time.
    let mut ng = Pcapng::new(false);
    ng.interface(1, 6, 0);
    let at = ng.out.len() as u64;
    ng.simple(&frames()[0].1);
    ng.section(true);
    ng.interface(1, 6, 0);
    ng.simple(&frames()[1].1);
    assert_eq!(file(&ng.out).damages(), [Damage { offset: at, kind: DamageKind::NoTime }]);
    assert_eq!(seen.damages().len(), 1);
    let mut ng = Pcapng::new(false);
    ng.interface(1, 6, 0);
    ng.packet(0, &frames()[0], false);
    frames()[1..].iter().for_each(|(_, p)| ng.simple(p));
    assert!(file(&ng.out).damages().is_empty());
}

#[test]
fn a_folder_is_read_in_the_order_of_time() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("folder");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("below")).unwrap();
    let frames = frames();
    let part = |frames: &[Stamped]| pcap(PLAIN, 1, frames);
    fs::write(folder.join("a.pcap"), part(&frames[4..])).unwrap();
    fs::write(folder.join("b.txt"), "no capture").unwrap();
    fs::write(folder.join("c"), gzip(&part(&frames[2..4]))).unwrap();
    fs::write(folder.join("below/z.cap"), zstd(&part(&frames[..2]))).unwrap();
    let found = find(std::slice::from_ref(&folder), &[&first_time]).unwrap();
    let (found, others) = (&found.inputs[0], found.others);
    assert_eq!(others, [folder.join("b.txt")]);
    assert_eq!(inputs(found, 1).anywhere(), file(&part(&frames)).anywhere());
    // Named one by one, a file is not read twice.
    let paths = [folder.join("c"), folder.clone(), folder.join("a.pcap")];
    let twice = &find(&paths, &[&first_time]).unwrap().inputs[0];
    assert_eq!(twice, found);
}

#[cfg(unix)]
#[test]
fn a_link_out_of_a_folder_is_told_and_not_followed() {
    use std::os::unix::fs::symlink;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("links");
    let _ = fs::remove_dir_all(&folder);
    let day = folder.join("day");
    fs::create_dir_all(day.join("below")).unwrap();
    let capture = pcap(PLAIN, 1, &frames());
    fs::write(folder.join("other.pcap"), &capture).unwrap();
    fs::write(day.join("below/own.pcap"), &capture).unwrap();
    symlink(folder.join("other.pcap"), day.join("a-file")).unwrap();
    symlink("..", day.join("b-folder")).unwrap();
    symlink("nowhere", day.join("c-nothing")).unwrap();
    // What stands in the folder is read by its own name.
    symlink("below/own.pcap", day.join("d-own")).unwrap();
    symlink("below", day.join("e-own")).unwrap();
    let found = find(std::slice::from_ref(&day), &[&first_time]).unwrap();
    let file = |name: &str| Input::File(day.join(name));
    assert_eq!(found.inputs, [[file("below/own.pcap")]]);
    assert!(found.others.is_empty());
    let told = found.unreadable.iter().map(|one| {
        let followed = one.source.get_ref().is_none_or(|why| !why.is::<NotFollowed>());
        (one.path.clone(), followed)
    });
    let expected = [("a-file", false), ("b-folder", false), ("c-nothing", true)];
    let expected = expected.map(|(name, followed)| (day.join(name), followed));
    assert_eq!(told.collect::<Vec<_>>(), expected);
    // Named, a link is followed.
    let named = find(&[day.join("a-file")], &[&first_time]).unwrap();
    assert_eq!(named.inputs, [[file("a-file")]]);
}

#[test]
fn compression_cut_off_keeps_what_could_be_read() {
    // Hard to compress, so that there is something before the cut.
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let frames: Vec<Vec<u8>> = (0..10_000).map(|_| (0..60).map(|_| noise()).collect()).collect();
    let whole = pcap(PLAIN, 1, &stamped(&frames));
    for compressed in [gzip(&whole), zstd(&whole)] {
        let seen = file(&compressed[..compressed.len() / 2]);
        assert!((2000..10_000).contains(&seen.packets()), "{}", seen.packets());
        assert!(seen.damages().iter().any(|d| d.kind == DamageKind::Stream));
    }
}
