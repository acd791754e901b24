//! Numbers of the findings for other capabilities.

use crate::error::Error;
use hangtu_catalog::Bilingual;
use sqlx::AnyConnection;

/// So many findings of one scenario, level and state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) scenario: String,
    pub(crate) level: String,
    pub(crate) state: String,
    pub(crate) n: i64,
}

/// A finding in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Brief {
    pub(crate) id: String,
    pub(crate) number: i64,
    pub(crate) title: Bilingual,
    pub(crate) level: String,
    pub(crate) scenario: String,
    pub(crate) state: String,
    pub(crate) owner_name: Option<String>,
    pub(crate) due: Option<i64>,
}

/// Findings of a level that were open after a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) run: String,
    pub(crate) time: i64,
    pub(crate) level: String,
    pub(crate) open: i64,
}

/// All findings by scenario, level and state.
pub(crate) async fn counts(
    _c: &mut AnyConnection,
    _organisation: &str,
) -> Result<Vec<Count>, Error> {
    Ok(Vec::new())
}

/// Open findings of the level major.
pub(crate) async fn open_major(
    _c: &mut AnyConnection,
    _organisation: &str,
    _limit: i64,
) -> Result<Vec<Brief>, Error> {
    Ok(Vec::new())
}

/// Open findings due until a time, the most urgent first; of one person or of all.
pub(crate) async fn due(
    _c: &mut AnyConnection,
    _organisation: &str,
    _person: Option<&str>,
    _until: i64,
    _limit: i64,
) -> Result<Vec<Brief>, Error> {
    Ok(Vec::new())
}

/// Open findings by level after each run, in order.
pub(crate) async fn trend(
    _c: &mut AnyConnection,
    _organisation: &str,
) -> Result<Vec<Point>, Error> {
    Ok(Vec::new())
}
