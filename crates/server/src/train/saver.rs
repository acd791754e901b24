//! The one hand that takes answers. What arrives while it writes goes into its next transaction, so
//! that a thousand candidates cost no more commits than a few; each is told only when the commit
//! that holds its answer is durable.

use super::{attempt, shelf};
use crate::{App, clock, db::Actor, error::Error};
use hangtu_train::exam::{Answer, AttemptError, Save, Signal, SignalKind};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{mpsc, oneshot};

/// Waiting saves; more wait at the door.
const QUEUE: usize = 4096;
/// Saves in one transaction.
const BATCH: usize = 128;

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

struct Waiting {
    job: Job,
    told: oneshot::Sender<Result<Kept, Error>>,
}

/// The way to the hand.
pub(crate) struct Saver {
    queue: mpsc::Sender<Waiting>,
    taker: Mutex<Option<mpsc::Receiver<Waiting>>>,
}

impl Default for Saver {
    fn default() -> Self {
        let (queue, taker) = mpsc::channel(QUEUE);
        Self { queue, taker: Mutex::new(Some(taker)) }
    }
}

impl Saver {
    /// Brings a deed and waits until it is durable, or refused.
    pub(super) async fn bring(&self, job: Job) -> Result<Kept, Error> {
        let (told, hear) = oneshot::channel();
        let gone = || Error::internal("the saver is gone");
        self.queue.send(Waiting { job, told }).await.map_err(|_| gone())?;
        hear.await.map_err(|_| gone())?
    }
}

pub(super) fn start(app: &App) {
    let taker = app.training.saver.taker.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut taker) = taker else { return };
    let parts = Arc::downgrade(&app.0);
    tokio::spawn(async move {
        let mut waiting = Vec::new();
        while taker.recv_many(&mut waiting, BATCH).await > 0 {
            let Some(parts) = parts.upgrade() else { return };
            let app = App(parts);
            // In order of organisations, so that logs are held in one order.
            waiting.sort_by(|a: &Waiting, b| {
                let key = |w: &Waiting| (w.job.actor.organisation.clone(), w.job.attempt.clone());
                key(a).cmp(&key(b))
            });
            let jobs: Vec<&Job> = waiting.iter().map(|w| &w.job).collect();
            let all = match write(&app, &jobs).await {
                Ok(all) => all,
                Err(e) => jobs.iter().map(|_| Err(e.clone())).collect::<Vec<_>>(),
            };
            for (waiting, result) in waiting.drain(..).zip(all) {
                // Who has gone meanwhile asks again.
                let _ = waiting.told.send(result);
            }
        }
    });
}

async fn write(app: &App, jobs: &[&Job]) -> Result<Vec<Result<Kept, Error>>, Error> {
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
