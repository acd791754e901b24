//! Certificates: issued when an exam is passed or a track completed, shown, printed, withdrawn.

use super::{TRAIN, qr::Qr};
use crate::{
    auth::Right,
    clock::{self, DAY},
    ctx::Ctx,
    error::Error,
    input::{Input, line},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Language, key, text};
use hangtu_print::{Block, Document, Image, Run, plain};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};
use std::borrow::Borrow;

/// How long before its end the holder is reminded.
pub(super) const SOON: i64 = 60 * DAY;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Certificates of the organisation, the newest first").returns::<List>();
    r.get("/training/certificates", Access::May(TRAIN), doc, list);
    let doc = Doc::new("A certificate: of its holder, or of whoever manages training");
    r.get("/training/certificates/{id}", Access::Signed, doc.returns::<Line>(), show);
    let doc = Doc::new("A certificate as a file: certificate.pdf or certificate.jwt");
    let doc = doc.gives("application/octet-stream");
    r.get("/training/certificates/{id}/{file}", Access::Signed, doc, download);
    let doc = Doc::new("Withdraws a certificate").body::<Why>().returns::<Done>();
    r.post("/training/certificates/{id}/revoke", Access::May(TRAIN), doc, revoke);
}

/// A certificate.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) person_name: String,
    /// `course` or `track`.
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) title_zh: String,
    pub(super) title_en: String,
    pub(super) issued: i64,
    pub(super) until: i64,
    pub(super) revoked: Option<i64>,
    pub(super) reason: String,
    #[serde(skip)]
    pub(super) organisation: String,
    #[serde(skip)]
    pub(super) token: String,
    #[serde(skip)]
    pub(super) list: i64,
    #[serde(skip)]
    pub(super) language: String,
}

pub(super) const READ: &str = "id, person, person_name, kind, subject, title_zh, title_en, issued, \
    until, revoked, reason, organisation, token, list, language";

impl Line {
    pub(super) fn title(&self, language: impl Borrow<Language>) -> &str {
        match language.borrow() {
            Language::Chinese => &self.title_zh,
            Language::English => &self.title_en,
        }
    }

    /// `valid`, `revoked` or `run-out`.
    pub(super) fn state(&self) -> &'static str {
        match self.revoked {
            Some(_) => "revoked",
            None if self.until <= clock::now() => "run-out",
            None => "valid",
        }
    }

    /// Short, for people: the day and the end of the id.
    pub(super) fn number(&self) -> String {
        let tail: String =
            self.id.chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
        format!("HT{}-{}", clock::day(self.issued).strftime("%Y%m%d"), tail.to_uppercase())
    }
}

/// Somebody's certificates, the newest first.
pub(super) async fn of(
    c: &mut AnyConnection,
    organisation: &str,
    person: &str,
) -> Result<Vec<Line>, Error> {
    let sql = format!(
        "SELECT {READ} FROM certificate WHERE organisation = $1 AND ($2 = '' OR person = $2) \
         ORDER BY issued DESC LIMIT 500"
    );
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(organisation)
        .bind(person)
        .fetch_all(c)
        .await?)
}

/// The certificates there are.
#[derive(Serialize, JsonSchema)]
struct List {
    certificates: Vec<Line>,
}

#[derive(Template)]
#[template(path = "train/certificates.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
    holders: bool,
}

async fn list(ctx: Ctx) -> Result<Response, Error> {
    let c = &mut *ctx.app.db.read().await?;
    let list = List { certificates: of(c, ctx.organisation()?, "").await? };
    ctx.show(key::TRAIN_CERTIFICATES, &list, |page| ListPage { page, list: &list, holders: true })
}

async fn mine_or_managed(ctx: &Ctx, id: &str) -> Result<Line, Error> {
    let who = ctx.signed()?;
    let sql = format!("SELECT {READ} FROM certificate WHERE organisation = $1 AND id = $2");
    let line: Line = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(&who.organisation)
        .bind(id)
        .fetch_one(&mut *ctx.app.db.read().await?)
        .await?;
    if line.person == who.person || ctx.may(TRAIN).is_ok() {
        Ok(line)
    } else {
        Err(Error::NotFound)
    }
}

#[derive(Template)]
#[template(path = "train/certificate.html")]
struct CertificatePage<'a> {
    page: Page,
    line: &'a Line,
    address: String,
    qr: Qr,
}

