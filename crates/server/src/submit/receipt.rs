//! Receipts taken in: how the submission stands, and whether the log is still the one that the
//! supervisor witnessed.

use super::{
    SUBMIT,
    supervisor::{self, Supervisor},
};
use crate::{
    audit, clock,
    ctx::Ctx,
    db::{Change, nothing_to_change},
    error::Error,
    files::Files,
    route::{Doc, Routes},
};
use axum::response::Response;
use hangtu_catalog::{key, key::Key};
use hangtu_ledger::{Checkpoint, Continuity, Frontier, Hash, Note, Sealed, SignerKey, root};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Takes in receipt files of the supervisor, any number of times");
    let doc = doc.takes("application/octet-stream").returns::<Vec<Said>>();
    r.post("/submissions/receipts", SUBMIT, doc, upload);
}

/// What a receipt did.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Said {
    /// Id of the submission; empty when this database does not know the package.
    pub(super) submission: String,
    pub(super) sequence: u64,
    /// `received`, `returned`, `accepted` or `refused`.
    pub(super) state: &'static str,
    /// False when it was taken in before.
    pub(super) new: bool,
    /// Empty, `forked` or `rolled-back`.
    pub(super) warning: &'static str,
}

async fn upload(ctx: Ctx, sent: Files) -> Result<Response, Error> {
    let organisation = ctx.organisation()?.to_owned();
    let supervisor = supervisor::read(&mut *ctx.app.db.read().await?, &organisation).await?;
    let supervisor = supervisor.ok_or_else(|| Error::conflict(key::SUBMIT_NO_SUPERVISOR))?;
    let own = ctx.app.signer.key(&organisation)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let mut said = Vec::new();
    for file in &sent.files {
        let sealed = open(&file.bytes, &supervisor)?;
        said.push(take(&mut change, &own, &sealed).await?);
    }
    if said.iter().any(|s| s.new) {
        change.commit().await?;
    } else {
        nothing_to_change();
    }
    let next = match said.as_slice() {
        [one] if !one.submission.is_empty() && one.warning.is_empty() => {
            format!("/submissions/{}", one.submission)
        }
        _ => "/submissions".to_owned(),
    };
    Ok(ctx.done(&said, &next, word(&said)))
}

fn word(said: &[Said]) -> Key {
    let new = said.iter().any(|s| s.new);
    if new { key::SUBMIT_RECEIPT_TAKEN } else { key::SUBMIT_RECEIPT_KNOWN }
}

/// A receipt by the supervisor's own keys.
pub(super) fn open(bytes: &[u8], supervisor: &Supervisor) -> Result<Sealed, Error> {
    let sealed = Sealed::open(bytes).map_err(|e| super::intake::refused(&e))?;
    let keys = (sealed.key().to_string(), sealed.receipt().witness.to_string());
    if keys == (supervisor.key.clone(), supervisor.witness.clone()) {
        Ok(sealed)
    } else {
        Err(Error::invalid("file", key::SUBMIT_RECEIPT_STRANGER))
    }
}

