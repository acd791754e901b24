//! ZIP archives (APPNOTE 6.3.10), as small as office files need: parts deflated, no extras, and the
//! same bytes for the same parts.

use flate2::{Compression, Crc, write::DeflateEncoder};
use std::io::Write;

#[derive(Default)]
pub(super) struct Zip {
    out: Vec<u8>,
    directory: Vec<u8>,
    parts: u16,
}

/// 1 March 2026, 08:00: where reading programs show a date, it is a plausible one.
const WHEN: [u8; 4] = [0x00, 0x40, 0x61, 0x5c];

impl Zip {
    pub(super) fn part(&mut self, name: &str, bytes: &[u8]) {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        // Writing into memory does not fail.
        let _ = encoder.write_all(bytes);
        let packed = encoder.finish().unwrap_or_default();
        let mut crc = Crc::new();
        crc.update(bytes);
        let mut common = Vec::with_capacity(26);
        // Version 2.0; names are UTF-8; deflated.
        common.extend([20, 0, 0x00, 0x08, 8, 0]);
        common.extend(WHEN);
        common.extend(crc.sum().to_le_bytes());
        common.extend((packed.len() as u32).to_le_bytes());
        common.extend((bytes.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        let offset = self.out.len() as u32;
        self.out.extend(b"PK\x03\x04");
        self.out.extend(&common);
        self.out.extend(name.as_bytes());
        self.out.extend(packed);
        self.directory.extend(b"PK\x01\x02\x14\0");
        self.directory.extend(&common);
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.parts += 1;
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let (start, length) = (self.out.len() as u32, self.directory.len() as u32);
        self.out.append(&mut self.directory);
        self.out.extend(b"PK\x05\x06\0\0\0\0");
        self.out.extend(self.parts.to_le_bytes());
        self.out.extend(self.parts.to_le_bytes());
        self.out.extend(length.to_le_bytes());
        self.out.extend(start.to_le_bytes());
        self.out.extend([0, 0]);
        self.out
    }
}
