//! What the home page tells of drills: for each scenario the last one held by people, how old it is,
//! how it went, what of it is still open.

use crate::error::Error;
use hangtu_catalog::Scenario;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::AnyConnection;

/// The last drill of a scenario.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Drilled {
    pub(crate) id: String,
    pub(crate) number: i64,
    pub(crate) ended: i64,
    /// 0 to 100, where it was judged.
    pub(crate) score: Option<i64>,
    pub(crate) shortcomings: i64,
    /// Findings from drills of the same exercise that need work.
    pub(crate) open: i64,
}

/// The last drill of a scenario that people held to its end; rehearsals do not count.
pub(crate) async fn drilled(
    c: &mut AnyConnection,
    organisation: &str,
    scenario: Scenario,
) -> Result<Option<Drilled>, Error> {
    let last: Option<(String, i64, i64, Option<i64>, i64, String)> = sqlx::query_as(
        "SELECT id, number, ended, score, shortcomings, exercise FROM drill WHERE organisation = $1 \
         AND style = '' AND state = 'closed' AND scenarios LIKE $2 ORDER BY ended DESC LIMIT 1",
    )
    .bind(organisation)
    .bind(format!("% {} %", scenario.name()))
    .fetch_optional(&mut *c)
    .await?;
    let Some((id, number, ended, score, shortcomings, exercise)) = last else { return Ok(None) };
    let open =
        crate::correct::facts::open_of(c, organisation, &format!("drill.{exercise}")).await?;
    Ok(Some(Drilled { id, number, ended, score, shortcomings, open }))
}

/// Who played in drills that people held to their end, and when each ended; or one person.
pub(crate) async fn played(
    c: &mut AnyConnection,
    organisation: &str,
    person: Option<&str>,
) -> Result<Vec<(String, i64)>, Error> {
    Ok(sqlx::query_as(
        "SELECT DISTINCT p.person, d.ended FROM drill d JOIN drill_part p ON p.drill = d.id \
         WHERE d.organisation = $1 AND p.organisation = $1 AND d.style = '' \
         AND d.state = 'closed' AND d.ended IS NOT NULL AND ($2 = '' OR p.person = $2)",
    )
    .bind(organisation)
    .bind(person.unwrap_or_default())
    .fetch_all(c)
    .await?)
}

/// The number of a drill.
pub(crate) async fn number(
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<i64, Error> {
    let (number,): (i64,) =
        sqlx::query_as("SELECT number FROM drill WHERE organisation = $1 AND id = $2")
            .bind(organisation)
            .bind(id)
            .fetch_one(c)
            .await?;
    Ok(number)
}
