//! SMB 1 messages (MS-CIFS §2.2.4, MS-SMB §2.2.4): still spoken by the panels, historians and
//! engineering stations that were never replaced.

mod block;

use super::{
    files::{Ask, FileRef, Files, Reply, creates},
    ntlm, rooted, share,
};
use crate::{
    bytes::Bytes,
    decode::{Context, Side, clean, path_utf16},
};
use block::{Block, Header, header};
use hangtu_record::{FieldName, OwnedValue, Text};

const HEADER: usize = 32;
/// Marks the 16-bit identifiers of SMB 1 among the 128-bit ones of SMB 2.
const V1: u128 = 1 << 64;
const NO_MORE: u8 = 0xff;
const DELETE_ON_CLOSE: u32 = 0x0000_1000;

const CREATE_DIRECTORY: u8 = 0x00;
const DELETE_DIRECTORY: u8 = 0x01;
const OPEN: u8 = 0x02;
const CREATE: u8 = 0x03;
const CLOSE: u8 = 0x04;
const DELETE: u8 = 0x06;
const RENAME: u8 = 0x07;
const READ: u8 = 0x0a;
const WRITE: u8 = 0x0b;
const CREATE_NEW: u8 = 0x0f;
const OPEN_ANDX: u8 = 0x2d;
const READ_ANDX: u8 = 0x2e;
const WRITE_ANDX: u8 = 0x2f;
const TRANSACTION2: u8 = 0x32;
const NEGOTIATE: u8 = 0x72;
const SESSION_SETUP_ANDX: u8 = 0x73;
const LOGOFF_ANDX: u8 = 0x74;
const TREE_CONNECT_ANDX: u8 = 0x75;
const NT_CREATE_ANDX: u8 = 0xa2;
const NT_RENAME: u8 = 0xa5;
const LOCKING_ANDX: u8 = 0x24;

/// The most commands that are chained to one another: clients chain four.
const MAX_CHAIN: usize = 16;

/// TRANS2 subcommands.
const SET_PATH_INFO: u16 = 6;
const SET_FILE_INFO: u16 = 8;

/// The dialects the client offered, until the server chose.
#[derive(Debug, Default)]
pub(super) struct State {
    dialects: Vec<Text>,
}

impl State {
    /// What is kept takes so many bytes.
    pub(super) fn memory(&self) -> usize {
        self.dialects.iter().map(|dialect| size_of::<Text>() + dialect.len()).sum()
    }
}

fn id(fid: u16) -> u128 {
    V1 | u128::from(fid)
}

impl State {
    /// Reads one message and the commands chained to it (MS-CIFS §2.2.3.4).
    pub(super) fn message(
        &mut self,
        cx: &mut Context<'_>,
        files: &mut Files,
        message: &[u8],
    ) -> Option<()> {
        let (mut command, mut h) = header(message)?;
        if command != NEGOTIATE {
            cx.fact(FieldName::ProtocolVersion, OwnedValue::Str(Text::const_new("1.0")));
        }
        let (key, mut at) = (h.key, HEADER);
        for _ in 0..MAX_CHAIN {
            let block = Block::at(message, at, h.unicode)?;
            h.key = key | u64::from(command) << 32;
            if h.response {
                self.response(cx, files, command, &h, block);
            } else {
                self.request(cx, files, command, &h, block);
            }
            let chained = matches!(
                command,
                LOCKING_ANDX
                    | OPEN_ANDX
                    | READ_ANDX
                    | WRITE_ANDX
                    | SESSION_SETUP_ANDX
                    | LOGOFF_ANDX
                    | TREE_CONNECT_ANDX
                    | NT_CREATE_ANDX
            );
            let mut words = block.words;
            let (Some(next), Some(_), Some(offset)) = (words.u8(), words.u8(), words.u16le())
            else {
                return Some(());
            };
            // Offsets only grow.
            if !chained || next == NO_MORE || usize::from(offset) <= at {
                return Some(());
            }
            (command, at) = (next, usize::from(offset));
        }
        Some(())
    }

