//! Backups while the program runs: a consistent copy of the database, every file, and a manifest
//! with their hashes, in one zstd-compressed tar archive.

use super::manifest::{self, Item, Manifest};
use crate::{
    App,
    audit::Signer,
    auth::{Right, new_id},
    clock,
    ctx::Ctx,
    db::{self, Actor, Db, Kind},
    download,
    error::Error,
    input::Input,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{hex, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Connection};
use std::{
    fs::{self, File},
    io::{self, BufWriter, ErrorKind, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

pub(super) fn routes(r: &mut Routes) {
    r.get(
        "/operate",
        Access::May(Right::System),
        Doc::new("How the instance stands").returns::<Standing>(),
        page,
    );
    r.post(
        "/admin/backup",
        Access::May(Right::System),
        Doc::new("Make a backup and send it").body::<Asked>().gives("application/zstd"),
        send,
    );
}

/// Why no backup was made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no site in the folder.
    #[error("{0} holds no site")]
    NoSite(PathBuf),
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    Io(PathBuf, #[source] io::Error),
    /// The database, or its ledger.
    #[error("{0}")]
    Database(String),
}

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupSaid {
    /// Files in it.
    pub files: usize,
    /// Their bytes, before compression.
    pub bytes: u64,
    /// Whether the database is among them; PostgreSQL's is not.
    pub database: bool,
}

fn broken(error: Error) -> BackupError {
    match error {
        Error::Internal(why) | Error::Storage(why) => BackupError::Database(why),
        other => BackupError::Database(format!("{other:?}")),
    }
}

/// Backs up a data folder, whether or not a program serves it. The file must not exist.
pub async fn backup(
    data: &Path,
    database_url: Option<&str>,
    out: &Path,
    keys: bool,
) -> Result<BackupSaid, BackupError> {
    if !data.join("keys/ledger.key").is_file() {
        return Err(BackupError::NoSite(data.to_owned()));
    }
    let at = |e| BackupError::Io(out.to_owned(), e);
    let mut open = fs::OpenOptions::new();
    let file = open.write(true).create_new(true).mode(0o600).open(out).map_err(at)?;
    let made = make(data, database_url, file, keys).await;
    match made {
        Ok((said, file)) => {
            file.sync_all().map_err(at)?;
            Ok(said)
        }
        Err(e) => {
            // Half a backup must not be taken for one.
            let _ = fs::remove_file(out);
            Err(e)
        }
    }
}

/// A copy of the database that is removed when it is done with.
struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

async fn site(connection: &mut AnyConnection) -> Result<String, Error> {
    let (site,): (String,) = sqlx::query_as(
        "SELECT value FROM setting WHERE organisation = 'instance' AND name = 'site-id'",
    )
    .fetch_one(connection)
    .await?;
    serde_json::from_str(&site).map_err(Error::internal)
}

async fn make(
    data: &Path,
    database_url: Option<&str>,
    out: File,
    keys: bool,
) -> Result<(BackupSaid, File), BackupError> {
    // The database first: every file it names is there when the files are read afterwards.
    let (copy, mut connection) = if let Some(url) = database_url {
        sqlx::any::install_default_drivers();
        let connection = AnyConnection::connect(url).await;
        (None, connection.map_err(|e| BackupError::Database(e.to_string()))?)
    } else {
        let copy = Copy(download::folder(data).map_err(broken)?.join(new_id()));
        Db::copy(data, &copy.0).await.map_err(broken)?;
        let connection = db::attach(&copy.0).await.map_err(broken)?;
        (Some(copy), connection)
    };
    let signer = Signer::read(data, &site(&mut connection).await.map_err(broken)?);
    let ledgers = manifest::ledgers(&mut connection, &signer.map_err(broken)?).await;
    let manifest = Manifest {
        schema: manifest::SCHEMA.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        created: clock::rfc3339(clock::now()),
        database: copy.is_some(),
        files: Vec::new(),
        ledgers: ledgers.map_err(broken)?,
    };
    connection.close().await.map_err(|e| BackupError::Database(e.to_string()))?;
    let data = data.to_owned();
    tokio::task::spawn_blocking(move || archive(&data, copy.as_ref(), manifest, out, keys))
        .await
        .map_err(|e| BackupError::Database(e.to_string()))?
}

fn archive(
    data: &Path,
    copy: Option<&Copy>,
    mut manifest: Manifest,
    out: File,
    keys: bool,
) -> Result<(BackupSaid, File), BackupError> {
    let at = |e| BackupError::Io(PathBuf::from("backup"), e);
    let encoder = zstd::Encoder::new(BufWriter::new(out), 3).map_err(at)?;
    let mut tar = tar::Builder::new(encoder);
    if let Some(copy) = copy {
        manifest.files.extend(add(&mut tar, &copy.0, db::FILE)?);
    }
    let mut waiting = vec![PathBuf::new()];
    while let Some(folder) = waiting.pop() {
        let path = data.join(&folder);
        let wrong = |e| BackupError::Io(path.clone(), e);
        let mut entries =
            fs::read_dir(&path).map_err(wrong)?.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = folder.join(entry.file_name());
            let Some(text) = name.to_str() else {
                return Err(wrong(io::Error::from(ErrorKind::InvalidFilename)));
            };
            let kind = entry.file_type().map_err(wrong)?;
            let left_out = text == "tmp" || text == "keys" && !keys || text.starts_with(db::FILE);
            if kind.is_dir() && !left_out {
                waiting.push(name);
            } else if kind.is_file() && !left_out {
                manifest.files.extend(add(&mut tar, &entry.path(), text)?);
            }
        }
    }
    let text = serde_json::to_vec(&manifest).map_err(|e| at(e.into()))?;
    let mut header = header(text.len() as u64);
    tar.append_data(&mut header, manifest::NAME, text.as_slice()).map_err(at)?;
    let encoder = tar.into_inner().map_err(at)?;
    let file = encoder.finish().map_err(at)?.into_inner().map_err(|e| at(e.into_error()))?;
    let said = BackupSaid {
        files: manifest.files.len(),
        bytes: manifest.files.iter().map(|f| f.bytes).sum(),
        database: manifest.database,
    };
    Ok((said, file))
}

fn header(bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header
}

/// Hashes what is written.
struct Hashed<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hash.update(&buffer[..n]);
        Ok(n)
    }
}

