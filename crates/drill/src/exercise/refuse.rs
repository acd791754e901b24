//! Which entries are refused, and why.

use super::{Actor, Dropped, Entry, Event, Refusal, Run, State, Status, Verdict};
use hangtu_catalog::exercise::{Condition, Evidence, Inject};

/// States in which people play, or may still hand something in.
const ANSWERING: [State; 6] = [
    State::Running,
    State::Paused,
    State::Stopping,
    State::Reverting,
    State::Verified,
    State::Evaluating,
];

impl Run {
    /// Whether an entry can be taken.
    pub(super) fn check(&self, entry: &Entry) -> Result<(), Refusal> {
        use State::{
            Approved, Armed, Draft, Evaluating, Paused, Reported, Reverting, Reviewed, Running,
            Scheduled, Stopping, Verified, Warm,
        };
        if self.entries.last().is_some_and(|last| entry.at < last.at) {
            return Err(Refusal::BackInTime);
        }
        let event = &entry.event;
        let when = |states: &[State]| {
            if states.contains(&self.state) {
                Ok(())
            } else {
                Err(Refusal::NotNow { event: event.name(), state: self.state.name() })
            }
        };
        match event {
            Event::Drafted { .. } => Err(Refusal::NotFirst),
            Event::Reviewed => {
                when(&[Draft])?;
                self.not_author(entry)
            }
            Event::Approved => {
                when(&[Reviewed])?;
                let person = person(entry)?;
                if self.approvals.iter().any(|p| p == person) {
                    return Err(Refusal::NotDistinct);
                }
                self.not_author(entry)
            }
            Event::Scheduled { from, until } => {
                when(&[Approved, Scheduled])?;
                person(entry)?;
                if from >= until || *until <= entry.at { Err(Refusal::Window) } else { Ok(()) }
            }
            Event::Cast { role, person: who } => {
                when(&[Draft, Reviewed, Approved, Scheduled, Warm, Armed, Running, Paused])?;
                person(entry)?;
                self.role(role)?;
                text(who)
            }
            Event::Warmed { .. } => {
                when(&[Scheduled])?;
                self.in_window(entry, false)
            }
            Event::Armed => {
                when(&[Warm])?;
                person(entry)?;
                self.in_window(entry, true)?;
                match self.uncast() {
                    roles if roles.is_empty() => Ok(()),
                    roles => Err(Refusal::Uncast(roles)),
                }
            }
            Event::Started { speed } => {
                when(&[Armed])?;
                person(entry)?;
                self.in_window(entry, true)?;
                speed_of(*speed)
            }
            Event::Paused { .. } => when(&[Running]).and(person(entry).map(drop)),
            Event::Resumed => when(&[Paused]).and(person(entry).map(drop)),
            Event::SpeedChanged { speed } => {
                when(&[Running, Paused])?;
                person(entry)?;
                speed_of(*speed)
            }
            Event::InjectSent { inject } => {
                when(&[Running])?;
                let content = self.waiting(inject)?;
                match self.condition(content) {
                    Some(true) => Ok(()),
                    _ => Err(Refusal::ConditionOpen),
                }
            }
            Event::InjectDropped { inject, why } => {
                when(&[Running, Paused, Stopping])?;
                let content = self.waiting(inject)?;
                let fits = match why {
                    Dropped::NotNeeded => {
                        self.condition(content) == Some(false) || self.undecided(content, entry.at)
                    }
                    Dropped::NotReached => self.state == Stopping,
                    Dropped::LeftOut => self.state != Stopping && entry.by.person().is_some(),
                };
                if fits { Ok(()) } else { Err(Refusal::ConditionOpen) }
            }
            Event::FreeInject { inject, to, text: words, .. } => {
                when(&[Running])?;
                person(entry)?;
                if self.plan.exercise.inject(inject).is_some()
                    || self.free.iter().any(|f| f.id == *inject)
                {
                    return Err(Refusal::InjectOver);
                }
                to.iter().try_for_each(|role| self.role(role))?;
                text(words)
            }
            Event::ActionDone { role, expectation, text: words, attachments, level, .. } => {
                when(&ANSWERING)?;
                self.plays(entry, role)?;
                text(words)?;
                let Some(id) = expectation else { return Ok(()) };
                let (_, e, _) = self.expectation(id).ok_or_else(|| unknown("expectation", id))?;
                let fits = match e.evidence {
                    Evidence::Text => true,
                    Evidence::File | Evidence::Signature => !attachments.is_empty(),
                    Evidence::Classification => level.is_some(),
                    Evidence::EventForm | Evidence::SummaryForm | Evidence::Automatic => false,
                };
                if fits {
                    Ok(())
                } else {
                    let needs = e.evidence.name();
                    Err(Refusal::Evidence { expectation: id.clone(), needs })
                }
            }
            Event::FormSubmitted { role, .. } => {
                when(&ANSWERING)?;
                self.plays(entry, role)
            }
            Event::Measured { what, value } => {
                when(&[Running, Paused, Stopping, Reverting, Verified])?;
                if self.plan.policy.measure(what).is_none() {
                    return Err(unknown("measurement", what));
                }
                if value.is_finite() { Ok(()) } else { Err(Refusal::NoNumber) }
            }
            Event::Ruled { expectation, verdict, .. } => {
                when(&ANSWERING)?;
                self.evaluates(entry)?;
                self.expectation(expectation).ok_or_else(|| unknown("expectation", expectation))?;
                let (Verdict::Accepted(id) | Verdict::Rejected(id)) = verdict else {
                    return Ok(());
                };
                let done = self.entries.iter().find(|e| e.id == *id).is_some_and(|e| {
                    matches!(e.event, Event::ActionDone { .. } | Event::FormSubmitted { .. })
                });
                if done { Ok(()) } else { Err(unknown("action", &id.0)) }
            }
            Event::ExpectationMissed { expectation } => {
                when(&[Running, Paused, Stopping])?;
                let (_, e, run) = self
                    .expectation(expectation)
                    .ok_or_else(|| unknown("expectation", expectation))?;
                let now = self.moment(entry.at).exercise;
                let over = run.over_at(e).is_some_and(|over| over <= now);
                if run.status(e) == Status::Open && (over || self.state == Stopping) {
                    Ok(())
                } else {
                    Err(Refusal::NotMissed)
                }
            }
            Event::Stopped { .. } => {
                when(&[Running, Paused])?;
                if entry.by.person().is_some() || self.must_stop(entry.at).is_some() {
                    Ok(())
                } else {
                    Err(Refusal::NotOverdue)
                }
            }
            Event::Aborted { .. } => {
                when(&[Draft, Reviewed, Approved, Scheduled, Warm, Armed, Running, Paused])?;
                person(entry).map(drop)
            }
            Event::Expired => {
                when(&[Draft, Reviewed, Approved, Scheduled, Warm, Armed])?;
                self.passed(entry)
            }
            Event::ReversalBegun => {
                when(&[Stopping])?;
                self.all_settled()?;
                self.by_person_or_passed(entry)
            }
            Event::Verified { .. } => {
                when(&[Reverting])?;
                if entry.by == Actor::Simulation {
                    return Ok(());
                }
                self.by_person_or_passed(entry)
            }
            Event::EvaluationBegun => {
                when(&[Verified])?;
                self.by_person_or_passed(entry)
            }
            Event::Judged { objective, .. } => {
                when(&ANSWERING)?;
                self.evaluates(entry)?;
                match self.plan.exercise.objective(objective) {
                    Some(_) => Ok(()),
                    None => Err(unknown("objective", objective)),
                }
            }
            Event::Reported => {
                when(&[Evaluating])?;
                self.all_settled()?;
                self.by_person_or_passed(entry)
            }
            Event::Closed => {
                when(&[Reported])?;
                self.by_person_or_passed(entry)
            }
            Event::Tick => {
                if self.state.terminal() {
                    return Err(Refusal::NotNow { event: "tick", state: self.state.name() });
                }
                Ok(())
            }
        }
    }

