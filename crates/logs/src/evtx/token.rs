//! The tokens of binary XML (\[MS-EVEN6\] 2.2.12, libyal "EVTX" 4 binary XML).

use super::bytes::{Broken, Result, slice, u8_at, u16_at, u32_at};

/// Longest name of an element or attribute that is believed, in UTF-16 units.
const MAX_NAME: usize = 1024;
/// Bytes of a template definition before its tokens: next one's offset, GUID, size.
pub(super) const DEFINITION: usize = 24;
/// Set in a token that something more follows: attributes, or further data.
const MORE: u8 = 0x40;

/// Where in the chunk a name stands: the offset of its length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name(usize);

/// One token.
#[derive(Debug)]
pub(super) enum Token<'a> {
    /// The fragment ends.
    End,
    /// A fragment begins.
    Header,
    /// An element opens.
    Open(Name),
    /// An attribute of the element that is open.
    Attribute(Name),
    /// The attributes end.
    Content,
    /// The element closes.
    Close,
    /// Text in UTF-16.
    Text(&'a [u8]),
    /// A character by its number.
    Char(char),
    /// A character by its name.
    Entity(Name),
    /// A processing instruction, which says nothing.
    Instruction,
    /// A place for a value.
    Slot(u16),
    /// A template with its values, at this offset.
    Instance(usize),
}

/// A template's name and where its values are described.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instance {
    /// Offset of the definition in the chunk.
    pub(super) definition: u32,
    /// Offset of the values' descriptions.
    pub(super) descriptors: usize,
    /// How many values.
    pub(super) count: usize,
}

/// Reads tokens between two offsets of a chunk.
pub(super) struct Tokens<'a> {
    pub(super) chunk: &'a [u8],
    pub(super) at: usize,
    pub(super) end: usize,
    /// Whether elements carry a dependency identifier: all but those of a value that is BinXML.
    pub(super) dependencies: bool,
}

impl<'a> Tokens<'a> {
    /// The next token; `None` where there is nothing left.
    pub(super) fn next(&mut self) -> Result<Option<Token<'a>>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let start = self.at;
        let token = u8_at(self.chunk, start)?;
        self.at += 1;
        let token = match token & !MORE {
            0x00 => Token::End,
            0x01 => {
                self.at += if self.dependencies { 6 } else { 4 };
                let name = self.take_name()?;
                if token & MORE != 0 {
                    self.at += 4;
                }
                Token::Open(name)
            }
            0x02 => Token::Content,
            0x03 | 0x04 => Token::Close,
            0x05 => {
                // Other types than text do not occur here.
                if self.u8()? != super::value::STRING {
                    return Err(Broken);
                }
                Token::Text(self.take_text()?)
            }
            0x06 => Token::Attribute(self.take_name()?),
            0x07 => Token::Text(self.take_text()?),
            0x08 => {
                let unit = u32::from(self.u16()?);
                Token::Char(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            0x09 => Token::Entity(self.take_name()?),
            0x0a => {
                self.take_name()?;
                Token::Instruction
            }
            0x0b => {
                self.take_text()?;
                Token::Instruction
            }
            0x0c => {
                let instance = self.instance()?;
                self.at = instance.end(self.chunk)?;
                Token::Instance(start)
            }
            0x0d | 0x0e => {
                let slot = self.u16()?;
                self.at += 1;
                Token::Slot(slot)
            }
            0x0f => {
                self.at += 3;
                Token::Header
            }
            _ => return Err(Broken),
        };
        if self.at > self.end {
            return Err(Broken);
        }
        Ok(Some(token))
    }

    /// Reads a template instance from behind its token up to the descriptions of its values.
    pub(super) fn instance(&mut self) -> Result<Instance> {
        // A byte of unknown use and the template's short identifier stand before.
        let definition = u32_at(self.chunk, self.at + 5)?;
        self.at += 9;
        if definition as usize == self.at {
            let size = u32_at(self.chunk, self.at + DEFINITION - 4)? as usize;
            self.at = self.at.saturating_add(DEFINITION).saturating_add(size);
        }
        let count = u32_at(self.chunk, self.at)? as usize;
        let descriptors = self.at + 4;
        // There cannot be more than there are bytes for.
        slice(self.chunk, descriptors, count.saturating_mul(4))?;
        Ok(Instance { definition, descriptors, count })
    }

    /// A name's UTF-16.
    pub(super) fn name(&self, name: Name) -> Result<&'a [u8]> {
        let units = usize::from(u16_at(self.chunk, name.0)?);
        if units > MAX_NAME {
            return Err(Broken);
        }
        slice(self.chunk, name.0 + 2, 2 * units)
    }

    /// A name stands behind the first token that uses it, and others give its offset. Before it
    /// there are the offset of another name and a hash, behind it a zero.
    fn take_name(&mut self) -> Result<Name> {
        let offset = u32_at(self.chunk, self.at)? as usize;
        self.at += 4;
        let name = Name(offset.saturating_add(6));
        if offset == self.at {
            self.at = name.0 + 4 + 2 * usize::from(u16_at(self.chunk, name.0)?);
        }
        Ok(name)
    }

    fn take_text(&mut self) -> Result<&'a [u8]> {
        let len = 2 * usize::from(self.u16()?);
        let text = slice(self.chunk, self.at, len)?;
        self.at += len;
        Ok(text)
    }

    fn u8(&mut self) -> Result<u8> {
        self.at += 1;
        u8_at(self.chunk, self.at - 1)
    }

    fn u16(&mut self) -> Result<u16> {
        self.at += 2;
        u16_at(self.chunk, self.at - 2)
    }
}

impl Instance {
    /// Where its values begin.
    pub(super) const fn values(self) -> usize {
        self.descriptors + 4 * self.count
    }

    /// Size and type of a value.
    pub(super) fn descriptor(self, chunk: &[u8], index: usize) -> Result<(usize, u8)> {
        let at = self.descriptors + 4 * index;
        Ok((usize::from(u16_at(chunk, at)?), u8_at(chunk, at + 2)?))
    }

    /// Where its values end.
    fn end(self, chunk: &[u8]) -> Result<usize> {
        let mut at = self.values();
        for index in 0..self.count {
            at += self.descriptor(chunk, index)?.0;
        }
        Ok(at)
    }
}
