//! What stands in front of a message.

use crate::{Settings, stamp};
use hangtu_record::Time;

/// The year of lines that do not say it: rolls over with their months.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    /// Year of the line before.
    year: i16,
    /// Month of the line before; 0 at first.
    month: i8,
    /// Month and day of the reading.
    now: (i8, i8),
}

impl Calendar {
    pub(super) fn new(settings: &Settings) -> Self {
        let local = stamp::local(settings.now, settings.utc_offset);
        Self { year: local.year(), month: 0, now: (local.month(), local.day()) }
    }

    /// The year of a line of that month and day.
    fn year(&mut self, month: i8, day: i8) -> i16 {
        // A day of grace for clocks that run ahead.
        if self.month == 0 && (month, day.saturating_sub(1)) > self.now {
            self.year = self.year.saturating_sub(1);
        }
        // Lines may be out of order by some days; half a year is a new one.
        if self.month != 0 && month + 6 < self.month {
            self.year = self.year.saturating_add(1);
        } else if self.month != 0 && self.month + 6 < month {
            self.year = self.year.saturating_sub(1);
        }
        self.month = month;
        self.year
    }
}

/// A line taken apart.
#[derive(Debug, Default)]
pub(super) struct Header<'a> {
    pub priority: Option<u8>,
    pub time: Time,
    pub host: &'a str,
    pub program: &'a str,
    pub pid: Option<i64>,
    pub message_id: &'a str,
    /// Structured data as it stands.
    pub data: &'a str,
    /// Severity in words (CBS.log).
    pub severity: &'a str,
    pub message: &'a str,
}

impl<'a> Header<'a> {
    pub(super) fn parse(text: &'a str, calendar: &mut Calendar, offset: i32) -> Option<Self> {
        let (priority, rest) = priority(text);
        let out = Self { priority, ..Self::default() };
        if priority.is_some()
            && let Some(rest) = rest.strip_prefix("1 ")
        {
            return out.rfc5424(rest, offset);
        }
        let rest = rest.trim_start_matches(['*', ':', '%']);
        if let Some((time, rest)) = stamp::iso(rest, offset) {
            if let Some(rest) = rest.strip_prefix(", ") {
                return Some(Self { time, ..out }.servicing(rest));
            }
            return Some(Self { time, ..out }.host_and_tag(rest.strip_prefix(' ')?));
        }
        let (time, rest) = rfc3164_time(rest, calendar, offset)?;
        let rest = rest.trim_start_matches(':').strip_prefix(' ')?;
        Some(Self { time, ..out }.host_and_tag(rest))
    }

    /// RFC 5424, section 6: what follows the version.
    fn rfc5424(self, text: &'a str, offset: i32) -> Option<Self> {
        let mut words = text.splitn(6, ' ');
        let mut word = || words.next().map(|w| if w == "-" { "" } else { w });
        let (stamp, host, program, pid, message_id) = (word()?, word()?, word()?, word()?, word()?);
        let rest = words.next().unwrap_or_default();
        let time = if stamp.is_empty() { Time(0) } else { stamp::iso(stamp, offset)?.0 };
        let (data, message) = match rest.strip_prefix('-') {
            Some(message) => ("", message),
            None => rest.split_at(structured(rest, &mut |_, _, _| ())),
        };
        let message = message.trim_start_matches([' ', '\u{feff}']);
        let pid = pid.parse().ok();
        Some(Self { time, host, program, pid, message_id, data, message, ..self })
    }

    /// `HOST TAG[PID]: MESSAGE`, also without the host.
    fn host_and_tag(self, text: &'a str) -> Self {
        let text = text.trim_start();
        let (first, behind) = text.split_once(' ').unwrap_or((text, ""));
        let (host, rest) = if first.ends_with(':') || first.ends_with(']') {
            ("", text)
        } else {
            (first, behind.trim_start())
        };
        let mut out = Self { host, message: rest, ..self };
        if rest.starts_with("last message repeated") {
            return out;
        }
        if let Some(message) = rest.strip_prefix("-- ") {
            // login writes its own lines like this.
            return Self { program: "login", message, ..out };
        }
        let end = rest.find(|c: char| matches!(c, ':' | '[') || c.is_whitespace());
        let end = end.unwrap_or(rest.len());
        let (tag, mut rest) = rest.split_at(end);
        if let Some(inside) = rest.strip_prefix('[')
            && let Some((pid, behind)) = inside.split_once(']')
        {
            out.pid = pid.parse().ok();
            rest = behind;
        }
        out.program = tag;
        let message = rest.strip_prefix(':').unwrap_or(rest);
        // sudo pads its lines.
        out.message = message.trim_start();
        out
    }

