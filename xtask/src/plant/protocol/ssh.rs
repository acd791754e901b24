//! SSH (RFC 4253): greetings and offers, then ciphertext.

use crate::plant::{
    clock::Time,
    host::Host,
    line::{Line, Side},
    net::Net,
};

/// The offer of algorithms (§7.1).
fn offer(net: &mut Net) -> Vec<u8> {
    const LISTS: [&str; 10] = [
        "curve25519-sha256,ecdh-sha2-nistp256",
        "ssh-ed25519,rsa-sha2-512",
        "aes256-gcm@openssh.com,aes256-ctr",
        "aes256-gcm@openssh.com,aes256-ctr",
        "hmac-sha2-256",
        "hmac-sha2-256",
        "none",
        "none",
        "",
        "",
    ];
    let mut payload = vec![20];
    payload.extend(net.random.bytes(16));
    for list in LISTS {
        payload.extend((list.len() as u32).to_be_bytes());
        payload.extend(list.as_bytes());
    }
    payload.extend([0; 5]);
    // At least four bytes of padding, to a multiple of eight (§6).
    let padding = (payload.len() + 5 + 4).next_multiple_of(8) - payload.len() - 5;
    let length = (1 + payload.len() + padding) as u32;
    let mut out = length.to_be_bytes().to_vec();
    out.push(padding as u8);
    out.extend(payload);
    out.resize(out.len() + padding, 0);
    out
}

/// A session from a moment on; somebody types or reads at each of the others.
pub(in crate::plant) fn session(
    net: &mut Net,
    time: Time,
    client: Host,
    server: Host,
    moments: impl Iterator<Item = Time>,
) {
    let mut line = Line::open(net, time, client, server, 22);
    line.say(net, Side::Server, b"SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.10\r\n");
    line.say(net, Side::Client, b"SSH-2.0-PuTTY_Release_0.81\r\n");
    let (ours, theirs) = (offer(net), offer(net));
    line.ask(net, &ours, &theirs);
    for moment in moments {
        line.wait(moment);
        let (typed, shown) = (net.random.bytes(36), net.random.between(60, 400) as usize);
        let shown = net.random.bytes(shown);
        line.ask(net, &typed, &shown);
    }
    line.close(net);
}
