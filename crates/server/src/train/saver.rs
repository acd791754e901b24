//! The one hand that takes answers ([`Hand`]).

use super::{attempt, shelf};
use crate::{App, clock, db::Actor, error::Error, hand::Hand};
use hangtu_train::exam::{Answer, AttemptError, Save, Signal, SignalKind};
use serde_json::{Value, json};
use std::collections::HashMap;

/// What a candidate did.
pub(super) enum What {
    /// Answered a question.
    Answer { item: u16, sequence: u64, answer: Answer },
    /// Something was noticed.
    Signal(SignalKind, Option<u16>),
}

/// One candidate's deed on its way.
pub(super) struct Job {
    pub(super) actor: Actor,
    pub(super) attempt: String,
    pub(super) what: What,
    /// When it arrived: what counts, however long the queue.
    pub(super) at: i64,
    pub(super) address: String,
    pub(super) agent: String,
}

/// What became of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kept {
    /// Kept.
    Fresh,
    /// A later answer stands; this one came late.
    Late,
    /// Seen before.
    Repeated,
    /// The attempt is over; nothing was kept.
    Over,
    /// It does not fit its question.
    Unfit,
}

/// The way to the hand.
pub(super) type Saver = Hand<Job, Kept>;

pub(super) fn start(app: &App) {
    // In order of organisations, so that logs are held in one order.
    let key = |j: &Job| (j.actor.organisation.clone(), j.attempt.clone());
    app.training.saver.start(app, key, |app, jobs| async move { write(&app, &jobs).await });
}

async fn write(app: &App, jobs: &[Job]) -> Result<Vec<Result<Kept, Error>>, Error> {
    let Some(first) = jobs.first() else { return Ok(Vec::new()) };
    let mut change = app.db.change(&first.actor).await?;
    let mut out = Vec::with_capacity(jobs.len());
    let mut notes: Vec<(&Actor, &'static str, &str, Value)> = Vec::new();
    let mut shelves: HashMap<&str, shelf::Shelf> = HashMap::new();
    for group in jobs.chunk_by(|a, b| a.attempt == b.attempt && a.actor == b.actor) {
        let (actor, id) = (&group[0].actor, group[0].attempt.as_str());
        let organisation = actor.organisation.as_str();
        if !shelves.contains_key(organisation) {
            shelves.insert(organisation, shelf::shelf(app, &mut change, organisation).await?);
        }
        let Some(mut row) = attempt::hold(&mut change, organisation, id, Some(&actor.id)).await?
        else {
            out.extend(group.iter().map(|_| Err(Error::NotFound)));
            continue;
        };
        if row.state != "open" {
            out.extend(group.iter().map(|_| Ok(Kept::Over)));
            continue;
        }
        let mut sat = row.attempt()?;
        let mut changed = false;
        for job in group {
            let now = clock::stamp(job.at);
            for (before, here, kind) in [
                (&mut row.address, &job.address, SignalKind::OtherAddress),
                (&mut row.agent, &job.agent, SignalKind::OtherBrowser),
            ] {
                if before != here {
                    before.clone_from(here);
                    sat.note(Signal { at: now, item: None, kind });
                    changed = true;
                }
            }
            let kept = match &job.what {
                What::Signal(kind, item) => {
                    sat.note(Signal { at: now, item: *item, kind: *kind });
                    let detail = json!({ "kind": attempt::signal_name(*kind) });
                    notes.push((actor, "exam.signal", id, detail));
                    changed = true;
                    Kept::Fresh
                }
                What::Answer { item, sequence, answer } => {
                    let courses = &shelves[organisation];
                    match sat.save(*item, *sequence, answer.clone(), courses, now) {
                        Ok(Save::Kept) => {
                            let detail = json!({
                                "item": item,
                                "sequence": sequence,
                                "places": answer.places(),
                            });
                            notes.push((actor, "exam.answer", id, detail));
                            changed = true;
                            Kept::Fresh
                        }
                        Ok(Save::Late) => Kept::Late,
                        Ok(Save::Repeated) => Kept::Repeated,
                        Err(AttemptError::TimeUp | AttemptError::Submitted) => Kept::Over,
                        Err(AttemptError::NoItem(_) | AttemptError::Answer(_)) => Kept::Unfit,
                    }
                }
            };
            out.push(Ok(kept));
        }
        if changed {
            attempt::keep(&mut change, organisation, &row, &sat).await?;
        }
    }
    if notes.is_empty() {
        // Another address without anything done leaves no trace; it will be seen again.
        return Ok(out);
    }
    for (actor, action, id, detail) in notes {
        change.turn(actor).await?;
        change.note(action, format!("attempt/{id}"), detail);
    }
    change.commit().await?;
    Ok(out)
}
