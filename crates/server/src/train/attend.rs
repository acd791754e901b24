//! Attendance: a code on the trainer's screen that changes, a list on paper, and what both come to.

use super::{
    TRAIN,
    attendance::facts,
    enrol::put,
    people,
    plan::{Done, typed},
    qr::Qr,
    session::{self, Row},
    shelf,
};
use crate::{
    auth::new_id,
    clock::{self, SECOND},
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Asked, Input, line},
    route::{Access, Doc, Routes},
    ui::{Count, Page},
};
use askama::Template;
use axum::{
    extract::Path,
    http::{HeaderName, HeaderValue},
    response::Response,
};
use hangtu_catalog::key;
use ring::hmac;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// How long a code holds; the one before it is still taken.
const STEP: i64 = 20 * SECOND;
/// How long somebody who scanned may take to sign in to the program and confirm.
const TICKET: i64 = 300 * SECOND;
/// How long before and after a session people sign in and out.
const AROUND: i64 = 3600 * SECOND;

pub(super) fn routes(r: &mut Routes) {
    let manage = Access::May(TRAIN);
    r.page("/training/sessions/{id}/code", manage, screen);
    r.page("/training/sessions/{id}/sign", Access::Signed, ask);
    let doc = Doc::new("Signs the reader in to a session, or out, with the code on the screen");
    let doc = doc.body::<Sign>().returns::<Done>();
    r.post("/training/sessions/{id}/sign", Access::Signed, doc, sign);
    let doc = Doc::new("Enters times from a list on paper").body::<Paper>().returns::<Done>();
    r.post("/training/sessions/{id}/facts", manage, doc, paper);
    let doc = Doc::new("Declares an entry void").body::<Void>().returns::<Done>();
    r.post("/training/sessions/{id}/void", manage, doc, void);
}

fn sealed(row: &Row, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, row.secret.as_bytes());
    hangtu_catalog::hex(&hmac::sign(&key, text.as_bytes()).as_ref()[..8])
}

/// The code of a moment.
fn code(row: &Row, what: &str, at: i64) -> String {
    sealed(row, &format!("code {} {what} {}", row.id, at / STEP))[..8].to_owned()
}

/// What a scanned code becomes: good for one person, and for the moment of scanning.
fn ticket(row: &Row, what: &str, person: &str, at: i64) -> String {
    format!("{at}.{}", sealed(row, &format!("ticket {} {what} {person} {at}", row.id)))
}

fn what(text: &str) -> Result<&'static str, Error> {
    match text {
        "in" | "" => Ok("in"),
        "out" => Ok("out"),
        _ => Err(Error::invalid("what", key::SERVER_FIELD_CHOICE)),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Which {
    what: String,
    code: String,
}

#[derive(Template)]
#[template(path = "train/code.html")]
struct CodePage<'a> {
    page: Page,
    row: &'a Row,
    what: &'static str,
    code: String,
    qr: Qr,
    came: usize,
    enrolled: usize,
}

/// The trainer's screen. It reads itself again, without scripts.
async fn screen(
    ctx: Ctx,
    Path(id): Path<String>,
    Asked(asked): Asked<Which>,
) -> Result<Response, Error> {
    let what = what(&asked.what)?;
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let row = session::load(c, organisation, &id).await?;
    if !row.in_person() || row.state != "announced" {
        return Err(Error::conflict(key::TRAIN_STATE));
    }
    let now = clock::now();
    let code = code(&row, what, now);
    let site = ctx.app.config.url(ctx.app.config.listen);
    let qr = Qr::of(&format!("{site}/training/sessions/{id}/sign?what={what}&code={code}"))?;
    let facts = facts(c, organisation, Some(&id)).await?;
    let mut here: Vec<&str> = facts
        .iter()
        .filter(|f| f.what == what && f.voided.is_none())
        .map(|f| f.person.as_str())
        .collect();
    here.sort_unstable();
    here.dedup();
    let (enrolled,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM session_seat WHERE organisation = $1 AND session = $2",
    )
    .bind(organisation)
    .bind(&id)
    .fetch_one(&mut *c)
    .await?;
    let (came, enrolled) = (here.len(), usize::try_from(enrolled).unwrap_or(0));
    let row = &row;
    let mut response = ctx.show_titled(row.title.clone(), &(), |page| CodePage {
        page,
        row,
        what,
        code,
        qr,
        came,
        enrolled,
    })?;
    // Just after the next code has come.
    let left = (STEP - now % STEP) / SECOND + 1;
    let refresh = HeaderValue::from_str(&left.to_string()).map_err(Error::internal)?;
    response.headers_mut().insert(HeaderName::from_static("refresh"), refresh);
    Ok(response)
}

#[derive(Template)]
#[template(path = "train/sign.html")]
struct SignPage<'a> {
    page: Page,
    row: &'a Row,
    what: &'static str,
    ticket: String,
}

fn holds(row: &Row, what: &str, given: &str) -> Result<(), Error> {
    let now = clock::now();
    let given = given.trim().to_lowercase();
    if [now, now - STEP].iter().any(|at| code(row, what, *at) == given) {
        return Ok(());
    }
    Err(Error::invalid("code", key::TRAIN_CODE_OLD))
}

