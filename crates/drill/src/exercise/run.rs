//! One run of an exercise: the log, and everything that follows from it.

use super::{
    Applied, Entry, EntryId, Event, ExerciseClock, ExpectationRun, FormContent, Plan, Refusal,
    Status, event::CastList,
};
use crate::incident::{Clock, ClockTimes, Moment, clocks};
use hangtu_catalog::exercise::{Channel, Expectation, Inject, Owner, Rating};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, sync::Arc};

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Drawn up.
    Draft,
    /// Read by somebody else.
    Reviewed,
    /// Approved by two people.
    Approved,
    /// A window is agreed.
    Scheduled,
    /// Everything stands ready.
    Warm,
    /// Everybody is cast and the window is open.
    Armed,
    /// The clock runs.
    Running,
    /// The clock stands.
    Paused,
    /// Ended; what is open is being closed.
    Stopping,
    /// What was set up is being taken back.
    Reverting,
    /// Everything is as before.
    Verified,
    /// Being judged.
    Evaluating,
    /// The report is out.
    Reported,
    /// Over.
    Closed,
    /// Called off. An end.
    Aborted,
    /// A state was not left in time. An end.
    Expired,
    /// What was set up could not be taken back. An end.
    Failed,
}

impl State {
    /// The name in data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Reviewed => "reviewed",
            Self::Approved => "approved",
            Self::Scheduled => "scheduled",
            Self::Warm => "warm",
            Self::Armed => "armed",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Reverting => "reverting",
            Self::Verified => "verified",
            Self::Evaluating => "evaluating",
            Self::Reported => "reported",
            Self::Closed => "closed",
            Self::Aborted => "aborted",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing follows.
    pub const fn terminal(self) -> bool {
        matches!(self, Self::Closed | Self::Aborted | Self::Expired | Self::Failed)
    }
}

/// How a run ends, decided before it does: what was set up is taken back first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was held.
    Held,
    /// It was called off.
    Aborted,
    /// It ran out of time before it was held.
    Expired,
}

/// When a state must be left, and who must see to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// The last moment.
    pub at: Timestamp,
    /// Who.
    pub owner: Owner,
}

/// The agreed window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Not before.
    pub from: Timestamp,
    /// Not after.
    pub until: Timestamp,
}

/// An inject in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InjectRun {
    /// Which.
    pub id: String,
    /// When it was sent.
    pub sent: Option<(EntryId, Moment)>,
    /// Why it was not.
    pub dropped: Option<(EntryId, super::Dropped)>,
}

/// How an inject stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InjectState {
    /// Its time has not come, or its condition is open.
    Waiting,
    /// To be sent now.
    Due,
    /// Sent; answers are open.
    Sent,
    /// Everything it asks for is settled, and something was done about it.
    Answered,
    /// Everything it asks for is settled, and nothing was done.
    Missed,
    /// Not given.
    Dropped,
}

/// An improvised inject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FreeInject {
    /// Its name.
    pub id: String,
    /// Its entry.
    pub entry: EntryId,
    /// When.
    pub at: Moment,
    /// How it came.
    pub channel: Channel,
    /// To which roles.
    pub to: Vec<String>,
    /// What it said.
    pub text: String,
}

/// A rating by an evaluator; a later one of the same evaluator replaces an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// Its entry.
    pub entry: EntryId,
    /// Who.
    pub evaluator: String,
    /// Which objective.
    pub objective: String,
    /// How.
    pub rating: Rating,
    /// Why.
    pub note: String,
}

/// Something measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Its entry.
    pub entry: EntryId,
    /// When.
    pub at: Moment,
    /// What.
    pub what: String,
    /// The value, in its unit.
    pub value: f64,
}

/// A form that was handed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FormRun {
    /// Its entry.
    pub entry: EntryId,
    /// When.
    pub at: Moment,
    /// In which role.
    pub role: String,
    /// The form.
    pub form: FormContent,
    /// What a check of it said when it came.
    pub check: crate::incident::FormCheck,
}

