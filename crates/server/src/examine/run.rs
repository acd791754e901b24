//! One run: while it works, then what it could see, then what it found.

use super::{
    document::DOCUMENTS,
    runs::{self, Run},
    store::{self, Evidence},
};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    jobs,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Bilingual, key};
use hangtu_examine::model::{CheckCoverage, CheckStatus, Coverage, Input};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::sync::atomic::Ordering;

/// Rows of one table on the page; the documents hold all.
const SHOWN: usize = 60;

pub(super) fn routes(r: &mut Routes) {
    r.get(
        "/runs/{id}",
        Access::May(Right::Read),
        Doc::new("One examination: its progress, or what it could see and what it found")
            .returns::<Answer>(),
        one,
    );
    r.page("/runs/{id}/progress", Access::May(Right::Read), fragment);
}

/// How far a run has come.
#[derive(Debug, Serialize, JsonSchema)]
struct Progress {
    /// Bytes read, and all there are; 0 while that is not known.
    bytes: u64,
    total: u64,
    records: u64,
    /// Findings so far.
    findings: u64,
    /// Seconds until it will be done; absent while that cannot be said.
    seconds_left: Option<u64>,
}

impl Progress {
    fn of(ctx: &Ctx, run: &Run) -> Self {
        let running = ctx.app.jobs.progress(&run.job);
        let load = |pick: fn(&jobs::Progress) -> &std::sync::atomic::AtomicU64| {
            running.as_ref().map_or(0, |p| pick(p).load(Ordering::Relaxed))
        };
        Self {
            bytes: load(|p| &p.bytes),
            total: load(|p| &p.total),
            records: load(|p| &p.records),
            findings: load(|p| &p.findings),
            seconds_left: running.as_ref().and_then(|p| p.seconds_left()),
        }
    }
}

/// A run as programs read it.
#[derive(Serialize, JsonSchema)]
struct Answer {
    #[serde(flatten)]
    run: Run,
    /// While it waits or runs.
    progress: Option<Progress>,
    /// The stored evidence it was started over.
    evidence: Vec<Evidence>,
    /// Inputs with hashes and damage, once it is done.
    inputs: Value,
    /// What it could see, once it is done.
    coverage: Value,
    /// Findings by level and scenario.
    tallies: Value,
    /// What it did to the known findings.
    outcome: Value,
    /// Files of no known kind.
    others: Vec<String>,
}

/// What a run saw, for its page.
struct Seen {
    inputs: Vec<Input>,
    coverage: Coverage,
}

#[derive(Template)]
#[template(path = "examine/run.html")]
struct RunPage<'a> {
    page: Page,
    a: &'a Answer,
    seen: Option<Seen>,
}

#[derive(Template)]
#[template(path = "examine/progress.html")]
struct Fragment {
    page: Page,
    run: Run,
    p: Progress,
}

impl Seen {
    fn count(&self, status: &str) -> usize {
        self.coverage.checks.iter().filter(|c| word(c) == status).count()
    }

    fn checks(&self, status: &str) -> Vec<&CheckCoverage> {
        self.coverage.checks.iter().filter(|c| word(c) == status).collect()
    }

    /// Damage with the file it is in.
    fn damage(&self) -> Vec<(&str, u64, &Bilingual)> {
        let of = |i: &'_ Input| i.problems.len();
        let mut all = Vec::with_capacity(self.inputs.iter().map(of).sum());
        for input in &self.inputs {
            all.extend(input.problems.iter().map(|p| (input.path.as_str(), p.offset, &p.what)));
        }
        all
    }
}

fn word(check: &CheckCoverage) -> &'static str {
    match check.status {
        CheckStatus::Measured => "measured",
        CheckStatus::NotMeasured => "not-measured",
        CheckStatus::Error => "error",
    }
}

/// A time of a record, for people.
fn when(page: &Page, text: &str) -> String {
    clock::parse(text).map_or_else(|| text.to_owned(), |t| page.when(&t))
}

fn counted(value: &Value, group: &str) -> Vec<(String, u64)> {
    let of = value.get(group).and_then(Value::as_object);
    of.into_iter().flatten().map(|(k, v)| (k.clone(), v.as_u64().unwrap_or(0))).collect()
}

/// Findings by level, the worst first.
fn levels(value: &Value) -> Vec<(String, u64)> {
    counted(value, "levels").into_iter().rev().filter(|(_, n)| *n > 0).collect()
}

async fn load(ctx: &Ctx, id: &str) -> Result<Answer, Error> {
    let organisation = ctx.organisation()?;
    let mut connection = ctx.app.db.read().await?;
    let run = runs::load(&mut connection, organisation, id).await?;
    let evidence = store::of_run(&mut connection, organisation, id).await?;
    let kept: (String, String, String, String, String) = sqlx::query_as(
        "SELECT inputs, coverage, tallies, outcome, others FROM run \
         WHERE id = $1 AND organisation = $2",
    )
    .bind(id)
    .bind(organisation)
    .fetch_one(&mut *connection)
    .await?;
    let json = |text: &str| serde_json::from_str::<Value>(text).map_err(Error::internal);
    let progress = run.open().then(|| Progress::of(ctx, &run));
    Ok(Answer {
        progress,
        evidence,
        inputs: json(&kept.0)?,
        coverage: json(&kept.1)?,
        tallies: json(&kept.2)?,
        outcome: json(&kept.3)?,
        others: serde_json::from_str(&kept.4).map_err(Error::internal)?,
        run,
    })
}

async fn one(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let answer = load(&ctx, &id).await?;
    let seen = if answer.run.examined.is_some() && !ctx.data {
        Some(Seen {
            inputs: serde_json::from_value(answer.inputs.clone()).map_err(Error::internal)?,
            coverage: serde_json::from_value(answer.coverage.clone()).map_err(Error::internal)?,
        })
    } else {
        None
    };
    let title = hangtu_catalog::text(
        ctx.language,
        key::RUN_NUMBER,
        &[("n", (answer.run.number as u64).into())],
    );
    ctx.show_titled(title, &answer, |page| RunPage { page, a: &answer, seen })
}

async fn fragment(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let run = {
        let mut connection = ctx.app.db.read().await?;
        runs::load(&mut connection, ctx.organisation()?, &id).await?
    };
    if !run.open() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let p = Progress::of(&ctx, &run);
    let html = Fragment { page: Page::new(&ctx, String::new()), run, p }
        .render()
        .map_err(Error::internal)?;
    Ok(axum::response::Html(html).into_response())
}
