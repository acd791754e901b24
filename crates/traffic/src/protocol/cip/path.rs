//! Request paths (CIP volume 1, appendix C): logical and symbolic segments.

use crate::{bytes::Bytes, decode::Short};
use compact_str::{CompactString, format_compact};

/// What services are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The path was not seen, or names neither.
    Unknown,
    /// A tag, by its name.
    Tag,
    /// An object of that class.
    Class(u32),
}

/// What a path names.
#[derive(Debug, Default)]
pub(super) struct Path {
    class: Option<u32>,
    pub(super) instance: Option<u32>,
    pub(super) attribute: Option<u32>,
    symbol: CompactString,
}

impl Path {
    /// Reads segments as far as they make sense.
    pub(super) fn read(b: &[u8]) -> Self {
        let mut out = Self::default();
        let mut r = Bytes::new(b);
        while out.segment(&mut r).is_some() {}
        out
    }

    fn segment(&mut self, r: &mut Bytes<'_>) -> Option<()> {
        let kind = r.u8()?;
        match kind {
            // Electronic key.
            0x34 => {
                // Format 4: vendor, type, product, revision.
                r.skip(9)?;
            }
            // Logical segment: type in bits 2–4, width of the number in bits 0–1.
            0x20..=0x3f => {
                let number = match kind & 3 {
                    0 => u32::from(r.u8()?),
                    1 => {
                        r.skip(1)?;
                        u32::from(r.u16le()?)
                    }
                    2 => {
                        r.skip(1)?;
                        r.u32le()?
                    }
                    _ => return None,
                };
                match kind >> 2 & 7 {
                    0 => self.class = self.class.or(Some(number)),
                    1 => self.instance = self.instance.or(Some(number)),
                    2 => self.name(&format_compact!("[{number}]")),
                    4 => self.attribute = self.attribute.or(Some(number)),
                    _ => {}
                }
            }
            // ANSI extended symbol, filled up to an even length.
            0x91 => {
                let len = usize::from(r.u8()?);
                let name = crate::decode::clean(r.take(len)?);
                if !self.symbol.is_empty() {
                    self.name(".");
                }
                self.name(&name);
                if len % 2 == 1 {
                    r.skip(1)?;
                }
            }
            // Port segment: link address of one byte, or a length and so many.
            0x01..=0x0f => r.skip(1)?,
            0x11..=0x1f => {
                let len = usize::from(r.u8()?);
                r.skip(len.next_multiple_of(2))?;
            }
            _ => return None,
        }
        Some(())
    }

    fn name(&mut self, part: &str) {
        if self.symbol.len() + part.len() <= 128 {
            self.symbol.push_str(part);
        }
    }

    pub(super) fn target(&self) -> Target {
        match self.class {
            Some(class) => Target::Class(class),
            None if self.symbol.is_empty() => Target::Unknown,
            None => Target::Tag,
        }
    }

    /// `class 0x8e instance 1 attribute 3`, or the tag's name.
    pub(super) fn text(&self) -> CompactString {
        if self.target() == Target::Tag {
            return self.symbol.clone();
        }
        let mut out = Short::default();
        if let Some(n) = self.class {
            out.str("class ").hex(n);
        }
        if let Some(n) = self.instance {
            out.str(" instance ").number(n);
        }
        if let Some(n) = self.attribute {
            out.str(" attribute ").number(n);
        }
        out.text()
    }
}
