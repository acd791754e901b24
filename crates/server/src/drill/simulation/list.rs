//! The simulations of an organisation, and the form for a new one.

use super::{COLUMNS, Row, begin::MOST, recipe};
use crate::{auth::Right, ctx::Ctx, error::Error, ui::Page};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Bilingual, key};
use hangtu_drill::simulate::{DrillResult, Profiles, Verdict};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::AnyConnection;
use std::collections::BTreeMap;

/// A simulation in a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct Line {
    #[serde(flatten)]
    pub(super) row: Row,
    /// Seconds from the first change to the first detection.
    pub(super) detected: Option<f64>,
    /// Files lost until it was contained, or all that were.
    pub(super) lost: Option<u64>,
    /// Files that came back from the backup, in percent; absent where none was restored.
    pub(super) restored: Option<f64>,
    /// Seconds that took.
    pub(super) recovered: Option<f64>,
    /// Whether nothing that was tried failed.
    pub(super) passed: Option<bool>,
}

impl Line {
    pub(super) fn of(row: Row) -> Self {
        let result = row.measured();
        let r = result.as_ref();
        let restored = |r: &DrillResult| {
            // Rounded down: 100 % is said of all files only.
            let part = r.recovery.right as f64 * 1000.0 / r.decoys.files.max(1) as f64;
            r.recovery.seconds.map(|_| part.floor() / 10.0)
        };
        Self {
            detected: r.and_then(|r| r.detection.first.first()).map(|n| n.seconds),
            lost: r.map(|r| r.containment.files_lost),
            restored: r.and_then(restored),
            recovered: r.and_then(|r| r.recovery.seconds),
            passed: r.map(|r| r.aspects().iter().all(|(_, v)| *v != Verdict::Failed)),
            row,
        }
    }
}

/// A behaviour to choose.
#[derive(Serialize, JsonSchema)]
pub(super) struct Behaviour {
    id: String,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
}

/// A folder to choose, and what its administrator set up for it.
#[derive(Serialize, JsonSchema)]
pub(super) struct Folder {
    path: String,
    /// Whether a backup is made and restored.
    recovers: bool,
    /// Whether products' alarms arrive by syslog or in a log.
    hears: bool,
    /// Why it cannot be used.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    problem: Option<Bilingual>,
}

/// Simulations, and what they may be made of.
#[derive(Serialize, JsonSchema)]
pub(super) struct List {
    simulations: Vec<Line>,
    folders: Vec<Folder>,
    behaviours: Vec<Behaviour>,
    /// Drills that run, whose log may hold what is measured: id, and number.
    drills: Vec<(String, i64)>,
}

#[derive(Template)]
#[template(path = "drill/simulation/list.html")]
struct ListPage<'a> {
    page: Page,
    data: &'a List,
}

impl ListPage<'_> {
    fn behaviour<'l>(&'l self, id: &'l str) -> &'l str {
        let known = self.data.behaviours.iter().find(|b| b.id == id);
        known.map_or(id, |b| self.page.b(&b.title))
    }
}

/// Seconds for people.
pub(super) fn seconds(value: &f64) -> String {
    if *value < 10.0 { format!("{value:.2} s") } else { format!("{value:.0} s") }
}

/// Measured ones of the same behaviour and others, the newest first.
pub(super) async fn rows(c: &mut AnyConnection, organisation: &str) -> Result<Vec<Row>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM simulation WHERE organisation = $1 ORDER BY number DESC LIMIT 100"
    );
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation).fetch_all(c).await?)
}

/// The last simulation that was measured, for the home page.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Simulated {
    pub(crate) id: String,
    pub(crate) number: i64,
    pub(crate) ended: i64,
    /// Whether nothing that was tried failed.
    pub(crate) passed: bool,
}

/// See [`Simulated`].
pub(crate) async fn simulated(
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Option<Simulated>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM simulation WHERE organisation = $1 AND state = 'done' \
         ORDER BY number DESC LIMIT 1"
    );
    let row: Option<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation).fetch_optional(c).await?;
    Ok(row.map(Line::of).and_then(|line| {
        let (id, number) = (line.row.id, line.row.number);
        Some(Simulated { id, number, ended: line.row.ended?, passed: line.passed? })
    }))
}

pub(super) async fn list(ctx: Ctx) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let simulations = rows(c, organisation).await?.into_iter().map(Line::of).collect();
    let drills = sqlx::query_as(
        "SELECT id, number FROM drill WHERE organisation = $1 AND state = 'running' AND style = '' \
         ORDER BY number DESC",
    )
    .bind(organisation)
    .fetch_all(&mut *c)
    .await?;
    let profiles = Profiles::embedded().map_err(Error::internal)?;
    let allowed = ctx.app.config.drill_folders.clone();
    let folder = |path: std::path::PathBuf| {
        let recipe = recipe::read(&path);
        let problem = match &recipe {
            Err(Error::Conflict(why)) => Some(why.clone()),
            _ => None,
        };
        let recipe = recipe.unwrap_or_default();
        let (recovers, hears) = (recipe.recovers(), recipe.hears());
        Folder { path: path.display().to_string(), recovers, hears, problem }
    };
    let found = move || recipe::folders(&allowed).into_iter().map(folder).collect();
    let data = List {
        simulations,
        folders: tokio::task::spawn_blocking(found).await.map_err(Error::internal)?,
        behaviours: profiles
            .all
            .iter()
            .map(|p| Behaviour { id: p.id.clone(), title: p.title.clone() })
            .collect(),
        drills,
    };
    ctx.show(key::SIMULATION_TITLE, &data, |page| ListPage { page, data: &data })
}
