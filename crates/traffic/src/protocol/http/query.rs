//! Queries of request targets (RFC 3986 §3.4): kept only where they carry what attacks carry, as they may hold secrets.

use crate::decode::{Context, MAX_FACTS};
use aho_corasick::{AhoCorasick, Input, MatchKind};
use hangtu_record::FieldName;
use memchr::{memchr, memchr2_iter, memmem, memrchr};
use std::sync::LazyLock;

/// What rules look for, in small letters: ways out of a folder, files and programs of the system, commands,
/// look-ups, scripts, SQL, and pages of routers and optical terminals that run commands for anybody.
const MARKS: [&str; 48] = [
    "../",
    "../../",
    "..\\",
    "..\\..",
    "..%2f",
    "..%2f..%2f",
    "..%5c",
    "%2e%2e",
    "%2e%2e/",
    "%2e%2e%2f",
    "%252e%252e",
    "/etc/passwd",
    "/etc/shadow",
    "%2fetc%2fpasswd",
    "%2fetc%2fshadow",
    "/bin/sh",
    "%2fbin%2fsh",
    "cmd.exe",
    "wget",
    ";wget",
    "`wget",
    "$(wget",
    "wget+http",
    "wget%20http",
    "wget http",
    "curl+",
    "curl%20",
    "curl+http",
    "curl%20http",
    "curl http",
    "cd+/",
    "cd%20/",
    "cd /",
    "`",
    "%60",
    "$(",
    "%24(",
    "%24%28",
    "${jndi:",
    "%7bjndi:",
    "<script",
    "%3cscript",
    "union+select",
    "union%20select",
    "next_file=",
    "/cgi-bin/;",
    "/boaform/admin/formlogin",
    "/gponform/diag_form",
];

/// The marks, looked for all at once. Of those that begin together the longest tells most.
static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let mut builder = AhoCorasick::builder();
    builder.match_kind(MatchKind::LeftmostLongest).ascii_case_insensitive(true);
    builder.build(MARKS).expect("some short words fit an automaton")
});

/// A parameter whose name has one of these in it may hold a secret.
const SECRETS: [&[u8]; 9] =
    [b"pass", b"pwd", b"token", b"secret", b"key", b"auth", b"sess", b"sid", b"cred"];

/// How many queries one session keeps, so that other facts have room.
pub(super) const MAX_QUERIES: usize = MAX_FACTS / 6;
/// How much of a parameter is kept before the first mark.
const BEFORE: usize = 40;

/// Whether a path or a query carries what attacks carry.
pub(super) fn is_marked(part: &[u8]) -> bool {
    SEARCH.is_match(part)
}

/// Tells the parameters of a query that carry a mark; of one that may hold a secret the mark alone.
pub(super) fn read(cx: &mut Context<'_>, query: &[u8]) {
    if query.is_empty() || cx.facts.len() >= MAX_FACTS {
        return;
    }
    let mut room = MAX_QUERIES.saturating_sub(cx.told(FieldName::UrlQuery));
    let mut end = 0;
    // Past the parameter that was told: one mark of it is enough.
    while room > 0
        && let Some(mark) = SEARCH.find(Input::new(query).range(end..))
    {
        room -= 1;
        let at = mark.start();
        let start = memrchr(b'&', &query[..at]).map_or(0, |before| before + 1);
        end = memchr(b'&', &query[at..]).map_or(query.len(), |behind| at + behind);
        let part = &query[start..end];
        // A URL may hold a password, too.
        let secret = is_secret(part) || memchr(b'@', part).is_some();
        let kept = if secret {
            MARKS[mark.pattern()].as_bytes()
        } else {
            &query[start.max(at.saturating_sub(BEFORE))..end]
        };
        cx.fact_text(FieldName::UrlQuery, kept);
    }
}

/// Whether a name before any `=` in it, plain or encoded, is that of a secret: `user[password]` too.
pub(super) fn is_secret(part: &[u8]) -> bool {
    let lower = part.to_ascii_lowercase();
    let mut before = 0;
    memchr2_iter(b'=', b'%', &lower).any(|at| {
        if lower[at] == b'%' && !lower[at..].starts_with(b"%3d") {
            return false;
        }
        // Spaces behind it, raw or encoded, are not.
        let end = lower[before..at].iter().rposition(|b| !matches!(b, b' ' | b'+'));
        let name = &lower[before..end.map_or(before, |end| before + end + 1)];
        before = at + 1;
        // Brackets, plain or encoded, are part of it.
        let start = name.iter().rposition(|b| !b.is_ascii_alphanumeric() && !b"_-.[]%".contains(b));
        let name = start.map_or(name, |start| &name[start + 1..]);
        SECRETS.iter().any(|secret| memmem::find(name, secret).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::MARKS;

    #[test]
    fn marks_hold_all_that_the_rule_looks_for() {
        let rule =
            include_str!("../../../../../content/rules/vuln_backdoor/web-exploit-attempt.yml");
        let patterns = rule.lines().skip_while(|line| !line.ends_with("&patterns")).skip(1);
        let mut patterns = patterns.map_while(|line| line.strip_prefix("      - ")).peekable();
        assert!(patterns.peek().is_some());
        for pattern in patterns {
            let pattern = pattern.trim_matches('\'').to_ascii_lowercase();
            assert!(MARKS.contains(&pattern.as_str()), "{pattern}");
        }
    }
}
