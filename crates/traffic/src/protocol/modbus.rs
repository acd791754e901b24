//! Modbus/TCP (MODBUS Application Protocol V1.1b3, Messaging on TCP/IP V1.0b), and Schneider's UMAS
//! inside function 90.

mod frame;
mod identification;
mod request;
mod umas;

use self::frame::{HEADER, Header, header};
use crate::{
    bytes::Bytes,
    decode::{Context, Decoder, Pending, Registration, Side},
};
use hangtu_record::{Operation, Outcome, Seen, Verb};

/// Modbus/TCP.
pub(super) static REGISTRATION: Registration = Registration {
    name: "modbus",
    also: &[],
    industrial: true,
    tcp: true,
    udp: true,
    ports: &[502],
    probe: frame::probe,
    make: || Box::new(Modbus::default()),
};

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
        request::describe(&mut op, pdu);
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
            match h.function {
                // The response says again what was asked, of 15 and 16 without the values.
                5 | 6 | 8 | 15 | 16 | 21 | 22 => request::describe(&mut op, pdu),
                43 if pdu.get(1) != Some(&14) => op.verb = Verb::Other,
                _ => {}
            }
            op
        });
        if error {
            let code = u32::from(*pdu.get(1).unwrap_or(&0));
            // Acknowledge: it takes long, but it is done (V1.1b3 section 7).
            op.outcome = if code == 5 { Outcome::Success } else { Outcome::Error };
            op.error = Some(code);
            op.error_name = exception(code);
        } else {
            op.outcome = Outcome::Success;
            match function {
                // UMAS answers 0xfe for yes and 0xfd for no.
                90 if umas::function(pdu) == Some(0xfd) => op.outcome = Outcome::Error,
                43 if pdu.get(1) == Some(&14) => identification::objects(cx, pdu),
                17 => identification::server_id(cx, pdu),
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
mod tests;
