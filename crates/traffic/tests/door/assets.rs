//! What captures show of hosts.

use crate::{
    files::{PLAIN, pcap, stamped},
    packets::{CLIENT, SERVER, ethernet, ipv4, modbus, udp},
    reading::inputs,
};
use hangtu_evidence::Input;
use hangtu_record::FieldName;
use hangtu_traffic::assets::Inventory;

const NOBODY: [u8; 4] = [0; 4];
const ALL: [u8; 4] = [255; 4];
const DHCP: [u8; 4] = [10, 0, 0, 2];

/// The assets of IPv4 packets with their names, roles and protocols served, however many threads read them.
fn assets(packets: &[Vec<u8>]) -> Vec<String> {
    let frames: Vec<Vec<u8>> = packets.iter().map(|p| ethernet(0x0800, p)).collect();
    let capture = [Input::Memory("capture".into(), pcap(PLAIN, 1, &stamped(&frames)).into())];
    let told = |threads| {
        let notes = inputs(&capture, threads).summary.assets;
        let found = Inventory::new(notes, threads).assets;
        let lines = found.iter().map(|asset| {
            let names = asset.facts.iter().filter(|f| f.name == FieldName::HostName);
            let names: Vec<&str> = names.map(|f| f.value.as_str()).collect();
            let roles: Vec<&str> = asset.roles.iter().map(|(role, _)| role.name()).collect();
            format!("{} {names:?} {roles:?} {:?}", asset.key, asset.serves)
        });
        lines.collect::<Vec<_>>()
    };
    let one = told(1);
    assert_eq!(told(4), one);
    one
}

/// What a client says, or the server: `ciaddr`, `yiaddr` and `giaddr`, and options.
fn message(op: u8, [current, yours, relay]: [[u8; 4]; 3], options: &[u8]) -> Vec<u8> {
    let mut out = vec![op, 1, 6, 0, 0xca, 0xfe, 0, 1, 0, 0, 0, 0];
    [current, yours, NOBODY, relay].iter().for_each(|a| out.extend(a));
    out.extend([0, 0x0e, 0x8c, 1, 2, 3]);
    out.resize(236, 0);
    out.extend([0x63, 0x82, 0x53, 0x63]);
    out.extend(options);
    out.push(255);
    out
}

fn asks(yours: u8) -> Vec<u8> {
    let options = [&b"\x35\x01\x03\x0c\x05HMI-7\x32\x04\x0a\0\0"[..], &[yours]].concat();
    ipv4(NOBODY, ALL, 17, &udp(68, 67, &message(1, [NOBODY; 3], &options)))
}

fn answers(to: [u8; 4], kind: u8, yours: [u8; 4]) -> Vec<u8> {
    let options = [&[53, 1, kind, 54, 4][..], &DHCP].concat();
    ipv4(DHCP, to, 17, &udp(67, 68, &message(2, [NOBODY, yours, NOBODY], &options)))
}

#[test]
fn an_acknowledged_lease_names_its_address_and_a_server() {
    let server = "10.0.0.2 [] [\"dhcp-server\"] [\"dhcp\"]";
    let host = "10.0.0.9 [\"HMI-7\"] [\"unknown\"] []";
    let yours = [10, 0, 0, 9];
    assert_eq!(assets(&[asks(9), answers(ALL, 5, yours)]), [server, host]);
    assert_eq!(assets(&[asks(9), answers(yours, 5, yours)]), [server, host]);
    // It asked for another one.
    assert_eq!(assets(&[asks(50), answers(ALL, 5, yours)]), [server, host]);
}

#[test]
fn a_wish_names_nobody() {
    let server = "10.0.0.2 [] [\"dhcp-server\"] [\"dhcp\"]";
    assert_eq!(assets(&[asks(50), answers(ALL, 6, NOBODY)]), [server]);
    assert_eq!(assets(&[asks(50), answers(ALL, 2, [10, 0, 0, 50])]), [server]);
    assert!(assets(&[asks(50)]).is_empty());
}

#[test]
fn who_has_an_address_names_it_and_no_other() {
    let says = |source, current| {
        let inform = message(1, [current, NOBODY, NOBODY], b"\x35\x01\x08\x0c\x05ENG-1");
        assets(&[ipv4(source, ALL, 17, &udp(68, 67, &inform))])
    };
    let (own, other) = ([10, 0, 0, 9], [10, 0, 0, 50]);
    assert_eq!(says(own, own), ["10.0.0.9 [\"ENG-1\"] [\"unknown\"] []"]);
    assert_eq!(says(own, other), ["10.0.0.9 [] [\"unknown\"] []"]);
}

#[test]
fn a_relay_is_no_server() {
    let relay = [10, 1, 0, 1];
    let options = [&[53, 1, 5, 54, 4][..], &DHCP].concat();
    let answer = message(2, [NOBODY, [10, 1, 0, 77], relay], &options);
    let passed = ipv4(relay, ALL, 17, &udp(67, 68, &answer));
    let given = ipv4(DHCP, relay, 17, &udp(67, 67, &answer));
    let told = assets(&[given, passed]);
    let server = |of: &str| told.iter().any(|a| a.starts_with(of) && a.contains("dhcp-server"));
    assert!(server("10.0.0.2 ") && !server("10.1.0.1 "), "{told:?}");
}

#[test]
fn an_address_that_sends_is_a_host_whatever_it_ends_in() {
    // As in 10.0.0.0/22: one asks, or is asked.
    for [client, server] in [[[10, 0, 1, 255], [10, 0, 2, 0]], [[10, 0, 2, 0], [10, 0, 1, 255]]] {
        let address = |end: &mut [u8]| {
            let other = if *end == CLIENT { client } else { server };
            end.copy_from_slice(&other);
        };
        let mut packets = modbus();
        for packet in &mut packets {
            assert!(packet[12..16] == CLIENT || packet[12..16] == SERVER);
            address(&mut packet[12..16]);
            address(&mut packet[16..20]);
        }
        // Nobody's: everybody there is asked.
        packets.push(ipv4(client, [10, 0, 3, 255], 17, &udp(138, 138, &[1; 20])));
        let mut told = assets(&packets);
        told.sort();
        let end = |[a, b, c, d]: [u8; 4]| format!("{a}.{b}.{c}.{d} []");
        let mut expected = [
            format!("{} [\"hmi\"] []", end(client)),
            format!("{} [\"controller\"] [\"modbus\"]", end(server)),
        ];
        expected.sort();
        assert_eq!(told, expected);
    }
}
