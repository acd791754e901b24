//! PCCC inside CIP service 0x4b on class 0x67 (Rockwell 1770-6.5.16): the older controllers'
//! command set.

use crate::{bytes::Bytes, decode::Short};
use hangtu_record::{Operation, Outcome, Verb};

/// Command, status, and what follows the transaction number, behind the requester id.
fn head(b: &[u8]) -> Option<(u8, u8, Bytes<'_>)> {
    let mut r = Bytes::new(b);
    let len = r.u8()?;
    r.skip(usize::from(len).saturating_sub(1))?;
    let (command, status) = (r.u8()?, r.u8()?);
    r.u16le()?;
    Some((command, status, r))
}

/// Reads a request's command and function.
pub(super) fn request(op: &mut Operation, b: &[u8]) {
    let Some((command, _, mut r)) = head(b) else { return };
    let function = r.u8().unwrap_or(0);
    (op.verb, op.function) = match (command & 0x0f, function) {
        (0x06, 0x03) => (Verb::Identify, "PCCC Diagnostic Status"),
        (0x06, 0x02 | 0x04..=0x06 | 0x08 | 0x0a) => (Verb::Configure, "PCCC Set Link Parameters"),
        (0x06, _) => (Verb::Diagnose, "PCCC Diagnostics"),
        (0x07, 0x00) => (Verb::Stop, "PCCC Disable Outputs"),
        (0x07, 0x01) => (Verb::Start, "PCCC Enable Outputs"),
        (0x07, 0x03) => (Verb::Start, "PCCC Enable Scanning"),
        (0x07, 0x04) => (Verb::Download, "PCCC Enter Download Mode"),
        (0x07, 0x05) => (Verb::Other, "PCCC Exit Download/Upload Mode"),
        (0x07, 0x06) => (Verb::Upload, "PCCC Enter Upload Mode"),
        (0x02 | 0x05, _) => (Verb::Write, "PCCC Bit Write"),
        (0x01, _) => (Verb::Read, "PCCC Unprotected Read"),
        (0x00 | 0x08, _) => (Verb::Write, "PCCC Write"),
        (0x0f, 0x00) => (Verb::Write, "PCCC Word Range Write"),
        (0x0f, 0x01) => (Verb::Read, "PCCC Word Range Read"),
        (0x0f, 0x02 | 0x26) => (Verb::Write, "PCCC Bit Write"),
        (0x0f, 0x03) => (Verb::Write, "PCCC File Write"),
        (0x0f, 0x04) => (Verb::Read, "PCCC File Read"),
        (0x0f, 0x05) => (Verb::Download, "PCCC Download Request"),
        (0x0f, 0x06) => (Verb::Upload, "PCCC Upload"),
        (0x0f, 0x07) => (Verb::Stop, "PCCC Shutdown"),
        (0x0f, 0x08) => (Verb::Write, "PCCC Physical Write"),
        (0x0f, 0x09) => (Verb::Read, "PCCC Physical Read"),
        (0x0f, 0x0a) => (Verb::Restart, "PCCC Restart Request"),
        (0x0f, 0x11) => (Verb::Connect, "PCCC Get Edit Resource"),
        (0x0f, 0x12) => (Verb::Disconnect, "PCCC Return Edit Resource"),
        (0x0f, 0x17) => (Verb::Upload, "PCCC Read Bytes Physical"),
        (0x0f, 0x18) => (Verb::Download, "PCCC Write Bytes Physical"),
        (0x0f, 0x29) => (Verb::Read, "PCCC Read Section Size"),
        (0x0f, 0x3a) => cpu_mode(r.u8()),
        (0x0f, 0x40) => (Verb::Write, "PCCC Enable Forces"),
        (0x0f, 0x41) => (Verb::Write, "PCCC Disable Forces"),
        (0x0f, 0x42) => (Verb::Write, "PCCC Force"),
        (0x0f, 0x50) => (Verb::Download, "PCCC Download All Request"),
        (0x0f, 0x52) => (Verb::Download, "PCCC Download Completed"),
        (0x0f, 0x53) => (Verb::Upload, "PCCC Upload All Request"),
        (0x0f, 0x55) => (Verb::Upload, "PCCC Upload Completed"),
        (0x0f, 0x57) => (Verb::Configure, "PCCC Initialize Memory"),
        (0x0f, 0x5e) => (Verb::Configure, "PCCC Modify PLC-2 Compatibility File"),
        (0x0f, 0x67) => (Verb::Write, "PCCC Typed Write"),
        (0x0f, 0x68) => (Verb::Read, "PCCC Typed Read"),
        (0x0f, 0x79) => (Verb::Write, "PCCC Read Modify Write"),
        (0x0f, 0x80) => mode(r.u8()),
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
    // The instance is that of the object that executes the command.
    op.address = None;
}

/// Reads a response's status: CIP carried the command, the controller may still have refused it. In
/// 0xf0 an extended status follows (chapter 8).
pub(super) fn answered(op: &mut Operation, b: &[u8]) {
    let Some((_, status, mut r)) = head(b) else { return };
    if status == 0 {
        return;
    }
    let extended = if status == 0xf0 { r.u8().unwrap_or(0) } else { 0 };
    op.outcome = Outcome::Error;
    op.error = Some(u32::from(status) | u32::from(extended) << 8);
    op.error_name = if extended == 0 { status_name(status) } else { extended_name(extended) };
}

/// Change of an SLC's mode (the byte that follows the function). Tests leave the outputs off.
fn mode(value: Option<u8>) -> (Verb, &'static str) {
    match value {
        Some(0x06) => (Verb::Start, "PCCC Change Mode: Remote Run"),
        Some(0x01 | 0x00) => (Verb::Stop, "PCCC Change Mode: Remote Program"),
        Some(0x07..=0x09) => (Verb::Stop, "PCCC Change Mode: Remote Test"),
        _ => (Verb::Configure, "PCCC Change Mode"),
    }
}

/// The same of a PLC-5 or a MicroLogix 1000, which do not agree on what 1 means.
fn cpu_mode(value: Option<u8>) -> (Verb, &'static str) {
    match value {
        Some(0x00) => (Verb::Stop, "PCCC Set CPU Mode: Remote Program"),
        Some(0x01) => (Verb::Stop, "PCCC Set CPU Mode: Remote Program or Test"),
        Some(0x02) => (Verb::Start, "PCCC Set CPU Mode: Remote Run"),
        _ => (Verb::Configure, "PCCC Set CPU Mode"),
    }
}

/// STS: of the node that is asked in the high half, of links on the way in the low half.
fn status_name(status: u8) -> &'static str {
    match status {
        0x01 => "Destination node is out of buffer space",
        0x02 => "Cannot guarantee delivery",
        0x03 => "Duplicate token holder detected",
        0x04 => "Local port is disconnected",
        0x05 => "Timed out waiting for a response",
        0x06 => "Duplicate node detected",
        0x07 => "Station is offline",
        0x08 => "Hardware fault",
        0x10 => "Illegal command or format",
        0x20 => "Host will not communicate",
        0x30 => "Remote node host is missing, disconnected or shut down",
        0x40 => "Hardware fault of the host",
        0x50 => "Addressing problem or memory protect rungs",
        0x60 => "Function not allowed: command protection",
        0x70 => "Processor is in Program mode",
        0x80 => "Compatibility mode file missing",
        0x90 => "Remote node cannot buffer command",
        0xa0 | 0xc0 => "Wait ACK",
        0xb0 => "Remote node problem due to download",
        _ => "",
    }
}

