use super::*;
use crate::{
    assets::Inventory,
    decode::{Output, Peek, Piece, Verdict, drive},
    protocol::show,
};
use hangtu_record::Transport;

#[test]
fn requests_meet_their_responses() {
    let (out, _) = drive(
        &REGISTRATION,
        Transport::Tcp,
        [
            (Side::Client, &[0, 1, 0, 0, 0, 6, 1, 3, 0, 40, 0, 2][..]),
            (Side::Server, &[0, 1, 0, 0, 0, 7, 1, 3, 4, 0, 1, 0, 2]),
            // Two requests in one segment; the second is refused, the third never answered.
            (
                Side::Client,
                &[0, 2, 0, 0, 0, 6, 1, 6, 0, 40, 1, 244, 0, 3, 0, 0, 0, 6, 1, 5, 0, 7, 255, 0],
            ),
            (Side::Server, &[0, 2, 0, 0, 0, 3, 1, 0x86, 2]),
            // Garbage, then a frame split over two segments.
            (Side::Client, &[9, 9, 9, 9, 9, 9, 9, 9, 9, 0, 4, 0, 0, 0, 11, 2]),
            (Side::Client, &[16, 0, 10, 0, 2, 4, 0, 5, 0, 6]),
            (Side::Server, &[0, 4, 0, 0, 0, 6, 2, 16, 0, 10, 0, 2]),
        ],
    );
    insta::assert_snapshot!(show(&out));
}

/// A write of one register, or the response to one.
fn write(unit: u8, address: u8) -> [u8; 12] {
    [0, 0, 0, 0, 0, 6, unit, 6, 0, address, 0, 1]
}

/// The response that refuses a write.
fn refuse(unit: u8) -> [u8; 9] {
    [0, 0, 0, 0, 0, 3, unit, 0x86, 2]
}

/// Address, outcome and delay of operations, by their packets.
fn outcomes<'s, P: Into<Piece<'s>>>(
    segments: impl IntoIterator<Item = (Side, P)>,
) -> Vec<(u32, Outcome, Option<i64>)> {
    let (mut out, _) = drive(&REGISTRATION, Transport::Tcp, segments);
    let operations = &mut out.records.operations;
    operations.sort_by_key(|op| op.origin);
    operations.iter().map(|op| (op.address.unwrap_or(0), op.outcome, op.delay)).collect()
}

#[test]
fn units_behind_a_gateway_and_requests_that_look_the_same_keep_their_outcomes() {
    let a = write(1, 10);
    for b in [write(2, 20), write(1, 20)] {
        let told = outcomes([
            (Side::Client, &a[..]),
            (Side::Client, &b[..]),
            (Side::Server, &refuse(1)[..]),
            (Side::Server, &b[..]),
        ]);
        let delay = Some(2_000_000);
        assert_eq!(told, [(10, Outcome::Error, delay), (20, Outcome::Success, delay)]);
    }
    // A server that says unit 0 for any.
    let told = outcomes([(Side::Client, &a[..]), (Side::Server, &write(0, 10)[..])]);
    assert_eq!(told, [(10, Outcome::Success, Some(1_000_000))]);
}

#[test]
fn a_request_never_answered_shifts_no_outcome() {
    let (a, b, c) = (write(1, 10), write(1, 20), write(1, 30));
    let no = refuse(1);
    // Each piece comes a millisecond after the one before: 600 of them pass.
    let mut segments = vec![(Side::Client, Piece::Bytes(&a))];
    segments.extend([(Side::Client, Piece::Gap); 600]);
    segments.extend([
        (Side::Client, Piece::Bytes(&b)),
        (Side::Server, Piece::Bytes(&no)),
        (Side::Client, Piece::Bytes(&c)),
        (Side::Server, Piece::Bytes(&no)),
    ]);
    let (prompt, unanswered) = (Some(1_000_000), (10, Outcome::Unanswered, None));
    let refused = |address: u32| (address, Outcome::Error, prompt);
    assert_eq!(outcomes(segments), [unanswered, refused(20), refused(30)]);
    // Asked again at once, the address in the response tells.
    let told = outcomes([(Side::Client, &a[..]), (Side::Client, &b[..]), (Side::Server, &b[..])]);
    assert_eq!(told, [unanswered, (20, Outcome::Success, prompt)]);
}

