//! Files beside an answer: kept by their SHA-256, handed out as downloads only.

use super::{round, save::may_answer, sheet};
use crate::{
    App,
    auth::new_id,
    clock,
    ctx::Ctx,
    error::Error,
    input::{Asked, line},
};
use axum::{
    body::{Body, to_bytes},
    extract::Path,
    response::Response,
};
use hangtu_catalog::{key, sha256};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};
use std::{
    collections::HashMap,
    fs,
    io::{self, Write},
    path::{Path as FilePath, PathBuf},
};

/// The largest file taken.
const LIMIT: usize = 20 << 20;

/// A file beside an answer.
#[derive(Clone, Debug, Serialize, JsonSchema, FromRow)]
pub(super) struct Attachment {
    pub(super) id: String,
    #[serde(skip)]
    pub(super) round: String,
    #[serde(skip)]
    pub(super) control: String,
    pub(super) name: String,
    pub(super) bytes: i64,
    pub(super) sha256: String,
    pub(super) added: i64,
    pub(super) added_name: String,
}

/// The files of a round by control point.
pub(super) async fn of_round(
    c: &mut AnyConnection,
    organisation: &str,
    round: &str,
) -> Result<HashMap<String, Vec<Attachment>>, Error> {
    let rows: Vec<Attachment> = sqlx::query_as(
        "SELECT id, round, control, name, bytes, sha256, added, added_name FROM answer_attachment \
         WHERE organisation = $1 AND round = $2 AND removed IS NULL ORDER BY added, id",
    )
    .bind(organisation)
    .bind(round)
    .fetch_all(c)
    .await?;
    let mut all: HashMap<String, Vec<Attachment>> = HashMap::new();
    for row in rows {
        all.entry(row.control.clone()).or_default().push(row);
    }
    Ok(all)
}

async fn one(c: &mut AnyConnection, organisation: &str, id: &str) -> Result<Attachment, Error> {
    Ok(sqlx::query_as(
        "SELECT id, round, control, name, bytes, sha256, added, added_name FROM answer_attachment \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(organisation)
    .bind(id)
    .fetch_one(c)
    .await?)
}

fn place(app: &App, sha256: &str) -> PathBuf {
    app.config.data.join("attachments").join(sha256)
}

/// Whole or not at all: a name that is a hash never stands for half a file.
fn keep(path: &FilePath, bytes: &[u8]) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    let half = folder.join(format!("{}.part", new_id()));
    let written = fs::File::create(&half)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&half, path));
    if written.is_err() {
        // What is left of it is only in the way; the error is what matters.
        let _ = fs::remove_file(&half);
    }
    written
}

/// The file's name and the round it belongs to.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Named {
    round: String,
    name: String,
}

/// The id of a file and its hash.
#[derive(Serialize, JsonSchema)]
pub(super) struct Kept {
    id: String,
    sha256: String,
}

pub(super) async fn add(
    ctx: Ctx,
    Path(control): Path<String>,
    Asked(q): Asked<Named>,
    body: Body,
) -> Result<Response, Error> {
    let name = line("name", q.name.rsplit(['/', '\\']).next().unwrap_or_default(), 200)?;
    let organisation = ctx.organisation()?;
    {
        let mut c = ctx.app.db.read().await?;
        let row = sheet::row(&mut c, organisation, &q.round, &control).await?;
        may_answer(&ctx, &row)?;
    }
    let bytes = to_bytes(body, LIMIT).await.map_err(|_| Error::TooLarge)?;
    if bytes.is_empty() {
        return Err(Error::invalid("name", key::ANSWER_FILE_EMPTY));
    }
    let (hash, size) = (sha256(&bytes), bytes.len());
    let path = place(&ctx.app, &hash);
    tokio::task::spawn_blocking(move || keep(&path, &bytes)).await.map_err(Error::internal)??;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let round = round::hold(&mut change, &q.round).await?;
    let id = new_id();
    sqlx::query(
        "INSERT INTO answer_attachment (id, organisation, round, control, name, bytes, sha256, \
         added, added_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&id)
    .bind(organisation)
    .bind(&round.id)
    .bind(&control)
    .bind(&name)
    .bind(size as i64)
    .bind(&hash)
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .execute(&mut *change)
    .await?;
    let detail = json!({ "round": round.number, "name": name, "bytes": size, "sha256": hash });
    change.note("answer.attach", format!("answer/{control}"), detail);
    change.commit().await?;
    Ok(ctx.kept(&Kept { id, sha256: hash }, "/answers", key::ANSWER_SAID_ATTACHED))
}

pub(super) async fn get(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let file = one(&mut *ctx.app.db.read().await?, ctx.organisation()?, &id).await?;
    let path = place(&ctx.app, &file.sha256);
    let bytes =
        tokio::task::spawn_blocking(move || fs::read(path)).await.map_err(Error::internal)??;
    Ok(crate::correct::file(bytes, "application/octet-stream", &file.name))
}

/// Takes a file away from an answer of an open round; the bytes are kept for the trail.
pub(super) async fn remove(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let file = one(&mut change, &organisation, &id).await?;
    let round = round::hold(&mut change, &file.round).await?;
    let row = sheet::row(&mut change, &organisation, &round.id, &file.control).await?;
    may_answer(&ctx, &row)?;
    sqlx::query("UPDATE answer_attachment SET removed = $3 WHERE organisation = $1 AND id = $2")
        .bind(&organisation)
        .bind(&id)
        .bind(clock::now())
        .execute(&mut *change)
        .await?;
    let detail = json!({ "round": round.number, "name": file.name, "sha256": file.sha256 });
    change.note("answer.detach", format!("answer/{}", file.control), detail);
    change.commit().await?;
    let next = format!("/answers/questions?control={}", file.control);
    Ok(ctx.done(&json!({}), &next, key::ANSWER_SAID_DETACHED))
}
