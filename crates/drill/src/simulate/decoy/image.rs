//! Pictures: BMP and PNG.

use crate::simulate::draw::Draw;
use flate2::{Compression, Crc, write::ZlibEncoder};
use std::io::Write;

/// Blocks of colour, as an operator's screen has them: little entropy.
pub(super) fn bmp(draw: &mut Draw, wish: usize) -> Vec<u8> {
    let width = 64_usize;
    let height = (wish.saturating_sub(54) / (width * 3)).clamp(8, 4000);
    let size = width * height * 3;
    let mut out = b"BM".to_vec();
    out.extend((54 + size as u32).to_le_bytes());
    out.extend([0; 4]);
    out.extend(54_u32.to_le_bytes());
    out.extend(40_u32.to_le_bytes());
    out.extend((width as i32).to_le_bytes());
    out.extend((height as i32).to_le_bytes());
    out.extend([1, 0, 24, 0]);
    out.extend([0; 4]);
    out.extend((size as u32).to_le_bytes());
    out.extend([0; 16]);
    let colours = draw.bytes(48);
    for y in 0..height {
        for x in 0..width {
            let at = (y / 8 * 7 + x / 16 * 3) % 16 * 3;
            out.extend(&colours[at..at + 3]);
        }
    }
    out
}

/// A photograph's noise over a gradient: packs badly, as photographs do.
pub(super) fn png(draw: &mut Draw, wish: usize) -> Vec<u8> {
    let width = 96_usize;
    let height = (wish.saturating_sub(80) / (width + 1)).clamp(8, 20_000);
    let noise = draw.bytes(width * height);
    let mut rows = Vec::with_capacity((width + 1) * height);
    for (y, row) in noise.chunks(width).enumerate() {
        rows.push(0);
        rows.extend(row.iter().enumerate().map(|(x, n)| (n & 0x7f).wrapping_add((x + y) as u8)));
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let _ = encoder.write_all(&rows);
    let mut header = Vec::with_capacity(13);
    header.extend((width as u32).to_be_bytes());
    header.extend((height as u32).to_be_bytes());
    // 8 bit grey, no filter but none, not interlaced.
    header.extend([8, 0, 0, 0, 0]);
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut out, *b"IHDR", &header);
    chunk(&mut out, *b"IDAT", &encoder.finish().unwrap_or_default());
    chunk(&mut out, *b"IEND", &[]);
    out
}

fn chunk(out: &mut Vec<u8>, name: [u8; 4], bytes: &[u8]) {
    out.extend((bytes.len() as u32).to_be_bytes());
    let mut crc = Crc::new();
    crc.update(&name);
    crc.update(bytes);
    out.extend(name);
    out.extend(bytes);
    out.extend(crc.sum().to_be_bytes());
}
