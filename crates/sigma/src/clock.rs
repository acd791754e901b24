//! Times in text and parts of a time, without a time-zone database.

use hangtu_record::Time;
use std::fmt::Write;

const DAY: i64 = 86_400;

/// A part of a time (*modifiers*, "Time Modifiers").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TimePart {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// Date and time of day as a clock on the wall shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wall {
    days: i64,
    seconds: i64,
}

impl Wall {
    fn part(self, part: TimePart) -> i64 {
        let (year, month, day) = civil(self.days);
        match part {
            TimePart::Minute => self.seconds / 60 % 60,
            TimePart::Hour => self.seconds / 3_600,
            TimePart::Day => day,
            TimePart::Month => month,
            TimePart::Year => year,
            TimePart::Week => {
                // ISO 8601: the week belongs to the year of its Thursday; day 0 was a Thursday.
                let thursday = self.days - (self.days + 3).rem_euclid(7) + 3;
                (thursday - days(civil(thursday).0, 1, 1)) / 7 + 1
            }
        }
    }
}

/// The part of a moment, on a clock `offset` seconds ahead of UTC.
pub(crate) fn part_of(time: Time, offset: i32, part: TimePart) -> i64 {
    let seconds = time.0.div_euclid(1_000_000_000).saturating_add(i64::from(offset));
    Wall { days: seconds.div_euclid(DAY), seconds: seconds.rem_euclid(DAY) }.part(part)
}

/// The part of a time in text, as written: time zones are not converted.
pub(crate) fn part_of_text(text: &str, part: TimePart) -> Option<i64> {
    read(text).map(|(wall, _)| wall.part(part))
}

/// Reads RFC 3339, e.g. `2026-11-23T08:00:00.5+08:00`. A space may stand for the `T`; without an
/// offset it is UTC.
pub fn parse_time(text: &str) -> Option<Time> {
    let (wall, rest) = read(text)?;
    let (nanos, rest) = match rest.strip_prefix('.') {
        None => (0, rest),
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return None;
            }
            let mut nanos = 0;
            for place in 0..9 {
                let digit = rest.as_bytes().get(place).filter(|_| place < digits);
                nanos = nanos * 10 + digit.map_or(0, |b| u32::from(b - b'0'));
            }
            (nanos, &rest[digits..])
        }
    };
    let offset = match rest {
        "" | "Z" | "z" => 0,
        _ => {
            let sign = match rest.as_bytes()[0] {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let (hours, minutes) = rest.get(1..)?.split_once(':')?;
            sign * (number(hours, 2, 0, 23)? * 3_600 + number(minutes, 2, 0, 59)? * 60)
        }
    };
    Some(Time::new(wall.days * DAY + wall.seconds - offset, nanos))
}

/// Appends the time as [`Time::to_rfc3339`] shows it, without allocating.
pub(crate) fn write_time(time: Time, out: &mut String) {
    let seconds = time.0.div_euclid(1_000_000_000);
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let clock = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
    // Writing to a String cannot fail.
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    let nanos = time.0.rem_euclid(1_000_000_000);
    if nanos != 0 {
        let _ = write!(out, ".{nanos:09}");
        out.truncate(out.trim_end_matches('0').len());
    }
    out.push('Z');
}

fn read(text: &str) -> Option<(Wall, &str)> {
    let date = text.get(..10)?;
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4, 0, 9_999)?;
    let month = number(parts.next()?, 2, 1, 12)?;
    let day = number(parts.next()?, 2, 1, 31)?;
    let days = days(year, month, day);
    if parts.next().is_some() || civil(days) != (year, month, day) {
        return None;
    }
    let rest = &text[10..];
    let Some(clock) = rest.strip_prefix(['T', 't', ' ']) else {
        return rest.is_empty().then_some((Wall { days, seconds: 0 }, rest));
    };
    let mut parts = clock.get(..8)?.split(':');
    let hour = number(parts.next()?, 2, 0, 23)?;
    let minute = number(parts.next()?, 2, 0, 59)?;
    let second = number(parts.next()?, 2, 0, 60)?;
    Some((Wall { days, seconds: hour * 3_600 + minute * 60 + second.min(59) }, &clock[8..]))
}

fn number(text: &str, digits: usize, low: i64, high: i64) -> Option<i64> {
    let ok = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| ok && (low..=high).contains(n))
}

/// Days since 1970-01-01 of a date of the Gregorian calendar (counting from March, so that the
/// leap day is the last of its year).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day since 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for text in ["1970-01-01T00:00:00Z", "2026-11-23T08:09:10.5Z", "2000-02-29T23:59:59Z"] {
            assert_eq!(parse_time(text).map(Time::to_rfc3339).as_deref(), Some(text));
        }
        assert_eq!(parse_time("1970-01-01 08:00:01+08:00"), Some(Time::new(1, 0)));
        for bad in ["", "2026", "2026-02-30", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00+é", "é"]
        {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_are_written_as_records_show_them() {
        for nanos in [0, 1, -1, 500_000_000, i64::MIN, i64::MAX, 1_764_000_000_120_000_000] {
            let mut out = String::new();
            write_time(Time(nanos), &mut out);
            assert_eq!(out, Time(nanos).to_rfc3339());
        }
    }

    #[test]
    fn parts() {
        let at = |text: &str, part| part_of(parse_time(text).unwrap(), 0, part);
        assert_eq!(at("2026-11-23T08:09:10Z", TimePart::Minute), 9);
        assert_eq!(at("2026-11-23T08:09:10Z", TimePart::Hour), 8);
        assert_eq!(at("2026-11-23T08:09:10Z", TimePart::Week), 48);
        assert_eq!(at("2021-01-03T00:00:00Z", TimePart::Week), 53);
        assert_eq!(at("2021-01-04T00:00:00Z", TimePart::Week), 1);
        assert_eq!(part_of(Time(0), 8 * 3_600, TimePart::Hour), 8);
        assert_eq!(part_of_text("2026-11-23T08:09:10+08:00", TimePart::Year), Some(2026));
    }
}
