//! Files about a finding: small ones, kept once under their hash.

use super::{
    actions::HANDS,
    finding::taker,
    model::{self, Said},
    state::Step,
};
use crate::{
    App,
    auth::{Right, new_id},
    clock,
    ctx::Ctx,
    error::Error,
    input::{Asked, line},
    route::{Access, Doc, Routes},
};
use axum::{
    body::Bytes,
    extract::Path,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use hangtu_catalog::{key, sha256};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Bytes of a file at most.
const LIMIT: usize = 20 << 20;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Attach a file to a finding; its bytes are the body")
        .query::<Named>()
        .takes("application/octet-stream")
        .returns::<Attached>();
    r.post("/findings/{id}/attachments", HANDS, doc, attach);
    let doc = Doc::new("The bytes of an attached file").gives("application/octet-stream");
    let read = Access::May(Right::Read);
    r.get("/findings/{id}/attachments/{attachment}", read, doc, download);
}

/// The name of a file.
#[derive(Deserialize, JsonSchema)]
struct Named {
    name: String,
}

/// The file's id.
#[derive(Serialize, JsonSchema)]
struct Attached {
    id: String,
    sha256: String,
}

/// An attached file.
#[derive(Clone, Debug, Serialize, JsonSchema, FromRow)]
pub(super) struct Attachment {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) sha256: String,
    pub(super) bytes: i64,
    pub(super) person_name: String,
    pub(super) time: i64,
}

/// The files about a finding, oldest first.
pub(super) async fn of(
    c: &mut AnyConnection,
    organisation: &str,
    finding: &str,
) -> Result<Vec<Attachment>, Error> {
    Ok(sqlx::query_as(
        "SELECT id, name, sha256, bytes, person_name, time FROM attachment \
         WHERE organisation = $1 AND finding = $2 ORDER BY id",
    )
    .bind(organisation)
    .bind(finding)
    .fetch_all(c)
    .await?)
}

fn path(app: &App, sha256: &str) -> PathBuf {
    app.config.data.join("attachments").join(sha256)
}

/// Keeps the bytes under their hash; durable when it returns.
pub(crate) async fn keep(app: &App, bytes: Bytes) -> Result<String, Error> {
    let hash = sha256(&bytes);
    let path = path(app, &hash);
    let kept = tokio::task::spawn_blocking(move || {
        let folder = path.parent().unwrap_or(&path);
        std::fs::create_dir_all(folder)?;
        if path.exists() {
            return Ok(());
        }
        // Under another name until whole, so that a file under its hash always has it.
        let part = folder.join(format!("{}.part", new_id()));
        let file = std::fs::File::create(&part)?;
        let written = std::io::Write::write_all(&mut &file, &bytes)
            .and_then(|()| file.sync_all())
            .and_then(|()| std::fs::rename(&part, &path));
        if written.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        written.and_then(|()| std::fs::File::open(folder)?.sync_all())
    });
    kept.await.map_err(Error::internal)??;
    Ok(hash)
}

/// The bytes that were kept under a hash.
pub(crate) async fn kept(app: &App, sha256: &str) -> Result<Vec<u8>, Error> {
    Ok(tokio::fs::read(path(app, sha256)).await?)
}

async fn attach(
    ctx: Ctx,
    Path(id): Path<String>,
    Asked(named): Asked<Named>,
    bytes: Bytes,
) -> Result<Response, Error> {
    let name = line("name", &named.name, 200)?;
    if bytes.is_empty() {
        return Err(Error::invalid("file", key::SERVER_FIELD_EMPTY));
    }
    if bytes.len() > LIMIT {
        return Err(Error::TooLarge);
    }
    let row = model::find(&mut *ctx.app.db.read().await?, ctx.organisation()?, &id).await?;
    let (taker, _) = taker(&ctx, &mut *ctx.app.db.read().await?, &row).await?;
    if !taker.may(Step::Attach) {
        return Err(Error::Forbidden);
    }
    let size = bytes.len() as i64;
    let hash = keep(&ctx.app, bytes).await?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let attachment = new_id();
    sqlx::query(
        "INSERT INTO attachment (id, organisation, finding, name, sha256, bytes, person, \
         person_name, time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&attachment)
    .bind(change.organisation().to_owned())
    .bind(&id)
    .bind(&name)
    .bind(&hash)
    .bind(size)
    .bind(change.actor().id.clone())
    .bind(change.actor().name.clone())
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    model::tell(&mut change, &row, Step::Attach, Said { text: &name, ..Said::default() }).await?;
    let detail = json!({ "name": name, "sha256": hash, "bytes": size });
    change.note(Step::Attach.action(), format!("finding/{id}"), detail);
    change.commit().await?;
    let next = format!("/findings/{id}");
    Ok(ctx.done(&Attached { id: attachment, sha256: hash }, &next, key::FINDING_DONE))
}

async fn download(
    ctx: Ctx,
    Path((id, attachment)): Path<(String, String)>,
) -> Result<Response, Error> {
    let found: Option<(String, String)> = sqlx::query_as(
        "SELECT name, sha256 FROM attachment \
         WHERE organisation = $1 AND finding = $2 AND id = $3",
    )
    .bind(ctx.organisation()?)
    .bind(&id)
    .bind(&attachment)
    .fetch_optional(&mut *ctx.app.db.read().await?)
    .await?;
    let (name, hash) = found.ok_or(Error::NotFound)?;
    let bytes = kept(&ctx.app, &hash).await?;
    Ok(file(bytes, "application/octet-stream", &name))
}

/// Bytes that a browser saves under a name and never shows.
pub(crate) fn file(bytes: Vec<u8>, media: &'static str, name: &str) -> Response {
    let encoded: String = name.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"-._".contains(&b) {
            out.push(b as char);
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{b:02X}");
        }
        out
    });
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{encoded}")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    (headers, bytes).into_response()
}
