//! The leaves of a log, for proofs.

use crate::error::Error;
use hangtu_ledger::{Hash, leaf_hash};
use sqlx::AnyConnection;

/// Entries read at a time.
const PAGE: i64 = 1000;

/// The hashes of the first `size` entries of a log, in order.
pub(crate) async fn leaves(
    c: &mut AnyConnection,
    organisation: &str,
    size: u64,
) -> Result<Vec<Hash>, Error> {
    let mut leaves = Vec::new();
    while (leaves.len() as u64) < size {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT sequence, body FROM ledger_entry \
             WHERE organisation = $1 AND sequence >= $2 AND sequence < $3 ORDER BY sequence LIMIT $4",
        )
        .bind(organisation)
        .bind(leaves.len() as i64)
        .bind(size as i64)
        .bind(PAGE)
        .fetch_all(&mut *c)
        .await?;
        if rows.is_empty() {
            return Err(Error::internal("the ledger has fewer entries than it says"));
        }
        leaves.extend(rows.iter().map(|(_, body)| leaf_hash(body.as_bytes())));
        // Each page is a few milliseconds of hashing; others have their turn between.
        tokio::task::yield_now().await;
    }
    Ok(leaves)
}
