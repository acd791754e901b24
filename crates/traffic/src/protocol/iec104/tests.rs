use super::*;
use crate::{decode::drive, protocol::show};
use hangtu_record::{Operation, Seen, Transport};

fn i(asdu: &[u8]) -> Vec<u8> {
    let mut out = vec![0x68, asdu.len() as u8 + 4, 0, 0, 0, 0];
    out.extend(asdu);
    out
}

#[test]
fn commands_are_confirmed_and_values_reported() {
    let segments = [
        (Side::Client, vec![0x68, 4, 7, 0, 0, 0]),
        (Side::Server, vec![0x68, 4, 0x0b, 0, 0, 0]),
        // Single command on, then its confirmation and termination.
        (Side::Client, i(&[45, 1, 6, 0, 3, 0, 0x10, 0x27, 0, 1])),
        (Side::Server, i(&[45, 1, 7, 0, 3, 0, 0x10, 0x27, 0, 1])),
        (Side::Server, i(&[45, 1, 10, 0, 3, 0, 0x10, 0x27, 0, 1])),
        // Set point refused; measured values; reset never answered.
        (Side::Client, i(&[50, 1, 6, 0, 3, 0, 0x11, 0x27, 0, 0, 0, 0x20, 0x41, 0])),
        (Side::Server, i(&[50, 1, 0x47, 0, 3, 0, 0x11, 0x27, 0, 0, 0, 0x20, 0x41, 0])),
        (
            Side::Server,
            i(&[13, 2, 3, 0, 3, 0, 1, 0, 0, 0, 0, 0x80, 0x3f, 0, 2, 0, 0, 0, 0, 0, 0x40, 0]),
        ),
        (Side::Client, i(&[105, 1, 6, 0, 3, 0, 0, 0, 0, 1])),
    ];
    let (out, _) = drive(&REGISTRATION, Transport::Tcp, segments.iter().map(|(s, b)| (*s, &b[..])));
    insta::assert_snapshot!(show(&out));
}

/// An information message of station 3 with one object.
fn asdu(kind: u8, cause: u8, object: u8, value: &[u8]) -> Vec<u8> {
    i(&[&[kind, 1, cause, 0, 3, 0, object, 0, 0][..], value].concat())
}

/// Operations in the order in which they were asked, all of the rest being readable.
fn operations(segments: &[(Side, Vec<u8>)]) -> Vec<Operation> {
    let segments = segments.iter().map(|(side, bytes)| (*side, &bytes[..]));
    let (mut out, _) = drive(&REGISTRATION, Transport::Tcp, segments);
    assert!(out.unreadable.is_empty(), "{:?}", out.unreadable);
    out.records.operations.sort_by_key(|op| op.origin);
    out.records.operations
}

/// Verb, type, value and outcome.
fn told(segments: &[(Side, Vec<u8>)]) -> Vec<String> {
    let line = |op: &Operation| {
        format!("{} {} {}: {}", op.verb.name(), op.code, op.value, op.outcome.name())
    };
    operations(segments).iter().map(line).collect()
}

#[test]
fn confirmations_go_to_the_command_that_they_mirror() {
    let lower = |cause| asdu(47, cause, 100, &[1]);
    let higher = |cause| asdu(47, cause, 100, &[2]);
    let select = |cause| asdu(46, cause, 103, &[0x82]);
    let execute = |cause| asdu(46, cause, 103, &[2]);
    // In the order of the commands, and in the other.
    let lower_first = [(Side::Server, lower(7)), (Side::Server, higher(0x47))];
    let higher_first = [(Side::Server, higher(0x47)), (Side::Server, lower(7))];
    for answers in [lower_first, higher_first] {
        let asked = [(Side::Client, lower(6)), (Side::Client, higher(6))];
        let said = told(&[asked, answers].concat());
        assert_eq!(said, ["control 47 lower: success", "control 47 higher: error"]);
    }
    let said = told(&[
        (Side::Client, select(6)),
        (Side::Client, execute(6)),
        (Side::Server, select(0x47)),
        (Side::Server, execute(7)),
    ]);
    assert_eq!(said, ["control 46 on select: error", "control 46 on: success"]);
    // Devices answer in turn what is the same.
    let said = told(&[
        (Side::Client, lower(6)),
        (Side::Client, lower(6)),
        (Side::Server, lower(7)),
        (Side::Server, lower(0x47)),
    ]);
    assert_eq!(said, ["control 47 lower: success", "control 47 lower: error"]);
}

#[test]
fn a_read_is_answered_by_its_value_and_what_is_refused_is_told_once() {
    let value = [0, 0, 0xc0, 0x3f, 0];
    let call = [1, 0, 0, 2];
    let said = told(&[
        (Side::Client, asdu(102, 5, 7, &[])),
        // Of another object, of itself, and what was asked for.
        (Side::Server, asdu(13, 5, 6, &value)),
        (Side::Server, asdu(13, 3, 7, &value)),
        (Side::Server, asdu(13, 5, 7, &value)),
        (Side::Client, asdu(102, 5, 8, &[])),
        (Side::Server, asdu(102, 0x6f, 8, &[])),
        (Side::Client, asdu(102, 5, 8, &[])),
        (Side::Server, asdu(102, 0x45, 8, &[])),
        (Side::Client, asdu(102, 5, 9, &[])),
        (Side::Client, asdu(122, 13, 1, &call)),
        (Side::Server, asdu(122, 0x6c, 1, &call)),
        (Side::Client, asdu(122, 13, 2, &call)),
        (Side::Server, asdu(120, 13, 2, &[1, 0, 9, 0, 0, 0])),
    ]);
    assert_eq!(
        said,
        [
            "read 102 : success",
            "report 13 : none-expected",
            "report 13 : none-expected",
            "report 13 : none-expected",
            "read 102 : error",
            "read 102 : error",
            "read 102 : unanswered",
            "upload 122 : error",
            "upload 122 : none-expected",
            "other 120 : none-expected",
        ]
    );
}

