//! Who may tell what, and what becomes of a notice afterwards: changed, lifted.

use super::{
    load,
    make::{choice, day},
    model::{KINDS, Notice},
};
use crate::{
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Input, line},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// Whether an organisation of this kind may tell it.
pub(super) fn may_issue(ctx: &Ctx, kind: &str, colour: &str) -> Result<(), Error> {
    let (steering, own) = (&ctx.app.catalog.steering, ctx.signed()?.kind.word());
    let by = |issuers: &[String]| issuers.iter().any(|i| i == own);
    let known = KINDS.contains(&kind);
    let of_kind = steering.kind(kind).filter(|_| known).ok_or_else(|| choice("kind"))?;
    if !by(&of_kind.issuers) {
        return Err(Error::invalid("kind", key::STEER_NOT_YOURS));
    }
    if kind != "warning" {
        return if colour.is_empty() { Ok(()) } else { Err(choice("colour")) };
    }
    let colour = steering.colour(colour).ok_or_else(|| choice("colour"))?;
    if by(&colour.issuers) { Ok(()) } else { Err(Error::invalid("colour", key::STEER_NOT_YOURS)) }
}

/// What is changed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Changed {
    /// Of a warning: the colour from now on.
    colour: String,
    /// Last day from now on; as before when empty.
    until: String,
    /// Why.
    note: String,
}

/// A notice that holds, within a change that holds its row.
async fn current(change: &mut Change, id: &str) -> Result<Notice, Error> {
    let supervisor = change.organisation().to_owned();
    sqlx::query("UPDATE notice SET revision = revision WHERE supervisor = $1 AND id = $2")
        .bind(&supervisor)
        .bind(id)
        .execute(&mut **change)
        .await?;
    let notice = load::issued(change, &supervisor, id).await?;
    if notice.lifted.is_some() {
        return Err(Error::conflict(key::STEER_LIFTED));
    }
    Ok(notice)
}

pub(super) async fn change(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(changed): Input<Changed>,
) -> Result<Response, Error> {
    let note = line("note", &changed.note, 500)?;
    let until = day("until", &changed.until)?;
    let now = clock::now();
    if until.is_some_and(|t| t <= now) {
        return Err(choice("until"));
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let notice = current(&mut change, &id).await?;
    let colour = if changed.colour.is_empty() { &notice.colour } else { &changed.colour };
    may_issue(&ctx, &notice.kind, colour)?;
    let until = until.or(notice.until);
    if (colour, until) == (&notice.colour, notice.until) {
        return Err(Error::conflict(key::STEER_NOTHING_CHANGED));
    }
    sqlx::query(
        "UPDATE notice SET colour = $3, until = $4, changed = $5, change_note = $6, \
         revision = revision + 1 WHERE supervisor = $1 AND id = $2 AND holder = ''",
    )
    .bind(&notice.supervisor)
    .bind(&id)
    .bind(colour)
    .bind(until)
    .bind(now)
    .bind(&note)
    .execute(&mut *change)
    .await?;
    let detail = json!({ "number": notice.number, "from": notice.colour, "to": colour,
        "until": until.map(clock::rfc3339).unwrap_or_default(), "note": note });
    change.note("notice.change", format!("notice/{id}"), detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), &format!("/supervise/notices/{id}"), key::STEER_CHANGED_DONE))
}

/// Why something is lifted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Why {
    note: String,
}

pub(super) async fn lift(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(why): Input<Why>,
) -> Result<Response, Error> {
    let note = line("note", &why.note, 500)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let notice = current(&mut change, &id).await?;
    sqlx::query(
        "UPDATE notice SET lifted = $3, lift_note = $4, revision = revision + 1 \
         WHERE supervisor = $1 AND id = $2 AND holder = ''",
    )
    .bind(&notice.supervisor)
    .bind(&id)
    .bind(clock::now())
    .bind(&note)
    .execute(&mut *change)
    .await?;
    let detail = json!({ "number": notice.number, "note": note });
    change.note("notice.lift", format!("notice/{id}"), detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), &format!("/supervise/notices/{id}"), key::STEER_LIFTED_DONE))
}
