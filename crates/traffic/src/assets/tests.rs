use super::*;
use hangtu_record::Session;
use std::net::Ipv4Addr;

/// The address of a host that has a number.
fn address(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0000 | number << 8 | 1).into()
}

/// Notes about hosts, each seen in the second of its number, told in the order given.
fn notes(numbers: impl Iterator<Item = u32>) -> AssetNotes {
    let mut notes = AssetNotes::share_of(2);
    for n in numbers {
        notes.arp(Time::new(n.into(), 0), Mac([2, 0, 0, 0, 0, 1]), address(n));
    }
    notes
}

#[test]
fn who_was_seen_first_finds_room_whatever_the_order() {
    let (early, late) = (|| notes(0..20_000), || notes((20_000..32_000).rev()));
    let kept = |all| {
        let found = Inventory::new(all, 3);
        assert_eq!(found.dropped, 7_000);
        found.assets.into_iter().map(|asset| asset.key).collect::<Vec<_>>()
    };
    let expected: Vec<_> = (0..25_000).map(|n| AssetKey::Ip(address(n))).collect();
    assert_eq!(kept(vec![early(), late()]), expected);
    assert_eq!(kept(vec![late(), early()]), expected);
}

#[test]
fn the_same_notes_stay_whoever_took_them_first() {
    let kept = |workers: [Vec<u8>; 2]| {
        let noted = |numbers: Vec<u8>| {
            let mut notes = AssetNotes::share_of(2);
            for n in numbers {
                let origin = Origin { number: n.into(), ..Origin::default() };
                let mut fact = |name, text: &str| {
                    notes.fact(address(7), name, text, "http", (Time(1), origin));
                };
                fact(FieldName::UserAgent, &format!("agent {n:02}"));
                fact(FieldName::HostName, "plain");
                notes.arp(Time(1), Mac([2, 0, 0, 0, 0, n]), address(7));
            }
            notes
        };
        let mut found = Inventory::new(workers.map(noted).into(), 2);
        let trimmed = found.trimmed();
        let asset = found.assets.remove(0);
        let fact = |f: &FactNote| format!("{} {}", f.value, f.origin.number);
        let facts = asset.facts.iter().map(fact).collect::<Vec<_>>();
        (asset.macs.iter().map(|mac| mac.0[5]).collect::<Vec<_>>(), facts, trimmed)
    };
    let agents = (1..17).map(|n| format!("agent {n:02} {n}"));
    let facts = std::iter::once("plain 1".to_owned()).chain(agents).collect();
    let expected = (vec![1, 2, 3, 4, 5, 6, 7, 8], facts, 1);
    for workers in [
        [(1..20).collect(), vec![]],
        [(1..20).rev().collect(), vec![]],
        [(9..20).collect(), (1..12).rev().collect()],
        [(1..9).collect(), (9..18).collect()],
    ] {
        assert_eq!(kept(workers), expected);
    }
    assert_eq!(kept([vec![1], (1..20).collect()]), expected);
    assert_eq!(kept([(1..5).collect(), (3..9).collect()]).2, 0);
    let mut notes = AssetNotes::share_of(1);
    for n in 0..17 {
        let text = n.to_string();
        notes.fact(address(7), FieldName::HostName, &text, "smb", (Time(1), Origin::default()));
    }
    assert_eq!(Inventory::new(vec![notes], 1).trimmed(), 1);
}

/// A session in which both said something.
fn session(client: u32, server: u32, (protocol, transport): (&'static str, Transport)) -> Session {
    let end = |number, port| Endpoint { ip: Some(address(number)), port, mac: None };
    Session {
        start: Time(1),
        end: Time(2),
        origin: Origin::default(),
        source: end(client, 40_000),
        destination: end(server, 502),
        vlan: None,
        transport,
        protocol,
        source_bytes: 12,
        destination_bytes: 10,
        source_packets: 2,
        destination_packets: 2,
        state: "complete",
        lost: 0,
        facts: Vec::new(),
    }
}

#[test]
fn who_asks_what_is_not_read_has_no_role_by_it() {
    let mut notes = AssetNotes::share_of(1);
    let asks = |notes: &mut AssetNotes, client, server, protocol| {
        notes.session(&session(client, server, (protocol, Transport::Tcp)), None);
    };
    // Controllers, who asks them, who asks names besides, and who only reads.
    asks(&mut notes, 3, 1, "s7comm-plus");
    asks(&mut notes, 3, 2, "s7comm-plus");
    asks(&mut notes, 4, 1, "s7comm-plus");
    asks(&mut notes, 4, 9, "dns");
    asks(&mut notes, 5, 2, "modbus");
    let found = Inventory::new(vec![notes], 1);
    let told = |a: &Asset| format!("{} {:?}", a.key, a.roles);
    let told: Vec<String> = found.assets.iter().map(told).collect();
    assert_eq!(
        told[..5],
        [
            "10.0.1.1 [(Controller, Answers { protocol: \"s7comm-plus\", clients: 2 })]",
            "10.0.2.1 [(Controller, Answers { protocol: \"s7comm-plus\", clients: 1 })]",
            "10.0.3.1 [(Unknown, NotRead { devices: 2 })]",
            "10.0.4.1 [(Unknown, NotRead { devices: 1 })]",
            "10.0.5.1 [(Hmi, OnlyReads { devices: 1 })]",
        ]
    );
}

#[test]
fn requests_and_leases_are_bounded() {
    let mut notes = AssetNotes::share_of(2);
    let client = |n: u32| (n, [0; 16]);
    for n in 0..10_000 {
        notes.asked(client(n), FieldName::HostName, "flood", ("dhcp", Origin::default()));
    }
    notes.leased(client(1), address(1), Time(1));
    notes.leased(client(9_999), address(2), Time(1));
    let found = Inventory::new(vec![notes], 1);
    assert_eq!(found.dropped, 10_000 - 8_192);
    assert_eq!(found.assets.iter().map(|a| a.key).collect::<Vec<_>>(), [AssetKey::Ip(address(1))]);
}

#[test]
fn any_number_of_threads_finds_the_same_roles() {
    let found = |threads| {
        let mut all = [AssetNotes::share_of(2), AssetNotes::share_of(2)];
        for n in 0..2_000_u32 {
            let protocol = ["modbus", "ssh", "", "smb"][n as usize % 4];
            let how = (protocol, Transport::Tcp);
            all[n as usize % 2].session(&session(n, 1_999 - n / 3, how), None);
        }
        for how in [("dns", Transport::Udp), ("dns", Transport::Tcp), ("", Transport::Udp)] {
            all[0].session(&session(1_997, 1_999, how), None);
        }
        let found = Inventory::new(all.into(), threads);
        let told =
            |a: &Asset| format!("{} {:?} {:?} {:?} {}", a.key, a.roles, a.serves, a.uses, a.sent);
        found.assets.iter().map(told).collect::<Vec<_>>()
    };
    let one = found(1);
    assert_eq!(one.len(), 2_000);
    let last = "10.7.207.1 [(Controller, Answers { protocol: \"modbus\", clients: 1 }), (DnsServer, Answers { \
                protocol: \"dns\", clients: 1 }), (RemoteAccessServer, Answers { protocol: \"ssh\", clients: 1 \
                })] [\"dns\", \"modbus\", \"ssh\", \"tcp/502\", \"udp/502\"] [\"smb\"] 72";
    assert_eq!(one[1_999], last);
    assert_eq!(one, found(2));
    assert_eq!(one, found(7));
}
