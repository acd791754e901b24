//! Certificates: issued when an exam is passed or a track completed, shown, printed, withdrawn.

use super::{TRAIN, attempt, qr::Qr, runs_out, urn};
use crate::{
    App,
    auth::{Right, new_id, random},
    clock::{self, DAY},
    ctx::Ctx,
    db::{Actor, Change},
    error::Error,
    input::{Input, line},
    people,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Bilingual, Language, Track, course::Course, key, text};
use hangtu_print::{Block, Document, Image, Run, plain};
use hangtu_train::credential::{
    Achievement, AchievementKind, Badge, Issuer, IssuerId, LEAST_ENTRIES, Recipient, StatusEntry,
    StatusList, StatusPurpose,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};
use std::borrow::Borrow;

/// How long a status list may be held against certificates before a newer one is asked for.
const LIST_HOLDS: i64 = 30 * DAY;
/// Places of a list that are given out before the next is begun: half, so that a free one is found.
const FULL: i64 = LEAST_ENTRIES as i64 / 2;
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
        let tail: String = self.id.chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
        format!("HT{}-{}", clock::day(self.issued).strftime("%Y%m%d"), tail.to_uppercase())
    }
}

/// What a new certificate is about.
struct New<'a> {
    kind: &'static str,
    subject: &'a str,
    version: String,
    title: Bilingual,
    description: &'a Bilingual,
    criteria: &'a Bilingual,
    months: u16,
    achievement: AchievementKind,
}

/// Issues the certificate of a course that was passed.
pub(super) async fn of_course(
    app: &App,
    change: &mut Change,
    row: &attempt::Row,
    course: &Course,
    at: i64,
) -> Result<(), Error> {
    let percent = [("percent", u64::from(course.exam.pass_percent).into())];
    let criteria = Bilingual::message(key::TRAIN_CRITERIA, &percent);
    let new = New {
        kind: "course",
        subject: &course.id,
        version: course.version.to_string(),
        title: course.title.clone(),
        description: &course.summary,
        criteria: &criteria,
        months: course.valid_months,
        achievement: AchievementKind::Course,
    };
    let holder = (row.person.as_str(), row.person_name.as_str(), row.language.as_str());
    issue(app, change, &new, holder, &row.id, at, None).await
}

/// Issues the certificate of a track that was completed; it holds as long as all it rests on.
pub(super) async fn of_track(
    app: &App,
    change: &mut Change,
    track: &Track,
    holder: (&str, &str, &str),
    at: i64,
    until: i64,
) -> Result<(), Error> {
    let new = New {
        kind: "track",
        subject: &track.id,
        version: app.catalog.training.version.to_string(),
        title: track.title.clone(),
        description: &track.criteria,
        criteria: &track.criteria,
        months: track.valid_months,
        achievement: AchievementKind::Certificate,
    };
    issue(app, change, &new, holder, "", at, Some(until)).await
}

async fn issuer(c: &mut AnyConnection, organisation: &str) -> Result<Issuer, Error> {
    let (name,): (String,) = sqlx::query_as("SELECT name FROM organisation WHERE id = $1")
        .bind(organisation)
        .fetch_one(c)
        .await?;
    Ok(Issuer { id: IssuerId::Key, name })
}

/// The id of a status list.
fn list_id(organisation: &str, list: i64) -> String {
    urn(&format!("hangtu status list {organisation} {list}"))
}

