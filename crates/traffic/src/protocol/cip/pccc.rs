//! PCCC inside CIP service 0x4b on class 0x67 (Rockwell 1770-6.5.16): the older controllers'
//! command set.

use crate::{bytes::Bytes, decode::Short};
use hangtu_record::{Operation, Verb};

/// Reads requester id, command, status, transaction and function.
pub(super) fn request(op: &mut Operation, b: &[u8]) {
    let mut r = Bytes::new(b);
    let Some(len) = r.u8() else { return };
    if r.skip(usize::from(len).saturating_sub(1)).is_none() {
        return;
    }
    let (Some(command), Some(_), Some(_)) = (r.u8(), r.u8(), r.u16le()) else { return };
    let function = r.u8().unwrap_or(0);
    (op.verb, op.function) = match (command & 0x0f, function) {
        (0x06, 0x03) => (Verb::Identify, "PCCC Diagnostic Status"),
        (0x06, _) => (Verb::Diagnose, "PCCC Diagnostics"),
        (0x01, _) => (Verb::Read, "PCCC Unprotected Read"),
        (0x00 | 0x08, _) => (Verb::Write, "PCCC Write"),
        (0x0f, 0x00) => (Verb::Write, "PCCC Word Range Write"),
        (0x0f, 0x01) => (Verb::Read, "PCCC Word Range Read"),
        (0x0f, 0x02 | 0x26) => (Verb::Write, "PCCC Bit Write"),
        (0x0f, 0x11) => (Verb::Connect, "PCCC Get Edit Resource"),
        (0x0f, 0x12) => (Verb::Disconnect, "PCCC Return Edit Resource"),
        (0x0f, 0x17) => (Verb::Upload, "PCCC Read Bytes Physical"),
        (0x0f, 0x18) => (Verb::Download, "PCCC Write Bytes Physical"),
        (0x0f, 0x29) => (Verb::Read, "PCCC Read Section Size"),
        (0x0f, 0x3a | 0x80) => mode(r.rest().first().copied()),
        (0x0f, 0x41 | 0x42) => (Verb::Other, "PCCC Force"),
        (0x0f, 0x50) => (Verb::Download, "PCCC Download All Request"),
        (0x0f, 0x52) => (Verb::Download, "PCCC Download Completed"),
        (0x0f, 0x53) => (Verb::Upload, "PCCC Upload All Request"),
        (0x0f, 0x55) => (Verb::Upload, "PCCC Upload Completed"),
        (0x0f, 0x57) => (Verb::Configure, "PCCC Initialize Memory"),
        (0x0f, 0x5e) => (Verb::Write, "PCCC Write Section"),
        (0x0f, 0x67) => (Verb::Write, "PCCC Typed Write"),
        (0x0f, 0x68) => (Verb::Read, "PCCC Typed Read"),
        (0x0f, 0x79) => (Verb::Write, "PCCC Read Modify Write"),
        (0x0f, 0x81) => (Verb::Read, "PCCC Open File"),
        (0x0f, 0x82) => (Verb::Other, "PCCC Close File"),
        (0x0f, 0x88) => (Verb::Configure, "PCCC Execute Multiple Commands"),
        (0x0f, 0x8f) => (Verb::Configure, "PCCC Apply Port Configuration"),
        (0x0f, 0xa1 | 0xa2 | 0xa7) => (Verb::Read, "PCCC Protected Typed Read"),
        (0x0f, 0xa9 | 0xaa | 0xab | 0xaf) => (Verb::Write, "PCCC Protected Typed Write"),
        _ => (Verb::Other, "Execute PCCC"),
    };
    let mut object = Short::default();
    object.str("pccc command ").hex(command.into()).str(" function ").hex(function.into());
    op.object = object.text();
}

/// Change of the controller's mode (the byte that follows the function).
fn mode(value: Option<u8>) -> (Verb, &'static str) {
    match value {
        Some(0x06) => (Verb::Start, "PCCC Change Mode: Remote Run"),
        Some(0x01 | 0x00) => (Verb::Stop, "PCCC Change Mode: Remote Program"),
        _ => (Verb::Configure, "PCCC Change Mode"),
    }
}
