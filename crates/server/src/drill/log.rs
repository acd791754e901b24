//! A drill read from the ledger, and entries added to it.

use super::refuse::refused;
use crate::{
    App, audit,
    auth::new_id,
    clock,
    db::{self, Change},
    error::Error,
};
use hangtu_catalog::{Exercise, Language};
use hangtu_drill::exercise::{Actor, Entry, EntryId, Event, Plan, Rehearsal, Run};
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{AnyConnection, FromRow};
use std::{collections::HashMap, sync::Arc};

/// What the table keeps of a drill.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) number: i64,
    pub(super) exercise: String,
    pub(super) sha256: String,
    pub(super) content: String,
    pub(super) title_zh: String,
    pub(super) title_en: String,
    pub(super) style: String,
    pub(super) automatic: i64,
    /// The language of scripted players; empty where there are none.
    pub(super) language: String,
}

impl Row {
    /// The script its players follow, where they are scripted.
    pub(super) fn script(&self) -> Option<Rehearsal> {
        let mut script = Rehearsal::new(&self.style, 1, 1);
        script.language = Language::from_tag(&self.language).unwrap_or(Language::Chinese);
        (!self.style.is_empty()).then_some(script)
    }
}

/// A drill: its row, its log, and where each entry stands in the ledger.
pub(super) struct Drill {
    pub(super) row: Row,
    pub(super) run: Run,
    pub(super) places: HashMap<EntryId, i64>,
}

/// The words under which entries stand in the ledger.
const ACTIONS: [(&str, &str); 29] = [
    ("drafted", "drill.draft"),
    ("reviewed", "drill.review"),
    ("approved", "drill.approve"),
    ("scheduled", "drill.schedule"),
    ("cast", "drill.cast"),
    ("warmed", "drill.warm"),
    ("armed", "drill.arm"),
    ("started", "drill.start"),
    ("paused", "drill.pause"),
    ("resumed", "drill.resume"),
    ("speed_changed", "drill.speed"),
    ("inject_sent", "drill.inject"),
    ("inject_dropped", "drill.drop"),
    ("free_inject", "drill.free-inject"),
    ("action_done", "drill.act"),
    ("form_submitted", "drill.form"),
    ("measured", "drill.measure"),
    ("ruled", "drill.rule"),
    ("expectation_missed", "drill.miss"),
    ("stopped", "drill.stop"),
    ("aborted", "drill.abort"),
    ("expired", "drill.expire"),
    ("reversal_begun", "drill.revert"),
    ("verified", "drill.verify"),
    ("evaluation_begun", "drill.evaluate"),
    ("judged", "drill.judge"),
    ("reported", "drill.report"),
    ("closed", "drill.close"),
    ("tick", "drill.tick"),
];

fn action(event: &Event) -> &'static str {
    let name = event.name();
    ACTIONS.iter().find(|(n, _)| *n == name).map_or("drill.enter", |(_, action)| action)
}

/// The plan of an exercise, read once for each text.
pub(super) fn plan(app: &App, sha256: &str, content: &str) -> Result<Arc<Plan>, Error> {
    if let Some(plan) = app.drills.plan(sha256) {
        return Ok(plan);
    }
    let exercise = Exercise::parse("exercise", content, &app.catalog).map_err(Error::internal)?;
    let plan = Arc::new(Plan::new(exercise, &app.catalog));
    app.drills.keep(sha256, &plan);
    Ok(plan)
}

/// The subject of a drill's entries.
pub(super) fn subject(id: &str) -> String {
    format!("drill/{id}")
}

const READ: &str = "SELECT id, number, exercise, sha256, content, title_zh, title_en, style, \
                    automatic, language FROM drill WHERE organisation = $1 AND id = $2";

