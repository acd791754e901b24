//! Files that an enterprise answers with: kept under their hash, which alone is told.

use super::{load, own::LINKS};
use crate::{auth::new_id, clock, correct, ctx::Ctx, error::Error, files::Files, input::line};
use axum::{extract::Path, response::Response};
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

/// Bytes of a file that an item is answered with.
const LARGEST: usize = 20 << 20;

/// A file that an item is answered with.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) place: i64,
    pub(super) name: String,
    pub(super) sha256: String,
    pub(super) bytes: i64,
}

/// The files an enterprise answers a notice with.
pub(super) async fn files(
    c: &mut AnyConnection,
    organisation: &str,
    notice: &str,
) -> Result<Vec<Kept>, Error> {
    Ok(sqlx::query_as(
        "SELECT id, place, name, sha256, bytes FROM notice_file \
         WHERE organisation = $1 AND notice = $2 ORDER BY place, time, id",
    )
    .bind(organisation)
    .bind(notice)
    .fetch_all(c)
    .await?)
}

pub(super) async fn attach(
    ctx: Ctx,
    Path((id, place)): Path<(String, u32)>,
    sent: Files,
) -> Result<Response, Error> {
    let (notice, _) = load::told(&mut *ctx.app.db.read().await?, ctx.organisation()?, &id).await?;
    if notice.lifted.is_some() {
        return Err(Error::conflict(key::STEER_LIFTED));
    }
    if i64::from(place) >= notice.many {
        return Err(Error::NotFound);
    }
    if sent.files.len() > LINKS || sent.files.iter().any(|f| f.bytes.len() > LARGEST) {
        return Err(Error::TooLarge);
    }
    let mut kept = Vec::new();
    for file in &sent.files {
        let name = line("file", &file.name, 200)?;
        let hash = correct::keep(&ctx.app, file.bytes.clone()).await?;
        kept.push((name, hash, file.bytes.len() as i64));
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let (organisation, person) = (change.organisation().to_owned(), change.actor().name.clone());
    for (name, hash, bytes) in kept {
        sqlx::query(
            "INSERT INTO notice_file (id, organisation, notice, place, name, sha256, bytes, \
             person_name, time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(new_id())
        .bind(&organisation)
        .bind(&id)
        .bind(i64::from(place))
        .bind(&name)
        .bind(&hash)
        .bind(bytes)
        .bind(&person)
        .bind(clock::now())
        .execute(&mut *change)
        .await?;
        let detail = json!({ "number": notice.number, "item": place + 1, "name": name,
            "sha256": hash, "bytes": bytes });
        change.note("notice.attach", format!("notice/{id}"), detail);
    }
    change.commit().await?;
    Ok(ctx.done(&json!({}), &format!("/notices/{id}"), key::STEER_ATTACHED_DONE))
}

pub(super) async fn download(
    ctx: Ctx,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, Error> {
    let found: Option<(String, String)> = sqlx::query_as(
        "SELECT name, sha256 FROM notice_file WHERE organisation = $1 AND notice = $2 AND id = $3",
    )
    .bind(ctx.organisation()?)
    .bind(&id)
    .bind(&file)
    .fetch_optional(&mut *ctx.app.db.read().await?)
    .await?;
    let (name, hash) = found.ok_or(Error::NotFound)?;
    let bytes = correct::kept(&ctx.app, &hash).await?;
    Ok(correct::file(bytes, "application/octet-stream", &name))
}
