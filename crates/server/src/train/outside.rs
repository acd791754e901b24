//! Certificates that others issued: recorded with the file, approved by somebody else, counted while they
//! are in force where the rules of training say that their kind counts.

use super::{TRAIN, blobs, people};
use crate::{
    auth::{Right, new_id},
    clock,
    ctx::Ctx,
    error::Error,
    files::Files,
    input::{Input, line, prose},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Bilingual, OutsideKind, Training, key};
use hangtu_train::count::{Certificate, Grade, runs_out};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};
use std::collections::BTreeMap;

/// Bytes of a file.
const LARGEST: usize = 10 << 20;
/// Certificates on the page.
const SHOWN: i64 = 500;
/// Who may look at one and decide.
const DECIDERS: &[Right] = &[Right::Train, Right::Approve];

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Certificates of others that people hold, the newest first");
    r.get("/training/outside", Access::Any(DECIDERS), doc.returns::<List>(), list);
    let doc = Doc::new("Records a certificate of others; its file is the body").query::<New>();
    let doc = doc.takes("application/octet-stream").returns::<Done>();
    r.post("/training/outside", Access::May(TRAIN), doc, record);
    let doc = Doc::new("The file of a certificate of others").gives("application/octet-stream");
    r.get("/training/outside/{id}/file", Access::Any(DECIDERS), doc, file);
    let doc = Doc::new("Approves, refuses or withdraws a certificate of others").body::<Word>();
    r.post("/training/outside/{id}", Access::Any(DECIDERS), doc.returns::<Done>(), decide);
}

#[derive(FromRow)]
struct Row {
    id: String,
    person: String,
    kind: String,
    number: String,
    issuer: String,
    issued: String,
    expires: String,
    file_name: String,
    file: String,
    state: String,
    recorder: String,
    recorder_name: String,
    decider_name: String,
    reason: String,
}

const READ: &str = "id, person, kind, number, issuer, issued, expires, file_name, file, state, \
    recorder, recorder_name, decider_name, reason";

impl Row {
    /// Its last day: the one it names, or the one that its kind gives it.
    fn last(&self, kind: Option<&OutsideKind>) -> Option<Date> {
        if !self.expires.is_empty() {
            return self.expires.parse().ok();
        }
        let months = kind.and_then(|k| k.valid_months)?;
        let issued: Date = self.issued.parse().ok()?;
        let start = clock::stamp(clock::of(issued.at(0, 0, 0, 0))?);
        Some(clock::day(runs_out(start, months).as_microsecond()))
    }
}

fn grade(word: &str) -> Grade {
    match word {
        "one" => Grade::One,
        "two" => Grade::Two,
        "three" => Grade::Three,
        "four" => Grade::Four,
        _ => Grade::Other,
    }
}

/// What counts: certificates that were approved, of a kind that counts, by person. Whether one is in
/// force on a day, the counting says.
pub(super) async fn counting(
    c: &mut AnyConnection,
    organisation: &str,
    person: Option<&str>,
    rules: &Training,
) -> Result<Vec<(String, Certificate)>, Error> {
    let sql = format!(
        "SELECT {READ} FROM outside_certificate WHERE organisation = $1 AND state = 'approved' \
         AND ($2 = '' OR person = $2)"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(organisation)
        .bind(person.unwrap_or_default())
        .fetch_all(c)
        .await?;
    let one = |row: Row| {
        let kind = rules.certificate(&row.kind).filter(|k| k.counts)?;
        let certificate = Certificate {
            grade: grade(&kind.grade),
            expires: row.last(Some(kind)),
            issuer: row.issuer,
            number: row.number,
        };
        Some((row.person, certificate))
    };
    Ok(rows.into_iter().filter_map(one).collect())
}

/// A certificate of others.
#[derive(Serialize, JsonSchema)]
struct Line {
    id: String,
    person: String,
    name: String,
    kind: String,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    number: String,
    issuer: String,
    issued: String,
    /// Its last day; empty for none.
    until: String,
    file: String,
    /// `waiting`, `approved`, `run-out`, `refused` or `withdrawn`.
    state: &'static str,
    /// Whether its holder counts as a professional by it now.
    counts: bool,
    recorded_by: String,
    decided_by: String,
    reason: String,
    /// Whether the reader may approve or refuse it.
    mine_to_decide: bool,
}

/// Certificates of others.
#[derive(Serialize, JsonSchema)]
struct List {
    certificates: Vec<Line>,
}

#[derive(Template)]
#[template(path = "train/outside.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
    people: Vec<people::Reached>,
    kinds: Vec<OutsideKind>,
}