/// Takes a receipt in.
pub(super) async fn take(
    change: &mut Change,
    own: &SignerKey,
    sealed: &Sealed,
) -> Result<Said, Error> {
    let receipt = sealed.receipt();
    let organisation = change.organisation().to_owned();
    // Only this log's checkpoints say anything here.
    let other = |_| Error::invalid("file", key::SUBMIT_RECEIPT_OTHER);
    Checkpoint::open(&receipt.checkpoint, own.verifier()).map_err(other)?;
    let package = receipt.package.to_string();
    let row: Option<(String, i64)> = sqlx::query_as(
        "SELECT id, receipt FROM submission WHERE organisation = $1 AND digest = $2",
    )
    .bind(&organisation)
    .bind(&package)
    .fetch_optional(&mut **change)
    .await?;
    let (submission, last) = row.unwrap_or_default();
    let digest = sealed.digest().to_string();
    let known: Option<(String,)> = sqlx::query_as(
        "SELECT digest FROM submission_receipt WHERE organisation = $1 AND digest = $2",
    )
    .bind(&organisation)
    .bind(&digest)
    .fetch_optional(&mut **change)
    .await?;
    let state = receipt.state.word();
    if known.is_some() {
        let sequence = receipt.sequence;
        return Ok(Said { submission, sequence, state, new: false, warning: "" });
    }
    let witnessed = match (sealed.cosigned(), &receipt.witnessed) {
        (Some(_), _) => Some(&receipt.checkpoint),
        (None, note) => note.as_ref(),
    };
    let size =
        witnessed.and_then(|n| Checkpoint::open(n, own.verifier()).ok()).map_or(0, |c| c.size);
    let text = String::from_utf8(sealed.bytes().to_vec()).map_err(Error::internal)?;
    sqlx::query(
        "INSERT INTO submission_receipt (organisation, digest, submission, sequence, number, state, \
         issued, content, witnessed, taken) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(&organisation)
    .bind(&digest)
    .bind(&submission)
    .bind(receipt.sequence as i64)
    .bind(receipt.number as i64)
    .bind(state)
    .bind(receipt.issued.as_microsecond())
    .bind(text)
    .bind(size as i64)
    .bind(clock::now())
    .execute(&mut **change)
    .await?;
    // Receipts may come in any order: the highest number holds, and what was answered stays so.
    if !submission.is_empty() && receipt.number as i64 > last {
        sqlx::query(
            "UPDATE submission SET receipt = $3, state = CASE WHEN state = 'resubmitted' \
             AND $4 <> 'accepted' THEN state ELSE $4 END WHERE organisation = $1 AND id = $2",
        )
        .bind(&organisation)
        .bind(&submission)
        .bind(receipt.number as i64)
        .bind(state)
        .execute(&mut **change)
        .await?;
    }
    let warning = compare(change, own, sealed).await?;
    let detail = json!({ "sha256": digest, "package": package, "sequence": receipt.sequence,
        "number": receipt.number, "state": state, "warning": warning });
    change.note("submission.receipt", format!("submission/{submission}"), detail);
    Ok(Said { submission, sequence: receipt.sequence, state, new: true, warning })
}

/// Compares what the supervisor saw with the log as it stands.
async fn compare(
    change: &mut Change,
    own: &SignerKey,
    sealed: &Sealed,
) -> Result<&'static str, Error> {
    let receipt = sealed.receipt();
    let organisation = change.organisation().to_owned();
    let edge = audit::committed(change, &organisation).await?;
    let seen = [Some(&receipt.checkpoint), receipt.witnessed.as_ref()];
    let mut found: Option<(&'static str, String, String)> = None;
    let leaves = audit::leaves(change, &organisation, edge.size()).await?;
    for note in seen.into_iter().flatten() {
        let Ok(checkpoint) = Checkpoint::open(note, own.verifier()) else { continue };
        if let Some(kind) = disagrees(&checkpoint, &edge, &leaves) {
            let now = Checkpoint {
                origin: own.verifier().name().to_owned(),
                size: edge.size(),
                root: edge.root(),
                extension: Vec::new(),
            };
            let now = now.sign(own).map_err(Error::internal)?;
            found = Some((kind, note.to_string(), now.to_string()));
        }
    }
    // The supervisor's proof, which this log's own key signed twice.
    if let Some(fork) = &receipt.fork
        && let Ok(how @ (Continuity::Forked | Continuity::RolledBack)) = fork.verify(own.verifier())
    {
        let kind = if how == Continuity::Forked { "forked" } else { "rolled-back" };
        let text = |note: &Note| note.to_string();
        found = Some((kind, text(&fork.earlier), text(&fork.later)));
    }
    match found {
        Some((kind, earlier, later)) => {
            warn(change, kind, receipt.issued.as_microsecond(), [&earlier, &later]).await?;
            Ok(kind)
        }
        None => {
            // A later receipt that agrees, cosigned, ends the warning; the entries about it stay.
            if sealed.cosigned().is_some() {
                sqlx::query(
                    "UPDATE submit_to SET warning = '' WHERE organisation = $1 AND warned < $2",
                )
                .bind(organisation)
                .bind(receipt.issued.as_microsecond())
                .execute(&mut **change)
                .await?;
            }
            Ok("")
        }
    }
}

async fn warn(
    change: &mut Change,
    kind: &str,
    time: i64,
    [earlier, later]: [&str; 2],
) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    sqlx::query(
        "UPDATE submit_to SET warning = $2, warned = $3, earlier = $4, later = $5 \
         WHERE organisation = $1 AND warned <= $3",
    )
    .bind(organisation)
    .bind(kind)
    .bind(time)
    .bind(earlier)
    .bind(later)
    .execute(&mut **change)
    .await?;
    Ok(())
}

/// Whether a checkpoint and the log as it stands cannot both be true.
fn disagrees(seen: &Checkpoint, edge: &Frontier, leaves: &[Hash]) -> Option<&'static str> {
    if seen.size > edge.size() {
        return Some("rolled-back");
    }
    let then = leaves.get(..usize::try_from(seen.size).ok()?)?;
    (root(then) != seen.root).then_some("forked")
}
