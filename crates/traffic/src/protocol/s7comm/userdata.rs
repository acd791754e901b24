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
    let (verb, name) = match (group, subfunction) {
        (4, 2) if matches!(kind >> 4, 4 | 7) && ends_messages(data) => {
            (Verb::Unsubscribe, "Message service: end")
        }
        _ => service(group, subfunction),
    };
    let code = 0x7000 | u32::from(group) << 8 | u32::from(subfunction);
    // 3, 7 and 0xb are what a Sinumerik NC has for 0, 4 and 8.
    match kind >> 4 {
        4 | 7 => {
            let mut op = cx.operation(from, "s7comm", verb, code, name);
            if (group, subfunction) == (4, 1)
                && let Some([a, b, c, d]) = data.get(4..8)
            {
                op.object = format_compact!("SZL {:#06x}", u16::from_be_bytes([*a, *b]));
                op.address = Some(u32::from(u16::from_be_bytes([*c, *d])));
            }
            pending.ask(cx, (from, reference), op);
        }
        8 | 0xb => {
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
        0 | 3 => {
            // Files of an NC are sent this way too, to it as well.
            let sent = kind >> 4 == 3 && from == Side::Client;
            let verb = if sent { verb } else { Verb::Report };
            let mut op = cx.operation(from, "s7comm", verb, code, name);
            op.outcome = Outcome::NoneExpected;
            cx.emit(op);
        }
        _ => return None,
    }
    Some(())
}

/// Whether a request to the message service ends it: no events behind the head of the data, or alarms, of which the type
/// behind the name of who asks says so (Wireshark's table: SCAN_ABORT, ALARM_ABORT, ALARM_S_ABORT).
fn ends_messages(data: &[u8]) -> bool {
    let events = data.get(4);
    events == Some(&0)
        || events.is_some_and(|events| events & 0x80 != 0)
            && data.get(14).is_some_and(|kind| matches!(kind, 0 | 4 | 8))
}

/// Verb and name of a service, after Wireshark's tables; 5/2 after Snap7.
fn service(group: u8, subfunction: u8) -> (Verb, &'static str) {
    match (group, subfunction) {
        (0, _) => (Verb::Other, "Mode transition"),
        (1, _) => programmer_command(subfunction),
        (2, 4) => (Verb::Unsubscribe, "Cyclic services: unsubscribe"),
        (2, 8) => (Verb::Read, "Cyclic services: RDREC"),
        (2, _) => (Verb::Subscribe, "Cyclic services"),
        (3, 1) => (Verb::Diagnose, "List blocks"),
        (3, 2) => (Verb::Diagnose, "List blocks of type"),
        (3, 3) => (Verb::Diagnose, "Get block info"),
        (3, _) => (Verb::Diagnose, "Block functions"),
        (4, 1) => (Verb::Identify, "Read SZL"),
        (4, 2) => (Verb::Subscribe, "Message service"),
        (4, 3) => (Verb::Diagnose, "Diagnostic message"),
        (4, 5) => (Verb::Diagnose, "ALARM_8 indication"),
        (4, 6) => (Verb::Diagnose, "NOTIFY indication"),
        // The controller sends a locked alarm to nobody.
        (4, 7) => (Verb::Unsubscribe, "ALARM_8 lock"),
        (4, 8) => (Verb::Subscribe, "ALARM_8 unlock"),
        (4, 9) => (Verb::Diagnose, "SCAN indication"),
        (4, 0x0b) => (Verb::Other, "ALARM ack"),
        (4, 0x0c) => (Verb::Diagnose, "ALARM ack indication"),
        (4, 0x0d) => (Verb::Diagnose, "ALARM lock indication"),
        (4, 0x0e) => (Verb::Diagnose, "ALARM unlock indication"),
        (4, 0x11) => (Verb::Diagnose, "ALARM_SQ indication"),
        (4, 0x12) => (Verb::Diagnose, "ALARM_S indication"),
        (4, 0x13) => (Verb::Diagnose, "ALARM query"),
        (4, 0x16) => (Verb::Diagnose, "NOTIFY_8 indication"),
        (4, _) => (Verb::Diagnose, "CPU functions"),
        (5, 1) => (Verb::Authenticate, "PLC password"),
        (5, 2) => (Verb::Authenticate, "Clear PLC password"),
        (5, _) => (Verb::Authenticate, "Security"),
        (6, _) => (Verb::Other, "PBC BSEND/BRECV"),
        (7, 1 | 3) => (Verb::Read, "Read clock"),
        (7, 2 | 4) => (Verb::SetTime, "Set clock"),
        (7, _) => (Verb::Other, "Time functions"),
        (0xf, 1) => (Verb::Download, "NC programming: request download"),
        (0xf, 2) => (Verb::Download, "NC programming: download block"),
        (0xf, 3) => (Verb::Download, "NC programming: continue download"),
        (0xf, 4) => (Verb::Download, "NC programming: download ended"),
        (0xf, 6) => (Verb::Upload, "NC programming: start upload"),
        (0xf, 7) => (Verb::Upload, "NC programming: upload"),
        (0xf, 8) => (Verb::Upload, "NC programming: continue upload"),
        (0xf, _) => (Verb::Other, "NC programming"),
        _ => (Verb::Other, ""),
    }
}

/// Group 1: jobs that a programming device has the controller do, to watch and test the program.
fn programmer_command(subfunction: u8) -> (Verb, &'static str) {
    match subfunction {
        0x01 => (Verb::Diagnose, "Programmer commands: block status"),
        0x02 => (Verb::Diagnose, "Programmer commands: variable status"),
        0x03 => (Verb::Diagnose, "Programmer commands: output ISTACK"),
        0x04 => (Verb::Diagnose, "Programmer commands: output BSTACK"),
        0x05 => (Verb::Diagnose, "Programmer commands: output LSTACK"),
        0x06 => (Verb::Diagnose, "Programmer commands: time measurement"),
        0x07 => (Verb::Diagnose, "Programmer commands: force selection"),
        0x08 => (Verb::Write, "Programmer commands: modify variable"),
        0x09 => (Verb::Write, "Programmer commands: force"),
        // These change how the program runs: it halts at a breakpoint, and goes on from it.
        0x0a => (Verb::Configure, "Programmer commands: breakpoint"),
        0x0b => (Verb::Configure, "Programmer commands: exit HOLD"),
        // Deletes the program from the work memory.
        0x0c => (Verb::Delete, "Programmer commands: memory reset"),
        0x0d => (Verb::Diagnose, "Programmer commands: disable job"),
        0x0e => (Verb::Diagnose, "Programmer commands: enable job"),
        0x0f => (Verb::Diagnose, "Programmer commands: delete job"),
        0x10 => (Verb::Diagnose, "Programmer commands: read job list"),
        0x11 => (Verb::Diagnose, "Programmer commands: read job"),
        0x12 => (Verb::Configure, "Programmer commands: replace job"),
        0x13 => (Verb::Diagnose, "Programmer commands: block status v2"),
        0x16 => (Verb::Diagnose, "Programmer commands: flash LED"),
        _ => (Verb::Diagnose, "Programmer commands"),
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
