//! Reports: what is known at one moment, frozen, numbered and hashed.
//!
//! A report is its facts (`facts.json`) and the files made of them at once. Nothing of it is made
//! again later, so a newer program cannot change what was said.

mod document;
mod facts;
mod oscal;

use crate::{
    App,
    auth::{Right, new_id},
    clock,
    ctx::Ctx,
    error::Error,
    examine,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use facts::Facts;
use hangtu_catalog::{Language, key, sha256};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use sqlx::FromRow;
use std::path::PathBuf;

pub(crate) fn routes(r: &mut Routes) {
    let read = Access::May(Right::Read);
    r.get("/reports", read, Doc::new("Lists frozen reports").returns::<Vec<Report>>(), list);
    r.post(
        "/reports",
        Access::May(Right::Report),
        Doc::new("Freezes a report of what is known now").returns::<Report>(),
        make,
    );
    r.get("/reports/{id}", read, Doc::new("A report and its files").returns::<Whole>(), show);
    r.get(
        "/reports/{id}/{file}",
        read,
        Doc::new("A file of a report, as it was frozen").gives("application/octet-stream"),
        download,
    );
}

/// A frozen report.
#[derive(Debug, FromRow, Serialize, JsonSchema)]
struct Report {
    id: String,
    year: i64,
    number: i64,
    person_name: String,
    created: i64,
    /// SHA-256 of `facts.json`.
    facts: String,
}

impl Report {
    /// As people read it.
    fn shown(&self) -> String {
        shown(self.year, self.number)
    }
}

fn shown(year: i64, number: i64) -> String {
    format!("{year}-{number:04}")
}

/// A file of a report.
#[derive(Debug, FromRow, Serialize, JsonSchema)]
struct File {
    name: String,
    media: String,
    bytes: i64,
    sha256: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Whole {
    report: Report,
    files: Vec<File>,
}

const COLUMNS: &str = "id, year, number, person_name, created, facts";

#[derive(Template)]
#[template(path = "report/list.html")]
struct ListPage<'a> {
    page: Page,
    reports: &'a [Report],
}

async fn list(ctx: Ctx) -> Result<Response, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM report WHERE organisation = $1 ORDER BY year DESC, number DESC LIMIT 500"
    );
    let reports: Vec<Report> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(ctx.organisation()?)
        .fetch_all(&mut *ctx.app.db.read().await?)
        .await?;
    ctx.show(key::REPORTS_TITLE, &reports, |page| ListPage { page, reports: &reports })
}

#[derive(Template)]
#[template(path = "report/report.html")]
struct ReportPage<'a> {
    page: Page,
    whole: &'a Whole,
}

async fn find(ctx: &Ctx, id: &str) -> Result<Whole, Error> {
    let mut c = ctx.app.db.read().await?;
    let sql = format!("SELECT {COLUMNS} FROM report WHERE organisation = $1 AND id = $2");
    let report: Report = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(ctx.organisation()?)
        .bind(id)
        .fetch_one(&mut *c)
        .await?;
    let files = sqlx::query_as(
        "SELECT name, media, bytes, sha256 FROM report_file WHERE report = $1 AND organisation = $2 \
         ORDER BY name",
    )
    .bind(id)
    .bind(ctx.organisation()?)
    .fetch_all(&mut *c)
    .await?;
    Ok(Whole { report, files })
}

async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let whole = find(&ctx, &id).await?;
    let title = format!("{} {}", ctx.t(key::REPORT_SELF_TITLE), whole.report.shown());
    ctx.show_titled(title, &whole, |page| ReportPage { page, whole: &whole })
}

async fn download(ctx: Ctx, Path((id, name)): Path<(String, String)>) -> Result<Response, Error> {
    let whole = find(&ctx, &id).await?;
    let file = whole.files.into_iter().find(|f| f.name == name).ok_or(Error::NotFound)?;
    let bytes = tokio::fs::read(folder(&ctx, &id).join(&file.name)).await?;
    if sha256(&bytes) != file.sha256 {
        return Err(Error::internal(format!("report {id}: {name} is not what was frozen")));
    }
    let attachment = format!("attachment; filename=\"hangtu-{}-{name}\"", whole.report.shown());
    Ok(([(header::CONTENT_TYPE, file.media), (header::CONTENT_DISPOSITION, attachment)], bytes)
        .into_response())
}

fn folder(ctx: &Ctx, id: &str) -> PathBuf {
    ctx.app.config.data.join("reports").join(id)
}

