//! One entry of the trail.

use super::{Log, list::word};
use crate::{
    auth::Right,
    ctx::Ctx,
    error::Error,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

pub(super) fn routes(r: &mut Routes) {
    r.get(
        "/audit/{log}/{sequence}",
        Access::May(Right::Audit),
        Doc::new("One entry of the audit trail").returns::<Shown>(),
        show,
    );
}

/// An entry of the trail.
#[derive(Debug, Serialize, JsonSchema)]
struct Shown {
    sequence: i64,
    /// Microseconds since 1970, UTC.
    time: i64,
    actor: String,
    actor_name: String,
    action: String,
    subject: String,
    /// What else belongs to it.
    detail: Map<String, Value>,
    /// Hash of the leaf in the Merkle log, hexadecimal.
    leaf: String,
}

#[derive(Template)]
#[template(path = "audit/entry.html")]
struct EntryPage<'a> {
    page: Page,
    log: Log,
    e: &'a Shown,
}

/// A value as people read it.
fn readable(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(readable).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

async fn show(ctx: Ctx, Path((log, sequence)): Path<(String, i64)>) -> Result<Response, Error> {
    let log = Log::ALL.into_iter().find(|l| l.word() == log).ok_or(Error::NotFound)?;
    let (body,): (String,) =
        sqlx::query_as("SELECT body FROM ledger_entry WHERE organisation = $1 AND sequence = $2")
            .bind(log.of(&ctx)?)
            .bind(sequence)
            .fetch_one(&mut *ctx.app.db.read().await?)
            .await?;
    let entry = hangtu_ledger::Entry::parse(body.as_bytes()).map_err(Error::internal)?;
    let e = Shown {
        sequence,
        time: entry.time.as_microsecond(),
        actor: entry.actor.id,
        actor_name: entry.actor.name,
        action: entry.action,
        subject: entry.subject,
        detail: entry.detail,
        leaf: hangtu_ledger::leaf_hash(body.as_bytes()).to_string(),
    };
    ctx.show(key::AUDIT_ENTRY, &e, |page| EntryPage { page, log, e: &e })
}
