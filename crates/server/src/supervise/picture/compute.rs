//! The numbers of the picture, read from the sums.

use super::{
    goal::{Goal, between, goal},
    sums::AREA,
};
use crate::{
    App,
    clock::{self, DAY},
    db::{Value, bind},
    error::Error,
};
use hangtu_catalog::{Level, Scenario, TargetSense};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow, Row};
use std::{collections::BTreeMap, fmt::Write};

/// Which part of the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(in crate::supervise) struct Scope {
    /// Code of a region; empty for all.
    pub(in crate::supervise) region: String,
    /// GB/T 4754 division; empty for all.
    pub(in crate::supervise) industry: String,
}

impl Scope {
    fn condition(&self, supervisor: &str) -> (String, Vec<Value>) {
        let (mut sql, mut values) = ("supervisor = $1".to_owned(), vec![Value::from(supervisor)]);
        for (column, value) in [("region", &self.region), ("industry", &self.industry)] {
            if !value.is_empty() {
                values.push(value.into());
                let _ = write!(sql, " AND {column} = ${}", values.len());
            }
        }
        (sql, values)
    }
}

/// Sums of an area.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(in crate::supervise) struct Area {
    pub(super) registered: i64,
    pub(super) above: i64,
    pub(super) target: i64,
    pub(super) invited: i64,
    pub(super) submitted: i64,
    pub(super) accepted: i64,
    pub(super) graded: i64,
    pub(super) target_graded: i64,
    pub(super) filed: i64,
    pub(super) examined: i64,
    pub(super) drilled: i64,
    pub(super) assets: i64,
    pub(super) important: i64,
    pub(super) core: i64,
    pub(super) ungraded: i64,
    pub(super) checks_total: i64,
    pub(super) checks_measured: i64,
    pub(super) checks_errored: i64,
    pub(super) checks_stale: i64,
    pub(super) checks_never: i64,
    pub(super) not_applicable: i64,
    pub(super) person_times: i64,
    pub(super) persons: i64,
    pub(super) professionals: i64,
}

impl Area {
    fn fields(&mut self) -> [&mut i64; 24] {
        [
            &mut self.registered,
            &mut self.above,
            &mut self.target,
            &mut self.invited,
            &mut self.submitted,
            &mut self.accepted,
            &mut self.graded,
            &mut self.target_graded,
            &mut self.filed,
            &mut self.examined,
            &mut self.drilled,
            &mut self.assets,
            &mut self.important,
            &mut self.core,
            &mut self.ungraded,
            &mut self.checks_total,
            &mut self.checks_measured,
            &mut self.checks_errored,
            &mut self.checks_stale,
            &mut self.checks_never,
            &mut self.not_applicable,
            &mut self.person_times,
            &mut self.persons,
            &mut self.professionals,
        ]
    }

    fn add(&mut self, other: &mut Self) {
        for (sum, n) in self.fields().into_iter().zip(other.fields()) {
            *sum += *n;
        }
    }

    /// A figure of the plan by its id.
    pub(super) fn figure(&self, id: &str) -> Option<i64> {
        match id {
            "graded" => Some(self.graded),
            "person_times" => Some(self.person_times),
            "professionals" => Some(self.professionals),
            _ => None,
        }
    }
}

/// A region or an industry.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Place {
    pub(super) code: String,
    pub(super) sums: Area,
}

/// Findings of one scenario and level.
#[derive(Clone, Debug, FromRow, Serialize, Deserialize, JsonSchema)]
pub(super) struct Heat {
    pub(super) scenario: String,
    pub(super) level: String,
    pub(super) enterprises: i64,
    pub(super) open: i64,
    pub(super) overdue: i64,
    pub(super) accepted: i64,
    pub(super) corrected: i64,
    pub(super) proven: i64,
}

/// Major risks found in one month.
#[derive(Clone, Debug, FromRow, Serialize, Deserialize, JsonSchema)]
pub(super) struct Month {
    pub(super) month: String,
    pub(super) open: i64,
    pub(super) closed: i64,
}

/// Drills of one scenario.
#[derive(Clone, Debug, FromRow, Serialize, Deserialize, JsonSchema)]
pub(super) struct Drilled {
    pub(super) scenario: String,
    pub(super) enterprises: i64,
    pub(super) shortcomings: i64,
}