/// Name, media type, content.
type Made = (String, &'static str, Vec<u8>);

/// Every file of a report; the run it rests on last comes along as other programs read it.
fn files(app: &App, facts: &Facts) -> Result<Vec<Made>, Error> {
    let mut files = vec![(
        "facts.json".to_owned(),
        "application/json",
        serde_json::to_vec(facts).map_err(Error::internal)?,
    )];
    for language in Language::ALL {
        let tag = language.tag();
        let document = document::document(facts, language);
        let pdf = hangtu_print::pdf(&document).map_err(Error::internal)?;
        files.push((format!("report.{tag}.pdf"), "application/pdf", pdf));
        let docx = hangtu_print::docx(&document).map_err(Error::internal)?;
        let media = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        files.push((format!("report.{tag}.docx"), media, docx));
        let html = hangtu_print::html(&document).map_err(Error::internal)?;
        files.push((format!("report.{tag}.html"), "text/html; charset=utf-8", html.into_bytes()));
        let results = oscal::assessment_results(facts, &document.title, language);
        let plan = oscal::plan_of_action(facts, &document.title, language);
        for (name, value) in [("assessment-results", results), ("plan-of-action", plan)] {
            let bytes = serde_json::to_vec_pretty(&value).map_err(Error::internal)?;
            files.push((format!("oscal-{name}.{tag}.json"), "application/json", bytes));
        }
        if let Some(run) = facts.runs.last() {
            for (name, media, bytes) in examine::exchanged(app, &run.id, language)? {
                let (stem, kind) = name.split_once('.').unwrap_or((name, ""));
                files.push((format!("run-{}.{stem}.{tag}.{kind}", run.number), media, bytes));
            }
        }
    }
    Ok(files)
}

async fn make(ctx: Ctx) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let id = new_id();
    let mut facts = facts::gather(&ctx.app, who, &id).await?;
    let year = i64::from(clock::day(facts.made).year());
    let (number,): (i64,) = sqlx::query_as(
        "SELECT COALESCE(MAX(number), 0) + 1 FROM report WHERE organisation = $1 AND year = $2",
    )
    .bind(&who.organisation)
    .bind(year)
    .fetch_one(&mut *ctx.app.db.read().await?)
    .await?;
    facts.number = shown(year, number);
    let made_at = facts.made;
    let app = ctx.app.clone();
    let made = tokio::task::spawn_blocking(move || files(&app, &facts));
    let made = made.await.map_err(Error::internal)??;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    sqlx::query(
        "INSERT INTO report (id, organisation, year, number, person, person_name, created, facts) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, '')",
    )
    .bind(&id)
    .bind(&who.organisation)
    .bind(year)
    .bind(number)
    .bind(&who.person)
    .bind(&who.name)
    .bind(made_at)
    .execute(&mut *change)
    .await
    // Somebody else's report took the number meanwhile.
    .map_err(|_| Error::conflict(key::REPORT_AGAIN))?;
    let folder = folder(&ctx, &id);
    tokio::fs::create_dir_all(&folder).await?;
    let mut hashes = serde_json::Map::new();
    for (name, media, bytes) in made {
        let hash = sha256(&bytes);
        let file = tokio::fs::File::create(folder.join(&name)).await?;
        write(file, &bytes).await?;
        sqlx::query(
            "INSERT INTO report_file (report, organisation, name, media, bytes, sha256) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&id)
        .bind(&who.organisation)
        .bind(&name)
        .bind(media)
        .bind(bytes.len() as i64)
        .bind(&hash)
        .execute(&mut *change)
        .await?;
        hashes.insert(name, hash.into());
    }
    tokio::fs::File::open(&folder).await?.sync_all().await?;
    sqlx::query("UPDATE report SET facts = $3 WHERE id = $1 AND organisation = $2")
        .bind(&id)
        .bind(&who.organisation)
        .bind(hashes.get("facts.json").and_then(|h| h.as_str()).unwrap_or_default())
        .execute(&mut *change)
        .await?;
    let detail = json!({ "number": shown(year, number), "files": hashes });
    change.note("report.freeze", format!("report/{id}"), detail);
    change.commit().await?;
    let whole = find(&ctx, &id).await?;
    Ok(ctx.done(&whole.report, &format!("/reports/{id}"), key::REPORT_MADE))
}

/// Writes a file so that it is there after a power cut.
async fn write(mut file: tokio::fs::File, bytes: &[u8]) -> Result<(), Error> {
    use tokio::io::AsyncWriteExt;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    Ok(())
}
