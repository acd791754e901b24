//! Findings and their corrections; only a later re-test closes.

mod actions;
mod attach;
mod bulk;
mod claim;
mod export;
pub(crate) mod facts;
mod filter;
mod finding;
mod ingest;
mod list;
pub(crate) mod model;
pub(crate) mod policy;
#[cfg(test)]
mod proofs;
pub(crate) mod state;
#[cfg(test)]
mod tests;
mod told;

use crate::{
    App, clock,
    db::{Actor, Change},
    error::Error,
    rounds,
    route::Routes,
};
pub(crate) use attach::{file, keep, kept};
use hangtu_catalog::Catalog;
use hangtu_examine::model::{Examination, Finding};
pub(crate) use list::Line;
use serde_json::json;
use state::Step;
use std::time::Duration;
pub(crate) use told::{by_number, majors, of_rules, told};

pub(crate) fn routes(r: &mut Routes) {
    list::routes(r);
    export::routes(r);
    bulk::routes(r);
    finding::routes(r);
    actions::routes(r);
    attach::routes(r);
    policy::routes(r);
}

/// What a run tested, as the findings need to know it.
pub(crate) enum Tested<'a> {
    /// An examination of evidence.
    Examination(&'a Examination),
    /// A finished round of the questionnaire.
    Answers(&'a [Claim]),
    /// A drill that was held.
    Drill(&'a Drilled),
}

/// What a drill showed.
pub(crate) struct Drilled {
    /// When it was held, from the start of its clock to its stop.
    pub(crate) first: i64,
    pub(crate) last: i64,
    /// Its shortcomings.
    pub(crate) failed: Vec<Finding>,
    /// Fingerprints of what was tried and went well.
    pub(crate) met: Vec<String>,
}

/// One answered question of a finished round.
pub(crate) struct Claim {
    /// Control point.
    pub(crate) control: String,
    /// `met`, `partly`, `unmet` or `not-applicable`.
    pub(crate) means: &'static str,
    /// What was written beside the answer.
    pub(crate) note: String,
}

/// What a run did to the findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Opened: new ones and recurrences.
    pub(crate) opened: u64,
    /// Seen again.
    pub(crate) seen: u64,
    /// Closed by proof.
    pub(crate) closed: u64,
    /// Known, but this run could not have seen them.
    pub(crate) not_retested: u64,
}

/// Takes in what a run found, within the change that ends the run. The same run twice, or the same
/// evidence in another run, changes nothing.
pub(crate) async fn ingest(
    catalog: &Catalog,
    change: &mut Change,
    run: &str,
    tested: Tested<'_>,
) -> Result<Outcome, Error> {
    ingest::ingest(catalog, change, run, tested).await
}

/// Ends the acceptances that ran out; called before findings are shown, and by the clock.
pub(crate) async fn settle(app: &App, organisation: &str) {
    if let Err(e) = lapse(app, organisation).await {
        // What is shown may be stale for a moment; the next call tries again.
        tracing::error!(error = ?e, "acceptances did not lapse");
    }
}

async fn lapsed(app: &App, organisation: Option<&str>) -> Result<Vec<(String, String)>, Error> {
    Ok(sqlx::query_as(
        "SELECT organisation, id FROM finding WHERE accepted_until < $1 AND state = 'accepted' \
         AND ($2 = '' OR organisation = $2)",
    )
    .bind(clock::now())
    .bind(organisation.unwrap_or_default())
    .fetch_all(&mut *app.db.read().await?)
    .await?)
}

async fn lapse(app: &App, organisation: &str) -> Result<(), Error> {
    let rows = lapsed(app, Some(organisation)).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut change = app.db.change(&Actor::system(organisation)).await?;
    model::lock(&mut change).await?;
    let mut any = false;
    for (_, id) in rows {
        let mut row = model::find(&mut change, organisation, &id).await?;
        // Somebody may have been faster.
        if row.take(Step::Lapse).is_err() {
            continue;
        }
        model::save(&mut change, &row).await?;
        model::tell(&mut change, &row, Step::Lapse, model::Said::default()).await?;
        let detail = json!({ "number": row.number, "state": row.state });
        change.note(Step::Lapse.action(), format!("finding/{id}"), detail);
        any = true;
    }
    if any { change.commit().await } else { Ok(()) }
}

/// Looks every minute for acceptances that ran out, until the program ends.
pub(crate) fn start(app: &App) {
    rounds::every(app, Duration::from_mins(1), "acceptances", |app| async move {
        let mut rows = lapsed(&app, None).await?;
        rows.dedup_by(|a, b| a.0 == b.0);
        for (organisation, _) in rows {
            settle(&app, &organisation).await;
        }
        Ok(())
    });
}
