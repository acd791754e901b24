//! Modbus/TCP (REGISTRATION Application Protocol V1.1b3, Messaging on TCP/IP V1.0b), and Schneider's
//! UMAS inside function 90.

mod umas;

use crate::{
    bytes::Bytes,
    decode::{Context, Decoder, Peek, Pending, Registration, Side, Verdict, clean},
};
use compact_str::{CompactString, format_compact};
use hangtu_record::{FieldName, Operation, Outcome, Seen, Verb};

/// Modbus/TCP.
pub(super) static REGISTRATION: Registration = Registration {
    name: "modbus",
    tcp: true,
    udp: true,
    ports: &[502],
    probe,
    make: || Box::new(Modbus::default()),
};

/// Header: transaction, protocol 0, length of what follows, unit.
const HEADER: usize = 7;
/// Largest length field: unit and a PDU of 253 bytes; some devices go a little beyond.
const MAX_LENGTH: usize = 260;

struct Header {
    transaction: u16,
    unit: u8,
    function: u8,
    /// Whole frame.
    size: usize,
}

fn header(b: &[u8]) -> Option<Header> {
    let mut r = Bytes::new(b);
    let transaction = r.u16be()?;
    let (protocol, length) = (r.u16be()?, usize::from(r.u16be()?));
    let (unit, function) = (r.u8()?, r.u8()?);
    (protocol == 0 && (2..=MAX_LENGTH).contains(&length)).then_some(Header {
        transaction,
        unit,
        function,
        size: 6 + length,
    })
}

/// Whether a PDU fits its function as a request and as a response.
fn fits(pdu: &[u8]) -> (bool, bool) {
    let len = pdu.len();
    let at = |i: usize| usize::from(*pdu.get(i).unwrap_or(&0));
    match pdu[0] {
        1..=4 => (len == 5, len >= 2 && len == 2 + at(1)),
        5 | 6 => (len == 5, len == 5),
        15 | 16 => (len >= 6 && len == 6 + at(5), len == 5),
        22 => (len == 7, len == 7),
        23 => (len >= 10 && len == 10 + at(9), len >= 2 && len == 2 + at(1)),
        7 | 11 | 12 | 17 => (len == 1, len >= 2),
        8 => (len >= 4, len >= 4),
        20 | 21 => (len >= 2 && len == 2 + at(1), len >= 2 && len == 2 + at(1)),
        24 => (len == 3, len >= 3),
        43 => (len >= 3 && at(1) == 14, len >= 3 && at(1) == 14),
        0x81..=0xff => (false, len == 2),
        _ => (false, false),
    }
}

fn probe(peek: Peek<'_>) -> Verdict {
    let b = peek.bytes;
    if b.len() < HEADER + 1 {
        return if b.get(2..4).is_none_or(|p| p == [0, 0]) && peek.by_port.is_some() {
            Verdict::More
        } else {
            Verdict::No
        };
    }
    let Some(h) = header(b) else { return Verdict::No };
    if peek.by_port.is_some() {
        return Verdict::Yes(peek.by_port);
    }
    // Elsewhere than on port 502 the frame must end with the segment and fit its function.
    if b.len() != h.size {
        return Verdict::No;
    }
    match fits(&b[HEADER..]) {
        (true, false) => Verdict::Yes(Some(Side::Client)),
        (false, true) => Verdict::Yes(Some(Side::Server)),
        _ => Verdict::No,
    }
}

/// Transaction, function, unit. Many clients leave the transaction at 0, and ask several units
/// behind a gateway at once.
type Key = (u16, u8, u8);

#[derive(Default)]
struct Modbus {
    pending: Pending<Key>,
}

impl Decoder for Modbus {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        if bytes.len() < HEADER + 1 {
            return 0;
        }
        let Some(h) = header(bytes) else {
            cx.unreadable("modbus");
            // The next place where a header could stand, keeping what may be the start of one.
            let next = (1..bytes.len() - HEADER)
                .find(|i| header(&bytes[*i..]).is_some_and(|h| h.function & 0x7f != 0));
            return next.unwrap_or(bytes.len() - HEADER);
        };
        let Some(pdu) = bytes.get(HEADER..h.size) else { return 0 };
        match from {
            Side::Client => self.request(cx, &h, pdu),
            Side::Server => self.response(cx, &h, pdu),
        }
        h.size
    }

    fn end(&mut self, cx: &mut Context<'_>) {
        self.pending.flush(cx);
    }
}

impl Modbus {
    fn request(&mut self, cx: &mut Context<'_>, h: &Header, pdu: &[u8]) {
        let function = h.function;
        let (verb, name) = function_of(function);
        let mut op = cx.operation(Side::Client, "modbus", verb, u32::from(function), name);
        op.unit = Some(u32::from(h.unit));
        describe_request(&mut op, pdu);
        self.pending.ask(cx, (h.transaction, function, h.unit), op);
    }

