//! Launching a unit, and beginning a course anew.

use super::{
    LIFE, Row as Course, held, registration,
    session::{self, READ, Row, base, state},
};
use crate::{
    App,
    auth::random,
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::Input,
    route::{Access, Doc, Routes},
    train::{documents, statements},
};
use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Bilingual, hex, key, sha256};
use hangtu_train::{
    exchange::{
        cmi5::{
            Au, CourseStructure, Launch, LaunchMode, OurWord, Session, launch_data, launch_url,
            said_by_us,
        },
        xapi::{Statement, Version},
    },
    lrs::Document,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write as _};
use uuid::Uuid;

/// The document that every unit reads first (section 10).
pub(super) const LAUNCH_DATA: &str = "LMS.LaunchData";

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Launches a unit of a course made elsewhere; gives where it is opened");
    let doc = doc.body::<Which>().returns::<Launched>();
    r.post("/training/cmi5/{course}/launch", Access::Signed, doc, launch);
    let doc = Doc::new("Begins a completed course made elsewhere anew").returns::<Begun>();
    r.post("/training/cmi5/{course}/again", Access::Signed, doc, again);
}

/// Which unit.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Which {
    /// Its place in the course, from 0.
    unit: usize,
}

/// Where the unit is opened. The address holds secrets of this launch.
#[derive(Serialize, JsonSchema)]
struct Launched {
    url: String,
}

/// The address of a unit's file below its launch, every character of its name escaped that could
/// mean something in an address; what stands behind the name stays.
fn address(base: &str, secret: &str, unit: &Au) -> String {
    let end = unit.url.find(['?', '#']).unwrap_or(unit.url.len());
    let (file, rest) = unit.url.split_at(end);
    let mut out = format!("{base}/cmi5/files/{secret}/");
    let mut put = |text: &str, plain: &[u8]| {
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
                out.push(char::from(byte));
            } else {
                // Writing to a string does not fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    };
    put(file, b"-._~/");
    put(rest, b"-._~/?#&=%+:@,;!$'()*");
    out
}

/// Who says what the system says.
pub(super) fn authority(app: &App, course: &str) -> Value {
    json!({ "objectType": "Agent", "name": "Hangtu",
        "account": { "homePage": base(app), "name": format!("cmi5/{course}") } })
}

/// Statements that the system makes are like any other: checked, and kept.
pub(super) async fn say(
    change: &mut Change,
    app: &App,
    course: &str,
    said: Vec<Value>,
) -> Result<(), Error> {
    let read = |v: &Value| Statement::parse(v, Version::V1).map_err(Error::internal);
    let batch = said.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let none = BTreeMap::new();
    statements::take(
        change,
        batch,
        &none,
        &authority(app, course),
        (Version::V1, statements::By::Us),
    )
    .await?
    .map_err(Error::internal)?;
    Ok(())
}

/// Ends sessions of a unit that did not end themselves: a unit is open once in a registration.
async fn abandon(
    change: &mut Change,
    app: &App,
    registration: &str,
    place: usize,
    unit: &Au,
) -> Result<(), Error> {
    let sql = format!(
        "SELECT {READ} FROM cmi5_session s WHERE s.organisation = $1 AND s.registration = $2 \
         AND s.unit = $3 AND s.ended IS NULL"
    );
    // Held before anything is said, as reports hold them: who came first has ended it.
    sqlx::query(
        "UPDATE cmi5_session SET statements = statements WHERE organisation = $1 \
         AND registration = $2 AND unit = $3 AND ended IS NULL",
    )
    .bind(change.organisation().to_owned())
    .bind(registration)
    .bind(place as i64)
    .execute(&mut **change)
    .await?;
    let open: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(change.organisation().to_owned())
        .bind(registration)
        .bind(place as i64)
        .fetch_all(&mut **change)
        .await?;
    let now = clock::now();
    for row in open {
        let mut session = row.session()?;
        session.abandon();
        let launch = row.launch(app, &unit.id)?;
        let seconds = (now - row.created) / clock::SECOND;
        let lasted = format!("PT{seconds}S");
        let word = OurWord::Abandoned(&lasted);
        let said = said_by_us(word, unit, &launch, Uuid::now_v7(), clock::stamp(now));
        say(change, app, &row.course, vec![said]).await?;
        end(change, &row.id, &session, now).await?;
        let detail = json!({ "course": row.course, "why": "abandoned" });
        change.note("cmi5.end", format!("launch/{}", row.id), detail);
    }
    Ok(())
}

/// Keeps that a session has ended.
pub(super) async fn end(
    change: &mut Change,
    id: &str,
    session: &Session,
    now: i64,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE cmi5_session SET body = $3, ended = $4 WHERE organisation = $1 AND id = $2",
    )
    .bind(change.organisation().to_owned())
    .bind(id)
    .bind(serde_json::to_string(session).map_err(Error::internal)?)
    .bind(now)
    .execute(&mut **change)
    .await?;
    Ok(())
}

/// The course with its structure, as long as it is offered.
async fn offered(change: &mut Change, course: &str) -> Result<(Course, CourseStructure), Error> {
    let organisation = change.organisation().to_owned();
    let row = held(change, &organisation, course, None).await?;
    let row = row.filter(|r| r.withdrawn == 0).ok_or(Error::NotFound)?;
    let structure = row.structure()?;
    Ok((row, structure))
}

