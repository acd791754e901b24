//! People at the controls without the approval for it.

use crate::plant::{
    clock::at,
    host::{ENGINEERING, HMI_2, PC_PLANNING, PLC_KILN, PLC_MIX, PLC_WATER},
    net::Net,
    protocol::{modbus::Modbus, s7::S7},
};

pub(super) fn script(net: &mut Net) {
    // The engineering station again, hours after its work order ended.
    let mut s7 = S7::open(net, at("19:42"), ENGINEERING, PLC_MIX);
    s7.stop(net, at("19:42:10"));
    s7.start(net, at("19:49:30"));
    s7.close(net);

    // The operator station of the kiln copies the program out.
    let mut s7 = S7::open(net, at("17:20"), HMI_2, PLC_KILN);
    s7.upload(net, at("17:20:05"), "0A00020P", 6);
    s7.upload(net, at("17:20:40"), "0E00031P", 4);
    s7.close(net);

    // An office computer sets the water plant's set points.
    let mut modbus = Modbus::open(net, at("16:35"), PC_PLANNING, PLC_WATER);
    modbus.read(net, at("16:35:01"), 40, 4);
    modbus.write(net, at("16:35:20"), 40, 900);
    modbus.write(net, at("16:36:02"), 41, 900);
    modbus.close(net);

    // The operator station sets the mixer's clock.
    let mut s7 = S7::open(net, at("18:22"), HMI_2, PLC_MIX);
    s7.set_clock(net, at("18:22:04"));
    s7.close(net);
}