    fn response(&mut self, cx: &mut Context<'_>, h: &Header, pdu: &[u8]) {
        let function = h.function & 0x7f;
        let error = h.function & 0x80 != 0;
        // Servers echo the unit, but some say 0 or 255 for any.
        let fit = |key: &Key, op: &Operation| {
            let same = (key.0, key.1) == (h.transaction, function);
            same.then(|| (key.2 == h.unit, agrees(op, pdu)))
        };
        let mut op = self.pending.answer_in_turn(cx, fit).unwrap_or_else(|| {
            let (verb, name) = function_of(function);
            let mut op = cx.operation(Side::Client, "modbus", verb, u32::from(function), name);
            op.unit = Some(u32::from(h.unit));
            op.seen = Seen::Response;
            op
        });
        if error {
            let code = u32::from(*pdu.get(1).unwrap_or(&0));
            op.outcome = Outcome::Error;
            op.error = Some(code);
            op.error_name = exception(code);
        } else {
            op.outcome = Outcome::Success;
            match function {
                // UMAS answers 0xfe for yes and 0xfd for no.
                90 if pdu.get(2) == Some(&0xfd) => op.outcome = Outcome::Error,
                43 => identity(cx, pdu),
                17 => {
                    let text = clean(pdu.get(2..).unwrap_or_default());
                    let text: CompactString = text.chars().filter(char::is_ascii_graphic).collect();
                    if text.len() > 3 {
                        cx.about(Side::Server, FieldName::DeviceModel, &text);
                    }
                }
                _ => {}
            }
        }
        cx.emit(op);
    }
}

/// Whether a response is one to that request, as far as it shows: a read brings as much as was
/// asked for, a write comes back with its address.
fn agrees(op: &Operation, pdu: &[u8]) -> bool {
    let mut r = Bytes::at(pdu, 1);
    match pdu[0] {
        1 | 2 => op.count.map(|n| n.div_ceil(8)) == r.u8().map(u32::from),
        3 | 4 => op.count.map(|n| n * 2) == r.u8().map(u32::from),
        5 | 6 | 15 | 16 | 22 => op.address == r.u16be().map(u32::from),
        _ => true,
    }
}