/// The totals of one day.
#[derive(Clone, Debug, FromRow, Serialize, Deserialize, JsonSchema)]
pub(super) struct Day {
    pub(super) day: String,
    pub(super) registered: i64,
    pub(super) accepted: i64,
    pub(super) graded: i64,
    pub(super) target_graded: i64,
    pub(super) person_times: i64,
    pub(super) professionals: i64,
    pub(super) majors_open: i64,
    pub(super) majors_closed: i64,
}

/// The picture of a scope at a moment.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(in crate::supervise) struct Picture {
    pub(super) time: i64,
    pub(super) scope: Scope,
    pub(super) sums: Area,
    /// Enterprises whose accepted facts are too old.
    pub(super) stale: i64,
    pub(super) stale_after_days: u16,
    pub(super) goals: Vec<Goal>,
    /// The last day of the plan, and the days that are left.
    pub(super) until: String,
    pub(super) days_left: i64,
    pub(super) regions: Vec<Place>,
    pub(super) industries: Vec<Place>,
    /// Scenarios in their order, levels from the worst.
    pub(super) heat: Vec<Heat>,
    /// By month of finding, the newest first; the last is everything older.
    pub(super) months: Vec<Month>,
    pub(super) drills: Vec<Drilled>,
    /// Days of the whole roster; empty within a scope.
    pub(super) days: Vec<Day>,
}

/// Months that stand by themselves.
const MONTHS: usize = 12;
/// Days of the trend.
const DAYS: i64 = 180;

/// Before this, accepted facts are stale.
pub(in crate::supervise) fn stale_before(app: &App, now: i64) -> i64 {
    now - i64::from(app.catalog.targets.stale_after_days) * DAY
}

/// The sums by one column of the area's key.
async fn places(
    c: &mut AnyConnection,
    supervisor: &str,
    scope: &Scope,
    by: &str,
) -> Result<Vec<Place>, Error> {
    let (condition, values) = scope.condition(supervisor);
    let sums: Vec<_> = AREA[3..].iter().map(|c| format!("CAST(SUM({c}) AS BIGINT)")).collect();
    let sql = format!(
        "SELECT {by}, {} FROM sum_area WHERE {condition} GROUP BY {by} ORDER BY {by}",
        sums.join(", ")
    );
    let query = sqlx::query(AssertSqlSafe(sql));
    let mut all = Vec::new();
    for row in values.into_iter().fold(query, bind).fetch_all(c).await? {
        let mut place = Place { code: row.try_get(0)?, sums: Area::default() };
        for (at, field) in place.sums.fields().into_iter().enumerate() {
            *field = row.try_get(at + 1)?;
        }
        // What was moved away leaves a row of nothing.
        if place.sums.registered > 0 {
            all.push(place);
        }
    }
    Ok(all)
}

async fn grouped<T: Send + Unpin + for<'r> FromRow<'r, sqlx::any::AnyRow>>(
    c: &mut AnyConnection,
    supervisor: &str,
    scope: &Scope,
    table: &str,
    (by, sums): (&str, &[&str]),
) -> Result<Vec<T>, Error> {
    let (condition, values) = scope.condition(supervisor);
    let sums: Vec<_> = sums.iter().map(|c| format!("CAST(SUM({c}) AS BIGINT) AS {c}")).collect();
    let sql =
        format!("SELECT {by}, {} FROM {table} WHERE {condition} GROUP BY {by}", sums.join(", "));
    let query = sqlx::query(AssertSqlSafe(sql));
    let rows = values.into_iter().fold(query, bind).fetch_all(c).await?;
    rows.iter().map(|r| T::from_row(r).map_err(Error::from)).collect()
}

async fn stale(
    c: &mut AnyConnection,
    supervisor: &str,
    scope: &Scope,
    before: i64,
) -> Result<i64, Error> {
    let (condition, mut values) = scope.condition(supervisor);
    values.push(before.into());
    let sql = format!(
        "SELECT COUNT(*) FROM supervised WHERE {condition} AND status = 'active' AND as_of < ${}",
        values.len()
    );
    let query = sqlx::query(AssertSqlSafe(sql));
    Ok(values.into_iter().fold(query, bind).fetch_one(c).await?.try_get(0)?)
}

