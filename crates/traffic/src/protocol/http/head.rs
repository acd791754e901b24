//! Heads of messages and how the body after them is delimited (RFC 9112 §6, §7.1).

use memchr::{memchr, memchr_iter, memrchr};
use std::iter;

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Sized(usize),
    Chunked,
    UntilClose,
}

/// A start line and the field lines after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    pub(super) start: &'a [u8],
    /// The start line with its line end, by which a complete line is known.
    pub(super) start_with_end: &'a [u8],
    fields: &'a [u8],
}

/// Splits off a whole head; how long it is with the empty line that ends it. No such line ends in
/// the first `seen` bytes.
pub(super) fn split(bytes: &[u8], seen: usize) -> Option<(Head<'_>, usize)> {
    let after = |feed: usize| feed + 1;
    let mut line = None;
    for feed in memchr_iter(b'\n', &bytes[seen..]) {
        let end = seen + feed;
        let at = line.unwrap_or_else(|| memrchr(b'\n', &bytes[..seen]).map_or(0, after));
        if bytes[at..end].trim_ascii_end().is_empty() {
            let first = memchr(b'\n', bytes).map_or(end, after);
            let line = &bytes[..first];
            let head = Head {
                start: line.trim_ascii_end(),
                start_with_end: line,
                fields: &bytes[first.min(at)..at],
            };
            return Some((head, after(end)));
        }
        line = Some(after(end));
    }
    None
}

impl<'a> Head<'a> {
    /// Names and values of the field lines.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let mut rest = self.fields;
        let lines = iter::from_fn(move || {
            // Each line of a head has its end.
            let (line, more) = rest.split_at(memchr(b'\n', rest)? + 1);
            rest = more;
            Some(line)
        });
        lines.filter_map(|line| {
            let colon = memchr(b':', line)?;
            Some((&line[..colon], line[colon + 1..].trim_ascii()))
        })
    }

    /// The body that the fields declare (RFC 9112 §6.3); chunks come before a length.
    pub(super) fn body(&self) -> Option<Body> {
        let mut sized = None;
        for (name, value) in self.fields() {
            if name.eq_ignore_ascii_case(b"transfer-encoding")
                && value.to_ascii_lowercase().ends_with(b"chunked")
            {
                return Some(Body::Chunked);
            }
            if name.eq_ignore_ascii_case(b"content-length") {
                let value = std::str::from_utf8(value).ok();
                sized = value.and_then(|v| v.parse().ok()).map(Body::Sized);
            }
        }
        sized
    }
}

/// Reads a chunk's size line: how far line, chunk and line end go (0 for more bytes), and whether
/// it was the last chunk. None when it is no such line.
pub(super) fn chunk(bytes: &[u8]) -> Option<(usize, bool)> {
    let Some(end) = bytes.iter().take(256).position(|b| *b == b'\n') else {
        return (bytes.len() < 256).then_some((0, false));
    };
    let digits = bytes[..end].split(|b| *b == b';').next()?.trim_ascii();
    let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some(match size {
        0 => (end + 1, true),
        _ => (size.saturating_add(end + 3).min(usize::MAX - 1), false),
    })
}
