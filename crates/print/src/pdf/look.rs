//! Measures in points and colours of every document.

use crate::Tone;

/// Red, green, blue.
pub(super) type Colour = [u8; 3];

pub(super) const INK: Colour = [0x1F, 0x29, 0x33];
pub(super) const FAINT: Colour = [0x5F, 0x6B, 0x7A];
pub(super) const RULE: Colour = [0xC5, 0xCD, 0xD6];
pub(super) const ACCENT: Colour = [0x1F, 0x4E, 0x79];
pub(super) const WASH: Colour = [0xF2, 0xF5, 0xF8];
pub(super) const TRACK: Colour = [0xE3, 0xE9, 0xEF];
pub(super) const WHITE: Colour = [0xFF; 3];

/// A4: 210 mm by 297 mm.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);
/// Margins: 25 mm at the sides, 30 mm above, 26 mm below.
pub(super) const LEFT: f32 = 70.87;
pub(super) const WIDTH: f32 = PAGE.0 - 2.0 * LEFT;
pub(super) const TOP: f32 = 85.04;
pub(super) const BOTTOM: f32 = PAGE.1 - 73.7;

/// Size of the text of paragraphs, of tables, and of headers and footers.
pub(super) const BODY: f32 = 10.5;
pub(super) const SMALL: f32 = 9.0;
pub(super) const TINY: f32 = 8.5;

/// A heading of level 1 to 4: size, space above, space below.
pub(super) const HEADINGS: [(f32, f32, f32); 4] =
    [(16.0, 26.0, 11.0), (13.0, 20.0, 9.0), (11.5, 15.0, 7.0), (10.5, 13.0, 6.0)];

/// The colours of a tone: text, fill, edge and fill of a callout.
pub(super) struct Palette {
    pub(super) ink: Colour,
    pub(super) fill: Option<Colour>,
    pub(super) edge: Colour,
    pub(super) wash: Colour,
}

pub(super) const fn palette(tone: Tone) -> Palette {
    let (ink, fill, edge, wash) = match tone {
        Tone::Neutral => return Palette { ink: INK, fill: None, edge: ACCENT, wash: WASH },
        Tone::Good => {
            ([0x1D, 0x5C, 0x34], [0xE8, 0xF3, 0xEC], [0x2F, 0x85, 0x5A], [0xF0, 0xF7, 0xF2])
        }
        Tone::Warn => {
            ([0x7A, 0x4B, 0x00], [0xFC, 0xF1, 0xDC], [0xB7, 0x79, 0x1F], [0xFD, 0xF7, 0xEA])
        }
        Tone::Bad => {
            ([0x8F, 0x1D, 0x1D], [0xFB, 0xE6, 0xE4], [0xB8, 0x32, 0x32], [0xFD, 0xF2, 0xF1])
        }
    };
    Palette { ink, fill: Some(fill), edge, wash }
}