    /// Whether the condition of an inject holds; none while that is open.
    pub(super) fn condition(&self, inject: &Inject) -> Option<bool> {
        let status = |id: &str| self.status(id);
        let latest =
            |what: &str| self.measurements.iter().rev().find(|m| m.what == what).map(|m| m.value);
        match &inject.when {
            None => Some(true),
            Some(Condition::Met(id)) => match status(id)? {
                Status::Pending | Status::Open => None,
                s => Some(s.met()),
            },
            Some(Condition::Missed(id)) => match status(id)? {
                Status::Pending | Status::Open => None,
                s => Some(matches!(s, Status::Missed | Status::Failed | Status::Late)),
            },
            Some(Condition::Above(m)) => Some(latest(&m.what)? > m.value),
            Some(Condition::AtMost(m)) => Some(latest(&m.what)? <= m.value),
        }
    }

    /// Whether the time has passed within which a measurement was to decide.
    pub(super) fn undecided(&self, inject: &Inject, now: jiff::Timestamp) -> bool {
        let within = inject.within.unwrap_or(self.plan.policy.decide_within);
        let last = i64::from(inject.at.saturating_add(within)) * 60_000;
        matches!(inject.when, Some(Condition::Above(_) | Condition::AtMost(_)))
            && self.condition(inject).is_none()
            && self.moment(now).exercise >= last
    }

