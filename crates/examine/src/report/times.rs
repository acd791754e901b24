//! Times for people: Asia/Shanghai.
//!
//! A fixed offset, not a zone database: hosts without one must give the same report, and Shanghai
//! has kept UTC+8 without summer time since 1992.

use jiff::{Timestamp, civil::DateTime, tz};

/// What all reports say the offset is, in minutes.
pub(super) const OFFSET_MINUTES: i32 = 8 * 60;

/// The local time of an RFC 3339 time.
pub(super) fn local(time: &str) -> Option<DateTime> {
    let time: Timestamp = time.parse().ok()?;
    Some(tz::offset(8).to_datetime(time))
}

/// `2026-03-02 14:05:09`; what cannot be read stands as it is.
pub(super) fn shown(time: &str) -> String {
    local(time)
        .map_or_else(|| time.to_owned(), |local| local.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// The same with milliseconds, for single packets.
pub(super) fn precise(time: &str) -> String {
    local(time).map_or_else(
        || time.to_owned(),
        |local| local.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
    )
}

/// First to last, without saying twice what is the same.
pub(super) fn span(first: &str, last: &str) -> String {
    let (from, to) = (shown(first), shown(last));
    if from == to {
        return from;
    }
    match (from.get(..11), to.get(..11)) {
        (Some(a), Some(b)) if a == b => format!("{from} – {}", &to[11..]),
        _ => format!("{from} – {to}"),
    }
}

/// Milliseconds since 1970.
pub(super) fn millis(time: &str) -> Option<i64> {
    Some(time.parse::<Timestamp>().ok()?.as_millisecond())
}
