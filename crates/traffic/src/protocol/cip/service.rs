//! Names and verbs of CIP services; names of general statuses and vendors.

use super::path::Target::{self, Class, Tag};
use hangtu_record::Verb;

/// Classes that are parts of a Logix project: programs, modules, symbols (0x6b), templates (0x6c), tasks. Rockwell
/// publishes two of them (1756-PM020); the others show in captures of its engineering software.
fn is_project(class: u32) -> bool {
    matches!(class, 0x68..=0x6c | 0x70)
}

/// Classes whose attributes are settings and no values of the process (CIP volume 1, table 4-1): identity, router,
/// connections, DLR, QoS, security, networks; of Logix the controller and what its project is loaded with.
fn is_setting(class: u32) -> bool {
    matches!(
        class,
        1..=3 | 5 | 6 | 0x47 | 0x48 | 0x5d..=0x5f | 0x64 | 0x67 | 0x6f | 0x77 | 0x8e | 0xa2 | 0xa3 | 0xf0..=0xf7
    )
}

/// Whether it sets attributes.
fn sets(code: u8) -> bool {
    matches!(code, 0x02 | 0x04 | 0x10)
}

/// Verb and name of a service on what it addresses (CIP volume 1, appendix A; Rockwell 1756-PM020
/// for tags).
pub(super) fn service(code: u8, target: Target) -> (Verb, &'static str) {
    match (target, code) {
        // Connection manager.
        (Class(6), 0x4e) => (Verb::Disconnect, "Forward Close"),
        (Class(6), 0x52) => (Verb::Other, "Unconnected Send"),
        (Class(6), 0x54) => (Verb::Connect, "Forward Open"),
        (Class(6), 0x5b) => (Verb::Connect, "Large Forward Open"),
        (Class(6), 0x5a) => (Verb::Diagnose, "Get Connection Owner"),
        // File object (CIP volume 1, 5A-42): configuration and program files.
        (Class(0x37), 0x4b) => (Verb::Upload, "Initiate Upload"),
        (Class(0x37), 0x4c) => (Verb::Download, "Initiate Download"),
        (Class(0x37), 0x4d) => (Verb::Upload, "Initiate Partial Read"),
        (Class(0x37), 0x4e) => (Verb::Download, "Initiate Partial Write"),
        (Class(0x37), 0x4f) => (Verb::Upload, "Upload Transfer"),
        (Class(0x37), 0x50) => (Verb::Download, "Download Transfer"),
        (Class(0x37), 0x51) => (Verb::Delete, "Clear File"),
        // Rockwell non-volatile storage: firmware.
        (Class(0xa1), 0x4b..=0x5f) => (Verb::Firmware, "Update non-volatile storage"),
        (Class(0x67), 0x4b) => (Verb::Other, "Execute PCCC"),
        // Parts of a Logix project.
        (Class(class), 0x08) if is_project(class) => (Verb::Download, "Create"),
        (Class(0x68 | 0x6a), 0x4f) => (Verb::Upload, "Upload of a program's part"),
        (Class(0x68 | 0x6a), 0x50) => (Verb::Download, "Download of a program's part"),
        (Class(0x6c), 0x4d) => (Verb::Download, "Write Template"),
        (Class(class), _) if is_project(class) && sets(code) => (Verb::Download, common(code).1),
        // Time Sync, and the clock of Logix.
        (Class(0x43 | 0x8b), _) if sets(code) => (Verb::SetTime, common(code).1),
        // Engineering software writes down here that it works on the controller, even to read.
        (Class(0xac), _) if sets(code) => (Verb::Other, common(code).1),
        (Class(class), _) if is_setting(class) && sets(code) => (Verb::Configure, common(code).1),
        // What an operator station wants to see, to be read with one request.
        (Class(0x72 | 0xb2), 0x08) => (Verb::Subscribe, "Create"),
        (Class(0x72 | 0xb2), 0x05 | 0x09) => (Verb::Unsubscribe, common(code).1),
        // Of the device, but not of one object in it.
        (Class(class), 0x05) if !matches!(class, 1 | 0x8e) => (Verb::Configure, "Reset"),
        // The controller of Logix is taken, to change its mode or project, and given back.
        (Class(0x8e), 0x4b) => (Verb::Connect, "Lock Controller"),
        (Class(0x8e), 0x4c) => (Verb::Disconnect, "Unlock Controller"),
        // Safety supervisor (CIP volume 5).
        (Class(0x39), 0x4c | 0x4f | 0x50 | 0x52 | 0x53 | 0x56..=0x59) => {
            (Verb::Configure, "Safety Supervisor")
        }
        (Class(0x39), 0x4e) => (Verb::Diagnose, "Safety Supervisor: diagnose"),
        (Class(0x39), 0x51 | 0x55) => (Verb::Authenticate, "Safety Supervisor: password"),
        (Class(0x39), 0x54) => (Verb::Restart, "Safety Reset"),
        // DLR and Ethernet link (CIP volume 2, chapter 5): no tags either.
        (Class(0x47), 0x4b..=0x4d) => (Verb::Configure, "Ring supervision"),
        (Class(0xf6), 0x4c) => (Verb::Diagnose, "Get and Clear"),
        (_, 0x54) => (Verb::Connect, "Forward Open"),
        (_, 0x5b) => (Verb::Connect, "Large Forward Open"),
        // The identity object, and everything else.
        (Class(1), 0x01 | 0x0e | 0x03) => (Verb::Identify, common(code).1),
        (_, 0x4c) => (Verb::Read, "Read Tag"),
        (_, 0x4d) => (Verb::Write, "Write Tag"),
        (Tag | Class(_), 0x4e) => (Verb::Write, "Read Modify Write Tag"),
        (_, 0x52) => (Verb::Read, "Read Tag Fragmented"),
        (_, 0x53) => (Verb::Write, "Write Tag Fragmented"),
        (_, 0x55) => (Verb::Read, "Get Instance Attribute List"),
        _ => common(code),
    }
}

