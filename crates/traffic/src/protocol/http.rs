//! HTTP/1 (RFC 9110, RFC 9112): who asked which host for what with which program. Bodies are
//! skipped; what a log-on sends is read for the user and never kept.

mod authorization;
mod head;
mod query;
mod start;
mod target;
#[cfg(test)]
mod tests;

use super::tls::{self, Tls};
use crate::decode::{Context, DONE, Decoder, MAX_FACTS, Peek, Registration, Side, Verdict, clean};
use authorization::Credentials;
use hangtu_record::{FieldName, OwnedValue, Text, Transport};
use head::{Body, Head};
use memchr::memchr;
use start::{Methods, begins, method, start_line, target, text_end};
use std::collections::VecDeque;
use target::{Authority, Target};

/// HTTP/1 over TCP, on any port.
pub(super) static REGISTRATION: Registration = Registration {
    name: "http",
    also: &[],
    industrial: false,
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
/// How many paths one session keeps: the last only of requests that carry what attacks carry.
const MAX_PATHS: usize = 48;
const MAX_PLAIN_PATHS: usize = 32;
/// How many users.
const MAX_USERS: usize = 8;
/// How many facts one session keeps before only such paths, such queries, users and how log-ons ended have room.
const MAX_PLAIN: usize = MAX_FACTS - query::MAX_QUERIES - (MAX_PATHS - MAX_PLAIN_PATHS);

fn probe(peek: Peek<'_>) -> Verdict {
    start_line(peek.bytes, Methods::Known)
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
    credentials: Credentials,
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
    then: Then,
}

/// What the connection carries behind the messages read so far.
#[derive(Debug, Default)]
enum Then {
    #[default]
    Messages,
    /// What CONNECT opened the way to (RFC 9110 §9.3.6): mostly TLS.
    Tunnel,
    Tls(Tls),
    Other,
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

/// Which methods a side may begin a message with, once it is known to speak HTTP.
fn methods(from: Side) -> Methods {
    match from {
        Side::Client => Methods::Any,
        Side::Server => Methods::Known,
    }
}

/// Tells a fact that any request may bring, where there is room for such.
fn plain(cx: &mut Context<'_>, name: FieldName, value: OwnedValue) {
    if cx.facts.len() < MAX_PLAIN {
        cx.fact(name, value);
    }
}

/// The same of a text.
fn plain_text(cx: &mut Context<'_>, name: FieldName, bytes: &[u8]) {
    plain(cx, name, OwnedValue::Str(clean(bytes)));
}

/// Tells who logs on.
fn user(cx: &mut Context<'_>, name: &[u8]) {
    cx.fact_of(FieldName::UserName, OwnedValue::Str(clean(name)), MAX_USERS);
}

/// Tells who is asked, and the port where it is named.
fn asked(cx: &mut Context<'_>, authority: Option<Authority<'_>>) {
    let Some(authority) = authority else { return };
    plain_text(cx, FieldName::UrlDomain, authority.host);
    if let Some(port) = authority.port {
        plain(cx, FieldName::UrlPort, OwnedValue::Int(port.into()));
    }
}

/// Tells the path of a request.
fn path(cx: &mut Context<'_>, target: &Target<'_>) {
    let plain = cx.facts.len() < MAX_PLAIN && cx.told(FieldName::UrlPath) < MAX_PLAIN_PATHS;
    if plain || query::is_marked(target.path) || query::is_marked(target.query) {
        cx.fact_of(FieldName::UrlPath, OwnedValue::Str(clean(target.path)), MAX_PATHS);
    }
}

impl Http {
    fn request(&mut self, cx: &mut Context<'_>, head: &Head<'_>) -> Option<Body> {
        let method = method(head.start, Methods::Any)?;
        let target = target(head.start, method);
        plain_text(cx, FieldName::HttpMethod, method);
        let connect = method == b"CONNECT";
        if connect {
            asked(cx, Authority::read(target));
        } else {
            let target = Target::read(target);
            path(cx, &target);
            query::read(cx, target.query);
            user(cx, target.authority.user);
            asked(cx, Some(target.authority));
        }
        let mut credentials = Credentials::default();
        for (name, value) in head.fields() {
            if name.eq_ignore_ascii_case(b"host") {
                asked(cx, Authority::read(value));
            } else if name.eq_ignore_ascii_case(b"user-agent") {
                let agent = clean(value);
                if let Some(system) = system(&agent) {
                    cx.about(Side::Client, FieldName::HostOs, &system);
                }
                plain(cx, FieldName::UserAgent, OwnedValue::Str(agent));
            } else if name.eq_ignore_ascii_case(b"authorization") {
                credentials.server |= authorization::read(cx, value);
            } else if name.eq_ignore_ascii_case(b"proxy-authorization") {
                credentials.proxy |= authorization::read(cx, value);
            }
        }
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Asked { head: method == b"HEAD", connect, credentials });
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
        plain(cx, FieldName::HttpStatus, OwnedValue::Int(i64::from(status)));
        if let Some(asked) = &asked {
            asked.credentials.judge(cx, status);
        }
        for (name, value) in head.fields() {
            if name.eq_ignore_ascii_case(b"server") {
                let banner = clean(value);
                cx.about(Side::Server, FieldName::ServerBanner, &banner);
                plain(cx, FieldName::ServerBanner, OwnedValue::Str(banner));
            } else if name.eq_ignore_ascii_case(b"content-type") {
                let kind = value.split(|b| *b == b';').next().unwrap_or_default();
                plain_text(cx, FieldName::HttpMime, kind);
            } else if name.eq_ignore_ascii_case(b"www-authenticate")
                || name.eq_ignore_ascii_case(b"proxy-authenticate")
            {
                authorization::challenge(cx, value);
            }
        }
        if status == 101 {
            self.then = Then::Other;
            return Some(Body::UntilClose);
        }
        if asked.as_ref().is_some_and(|a| a.connect) && (200..300).contains(&status) {
            self.then = Then::Tunnel;
            return Some(Body::Sized(0));
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
                let end = feed.map(|feed| text_end(&near[..feed]));
                match begins(near, end, methods(from)) {
                    Verdict::No => return Err(1),
                    Verdict::More => {}
                    Verdict::Yes(_) => seen.start = feed.is_some(),
                }
            }
            seen.bytes = near.len();
            self.seen[from as usize] = seen;
            return Ok(0);
        };
        let body = match start_line(head.start_with_end, methods(from)) {
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
                    match begins(&rest[at..], feed.map(|_| length - at), Methods::Known) {
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
            match &mut self.then {
                Then::Messages => {}
                Then::Tunnel => {
                    let transport = Transport::Tcp;
                    let peek = Peek { bytes: rest, by_port: None, transport };
                    match (tls::REGISTRATION.probe)(peek) {
                        Verdict::Yes(_) => self.then = Then::Tls(Tls::default()),
                        Verdict::More => return at,
                        Verdict::No => return DONE,
                    }
                    continue;
                }
                Then::Tls(tls) => {
                    return match tls.data(cx, from, rest) {
                        0 => at,
                        used => used.saturating_add(at),
                    };
                }
                Then::Other => return DONE,
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

    fn gap(&mut self, cx: &mut Context<'_>, from: Side) {
        if let Then::Tls(tls) = &mut self.then {
            return tls.gap(cx, from);
        }
        self.states[from as usize] = State::Lost;
        self.seen[from as usize] = Seen::default();
        // Which response answers which request is no longer known.
        self.waiting.clear();
    }

    fn end(&mut self, cx: &mut Context<'_>) {
        if let Then::Tls(tls) = &mut self.then {
            tls.end(cx);
        }
    }
}
