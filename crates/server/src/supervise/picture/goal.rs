//! The plan's figures: what is missing, how fast it is neared, and where that leads.

use super::compute::Day;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A figure of the plan against today.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Goal {
    /// `graded`, `person_times`, `professionals`, or `top` for the target set in force.
    pub(super) id: String,
    /// Whether the figure must be passed rather than met.
    pub(super) more_than: bool,
    pub(super) figure: i64,
    pub(super) today: i64,
    /// What is missing to the figure; nothing when it is reached.
    pub(super) missing: i64,
    /// Gained a day over the last 30 days or since figures are kept; absent without two days.
    pub(super) rate: Option<f64>,
    /// Needed a day from now on; absent when nothing is missing or no day is left.
    pub(super) needed: Option<f64>,
    /// What it comes to on the last day at this rate.
    pub(super) projected: Option<i64>,
}

impl Day {
    fn figure(&self, id: &str) -> i64 {
        match id {
            "graded" => self.graded,
            "top" => self.target_graded,
            "person_times" => self.person_times,
            _ => self.professionals,
        }
    }
}

/// Days from one to another.
pub(super) fn between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

/// A figure of the plan against today.
pub(super) fn goal(
    id: &str,
    more_than: bool,
    figure: i64,
    today: i64,
    days: &[Day],
    left: i64,
    now: Date,
) -> Goal {
    let missing = (figure + i64::from(more_than) - today).max(0);
    let parsed = days.iter().filter_map(|d| Some((d.day.parse::<Date>().ok()?, d.figure(id))));
    // The oldest day within 30 days that is not today.
    let start =
        parsed.filter(|(day, _)| (1..=30).contains(&between(*day, now))).min_by_key(|d| d.0);
    let rate = start.map(|(day, then)| (today - then) as f64 / between(day, now) as f64);
    Goal {
        id: id.into(),
        more_than,
        figure,
        today,
        missing,
        rate,
        needed: (missing > 0 && left > 0).then(|| missing as f64 / left as f64),
        projected: rate.map(|r| {
            let then = today + (r * left.max(0) as f64).round() as i64;
            // A set has no more than its members.
            if id == "top" { then.min(figure) } else { then }
        }),
    }
}
