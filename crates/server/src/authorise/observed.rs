//! What runs really saw in the window of a work order or ticket.

use super::book::{Book, Row};
use crate::{App, error::Error};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Lines kept with a closed ticket.
const KEPT: usize = 200;

/// A conversation that overlaps the window.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Line {
    pub(crate) run: String,
    pub(crate) source: String,
    pub(crate) destination: String,
    pub(crate) protocol: String,
    pub(crate) sessions: u64,
    /// Operations by verb.
    pub(crate) verbs: BTreeMap<String, u64>,
    pub(crate) first: String,
    pub(crate) last: String,
    /// Whether ends, protocol and verbs are those that were approved.
    pub(crate) within: bool,
}

impl Line {
    pub(crate) fn operations(&self) -> String {
        self.verbs.iter().map(|(v, n)| format!("{v} {n}")).collect::<Vec<_>>().join(", ")
    }
}

/// What the last runs saw, what was not approved first.
pub(super) async fn of(
    app: &App,
    organisation: &str,
    row: &Row,
    book: &Book,
) -> Result<Vec<Line>, Error> {
    let (Some(from), Some(to)) = (row.valid_from, row.valid_to) else { return Ok(Vec::new()) };
    let all = book.parse().map_err(Error::internal)?;
    let Some(own) = all.list.iter().find(|a| a.id == row.reference) else { return Ok(Vec::new()) };
    let window = (from.saturating_mul(1000), to.saturating_mul(1000));
    let mut out = Vec::new();
    for (run, examination) in crate::examine::latest(app, organisation).await? {
        for seen in hangtu_examine::seen(&examination, &all, own, window) {
            let c = seen.conversation;
            out.push(Line {
                run: run.clone(),
                source: c.source.clone(),
                destination: c.destination.clone(),
                protocol: c.protocol.clone(),
                sessions: c.sessions,
                verbs: c.verbs.clone(),
                first: c.first.clone(),
                last: c.last.clone(),
                within: seen.within,
            });
        }
    }
    out.sort_by_key(|l| l.within);
    out.truncate(KEPT);
    Ok(out)
}
