//! What other capabilities ask about findings. Call [`super::settle`] first where a person looks.

use super::{
    filter::{Filter, Where},
    list::Line,
    model::{READ, Row},
};
use crate::{App, audit, clock, error::Error, kept::Kept, people};
use futures_util::{TryStreamExt, stream::BoxStream};
use hangtu_examine::model::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};
use std::{collections::BTreeMap, sync::Arc};

/// How many findings stand where.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Count {
    pub(crate) scenario: String,
    pub(crate) level: String,
    pub(crate) state: String,
    pub(crate) n: i64,
}

/// What was counted, kept until the organisation's log grows: no finding changes without an entry.
pub(crate) struct Tallies {
    counts: Kept<String, i64, Vec<Count>>,
    totals: Kept<(String, String), i64, i64>,
}

impl Default for Tallies {
    fn default() -> Self {
        Self { counts: Kept::new(512), totals: Kept::new(4096) }
    }
}

/// How many an organisation has by scenario, level and state; they add up to all there are.
pub(crate) async fn counts(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Arc<Vec<Count>>, Error> {
    let size = audit::size(c, organisation).await?;
    let place = app.tallies.counts.place(organisation.to_owned()).await;
    if let Some(counts) = place.of(&size) {
        return Ok(counts);
    }
    let size = audit::size(c, organisation).await?;
    let counts = sqlx::query_as(
        "SELECT scenario, level, state, COUNT(*) AS n FROM finding WHERE organisation = $1 \
         GROUP BY state, level, scenario ORDER BY state, level, scenario",
    )
    .bind(organisation)
    .fetch_all(c)
    .await?;
    Ok(place.put(size, counts))
}

/// How many there are in each state.
pub(crate) fn states(counts: &[Count]) -> BTreeMap<String, i64> {
    let mut states = BTreeMap::new();
    for count in counts {
        *states.entry(count.state.clone()).or_default() += count.n;
    }
    states
}

/// How many match a filter.
pub(super) async fn total(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
    (filter, condition): (&Filter, &Where),
) -> Result<i64, Error> {
    if let Some(wanted) = filter.counted() {
        let counts = counts(app, c, organisation).await?;
        return Ok(counts.iter().filter(|count| wanted(count)).map(|count| count.n).sum());
    }
    let size = audit::size(c, organisation).await?;
    let place = app.tallies.totals.place((organisation.to_owned(), condition.key())).await;
    if let Some(total) = place.of(&size) {
        return Ok(*total);
    }
    let size = audit::size(c, organisation).await?;
    let total = condition.count(c).await?;
    Ok(*place.put(size, total))
}

/// What needs work and is due before a moment, the most urgent first; of one person or of everybody.
pub(crate) async fn due(
    c: &mut AnyConnection,
    organisation: &str,
    person: Option<&str>,
    before: i64,
    limit: i64,
) -> Result<Vec<Line>, Error> {
    // Two statements, because one for both would read everything to find what is nobody's.
    let whose = if person.is_some() { "owner = $4" } else { "$4 = ''" };
    let sql = format!(
        "SELECT {READ} FROM finding WHERE organisation = $1 AND work = 1 AND due < $2 \
         AND {whose} ORDER BY due, level_rank DESC, number LIMIT $3"
    );
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(organisation)
        .bind(before)
        .bind(limit)
        .bind(person.unwrap_or_default())
        .fetch_all(&mut *c)
        .await?;
    lines(c, organisation, &rows).await
}

/// Major findings that need work, the latest first.
pub(crate) async fn major(
    c: &mut AnyConnection,
    organisation: &str,
    limit: i64,
) -> Result<Vec<Line>, Error> {
    let sql = format!(
        "SELECT {READ} FROM finding WHERE organisation = $1 AND work = 1 AND level_rank = 4 \
         ORDER BY last_seen DESC LIMIT $2"
    );
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(organisation)
        .bind(limit)
        .fetch_all(&mut *c)
        .await?;
    lines(c, organisation, &rows).await
}

async fn lines(
    c: &mut AnyConnection,
    organisation: &str,
    rows: &[Row],
) -> Result<Vec<Line>, Error> {
    let (people, now) = (people::colleagues(c, organisation).await?, clock::now());
    Ok(rows.iter().map(|row| Line::of(row, &people, now)).collect())
}

/// Every finding of an organisation with its last detection, worst first, for reports.
pub(crate) fn all<'c>(
    c: &'c mut AnyConnection,
    organisation: &str,
) -> BoxStream<'c, Result<(Row, Finding), Error>> {
    let columns: Vec<String> = READ.split(", ").map(|c| format!("f.{}", c.trim())).collect();
    let sql = format!(
        "SELECT {}, d.detail FROM finding f JOIN finding_detail d ON d.finding = f.id \
         WHERE f.organisation = $1 ORDER BY f.level_rank DESC, f.number",
        columns.join(", ")
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(organisation.to_owned()).fetch(c);
    Box::pin(rows.map_err(Error::from).and_then(|row| async move {
        let detail: String = sqlx::Row::try_get(&row, "detail")?;
        Ok((Row::from_row(&row)?, serde_json::from_str(&detail).map_err(Error::internal)?))
    }))
}

/// A number for each level from light on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Levels(pub(crate) Vec<i64>);

impl TryFrom<String> for Levels {
    type Error = serde_json::Error;

    fn try_from(json: String) -> Result<Self, Self::Error> {
        serde_json::from_str(&json)
    }
}

/// What one run did to the findings.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, Serialize, JsonSchema)]
pub(crate) struct Taken {
    pub(crate) run: String,
    /// `examination` or `answers`.
    pub(crate) source: String,
    pub(crate) time: i64,
    /// Span of the evidence.
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) opened: i64,
    pub(crate) seen: i64,
    pub(crate) closed: i64,
    pub(crate) not_retested: i64,
    /// Findings that needed work after it, for each level from light on.
    #[sqlx(try_from = "String")]
    pub(crate) work: Levels,
}

/// The last runs, the oldest of them first.
pub(crate) async fn trend(
    c: &mut AnyConnection,
    organisation: &str,
    limit: i64,
) -> Result<Vec<Taken>, Error> {
    let mut runs: Vec<Taken> = sqlx::query_as(
        "SELECT run, source, time, first, last, opened, seen, closed, not_retested, work \
         FROM taken_in WHERE organisation = $1 ORDER BY time DESC LIMIT $2",
    )
    .bind(organisation)
    .bind(limit)
    .fetch_all(c)
    .await?;
    runs.reverse();
    Ok(runs)
}

/// How many findings of a rule need work.
pub(crate) async fn open_of(
    c: &mut AnyConnection,
    organisation: &str,
    rule: &str,
) -> Result<i64, Error> {
    let (n,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM finding WHERE organisation = $1 AND rule = $2 AND work = 1",
    )
    .bind(organisation)
    .bind(rule)
    .fetch_one(c)
    .await?;
    Ok(n)
}

/// The number of a finding.
pub(crate) async fn number(
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<i64, Error> {
    Ok(super::model::find(c, organisation, id).await?.number)
}
