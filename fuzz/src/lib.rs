//! What the fuzz targets do, and what they hold to be true.
//!
//! `cargo xtask fuzz` runs them all. One alone, on the stable toolchain:
//! `cargo fuzz run -s none modbus fuzz/corpus/modbus fuzz/seeds/modbus`.

pub mod evtx;
pub mod logs;

use hangtu_evidence::{Input, InputSummary};
use hangtu_record::{FileAction, Kind, Operation, Origin, OwnedValue, Time, Transport};
use hangtu_traffic::{
    Batch, Observer, Settings,
    decode::{MAX_FACTS, Peek, Piece, Side, drive},
    packet::{self, Content},
    protocol::REGISTRY,
};
use std::io;

/// Longest text a record may carry: 200 bytes from the wire, each at most three in UTF-8, and
/// paths put together from several of them.
const MAX_TEXT: usize = 4096;

/// Cuts an input into pieces. A control byte says the side (bit 7), whether it is a gap (bit 6),
/// and with the byte behind it how long the piece is.
fn pieces(data: &[u8]) -> Vec<(Side, Piece<'_>)> {
    let mut out = Vec::new();
    let mut rest = data;
    while let [control, tail @ ..] = rest {
        let side = if control & 0x80 == 0 { Side::Client } else { Side::Server };
        if control & 0x40 != 0 {
            out.push((side, Piece::Gap));
            rest = tail;
            continue;
        }
        let [low, tail @ ..] = tail else { break };
        let size = usize::from(control & 0x0f) << 8 | usize::from(*low);
        let (piece, tail) = tail.split_at(size.min(tail.len()));
        out.push((side, Piece::Bytes(piece)));
        rest = tail;
    }
    out
}

/// One decoder. The first byte chooses TCP or UDP where the protocol has both.
pub fn protocol(name: &str, data: &[u8]) {
    let Some(registration) = REGISTRY.iter().find(|r| r.name == name) else {
        panic!("no protocol {name} in the registry")
    };
    let Some((first, rest)) = data.split_first() else { return };
    let udp = registration.udp && (!registration.tcp || first & 1 == 1);
    let transport = if udp { Transport::Udp } else { Transport::Tcp };
    let (out, facts) = drive(registration, transport, pieces(rest));
    let bound = data.len() as u64;
    assert!(out.operation_count <= bound, "{} operations", out.operation_count);
    assert!(out.file_count <= bound, "{} file actions", out.file_count);
    let unreadable: u64 = out.unreadable.iter().map(|(_, n)| n).sum();
    assert!(unreadable <= bound, "{unreadable} unreadable messages");
    assert!(facts.len() <= MAX_FACTS);
    for (name, value) in &facts {
        if let OwnedValue::Str(text) = value {
            assert!(text.len() <= MAX_TEXT, "{} of {} bytes", name.name(), text.len());
        }
    }
    out.records.operations.iter().for_each(operation);
    out.records.files.iter().for_each(file);
}

fn operation(o: &Operation) {
    assert!(o.object.len() <= MAX_TEXT && o.value.len() <= MAX_TEXT, "long text in {o:?}");
    assert!(o.delay.is_none_or(|d| d >= 0), "answered before it was asked: {o:?}");
}

fn file(f: &FileAction) {
    assert!(f.path.len() <= MAX_TEXT && f.target.len() <= MAX_TEXT, "long text in {f:?}");
    assert!(f.entropy.is_none_or(|e| (0.0..=8.0).contains(&e)), "entropy of {f:?}");
}

/// Counts what comes, and looks at every field of it.
#[derive(Default)]
struct Counts {
    records: u64,
    damages: Vec<u64>,
}

impl Observer for Counts {
    fn records(&mut self, batch: &mut Batch) -> io::Result<()> {
        batch.each(|record| {
            self.records += 1;
            record.each(&mut |_, _| ());
        });
        Ok(())
    }

    fn close(&mut self, _index: u32, summary: &InputSummary) {
        self.damages.extend(summary.damages.list.iter().map(|d| d.offset));
    }
}

