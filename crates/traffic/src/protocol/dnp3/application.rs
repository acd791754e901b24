//! Application fragments (IEEE 1815 chapter 4): function, indications, the first object header.

use crate::{
    bytes::Bytes,
    decode::{Context, Pending, Side, clean},
};
use compact_str::{CompactString, format_compact};
use hangtu_record::{FieldName, Operation, Outcome, Seen, Verb};

/// Master, outstation, application sequence.
pub(super) type Key = (u16, u16, u8);

pub(super) fn read(
    cx: &mut Context<'_>,
    pending: &mut Pending<Key>,
    from: Side,
    (source, destination): (u16, u16),
    b: &[u8],
) -> Option<()> {
    let mut r = Bytes::new(b);
    let control = r.u8()?;
    let code = r.u8()?;
    let sequence = control & 0x0f;
    match code {
        // Responses: internal indications follow the function.
        129 | 131 => {
            let iin = r.u16be()?;
            if code == 129 {
                attributes(cx, from, r);
            }
            // A response of several fragments concludes with its first.
            if control & 0x80 == 0 {
                return Some(());
            }
            let mut op =
                pending.answer(cx, &(destination, source, sequence)).unwrap_or_else(|| {
                    let mut op = cx.operation(from.other(), "dnp3", Verb::Other, 0, "");
                    op.unit = Some(u32::from(source));
                    op.seen = Seen::Response;
                    (op.code, op.function) = (u32::from(code), name(code).1);
                    op
                });
            // IIN2 bits 0–2: function not supported, object unknown, parameter error.
            let refused = iin & 0x07;
            op.outcome = if refused == 0 { Outcome::Success } else { Outcome::Error };
            if refused != 0 {
                op.error = Some(u32::from(iin));
                op.error_name = match refused {
                    r if r & 1 != 0 => "Function code not supported",
                    r if r & 2 != 0 => "Object unknown",
                    _ => "Parameter error",
                };
            }
            cx.emit(op);
        }
        130 => {
            r.skip(2)?;
            let mut op = cx.operation(from, "dnp3", Verb::Report, 130, "Unsolicited Response");
            op.unit = Some(u32::from(source));
            op.outcome = Outcome::NoneExpected;
            object(&mut op, &mut r);
            cx.emit(op);
        }
        0..=128 => {
            let (verb, function) = name(code);
            let mut op = cx.operation(from, "dnp3", verb, u32::from(code), function);
            op.unit = Some(u32::from(destination));
            object(&mut op, &mut r);
            // Writing g50 sets the clock; writing g80 clears the restart indication.
            if code == 2 && op.object.starts_with("g50") {
                op.verb = Verb::SetTime;
            }
            // Confirms and the "no acknowledge" functions are never answered.
            if matches!(code, 0 | 6 | 8 | 10 | 12) {
                op.outcome = Outcome::NoneExpected;
                cx.emit(op);
            } else {
                pending.ask(cx, (source, destination, sequence), op);
            }
        }
        _ => return None,
    }
    Some(())
}

/// Who the device is, where a response begins with device attributes (IEEE 1815 A.1): objects of
/// group 0, whose variation says which attribute it is and whose index which set of them, 0 the
/// standard's; each is a data type, a length and a value.
fn attributes(cx: &mut Context<'_>, from: Side, mut r: Bytes<'_>) -> Option<()> {
    while r.u8()? == 0 {
        let name = match r.u8()? {
            242 => Some(FieldName::DeviceFirmware),
            248 => Some(FieldName::DeviceSerial),
            250 => Some(FieldName::DeviceModel),
            252 => Some(FieldName::DeviceVendor),
            _ => None,
        };
        let (start, stop) = match r.u8()? {
            0 => (u16::from(r.u8()?), u16::from(r.u8()?)),
            1 => (r.u16le()?, r.u16le()?),
            _ => return None,
        };
        for set in start..=stop {
            let (kind, length) = (r.u8()?, usize::from(r.u8()?));
            // Long lists count on from 256.
            let value = r.take(if kind == 255 { length + 256 } else { length })?;
            if let (0, 1, Some(name)) = (set, kind, name) {
                cx.about(from, name, &clean(value));
            }
        }
    }
    Some(())
}

