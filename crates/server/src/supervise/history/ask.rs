//! The page of history: what is kept, ready questions, a question in SQL and its answer.

use super::write;
use crate::{
    auth::Right,
    ctx::Ctx,
    db::nothing_to_change,
    download::quoted,
    error::Error,
    input::{Input, prose},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Bilingual, Level, Scenario, history::Question, key};
use hangtu_history::{AskError, Limits, Names, TABLES};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{AnyConnection, FromRow};

/// Rows of an answer as CSV.
const ROWS: usize = 100_000;

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(Right::Supervise);
    let doc = Doc::new("What of history is written, and its tables").returns::<Kept>();
    r.get("/supervise/history", may, doc, page);
    let doc = Doc::new("One SELECT over the history of accepted submissions; CSV if asked for");
    r.post("/supervise/history", may, doc.body::<Asked>().returns::<Answer>(), ask);
    let doc = Doc::new("Writes accepted submissions that wait into history now");
    r.post("/supervise/history/write", may, doc, write_now);
}

/// What is kept.
#[derive(Serialize, JsonSchema)]
struct Kept {
    /// Whether history is kept here at all.
    on: bool,
    /// Accepted submissions that wait.
    waiting: i64,
    #[serde(flatten)]
    sums: Sums,
    tables: Vec<Columns>,
}

#[derive(Default, FromRow, Serialize, JsonSchema)]
struct Sums {
    /// Submissions that are written.
    submissions: i64,
    files: i64,
    /// Rows of all tables.
    row_count: i64,
    bytes: i64,
    /// When the last part was written; 0: never.
    last: i64,
}

/// A table and its columns.
#[derive(Serialize, JsonSchema)]
struct Columns {
    name: &'static str,
    columns: Vec<String>,
}

/// A question.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Asked {
    /// One SELECT.
    sql: String,
    /// Id of a ready question instead.
    question: String,
    /// `csv` for a file of up to 100,000 rows.
    format: String,
}

/// An answer.
#[derive(Serialize, JsonSchema)]
struct Answer {
    /// Names of the columns.
    columns: Vec<String>,
    /// Rows: null, true or false, numbers, texts.
    rows: Vec<Vec<Value>>,
    /// Whether there were more rows than are given.
    more: bool,
    milliseconds: u64,
}

/// A question and its answer as the page shows them.
struct Shown<'a> {
    answer: &'a Answer,
    numbers: Vec<bool>,
    sql: &'a str,
    ready: Option<&'a Question>,
}

#[derive(Template)]
#[template(path = "supervise/history/history.html")]
struct HistoryPage<'a> {
    page: Page,
    kept: &'a Kept,
    questions: &'a [Question],
    shown: Option<Shown<'a>>,
}

