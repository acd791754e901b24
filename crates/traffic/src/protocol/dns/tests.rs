use super::REGISTRATION;
use crate::decode::{Peek, Side, Verdict, drive};
use hangtu_record::{FieldName, Transport};

const QUERY: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03plc\x05plant\0\0\x01\0\x01";
const ANSWER: &[u8] = b"\x12\x34\x81\x80\0\x01\0\x02\0\0\0\0\x03plc\x05plant\0\0\x01\0\x01\
    \xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x06\x03abc\xc0\x10\
    \xc0\x27\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\x01\x02\x03";

#[test]
fn names_and_addresses_are_kept_and_loops_are_not_followed() {
    let loops = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\xc0\x0c\0\x01\0\x01";
    let peek =
        |bytes, by_port| (REGISTRATION.probe)(Peek { bytes, by_port, transport: Transport::Udp });
    assert_eq!(peek(QUERY, None), Verdict::Yes(Some(Side::Client)));
    assert_eq!(peek(ANSWER, None), Verdict::Yes(Some(Side::Server)));
    assert_eq!(peek(loops, Some(Side::Client)), Verdict::No);
    let segments = [(Side::Client, QUERY), (Side::Server, ANSWER), (Side::Client, loops)];
    let (out, facts) = drive(&REGISTRATION, Transport::Udp, segments);
    assert_eq!(out.unreadable, [("dns", 1)]);
    insta::assert_snapshot!(crate::protocol::told(&out, &facts), @r#"
    dns.question.name = plc.plant
    dns.question.type = A
    dns.response_code = NOERROR
    dns.resolved_ip = 10.1.2.3
    1 unreadable dns
    "#);
}

#[test]
fn messages_over_tcp_may_come_in_pieces() {
    let mut framed = vec![0, QUERY.len() as u8];
    framed.extend_from_slice(QUERY);
    let (first, second) = framed.split_at(9);
    let segments = [(Side::Client, first), (Side::Client, second)];
    let (_, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
    assert_eq!(facts.len(), 2);
}

/// An answer of 4,000 records: the first holds `data` at 28, a pointer to `name` names the others.
fn flood(data: &[u8], name: usize) -> Vec<u8> {
    let pointer = (0xc000 | name as u16).to_be_bytes();
    let record = [&pointer[..], b"\0\x01\0\x01\0\0\0\0\0\0"].concat();
    [
        &b"\x12\x34\x81\x80\0\x01\x0f\xa0\0\0\0\0\0\0\x01\0\x01"[..],
        b"\0\0\x10\0\x01\0\0\0\0",
        &(data.len() as u16).to_be_bytes(),
        data,
        &record.repeat(3999),
    ]
    .concat()
}

#[test]
fn names_made_of_pointers_are_soon_given_up() {
    let mut ladder = vec![0, 0];
    ladder.extend((28..0x3ff0_u16).step_by(2).flat_map(|at| (0xc000 | at).to_be_bytes()));
    let labels = [&b"\x01a".repeat(127)[..], &[0]].concat();
    let invisible = [&[63_u8][..], &[1; 63]].concat().repeat(250);
    let top = 28 + ladder.len() - 2;
    for message in [flood(&ladder, top), flood(&labels, 28), flood(&invisible, 28)] {
        let segments = std::iter::repeat_n((Side::Server, &message[..]), 100);
        let (out, facts) = drive(&REGISTRATION, Transport::Udp, segments);
        assert_eq!((out.unreadable, facts.len()), (vec![("dns", 100)], 2));
    }
}

/// A question for a name of two labels, or its answer with that code and address.
fn message(label: &str, kind: u8, answer: Option<(u8, u8)>) -> Vec<u8> {
    let question =
        [&[label.len() as u8][..], label.as_bytes(), b"\x01x\0\0", &[kind, 0, 1]].concat();
    let Some((code, address)) = answer else {
        return [&b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0"[..], &question].concat();
    };
    let head = [0x12, 0x34, 0x81, 0x80 | code, 0, 1, 0, 1, 0, 0, 0, 0];
    let record = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\x01\x02";
    [&head[..], &question, record, &[address]].concat()
}

/// How many facts of a name these messages tell, and the last.
fn kept(messages: &[Vec<u8>], name: FieldName) -> (usize, String) {
    let segments = messages.iter().map(|message| (Side::Client, &message[..]));
    let (out, facts) = drive(&REGISTRATION, Transport::Udp, segments);
    assert!(out.unreadable.is_empty());
    let values: Vec<_> = facts.iter().filter(|(known, _)| *known == name).collect();
    (values.len(), values.last().unwrap().1.as_value().to_string())
}

#[test]
fn a_name_asked_again_takes_no_room() {
    // Not by its repetition, its types, its answers nor their codes.
    let mut messages: Vec<_> = (0..200).map(|_| message("plc", 1, None)).collect();
    messages.extend((1..=31).map(|kind| message("plc", kind, None)));
    messages.extend((0..200).map(|n| message("plc", 1, Some((n % 16, n)))));
    messages.push(message("evil", 1, None));
    assert_eq!(kept(&messages, FieldName::DnsQuestionName), (2, "evil.x".to_owned()));
    assert_eq!(kept(&messages, FieldName::DnsQuestionType).0, 8);
    assert_eq!(kept(&messages, FieldName::DnsResponseCode).0, 4);
    assert_eq!(kept(&messages, FieldName::DnsResolvedIp), (12, "10.1.2.11".to_owned()));
}

#[test]
fn many_names_leave_room_for_the_rest() {
    let mut messages: Vec<_> = (0..200).map(|n| message(&format!("n{n}"), 1, None)).collect();
    assert_eq!(kept(&messages, FieldName::DnsQuestionName), (72, "n71.x".to_owned()));
    messages.extend((0..200).map(|n| message("n0", 1, Some((0, n)))));
    messages.push(message("n200", 16, Some((3, 7))));
    assert_eq!(kept(&messages, FieldName::DnsQuestionType), (2, "TXT".to_owned()));
    assert_eq!(kept(&messages, FieldName::DnsResponseCode), (2, "NXDOMAIN".to_owned()));
    assert_eq!(kept(&messages, FieldName::DnsResolvedIp), (12, "10.1.2.11".to_owned()));
}
