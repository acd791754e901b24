//! The correction policy (`content/policy.yml`): deadlines, reminders, acceptance of risks.

use crate::{Calendar, ContentError, Level};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What findings of each level ask for.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Version of the file.
    pub version: u32,
    /// One for each level, lightest first.
    corrections: Vec<Correction>,
}

/// What one level asks for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// Working days until the finding must be corrected.
    pub correct_within: u16,
    /// Working days before the deadline on which to remind.
    pub remind_before: Vec<u16>,
    /// Working days between reminders after the deadline.
    pub remind_overdue_every: u16,
    /// When the risk may be accepted instead.
    pub accept: Acceptance,
}

/// For how long a risk may be accepted, and who must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// Calendar days at most.
    pub up_to_days: u16,
    /// The lowest post that may agree.
    pub by: Approver,
}

/// Who may accept a risk, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approver {
    /// The manager in charge of data security.
    SecurityManager,
    /// The directly responsible person: the deputy in charge (直接责任人).
    DirectResponsible,
    /// The first responsible person: the top manager (第一责任人).
    FirstResponsible,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    levels: BTreeMap<Level, Correction>,
}

/// Longer deadlines and acceptances are taken for slips.
const LONGEST: u16 = 1100;

impl Policy {
    /// Reads a policy file. Every level must stand in it, and a worse level must not have more
    /// time, nor a longer acceptance, nor a lower approver than a lighter one.
    pub fn parse(name: &str, text: &str) -> Result<Self, ContentError> {
        let mut file: File = crate::yaml(name, text)?;
        let bad = |level: Level, why: &str| ContentError {
            file: name.into(),
            why: format!("levels.{}: {why}", level.name()),
        };
        let mut corrections: Vec<Correction> = Vec::with_capacity(5);
        for level in Level::ALL {
            let c = file.levels.remove(&level).ok_or_else(|| bad(level, "is missing"))?;
            if !(1..=LONGEST).contains(&c.correct_within)
                || !(1..=LONGEST).contains(&c.remind_overdue_every)
                || !(1..=LONGEST).contains(&c.accept.up_to_days)
            {
                return Err(bad(level, &format!("days must be from 1 to {LONGEST}")));
            }
            if c.remind_before.iter().any(|n| *n == 0 || *n >= c.correct_within) {
                return Err(bad(level, "remind_before must lie between start and deadline"));
            }
            if let Some(lighter) = corrections.last()
                && (c.correct_within > lighter.correct_within
                    || c.accept.up_to_days > lighter.accept.up_to_days
                    || c.accept.by < lighter.accept.by)
            {
                return Err(bad(level, "is laxer than the level below it"));
            }
            corrections.push(c);
        }
        Ok(Self { version: file.version, corrections })
    }

    /// What a level asks for.
    pub fn correction(&self, level: Level) -> &Correction {
        &self.corrections[level as usize]
    }

    /// The last day to correct a finding assigned on `from`.
    pub fn deadline(&self, level: Level, from: Date, calendar: &Calendar) -> Date {
        calendar.add_working_days(from, self.correction(level).correct_within.into())
    }

    /// The days on which to remind before a deadline, earliest first.
    pub fn reminders(&self, level: Level, deadline: Date, calendar: &Calendar) -> Vec<Date> {
        let before = &self.correction(level).remind_before;
        let mut days: Vec<Date> =
            before.iter().map(|n| calendar.add_working_days(deadline, -i32::from(*n))).collect();
        days.sort_unstable();
        days
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn deadlines_skip_holidays_and_a_lax_policy_is_refused() {
        let catalog = crate::Catalog::embedded().unwrap();
        let (policy, calendar) = (&catalog.policy, &catalog.calendar);
        let from = date(2026, 9, 30);
        assert_eq!(policy.deadline(Level::Major, from, calendar), date(2026, 10, 8));
        let high = policy.deadline(Level::High, from, calendar);
        assert_eq!(high, date(2026, 10, 13));
        let reminders = policy.reminders(Level::High, high, calendar);
        assert_eq!(reminders, [date(2026, 10, 10), date(2026, 10, 12)]);
        assert_eq!(policy.correction(Level::Major).accept.by, Approver::FirstResponsible);

        let text = include_str!("../../../content/policy.yml");
        for (from, to, says) in [
            ("correct_within: 5\n", "correct_within: 16\n", "levels.high: is laxer"),
            ("  light:", "  lights:", "lights"),
            ("remind_before: [10]", "remind_before: [60]", "levels.light: remind_before"),
        ] {
            let error = Policy::parse("own.yml", &text.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains("own.yml") && error.contains(says), "{error}");
        }
    }
}
