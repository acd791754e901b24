//! What scripted players do: computed from the log alone, so that an unattended rehearsal and a
//! director's practice at the console play the same script.

use super::{Actor, Event, FormContent, Rehearsal, Run, State};
use crate::incident::{EventForm, SummaryForm};
use hangtu_catalog::{
    Bilingual,
    exercise::{Answer, Evidence, Expectation, Scripted},
    sha256,
};
use jiff::Timestamp;
use std::collections::HashMap;

/// Answers are given up to so many seconds before their minute.
const JITTER: u64 = 20;

/// Something a scripted player will do.
struct Item<'r> {
    /// By the exercise clock, in milliseconds.
    at: i64,
    expects: &'r Expectation,
    answer: &'r Answer,
}

/// What is done once for all that ask for it, and told apart by how often it was done.
#[derive(PartialEq, Eq, Hash)]
enum Counted<'r> {
    Form(Evidence),
    Measure(&'r str),
}

impl Rehearsal {
    /// What scripted players do now, in order. Somebody else's role is left to them.
    pub fn due(&self, run: &Run, now: Timestamp) -> Vec<(Actor, Event)> {
        match run.state() {
            State::Running => {
                let shown = run.moment(now).exercise;
                let waiting = self.waiting(run).into_iter().filter(|i| i.at <= shown);
                waiting.filter_map(|i| self.event(run, &i, now)).collect()
            }
            State::Evaluating => self.ratings(run),
            _ => Vec::new(),
        }
    }

    /// When by the wall they may do something next, where that is later than now.
    pub fn next(&self, run: &Run, now: Timestamp) -> Option<Timestamp> {
        if run.state() == State::Evaluating && !self.ratings(run).is_empty() {
            return Some(now);
        }
        let clock = run.clock().filter(|_| run.state() == State::Running)?;
        let shown = run.moment(now).exercise;
        let mut later = self.waiting(run).into_iter().filter(|i| i.at > shown);
        later.next().and_then(|i| clock.wall(i.at, now))
    }

    /// Whether they have nothing left to do about the injects that came so far.
    pub(super) fn rests(&self, run: &Run) -> bool {
        self.waiting(run).is_empty()
    }

