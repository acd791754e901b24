//! What must be entered because time has passed.

use super::{Dropped, Event, Run, State, Status};
use hangtu_catalog::exercise::Inject;
use jiff::{SignedDuration, Timestamp};

impl Run {
    /// Injects to be sent now, in order. Whoever enters them is the sweeper or the director.
    pub fn due(&self, now: Timestamp) -> Vec<Event> {
        if self.state != State::Running {
            return Vec::new();
        }
        let clock = self.moment(now).exercise;
        let mut due: Vec<&Inject> = self
            .pending()
            .filter(|i| starts(i) <= clock && self.condition(i) == Some(true))
            .collect();
        due.sort_by_key(|i| i.at);
        due.into_iter().map(|i| Event::InjectSent { inject: i.id.clone() }).collect()
    }

    /// What is overdue now, in the order in which it must be entered, by the sweeper. Asked again
    /// after that, it may say more; when it says nothing, nothing is overdue.
    pub fn overdue(&self, now: Timestamp) -> Vec<Event> {
        let mut out = Vec::new();
        let clock = self.moment(now).exercise;
        let stopping = self.state == State::Stopping;
        if matches!(self.state, State::Running | State::Paused | State::Stopping) {
            for inject in self.pending() {
                let not_needed =
                    self.condition(inject) == Some(false) || self.undecided(inject, now);
                let why = match (not_needed, stopping) {
                    (true, _) => Dropped::NotNeeded,
                    (false, true) => Dropped::NotReached,
                    (false, false) => continue,
                };
                out.push(Event::InjectDropped { inject: inject.id.clone(), why });
            }
            for (_, e, run) in self.standing() {
                let over = stopping || run.over_at(e).is_some_and(|over| over <= clock);
                if over && run.status(e) == Status::Open {
                    out.push(Event::ExpectationMissed { expectation: e.id.clone() });
                }
            }
        }
        if matches!(self.state, State::Running | State::Paused) {
            if let Some(why) = self.must_stop(now) {
                out.push(Event::Stopped { why: why.into() });
            }
            return out;
        }
        if self.deadline().is_some_and(|d| now > d.at) {
            out.extend(match self.state {
                State::Draft
                | State::Reviewed
                | State::Approved
                | State::Scheduled
                | State::Warm
                | State::Armed => Some(Event::Expired),
                State::Stopping => Some(Event::ReversalBegun),
                State::Reverting => Some(Event::Verified {
                    restored: false,
                    detail: "nobody verified before the deadline".into(),
                }),
                State::Verified => Some(Event::EvaluationBegun),
                State::Evaluating => Some(Event::Reported),
                State::Reported => Some(Event::Closed),
                _ => None,
            });
        }
        out
    }

    /// When by the wall [`due`](Self::due) or [`overdue`](Self::overdue) may say something next,
    /// if nobody enters anything until then. None at an end.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        if !self.due(now).is_empty() || !self.overdue(now).is_empty() {
            return Some(now);
        }
        let tick = SignedDuration::from_millis(1);
        let mut next = self.deadline().and_then(|d| d.at.checked_add(tick).ok());
        if self.state == State::Running
            && let Some(clock) = self.clock
        {
            let planned = self.pending().map(starts);
            let undecided = self.pending().map(|i| {
                let within = i.within.unwrap_or(self.plan.policy.decide_within);
                starts(i) + i64::from(within) * 60_000
            });
            let over = self
                .standing()
                .filter(|(_, e, run)| run.status(e) == Status::Open)
                .filter_map(|(_, e, run)| run.over_at(e));
            let shown = clock.at(now);
            let soonest = planned
                .chain(undecided)
                .chain(over)
                .chain([self.stop_at()])
                .filter(|at| *at > shown)
                .min();
            let wall = soonest.and_then(|at| clock.wall(at, now));
            next = [next, wall].into_iter().flatten().min();
        }
        next
    }

    /// Why a running exercise must stop, if it must.
    pub(super) fn must_stop(&self, now: Timestamp) -> Option<&'static str> {
        if self.deadline().is_some_and(|d| now > d.at) {
            Some("deadline")
        } else if self.moment(now).exercise >= self.stop_at() {
            Some("clock")
        } else {
            None
        }
    }

    fn stop_at(&self) -> i64 {
        let minutes = f64::from(self.plan.exercise.minutes) * self.plan.policy.stop_after;
        (minutes * 60_000.0) as i64
    }

    /// Injects that were neither sent nor dropped.
    fn pending(&self) -> impl Iterator<Item = &Inject> {
        self.plan
            .exercise
            .injects
            .iter()
            .zip(&self.injects)
            .filter(|(_, run)| run.sent.is_none() && run.dropped.is_none())
            .map(|(inject, _)| inject)
    }
}

fn starts(inject: &Inject) -> i64 {
    i64::from(inject.at) * 60_000
}
