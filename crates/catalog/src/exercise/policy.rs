//! How exercises are run and scored (`content/exercise-policy.yml`).

use super::{Dimension, Rating};
use crate::{Bilingual, ContentError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Deadlines of states, weights of dimensions, points of ratings, measurements. Ours, no law.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExercisePolicy {
    /// Version of the file.
    pub version: u32,
    /// By the name of a state that is no end: who moves it on, and by when.
    pub states: BTreeMap<String, StateRule>,
    /// An exercise stops when its clock shows so many times the planned minutes.
    pub stop_after: f64,
    /// Minutes of the exercise clock within which a condition must be decided.
    pub decide_within: u32,
    /// What ratings are worth and mean.
    pub ratings: BTreeMap<Rating, RatingRule>,
    /// Part of a dimension's score that is the checklist, 0 to 1; the rest are ratings.
    pub checklist_part: f64,
    /// Weights and names of dimensions.
    pub dimensions: BTreeMap<Dimension, DimensionRule>,
    /// Share of its points, 0 to 1, from which on a dimension is a strength.
    pub strength_from: f64,
    /// How a shortcoming becomes a finding.
    pub findings: FindingInputs,
    /// What a technical simulation may measure.
    pub measures: Vec<MeasureRule>,
}

/// Who must move a state on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Who drew it up.
    Author,
    /// The two who approve.
    Approvers,
    /// Who conducts it.
    Director,
    /// Who runs the technical simulation.
    Technician,
    /// Who evaluates.
    Evaluators,
    /// Who answers for data security in the enterprise.
    Owner,
}

/// A state's owner and deadline.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateRule {
    /// Who must move it on.
    pub owner: Owner,
    /// Within so many hours; none where the agreed window ends it.
    #[serde(default)]
    pub hours: Option<u32>,
}

/// What a rating is worth and means.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "RatingText")]
pub struct RatingRule {
    /// Part of 1.
    pub value: f64,
    /// Its meaning.
    pub meaning: Bilingual,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RatingText {
    value: f64,
    en: String,
    zh: String,
}

impl From<RatingText> for RatingRule {
    fn from(t: RatingText) -> Self {
        Self { value: t.value, meaning: Bilingual::new(t.zh, t.en) }
    }
}

/// Weight and name of a dimension.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "DimensionText")]
pub struct DimensionRule {
    /// Its weight in the number that only serves to sort.
    pub weight: u32,
    /// Its name.
    pub title: Bilingual,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DimensionText {
    weight: u32,
    en: String,
    zh: String,
}

impl From<DimensionText> for DimensionRule {
    fn from(t: DimensionText) -> Self {
        Self { weight: t.weight, title: Bilingual::new(t.zh, t.en) }
    }
}

/// Likelihood (1 to 5) by how an action failed, impact (1 to 5) by its weight.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingInputs {
    /// By the name of an expectation's state.
    pub likelihood: BTreeMap<String, u8>,
    /// By weight.
    pub impact: BTreeMap<u8, u8>,
}

/// Something a technical simulation may measure.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "MeasureText")]
pub struct MeasureRule {
    /// Identifier, e.g. `files_lost`.
    pub id: String,
    /// Its unit.
    pub unit: String,
    /// Whether less is better.
    pub lower_is_better: bool,
    /// Its name.
    pub title: Bilingual,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MeasureText {
    id: String,
    unit: String,
    better: Better,
    en: String,
    zh: String,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Better {
    Lower,
    Higher,
}

impl From<MeasureText> for MeasureRule {
    fn from(t: MeasureText) -> Self {
        Self {
            id: t.id,
            unit: t.unit,
            lower_is_better: t.better == Better::Lower,
            title: Bilingual::new(t.zh, t.en),
        }
    }
}

/// States that are no end. All but those that a window ends need hours.
const STATES: [(&str, bool); 13] = [
    ("draft", true),
    ("reviewed", true),
    ("approved", true),
    ("scheduled", false),
    ("warm", false),
    ("armed", false),
    ("running", true),
    ("paused", true),
    ("stopping", true),
    ("reverting", true),
    ("verified", true),
    ("evaluating", true),
    ("reported", true),
];

impl ExercisePolicy {
    /// Reads a policy. Every state, rating, dimension and weight must be there, and every number
    /// lie in its range.
    pub fn parse(name: &str, text: &str) -> Result<Self, ContentError> {
        let policy: Self = crate::yaml(name, text)?;
        let bad = |why: String| Err(ContentError { file: name.into(), why });
        for (state, hours) in STATES {
            let rule = policy.states.get(state);
            if !rule.is_some_and(|r| !hours || r.hours.is_some_and(|h| h > 0)) {
                return bad(format!("states.{state}: needs an owner and, here, hours"));
            }
        }
        if let Some(rating) = Rating::ALL.iter().find(|r| !policy.ratings.contains_key(r)) {
            return bad(format!("ratings.{rating:?} is missing"));
        }
        if let Some(d) = Dimension::ALL.iter().find(|d| !policy.dimensions.contains_key(d)) {
            return bad(format!("dimensions.{} is missing", d.name()));
        }
        if let Some(w) = (1..=5).find(|w| !policy.findings.impact.contains_key(w)) {
            return bad(format!("findings.impact.{w} is missing"));
        }
        let part = |n: f64| (0.0..=1.0).contains(&n);
        let grade = |n: &u8| (1..=5).contains(n);
        let sound = part(policy.checklist_part)
            && part(policy.strength_from)
            && policy.ratings.values().all(|r| part(r.value))
            && policy.findings.likelihood.values().all(grade)
            && policy.findings.impact.values().all(grade)
            && (1.0..=10.0).contains(&policy.stop_after)
            && (1..=1440).contains(&policy.decide_within)
            && policy.dimensions.values().map(|d| d.weight).sum::<u32>() > 0;
        if !sound {
            return bad("a number lies outside of its range".into());
        }
        crate::unique(name, policy.measures.iter().map(|m| m.id.as_str()))?;
        Ok(policy)
    }

    /// A measurement by its identifier.
    pub fn measure(&self, id: &str) -> Option<&MeasureRule> {
        self.measures.iter().find(|m| m.id == id)
    }
}
