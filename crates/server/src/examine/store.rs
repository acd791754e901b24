//! Stored evidence: files by the hash of their content, rows by organisation.

use crate::{App, auth::new_id, clock, db::Change, error::Error};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use sqlx::{AnyConnection, FromRow};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What is to be stored.
pub(super) struct Content {
    pub(super) sha256: String,
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// A piece of evidence.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Evidence {
    pub(super) id: String,
    pub(super) sha256: String,
    pub(super) name: String,
    pub(super) bytes: i64,
    /// Who brought it.
    pub(super) person_name: String,
    /// When, in microseconds since 1970.
    pub(super) created: i64,
}

/// Where content is kept.
pub(super) fn path(app: &App, sha256: &str) -> PathBuf {
    app.config.data.join("evidence").join(&sha256[..2]).join(sha256)
}

/// Makes an entry of a folder durable.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Puts a file where its content belongs; the same content is kept once. The file stays where it
/// is, too, until the store has said that it is evidence.
pub(super) async fn place(app: &App, file: &Path, sha256: &str) -> Result<(), Error> {
    let (file, to) = (file.to_owned(), path(app, sha256));
    let work = move || -> io::Result<()> {
        let folder = to.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        if to.exists() {
            return Ok(());
        }
        match fs::hard_link(&file, &to) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            // A file system without links.
            Err(e) if e.kind() != io::ErrorKind::StorageFull => fs::rename(&file, &to)?,
            done => done?,
        }
        sync(folder)?;
        folder.parent().map_or(Ok(()), sync)
    };
    Ok(tokio::task::spawn_blocking(work).await.map_err(Error::internal)??)
}

/// Adds stored content to the organisation of the change; gives the id of its row, which is the
/// earlier one when it was there.
pub(super) async fn insert(change: &mut Change, content: &Content) -> Result<String, Error> {
    let organisation = change.organisation().to_owned();
    let known: Option<(String,)> = sqlx::query_as(
        "SELECT id FROM evidence WHERE organisation = $1 AND sha256 = $2 AND deleted IS NULL",
    )
    .bind(&organisation)
    .bind(&content.sha256)
    .fetch_optional(&mut **change)
    .await?;
    if let Some((id,)) = known {
        return Ok(id);
    }
    let id = new_id();
    let actor = change.actor().clone();
    sqlx::query(
        "INSERT INTO evidence (id, organisation, sha256, name, bytes, person, person_name, created) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&id)
    .bind(&organisation)
    .bind(&content.sha256)
    .bind(&content.name)
    .bind(content.bytes as i64)
    .bind(actor.id)
    .bind(actor.name)
    .bind(clock::now())
    .execute(&mut **change)
    .await?;
    let detail = json!({ "name": content.name, "bytes": content.bytes, "sha256": content.sha256 });
    change.note("evidence.add", format!("evidence/{id}"), detail);
    Ok(id)
}

/// A piece of evidence that is still there.
pub(super) async fn load(
    connection: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<Evidence, Error> {
    sqlx::query_as(
        "SELECT id, sha256, name, bytes, person_name, created FROM evidence \
         WHERE id = $1 AND organisation = $2 AND deleted IS NULL",
    )
    .bind(id)
    .bind(organisation)
    .fetch_optional(connection)
    .await?
    .ok_or(Error::NotFound)
}

/// What a run was started over, deleted since or not, in the order it was sent.
pub(super) async fn of_run(
    connection: &mut AnyConnection,
    organisation: &str,
    run: &str,
) -> Result<Vec<Evidence>, Error> {
    Ok(sqlx::query_as(
        "SELECT e.id, e.sha256, e.name, e.bytes, e.person_name, e.created FROM run_evidence r \
         JOIN evidence e ON e.id = r.evidence AND e.organisation = r.organisation \
         WHERE r.run = $1 AND r.organisation = $2 ORDER BY e.created, e.id",
    )
    .bind(run)
    .bind(organisation)
    .fetch_all(connection)
    .await?)
}

/// Whether the content is still evidence of anybody. It is stored once for all organisations of
/// the instance, so this alone asks across them, and tells nobody.
pub(super) async fn used(connection: &mut AnyConnection, sha256: &str) -> Result<bool, Error> {
    let (n,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM evidence WHERE sha256 = $1 AND deleted IS NULL")
            .bind(sha256)
            .fetch_one(connection)
            .await?;
    Ok(n > 0)
}
