//! What was received, and who sends.

use super::{
    SUPERVISE,
    sender::{self, Sender},
};
use crate::{
    ctx::Ctx,
    error::Error,
    input::{Asked, blank},
    route::{Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

/// Rows on a page.
const ROWS: i64 = 100;
/// Senders that are shown: those with something to decide first.
const SENDERS: i64 = 200;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Packages received, the newest first").query::<Filter>().returns::<List>();
    r.get("/intake", SUPERVISE, doc, list);
}

/// Which packages.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Filter {
    /// `received`, `returned`, `accepted` or `refused`.
    state: String,
    /// Credit code of the enterprise.
    code: String,
    /// From 1.
    #[serde(deserialize_with = "blank")]
    page: Option<i64>,
}

/// A package in a list.
#[derive(Debug, FromRow, Serialize, JsonSchema)]
struct Line {
    id: String,
    code: String,
    name: String,
    sequence: i64,
    received: i64,
    /// `received`, `returned`, `accepted` or `refused`.
    state: String,
    /// `first`, `extends`, `unproven`, `rolled-back` or `forked`.
    continuity: String,
}

/// Packages, how many in each state, and senders.
#[derive(Serialize, JsonSchema)]
struct List {
    packages: Vec<Line>,
    /// Packages in each state.
    states: Vec<(String, i64)>,
    senders: Vec<Sender>,
    page: i64,
    more: bool,
    /// Verifier key of the receipts.
    key: String,
    /// Verifier key of the cosignatures.
    witness: String,
}

#[derive(Template)]
#[template(path = "submit/intake/list.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
    filter: &'a Filter,
}

impl ListPage<'_> {
    fn link(&self, page: i64) -> String {
        let page = page.to_string();
        let pairs = [("state", &self.filter.state), ("code", &self.filter.code), ("page", &page)];
        format!("/intake?{}", serde_html_form::to_string(pairs).unwrap_or_default())
    }
}

/// A state's colour.
pub(super) fn colour(state: &str) -> &'static str {
    match state {
        "accepted" | "first" | "extends" | "same" => "good",
        "returned" | "unproven" => "warn",
        "refused" | "forked" | "rolled-back" => "bad",
        _ => "note",
    }
}

async fn list(ctx: Ctx, Asked(filter): Asked<Filter>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let page = filter.page.unwrap_or(1).clamp(1, 1_000_000);
    let mut packages: Vec<Line> = sqlx::query_as(
        "SELECT i.id, i.code, s.name, i.sequence, i.received, i.state, i.continuity FROM intake i \
         JOIN sender s ON s.organisation = i.organisation AND s.code = i.code \
         WHERE i.organisation = $1 AND ($2 = '' OR i.state = $2) AND ($3 = '' OR i.code = $3) \
         ORDER BY i.received DESC, i.id DESC LIMIT $4 OFFSET $5",
    )
    .bind(organisation)
    .bind(&filter.state)
    .bind(&filter.code)
    .bind(ROWS + 1)
    .bind((page - 1) * ROWS)
    .fetch_all(&mut *c)
    .await?;
    let more = packages.len() as i64 > ROWS;
    packages.truncate(ROWS as usize);
    let states = sqlx::query_as(
        "SELECT state, COUNT(*) FROM intake WHERE organisation = $1 GROUP BY state ORDER BY state",
    )
    .bind(organisation)
    .fetch_all(&mut *c)
    .await?;
    let sql = format!(
        "SELECT {} FROM sender WHERE organisation = $1 AND ($2 = '' OR code = $2) ORDER BY \
         CASE WHEN warned > since THEN 0 WHEN key <> '' AND trusted = 0 THEN 1 ELSE 2 END, \
         invited DESC, code LIMIT $3",
        sender::COLUMNS
    );
    let senders = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(organisation)
        .bind(&filter.code)
        .bind(SENDERS)
        .fetch_all(&mut *c)
        .await?;
    let list = List {
        packages,
        states,
        senders,
        page,
        more,
        key: ctx.app.signer.key(organisation)?.verifier().to_string(),
        witness: ctx.app.signer.witness(organisation)?.verifier().to_string(),
    };
    ctx.show(key::INTAKE_TITLE, &list, |page| ListPage { page, list: &list, filter: &filter })
}
