//! A run against an earlier one of the same exercise.

use crate::exercise::{Run, Status};
use hangtu_catalog::exercise::Dimension;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A run against an earlier one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Version of the earlier content; scores of other versions compare with care.
    pub earlier_version: u32,
    /// Whether both were of the same text.
    pub same_content: bool,
    /// By dimension: the earlier value and this one, 0 to 1 each, none where not measured.
    pub dimensions: BTreeMap<Dimension, (Option<f64>, Option<f64>)>,
    /// Shortcomings of the earlier run that this one met: their findings may close.
    pub closed: Vec<Change>,
    /// Actions that were met then and are not now.
    pub worse: Vec<Change>,
    /// Shortcomings of both.
    pub still: Vec<Change>,
}

/// An expected action in both runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which.
    pub expectation: String,
    /// Then.
    pub before: Status,
    /// Now.
    pub now: Status,
}

pub(super) fn compare(run: &Run, earlier: &Run) -> Comparison {
    let (scores, before) = (run.scores(), earlier.scores());
    let value = |scores: &crate::exercise::Scores, d: &Dimension| {
        scores.dimensions.get(d).and_then(|s| s.value)
    };
    let mut out = Comparison {
        earlier_version: earlier.plan.exercise.version,
        same_content: earlier.plan.exercise.sha256 == run.plan.exercise.sha256,
        dimensions: scores
            .dimensions
            .keys()
            .chain(before.dimensions.keys())
            .map(|d| (*d, (value(&before, d), value(&scores, d))))
            .collect(),
        closed: Vec::new(),
        worse: Vec::new(),
        still: Vec::new(),
    };
    for (_, e, r) in run.standing() {
        let Some(before) = earlier.status(&e.id) else { continue };
        let now = r.status(e);
        // Only what was tried in both says anything.
        if !before.counts() || !now.counts() {
            continue;
        }
        let list = match (before == Status::Full, now == Status::Full) {
            (false, true) => &mut out.closed,
            (true, false) => &mut out.worse,
            (false, false) => &mut out.still,
            (true, true) => continue,
        };
        list.push(Change { expectation: e.id.clone(), before, now });
    }
    out
}
