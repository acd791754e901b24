//! The regulator's own decisions: an enterprise in or out of the set whatever its revenue.

use super::Decision;
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    input::{Input, line},
    route::{Access, Doc, Routes},
    supervise::model,
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::{credit_code, key};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use sqlx::AnyConnection;

const BACK: &str = "/supervise/targets";

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(Right::Supervise);
    let doc = Doc::new("Put an enterprise in or out of the next target set, with a reason");
    r.post("/supervise/targets/decisions", may, doc.body::<New>(), decide);
    let doc = Doc::new("Withdraw a decision about the target set");
    r.post("/supervise/targets/decisions/{code}/withdraw", may, doc, withdraw);
}

/// A decision.
#[derive(Deserialize, JsonSchema)]
struct New {
    credit_code: String,
    /// `include` or `exclude`.
    what: String,
    reason: String,
}

/// The decisions there are.
pub(super) async fn all(c: &mut AnyConnection, supervisor: &str) -> Result<Vec<Decision>, Error> {
    Ok(sqlx::query_as(
        "SELECT o.credit_code, s.name, o.what, o.reason, o.time, o.person_name \
         FROM target_override o JOIN supervised s ON s.supervisor = o.supervisor \
         AND s.credit_code = o.credit_code WHERE o.supervisor = $1 ORDER BY o.time DESC LIMIT 500",
    )
    .bind(supervisor)
    .fetch_all(c)
    .await?)
}

async fn decide(ctx: Ctx, Input(new): Input<New>) -> Result<Response, Error> {
    let code = credit_code(new.credit_code.trim())
        .map_err(|e| Error::Invalid("credit_code", e.message()))?;
    if !["include", "exclude"].contains(&new.what.as_str()) {
        return Err(Error::invalid("what", key::SERVER_FIELD_CHOICE));
    }
    let reason = line("reason", &new.reason, 500)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let supervisor = change.organisation().to_owned();
    model::find(&mut change, &supervisor, code.as_str()).await?;
    sqlx::query(
        "INSERT INTO target_override (supervisor, credit_code, what, reason, time, person_name) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (supervisor, credit_code) DO UPDATE SET \
         what = excluded.what, reason = excluded.reason, time = excluded.time, \
         person_name = excluded.person_name",
    )
    .bind(&supervisor)
    .bind(code.as_str())
    .bind(&new.what)
    .bind(&reason)
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .execute(&mut *change)
    .await?;
    let detail = json!({ "what": new.what, "reason": reason });
    change.note("target.override", format!("supervised/{code}"), detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), BACK, key::SUPERVISE_SAVED))
}

async fn withdraw(ctx: Ctx, Path(code): Path<String>) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let gone =
        sqlx::query("DELETE FROM target_override WHERE supervisor = $1 AND credit_code = $2")
            .bind(change.organisation().to_owned())
            .bind(&code)
            .execute(&mut *change)
            .await?;
    if gone.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    change.note("target.withdraw", format!("supervised/{code}"), json!({}));
    change.commit().await?;
    Ok(ctx.done(&json!({}), BACK, key::SUPERVISE_SAVED))
}
