//! What an editor shows beside an exercise that is being written.

use super::{Channel, Condition, Dimension, Exercise, Inject, Phase, RoleGroup};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// An exercise at a glance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Preview {
    /// Planned minutes.
    pub minutes: u32,
    /// Phases in order.
    pub phases: Vec<PreviewPhase>,
    /// Injects by the earliest moment they can come.
    pub injects: Vec<PreviewInject>,
    /// Roles, with what falls to them.
    pub roles: Vec<PreviewRole>,
    /// Sum of weights by dimension.
    pub weights: BTreeMap<Dimension, u32>,
    /// Clauses the duties rest on.
    pub clauses: BTreeSet<String>,
    /// Control points the exercise can show.
    pub controls: BTreeSet<String>,
}

/// A phase at a glance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PreviewPhase {
    /// Which.
    pub phase: Phase,
    /// Earliest inject, minutes.
    pub from: u32,
    /// Last moment at which something of it can still earn credit, minutes.
    pub until: u32,
    /// How many injects.
    pub injects: usize,
    /// How many expected actions.
    pub expectations: usize,
}

/// An inject at a glance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PreviewInject {
    /// Its identifier.
    pub id: String,
    /// Its phase.
    pub phase: Phase,
    /// How it comes.
    pub channel: Channel,
    /// Earliest moment at which it can come, minutes; none where it cannot.
    pub earliest: Option<u32>,
    /// The expectation its condition waits for.
    pub waits_for: Option<String>,
    /// Whether it may not come at all.
    pub conditional: bool,
    /// How many expected actions.
    pub expectations: usize,
    /// Sum of their weights.
    pub weight: u32,
}

/// A role at a glance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PreviewRole {
    /// Its identifier.
    pub id: String,
    /// Its group.
    pub group: RoleGroup,
    /// Injects addressed to it.
    pub injects: usize,
    /// Expected actions that are its part.
    pub expectations: usize,
}

/// Earliest minute at which an inject can come; none when it waits for itself.
pub(super) fn earliest(exercise: &Exercise, inject: &Inject) -> Option<u32> {
    fn of(exercise: &Exercise, inject: &Inject, depth: usize) -> Option<u32> {
        if depth > exercise.injects.len() {
            return None;
        }
        let wait = match &inject.when {
            Some(Condition::Met(id)) => {
                let (before, _) = exercise.expectation(id)?;
                of(exercise, before, depth + 1)?
            }
            Some(Condition::Missed(id)) => {
                let (before, e) = exercise.expectation(id)?;
                of(exercise, before, depth + 1)?.saturating_add(e.minutes[2])
            }
            Some(Condition::Above(_) | Condition::AtMost(_)) | None => 0,
        };
        Some(wait.max(inject.at))
    }
    of(exercise, inject, 0)
}

fn weight(inject: &Inject) -> u32 {
    inject.expects.iter().map(|e| u32::from(e.weight)).sum()
}

impl Exercise {
    /// What an editor shows beside the text.
    pub fn preview(&self) -> Preview {
        let mut injects: Vec<PreviewInject> = self
            .injects
            .iter()
            .map(|i| PreviewInject {
                id: i.id.clone(),
                phase: i.phase,
                channel: i.channel,
                earliest: earliest(self, i),
                waits_for: match &i.when {
                    Some(Condition::Met(id) | Condition::Missed(id)) => Some(id.clone()),
                    _ => None,
                },
                conditional: i.when.is_some(),
                expectations: i.expects.len(),
                weight: weight(i),
            })
            .collect();
        injects.sort_by_key(|i| i.earliest.unwrap_or(u32::MAX));
        let phases = self.phases.iter().map(|p| self.preview_phase(p.phase)).collect();
        let roles = self
            .roles
            .iter()
            .map(|r| PreviewRole {
                id: r.id.clone(),
                group: r.group,
                injects: self.injects.iter().filter(|i| i.to.contains(&r.id)).count(),
                expectations: self.expectations().filter(|(_, e)| e.by.contains(&r.id)).count(),
            })
            .collect();
        let mut weights = BTreeMap::new();
        for (_, e) in self.expectations() {
            if let Some(objective) = self.objective(&e.objective) {
                *weights.entry(objective.dimension).or_default() += u32::from(e.weight);
            }
        }
        Preview {
            minutes: self.minutes,
            phases,
            injects,
            roles,
            weights,
            clauses: self.expectations().filter_map(|(_, e)| e.clause.clone()).collect(),
            controls: self.expectations().map(|(_, e)| e.control.clone()).collect(),
        }
    }

    fn preview_phase(&self, phase: Phase) -> PreviewPhase {
        let of: Vec<&Inject> = self.injects.iter().filter(|i| i.phase == phase).collect();
        let start = |i: &Inject| earliest(self, i).unwrap_or(i.at);
        let end =
            |i: &&Inject| start(i) + i.expects.iter().map(|e| e.minutes[2]).max().unwrap_or(0);
        PreviewPhase {
            phase,
            from: of.iter().map(|i| start(i)).min().unwrap_or(0),
            until: of.iter().map(end).max().unwrap_or(0),
            injects: of.len(),
            expectations: of.iter().map(|i| i.expects.len()).sum(),
        }
    }
}
