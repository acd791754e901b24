//! SMB 2 and 3 messages (MS-SMB2 §2.2).

use super::{
    files::{Ask, FileRef, Files, Reply, Who, creates},
    ntlm, path_utf16, share,
};
use crate::{
    bytes::Bytes,
    decode::{Context, Side, clean_utf16},
};
use hangtu_record::{FieldName, OwnedValue, Text};

const HEADER: usize = 64;
const RESPONSE: u32 = 0x1;
const ASYNC: u32 = 0x2;
const RELATED: u32 = 0x4;
const STATUS_PENDING: u32 = 0x0000_0103;
/// Nothing was read because nothing is left: how every copy of a file ends.
const END_OF_FILE: u32 = 0xc000_0011;

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const TREE_CONNECT: u16 = 3;
const CREATE: u16 = 5;
const CLOSE: u16 = 6;
const READ: u16 = 8;
const WRITE: u16 = 9;
const IOCTL: u16 = 0xb;
const SET_INFO: u16 = 0x11;

/// Create option that deletes the file when it is closed (§2.2.13).
const DELETE_ON_CLOSE: u32 = 0x0000_1000;
/// Information classes of SET_INFO for files (MS-FSCC §2.4).
const RENAME: u8 = 10;
const DISPOSITION: u8 = 13;
const END: u8 = 20;
const DISPOSITION_EX: u8 = 64;
const RENAME_EX: u8 = 65;
/// The server copies within itself, into the file that is named: FSCTL_SRV_COPYCHUNK, and the same
/// for handles that cannot be read (§2.2.31).
const COPIES: [u32; 2] = [0x0014_40f2, 0x0014_80f2];
/// An identifier of all ones means that of the request before in the compound (§3.2.4.1.4).
const AS_BEFORE: u128 = u128::MAX;

/// How long the message at the start of `bytes` is in a frame with `left` bytes; none when the
/// header is not one.
pub(super) fn length(bytes: &[u8], left: usize) -> Option<usize> {
    let mut b = Bytes::at(bytes, 4);
    if b.u16le()? != 64 {
        return None;
    }
    let next = Bytes::at(bytes, 20).u32le()? as usize;
    Some(if (HEADER..left).contains(&next) { next } else { left })
}

/// How many bytes of the message are worth waiting for.
pub(super) fn wanted(bytes: &[u8]) -> usize {
    let command = Bytes::at(bytes, 12).u16le();
    let response = bytes.get(16).is_some_and(|flags| flags & 1 != 0);
    // Of responses only fixed parts are read, the longest being CREATE's; tokens apart.
    if response && command != Some(SESSION_SETUP) { HEADER + 88 } else { super::HEAD }
}

struct Header {
    status: u32,
    command: u16,
    flags: u32,
    id: u64,
    who: Who,
}

fn header(bytes: &[u8]) -> Option<Header> {
    let mut b = Bytes::at(bytes, 8);
    let (status, command, _credits) = (b.u32le()?, b.u16le()?, b.u16le()?);
    let (flags, _next, id) = (b.u32le()?, b.u32le()?, b.u64le()?);
    b.skip(4)?;
    let (tree, session) = (b.u32le()?, b.u64le()?);
    Some(Header { status, command, flags, id, who: Who { session, tree } })
}

/// Bytes of a message that an offset from its header and a length point to, as far as at hand.
fn part(message: &[u8], offset: usize, length: usize) -> &[u8] {
    let rest = message.get(offset..).unwrap_or_default();
    &rest[..length.min(rest.len())]
}

fn file_id(b: &mut Bytes<'_>) -> Option<u128> {
    b.array().map(u128::from_le_bytes)
}

/// What one compound request carries from message to message.
#[derive(Debug, Default)]
pub(super) struct State {
    before: Option<FileRef>,
    who: Who,
}

impl State {
    /// Reads one message; `last` when it is the last of its frame.
    pub(super) fn message(
        &mut self,
        cx: &mut Context<'_>,
        files: &mut Files,
        message: &[u8],
        last: bool,
    ) -> Option<()> {
        let h = header(message)?;
        if h.flags & RESPONSE != 0 {
            return response(cx, files, &h, message);
        }
        let mut who = h.who;
        if h.flags & RELATED == 0 {
            self.before = None;
        } else {
            if who.session == u64::MAX {
                who.session = self.who.session;
            }
            if who.tree == u32::MAX {
                who.tree = self.who.tree;
            }
        }
        self.who = who;
        let read = self.request(cx, files, &h, who, message);
        if last {
            self.before = None;
        }
        read
    }

    fn file(&mut self, id: u128) -> Option<FileRef> {
        let file = if id == AS_BEFORE { self.before? } else { FileRef::Id(id) };
        self.before = Some(file);
        Some(file)
    }