fn read(data: Vec<u8>) -> Option<(hangtu_traffic::Summary, Counts)> {
    let settings = Settings { threads: 1, max_flows: 64, max_payload: 1 << 20, records: true };
    let mut counts = Counts::default();
    let input = Input::Memory("fuzz".into(), data.into());
    let summary = hangtu_traffic::read(&[input], &settings, &mut counts).ok()?;
    Some((summary, counts))
}

/// A whole file, plain or compressed.
pub fn capture(data: &[u8]) {
    let Some((summary, counts)) = read(data.to_vec()) else { return };
    assert_eq!(counts.records, summary.operations + summary.files + summary.sessions);
    let input = &summary.inputs[0];
    if !input.format.contains('+') {
        assert!(input.entries <= data.len() as u64 / 12, "{} packets", input.entries);
        assert!(counts.damages.iter().all(|d| *d <= data.len() as u64), "{:?}", counts.damages);
    }
}

/// Pieces as the segments of one connection: the ports come first, then for each piece a byte
/// that says what goes wrong with it (lost, late, twice, overlapping, cut, an acknowledgement
/// alone) and how far it acknowledges beyond what the other side sent.
pub fn flow(data: &[u8]) {
    let [flags, a, b, c, d, rest @ ..] = data else { return };
    let ports = [u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])];
    let udp = flags & 1 == 1;
    let mut seq = [1_u32, 0xffff_ff00];
    let mut packets: Vec<Vec<u8>> = Vec::new();
    if flags & 2 != 0 && !udp {
        packets.push(segment(ports, Side::Client, [0, 0], 2, &[]));
        packets.push(segment(ports, Side::Server, [seq[1].wrapping_sub(1), 1], 0x12, &[]));
    }
    for (side, piece) in pieces(rest) {
        let other = seq[side.other() as usize];
        let at = &mut seq[side as usize];
        let Piece::Bytes(bytes) = piece else {
            *at = at.wrapping_add(100);
            continue;
        };
        let (what, bytes) = bytes.split_first().map_or((0, bytes), |(w, b)| (*w, b));
        if udp {
            packets.push(datagram(ports, side, bytes));
            continue;
        }
        let ack = other.wrapping_add(u32::from(what >> 4 & 7) * 40);
        if what & 0x0f == 6 {
            packets.push(segment(ports, side, [*at, ack], 0x10, &[]));
            continue;
        }
        let new = segment(ports, side, [*at, ack], 0x10 | what >> 7, bytes);
        match what & 0x0f {
            1 => {}
            2 if !packets.is_empty() => packets.insert(packets.len() - 1, new),
            3 => packets.extend([new.clone(), new]),
            4 => packets.push(segment(ports, side, [at.wrapping_sub(5), ack], 0x10, bytes)),
            5 => packets.push(new[..new.len() - bytes.len() / 2].to_vec()),
            _ => packets.push(new),
        }
        *at = at.wrapping_add(bytes.len() as u32);
    }
    let (summary, _) = read(capture_of(101, &packets)).expect("a whole capture");
    assert!(summary.inputs[0].damages.is_empty(), "{:?}", summary.inputs[0].damages);
    assert_eq!(summary.inputs[0].entries, packets.len() as u64);
    assert!(summary.sessions <= packets.len() as u64);
    assert!(summary.operations <= data.len() as u64 * 2);
}

/// A capture of these packets.
fn capture_of(link: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
    file.extend(link.to_le_bytes());
    for (number, packet) in packets.iter().enumerate() {
        file.extend((1_700_000_000 + number as u32 / 4).to_le_bytes());
        file.extend((number as u32 % 4 * 250_000).to_le_bytes());
        file.extend((packet.len() as u32).to_le_bytes().repeat(2));
        file.extend(packet);
    }
    file
}

fn ip(side: Side, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x45, 0];
    out.extend((20 + payload.len() as u16).to_be_bytes());
    out.extend([0, 0, 0, 0, 64, protocol, 0, 0]);
    let ends = [[192, 0, 2, 1], [192, 0, 2, 2]];
    out.extend(ends[side as usize]);
    out.extend(ends[side.other() as usize]);
    out.extend(payload);
    out
}

