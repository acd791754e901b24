//! Schneider UMAS, in Modbus function 90.

use compact_str::CompactString;
use hangtu_record::{Operation, Verb};

/// The function, or status of a response, behind the session: inside a signed message that of the message it holds.
pub(super) fn function(pdu: &[u8]) -> Option<u8> {
    // Number, 32 bytes of signature, then a message as it would stand alone.
    let signed = pdu.get(2) == Some(&0x38) && pdu.get(36) == Some(&90);
    pdu.get(if signed { 38 } else { 2 }).copied()
}

/// Schneider UMAS: session byte, then its own function (as published by Kaspersky ICS CERT, 2022). Its uploads go to
/// the controller, and its downloads come from there.
pub(super) fn describe(op: &mut Operation, pdu: &[u8]) {
    let Some(code) = function(pdu) else { return };
    op.object = CompactString::const_new("umas");
    op.address = Some(u32::from(code));
    (op.verb, op.function) = match code {
        0x01 => (Verb::Connect, "UMAS Init Communication"),
        0x02 => (Verb::Identify, "UMAS Read ID"),
        0x03 => (Verb::Identify, "UMAS Read Project Information"),
        0x04 => (Verb::Diagnose, "UMAS Read PLC Information"),
        0x06 => (Verb::Diagnose, "UMAS Read Card Information"),
        0x0a => (Verb::Diagnose, "UMAS Repeat"),
        0x10 => (Verb::Authenticate, "UMAS Take PLC Reservation"),
        0x11 => (Verb::Disconnect, "UMAS Release PLC Reservation"),
        0x12 => (Verb::Diagnose, "UMAS Keep Alive"),
        0x20 => (Verb::Read, "UMAS Read Memory Block"),
        0x21 => (Verb::Write, "UMAS Write Memory Block"),
        0x22 => (Verb::Read, "UMAS Read Variables"),
        0x23 => (Verb::Write, "UMAS Write Variables"),
        0x24 => (Verb::Read, "UMAS Read Coils and Registers"),
        0x25 => (Verb::Write, "UMAS Write Coils and Registers"),
        0x26 => (Verb::Other, "UMAS Data Dictionary"),
        0x30 => (Verb::Download, "UMAS Initialize Upload"),
        0x31 => (Verb::Download, "UMAS Upload Block"),
        0x32 => (Verb::Download, "UMAS End Upload"),
        0x33 => (Verb::Upload, "UMAS Initialize Download"),
        0x34 => (Verb::Upload, "UMAS Download Block"),
        0x35 => (Verb::Upload, "UMAS End Download"),
        0x39 => (Verb::Read, "UMAS Read Ethernet Master Data"),
        0x40 => (Verb::Start, "UMAS Start PLC"),
        0x41 => (Verb::Stop, "UMAS Stop PLC"),
        0x50 => (Verb::Subscribe, "UMAS Monitor PLC"),
        0x58 => (Verb::Diagnose, "UMAS Check PLC"),
        0x6e => (Verb::Authenticate, "UMAS Exchange Nonces"),
        0x70 => (Verb::Read, "UMAS Read I/O Object"),
        0x71 => (Verb::Write, "UMAS Write I/O Object"),
        0x73 => (Verb::Diagnose, "UMAS Get Status Module"),
        _ => (Verb::Other, "UMAS"),
    };
}
