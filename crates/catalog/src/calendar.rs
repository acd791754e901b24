//! Working days (`content/holidays.yml`): weekends, days off and make-up working days.

use crate::{Bilingual, ContentError, words::bilingual};
use jiff::civil::{Date, Weekday};
use serde::Deserialize;
use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
};

/// Which days people work. A year it does not know has ordinary weekends.
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    /// By year: what the notice is called.
    years: BTreeMap<i16, Bilingual>,
    /// Days that differ from the ordinary week: whether they are worked.
    days: HashMap<Date, bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    years: Vec<Year>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Year {
    #[serde(rename = "year")]
    number: i16,
    #[serde(deserialize_with = "bilingual")]
    source: Bilingual,
    off: Vec<Holiday>,
    work: Vec<Date>,
}

#[derive(Deserialize)]
struct Holiday {
    #[serde(flatten, deserialize_with = "bilingual")]
    name: Bilingual,
    from: Date,
    to: Date,
}

/// No holiday is longer; a slip of the year in a file is caught by it.
const LONGEST: usize = 31;

impl Calendar {
    /// Reads a calendar file. Days must lie in the year they stand under, holidays must not cross,
    /// and make-up working days must fall on weekends outside of holidays.
    pub fn parse(name: &str, text: &str) -> Result<Self, ContentError> {
        let file: File = crate::yaml(name, text)?;
        let bad = |why: String| ContentError { file: name.into(), why };
        let mut calendar = Self::default();
        for year in file.years {
            let n = year.number;
            if calendar.years.insert(n, year.source).is_some() {
                return Err(bad(format!("years: {n} stands twice")));
            }
            for Holiday { name, from, to } in year.off {
                let place = format!("{n}, {}", name.en);
                if from > to || from.year() != n || to.year() != n {
                    return Err(bad(format!("{place}: {from} to {to} is no span of that year")));
                }
                for (i, day) in from.series(jiff::Span::new().days(1)).enumerate() {
                    if day > to {
                        break;
                    }
                    if i == LONGEST || calendar.days.insert(day, false).is_some() {
                        return Err(bad(format!("{place}: {day} stands twice or is too far")));
                    }
                }
            }
            for day in year.work {
                if day.year() != n || !weekend(day) || calendar.days.insert(day, true).is_some() {
                    return Err(bad(format!(
                        "{n}, work: {day} is not a weekend day of that year outside of holidays"
                    )));
                }
            }
        }
        Ok(calendar)
    }

    /// This calendar with a site's own: a year that `own` knows is taken from there.
    #[must_use]
    pub fn with(mut self, own: Self) -> Self {
        self.days.retain(|day, _| !own.covers(day.year()));
        self.days.extend(own.days);
        self.years.extend(own.years);
        self
    }

    /// Whether the days off of a year are known; otherwise its deadlines are provisional.
    pub fn covers(&self, year: i16) -> bool {
        self.years.contains_key(&year)
    }

    /// The years known, with the notice each rests on.
    pub fn years(&self) -> impl Iterator<Item = (i16, &Bilingual)> {
        self.years.iter().map(|(year, source)| (*year, source))
    }

    /// Whether people work on that day.
    pub fn is_working_day(&self, day: Date) -> bool {
        self.days.get(&day).copied().unwrap_or_else(|| !weekend(day))
    }

    /// The `n`th working day after a date, or before it for a negative `n`; the date itself does
    /// not count. With 0: the date, or the next working day when it is off. Stays within the dates
    /// there are.
    pub fn add_working_days(&self, date: Date, n: i32) -> Date {
        let (mut day, mut left) = (date, n.unsigned_abs());
        if n == 0 && !self.is_working_day(day) {
            left = 1;
        }
        while left > 0 {
            let Ok(next) = (if n < 0 { day.yesterday() } else { day.tomorrow() }) else { break };
            day = next;
            left -= u32::from(self.is_working_day(day));
        }
        day
    }

    /// How many working days lie after `from` up to and with `to`; negative when `to` is earlier.
    pub fn working_days_between(&self, from: Date, to: Date) -> i32 {
        let step = match to.cmp(&from) {
            Ordering::Greater => 1,
            Ordering::Equal => return 0,
            Ordering::Less => -1,
        };
        from.series(jiff::Span::new().days(step))
            .skip(1)
            .take_while(|day| if step > 0 { *day <= to } else { *day >= to })
            .map(|day| if self.is_working_day(day) { step } else { 0 })
            .sum()
    }
}

fn weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    fn shipped() -> Calendar {
        crate::Catalog::embedded().unwrap().calendar
    }

    #[test]
    fn the_notices_are_followed() {
        let calendar = shipped();
        // Working days of whole years, counted from the notices: weekdays less days off on
        // weekdays plus make-up days.
        for (year, working) in [(2024, 251), (2025, 248), (2026, 248)] {
            let before = date(year - 1, 12, 31);
            assert_eq!(
                calendar.working_days_between(before, date(year, 12, 31)),
                working,
                "{year}"
            );
            assert!(calendar.covers(year));
        }
        assert!(!calendar.covers(2027) && !calendar.covers(2023));
        // Make-up Saturday before a nine-day holiday, and the first day after it.
        assert!(calendar.is_working_day(date(2026, 2, 14)));
        assert_eq!(calendar.add_working_days(date(2026, 2, 14), 1), date(2026, 2, 24));
        assert_eq!(calendar.add_working_days(date(2026, 9, 25), 0), date(2026, 9, 28));
        assert_eq!(calendar.add_working_days(date(2026, 12, 31), 1), date(2027, 1, 1));
        assert_eq!(calendar.add_working_days(Date::MAX, 5), Date::MAX);
    }

    #[test]
    fn a_site_s_year_replaces_ours_and_mistakes_are_named() {
        let head = "version: 1\nyears: [{year: 2027, source: {en: x, zh: 通知}, ";
        let own = format!(
            "{head}off: [{{en: Day, zh: 元旦, from: 2027-01-01, to: 2027-01-01}}], work: []}}]"
        );
        let calendar = shipped().with(Calendar::parse("own.yml", &own).unwrap());
        assert!(calendar.covers(2027) && calendar.covers(2026));
        assert!(!calendar.is_working_day(date(2027, 1, 1)));
        for (wrong, says) in [
            ("off: [], work: [2027-01-04]}]", "2027-01-04 is not a weekend day"),
            (
                "off: [{en: Day, zh: 元旦, from: 2026-01-01, to: 2026-01-01}], work: []}]",
                "2027, Day",
            ),
            (
                "off: [{en: Day, zh: New, from: 2027-01-01, to: 2027-01-01}], work: []}]",
                "not Chinese",
            ),
            ("off: [{en: Day, zh: 元旦, from: 2027-01-01, to: 2027-12-01}], work: []}]", "too far"),
        ] {
            let error =
                Calendar::parse("own.yml", &format!("{head}{wrong}")).unwrap_err().to_string();
            assert!(error.starts_with("own.yml: ") && error.contains(says), "{error}");
        }
    }

    proptest! {
        #[test]
        fn adding_and_counting_agree(start in 0..2000i32, n in -300..300i32) {
            static SHIPPED: LazyLock<Calendar> = LazyLock::new(shipped);
            let calendar = &*SHIPPED;
            let from = date(2023, 6, 1).checked_add(jiff::Span::new().days(start)).unwrap();
            let to = calendar.add_working_days(from, n);
            prop_assert!(calendar.is_working_day(to));
            if n != 0 || calendar.is_working_day(from) {
                prop_assert_eq!(calendar.working_days_between(from, to), n);
            }
        }
    }
}