/// A frame of unit 1.
fn frame(transaction: u8, pdu: &[u8]) -> Vec<u8> {
    [&[0, transaction, 0, 0, 0, pdu.len() as u8 + 1, 1][..], pdu].concat()
}

/// What comes of such PDUs, each in a transaction of its own number.
fn told(pdus: &[(Side, u8, &[u8])]) -> Output {
    let frames: Vec<_> = pdus.iter().map(|(side, n, pdu)| (*side, frame(*n, pdu))).collect();
    drive(&REGISTRATION, Transport::Tcp, frames.iter().map(|(side, b)| (*side, &b[..]))).0
}

/// What a request asks: object, address, count, value.
fn asked(pdu: &[u8]) -> (String, Option<u32>, Option<u32>, String) {
    let op = told(&[(Side::Client, 1, pdu)]).records.operations.remove(0);
    (op.object.into(), op.address, op.count, op.value.into())
}

#[test]
fn frames_away_from_the_port_are_recognised_by_their_functions() {
    let probe = |bytes: &[u8]| {
        (REGISTRATION.probe)(Peek { bytes, by_port: None, transport: Transport::Tcp })
    };
    let (either, client, server) =
        (Verdict::Yes(None), Verdict::Yes(Some(Side::Client)), Verdict::Yes(Some(Side::Server)));
    let fits: [(&[u8], Verdict); 12] = [
        (&[3, 0, 100, 0, 8], client),
        (&[5, 0, 100, 0xff, 0], either),
        (&[6, 0, 100, 0, 7], either),
        (&[8, 0, 0, 0xa5, 0x37], either),
        (&[22, 0, 4, 0, 0xf2, 0, 0x25], either),
        (&[21, 9, 6, 0, 4, 0, 7, 0, 1, 0, 9], either),
        (&[20, 7, 6, 0, 4, 0, 7, 0, 1], client),
        (&[20, 4, 3, 6, 0, 9], server),
        (&[24, 4, 0xde], client),
        (&[24, 0, 4, 0, 1, 2, 3], server),
        (&[43, 14, 1, 0], client),
        (&[43, 14, 1, 1, 0, 0, 1, 0, 1, b'V'], server),
    ];
    for (pdu, verdict) in fits {
        let mut frame = frame(1, pdu);
        assert_eq!(probe(&frame), verdict, "{pdu:?}");
        // Only where the frame ends with the segment.
        frame.push(0);
        assert_eq!(probe(&frame), Verdict::No, "{pdu:?}");
    }
    let others: [&[u8]; 6] = [
        &[5, 0, 100, 1, 0],
        &[6, 0, 100, 0],
        &[8, 1, 0, 0, 0],
        &[20, 7, 5, 0, 4, 0, 7, 0, 1],
        &[21, 9, 6, 0, 4, 0, 7, 0, 2, 0, 9],
        &[22, 0, 4, 0, 0xf2],
    ];
    for pdu in others {
        assert_eq!(probe(&frame(1, pdu)), Verdict::No, "{pdu:?}");
    }
}

#[test]
fn requests_tell_all_that_they_address() {
    let is = |object: &str, address: u32, count: u32, value: &str| {
        (object.to_owned(), Some(address), Some(count), value.to_owned())
    };
    let mask = [22, 0, 4, 0, 0xf2, 0, 0x25];
    assert_eq!(asked(&mask), is("holding-register", 4, 1, "and 0x00f2 or 0x0025"));
    let both = [23, 0, 3, 0, 6, 0, 14, 0, 1, 2, 0, 255];
    assert_eq!(asked(&both), is("holding-register (reads 6 from 3)", 14, 1, "255"));
    let read = [20, 14, 6, 0, 4, 0, 1, 0, 2, 6, 0, 3, 0, 9, 0, 2];
    assert_eq!(asked(&read), is("file-record 4, 3@9", 1, 2, ""));
    let write = [21, 13, 6, 0, 4, 0, 7, 0, 3, 6, 0xaf, 4, 0xbe, 16, 13];
    assert_eq!(asked(&write), is("file-record 4", 7, 3, "1711,1214,4109"));
    let many = [&[20, 42][..], &[6, 0, 1, 0, 2, 0, 3].repeat(6)[..]].concat();
    assert_eq!(asked(&many), is("file-record 1, 1@2, 1@2, 1@2 +2", 2, 3, ""));
}

