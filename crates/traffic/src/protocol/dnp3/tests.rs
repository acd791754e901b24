use super::*;
use crate::{assets::Inventory, decode::drive, protocol::show};
use hangtu_record::{Operation, Outcome, Transport, Verb};

/// A frame with zero checksums: they decide nothing.
fn frame(control: u8, destination: u16, source: u16, data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x05, 0x64, data.len() as u8 + 5, control];
    out.extend(destination.to_le_bytes());
    out.extend(source.to_le_bytes());
    out.extend([0, 0]);
    for block in data.chunks(16) {
        out.extend(block);
        out.extend([0, 0]);
    }
    out
}

#[test]
fn a_master_operates_restarts_and_hears_reports() {
    let crob = [0xc0, 0xc1, 5, 12, 1, 0x28, 1, 0, 7, 0, 3, 1, 100, 0, 0, 0, 100, 0, 0, 0, 0];
    let segments = [
        (Side::Client, frame(0xc4, 10, 1, &crob)),
        (Side::Server, frame(0x44, 1, 10, &[0xc0, 0xc1, 129, 0, 0, 12, 1, 0x28, 1, 0, 7, 0])),
        (Side::Client, frame(0xc4, 10, 1, &[0xc1, 0xc2, 13])),
        (Side::Server, frame(0x44, 1, 10, &[0xc1, 0xc2, 129, 0x80, 0x01])),
        (Side::Server, frame(0x44, 1, 10, &[0xc2, 0xf3, 130, 0, 0, 2, 1, 0x28, 1, 0, 0, 0, 0x81])),
        (Side::Client, frame(0xc4, 10, 1, &[0xc2, 0xd3, 0])),
        // Read of class 0 in two transport segments, never answered.
        (Side::Client, frame(0xc4, 10, 1, &[0x43, 0xc4, 1, 60, 1])),
        (Side::Client, frame(0xc4, 10, 1, &[0x84, 6])),
    ];
    let (out, _) = drive(&REGISTRATION, Transport::Tcp, segments.iter().map(|(s, b)| (*s, &b[..])));
    insta::assert_snapshot!(show(&out));
}

#[test]
fn device_attributes_say_who_it_is() {
    let attribute = |variation: u8, set: u8, text: &[u8]| {
        [&[0, variation, 0, set, set, 1, text.len() as u8][..], text].concat()
    };
    let response = [
        // Transport, control, function, indications.
        vec![0xc0, 0xc1, 129, 0, 0],
        // A number of four bytes is passed over, as is what a maker added.
        vec![0, 240, 0, 0, 0, 2, 4, 0, 8, 0, 0],
        attribute(252, 0, b"SEL"),
        attribute(252, 1, b"other"),
        attribute(250, 0, b"SEL-3530"),
        attribute(242, 0, b"R140"),
        attribute(248, 0, b"1234567"),
    ]
    .concat();
    let segments = [
        (Side::Client, frame(0xc4, 10, 1, &[0xc0, 0xc1, 1, 0, 254, 0, 0, 0])),
        (Side::Server, frame(0x44, 1, 10, &response)),
    ];
    let (out, _) = drive(&REGISTRATION, Transport::Tcp, segments.iter().map(|(s, b)| (*s, &b[..])));
    assert_eq!(out.records.operations[0].outcome, Outcome::Success);
    let found = Inventory::new(vec![out.assets], 1);
    let mut facts: Vec<_> =
        found.assets[0].facts.iter().map(|f| (f.name.name(), f.value.as_str())).collect();
    facts.sort_unstable();
    assert_eq!(
        facts,
        [
            ("device.firmware", "R140"),
            ("device.manufacturer", "SEL"),
            ("device.model.name", "SEL-3530"),
            ("device.serial_number", "1234567"),
        ]
    );
}

/// A request of the master to outstation 10, in one segment.
fn ask(sequence: u8, function: u8, objects: &[u8]) -> (Side, Vec<u8>) {
    let data = [&[0xc0, 0xc0 | sequence, function][..], objects].concat();
    (Side::Client, frame(0xc4, 10, 1, &data))
}

/// Its response, with the second octet of indications.
fn answer(sequence: u8, function: u8, iin2: u8, objects: &[u8]) -> (Side, Vec<u8>) {
    let data = [&[0xc0, 0xc0 | sequence, function, 0, iin2][..], objects].concat();
    (Side::Server, frame(0x44, 1, 10, &data))
}

/// Operations in the order in which they were asked.
fn operations(segments: &[(Side, Vec<u8>)]) -> Vec<Operation> {
    let segments = segments.iter().map(|(side, bytes)| (*side, &bytes[..]));
    let (mut out, _) = drive(&REGISTRATION, Transport::Tcp, segments);
    out.records.operations.sort_by_key(|op| op.origin);
    out.records.operations
}

