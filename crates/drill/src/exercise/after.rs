//! The after-action model, from the log alone. Every sentence and row names the entries it rests
//! on; whoever renders it can link them.

mod compare;
mod timeline;
mod words;

pub use compare::{Change, Comparison};
pub use timeline::{Lane, Milestone, Row};

use super::{EntryId, FormContent, Outcome, Run, Scores, State, Status};
use crate::incident::{Classification, Clock, FormCheck, Moment};
use hangtu_catalog::{Bilingual, Scenario, exercise::Dimension};
use serde::{Deserialize, Serialize};

/// A sentence with the entries it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sentence {
    /// The sentence.
    pub text: Bilingual,
    /// Entries, in the order of the log.
    pub rests_on: Vec<EntryId>,
}

/// A strength.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Its dimension.
    pub dimension: Dimension,
    /// In words.
    pub sentence: Sentence,
}

/// A shortcoming, with the finding it proposes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shortcoming {
    /// The expected action.
    pub expectation: String,
    /// Its dimension.
    pub dimension: Dimension,
    /// How it stands.
    pub status: Status,
    /// Part of its weight that was earned, 0 to 1.
    pub credit: f64,
    /// In words.
    pub sentence: Sentence,
    /// The finding.
    pub finding: ProposedFinding,
}

/// What a shortcoming becomes, if the enterprise agrees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProposedFinding {
    /// The control point.
    pub control: String,
    /// The scenario, the first of the exercise.
    pub scenario: Option<Scenario>,
    /// Likelihood, 1 to 5, for the risk matrix.
    pub likelihood: u8,
    /// Impact, 1 to 5, for the risk matrix.
    pub impact: u8,
    /// What is wrong.
    pub text: Bilingual,
    /// The clause of the duty, as in `incident.yml`.
    pub clause: Option<String>,
    /// The exercise whose next run tests it again: it closes when this action is met there.
    pub retest: (String, String),
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FormResult {
    /// Its entry.
    pub entry: EntryId,
    /// `event` (Annex 2) or `summary` (Annex 3).
    pub kind: String,
    /// When.
    pub at: Moment,
    /// What a check said.
    pub check: FormCheck,
}

/// The after-action report as data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AfterAction {
    /// The exercise.
    pub exercise: String,
    /// Version of its content.
    pub version: u32,
    /// SHA-256 of its content.
    pub sha256: String,
    /// Its title.
    pub title: Bilingual,
    /// How the run stands.
    pub state: State,
    /// How it ended.
    pub outcome: Outcome,
    /// What happened, in a few sentences.
    pub summary: Vec<Sentence>,
    /// Everything on one axis.
    pub timeline: Vec<Row>,
    /// The level the facts give, and why.
    pub right: Classification,
    /// Statutory clocks: whom each binds, and how it was kept.
    pub clocks: Vec<Clock>,
    /// Forms.
    pub forms: Vec<FormResult>,
    /// Scores.
    pub scores: Scores,
    /// What went well.
    pub strengths: Vec<Point>,
    /// What did not, the heaviest first.
    pub shortcomings: Vec<Shortcoming>,
    /// What participants saw otherwise than was decided.
    pub dissent: Vec<Sentence>,
    /// Against an earlier run.
    pub comparison: Option<Comparison>,
}

impl Run {
    /// The after-action report, against an earlier run of the same exercise where there is one.
    pub fn after_action(&self, earlier: Option<&Run>) -> AfterAction {
        let content = &self.plan.exercise;
        let scores = self.scores();
        let last = self.entries.last().map_or(self.since, |e| e.at);
        AfterAction {
            exercise: content.id.clone(),
            version: content.version,
            sha256: content.sha256.clone(),
            title: content.title.clone(),
            state: self.state,
            outcome: self.outcome,
            summary: self.summary(&scores),
            timeline: self.timeline(),
            right: self.plan.right.clone(),
            clocks: self.clocks(last),
            forms: self.form_results(),
            strengths: self.strengths(&scores),
            shortcomings: self.shortcomings(),
            dissent: self.dissent(),
            comparison: earlier
                .filter(|e| e.plan.exercise.id == content.id)
                .map(|e| compare::compare(self, e)),
            scores,
        }
    }

    fn form_results(&self) -> Vec<FormResult> {
        self.forms
            .iter()
            .map(|f| FormResult {
                entry: f.entry.clone(),
                kind: match f.form {
                    FormContent::Event(_) => "event".into(),
                    FormContent::Summary(_) => "summary".into(),
                },
                at: f.at,
                check: f.check.clone(),
            })
            .collect()
    }

    fn strengths(&self, scores: &Scores) -> Vec<Point> {
        let from = self.plan.policy.strength_from;
        scores
            .dimensions
            .iter()
            .filter(|(_, s)| s.checklist.is_some_and(|c| c >= from))
            .map(|(dimension, score)| Point {
                dimension: *dimension,
                sentence: self.strength(*dimension, score),
            })
            .collect()
    }

    fn shortcomings(&self) -> Vec<Shortcoming> {
        let content = &self.plan.exercise;
        let policy = &self.plan.policy.findings;
        let mut all: Vec<(u8, Shortcoming)> = self
            .standing()
            .filter_map(|(inject, e, run)| {
                let status = run.status(e);
                let likelihood = *policy.likelihood.get(status.name())?;
                let dimension = content.objective(&e.objective)?.dimension;
                let sentence = self.shortcoming(inject, e, run);
                let finding = ProposedFinding {
                    control: e.control.clone(),
                    scenario: content.scenarios.first().copied(),
                    likelihood,
                    impact: policy.impact.get(&e.weight).copied().unwrap_or(e.weight),
                    text: sentence.text.clone(),
                    clause: e.clause.clone(),
                    retest: (content.id.clone(), e.id.clone()),
                };
                let shortcoming = Shortcoming {
                    expectation: e.id.clone(),
                    dimension,
                    status,
                    credit: run.credit(e),
                    sentence,
                    finding,
                };
                Some((e.weight, shortcoming))
            })
            .collect();
        // Heaviest first; the order of the content within.
        all.sort_by_key(|(weight, s)| {
            std::cmp::Reverse((s.finding.likelihood * s.finding.impact, *weight))
        });
        all.into_iter().map(|(_, s)| s).collect()
    }
}
