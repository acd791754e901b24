//! Application fragments (IEEE 1815 chapter 4): function, indications, and how requests end.

use super::{
    objects::{self, Header},
    status::Status,
};
use crate::{
    bytes::Bytes,
    decode::{Context, Pending, Side, clean},
};
use hangtu_record::{FieldName, Outcome, Seen, Verb};

/// Master, outstation, application sequence, and whether it is an authentication request: those have
/// the sequence of the request that was challenged.
pub(super) type Key = (u16, u16, u8, bool);

/// From here on addresses are those of all outstations (IEEE 1815 section 9.2.4).
const BROADCAST: u16 = 0xfffd;

// Group and variation of what asks who one is, of the proof, and of the error (IEEE 1815 chapter 7).
const CHALLENGE: [u8; 2] = [120, 1];
const REPLY: [u8; 2] = [120, 2];
const ERROR: [u8; 2] = [120, 7];

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
        129 | 131 => {
            let iin = r.u16be()?;
            if code == 129 {
                attributes(cx, from, r);
            }
            // A response of several fragments concludes with its first.
            if control & 0x80 == 0 {
                return Some(());
            }
            let first: Option<[u8; 2]> = r.rest().first_chunk().copied();
            let authenticates = code == 131;
            // What was challenged is answered when the proof is there.
            if authenticates && first == Some(CHALLENGE) {
                return Some(());
            }
            let asked = |authenticates| (destination, source, sequence, authenticates);
            let answered = if authenticates && first == Some(ERROR) {
                pending.answer(cx, &asked(false)).or_else(|| pending.answer(cx, &asked(true)))
            } else {
                pending.answer(cx, &asked(authenticates))
            };
            let mut op = answered.unwrap_or_else(|| {
                let mut op = cx.operation(from.other(), "dnp3", Verb::Other, 0, "");
                op.unit = Some(u32::from(source));
                op.seen = Seen::Response;
                (op.code, op.function) = (u32::from(code), name(code).1);
                op
            });
            let status = Status::read(op.code, r);
            op.outcome = Outcome::Success;
            if let Some((number, name)) = status.error.or_else(|| indicated(iin)) {
                op.outcome = Outcome::refused(status.agreed);
                (op.error, op.error_name) = (Some(number), name);
            }
            cx.emit(op);
        }
        130 => {
            r.skip(2)?;
            let mut op = cx.operation(from, "dnp3", Verb::Report, 130, "Unsolicited Response");
            op.unit = Some(u32::from(source));
            op.outcome = Outcome::NoneExpected;
            objects::describe(&mut op, code, r);
            cx.emit(op);
        }
        0..=128 => {
            let (verb, function) = name(code);
            let mut op = cx.operation(from, "dnp3", verb, u32::from(code), function);
            op.unit = Some(u32::from(destination));
            objects::describe(&mut op, code, r);
            let first: Option<[u8; 2]> = r.rest().first_chunk().copied();
            let authenticates = code == 32;
            // Confirms and the "no acknowledge" functions are never answered, a proof by what
            // was challenged.
            if matches!(code, 0 | 6 | 8 | 10 | 12 | 33)
                || destination >= BROADCAST
                || authenticates && first == Some(REPLY)
            {
                op.outcome = Outcome::NoneExpected;
                cx.emit(op);
            } else {
                pending.ask(cx, (source, destination, sequence, authenticates), op);
            }
        }
        _ => return None,
    }
    Some(())
}

/// What the internal indications refuse: IIN2 bits 0–2 and 4 (IEEE 1815 chapter 4).
fn indicated(iin: u16) -> Option<(u32, &'static str)> {
    let name = match iin & 0x17 {
        0 => return None,
        r if r & 1 != 0 => "Function code not supported",
        r if r & 2 != 0 => "Object unknown",
        r if r & 4 != 0 => "Parameter error",
        _ => "Operation already executing",
    };
    Some((u32::from(iin), name))
}

/// Who the device is, where a response begins with device attributes (IEEE 1815 A.1): objects of
/// group 0, whose variation says which attribute it is and whose index which set of them, 0 the
/// standard's; each is a data type, a length and a value.
fn attributes(cx: &mut Context<'_>, from: Side, mut r: Bytes<'_>) -> Option<()> {
    loop {
        let mut header = Header::read(&mut r).filter(|header| header.group == 0)?;
        let name = match header.variation {
            242 => Some(FieldName::DeviceFirmware),
            248 => Some(FieldName::DeviceSerial),
            250 => Some(FieldName::DeviceModel),
            252 => Some(FieldName::DeviceVendor),
            _ => None,
        };
        header.range(&mut r)?;
        let (start, count) = header.start.zip(header.count)?;
        for n in 0..count {
            let (kind, length) = (r.u8()?, usize::from(r.u8()?));
            // Long lists count on from 256.
            let value = r.take(if kind == 255 { length + 256 } else { length })?;
            if let (0, 1, Some(name)) = (start.saturating_add(n), kind, name) {
                cx.about(from, name, &clean(value));
            }
        }
    }
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
        // Says of which points the events are wanted: masters do at every start.
        22 => (Verb::Subscribe, "Assign Class"),
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
        33 => (Verb::Authenticate, "Authentication Request No Ack"),
        129 => (Verb::Other, "Response"),
        131 => (Verb::Other, "Authentication Response"),
        _ => (Verb::Other, ""),
    }
}
