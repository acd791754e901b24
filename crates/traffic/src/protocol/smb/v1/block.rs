//! The header of a message, and the commands in it.

use crate::{
    bytes::Bytes,
    decode::{clean, path_utf16},
    protocol::smb::{files::Who, rooted},
};
use hangtu_record::Text;

const UNICODE: u16 = 0x8000;
const NT_STATUS: u16 = 0x4000;

pub(super) struct Header {
    pub(super) status: u32,
    pub(super) unicode: bool,
    pub(super) key: u64,
    pub(super) who: Who,
    pub(super) response: bool,
}

pub(super) fn header(message: &[u8]) -> Option<(u8, Header)> {
    let mut b = Bytes::at(message, 4);
    let (command, status, flags, flags2) = (b.u8()?, b.u32le()?, b.u8()?, b.u16le()?);
    b.skip(12)?;
    let (tree, pid, uid, mid) = (b.u16le()?, b.u16le()?, b.u16le()?, b.u16le()?);
    let status = if flags2 & NT_STATUS == 0 {
        // Class in the low byte, code in the high half (MS-CIFS §2.2.3.1): one number of both.
        status & 0xffff_00ff
    } else {
        status
    };
    Some((
        command,
        Header {
            status,
            unicode: flags2 & UNICODE != 0,
            key: u64::from(mid) | u64::from(pid) << 16,
            who: Who { session: u64::from(uid), tree: u32::from(tree) },
            response: flags & 0x80 != 0,
        },
    ))
}

/// One command block: parameter words and data bytes, with where the bytes stand, because UTF-16
/// text is aligned to the header.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) message: &'a [u8],
    pub(super) words: Bytes<'a>,
    pub(super) bytes: usize,
    pub(super) end: usize,
    pub(super) unicode: bool,
}

impl<'a> Block<'a> {
    pub(super) fn at(message: &'a [u8], at: usize, unicode: bool) -> Option<Self> {
        let mut b = Bytes::at(message, at);
        let count = usize::from(b.u8()?);
        let words = Bytes::new(b.take(2 * count)?);
        let length = usize::from(b.u16le()?);
        let bytes = b.position();
        let end = message.len().min(bytes + length);
        Some(Self { message, words, bytes, end, unicode })
    }

    pub(super) fn count(&self) -> usize {
        self.words.remaining() / 2
    }

    pub(super) fn skip(&mut self, n: usize) {
        self.bytes = (self.bytes + n).min(self.end);
    }

    pub(super) fn raw(&mut self, n: usize) -> &'a [u8] {
        let from = self.bytes;
        self.skip(n);
        &self.message[from..self.bytes]
    }

    /// The next zero-terminated text.
    pub(super) fn text(&mut self) -> Text {
        if self.unicode {
            self.skip(self.bytes & 1);
            let rest = &self.message[self.bytes..self.end];
            let length = rest.chunks_exact(2).position(|c| c == [0, 0]).unwrap_or(rest.len() / 2);
            self.skip(2 * length + 2);
            path_utf16(&rest[..2 * length])
        } else {
            self.oem()
        }
    }

    pub(super) fn oem(&mut self) -> Text {
        let rest = &self.message[self.bytes..self.end];
        let length = rest.iter().position(|b| *b == 0).unwrap_or(rest.len());
        self.skip(length + 1);
        clean(&rest[..length])
    }

    /// The next text behind its buffer-format byte.
    pub(super) fn path(&mut self) -> Text {
        self.skip(1);
        rooted(self.text())
    }
}
