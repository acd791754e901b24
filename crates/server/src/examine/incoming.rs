//! Files on their way: pieces are written, hashed and made durable before they are acknowledged.

use crate::{App, clock, error::Error};
use axum::body::Body;
use futures_util::StreamExt;
use hangtu_catalog::hex;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fs, io,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::sync::Mutex as Turn;

/// An upload that nobody continues is dropped after this.
const ABANDONED: i64 = 3 * clock::DAY;

/// What has arrived of one file.
pub(super) struct Arrived {
    pub(super) bytes: u64,
    hash: Sha256,
    /// Whether what is here agrees with what is on disk; else it is read again.
    sound: bool,
}

/// Running hashes of the files on their way; lost at a restart and then made again from the disk.
#[derive(Default)]
pub(crate) struct Uploads {
    open: Mutex<HashMap<String, Arc<Turn<Arrived>>>>,
    /// Held while stored files or numbers of runs come and go.
    pub(super) turn: Turn<()>,
}

impl Uploads {
    pub(super) fn of(&self, id: &str) -> Arc<Turn<Arrived>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Turn::new(Arrived { bytes: 0, hash: Sha256::new(), sound: false }));
        Arc::clone(open.entry(id.to_owned()).or_insert_with(new))
    }

    pub(super) fn forget(&self, id: &str) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// Where the bytes of an upload are; its id is made here, so it is a plain name.
pub(super) fn path(app: &App, id: &str) -> PathBuf {
    app.config.data.join("uploads").join(id)
}

/// Beside it: how many of its bytes were acknowledged.
fn mark(path: &Path) -> PathBuf {
    path.with_extension("received")
}

/// How many bytes were acknowledged.
pub(super) fn received(path: &Path) -> u64 {
    fs::read_to_string(mark(path)).ok().and_then(|t| t.trim().parse().ok()).unwrap_or(0)
}

/// Brings what is here into agreement with the disk: what was not acknowledged is cut off.
pub(super) async fn settle(arrived: &mut Arrived, path: &Path) -> Result<(), Error> {
    if arrived.sound {
        return Ok(());
    }
    let path = path.to_owned();
    let read = move || -> io::Result<(u64, Sha256)> {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let mut file = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)?;
        let length = received(&path).min(file.metadata()?.len());
        file.set_len(length)?;
        file.seek(SeekFrom::Start(0))?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 18];
        loop {
            let n = file.read(&mut buffer)?;
            if n == 0 {
                return Ok((length, hash));
            }
            hash.update(&buffer[..n]);
        }
    };
    let (bytes, hash) = tokio::task::spawn_blocking(read).await.map_err(Error::internal)??;
    *arrived = Arrived { bytes, hash, sound: true };
    Ok(())
}

/// Takes in a piece; what arrived before a lost connection is kept. At most `total` in all.
pub(super) async fn piece(
    arrived: &mut Arrived,
    path: &Path,
    body: Body,
    total: u64,
) -> Result<(), Error> {
    let file = fs::OpenOptions::new().append(true).open(path)?;
    let mut file = tokio::fs::File::from_std(file);
    arrived.sound = false;
    let mut stream = body.into_data_stream();
    let mut broken = Ok(());
    while let Some(bytes) = stream.next().await {
        use tokio::io::AsyncWriteExt;
        let Ok(bytes) = bytes else {
            broken = Err(Error::invalid("", hangtu_catalog::key::SERVER_UNREADABLE));
            break;
        };
        if arrived.bytes + bytes.len() as u64 > total {
            return Err(Error::TooLarge);
        }
        file.write_all(&bytes).await?;
        arrived.hash.update(&bytes);
        arrived.bytes += bytes.len() as u64;
    }
    tokio::io::AsyncWriteExt::flush(&mut file).await?;
    file.sync_data().await?;
    let (mark, received) = (mark(path), arrived.bytes);
    let note = move || -> io::Result<()> {
        // One short write in place: it is there or it is not.
        let mut file =
            fs::OpenOptions::new().create(true).truncate(false).write(true).open(mark)?;
        file.write_all(format!("{received:020}").as_bytes())?;
        file.sync_data()
    };
    tokio::task::spawn_blocking(note).await.map_err(Error::internal)??;
    arrived.sound = true;
    broken
}

impl Arrived {
    /// The hash of all that has arrived.
    pub(super) fn sha256(&self) -> String {
        hex(&self.hash.clone().finalize())
    }
}

/// Drops the files of an upload.
pub(super) fn discard(path: &Path) {
    for path in [path, &mark(path)] {
        if let Err(e) = fs::remove_file(path)
            && e.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), error = %e, "upload not removed");
        }
    }
}

/// Room left on the disk of a folder, in bytes.
pub(super) fn room(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Drops uploads that nobody has continued for days, now and every hour.
pub(crate) fn clean(app: &App) {
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            if let Err(e) = clean_once(&app).await {
                tracing::warn!(error = ?e, "abandoned uploads stay");
            }
            tokio::time::sleep(Duration::from_hours(1)).await;
        }
    });
}

async fn clean_once(app: &App) -> Result<(), Error> {
    let before = clock::now() - ABANDONED;
    let old: Vec<(String, String)> =
        sqlx::query_as("SELECT id, organisation FROM upload WHERE created < $1")
            .bind(before)
            .fetch_all(&mut *app.db.read().await?)
            .await?;
    for (id, organisation) in old {
        let path = path(app, &id);
        let touched = fs::metadata(mark(&path)).and_then(|m| m.modified()).ok();
        let age = touched.and_then(|t| SystemTime::now().duration_since(t).ok());
        if age.is_some_and(|a| a.as_micros() < ABANDONED as u128) {
            continue;
        }
        let mut change = app.db.change(&crate::db::Actor::system(&organisation)).await?;
        super::upload::remove(&mut change, &id).await?;
        change.note("upload.drop", format!("upload/{id}"), serde_json::json!({}));
        change.commit().await?;
        app.uploads.forget(&id);
        discard(&path);
    }
    Ok(())
}
