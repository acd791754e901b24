//! Whether the program lives, and whether it can do its work.

use crate::{
    App,
    ctx::Ctx,
    db::Actor,
    error::Error,
    route::{Access, Routes},
};
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Less room than this on the disk of the data folder, and the program asks not to be used.
const ROOM: u64 = 256 << 20;

pub(super) fn routes(r: &mut Routes) {
    r.page("/health", Access::Open, health);
    r.page("/ready", Access::Open, ready);
}

async fn health() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// Says what fails, not why: anybody may ask. The log says why.
async fn ready(ctx: Ctx) -> Response {
    let database = writable(&ctx.app).await;
    if let Err(e) = &database {
        tracing::warn!(error = ?e, "not ready: the database cannot be written");
    }
    let disk = room(&ctx.app).is_some_and(|free| free >= ROOM);
    let word = |good| if good { "ok" } else { "failed" };
    let good = database.is_ok() && disk;
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": word(good), "database": word(database.is_ok()), "disk": word(disk),
    });
    (status, Json(body)).into_response()
}

/// Writes, and takes it back: the change is dropped without a commit.
async fn writable(app: &App) -> Result<(), Error> {
    let mut change = app.db.change(&Actor::instance()).await?;
    sqlx::query("UPDATE setting SET value = value WHERE organisation = 'instance'")
        .execute(&mut *change)
        .await?;
    Ok(())
}

/// Free bytes on the disk of the data folder; nothing where it may not be written.
pub(super) fn room(app: &App) -> Option<u64> {
    let disk = rustix::fs::statvfs(&app.config.data).ok()?;
    let writable = !disk.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY);
    writable.then(|| disk.f_bavail.saturating_mul(disk.f_frsize))
}
