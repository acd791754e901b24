//! Start lines (RFC 9112 §2.1): by them HTTP is told, and found again.

use crate::decode::{Side, Verdict};
use memchr::memchr;

/// Methods of RFC 9110, WebDAV (RFC 4918) and Windows' own: by these HTTP is told from others.
const METHODS: [&[u8]; 19] = [
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"CONNECT",
    b"PATCH",
    b"TRACE",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"REPORT",
    b"RPC_IN_DATA",
    b"RPC_OUT_DATA",
];

/// The longest other method: longer than any registered one (IANA, HTTP Method Registry).
const MAX_METHOD: usize = 24;

/// Which methods are taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Methods {
    /// Those of [`METHODS`].
    Known,
    /// Any: a token (RFC 9110 §9.1), in capitals as all registered ones are.
    Any,
}

/// Whether a word may begin a method.
fn is_token(word: &[u8]) -> bool {
    word.len() <= MAX_METHOD
        && word.iter().all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_'))
}

/// The method that a line begins with.
pub(super) fn method(line: &[u8], methods: Methods) -> Option<&[u8]> {
    let end = line.iter().take(MAX_METHOD + 1).position(|b| *b == b' ')?;
    let word = &line[..end];
    let fits = METHODS.contains(&word) || methods == Methods::Any && end > 0 && is_token(word);
    fits.then_some(word)
}

/// How long the version at the end of a request line is, with the space before it.
const VERSION: usize = b" HTTP/1.1".len();

/// The target of a request line with that method: all before the version, as servers take it. Attacks have raw spaces
/// in theirs.
pub(super) fn target<'a>(line: &'a [u8], method: &[u8]) -> &'a [u8] {
    let end = line.len().saturating_sub(VERSION);
    line.get(method.len() + 1..end).unwrap_or_default().trim_ascii()
}

/// Whether the bytes begin with a start line; the side that sends such a line.
pub(super) fn start_line(bytes: &[u8], methods: Methods) -> Verdict {
    begins(bytes, memchr(b'\n', bytes).map(|feed| text_end(&bytes[..feed])), methods)
}

/// Where the text of a line ends.
pub(super) fn text_end(line: &[u8]) -> usize {
    line.trim_ascii_end().len()
}

/// As [`start_line`], for who knows where the text of the first line ends, once it is whole.
pub(super) fn begins(bytes: &[u8], end: Option<usize>, methods: Methods) -> Verdict {
    if bytes.starts_with(b"HTTP/1.") {
        return match bytes.get(7..12) {
            Some([b'0' | b'1', b' ', b'1'..=b'5', b'0'..=b'9', b'0'..=b'9']) => {
                Verdict::Yes(Some(Side::Server))
            }
            Some(_) => Verdict::No,
            None => Verdict::More,
        };
    }
    let Some(method) = method(bytes, methods) else {
        let begun = |word: &[u8]| word.starts_with(bytes);
        let more = bytes.len() <= 12 && (METHODS.iter().any(|m| begun(m)) || begun(b"HTTP/1."))
            || methods == Methods::Any && is_token(bytes);
        return if more { Verdict::More } else { Verdict::No };
    };
    let target = &bytes[method.len() + 1..];
    match end {
        // The version at the end keeps RTSP, SIP and the like apart.
        Some(end) => {
            match bytes.get(method.len() + 1..end).and_then(|line| line.last_chunk::<VERSION>()) {
                Some(b" HTTP/1.1" | b" HTTP/1.0") => Verdict::Yes(Some(Side::Client)),
                _ => Verdict::No,
            }
        }
        None if target.len() >= 64 && target[0] == b'/' => Verdict::Yes(Some(Side::Client)),
        None if target.len() < 4096 => Verdict::More,
        None => Verdict::No,
    }
}
