//! The evidence there is: looking, deleting.

use super::{
    runs,
    store::{self, Evidence},
};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    input::{Asked, Input, line},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

/// Rows on a page of a list.
pub(super) const ROWS: i64 = 50;

pub(super) fn routes(r: &mut Routes) {
    r.get(
        "/evidence",
        Access::May(Right::Read),
        Doc::new("Stored evidence, newest first").query::<Paged>().returns::<List>(),
        list,
    );
    r.post(
        "/evidence/{id}/delete",
        Access::May(Right::Examine),
        Doc::new("Delete stored evidence; what runs found in it stays").body::<Why>(),
        delete,
    );
}

/// Which page of a list.
#[derive(Default, Deserialize, JsonSchema)]
pub(super) struct Paged {
    /// From 1.
    #[serde(default)]
    pub(super) page: Option<u32>,
}

impl Paged {
    pub(super) fn number(&self) -> i64 {
        i64::from(self.page.unwrap_or(1).max(1))
    }
}

/// Evidence with where it was used.
#[derive(FromRow, Serialize, JsonSchema)]
struct Item {
    #[sqlx(flatten)]
    #[serde(flatten)]
    evidence: Evidence,
    /// In how many runs.
    runs: i64,
}

#[derive(Serialize, JsonSchema)]
struct List {
    total: i64,
    page: i64,
    pages: i64,
    /// Server folders whose evidence may be examined in place.
    folders: Vec<String>,
    items: Vec<Item>,
}

#[derive(Template)]
#[template(path = "examine/evidence.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
}

async fn list(ctx: Ctx, Asked(q): Asked<Paged>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let mut connection = ctx.app.db.read().await?;
    let (total,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM evidence WHERE organisation = $1 AND deleted IS NULL")
            .bind(organisation)
            .fetch_one(&mut *connection)
            .await?;
    let items = sqlx::query_as(
        "SELECT e.id, e.sha256, e.name, e.bytes, e.person_name, e.created, \
         (SELECT COUNT(*) FROM run_evidence r WHERE r.organisation = $1 AND r.evidence = e.id) \
         AS runs FROM evidence e WHERE e.organisation = $1 AND e.deleted IS NULL \
         ORDER BY e.created DESC, e.id DESC LIMIT $2 OFFSET $3",
    )
    .bind(organisation)
    .bind(ROWS)
    .bind((q.number() - 1) * ROWS)
    .fetch_all(&mut *connection)
    .await?;
    let list = List {
        total,
        page: q.number(),
        pages: (total + ROWS - 1) / ROWS,
        folders: ctx.app.config.folders.iter().map(|f| f.display().to_string()).collect(),
        items,
    };
    ctx.show(key::EVIDENCE_TITLE, &list, |page| ListPage { page, list: &list })
}

/// Why evidence is deleted.
#[derive(Deserialize, JsonSchema)]
struct Why {
    reason: String,
}

async fn delete(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(why): Input<Why>,
) -> Result<Response, Error> {
    let reason = line("reason", &why.reason, 300)?;
    let _turn = ctx.app.uploads.turn.lock().await;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let evidence = store::load(&mut change, &organisation, &id).await?;
    if runs::uses(&mut change, &organisation, &id).await? {
        return Err(Error::conflict(key::EVIDENCE_IN_USE));
    }
    sqlx::query(
        "UPDATE evidence SET deleted = $3, reason = $4 WHERE id = $1 AND organisation = $2",
    )
    .bind(&id)
    .bind(&organisation)
    .bind(clock::now())
    .bind(&reason)
    .execute(&mut *change)
    .await?;
    let used = store::used(&mut change, &evidence.sha256).await?;
    let detail = json!({ "name": evidence.name, "sha256": evidence.sha256, "reason": reason });
    change.note("evidence.delete", format!("evidence/{id}"), detail);
    change.commit().await?;
    if !used {
        tokio::fs::remove_file(store::path(&ctx.app, &evidence.sha256))
            .await
            .or_else(|e| if e.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(e) })?;
    }
    Ok(ctx.done(&json!({}), "/evidence", key::EVIDENCE_DELETED))
}
