//! Runs: starting, listing, cancelling.

use super::{
    evidence::{Paged, ROWS},
    folder, store,
};
use crate::{
    App,
    auth::{Right, new_id},
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Asked, Input, blank},
    jobs,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

/// The kind of the job that examines.
pub(crate) const KIND: &str = "examine";
/// Pieces of evidence in one run.
const MOST: usize = 500;

pub(super) fn routes(r: &mut Routes) {
    r.get(
        "/runs",
        Access::May(Right::Read),
        Doc::new("Examinations, newest first").query::<Paged>().returns::<List>(),
        list,
    );
    r.post(
        "/runs",
        Access::May(Right::Examine),
        Doc::new("Examine stored evidence or an allowed server folder")
            .body::<NewRun>()
            .returns::<Started>(),
        start,
    );
    r.post(
        "/runs/{id}/cancel",
        Access::May(Right::Examine),
        Doc::new("End an examination that waits or runs"),
        cancel,
    );
}

/// One examination in a list.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Run {
    pub(super) id: String,
    /// Counts within the organisation, from 1.
    pub(super) number: i64,
    pub(super) job: String,
    pub(super) person_name: String,
    pub(super) created: i64,
    pub(super) folder: String,
    pub(super) error_zh: String,
    pub(super) error_en: String,
    /// When it was done; absent until then.
    pub(super) examined: Option<i64>,
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
    /// Whether all evidence was read to its end without damage.
    pub(super) complete: i64,
    pub(super) records: i64,
    pub(super) findings: i64,
    /// Control points measured, and all there are.
    pub(super) measured: i64,
    pub(super) checks: i64,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    #[sqlx(default)]
    pub(super) state: String,
}

/// The columns of [`Run`], less its state.
pub(super) const COLUMNS: &str = "id, number, job, person_name, created, folder, error_zh, error_en, \
     examined, first, last, complete, records, findings, measured, checks";

impl Run {
    pub(super) fn error(&self) -> Bilingual {
        Bilingual::new(self.error_zh.as_str(), self.error_en.as_str())
    }

    /// Whether it waits or runs.
    pub(super) fn open(&self) -> bool {
        matches!(self.state.as_str(), "queued" | "running")
    }

    /// Says how it stands: a run that is done stays so; else its job knows.
    pub(super) async fn settle(
        &mut self,
        connection: &mut AnyConnection,
        organisation: &str,
    ) -> Result<(), Error> {
        self.state = match self.examined {
            Some(_) => "done".into(),
            None => jobs::state(connection, organisation, &self.job).await?,
        };
        if self.state == "failed" && self.error_en.is_empty() {
            let text = Bilingual::message(key::RUN_FAILED_UNKNOWN, &[]);
            self.error_zh = text.zh.to_string();
            self.error_en = text.en.to_string();
        }
        Ok(())
    }
}

/// A run of the organisation.
pub(super) async fn load(
    connection: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<Run, Error> {
    let sql = format!("SELECT {COLUMNS} FROM run WHERE id = $1 AND organisation = $2");
    let mut run: Run = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(id)
        .bind(organisation)
        .fetch_optional(&mut *connection)
        .await?
        .ok_or(Error::NotFound)?;
    run.settle(connection, organisation).await?;
    Ok(run)
}

/// Whether a run that waits or runs needs the evidence.
pub(super) async fn uses(
    connection: &mut AnyConnection,
    organisation: &str,
    evidence: &str,
) -> Result<bool, Error> {
    let runs: Vec<(String,)> = sqlx::query_as(
        "SELECT r.job FROM run r JOIN run_evidence e ON e.run = r.id \
         WHERE r.organisation = $1 AND e.organisation = $1 AND e.evidence = $2 \
         AND r.examined IS NULL",
    )
    .bind(organisation)
    .bind(evidence)
    .fetch_all(&mut *connection)
    .await?;
    for (job,) in runs {
        let state = jobs::state(connection, organisation, &job).await?;
        if matches!(state.as_str(), "queued" | "running") {
            return Ok(true);
        }
    }
    Ok(false)
}

#[derive(Serialize, JsonSchema)]
struct List {
    total: i64,
    page: i64,
    pages: i64,
    items: Vec<Run>,
}

#[derive(Template)]
#[template(path = "examine/runs.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
}

