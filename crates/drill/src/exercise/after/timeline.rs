//! Everything that happened, on one axis.

use crate::exercise::{Attempt, Entry, EntryId, Event, FormContent, Run, Verdict};
use crate::incident::Moment;
use hangtu_catalog::{
    Arg, Bilingual,
    exercise::{Dimension, Phase},
    key,
};
use serde::{Deserialize, Serialize};

/// Which line of the axis a row stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// What came to the players.
    Inject,
    /// What they did.
    Action,
    /// Forms.
    Form,
    /// What was measured.
    Measure,
    /// Starting, pausing, stopping.
    Control,
    /// Evaluators and the sweeper.
    Judgement,
}

/// A row that stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Milestone {
    /// First action of the dimension of detection that counts.
    Detection,
    /// First of containment.
    Containment,
    /// First of recovery.
    Recovery,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// When.
    pub at: Moment,
    /// Its line.
    pub lane: Lane,
    /// The phase, for injects.
    pub phase: Option<Phase>,
    /// The role or the sender.
    pub who: Option<Bilingual>,
    /// What happened.
    pub text: Bilingual,
    /// Whether it stands out.
    pub milestone: Option<Milestone>,
    /// Entries it rests on.
    pub rests_on: Vec<EntryId>,
}

impl Run {
    pub(super) fn timeline(&self) -> Vec<Row> {
        let milestones = [
            (Dimension::Detection, Milestone::Detection),
            (Dimension::Containment, Milestone::Containment),
            (Dimension::Recovery, Milestone::Recovery),
        ]
        .map(|(dimension, milestone)| (self.first(dimension), milestone));
        self.entries
            .iter()
            .filter_map(|entry| {
                let mut row = self.row(entry)?;
                row.milestone = milestones
                    .iter()
                    .find(|(first, _)| first.as_ref() == Some(&entry.id))
                    .map(|(_, milestone)| *milestone);
                Some(row)
            })
            .collect()
    }

    /// The entry of the first action of a dimension that counts.
    fn first(&self, dimension: Dimension) -> Option<EntryId> {
        let content = &self.plan.exercise;
        self.standing()
            .filter(|(_, e, _)| {
                content.objective(&e.objective).is_some_and(|o| o.dimension == dimension)
            })
            .filter_map(|(_, e, run)| run.best(e))
            .filter(|(_, credit)| *credit > 0.0)
            .min_by_key(|(attempt, _): &(&Attempt, f64)| attempt.at)
            .map(|(attempt, _)| attempt.entry.clone())
    }

    fn role_title(&self, role: &str) -> Option<Bilingual> {
        self.plan.exercise.role(role).map(|r| r.title.clone())
    }

    fn row(&self, entry: &Entry) -> Option<Row> {
        let content = &self.plan.exercise;
        let say = |key, args: &[(&str, Arg<'_>)]| Bilingual::message(key, args);
        let mut phase = None;
        let mut who = None;
        let mut rests_on = vec![entry.id.clone()];
        let (lane, text) = match &entry.event {
            Event::Started { speed } => {
                let speed = Arg::Number(u64::from(*speed));
                (Lane::Control, say(key::EXERCISE_AFTER_STARTED, &[("speed", speed)]))
            }
            Event::Paused { why } => {
                (Lane::Control, say(key::EXERCISE_AFTER_PAUSED, &[("why", Arg::Text(why))]))
            }
            Event::Resumed => (Lane::Control, say(key::EXERCISE_AFTER_RESUMED, &[])),
            Event::SpeedChanged { speed } => {
                let speed = Arg::Number(u64::from(*speed));
                (Lane::Control, say(key::EXERCISE_AFTER_SPEED, &[("speed", speed)]))
            }
            Event::Stopped { .. } => (Lane::Control, say(key::EXERCISE_AFTER_STOPPED, &[])),
            Event::Aborted { why } => {
                (Lane::Control, say(key::EXERCISE_AFTER_ABORTED, &[("why", Arg::Text(why))]))
            }
            Event::InjectSent { inject } => {
                let inject = content.inject(inject)?;
                phase = Some(inject.phase);
                who = Some(inject.from.clone());
                (Lane::Inject, inject.text.clone())
            }
            Event::FreeInject { text, .. } => (Lane::Inject, Bilingual::same(text)),
            Event::ActionDone { role, text, .. } => {
                who = self.role_title(role);
                (Lane::Action, Bilingual::same(text))
            }
            Event::FormSubmitted { role, form } => {
                who = self.role_title(role);
                let key = match form {
                    FormContent::Event(_) => key::EXERCISE_AFTER_EVENT_FORM,
                    FormContent::Summary(_) => key::EXERCISE_AFTER_SUMMARY_FORM,
                };
                (Lane::Form, say(key, &[]))
            }
            Event::Measured { what, value } => {
                let rule = self.plan.policy.measure(what)?;
                let value = format!("{value}");
                let unit = Arg::Text(&rule.unit);
                let of = |title: &str| [("what", title.to_owned()), ("value", value.clone())];
                let (zh, en) = (of(&rule.title.zh), of(&rule.title.en));
                let line = |parts: &[(&str, String); 2]| {
                    say(
                        key::EXERCISE_AFTER_MEASURED,
                        &[
                            ("what", Arg::Text(&parts[0].1)),
                            ("value", Arg::Text(&parts[1].1)),
                            ("unit", unit),
                        ],
                    )
                };
                (Lane::Measure, Bilingual::new(line(&zh).zh, line(&en).en))
            }
            Event::ExpectationMissed { expectation } => {
                let (_, e, run) = self.expectation(expectation)?;
                rests_on.extend(run.opened.as_ref().map(|(id, _)| id.clone()));
                (Lane::Judgement, super::words::about(key::EXERCISE_AFTER_MISSED_ROW, &e.text))
            }
            Event::Ruled { verdict, note, .. } => {
                if let Verdict::Accepted(id) | Verdict::Rejected(id) = verdict {
                    rests_on.push(id.clone());
                }
                (Lane::Judgement, say(key::EXERCISE_AFTER_RULED, &[("note", Arg::Text(note))]))
            }
            _ => return None,
        };
        Some(Row {
            at: self.entry_moment(entry),
            lane,
            phase,
            who,
            text,
            milestone: None,
            rests_on,
        })
    }
}
