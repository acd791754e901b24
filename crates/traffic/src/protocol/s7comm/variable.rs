//! Items of Read Var and Write Var: areas, addresses, values, return codes.

use crate::{bytes::Bytes, decode::Short};
use compact_str::format_compact;
use hangtu_record::{Operation, Outcome};

/// Says what the first item addresses, how many items there are, and a short value written.
pub(super) fn describe(op: &mut Operation, parameter: &[u8], data: &[u8]) {
    let items = parameter.get(1).copied().unwrap_or(0);
    let mut r = Bytes::at(parameter, 2);
    let Some(()) = item(op, &mut r) else { return };
    if items > 1 {
        op.object.push_str(&format_compact!(" +{}", items - 1));
    }
    if op.code == 5 {
        // Return code, transport size, length in bits or bytes, data.
        let bytes = data.get(4..).unwrap_or_default();
        let len = usize::from(u16::from_be_bytes([
            *data.get(2).unwrap_or(&0),
            *data.get(3).unwrap_or(&0),
        ]));
        let bits = matches!(data.get(1), Some(3..=5));
        let len = if bits { len.div_ceil(8) } else { len };
        op.value = Short::default().dump(&bytes[..len.min(bytes.len())]).text();
    }
}

fn item(op: &mut Operation, r: &mut Bytes<'_>) -> Option<()> {
    let (_specification, len, syntax) = (r.u8()?, r.u8()?, r.u8()?);
    // S7ANY: type, count, DB, area, bit address.
    if syntax != 0x10 || len < 10 {
        op.object = format_compact!("syntax {syntax:#04x}");
        return Some(());
    }
    let kind = r.u8()?;
    let count = r.u16be()?;
    let db = r.u16be()?;
    let area = r.u8()?;
    let address = r.u24be()?;
    let (byte, bit) = (address >> 3, address & 7);
    op.count = Some(u32::from(count));
    op.address = Some(byte);
    let width = match kind {
        1 => "X",
        2 | 3 => "B",
        4 | 5 => "W",
        _ => "D",
    };
    let place = |prefix: &str| {
        if kind == 1 {
            format_compact!("{prefix}{byte}.{bit}")
        } else {
            format_compact!("{prefix}{width}{byte}")
        }
    };
    op.object = match area {
        0x81 => place("I"),
        0x82 => place("Q"),
        0x83 => place("M"),
        0x84 if kind == 1 => format_compact!("DB{db}.DBX{byte}.{bit}"),
        0x84 => format_compact!("DB{db}.DB{width}{byte}"),
        0x85 => format_compact!("DI{db}.{byte}"),
        0x80 => place("PE"),
        0x1c => format_compact!("C{address}"),
        0x1d => format_compact!("T{address}"),
        _ => format_compact!("area {area:#04x} @{byte}"),
    };
    Some(())
}

/// Looks for an item that was refused. Return code 0xff is success.
pub(super) fn outcome(op: &mut Operation, parameter: &[u8], data: &[u8]) {
    let items = parameter.get(1).copied().unwrap_or(0);
    let mut r = Bytes::new(data);
    for i in 0..items {
        let Some(code) = r.u8() else { return };
        if code != 0xff {
            op.outcome = Outcome::Error;
            op.error = Some(u32::from(code));
            op.error_name = match code {
                0x01 => "Hardware error",
                0x03 => "Accessing the object not allowed",
                0x05 => "Invalid address",
                0x06 => "Data type not supported",
                0x07 => "Data type inconsistent",
                0x0a => "Object does not exist",
                _ => "",
            };
            return;
        }
        if op.code == 4 {
            let (Some(kind), Some(len)) = (r.u8(), r.u16be()) else { return };
            let len = usize::from(len);
            let len = if matches!(kind, 3..=5) { len.div_ceil(8) } else { len };
            // Every item but the last is filled up to an even length.
            let len = if i + 1 < items { len.next_multiple_of(2) } else { len };
            if r.skip(len).is_none() {
                return;
            }
        }
    }
}
