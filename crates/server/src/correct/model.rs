//! A finding in the store, and the few ways to write it.

use super::state::{Asked, Standing, State, Step};
use crate::{
    auth::new_id,
    clock,
    db::{Actor, Batch, Change, Value},
    error::Error,
};
use hangtu_catalog::{Bilingual, Level, key};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

/// A row of `finding`.
#[derive(Clone, Debug, Default, FromRow)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) number: i64,
    pub(crate) source: String,
    pub(crate) fingerprint: String,
    pub(crate) rule: String,
    pub(crate) subject: String,
    pub(crate) peer: String,
    pub(crate) class: String,
    pub(crate) title_zh: String,
    pub(crate) title_en: String,
    pub(crate) scenario: String,
    pub(crate) level: String,
    pub(crate) controls: String,
    pub(crate) state: String,
    pub(crate) asked: String,
    pub(crate) owner: String,
    pub(crate) due: Option<i64>,
    pub(crate) accepted_until: Option<i64>,
    pub(crate) opened: i64,
    pub(crate) closed: Option<i64>,
    pub(crate) first_seen: i64,
    pub(crate) last_seen: i64,
    pub(crate) barrier: i64,
    pub(crate) count: i64,
    pub(crate) run_first: String,
    pub(crate) run_last: String,
    pub(crate) span: i64,
    pub(crate) seen: i64,
    /// The hash of what the site itself said of the rule in the run that saw it last: what its filters left out, its
    /// placeholders, and of a rule of its own the rule.
    pub(crate) filter: String,
    pub(crate) recurrence_of: String,
}

/// The columns of [`Row`], for reading.
pub(super) const READ: &str = "id, number, source, fingerprint, rule, subject, peer, class, \
    title_zh, title_en, scenario, level, controls, state, asked, owner, due, accepted_until, \
    opened, closed, first_seen, last_seen, barrier, count, run_first, run_last, span, seen, filter, \
    recurrence_of";

const WRITE: &[&str] = &[
    "id",
    "organisation",
    "number",
    "source",
    "fingerprint",
    "rule",
    "subject",
    "peer",
    "class",
    "title_zh",
    "title_en",
    "scenario",
    "level",
    "level_rank",
    "controls",
    "state",
    "work",
    "asked",
    "owner",
    "due",
    "accepted_until",
    "opened",
    "closed",
    "first_seen",
    "last_seen",
    "barrier",
    "count",
    "run_first",
    "run_last",
    "span",
    "seen",
    "filter",
    "recurrence_of",
    "search",
];

impl Row {
    pub(crate) fn state(&self) -> State {
        State::from_word(&self.state).unwrap_or(State::Open)
    }

    pub(crate) fn asked(&self) -> Option<Asked> {
        Asked::from_word(&self.asked)
    }

    pub(crate) fn level(&self) -> Level {
        Level::from_name(&self.level).unwrap_or(Level::Light)
    }

    pub(crate) fn title(&self) -> Bilingual {
        Bilingual::new(self.title_zh.as_str(), self.title_en.as_str())
    }

    pub(crate) fn controls(&self) -> impl Iterator<Item = &str> {
        self.controls.split_whitespace()
    }

    /// The moment after which evidence says something new about it.
    pub(super) fn settled(&self) -> i64 {
        self.last_seen.max(self.barrier)
    }

    pub(super) fn standing(&self) -> Standing {
        Standing { state: self.state(), asked: self.asked(), owned: !self.owner.is_empty() }
    }

    /// Takes a step, if the state allows it.
    pub(super) fn take(&mut self, step: Step) -> Result<State, Error> {
        let state = self
            .standing()
            .after(step)
            .ok_or_else(|| Error::conflict(key::FINDING_STEP_IMPOSSIBLE))?;
        state.word().clone_into(&mut self.state);
        Ok(state)
    }

    /// Words it is found by: no more than an entry of an index holds in PostgreSQL.
    fn search(&self) -> String {
        let Self { number, subject, peer, class, title_zh, title_en, rule, .. } = self;
        let controls = self.controls.trim();
        let all =
            format!("#{number} {title_zh} {title_en} {rule} {controls} {subject} {peer} {class}");
        all.to_lowercase().chars().take(600).collect()
    }