#[test]
fn deactivations_and_tests_are_told_apart() {
    let set_point = [0, 0, 0x20, 0x41, 0x80];
    let said = told(&[
        (Side::Client, asdu(45, 6, 100, &[0x81])),
        (Side::Server, asdu(45, 7, 100, &[0x81])),
        (Side::Client, asdu(45, 8, 100, &[0x81])),
        (Side::Server, asdu(45, 9, 100, &[0x81])),
        (Side::Client, asdu(45, 0x86, 101, &[1])),
        (Side::Server, asdu(45, 0x87, 101, &[1])),
        (Side::Client, asdu(100, 8, 0, &[20])),
        (Side::Server, asdu(100, 0x49, 0, &[20])),
        (Side::Client, asdu(103, 0x86, 0, &[0; 7])),
        (Side::Client, asdu(50, 6, 1, &set_point)),
        // Refuses the deactivation of the two that wait.
        (Side::Client, asdu(50, 8, 1, &set_point)),
        (Side::Server, asdu(50, 0x49, 1, &set_point)),
    ]);
    assert_eq!(
        said,
        [
            "control 45 on select: success",
            "control 45 on select (deactivation): success",
            "diagnose 45 on (test): success",
            "read 100 20 (deactivation): error",
            "diagnose 103 (test): unanswered",
            "control 50 10 select: unanswered",
            "control 50 10 select (deactivation): error",
        ]
    );
}

#[test]
fn a_command_ends_with_its_termination() {
    let command = |cause, object| asdu(46, cause, object, &[2]);
    let found = operations(&[
        (Side::Client, command(6, 1)),
        (Side::Server, command(7, 1)),
        (Side::Server, command(0x4a, 1)),
        (Side::Client, command(6, 2)),
        (Side::Server, command(7, 2)),
        (Side::Server, command(10, 2)),
        // Never terminated.
        (Side::Client, command(6, 3)),
        (Side::Server, command(7, 3)),
        // Without its confirmation, and without its command.
        (Side::Client, command(6, 4)),
        (Side::Server, command(0x4a, 4)),
        (Side::Server, command(0x4a, 5)),
        (Side::Server, command(10, 6)),
    ]);
    let told: Vec<_> = found
        .iter()
        .map(|op| (op.address.unwrap(), op.outcome.name(), op.error_name, op.seen, op.delay))
        .collect();
    // From the request to its confirmation, not to its termination.
    let (failed, delay) = ("Negative termination", Some(1_000_000));
    assert_eq!(
        told,
        [
            (1, "error", failed, Seen::Both, delay),
            (2, "success", "", Seen::Both, delay),
            (3, "success", "", Seen::Both, delay),
            (4, "error", failed, Seen::Both, delay),
            (5, "error", failed, Seen::Response, None),
        ]
    );
}

#[test]
fn a_termination_is_not_waited_for_without_end() {
    let mut segments =
        vec![(Side::Client, asdu(45, 6, 1, &[1])), (Side::Server, asdu(45, 7, 1, &[1]))];
    // A millisecond each.
    segments.resize(60_010, (Side::Client, vec![0x68, 4, 0x43, 0, 0, 0]));
    segments.push((Side::Server, asdu(1, 3, 5, &[1])));
    let segments = segments.iter().map(|(side, bytes)| (*side, &bytes[..]));
    let (out, _) = drive(&REGISTRATION, Transport::Tcp, segments);
    // As they were written.
    let codes: Vec<_> = out.records.operations.iter().map(|op| op.code).collect();
    assert_eq!(codes, [45, 1]);
}

#[test]
fn private_types_are_frames_like_others() {
    let report = [asdu(140, 3, 1, &[1, 2, 3, 4]), asdu(1, 3, 5, &[1])].concat();
    let said = told(&[
        (Side::Server, report),
        (Side::Client, asdu(200, 6, 1, &[1])),
        (Side::Server, asdu(200, 7, 1, &[1])),
        (Side::Client, asdu(201, 6, 1, &[1])),
    ]);
    assert_eq!(
        said,
        ["report 1 : none-expected", "other 200 : success", "other 201 : unanswered",]
    );
}

#[test]
fn a_qualifier_or_the_sender_says_what_a_type_does() {
    use Side::{Client, Server};
    let said = |side: Side, kind: u8, value: &[u8]| {
        let cause = if (120..=127).contains(&kind) { 13 } else { 6 };
        told(&[(side, asdu(kind, cause, 1, value))]).remove(0).split(' ').next().unwrap().to_owned()
    };
    // Counters: asked for, frozen, reset. Reset: the station, its events.
    assert_eq!([5, 0x45, 0xc5].map(|q| said(Client, 101, &[q])), ["read", "write", "write"]);
    assert_eq!([1, 2].map(|q| said(Client, 105, &[q])), ["restart", "configure"]);
    // A file called for, called off with deletion, and brought.
    assert_eq!([2, 4].map(|q| said(Client, 122, &[1, 0, 0, q])), ["upload", "delete"]);
    assert_eq!(said(Server, 122, &[1, 0, 1, 6]), "other");
    assert_eq!(said(Client, 120, &[1, 0, 9, 0, 0, 0]), "download");
    assert_eq!(said(Server, 120, &[1, 0, 9, 0, 0, 0]), "other");
}
