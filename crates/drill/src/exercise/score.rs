//! Scores. People and technology apart; one number that only serves to sort.

use super::{Agreement, EntryId, Run, State, Status, kappa::kappa};
use hangtu_catalog::exercise::{Dimension, Rating};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a run is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// By dimension; every dimension the exercise has objectives for.
    pub dimensions: BTreeMap<Dimension, DimensionScore>,
    /// Expectations of the whole exercise, by how they stand.
    pub counts: Counts,
    /// Objectives nobody has rated, once the report is out: missed.
    pub unrated: Vec<String>,
    /// How far the two evaluators with most ratings agree.
    pub agreement: Option<Agreement>,
    /// What the technical simulation measured, apart from people.
    pub technical: Vec<TechnicalMeasure>,
    /// Thousandths; only to sort by, never shown without the parts. None without any part.
    pub sort_key: Option<u16>,
}

/// One dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DimensionScore {
    /// Weight that was earned, with the decay of time.
    pub earned: f64,
    /// Weight that could be earned: without what was not applicable or unreachable.
    pub possible: f64,
    /// Expectations by how they stand.
    pub counts: Counts,
    /// Ratings: objective, evaluator, rating.
    pub ratings: Vec<(String, String, Rating)>,
    /// Share of the checklist, 0 to 1; none where nothing could be earned.
    pub checklist: Option<f64>,
    /// Mean of ratings, 0 to 1; none without.
    pub rated: Option<f64>,
    /// Both together, by the policy; one alone where the other is missing.
    pub value: Option<f64>,
}

/// Expectations by how they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Full credit.
    pub full: usize,
    /// Part of the credit.
    pub half: usize,
    /// Done, too late for credit.
    pub late: usize,
    /// Tried, not right.
    pub failed: usize,
    /// Not attempted.
    pub missed: usize,
    /// Not called for.
    pub not_applicable: usize,
    /// The inject never came.
    pub unreachable: usize,
    /// Not settled.
    pub open: usize,
}

impl Counts {
    fn add(&mut self, status: Status) {
        *match status {
            Status::Full => &mut self.full,
            Status::Half => &mut self.half,
            Status::Late => &mut self.late,
            Status::Failed => &mut self.failed,
            Status::Missed => &mut self.missed,
            Status::NotApplicable => &mut self.not_applicable,
            Status::Unreachable => &mut self.unreachable,
            Status::Pending | Status::Open => &mut self.open,
        } += 1;
    }

    /// All of them.
    pub fn total(&self) -> usize {
        self.full
            + self.half
            + self.late
            + self.failed
            + self.missed
            + self.not_applicable
            + self.unreachable
            + self.open
    }
}

/// One measurement: the last value of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TechnicalMeasure {
    /// What.
    pub what: String,
    /// The value.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// Its entry.
    pub entry: EntryId,
}

impl Run {
    /// What the run is worth so far.
    pub fn scores(&self) -> Scores {
        let content = &self.plan.exercise;
        let policy = &self.plan.policy;
        let mut dimensions: BTreeMap<Dimension, DimensionScore> = BTreeMap::new();
        let mut counts = Counts::default();
        for objective in &content.objectives {
            dimensions.entry(objective.dimension).or_insert_with(empty);
        }
        for (_, e, run) in self.standing() {
            let status = run.status(e);
            counts.add(status);
            let dimension = content.objective(&e.objective).map(|o| o.dimension);
            let Some(score) = dimension.and_then(|d| dimensions.get_mut(&d)) else { continue };
            score.counts.add(status);
            if status.counts() {
                score.possible += f64::from(e.weight);
                score.earned += f64::from(e.weight) * run.credit(e);
            }
        }
        for judgement in &self.judgements {
            let dimension = content.objective(&judgement.objective).map(|o| o.dimension);
            if let Some(score) = dimension.and_then(|d| dimensions.get_mut(&d)) {
                score.ratings.push((
                    judgement.objective.clone(),
                    judgement.evaluator.clone(),
                    judgement.rating,
                ));
            }
        }
        let part = policy.checklist_part;
        for score in dimensions.values_mut() {
            score.ratings.sort();
            let worth = |r: &Rating| policy.ratings.get(r).map_or(0.0, |rule| rule.value);
            let n = score.ratings.len() as f64;
            score.rated =
                (n > 0.0).then(|| score.ratings.iter().map(|(_, _, r)| worth(r)).sum::<f64>() / n);
            score.checklist = (score.possible > 0.0).then(|| score.earned / score.possible);
            score.value = match (score.checklist, score.rated) {
                (Some(c), Some(r)) => Some(part * c + (1.0 - part) * r),
                (c, r) => c.or(r),
            };
        }
        let judged = matches!(self.state, State::Reported | State::Closed);
        let rated = |id: &str| self.judgements.iter().any(|j| j.objective == id);
        let unrated = content
            .objectives
            .iter()
            .filter(|o| judged && !rated(&o.id))
            .map(|o| o.id.clone())
            .collect();
        Scores {
            sort_key: self.sort_key(&dimensions),
            dimensions,
            counts,
            unrated,
            agreement: self.agreement(),
            technical: self.technical(),
        }
    }

    fn sort_key(&self, dimensions: &BTreeMap<Dimension, DimensionScore>) -> Option<u16> {
        let (mut sum, mut of) = (0.0, 0.0);
        for (dimension, score) in dimensions {
            let rule = self.plan.policy.dimensions.get(dimension);
            let weight = f64::from(rule.map_or(0, |r| r.weight));
            if let Some(value) = score.value {
                sum += weight * value;
                of += weight;
            }
        }
        (of > 0.0).then(|| (sum / of * 1000.0).round() as u16)
    }

    /// The two evaluators who rated most, by name where they rated as many.
    fn agreement(&self) -> Option<Agreement> {
        let mut by: BTreeMap<&str, BTreeMap<&str, Rating>> = BTreeMap::new();
        for j in &self.judgements {
            by.entry(&j.evaluator).or_default().insert(&j.objective, j.rating);
        }
        let mut by: Vec<_> = by.into_iter().collect();
        by.sort_by_key(|(_, ratings)| std::cmp::Reverse(ratings.len()));
        let [(a, first), (b, second), ..] = by.as_slice() else { return None };
        let pairs: Vec<(Rating, Rating)> =
            first.iter().filter_map(|(objective, r)| Some((*r, *second.get(objective)?))).collect();
        Some(Agreement {
            evaluators: [(*a).to_owned(), (*b).to_owned()],
            both: pairs.len(),
            alike: pairs.iter().filter(|(a, b)| a == b).count(),
            kappa: kappa(&pairs),
        })
    }

    fn technical(&self) -> Vec<TechnicalMeasure> {
        self.plan
            .policy
            .measures
            .iter()
            .filter_map(|rule| {
                let last = self.measurements.iter().rev().find(|m| m.what == rule.id)?;
                Some(TechnicalMeasure {
                    what: rule.id.clone(),
                    value: last.value,
                    unit: rule.unit.clone(),
                    entry: last.entry.clone(),
                })
            })
            .collect()
    }
}

fn empty() -> DimensionScore {
    DimensionScore {
        earned: 0.0,
        possible: 0.0,
        counts: Counts::default(),
        ratings: Vec::new(),
        checklist: None,
        rated: None,
        value: None,
    }
}
