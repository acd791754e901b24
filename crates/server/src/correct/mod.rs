//! Findings and their corrections; only a later re-test closes.

pub(crate) mod facts;

use crate::{db::Change, error::Error, route::Routes};
use hangtu_examine::model::Examination;

pub(crate) fn routes(_r: &mut Routes) {}

/// What a run tested, as the findings need to know it.
pub(crate) enum Tested<'a> {
    /// An examination of evidence.
    Examination(&'a Examination),
    /// A finished round of the questionnaire.
    Answers(&'a [Claim]),
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
    _change: &mut Change,
    _run: &str,
    _tested: Tested<'_>,
) -> Result<Outcome, Error> {
    Ok(Outcome::default())
}