    pub(super) fn values(&self, organisation: &str) -> [Value; 34] {
        [
            (&self.id).into(),
            organisation.into(),
            self.number.into(),
            (&self.source).into(),
            (&self.fingerprint).into(),
            (&self.rule).into(),
            (&self.subject).into(),
            (&self.peer).into(),
            (&self.class).into(),
            (&self.title_zh).into(),
            (&self.title_en).into(),
            (&self.scenario).into(),
            (&self.level).into(),
            (self.level() as i64).into(),
            (&self.controls).into(),
            (&self.state).into(),
            i64::from(self.state().needs_work()).into(),
            (&self.asked).into(),
            (&self.owner).into(),
            self.due.into(),
            self.accepted_until.into(),
            self.opened.into(),
            self.closed.into(),
            self.first_seen.into(),
            self.last_seen.into(),
            self.barrier.into(),
            self.count.into(),
            (&self.run_first).into(),
            (&self.run_last).into(),
            self.span.into(),
            self.seen.into(),
            (&self.filter).into(),
            (&self.recurrence_of).into(),
            self.search().as_str().into(),
        ]
    }
}

/// Findings on their way into the store.
pub(super) fn rows() -> Batch {
    Batch::put("finding", WRITE)
}

/// Writes one finding.
pub(super) async fn save(change: &mut Change, row: &Row) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    let mut batch = rows();
    batch.add(change, row.values(&organisation)).await?;
    batch.flush(change).await
}

/// Holds the findings of the organisation until the change ends: two changes never work on the same
/// old state. Gives the last number.
pub(super) async fn lock(change: &mut Change) -> Result<i64, Error> {
    let organisation = change.organisation().to_owned();
    sqlx::query(
        "INSERT INTO finding_counter (organisation, last) VALUES ($1, 0) \
         ON CONFLICT (organisation) DO NOTHING",
    )
    .bind(&organisation)
    .execute(&mut **change)
    .await?;
    let (last,): (i64,) = sqlx::query_as(
        "UPDATE finding_counter SET last = last WHERE organisation = $1 RETURNING last",
    )
    .bind(&organisation)
    .fetch_one(&mut **change)
    .await?;
    Ok(last)
}

/// One finding of an organisation.
pub(super) async fn find(
    connection: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<Row, Error> {
    let sql = format!("SELECT {READ} FROM finding WHERE organisation = $1 AND id = $2");
    let row = sqlx::query_as(AssertSqlSafe(sql)).bind(organisation).bind(id);
    row.fetch_optional(connection).await?.ok_or(Error::NotFound)
}

/// Something that happened to a finding.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Event {
    pub(crate) time: i64,
    pub(crate) person_name: String,
    pub(crate) step: String,
    pub(crate) state: String,
    pub(crate) text: String,
    pub(crate) reason_zh: String,
    pub(crate) reason_en: String,
    pub(crate) run: String,
}

/// What is said of a step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said<'a> {
    /// By a person.
    pub(super) text: &'a str,
    /// By the program.
    pub(super) reason: Option<&'a Bilingual>,
    pub(super) run: &'a str,
}

/// Events on their way into the store.
pub(super) fn events() -> Batch {
    Batch::insert(
        "finding_event",
        &[
            "id",
            "organisation",
            "finding",
            "time",
            "person",
            "person_name",
            "step",
            "state",
            "text",
            "reason_zh",
            "reason_en",
            "run",
        ],
    )
}

/// One row for [`events`].
pub(super) fn event(by: &Actor, row: &Row, step: Step, said: Said<'_>) -> [Value; 12] {
    let reason = said.reason.cloned().unwrap_or_default();
    [
        new_id().as_str().into(),
        by.organisation.as_str().into(),
        (&row.id).into(),
        clock::now().into(),
        by.id.as_str().into(),
        by.name.as_str().into(),
        step.word().into(),
        (&row.state).into(),
        said.text.into(),
        (&*reason.zh).into(),
        (&*reason.en).into(),
        said.run.into(),
    ]
}

/// Writes one event on behalf of whoever makes the change.
pub(super) async fn tell(
    change: &mut Change,
    row: &Row,
    step: Step,
    said: Said<'_>,
) -> Result<(), Error> {
    let by = change.actor().clone();
    let mut batch = events();
    batch.add(change, event(&by, row, step, said)).await?;
    batch.flush(change).await
}

/// What waits for an approver is over without a decision of theirs.
pub(super) async fn drop_request(change: &mut Change, row: &mut Row) -> Result<(), Error> {
    if row.asked.is_empty() {
        return Ok(());
    }
    row.asked.clear();
    sqlx::query(
        "UPDATE finding_request SET verdict = 'withdrawn', decided = $3 \
         WHERE organisation = $1 AND finding = $2 AND verdict = ''",
    )
    .bind(change.organisation().to_owned())
    .bind(&row.id)
    .bind(clock::now())
    .execute(&mut **change)
    .await?;
    Ok(())
}
