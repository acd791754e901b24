//! Evidence and its examination.

mod document;
mod evidence;
mod folder;
mod incoming;
mod run;
mod runner;
mod runs;
mod store;
mod upload;

pub(crate) use document::exchanged;
pub(crate) use incoming::{Uploads, clean};
pub(crate) use runner::run as runner;

use crate::{App, error::Error, route::Routes};
use hangtu_examine::model::Examination;
use serde::Deserialize;
use sqlx::{AnyConnection, FromRow};
use std::collections::BTreeMap;

pub(crate) fn routes(r: &mut Routes) {
    evidence::routes(r);
    upload::routes(r);
    runs::routes(r);
    run::routes(r);
    document::routes(r);
}

/// What the latest run that could speak about a control point observed.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Observed {
    /// Id of the run.
    pub(crate) run: String,
    /// When it was examined.
    pub(crate) time: i64,
    /// `measured` or `error`.
    pub(crate) status: String,
    /// Findings on it in that run.
    pub(crate) findings: i64,
}

/// The latest observation of each control point of an organisation.
pub(crate) async fn observed(
    connection: &mut AnyConnection,
    organisation: &str,
) -> Result<BTreeMap<String, Observed>, Error> {
    #[derive(FromRow)]
    struct Row {
        control: String,
        #[sqlx(flatten)]
        observed: Observed,
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT control, run, time, status, findings FROM observation \
         WHERE organisation = $1 AND latest = 1",
    )
    .bind(organisation)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.control, row.observed)).collect())
}

/// A run that is done, in numbers.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) id: String,
    pub(crate) number: i64,
    pub(crate) examined: i64,
    /// Span of the evidence.
    pub(crate) first: Option<i64>,
    pub(crate) last: Option<i64>,
    /// Whether it was read to its end without damage.
    pub(crate) complete: bool,
    pub(crate) inputs: u64,
    pub(crate) bytes: u64,
    pub(crate) records: u64,
}

/// Runs of an organisation that are done, the last hundred, oldest first.
pub(crate) async fn done(c: &mut AnyConnection, organisation: &str) -> Result<Vec<Done>, Error> {
    #[derive(Deserialize)]
    struct Size {
        bytes: u64,
    }
    #[derive(FromRow)]
    struct Row {
        id: String,
        number: i64,
        examined: i64,
        first: Option<i64>,
        last: Option<i64>,
        complete: i64,
        records: i64,
        inputs: String,
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, number, examined, first, last, complete, records, inputs FROM run \
         WHERE organisation = $1 AND examined IS NOT NULL ORDER BY number DESC LIMIT 100",
    )
    .bind(organisation)
    .fetch_all(c)
    .await?;
    let done = |row: Row| {
        let sizes: Vec<Size> = serde_json::from_str(&row.inputs).map_err(Error::internal)?;
        Ok(Done {
            id: row.id,
            number: row.number,
            examined: row.examined,
            first: row.first,
            last: row.last,
            complete: row.complete != 0,
            inputs: sizes.len() as u64,
            bytes: sizes.iter().map(|s| s.bytes).sum(),
            records: row.records.unsigned_abs(),
        })
    };
    rows.into_iter().rev().map(done).collect()
}

/// How many runs of an organisation are done, and when the last one was examined.
pub(crate) async fn ran(
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<(i64, Option<i64>), Error> {
    Ok(sqlx::query_as(
        "SELECT COUNT(*), MAX(examined) FROM run \
         WHERE organisation = $1 AND examined IS NOT NULL",
    )
    .bind(organisation)
    .fetch_one(c)
    .await?)
}

/// SHA-256 of each file of evidence that is still there, oldest first; a file that was brought
/// twice counts once.
pub(crate) async fn hashes(
    c: &mut AnyConnection,
    organisation: &str,
    limit: usize,
) -> Result<Vec<String>, Error> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT sha256 FROM evidence WHERE organisation = $1 AND deleted IS NULL \
         GROUP BY sha256 ORDER BY MIN(created), sha256 LIMIT $2",
    )
    .bind(organisation)
    .bind(limit as i64)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// The last three runs of an organisation, latest first, each with its id.
pub(crate) async fn latest(
    app: &App,
    organisation: &str,
) -> Result<Vec<(String, Examination)>, Error> {
    let ids: Vec<(String,)> = sqlx::query_as(
        "SELECT id FROM run WHERE organisation = $1 AND examined IS NOT NULL \
         ORDER BY number DESC LIMIT 3",
    )
    .bind(organisation)
    .fetch_all(&mut *app.db.read().await?)
    .await?;
    let app = app.clone();
    let work = move || -> Result<_, Error> {
        let read = |(id,): (String,)| Ok((document::read(&app, &id)?, id));
        ids.into_iter().map(|id| read(id).map(|(e, id)| (id, e))).collect()
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}
