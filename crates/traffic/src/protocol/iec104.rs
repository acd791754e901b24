//! IEC 60870-5-104: APDUs over TCP and the ASDUs in them (IEC 60870-5-101/104 chapter 7).

mod asdu;
#[cfg(test)]
mod tests;

use crate::decode::{Context, Decoder, Peek, Registration, Side, Verdict};

/// IEC 60870-5-104.
pub(super) static REGISTRATION: Registration = Registration {
    name: "iec104",
    also: &[],
    industrial: true,
    tcp: true,
    udp: false,
    ports: &[2404],
    probe,
    make: || Box::new(Iec104::default()),
};

/// Start, length, four control octets.
const HEADER: usize = 6;
/// Type identification, qualifier, two octets each of cause and common address.
const ASDU: usize = 6;

/// Size of the APDU that starts here, when its control octets make sense.
fn apdu(b: &[u8]) -> Option<usize> {
    let head = b.get(..HEADER)?;
    let length = usize::from(head[1]);
    if head[0] != 0x68 || !(4..=253).contains(&length) {
        return None;
    }
    let fits = match head[2] & 3 {
        // I-format: an ASDU with at least one object. Type 0 is not used; from 128 on they are
        // private (IEC 60870-5-101 section 7.2.1).
        0 | 2 => length >= 4 + ASDU && head[4] & 1 == 0 && b.get(HEADER).is_none_or(|t| *t != 0),
        // S-format: only a receive number.
        1 => length == 4 && head[2] == 1 && head[3] == 0 && head[4] & 1 == 0,
        // U-format: exactly one function.
        _ => {
            length == 4
                && matches!(head[2], 0x07 | 0x0b | 0x13 | 0x23 | 0x43 | 0x83)
                && head[3..6] == [0, 0, 0]
        }
    };
    fits.then_some(2 + length)
}

/// Whether an APDU that carries an ASDU carries one of a defined type, as far as it shows.
fn known(b: &[u8]) -> bool {
    b[2] & 1 == 1 || b.get(HEADER).is_none_or(|t| asdu::known(*t))
}

fn probe(peek: Peek<'_>) -> Verdict {
    let b = peek.bytes;
    if b.len() < HEADER {
        return if b.first() == Some(&0x68) && peek.by_port.is_some() {
            Verdict::More
        } else {
            Verdict::No
        };
    }
    let Some(size) = apdu(b) else { return Verdict::No };
    // Elsewhere than on port 2404 whole APDUs must follow each other to the end of the segment.
    if peek.by_port.is_none() {
        let mut rest = b;
        while !rest.is_empty() {
            match apdu(rest) {
                Some(size) if size <= rest.len() && known(rest) => rest = &rest[size..],
                _ => return Verdict::No,
            }
        }
    }
    let who = match b[2] & 3 {
        0 | 2 if b.len() >= size => asdu::sender(&b[HEADER..size]),
        3 => match b[2] {
            0x07 | 0x13 => Some(Side::Client),
            0x0b | 0x23 => Some(Side::Server),
            _ => None,
        },
        _ => None,
    };
    Verdict::Yes(who.or(peek.by_port))
}

#[derive(Default)]
struct Iec104 {
    waiting: asdu::Waiting,
}

impl Decoder for Iec104 {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        if bytes.len() < HEADER {
            return 0;
        }
        let Some(size) = apdu(bytes) else {
            cx.unreadable("iec104");
            let starts = |b: &[u8]| apdu(b).is_some() && known(b);
            let next = (1..=bytes.len() - HEADER).find(|i| starts(&bytes[*i..]));
            return next.unwrap_or(bytes.len() - HEADER + 1);
        };
        let Some(body) = bytes.get(HEADER..size) else { return 0 };
        if matches!(bytes[2] & 3, 0 | 2) && asdu::read(cx, &mut self.waiting, from, body).is_none()
        {
            cx.unreadable("iec104");
        }
        size
    }

    fn end(&mut self, cx: &mut Context<'_>) {
        self.waiting.flush(cx);
    }
}
