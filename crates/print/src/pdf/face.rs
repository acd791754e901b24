//! The embedded faces, and which of them has a character.

use crate::Emphasis;
use krilla::text::Font;
use skrifa::{
    FontRef, MetadataProvider,
    instance::{LocationRef, Size},
    metrics::GlyphMetrics,
};
use std::sync::LazyLock;

/// Stands for a character no face has: the printer's mark for a missing sort.
const MISSING: char = '〓';

/// Room left at each side of a sign taken out of its square, in parts of the size.
const BEARING: f32 = 0.07;

/// An embedded face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Regular,
    Bold,
    Mono,
}

/// A character in a face; lengths in parts of the size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Glyph {
    pub(super) face: Face,
    pub(super) id: u16,
    pub(super) advance: f32,
    /// How far right of its origin it is drawn.
    pub(super) shift: f32,
}

struct Loaded {
    font: Font,
    /// Identifier and advance of each code point; identifier 0 where there is none.
    glyphs: Vec<(u16, f32)>,
    /// Signs that fill a square among Han text and must not among Latin text, with their bounds.
    squares: Vec<(char, f32, f32)>,
}

static FACES: LazyLock<[Loaded; 3]> = LazyLock::new(|| {
    [
        load(include_bytes!("../../fonts/NotoSansSC-Regular.ttf")),
        load(include_bytes!("../../fonts/NotoSansSC-Bold.ttf")),
        load(include_bytes!("../../fonts/DejaVuSansMono.ttf")),
    ]
});

fn load(file: &'static [u8]) -> Loaded {
    let parsed = FontRef::new(file).expect("an embedded font is a font");
    let metrics = GlyphMetrics::new(&parsed, Size::unscaled(), LocationRef::default());
    let em = f32::from(parsed.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
    let mut glyphs = Vec::new();
    for (code, id) in parsed.charmap().mappings() {
        let at = code as usize;
        if glyphs.len() <= at {
            glyphs.resize(at + 1, (0, 0.0));
        }
        glyphs[at] = (id.to_u32() as u16, metrics.advance_width(id).unwrap_or(0.0) / em);
    }
    let squares = super::kinsoku::SQUARES.into_iter().filter_map(|c| {
        let bounds = metrics.bounds(parsed.charmap().map(c)?)?;
        Some((c, bounds.x_min / em, bounds.x_max / em))
    });
    let squares = squares.collect();
    let font = Font::new(file.into(), 0).expect("an embedded font is a font");
    Loaded { font, glyphs, squares }
}

impl Loaded {
    fn glyph(&self, c: char) -> Option<(u16, f32)> {
        self.glyphs.get(c as usize).copied().filter(|(id, _)| *id > 0)
    }
}

impl Face {
    fn loaded(self) -> &'static Loaded {
        &FACES[self as usize]
    }

    pub(super) fn font(self) -> Font {
        self.loaded().font.clone()
    }
}

/// The size of a look, in parts of the size around it.
pub(super) const fn scale(look: Emphasis) -> f32 {
    match look {
        Emphasis::Plain | Emphasis::Bold => 1.0,
        Emphasis::Code => 0.88,
    }
}

/// The character, or what stands for it where no face has it.
pub(super) fn printable(c: char) -> char {
    let any = [Face::Regular, Face::Mono].iter().any(|f| f.loaded().glyph(c).is_some());
    if any { c } else { MISSING }
}

/// A printable character in a look. Among Latin text (`alone`), what else fills a square takes the
/// room of its ink.
pub(super) fn glyph(c: char, look: Emphasis, alone: bool) -> Glyph {
    let faces = match look {
        // The Chinese one floats in the middle of the line.
        _ if alone && c == '…' => [Face::Mono, Face::Regular],
        Emphasis::Plain => [Face::Regular, Face::Mono],
        Emphasis::Bold => [Face::Bold, Face::Mono],
        Emphasis::Code => [Face::Mono, Face::Regular],
    };
    let found = faces.into_iter().find_map(|face| Some((face, face.loaded().glyph(c)?)));
    let Some((face, (id, advance))) = found else {
        return if c == MISSING {
            Glyph { face: Face::Regular, id: 0, advance: 1.0, shift: 0.0 }
        } else {
            glyph(MISSING, look, false)
        };
    };
    let square = face.loaded().squares.iter().find(|(square, ..)| *square == c);
    match square {
        Some((_, from, to)) if alone && face != Face::Mono => {
            Glyph { face, id, advance: to - from + 2.0 * BEARING, shift: BEARING - from }
        }
        _ => Glyph { face, id, advance, shift: 0.0 },
    }
}
