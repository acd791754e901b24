//! A run at a glance, for the console.

use super::{Deadline, InjectState, Run, State, Status};
use hangtu_catalog::exercise::Phase;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// A run at a moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// How it stands.
    pub state: State,
    /// When that must change, and by whose doing.
    pub deadline: Option<Deadline>,
    /// What the exercise clock shows, milliseconds.
    pub clock: i64,
    /// Whether it runs.
    pub running: bool,
    /// Minutes of the exercise in a minute of the wall.
    pub speed: u8,
    /// The phase of the latest inject.
    pub phase: Option<Phase>,
    /// Injects, in the order of the content.
    pub injects: Vec<(String, InjectState)>,
    /// How many expectations stand how.
    pub expectations: BTreeMap<Status, usize>,
    /// How many injects and expectations are open.
    pub open: usize,
    /// When something happens next by itself.
    pub next: Option<Timestamp>,
}

impl Run {
    /// The run at a moment.
    pub fn progress(&self, now: Timestamp) -> Progress {
        let mut expectations = BTreeMap::new();
        for (_, e, run) in self.standing() {
            *expectations.entry(run.status(e)).or_default() += 1;
        }
        let latest = self
            .injects
            .iter()
            .filter_map(|i| i.sent.as_ref().map(|(_, m)| (m.exercise, i)))
            .max_by_key(|(at, _)| *at)
            .and_then(|(_, i)| self.plan.exercise.inject(&i.id));
        Progress {
            state: self.state,
            deadline: self.deadline(),
            clock: self.moment(now).exercise,
            running: self.clock.is_some_and(|c| c.running()),
            speed: self.clock.map_or(1, |c| c.speed()),
            phase: latest.map(|i| i.phase),
            injects: self
                .injects
                .iter()
                .filter_map(|i| Some((i.id.clone(), self.inject_state(&i.id, now)?)))
                .collect(),
            expectations,
            open: self.open(),
            next: self.next(now),
        }
    }

    /// How an inject stands at a moment.
    pub fn inject_state(&self, id: &str, now: Timestamp) -> Option<InjectState> {
        let (content, run) = self.inject(id)?;
        if run.dropped.is_some() {
            return Some(InjectState::Dropped);
        }
        if run.sent.is_none() {
            let due = self.state == State::Running
                && i64::from(content.at) * 60_000 <= self.moment(now).exercise
                && self.condition(content) == Some(true);
            return Some(if due { InjectState::Due } else { InjectState::Waiting });
        }
        let of = || self.standing().filter(|(i, ..)| i.id == id);
        Some(if of().any(|(_, e, r)| !r.status(e).settled()) {
            InjectState::Sent
        } else if content.expects.is_empty() || of().any(|(_, _, r)| !r.attempts.is_empty()) {
            InjectState::Answered
        } else {
            InjectState::Missed
        })
    }
}
