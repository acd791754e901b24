//! Evidence and its examination.

use crate::{App, error::Error, route::Routes};
use hangtu_examine::model::Examination;
use sqlx::AnyConnection;
use std::collections::BTreeMap;

pub(crate) fn routes(_r: &mut Routes) {}

/// What the latest run that could speak about a control point observed.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    _connection: &mut AnyConnection,
    _organisation: &str,
) -> Result<BTreeMap<String, Observed>, Error> {
    Ok(BTreeMap::new())
}

/// The last three runs of an organisation, latest first, each with its id.
pub(crate) async fn latest(
    _app: &App,
    _organisation: &str,
) -> Result<Vec<(String, Examination)>, Error> {
    Ok(Vec::new())
}
