//! Time as the store keeps it (microseconds since 1970, UTC) and as people read it.

use hangtu_catalog::Language;
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::{Offset, offset},
};

/// One second in the store's unit.
pub(crate) const SECOND: i64 = 1_000_000;
/// One day in the store's unit.
pub(crate) const DAY: i64 = 86_400 * SECOND;
/// A minute in microseconds.
pub(crate) const MINUTE: i64 = 60 * SECOND;

/// Now.
pub(crate) fn now() -> i64 {
    Timestamp::now().as_microsecond()
}

/// As the libraries keep it.
pub(crate) fn stamp(time: i64) -> Timestamp {
    Timestamp::from_microsecond(time).unwrap_or_default()
}

/// RFC 3339 in UTC, to the microsecond.
pub(crate) fn rfc3339(time: i64) -> String {
    format!("{:.6}", stamp(time))
}

/// A time of a record or an examination as the store keeps it.
pub(crate) fn parse(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

/// The clock of the plan and its people: UTC+8, without summer time.
fn zone() -> Offset {
    offset(8)
}

fn local(time: i64) -> DateTime {
    zone().to_datetime(stamp(time))
}

/// The day it is there.
pub(crate) fn day(time: i64) -> Date {
    local(time).date()
}

/// The last moment of a day there: a deadline is missed when the day is over.
pub(crate) fn end_of(day: Date) -> i64 {
    day.tomorrow()
        .ok()
        .and_then(|next| zone().to_timestamp(next.at(0, 0, 0, 0)).ok())
        .map_or(i64::MAX, |t| t.as_microsecond() - 1)
}

/// Date and time for people.
pub(crate) fn shown(time: i64, _language: Language) -> String {
    local(time).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A day for people.
pub(crate) fn shown_day(time: i64, language: Language) -> String {
    let format = match language {
        Language::Chinese => "%Y年%-m月%-d日",
        Language::English => "%-d %b %Y",
    };
    local(time).strftime(format).to_string()
}

/// A time that somebody wrote, by the plant's clock.
pub(crate) fn of(time: DateTime) -> Option<i64> {
    zone().to_timestamp(time).ok().map(Timestamp::as_microsecond)
}
