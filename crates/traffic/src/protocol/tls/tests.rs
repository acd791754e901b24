use super::REGISTRATION;
use crate::decode::{Peek, Side, Verdict, drive, held};
use hangtu_record::Transport;

fn sized(width: usize, content: &[u8]) -> Vec<u8> {
    let mut out = (content.len() as u32).to_be_bytes()[4 - width..].to_vec();
    out.extend_from_slice(content);
    out
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1][..], &sized(2, content)].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &sized(3, body)].concat()
}

fn numbers(list: &[u16]) -> Vec<u8> {
    list.iter().flat_map(|n| n.to_be_bytes()).collect()
}

/// The first hello of a Chrome whose JA4 FoxIO publishes, reserved values and all.
fn chrome() -> Vec<u8> {
    let ciphers = numbers(&[
        0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013,
        0xc014, 0x9c, 0x9d, 0x2f, 0x35,
    ]);
    let signatures = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
    let mut extensions = Vec::new();
    for kind in [0x5a5a, 0x1b, 0, 0x33, 0x10, 0x4469, 0x17, 0x2d, 0x0d, 5, 0x23, 0x12, 0x2b, 0xff01]
    {
        let data = match kind {
            0 => sized(2, &[&[0][..], &sized(2, b"scada.example")].concat()),
            0x0d => sized(2, &numbers(&signatures)),
            0x10 => sized(2, b"\x02h2\x08http/1.1"),
            0x2b => sized(1, &numbers(&[0x8a8a, 0x0304, 0x0303])),
            _ => Vec::new(),
        };
        extensions.extend_from_slice(&numbers(&[kind]));
        extensions.extend_from_slice(&sized(2, &data));
    }
    for kind in [0x0b, 0x0a, 0x15, 0xbaba] {
        extensions.extend_from_slice(&numbers(&[kind, 0]));
    }
    let body = [
        &[3, 3][..],
        &[7; 32],
        &sized(1, &[9; 32]),
        &sized(2, &ciphers),
        &sized(1, &[0]),
        &sized(2, &extensions),
    ]
    .concat();
    record(22, &message(1, &body))
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [&[tag][..], &sized(1, &content)].concat()
}

fn name(pairs: &[(u8, &str)]) -> Vec<u8> {
    let parts: Vec<_> = pairs
        .iter()
        .map(|(kind, text)| {
            let pair = der(0x30, &[&[6, 3, 0x55, 4, *kind], &der(0x0c, &[text.as_bytes()])]);
            der(0x31, &[&pair])
        })
        .collect();
    der(0x30, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[test]
fn hellos_and_a_certificate_cut_by_records() {
    let client = chrome();
    let issuer = name(&[(6, "CN"), (3, "CA")]);
    let subject = name(&[(10, "Plant"), (3, "hmi")]);
    let tbs =
        der(0x30, &[&[0xa0, 3, 2, 1, 2], &[2, 1, 1], &[0x30, 0], &issuer, &[0x30, 0], &subject]);
    let certificate = der(0x30, &[&tbs]);
    let chain = sized(3, &sized(3, &certificate));
    let hello = [&[3, 3][..], &[7; 32], &[0], &[0xc0, 0x2f], &[0]].concat();
    let messages = [message(2, &hello), message(11, &chain)].concat();
    let (first, second) = messages.split_at(60);
    let server = [record(22, first), record(22, second), record(23, &[0; 40])].concat();
    let segments = [(Side::Client, &client[..]), (Side::Server, &server[..])];
    let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
    insta::assert_snapshot!(crate::protocol::told(&out, &facts), @r#"
    tls.client.server_name = scada.example
    tls.client.ja4 = t13d1516h2_8daaf6152771_e5627efa2ab1
    tls.next_protocol = h2
    tls.next_protocol = http/1.1
    tls.version = 1.2
    tls.cipher = TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    tls.server.hash.sha256 = 1dde985ba70f5173fa51a1556cd47e7246205f615d2fa48d97b982c87626bb59
    tls.server.subject = CN=hmi, O=Plant
    tls.server.issuer = CN=CA, C=CN
    "#);
}

#[test]
fn a_hello_is_found_again_after_bytes_that_are_no_record() {
    let client = [&b"garbage\x16\x03"[..], &chrome()].concat();
    let (out, facts) = drive(&REGISTRATION, Transport::Tcp, [(Side::Client, &client[..])]);
    assert_eq!((out.unreadable.len(), facts.len()), (1, 5));
}

#[test]
fn what_is_kept_of_a_message_is_counted_until_it_is_whole() {
    let hello = [&[3, 3][..], &[7; 32], &[0], &[0xc0, 0x2f], &[0]].concat();
    let chain = message(11, &vec![0; 20_000]);
    let first = [record(22, &message(2, &hello)), record(22, &chain[..15_000])].concat();
    let rest = record(22, &chain[15_000..]);
    let kept = held(&REGISTRATION, [(Side::Server, &first[..])]);
    assert!((15_000..32_000).contains(&kept), "{kept}");
    assert_eq!(held(&REGISTRATION, [(Side::Server, &first[..]), (Side::Server, &rest[..])]), 0);
}

fn probe(bytes: &[u8]) -> Verdict {
    (REGISTRATION.probe)(Peek { bytes, by_port: None, transport: Transport::Tcp })
}

#[test]
fn a_hello_may_come_in_records_shorter_than_its_header() {
    let whole = chrome();
    let client: Vec<u8> = whole[5..].chunks(4).flat_map(|part| record(22, part)).collect();
    assert_eq!(probe(&client), Verdict::Yes(Some(Side::Client)));
    assert_eq!(probe(&client[..15]), Verdict::More);
    let read = |client: &[u8]| {
        let (out, facts) = drive(&REGISTRATION, Transport::Tcp, [(Side::Client, client)]);
        crate::protocol::told(&out, &facts)
    };
    assert_eq!(read(&client), read(&whole));
    // What no hello is in is none.
    assert_eq!(probe(&record(22, &[0; 40])), Verdict::No);
}

#[test]
fn a_hello_in_the_format_of_ssl_2_is_recognised() {
    let mut client = vec![0x80, 28, 1, 3, 1, 0, 3, 0, 0, 0, 16, 0, 0, 0x35];
    client.extend([7; 16]);
    assert_eq!(probe(&client), Verdict::Yes(Some(Side::Client)));
    let (out, facts) = drive(&REGISTRATION, Transport::Tcp, [(Side::Client, &client[..])]);
    insta::assert_snapshot!(crate::protocol::told(&out, &facts), @"tls.version = 1.0");
    client[1] = 29;
    assert_eq!(probe(&client), Verdict::No);
}