    fn request(
        &mut self,
        cx: &mut Context<'_>,
        files: &mut Files,
        command: u8,
        h: &Header,
        mut block: Block<'_>,
    ) -> Option<()> {
        let (key, who, mut w) = (h.key, h.who, block.words);
        let nowhere = Text::const_new("");
        match command {
            NEGOTIATE => {
                self.dialects.clear();
                while block.bytes < block.end && self.dialects.len() < 16 {
                    block.skip(1);
                    self.dialects.push(block.oem());
                }
            }
            SESSION_SETUP_ANDX => {
                let user = session_setup(cx, block).unwrap_or_default();
                files.ask(cx, key, who, Ask::Setup { user });
            }
            TREE_CONNECT_ANDX => {
                w.skip(6)?;
                block.skip(usize::from(w.u16le()?));
                let share = share(cx, &block.text());
                files.ask(cx, key, who, Ask::Tree { share });
            }
            NT_CREATE_ANDX => {
                w.skip(5)?;
                let length = usize::from(w.u16le()?);
                w.skip(28)?;
                let (disposition, options) = (w.u32le()?, w.u32le()?);
                block.skip(if block.unicode { block.bytes & 1 } else { 0 });
                let name = block.raw(length);
                let path = if block.unicode { path_utf16(name) } else { clean(name) };
                let delete = options & DELETE_ON_CLOSE != 0;
                files.opening(cx, key, who, rooted(path), creates(disposition), delete);
            }
            OPEN_ANDX => {
                // How it opens (MS-CIFS §2.2.4.41.1): 1 takes a file that exists as it is, the others make or empty it.
                let mode = w.skip(16).and_then(|()| w.u16le());
                let path = rooted(block.text());
                let creates = mode.is_some_and(|mode| mode & 3 != 1);
                files.opening(cx, key, who, path, creates, false);
            }
            OPEN | CREATE | CREATE_NEW => {
                let path = block.path();
                files.opening(cx, key, who, path, command != OPEN, false);
            }
            CREATE_DIRECTORY => {
                let path = block.path();
                files.ask(cx, key, who, Ask::Make { path });
            }
            DELETE | DELETE_DIRECTORY => {
                let path = block.path();
                files.ask(cx, key, who, Ask::Delete { path });
            }
            RENAME | NT_RENAME => {
                let (path, target) = (block.path(), block.path());
                files.ask(cx, key, who, Ask::Rename { file: None, path, target });
            }
            CLOSE => {
                let file = FileRef::Id(id(w.u16le()?));
                files.ask(cx, key, who, Ask::Close { file });
            }
            READ => {
                let file = FileRef::Id(id(w.u16le()?));
                files.ask(cx, key, who, Ask::Read { file });
            }
            READ_ANDX => {
                w.skip(4)?;
                let file = FileRef::Id(id(w.u16le()?));
                files.ask(cx, key, who, Ask::Read { file });
            }
            WRITE => {
                let file = FileRef::Id(id(w.u16le()?));
                let length = u64::from(w.u16le()?);
                block.skip(3);
                files.writing(cx, key, who, file, length, block.raw(length as usize));
            }
            WRITE_ANDX => {
                w.skip(4)?;
                let file = FileRef::Id(id(w.u16le()?));
                w.skip(12)?;
                let (high, low, offset) = (w.u16le()?, w.u16le()?, w.u16le()?);
                let length = u64::from(high) << 16 | u64::from(low);
                let rest = block.message.get(usize::from(offset)..).unwrap_or_default();
                let head = &rest[..rest.len().min(length as usize)];
                files.writing(cx, key, who, file, length, head);
            }
            TRANSACTION2 => {
                w.skip(18)?;
                let (count, offset) = (w.u16le()?, w.u16le()?);
                let (data_count, data_offset) = (w.u16le()?, w.u16le()?);
                w.skip(2)?;
                let part = |count: u16, offset: u16| {
                    let rest = block.message.get(usize::from(offset)..).unwrap_or_default();
                    &rest[..rest.len().min(usize::from(count))]
                };
                let parameters = Bytes::new(part(count, offset));
                let data = part(data_count, data_offset);
                let ask = set_info(w.u16le()?, parameters, data, h.unicode, nowhere)?;
                files.ask(cx, key, who, ask);
            }
            _ => {}
        }
        Some(())
    }

