//! Statutory limits of time (`content/deadlines.yml`).

use crate::{Bilingual, Calendar, ContentError, words::bilingual};
use jiff::{Span, civil::DateTime};
use serde::Deserialize;

/// A limit that a law or rule sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// Identifier, e.g. `RA_REPORT`.
    pub code: String,
    /// What must be done, kept or asked for.
    #[serde(deserialize_with = "bilingual")]
    pub title: Bilingual,
    /// What starts the clock.
    #[serde(deserialize_with = "bilingual")]
    pub start: Bilingual,
    /// How long.
    pub limit: Limit,
    /// Whether the limit closes, precedes or keeps.
    #[serde(default)]
    pub sense: Sense,
    /// The clause it rests on.
    #[serde(deserialize_with = "bilingual")]
    pub clause: Bilingual,
}

/// How long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Minutes; 0 is at once.
    Minutes(u16),
    /// Hours.
    Hours(u16),
    /// Working days.
    WorkingDays(u16),
    /// Months of the calendar.
    Months(u16),
    /// Years of the calendar.
    Years(u16),
    /// A day of every year.
    Date(YearDay),
}

/// A day of every year, written `12-25`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct YearDay {
    month: i8,
    day: i8,
}

impl TryFrom<String> for YearDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // 2023: a day that only leap years have is not a day of every year.
        format!("2023-{text}")
            .parse::<jiff::civil::Date>()
            .map(|d| Self { month: d.month(), day: d.day() })
            .map_err(|_| format!("{text:?} is not month-day, as in 12-25"))
    }
}

impl std::fmt::Display for YearDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

/// What a limit means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sense {
    /// To be done within it.
    #[default]
    Within,
    /// To be asked for so long before.
    Before,
    /// To be kept at least so long.
    Keep,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    deadlines: Vec<Deadline>,
}

impl Deadline {
    /// Reads a file of deadlines; no code may stand twice.
    pub fn parse(name: &str, text: &str) -> Result<Vec<Self>, ContentError> {
        let all = crate::yaml::<File>(name, text)?.deadlines;
        crate::unique(name, all.iter().map(|d| d.code.as_str()))?;
        Ok(all)
    }

    /// The last moment, for a clock that started at `from` (both in the plan's time). Limits of
    /// days and more end with their last day. None beyond the dates there are.
    pub fn due(&self, from: DateTime, calendar: &Calendar) -> Option<DateTime> {
        let sign = if self.sense == Sense::Before { -1 } else { 1 };
        let span = |n: u16, unit: fn(Span, i64) -> Span| unit(Span::new(), sign * i64::from(n));
        let moved = match self.limit {
            Limit::Minutes(n) => return from.checked_add(span(n, Span::minutes)).ok(),
            Limit::Hours(n) => return from.checked_add(span(n, Span::hours)).ok(),
            Limit::WorkingDays(n) => {
                calendar.add_working_days(from.date(), sign as i32 * i32::from(n))
            }
            Limit::Months(n) => from.date().checked_add(span(n, Span::months)).ok()?,
            Limit::Years(n) => from.date().checked_add(span(n, Span::years)).ok()?,
            Limit::Date(YearDay { month, day }) => {
                let this = jiff::civil::Date::new(from.year(), month, day).ok()?;
                if this >= from.date() {
                    this
                } else {
                    this.checked_add(Span::new().years(1)).ok()?
                }
            }
        };
        Some(moved.at(23, 59, 59, 0))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{DateTime, date};

    #[test]
    fn clocks_run_as_the_clauses_say() {
        let catalog = crate::Catalog::embedded().unwrap();
        assert_eq!(catalog.deadlines.len(), 24);
        let due = |code: &str, from: DateTime| {
            let deadline = catalog.deadline(code).unwrap();
            deadline.due(from, &catalog.calendar).unwrap()
        };
        let end = |y, m, d| date(y, m, d).at(23, 59, 59, 0);
        let noon = |y, m, d| date(y, m, d).at(12, 0, 0, 0);
        assert_eq!(due("INC_PROC_REPORT", noon(2026, 5, 1)), noon(2026, 5, 1));
        assert_eq!(due("INC_REG_WRITTEN", noon(2026, 5, 1)), date(2026, 5, 1).at(12, 30, 0, 0));
        assert_eq!(due("FLAW_REPORT", noon(2026, 12, 31)), noon(2027, 1, 1));
        // Golden Week and its two make-up days.
        assert_eq!(due("RA_REPORT", noon(2026, 9, 30)), end(2026, 10, 20));
        assert_eq!(due("FILE_CHANGE", noon(2025, 11, 30)), end(2026, 2, 28));
        assert_eq!(due("RA_VALID", noon(2024, 2, 29)), end(2025, 2, 28));
        assert_eq!(due("RA_PROV_YEAR", noon(2026, 12, 25)), end(2026, 12, 25));
        assert_eq!(due("RA_PROV_YEAR", noon(2026, 12, 26)), end(2027, 12, 25));
        let asked = due("EXPORT_EXTEND", noon(2026, 12, 31)).date();
        assert_eq!(catalog.calendar.working_days_between(asked, date(2026, 12, 31)), 60);
        assert!(
            catalog.deadline("LOG_KEEP").unwrap().due(DateTime::MAX, &catalog.calendar).is_none()
        );
    }
}