/// A segment with its sequence number and the one it acknowledges.
fn segment(ports: [u16; 2], side: Side, numbers: [u32; 2], flags: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = ports[side as usize].to_be_bytes().to_vec();
    out.extend(ports[side.other() as usize].to_be_bytes());
    numbers.iter().for_each(|number| out.extend(number.to_be_bytes()));
    out.extend([0x50, flags, 1, 0, 0, 0, 0, 0]);
    out.extend(bytes);
    ip(side, 6, &out)
}

fn datagram(ports: [u16; 2], side: Side, bytes: &[u8]) -> Vec<u8> {
    let mut out = ports[side as usize].to_be_bytes().to_vec();
    out.extend(ports[side.other() as usize].to_be_bytes());
    out.extend((8 + bytes.len() as u16).to_be_bytes());
    out.extend([0, 0]);
    out.extend(bytes);
    ip(side, 17, &out)
}

/// The walk through headers, and the way of a packet behind it; the first byte is the link type.
pub fn packet(data: &[u8]) {
    let Some((link, bytes)) = data.split_first() else { return };
    let link = if *link == 255 { 276 } else { u16::from(*link) };
    let frame = packet::walk(link, bytes);
    let inside = match frame.content {
        Content::Ip(ip) => {
            assert!(ip.fragment.is_none_or(|f| f.offset <= 0xffff));
            ip.payload
        }
        Content::Link { payload, .. } => payload,
        Content::Arp { .. } | Content::Broken => &[],
    };
    assert!(inside.len() <= bytes.len());
    assert!(packet::knows_link(link) || frame.content == Content::Broken);
    if !bytes.is_empty() {
        // Twice, as the second one finds what the first one left.
        let capture = capture_of(link.into(), &vec![bytes.to_vec(); 2]);
        let (summary, _) = read(capture).expect("a whole capture");
        let limits = summary.limits;
        let unknown: u64 = limits.unknown_links.values().sum();
        assert!(summary.sessions + limits.broken_packets + unknown <= 2);
        assert_eq!(unknown == 2, !packet::knows_link(link));
    }
}

/// Every probe, with every suggestion the ports could make.
pub fn detect(data: &[u8]) {
    for registration in REGISTRY {
        for by_port in [None, Some(Side::Client), Some(Side::Server)] {
            for transport in [Transport::Tcp, Transport::Udp] {
                let _ = (registration.probe)(Peek { bytes: data, by_port, transport });
            }
        }
    }
}

/// Rules: parsed, compiled, matched with a fixed record, correlated.
pub fn sigma(data: &[u8]) {
    let (rules, _) = hangtu_sigma::parse("fuzz.yml", data);
    let (ruleset, _) = hangtu_sigma::Ruleset::compile(
        rules,
        &hangtu_sigma::Mapping::default(),
        &hangtu_sigma::Options::default(),
    );
    let mut scratch = hangtu_sigma::Scratch::new();
    let mut correlator = hangtu_sigma::Correlator::new(&ruleset, hangtu_sigma::Limits::default());
    for kind in Kind::ALL {
        for second in 0..3 {
            let time = Time::new(1_700_000_000 + second, 0);
            let origin = Origin { input: 0, number: second as u64, offset: 0 };
            let mut record = hangtu_record::Fields::new(kind, time, origin);
            record.push("network.protocol", "modbus");
            record.push("operation.verb", "write");
            record.push("operation.address", 40_001);
            record.push("source.ip", std::net::IpAddr::from([192, 0, 2, 1]));
            record.push("CommandLine", "powershell -enc SQBFAFgA “x” ４");
            record.push("empty", "");
            ruleset.matches(&mut scratch, &record, &mut |rule| {
                assert!((rule.0 as usize) < ruleset.rules().len());
                correlator.push(rule, &record);
            });
        }
    }
    correlator.finish();
}

/// A file of authorisations.
pub fn authorisations(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = hangtu_examine::authorise::Authorisations::parse("fuzz.yml", text);
    }
}

