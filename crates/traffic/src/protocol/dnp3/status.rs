//! What the objects of a response say of how the request ended: the indications need not.

use super::objects::Header;
use crate::bytes::Bytes;

/// The first status that is none of success, with its name; of a response to that function.
pub(super) fn of(asked: u32, mut r: Bytes<'_>) -> Option<(u32, &'static str)> {
    while let Some(mut header) = Header::read(&mut r) {
        header.range(&mut r)?;
        match (header.group, header.variation) {
            // Select, Operate and Direct Operate come back, each object with its status last
            // (IEEE 1815 chapter 4). Where the request was not captured, nothing else brings
            // these groups.
            (12 | 41, _) if matches!(asked, 3..=5 | 129) => {
                let size = header.size()?;
                for _ in 0..header.count? {
                    let status = *header.object(&mut r, size)?.last()? & 0x7f;
                    if status != 0 {
                        return Some((u32::from(status), control(status)));
                    }
                }
            }
            // Status of a file, and of its transport, behind handle, size, block size and request
            // or handle and block.
            (70, variation @ (4 | 6)) => {
                let at = if variation == 4 { 12 } else { 8 };
                let status = *header.object(&mut r, 0)?.get(at)?;
                return (status != 0).then(|| (u32::from(status), file(status)));
            }
            // Behind challenge, user and association.
            (120, 7) => {
                let error = *header.object(&mut r, 0)?.get(8)?;
                return Some((u32::from(error), authentication(error)));
            }
            _ => return None,
        }
    }
    None
}

/// Status of a control (IEEE 1815 annex A, group 12).
fn control(status: u8) -> &'static str {
    match status {
        1 => "Timeout",
        2 => "No select",
        3 => "Format error",
        4 => "Not supported",
        5 => "Already active",
        6 => "Hardware error",
        7 => "Local",
        8 => "Too many operations",
        9 => "Not authorized",
        10 => "Automation inhibit",
        11 => "Processing limited",
        12 => "Out of range",
        13 => "Downstream local",
        14 => "Already complete",
        15 => "Blocked",
        16 => "Cancelled",
        17 => "Blocked other master",
        18 => "Downstream fail",
        126 => "Non participating",
        127 => "Undefined",
        _ => "",
    }
}

/// Status of a file command and of file transport (IEEE 1815 annex A, group 70).
fn file(status: u8) -> &'static str {
    match status {
        1 => "Permission denied",
        2 => "Invalid mode",
        3 => "File not found",
        4 => "File locked",
        5 => "Too many open",
        6 => "Invalid handle",
        7 => "Write block size",
        8 => "Communication lost",
        9 => "Cannot abort",
        16 => "Not opened",
        17 => "Handle expired",
        18 => "Buffer overrun",
        19 => "Fatal",
        20 => "Block sequence",
        255 => "Undefined",
        _ => "",
    }
}

/// Authentication error (IEEE 1815 annex A, g120v7).
fn authentication(error: u8) -> &'static str {
    match error {
        1 => "Authentication failed",
        4 => "Aggressive mode not permitted",
        5 => "MAC algorithm not permitted",
        6 => "Key wrap algorithm not permitted",
        7 => "Authorization failed",
        8 => "Update key change method not permitted",
        9 => "Invalid signature",
        10 => "Invalid certification data",
        11 => "Unknown user",
        12 => "Max session key status requests exceeded",
        _ => "",
    }
}
