//! The list behind the matrix: how each control point stands.

use super::facts::{STATES, observed, state};
use crate::{answer, clock, ctx::Ctx, error::Error, input::Asked, ui::Page};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Bilingual, Scenario, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which control points.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Filter {
    pub(super) scenario: String,
    /// `measured`, `claimed`, `not-applicable`, `error`, `stale` or `never`.
    pub(super) state: String,
}

/// How one control point stands.
#[derive(Serialize, JsonSchema)]
struct Stand {
    control: String,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    state: &'static str,
    /// Id of the latest run that could speak about it; empty where training records do.
    run: Option<String>,
    observed: Option<i64>,
    findings: Option<i64>,
    /// What was claimed last, and when.
    claim: Option<String>,
    claimed: Option<i64>,
}

/// The control points that were asked for.
#[derive(Serialize, JsonSchema)]
pub(super) struct Standing {
    controls: Vec<Stand>,
}

#[derive(Template)]
#[template(path = "home/standing.html")]
struct StandingPage<'a> {
    page: Page,
    data: &'a Standing,
    filter: &'a Filter,
}

pub(super) async fn list(ctx: Ctx, Asked(filter): Asked<Filter>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let (observed, claims) = {
        let c = &mut *ctx.app.db.read().await?;
        (observed(&ctx.app, c, organisation).await?, answer::claims(c, organisation).await?)
    };
    let now = clock::now();
    let within = |scenarios: &[Scenario]| {
        filter.scenario.is_empty() || scenarios.iter().any(|s| s.name() == filter.scenario)
    };
    let controls = ctx.app.catalog.controls.iter().filter(|c| within(&c.scenarios));
    let stand = |control: &hangtu_catalog::Control| {
        let (seen, claim) = (observed.get(&control.id), claims.get(&control.id));
        Stand {
            control: control.id.clone(),
            title: Bilingual::from(&control.title),
            state: state(seen, claim, now),
            run: seen.map(|o| o.run.clone()),
            observed: seen.map(|o| o.time),
            findings: seen.map(|o| o.findings),
            claim: claim.map(|c| c.means.clone()),
            claimed: claim.map(|c| c.time),
        }
    };
    let fits = |s: &Stand| filter.state.is_empty() || s.state == filter.state;
    let data = Standing { controls: controls.map(stand).filter(fits).collect() };
    ctx.show(key::HOME_STANDING, &data, |page| StandingPage { page, data: &data, filter: &filter })
}
