//! Learning records: how many there are, all of them as a file, what the seat itself records, and where
//! they are sent on to. A job of the clock does the last two.

use super::{TRAIN, forward, say, statements};
use crate::{
    App,
    auth::Right,
    clock,
    ctx::Ctx,
    db::Actor,
    download,
    error::Error,
    input::{Input, line, prose},
    outward, rounds,
    route::{Access, Doc, Routes},
    ui::{Count, Page},
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::key;
use hangtu_train::exchange::xapi::Version;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};
use std::{
    io::{BufWriter, Write},
    time::Duration,
};
use tokio::task::JoinSet;

/// How often what is new is looked for.
const LOOK: Duration = Duration::from_secs(3);
/// Statements read from the store in one go.
const STRIDE: i64 = 500;
/// Organisations whose records are sent at once.
const SENDING: usize = 16;
const READERS: &[Right] = &[Right::Train, Right::System];

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Learning records: how many, what the seat records, where they are sent");
    r.get("/training/records", Access::Any(READERS), doc.returns::<Shown>(), show);
    let doc = Doc::new("Every statement that is kept, one a line, the oldest first");
    let doc = doc.gives("application/jsonl");
    r.get("/training/records/statements.jsonl", Access::May(TRAIN), doc, all);
    let doc = Doc::new("Sets what the seat turns into statements").body::<Own>();
    r.post("/training/records", Access::May(TRAIN), doc.returns::<Done>(), own);
    let system = Access::May(Right::System);
    let doc = Doc::new("Sets the store that statements are sent on to").body::<Target>();
    r.post("/training/records/target", system, doc.returns::<Done>(), target);
    let doc = Doc::new("Tries to send now what has not been taken yet").returns::<Done>();
    r.post("/training/records/send", system, doc, send);
}

/// The setting of an organisation, and how sending stands.
#[derive(Clone, Debug, Default, FromRow, Serialize, JsonSchema)]
pub(super) struct Out {
    #[serde(skip)]
    pub(super) organisation: String,
    /// 1 where what the seat knows becomes statements; `answers`: each answer too.
    pub(super) record: i64,
    pub(super) answers: i64,
    /// Base address of the other store; empty for none.
    pub(super) address: String,
    pub(super) account: String,
    #[serde(skip)]
    pub(super) secret: String,
    pub(super) version: String,
    /// Place of the last statement that was taken there.
    pub(super) sent: i64,
    /// Failures one after the other.
    pub(super) failures: i64,
    pub(super) problem: String,
    /// Statements that the other store would not have.
    pub(super) skipped: i64,
    pub(super) skipped_why: String,
    pub(super) tried: Option<i64>,
    pub(super) again: i64,
}

pub(super) const READ: &str = "organisation, record, answers, address, account, secret, version, \
    sent, failures, problem, skipped, skipped_why, tried, again";

async fn setting(c: &mut AnyConnection, organisation: &str) -> Result<Out, Error> {
    let sql = format!("SELECT {READ} FROM xapi_out WHERE organisation = $1");
    let row = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation).fetch_optional(c).await?;
    let none = || Out { version: Version::V1.name().into(), ..Out::default() };
    Ok(row.unwrap_or_else(none))
}

/// Learning records.
#[derive(Serialize, JsonSchema)]
struct Shown {
    /// Statements that are kept.
    kept: i64,
    /// Of them, how many the other store has taken or refused.
    sent: i64,
    setting: Out,
}

#[derive(Template)]
#[template(path = "train/records.html")]
struct RecordsPage<'a> {
    page: Page,
    data: &'a Shown,
}

async fn show(ctx: Ctx) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let setting = setting(c, organisation).await?;
    let (sent,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM xapi_statement WHERE organisation = $1 AND sequence <= $2",
    )
    .bind(organisation)
    .bind(setting.sent)
    .fetch_one(&mut *c)
    .await?;
    let data = Shown { kept: statements::count(c, organisation).await?, sent, setting };
    ctx.show(key::TRAIN_RECORDS, &data, |page| RecordsPage { page, data: &data })
}

/// Statements beyond a place, as they are kept.
pub(super) async fn beyond(
    c: &mut AnyConnection,
    organisation: &str,
    after: i64,
    most: i64,
) -> Result<Vec<(i64, String)>, Error> {
    Ok(sqlx::query_as(
        "SELECT sequence, body FROM xapi_statement WHERE organisation = $1 AND sequence > $2 \
         ORDER BY sequence LIMIT $3",
    )
    .bind(organisation)
    .bind(after)
    .bind(most)
    .fetch_all(c)
    .await?)
}

async fn all(ctx: Ctx) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let mut file = BufWriter::new(download::scratch(&ctx.app.config.data)?);
    let mut last = 0;
    loop {
        let rows = {
            let c = &mut *ctx.app.db.read().await?;
            beyond(c, organisation, last, STRIDE).await?
        };
        let Some((edge, _)) = rows.last() else { break };
        last = *edge;
        for (_, body) in &rows {
            // As it is kept it has no line ends.
            file.write_all(body.as_bytes())?;
            file.write_all(b"\n")?;
        }
    }
    let file = file.into_inner().map_err(|e| Error::from(e.into_error()))?;
    download::send(file, "application/jsonl; charset=utf-8", "statements.jsonl")
}

/// What the seat turns into statements.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Own {
    /// `yes` turns what the seat knows into statements; `answers` each answer too.
    record: String,
    answers: String,
}

/// The setting was kept.
#[derive(Serialize, JsonSchema)]
struct Done {
    done: bool,
}

