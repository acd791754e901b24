//! NetBIOS name service (RFC 1002): a Windows host registers its name.

use crate::plant::{
    clock::Time,
    host::{Host, OFFICE_BROADCAST},
    net::Net,
};

pub(in crate::plant) fn register(net: &mut Net, time: Time, host: Host, name: &str) {
    let id = (net.random.next() as u16).to_be_bytes();
    let mut out = id.to_vec();
    // Registration, recursion desired, broadcast; one question, one additional record.
    out.extend([0x29, 0x10, 0, 1, 0, 0, 0, 0, 0, 1, 32]);
    for byte in format!("{name:<15}\0").bytes() {
        out.extend([b'A' + (byte >> 4), b'A' + (byte & 15)]);
    }
    out.extend([0, 0, 0x20, 0, 1]);
    // The name by a pointer, for 300,000 seconds, a unique name at this address.
    out.extend([0xc0, 12, 0, 0x20, 0, 1, 0, 0x04, 0x93, 0xe0, 0, 6, 0, 0]);
    out.extend(host.ip);
    net.udp(time, (host, 137), (OFFICE_BROADCAST, 137), &out);
}