    fn request(
        &mut self,
        cx: &mut Context<'_>,
        files: &mut Files,
        h: &Header,
        who: Who,
        message: &[u8],
    ) -> Option<()> {
        let mut b = Bytes::at(message, HEADER);
        match h.command {
            SESSION_SETUP => {
                b.skip(12)?;
                let (offset, length) = (b.u16le()?, b.u16le()?);
                let token = part(message, usize::from(offset), usize::from(length));
                let user = match ntlm::note(cx, Side::Client, token) {
                    Some(ntlm::Token::User(user)) => user,
                    _ => Text::const_new(""),
                };
                files.ask(cx, h.id, who, Ask::Setup { user });
            }
            TREE_CONNECT => {
                b.skip(4)?;
                let (offset, length) = (b.u16le()?, b.u16le()?);
                let path = clean_utf16(part(message, usize::from(offset), usize::from(length)));
                let share = share(cx, &path);
                files.ask(cx, h.id, who, Ask::Tree { share });
            }
            CREATE => {
                b.skip(36)?;
                let (disposition, options) = (b.u32le()?, b.u32le()?);
                let (offset, length) = (b.u16le()?, b.u16le()?);
                let path = path_utf16(part(message, usize::from(offset), usize::from(length)));
                self.before = Some(FileRef::OpenedBy(h.id));
                let delete = options & DELETE_ON_CLOSE != 0;
                files.opening(cx, h.id, who, path, creates(disposition), delete);
            }
            CLOSE => {
                b.skip(8)?;
                let file = self.file(file_id(&mut b)?)?;
                files.ask(cx, h.id, who, Ask::Close { file });
            }
            READ => {
                b.skip(16)?;
                let file = self.file(file_id(&mut b)?)?;
                files.ask(cx, h.id, who, Ask::Read { file });
            }
            WRITE => {
                b.skip(2)?;
                let (offset, length) = (b.u16le()?, b.u32le()?);
                b.skip(8)?;
                let file = self.file(file_id(&mut b)?)?;
                let head = part(message, usize::from(offset), length as usize);
                files.writing(cx, h.id, who, file, u64::from(length), head);
            }
            IOCTL => {
                b.skip(4)?;
                if COPIES.contains(&b.u32le()?) {
                    let file = self.file(file_id(&mut b)?)?;
                    // How many bytes only the response says.
                    files.writing(cx, h.id, who, file, 0, &[]);
                }
            }
            SET_INFO => {
                b.skip(2)?;
                let (kind, class, length, offset) = (b.u8()?, b.u8()?, b.u32le()?, b.u16le()?);
                b.skip(6)?;
                let file = self.file(file_id(&mut b)?)?;
                let info = part(message, usize::from(offset), length as usize);
                if (kind, class) == (1, END) {
                    // Cut off there, or made as long: changed, though nothing is sent.
                    files.writing(cx, h.id, who, file, 0, &[]);
                } else if kind == 1
                    && let Some(ask) = set_info(class, info, file)
                {
                    files.ask(cx, h.id, who, ask);
                }
            }
            // Commands that name the file of the compound without touching it: QUERY_INFO,
            // FLUSH, LOCK, …: those after them still mean the same file.
            _ => {}
        }
        Some(())
    }
}

fn set_info(class: u8, info: &[u8], file: FileRef) -> Option<Ask> {
    let mut b = Bytes::new(info);
    match class {
        RENAME | RENAME_EX => {
            b.skip(16)?;
            let length = b.u32le()? as usize;
            let target = path_utf16(&b.rest()[..length.min(b.remaining())]);
            Some(Ask::Rename { file: Some(file), path: Text::const_new(""), target })
        }
        DISPOSITION | DISPOSITION_EX => Some(Ask::Disposition { file, delete: b.u8()? & 1 != 0 }),
        _ => None,
    }
}

fn response(cx: &mut Context<'_>, files: &mut Files, h: &Header, message: &[u8]) -> Option<()> {
    // An interim response (§3.3.4.4); the real one has the same identifier.
    if h.status == STATUS_PENDING && h.flags & ASYNC != 0 {
        return Some(());
    }
    let mut b = Bytes::at(message, HEADER);
    let fine = h.status == 0;
    let reply = match h.command {
        NEGOTIATE if fine => {
            b.skip(4)?;
            let dialect = match b.u16le()? {
                0x0202 => "2.0.2",
                0x0210 => "2.1",
                0x0300 => "3.0",
                0x0302 => "3.0.2",
                0x0311 => "3.1.1",
                // 0x02ff only says that another negotiation follows (§2.2.4).
                _ => return Some(()),
            };
            cx.fact(FieldName::ProtocolVersion, OwnedValue::Str(Text::const_new(dialect)));
            return Some(());
        }
        SESSION_SETUP => {
            if let (Some(9), Some(flags), Some(offset), Some(length)) =
                (b.u16le(), b.u16le(), b.u16le(), b.u16le())
            {
                ntlm::note(cx, Side::Server, part(message, offset.into(), length.into()));
                if flags & 1 != 0 && fine {
                    cx.fact(FieldName::AuthMethod, OwnedValue::Str(Text::const_new("guest")));
                }
            }
            Reply::Session(h.who.session)
        }
        TREE_CONNECT if fine => {
            b.skip(2)?;
            Reply::Tree { id: h.who.tree, pipe: b.u8()? == 2 }
        }
        CREATE if fine => {
            b.skip(4)?;
            let action = b.u32le()?;
            b.skip(56)?;
            // Superseded, created or overwritten, not merely opened (§2.2.14).
            Reply::Opened { id: file_id(&mut b)?, created: matches!(action, 0 | 2 | 3) }
        }
        READ => {
            b.skip(4)?;
            match h.status {
                0 => Reply::Read { length: u64::from(b.u32le()?) },
                END_OF_FILE => Reply::Plain,
                _ => Reply::Read { length: 0 },
            }
        }
        IOCTL if fine => {
            b.skip(4)?;
            if !COPIES.contains(&b.u32le()?) {
                return Some(());
            }
            b.skip(24)?;
            let offset = b.u32le()? as usize;
            // Chunks, bytes of one that was cut short, bytes of all (§2.2.32.1).
            let written = Bytes::at(message, offset.saturating_add(8)).u32le();
            written.map_or(Reply::Plain, |n| Reply::Written { length: u64::from(n) })
        }
        CREATE | TREE_CONNECT | CLOSE | WRITE | SET_INFO | IOCTL => Reply::Plain,
        _ => return Some(()),
    };
    files.answer(cx, h.id, h.status, reply);
    Some(())
}