async fn ask(
    ctx: Ctx,
    Path(id): Path<String>,
    Asked(asked): Asked<Which>,
) -> Result<Response, Error> {
    let what = what(&asked.what)?;
    let who = ctx.signed()?;
    let row = session::load(&mut *ctx.app.db.read().await?, &who.organisation, &id).await?;
    let ticket = if asked.code.is_empty() {
        String::new()
    } else {
        holds(&row, what, &asked.code)?;
        ticket(&row, what, &who.person, clock::now())
    };
    ctx.show_titled(row.title.clone(), &(), |page| SignPage { page, row: &row, what, ticket })
}

/// What somebody shows.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Sign {
    /// `in` or `out`.
    what: String,
    /// The code on the screen.
    code: String,
    /// What the page gave after scanning.
    ticket: String,
}

async fn enter(
    change: &mut Change,
    session: &str,
    person: &str,
    what: &str,
    time: i64,
    means: &str,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO session_fact (id, organisation, session, person, what, time, means, entered, \
         entered_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(new_id())
    .bind(change.organisation().to_owned())
    .bind(session)
    .bind(person)
    .bind(what)
    .bind(time)
    .bind(means)
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .execute(&mut **change)
    .await?;
    let detail = json!({ "person": person, "what": what, "time": clock::rfc3339(time),
        "means": means });
    change.note("session.fact", format!("session/{session}"), detail);
    Ok(())
}

async fn sign(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(shown): Input<Sign>,
) -> Result<Response, Error> {
    let what = what(&shown.what)?;
    let who = ctx.signed()?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let row = session::load(&mut change, &organisation, &id).await?;
    let now = clock::now();
    let at = if shown.ticket.is_empty() {
        holds(&row, what, &shown.code)?;
        now
    } else {
        let at = shown.ticket.split('.').next().and_then(|t| t.parse().ok()).unwrap_or(0);
        let good = ticket(&row, what, &who.person, at) == shown.ticket;
        if !good || at > now || now - at > TICKET {
            return Err(Error::invalid("code", key::TRAIN_CODE_OLD));
        }
        at
    };
    if row.state != "announced" || at < row.starts - AROUND || at > row.ends + AROUND {
        return Err(Error::conflict(key::TRAIN_NOT_NOW));
    }
    let shelf = shelf::shelf(&ctx.app, &mut change, &organisation).await?;
    put(&mut change, &shelf, &row, &[&who.person]).await?;
    enter(&mut change, &id, &who.person, what, at, "code").await?;
    change.commit().await?;
    let said = if what == "in" { key::TRAIN_SIGNED_IN } else { key::TRAIN_SIGNED_OUT };
    Ok(ctx.done(&Done { id: id.clone(), people: 1 }, &format!("/training/sessions/{id}"), said))
}

/// A line of the list on paper.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Paper {
    person: Vec<String>,
    /// `2026-12-01T09:00`
    came: String,
    /// Empty where nobody signed out.
    left: String,
}

async fn paper(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(paper): Input<Paper>,
) -> Result<Response, Error> {
    let came = typed("came", &paper.came)?;
    let left = match paper.left.trim() {
        "" => None,
        text => Some(typed("left", text)?),
    };
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let row = session::load(&mut change, &organisation, &id).await?;
    if !row.in_person() || !["announced", "closed"].contains(&row.state.as_str()) {
        return Err(Error::conflict(key::TRAIN_STATE));
    }
    let now = clock::now();
    let near = |at: i64| at >= row.starts - AROUND && at <= row.ends + AROUND && at <= now;
    if !near(came) || left.is_some_and(|left| !near(left) || left < came) {
        return Err(Error::invalid("came", key::TRAIN_TIMES_BAD));
    }
    let shelf = shelf::shelf(&ctx.app, &mut change, &organisation).await?;
    if paper.person.is_empty() || paper.person.len() > 500 {
        return Err(Error::invalid("person", key::TRAIN_NOBODY));
    }
    for person in &paper.person {
        if people::everybody(&mut change, &organisation, Some(person)).await?.is_empty() {
            return Err(Error::invalid("person", key::SERVER_FIELD_CHOICE));
        }
        put(&mut change, &shelf, &row, &[person]).await?;
        enter(&mut change, &id, person, "in", came, "paper").await?;
        if let Some(left) = left {
            enter(&mut change, &id, person, "out", left, "paper").await?;
        }
    }
    let done = Done { id: id.clone(), people: paper.person.len() };
    change.commit().await?;
    Ok(ctx.done(&done, &format!("/training/sessions/{id}"), key::TRAIN_DONE))
}

/// An entry that does not hold.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Void {
    fact: String,
    why: String,
}

async fn void(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(void): Input<Void>,
) -> Result<Response, Error> {
    let why = line("why", &void.why, 200)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let done = sqlx::query(
        "UPDATE session_fact SET voided = $4, why = $5 WHERE organisation = $1 AND session = $2 \
         AND id = $3 AND voided IS NULL",
    )
    .bind(change.organisation().to_owned())
    .bind(&id)
    .bind(&void.fact)
    .bind(clock::now())
    .bind(&why)
    .execute(&mut *change)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    let detail = json!({ "fact": void.fact, "why": why });
    change.note("session.void", format!("session/{id}"), detail);
    change.commit().await?;
    let next = format!("/training/sessions/{id}");
    Ok(ctx.done(&Done { id, people: 1 }, &next, key::TRAIN_DONE))
}
