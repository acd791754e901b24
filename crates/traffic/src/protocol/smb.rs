//! SMB 1, 2 and 3 over TCP: who logged on, which shares, and what was done to which files.
//!
//! Frames are 00 and a 24-bit length (MS-SMB2 §2.1); port 139 has the NetBIOS session service's
//! other packet types before them (RFC 1002 §4.3). A frame may be megabytes long, so messages are
//! read from their first [`HEAD`] bytes and the rest is skipped.

mod files;
pub(super) mod ntlm;
mod sample;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

use super::nbns;
use crate::{
    bytes::Bytes,
    decode::{Context, DONE, Decoder, Peek, Registration, Side, Verdict},
};
use files::Files;
use hangtu_record::{FieldName, OwnedValue, Text};

/// SMB on TCP 445, and 139 under NetBIOS.
pub(super) static REGISTRATION: Registration = Registration {
    name: "smb",
    also: &[],
    industrial: false,
    tcp: true,
    udp: false,
    ports: &[445, 139],
    probe,
    make: || Box::<Smb>::default(),
};

/// How much of a message is waited for: more than any request that names a file needs, and a fair
/// sample of written bytes.
const HEAD: usize = 8 * 1024;
const SMB1: [u8; 4] = *b"\xffSMB";
const SMB2: [u8; 4] = *b"\xfeSMB";
/// MS-SMB2 §2.2.41: an encrypted message follows.
const TRANSFORM: [u8; 4] = *b"\xfdSMB";
/// MS-SMB2 §2.2.42: a compressed message follows.
const COMPRESSED: [u8; 4] = *b"\xfcSMB";

/// A frame's header and the start of its message, as far as a few bytes can tell.
fn frame(bytes: &[u8]) -> Option<[u8; 4]> {
    let magic: [u8; 4] = *bytes.get(4..)?.first_chunk()?;
    let length = Bytes::at(bytes, 1).u24be()?;
    let least = match magic {
        SMB1 => 35,
        SMB2 => 66,
        TRANSFORM | COMPRESSED => 16,
        _ => return None,
    };
    // The header of SMB 2 says its own length, 64.
    let sized = magic != SMB2 || bytes.get(8..10).is_none_or(|s| s == [64, 0]);
    (bytes[0] == 0 && length >= least && sized).then_some(magic)
}

/// The place of the next frame.
fn find_frame(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len().saturating_sub(9))
        .find(|at| bytes[*at] == 0 && bytes[at + 5] == b'S' && frame(&bytes[*at..]).is_some())
}

/// Who sent the frame: the response bit of SMB 1 (MS-CIFS §2.2.3.1) and SMB 2 (§2.2.1.1).
fn sender(bytes: &[u8]) -> Option<Side> {
    let response = match frame(bytes)? {
        SMB1 => bytes.get(13)? & 0x80 != 0,
        SMB2 => bytes.get(20)? & 1 != 0,
        _ => return None,
    };
    Some(if response { Side::Server } else { Side::Client })
}

fn probe(peek: Peek<'_>) -> Verdict {
    let bytes = peek.bytes;
    if bytes.starts_with(b"\x81\x00\x00\x44\x20") {
        return Verdict::Yes(Some(Side::Client));
    }
    if bytes.len() < 8 {
        let positive = bytes == b"\x82\0\0\0" && peek.by_port.is_some();
        let begun = bytes.first().is_none_or(|b| matches!(b, 0 | 0x81));
        return if positive {
            Verdict::Yes(Some(Side::Server))
        } else if begun {
            Verdict::More
        } else {
            Verdict::No
        };
    }
    if frame(bytes).is_some() {
        return Verdict::Yes(sender(bytes));
    }
    // A capture that joined in the middle of a large read or write: trust the port and look on.
    if peek.by_port.is_none() {
        return Verdict::No;
    }
    find_frame(bytes).map_or(Verdict::More, |at| Verdict::Yes(sender(&bytes[at..])))
}

/// Where one direction stands.
#[derive(Debug, Default)]
struct Stream {
    /// Bytes of the current frame still to come.
    left: usize,
    /// The next frame has to be searched for.
    lost: bool,
}

#[derive(Debug, Default)]
struct Smb {
    streams: [Stream; 2],
    files: Files,
    v1: v1::State,
    v2: v2::State,
}

