//! What services that read and write say behind their path: how many elements, and the value where
//! short.

use super::path::Target;
use crate::{bytes::Bytes, decode::Short};
use compact_str::{CompactString, format_compact};
use hangtu_record::Operation;

/// The class of tags that are addressed by number (Rockwell 1756-PM020).
const SYMBOL: u32 = 0x6b;
/// Type of a structure; which one says the handle behind it.
const STRUCTURE: u16 = 0x02a0;

/// Adds to a request what it says behind its path.
pub(super) fn request(op: &mut Operation, code: u8, target: Target, b: &[u8]) {
    match (code, target) {
        // How many attributes, then of each its number and value (CIP volume 1, appendix A).
        (0x04, _) => {
            let mut r = Bytes::new(b);
            op.count = r.u16le().map(u32::from);
            op.value = typed(0, r.rest());
        }
        (0x4c..=0x4e | 0x52 | 0x53, Target::Tag | Target::Class(SYMBOL)) => {
            tag(op, code, Bytes::new(b));
        }
        // Parts of files and of firmware.
        (0x4d, Target::Class(0x37 | 0xa1)) => {}
        (0x10 | 0x4d, _) => op.value = typed(0, b),
        _ => {}
    }
}

/// A service on a tag (Rockwell 1756-PM020, chapter 1).
fn tag(op: &mut Operation, code: u8, mut r: Bytes<'_>) -> Option<()> {
    if code == 0x4e {
        // Read Modify Write: size of a mask, bits to set, bits to keep.
        let size = usize::from(r.u16le()?);
        let (set, keep) = (r.take(size)?, r.take(size)?);
        op.value = Short::default().str("or ").dump(set).str(" and ").dump(keep).text();
        return Some(());
    }
    let write = matches!(code, 0x4d | 0x53);
    let kind = if write { r.u16le()? } else { 0 };
    if kind == STRUCTURE {
        r.skip(2)?;
    }
    op.count = Some(u32::from(r.u16le()?));
    if code == 0x53 {
        // Where in the tag this fragment begins.
        r.skip(4)?;
    }
    if write {
        op.value = typed(kind, r.rest());
    }
    Some(())
}

/// A value of one of the types met most often; else bytes in hex, where short.
fn typed(kind: u16, data: &[u8]) -> CompactString {
    match (kind, data) {
        (0xc1, [v, ..]) => CompactString::const_new(if *v == 0 { "off" } else { "on" }),
        (0xc2, [v]) => format_compact!("{}", *v as i8),
        (0xc3, [a, b]) => format_compact!("{}", i16::from_le_bytes([*a, *b])),
        (0xc4, [a, b, c, d]) => format_compact!("{}", i32::from_le_bytes([*a, *b, *c, *d])),
        (0xca, [a, b, c, d]) => format_compact!("{}", f32::from_le_bytes([*a, *b, *c, *d])),
        _ => Short::default().dump(data).text(),
    }
}
