//! What people do with a submission beside sending it.

use super::{
    SUBMIT,
    one::{self, Row},
    sign,
};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    route::{Access, Doc, Routes},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Signs and seals a draft that somebody else drew up").returns::<Signed>();
    r.post("/submissions/{id}/sign", Access::May(Right::Approve), doc, sign);
    let doc = Doc::new("Discards a draft");
    r.post("/submissions/{id}/discard", SUBMIT, doc, discard);
    let doc = Doc::new("Says that a signed package was handed over as a file");
    r.post("/submissions/{id}/hand-over", SUBMIT, doc, hand_over);
}

/// A package was sealed.
#[derive(Serialize, JsonSchema)]
struct Signed {
    sequence: u64,
    /// SHA-256 of the file.
    digest: String,
}

async fn load(ctx: &Ctx, id: &str, states: &[&str]) -> Result<Row, Error> {
    let row = one::load(&mut *ctx.app.db.read().await?, ctx.organisation()?, id).await?;
    if states.contains(&row.state.as_str()) {
        Ok(row)
    } else {
        Err(Error::conflict(key::SUBMIT_WRONG_STATE))
    }
}

async fn sign(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let row = load(&ctx, &id, &["draft"]).await?;
    if row.person == ctx.signed()?.person {
        return Err(Error::conflict(key::SUBMIT_NOT_APPROVER));
    }
    let package = sign::seal(&ctx.app, ctx.organisation()?, &row).await?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    if !sign::keep(&mut change, &row, &package).await? {
        return Err(Error::conflict(key::SUBMIT_WRONG_STATE));
    }
    change.commit().await?;
    let signed =
        Signed { sequence: package.submission().sequence, digest: package.digest().to_string() };
    Ok(ctx.done(&signed, &format!("/submissions/{id}"), key::SUBMIT_SIGNED_DONE))
}

async fn discard(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    load(&ctx, &id, &["draft"]).await?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let done = sqlx::query(
        "DELETE FROM submission WHERE organisation = $1 AND id = $2 AND state = 'draft'",
    )
    .bind(organisation)
    .bind(&id)
    .execute(&mut *change)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::conflict(key::SUBMIT_WRONG_STATE));
    }
    change.note("submission.discard", format!("submission/{id}"), json!({}));
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/submissions", key::SUBMIT_DISCARDED))
}

/// Says that it is on its way.
pub(super) async fn sent(change: &mut Change, id: &str) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    sqlx::query(
        "UPDATE submission SET state = 'sent', sent = $3 \
         WHERE organisation = $1 AND id = $2 AND state = 'signed'",
    )
    .bind(organisation)
    .bind(id)
    .bind(clock::now())
    .execute(&mut **change)
    .await?;
    Ok(())
}

async fn hand_over(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let row = load(&ctx, &id, &["signed"]).await?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    sent(&mut change, &id).await?;
    let detail = json!({ "sha256": row.digest });
    change.note("submission.hand-over", format!("submission/{id}"), detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), &format!("/submissions/{id}"), key::SUBMIT_HANDED_DONE))
}
