//! HTTP/1 (RFC 9110, RFC 9112): who asked which host for what with which program. Bodies are
//! skipped; what a log-on sends is read for the user and never kept.

mod head;
#[cfg(test)]
mod tests;

use super::smb::ntlm;
use crate::decode::{Context, DONE, Decoder, Peek, Registration, Side, Verdict, clean};
use hangtu_record::{FieldName, OwnedValue, Text};
use head::{Body, Head};
use memchr::memchr;
use std::collections::VecDeque;

/// HTTP/1 over TCP, on any port.
pub(super) static REGISTRATION: Registration = Registration {
    name: "http",
    tcp: true,
    udp: false,
    ports: &[80, 8080, 8000, 8081, 8888, 3128, 5000, 9090],
    probe,
    make: || Box::<Http>::default(),
};

/// The longest head that is read.
const MAX_HEAD: usize = 32 * 1024;
/// Requests that may wait for their responses (pipelining).
const MAX_WAITING: usize = 64;
/// How many paths one session keeps, so that other facts have room.
const MAX_PATHS: u32 = 32;

/// Methods of RFC 9110, WebDAV (RFC 4918) and Windows' own.
const METHODS: [&str; 19] = [
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "DELETE",
    "OPTIONS",
    "CONNECT",
    "PATCH",
    "TRACE",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "RPC_IN_DATA",
    "RPC_OUT_DATA",
];

fn method(line: &[u8]) -> Option<&'static str> {
    let end = line.iter().take(14).position(|b| *b == b' ')?;
    METHODS.iter().find(|m| m.as_bytes() == &line[..end]).copied()
}

/// Whether the bytes begin with a start line; the side that sends such a line.
fn start_line(bytes: &[u8]) -> Verdict {
    begins(bytes, memchr(b'\n', bytes).map(|feed| text_end(&bytes[..feed])))
}

/// Where the text of a line ends.
fn text_end(line: &[u8]) -> usize {
    line.trim_ascii_end().len()
}

/// As [`start_line`], for who knows where the text of the first line ends, once it is whole.
fn begins(bytes: &[u8], end: Option<usize>) -> Verdict {
    if bytes.starts_with(b"HTTP/1.") {
        return match bytes.get(7..12) {
            Some([b'0' | b'1', b' ', b'1'..=b'5', b'0'..=b'9', b'0'..=b'9']) => {
                Verdict::Yes(Some(Side::Server))
            }
            Some(_) => Verdict::No,
            None => Verdict::More,
        };
    }
    let Some(method) = method(bytes) else {
        let begun = |word: &str| word.len() >= bytes.len() && word.as_bytes().starts_with(bytes);
        let more = bytes.len() < 12 && (METHODS.iter().any(|m| begun(m)) || begun("HTTP/1."));
        return if more { Verdict::More } else { Verdict::No };
    };
    let target = &bytes[method.len() + 1..];
    match end {
        // The version at the end keeps RTSP, SIP and the like apart.
        Some(end) => {
            match bytes.get(method.len() + 1..end).and_then(|line| line.last_chunk::<9>()) {
                Some(b" HTTP/1.1" | b" HTTP/1.0") => Verdict::Yes(Some(Side::Client)),
                _ => Verdict::No,
            }
        }
        None if target.len() >= 64 && target[0] == b'/' => Verdict::Yes(Some(Side::Client)),
        None if target.len() < 4096 => Verdict::More,
        None => Verdict::No,
    }
}

fn probe(peek: Peek<'_>) -> Verdict {
    start_line(peek.bytes)
}

/// What one direction is in the middle of.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// Between chunks of a chunked body.
    Chunk,
    /// In the trailer lines after the last chunk.
    Trailer,
    /// Bytes were lost: the next start line is to be found.
    Lost,
}

#[derive(Debug)]
struct Asked {
    /// No body follows the response.
    head: bool,
    connect: bool,
    /// Credentials were sent whose fate the status tells.
    credentials: bool,
}

/// What is known of a head whose end has not come yet.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    /// So many of its bytes were looked at.
    bytes: usize,
    /// The start line is whole, and is one.
    start: bool,
}

#[derive(Debug, Default)]
struct Http {
    states: [State; 2],
    seen: [Seen; 2],
    waiting: VecDeque<Asked>,
    paths: u32,
    /// Another protocol follows.
    changed: bool,
}

/// The operating system a User-Agent names.
fn system(agent: &str) -> Option<Text> {
    const MARKS: [&str; 7] =
        ["Windows NT ", "Windows CE", "Android ", "iPhone OS ", "Mac OS X ", "CrOS ", "Linux"];
    MARKS.iter().find_map(|mark| {
        let rest = &agent[agent.find(mark)?..];
        let end = rest[mark.len()..].find([';', ')', ',']).map_or(rest.len(), |n| n + mark.len());
        let word = if *mark == "Linux" { "Linux" } else { &rest[..end] };
        Some(Text::from(word.split(" like ").next().unwrap_or(word).trim()))
    })
}