#[test]
fn responses_alone_tell_what_they_say_again() {
    let out = told(&[
        (Side::Server, 1, &[5, 0, 9, 0xff, 0]),
        (Side::Server, 2, &[6, 0, 100, 0, 7]),
        (Side::Server, 3, &[15, 0, 20, 0, 10]),
        (Side::Server, 4, &[16, 0, 10, 0, 2]),
        (Side::Server, 5, &[0x86, 2]),
    ]);
    let told: Vec<_> = out.records.operations.iter().map(|o| (o.address, o.count)).collect();
    let is = |address: u32, count: u32| (Some(address), Some(count));
    assert_eq!(told, [is(9, 1), is(100, 1), is(20, 10), is(10, 2), (None, None)]);
    let values: Vec<_> = out.records.operations.iter().map(|o| &o.value[..]).collect();
    assert_eq!(values, ["on", "7", "", "", ""]);
    assert!(out.records.operations.iter().all(|o| o.seen == Seen::Response));
}

/// What is known of assets: name of the fact and value.
fn learnt(segments: &[(Side, u8, &[u8])]) -> Vec<String> {
    let found = Inventory::new(vec![told(segments).assets], 1);
    let facts = found.assets.iter().flat_map(|asset| &asset.facts);
    facts.map(|f| format!("{} {}", f.name.name(), f.value)).collect()
}

#[test]
fn devices_say_what_they_are() {
    let server = [&[17, 16, 1, 0xff][..], b"TSX  P57 254\0 "].concat();
    assert_eq!(learnt(&[(Side::Server, 1, &server)]), ["device.model.name TSX P57 254"]);
    let objects = |mei: u8| [&[43, mei, 1, 1, 0, 0, 1, 0, 3][..], b"ABC"].concat();
    let (identification, canopen) = (objects(14), objects(13));
    assert_eq!(learnt(&[(Side::Server, 1, &identification)]).len(), 1);
    // Another protocol inside function 43.
    assert!(learnt(&[(Side::Server, 1, &canopen)]).is_empty());
    let out = told(&[
        (Side::Client, 1, &[43, 14, 1, 0]),
        (Side::Client, 2, &[43, 13, 1, 2, 3, 4]),
        (Side::Server, 3, &canopen),
    ]);
    let mut all = out.records.operations;
    all.sort_by_key(|op| op.origin);
    let told: Vec<_> = all.iter().map(|o| (o.verb, &o.object[..], o.address)).collect();
    let other = |object: &'static str| (Verb::Other, object, None);
    let identify = (Verb::Identify, "device-identification", Some(0));
    assert_eq!(told, [identify, other("canopen"), other("")]);
}

#[test]
fn umas_names_say_the_opposite_of_where_a_program_goes() {
    let asked = |pdu: &[u8]| {
        let op = told(&[(Side::Client, 1, pdu)]).records.operations.remove(0);
        (op.verb, op.function)
    };
    assert_eq!(asked(&[90, 1, 0x31, 0, 1, 0]), (Verb::Download, "UMAS Upload Block"));
    assert_eq!(asked(&[90, 1, 0x34, 0, 1, 0]), (Verb::Upload, "UMAS Download Block"));
    // Stop, signed; refused, signed too.
    let signed = |message: &[u8]| [&[90, 1, 0x38, 1][..], &[7; 32], message].concat();
    let stop = signed(&[90, 1, 0x41, 0xff, 0]);
    assert_eq!(asked(&stop), (Verb::Stop, "UMAS Stop PLC"));
    let no = signed(&[90, 1, 0xfd, 0x83]);
    let op = told(&[(Side::Client, 1, &stop), (Side::Server, 1, &no)]).records.operations.remove(0);
    assert_eq!((op.verb, op.outcome), (Verb::Stop, Outcome::Error));
}

#[test]
fn what_takes_long_was_agreed_to() {
    let out = told(&[(Side::Client, 1, &[6, 0, 10, 0, 1]), (Side::Server, 1, &[0x86, 5])]);
    let op = &out.records.operations[0];
    assert_eq!((op.outcome, op.error, op.error_name), (Outcome::Success, Some(5), "Acknowledge"));
}
