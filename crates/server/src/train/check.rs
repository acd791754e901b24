//! The public page: anybody checks a certificate, by its address or by its file.

use super::{
    certificate::{Line, READ},
    issue,
};
use crate::{
    App, clock,
    ctx::Ctx,
    error::Error,
    input::Input,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::key;
use hangtu_train::credential::{Outcome, TrustedKey, verify};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) fn routes(r: &mut Routes) {
    r.page("/check", Access::Open, ask);
    let doc = Doc::new("Checks the file of a certificate").body::<File>().returns::<Checked>();
    r.post("/check", Access::Open, doc, file);
    let doc = Doc::new("Checks a certificate that this site issued").returns::<Checked>();
    r.get("/check/{id}", Access::Open, doc, one);
    let doc = Doc::new("A certificate as its holder got it").gives("application/vc+jwt");
    r.get("/check/{id}/certificate.jwt", Access::Open, doc, token);
    let doc = Doc::new("The signed list of withdrawn certificates: ORGANISATION.NUMBER.jwt")
        .gives("application/vc+jwt");
    r.get("/check/status/{list}", Access::Open, doc, status);
}

/// What a check found.
#[derive(Default, Serialize, JsonSchema)]
struct Checked {
    /// `valid`, `revoked`, `run-out`, `not-yet`, `unknown-issuer`, `changed` or `malformed`.
    outcome: &'static str,
    id: String,
    name: String,
    achievement: String,
    issuer: String,
    from: Option<i64>,
    until: Option<i64>,
    revoked: Option<i64>,
    /// The key it was signed with, as a did:key.
    key: String,
    /// The organisation's key in the form that `hangtu verify --key` takes.
    trusted: String,
    /// Where the signed list of withdrawals is.
    status: String,
}

#[derive(Template)]
#[template(path = "train/check.html")]
struct CheckPage<'a> {
    page: Page,
    found: Option<&'a Checked>,
}

async fn ask(ctx: Ctx) -> Result<Response, Error> {
    ctx.show(key::TRAIN_CHECK, &(), |page| CheckPage { page, found: None })
}

async fn find(app: &App, id: &str) -> Result<Line, Error> {
    let sql = format!("SELECT {READ} FROM certificate WHERE id = $1");
    let c = &mut *app.db.read().await?;
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_one(c).await?)
}

/// Checks a token against the key of the organisation that issued it here, and its status list.
async fn checked(app: &App, text: &str, line: Option<&Line>) -> Result<Checked, Error> {
    let (mut trusted, mut status, mut list) = (Vec::new(), None, String::new());
    let mut out = Checked::default();
    if let Some(line) = line {
        let key = app.signer.certificates(&line.organisation)?;
        trusted.extend(TrustedKey::of(key.verifier()));
        out.trusted = key.verifier().to_string();
        let c = &mut *app.db.read().await?;
        status = Some(issue::status_list(app, c, &line.organisation, line.list).await?);
        list = format!("/check/status/{}.{}.jwt", line.organisation, line.list);
        out.revoked = line.revoked;
    }
    let found = verify(text, &trusted, status.as_deref(), clock::stamp(clock::now()));
    out.outcome = match found.outcome {
        Outcome::Valid => "valid",
        Outcome::Revoked | Outcome::Suspended => "revoked",
        Outcome::Expired(_) => "run-out",
        Outcome::NotYet(_) => "not-yet",
        Outcome::UnknownIssuer => "unknown-issuer",
        Outcome::BrokenSignature | Outcome::Inconsistent => "changed",
        Outcome::Malformed | Outcome::Algorithm | Outcome::StatusUnknown(_) => "malformed",
    };
    out.status = list;
    if let Some(shown) = found.shown {
        out.id = shown.id;
        out.name = shown.name.unwrap_or_default();
        out.achievement = shown.achievement;
        out.issuer = shown.issuer_name;
        out.from = shown.valid_from.map(jiff::Timestamp::as_microsecond);
        out.until = shown.valid_until.map(jiff::Timestamp::as_microsecond);
        out.key = shown.key;
    }
    Ok(out)
}

async fn one(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let line = find(&ctx.app, &id).await?;
    let found = checked(&ctx.app, &line.token, Some(&line)).await?;
    ctx.show(key::TRAIN_CHECK, &found, |page| CheckPage { page, found: Some(&found) })
}

/// The text of a certificate's file.
#[derive(Deserialize, JsonSchema)]
struct File {
    token: String,
}

async fn file(ctx: Ctx, Input(file): Input<File>) -> Result<Response, Error> {
    let text = file.token.trim();
    // Whose key is to be asked for stands in our own row, not in what a stranger brought.
    let said = verify(text, &[], None, clock::stamp(clock::now())).shown;
    let id = said.map(|s| s.id).unwrap_or_default();
    let line = match id.strip_prefix("urn:uuid:") {
        Some(id) => match find(&ctx.app, id).await {
            Ok(line) => Some(line),
            Err(Error::NotFound) => None,
            Err(e) => return Err(e),
        },
        None => None,
    };
    let found = checked(&ctx.app, text, line.as_ref()).await?;
    ctx.show(key::TRAIN_CHECK, &found, |page| CheckPage { page, found: Some(&found) })
}

const MEDIA: &str = "application/vc+jwt";

async fn token(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let line = find(&ctx.app, &id).await?;
    let name = "attachment; filename=\"certificate.jwt\"";
    let headers = [(header::CONTENT_TYPE, MEDIA), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, line.token).into_response())
}

async fn status(ctx: Ctx, Path(list): Path<String>) -> Result<Response, Error> {
    let parts: Vec<&str> = list.split('.').collect();
    let [organisation, number, "jwt"] = parts[..] else { return Err(Error::NotFound) };
    let number: i64 = number.parse().map_err(|_| Error::NotFound)?;
    let c = &mut *ctx.app.db.read().await?;
    let (n,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM certificate WHERE organisation = $1 AND list = $2")
            .bind(organisation)
            .bind(number)
            .fetch_one(&mut *c)
            .await?;
    if n == 0 {
        return Err(Error::NotFound);
    }
    let signed = issue::status_list(&ctx.app, c, organisation, number).await?;
    let name = "attachment; filename=\"status.jwt\"";
    let headers = [(header::CONTENT_TYPE, MEDIA), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, signed).into_response())
}
