//! Files made for one download: without a name, gone when they are closed, streamed from the disk.

use crate::{config::private_folder, error::Error};
use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use hangtu_print::Document;
use std::{
    fs::{self, File},
    io::{Read, Seek},
    path::{Path, PathBuf},
};

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// The folder for what does not outlive its use.
pub(crate) fn folder(data: &Path) -> Result<PathBuf, Error> {
    Ok(private_folder(&data.join("tmp"))?)
}

/// A file to write and read that no name leads to.
pub(crate) fn scratch(data: &Path) -> Result<File, Error> {
    let path = folder(data)?.join(crate::auth::new_id());
    let file = fs::OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// A file from where it stands, read as it is sent.
pub(crate) fn body(file: File) -> Body {
    Body::from_stream(stream::unfold(Some(file), |file| async move {
        let mut file = file?;
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = vec![0; CHUNK];
            let read = file.read(&mut chunk).map(|n| {
                chunk.truncate(n);
                chunk
            });
            (read, file)
        })
        .await;
        match read {
            Ok((Ok(chunk), _)) if chunk.is_empty() => None,
            Ok((Ok(chunk), file)) => Some((Ok(Bytes::from(chunk)), Some(file))),
            Ok((Err(e), _)) => Some((Err(e), None)),
            Err(e) => Some((Err(std::io::Error::other(e)), None)),
        }
    }))
}

/// Sends a file from its start.
pub(crate) fn send(mut file: File, media: &'static str, name: &str) -> Result<Response, Error> {
    file.rewind()?;
    let size = file.metadata()?.len();
    let body = body(file);
    let headers = [
        (header::CONTENT_TYPE, media.to_owned()),
        (header::CONTENT_LENGTH, size.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, body).into_response())
}

/// A document as PDF, laid out where nothing waits for it.
pub(crate) async fn pdf(document: Document) -> Result<Vec<u8>, Error> {
    tokio::task::spawn_blocking(move || hangtu_print::pdf(&document))
        .await
        .map_err(Error::internal)?
        .map_err(Error::internal)
}

/// One cell of CSV: quoted, and never a formula of the program that opens it.
pub(crate) fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, cell.replace('"', "\"\""))
}
