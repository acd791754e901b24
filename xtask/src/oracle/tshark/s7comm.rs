//! S7comm: jobs, their answers, userdata.

use super::{Aspect, NAMED, Packet, Told, shown};

pub(super) fn note(packet: &mut Packet<'_>, told: &mut Told) {
    for kind in packet.all("s7comm.header.rosctr") {
        match kind {
            1 => job(packet, told),
            2 | 3 => answer(packet, told, kind),
            7 => userdata(packet, told),
            _ => {}
        }
    }
}

fn job(packet: &mut Packet<'_>, told: &mut Told) {
    let Some(function) = packet.take("s7comm.param.func") else { return };
    packet.asks(told, Aspect::Requests, format!("{function:#x}"));
    match function {
        4 | 5 => {
            let items = packet.take("s7comm.param.itemcount").unwrap_or(0);
            let text = format!("{function:#x} {}", places(packet, items));
            packet.asks(told, Aspect::Addresses, text);
            if function == 5 {
                // Values have the field too.
                for _ in 0..items {
                    packet.take("s7comm.data.returncode");
                }
            }
        }
        0x28 => {
            if let Some(name) = packet.text("s7comm.param.pistart.servicename") {
                packet.asks(told, Aspect::Addresses, format!("{function:#x} {name} -"));
            }
        }
        _ => {}
    }
}

/// What so many items address, and the length of the first.
fn places(packet: &mut Packet<'_>, items: u64) -> String {
    let mut out = Vec::new();
    let mut first = None;
    for _ in 0..items {
        match packet.take("s7comm.param.item.syntaxid") {
            Some(0x10) => {
                let kind = packet.take("s7comm.param.item.transp_size").unwrap_or(0);
                let length = packet.take("s7comm.param.item.length");
                let block = packet.take("s7comm.param.item.db").unwrap_or(0);
                let area = packet.take("s7comm.param.item.area").unwrap_or(0);
                let address = packet.take("s7comm.param.item.address").unwrap_or(0);
                first = first.or(length.filter(|_| out.is_empty()));
                out.push(place(kind, block, area, address));
            }
            // DBREAD: areas of data blocks.
            Some(0xb0) => {
                for _ in 0..packet.take("s7comm.param.item.dbread.numareas").unwrap_or(0) {
                    let length = packet.take("s7comm.param.item.dbread.length");
                    let block = shown(packet.take("s7comm.param.item.dbread.db"));
                    let start = shown(packet.take("s7comm.param.item.dbread.startaddress"));
                    first = first.or(length.filter(|_| out.is_empty()));
                    out.push(format!("DB{block}.DBB{start}"));
                }
            }
            Some(syntax) => out.push(format!("syntax {syntax:#04x}")),
            None => break,
        }
    }
    out.truncate(NAMED);
    format!("{} +{}", out.join(", "), shown(first))
}

/// A place as STEP 7 writes it: type, data block, area, address in bits.
fn place(kind: u64, block: u64, area: u64, address: u64) -> String {
    let (byte, bit) = (address >> 3, address & 7);
    let width = match kind {
        1 => "X",
        2 | 3 => "B",
        4 | 5 => "W",
        _ => "D",
    };
    let at = if kind == 1 { format!("{byte}.{bit}") } else { byte.to_string() };
    let plain = if kind == 1 { "" } else { width };
    match area {
        0x1c => format!("C{address}"),
        0x1d => format!("T{address}"),
        0x80 => format!("PE{plain}{at}"),
        0x81 => format!("I{plain}{at}"),
        0x82 => format!("Q{plain}{at}"),
        0x83 => format!("M{plain}{at}"),
        0x84 => format!("DB{block}.DB{width}{at}"),
        0x85 => format!("DI{block}.{byte}"),
        _ => format!("area {area:#04x} @{byte}"),
    }
}

fn answer(packet: &mut Packet<'_>, told: &mut Told, kind: u64) {
    // Acknowledgements without data have no function.
    let function = if kind == 3 { packet.take("s7comm.param.func") } else { None };
    let class = packet.take("s7comm.header.errcls").unwrap_or(0);
    let mut error = class << 8 | packet.take("s7comm.header.errcod").unwrap_or(0);
    if matches!(function, Some(4 | 5)) {
        for _ in 0..packet.take("s7comm.param.itemcount").unwrap_or(0) {
            let code = packet.take("s7comm.data.returncode");
            if let (0, Some(code)) = (error, code.filter(|code| *code != 0xff)) {
                error = code;
            }
        }
    }
    packet.answers(told, 0, error);
}

fn userdata(packet: &mut Packet<'_>, told: &mut Told) {
    let kind = packet.take("s7comm.param.userdata.type");
    let Some(group) = packet.take("s7comm.param.userdata.funcgroup") else { return };
    let subfunction = match group {
        0 => packet.take("s7comm.param.modetrans.subfunc"),
        _ => packet.take("s7comm.param.userdata.subfunc"),
    };
    packet.take("s7comm.data.returncode");
    let code = 0x7000 | group << 8 | subfunction.unwrap_or(0);
    match kind {
        // Pushed and asked; 3 and 7 are those of a Sinumerik NC.
        Some(0 | 3 | 4 | 7) => packet.asks(told, Aspect::Requests, format!("{code:#x}")),
        Some(8 | 0xb) => {
            let error = packet.take("s7comm.param.errcod").unwrap_or(0);
            packet.answers(told, 0, error);
        }
        _ => {}
    }
    if let (Some(4), 0x7401) = (kind, code)
        && let Some(list) = packet.take("s7comm.data.userdata.szl_id")
    {
        let index = shown(packet.take("s7comm.data.userdata.szl_index"));
        packet.asks(told, Aspect::Addresses, format!("{code:#x} SZL {list:#06x} {index}"));
    }
}
