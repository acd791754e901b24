//! One line of an audit log, and what stands in it.

use hangtu_record::Time;
use std::{borrow::Cow, net::IpAddr};

/// A record: one line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Machine that wrote it; empty when not said.
    pub node: &'a str,
    /// Its type, `SYSCALL`.
    pub kind: &'a str,
    /// `1615114232.375:15558`, the same for all records of an event.
    pub id: &'a str,
    pub time: Time,
    pub body: &'a str,
}

impl<'a> Line<'a> {
    /// `[node=N ]type=T msg=audit(SECONDS.MILLIS:SERIAL): BODY`
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut rest = text.trim_start();
        let mut node = "";
        if let Some(after) = rest.strip_prefix("node=") {
            (node, rest) = after.split_once(' ')?;
        }
        let (kind, rest) = rest.trim_start().strip_prefix("type=")?.split_once(' ')?;
        let rest = rest.trim_start();
        let rest = rest.strip_prefix("msg=").unwrap_or(rest);
        let (id, body) = rest.strip_prefix("audit(")?.split_once(')')?;
        let (at, serial) = id.rsplit_once(':')?;
        let (seconds, millis) = at.split_once('.').unwrap_or((at, "0"));
        let serial_ok = !serial.is_empty() && serial.bytes().all(|b| b.is_ascii_digit());
        let millis_ok = millis.len() <= 9 && millis.bytes().all(|b| b.is_ascii_digit());
        if !serial_ok || !millis_ok || kind.is_empty() {
            return None;
        }
        let seconds: u32 = seconds.parse().ok()?;
        let nanos = format!("{millis:0<9}").parse().ok()?;
        let time = Time::new(i64::from(seconds), nanos);
        Some(Self { node, kind, id, time, body: body.trim_start_matches(':').trim() })
    }
}

/// A value as it stands in a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    pub text: &'a str,
    pub quoted: bool,
}

/// Calls `each` for every `key=value`; returns the words in front of the first that are none.
pub(super) fn pairs<'a>(body: &'a str, each: &mut dyn FnMut(&'a str, Raw<'a>)) -> &'a str {
    const ENRICHED: char = '\u{1d}';
    let gap = |c: char| c.is_whitespace() || c == ENRICHED || c == ',';
    let mut rest = body;
    let mut words = None;
    loop {
        rest = rest.trim_start_matches(gap);
        if rest.is_empty() {
            break;
        }
        let end = rest.find(|c| c == '=' || gap(c)).unwrap_or(rest.len());
        let key = &rest[..end];
        let Some(value) = rest[end..].strip_prefix('=') else {
            rest = &rest[end..];
            continue;
        };
        words.get_or_insert(body.len() - rest.len());
        let raw;
        (raw, rest) = self::value(value);
        if !key.is_empty() {
            each(key, raw);
        }
    }
    body[..words.unwrap_or(body.len())].trim_matches(gap)
}

/// A value in front, and what follows.
fn value(text: &str) -> (Raw<'_>, &str) {
    let quoted = |text, rest| (Raw { text, quoted: true }, rest);
    // Some kernels write `subj==unconfined`.
    let text = text.strip_prefix('=').unwrap_or(text);
    if let Some(inside) = text.strip_prefix('"') {
        return match inside.split_once('"') {
            Some((value, rest)) => quoted(value, rest),
            None => quoted(inside, ""),
        };
    }
    if let Some(inside) = text.strip_prefix('\'') {
        // Messages may hold quotes; the last one before the enriched part closes.
        let plain = inside.find('\u{1d}').unwrap_or(inside.len());
        let end = inside[..plain].rfind('\'').or_else(|| inside.find('\''));
        return match end {
            Some(end) => quoted(&inside[..end], &inside[end + 1..]),
            None => quoted(inside, ""),
        };
    }
    if text.starts_with('{')
        && let Some(end) = text.find('}')
    {
        return quoted(&text[..=end], &text[end + 1..]);
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '\u{1d}').unwrap_or(text.len());
    (Raw { text: text[..end].trim_end_matches(','), quoted: false }, &text[end..])
}

/// Keys whose values auditd writes in hex when they hold blanks, quotes or control characters.
const ENCODED: [&str; 22] = [
    "acct",
    "cmd",
    "comm",
    "cwd",
    "data",
    "device",
    "dir",
    "exe",
    "file",
    "grp",
    "key",
    "name",
    "new_group",
    "ocomm",
    "old_path",
    "path",
    "proctitle",
    "sw",
    "vm",
    "watch",
    "invalid_context",
    "info",
];

/// The value with its hex undone.
pub(super) fn decoded<'a>(key: &str, raw: Raw<'a>) -> Cow<'a, str> {
    if raw.quoted || !ENCODED.contains(&key) {
        return Cow::Borrowed(raw.text);
    }
    unhex_text(raw.text).map_or(Cow::Borrowed(raw.text), Cow::Owned)
}

/// Text written in hex; NULs, which part arguments, become blanks.
pub(super) fn unhex_text(text: &str) -> Option<String> {
    let mut bytes = unhex(text)?;
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    let text = crate::lines::decode(&bytes, crate::lines::Charset::Auto);
    Some(text.replace('\0', " "))
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16);
    text.as_bytes().chunks(2).map(|p| Some((digit(p[0])? << 4 | digit(p[1])?) as u8)).collect()
}

/// A socket address.
#[derive(Debug, PartialEq)]
pub(super) enum Address {
    Inet(IpAddr, u16),
    Unix(String),
    Other(u16),
}

/// Decodes `saddr`, the bytes of a `struct sockaddr`.
pub(super) fn address(hex: &str) -> Option<Address> {
    let bytes = unhex(hex)?;
    let [a, b, rest @ ..] = bytes.as_slice() else { return None };
    // The family is in the machine's byte order, and small.
    let family = if *a == 0 { u16::from(*b) } else { u16::from_le_bytes([*a, *b]) };
    Some(match (family, rest) {
        (1, path) => {
            // An abstract name begins with NUL.
            let path = match path.split_first() {
                Some((0, name)) if name.first().is_some_and(|b| *b != 0) => {
                    format!("@{}", until_nul(name))
                }
                _ => until_nul(path),
            };
            Address::Unix(path)
        }
        (2, [p, q, a, b, c, d, ..]) => {
            Address::Inet(IpAddr::from([*a, *b, *c, *d]), u16::from_be_bytes([*p, *q]))
        }
        (10, [p, q, _, _, _, _, rest @ ..]) => {
            let ip: [u8; 16] = rest.get(..16)?.try_into().ok()?;
            let ip = IpAddr::from(ip).to_canonical();
            Address::Inet(ip, u16::from_be_bytes([*p, *q]))
        }
        _ => Address::Other(family),
    })
}

fn until_nul(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