async fn issue(
    app: &App,
    change: &mut Change,
    new: &New<'_>,
    holder: (&str, &str, &str),
    attempt: &str,
    at: i64,
    until: Option<i64>,
) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    let (person, name, language) = holder;
    let (given,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM certificate WHERE organisation = $1")
            .bind(&organisation)
            .fetch_one(&mut **change)
            .await?;
    let list = given / FULL;
    let place = loop {
        let place = u32::from_be_bytes(random::<4>()?) % LEAST_ENTRIES;
        let (taken,): (i64,) = sqlx::query_as(
            "SELECT COUNT(*) FROM certificate WHERE organisation = $1 AND list = $2 AND place = $3",
        )
        .bind(&organisation)
        .bind(list)
        .bind(i64::from(place))
        .fetch_one(&mut **change)
        .await?;
        if taken == 0 {
            break place;
        }
    };
    let id = new_id();
    let until = until.unwrap_or_else(|| runs_out(at, new.months));
    let tongue = Language::from_tag(language).unwrap_or(Language::Chinese);
    let account = people::staff(change, &organisation, Some(person)).await?;
    let salt = hangtu_catalog::hex(&random::<16>()?);
    let badge = Badge {
        id: format!("urn:uuid:{id}"),
        issuer: issuer(change, &organisation).await?,
        recipient: Recipient {
            id: urn(&format!("hangtu person {organisation} {person}")),
            name: Some(name.to_owned()),
            hashed: account.into_iter().next().map(|a| (a.account, salt)),
        },
        achievement: Achievement {
            id: urn(&format!("hangtu {} {} {}", new.kind, new.subject, new.version)),
            kind: new.achievement,
            name: new.title.get(tongue).to_owned(),
            description: new.description.get(tongue).to_owned(),
            criteria: new.criteria.get(tongue).to_owned(),
            version: new.version.clone(),
            language: tongue.tag().to_owned(),
        },
        valid_from: clock::stamp(at),
        valid_until: Some(clock::stamp(until)),
        status: Some(StatusEntry { list: list_id(&organisation, list), index: place }),
    };
    let token = badge.issue(&app.signer.key(&organisation)?).map_err(Error::internal)?;
    sqlx::query(
        "INSERT INTO certificate (id, organisation, person, person_name, kind, subject, title_zh, \
         title_en, language, attempt, issued, until, list, place, token) VALUES ($1, $2, $3, $4, $5, \
         $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(&id)
    .bind(&organisation)
    .bind(person)
    .bind(name)
    .bind(new.kind)
    .bind(new.subject)
    .bind(new.title.zh.to_string())
    .bind(new.title.en.to_string())
    .bind(tongue.tag())
    .bind(attempt)
    .bind(at)
    .bind(until)
    .bind(list)
    .bind(i64::from(place))
    .bind(&token)
    .execute(&mut **change)
    .await?;
    let detail = json!({ "kind": new.kind, "subject": new.subject, "person": person,
        "until": clock::rfc3339(until), "sha256": hangtu_catalog::sha256(token.as_bytes()) });
    change.note("certificate.issue", format!("certificate/{id}"), detail);
    Ok(())
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
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation).bind(person).fetch_all(c).await?)
}

/// A signed status list of an organisation, as it stands now.
pub(super) async fn status_list(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
    list: i64,
) -> Result<String, Error> {
    let revoked: Vec<(i64,)> = sqlx::query_as(
        "SELECT place FROM certificate WHERE organisation = $1 AND list = $2 \
         AND revoked IS NOT NULL",
    )
    .bind(organisation)
    .bind(list)
    .fetch_all(&mut *c)
    .await?;
    let mut bits = StatusList::default();
    for (place,) in revoked {
        bits.set(u32::try_from(place).unwrap_or(u32::MAX), true);
    }
    let now = clock::now();
    let issuer = issuer(c, organisation).await?;
    bits.issue(
        &list_id(organisation, list),
        &issuer,
        StatusPurpose::Revocation,
        clock::stamp(now),
        clock::stamp(now + LIST_HOLDS),
        &app.signer.key(organisation)?,
    )
    .map_err(Error::internal)
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
    if line.person == who.person || ctx.may(TRAIN).is_ok() { Ok(line) } else { Err(Error::NotFound) }
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
            let key = ctx.app.signer.key(&line.organisation)?.verifier().to_string();
            let document = document(&line, &organisation, &address, &key)?;
            let pdf = tokio::task::spawn_blocking(move || hangtu_print::pdf(&document))
                .await
                .map_err(Error::internal)?
                .map_err(Error::internal)?;
            ("application/pdf", pdf)
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
    let said_key =
        if line.kind == "track" { key::TRAIN_PDF_TRACK } else { key::TRAIN_PDF_COURSE };
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
            Block::Paragraph(vec![Run::code(format!("hangtu verify certificate.jwt --key '{key}'"))]),
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

/// Marks certificates that end soon, once each; the holder's page then says so.
pub(super) async fn remind(app: &App) -> Result<(), Error> {
    let now = clock::now();
    let due: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT organisation, id, person FROM certificate c WHERE reminded IS NULL \
         AND revoked IS NULL AND until > $1 AND until < $2 AND NOT EXISTS (SELECT 1 FROM certificate \
         n WHERE n.organisation = c.organisation AND n.person = c.person AND n.kind = c.kind \
         AND n.subject = c.subject AND n.until > c.until) LIMIT 1000",
    )
    .bind(now)
    .bind(now + SOON)
    .fetch_all(&mut *app.db.read().await?)
    .await?;
    for (organisation, id, person) in due {
        let mut change = app.db.change(&Actor::system(&organisation)).await?;
        sqlx::query("UPDATE certificate SET reminded = $3 WHERE organisation = $1 AND id = $2")
            .bind(&organisation)
            .bind(&id)
            .bind(now)
            .execute(&mut *change)
            .await?;
        let detail = json!({ "person": person });
        change.note("certificate.remind", format!("certificate/{id}"), detail);
        change.commit().await?;
    }
    Ok(())
}