async fn own(ctx: Ctx, Input(own): Input<Own>) -> Result<Response, Error> {
    let (record, answers) = (own.record == "yes", own.answers == "yes");
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    sqlx::query(
        "INSERT INTO xapi_out (organisation, record, answers, address, account, secret, version, \
         changed, person_name) VALUES ($1, $2, $3, '', '', '', $4, $5, $6) \
         ON CONFLICT (organisation) DO UPDATE SET record = excluded.record, \
         answers = excluded.answers, changed = excluded.changed, person_name = excluded.person_name",
    )
    .bind(change.organisation().to_owned())
    .bind(i64::from(record))
    .bind(i64::from(answers))
    .bind(Version::V1.name())
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .execute(&mut *change)
    .await?;
    let said = |on: bool| if on { "yes" } else { "no" };
    let detail = json!({ "record": said(record), "answers": said(answers) });
    change.note("xapi.target", "xapi/statements", detail);
    change.commit().await?;
    Ok(ctx.done(&Done { done: true }, "/training/records", key::TRAIN_RECORDS_SAVED))
}

/// The store that statements are sent on to.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Target {
    /// Base address, without `/statements`; empty for none.
    address: String,
    account: String,
    /// Empty leaves the one that is kept.
    secret: String,
    /// `1.0.3` or `2.0.0`.
    version: String,
}

async fn target(ctx: Ctx, Input(typed): Input<Target>) -> Result<Response, Error> {
    let address = typed.address.trim().trim_end_matches('/').to_owned();
    if !address.is_empty() && (address.len() > 500 || outward::address(&address).is_none()) {
        return Err(Error::invalid("address", key::TRAIN_RECORDS_ADDRESS_BAD));
    }
    let account =
        if address.is_empty() { String::new() } else { line("account", &typed.account, 200)? };
    let secret = prose("secret", &typed.secret, 500)?;
    let version = Version::parse(&typed.version).unwrap_or(Version::V1).name();
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let old = setting(&mut change, &organisation).await?;
    let same = old.address == address && old.account == account;
    let sealed = if address.is_empty() {
        String::new()
    } else if !secret.is_empty() {
        ctx.app.auth.seal(&owner(&organisation), secret.as_bytes())?
    } else if same && !old.secret.is_empty() {
        old.secret
    } else {
        // A secret given for one store is shown to no other.
        return Err(Error::invalid("secret", key::TRAIN_RECORDS_SECRET_NEEDED));
    };
    // Another store has none of them yet; what one refused in another version it may take in this one.
    let sent = if same && old.version == version { old.sent } else { 0 };
    sqlx::query(
        "INSERT INTO xapi_out (organisation, record, answers, address, account, secret, version, \
         sent, changed, person_name) VALUES ($1, 0, 0, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (organisation) DO UPDATE SET address = excluded.address, \
         account = excluded.account, secret = excluded.secret, version = excluded.version, \
         sent = excluded.sent, failures = 0, problem = '', skipped = 0, skipped_why = '', \
         again = 0, tried = NULL, changed = excluded.changed, person_name = excluded.person_name",
    )
    .bind(&organisation)
    .bind(&address)
    .bind(&account)
    .bind(sealed)
    .bind(version)
    .bind(sent)
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .execute(&mut *change)
    .await?;
    let detail = json!({ "address": address, "account": account, "version": version });
    change.note("xapi.target", "xapi/statements", detail);
    change.commit().await?;
    Ok(ctx.done(&Done { done: true }, "/training/records", key::TRAIN_RECORDS_SAVED))
}

/// Whose secret it is, for the vault.
pub(super) fn owner(organisation: &str) -> String {
    format!("xapi/{organisation}")
}

async fn send(ctx: Ctx) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let done =
        sqlx::query("UPDATE xapi_out SET again = 0 WHERE organisation = $1 AND address <> ''")
            .bind(change.organisation().to_owned())
            .execute(&mut *change)
            .await?;
    if done.rows_affected() == 0 {
        return Err(Error::conflict(key::TRAIN_RECORDS_NO_TARGET));
    }
    change.note("xapi.target", "xapi/statements", json!({ "again": "now" }));
    change.commit().await?;
    Ok(ctx.done(&Done { done: true }, "/training/records", key::TRAIN_RECORDS_QUEUED))
}

/// Begins to tell and to send what is new.
pub(super) fn start(app: &App) {
    rounds::every(app, LOOK, "learning records", |app| async move { round(&app).await });
}

async fn round(app: &App) -> Result<(), Error> {
    let sql = format!("SELECT {READ} FROM xapi_out WHERE record = 1 OR address <> ''");
    let rows: Vec<Out> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *app.db.read().await?).await?;
    let mut sending = JoinSet::new();
    for row in rows {
        if row.record == 1
            && let Err(e) = record(app, &row).await
        {
            tracing::warn!(organisation = row.organisation, error = ?e, "facts are not told");
        }
        // One slow store keeps no other organisation's records waiting longer than a round.
        if !row.address.is_empty() && row.again <= clock::now() {
            let app = app.clone();
            sending.spawn(async move {
                if let Err(e) = forward::send(&app, &row).await {
                    let organisation = row.organisation;
                    tracing::warn!(organisation, error = ?e, "records are not sent");
                }
            });
        }
        if sending.len() >= SENDING {
            sending.join_next().await;
        }
    }
    sending.join_all().await;
    Ok(())
}

async fn record(app: &App, row: &Out) -> Result<(), Error> {
    loop {
        let mut change = app.db.change(&Actor::system(&row.organisation)).await?;
        if say::tell(app, &mut change, row.answers == 1).await? == 0 {
            return Ok(());
        }
        change.commit().await?;
    }
}
