//! Unattended runs with scripted players: the whole log, up to `closed`.

use super::{Actor, Entry, EntryId, Event, Plan, Refusal, Run, State, script::player};
use hangtu_catalog::Language;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// How to rehearse. The same rehearsal gives the same log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    /// Style of the scripts, e.g. `good`.
    pub style: String,
    /// Moves every answer by a few seconds.
    pub seed: u64,
    /// Minutes of the exercise in a minute of the wall, 1 to 60.
    pub speed: u8,
    /// In which language scripted players speak.
    pub language: Language,
    /// When the draft is made, by the wall.
    pub begin: Timestamp,
}

/// Why a rehearsal does not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RehearsalError {
    /// The exercise has no script of that style.
    #[error("the exercise has no script of the style {0}")]
    Style(String),
    /// The engine refused something, which the content must be the reason of.
    #[error("{event} was refused: {refusal}")]
    Refused {
        /// What.
        event: &'static str,
        /// Why.
        refusal: Refusal,
    },
}

/// How long people take between formal steps.
const STEP: SignedDuration = SignedDuration::from_mins(10);

impl Rehearsal {
    /// In Chinese, from a fixed moment.
    pub fn new(style: &str, seed: u64, speed: u8) -> Self {
        Self {
            style: style.into(),
            seed,
            speed,
            language: Language::Chinese,
            // A Monday, 09:00 in the plan's time.
            begin: Timestamp::from_second(1_772_413_200).unwrap_or_default(),
        }
    }

    /// Rehearses an exercise to its end.
    pub fn run(&self, plan: &Arc<Plan>) -> Result<Run, RehearsalError> {
        let mut player = self.player(plan)?;
        player.play()?;
        player.finish()?;
        Ok(player.run)
    }

    /// Everything up to the start, for a director who practises with scripted players.
    pub fn armed(&self, plan: &Arc<Plan>) -> Result<Run, RehearsalError> {
        Ok(self.player(plan)?.run)
    }

    fn player(&self, plan: &Arc<Plan>) -> Result<Player<'_>, RehearsalError> {
        let exercise = &plan.exercise;
        if exercise.styles.iter().all(|s| s.id != self.style) {
            return Err(RehearsalError::Style(self.style.clone()));
        }
        let first = Entry {
            id: EntryId("r-000001".into()),
            at: self.begin,
            by: Actor::Person("author".into()),
            event: Event::Drafted {
                exercise: exercise.id.clone(),
                version: exercise.version,
                sha256: exercise.sha256.clone(),
            },
        };
        let run = Run::begin(Arc::clone(plan), first)
            .map_err(|refusal| RehearsalError::Refused { event: "drafted", refusal })?;
        let mut player = Player { rehearsal: self, plan: Arc::clone(plan), run, now: self.begin };
        player.prepare()?;
        Ok(player)
    }
}

struct Player<'a> {
    rehearsal: &'a Rehearsal,
    plan: Arc<Plan>,
    run: Run,
    now: Timestamp,
}

impl Player<'_> {
    fn enter(&mut self, by: Actor, event: Event) -> Result<(), RehearsalError> {
        let name = event.name();
        let id = EntryId(format!("r-{:06}", self.run.entries().len() + 1));
        self.run
            .apply(Entry { id, at: self.now, by, event })
            .map(drop)
            .map_err(|refusal| RehearsalError::Refused { event: name, refusal })
    }

    fn person(&mut self, person: &str, event: Event) -> Result<(), RehearsalError> {
        self.enter(Actor::Person(person.into()), event)
    }

    fn step(&mut self) {
        self.now = self.now.checked_add(STEP).unwrap_or(self.now);
    }

    fn prepare(&mut self) -> Result<(), RehearsalError> {
        for (person, event) in [
            ("reviewer", Event::Reviewed),
            ("approver-1", Event::Approved),
            ("approver-2", Event::Approved),
        ] {
            self.step();
            self.person(person, event)?;
        }
        self.step();
        let hours = |n| self.now.checked_add(SignedDuration::from_hours(n)).unwrap_or(self.now);
        let (from, until) = (hours(1), hours(49));
        self.person("director", Event::Scheduled { from, until })?;
        let plan = Arc::clone(&self.plan);
        for role in &plan.exercise.roles {
            let person = player(&role.id);
            self.person("director", Event::Cast { role: role.id.clone(), person })?;
        }
        self.step();
        let ready = vec!["contacts".into()];
        self.person("director", Event::Warmed { ready })?;
        self.now = from;
        self.person("director", Event::Armed)
    }

    fn play(&mut self) -> Result<(), RehearsalError> {
        self.person("director", Event::Started { speed: self.rehearsal.speed })?;
        while self.run.state() == State::Running {
            for event in self.run.overdue(self.now) {
                self.enter(Actor::Sweeper, event)?;
            }
            for event in self.run.due(self.now) {
                self.enter(Actor::Sweeper, event)?;
            }
            for (by, event) in self.rehearsal.due(&self.run, self.now) {
                self.enter(by, event)?;
            }
            if self.run.complete() && self.rehearsal.rests(&self.run) {
                break;
            }
            let script = self.rehearsal.next(&self.run, self.now);
            match [script, self.run.next(self.now)].into_iter().flatten().min() {
                Some(next) => self.now = next,
                None => break,
            }
        }
        if self.run.state() == State::Running {
            self.person("director", Event::Stopped { why: "complete".into() })?;
        }
        for event in self.run.overdue(self.now) {
            self.enter(Actor::Sweeper, event)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), RehearsalError> {
        self.step();
        self.person("director", Event::ReversalBegun)?;
        self.step();
        let detail = "rehearsal".into();
        self.enter(Actor::Simulation, Event::Verified { restored: true, detail })?;
        self.step();
        self.person("director", Event::EvaluationBegun)?;
        for (by, event) in self.rehearsal.due(&self.run, self.now) {
            self.enter(by, event)?;
        }
        self.step();
        self.person("director", Event::Reported)?;
        self.step();
        self.person("owner", Event::Closed)
    }
}
