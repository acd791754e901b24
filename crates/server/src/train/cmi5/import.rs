//! Packages taken in, and no longer offered.

use super::{super::TRAIN, Row, held, words};
use crate::{
    App,
    auth::Right,
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    files::Files,
    route::{Access, Doc, Routes},
    train::{blobs, refused},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, Scenario, key, sha256};
use hangtu_train::exchange::{
    Limits, Package,
    cmi5::{CourseStructure, MoveOn},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

pub(super) fn routes(r: &mut Routes) {
    let manage = Access::May(TRAIN);
    r.page("/training/cmi5", manage, form);
    let doc = Doc::new("Takes a cmi5 package in as a course; its bytes are the body");
    let doc = doc.query::<Said>().takes("application/octet-stream").returns::<Taken>();
    r.post("/training/cmi5", manage, doc, import);
    let doc = Doc::new("No longer offers a course made elsewhere").returns::<Taken>();
    r.post("/training/cmi5/{course}/withdraw", manage, doc, withdraw);
}

#[derive(Template)]
#[template(path = "train/cmi5/import.html")]
struct ImportPage {
    page: Page,
}

async fn form(ctx: Ctx) -> Result<Response, Error> {
    ctx.show(key::TRAIN_CMI5_IMPORT, &(), |page| ImportPage { page })
}

/// What is said of the package beside it.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "describes the fields; a form sends them beside the file")]
struct Said {
    /// Name of the file.
    name: String,
    /// About how many minutes it takes: 1 to 6000, else 30.
    minutes: Option<u16>,
    /// Months for which completing it holds: 1 to 120, else 12.
    months: Option<u16>,
    /// Names of the scenarios that it is about, with spaces.
    scenarios: Option<String>,
}

/// The course that became of it.
#[derive(Serialize, JsonSchema)]
struct Taken {
    course: String,
    version: i64,
    units: usize,
}

fn number(
    fields: &BTreeMap<String, String>,
    name: &'static str,
    most: i64,
    otherwise: i64,
) -> Result<i64, Error> {
    match fields.get(name).map_or("", |t| t.trim()) {
        "" => Ok(otherwise),
        text => {
            let n = text.parse().ok().filter(|n| (1..=most).contains(n));
            n.ok_or_else(|| Error::invalid(name, key::SERVER_FIELD_CHOICE))
        }
    }
}

/// Opens a package, judges its structure, keeps its files. Blocks.
fn unpack(
    app: &App,
    bytes: &[u8],
    limits: Limits,
) -> Result<(CourseStructure, Vec<(String, String)>), Error> {
    let no = |why: &dyn std::fmt::Display| refused("file", why);
    let mut package = Package::open(bytes, limits).map_err(|e| no(&e))?;
    let structure = CourseStructure::of_package(&mut package).map_err(|e| no(&e))?;
    for unit in structure.units() {
        if unit.url.starts_with("http://") || unit.url.starts_with("https://") {
            let url = [("url", unit.url.as_str().into())];
            return Err(Error::Invalid("file", Bilingual::message(key::TRAIN_CMI5_OUTSIDE, &url)));
        }
    }
    // Else it would count as done before anybody had opened it.
    if structure.units().iter().all(|u| u.move_on == MoveOn::NotApplicable) {
        return Err(Error::invalid("file", key::TRAIN_CMI5_NOTHING_ASKED));
    }
    let names: Vec<String> = package.names().map(str::to_owned).collect();
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let bytes = package.read(&name).map_err(|e| no(&e))?;
        files.push((name, blobs::keep(app, &bytes)?));
    }
    blobs::settle(app)?;
    Ok((structure, files))
}

async fn import(ctx: Ctx, sent: Files) -> Result<Response, Error> {
    let minutes = number(&sent.fields, "minutes", 6000, 30)?;
    let months = number(&sent.fields, "months", 120, 12)?;
    // A form sends each as a field of its own.
    let named = sent.fields.get("scenarios").map_or("", String::as_str);
    let chosen = |s: &Scenario| {
        sent.fields.contains_key(s.name()) || named.split(' ').any(|w| w == s.name())
    };
    let scenarios: Vec<&str> =
        Scenario::ALL.into_iter().filter(chosen).map(Scenario::name).collect();
    let limits = Limits::from(&ctx.app.catalog.training.packages);
    let file = sent.files.into_iter().next();
    let file = file.ok_or_else(|| Error::invalid("file", key::SERVER_FIELD_EMPTY))?;
    let app = ctx.app.clone();
    let (structure, files) = tokio::task::spawn_blocking(move || unpack(&app, &file.bytes, limits))
        .await
        .map_err(Error::internal)??;
    // The same course of the same maker is the same here.
    let course = format!("cmi5-{}", &sha256(structure.id.as_bytes())[..12]);
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let before = held(&mut change, &organisation, &course, None).await?;
    let row = Row {
        version: before.map_or(0, |r| r.version) + 1,
        structure: serde_json::to_string(&structure).map_err(Error::internal)?,
        title_zh: words(&structure.title).zh.to_string(),
        title_en: words(&structure.title).en.to_string(),
        summary_zh: words(&structure.description).zh.to_string(),
        summary_en: words(&structure.description).en.to_string(),
        minutes,
        months,
        scenarios: scenarios.join(" "),
        withdrawn: 0,
        id: course.clone(),
    };
    keep(&mut change, &row).await?;
    for (name, hash) in &files {
        sqlx::query(
            "INSERT INTO cmi5_file (organisation, course, version, name, sha256) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&organisation)
        .bind(&course)
        .bind(row.version)
        .bind(name)
        .bind(hash)
        .execute(&mut *change)
        .await?;
    }
    let units = structure.units().len();
    let detail = json!({ "version": row.version, "units": units, "files": files.len(),
        "publisher": structure.id, "title": row.title_zh });
    change.note("course.import", format!("course/{course}"), detail);
    change.commit().await?;
    let next = format!("/training/courses/{course}");
    Ok(ctx.done(&Taken { course, version: row.version, units }, &next, key::TRAIN_DONE))
}

async fn keep(change: &mut Change, row: &Row) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO cmi5_course (organisation, id, version, structure, title_zh, title_en, \
         summary_zh, summary_en, minutes, months, scenarios, withdrawn, changed, person_name) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(change.organisation().to_owned())
    .bind(&row.id)
    .bind(row.version)
    .bind(&row.structure)
    .bind(&row.title_zh)
    .bind(&row.title_en)
    .bind(&row.summary_zh)
    .bind(&row.summary_en)
    .bind(row.minutes)
    .bind(row.months)
    .bind(&row.scenarios)
    .bind(row.withdrawn)
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .execute(&mut **change)
    .await?;
    Ok(())
}

async fn withdraw(ctx: Ctx, Path(course): Path<String>) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let mut row = held(&mut change, &organisation, &course, None).await?.ok_or(Error::NotFound)?;
    row.version += 1;
    row.withdrawn = 1;
    keep(&mut change, &row).await?;
    change.note("course.withdraw", format!("course/{course}"), json!({}));
    change.commit().await?;
    let taken = Taken { units: row.structure()?.units().len(), course, version: row.version };
    Ok(ctx.done(&taken, "/training/courses", key::TRAIN_DONE))
}