fn state(row: &Row, last: Option<Date>, today: Date) -> &'static str {
    match row.state.as_str() {
        "approved" if last.is_some_and(|day| day < today) => "run-out",
        "approved" => "approved",
        "refused" => "refused",
        "withdrawn" => "withdrawn",
        _ => "waiting",
    }
}

async fn list(ctx: Ctx) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let c = &mut *ctx.app.db.read().await?;
    let sql = format!(
        "SELECT {READ} FROM outside_certificate WHERE organisation = $1 ORDER BY recorded DESC \
         LIMIT $2"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(&who.organisation)
        .bind(SHOWN)
        .fetch_all(&mut *c)
        .await?;
    let people = people::everybody(c, &who.organisation, None).await?;
    let rules = &ctx.app.catalog.training;
    let today = clock::day(clock::now());
    let line = |row: Row| {
        let kind = rules.certificate(&row.kind);
        let last = row.last(kind);
        let state = state(&row, last, today);
        let name = people.iter().find(|p| p.id == row.person).map(|p| p.name.clone());
        Line {
            name: name.unwrap_or_else(|| row.person.clone()),
            title: kind.map_or_else(|| Bilingual::new(&*row.kind, &*row.kind), |k| k.title.clone()),
            until: last.map(|d| d.to_string()).unwrap_or_default(),
            counts: state == "approved" && kind.is_some_and(|k| k.counts),
            mine_to_decide: state == "waiting" && apart(&row, &who.person),
            state,
            id: row.id,
            person: row.person,
            kind: row.kind,
            number: row.number,
            issuer: row.issuer,
            issued: row.issued,
            file: row.file_name,
            recorded_by: row.recorder_name,
            decided_by: row.decider_name,
            reason: row.reason,
        }
    };
    let list = List { certificates: rows.into_iter().map(line).collect() };
    let kinds = rules.certificates.clone();
    ctx.show(key::TRAIN_OUTSIDE, &list, |page| ListPage { page, list: &list, people, kinds })
}

/// A certificate as it is typed off.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "describes the fields; a form sends them beside the file")]
struct New {
    /// Name of the file.
    name: String,
    /// Id of the holder.
    person: String,
    /// Id of its kind.
    kind: String,
    number: String,
    issuer: String,
    /// As 2026-11-29.
    issued: String,
    /// Its last day; empty for none.
    expires: Option<String>,
}

/// The certificate.
#[derive(Serialize, JsonSchema)]
struct Done {
    id: String,
}

