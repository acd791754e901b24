//! What a supervisor may be told of findings: counts and times, never what they are about.

use crate::error::Error;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

/// Findings of one scenario and level.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Told {
    pub(crate) scenario: String,
    pub(crate) level: String,
    pub(crate) open: i64,
    pub(crate) overdue: i64,
    pub(crate) accepted: i64,
    /// Said to be mended, not shown yet.
    pub(crate) corrected: i64,
    /// Shown to be gone by a re-test.
    pub(crate) proven: i64,
    pub(crate) oldest_open: Option<i64>,
}

/// The findings of an organisation by scenario and level.
pub(crate) async fn told(
    c: &mut AnyConnection,
    organisation: &str,
    now: i64,
) -> Result<Vec<Told>, Error> {
    Ok(sqlx::query_as(
        "SELECT scenario, level, COUNT(CASE WHEN work = 1 THEN 1 END) AS open, \
         COUNT(CASE WHEN work = 1 AND due < $2 THEN 1 END) AS overdue, \
         COUNT(CASE WHEN state = 'accepted' THEN 1 END) AS accepted, \
         COUNT(CASE WHEN state = 'retest' THEN 1 END) AS corrected, \
         COUNT(CASE WHEN state = 'closed' THEN 1 END) AS proven, \
         MIN(CASE WHEN work = 1 THEN opened END) AS oldest_open \
         FROM finding WHERE organisation = $1 GROUP BY scenario, level ORDER BY scenario, level",
    )
    .bind(organisation)
    .bind(now)
    .fetch_all(c)
    .await?)
}

/// A major risk without its content.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Major {
    /// The finding's own id: random, so its hash tells nothing.
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) scenario: String,
    pub(crate) state: String,
    pub(crate) opened: i64,
    pub(crate) closed: Option<i64>,
}

/// The major risks of an organisation: those that need work first, the oldest of them first.
pub(crate) async fn majors(
    c: &mut AnyConnection,
    organisation: &str,
    limit: usize,
) -> Result<Vec<Major>, Error> {
    Ok(sqlx::query_as(
        "SELECT id, rule, scenario, state, opened, closed FROM finding \
         WHERE organisation = $1 AND level = 'major' ORDER BY work DESC, opened, id LIMIT $2",
    )
    .bind(organisation)
    .bind(limit as i64)
    .fetch_all(c)
    .await?)
}

/// How many findings some rules have, and how many of them need work.
pub(crate) async fn of_rules(
    c: &mut AnyConnection,
    organisation: &str,
    rules: &[&str],
) -> Result<(i64, i64), Error> {
    let places: Vec<_> = (2..rules.len() + 2).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT COUNT(*), COUNT(CASE WHEN work = 1 THEN 1 END) FROM finding \
         WHERE organisation = $1 AND rule IN ({})",
        places.join(",")
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(organisation);
    let query = rules.iter().fold(query, |q, rule| q.bind(*rule));
    Ok(query.fetch_one(c).await?)
}

/// Level and state of a finding by its number.
pub(crate) async fn by_number(
    c: &mut AnyConnection,
    organisation: &str,
    number: i64,
) -> Result<Option<(String, String)>, Error> {
    let found =
        sqlx::query_as("SELECT level, state FROM finding WHERE organisation = $1 AND number = $2");
    Ok(found.bind(organisation).bind(number).fetch_optional(c).await?)
}
