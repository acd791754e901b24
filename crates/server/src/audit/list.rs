//! Searching the trail, newest first.

use super::Log;
use crate::{
    auth::Right,
    clock::{self, DAY},
    ctx::Ctx,
    error::Error,
    input::{Asked, blank},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

/// Entries on a page.
const SHOWN: usize = 50;

pub(super) fn routes(r: &mut Routes) {
    r.get(
        "/audit",
        Access::May(Right::Audit),
        Doc::new("Search the audit trail, newest entries first")
            .query::<Search>()
            .returns::<Found>(),
        list,
    );
}

/// What is looked for; everything given must hold.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
struct Search {
    /// `own` or `instance`.
    #[serde(default)]
    log: Log,
    /// First day (UTC+8), as 2026-01-31.
    #[serde(default)]
    from: String,
    /// Last day.
    #[serde(default)]
    to: String,
    /// Part of the name, or the id, of who did it.
    #[serde(default)]
    actor: String,
    /// The action, or its beginning: `session` or `session.refuse`.
    #[serde(default)]
    action: String,
    /// The row, or its beginning: `finding` or `finding/0198…`.
    #[serde(default)]
    subject: String,
    /// Any text in the entry.
    #[serde(default)]
    text: String,
    /// Only entries before this number.
    #[serde(default, deserialize_with = "blank", skip_serializing_if = "Option::is_none")]
    before: Option<i64>,
}

/// One line of the trail.
#[derive(Debug, FromRow, Serialize, JsonSchema)]
struct Line {
    /// Its place in the log, from 0.
    sequence: i64,
    /// Microseconds since 1970, UTC.
    time: i64,
    /// Id of the person, or `system`.
    actor: String,
    /// The name as it was then.
    actor_name: String,
    action: String,
    subject: String,
}

/// A page of the trail.
#[derive(Debug, Serialize, JsonSchema)]
struct Found {
    entries: Vec<Line>,
    /// Ask again with this as `before` for the next page.
    before: Option<i64>,
}

impl Search {
    fn times(&self) -> Result<(i64, i64), Error> {
        let day = |field, text: &str| {
            let day: Result<jiff::civil::Date, _> = text.trim().parse();
            day.map(clock::end_of).map_err(|_| Error::invalid(field, key::AUDIT_BAD_DAY))
        };
        let from = match self.from.trim() {
            "" => i64::MIN,
            text => day("from", text)?.saturating_sub(DAY),
        };
        let to = match self.to.trim() {
            "" => i64::MAX,
            text => day("to", text)?,
        };
        Ok((from, to))
    }

    /// The query of the next page.
    fn next(&self, before: i64) -> String {
        let next = Self { before: Some(before), ..self.clone() };
        serde_html_form::to_string(next).unwrap_or_default()
    }
}

/// A pattern of LIKE that means the text itself.
fn plain(text: &str) -> String {
    text.trim().to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct ListPage<'a> {
    page: Page,
    q: &'a Search,
    found: &'a Found,
}

async fn list(ctx: Ctx, Asked(q): Asked<Search>) -> Result<Response, Error> {
    let (from, to) = q.times()?;
    let begins = |text: &str| match plain(text) {
        text if text.is_empty() => "%".to_owned(),
        text => format!("{text}%"),
    };
    // Case is folded by the database where it can (ASCII in SQLite, all letters in PostgreSQL).
    let mut entries: Vec<Line> = sqlx::query_as(
        "SELECT sequence, time, actor, actor_name, action, subject FROM ledger_entry \
         WHERE organisation = $1 AND sequence < $2 AND time > $3 AND time <= $4 \
         AND (actor = $5 OR lower(actor_name) LIKE $6 ESCAPE '\\') \
         AND action LIKE $7 ESCAPE '\\' AND subject LIKE $8 ESCAPE '\\' \
         AND lower(body) LIKE $9 ESCAPE '\\' ORDER BY sequence DESC LIMIT $10",
    )
    .bind(q.log.of(&ctx)?)
    .bind(q.before.unwrap_or(i64::MAX))
    .bind(from)
    .bind(to)
    .bind(q.actor.trim())
    .bind(format!("%{}%", plain(&q.actor)))
    .bind(begins(&q.action))
    .bind(begins(&q.subject))
    .bind(format!("%{}%", plain(&q.text)))
    .bind(SHOWN as i64 + 1)
    .fetch_all(&mut *ctx.app.db.read().await?)
    .await?;
    let more = entries.len() > SHOWN;
    entries.truncate(SHOWN);
    let before = entries.last().filter(|_| more).map(|line| line.sequence);
    let found = Found { entries, before };
    ctx.show(key::NAV_AUDIT, &found, |page| ListPage { page, q: &q, found: &found })
}

/// The key of an action's text.
pub(super) fn word(action: &str) -> String {
    action.replace('.', "-")
}