/// A drill of an organisation.
pub(super) async fn load(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<Drill, Error> {
    let row: Row = sqlx::query_as(READ).bind(organisation).bind(id).fetch_one(&mut *c).await?;
    let plan = plan(app, &row.sha256, &row.content)?;
    let mut places = HashMap::new();
    let mut entries = Vec::new();
    for (sequence, body) in audit::about(c, organisation, &subject(id)).await? {
        let body: Value = serde_json::from_str(&body).map_err(Error::internal)?;
        // Other entries about the drill, such as an issued report, are no part of its log.
        let Some(text) = body["detail"]["entry"].as_str() else { continue };
        let entry: Entry = serde_json::from_str(text).map_err(Error::internal)?;
        places.insert(entry.id.clone(), sequence);
        entries.push(entry);
    }
    let run = Run::replay(plan, entries).map_err(Error::internal)?;
    Ok(Drill { row, run, places })
}

/// The same, held by a change: two entries cannot be decided upon at once.
pub(super) async fn hold(app: &App, change: &mut Change, id: &str) -> Result<Drill, Error> {
    let organisation = change.organisation().to_owned();
    let held = sqlx::query("UPDATE drill SET number = number WHERE organisation = $1 AND id = $2")
        .bind(&organisation)
        .bind(id)
        .execute(&mut **change)
        .await?;
    if held.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    load(app, change, &organisation, id).await
}

impl Drill {
    /// Adds an entry by somebody, at this moment.
    pub(super) fn enter(
        &mut self,
        change: &mut Change,
        by: Actor,
        event: Event,
    ) -> Result<EntryId, Error> {
        let last = self.run.entries().last().map_or(Timestamp::MIN, |e| e.at);
        let at = clock::stamp(clock::now()).max(last);
        let entry = Entry { id: EntryId(new_id()), at, by, event };
        let id = entry.id.clone();
        self.run.apply(entry.clone()).map_err(|why| refused(&why))?;
        note(change, &self.row.id, &entry)?;
        Ok(id)
    }

    /// Adds an entry of the person whose change it is.
    pub(super) fn by_person(
        &mut self,
        change: &mut Change,
        event: Event,
    ) -> Result<EntryId, Error> {
        let person = change.actor().id.clone();
        self.enter(change, Actor::Person(person), event)
    }

    /// Adds what follows from the clock, until nothing does.
    pub(super) fn sweep(&mut self, change: &mut Change) -> Result<bool, Error> {
        let mut any = false;
        // Each round settles something, so there are no more than there is to settle.
        for _ in 0..1000 {
            let now = clock::stamp(clock::now());
            let mut events = self.run.overdue(now);
            if self.row.automatic != 0 {
                events.extend(self.run.due(now));
            }
            if let Some(first) = events.into_iter().next() {
                self.enter(change, Actor::Sweeper, first)?;
            } else if !self.play(change, now) {
                break;
            }
            any = true;
        }
        Ok(any)
    }

    /// Scripted players do what is due; whether any did something.
    fn play(&mut self, change: &mut Change, now: Timestamp) -> bool {
        let Some(script) = self.row.script() else { return false };
        let mut any = false;
        for (by, event) in script.due(&self.run, now) {
            // The director may have made an answer impossible; the others go on.
            any |= self.enter(change, by, event).is_ok();
        }
        any
    }

    /// Writes what lists and the sweeper go by, commits, and tells whoever follows the drill.
    pub(super) async fn commit(self, app: &App, mut change: Change) -> Result<(), Error> {
        keep(&mut change, &self.row, &self.run).await?;
        change.commit().await?;
        app.drills.tell(&self.row.id, self.run.entries().len());
        Ok(())
    }
}

/// Notes an entry in the ledger.
pub(super) fn note(change: &mut Change, id: &str, entry: &Entry) -> Result<(), Error> {
    let text = serde_json::to_string(entry).map_err(Error::internal)?;
    change.note(action(&entry.event), subject(id), json!({ "entry": text }));
    Ok(())
}

/// Writes what follows from the log.
pub(super) async fn keep(change: &mut Change, row: &Row, run: &Run) -> Result<(), Error> {
    let now = clock::stamp(clock::now());
    let terminal = run.state().terminal();
    let ended = if terminal { run.entries().last().map(|e| e.at.as_microsecond()) } else { None };
    let script = row.script().and_then(|script| script.next(run, now));
    let next = [run.next(now), script].into_iter().flatten().min().filter(|_| !terminal);
    let held = run.clock().is_some();
    let scores = held.then(|| run.scores());
    let after = (terminal && held).then(|| run.after_action(None).shortcomings.len());
    sqlx::query(
        "UPDATE drill SET state = $3, next = $4, ended = $5, score = $6, shortcomings = $7 \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(change.organisation().to_owned())
    .bind(&row.id)
    .bind(run.state().name())
    .bind(next.map(Timestamp::as_microsecond))
    .bind(ended)
    .bind(scores.and_then(|s| s.sort_key).map(i64::from))
    .bind(after.unwrap_or(0) as i64)
    .execute(&mut **change)
    .await?;
    Ok(())
}

/// Begins a drill with its draft and whatever else the log holds already.
pub(super) async fn begin(
    app: &App,
    change: &mut Change,
    row: &Row,
    entries: Option<Vec<Entry>>,
) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    let plan = plan(app, &row.sha256, &row.content)?;
    let exercise = &plan.exercise;
    let (last,): (i64,) =
        sqlx::query_as("SELECT COALESCE(MAX(number), 0) FROM drill WHERE organisation = $1")
            .bind(&organisation)
            .fetch_one(&mut **change)
            .await?;
    let scenarios: Vec<&str> = exercise.scenarios.iter().map(|s| s.name()).collect();
    let entries = entries.unwrap_or_else(|| {
        vec![Entry {
            id: EntryId(new_id()),
            at: clock::stamp(clock::now()),
            by: Actor::Person(change.actor().id.clone()),
            event: Event::Drafted {
                exercise: exercise.id.clone(),
                version: exercise.version,
                sha256: exercise.sha256.clone(),
            },
        }]
    });
    sqlx::query(
        "INSERT INTO drill (id, organisation, number, exercise, sha256, content, title_zh, \
         title_en, scenarios, style, automatic, created, language, state) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'draft')",
    )
    .bind(&row.id)
    .bind(&organisation)
    .bind(last + 1)
    .bind(&row.exercise)
    .bind(&row.sha256)
    .bind(&row.content)
    .bind(&row.title_zh)
    .bind(&row.title_en)
    .bind(format!(" {} ", scenarios.join(" ")))
    .bind(&row.style)
    .bind(row.automatic)
    .bind(clock::now())
    .bind(&row.language)
    .execute(&mut **change)
    .await?;
    for entry in &entries {
        note(change, &row.id, entry)?;
    }
    let run = Run::replay(plan, entries).map_err(Error::internal)?;
    keep(change, row, &run).await
}

/// The program itself, for what the clock does.
pub(super) fn system(organisation: &str) -> db::Actor {
    db::Actor::system(organisation)
}