async fn list(ctx: Ctx, Asked(q): Asked<Paged>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let mut connection = ctx.app.db.read().await?;
    let (total,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM run WHERE organisation = $1")
        .bind(organisation)
        .fetch_one(&mut *connection)
        .await?;
    let sql = format!(
        "SELECT {COLUMNS} FROM run WHERE organisation = $1 \
         ORDER BY number DESC LIMIT $2 OFFSET $3"
    );
    let mut items: Vec<Run> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(organisation)
        .bind(ROWS)
        .bind((q.number() - 1) * ROWS)
        .fetch_all(&mut *connection)
        .await?;
    for run in &mut items {
        run.settle(&mut connection, organisation).await?;
    }
    let list = List { total, page: q.number(), pages: (total + ROWS - 1) / ROWS, items };
    ctx.show(key::RUN_TITLE, &list, |page| ListPage { page, list: &list })
}

/// What to examine.
#[derive(Deserialize, JsonSchema)]
struct NewRun {
    /// Ids of stored evidence.
    #[serde(default)]
    evidence: Vec<String>,
    /// Instead: an allowed server folder, or a file or folder below one.
    #[serde(default, deserialize_with = "blank")]
    folder: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Started {
    id: String,
    number: i64,
}

async fn start(ctx: Ctx, Input(new): Input<NewRun>) -> Result<Response, Error> {
    if new.evidence.is_empty() == new.folder.is_none() || new.evidence.len() > MOST {
        return Err(Error::invalid("evidence", key::RUN_CHOOSE));
    }
    let folder = match &new.folder {
        Some(path) => folder::allowed(&ctx.app, path.trim()).await?.display().to_string(),
        None => String::new(),
    };
    let turn = ctx.app.uploads.turn.lock().await;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let (id, number) = queue(&mut change, &new.evidence, &folder).await?;
    change.commit().await?;
    drop(turn);
    ctx.app.jobs.wake();
    let next = format!("/runs/{id}");
    Ok(ctx.done(&Started { id, number }, &next, key::RUN_STARTED))
}

/// Queues an examination within a change; hold the turn of the uploads until it is committed.
pub(super) async fn queue(
    change: &mut Change,
    evidence: &[String],
    folder: &str,
) -> Result<(String, i64), Error> {
    let organisation = change.organisation().to_owned();
    let (actor, id) = (change.actor().clone(), new_id());
    let (number,): (i64,) =
        sqlx::query_as("SELECT COALESCE(MAX(number), 0) + 1 FROM run WHERE organisation = $1")
            .bind(&organisation)
            .fetch_one(&mut **change)
            .await?;
    let subject = format!("run/{id}");
    let job = jobs::queue(change, KIND, &subject).await?;
    sqlx::query(
        "INSERT INTO run (id, organisation, number, job, person, person_name, created, folder) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&id)
    .bind(&organisation)
    .bind(number)
    .bind(&job)
    .bind(&actor.id)
    .bind(&actor.name)
    .bind(clock::now())
    .bind(folder)
    .execute(&mut **change)
    .await?;
    for one in evidence {
        store::load(change, &organisation, one).await?;
        sqlx::query(
            "INSERT INTO run_evidence (run, organisation, evidence) VALUES ($1, $2, $3) \
             ON CONFLICT (run, evidence) DO NOTHING",
        )
        .bind(&id)
        .bind(&organisation)
        .bind(one)
        .execute(&mut **change)
        .await?;
    }
    let detail = json!({ "number": number, "evidence": evidence, "folder": folder });
    change.note("run.start", subject, detail);
    Ok((id, number))
}

async fn cancel(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let run = load(&mut change, &organisation, &id).await?;
    jobs::cancel(&ctx.app, &mut change, &run.job).await?;
    change.commit().await?;
    Ok(ctx.done(&json!({}), &format!("/runs/{id}"), key::RUN_CANCELLING))
}

/// Where the whole examination is kept, compressed.
pub(super) fn document(app: &App, id: &str) -> std::path::PathBuf {
    app.config.data.join("runs").join(format!("{id}.json.zst"))
}
