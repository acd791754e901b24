use super::*;
use crate::{
    decode::{drive, held},
    protocol::show,
};
use hangtu_record::Transport;

/// Operations in the order in which they were asked.
fn told(segments: &[(Side, Vec<u8>)]) -> Vec<Operation> {
    let segments = segments.iter().map(|(side, bytes)| (*side, &bytes[..]));
    let (mut out, _) = drive(&REGISTRATION, Transport::Tcp, segments);
    out.records.operations.sort_by_key(|op| op.origin);
    out.records.operations
}

fn message(kind: u8, reference: u16, error: Option<u16>, parameter: &[u8], data: &[u8]) -> Vec<u8> {
    let mut s7 = vec![0x32, kind, 0, 0];
    s7.extend(reference.to_be_bytes());
    s7.extend((parameter.len() as u16).to_be_bytes());
    s7.extend((data.len() as u16).to_be_bytes());
    s7.extend(error.into_iter().flat_map(u16::to_be_bytes));
    s7.extend(parameter);
    s7.extend(data);
    let mut out = vec![3, 0];
    out.extend((s7.len() as u16 + 7).to_be_bytes());
    out.extend([2, 0xf0, 0x80]);
    out.extend(s7);
    out
}

#[test]
fn a_station_reads_writes_loads_and_stops() {
    let write = [5, 1, 0x12, 10, 0x10, 4, 0, 1, 0, 12, 0x84, 0, 0, 0x40];
    let stop = [0x29, 0, 0, 0, 0, 0, 9, b'P', b'_', b'P', b'R', b'O', b'G', b'R', b'A', b'M'];
    let mut download = vec![0x1a, 0, 1, 0, 0, 0, 0, 0, 9];
    download.extend(b"_0800001P");
    let szl = [0, 1, 0x12, 4, 0x11, 0x44, 1, 0];
    let szl_answer = [0, 1, 0x12, 8, 0x12, 0x84, 1, 1, 0, 0, 0, 0];
    let mut order = vec![0xff, 9, 0, 36, 0, 0x11, 0, 0, 0, 28, 0, 1, 0, 1];
    order.extend(b"6ES7 315-2EH14-0AB0 ");
    order.extend([0; 6]);
    let segments = [
        (Side::Client, message(1, 1, None, &write, &[0, 4, 0, 16, 1, 244])),
        (Side::Server, message(3, 1, Some(0), &[5, 1], &[0x0a])),
        (Side::Client, message(1, 2, None, &download, &[])),
        (Side::Server, message(3, 2, Some(0), &[0x1a], &[])),
        (
            Side::Server,
            message(
                1,
                9,
                None,
                &{
                    let mut b = download.clone();
                    b[0] = 0x1b;
                    b
                },
                &[],
            ),
        ),
        (Side::Client, message(3, 9, Some(0), &[0x1b, 0], &[])),
        (Side::Client, message(1, 3, None, &stop, &[])),
        (Side::Client, message(7, 4, None, &szl, &[0xff, 9, 0, 4, 0, 0x11, 0, 1])),
        (Side::Server, message(7, 4, None, &szl_answer, &order)),
    ];
    let (out, _) = drive(&REGISTRATION, Transport::Tcp, segments.iter().map(|(s, b)| (*s, &b[..])));
    insta::assert_snapshot!(show(&out));
    let first = &segments[0].1;
    let peek = Peek { bytes: first, by_port: None, transport: Transport::Tcp };
    assert_eq!((REGISTRATION.probe)(peek), Verdict::Yes(Some(Side::Client)));
}

#[test]
fn fragments_are_counted_until_the_last_one() {
    let fragment = |last: u8| {
        let mut frame = message(1, 1, None, &[4, 0], &[0; 100]);
        frame[6] = last;
        frame
    };
    let (first, last) = (fragment(0), fragment(0x80));
    let kept = held(&REGISTRATION, [(Side::Client, &first[..])]);
    assert!((112..1000).contains(&kept), "{kept}");
    assert_eq!(held(&REGISTRATION, [(Side::Client, &first[..]), (Side::Client, &last[..])]), 0);
}

#[test]
fn programming_devices_watch_and_change_a_controller() {
    // Type 4 is a request, and 7 one to a Sinumerik NC.
    let ask = |kind: u8, group: u8, subfunction: u8| {
        let parameter = [0, 1, 0x12, 4, 0x11, kind << 4 | group, subfunction, 0];
        (Side::Client, message(7, u16::from(subfunction), None, &parameter, &[]))
    };
    let commands: Vec<_> = (1..=0x16).map(|subfunction| ask(4, 1, subfunction)).collect();
    let with = |verb: Verb| -> Vec<u32> {
        let told = told(&commands).into_iter().filter(|op| op.verb == verb);
        told.map(|op| op.code & 0xff).collect()
    };
    assert_eq!(with(Verb::Write), [8, 9]);
    assert_eq!(with(Verb::Delete), [0x0c]);
    assert_eq!(with(Verb::Configure), [0x0a, 0x0b, 0x12]);
    assert_eq!(with(Verb::Diagnose).len(), 0x16 - 6);
    let others = [
        (ask(4, 2, 8), Verb::Read),
        (ask(4, 4, 3), Verb::Diagnose),
        (ask(4, 4, 7), Verb::Unsubscribe),
        (ask(4, 4, 8), Verb::Subscribe),
        (ask(7, 0xf, 1), Verb::Download),
        (ask(7, 0xf, 6), Verb::Upload),
        (ask(7, 0xf, 8), Verb::Upload),
        (ask(3, 0xf, 2), Verb::Download),
    ];
    for (request, verb) in others {
        let told = told(&[request]);
        assert_eq!(told[0].verb, verb, "{}", told[0].function);
    }
}