    /// An inject that has neither been sent nor dropped.
    fn waiting(&self, id: &str) -> Result<&Inject, Refusal> {
        let (content, run) = self.inject(id).ok_or_else(|| unknown("inject", id))?;
        if run.sent.is_some() || run.dropped.is_some() {
            return Err(Refusal::InjectOver);
        }
        Ok(content)
    }

    fn role(&self, id: &str) -> Result<(), Refusal> {
        match self.plan.exercise.role(id) {
            Some(_) => Ok(()),
            None => Err(unknown("role", id)),
        }
    }

    fn not_author(&self, entry: &Entry) -> Result<(), Refusal> {
        if person(entry)? == self.author { Err(Refusal::NotDistinct) } else { Ok(()) }
    }

    /// Within the agreed window; `open`: it must have begun.
    fn in_window(&self, entry: &Entry, open: bool) -> Result<(), Refusal> {
        match self.window {
            Some(w) if entry.at > w.until => Err(Refusal::Window),
            Some(w) if open && entry.at < w.from => Err(Refusal::TooEarly),
            _ => Ok(()),
        }
    }

    fn plays(&self, entry: &Entry, role: &str) -> Result<(), Refusal> {
        self.role(role)?;
        let person = person(entry)?;
        if self.cast.get(role).is_some_and(|p| p == person) {
            Ok(())
        } else {
            Err(Refusal::NotCast { role: role.to_owned(), person: person.to_owned() })
        }
    }

    fn evaluates(&self, entry: &Entry) -> Result<(), Refusal> {
        let person = person(entry)?;
        if self.cast.values().any(|p| p == person) { Err(Refusal::EvaluatorPlays) } else { Ok(()) }
    }

    fn all_settled(&self) -> Result<(), Refusal> {
        match self.open() {
            0 => Ok(()),
            open => Err(Refusal::Incomplete(open)),
        }
    }

    fn passed(&self, entry: &Entry) -> Result<(), Refusal> {
        if self.deadline().is_some_and(|d| entry.at > d.at) {
            Ok(())
        } else {
            Err(Refusal::NotOverdue)
        }
    }

    fn by_person_or_passed(&self, entry: &Entry) -> Result<(), Refusal> {
        if entry.by.person().is_some() { Ok(()) } else { self.passed(entry) }
    }
}

fn person(entry: &Entry) -> Result<&str, Refusal> {
    entry.by.person().ok_or(Refusal::NoPerson)
}

fn unknown(what: &'static str, id: &str) -> Refusal {
    Refusal::Unknown { what, id: id.to_owned() }
}

fn text(words: &str) -> Result<(), Refusal> {
    if words.trim().is_empty() { Err(Refusal::NoText) } else { Ok(()) }
}

fn speed_of(speed: u8) -> Result<(), Refusal> {
    if (1..=60).contains(&speed) { Ok(()) } else { Err(Refusal::Speed(speed)) }
}
