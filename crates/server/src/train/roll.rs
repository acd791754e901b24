//! Lists: people and their courses in from a workbook or CSV, with a report for each row that cannot be
//! used; the roll of a session out.

use super::{
    TRAIN, ask, attendance, enrol, need,
    people::{self, Reached},
    session, shelf,
};
use crate::{
    auth::{Right, new_id},
    clock::{self, DAY},
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Asked, prose},
    route::{Access, Doc, Routes},
    ui::{Count, Page},
};
use askama::Template;
use axum::{
    body::Bytes,
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Language, key};
use hangtu_train::exchange::{
    Limits,
    enrol::{Known, describe, enrolments, read_table, write_template},
};
use rust_xlsxwriter::{Workbook, XlsxError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// What a workbook is called.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Days in which what a list asks for is to be done.
const DAYS: i64 = 90;

pub(super) fn routes(r: &mut Routes) {
    let manage = Access::May(TRAIN);
    let doc = Doc::new("Takes a list of people and their courses, XLSX or CSV").query::<Which>();
    let doc = doc.takes("application/octet-stream").returns::<Done>();
    r.post("/training/imports", manage, doc, import);
    let doc = Doc::new("What a list came to, row by row").returns::<Shown>();
    r.get("/training/imports/{id}", manage, doc, show);
    let doc = Doc::new("The same as a workbook").gives(XLSX);
    r.get("/training/imports/{id}/report.xlsx", manage, doc, report);
    let doc = Doc::new("An empty list to fill in").gives(XLSX);
    r.get("/training/template.xlsx", manage, doc, template);
    let doc = Doc::new("Who is enrolled in a session, when they came and left").gives(XLSX);
    r.get("/training/sessions/{id}/roll.xlsx", manage, doc, export);
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Which {
    /// Name of the file.
    name: String,
    /// The session that the people are to be enrolled in; else the courses are asked of them.
    session: String,
}

/// What is wrong in a row.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct Wrong {
    pub(super) row: u32,
    /// Column of a list, or file of a package.
    pub(super) column_zh: String,
    pub(super) column_en: String,
    pub(super) zh: String,
    pub(super) en: String,
}

/// Where the report is.
#[derive(Serialize, JsonSchema)]
struct Done {
    id: String,
    taken: usize,
    refused: usize,
}

fn sheet(bytes: Vec<u8>, name: &str) -> Response {
    let name = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, XLSX.to_owned()), (header::CONTENT_DISPOSITION, name)], bytes)
        .into_response()
}

async fn import(ctx: Ctx, Asked(which): Asked<Which>, body: Bytes) -> Result<Response, Error> {
    let name = prose("name", &which.name, 200)?;
    let rule = &ctx.app.catalog.training.packages;
    let (limits, most) = (Limits::from(rule), rule.rows);
    let table = tokio::task::spawn_blocking(move || read_table(&body, limits, most))
        .await
        .map_err(Error::internal)?
        .map_err(|why| super::refused("name", why))?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let shelf = shelf::shelf(&ctx.app, &mut change, &organisation).await?;
    let session = match which.session.as_str() {
        "" => None,
        id => Some(session::load(&mut change, &organisation, id).await?),
    };
    if session.as_ref().is_some_and(|s| !["planned", "announced"].contains(&s.state.as_str())) {
        return Err(Error::conflict(key::TRAIN_STATE));
    }
    let list = enrolments(&table, &Known { catalog: &ctx.app.catalog, courses: &shelf });
    let all = people::everybody(&mut change, &organisation, None).await?;
    let mut known: HashMap<String, Reached> =
        all.into_iter().map(|p| (p.number.to_lowercase(), p)).collect();
    let needs = need::needs(&ctx.app.catalog, &shelf, &mut change, &organisation, None).await?;
    let asked: HashSet<(String, String)> = needs
        .into_iter()
        .flat_map(|(p, list)| list.into_iter().map(move |n| (p.id.clone(), n.course)))
        .collect();
    let now = clock::now();
    let due = clock::end_of(clock::day(now + DAYS * DAY));
    for row in &list.good {
        let fresh = || Reached {
            id: new_id(),
            number: row.number.clone(),
            name: row.name.clone(),
            department: String::new(),
            roles: Vec::new(),
            account: false,
            created: now,
        };
        let who = known.entry(row.number.to_lowercase()).or_insert_with(fresh);
        if !row.department.is_empty() {
            who.department.clone_from(&row.department);
        }
        for role in &row.roles {
            if !who.roles.contains(role) {
                who.roles.push(*role);
            }
        }
        people::keep(&mut change, who).await?;
        if let Some(session) = &session {
            enrol::put(&mut change, &shelf, session, &[&who.id]).await?;
            continue;
        }
        for id in &row.courses {
            if !asked.contains(&(who.id.clone(), id.clone())) {
                let why = ("person", "import", name.as_str());
                ask::give(&mut change, &who.id, shelf.one(id)?, due, why).await?;
            }
        }
    }
    let wrong = |error: &hangtu_train::exchange::enrol::RowError| {
        let (column_zh, zh) = describe(error, Language::Chinese);
        let (column_en, en) = describe(error, Language::English);
        Wrong { row: error.row, column_zh: column_zh.into(), column_en: column_en.into(), zh, en }
    };
    let errors: Vec<Wrong> = list.errors.iter().map(wrong).collect();
    let taken = list.good.len();
    let id = file_report(&mut change, &name, &which.session, taken, &errors).await?;
    let done = Done { id, taken: list.good.len(), refused: errors.len() };
    let detail = json!({ "name": name, "taken": done.taken, "refused": done.refused,
        "session": which.session });
    change.note("training.import", format!("import/{}", done.id), detail);
    change.commit().await?;
    let next = format!("/training/imports/{}", done.id);
    Ok(ctx.done(&done, &next, key::TRAIN_DONE))
}