/// An item: type, how many, block, area, address in bits.
fn any(kind: u8, count: u8, block: u8, area: u8, at: u16) -> Vec<u8> {
    let [high, low] = at.to_be_bytes();
    vec![0x12, 10, 0x10, kind, 0, count, 0, block, area, 0, high, low]
}

/// One request answered so, and the object told of it.
fn asked(code: u8, items: &[Vec<u8>], data: &[u8], answer: &[u8]) -> (Operation, String) {
    let head = [code, items.len() as u8];
    let parameter = [&head[..], &items.concat()].concat();
    let op = told(&[
        (Side::Client, message(1, 1, None, &parameter, data)),
        (Side::Server, message(3, 1, Some(0), &head, answer)),
    ])
    .remove(0);
    let object = op.object.to_string();
    (op, object)
}

#[test]
fn every_item_is_told_and_which_was_refused() {
    let two = [any(2, 1, 1, 0x84, 0), any(6, 1, 0, 0x82, 16)];
    let data = [0, 4, 0, 8, 1, 0, 0, 4, 0, 32, 0xff, 0xff, 0xff, 0xff];
    let (op, object) = asked(5, &two, &data, &[0xff, 5]);
    assert_eq!(object, "DB1.DBB0, QD2 (refused: 2)");
    assert_eq!((&op.value[..], op.address, op.count), ("01, ffffffff", Some(0), Some(1)));
    assert_eq!((op.outcome, op.error_name), (Outcome::Partial, "Invalid address"));
    let (op, _) = asked(5, &two, &data, &[5, 3]);
    assert_eq!((op.outcome, op.error), (Outcome::Error, Some(5)));

    let six: Vec<_> = (0..6).map(|n| any(1, 1, 0, 0x83, n)).collect();
    let (op, object) = asked(5, &six, &[], &[5, 5, 0xff, 5, 5, 3]);
    assert_eq!(object, "M0.0, M0.1, M0.2, M0.3 +2 (refused: 1, 2, 4, 5 +1)");
    assert_eq!(op.error, Some(5));

    // Reading, the values stand between the return codes.
    let timer = [any(2, 3, 1, 0x84, 0), any(29, 1, 0, 0x1d, 40), any(2, 1, 1, 0x84, 8)];
    let answer = [0xff, 4, 0, 24, 1, 2, 3, 0, 0x0a, 0, 0, 0, 0xff, 4, 0, 8, 9];
    let (_, object) = asked(4, &timer, &[], &answer);
    assert_eq!(object, "DB1.DBB0, T40, DB1.DBB1 (refused: 2)");
    let (op, object) = asked(4, &timer[1..2], &[], &[0x0a, 0, 0, 0]);
    assert_eq!((&object[..], op.address, op.error), ("T40", Some(40), Some(10)));
}

#[test]
fn areas_of_dbread_are_addresses() {
    let one = vec![0x12, 7, 0xb0, 1, 4, 0, 10, 0, 20];
    let (op, object) = asked(4, &[one], &[], &[0xff, 4, 0, 32, 1, 2, 3, 4]);
    assert_eq!((&object[..], op.address, op.count), ("DB10.DBB20", Some(20), Some(4)));
    let two = vec![0x12, 12, 0xb0, 2, 4, 0, 10, 0, 20, 1, 0, 11, 0, 0];
    // Of odd length, and filled up.
    let symbolic = vec![0x12, 3, 0xb2, 0, 0, 0];
    let (_, object) = asked(4, &[two, symbolic, any(2, 1, 0, 0x81, 8)], &[], &[]);
    assert_eq!(object, "DB10.DBB20, DB11.DBB0, syntax 0xb2, IB1");
}

#[test]
fn the_message_service_is_ended_too() {
    let verb = |events: u8, kind: u8| {
        let data = [&[0xff, 9, 0, 12, events, 0][..], b"asmess\0\0", &[kind, 0]].concat();
        let parameter = [0, 1, 0x12, 4, 0x11, 0x44, 2, 0];
        told(&[(Side::Client, message(7, 1, None, &parameter, &data))]).remove(0).verb
    };
    assert_eq!([verb(0, 0), verb(0x80, 8), verb(0x80, 4)], [Verb::Unsubscribe; 3]);
    assert_eq!([verb(1, 0), verb(0x80, 9), verb(0x80, 5)], [Verb::Subscribe; 3]);
}

#[test]
fn services_of_a_numerical_control() {
    let verb = |name: &[u8]| {
        let head = [0x28, 0, 0, 0, 0, 0, 0, 0xfd, 0, 0, name.len() as u8];
        told(&[(Side::Client, message(1, 1, None, &[&head[..], name].concat(), &[]))])
            .remove(0)
            .verb
    };
    assert_eq!([verb(b"_INSE"), verb(b"_INS2")], [Verb::Download; 2]);
    assert_eq!([verb(b"_N_F_DELE"), verb(b"_N_F_DELR"), verb(b"_N_DELETO")], [Verb::Delete; 3]);
    assert_eq!([verb(b"_N_LOGIN_"), verb(b"_N_NEWPWD")], [Verb::Authenticate; 2]);
    // Block of the address and the password, name.
    let mut login = vec![0x28, 0, 0, 0, 0, 0, 0, 0xfd, 0, 12];
    login.extend(b"\x03001\x07hunter2\x09_N_LOGIN_");
    let op = told(&[(Side::Client, message(1, 1, None, &login, &[]))]).remove(0);
    assert_eq!((op.verb, &op.object[..], &op.value[..]), (Verb::Authenticate, "_N_LOGIN_", ""));
    assert_eq!([verb(b"_N_F_XFER"), verb(b"_N_SELECT")], [Verb::Upload, Verb::Configure]);
}