/// A share's name without its server; the server's name, when it is not an address, is learnt.
fn share(cx: &mut Context<'_>, path: &str) -> Text {
    let mut parts = path.trim_start_matches('\\').splitn(2, '\\');
    let (server, name) = (parts.next().unwrap_or(""), parts.next());
    let Some(name) = name else { return path.into() };
    if server.parse::<std::net::IpAddr>().is_err() && !server.starts_with('*') {
        cx.about(Side::Server, FieldName::HostName, server);
    }
    let name = Text::from(name);
    cx.fact(FieldName::SmbShare, OwnedValue::Str(name.clone()));
    name
}

/// A path without the separator some clients put first.
fn rooted(path: Text) -> Text {
    path.strip_prefix('\\').map_or_else(|| path.clone(), Text::from)
}

/// A path within its share.
fn path_utf16(bytes: &[u8]) -> Text {
    rooted(crate::decode::path_utf16(bytes))
}

impl Smb {
    /// Reads the four bytes between messages; how far to go, 0 for more bytes, none when lost.
    fn between(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> Option<usize> {
        let mut b = Bytes::new(bytes);
        let Some(kind) = b.u8() else { return Some(0) };
        let Some(length) = b.u24be().map(|n| n as usize) else { return Some(0) };
        match kind {
            0 => {
                self.streams[from as usize].left = length;
                Some(4)
            }
            // Session request: called and calling names (RFC 1002 §4.3.2).
            0x81 if length <= 512 => {
                let Some(names) = b.take(length) else { return Some(0) };
                let mut names = Bytes::new(names);
                for side in [Side::Server, Side::Client] {
                    if names.u8() == Some(0x20)
                        && let Some((name, _)) = names.take(32).and_then(nbns::decode_name)
                    {
                        if !name.starts_with('*') {
                            cx.about(side, FieldName::HostName, &name);
                        }
                        if side == Side::Client {
                            cx.fact(FieldName::HostName, OwnedValue::Str(name));
                        }
                        while names.u8().is_some_and(|length| length != 0) {}
                    }
                }
                Some(4 + length)
            }
            0x82..=0x85 if length <= 16 => Some(4 + length),
            _ => None,
        }
    }

    /// Reads the message at hand; how long it is, 0 for more bytes, none when it is no message.
    fn message(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> Option<usize> {
        let left = self.streams[from as usize].left;
        if bytes.len() < left.min(64) {
            return Some(0);
        }
        let magic = *bytes.first_chunk::<4>()?;
        let whole = match magic {
            SMB2 => v2::length(bytes, left)?,
            SMB1 => left,
            TRANSFORM => {
                let text = Text::const_new("encrypted");
                cx.fact(FieldName::ServiceName, OwnedValue::Str(text));
                return Some(left);
            }
            COMPRESSED => {
                let text = Text::const_new("compressed");
                cx.fact(FieldName::ServiceName, OwnedValue::Str(text));
                return Some(left);
            }
            _ => return None,
        };
        let wanted = if magic == SMB2 { v2::wanted(bytes) } else { HEAD };
        if bytes.len() < whole.min(wanted) {
            return Some(0);
        }
        let at_hand = &bytes[..whole.min(bytes.len())];
        let read = if magic == SMB2 {
            self.v2.message(cx, &mut self.files, at_hand, left == whole)
        } else {
            self.v1.message(cx, &mut self.files, at_hand)
        };
        *cx.held = self.files.memory() + self.v1.memory();
        if read.is_none() {
            cx.unreadable("smb");
        }
        Some(whole)
    }
}

impl Decoder for Smb {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        let mut at = 0_usize;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let stream = &mut self.streams[from as usize];
            if stream.lost {
                let Some(next) = find_frame(rest) else {
                    // What is kept may be the start of a header.
                    return at + rest.len().saturating_sub(9);
                };
                (stream.lost, stream.left) = (false, 0);
                at += next;
                continue;
            }
            let inside = stream.left > 0;
            let step =
                if inside { self.message(cx, from, rest) } else { self.between(cx, from, rest) };
            match step {
                Some(0) => return at,
                Some(step) => {
                    let stream = &mut self.streams[from as usize];
                    if inside {
                        stream.left = stream.left.saturating_sub(step);
                    }
                    at = at.saturating_add(step).min(DONE - 1);
                }
                None => {
                    cx.unreadable("smb");
                    self.streams[from as usize] = Stream { left: 0, lost: true };
                }
            }
        }
        at
    }

    fn gap(&mut self, _cx: &mut Context<'_>, from: Side) {
        self.streams[from as usize] = Stream { left: 0, lost: true };
    }

    fn end(&mut self, cx: &mut Context<'_>) {
        self.files.end(cx);
    }
}