/// Decodes Base64 as far as it goes.
fn base64(text: &[u8]) -> Vec<u8> {
    let (mut out, mut bits, mut count) = (Vec::with_capacity(text.len() / 4 * 3), 0_u32, 0);
    for byte in text {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    out
}

impl Http {
    /// Reads an Authorization field (RFC 9110 §11.6.2); true when the status will tell its fate.
    fn authorization(cx: &mut Context<'_>, value: &[u8]) -> bool {
        let end = value.iter().position(|b| *b == b' ').unwrap_or(value.len());
        let (scheme, credentials) = (&value[..end], value[end..].trim_ascii_start());
        let mut scheme = clean(scheme);
        scheme.make_ascii_lowercase();
        match scheme.as_str() {
            "basic" => {
                let pair = base64(credentials);
                let user = pair.split(|b| *b == b':').next().unwrap_or_default();
                cx.fact_text(FieldName::UserName, user);
            }
            "digest" => {
                let user = credentials.split(|b| *b == b',').find_map(|parameter| {
                    let value = parameter.trim_ascii().strip_prefix(b"username=")?;
                    value.strip_prefix(b"\"")?.strip_suffix(b"\"")
                });
                cx.fact_text(FieldName::UserName, user.unwrap_or_default());
            }
            "ntlm" | "negotiate" => {
                let token = base64(credentials);
                return matches!(
                    ntlm::note(cx, Side::Client, &token),
                    Some(ntlm::Token::User(_) | ntlm::Token::Kerberos)
                );
            }
            "bearer" => {}
            // Something else may stand here, secrets included.
            _ => return false,
        }
        cx.fact(FieldName::AuthMethod, OwnedValue::Str(scheme));
        true
    }

    fn request(&mut self, cx: &mut Context<'_>, head: &Head<'_>) -> Option<Body> {
        let method = method(head.start)?;
        let target = head.start[method.len() + 1..].split(|b| *b == b' ').next()?;
        cx.fact(FieldName::HttpMethod, OwnedValue::Str(Text::const_new(method)));
        let connect = method == "CONNECT";
        if self.paths < MAX_PATHS && !connect {
            self.paths += 1;
            // Without the query: it is long, and may hold secrets.
            let path = target.split(|b| matches!(b, b'?' | b'#')).next().unwrap_or_default();
            cx.fact_text(FieldName::UrlPath, path);
        }
        let mut credentials = false;
        for (name, value) in head.fields() {
            if name.eq_ignore_ascii_case(b"host") {
                cx.fact_text(FieldName::UrlDomain, value);
            } else if name.eq_ignore_ascii_case(b"user-agent") {
                let agent = clean(value);
                if let Some(system) = system(&agent) {
                    cx.about(Side::Client, FieldName::HostOs, &system);
                }
                cx.fact(FieldName::UserAgent, OwnedValue::Str(agent));
            } else if name.eq_ignore_ascii_case(b"authorization") {
                credentials |= Self::authorization(cx, value);
            }
        }
        if connect {
            cx.fact_text(FieldName::UrlDomain, target);
        }
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Asked { head: method == "HEAD", connect, credentials });
        Some(head.body().unwrap_or(Body::Sized(0)))
    }

    fn response(&mut self, cx: &mut Context<'_>, head: &Head<'_>) -> Option<Body> {
        let code = head.start.get(9..12)?;
        let status = std::str::from_utf8(code).ok()?.parse::<u16>().ok()?;
        // Interim responses (RFC 9110 §15.2); another one follows.
        if matches!(status, 100 | 102..200) {
            return Some(Body::Sized(0));
        }
        let asked = self.waiting.pop_front();
        cx.fact(FieldName::HttpStatus, OwnedValue::Int(i64::from(status)));
        if asked.as_ref().is_some_and(|a| a.credentials) {
            let outcome = if status == 401 { "failure" } else { "success" };
            cx.fact(FieldName::AuthOutcome, OwnedValue::Str(Text::const_new(outcome)));
        }
        for (name, value) in head.fields() {
            if name.eq_ignore_ascii_case(b"server") {
                let banner = clean(value);
                cx.about(Side::Server, FieldName::ServerBanner, &banner);
                cx.fact(FieldName::ServerBanner, OwnedValue::Str(banner));
            } else if name.eq_ignore_ascii_case(b"content-type") {
                let kind = value.split(|b| *b == b';').next().unwrap_or_default();
                cx.fact_text(FieldName::HttpMime, kind);
            } else if name.eq_ignore_ascii_case(b"www-authenticate")
                && let Some(token) =
                    value.strip_prefix(b"NTLM ").or(value.strip_prefix(b"Negotiate "))
            {
                ntlm::note(cx, Side::Server, &base64(token));
            }
        }
        let connected = asked.as_ref().is_some_and(|a| a.connect) && (200..300).contains(&status);
        if status == 101 || connected {
            self.changed = true;
            return Some(Body::UntilClose);
        }
        // RFC 9112 §6.3: which responses have no body, whatever their fields say.
        if asked.is_some_and(|a| a.head) || matches!(status, 204 | 304) {
            return Some(Body::Sized(0));
        }
        Some(head.body().unwrap_or(Body::UntilClose))
    }

    /// Reads a head; how far it and a body of known size go, or how far there is none.
    fn head(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> Result<usize, usize> {
        // Empty lines before a request are to be passed over (RFC 9112 §2.2).
        let blank = bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        if blank > 0 {
            return Ok(blank);
        }
        let near = &bytes[..bytes.len().min(MAX_HEAD)];
        // A head may come byte by byte: nothing of it is looked at twice.
        let mut seen = std::mem::take(&mut self.seen[from as usize]);
        let known = seen.bytes.min(near.len());
        let Some((head, length)) = head::split(near, known) else {
            if near.len() == MAX_HEAD {
                // What began in the first half would be too long already.
                return Err(MAX_HEAD / 2);
            }
            if !seen.start {
                let feed = memchr(b'\n', &near[known..]).map(|feed| known + feed);
                match begins(near, feed.map(|feed| text_end(&near[..feed]))) {
                    Verdict::No => return Err(1),
                    Verdict::More => {}
                    Verdict::Yes(_) => seen.start = feed.is_some(),
                }
            }
            seen.bytes = near.len();
            self.seen[from as usize] = seen;
            return Ok(0);
        };
        let body = match start_line(head.start_with_end) {
            Verdict::Yes(Some(Side::Client)) => self.request(cx, &head).ok_or(1_usize)?,
            Verdict::Yes(Some(Side::Server)) => self.response(cx, &head).ok_or(1_usize)?,
            _ => return Err(1),
        };
        Ok(match body {
            Body::Sized(size) => length.saturating_add(size).min(DONE - 1),
            Body::Chunked => {
                self.states[from as usize] = State::Chunk;
                length
            }
            Body::UntilClose => DONE,
        })
    }

    /// The place of the next start line, or of what may become one; whether it is one already.
    fn find(bytes: &[u8]) -> Option<(usize, bool)> {
        let mut from = 0;
        // Line by line, so that the end of each is looked for once.
        while let Some(rest) = bytes.get(from..).filter(|rest| !rest.is_empty()) {
            let feed = memchr(b'\n', rest);
            let length = text_end(&rest[..feed.unwrap_or(rest.len())]);
            for at in 0..length {
                if rest[at].is_ascii_uppercase()
                    && (at == 0 || !rest[at - 1].is_ascii_alphanumeric())
                {
                    match begins(&rest[at..], feed.map(|_| length - at)) {
                        Verdict::Yes(_) => return Some((from + at, true)),
                        Verdict::More => return Some((from + at, false)),
                        Verdict::No => {}
                    }
                }
            }
            from += feed? + 1;
        }
        None
    }
}

impl Decoder for Http {
    fn data(&mut self, cx: &mut Context<'_>, from: Side, bytes: &[u8]) -> usize {
        let mut at = 0_usize;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.changed {
                return DONE;
            }
            let state = self.states[from as usize];
            let step = match state {
                State::Head => self.head(cx, from, rest),
                State::Chunk => match head::chunk(rest) {
                    Some((step, last)) => {
                        if last {
                            self.states[from as usize] = State::Trailer;
                        }
                        Ok(step)
                    }
                    None => Err(1),
                },
                State::Trailer => match memchr(b'\n', rest) {
                    Some(end) => {
                        if rest[..end].trim_ascii().is_empty() {
                            self.states[from as usize] = State::Head;
                        }
                        Ok(end + 1)
                    }
                    None if rest.len() < 4096 => Ok(0),
                    None => Err(1),
                },
                State::Lost => match Self::find(rest) {
                    Some((next, true)) => {
                        self.states[from as usize] = State::Head;
                        at += next;
                        continue;
                    }
                    Some((next, false)) => return at + next,
                    None => return bytes.len(),
                },
            };
            match step {
                Ok(0) => return at,
                Ok(DONE) => return DONE,
                Ok(step) => at = at.saturating_add(step).min(DONE - 1),
                Err(step) => {
                    cx.unreadable("http");
                    self.states[from as usize] = State::Lost;
                    // What could not be read must not be found again.
                    at += step;
                }
            }
        }
        at
    }

    fn gap(&mut self, _cx: &mut Context<'_>, from: Side) {
        self.states[from as usize] = State::Lost;
        self.seen[from as usize] = Seen::default();
        // Which response answers which request is no longer known.
        self.waiting.clear();
    }
}
