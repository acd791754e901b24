//! DHCP (RFC 2131): a host asks for its address and says its name.

use crate::plant::{
    clock::Time,
    host::{BROADCAST, Host},
    net::Net,
};

const NOBODY: [u8; 4] = [0; 4];

fn message(kind: u8, transaction: u32, client: Host, yours: [u8; 4], options: &[u8]) -> Vec<u8> {
    let request = matches!(kind, 1 | 3);
    let mut out = vec![if request { 1 } else { 2 }, 1, 6, 0];
    out.extend(transaction.to_be_bytes());
    out.extend([0, 0, 0x80, 0, 0, 0, 0, 0]);
    out.extend(yours);
    out.extend([0; 8]);
    out.extend(client.mac);
    out.extend([0; 10 + 192]);
    out.extend([0x63, 0x82, 0x53, 0x63, 53, 1, kind]);
    out.extend(options);
    out.push(255);
    out.resize(out.len().max(300), 0);
    out
}

/// Discover, offer, request, acknowledge.
pub(in crate::plant) fn lease(net: &mut Net, time: Time, client: Host, server: Host, name: &str) {
    let transaction = net.random.next() as u32;
    let mut says = vec![12, name.len() as u8];
    says.extend(name.as_bytes());
    says.extend(b"\x3c\x08MSFT 5.0");
    let wants = [&[50, 4][..], &client.ip, &[54, 4], &server.ip, &says].concat();
    let gives =
        [&[54, 4][..], &server.ip, &[51, 4, 0, 1, 0x51, 0x80, 1, 4, 255, 255, 0, 0]].concat();
    let nowhere = Host { ip: NOBODY, ..client };
    for (step, (kind, options)) in (0..).zip([(1, &says), (2, &gives), (3, &wants), (5, &gives)]) {
        let time = time.plus_micros(step * 31_000 + net.random.between(0, 9_000));
        let yours = if matches!(kind, 2 | 5) { client.ip } else { NOBODY };
        let bytes = message(kind, transaction, client, yours, options);
        if kind % 2 == 1 && kind != 5 {
            net.udp(time, (nowhere, 68), (BROADCAST, 67), &bytes);
        } else {
            net.udp(time, (server, 67), (BROADCAST, 68), &bytes);
        }
    }
}
