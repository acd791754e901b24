//! QR codes, as squares of an SVG and as a PNG.

use crate::error::Error;
use flate2::{Compression, Crc, write::ZlibEncoder};
use qrcode::{Color, QrCode};
use std::{fmt::Write as _, io::Write};

/// Squares of quiet around it, as readers expect.
const QUIET: usize = 4;
/// Side of a square in the PNG.
const SCALE: usize = 6;

/// A code.
pub(super) struct Qr {
    /// Squares to a side, the quiet ones included.
    pub(super) side: usize,
    dark: Vec<bool>,
}

impl Qr {
    pub(super) fn of(text: &str) -> Result<Self, Error> {
        let code = QrCode::new(text).map_err(Error::internal)?;
        let width = code.width();
        let side = width + 2 * QUIET;
        let mut dark = vec![false; side * side];
        for (at, color) in code.to_colors().into_iter().enumerate() {
            dark[(at / width + QUIET) * side + at % width + QUIET] = color == Color::Dark;
        }
        Ok(Self { side, dark })
    }

    /// The dark squares as an SVG path.
    pub(super) fn path(&self) -> String {
        let mut out = String::new();
        for (at, _) in self.dark.iter().enumerate().filter(|(_, dark)| **dark) {
            let _ = write!(out, "M{} {}h1v1h-1z", at % self.side, at / self.side);
        }
        out
    }

    /// A picture of grey values of one bit (PNG, RFC 2083).
    pub(super) fn png(&self) -> Result<Vec<u8>, Error> {
        let pixels = self.side * SCALE;
        let mut rows = Vec::with_capacity(pixels * (pixels / 8 + 2));
        for y in 0..pixels {
            rows.push(0);
            let dark = |x: usize| x < pixels && self.dark[y / SCALE * self.side + x / SCALE];
            for byte in 0..pixels.div_ceil(8) {
                // A set bit is white; the first pixel is the highest bit.
                let bits = (0..8).filter(|bit| !dark(byte * 8 + bit));
                rows.push(bits.fold(0u8, |all, bit| all | 0x80 >> bit));
            }
        }
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&rows)?;
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        let side = (pixels as u32).to_be_bytes();
        let head = [side.as_slice(), &side, &[1, 0, 0, 0, 0]].concat();
        for (name, body) in [(b"IHDR", head), (b"IDAT", packed.finish()?), (b"IEND", Vec::new())] {
            let mut sum = Crc::new();
            sum.update(name);
            sum.update(&body);
            png.extend((body.len() as u32).to_be_bytes());
            png.extend(name);
            png.extend(body);
            png.extend(sum.sum().to_be_bytes());
        }
        Ok(png)
    }
}
