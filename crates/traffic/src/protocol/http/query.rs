//! Queries of request targets (RFC 3986 §3.4): kept only where they carry what attacks carry, as they may hold secrets.

use crate::decode::{Context, MAX_FACTS};
use hangtu_record::FieldName;
use memchr::{memchr, memchr2_iter, memmem, memrchr};
use std::cmp::Reverse;

/// What rules look for, in small letters: ways out of a folder, files and programs of the system, commands,
/// look-ups, scripts, SQL, and the page of a router that runs commands for anybody.
const MARKS: [&[u8]; 40] = [
    b"../",
    b"../../",
    b"..\\",
    b"..\\..",
    b"..%2f",
    b"..%2f..%2f",
    b"..%5c",
    b"%2e%2e",
    b"%2e%2e/",
    b"%2e%2e%2f",
    b"%252e%252e",
    b"/etc/passwd",
    b"/etc/shadow",
    b"%2fetc%2fpasswd",
    b"%2fetc%2fshadow",
    b"/bin/sh",
    b"%2fbin%2fsh",
    b"cmd.exe",
    b"wget",
    b";wget",
    b"`wget",
    b"$(wget",
    b"wget+http",
    b"wget%20http",
    b"curl+",
    b"curl%20",
    b"cd+/",
    b"cd%20/",
    b"`",
    b"%60",
    b"$(",
    b"%24(",
    b"%24%28",
    b"${jndi:",
    b"%7bjndi:",
    b"<script",
    b"%3cscript",
    b"union+select",
    b"union%20select",
    b"next_file=",
];

/// A parameter whose name has one of these in it may hold a secret.
const SECRETS: [&[u8]; 9] =
    [b"pass", b"pwd", b"token", b"secret", b"key", b"auth", b"sess", b"sid", b"cred"];

/// How many queries one session keeps, so that other facts have room.
const MAX_QUERIES: usize = MAX_FACTS / 6;
/// How much of a parameter is kept before the first mark.
const BEFORE: usize = 40;

/// Tells the parameters of a query that carry a mark; of one that may hold a secret the mark alone.
pub(super) fn read(cx: &mut Context<'_>, query: &[u8]) {
    let told = cx.facts.iter().filter(|(name, _)| *name == FieldName::UrlQuery).count();
    let mut room = MAX_QUERIES.saturating_sub(told);
    // Nothing is searched for that could not be told.
    if query.is_empty() || room == 0 || cx.facts.len() >= MAX_FACTS {
        return;
    }
    let lower = query.to_ascii_lowercase();
    let found = |mark: &'static [u8]| memmem::find_iter(&lower, mark).map(move |at| (at, mark));
    let mut marks: Vec<(usize, &[u8])> = MARKS.into_iter().flat_map(found).collect();
    // Of those that begin together the longest first: it tells most.
    marks.sort_unstable_by_key(|(at, mark)| (*at, Reverse(mark.len())));
    let mut end = 0;
    for (at, mark) in marks {
        // Another mark of the same parameter.
        if at < end {
            continue;
        }
        if room == 0 {
            return;
        }
        room -= 1;
        let start = memrchr(b'&', &lower[..at]).map_or(0, |before| before + 1);
        end = memchr(b'&', &lower[at..]).map_or(lower.len(), |behind| at + behind);
        let whole = &query[start.max(at.saturating_sub(BEFORE))..end];
        let kept = if is_secret(&lower[start..end]) { mark } else { whole };
        cx.fact_text(FieldName::UrlQuery, kept);
    }
}

/// Whether a name before any `=` in it, plain or encoded, is that of a secret: `user[password]` too.
fn is_secret(lower: &[u8]) -> bool {
    let mut before = 0;
    memchr2_iter(b'=', b'%', lower).any(|at| {
        if lower[at] == b'%' && !lower[at..].starts_with(b"%3d") {
            return false;
        }
        let name = &lower[before..at];
        before = at + 1;
        // Brackets, plain or encoded, are part of it.
        let start = name.iter().rposition(|b| !b.is_ascii_alphanumeric() && !b"_-.[]%".contains(b));
        let name = start.map_or(name, |start| &name[start + 1..]);
        SECRETS.iter().any(|secret| memmem::find(name, secret).is_some())
    })
}
