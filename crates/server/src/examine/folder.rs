//! Server folders that the administrator allowed: evidence that is examined in place.

use crate::{App, error::Error};
use hangtu_catalog::key;
use std::path::PathBuf;

/// The path a person named, when it really lies in an allowed folder: links are followed before
/// it is compared, so none leads out.
pub(super) async fn allowed(app: &App, path: &str) -> Result<PathBuf, Error> {
    let (folders, path) = (app.config.folders.clone(), PathBuf::from(path));
    tokio::task::spawn_blocking(move || {
        let real = path.canonicalize().ok()?;
        let inside = |f: &PathBuf| f.canonicalize().is_ok_and(|f| real.starts_with(f));
        (path.is_absolute() && folders.iter().any(inside)).then_some(real)
    })
    .await
    .map_err(Error::internal)?
    // One answer for all: what else is on the server is not told.
    .ok_or_else(|| Error::invalid("folder", key::RUN_FOLDER_BAD))
}