/// Keeps what an import came to; gives its id.
pub(super) async fn file_report(
    change: &mut Change,
    name: &str,
    session: &str,
    taken: usize,
    errors: &[Wrong],
) -> Result<String, Error> {
    let id = new_id();
    sqlx::query(
        "INSERT INTO training_import (id, organisation, name, session, rows_taken, errors, created, \
         created_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&id)
    .bind(change.organisation().to_owned())
    .bind(name)
    .bind(session)
    .bind(taken as i64)
    .bind(serde_json::to_string(errors).map_err(Error::internal)?)
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .execute(&mut **change)
    .await?;
    Ok(id)
}

/// What a list came to.
#[derive(Serialize, JsonSchema)]
struct Shown {
    id: String,
    name: String,
    session: String,
    taken: i64,
    errors: Vec<Wrong>,
}

#[derive(Template)]
#[template(path = "train/import.html")]
struct ImportPage<'a> {
    page: Page,
    data: &'a Shown,
}

#[allow(clippy::unused_self, reason = "templates call methods")]
impl ImportPage<'_> {
    fn told<'w>(&self, wrong: &'w Wrong) -> (&'w str, &'w str) {
        match self.page.ctx.language {
            Language::Chinese => (&wrong.column_zh, &wrong.zh),
            Language::English => (&wrong.column_en, &wrong.en),
        }
    }
}

async fn load(ctx: &Ctx, id: &str) -> Result<Shown, Error> {
    let (name, session, taken, errors): (String, String, i64, String) = sqlx::query_as(
        "SELECT name, session, rows_taken, errors FROM training_import \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(ctx.organisation()?)
    .bind(id)
    .fetch_one(&mut *ctx.app.db.read().await?)
    .await?;
    let errors = serde_json::from_str(&errors).map_err(Error::internal)?;
    Ok(Shown { id: id.to_owned(), name, session, taken, errors })
}

async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let data = load(&ctx, &id).await?;
    ctx.show(key::TRAIN_IMPORT, &data, |page| ImportPage { page, data: &data })
}

/// A workbook of texts: never formulas.
fn workbook(head: &[String], rows: &[Vec<String>]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (n, title) in (0u16..).zip(head) {
        sheet.write_string(0, n, title)?;
        sheet.set_column_width(n, 20)?;
    }
    for (n, row) in (1u32..).zip(rows) {
        for (m, cell) in (0u16..).zip(row) {
            sheet.write_string(n, m, cell)?;
        }
    }
    book.save_to_buffer()
}

async fn report(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let data = load(&ctx, &id).await?;
    let head = [key::ENROL_ROW, key::ENROL_COLUMN, key::ENROL_WHY].map(|k| ctx.t(k));
    let chinese = ctx.language == Language::Chinese;
    let row = |w: &Wrong| {
        let (column, why) = if chinese { (&w.column_zh, &w.zh) } else { (&w.column_en, &w.en) };
        vec![w.row.to_string(), column.clone(), why.clone()]
    };
    let rows: Vec<Vec<String>> = data.errors.iter().map(row).collect();
    Ok(sheet(workbook(&head, &rows).map_err(Error::internal)?, "report.xlsx"))
}

async fn template(ctx: Ctx) -> Result<Response, Error> {
    Ok(sheet(write_template(ctx.language).map_err(Error::internal)?, "enrolment.xlsx"))
}

async fn export(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let row = session::load(c, organisation, &id).await?;
    let seats = session::seats(&ctx, c, organisation, &row).await?;
    let head = [
        key::TRAIN_STAFF_NUMBER,
        key::TRAIN_NAME,
        key::TRAIN_DEPARTMENT,
        key::TRAIN_FACTS,
        key::TRAIN_MINUTES_THERE,
        key::TRAIN_PERCENT_THERE,
        key::TRAIN_QUIZ,
        key::TRAIN_COMPLETED,
    ]
    .map(|k| ctx.t(k));
    let fact = |f: &attendance::Fact| {
        let what = if f.what == "in" { key::TRAIN_IN } else { key::TRAIN_OUT };
        format!("{} {}", ctx.t(what), clock::shown(f.time, ctx.language))
    };
    let word = |prefix: &str, word: &str| {
        key::Key::find(&format!("{prefix}-{word}")).map_or_else(|| word.to_owned(), |k| ctx.t(k))
    };
    let line = |s: &session::Seat| {
        let facts: Vec<String> = s.facts.iter().filter(|f| f.voided.is_none()).map(fact).collect();
        let completed = if s.completed { key::TRAIN_YES } else { key::TRAIN_NO };
        vec![
            s.number.clone(),
            s.name.clone(),
            s.department.clone(),
            facts.join("; "),
            s.minutes.to_string(),
            format!("{} %", s.percent),
            word("train-quiz", s.quiz),
            ctx.t(completed),
        ]
    };
    let rows: Vec<Vec<String>> = seats.iter().map(line).collect();
    let name = format!("session-{}.xlsx", row.number);
    Ok(sheet(workbook(&head, &rows).map_err(Error::internal)?, &name))
}
