//! What a request says: what it addresses, how much of it, and a short value (Application Protocol
//! V1.1b3, section 6).

use super::umas;
use crate::bytes::Bytes;
use compact_str::{CompactString, format_compact};
use hangtu_record::{Operation, Verb};

/// How many groups of file records are told; of the rest how many there are.
const LISTED: u32 = 4;

/// Address, count and value of a request, by function.
pub(super) fn describe(op: &mut Operation, pdu: &[u8]) {
    let mut r = Bytes::at(pdu, 1);
    let range = |op: &mut Operation, r: &mut Bytes<'_>, object: &'static str| {
        op.object = CompactString::const_new(object);
        op.address = r.u16be().map(u32::from);
    };
    match pdu[0] {
        f @ 1..=4 => {
            let object = ["coil", "discrete-input", "holding-register", "input-register"];
            range(op, &mut r, object[usize::from(f) - 1]);
            op.count = r.u16be().map(u32::from);
        }
        5 => {
            range(op, &mut r, "coil");
            op.count = Some(1);
            op.value = match r.u16be() {
                Some(0xff00) => CompactString::const_new("on"),
                Some(0) => CompactString::const_new("off"),
                Some(n) => format_compact!("{n:#06x}"),
                None => return,
            };
        }
        6 => {
            range(op, &mut r, "holding-register");
            op.count = Some(1);
            op.value = r.u16be().map(|n| format_compact!("{n}")).unwrap_or_default();
        }
        15 => {
            range(op, &mut r, "coil");
            op.count = r.u16be().map(u32::from);
            let bits = r.skip(1).and_then(|()| r.u8());
            op.value = bits.map(|b| format_compact!("{b:#010b}")).unwrap_or_default();
        }
        16 => {
            range(op, &mut r, "holding-register");
            op.count = r.u16be().map(u32::from);
            op.value = r.skip(1).map(|()| registers(&mut r)).unwrap_or_default();
        }
        22 => {
            range(op, &mut r, "holding-register");
            op.count = Some(1);
            if let (Some(and), Some(or)) = (r.u16be(), r.u16be()) {
                op.value = format_compact!("and {and:#06x} or {or:#06x}");
            }
        }
        23 => {
            // One response for both: the fields are about the write, the object tells the read too.
            let read = (r.u16be(), r.u16be());
            range(op, &mut r, "holding-register");
            op.count = r.u16be().map(u32::from);
            op.value = r.skip(1).map(|()| registers(&mut r)).unwrap_or_default();
            if let (Some(first), Some(count)) = read {
                op.object = format_compact!("holding-register (reads {count} from {first})");
            }
        }
        8 => {
            range(op, &mut r, "diagnostic");
            op.verb = match op.address {
                Some(1) => Verb::Restart,
                Some(3) => Verb::Configure,
                // Force Listen Only: the device falls silent.
                Some(4) => Verb::Stop,
                _ => Verb::Diagnose,
            };
        }
        20 | 21 => file_records(op, pdu),
        24 => range(op, &mut r, "fifo"),
        43 => match r.u8() {
            Some(14) => {
                op.object = CompactString::const_new("device-identification");
                op.address = r.skip(1).and_then(|()| r.u8()).map(u32::from);
            }
            mei => {
                op.verb = Verb::Other;
                if mei == Some(13) {
                    op.object = CompactString::const_new("canopen");
                }
            }
        },
        90 => umas::describe(op, pdu),
        _ => {}
    }
}

/// Groups of a file record request: reference type 6, file, record, length in registers and, to
/// write, that many of them (sections 6.14 and 6.15).
fn file_records(op: &mut Operation, pdu: &[u8]) {
    op.object = CompactString::const_new("file-record");
    let mut r = Bytes::at(pdu, 2);
    let mut groups = 0;
    while let (Some(_), Some(file), Some(record), Some(length)) =
        (r.u8(), r.u16be(), r.u16be(), r.u16be())
    {
        let size = if pdu[0] == 21 { 2 * usize::from(length) } else { 0 };
        let data = r.take(size.min(r.remaining())).unwrap_or_default();
        match groups {
            0 => {
                op.object.push_str(&format_compact!(" {file}"));
                op.address = Some(u32::from(record));
                op.count = Some(u32::from(length));
                op.value = registers(&mut Bytes::new(data));
            }
            1..LISTED => op.object.push_str(&format_compact!(", {file}@{record}")),
            _ => {}
        }
        groups += 1;
    }
    if groups > LISTED {
        op.object.push_str(&format_compact!(" +{}", groups - LISTED));
    }
}

/// Up to four register values.
fn registers(r: &mut Bytes<'_>) -> CompactString {
    let mut out = CompactString::const_new("");
    for i in 0..4 {
        let Some(n) = r.u16be() else { return out };
        if i > 0 {
            out.push(',');
        }
        out.push_str(&format_compact!("{n}"));
    }
    if r.remaining() >= 2 {
        out.push('…');
    }
    out
}
