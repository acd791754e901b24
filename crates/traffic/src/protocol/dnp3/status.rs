//! What the objects of a response say of how the request ended: the indications need not.

use super::objects::Header;
use crate::bytes::Bytes;

/// How a request ended, where the objects of the response say so.
#[derive(Default)]
pub(super) struct Status {
    /// The first that is none of success, with its name.
    pub(super) error: Option<(u32, &'static str)>,
    /// Whether an object was carried out.
    pub(super) agreed: bool,
}

impl Status {
    fn add(&mut self, code: u8, name: fn(u8) -> &'static str) {
        if code == 0 {
            self.agreed = true;
        } else if self.error.is_none() {
            self.error = Some((u32::from(code), name(code)));
        }
    }

    /// Reads the objects of a response to that function, until one that says nothing or is broken.
    pub(super) fn read(asked: u32, mut r: Bytes<'_>) -> Self {
        let mut status = Self::default();
        while status.header(asked, &mut r).is_some() {}
        status
    }

    fn header(&mut self, asked: u32, r: &mut Bytes<'_>) -> Option<()> {
        let mut header = Header::read(r)?;
        header.range(r)?;
        match (header.group, header.variation) {
            // Select, Operate and Direct Operate come back, each object with its status last
            // (IEEE 1815 chapter 4). Where the request was not captured, nothing else brings
            // these groups.
            (12 | 41, _) if matches!(asked, 3..=5 | 129) => {
                let size = header.size()?;
                for _ in 0..header.count? {
                    self.add(*header.object(r, size)?.last()? & 0x7f, control);
                }
                Some(())
            }
            // Status of a file, and of its transport, behind handle, size, block size and request
            // or handle and block.
            (70, variation @ (4 | 6)) => {
                let at = if variation == 4 { 12 } else { 8 };
                self.add(*header.object(r, 0)?.get(at)?, file);
                None
            }
            // Behind challenge, user and association.
            (120, 7) => {
                let error = *header.object(r, 0)?.get(8)?;
                self.error = Some((u32::from(error), authentication(error)));
                None
            }
            _ => None,
        }
    }
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
