//! What a backup says it holds.

use crate::{
    audit::{Signer, verify},
    error::Error,
};
use hangtu_ledger::{Checkpoint, Note, VerifierKey};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

/// The format's name.
pub(super) const SCHEMA: &str = "hangtu.backup/1";
/// The manifest's name in the archive, where it comes last.
pub(super) const NAME: &str = "manifest.json";
/// Longest manifest that is read: some two million files.
pub(super) const LONGEST: u64 = 256 << 20;

/// The list of files, and where the logs stood.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) schema: String,
    pub(super) version: String,
    /// RFC 3339.
    pub(super) created: String,
    /// Whether the database is among the files; PostgreSQL's is not.
    pub(super) database: bool,
    pub(super) files: Vec<Item>,
    pub(super) ledgers: Vec<Ledger>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    /// Below the data folder, `/` between.
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// Where a log stood.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ledger {
    pub(super) organisation: String,
    pub(super) key: String,
    /// The signed note.
    pub(super) checkpoint: String,
}

/// Organisations that have a log.
async fn organisations(connection: &mut AnyConnection) -> Result<Vec<String>, Error> {
    let rows: Vec<(String,)> =
        sqlx::query_as("SELECT organisation FROM ledger ORDER BY organisation")
            .fetch_all(connection)
            .await?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// Signs where every log stands. One that does not hold is not signed, and so not backed up as if
/// it did.
pub(super) async fn ledgers(
    connection: &mut AnyConnection,
    signer: &Signer,
) -> Result<Vec<Ledger>, Error> {
    let mut ledgers = Vec::new();
    for organisation in organisations(&mut *connection).await? {
        let key = signer.key(&organisation)?;
        let found = verify(&mut *connection, &organisation).await?;
        if !found.holds {
            return Err(Error::internal(format!("the ledger of {organisation} does not hold")));
        }
        let checkpoint = Checkpoint {
            origin: key.verifier().name().to_owned(),
            size: found.entries,
            root: hangtu_ledger::Hash::from_base64(&found.root).map_err(Error::internal)?,
            extension: Vec::new(),
        };
        let note = checkpoint.sign(&key).map_err(Error::internal)?;
        ledgers.push(Ledger {
            key: key.verifier().to_string(),
            checkpoint: note.to_string(),
            organisation,
        });
    }
    Ok(ledgers)
}

/// Recomputes every log and holds it against what was signed; gives entries by log, or the log that
/// does not agree.
pub(super) async fn check(
    connection: &mut AnyConnection,
    ledgers: &[Ledger],
) -> Result<Result<Vec<(String, u64)>, String>, Error> {
    let there = organisations(&mut *connection).await?;
    if let Some(other) = there.iter().find(|o| !ledgers.iter().any(|l| l.organisation == **o)) {
        return Ok(Err(other.clone()));
    }
    let mut said = Vec::new();
    for ledger in ledgers {
        let signed = ledger.key.parse::<VerifierKey>().ok().and_then(|key| {
            let note: Note = ledger.checkpoint.parse().ok()?;
            Checkpoint::open(&note, &key).ok()
        });
        let found = verify(&mut *connection, &ledger.organisation).await?;
        let same =
            signed.is_some_and(|s| s.size == found.entries && s.root.to_base64() == found.root);
        if !same || !found.holds {
            return Ok(Err(ledger.organisation.clone()));
        }
        said.push((ledger.organisation.clone(), found.entries));
    }
    Ok(Ok(said))
}
