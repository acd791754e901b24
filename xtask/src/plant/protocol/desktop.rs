//! Remote desktops: RDP's opening (MS-RDPBCGR §1.3.1.1) and VNC's (RFC 6143 §7).

use super::tls;
use crate::plant::{
    clock::Time,
    host::Host,
    line::{Line, Side},
    net::Net,
};

/// RDP under CredSSP; the screen changes at each of the moments.
pub(in crate::plant) fn rdp(
    net: &mut Net,
    time: Time,
    client: Host,
    server: Host,
    user: &str,
    moments: impl Iterator<Item = Time>,
) {
    let mut line = Line::open(net, time, client, server, 3_389);
    let cookie = format!("Cookie: mstshash={user}\r\n");
    // Negotiation: TLS or CredSSP.
    let wants = [&[1, 0, 8, 0, 3, 0, 0, 0][..]].concat();
    let rest = [cookie.as_bytes(), &wants].concat();
    let ask = unit(0xe0, &rest);
    let say = unit(0xd0, &[2, 0x1f, 8, 0, 2, 0, 0, 0]);
    line.ask(net, &ask, &say);
    tls::greet(&mut line, net, "");
    for moment in moments {
        line.wait(moment);
        let changed = net.random.between(180, 900) as usize;
        let (keys, screen) = (tls::ciphertext(net, 48), tls::ciphertext(net, changed));
        line.ask(net, &keys, &screen);
    }
    line.close(net);
}

/// An X.224 connection unit in its TPKT.
fn unit(kind: u8, rest: &[u8]) -> Vec<u8> {
    let head = [6 + rest.len() as u8, kind, 0, 0, 0, 0, 0];
    [&[3, 0][..], &(4 + head.len() as u16 + rest.len() as u16).to_be_bytes(), &head, rest].concat()
}

/// VNC that asks for no password.
pub(in crate::plant) fn open_vnc(
    net: &mut Net,
    time: Time,
    client: Host,
    server: Host,
    name: &str,
    moments: impl Iterator<Item = Time>,
) {
    let mut line = Line::open(net, time, client, server, 5_900);
    line.say(net, Side::Server, b"RFB 003.008\n");
    // One security type, and it is none.
    line.ask(net, b"RFB 003.008\n", &[1, 1]);
    line.ask(net, &[1], &[0; 4]);
    // 1280 × 1024, 32 bits.
    let mut desktop = vec![5, 0, 4, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0];
    desktop.extend((name.len() as u32).to_be_bytes());
    desktop.extend(name.as_bytes());
    line.ask(net, &[1], &desktop);
    for moment in moments {
        line.wait(moment);
        // A pointer event; a raw rectangle of 10 × 8 comes back.
        let mut screen = vec![0, 0, 0, 1, 2, 0x40, 1, 0x90, 0, 10, 0, 8, 0, 0, 0, 0];
        screen.extend(net.random.bytes(320));
        line.ask(net, &[5, 1, 2, 0x40, 1, 0x90], &screen);
    }
    line.close(net);
}
