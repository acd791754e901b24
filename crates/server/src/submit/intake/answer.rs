//! Receipts: what is answered, and the cosignature over the enterprise's checkpoint.

use super::sender::Sender;
use crate::{App, clock, db::Change, error::Error};
use hangtu_ledger::{Checkpoint, Fork, Item, Mark, Note, Package, Receipt, Sealed, Standing};

/// What a receipt says.
pub(super) struct Answer {
    pub(super) number: u64,
    pub(super) state: Standing,
    pub(super) items: Vec<Item>,
    pub(super) fork: Option<Fork>,
}

fn mark(note: &str) -> Option<u64> {
    let note: Note = note.parse().ok()?;
    // Our own store: what was opened before it was written there.
    let line = note.text().lines().nth(3)?;
    line.split(' ').nth(1)?.parse().ok()
}

/// Seals a receipt. A package that continues what was witnessed, by a confirmed key, is cosigned, and
/// its checkpoint becomes the last witnessed one.
pub(super) async fn seal(
    app: &App,
    change: &mut Change,
    sender: &Sender,
    (package, continuity): (&Package, &str),
    answer: Answer,
) -> Result<Sealed, Error> {
    let organisation = change.organisation().to_owned();
    let (key, witness) = (app.signer.key(&organisation)?, app.signer.witness(&organisation)?);
    let now = clock::now();
    let mut note = package.note().clone();
    let mut witnessed = sender.witnessed.clone();
    if sender.trusted > 0 && matches!(continuity, "first" | "extends") {
        let seconds = now.unsigned_abs() / clock::SECOND.unsigned_abs();
        Checkpoint::cosign(&mut note, package.key(), &witness, seconds).map_err(Error::internal)?;
        let number = Mark::of(package.checkpoint()).map_or(0, |m| m.sequence);
        // An earlier package that comes late is cosigned, and moves nothing back.
        if mark(&witnessed).is_none_or(|last| last <= number) {
            witnessed = note.to_string();
            sqlx::query("UPDATE sender SET witnessed = $3 WHERE organisation = $1 AND code = $2")
                .bind(&organisation)
                .bind(&sender.code)
                .bind(&witnessed)
                .execute(&mut **change)
                .await?;
        }
    }
    let submission = package.submission();
    let last = Some(witnessed).filter(|w| !w.is_empty() && *w != note.to_string());
    let receipt = Receipt {
        package: package.digest(),
        sender: submission.sender.clone(),
        sequence: submission.sequence,
        number: answer.number,
        issued: clock::stamp(now),
        state: answer.state,
        items: answer.items,
        log: package.key().clone(),
        checkpoint: note,
        witnessed: last.map(|w| w.parse().map_err(Error::internal)).transpose()?,
        witness: witness.verifier().clone(),
        fork: answer.fork,
    };
    receipt.seal(&key).map_err(Error::internal)
}