fn common(code: u8) -> (Verb, &'static str) {
    match code {
        0x01 => (Verb::Read, "Get Attributes All"),
        0x02 => (Verb::Write, "Set Attributes All"),
        0x03 => (Verb::Read, "Get Attribute List"),
        0x04 => (Verb::Write, "Set Attribute List"),
        0x05 => (Verb::Restart, "Reset"),
        0x06 => (Verb::Start, "Start"),
        0x07 => (Verb::Stop, "Stop"),
        0x08 => (Verb::Configure, "Create"),
        0x09 => (Verb::Delete, "Delete"),
        0x0a => (Verb::Other, "Multiple Service Packet"),
        0x0d => (Verb::Configure, "Apply Attributes"),
        0x0e => (Verb::Read, "Get Attribute Single"),
        0x10 => (Verb::Write, "Set Attribute Single"),
        0x11 => (Verb::Read, "Find Next Object Instance"),
        0x15 => (Verb::Configure, "Restore"),
        0x16 => (Verb::Configure, "Save"),
        0x17 => (Verb::Other, "No Operation"),
        0x18 => (Verb::Read, "Get Member"),
        0x19 => (Verb::Write, "Set Member"),
        0x1a => (Verb::Configure, "Insert Member"),
        0x1b => (Verb::Delete, "Remove Member"),
        0x1c => (Verb::Other, "Group Sync"),
        _ => super::UNKNOWN,
    }
}

/// General status (CIP volume 1, table B-1.1).
pub(super) fn status(code: u8) -> &'static str {
    match code {
        0x01 => "Connection failure",
        0x02 => "Resource unavailable",
        0x03 => "Invalid parameter value",
        0x04 => "Path segment error",
        0x05 => "Path destination unknown",
        0x06 => "Partial transfer",
        0x07 => "Connection lost",
        0x08 => "Service not supported",
        0x09 => "Invalid attribute value",
        0x0a => "Attribute list error",
        0x0b => "Already in requested mode/state",
        0x0c => "Object state conflict",
        0x0d => "Object already exists",
        0x0e => "Attribute not settable",
        0x0f => "Privilege violation",
        0x10 => "Device state conflict",
        0x11 => "Reply data too large",
        0x13 => "Not enough data",
        0x14 => "Attribute not supported",
        0x15 => "Too much data",
        0x16 => "Object does not exist",
        0x1a => "Routing failure: request too large",
        0x1e => "Embedded service error",
        0x1f => "Vendor specific error",
        0x20 => "Invalid parameter",
        0x26 => "Path size invalid",
        _ => "",
    }
}

/// Makers met most often, by the vendor ids that ODVA gives out.
pub(super) fn vendor(id: u16) -> Option<&'static str> {
    Some(match id {
        1 => "Rockwell Automation/Allen-Bradley",
        2 => "Namco Controls",
        5 => "Rockwell Automation/Reliance Electric",
        26 => "Festo",
        34 => "Hohner",
        40 => "WAGO",
        46 => "ABB",
        47 => "Omron",
        90 => "HMS Industrial Networks",
        108 => "Beckhoff Automation",
        145 => "Siemens",
        161 => "Mitsubishi Electric",
        243 => "Schneider Electric",
        250 => "Yokogawa Electric",
        252 => "Omron Software",
        283 => "Hilscher",
        562 => "Phoenix Contact",
        _ => return None,
    })
}
