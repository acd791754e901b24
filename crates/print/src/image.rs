//! The little that must be known of a PNG before it is believed.

use crate::{Block, Document, Image, PrintError};

/// Pixels on a side, and in all: what decodes to some 100 MB at most.
const SIDE: u32 = 8192;
const PIXELS: u64 = 24_000_000;

/// The images of a document, each with its width and height.
pub(crate) fn sizes(document: &Document) -> Result<Vec<(&Image, u32, u32)>, PrintError> {
    let images = document.blocks.iter().filter_map(|block| match block {
        Block::Image(image) => Some(image),
        _ => None,
    });
    let sized = images.enumerate().map(|(at, image)| {
        let (width, height) =
            size(&image.png).map_err(|why| PrintError::Image { number: at + 1, why })?;
        Ok((image, width, height))
    });
    sized.collect()
}

fn size(png: &[u8]) -> Result<(u32, u32), &'static str> {
    let rest = png.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").ok_or("not a PNG file")?;
    let (width, rest) = rest.split_first_chunk().ok_or("not a PNG file")?;
    let (height, _) = rest.split_first_chunk().ok_or("not a PNG file")?;
    let (width, height) = (u32::from_be_bytes(*width), u32::from_be_bytes(*height));
    if width == 0 || height == 0 {
        return Err("it has no pixels");
    }
    if width > SIDE || height > SIDE || u64::from(width) * u64::from(height) > PIXELS {
        return Err("it has too many pixels");
    }
    Ok((width, height))
}