/// One run of an exercise.
#[derive(Clone, Debug)]
pub struct Run {
    pub(super) plan: Arc<Plan>,
    pub(super) entries: Vec<Entry>,
    pub(super) known: HashSet<EntryId>,
    pub(super) state: State,
    pub(super) since: Timestamp,
    pub(super) outcome: Outcome,
    pub(super) author: String,
    pub(super) reviewer: Option<String>,
    pub(super) approvals: Vec<String>,
    pub(super) window: Option<Window>,
    pub(super) cast: CastList,
    pub(super) clock: Option<ExerciseClock>,
    pub(super) started: Option<Timestamp>,
    pub(super) stopped: Option<Moment>,
    pub(super) injects: Vec<InjectRun>,
    pub(super) expectations: Vec<ExpectationRun>,
    pub(super) free: Vec<FreeInject>,
    pub(super) measurements: Vec<Measurement>,
    pub(super) forms: Vec<FormRun>,
    pub(super) judgements: Vec<Judgement>,
    pub(super) times: ClockTimes,
    pub(super) restored: Option<bool>,
}

impl Run {
    /// Begins a run with the draft of it.
    pub fn begin(plan: Arc<Plan>, first: Entry) -> Result<Self, Refusal> {
        let Event::Drafted { exercise, version, sha256 } = &first.event else {
            return Err(Refusal::NotFirst);
        };
        let author = first.by.person().ok_or(Refusal::NoPerson)?.to_owned();
        let content = &plan.exercise;
        if *exercise != content.id || *version != content.version || *sha256 != content.sha256 {
            return Err(Refusal::OtherExercise);
        }
        let injects = content
            .injects
            .iter()
            .map(|i| InjectRun { id: i.id.clone(), sent: None, dropped: None })
            .collect();
        let expectations =
            content.expectations().map(|(_, e)| ExpectationRun::new(&e.id)).collect();
        Ok(Self {
            injects,
            expectations,
            plan,
            known: HashSet::from([first.id.clone()]),
            state: State::Draft,
            since: first.at,
            outcome: Outcome::Held,
            author,
            reviewer: None,
            approvals: Vec::new(),
            window: None,
            cast: CastList::new(),
            clock: None,
            started: None,
            stopped: None,
            free: Vec::new(),
            measurements: Vec::new(),
            forms: Vec::new(),
            judgements: Vec::new(),
            times: ClockTimes::default(),
            restored: None,
            entries: vec![first],
        })
    }

    /// Builds a run from its log. The same log gives the same run.
    pub fn replay(
        plan: Arc<Plan>,
        entries: impl IntoIterator<Item = Entry>,
    ) -> Result<Self, Refusal> {
        let mut entries = entries.into_iter();
        let mut run = Self::begin(plan, entries.next().ok_or(Refusal::NotFirst)?)?;
        for entry in entries {
            run.apply(entry)?;
        }
        Ok(run)
    }

    /// Takes an entry. What is refused changes nothing; neither does a duplicate.
    pub fn apply(&mut self, entry: Entry) -> Result<Applied, Refusal> {
        if self.known.contains(&entry.id) {
            return Ok(Applied::Duplicate);
        }
        self.check(&entry)?;
        self.take(&entry);
        self.known.insert(entry.id.clone());
        self.entries.push(entry);
        Ok(Applied::New)
    }

    /// What the run is held to.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The log.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// How it will end or ended, once it is past its start.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Who drew it up.
    pub fn author(&self) -> &str {
        &self.author
    }

    /// Who approved it so far.
    pub fn approvals(&self) -> &[String] {
        &self.approvals
    }

    /// The agreed window.
    pub fn window(&self) -> Option<Window> {
        self.window
    }

    /// Who plays a role.
    pub fn player(&self, role: &str) -> Option<&str> {
        self.cast.get(role).map(String::as_str)
    }

    /// Roles nobody plays.
    pub fn uncast(&self) -> Vec<String> {
        let roles = self.plan.exercise.roles.iter();
        roles.filter(|r| !self.cast.contains_key(&r.id)).map(|r| r.id.clone()).collect()
    }

    /// The exercise clock, once started.
    pub fn clock(&self) -> Option<ExerciseClock> {
        self.clock
    }

    /// A moment of both clocks; the exercise clock stands at 0 before the start.
    pub fn moment(&self, now: Timestamp) -> Moment {
        Moment { wall: now, exercise: self.clock.map_or(0, |c| c.at(now)) }
    }

    /// When the current state must be left, and by whose doing. None at an end.
    pub fn deadline(&self) -> Option<Deadline> {
        if self.state.terminal() {
            return None;
        }
        let rule = self.plan.policy.states.get(self.state.name())?;
        let after = |from: Timestamp| {
            let hours = i64::from(rule.hours?);
            from.checked_add(SignedDuration::from_hours(hours)).ok()
        };
        let at = match self.state {
            State::Scheduled | State::Warm | State::Armed => self.window.map(|w| w.until),
            State::Running | State::Paused => self.started.and_then(after),
            _ => after(self.since),
        };
        // Where time itself ends, so does the state.
        Some(Deadline { at: at.unwrap_or(Timestamp::MAX), owner: rule.owner })
    }

