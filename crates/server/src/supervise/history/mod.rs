//! History: what was accepted, kept for ever as rows on an object store, and asked in SQL.
//!
//! [`due`] enters a submission in the change that accepts it. With the feature `history` the clock
//! puts what is due into parts, writes each with `hangtu-history`, and marks it: a part that was begun
//! and not marked is written again, under the same names with the same bytes.

#[cfg(feature = "history")]
mod ask;
#[cfg(feature = "history")]
mod write;

#[cfg(feature = "history")]
pub(crate) use write::{State, start};

use crate::{clock, db::Change, error::Error};

#[cfg(feature = "history")]
pub(super) fn routes(r: &mut crate::route::Routes) {
    ask::routes(r);
}

/// Notes that a submission was accepted and waits to be written; `holder` is the organisation whose
/// intake holds its package.
pub(crate) async fn due(
    change: &mut Change,
    supervisor: &str,
    [holder, intake]: [&str; 2],
    credit_code: &str,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO history_due (supervisor, intake, holder, credit_code, region, industry, \
         accepted) SELECT $1, $2, $3, credit_code, region, industry, $5 FROM supervised \
         WHERE supervisor = $1 AND credit_code = $4 ON CONFLICT (supervisor, intake) DO NOTHING",
    )
    .bind(supervisor)
    .bind(intake)
    .bind(holder)
    .bind(credit_code)
    .bind(clock::now())
    .execute(&mut **change)
    .await?;
    Ok(())
}
