//! Times as logs write them.

use hangtu_record::Time;
use jiff::civil::{Date, DateTime};

/// The local time of a moment; 1970 where it has none.
pub(crate) fn local(time: Time, utc_offset: i32) -> DateTime {
    let zone = jiff::tz::Offset::from_seconds(utc_offset).unwrap_or(jiff::tz::Offset::UTC);
    let moment = jiff::Timestamp::from_nanosecond(i128::from(time.0));
    zone.to_datetime(moment.unwrap_or_default())
}

/// A local time with a known distance to UTC.
pub(crate) fn at(local: DateTime, utc_offset: i32) -> Option<Time> {
    let zone = jiff::tz::Offset::from_seconds(utc_offset).ok()?;
    let at = zone.to_timestamp(local).ok()?.as_nanosecond();
    i64::try_from(at).ok().map(Time)
}

/// `year`, `month` and `day`; a day too many (29 February of a wrong year) runs into March.
pub(crate) fn date(year: i16, month: i8, day: i8) -> Option<Date> {
    if !(1..=31).contains(&day) {
        return None;
    }
    let first = Date::new(year, month, 1).ok()?;
    first.checked_add(jiff::Span::new().try_days(day - 1).ok()?).ok()
}

/// A number of `digits` digits in front.
pub(crate) fn number(text: &str, digits: usize) -> Option<(i32, &str)> {
    let head = text.get(..digits)?;
    if !head.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((head.parse().ok()?, &text[digits..]))
}

/// `hh:mm:ss` with a fraction behind `.`, `,` or `:`; the rest.
pub(crate) fn clock(text: &str) -> Option<([i8; 3], i32, &str)> {
    let (h, rest) = number(text, 2)?;
    let (m, rest) = number(rest.strip_prefix(':')?, 2)?;
    let (s, mut rest) = number(rest.strip_prefix(':')?, 2)?;
    let mut nanos = 0;
    if let Some(after) = rest.strip_prefix(['.', ',', ':']) {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            for place in 0..9 {
                let digit = after.as_bytes()[..digits].get(place).map_or(0, |b| b - b'0');
                nanos = nanos * 10 + i32::from(digit);
            }
            rest = &after[digits..];
        }
    }
    // A leap second is the last moment of its minute.
    let s = if s == 60 { 59 } else { s };
    (h < 24 && m < 60 && s < 60).then_some(([h as i8, m as i8, s as i8], nanos, rest))
}

/// `Z`, `+hh:mm`, `+hhmm` or `+hh` in seconds; the rest.
pub(crate) fn zone(text: &str) -> Option<(i32, &str)> {
    if let Some(rest) = text.strip_prefix(['Z', 'z']) {
        return Some((0, rest));
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (h, rest) = number(&text[1..], 2)?;
    let behind = rest.strip_prefix(':').unwrap_or(rest);
    let (m, rest) = number(behind, 2).unwrap_or((0, rest));
    (h <= 15 && m < 60).then_some((sign * (h * 3600 + m * 60), rest))
}

/// `YYYY-MM-DD` (or with `/`), `T` or a space, a clock, perhaps a zone (else `utc_offset`); the
/// rest.
pub(crate) fn iso(text: &str, utc_offset: i32) -> Option<(Time, &str)> {
    let (year, rest) = number(text, 4)?;
    let rest = rest.strip_prefix(['-', '/'])?;
    let (month, rest) = number(rest, 2)?;
    let rest = rest.strip_prefix(['-', '/'])?;
    let (day, rest) = number(rest, 2)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (hms, nanos, rest) = clock(rest)?;
    let (offset, rest) = zone(rest).unwrap_or((utc_offset, rest));
    let date = Date::new(year as i16, month as i8, day as i8).ok()?;
    Some((at(date.at(hms[0], hms[1], hms[2], nanos), offset)?, rest))
}