    /// Injects, in the order of the content.
    pub fn injects(&self) -> &[InjectRun] {
        &self.injects
    }

    /// Improvised injects.
    pub fn free_injects(&self) -> &[FreeInject] {
        &self.free
    }

    /// Expectations, in the order of the content.
    pub fn expectations(&self) -> &[ExpectationRun] {
        &self.expectations
    }

    /// What was measured.
    pub fn measurements(&self) -> &[Measurement] {
        &self.measurements
    }

    /// Forms that were handed in.
    pub fn forms(&self) -> &[FormRun] {
        &self.forms
    }

    /// Ratings.
    pub fn judgements(&self) -> &[Judgement] {
        &self.judgements
    }

    /// What the statutory clocks start and stop with.
    pub fn clock_times(&self) -> ClockTimes {
        let mut times = self.times.clone();
        for (_, expectation, run) in self.standing() {
            if let (Some(clock), Some((attempt, _))) = (&expectation.clock, run.best(expectation)) {
                times.done.push((clock.clone(), attempt.at));
            }
        }
        // A form stops its clock whatever it is worth otherwise.
        times.done.extend(self.forms.iter().map(|form| {
            let clock = match form.form {
                FormContent::Event(_) => "processor_report",
                FormContent::Summary(_) => "processor_summary",
            };
            (clock.to_owned(), form.at)
        }));
        times.done.sort_by(|a, b| (&a.0, a.1.exercise).cmp(&(&b.0, b.1.exercise)));
        times
    }

    /// The statutory clocks at a moment.
    pub fn clocks(&self, now: Timestamp) -> Vec<Clock> {
        let plan = &self.plan;
        clocks(
            &self.clock_times(),
            &plan.exercise.truth.facts,
            plan.right.candidate.unwrap_or(plan.right.level),
            self.moment(now),
            &plan.rules,
            &plan.deadlines,
            &plan.calendar,
        )
    }

    /// The inject and its state in the run.
    pub(super) fn inject(&self, id: &str) -> Option<(&Inject, &InjectRun)> {
        let at = self.injects.iter().position(|i| i.id == id)?;
        Some((self.plan.exercise.inject(id)?, &self.injects[at]))
    }

    /// The expectation, its inject and its state in the run.
    pub(super) fn expectation(&self, id: &str) -> Option<(&Inject, &Expectation, &ExpectationRun)> {
        let (inject, expectation) = self.plan.exercise.expectation(id)?;
        let run = self.expectations.iter().find(|e| e.id == id)?;
        Some((inject, expectation, run))
    }

    /// Every expectation with its inject and how it stands.
    pub fn standing(&self) -> impl Iterator<Item = (&Inject, &Expectation, &ExpectationRun)> {
        // Both stand in the order of the content.
        self.plan
            .exercise
            .expectations()
            .zip(&self.expectations)
            .map(|((inject, expectation), run)| (inject, expectation, run))
    }

    /// How an expectation stands.
    pub fn status(&self, id: &str) -> Option<Status> {
        self.expectation(id).map(|(_, e, run)| run.status(e))
    }

    /// How many injects and expectations are open.
    pub fn open(&self) -> usize {
        let injects =
            self.injects.iter().filter(|i| i.sent.is_none() && i.dropped.is_none()).count();
        injects + self.standing().filter(|(_, e, run)| !run.status(e).settled()).count()
    }

    /// Whether nothing is open. Computed, never stored.
    pub fn complete(&self) -> bool {
        self.open() == 0
    }
}

/// Two runs are the same when everything that follows from their logs is.
impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
            && self.state == other.state
            && self.since == other.since
            && self.outcome == other.outcome
            && self.reviewer == other.reviewer
            && self.approvals == other.approvals
            && self.window == other.window
            && self.cast == other.cast
            && self.clock == other.clock
            && self.started == other.started
            && self.stopped == other.stopped
            && self.injects == other.injects
            && self.expectations == other.expectations
            && self.free == other.free
            && self.measurements == other.measurements
            && self.forms == other.forms
            && self.judgements == other.judgements
            && self.times == other.times
            && self.restored == other.restored
    }
}
