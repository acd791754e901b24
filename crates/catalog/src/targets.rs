//! What the plan wants by its end (`content/targets.yml`), and how the set of enterprises that must
//! be covered is computed. A regulator with a plan of its own writes its own file in this form.

use crate::{Bilingual, ContentError, words::bilingual};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The plan's targets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    /// Version of the file.
    pub version: u32,
    /// The plan that sets them.
    pub plan: Plan,
    /// What is to be reached.
    pub figures: Vec<Target>,
    /// How the set that must be covered is computed.
    pub set: SetRule,
    /// Days after which accepted facts are stale.
    pub stale_after_days: u16,
}

/// A plan with its span of time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Number of the document.
    pub number: String,
    /// Its first day.
    pub from: Date,
    /// Its last day.
    pub to: Date,
    /// Its title.
    #[serde(deserialize_with = "bilingual")]
    pub title: Bilingual,
}

/// One figure to be reached.
#[derive(Clone, Debug, Deserialize)]
pub struct Target {
    /// What is counted: `graded`, `person_times`, `professionals`.
    pub id: String,
    /// When it is reached.
    pub sense: TargetSense,
    /// The figure.
    pub figure: u64,
    /// What it is called.
    #[serde(flatten, deserialize_with = "bilingual")]
    pub name: Bilingual,
}

/// When a figure is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetSense {
    /// When it is passed.
    MoreThan,
    /// When it is met.
    AtLeast,
}

impl Target {
    /// The smallest count that reaches it.
    pub fn least(&self) -> u64 {
        self.figure + u64::from(self.sense == TargetSense::MoreThan)
    }
}

/// How the set that must be covered is computed: the first so many percent by revenue of each
/// province and industry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetRule {
    /// Percent of the above-scale enterprises, 1 to 100.
    pub percent: u8,
    /// What becomes of a part of an enterprise.
    pub rounding: Rounding,
    /// What becomes of equal revenues at the edge.
    pub ties: Ties,
}

/// What becomes of a part of an enterprise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// It counts as a whole one.
    Up,
    /// Half or more counts as a whole one.
    Nearest,
    /// It does not count.
    Down,
}

/// What becomes of equal revenues at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ties {
    /// All of them belong to the set.
    All,
    /// The smaller credit codes do, up to the number.
    Code,
}

impl Targets {
    /// Reads a file of targets.
    pub fn parse(name: &str, text: &str) -> Result<Self, ContentError> {
        let targets = crate::yaml::<Self>(name, text)?;
        let bad = |why: &str| Err(ContentError { file: name.into(), why: why.into() });
        crate::unique(name, targets.figures.iter().map(|t| t.id.as_str()))?;
        if !(1..=100).contains(&targets.set.percent) {
            return bad("set.percent: from 1 to 100");
        }
        if targets.plan.from >= targets.plan.to {
            return bad("plan: it ends before it begins");
        }
        if targets.stale_after_days == 0 {
            return bad("stale_after_days: at least 1");
        }
        Ok(targets)
    }

    /// A figure by what it counts.
    pub fn figure(&self, id: &str) -> Option<&Target> {
        self.figures.iter().find(|t| t.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_holds_and_more_than_is_passed_not_met() {
        let text = include_str!("../../../content/targets.yml");
        let targets = Targets::parse("targets.yml", text).unwrap();
        assert_eq!(targets.figure("graded").unwrap().least(), 45_001);
        assert_eq!(targets.figure("person_times").unwrap().least(), 30_000);
        assert!(Targets::parse("t", &text.replace("percent: 10", "percent: 0")).is_err());
    }
}
