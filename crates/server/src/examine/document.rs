//! The documents of a run, written from its stored examination.

use super::runs;
use crate::{
    App,
    auth::Right,
    ctx::Ctx,
    error::Error,
    route::{Access, Doc, Routes},
};
use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::Language;
use hangtu_examine::{model::Examination, report};
use std::{fs, io};

/// What there is: the name of the file and its media type.
pub(super) const DOCUMENTS: [(&str, &str); 5] = [
    ("findings.json", "application/json"),
    ("report.html", "text/html; charset=utf-8"),
    ("findings.sarif", "application/sarif+json"),
    ("findings.ocsf.jsonl", "application/x-ndjson"),
    ("findings.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
];

pub(super) fn routes(r: &mut Routes) {
    r.get(
        "/runs/{id}/documents/{name}",
        Access::May(Right::Read),
        Doc::new("A document of an examination: findings.json, report.html, findings.sarif, findings.ocsf.jsonl or findings.xlsx")
            .gives("application/octet-stream"),
        download,
    );
}

/// The whole examination of a run that is done.
pub(super) fn read(app: &App, run: &str) -> io::Result<Examination> {
    let file = fs::File::open(runs::document(app, run))?;
    let unpacked = io::BufReader::new(zstd::Decoder::new(file)?);
    Ok(serde_json::from_reader(unpacked)?)
}

fn make(app: &App, run: &str, name: &str, language: Language) -> Result<Vec<u8>, Error> {
    let examination = read(app, run)?;
    let pretty = |value: &dyn Fn(&mut Vec<u8>) -> serde_json::Result<()>| {
        let mut out = Vec::new();
        value(&mut out).map_err(Error::internal)?;
        out.push(b'\n');
        Ok(out)
    };
    match name {
        "findings.json" => pretty(&|out| serde_json::to_writer_pretty(out, &examination)),
        "report.html" => Ok(report::html(&examination, language).into_bytes()),
        "findings.sarif" => {
            pretty(&|out| serde_json::to_writer_pretty(out, &report::sarif(&examination, language)))
        }
        "findings.ocsf.jsonl" => Ok(report::ocsf(&examination, language).into_bytes()),
        "findings.xlsx" => report::xlsx(&examination, language).map_err(Error::internal),
        _ => Err(Error::NotFound),
    }
}

/// Name, media type, content.
type Written = (&'static str, &'static str, Vec<u8>);

/// What other programs read of a run.
pub(crate) fn exchanged(app: &App, run: &str, language: Language) -> Result<Vec<Written>, Error> {
    let others = DOCUMENTS.iter().skip(2);
    others.map(|(name, media)| Ok((*name, *media, make(app, run, name, language)?))).collect()
}

async fn download(ctx: Ctx, Path((id, name)): Path<(String, String)>) -> Result<Response, Error> {
    let (_, media) = DOCUMENTS.iter().find(|(n, _)| *n == name).ok_or(Error::NotFound)?;
    let run = {
        let mut connection = ctx.app.db.read().await?;
        runs::load(&mut connection, ctx.organisation()?, &id).await?
    };
    if run.examined.is_none() {
        return Err(Error::NotFound);
    }
    let attached = format!("attachment; filename=\"run-{}-{name}\"", run.number);
    let (app, language) = (ctx.app.clone(), ctx.language);
    let bytes = tokio::task::spawn_blocking(move || make(&app, &id, &name, language))
        .await
        .map_err(Error::internal)??;
    let headers = [
        (header::CONTENT_TYPE, (*media).to_owned()),
        // Saved, not shown: the report brings its own styles and script, which pages here may not.
        (header::CONTENT_DISPOSITION, attached),
    ];
    Ok((headers, bytes).into_response())
}
