//! One submission: exactly what leaves the plant, and what was answered.

use super::{
    MEDIA,
    shown::Told,
    sign,
    supervisor::{self, Supervisor},
};
use crate::{
    auth::Right,
    clock,
    correct::file,
    ctx::Ctx,
    error::Error,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::key;
use hangtu_ledger::{Commitment, Hash, Membership, Sealed};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::{AnyConnection, FromRow};

pub(super) fn routes(r: &mut Routes) {
    let read = Access::May(Right::Read);
    let doc = Doc::new("One submission: what leaves the plant, and its receipts").returns::<One>();
    r.get("/submissions/{id}", read, doc, one);
    let doc = Doc::new("The sealed package of a submission (DSSE)").gives(MEDIA);
    r.get("/submissions/{id}/package", read, doc, package);
    let doc = Doc::new(
        "The proof that a file of evidence, named by its SHA-256, is under the package's commitment",
    );
    r.get("/submissions/{id}/evidence/{sha256}", read, doc.gives(MEDIA), membership);
}

/// A row of `submission`.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) sequence: Option<i64>,
    pub(super) state: String,
    pub(super) facts: String,
    pub(super) evidence: String,
    pub(super) answers: String,
    pub(super) created: i64,
    pub(super) person: String,
    pub(super) person_name: String,
    pub(super) signed: Option<i64>,
    pub(super) signed_name: String,
    pub(super) sent: Option<i64>,
    pub(super) size: i64,
    pub(super) digest: String,
    pub(super) package: String,
    /// When it is sent again, where it could not be sent yet.
    pub(super) send_next: Option<i64>,
    pub(super) send_tries: i64,
    pub(super) send_why: String,
}

pub(super) async fn load(
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<Row, Error> {
    sqlx::query_as(
        "SELECT id, sequence, state, facts, evidence, answers, created, person, person_name, signed, \
         signed_name, sent, size, digest, package, send_next, send_tries, send_why FROM submission \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(organisation)
    .bind(id)
    .fetch_optional(c)
    .await?
    .ok_or(Error::NotFound)
}

/// One thing to mend.
#[derive(Serialize, JsonSchema)]
struct Mend {
    part: String,
    text: String,
}

/// A receipt.
#[derive(Serialize, JsonSchema)]
struct Received {
    number: u64,
    /// `received`, `returned`, `accepted` or `refused`.
    state: &'static str,
    issued: i64,
    /// When the checkpoint was cosigned, in microseconds since 1970.
    cosigned: Option<i64>,
    items: Vec<Mend>,
}

/// A submission as its people see it.
#[derive(Serialize, JsonSchema)]
struct One {
    id: String,
    sequence: Option<i64>,
    state: String,
    /// The returned submission that it answers.
    answers: String,
    created: i64,
    person_name: String,
    signed: Option<i64>,
    signed_name: String,
    sent: Option<i64>,
    size: i64,
    digest: String,
    /// When it is sent again by itself, where it could not be sent yet, and why not.
    send_next: Option<i64>,
    send_why: String,
    told: Told,
    /// The latest first.
    receipts: Vec<Received>,
}

#[derive(Template)]
#[template(path = "submit/one.html")]
struct OnePage<'a> {
    page: Page,
    one: &'a One,
    told: &'a Told,
    files: &'a [Hash],
    supervisor: Option<&'a Supervisor>,
    /// Whether the reader drew it up.
    mine: bool,
}

fn received(content: &str) -> Option<Received> {
    let sealed = Sealed::open(content.as_bytes()).ok()?;
    let receipt = sealed.receipt();
    let mend = |i: &hangtu_ledger::Item| Mend { part: i.part.clone(), text: i.text.clone() };
    Some(Received {
        number: receipt.number,
        state: receipt.state.word(),
        issued: receipt.issued.as_microsecond(),
        cosigned: sealed.cosigned().and_then(|s| i64::try_from(s).ok()?.checked_mul(clock::SECOND)),
        items: receipt.items.iter().map(mend).collect(),
    })
}

async fn one(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let row = load(c, organisation, &id).await?;
    let contents: Vec<(String,)> = sqlx::query_as(
        "SELECT content FROM submission_receipt WHERE organisation = $1 AND submission = $2 \
         ORDER BY number DESC",
    )
    .bind(organisation)
    .bind(&id)
    .fetch_all(&mut *c)
    .await?;
    let files = sign::evidence(&row.evidence)?;
    let facts = serde_json::from_str(&row.facts).map_err(Error::internal)?;
    let root = Commitment::to(&files).root.to_base64();
    let one = One {
        id: row.id,
        sequence: row.sequence,
        state: row.state,
        answers: row.answers,
        created: row.created,
        person_name: row.person_name,
        signed: row.signed,
        signed_name: row.signed_name,
        sent: row.sent,
        size: row.size,
        digest: row.digest,
        send_next: row.send_next,
        send_why: row.send_why,
        told: Told::of(&facts, files.len() as u64, root)?,
        receipts: contents.iter().filter_map(|(content,)| received(content)).collect(),
    };
    let supervisor = supervisor::read(c, organisation).await?;
    let mine = row.person == ctx.signed()?.person;
    let number = one.sequence.map(|n| format!(" {n}")).unwrap_or_default();
    let title = format!("{}{number}", ctx.t(key::SUBMIT_TITLE));
    ctx.show_titled(title, &one, |page| OnePage {
        page,
        one: &one,
        told: &one.told,
        files: &files,
        supervisor: supervisor.as_ref(),
        mine,
    })
}

async fn package(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let row = load(c, organisation, &id).await?;
    let number = row.sequence.ok_or(Error::NotFound)?;
    let code = super::draft::code(c, organisation).await?;
    let name = format!("hangtu-{code}-{number}.submission.json");
    Ok(file(row.package.into_bytes(), MEDIA, &name))
}

async fn membership(
    ctx: Ctx,
    Path((id, sha256)): Path<(String, String)>,
) -> Result<Response, Error> {
    let row = load(&mut *ctx.app.db.read().await?, ctx.organisation()?, &id).await?;
    let wanted: Hash = sha256.parse().map_err(|_| Error::NotFound)?;
    let package: Hash = row.digest.parse().map_err(|_| Error::NotFound)?;
    let files = sign::evidence(&row.evidence)?;
    let proof = Membership::of(package, wanted, &files).ok_or(Error::NotFound)?;
    let name = format!("hangtu-{}.proof.json", &sha256[..16]);
    Ok(file(proof.write().into_bytes(), MEDIA, &name))
}