/// Verb, object, outcome and error of each.
fn told(segments: &[(Side, Vec<u8>)]) -> Vec<String> {
    let line = |op: &Operation| {
        let said = format!("{} {}: {}", op.verb.name(), op.object, op.outcome.name());
        match op.error {
            Some(error) => format!("{said} {error} {}", op.error_name),
            None => said,
        }
    };
    operations(segments).iter().map(line).collect()
}

/// Latch a relay on.
fn relay(index: u8, status: u8) -> Vec<u8> {
    vec![12, 1, 0x28, 1, 0, index, 0, 3, 1, 100, 0, 0, 0, 100, 0, 0, 0, status]
}

/// A header for one object that says how long it is.
fn sized(group: u8, variation: u8, object: &[u8]) -> Vec<u8> {
    [&[group, variation, 0x5b, 1, object.len() as u8, 0][..], object].concat()
}

#[test]
fn a_control_ends_as_its_status_says() {
    let set_point = |status| vec![41, 2, 0x17, 1, 3, 55, 0, status];
    // Two points by their range, of which the second is refused.
    let range = |status| vec![41, 1, 0, 5, 6, 1, 0, 0, 0, 0, 2, 0, 0, 0, status];
    let cases = [
        (3, relay(7, 0), relay(7, 0), 0, "control g12v1: success"),
        (4, relay(7, 0), relay(7, 2), 0, "control g12v1: error 2 No select"),
        (5, relay(7, 0), relay(7, 10), 0, "control g12v1: error 10 Automation inhibit"),
        (5, relay(7, 0), relay(7, 0x80), 0, "control g12v1: success"),
        (5, relay(7, 0), relay(7, 4), 4, "control g12v1: error 4 Not supported"),
        (5, relay(7, 0), relay(7, 0), 4, "control g12v1: partial 4 Parameter error"),
        (5, set_point(0), set_point(8), 0, "control g41v2: error 8 Too many operations"),
        (5, range(0), range(12), 0, "control g41v1: partial 12 Out of range"),
        // Two headers, the second refused.
        (
            5,
            [relay(7, 0), relay(9, 0)].concat(),
            [relay(7, 0), relay(9, 7)].concat(),
            0,
            "control g12v1, g12v1: partial 7 Local",
        ),
        // The first refused, and what follows broken off.
        (
            5,
            [relay(7, 0), relay(9, 0)].concat(),
            [relay(7, 7), relay(9, 0)[..8].to_vec()].concat(),
            0,
            "control g12v1, g12v1: error 7 Local",
        ),
        (13, vec![], vec![], 0x10, "restart : error 16 Operation already executing"),
        // Of another function these are values.
        (1, vec![12, 1, 6], relay(7, 4), 0, "read g12v1: success"),
    ];
    for (function, asked, answered, iin2, expected) in cases {
        let said = told(&[ask(1, function, &asked), answer(1, 129, iin2, &answered)]);
        assert_eq!(said, [expected]);
    }
    assert_eq!(told(&[answer(1, 129, 0, &relay(7, 4))]), ["other : error 4 Not supported"]);
    // However many objects a header claims.
    let many = [&[12_u8, 1, 9][..], &[0xff; 4], &[0; 11]].concat();
    assert_eq!(told(&[ask(1, 5, &many), answer(1, 129, 0, &many)]), ["control g12v1: success"]);
}

#[test]
fn files_are_named_and_opened_to_write() {
    let name = b"/config/firmware.bin";
    let command = |mode: u8| {
        let mut out = vec![26, 0, name.len() as u8, 0, 0, 0, 0, 0, 0, 0, 0xff, 1];
        out.extend([0, 0, 0, 0, 0x67, 0x12, 0, 0, mode, 0, 0, 4, 1, 0]);
        out.extend(name);
        sized(70, 3, &out)
    };
    let status = |status: u8| sized(70, 4, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, status]);
    let moved = |status: u8| sized(70, 6, &[1, 0, 0, 0, 0, 0, 0, 0, status]);
    let said = told(&[
        ask(0, 25, &command(2)),
        answer(0, 129, 0, &status(3)),
        ask(1, 25, &command(3)),
        answer(1, 129, 0, &status(0)),
        ask(2, 25, &command(1)),
        ask(3, 2, &sized(70, 5, &[1, 0, 0, 0, 0, 0, 0, 0, 9])),
        answer(3, 129, 0, &moved(16)),
        ask(4, 27, &command(0)),
        answer(4, 129, 0, &status(1)),
        ask(5, 31, &sized(70, 8, b"new.cfg")),
        // Its name stands beyond its end.
        ask(6, 27, &sized(70, 3, &[26, 0, 20, 0])),
    ]);
    assert_eq!(
        said,
        [
            "write g70v3 /config/firmware.bin: error 3 File not found",
            "write g70v3 /config/firmware.bin: success",
            "read g70v3 /config/firmware.bin: unanswered",
            "write g70v5: error 16 Not opened",
            "delete g70v3 /config/firmware.bin: error 1 Permission denied",
            "configure g70v8 new.cfg: unanswered",
            "delete g70v3: unanswered",
        ]
    );
}