    /// What is still to be done about the injects that came, the earliest first.
    fn waiting<'r>(&self, run: &'r Run) -> Vec<Item<'r>> {
        let mut all = Vec::new();
        for inject in run.injects() {
            let Some((_, sent)) = &inject.sent else { continue };
            let Some(inject) = run.plan().exercise.inject(&inject.id) else { continue };
            let mut forms = Vec::new();
            for e in &inject.expects {
                let Some(Scripted::Done(answer)) = e.script.get(&self.style) else { continue };
                if matches!(e.evidence, Evidence::EventForm | Evidence::SummaryForm) {
                    // One form answers everything that asks for it.
                    if forms.contains(&(e.evidence, answer.after)) {
                        continue;
                    }
                    forms.push((e.evidence, answer.after));
                }
                let minutes = u64::from(answer.after) * 60_000;
                let early = self.jitter(&e.id).min(minutes);
                let at = sent.exercise + minutes as i64 - early as i64;
                all.push(Item { at, expects: e, answer });
            }
        }
        all.sort_by_key(|i| i.at);
        let mut done: HashMap<Counted<'r>, usize> = HashMap::new();
        for m in run.measurements() {
            *done.entry(Counted::Measure(&m.what)).or_default() += 1;
        }
        for f in run.forms() {
            let kind = match f.form {
                FormContent::Event(_) => Evidence::EventForm,
                FormContent::Summary(_) => Evidence::SummaryForm,
            };
            *done.entry(Counted::Form(kind)).or_default() += 1;
        }
        all.retain(|i| {
            let e = i.expects;
            let counted = match e.evidence {
                Evidence::EventForm | Evidence::SummaryForm => Counted::Form(e.evidence),
                Evidence::Automatic => match &e.measure {
                    Some(measure) if i.answer.value.is_some() => Counted::Measure(&measure.what),
                    _ => return false,
                },
                _ => return self.plays(run, e) && !answered(run, &e.id),
            };
            match done.get_mut(&counted).filter(|n| **n > 0) {
                Some(n) => *n -= 1,
                None => return e.evidence == Evidence::Automatic || self.plays(run, e),
            }
            false
        });
        all
    }

    /// Whether the role that acts first is a scripted player's.
    #[allow(clippy::unused_self, reason = "a question to the script")]
    fn plays(&self, run: &Run, e: &Expectation) -> bool {
        let role = e.by.first();
        role.is_some_and(|role| run.player(role) == Some(player(role).as_str()))
    }

    fn event(&self, run: &Run, item: &Item<'_>, now: Timestamp) -> Option<(Actor, Event)> {
        let (e, answer) = (item.expects, item.answer);
        let plan = run.plan();
        let role = e.by.first()?.clone();
        let level = answer.level.unwrap_or(plan.right_for(e).level);
        let event = match e.evidence {
            Evidence::Automatic => {
                let (measure, value) = e.measure.as_ref().zip(answer.value)?;
                let event = Event::Measured { what: measure.what.clone(), value };
                return Some((Actor::Simulation, event));
            }
            Evidence::EventForm => {
                let exercise = &plan.exercise;
                let found = run.clock_times().found.map_or(now, |m| m.wall);
                let facts = exercise.facts(e);
                let mut form =
                    EventForm::right(&exercise.truth, facts, level, found, self.language);
                answer.omit.iter().for_each(|field| form.omit(field));
                Event::FormSubmitted {
                    role: role.clone(),
                    form: FormContent::Event(Box::new(form)),
                }
            }
            Evidence::SummaryForm => {
                let mut form = SummaryForm::right(&plan.exercise.truth, self.language);
                answer.omit.iter().for_each(|field| form.omit(field));
                let form = FormContent::Summary(Box::new(form));
                Event::FormSubmitted { role: role.clone(), form }
            }
            Evidence::Text | Evidence::File | Evidence::Signature | Evidence::Classification => {
                let title = plan.rules.level(level).map(|l| l.title.clone());
                let words: Bilingual = answer.say.clone().or(title).unwrap_or_default();
                let text = words.get(self.language).to_owned();
                let attached = matches!(e.evidence, Evidence::File | Evidence::Signature);
                Event::ActionDone {
                    role: role.clone(),
                    expectation: Some(e.id.clone()),
                    attachments: if attached { vec![sha256(text.as_bytes())] } else { Vec::new() },
                    text,
                    level: (e.evidence == Evidence::Classification).then_some(level),
                    options: Vec::new(),
                    rationale: String::new(),
                    dissent: String::new(),
                }
            }
        };
        Some((Actor::Person(player(&role)), event))
    }

    /// Ratings of two scripted evaluators that were not given yet.
    fn ratings(&self, run: &Run) -> Vec<(Actor, Event)> {
        let style = run.plan().exercise.styles.iter().find(|s| s.id == self.style);
        let mut all = Vec::new();
        for (objective, ratings) in style.into_iter().flat_map(|s| &s.ratings) {
            for (rating, evaluator) in ratings.iter().zip(["evaluator-1", "evaluator-2"]) {
                let given =
                    |j: &super::Judgement| j.objective == *objective && j.evaluator == evaluator;
                if run.judgements().iter().any(given) {
                    continue;
                }
                let event = Event::Judged {
                    objective: objective.clone(),
                    rating: *rating,
                    note: String::new(),
                };
                all.push((Actor::Person(evaluator.into()), event));
            }
        }
        all
    }

    /// Milliseconds, up to [`JITTER`] seconds: the same for the same answer (FNV-1a, splitmix64).
    fn jitter(&self, id: &str) -> u64 {
        let mut z = id.bytes().fold(self.seed ^ 0xcbf2_9ce4_8422_2325, |h, b| {
            (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
        });
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % (JITTER * 1000)
    }
}

/// The scripted player of a role.
pub(super) fn player(role: &str) -> String {
    format!("player-{role}")
}

fn answered(run: &Run, id: &str) -> bool {
    run.entries().iter().any(
        |entry| matches!(&entry.event, Event::ActionDone { expectation: Some(e), .. } if e == id),
    )
}
