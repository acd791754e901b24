//! One package: verified, looked at, accepted or returned with items.

use super::{
    super::{
        MEDIA,
        shown::{PARTS, Told},
    },
    SUPERVISE,
    answer::{self, Answer},
    not_on_roster,
    sender::{self, Sender},
    take,
};
use crate::{
    clock,
    correct::file,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Input, prose},
    route::{Doc, Routes},
    supervise,
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, key};
use hangtu_ledger::{Item, MAX_ITEMS, Package, Sealed, Standing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("One package: what it says, and how its ledger stands").returns::<Review>();
    r.get("/intake/{id}", SUPERVISE, doc, review);
    let doc = Doc::new("The package as it was received (DSSE)").gives(MEDIA);
    r.get("/intake/{id}/package", SUPERVISE, doc, package);
    let doc = Doc::new("The last receipt of a package (DSSE)").gives(MEDIA);
    r.get("/intake/{id}/receipt", SUPERVISE, doc, receipt);
    let doc = Doc::new("Accepts a submission: its facts are taken into the picture");
    r.post("/intake/{id}/accept", SUPERVISE, doc, accept);
    let doc = Doc::new("Returns a submission with items to be mended").body::<Typed>();
    r.post("/intake/{id}/return", SUPERVISE, doc, give_back);
}

/// A row of `intake`.
#[derive(Clone, Debug, FromRow)]
struct Row {
    id: String,
    code: String,
    sequence: i64,
    digest: String,
    package: String,
    created: i64,
    received: i64,
    state: String,
    continuity: String,
    reviewed: Option<i64>,
    reviewed_name: String,
    number: i64,
    receipt: String,
}

async fn load(c: &mut AnyConnection, organisation: &str, id: &str) -> Result<Row, Error> {
    sqlx::query_as(
        "SELECT id, code, sequence, digest, package, created, received, state, continuity, \
         reviewed, reviewed_name, number, receipt FROM intake WHERE organisation = $1 AND id = $2",
    )
    .bind(organisation)
    .bind(id)
    .fetch_optional(c)
    .await?
    .ok_or(Error::NotFound)
}

