use super::REGISTRATION;
use crate::decode::{Side, drive};
use hangtu_record::Transport;

/// ServerInit.
const INIT: &[u8] = b"\x04\0\x03\0\x20\x18\0\x01\0\xff\0\xff\0\xff\x10\x08\0\0\0\0\0\0\0\x05HMI-1";

#[test]
fn the_opening_tells_method_outcome_and_desktop() {
    use Side::{Client as C, Server as S};
    let segments: [(Side, &[u8]); 9] = [
        (S, b"RFB 003.008\n"),
        (C, b"RFB 003.008\n"),
        (S, b"\x02\x02\x10"),
        (C, b"\x02"),
        (S, b"0123456789abcdef"),
        (C, b"fedcba9876543210"),
        (S, b"\0\0\0\0"),
        (C, b"\x01"),
        (S, INIT),
    ];
    let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
    insta::assert_snapshot!(crate::protocol::told(&out, &facts), @r#"
    network.protocol_version = 3.8
    authentication.method = vnc
    authentication.outcome = success
    server.banner = HMI-1
    "#);
}

#[test]
fn a_server_that_offers_no_type_refuses() {
    use Side::{Client as C, Server as S};
    let told = |version: &[u8], none: &[u8]| {
        let segments: [(Side, &[u8]); 4] =
            [(S, version), (C, version), (S, none), (S, b"\0\0\0\x03Too")];
        let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
        crate::protocol::told(&out, &facts)
    };
    insta::assert_snapshot!(told(b"RFB 003.003\n", b"\0\0\0\0"), @r#"
    network.protocol_version = 3.3
    authentication.outcome = failure
    "#);
    insta::assert_snapshot!(told(b"RFB 003.008\n", b"\0"), @r#"
    network.protocol_version = 3.8
    authentication.outcome = failure
    "#);
}

/// What is told of an opening behind the versions and the choice of `kind`.
fn opened(version: &[u8], kind: u8, rest: &[(Side, &[u8])]) -> String {
    use Side::{Client as C, Server as S};
    let (offered, chosen) = ([2, 2, kind], [kind]);
    let begin = [(S, version), (C, version), (S, &offered[..]), (C, &chosen[..])];
    let segments = begin.into_iter().chain(rest.iter().copied());
    let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
    // The first line tells the version.
    crate::protocol::told(&out, &facts).split_once('\n').unwrap().1.to_owned()
}

const V8: &[u8] = b"RFB 003.008\n";
const IN_TIGHT: &str = "authentication.method = tight\n";
const IN_VENCRYPT: &str = "authentication.method = vencrypt\n";
const LET_IN: &str = "authentication.outcome = success\nserver.banner = HMI-1\n";

#[test]
fn tight_tells_what_was_chosen_within_it() {
    use Side::{Client as C, Server as S};
    let none = format!("{IN_TIGHT}authentication.method = none\n");
    let (zero, shared): (&[u8], &[u8]) = (&[0; 4], &[1]);
    // No tunnel and no type: nobody is asked.
    let asked = [(S, zero), (S, zero), (S, zero), (C, shared), (S, INIT)];
    assert_eq!(opened(V8, 16, &asked), format!("{none}{LET_IN}"));
    // The same byte by byte, and in one segment.
    let bytes: Vec<_> = asked.iter().flat_map(|(s, b)| b.chunks(1).map(|b| (*s, b))).collect();
    assert_eq!(opened(V8, 16, &bytes), format!("{none}{LET_IN}"));
    assert_eq!(opened(V8, 16, &[(S, &[0; 12]), (S, INIT)]), format!("{none}{LET_IN}"));
    // Old servers tell no result, and those of 3.7 need not.
    let no_result = [(S, zero), (S, zero), (C, shared), (S, INIT)];
    let quiet = format!("{none}server.banner = HMI-1\n");
    assert_eq!(opened(V8, 16, &no_result), quiet);
    assert_eq!(opened(b"RFB 003.007\n", 16, &no_result), quiet);
    // Refused after all.
    let refused = format!("{none}authentication.outcome = failure\n");
    assert_eq!(opened(V8, 16, &[(S, zero), (S, zero), (S, &[0, 0, 0, 1])]), refused);

    let one: &[u8] = &[&[0, 0, 0, 1, 0, 0, 0, 0][..], b"TGHTNOTUNNEL"].concat();
    let types: &[u8] =
        &[&[0, 0, 0, 2, 0, 0, 0, 1][..], b"STDVNOAUTH__\0\0\0\x02STDVVNCAUTH_"].concat();
    let choose = |code: &'static [u8], then: &'static [u8]| {
        opened(V8, 16, &[(S, one), (C, &[0; 4]), (S, types), (C, code), (S, then), (S, INIT)])
    };
    assert_eq!(choose(&[0, 0, 0, 1], &[0; 4]), format!("{none}{LET_IN}"));
    let challenged = choose(&[0, 0, 0, 2], b"0123456789abcdef\0\0\0\0");
    assert_eq!(challenged, format!("{IN_TIGHT}authentication.method = vnc\n{LET_IN}"));
    let unix = choose(&[0, 0, 0, 129], &[0; 4]);
    assert_eq!(unix, format!("{IN_TIGHT}authentication.method = unix\n"));
    // No such types: what means none within VeNCrypt does not here.
    assert_eq!(choose(&[0; 4], &[0; 4]), IN_TIGHT);
    assert_eq!(choose(&[0, 0, 1, 1], &[0; 4]), IN_TIGHT);
    // Of a tunnel, of a choice that was not captured, and of more than anybody offers nothing is made.
    let within = [(S, one), (C, &[0, 0, 0, 1][..]), (S, zero), (S, zero)];
    assert_eq!(opened(V8, 16, &within), IN_TIGHT);
    assert_eq!(opened(V8, 16, &[(S, one), (S, zero), (S, zero)]), IN_TIGHT);
    assert_eq!(opened(V8, 16, &[(S, zero), (S, types), (S, zero), (S, INIT)]), IN_TIGHT);
    assert_eq!(opened(V8, 16, &[(S, &[0, 0, 1, 0]), (S, &[0; 4096]), (S, zero)]), IN_TIGHT);
    // Nor of what a client says unasked.
    assert_eq!(opened(V8, 16, &[(C, &[0, 0, 0, 1]), (C, shared)]), IN_TIGHT);
}

#[test]
fn vencrypt_tells_what_was_chosen_within_it() {
    use Side::{Client as C, Server as S};
    let choose = |kind: u32, then: &[u8]| {
        let code = kind.to_be_bytes();
        let types: &[u8] = &[0, 2, 0, 0, 1, 1, 0, 0, 1, 3];
        let rest: [(Side, &[u8]); 7] = [
            (S, &[0, 2]),
            (C, &[0, 2]),
            (S, &types[..1]),
            (S, &types[1..]),
            (C, &code),
            (S, then),
            (S, INIT),
        ];
        opened(V8, 19, &rest)
    };
    let alone = |name: &str| format!("{IN_VENCRYPT}authentication.method = {name}\n");
    // What follows is encrypted.
    for (kind, name) in [
        (257, "none"),
        (258, "tls-vnc"),
        (259, "tls-plain"),
        (260, "none"),
        (261, "x509-vnc"),
        (262, "x509-plain"),
        (263, "tls-sasl"),
        (264, "x509-sasl"),
        (265, "type 265"),
    ] {
        assert_eq!(choose(kind, &[0; 4]), alone(name), "{kind}");
    }
    assert_eq!(choose(256, &[0; 4]), format!("{}{LET_IN}", alone("plain")));
    let denied = format!("{}authentication.outcome = failure\n", alone("plain"));
    assert_eq!(choose(256, &[0, 0, 0, 1]), denied);
    assert_eq!(choose(1, &[0; 4]), format!("{}{LET_IN}", alone("none")));
    assert_eq!(choose(0, &[0; 4]), IN_VENCRYPT);
    // No version, or the older one; a server that cannot after all; one that offers nothing.
    let agreed = |version: &'static [u8], rest: &'static [u8]| {
        opened(V8, 19, &[(S, &[0, 2]), (C, version), (S, rest), (C, &[0, 0, 1, 1])])
    };
    assert_eq!(agreed(&[0, 2], &[0, 1, 0, 0, 1, 1]), alone("none"));
    assert_eq!(agreed(&[0, 0], &[0, 1, 0, 0, 1, 1]), IN_VENCRYPT);
    assert_eq!(agreed(&[0, 1], &[0, 1, 0, 0, 1, 1]), IN_VENCRYPT);
    assert_eq!(agreed(&[0, 2], &[255, 1, 0, 0, 1, 1]), IN_VENCRYPT);
    let nothing = format!("{IN_VENCRYPT}authentication.outcome = failure\n");
    assert_eq!(agreed(&[0, 2], &[0, 0]), nothing);
    // Tight may lead there, too.
    let type_19: &[u8] = &[&[0, 0, 0, 1, 0, 0, 0, 19][..], b"VENCVENCRYPT"].concat();
    let rest: [(Side, &[u8]); 7] = [
        (S, &[0; 4]),
        (S, type_19),
        (C, &[0, 0, 0, 19]),
        (S, &[0, 2]),
        (C, &[0, 2]),
        (S, &[0, 1, 0, 0, 1, 4]),
        (C, &[0, 0, 1, 4]),
    ];
    assert_eq!(opened(V8, 16, &rest), format!("{IN_TIGHT}{}", alone("none")));
}
