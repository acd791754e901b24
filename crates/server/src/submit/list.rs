//! The organisation's submissions, and drawing up a new one.

use super::{
    SUBMIT, draft,
    supervisor::{self, Supervisor, Warning},
};
use crate::{
    auth::{Right, new_id},
    clock,
    ctx::Ctx,
    error::Error,
    input::Input,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Submissions, the newest first").returns::<List>();
    r.get("/submissions", Access::May(Right::Read), doc, list);
    let doc = Doc::new("Draws up a submission from the facts of this moment; a draft gives way");
    r.post("/submissions", SUBMIT, doc.body::<New>().returns::<Made>(), make);
}

/// A submission in a list.
#[derive(Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Line {
    pub(super) id: String,
    /// Its number; absent while it is a draft.
    pub(super) sequence: Option<i64>,
    /// `draft`, `signed`, `sent`, `received`, `returned`, `resubmitted`, `accepted` or `refused`.
    pub(super) state: String,
    pub(super) as_of: i64,
    pub(super) person_name: String,
    pub(super) signed: Option<i64>,
    pub(super) signed_name: String,
    pub(super) digest: String,
}

/// The submissions, and whom they go to.
#[derive(Serialize, JsonSchema)]
struct List {
    submissions: Vec<Line>,
    supervisor: Option<Supervisor>,
    warning: Option<Warning>,
}

#[derive(Template)]
#[template(path = "submit/list.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
    warning: Option<&'a Warning>,
}

impl ListPage<'_> {
    /// The returned one that waits for an answer.
    fn returned(&self) -> Option<&Line> {
        self.list.submissions.iter().find(|s| s.state == "returned")
    }
}

/// A state's colour.
pub(super) fn colour(state: &str) -> &'static str {
    match state {
        "accepted" => "good",
        "returned" => "warn",
        "refused" => "bad",
        "received" | "sent" | "signed" => "note",
        _ => "",
    }
}

async fn list(ctx: Ctx) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let submissions = sqlx::query_as(
        "SELECT id, sequence, state, as_of, person_name, signed, signed_name, digest \
         FROM submission WHERE organisation = $1 ORDER BY created DESC, id DESC LIMIT 500",
    )
    .bind(organisation)
    .fetch_all(&mut *c)
    .await?;
    let supervisor = supervisor::read(c, organisation).await?;
    let warning = supervisor::warning(&ctx.app, c, organisation).await?;
    let list = List { submissions, supervisor, warning };
    ctx.show(key::SUBMIT_TITLE, &list, |page| ListPage {
        page,
        list: &list,
        warning: list.warning.as_ref(),
    })
}

/// What is to be drawn up.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct New {
    /// Id of the returned submission that it answers; empty for none.
    answers: String,
}

/// The new draft.
#[derive(Serialize, JsonSchema)]
struct Made {
    id: String,
}

async fn make(ctx: Ctx, Input(new): Input<New>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?.to_owned();
    let draft = draft::gather(&ctx.app, &organisation).await?;
    let facts = serde_json::to_string(&draft.facts).map_err(Error::internal)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    if !new.answers.is_empty() {
        let (state,): (String,) =
            sqlx::query_as("SELECT state FROM submission WHERE organisation = $1 AND id = $2")
                .bind(&organisation)
                .bind(&new.answers)
                .fetch_optional(&mut *change)
                .await?
                .ok_or(Error::NotFound)?;
        if state != "returned" {
            return Err(Error::conflict(key::SUBMIT_WRONG_STATE));
        }
    }
    // One draft at a time: what was not signed yet gives way.
    sqlx::query("DELETE FROM submission WHERE organisation = $1 AND state = 'draft'")
        .bind(&organisation)
        .execute(&mut *change)
        .await?;
    let id = new_id();
    let actor = change.actor().clone();
    sqlx::query(
        "INSERT INTO submission (id, organisation, state, facts, as_of, evidence, answers, created, \
         person, person_name) VALUES ($1, $2, 'draft', $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&id)
    .bind(&organisation)
    .bind(&facts)
    .bind(draft.as_of)
    .bind(&draft.evidence)
    .bind(&new.answers)
    .bind(clock::now())
    .bind(actor.id)
    .bind(actor.name)
    .execute(&mut *change)
    .await?;
    let detail =
        json!({ "facts": hangtu_catalog::sha256(facts.as_bytes()), "answers": new.answers });
    change.note("submission.draw-up", format!("submission/{id}"), detail);
    change.commit().await?;
    let next = format!("/submissions/{id}");
    Ok(ctx.done(&Made { id }, &next, key::SUBMIT_DRAWN_UP))
}