#[test]
fn a_challenge_is_no_answer() {
    let challenge = sized(120, 1, b"\x01\0\0\0\x01\0\x06\x01nonce");
    let reply = sized(120, 2, b"\x01\0\0\0\x01\0hash");
    let error = sized(120, 7, b"\x01\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0");
    let said = told(&[
        ask(5, 5, &relay(7, 0)),
        answer(5, 131, 0, &challenge),
        ask(5, 32, &reply),
        answer(5, 129, 0, &relay(7, 0)),
        ask(6, 5, &relay(7, 0)),
        answer(6, 131, 0, &challenge),
        ask(6, 32, &reply),
        answer(6, 131, 0, &error),
        // Session keys are asked for and answered.
        ask(7, 32, &[120, 4, 7, 1, 1, 0]),
        answer(7, 131, 0, &sized(120, 5, &[0; 8])),
        ask(8, 5, &relay(7, 0)),
        answer(8, 131, 0, &challenge),
    ]);
    assert_eq!(
        said,
        [
            "control g12v1: success",
            "authenticate g120v2: none-expected",
            "control g12v1: error 1 Authentication failed",
            "authenticate g120v2: none-expected",
            "authenticate g120v4: success",
            "control g12v1: unanswered",
        ]
    );
}

#[test]
fn nothing_answers_a_broadcast_or_what_asks_for_no_answer() {
    let mut segments = vec![ask(0, 33, &sized(120, 7, &[0; 9]))];
    segments.extend(
        [0xfffd, 0xfffe, 0xffff, 0xfffc]
            .map(|destination| (Side::Client, frame(0xc4, destination, 1, &[0xc0, 0xc1, 13]))),
    );
    assert_eq!(
        told(&segments),
        [
            "authenticate g120v7: none-expected",
            "restart : none-expected",
            "restart : none-expected",
            "restart : none-expected",
            "restart : unanswered",
        ]
    );
}

#[test]
fn all_object_headers_of_a_request_are_told() {
    let time = [50_u8, 1, 7, 1, 0, 0, 0, 0, 0, 0];
    let proof = sized(120, 9, &[0; 16]);
    let restart = [80_u8, 1, 0, 7, 7, 0];
    let requests = [
        ask(0, 2, &[&restart[..], &time].concat()),
        ask(1, 5, &[relay(7, 0), relay(9, 0)].concat()),
        ask(2, 1, &[60, 2, 6, 60, 3, 6, 60, 4, 6, 60, 1, 6, 30, 0, 0x17, 1, 3, 20, 0, 6]),
        // Aggressive mode: the proof stands around what is asked.
        ask(3, 5, &[&[120, 3, 7, 1, 9, 0, 0, 0, 1, 0][..], &relay(7, 0)[..], &proof[..]].concat()),
        ask(4, 22, &[60, 2, 6, 1, 0, 0, 0, 3]),
        ask(5, 22, &[60, 1, 6, 1, 0, 6]),
        ask(6, 11, &[50, 2, 7, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 6]),
        // Of an unknown length: what follows cannot be found.
        ask(7, 2, &[99, 1, 7, 1, 12, 1, 0x28]),
    ];
    let found = operations(&requests);
    let told: Vec<_> = found.iter().map(|op| (op.verb, &op.object[..], op.address)).collect();
    assert_eq!(
        told,
        [
            (Verb::SetTime, "g80v1, g50v1", None),
            (Verb::Control, "g12v1, g12v1", Some(7)),
            (Verb::Read, "g60v2, g60v3, g60v4, g60v1 +2", None),
            (Verb::Control, "g120v3, g12v1, g120v9", Some(7)),
            (Verb::Subscribe, "g60v2, g1v0", None),
            (Verb::Unsubscribe, "g60v1, g1v0", None),
            (Verb::Write, "g50v2, g20v0", None),
            (Verb::Write, "g99v1", None),
        ]
    );
    assert_eq!(found[3].value, "latch-on");
}
