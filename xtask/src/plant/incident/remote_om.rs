//! Remote hands that nobody let in.

use crate::plant::{
    clock::{at, every},
    host::{ENGINEERING, HISTORIAN, HMI_1, HMI_2, INTRUDER, JUMP, RESOLVER, SHIFT_DESK, SUNLOGIN},
    net::Net,
    protocol::{desktop, dns, ssh, tls},
};

pub(super) fn script(net: &mut Net) {
    // A forwarded port on the firewall lets the Internet in.
    desktop::rdp(net, at("20:14"), INTRUDER, ENGINEERING, "engineer", every("20:15", "20:33", 120));

    // Sunlogin on an operator station.
    for clock in ["15:02", "15:32"] {
        let name = "rc03-fc10.sunlogin.oray.com";
        dns::ask(net, at(clock), HMI_2, RESOLVER, name, SUNLOGIN);
        tls::visit(net, at(clock).plus_seconds(1), HMI_2, (SUNLOGIN, name), (1_200, 2_400));
    }

    // The shift desk watches, and moves, an operator station.
    desktop::open_vnc(net, at("08:45"), SHIFT_DESK, HMI_1, "HMI-1", every("08:46", "08:58", 60));

    // Ticket RM-2026-017 ended at 15:00; the session on the historian goes on.
    ssh::session(net, at("14:41"), JUMP, HISTORIAN, every("14:42", "15:48", 300));
}
