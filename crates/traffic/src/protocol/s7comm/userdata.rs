//! Userdata messages: groups of services beside the variable services. Their operation code is
//! 0x7000 (the message type) + group × 256 + subfunction.

use crate::{
    bytes::Bytes,
    decode::{Context, Pending, Side, clean},
};
use compact_str::format_compact;
use hangtu_record::{FieldName, Outcome, Seen, Verb};

pub(super) fn read(
    cx: &mut Context<'_>,
    pending: &mut Pending<(Side, u16)>,
    from: Side,
    reference: u16,
    parameter: &[u8],
    data: &[u8],
) -> Option<()> {
    // Head 00 01 12, length, method, type and group, subfunction, sequence.
    let mut r = Bytes::at(parameter, 4);
    let _method = r.u8()?;
    let kind = r.u8()?;
    let subfunction = r.u8()?;
    r.skip(1)?;
    let group = kind & 0x0f;
    let (verb, name) = service(group, subfunction);
    let code = 0x7000 | u32::from(group) << 8 | u32::from(subfunction);
    match kind >> 4 {
        4 => {
            let mut op = cx.operation(from, "s7comm", verb, code, name);
            if (group, subfunction) == (4, 1)
                && let Some([a, b, c, d]) = data.get(4..8)
            {
                op.object = format_compact!("SZL {:#06x}", u16::from_be_bytes([*a, *b]));
                op.address = Some(u32::from(u16::from_be_bytes([*c, *d])));
            }
            pending.ask(cx, (from, reference), op);
        }
        8 => {
            let error = r.skip(2).and_then(|()| r.u16be()).unwrap_or(0);
            let mut op = pending.answer(cx, &(from.other(), reference)).unwrap_or_else(|| {
                let mut op = cx.operation(from.other(), "s7comm", verb, code, name);
                op.seen = Seen::Response;
                op
            });
            op.outcome = if error == 0 { Outcome::Success } else { Outcome::Error };
            op.error = (error != 0).then(|| u32::from(error));
            if (group, subfunction) == (4, 1) && error == 0 {
                system_status(cx, from, data);
            }
            cx.emit(op);
        }
        // Pushed by the controller: cyclic data, diagnostics, alarms.
        0 => {
            let mut op = cx.operation(from, "s7comm", Verb::Report, code, name);
            op.outcome = Outcome::NoneExpected;
            cx.emit(op);
        }
        _ => return None,
    }
    Some(())
}

fn service(group: u8, subfunction: u8) -> (Verb, &'static str) {
    match (group, subfunction) {
        (0, _) => (Verb::Other, "Mode transition"),
        (1, 0x0c) => (Verb::Delete, "Programmer commands: erase"),
        (1, 0x0e) => (Verb::Write, "Programmer commands: force"),
        (1, _) => (Verb::Diagnose, "Programmer commands"),
        (2, 4) => (Verb::Unsubscribe, "Cyclic services: unsubscribe"),
        (2, _) => (Verb::Subscribe, "Cyclic services"),
        (3, 1) => (Verb::Diagnose, "List blocks"),
        (3, 2) => (Verb::Diagnose, "List blocks of type"),
        (3, 3) => (Verb::Diagnose, "Get block info"),
        (3, _) => (Verb::Diagnose, "Block functions"),
        (4, 1) => (Verb::Identify, "Read SZL"),
        (4, 2) => (Verb::Subscribe, "Message service"),
        (4, 3) => (Verb::Stop, "Diagnostic message: stop"),
        (4, _) => (Verb::Diagnose, "CPU functions"),
        (5, 1) => (Verb::Authenticate, "PLC password"),
        (5, 2) => (Verb::Authenticate, "Clear PLC password"),
        (5, _) => (Verb::Authenticate, "Security"),
        (6, _) => (Verb::Other, "PBC BSEND/BRECV"),
        (7, 1 | 3) => (Verb::Read, "Read clock"),
        (7, 2 | 4) => (Verb::SetTime, "Set clock"),
        (7, _) => (Verb::Other, "Time functions"),
        (0xf, _) => (Verb::Download, "NC programming"),
        _ => (Verb::Other, ""),
    }
}

/// System status lists that say what the controller is (SZL 0x0011 and 0x001c).
fn system_status(cx: &mut Context<'_>, from: Side, data: &[u8]) -> Option<()> {
    let mut r = Bytes::at(data, 4);
    let id = r.u16be()?;
    r.skip(2)?;
    let (size, count) = (usize::from(r.u16be()?), r.u16be()?);
    if size < 4 || !matches!(id & 0x00ff, 0x11 | 0x1c) {
        return None;
    }
    cx.about(from, FieldName::DeviceVendor, "Siemens");
    for _ in 0..count.min(32) {
        let entry = r.take(size)?;
        let index = u16::from_be_bytes([entry[0], entry[1]]);
        let text = |b: Option<&[u8]>| clean(b.unwrap_or_default());
        match (id & 0x00ff, index) {
            // Module identification: order number, then hardware and firmware version.
            (0x11, 1) => cx.about(from, FieldName::DeviceModel, &text(entry.get(2..22))),
            (0x11, 7) => {
                if let Some([b'V', major, minor, patch]) =
                    entry.get(24..28).or_else(|| entry.get(size - 4..))
                {
                    let version = format_compact!("V{major}.{minor}.{patch}");
                    cx.about(from, FieldName::DeviceFirmware, &version);
                }
            }
            // Component identification: names and serial number.
            (0x1c, 1) => cx.about(from, FieldName::HostName, &text(entry.get(2..26))),
            (0x1c, 5) => cx.about(from, FieldName::DeviceSerial, &text(entry.get(2..26))),
            (0x1c, 7) => cx.about(from, FieldName::DeviceModel, &text(entry.get(2..34))),
            _ => {}
        }
    }
    Some(())
}