/// An earlier examination.
pub fn baseline(data: &[u8]) {
    thread_local! {
        static RULES: hangtu_examine::Rules = {
            let catalog = hangtu_catalog::Catalog::embedded().expect("the content is sound");
            hangtu_examine::Rules::load(&catalog, &[]).expect("no folder is read")
        };
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(examination) = hangtu_examine::baseline(text)
    {
        let mut now = examination.clone();
        RULES.with(|rules| hangtu_examine::compare(&mut now, &examination, "fuzz", rules));
    }
}

/// An exported ledger, and the notes, entries and keys in it: what is read is written the same.
pub fn ledger(data: &[u8]) {
    let _ = hangtu_ledger::verify_export(data, None, None);
    if let Ok(entry) = hangtu_ledger::Entry::parse(data) {
        assert_eq!(entry.to_bytes().as_deref(), Ok(data));
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(note) = text.parse::<hangtu_ledger::Note>() {
        assert_eq!(note.to_string(), text);
    }
    if let Ok(frontier) = text.parse::<hangtu_ledger::Frontier>() {
        assert_eq!(frontier.to_string(), text);
    }
    if let Ok(key) = text.parse::<hangtu_ledger::VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
}

/// Packages, receipts and proofs of submissions, and the same sealed around strangers' payloads: what
/// opens is written the same.
pub fn package(data: &[u8]) {
    use hangtu_ledger::{Membership, Package, Sealed};
    let _ = hangtu_ledger::kind(data);
    if let Ok(package) = Package::open(data) {
        assert_eq!(package.bytes(), data);
        let _ = package.continues(package.note(), &package.submission().steps);
    }
    if let Ok(sealed) = Sealed::open(data) {
        assert_eq!(sealed.bytes(), data);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(proof) = Membership::parse(text) {
        assert_eq!(proof.write(), text);
    }
    if let Ok(serde_json::Value::Object(facts)) = serde_json::from_str(text) {
        sealed_around(facts);
    }
}

/// Facts that somebody made up, sealed by a key of their own: opened without a panic, and the same.
fn sealed_around(facts: serde_json::Map<String, serde_json::Value>) {
    use hangtu_ledger::{Commitment, Package, SignerKey, Submission, empty_root};
    let key = SignerKey::from_seed("fuzz/1", &[7; 32]).expect("a key");
    let submission = Submission {
        sender: "91420100MA4KX1234B".into(),
        sequence: 1,
        created: jiff::Timestamp::UNIX_EPOCH,
        answers: None,
        steps: Vec::new(),
        evidence: Commitment { count: 0, root: empty_root() },
        facts,
    };
    if let Ok(package) = submission.seal(&key, 0, empty_root()) {
        assert_eq!(Package::open(package.bytes()).as_ref(), Ok(&package));
    }
}

/// What other learning systems and strangers send: certificates, status lists, statements, requests
/// with attachments, packages, items, lists.
pub fn training(data: &[u8]) {
    use hangtu_train::{credential, exchange, lrs};
    let limits = exchange::Limits { bytes: 1 << 20, files: 64 };
    let now = "2026-03-02T00:00:00Z".parse().expect("a time");
    let text = String::from_utf8_lossy(data);
    let _ = credential::verify(&text, &[], Some(&text), now);
    let _ = credential::StatusList::decode(&text);
    let _ = lrs::parse_batch(data, exchange::xapi::Version::V2, None);
    if let Ok(read) = lrs::read_multipart("multipart/mixed; boundary=b", data) {
        let _ = lrs::parse_batch(&read.statements, exchange::xapi::Version::V1, None);
    }
    let _ = exchange::cmi5::CourseStructure::of_xml(data);
    let _ = exchange::qti::read_item(data);
    if let Ok(mut package) = exchange::Package::open(data, limits) {
        let _ = exchange::cmi5::CourseStructure::of_package(&mut package);
        let _ = exchange::qti::read_package(&mut package);
    }
    let _ = exchange::enrol::read_table(data, limits, 1000);
}
