//! What is asked of an enterprise that works in the supervisor's own instance.

use super::stands;
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    submit,
    supervise::steer::{Own, owned},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::FromRow;

/// A campaign as the enterprise sees it.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Asked {
    supervisor: String,
    number: i64,
    kind: String,
    title: String,
    text: String,
    scenario: String,
    exercise: String,
    need: i64,
    opens: i64,
    closes: i64,
    reminded: Option<i64>,
    /// When the facts it submitted showed it done.
    done: Option<i64>,
}

#[derive(Template)]
#[template(path = "supervise/campaign/own.html")]
struct OwnPage<'a> {
    page: Page,
    list: &'a [Asked],
    notices: &'a [Own],
    /// Whom the enterprise submits to, where it has an instance of its own.
    supervisor: bool,
    now: i64,
}

impl OwnPage<'_> {
    fn stands(&self, a: &Asked) -> &'static str {
        stands(a.done, a.closes, self.now)
    }
}

pub(super) async fn list(ctx: Ctx) -> Result<Response, Error> {
    // By the enterprise's own credit code: it sees what is asked of it, and of nobody else.
    let list: Vec<Asked> = sqlx::query_as(
        "SELECT o.name AS supervisor, c.number, c.kind, c.title, c.text, c.scenario, c.exercise, \
         c.need, c.opens, c.closes, c.reminded, m.done FROM organisation own \
         JOIN campaign_member m ON m.credit_code = own.credit_code \
         JOIN campaign c ON c.id = m.campaign JOIN organisation o ON o.id = c.supervisor \
         WHERE own.id = $1 AND c.called_off IS NULL ORDER BY c.closes DESC LIMIT 100",
    )
    .bind(ctx.organisation()?)
    .fetch_all(&mut *ctx.app.db.read().await?)
    .await?;
    let now = clock::now();
    let c = &mut *ctx.app.db.read().await?;
    let notices = owned(c, ctx.organisation()?).await?;
    let supervisor = submit::supervisor_key(c, ctx.organisation()?).await?.is_some();
    ctx.show(key::CAMPAIGN_OWN, &list, |page| OwnPage {
        page,
        list: &list,
        notices: &notices,
        supervisor,
        now,
    })
}
