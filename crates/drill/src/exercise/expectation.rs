//! One expected action in a run: what was tried, and what it is worth.

use super::EntryId;
use crate::incident::Moment;
use hangtu_catalog::exercise::Expectation;
use serde::{Deserialize, Serialize};

/// How an expected action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its inject has not come.
    Pending,
    /// It can be done.
    Open,
    /// Done, with full credit.
    Full,
    /// Done, with part of the credit: late within limits, or not whole.
    Half,
    /// Done after any credit.
    Late,
    /// Tried, but not right.
    Failed,
    /// Not attempted.
    Missed,
    /// Not called for.
    NotApplicable,
    /// Its inject never came.
    Unreachable,
}

impl Status {
    /// The name in data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Open => "open",
            Self::Full => "full",
            Self::Half => "half",
            Self::Late => "late",
            Self::Failed => "failed",
            Self::Missed => "missed",
            Self::NotApplicable => "not_applicable",
            Self::Unreachable => "unreachable",
        }
    }

    /// Whether nothing more is awaited.
    pub const fn settled(self) -> bool {
        !matches!(self, Self::Pending | Self::Open)
    }

    /// Whether it was done with credit.
    pub const fn met(self) -> bool {
        matches!(self, Self::Full | Self::Half)
    }

    /// Whether it counts among what was to be done.
    pub const fn counts(self) -> bool {
        !matches!(self, Self::NotApplicable | Self::Unreachable)
    }
}

/// Something that was done about an expectation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The entry of the action.
    pub entry: EntryId,
    /// When.
    pub at: Moment,
    /// How right it is, 0 to 1.
    pub content: f64,
    /// Whether an evaluator took it away.
    pub rejected: bool,
    /// Whether it came in a role whose part it was not.
    pub other_role: bool,
    /// Whether it came after the exercise had stopped.
    pub after_stop: bool,
}

/// An expectation in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectationRun {
    /// Which.
    pub id: String,
    /// When its inject came.
    pub opened: Option<(EntryId, Moment)>,
    /// What was done, in order.
    pub attempts: Vec<Attempt>,
    /// The entry that closed it without an answer, or took it out.
    pub closed: Option<EntryId>,
    /// Not called for.
    pub not_applicable: bool,
    /// Its inject never came.
    pub unreachable: bool,
}

impl ExpectationRun {
    pub(super) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            opened: None,
            attempts: Vec::new(),
            closed: None,
            not_applicable: false,
            unreachable: false,
        }
    }

    /// How it stands.
    pub fn status(&self, expectation: &Expectation) -> Status {
        if self.not_applicable {
            return Status::NotApplicable;
        }
        match self.best(expectation) {
            Some((_, credit)) if credit >= 0.9995 => Status::Full,
            Some((_, credit)) if credit > 0.0 => Status::Half,
            Some(_) => Status::Late,
            None if self.unreachable => Status::Unreachable,
            None if self.closed.is_some() && !self.attempts.is_empty() => Status::Failed,
            None if self.closed.is_some() => Status::Missed,
            None if self.opened.is_some() => Status::Open,
            None => Status::Pending,
        }
    }

    /// Part of the weight that is earned, 0 to 1.
    pub fn credit(&self, expectation: &Expectation) -> f64 {
        if self.not_applicable { 0.0 } else { self.best(expectation).map_or(0.0, |(_, c)| c) }
    }

    /// The attempt that counts, with its credit; the earliest of equals.
    pub fn best(&self, expectation: &Expectation) -> Option<(&Attempt, f64)> {
        let mut best: Option<(&Attempt, f64)> = None;
        for attempt in self.attempts.iter().filter(|a| !a.rejected && a.content > 0.0) {
            let credit = if attempt.after_stop {
                0.0
            } else {
                attempt.content * self.decay(expectation, attempt.at)
            };
            if best.is_none_or(|(_, c)| credit > c) {
                best = Some((attempt, credit));
            }
        }
        best
    }

    /// Minutes of the exercise clock between inject and moment; 0 for what was done ahead.
    pub fn minutes(&self, at: Moment) -> f64 {
        self.opened
            .as_ref()
            .map_or(0.0, |(_, opened)| (at.exercise - opened.exercise).max(0) as f64 / 60_000.0)
    }

    /// Credit by time: all until `full`, falling evenly to a half at `half` and to nothing at
    /// `zero`.
    fn decay(&self, expectation: &Expectation, at: Moment) -> f64 {
        let [full, half, zero] = expectation.minutes.map(f64::from);
        let t = self.minutes(at);
        if t <= full {
            1.0
        } else if t <= half {
            1.0 - 0.5 * (t - full) / (half - full).max(f64::EPSILON)
        } else if t < zero {
            0.5 * (zero - t) / (zero - half).max(f64::EPSILON)
        } else {
            0.0
        }
    }

    /// When its time is over, milliseconds of the exercise clock.
    pub(super) fn over_at(&self, expectation: &Expectation) -> Option<i64> {
        self.opened.as_ref().map(|(_, m)| m.exercise + i64::from(expectation.minutes[2]) * 60_000)
    }
}