/// The first object header: group, variation, range; and the value of a control block.
fn object(op: &mut Operation, r: &mut Bytes<'_>) -> Option<()> {
    let (group, variation, qualifier) = (r.u8()?, r.u8()?, r.u8()?);
    op.object = format_compact!("g{group}v{variation}");
    match qualifier & 0x0f {
        // Start and stop.
        0 => range(op, u32::from(r.u8()?), u32::from(r.u8()?)),
        1 => range(op, u32::from(r.u16le()?), u32::from(r.u16le()?)),
        2 => range(op, r.u32le()?, r.u32le()?),
        // All points.
        6 => {}
        // A count, then each object behind its index.
        7 => op.count = Some(u32::from(r.u8()?)),
        8 => op.count = Some(u32::from(r.u16le()?)),
        9 => op.count = Some(r.u32le()?),
        _ => return None,
    }
    op.address = match qualifier >> 4 & 7 {
        1 => Some(u32::from(r.u8()?)),
        2 => Some(u32::from(r.u16le()?)),
        3 => Some(r.u32le()?),
        _ => op.address,
    };
    match (group, variation) {
        // Control relay output block (IEEE 1815 A.8.1).
        (12, 1) => {
            let control = r.u8()?;
            op.value = CompactString::const_new(match (control >> 6, control & 0x0f) {
                (1, 1) => "close pulse-on",
                (2, 1) => "trip pulse-on",
                (_, 1) => "pulse-on",
                (_, 2) => "pulse-off",
                (_, 3) => "latch-on",
                (_, 4) => "latch-off",
                _ => "nul",
            });
        }
        (41, 1) => op.value = format_compact!("{}", r.u32le()? as i32),
        (41, 2) => op.value = format_compact!("{}", r.u16le()? as i16),
        (41, 3) => op.value = format_compact!("{}", f32::from_bits(r.u32le()?)),
        _ => {}
    }
    Some(())
}

fn range(op: &mut Operation, start: u32, stop: u32) {
    op.address = Some(start);
    op.count = Some(stop.saturating_sub(start).saturating_add(1));
}

fn name(code: u8) -> (Verb, &'static str) {
    match code {
        0 => (Verb::Other, "Confirm"),
        1 => (Verb::Read, "Read"),
        2 => (Verb::Write, "Write"),
        3 => (Verb::Control, "Select"),
        4 => (Verb::Control, "Operate"),
        5 => (Verb::Control, "Direct Operate"),
        6 => (Verb::Control, "Direct Operate No Ack"),
        7 => (Verb::Write, "Immediate Freeze"),
        8 => (Verb::Write, "Immediate Freeze No Ack"),
        9 => (Verb::Write, "Freeze and Clear"),
        10 => (Verb::Write, "Freeze and Clear No Ack"),
        11 => (Verb::Write, "Freeze at Time"),
        12 => (Verb::Write, "Freeze at Time No Ack"),
        13 => (Verb::Restart, "Cold Restart"),
        14 => (Verb::Restart, "Warm Restart"),
        15 => (Verb::Configure, "Initialize Data"),
        16 => (Verb::Configure, "Initialize Application"),
        17 => (Verb::Start, "Start Application"),
        18 => (Verb::Stop, "Stop Application"),
        19 => (Verb::Configure, "Save Configuration"),
        20 => (Verb::Subscribe, "Enable Unsolicited"),
        21 => (Verb::Unsubscribe, "Disable Unsolicited"),
        22 => (Verb::Configure, "Assign Class"),
        23 => (Verb::Diagnose, "Delay Measurement"),
        24 => (Verb::SetTime, "Record Current Time"),
        25 => (Verb::Read, "Open File"),
        26 => (Verb::Other, "Close File"),
        27 => (Verb::Delete, "Delete File"),
        28 => (Verb::Read, "Get File Information"),
        29 => (Verb::Authenticate, "Authenticate File"),
        30 => (Verb::Other, "Abort File"),
        31 => (Verb::Configure, "Activate Configuration"),
        32 => (Verb::Authenticate, "Authentication Request"),
        33 => (Verb::Authenticate, "Authentication Error"),
        129 => (Verb::Other, "Response"),
        131 => (Verb::Other, "Authentication Response"),
        _ => (Verb::Other, ""),
    }
}
