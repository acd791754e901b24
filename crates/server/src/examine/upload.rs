//! Sending evidence in pieces that are each kept.

use super::{
    incoming::{self, received},
    store,
};
use crate::{
    App,
    auth::{Right, new_id},
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Asked, Input, line},
    route::{Access, Doc, Routes},
};
use axum::{
    Json,
    body::Body,
    extract::Path,
    http::Method,
    response::{IntoResponse, Response},
};
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

/// The largest file that is taken.
const LARGEST: u64 = 50 << 30;
/// What is left free on the disk besides.
const SPARE: u64 = 256 << 20;

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(Right::Examine);
    r.post(
        "/evidence/uploads",
        may,
        Doc::new("Begin to send a file of evidence").body::<NewUpload>().returns::<Begun>(),
        begin,
    );
    r.get(
        "/evidence/uploads/{id}",
        may,
        Doc::new("How much of a file has arrived").returns::<Standing>(),
        standing,
    );
    r.add(
        Method::PATCH,
        "/evidence/uploads/{id}",
        may,
        Some(
            Doc::new("Send the piece of a file that begins at the offset")
                .query::<At>()
                .takes("application/octet-stream")
                .returns::<Standing>(),
        ),
        piece,
    );
    r.post(
        "/evidence/uploads/{id}/finish",
        may,
        Doc::new("End a file of which everything has arrived").returns::<Finished>(),
        finish,
    );
}

/// A file to be sent.
#[derive(Deserialize, JsonSchema)]
struct NewUpload {
    /// What it is called.
    name: String,
    /// Its length.
    bytes: u64,
}

/// A file may be sent.
#[derive(Serialize, JsonSchema)]
struct Begun {
    id: String,
}

/// How much of a file has arrived.
#[derive(Serialize, JsonSchema)]
struct Standing {
    name: String,
    bytes: u64,
    received: u64,
}

/// Where a piece begins.
#[derive(Deserialize, JsonSchema)]
struct At {
    offset: u64,
}

/// A file that is now evidence.
#[derive(Serialize, JsonSchema)]
struct Finished {
    /// Id of the evidence.
    id: String,
    sha256: String,
}

#[derive(FromRow)]
struct Upload {
    name: String,
    bytes: i64,
}

async fn load(app: &App, organisation: &str, id: &str) -> Result<Upload, Error> {
    sqlx::query_as("SELECT name, bytes FROM upload WHERE id = $1 AND organisation = $2")
        .bind(id)
        .bind(organisation)
        .fetch_optional(&mut *app.db.read().await?)
        .await?
        .ok_or(Error::NotFound)
}

/// Drops the row of an upload of the change's organisation.
pub(super) async fn remove(change: &mut Change, id: &str) -> Result<(), Error> {
    sqlx::query("DELETE FROM upload WHERE id = $1 AND organisation = $2")
        .bind(id)
        .bind(change.organisation().to_owned())
        .execute(&mut **change)
        .await?;
    Ok(())
}

async fn begin(ctx: Ctx, Input(new): Input<NewUpload>) -> Result<Response, Error> {
    let name = line("name", &new.name, 400)?;
    if new.bytes > LARGEST {
        return Err(Error::TooLarge);
    }
    let room = incoming::room(&ctx.app.config.data)?;
    if new.bytes.saturating_add(SPARE) > room {
        return Err(Error::Storage(format!("{} bytes offered, {room} free", new.bytes)));
    }
    let id = new_id();
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    sqlx::query(
        "INSERT INTO upload (id, organisation, person, name, bytes, created) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&id)
    .bind(change.organisation().to_owned())
    .bind(change.actor().id.clone())
    .bind(&name)
    .bind(new.bytes as i64)
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    change.note(
        "upload.begin",
        format!("upload/{id}"),
        json!({ "name": name, "bytes": new.bytes }),
    );
    change.commit().await?;
    Ok(Json(Begun { id }).into_response())
}

async fn standing(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let upload = load(&ctx.app, ctx.organisation()?, &id).await?;
    let received = received(&incoming::path(&ctx.app, &id));
    let bytes = upload.bytes as u64;
    Ok(Json(Standing { name: upload.name, bytes, received }).into_response())
}

async fn piece(
    ctx: Ctx,
    Path(id): Path<String>,
    Asked(at): Asked<At>,
    body: Body,
) -> Result<Response, Error> {
    let upload = load(&ctx.app, ctx.organisation()?, &id).await?;
    let (app, bytes) = (ctx.app.clone(), upload.bytes as u64);
    // A task of its own: a lost connection ends the body, never the writing in between.
    let work = tokio::spawn(async move {
        let path = incoming::path(&app, &id);
        let arrived = app.uploads.of(&id);
        let mut arrived = arrived.lock().await;
        incoming::settle(&mut arrived, &path).await?;
        if at.offset != arrived.bytes {
            return Err(Error::conflict(key::EVIDENCE_OFFSET));
        }
        incoming::piece(&mut arrived, &path, body, bytes).await?;
        Ok(arrived.bytes)
    });
    let received = work.await.map_err(Error::internal)??;
    Ok(Json(Standing { name: upload.name, bytes, received }).into_response())
}

async fn finish(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let upload = load(&ctx.app, ctx.organisation()?, &id).await?;
    let path = incoming::path(&ctx.app, &id);
    let arrived = ctx.app.uploads.of(&id);
    let mut arrived = arrived.lock().await;
    incoming::settle(&mut arrived, &path).await?;
    if arrived.bytes != upload.bytes as u64 {
        return Err(Error::conflict(key::EVIDENCE_INCOMPLETE));
    }
    let content =
        store::Content { sha256: arrived.sha256(), name: upload.name, bytes: arrived.bytes };
    let turn = ctx.app.uploads.turn.lock().await;
    store::place(&ctx.app, &path, &content.sha256).await?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let evidence = store::insert(&mut change, &content).await?;
    remove(&mut change, &id).await?;
    change.note(
        "upload.finish",
        format!("upload/{id}"),
        json!({ "evidence": evidence, "sha256": content.sha256 }),
    );
    change.commit().await?;
    drop(turn);
    ctx.app.uploads.forget(&id);
    incoming::discard(&path);
    Ok(Json(Finished { id: evidence, sha256: content.sha256 }).into_response())
}
