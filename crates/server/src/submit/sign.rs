//! Signing: the draft becomes a package that nobody can change.

use super::one::{self, Row};
use crate::{App, audit, clock, db::Change, error::Error};
use hangtu_ledger::{Commitment, Hash, Package, Step, Submission, consistency_proof, root};
use serde_json::{Map, Value, json};
use sqlx::AnyConnection;

/// Sizes of the log, sent or witnessed before, from which a package proves that it continues.
const STEPS: i64 = 24;

/// The evidence of a submission, as it was when it was drawn up.
pub(super) fn evidence(text: &str) -> Result<Vec<Hash>, Error> {
    text.split_whitespace().map(|h| h.parse().map_err(Error::internal)).collect()
}

/// Sizes that the supervisor may have seen: of the last packages, and of the last cosigned ones.
async fn sizes(c: &mut AnyConnection, organisation: &str) -> Result<Vec<u64>, Error> {
    let mut sizes: Vec<u64> = Vec::new();
    for sql in [
        "SELECT size FROM submission WHERE organisation = $1 AND sequence IS NOT NULL \
         ORDER BY sequence DESC LIMIT $2",
        "SELECT witnessed FROM submission_receipt WHERE organisation = $1 AND witnessed > 0 \
         GROUP BY witnessed ORDER BY witnessed DESC LIMIT $2",
    ] {
        let rows: Vec<(i64,)> =
            sqlx::query_as(sql).bind(organisation).bind(STEPS).fetch_all(&mut *c).await?;
        sizes.extend(rows.into_iter().map(|r| r.0.unsigned_abs()));
    }
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes.dedup();
    sizes.truncate(STEPS as usize);
    Ok(sizes)
}

/// The next number: behind every one of this database and every one that a receipt names, which a
/// database put back from a backup may not know.
async fn next(c: &mut AnyConnection, organisation: &str) -> Result<u64, Error> {
    let mut highest = 0;
    for sql in [
        "SELECT MAX(sequence) FROM submission WHERE organisation = $1",
        "SELECT MAX(sequence) FROM submission_receipt WHERE organisation = $1",
    ] {
        let (found,): (Option<i64>,) =
            sqlx::query_as(sql).bind(organisation).fetch_one(&mut *c).await?;
        highest = highest.max(found.unwrap_or(0));
    }
    Ok(highest.unsigned_abs() + 1)
}

/// Seals exactly what the draft holds, over the log as it stands.
pub(super) async fn seal(app: &App, organisation: &str, row: &Row) -> Result<Package, Error> {
    let c = &mut *app.db.read().await?;
    let facts: Map<String, Value> = serde_json::from_str(&row.facts).map_err(Error::internal)?;
    let files = evidence(&row.evidence)?;
    let edge = audit::committed(c, organisation).await?;
    let leaves = audit::leaves(c, organisation, edge.size()).await?;
    let sizes = sizes(c, organisation).await?;
    let answers = match row.answers.as_str() {
        "" => None,
        id => Some(one::load(c, organisation, id).await?.digest),
    };
    let answers = answers.map(|d| d.parse().map_err(Error::internal)).transpose()?;
    let (sender, sequence) =
        (super::draft::code(c, organisation).await?, next(c, organisation).await?);
    let key = app.signer.key(organisation)?;
    let created = clock::stamp(clock::now());
    let work = move || -> Result<Package, Error> {
        // What is not the log that was committed is not signed.
        if root(&leaves) != edge.root() {
            return Err(Error::internal("the ledger does not hold"));
        }
        let step =
            |size: &u64| Some(Step { size: *size, proof: consistency_proof(*size, &leaves)? });
        let steps = sizes.iter().filter_map(step).collect();
        let evidence = Commitment::to(&files);
        let submission = Submission { sender, sequence, created, answers, steps, evidence, facts };
        submission.seal(&key, edge.size(), edge.root()).map_err(Error::internal)
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

/// Keeps the package. Somebody faster took the draft, or the number: then nothing is kept.
pub(super) async fn keep(change: &mut Change, row: &Row, package: &Package) -> Result<bool, Error> {
    let (organisation, person) = (change.organisation().to_owned(), change.actor().name.clone());
    let s = package.submission();
    let text = String::from_utf8(package.bytes().to_vec()).map_err(Error::internal)?;
    let taken: Option<(String,)> =
        sqlx::query_as("SELECT id FROM submission WHERE organisation = $1 AND sequence = $2")
            .bind(&organisation)
            .bind(s.sequence as i64)
            .fetch_optional(&mut **change)
            .await?;
    if taken.is_some() {
        return Ok(false);
    }
    let done = sqlx::query(
        "UPDATE submission SET state = 'signed', sequence = $3, signed = $4, signed_name = $5, \
         size = $6, digest = $7, package = $8 \
         WHERE organisation = $1 AND id = $2 AND state = 'draft'",
    )
    .bind(&organisation)
    .bind(&row.id)
    .bind(s.sequence as i64)
    .bind(s.created.as_microsecond())
    .bind(person)
    .bind(package.checkpoint().size as i64)
    .bind(package.digest().to_string())
    .bind(text)
    .execute(&mut **change)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    if !row.answers.is_empty() {
        sqlx::query(
            "UPDATE submission SET state = 'resubmitted' \
             WHERE organisation = $1 AND id = $2 AND state = 'returned'",
        )
        .bind(&organisation)
        .bind(&row.answers)
        .execute(&mut **change)
        .await?;
    }
    let detail = json!({ "sequence": s.sequence, "sha256": package.digest().to_string(),
        "size": package.checkpoint().size, "root": package.checkpoint().root.to_base64() });
    change.note("submission.sign", format!("submission/{}", row.id), detail);
    Ok(true)
}