    fn response(
        &mut self,
        cx: &mut Context<'_>,
        files: &mut Files,
        command: u8,
        h: &Header,
        mut block: Block<'_>,
    ) -> Option<()> {
        let mut w = block.words;
        let fine = h.status == 0;
        let reply = match command {
            NEGOTIATE => {
                let chosen = self.dialects.get(usize::from(w.u16le()?))?;
                // What everybody calls SMB 1; older dialects go by their own names.
                let name = if chosen == "NT LM 0.12" { "1.0" } else { chosen };
                cx.fact(FieldName::ProtocolVersion, OwnedValue::Str(name.into()));
                self.dialects = Vec::new();
                return Some(());
            }
            SESSION_SETUP_ANDX => {
                if block.count() == 4 {
                    w.skip(6)?;
                    let token = block.raw(usize::from(w.u16le()?));
                    ntlm::note(cx, Side::Server, token);
                } else if block.count() == 3 {
                    w.skip(4)?;
                    if w.u16le()? & 1 != 0 {
                        cx.fact(FieldName::AuthMethod, OwnedValue::Str(Text::const_new("guest")));
                    }
                }
                let system = block.text();
                cx.about(Side::Server, FieldName::HostOs, &system);
                Reply::Session(h.who.session)
            }
            TREE_CONNECT_ANDX if fine => {
                let service = block.oem();
                Reply::Tree { id: h.who.tree, pipe: service == "IPC" }
            }
            NT_CREATE_ANDX if fine => {
                w.skip(5)?;
                let fid = w.u16le()?;
                Reply::Opened { id: id(fid), created: matches!(w.u32le()?, 0 | 2 | 3) }
            }
            OPEN_ANDX if fine => {
                w.skip(4)?;
                let fid = w.u16le()?;
                w.skip(16)?;
                // 1 opened, 2 created, 3 truncated; bit 15 is the opportunistic lock.
                Reply::Opened { id: id(fid), created: matches!(w.u16le()? & 0xff, 2 | 3) }
            }
            OPEN if fine => Reply::Opened { id: id(w.u16le()?), created: false },
            CREATE | CREATE_NEW if fine => Reply::Opened { id: id(w.u16le()?), created: true },
            READ => Reply::Read { length: if fine { u64::from(w.u16le()?) } else { 0 } },
            READ_ANDX if fine => {
                w.skip(10)?;
                let low = u64::from(w.u16le()?);
                w.skip(2)?;
                let length = u64::from(w.u16le()?) << 16 | low;
                // Zero bytes are the end of the file.
                if length == 0 { Reply::Plain } else { Reply::Read { length } }
            }
            READ_ANDX => Reply::Read { length: 0 },
            _ => Reply::Plain,
        };
        files.answer(cx, h.key, h.status, reply);
        Some(())
    }
}

/// The three forms of a log-on (MS-CIFS §2.2.4.53.1, MS-SMB §2.2.4.6.1), told by their words.
fn session_setup(cx: &mut Context<'_>, mut block: Block<'_>) -> Option<Text> {
    let mut w = block.words;
    w.skip(14)?;
    let first = usize::from(w.u16le()?);
    let mut user = Text::const_new("");
    let words = block.count();
    if words == 12 {
        let token = block.raw(first);
        if let Some(ntlm::Token::User(name)) = ntlm::note(cx, Side::Client, token) {
            user = name;
        }
    } else {
        let second = if words == 13 { usize::from(w.u16le()?) } else { 0 };
        // Password hashes: passed over, never kept.
        block.skip(first + second);
        user = block.text();
        let domain = block.text();
        let method = if user.is_empty() { "anonymous" } else { "ntlm" };
        cx.fact(FieldName::AuthMethod, OwnedValue::Str(Text::const_new(method)));
        cx.fact(FieldName::UserName, OwnedValue::Str(user.clone()));
        cx.about(Side::Client, FieldName::UserName, &user);
        cx.fact(FieldName::UserDomain, OwnedValue::Str(domain));
    }
    let system = block.text();
    cx.about(Side::Client, FieldName::HostOs, &system);
    cx.fact(FieldName::HostOs, OwnedValue::Str(system));
    Some(user)
}

/// Renames and deletions by TRANS2: information levels of SMB 1 and, from 1000 up, those of
/// MS-FSCC passed through.
fn set_info(
    subcommand: u16,
    mut parameters: Bytes<'_>,
    data: &[u8],
    unicode: bool,
    nowhere: Text,
) -> Option<Ask> {
    const SET_DISPOSITION: u16 = 0x102;
    const PASS_DISPOSITION: u16 = 1013;
    const PASS_RENAME: u16 = 1010;
    let text = |bytes: &[u8]| {
        let end = if unicode {
            2 * bytes.chunks_exact(2).position(|c| c == [0, 0]).unwrap_or(bytes.len() / 2)
        } else {
            bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len())
        };
        let bytes = &bytes[..end];
        rooted(if unicode { path_utf16(bytes) } else { clean(bytes) })
    };
    let (file, path, level) = match subcommand {
        SET_FILE_INFO => {
            let file = FileRef::Id(id(parameters.u16le()?));
            (Some(file), nowhere, parameters.u16le()?)
        }
        SET_PATH_INFO => {
            let level = parameters.u16le()?;
            parameters.skip(4)?;
            (None, text(parameters.rest()), level)
        }
        _ => return None,
    };
    let mut b = Bytes::new(data);
    match (level, file) {
        (PASS_RENAME, _) => {
            b.skip(8)?;
            let length = b.u32le()? as usize;
            let target = text(&b.rest()[..length.min(b.remaining())]);
            Some(Ask::Rename { file, path, target })
        }
        (SET_DISPOSITION | PASS_DISPOSITION, Some(file)) => {
            Some(Ask::Disposition { file, delete: b.u8()? & 1 != 0 })
        }
        (SET_DISPOSITION | PASS_DISPOSITION, None) if b.u8()? & 1 != 0 => {
            Some(Ask::Delete { path })
        }
        _ => None,
    }
}