/// A package with the SHA-256 of its file.
pub(super) async fn held_package(
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<(Package, String), Error> {
    let row = load(c, organisation, id).await?;
    let (package, _) = opened(&row)?;
    Ok((package, row.digest))
}

/// What a package that was accepted told: its number and its facts.
#[cfg(feature = "history")]
pub(crate) async fn told(
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<(i64, supervise::Facts), Error> {
    let row = load(c, organisation, id).await?;
    let (package, _) = opened(&row)?;
    Ok((row.sequence, take::facts(&package)?))
}

/// The proof that a log shows two histories.
#[derive(Serialize, JsonSchema)]
struct Proof {
    /// The checkpoint that was seen first, signed.
    earlier: String,
    /// The one that cannot be true beside it, signed by the same key.
    later: String,
    /// Whether it was verified just now.
    holds: bool,
}

/// A package as a reviewer sees it.
#[derive(Serialize, JsonSchema)]
struct Review {
    id: String,
    sequence: i64,
    digest: String,
    created: i64,
    received: i64,
    /// `received`, `returned`, `accepted` or `refused`.
    state: String,
    /// `first`, `extends`, `unproven`, `rolled-back` or `forked`.
    continuity: String,
    reviewed: Option<i64>,
    reviewed_name: String,
    /// Number of the last receipt.
    number: i64,
    /// The returned package that it answers.
    answers: Option<String>,
    /// Entries that the ledger's checkpoint covers.
    size: u64,
    told: Told,
    sender: Sender,
    /// Part and text of what was returned.
    items: Vec<(String, String)>,
    proof: Option<Proof>,
}

#[derive(Template)]
#[template(path = "submit/intake/review.html")]
struct ReviewPage<'a> {
    page: Page,
    r: &'a Review,
    told: &'a Told,
}

fn opened(row: &Row) -> Result<(Package, Sealed), Error> {
    let package = Package::open(row.package.as_bytes()).map_err(Error::internal)?;
    let sealed = Sealed::open(row.receipt.as_bytes()).map_err(Error::internal)?;
    Ok((package, sealed))
}

async fn review(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let row = load(c, organisation, &id).await?;
    let sender = sender::find(c, organisation, &row.code).await?.ok_or(Error::NotFound)?;
    let (package, sealed) = opened(&row)?;
    let s = package.submission();
    let proof = sealed.receipt().fork.as_ref().map(|fork| Proof {
        earlier: fork.earlier.to_string(),
        later: fork.later.to_string(),
        holds: fork.verify(package.key()).is_ok_and(hangtu_ledger::Continuity::convicts),
    });
    let items = sealed.receipt().items.iter().map(|i| (i.part.clone(), i.text.clone()));
    let r = Review {
        id: row.id,
        sequence: row.sequence,
        digest: row.digest,
        created: row.created,
        received: row.received,
        state: row.state,
        continuity: row.continuity,
        reviewed: row.reviewed,
        reviewed_name: row.reviewed_name,
        number: row.number,
        answers: s.answers.map(|h| h.to_string()),
        size: package.checkpoint().size,
        told: Told::of(&s.facts, s.evidence.count, s.evidence.root.to_base64())?,
        sender,
        items: items.collect(),
        proof,
    };
    let title = format!("{} {}", r.told.facts.organisation.name, r.sequence);
    ctx.show_titled(title, &r, |page| ReviewPage { page, r: &r, told: &r.told })
}

async fn package(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let row = load(&mut *ctx.app.db.read().await?, ctx.organisation()?, &id).await?;
    let name = format!("hangtu-{}-{}.submission.json", row.code, row.sequence);
    Ok(file(row.package.into_bytes(), MEDIA, &name))
}

async fn receipt(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let row = load(&mut *ctx.app.db.read().await?, ctx.organisation()?, &id).await?;
    let name = format!("hangtu-{}-{}.receipt-{}.json", row.code, row.sequence, row.number);
    Ok(file(row.receipt.into_bytes(), MEDIA, &name))
}

/// Opens a package for a decision: its sender is held, its key confirmed, its state one of these.
async fn held(
    change: &mut Change,
    id: &str,
    states: &[&str],
) -> Result<(Row, Sender, Package), Error> {
    let organisation = change.organisation().to_owned();
    let code = load(change, &organisation, id).await?.code;
    let sender = sender::hold(change, &code).await?.ok_or(Error::NotFound)?;
    let row = load(change, &organisation, id).await?;
    if !states.contains(&row.state.as_str()) {
        return Err(Error::conflict(key::SUBMIT_WRONG_STATE));
    }
    let (package, _) = opened(&row)?;
    if sender.trusted == 0 || sender.key != package.key().to_string() {
        return Err(Error::conflict(key::INTAKE_KEY_NOT_YET));
    }
    Ok((row, sender, package))
}

/// Seals the next receipt and moves the package on.
async fn decide(
    ctx: &Ctx,
    change: &mut Change,
    (row, sender, package): (&Row, &Sender, &Package),
    state: Standing,
    items: Vec<Item>,
) -> Result<(), Error> {
    let number = row.number.unsigned_abs() + 1;
    let reply = Answer { number, state, items, fork: None };
    let sealed = answer::seal(&ctx.app, change, sender, (package, &row.continuity), reply).await?;
    let (organisation, person) = (change.organisation().to_owned(), change.actor().name.clone());
    sqlx::query(
        "UPDATE intake SET state = $3, reviewed = $4, reviewed_name = $5, number = $6, receipt = $7 \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(organisation)
    .bind(&row.id)
    .bind(state.word())
    .bind(clock::now())
    .bind(person)
    .bind(number as i64)
    .bind(take::text(&sealed)?)
    .execute(&mut **change)
    .await?;
    Ok(())
}

async fn accept(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let (row, sender, package) = held(&mut change, &id, &["received", "returned"]).await?;
    if row.continuity == "unproven" {
        return Err(Error::conflict(key::SUBMIT_UNPROVEN));
    }
    let facts = take::facts(&package)?;
    decide(&ctx, &mut change, (&row, &sender, &package), Standing::Accepted, vec![]).await?;
    let organisation = change.organisation().to_owned();
    supervise::picture::take_in(&mut change, &organisation, &row.code, &facts)
        .await
        .map_err(not_on_roster)?;
    let package = [organisation.as_str(), id.as_str()];
    supervise::history::due(&mut change, &organisation, package, &row.code).await?;
    let detail = json!({ "sender": row.code, "sequence": row.sequence, "sha256": row.digest });
    change.note("intake.accept", format!("intake/{id}"), detail);
    supervise::pass_up(&mut change, package, &row.code, &facts).await?;
    change.commit().await?;
    Ok(ctx.done(&json!({}), &format!("/intake/{id}"), key::INTAKE_ACCEPTED_DONE))
}

/// Items as a form sends them: part and text, in step.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Typed {
    /// `organisation`, `data`, `examination`, `risks`, `majors`, `drills`, `training`, `evidence` or
    /// `other`.
    part: Vec<String>,
    text: Vec<String>,
}

async fn give_back(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(typed): Input<Typed>,
) -> Result<Response, Error> {
    let mut items = Vec::new();
    for (part, text) in typed.part.iter().zip(&typed.text) {
        let text = prose("text", text, 2000)?;
        if text.is_empty() {
            continue;
        }
        if !PARTS.contains(&part.as_str()) {
            return Err(Error::invalid("part", key::SERVER_FIELD_CHOICE));
        }
        items.push(Item { part: part.clone(), text });
    }
    if items.is_empty() {
        return Err(Error::invalid("text", key::INTAKE_ITEMS_NEEDED));
    }
    if items.len() > MAX_ITEMS {
        let max = [("max", (MAX_ITEMS as u64).into())];
        return Err(Error::Invalid("text", Bilingual::message(key::SERVER_FIELD_LONG, &max)));
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let (row, sender, package) = held(&mut change, &id, &["received"]).await?;
    let told: Vec<_> = items.iter().map(|i| json!({ "part": i.part, "text": i.text })).collect();
    decide(&ctx, &mut change, (&row, &sender, &package), Standing::Returned, items).await?;
    let detail = json!({ "sender": row.code, "sequence": row.sequence, "items": told });
    change.note("intake.return", format!("intake/{id}"), detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), &format!("/intake/{id}"), key::INTAKE_RETURNED_DONE))
}
