//! Target sets: who must carry out classified and graded protection, computed and frozen by
//! version, with the regulator's own decisions and the differences between versions.

mod decide;
mod diff;
mod freeze;
mod rank;

use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    input::Asked,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Catalog, Rounding, SetRule, Ties, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, FromRow};

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(Right::Supervise);
    let doc = Doc::new("Target sets that are frozen, and a set computed without freezing it");
    r.get("/supervise/targets", may, doc.query::<Rule>().returns::<Sets>(), page);
    freeze::routes(r);
    decide::routes(r);
    diff::routes(r);
}

/// How a set is computed; what is left out follows the content file.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
struct Rule {
    /// Year of the revenue; nothing is computed without it.
    year: String,
    /// 1 to 100.
    percent: String,
    /// `up`, `nearest` or `down`.
    rounding: String,
    /// `all` or `code`.
    ties: String,
}

impl Rule {
    /// The rule for the computation and its year.
    fn parsed(&self, catalog: &Catalog) -> Result<(SetRule, i64), Error> {
        let bad = |field| Error::invalid(field, key::SERVER_FIELD_CHOICE);
        let own = catalog.targets.set;
        let percent = match self.percent.trim() {
            "" => own.percent,
            text => {
                text.parse().ok().filter(|p| (1..=100).contains(p)).ok_or_else(|| bad("percent"))?
            }
        };
        let rounding = match self.rounding.as_str() {
            "" => own.rounding,
            "up" => Rounding::Up,
            "nearest" => Rounding::Nearest,
            "down" => Rounding::Down,
            _ => return Err(bad("rounding")),
        };
        let ties = match self.ties.as_str() {
            "" => own.ties,
            "all" => Ties::All,
            "code" => Ties::Code,
            _ => return Err(bad("ties")),
        };
        let year = self.year.trim().parse().ok().filter(|y| (2000..=2100).contains(y));
        Ok((SetRule { percent, rounding, ties }, year.ok_or_else(|| bad("year"))?))
    }
}

const fn rounding(r: Rounding) -> &'static str {
    match r {
        Rounding::Up => "up",
        Rounding::Nearest => "nearest",
        Rounding::Down => "down",
    }
}

const fn ties(t: Ties) -> &'static str {
    match t {
        Ties::All => "all",
        Ties::Code => "code",
    }
}

/// A frozen set.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
struct Set {
    version: i64,
    year: i64,
    percent: i64,
    rounding: String,
    ties: String,
    /// Above scale with a revenue of the year.
    eligible: i64,
    /// Above scale without.
    without_revenue: i64,
    members: i64,
    frozen: i64,
    person_name: String,
}

/// The regulator's decision about one enterprise.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
struct Decision {
    credit_code: String,
    name: String,
    /// `include` or `exclude`.
    what: String,
    reason: String,
    time: i64,
    person_name: String,
}

/// What a computation came to.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
struct Counted {
    members: i64,
    eligible: i64,
    without_revenue: i64,
}

/// Frozen sets, decisions, and a computation where one was asked for.
#[derive(Serialize, JsonSchema)]
struct Sets {
    sets: Vec<Set>,
    decisions: Vec<Decision>,
    computed: Option<Counted>,
}

async fn sets(c: &mut AnyConnection, supervisor: &str) -> Result<Vec<Set>, Error> {
    Ok(sqlx::query_as(
        "SELECT version, year, percent, rounding, ties, eligible, without_revenue, members, \
         frozen, person_name FROM target_set WHERE supervisor = $1 ORDER BY version DESC LIMIT 100",
    )
    .bind(supervisor)
    .fetch_all(c)
    .await?)
}

#[derive(Template)]
#[template(path = "supervise/target/page.html")]
struct TargetPage<'a> {
    page: Page,
    sets: &'a Sets,
    rule: &'a Rule,
}

async fn page(ctx: Ctx, Asked(mut rule): Asked<Rule>) -> Result<Response, Error> {
    let supervisor = ctx.organisation()?;
    let catalog = &ctx.app.catalog;
    let computed = if rule.year.is_empty() {
        None
    } else {
        let (set, year) = rule.parsed(catalog)?;
        let c = &mut *ctx.app.db.read().await?;
        Some(freeze::counted(&freeze::placed(c, supervisor, set, year).await?))
    };
    // What the form shows first.
    let own = catalog.targets.set;
    for (field, value) in [
        (&mut rule.percent, own.percent.to_string()),
        (&mut rule.rounding, rounding(own.rounding).to_owned()),
        (&mut rule.ties, ties(own.ties).to_owned()),
        (&mut rule.year, (clock::day(clock::now()).year() - 1).to_string()),
    ] {
        if field.is_empty() {
            *field = value;
        }
    }
    let c = &mut *ctx.app.db.read().await?;
    let sets = Sets {
        sets: sets(c, supervisor).await?,
        decisions: decide::all(c, supervisor).await?,
        computed,
    };
    ctx.show(key::TARGET_TITLE, &sets, |page| TargetPage { page, sets: &sets, rule: &rule })
}