/// EXT STS of command 0x0f.
fn extended_name(status: u8) -> &'static str {
    match status {
        0x01 => "A field has an illegal value",
        0x02 => "Too few levels in address",
        0x03 => "Too many levels in address",
        0x04 => "Symbol not found",
        0x05 => "Symbol is of improper format",
        0x06 => "Address does not point to something usable",
        0x07 => "File is wrong size",
        0x08 => "Situation has changed since the start of the command",
        0x09 => "Data or file is too large",
        0x0a => "Transaction size plus word address is too large",
        0x0b => "Access denied, improper privilege",
        0x0c => "Resource is not available",
        0x0d => "Resource is already available",
        0x0e => "Command cannot be executed",
        0x0f => "Histogram overflow",
        0x10 => "No access",
        0x11 => "Illegal data type",
        0x12 => "Invalid parameter or data",
        0x13 => "Address reference exists to deleted area",
        0x14 => "Command execution failure",
        0x15 => "Data conversion error",
        0x16 => "Scanner cannot communicate with rack adapter",
        0x17 => "Type mismatch",
        0x18 => "Module response was not valid",
        0x19 => "Duplicated label",
        0x1a => "File is open; another node owns it",
        0x1b => "Another node is the program owner",
        0x1e => "Data table element protection violation",
        0x1f => "Temporary internal problem",
        0x22 => "Remote rack fault",
        0x23 => "Timeout",
        0x24 => "Unknown error",
        _ => "",
    }
}
