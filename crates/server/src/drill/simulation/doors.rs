//! Doors of a running simulation: the button of whoever notices, a product's webhook, the kill switch.

use super::{load, run::Now, subject};
use crate::{
    ctx::Ctx,
    error::Error,
    input::{Input, prose},
};
use axum::{
    body::{Bytes, to_bytes},
    extract::{Path, Request},
    response::Response,
};
use hangtu_catalog::key;
use hangtu_drill::simulate::{Detection, Source};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// Of a webhook this much is read; the first 400 characters are kept.
const WEBHOOK: usize = 64 << 10;

/// Who noticed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Noticed {
    /// `person`, or `product` for somebody who saw a product's alarm.
    by: String,
    /// What was seen.
    note: String,
}

/// What was heard.
#[derive(Serialize, JsonSchema)]
pub(super) struct Told {
    /// When, RFC 3339.
    at: String,
}

async fn running(ctx: &Ctx, id: &str) -> Result<Arc<Now>, Error> {
    let organisation = ctx.organisation()?;
    load(&mut *ctx.app.db.read().await?, organisation, id).await?;
    let now = ctx.app.drills.simulations.of(organisation).filter(|now| now.id == id);
    now.ok_or_else(|| Error::conflict(key::SIMULATION_OVER))
}

/// Records it first, for it counts from now; then enters who told.
async fn record(ctx: &Ctx, now: &Now, source: Source, note: String) -> Result<Told, Error> {
    let directory = now.directory().ok_or_else(|| Error::conflict(key::SIMULATION_EARLY))?;
    let directory = directory.to_owned();
    let noted = note.clone();
    let record = move || Detection::record(&directory, source, &noted);
    let detection = tokio::task::spawn_blocking(record).await.map_err(Error::internal)?;
    // Over between two looks: its directory is gone.
    let detection = detection.map_err(|_| Error::conflict(key::SIMULATION_OVER))?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let at = detection.at.to_string();
    let detail = json!({ "by": source.name(), "note": detection.note, "at": at });
    change.note("simulation.detect", subject(&now.id), detail);
    change.commit().await?;
    Ok(Told { at })
}

pub(super) async fn detected(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(noticed): Input<Noticed>,
) -> Result<Response, Error> {
    let now = running(&ctx, &id).await?;
    let source = if noticed.by == "product" { Source::Product } else { Source::Person };
    let note = prose("note", &noticed.note, 300)?;
    let who = &ctx.signed()?.name;
    let note = if note.is_empty() { who.clone() } else { format!("{who}: {note}") };
    let told = record(&ctx, &now, source, note).await?;
    Ok(ctx.done(&told, &format!("/drills/simulations/{id}"), key::SIMULATION_NOTICED))
}

pub(super) async fn webhook(ctx: Ctx, request: Request) -> Result<Response, Error> {
    let now = ctx.app.drills.simulations.of(ctx.organisation()?);
    let now = now.ok_or_else(|| Error::conflict(key::SIMULATION_NONE_RUNS))?;
    let body: Bytes = to_bytes(request.into_body(), WEBHOOK).await.map_err(|_| Error::TooLarge)?;
    let note = String::from_utf8_lossy(&body).into_owned();
    let told = record(&ctx, &now, Source::Webhook, note).await?;
    Ok(ctx.done(&told, &format!("/drills/simulations/{}", now.id), key::SIMULATION_NOTICED))
}

pub(super) async fn stop(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let now = running(&ctx, &id).await?;
    let stopped = tokio::task::spawn_blocking({
        let now = Arc::clone(&now);
        move || now.stop()
    });
    stopped.await.map_err(Error::internal)?.map_err(|e| Error::Conflict(super::told(&e)))?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let at = crate::clock::rfc3339(crate::clock::now());
    change.note("simulation.stop", subject(&id), json!({ "at": at }));
    change.commit().await?;
    Ok(ctx.done(&Told { at }, &format!("/drills/simulations/{id}"), key::SIMULATION_STOPPED))
}
