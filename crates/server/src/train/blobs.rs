//! Files of training, kept once under their hash in the data folder: those of packages, certificates of
//! others.

use crate::{App, auth::new_id};
use hangtu_catalog::sha256;
use std::{
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
};

fn folder(app: &App) -> PathBuf {
    app.config.data.join("training")
}

/// Where the file of a hash stands.
pub(super) fn path(app: &App, hash: &str) -> PathBuf {
    folder(app).join(hash)
}

/// Keeps a file and gives its hash. Blocks; [`settle`] makes what was kept durable.
pub(super) fn keep(app: &App, bytes: &[u8]) -> io::Result<String> {
    let hash = sha256(bytes);
    let path = path(app, &hash);
    if path.exists() {
        return Ok(hash);
    }
    let folder = folder(app);
    fs::create_dir_all(&folder)?;
    // Under another name until whole, so that a file under its hash always has it.
    let part = folder.join(format!("{}.part", new_id()));
    let file = File::create(&part)?;
    let written = (&file)
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&part, &path));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written.map(|()| hash)
}

/// Makes the names of kept files durable. Blocks.
pub(super) fn settle(app: &App) -> io::Result<()> {
    File::open(folder(app))?.sync_all()
}