/// PDF, PNG or JPEG, by their first bytes.
fn known(bytes: &[u8]) -> bool {
    [&b"%PDF-"[..], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"].iter().any(|m| bytes.starts_with(m))
}

async fn record(ctx: Ctx, sent: Files) -> Result<Response, Error> {
    let text = |name: &str| sent.fields.get(name).map_or("", String::as_str);
    let rules = &ctx.app.catalog.training;
    let kind = rules.certificate(text("kind"));
    let kind = kind.ok_or_else(|| Error::invalid("kind", key::SERVER_FIELD_CHOICE))?;
    let number = line("number", text("number"), 60)?;
    let issuer = line("issuer", text("issuer"), 120)?;
    let bad = |field| Error::invalid(field, key::TRAIN_OUTSIDE_DAY_BAD);
    let issued: Date = text("issued").trim().parse().map_err(|_| bad("issued"))?;
    let expires: Option<Date> = match text("expires").trim() {
        "" => None,
        day => Some(day.parse().map_err(|_| bad("expires"))?),
    };
    if issued > clock::day(clock::now()) {
        return Err(bad("issued"));
    }
    if expires.is_some_and(|day| day < issued) {
        return Err(bad("expires"));
    }
    let file = sent.files.first().ok_or_else(|| Error::invalid("file", key::SERVER_FIELD_EMPTY))?;
    if file.bytes.len() > LARGEST || !known(&file.bytes) {
        return Err(Error::invalid("file", key::TRAIN_OUTSIDE_FILE_BAD));
    }
    let name = prose("file", &file.name, 200)?;
    let (app, bytes) = (ctx.app.clone(), file.bytes.clone());
    let hash = tokio::task::spawn_blocking(move || {
        blobs::keep(&app, &bytes).and_then(|hash| blobs::settle(&app).map(|()| hash))
    });
    let hash = hash.await.map_err(Error::internal)??;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let holder = text("person").to_owned();
    if holder.is_empty()
        || people::everybody(&mut change, &organisation, Some(&holder)).await?.is_empty()
    {
        return Err(Error::invalid("person", key::SERVER_FIELD_CHOICE));
    }
    let id = new_id();
    let made = sqlx::query(
        "INSERT INTO outside_certificate (id, organisation, person, kind, number, issuer, issued, \
         expires, file_name, file, state, recorded, recorder, recorder_name) VALUES ($1, $2, $3, $4, \
         $5, $6, $7, $8, $9, $10, 'waiting', $11, $12, $13) ON CONFLICT DO NOTHING",
    )
    .bind(&id)
    .bind(&organisation)
    .bind(&holder)
    .bind(&kind.id)
    .bind(&number)
    .bind(&issuer)
    .bind(issued.to_string())
    .bind(expires.map(|d| d.to_string()).unwrap_or_default())
    .bind(&name)
    .bind(&hash)
    .bind(clock::now())
    .bind(change.actor().id.clone())
    .bind(change.actor().name.clone())
    .execute(&mut *change)
    .await?;
    if made.rows_affected() == 0 {
        return Err(Error::invalid("number", key::TRAIN_OUTSIDE_TAKEN));
    }
    let detail = json!({ "person": holder, "kind": kind.id, "number": number, "sha256": hash });
    change.note("outside.record", format!("outside/{id}"), detail);
    change.commit().await?;
    Ok(ctx.done(&Done { id }, "/training/outside", key::TRAIN_DONE))
}

async fn load(c: &mut AnyConnection, organisation: &str, id: &str) -> Result<Row, Error> {
    let sql = format!("SELECT {READ} FROM outside_certificate WHERE organisation = $1 AND id = $2");
    let row = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation).bind(id);
    Ok(row.fetch_one(c).await?)
}

async fn file(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let row = load(&mut *ctx.app.db.read().await?, ctx.organisation()?, &id).await?;
    let bytes = tokio::fs::read(blobs::path(&ctx.app, &row.file)).await?;
    let ending = match bytes.first() {
        Some(b'%') => "pdf",
        Some(0x89) => "png",
        _ => "jpg",
    };
    // A stranger's bytes: saved, never shown as a page of ours.
    let name = format!("attachment; filename=\"{id}.{ending}\"");
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, bytes).into_response())
}

/// Whether somebody is neither who recorded it nor its holder.
fn apart(row: &Row, person: &str) -> bool {
    row.recorder != person && row.person != person
}

/// What is decided.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Word {
    /// `approve`, `refuse` or `withdraw`.
    step: String,
    /// Needed to refuse and to withdraw.
    reason: String,
}

async fn decide(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(word): Input<Word>,
) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let (state, action, from) = match word.step.as_str() {
        "approve" => ("approved", "outside.approve", "waiting"),
        "refuse" => ("refused", "outside.refuse", "waiting"),
        "withdraw" => ("withdrawn", "outside.withdraw", "approved"),
        _ => return Err(Error::invalid("step", key::SERVER_FIELD_CHOICE)),
    };
    let reason = match state {
        "approved" => String::new(),
        _ => line("reason", &word.reason, 300)?,
    };
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let row = load(&mut change, &who.organisation, &id).await?;
    // A second pair of eyes to let it count; one is enough to stop that.
    if state == "approved" && !apart(&row, &who.person) {
        return Err(Error::conflict(key::TRAIN_OUTSIDE_OTHER_PERSON));
    }
    let done = sqlx::query(
        "UPDATE outside_certificate SET state = $3, decided = $4, decider_name = $5, reason = $6 \
         WHERE organisation = $1 AND id = $2 AND state = $7",
    )
    .bind(&who.organisation)
    .bind(&id)
    .bind(state)
    .bind(clock::now())
    .bind(&who.name)
    .bind(&reason)
    .bind(from)
    .execute(&mut *change)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::conflict(key::TRAIN_OUTSIDE_DECIDED));
    }
    let detail = json!({ "person": row.person, "kind": row.kind, "number": row.number,
        "reason": reason });
    change.note(action, format!("outside/{id}"), detail);
    change.commit().await?;
    Ok(ctx.done(&Done { id }, "/training/outside", key::TRAIN_DONE))
}
