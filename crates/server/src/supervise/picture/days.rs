//! The totals of each day, kept for trends and for the rate at which targets are neared.

use crate::{
    App, clock,
    db::{Actor, Change},
    error::Error,
    rounds,
};
use serde_json::json;
use std::time::Duration;

/// How often the day's figures are brought up to date.
const LOOK: Duration = Duration::from_mins(15);

/// Keeps the figures of each day while the program runs.
pub(crate) fn start(app: &App) {
    rounds::every(app, LOOK, "figures of the day", |app| async move { all(&app).await });
}

async fn all(app: &App) -> Result<(), Error> {
    let supervisors: Vec<(String,)> = sqlx::query_as("SELECT DISTINCT supervisor FROM sum_turn")
        .fetch_all(&mut *app.db.read().await?)
        .await?;
    for (supervisor,) in supervisors {
        let mut change = app.db.change(&Actor::system(&supervisor)).await?;
        let day = clock::day(clock::now()).to_string();
        if keep(&mut change, &supervisor, &day).await? {
            change.commit().await?;
        }
    }
    Ok(())
}

/// The figures of a day.
type Figures = [i64; 8];

/// Keeps today's totals as those of a day; says whether they differ from what was kept of it.
pub(crate) async fn keep(change: &mut Change, supervisor: &str, day: &str) -> Result<bool, Error> {
    let now = totals(change, supervisor).await?;
    #[allow(clippy::type_complexity, reason = "a row, taken apart at once")]
    let kept: Option<(i64, i64, i64, i64, i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT registered, accepted, graded, target_graded, person_times, professionals, \
         majors_open, majors_closed FROM sum_day WHERE supervisor = $1 AND day = $2",
    )
    .bind(supervisor)
    .bind(day)
    .fetch_optional(&mut **change)
    .await?;
    if kept.is_some_and(|k| [k.0, k.1, k.2, k.3, k.4, k.5, k.6, k.7] == now) {
        return Ok(false);
    }
    let query = sqlx::query(
        "INSERT INTO sum_day (supervisor, day, registered, accepted, graded, target_graded, \
         person_times, professionals, majors_open, majors_closed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (supervisor, day) \
         DO UPDATE SET registered = excluded.registered, accepted = excluded.accepted, \
         graded = excluded.graded, target_graded = excluded.target_graded, \
         person_times = excluded.person_times, professionals = excluded.professionals, \
         majors_open = excluded.majors_open, majors_closed = excluded.majors_closed",
    )
    .bind(supervisor)
    .bind(day);
    now.into_iter().fold(query, sqlx::query::Query::bind).execute(&mut **change).await?;
    super::turn(change, supervisor).await?;
    change.note("picture.day", "picture", json!({ "day": day, "graded": now[2] }));
    Ok(true)
}

async fn totals(change: &mut Change, supervisor: &str) -> Result<Figures, Error> {
    let a: (i64, i64, i64, i64, i64, i64) = sqlx::query_as(
        "SELECT CAST(COALESCE(SUM(registered), 0) AS BIGINT), \
         CAST(COALESCE(SUM(accepted), 0) AS BIGINT), CAST(COALESCE(SUM(graded), 0) AS BIGINT), \
         CAST(COALESCE(SUM(target_graded), 0) AS BIGINT), \
         CAST(COALESCE(SUM(person_times), 0) AS BIGINT), \
         CAST(COALESCE(SUM(professionals), 0) AS BIGINT) FROM sum_area WHERE supervisor = $1",
    )
    .bind(supervisor)
    .fetch_one(&mut **change)
    .await?;
    let m: (i64, i64) = sqlx::query_as(
        "SELECT CAST(COALESCE(SUM(open), 0) AS BIGINT), CAST(COALESCE(SUM(closed), 0) AS BIGINT) \
         FROM sum_major WHERE supervisor = $1",
    )
    .bind(supervisor)
    .fetch_one(&mut **change)
    .await?;
    Ok([a.0, a.1, a.2, a.3, a.4, a.5, m.0, m.1])
}
