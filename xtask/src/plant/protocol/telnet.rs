//! Telnet (RFC 854): a log-on in the clear and a few commands.

use crate::plant::{
    clock::Time,
    host::Host,
    line::{Line, Side},
    net::Net,
};

pub(in crate::plant) fn session(net: &mut Net, time: Time, client: Host, server: Host) {
    let mut line = Line::open(net, time, client, server, 23);
    // Will echo, will suppress go-ahead; agreed.
    line.say(net, Side::Server, &[255, 251, 1, 255, 251, 3]);
    line.say(net, Side::Client, &[255, 253, 1, 255, 253, 3]);
    line.say(net, Side::Server, b"\r\nBMX NOE 0110\r\nlogin: ");
    line.ask(net, b"admin\r\n", b"admin\r\nPassword: ");
    line.ask(net, b"factory\r\n", b"\r\nWelcome\r\n-> ");
    for (command, answer) in [
        (&b"show config\r\n"[..], &b"show config\r\nip 10.20.1.21 mask 255.255.255.0\r\n-> "[..]),
        (b"dir\r\n", b"dir\r\nFLASH0:/ 14 files\r\n-> "),
        (b"exit\r\n", b"exit\r\n"),
    ] {
        line.wait(line.now().plus_seconds(20));
        line.ask(net, command, answer);
    }
    line.close(net);
}
