//! An enterprise that sends: its key, what was witnessed of its log.

use super::SUPERVISE;
use crate::{
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Input, prose},
    route::{Doc, Routes},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::{key, key::Key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Confirms that the key of an enterprise's packages is the enterprise's");
    r.post("/intake/senders/{code}/trust", SUPERVISE, doc, trust);
    let doc = Doc::new("Forgets the key of an enterprise: its next package brings a new one");
    r.post("/intake/senders/{code}/forget", SUPERVISE, doc.body::<Why>(), forget);
    let doc = Doc::new("Witnesses an enterprise's ledger anew after a fork was explained");
    r.post("/intake/senders/{code}/anew", SUPERVISE, doc.body::<Why>(), anew);
}

/// A row of `sender`.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Sender {
    /// Unified social credit code.
    pub(super) code: String,
    pub(super) name: String,
    pub(super) invited: i64,
    /// Verifier key of its packages; empty while none came.
    pub(super) key: String,
    /// When somebody confirmed the key; 0 for not yet.
    pub(super) trusted: i64,
    pub(super) trusted_name: String,
    /// The last checkpoint that was cosigned.
    pub(super) witnessed: String,
    /// When a fork or rollback was caught last; 0 for never.
    pub(super) warned: i64,
    #[serde(skip)]
    pub(super) since: i64,
    #[serde(skip)]
    pub(super) token: String,
}

pub(super) const COLUMNS: &str = "code, name, invited, key, trusted, trusted_name, witnessed, \
    warned, since, token";

impl Sender {
    /// `none`, `waiting` or `trusted`.
    pub(super) fn standing(&self) -> &'static str {
        match (self.key.is_empty(), self.trusted) {
            (true, _) => "none",
            (false, 0) => "waiting",
            (false, _) => "trusted",
        }
    }
}

/// The confirmed key of an enterprise's letters; nothing while nobody confirmed it.
pub(crate) async fn trusted(
    c: &mut AnyConnection,
    organisation: &str,
    code: &str,
) -> Result<Option<String>, Error> {
    let sender = find(c, organisation, code).await?;
    Ok(sender.filter(|s| s.standing() == "trusted").map(|s| s.key))
}

pub(super) async fn find(
    c: &mut AnyConnection,
    organisation: &str,
    code: &str,
) -> Result<Option<Sender>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM sender WHERE organisation = $1 AND code = $2");
    let row = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation).bind(code);
    Ok(row.fetch_optional(c).await?)
}

/// Holds a sender's row until the commit, so that its packages are compared one after the other.
pub(super) async fn hold(change: &mut Change, code: &str) -> Result<Option<Sender>, Error> {
    let organisation = change.organisation().to_owned();
    let sql = format!(
        "UPDATE sender SET code = code WHERE organisation = $1 AND code = $2 RETURNING {COLUMNS}"
    );
    let row = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation).bind(code);
    Ok(row.fetch_optional(&mut **change).await?)
}

/// Where to go on after a step about a sender: a package of it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Why {
    reason: String,
    /// Id of the package whose page the person was on.
    from: String,
}

fn back(from: &str) -> String {
    let plain = from.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if plain && !from.is_empty() { format!("/intake/{from}") } else { "/intake".to_owned() }
}

async fn step(
    ctx: &Ctx,
    (code, why): (&str, &Why),
    action: &'static str,
    sql: &'static str,
    said: Key,
) -> Result<Response, Error> {
    let reason = prose("reason", &why.reason, 500)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let sender = hold(&mut change, code).await?.ok_or(Error::NotFound)?;
    let (organisation, person) = (change.organisation().to_owned(), change.actor().name.clone());
    sqlx::query(sql)
        .bind(organisation)
        .bind(code)
        .bind(clock::now())
        .bind(person)
        .execute(&mut *change)
        .await?;
    let detail = json!({ "key": sender.key, "reason": reason });
    change.note(action, format!("sender/{code}"), detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), &back(&why.from), said))
}

async fn trust(
    ctx: Ctx,
    Path(code): Path<String>,
    Input(why): Input<Why>,
) -> Result<Response, Error> {
    let c = &mut *ctx.app.db.read().await?;
    let sender = find(c, ctx.organisation()?, &code).await?.ok_or(Error::NotFound)?;
    if sender.standing() != "waiting" {
        return Err(Error::conflict(key::SUBMIT_WRONG_STATE));
    }
    let sql = "UPDATE sender SET trusted = $3, trusted_name = $4, token = '' \
               WHERE organisation = $1 AND code = $2 AND key <> ''";
    let said = key::INTAKE_KEY_TRUSTED_DONE;
    step(&ctx, (&code, &why), "intake.trust", sql, said).await
}

async fn forget(
    ctx: Ctx,
    Path(code): Path<String>,
    Input(why): Input<Why>,
) -> Result<Response, Error> {
    let sql = "UPDATE sender SET key = '', trusted = 0, trusted_name = '', witnessed = '', \
               since = $3 WHERE organisation = $1 AND code = $2 AND $4 <> ''";
    step(&ctx, (&code, &why), "intake.forget", sql, key::INTAKE_KEY_FORGOTTEN).await
}

async fn anew(
    ctx: Ctx,
    Path(code): Path<String>,
    Input(why): Input<Why>,
) -> Result<Response, Error> {
    if why.reason.trim().is_empty() {
        return Err(Error::invalid("reason", key::SERVER_FIELD_EMPTY));
    }
    let sql = "UPDATE sender SET witnessed = '', since = $3 \
               WHERE organisation = $1 AND code = $2 AND $4 <> ''";
    step(&ctx, (&code, &why), "intake.anew", sql, key::INTAKE_ANEW_DONE).await
}