/// Adds a file as long as it is now; nothing when it has gone meanwhile.
fn add(
    tar: &mut tar::Builder<impl Write>,
    path: &Path,
    name: &str,
) -> Result<Option<Item>, BackupError> {
    let wrong = |e| BackupError::Io(path.to_owned(), e);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(wrong(e)),
    };
    let bytes = file.metadata().map_err(wrong)?.len();
    let mut input = Hashed { inner: file.take(bytes), hash: Sha256::new() };
    tar.append_data(&mut header(bytes), name, &mut input).map_err(wrong)?;
    if input.inner.limit() > 0 {
        // Shorter than it was: the archive would be out of step.
        return Err(wrong(ErrorKind::UnexpectedEof.into()));
    }
    Ok(Some(Item { path: name.to_owned(), bytes, sha256: hex(&input.hash.finalize()) }))
}

/// How the instance stands.
#[derive(Serialize, JsonSchema)]
struct Standing {
    version: &'static str,
    /// `sqlite` or `postgres`.
    database: &'static str,
    /// Free bytes on the disk of the data folder; absent where it may not be written.
    free: Option<u64>,
    /// Microseconds since 1970, UTC.
    started: i64,
}

#[derive(Template)]
#[template(path = "operate/operate.html")]
struct OperatePage<'a> {
    page: Page,
    s: &'a Standing,
}

async fn page(ctx: Ctx) -> Result<Response, Error> {
    let s = Standing {
        version: env!("CARGO_PKG_VERSION"),
        database: match ctx.app.db.kind {
            Kind::Sqlite => "sqlite",
            Kind::Postgres => "postgres",
        },
        free: super::health::room(&ctx.app),
        started: ctx.app.metrics.started,
    };
    ctx.show(key::NAV_OPERATE, &s, |page| OperatePage { page, s: &s })
}

/// What is wanted in the backup.
#[derive(Deserialize, JsonSchema)]
struct Asked {
    /// `yes` for the keys, too; who holds them can sign for this site.
    #[serde(default)]
    keys: String,
}

async fn send(ctx: Ctx, Input(form): Input<Asked>) -> Result<Response, Error> {
    let keys = form.keys == "yes";
    // The administrator's own log says so, and the instance's.
    for actor in [ctx.actor()?, Actor { organisation: "instance".into(), ..ctx.actor()? }] {
        let mut change = ctx.app.db.change(&actor).await?;
        let with = if keys { "yes" } else { "no" };
        change.note("backup.make", "instance", json!({ "keys": with }));
        change.commit().await?;
    }
    let App(parts) = &ctx.app;
    let (data, url) = (&parts.config.data, parts.config.database_url.as_deref());
    let out = download::scratch(data)?;
    let (_, file) = make(data, url, out, keys).await.map_err(Error::internal)?;
    let day = clock::stamp(clock::now()).strftime("%Y%m%d-%H%M%S");
    download::send(file, "application/zstd", &format!("hangtu-{day}.tar.zst"))
}