/// Address, count and value of a request, by function.
fn describe_request(op: &mut Operation, pdu: &[u8]) {
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
        22 => range(op, &mut r, "holding-register"),
        23 => {
            r.skip(4);
            range(op, &mut r, "holding-register");
            op.count = r.u16be().map(u32::from);
            op.value = r.skip(1).map(|()| registers(&mut r)).unwrap_or_default();
        }
        8 => {
            range(op, &mut r, "diagnostic");
            op.verb = match op.address {
                Some(1) => Verb::Restart,
                // Force Listen Only: the device falls silent.
                Some(4) => Verb::Stop,
                _ => Verb::Diagnose,
            };
        }
        20 | 21 => op.object = CompactString::const_new("file-record"),
        24 => range(op, &mut r, "fifo"),
        43 => {
            op.object = CompactString::const_new("device-identification");
            op.address = r.skip(2).and_then(|()| r.u8()).map(u32::from);
            if pdu.get(1) != Some(&14) {
                op.verb = Verb::Other;
            }
        }
        90 => umas::describe(op, pdu),
        _ => {}
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

/// Read Device Identification response (REGISTRATION Application Protocol section 6.21).
fn identity(cx: &mut Context<'_>, pdu: &[u8]) {
    let mut r = Bytes::at(pdu, 6);
    let objects = r.u8().unwrap_or(0);
    for _ in 0..objects {
        let (Some(id), Some(len)) = (r.u8(), r.u8()) else { return };
        let Some(text) = r.take(usize::from(len)) else { return };
        let name = match id {
            0 => FieldName::DeviceVendor,
            1 | 4 | 5 => FieldName::DeviceModel,
            2 => FieldName::DeviceFirmware,
            _ => continue,
        };
        cx.about(Side::Server, name, &clean(text));
    }
}

fn function_of(code: u8) -> (Verb, &'static str) {
    match code {
        1 => (Verb::Read, "Read Coils"),
        2 => (Verb::Read, "Read Discrete Inputs"),
        3 => (Verb::Read, "Read Holding Registers"),
        4 => (Verb::Read, "Read Input Registers"),
        5 => (Verb::Write, "Write Single Coil"),
        6 => (Verb::Write, "Write Single Register"),
        7 => (Verb::Diagnose, "Read Exception Status"),
        8 => (Verb::Diagnose, "Diagnostics"),
        11 => (Verb::Diagnose, "Get Comm Event Counter"),
        12 => (Verb::Diagnose, "Get Comm Event Log"),
        15 => (Verb::Write, "Write Multiple Coils"),
        16 => (Verb::Write, "Write Multiple Registers"),
        17 => (Verb::Identify, "Report Server ID"),
        20 => (Verb::Read, "Read File Record"),
        21 => (Verb::Write, "Write File Record"),
        22 => (Verb::Write, "Mask Write Register"),
        23 => (Verb::Write, "Read/Write Multiple Registers"),
        24 => (Verb::Read, "Read FIFO Queue"),
        43 => (Verb::Identify, "Encapsulated Interface Transport"),
        90 => (Verb::Other, "UMAS"),
        _ => (Verb::Other, ""),
    }
}

fn exception(code: u32) -> &'static str {
    match code {
        1 => "Illegal Function",
        2 => "Illegal Data Address",
        3 => "Illegal Data Value",
        4 => "Server Device Failure",
        5 => "Acknowledge",
        6 => "Server Device Busy",
        7 => "Negative Acknowledge",
        8 => "Memory Parity Error",
        10 => "Gateway Path Unavailable",
        11 => "Gateway Target Device Failed to Respond",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Piece, drive};
    use crate::protocol::show;
    use hangtu_record::Transport;

    #[test]
    fn requests_meet_their_responses() {
        let (out, _) = drive(
            &REGISTRATION,
            Transport::Tcp,
            [
                (Side::Client, &[0, 1, 0, 0, 0, 6, 1, 3, 0, 40, 0, 2][..]),
                (Side::Server, &[0, 1, 0, 0, 0, 7, 1, 3, 4, 0, 1, 0, 2]),
                // Two requests in one segment; the second is refused, the third never answered.
                (
                    Side::Client,
                    &[0, 2, 0, 0, 0, 6, 1, 6, 0, 40, 1, 244, 0, 3, 0, 0, 0, 6, 1, 5, 0, 7, 255, 0],
                ),
                (Side::Server, &[0, 2, 0, 0, 0, 3, 1, 0x86, 2]),
                // Garbage, then a frame split over two segments.
                (Side::Client, &[9, 9, 9, 9, 9, 9, 9, 9, 9, 0, 4, 0, 0, 0, 11, 2]),
                (Side::Client, &[16, 0, 10, 0, 2, 4, 0, 5, 0, 6]),
                (Side::Server, &[0, 4, 0, 0, 0, 6, 2, 16, 0, 10, 0, 2]),
            ],
        );
        insta::assert_snapshot!(show(&out));
    }

    /// A write of one register, or the response to one.
    fn write(unit: u8, address: u8) -> [u8; 12] {
        [0, 0, 0, 0, 0, 6, unit, 6, 0, address, 0, 1]
    }

    /// The response that refuses a write.
    fn refuse(unit: u8) -> [u8; 9] {
        [0, 0, 0, 0, 0, 3, unit, 0x86, 2]
    }

    /// Address, outcome and delay of operations, by their packets.
    fn outcomes<'s, P: Into<Piece<'s>>>(
        segments: impl IntoIterator<Item = (Side, P)>,
    ) -> Vec<(u32, Outcome, Option<i64>)> {
        let (mut out, _) = drive(&REGISTRATION, Transport::Tcp, segments);
        let operations = &mut out.records.operations;
        operations.sort_by_key(|op| op.origin);
        operations.iter().map(|op| (op.address.unwrap_or(0), op.outcome, op.delay)).collect()
    }

    #[test]
    fn units_behind_a_gateway_and_requests_that_look_the_same_keep_their_outcomes() {
        let a = write(1, 10);
        for b in [write(2, 20), write(1, 20)] {
            let told = outcomes([
                (Side::Client, &a[..]),
                (Side::Client, &b[..]),
                (Side::Server, &refuse(1)[..]),
                (Side::Server, &b[..]),
            ]);
            let delay = Some(2_000_000);
            assert_eq!(told, [(10, Outcome::Error, delay), (20, Outcome::Success, delay)]);
        }
        // A server that says unit 0 for any.
        let told = outcomes([(Side::Client, &a[..]), (Side::Server, &write(0, 10)[..])]);
        assert_eq!(told, [(10, Outcome::Success, Some(1_000_000))]);
    }

    #[test]
    fn a_request_never_answered_shifts_no_outcome() {
        let (a, b, c) = (write(1, 10), write(1, 20), write(1, 30));
        let no = refuse(1);
        // Each piece comes a millisecond after the one before: 600 of them pass.
        let mut segments = vec![(Side::Client, Piece::Bytes(&a))];
        segments.extend([(Side::Client, Piece::Gap); 600]);
        segments.extend([
            (Side::Client, Piece::Bytes(&b)),
            (Side::Server, Piece::Bytes(&no)),
            (Side::Client, Piece::Bytes(&c)),
            (Side::Server, Piece::Bytes(&no)),
        ]);
        let (prompt, unanswered) = (Some(1_000_000), (10, Outcome::Unanswered, None));
        let refused = |address: u32| (address, Outcome::Error, prompt);
        assert_eq!(outcomes(segments), [unanswered, refused(20), refused(30)]);
        // Asked again at once, the address in the response tells.
        let told =
            outcomes([(Side::Client, &a[..]), (Side::Client, &b[..]), (Side::Server, &b[..])]);
        assert_eq!(told, [unanswered, (20, Outcome::Success, prompt)]);
    }
}