/// The totals of the last days, the oldest first.
pub(super) async fn days(c: &mut AnyConnection, supervisor: &str) -> Result<Vec<Day>, Error> {
    let mut days: Vec<Day> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT day, registered, accepted, graded, target_graded, person_times, professionals, \
         majors_open, majors_closed FROM sum_day WHERE supervisor = $1 ORDER BY day DESC LIMIT {DAYS}"
    )))
    .bind(supervisor)
    .fetch_all(c)
    .await?;
    days.reverse();
    Ok(days)
}

/// The order of the heat table: scenarios as they are listed, the worst level first.
fn filled(found: Vec<Heat>) -> Vec<Heat> {
    let mut found: BTreeMap<(String, String), Heat> =
        found.into_iter().map(|h| ((h.scenario.clone(), h.level.clone()), h)).collect();
    let mut all = Vec::new();
    for scenario in Scenario::ALL {
        for level in Level::ALL.iter().rev() {
            let key = (scenario.name().to_owned(), level.name().to_owned());
            all.push(found.remove(&key).unwrap_or(Heat {
                scenario: key.0,
                level: key.1,
                enterprises: 0,
                open: 0,
                overdue: 0,
                accepted: 0,
                corrected: 0,
                proven: 0,
            }));
        }
    }
    all
}

/// The newest months by themselves, everything older as one with an empty name.
fn newest(mut months: Vec<Month>) -> Vec<Month> {
    months.retain(|m| m.open != 0 || m.closed != 0);
    months.sort_by(|a, b| b.month.cmp(&a.month));
    if months.len() > MONTHS {
        let older = months.split_off(MONTHS);
        months.push(Month {
            month: String::new(),
            open: older.iter().map(|m| m.open).sum(),
            closed: older.iter().map(|m| m.closed).sum(),
        });
    }
    months
}

/// The picture of a scope, now.
pub(in crate::supervise) async fn picture(
    app: &App,
    c: &mut AnyConnection,
    supervisor: &str,
    scope: &Scope,
) -> Result<Picture, Error> {
    let targets = &app.catalog.targets;
    let now = clock::now();
    let today = clock::day(now);
    let mut regions = places(c, supervisor, scope, "region").await?;
    let industries = places(c, supervisor, scope, "industry").await?;
    let mut sums = Area::default();
    for region in &mut regions {
        sums.add(&mut region.sums);
    }
    let whole = scope == &Scope::default();
    let days = if whole { days(c, supervisor).await? } else { Vec::new() };
    let left = between(today, targets.plan.to);
    // The plan's figures are the nation's; a part of it has its part of the set to cover.
    let mut goals = Vec::new();
    if whole {
        for target in &targets.figures {
            if let Some(n) = sums.figure(&target.id) {
                let more = target.sense == TargetSense::MoreThan;
                goals.push(goal(&target.id, more, target.figure as i64, n, &days, left, today));
            }
        }
    }
    goals.push(goal("top", false, sums.target, sums.target_graded, &days, left, today));
    let risk = (
        "scenario, level",
        &["enterprises", "open", "overdue", "accepted", "corrected", "proven"][..],
    );
    let heat = filled(grouped(c, supervisor, scope, "sum_risk", risk).await?);
    let months = ("month", &["open", "closed"][..]);
    let months = newest(grouped(c, supervisor, scope, "sum_major", months).await?);
    let drill = ("scenario", &["enterprises", "shortcomings"][..]);
    let mut drills: Vec<Drilled> = grouped(c, supervisor, scope, "sum_drill", drill).await?;
    drills.sort_by_key(|d| Scenario::ALL.iter().position(|s| s.name() == d.scenario));
    Ok(Picture {
        time: now,
        scope: scope.clone(),
        stale: stale(c, supervisor, scope, stale_before(app, now)).await?,
        stale_after_days: targets.stale_after_days,
        sums,
        goals,
        until: targets.plan.to.to_string(),
        days_left: left,
        regions,
        industries,
        heat,
        months,
        drills,
        days,
    })
}
