//! CIP: services, their paths, general statuses.

use super::{Aspect, Packet, Told};
use std::fmt::Write;

pub(super) fn note(packet: &mut Packet<'_>, told: &mut Told) {
    let mut routed = false;
    for service in packet.all("cip.service") {
        if service & 0x80 != 0 {
            answer(packet, told, service & 0x7f);
            continue;
        }
        packet.asks(told, Aspect::Requests, format!("{service:#x}"));
        let path = bytes(packet.text("cip.epath").unwrap_or_default());
        // The connection manager's services carry another path: that of the connection, or behind
        // the message inside an Unconnected Send its route.
        let manager = path.starts_with(&[0x20, 0x06]);
        if manager && service == 0x52 {
            routed = true;
        } else if std::mem::take(&mut routed) || manager && matches!(service, 0x4e | 0x54 | 0x5b) {
            packet.text("cip.epath");
        }
        let target = if service == 0x4b && path.starts_with(&[0x20, 0x67]) {
            pccc(packet)
        } else {
            named(&path).unwrap_or_default()
        };
        packet.asks(told, Aspect::Addresses, format!("{service:#x} {target}"));
    }
}

fn answer(packet: &mut Packet<'_>, told: &mut Told, service: u64) {
    // What is too short for a status is none.
    let Some(mut error) = packet.take("cip.genstat") else { return };
    if service == 0x4b && error == 0 {
        // The status of PCCC, and the extended one where it announces that.
        error = packet.take("cip.pccc.gs.status").unwrap_or(0);
        if error == 0xf0 {
            error |= packet.take("cip.pccc.es.status").unwrap_or(0) << 8;
        }
    }
    packet.answers(told, service, error);
}

fn pccc(packet: &mut Packet<'_>) -> String {
    let command = packet.take("cip.pccc.cmd.code").unwrap_or(0);
    let function = match command & 0x0f {
        6 => packet.take("cip.pccc.fnc.code_06"),
        7 => packet.take("cip.pccc.fnc.code_07"),
        _ => packet.take("cip.pccc.fnc.code_0f"),
    };
    format!("pccc command {command:#04x} function {:#04x}", function.unwrap_or(0))
}

/// Bytes that tshark shows in hex.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// What a path names. tshark's fields of class, instance and attribute hold also those of
/// connections and of data, so only the bytes tell which path they stand in.
fn named(path: &[u8]) -> Option<String> {
    let mut numbers = [None; 8];
    let mut symbol = String::new();
    let mut rest = path;
    while let [kind, tail @ ..] = rest {
        rest = match *kind {
            0x34 => tail.get(9..)?,
            // Logical segments: the type in bits 2–4, the number's width in bits 0–1.
            0x20..=0x3f => {
                let (number, behind) = match (kind & 3, tail) {
                    (0, [n, behind @ ..]) => (u32::from(*n), behind),
                    (1, [_, a, b, behind @ ..]) => {
                        (u32::from(u16::from_le_bytes([*a, *b])), behind)
                    }
                    (2, [_, a, b, c, d, behind @ ..]) => {
                        (u32::from_le_bytes([*a, *b, *c, *d]), behind)
                    }
                    _ => break,
                };
                let kind = usize::from(kind >> 2 & 7);
                if kind == 2 {
                    write!(symbol, "[{number}]").ok()?;
                } else if numbers[kind].is_none() {
                    numbers[kind] = Some(number);
                }
                behind
            }
            0x91 => {
                let size = usize::from(*tail.first()?);
                if !symbol.is_empty() {
                    symbol.push('.');
                }
                symbol.push_str(&String::from_utf8_lossy(tail.get(1..=size)?));
                tail.get(1 + size.next_multiple_of(2)..).unwrap_or_default()
            }
            _ => break,
        };
    }
    let [class, instance, _, _, attribute, ..] = numbers;
    if class.is_none() && !symbol.is_empty() {
        return Some(symbol);
    }
    let words = [
        class.map(|n| format!("class {n:#04x}")),
        instance.map(|n| format!("instance {n}")),
        attribute.map(|n| format!("attribute {n}")),
    ];
    Some(words.into_iter().flatten().collect::<Vec<_>>().join(" "))
}
