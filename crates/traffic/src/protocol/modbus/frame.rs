//! The frame of Modbus/TCP (Messaging on TCP/IP V1.0b, section 3.1.3), and how it is recognised.

use crate::{
    bytes::Bytes,
    decode::{Peek, Side, Verdict},
};

/// Header: transaction, protocol 0, length of what follows, unit.
pub(super) const HEADER: usize = 7;
/// Largest length field: unit and a PDU of 253 bytes; some devices go a little beyond.
const MAX_LENGTH: usize = 260;

pub(super) struct Header {
    pub(super) transaction: u16,
    pub(super) unit: u8,
    pub(super) function: u8,
    /// Whole frame.
    pub(super) size: usize,
}

pub(super) fn header(b: &[u8]) -> Option<Header> {
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

/// Whether a PDU fits its function as a request and as a response (Application Protocol V1.1b3,
/// section 6).
fn fits(pdu: &[u8]) -> (bool, bool) {
    let len = pdu.len();
    let at = |i: usize| usize::from(*pdu.get(i).unwrap_or(&0));
    let counted = len >= 2 && len == 2 + at(1);
    let both = |fit: bool| (fit, fit);
    match pdu[0] {
        1 | 2 => (len == 5, counted),
        3 | 4 => (len == 5, counted && at(1).is_multiple_of(2)),
        5 => both(matches!(pdu, [_, _, _, 0 | 0xff, 0])),
        6 => both(len == 5),
        15 | 16 => (len >= 6 && len == 6 + at(5), len == 5),
        22 => both(len == 7),
        23 => (len >= 10 && len == 10 + at(9), counted),
        7 | 11 | 12 | 17 => (len == 1, len >= 2),
        // Only subfunction 0 sends any number of words; 20 is the last of those defined.
        8 => both(
            !len.is_multiple_of(2)
                && at(1) == 0
                && (len == 5 && at(2) <= 20 || len > 5 && at(2) == 0),
        ),
        20 => (counted && groups(pdu, false), counted && answered(pdu)),
        21 => both(counted && groups(pdu, true)),
        24 => (len == 3, len >= 5 && len == 3 + at(1) * 256 + at(2)),
        43 => (len == 4 && at(1) == 14, len >= 7 && at(1) == 14),
        0x81..=0xff => (false, len == 2),
        _ => (false, false),
    }
}

/// Whether groups of a file record request (reference type 6, file, record, length) fill it, each
/// with as many registers as its length says where those are written.
fn groups(pdu: &[u8], written: bool) -> bool {
    let mut r = Bytes::at(pdu, 2);
    while let Some([reference, _, _, _, _, high, low]) = r.array::<7>() {
        let data = if written { 2 * usize::from(u16::from_be_bytes([high, low])) } else { 0 };
        if reference != 6 || r.skip(data).is_none() {
            return false;
        }
    }
    pdu.len() > 2 && r.is_empty()
}

/// Whether groups of a file record response (size, reference type 6, registers) fill it.
fn answered(pdu: &[u8]) -> bool {
    let mut r = Bytes::at(pdu, 2);
    while let Some(size) = r.u8() {
        let group = r.take(usize::from(size));
        if size.is_multiple_of(2) || group.is_none_or(|g| g.first() != Some(&6)) {
            return false;
        }
    }
    pdu.len() > 2
}

pub(super) fn probe(peek: Peek<'_>) -> Verdict {
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
        // Most writes are answered by themselves: the handshake or the ports tell who asks.
        (true, true) => Verdict::Yes(None),
        (false, false) => Verdict::No,
    }
}
