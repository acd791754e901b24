//! Modbus away from its port.

use crate::{
    packets::{ACK, CLIENT, Talk, modbus_write},
    reading,
};
use hangtu_record::Outcome;
use std::net::IpAddr;

#[test]
fn writes_alone_are_told_on_any_port() {
    let mut talk = Talk::new(49152, 1502);
    let mut packets = talk.open();
    for i in 0..8 {
        let write = modbus_write(i, 100 + i);
        packets.push(talk.send(true, ACK, &write));
        packets.push(talk.send(false, ACK, &write));
    }
    let seen = reading::packets(&packets);
    let sent: Vec<_> =
        (100..108_u32).map(|at| ("write", 6_u32, Some(at), Outcome::Success)).collect();
    assert_eq!(seen.done(), sent);
    // Who asks, the handshake tells: a request looks like its response.
    assert!(seen.operations.iter().all(|o| o.source.ip == Some(IpAddr::from(CLIENT))));
}
