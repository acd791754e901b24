//! Forms of texts: IRIs, durations, language tags, times.

use jiff::{Timestamp, civil::DateTime, tz::Offset};

/// An absolute IRI, roughly (RFC 3987): a scheme, a colon, something, and no character that must
/// not stand in one.
pub fn is_iri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.'))
        && !rest.is_empty()
        && text.len() <= 4096
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c))
}

/// A language tag (RFC 5646), by its form.
pub fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let fine = |p: &str, max: usize| {
        (1..=max).contains(&p.len()) && p.bytes().all(|c| c.is_ascii_alphanumeric())
    };
    let language = first.bytes().all(|c| c.is_ascii_alphabetic())
        && ((2..=8).contains(&first.len()) || matches!(first, "x" | "X" | "i" | "I"));
    language && text.len() <= 64 && parts.all(|p| fine(p, 8))
}

/// A duration of ISO 8601: `P…Y…M…DT…H…M…S` or `P…W`, a fraction at the end only.
pub fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P') else { return false };
    if text.len() > 128 {
        return false;
    }
    if let Some(weeks) = rest.strip_suffix('W') {
        return number(weeks, true);
    }
    let (date, time) = match rest.split_once('T') {
        Some((date, time)) if !time.is_empty() => (date, time),
        Some(_) => return false,
        None => (rest, ""),
    };
    if date.is_empty() && time.is_empty() {
        return false;
    }
    fields(date, "YMD", time.is_empty()) && fields(time, "HMS", true)
}

/// Numbers with these units in their order; the last may have a fraction.
fn fields(mut text: &str, units: &str, fraction: bool) -> bool {
    let mut units = units.chars();
    while !text.is_empty() {
        let Some(at) = text.find(|c: char| c.is_ascii_alphabetic()) else { return false };
        let unit = text[at..].chars().next().unwrap_or_default();
        if !units.any(|u| u == unit) {
            return false;
        }
        let last = at + 1 == text.len();
        if !number(&text[..at], fraction && last) {
            return false;
        }
        text = &text[at + 1..];
    }
    true
}

fn number(text: &str, fraction: bool) -> bool {
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|c| c.is_ascii_digit());
    match text.split_once(['.', ',']) {
        Some((whole, part)) => fraction && digits(whole) && digits(part),
        None => digits(text),
    }
}

/// A time of a statement: ISO 8601 with date and time; the offset −00:00 is refused (part two,
/// 4.2.7). Without an offset it is UTC, in version 1.0 only; version 2.0 wants RFC 3339.
pub fn timestamp(text: &str, offset_needed: bool) -> Option<Timestamp> {
    let (date, time) = text.split_once(['T', 't'])?;
    if text.len() > 64 || !date.starts_with(|c: char| c.is_ascii_digit()) || text.contains('[') {
        return None;
    }
    if ["-00:00", "-0000", "-00"].iter().any(|zero| time.ends_with(zero)) {
        return None;
    }
    if time.contains(['Z', 'z', '+', '-']) {
        return text.parse().ok();
    }
    let local = text.parse::<DateTime>().ok().filter(|_| !offset_needed)?;
    Offset::UTC.to_timestamp(local).ok()
}
