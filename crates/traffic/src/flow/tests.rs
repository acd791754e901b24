use super::{Flow, sender_is_client};
use crate::{
    decode::{Output, Parties},
    ends::{ACK, Address, At, FIN, Key, RST, SYN, Tcp},
};
use hangtu_record::{Endpoint, Origin, Time, Transport};

fn end(last: u8, port: u16) -> Endpoint {
    Endpoint { ip: Some([192, 0, 2, last].into()), port, mac: None }
}

#[test]
fn a_service_stays_the_server_where_it_speaks_first() {
    use Transport::{Tcp, Udp};
    let first =
        |from: u16, to: u16, transport| sender_is_client(&end(1, from), &end(2, to), transport);
    for port in [1194, 1701, 4500, 21116, 51820] {
        assert!(!first(port, 43210, Udp), "{port}");
        assert!(first(43210, port, Udp), "{port}");
        // Between two of them ports tell nothing.
        assert!(first(port, port, Udp), "{port}");
    }
    assert!(first(4500, 53, Udp) && !first(53, 4500, Udp));
    assert!(first(51821, 43210, Udp));
    // Over TCP such a port is the client's as well as any.
    assert!(first(51820, 43210, Tcp));
}

/// The state of a connection of which the packets were seen: whether the client sent them, and their flags.
fn state(packets: &[(bool, u8)]) -> &'static str {
    let ends = (Address::v4([192, 0, 2, 1]), Address::v4([192, 0, 2, 2]));
    let (key, low) = Key::new((ends.0, 40_000), (ends.1, 502), 6);
    let (client, server) = (end(1, 40_000), end(2, 502));
    let parties = Parties { client, server, vlan: None, transport: Transport::Tcp };
    let at = At { time: Time(0), origin: Origin::default() };
    let mut flow = Flow::new(key, low, parties, at, "", true);
    let mut out = Output { keep_records: true, ..Output::default() };
    for (client, flags) in packets {
        let tcp = Tcp { seq: 1, ack: 1, flags: *flags };
        flow.segment(at, *client == low, None, tcp, &[], 0, &mut out);
    }
    flow.finish(&mut out);
    out.records.sessions[0].state
}

#[test]
fn who_acknowledges_was_answered() {
    assert_eq!(state(&[(true, SYN)]), "unanswered");
    assert_eq!(state(&[(true, SYN), (true, SYN)]), "unanswered");
    // So does the system of one who scans without connecting.
    assert_eq!(state(&[(true, SYN), (true, RST)]), "unanswered");
    assert_eq!(state(&[(true, SYN), (true, ACK), (true, FIN | ACK)]), "midstream");
    assert_eq!(state(&[(true, ACK)]), "midstream");
    assert_eq!(state(&[(false, SYN | ACK)]), "midstream");
    assert_eq!(state(&[(true, SYN), (false, RST | ACK)]), "refused");
    assert_eq!(state(&[(true, SYN), (false, SYN | ACK), (true, ACK)]), "complete");
}
