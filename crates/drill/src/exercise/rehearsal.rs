//! Unattended runs with scripted players: the whole log, up to `closed`.

use super::{Actor, Entry, EntryId, Event, FormContent, Plan, Refusal, Run, State};
use crate::incident::{EventForm, SummaryForm};
use hangtu_catalog::{
    Bilingual, Language,
    exercise::{Answer, Evidence, Expectation, Scripted},
    sha256,
};
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, sync::Arc};

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

/// Answers are given up to so many seconds before their minute.
const JITTER: u64 = 20;
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
        let mut player = Player {
            rehearsal: self,
            plan: Arc::clone(plan),
            run,
            now: self.begin,
            agenda: BTreeMap::new(),
            random: self.seed,
        };
        player.prepare()?;
        player.play()?;
        player.finish()?;
        Ok(player.run)
    }
}

struct Player<'a> {
    rehearsal: &'a Rehearsal,
    plan: Arc<Plan>,
    run: Run,
    now: Timestamp,
    /// Answers to come: by the exercise clock (milliseconds) and order.
    agenda: BTreeMap<(i64, usize), (String, Answer)>,
    random: u64,
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
            let person = format!("player-{}", role.id);
            self.person("director", Event::Cast { role: role.id.clone(), person })?;
        }
        self.step();
        let ready = vec!["contacts".into()];
        self.person("director", Event::Warmed { ready })?;
        self.now = from;
        self.person("director", Event::Armed)?;
        self.person("director", Event::Started { speed: self.rehearsal.speed })
    }

    fn play(&mut self) -> Result<(), RehearsalError> {
        while self.run.state() == State::Running {
            for event in self.run.overdue(self.now) {
                self.enter(Actor::Sweeper, event)?;
            }
            for event in self.run.due(self.now) {
                let Event::InjectSent { inject } = &event else { continue };
                let inject = inject.clone();
                self.enter(Actor::Sweeper, event)?;
                self.plan_answers(&inject);
            }
            let shown = self.run.moment(self.now).exercise;
            while let Some(first) = self.agenda.first_entry()
                && first.key().0 <= shown
            {
                let (id, answer) = first.remove();
                self.answer(&id, &answer)?;
            }
            if self.run.complete() && self.agenda.is_empty() {
                break;
            }
            let answer = self
                .agenda
                .first_key_value()
                .zip(self.run.clock())
                .and_then(|(((at, _), _), clock)| clock.wall(*at, self.now));
            match [answer, self.run.next(self.now)].into_iter().flatten().min() {
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

    /// Notes what scripted players will do about an inject that has come.
    fn plan_answers(&mut self, inject: &str) {
        let plan = Arc::clone(&self.plan);
        let Some(inject) = plan.exercise.inject(inject) else { return };
        let shown = self.run.moment(self.now).exercise;
        let mut forms = Vec::new();
        for e in &inject.expects {
            let Some(Scripted::Done(answer)) = e.script.get(&self.rehearsal.style) else {
                continue;
            };
            if matches!(e.evidence, Evidence::EventForm | Evidence::SummaryForm) {
                // One form answers everything that asks for it.
                if forms.contains(&(e.evidence, answer.after)) {
                    continue;
                }
                forms.push((e.evidence, answer.after));
            }
            let early = self.jitter().min(u64::from(answer.after) * 60_000);
            let at = shown + i64::from(answer.after) * 60_000 - early as i64;
            self.agenda.insert(
                (at, self.run.entries().len() * 100 + self.agenda.len()),
                (e.id.clone(), answer.clone()),
            );
        }
    }

    fn answer(&mut self, id: &str, answer: &Answer) -> Result<(), RehearsalError> {
        let plan = Arc::clone(&self.plan);
        let Some((_, e)) = plan.exercise.expectation(id) else { return Ok(()) };
        let Some(role) = e.by.first().cloned() else { return Ok(()) };
        let level = answer.level.unwrap_or(plan.right_for(e).level);
        let event = match e.evidence {
            Evidence::Automatic => {
                let Some((measure, value)) = e.measure.as_ref().zip(answer.value) else {
                    return Ok(());
                };
                let event = Event::Measured { what: measure.what.clone(), value };
                return self.enter(Actor::Simulation, event);
            }
            Evidence::EventForm => {
                let form = self.event_form(e, answer);
                Event::FormSubmitted { role: role.clone(), form: FormContent::Event(form) }
            }
            Evidence::SummaryForm => {
                let mut form = SummaryForm::right(&plan.exercise.truth, self.rehearsal.language);
                answer.omit.iter().for_each(|field| form.omit(field));
                let form = FormContent::Summary(Box::new(form));
                Event::FormSubmitted { role: role.clone(), form }
            }
            Evidence::Text | Evidence::File | Evidence::Signature | Evidence::Classification => {
                let title = plan.rules.level(level).map(|l| l.title.clone());
                let words: Bilingual = answer.say.clone().or(title).unwrap_or_default();
                let text = words.get(self.rehearsal.language).to_owned();
                let attached = matches!(e.evidence, Evidence::File | Evidence::Signature);
                Event::ActionDone {
                    role: role.clone(),
                    expectation: Some(id.to_owned()),
                    attachments: if attached { vec![sha256(text.as_bytes())] } else { Vec::new() },
                    text,
                    level: (e.evidence == Evidence::Classification).then_some(level),
                    options: Vec::new(),
                    rationale: String::new(),
                    dissent: String::new(),
                }
            }
        };
        let person = format!("player-{role}");
        self.person(&person, event)
    }

    fn event_form(&self, e: &Expectation, answer: &Answer) -> Box<EventForm> {
        let exercise = &self.plan.exercise;
        let found = self.run.clock_times().found.map_or(self.now, |m| m.wall);
        let level = answer.level.unwrap_or(self.plan.right_for(e).level);
        let language = self.rehearsal.language;
        let mut form = EventForm::right(&exercise.truth, exercise.facts(e), level, found, language);
        answer.omit.iter().for_each(|field| form.omit(field));
        Box::new(form)
    }

    fn finish(&mut self) -> Result<(), RehearsalError> {
        self.step();
        self.person("director", Event::ReversalBegun)?;
        self.step();
        let detail = "rehearsal".into();
        self.enter(Actor::Simulation, Event::Verified { restored: true, detail })?;
        self.step();
        self.person("director", Event::EvaluationBegun)?;
        let plan = Arc::clone(&self.plan);
        let style = plan.exercise.styles.iter().find(|s| s.id == self.rehearsal.style);
        for (objective, ratings) in style.into_iter().flat_map(|s| &s.ratings) {
            for (rating, evaluator) in ratings.iter().zip(["evaluator-1", "evaluator-2"]) {
                let event = Event::Judged {
                    objective: objective.clone(),
                    rating: *rating,
                    note: String::new(),
                };
                self.person(evaluator, event)?;
            }
        }
        self.step();
        self.person("director", Event::Reported)?;
        self.step();
        self.person("owner", Event::Closed)
    }

    /// Milliseconds, up to [`JITTER`] seconds (splitmix64).
    fn jitter(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % (JITTER * 1000)
    }
}
