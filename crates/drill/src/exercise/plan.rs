//! What a run is held to.

use crate::incident::{Classification, classify};
use hangtu_catalog::{
    Calendar, Catalog, Deadline, Exercise, ExercisePolicy, IncidentRules,
    exercise::{Evidence, Expectation},
};
use std::{collections::HashMap, sync::Arc};

/// An exercise with the rules around it, shared by its runs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The content.
    pub exercise: Arc<Exercise>,
    /// How it is run and scored.
    pub policy: Arc<ExercisePolicy>,
    /// Levels, clocks, forms.
    pub rules: Arc<IncidentRules>,
    /// Statutory limits.
    pub deadlines: Arc<[Deadline]>,
    /// Working days.
    pub calendar: Arc<Calendar>,
    /// The level the truth gives.
    pub right: Classification,
    /// The levels that stages give.
    pub(super) stages: HashMap<String, Classification>,
}

impl Plan {
    /// A plan from the catalogue.
    pub fn new(exercise: Exercise, catalog: &Catalog) -> Self {
        let rules = &catalog.incident;
        let stages = exercise.stages.iter().map(|(n, f)| (n.clone(), classify(f, rules))).collect();
        Self {
            right: classify(&exercise.truth.facts, rules),
            stages,
            exercise: Arc::new(exercise),
            policy: Arc::new(catalog.exercise_policy.clone()),
            rules: Arc::new(rules.clone()),
            deadlines: catalog.deadlines.clone().into(),
            calendar: Arc::new(catalog.calendar.clone()),
        }
    }

    /// The level an expectation is judged by.
    pub fn right_for(&self, expectation: &Expectation) -> &Classification {
        expectation.stage.as_ref().and_then(|s| self.stages.get(s)).unwrap_or(&self.right)
    }

    /// Expectations that a form or a level answers by itself.
    pub(super) fn asking(&self, evidence: Evidence) -> impl Iterator<Item = &Expectation> {
        self.exercise.expectations().map(|(_, e)| e).filter(move |e| e.evidence == evidence)
    }
}