impl HistoryPage<'_> {
    /// What a column is called.
    fn column(&self, name: &str) -> String {
        let known = self.page.ctx.app.catalog.history.column(name);
        known.map_or_else(|| name.to_owned(), |n| self.page.b(n).to_owned())
    }

    fn cell(&self, value: &Value) -> String {
        text(value)
    }

    fn sql(&self) -> &str {
        self.shown.as_ref().map_or("", |s| s.sql)
    }

    fn took(&self, answer: &Answer) -> String {
        let args = [
            ("rows", (answer.rows.len() as u64).into()),
            ("milliseconds", answer.milliseconds.into()),
        ];
        self.page.args(key::HISTORY_TOOK, &args)
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

async fn kept(ctx: &Ctx) -> Result<Kept, Error> {
    let c: &mut AnyConnection = &mut *ctx.app.db.read().await?;
    let supervisor = ctx.organisation()?;
    let (waiting,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM history_due d WHERE supervisor = $1 AND NOT EXISTS \
         (SELECT 1 FROM history_part p WHERE p.supervisor = d.supervisor AND p.number = d.part \
          AND p.written > 0)",
    )
    .bind(supervisor)
    .fetch_one(&mut *c)
    .await?;
    let sums: Sums = sqlx::query_as(
        "SELECT CAST(COALESCE(SUM(submissions), 0) AS BIGINT) AS submissions, \
         CAST(COALESCE(SUM(files), 0) AS BIGINT) AS files, \
         CAST(COALESCE(SUM(row_count), 0) AS BIGINT) AS row_count, \
         CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes, \
         CAST(COALESCE(MAX(written), 0) AS BIGINT) AS last \
         FROM history_part WHERE supervisor = $1 AND written > 0",
    )
    .bind(supervisor)
    .fetch_one(&mut *c)
    .await?;
    let tables = TABLES.map(|t| {
        let schema = t.schema();
        let columns = schema.fields().iter().map(|f| f.name().clone());
        Columns { name: t.name(), columns: columns.chain(["month".to_owned()]).collect() }
    });
    Ok(Kept { on: ctx.app.history.asker().is_some(), waiting, sums, tables: tables.into() })
}

async fn page(ctx: Ctx) -> Result<Response, Error> {
    let kept = kept(&ctx).await?;
    let questions = &ctx.app.catalog.history.questions;
    ctx.show(key::HISTORY_TITLE, &kept, |page| HistoryPage {
        page,
        kept: &kept,
        questions,
        shown: None,
    })
}

/// What codes are called, in the reader's language.
fn names(ctx: &Ctx) -> Vec<Names> {
    let (page, catalog) = (Page::new(ctx, String::new()), &ctx.app.catalog);
    let named = |code: &str, name: &Bilingual| (code.to_owned(), page.b(name).to_owned());
    let regions = catalog.regions.iter().map(|r| named(&r.code, &r.name));
    let industries = catalog.industries.iter().map(|i| named(&i.code, &i.name));
    let scenarios = Scenario::ALL.iter().map(|s| (s.name().to_owned(), page.scenario(s)));
    let levels = Level::ALL.iter().map(|l| (l.name().to_owned(), page.level(l)));
    vec![
        Names { table: "region", rows: regions.collect() },
        Names { table: "industry", rows: industries.collect() },
        Names { table: "scenario", rows: scenarios.collect() },
        Names { table: "level", rows: levels.collect() },
    ]
}

fn refused(e: AskError) -> Error {
    let bad = |message, args: &[(&str, hangtu_catalog::Arg<'_>)]| {
        Error::Invalid("sql", Bilingual::message(message, args))
    };
    match e {
        AskError::TooLong(max) => bad(key::SERVER_FIELD_LONG, &[("max", (max as u64).into())]),
        AskError::NotASelect => bad(key::HISTORY_NOT_SELECT, &[]),
        AskError::Joinings(max) => bad(key::HISTORY_JOININGS, &[("max", (max as u64).into())]),
        AskError::Busy => Error::conflict(key::HISTORY_BUSY),
        AskError::Slow(time) => bad(key::HISTORY_SLOW, &[("seconds", time.as_secs().into())]),
        AskError::Memory(bytes) => {
            bad(key::HISTORY_MEMORY, &[("megabytes", ((bytes >> 20) as u64).into())])
        }
        AskError::Sql(why) => {
            let why: String = why.chars().filter(|c| !c.is_control()).take(500).collect();
            bad(key::HISTORY_BAD, &[("why", why.as_str().into())])
        }
        AskError::Read(why) => {
            tracing::error!(why, "history cannot be read");
            Error::conflict(key::HISTORY_UNREADABLE)
        }
    }
}

async fn ask(ctx: Ctx, Input(asked): Input<Asked>) -> Result<Response, Error> {
    let history = &ctx.app.history;
    let asker = history.asker().ok_or_else(|| Error::conflict(key::HISTORY_OFF))?;
    let catalog = &ctx.app.catalog.history;
    let ready = if asked.question.is_empty() {
        None
    } else {
        let unknown = || Error::invalid("question", key::SERVER_FIELD_CHOICE);
        Some(catalog.question(&asked.question).ok_or_else(unknown)?)
    };
    let sql = ready.map_or(asked.sql, |q| q.sql.clone());
    let sql = prose("sql", &sql, 4_000)?;
    if sql.is_empty() {
        return Err(Error::invalid("sql", key::SERVER_FIELD_EMPTY));
    }
    let csv = match asked.format.as_str() {
        "" => false,
        "csv" => true,
        _ => return Err(Error::invalid("format", key::SERVER_FIELD_CHOICE)),
    };
    // Entered before it is answered: also who asked what was never answered stands in the log.
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    change.note("history.ask", "history", json!({ "sql": sql }));
    change.commit().await?;
    let rows = if csv { ROWS } else { Limits::PAGE.rows };
    let found = asker.ask(ctx.organisation()?, names(&ctx), &sql, rows).await.map_err(refused)?;
    let numbers = found.columns.iter().map(|c| c.number).collect();
    let answer = Answer {
        columns: found.columns.into_iter().map(|c| c.name).collect(),
        rows: found.rows,
        more: found.more,
        milliseconds: found.took.as_millis() as u64,
    };
    if csv {
        return Ok(as_csv(&answer));
    }
    let kept = kept(&ctx).await?;
    ctx.show(key::HISTORY_TITLE, &answer, |page| HistoryPage {
        page,
        kept: &kept,
        questions: &catalog.questions,
        shown: Some(Shown { answer: &answer, numbers, sql: &sql, ready }),
    })
}

fn as_csv(answer: &Answer) -> Response {
    let line = |cells: Vec<String>| cells.iter().map(|c| quoted(c)).collect::<Vec<_>>().join(",");
    let mut table = format!("\u{feff}{}\r\n", line(answer.columns.clone()));
    for row in &answer.rows {
        table += &line(row.iter().map(text).collect());
        table += "\r\n";
    }
    let heads = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"history.csv\""),
    ];
    (heads, table).into_response()
}

async fn write_now(ctx: Ctx) -> Result<Response, Error> {
    if ctx.app.history.asker().is_none() {
        return Err(Error::conflict(key::HISTORY_OFF));
    }
    let parts = write::write(&ctx.app, &ctx.actor()?, 1).await?;
    if parts == 0 {
        nothing_to_change();
    }
    Ok(ctx.done(&json!({ "parts": parts }), "/supervise/history", key::HISTORY_WRITE_DONE))
}