/// Where anybody may check a certificate.
fn address(ctx: &Ctx, id: &str) -> String {
    format!("{}/check/{id}", ctx.app.config.url(ctx.app.config.listen))
}

async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let line = mine_or_managed(&ctx, &id).await?;
    let address = address(&ctx, &id);
    let qr = Qr::of(&address)?;
    let title = line.title(ctx.language).to_owned();
    ctx.show_titled(title, &line, |page| CertificatePage { page, line: &line, address, qr })
}

async fn download(ctx: Ctx, Path((id, file)): Path<(String, String)>) -> Result<Response, Error> {
    let line = mine_or_managed(&ctx, &id).await?;
    let (media, body) = match file.as_str() {
        "certificate.jwt" => ("application/vc+jwt", line.token.clone().into_bytes()),
        "certificate.pdf" => {
            let address = address(&ctx, &id);
            let organisation = ctx.signed()?.organisation_name.clone();
            let key = ctx.app.signer.certificates(&line.organisation)?.verifier().to_string();
            let document = document(&line, &organisation, &address, &key)?;
            ("application/pdf", crate::download::pdf(document).await?)
        }
        _ => return Err(Error::NotFound),
    };
    let name = format!("attachment; filename=\"{}-{file}\"", line.number());
    let headers = [(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, body).into_response())
}

/// The certificate on paper.
fn document(line: &Line, organisation: &str, address: &str, key: &str) -> Result<Document, Error> {
    let language = Language::from_tag(&line.language).unwrap_or(Language::Chinese);
    let t = |k| text(language, k, &[]);
    let (issued, until) =
        (clock::shown_day(line.issued, language), clock::shown_day(line.until, language));
    let course = line.title(language);
    let said = [
        ("name", line.person_name.as_str().into()),
        ("day", issued.as_str().into()),
        ("title", course.into()),
    ];
    let said_key = if line.kind == "track" { key::TRAIN_PDF_TRACK } else { key::TRAIN_PDF_COURSE };
    let alt = text(language, key::TRAIN_PDF_QR, &[("address", address.into())]);
    Ok(Document {
        language,
        title: t(key::TRAIN_PDF_TITLE),
        subtitle: course.to_owned(),
        number: line.number(),
        date: clock::day(line.issued),
        organisation: organisation.to_owned(),
        facts: vec![
            (t(key::TRAIN_HOLDER), line.person_name.clone()),
            (t(key::TRAIN_WHAT), course.to_owned()),
            (t(key::TRAIN_ISSUED), issued.clone()),
            (t(key::TRAIN_UNTIL), until),
            (t(key::TRAIN_ISSUER), organisation.to_owned()),
        ],
        blocks: vec![
            Block::Paragraph(plain(text(language, said_key, &said))),
            Block::Heading { level: 1, text: t(key::TRAIN_PDF_VERIFY) },
            Block::Paragraph(plain(t(key::TRAIN_PDF_VERIFY_ONLINE))),
            Block::Image(Image { png: Qr::of(address)?.png()?, alt }),
            Block::Paragraph(vec![Run::code(address)]),
            Block::Paragraph(plain(t(key::TRAIN_PDF_VERIFY_OFFLINE))),
            Block::Paragraph(vec![Run::code(format!(
                "hangtu verify certificate.jwt --key '{key}'"
            ))]),
        ],
    })
}

/// Why it is withdrawn.
#[derive(Deserialize, JsonSchema)]
struct Why {
    reason: String,
}

/// Where it stands.
#[derive(Serialize, JsonSchema)]
struct Done {
    id: String,
}

async fn revoke(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(why): Input<Why>,
) -> Result<Response, Error> {
    let reason = line("reason", &why.reason, 500)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let done = sqlx::query(
        "UPDATE certificate SET revoked = $3, revoked_name = $4, reason = $5 \
         WHERE organisation = $1 AND id = $2 AND revoked IS NULL",
    )
    .bind(change.organisation().to_owned())
    .bind(&id)
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .bind(&reason)
    .execute(&mut *change)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    change.note("certificate.revoke", format!("certificate/{id}"), json!({ "reason": reason }));
    change.commit().await?;
    let next = format!("/training/certificates/{id}");
    Ok(ctx.done(&Done { id }, &next, key::TRAIN_DONE))
}