    /// `Info                  CBS    Loaded …` of Windows servicing.
    fn servicing(self, text: &'a str) -> Self {
        let (severity, rest) = text.split_once(' ').unwrap_or((text, ""));
        let rest = rest.trim_start();
        let (program, message) = rest.split_once(' ').unwrap_or((rest, ""));
        Self { severity, program, message: message.trim(), ..self }
    }
}

/// `<PRI>` in front.
fn priority(text: &str) -> (Option<u8>, &str) {
    let inside = text.strip_prefix('<').and_then(|t| t.split_once('>'));
    match inside.and_then(|(n, rest)| Some((n.parse::<u8>().ok()?, rest))) {
        Some((n, rest)) if n < 192 => (Some(n), rest),
        _ => (None, text),
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Mar  2 06:00:00`, also with a year in front of the clock or behind it (network equipment).
fn rfc3164_time<'a>(
    text: &'a str,
    calendar: &mut Calendar,
    offset: i32,
) -> Option<(Time, &'a str)> {
    let month = MONTHS.iter().position(|m| text.starts_with(m))? as i8 + 1;
    let rest = text[3..].strip_prefix(' ')?.trim_start();
    let digits = if rest.as_bytes().get(1)?.is_ascii_digit() { 2 } else { 1 };
    let (day, rest) = stamp::number(rest, digits)?;
    let mut rest = rest.strip_prefix(' ')?.trim_start();
    let mut year = None;
    let stated = |text: &'a str| {
        let (n, rest) = stamp::number(text, 4)?;
        ((1980..2200).contains(&n) && rest.starts_with([' ', ':'])).then_some((n as i16, rest))
    };
    if let Some((n, behind)) = stated(rest) {
        year = Some(n);
        rest = behind.trim_start();
    }
    let (hms, nanos, mut rest) = stamp::clock(rest)?;
    if year.is_none()
        && let Some((n, behind)) = rest.strip_prefix(' ').and_then(stated)
    {
        year = Some(n);
        rest = behind;
    }
    let year = match year {
        Some(year) => {
            (calendar.year, calendar.month) = (year, month);
            year
        }
        None => calendar.year(month, day as i8),
    };
    let date = stamp::date(year, month, day as i8)?;
    Some((stamp::at(date.at(hms[0], hms[1], hms[2], nanos), offset)?, rest))
}

/// Structured data in front (RFC 5424, section 6.3): calls `each` with identifier, name and value;
/// returns where it ends.
pub(super) fn structured(text: &str, each: &mut dyn FnMut(&str, &str, String)) -> usize {
    let mut at = 0;
    while let Some(inside) = text[at..].strip_prefix('[') {
        let Some(end) = inside.find([' ', ']']) else { return text.len() };
        let (id, mut rest) = inside.split_at(end);
        loop {
            rest = rest.trim_start_matches(' ');
            if let Some(behind) = rest.strip_prefix(']') {
                at = text.len() - behind.len();
                break;
            }
            let Some((name, value)) = rest.split_once("=\"") else { return text.len() };
            let (mut out, mut escaped, mut end) = (String::new(), false, None);
            for (place, c) in value.char_indices() {
                match c {
                    _ if escaped => {
                        // Only these three are escaped; a backslash before others is itself.
                        if !matches!(c, '"' | '\\' | ']') {
                            out.push('\\');
                        }
                        out.push(c);
                        escaped = false;
                    }
                    '\\' => escaped = true,
                    '"' => {
                        end = Some(place + 1);
                        break;
                    }
                    _ => out.push(c),
                }
            }
            each(id, name, out);
            let Some(end) = end else { return text.len() };
            rest = &value[end..];
        }
    }
    at
}