async fn register(change: &mut Change, person: &str, course: &str) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO cmi5_registration (id, organisation, person, course, progress, started) \
         VALUES ($1, $2, $3, $4, '{}', $5) ON CONFLICT DO NOTHING",
    )
    .bind(Uuid::new_v4().to_string())
    .bind(change.organisation().to_owned())
    .bind(person)
    .bind(course)
    .bind(clock::now())
    .execute(&mut **change)
    .await?;
    Ok(())
}

async fn launch(
    ctx: Ctx,
    Path(course): Path<String>,
    Input(which): Input<Which>,
) -> Result<Response, Error> {
    let (app, who) = (&ctx.app, ctx.signed()?);
    let mut change = app.db.change(&ctx.actor()?).await?;
    let organisation = who.organisation.clone();
    let (held, structure) = offered(&mut change, &course).await?;
    let units = structure.units();
    let missing = || Error::conflict(key::TRAIN_CMI5_UNIT_MISSING);
    let unit = *units.get(which.unit).ok_or_else(missing)?;
    if registration(&mut change, &organisation, &who.person, &course).await?.is_none() {
        register(&mut change, &who.person, &course).await?;
    }
    let registered = registration(&mut change, &organisation, &who.person, &course).await?;
    let registered = registered.ok_or(Error::NotFound)?;
    abandon(&mut change, app, &registered.id, which.unit, unit).await?;

    let (files, fetch) = (hex(&random::<32>()?), hex(&random::<32>()?));
    let base = base(app);
    let now = clock::now();
    // A session's id stands in statements of version 1.0.3: a UUID like any other.
    let id = Uuid::new_v4().to_string();
    let row = Row {
        id: id.clone(),
        organisation: organisation.clone(),
        person: who.person.clone(),
        person_name: who.name.clone(),
        course: course.clone(),
        version: held.version,
        unit: which.unit as i64,
        registration: registered.id.clone(),
        body: String::new(),
        statements: 0,
        bytes: 0,
        created: now,
        ended: None,
    };
    let launch = Launch {
        // What is done is done: looking at it again counts nothing and takes nothing away.
        mode: if registered.satisfied.is_some() { LaunchMode::Review } else { LaunchMode::Normal },
        fetch: format!("{base}/cmi5/fetch/{fetch}"),
        ..row.launch(app, &unit.id)?
    };
    let plain = address(&base, &files, unit);
    let url = launch_url(&plain, &launch).map_err(|why| {
        let why = why.to_string();
        let text = Bilingual::message(key::TRAIN_CMI5_COLLIDES, &[("why", why.as_str().into())]);
        Error::Conflict(text)
    })?;
    let body = serde_json::to_string(&Session::new(unit, &launch)).map_err(Error::internal)?;
    sqlx::query(
        "INSERT INTO cmi5_session (id, organisation, person, person_name, course, version, unit, \
         registration, files, \"fetch\", body, created, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
         $9, $10, $11, $12, $13)",
    )
    .bind(&row.id)
    .bind(&organisation)
    .bind(&row.person)
    .bind(&row.person_name)
    .bind(&row.course)
    .bind(row.version)
    .bind(row.unit)
    .bind(&row.registration)
    .bind(sha256(files.as_bytes()))
    .bind(sha256(fetch.as_bytes()))
    .bind(body)
    .bind(now)
    .bind(now + LIFE)
    .execute(&mut *change)
    .await?;
    let stamp = clock::stamp(now);
    let data = Document {
        content_type: "application/json".into(),
        bytes: launch_data(unit, &launch).to_string().into_bytes(),
        updated: stamp,
    };
    documents::keep(&mut change, &organisation, &state(&launch)?, LAUNCH_DATA, &data).await?;
    // The record names the package's file, never the secret in its address.
    let named = format!("{}/{}", session::course_iri(app, &course), unit.url);
    let word = OurWord::Launched(&named);
    let said = said_by_us(word, unit, &launch, Uuid::now_v7(), stamp);
    say(&mut change, app, &course, vec![said]).await?;
    let detail = json!({ "course": course, "unit": which.unit, "version": row.version,
        "registration": row.registration });
    change.note("cmi5.launch", format!("launch/{id}"), detail);
    change.commit().await?;
    if ctx.data {
        return Ok(Json(Launched { url }).into_response());
    }
    Ok(ctx.go(&url))
}

/// The course.
#[derive(Serialize, JsonSchema)]
struct Begun {
    course: String,
}

async fn again(ctx: Ctx, Path(course): Path<String>) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    offered(&mut change, &course).await?;
    let last = registration(&mut change, &who.organisation, &who.person, &course).await?;
    if last.is_none_or(|r| r.satisfied.is_none()) {
        return Err(Error::conflict(key::TRAIN_STATE));
    }
    register(&mut change, &who.person, &course).await?;
    change.note("course.again", format!("course/{course}"), json!({}));
    change.commit().await?;
    let next = format!("/training/courses/{course}");
    Ok(ctx.done(&Begun { course }, &next, key::TRAIN_DONE))
}
