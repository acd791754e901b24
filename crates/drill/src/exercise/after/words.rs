//! Sentences of the after-action report.

use super::Sentence;
use crate::exercise::{
    DimensionScore, EntryId, Event, ExpectationRun, Outcome, Run, Scores, Status,
};
use hangtu_catalog::{
    Arg, Bilingual, Language,
    exercise::{Dimension, Expectation, Inject},
    key, text,
};

/// A message about a bilingual text, which stands in it as `$what`.
pub(super) fn about(key: key::Key, what: &Bilingual) -> Bilingual {
    with(key, what, &[])
}

/// As [`about`], with more arguments that are the same in both languages.
fn with(key: key::Key, what: &Bilingual, more: &[(&str, Arg<'_>)]) -> Bilingual {
    let one = |language| {
        let mut args = vec![("what", Arg::Text(what.get(language)))];
        args.extend_from_slice(more);
        text(language, key, &args)
    };
    Bilingual::new(one(Language::Chinese), one(Language::English))
}

/// Minutes with one place after the point, where there is one.
fn minutes(minutes: f64) -> String {
    let tenths = (minutes * 10.0).round();
    if tenths % 10.0 == 0.0 {
        format!("{:.0}", tenths / 10.0)
    } else {
        format!("{:.1}", tenths / 10.0)
    }
}

fn count(n: usize) -> Arg<'static> {
    Arg::Number(n as u64)
}

impl Run {
    pub(super) fn summary(&self, scores: &Scores) -> Vec<Sentence> {
        let mut out = Vec::new();
        let entry =
            |name: &str| self.entries.iter().find(|e| e.event.name() == name).map(|e| e.id.clone());
        if let (Some(started), Some(stopped)) = (entry("started"), self.stopped) {
            let length = minutes(stopped.exercise as f64 / 60_000.0);
            let sent = self.injects.iter().filter(|i| i.sent.is_some()).count();
            let mut rests_on = vec![started];
            rests_on.extend(entry("stopped").or_else(|| entry("aborted")));
            out.push(Sentence {
                text: with(
                    key::EXERCISE_AFTER_HELD,
                    &self.plan.exercise.title,
                    &[("minutes", Arg::Text(&length)), ("injects", count(sent))],
                ),
                rests_on,
            });
        }
        if self.outcome != Outcome::Held {
            let key = match self.outcome {
                Outcome::Aborted => key::EXERCISE_AFTER_NOT_HELD_ABORTED,
                _ => key::EXERCISE_AFTER_NOT_HELD_EXPIRED,
            };
            let rests_on = entry("aborted").or_else(|| entry("expired")).into_iter().collect();
            out.push(Sentence { text: about(key, &self.plan.exercise.title), rests_on });
        }
        let c = scores.counts;
        let settled: Vec<EntryId> = self
            .standing()
            .filter(|(_, e, run)| run.status(e).met())
            .filter_map(|(_, e, run)| run.best(e).map(|(a, _)| a.entry.clone()))
            .collect();
        out.push(Sentence {
            text: Bilingual::message(
                key::EXERCISE_AFTER_COUNTS,
                &[
                    ("total", count(c.total() - c.not_applicable - c.unreachable)),
                    ("full", count(c.full)),
                    ("half", count(c.half)),
                    ("late", count(c.late)),
                    ("failed", count(c.failed)),
                    ("missed", count(c.missed)),
                    ("away", count(c.not_applicable + c.unreachable)),
                ],
            ),
            rests_on: self.in_order(settled),
        });
        out.extend(self.level_sentence());
        out
    }

    /// How the level was judged.
    fn level_sentence(&self) -> Option<Sentence> {
        let right = self.plan.rules.level(self.plan.right.level)?;
        let judged = self.entries.iter().rev().find_map(|e| match &e.event {
            Event::ActionDone { level: Some(level), .. } => Some((e.id.clone(), *level)),
            _ => None,
        });
        let Some((entry, level)) = judged else {
            let key = key::EXERCISE_AFTER_LEVEL_NONE;
            // Nobody gave one before it stopped.
            let stop = self.entries.iter().find(|e| matches!(e.event, Event::Stopped { .. }));
            let until = stop.or(self.entries.last()).map(|e| e.id.clone());
            let rests_on = until.into_iter().collect();
            return Some(Sentence { text: about(key, &right.title), rests_on });
        };
        let key = if self.plan.right.allows(level) && self.plan.right.candidate.is_some() {
            key::EXERCISE_AFTER_LEVEL_OPEN
        } else if level == self.plan.right.level {
            key::EXERCISE_AFTER_LEVEL_RIGHT
        } else {
            key::EXERCISE_AFTER_LEVEL_WRONG
        };
        let given = &self.plan.rules.level(level)?.title;
        let one = |language: Language| {
            let args = [
                ("what", Arg::Text(right.title.get(language))),
                ("given", Arg::Text(given.get(language))),
            ];
            text(language, key, &args)
        };
        let text = Bilingual::new(one(Language::Chinese), one(Language::English));
        Some(Sentence { text, rests_on: vec![entry] })
    }

    pub(super) fn strength(&self, dimension: Dimension, score: &DimensionScore) -> Sentence {
        let content = &self.plan.exercise;
        let entries = self
            .standing()
            .filter(|(_, e, _)| {
                content.objective(&e.objective).is_some_and(|o| o.dimension == dimension)
            })
            .filter_map(|(_, e, run)| run.best(e).map(|(a, _)| a.entry.clone()))
            .collect();
        let title = self.plan.policy.dimensions.get(&dimension).map(|d| d.title.clone());
        let met = score.counts.full + score.counts.half;
        let of = score.counts.total() - score.counts.not_applicable - score.counts.unreachable;
        Sentence {
            text: with(
                key::EXERCISE_AFTER_STRENGTH,
                &title.unwrap_or_default(),
                &[("met", count(met)), ("of", count(of))],
            ),
            rests_on: self.in_order(entries),
        }
    }

    pub(super) fn shortcoming(
        &self,
        inject: &Inject,
        e: &Expectation,
        run: &ExpectationRun,
    ) -> Sentence {
        let mut rests_on: Vec<EntryId> = run.opened.iter().map(|(id, _)| id.clone()).collect();
        rests_on.extend(run.attempts.iter().map(|a| a.entry.clone()));
        rests_on.extend(run.closed.clone());
        let took = run.best(e).map(|(a, _)| minutes(run.minutes(a.at))).unwrap_or_default();
        let within = minutes(f64::from(e.minutes[0]));
        let key = match run.status(e) {
            Status::Half if run.best(e).is_some_and(|(a, _)| a.content < 0.9995) => {
                key::EXERCISE_AFTER_NOT_WHOLE
            }
            Status::Half => key::EXERCISE_AFTER_SLOW,
            Status::Late => key::EXERCISE_AFTER_LATE,
            Status::Failed => key::EXERCISE_AFTER_FAILED,
            Status::Unreachable => key::EXERCISE_AFTER_UNREACHABLE,
            _ => key::EXERCISE_AFTER_MISSED,
        };
        let at = Arg::Number(u64::from(inject.at));
        let args = [("took", Arg::Text(&took)), ("within", Arg::Text(&within)), ("at", at)];
        Sentence { text: with(key, &e.text, &args), rests_on: self.in_order(rests_on) }
    }

    pub(super) fn dissent(&self) -> Vec<Sentence> {
        self.entries
            .iter()
            .filter_map(|entry| match &entry.event {
                Event::ActionDone { dissent, text, .. } if !dissent.trim().is_empty() => {
                    let args = [("decision", Arg::Text(text)), ("dissent", Arg::Text(dissent))];
                    Some(Sentence {
                        text: Bilingual::message(key::EXERCISE_AFTER_DISSENT, &args),
                        rests_on: vec![entry.id.clone()],
                    })
                }
                _ => None,
            })
            .collect()
    }

    /// Each entry once, in the order of the log.
    fn in_order(&self, some: Vec<EntryId>) -> Vec<EntryId> {
        self.entries.iter().map(|e| &e.id).filter(|id| some.contains(id)).cloned().collect()
    }
}
