//! Weaknesses and back-doors: Telnet, a beacon, an unknown scanner, a controller on the Internet.

use crate::plant::{
    clock::{at, every},
    host::{
        BEACON_SERVER, CALLED_BY_PLC, ENGINEERING, HMI_1, PLC_PACK, PLC_WATER, UNKNOWN, control,
    },
    line::Line,
    net::Net,
    protocol::{modbus::Modbus, telnet},
};

pub(super) fn script(net: &mut Net) {
    telnet::session(net, at("09:05"), ENGINEERING, PLC_WATER);
    beacon(net);
    scan(net);
    // Twice a day the packing controller sends its status to a server of its integrator.
    for clock in ["10:17", "18:17"] {
        let mut line = Line::open(net, at(clock), PLC_PACK, CALLED_BY_PLC, 8_883);
        let status = net.random.bytes(180);
        line.ask(net, &status, b"\x20\x02\x00\x00");
        line.close(net);
    }
}

/// Every minute and a bit, a few bytes each way.
fn beacon(net: &mut Net) {
    for time in every("09:45", "10:30", 62) {
        let time = time.plus_micros(net.random.between(0, 3_000_000));
        let mut line = Line::open(net, time, HMI_1, BEACON_SERVER, 443);
        let (ask, say) = (net.random.bytes(92), net.random.bytes(48));
        line.ask(net, &ask, &say);
        line.close(net);
    }
}

fn scan(net: &mut Net) {
    for last in 60..100_u8 {
        let time = at("12:40").plus_micros(u64::from(last - 60) * 400_000);
        Line::knock(net, time, UNKNOWN, control(last), 502, false);
    }
    let time = at("12:42");
    let mut modbus = Modbus::open(net, time, UNKNOWN, PLC_WATER);
    modbus.identify(net, time, ["Schneider Electric", "BMX P34 2020", "v3.20"]);
    for (number, function) in (1..).zip([7, 11, 12, 17, 65, 66, 67, 68, 69, 100, 101, 102]) {
        modbus.unknown_function(net, time.plus_seconds(number), function);
    }
    for number in 0..48_u16 {
        let time = time.plus_seconds(30).plus_micros(u64::from(number) * 500_000);
        modbus.illegal_address(net, time, 10_000 + number * 500);
    }
    modbus.close(net);
}
