//! Where we stand.

mod facts;
mod standing;
mod trend;

use crate::{
    answer,
    auth::Right,
    correct::facts::{Brief, Count},
    ctx::Ctx,
    error::Error,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use facts::{Facts, STATES};
use hangtu_catalog::{Bilingual, Catalog, Scenario, key};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

pub(crate) fn routes(r: &mut Routes) {
    r.get(
        "/",
        Access::Signed,
        Doc::new("Where the organisation stands").returns::<Stands>(),
        home,
    );
    r.get(
        "/standing",
        Access::May(Right::Read),
        Doc::new("How each control point stands: measured, claimed, or not looked at")
            .query::<standing::Filter>()
            .returns::<standing::Standing>(),
        standing::list,
    );
}

/// A count under a word.
#[derive(Serialize, JsonSchema)]
struct Part {
    word: String,
    n: u64,
}

/// One scenario's line of the matrix. Every number stands beside what it is a part of.
#[derive(Serialize, JsonSchema)]
struct Line {
    scenario: &'static str,
    /// Control points with a fresh measurement or answer.
    examined: u64,
    /// Control points of the scenario.
    controls: u64,
    /// All of them by how they stand.
    split: Vec<Part>,
    /// Findings closed with proof.
    closed: u64,
    /// Findings that were ever found.
    found: u64,
    /// Open ones by level, the worst first.
    open: Vec<Part>,
}

/// A finding in one line.
#[derive(Serialize, JsonSchema)]
struct Finding {
    id: String,
    number: i64,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    level: String,
    scenario: String,
    state: String,
    owner: Option<String>,
    due: Option<i64>,
    overdue: bool,
}

/// Where the organisation stands.
#[derive(Serialize, JsonSchema)]
struct Stands {
    organisation: String,
    matrix: Vec<Line>,
    major: Vec<Finding>,
    due_mine: Vec<Finding>,
    due_all: Vec<Finding>,
    answers: answer::Standing,
    /// Jobs that wait or run.
    jobs: i64,
    trend: Vec<trend::Stand>,
    /// Nothing was examined or answered yet.
    first: bool,
}

/// States of a finding that need no more work: closed by proof, dealt with otherwise, or disproved.
const SETTLED: [&str; 3] = ["closed", "accepted", "not_applicable"];

fn findings(briefs: Vec<Brief>, now: i64) -> Vec<Finding> {
    let finding = |b: Brief| Finding {
        id: b.id,
        number: b.number,
        title: b.title,
        level: b.level,
        scenario: b.scenario,
        state: b.state,
        owner: b.owner_name,
        overdue: b.due.is_some_and(|due| due < now),
        due: b.due,
    };
    briefs.into_iter().map(finding).collect()
}

fn line(catalog: &Catalog, scenario: Scenario, facts: &Facts) -> Line {
    let mut split: Vec<Part> =
        STATES.iter().map(|word| Part { word: (*word).into(), n: 0 }).collect();
    let mut controls = 0;
    for control in catalog.controls.iter().filter(|c| c.scenarios.contains(&scenario)) {
        controls += 1;
        let (observed, claim) = (facts.observed.get(&control.id), facts.claims.get(&control.id));
        let word = facts::state(observed, claim, facts.now);
        if let Some(part) = split.iter_mut().find(|p| p.word == word) {
            part.n += 1;
        }
    }
    let examined = split.iter().filter(|p| matches!(&*p.word, "measured" | "claimed"));
    let examined = examined.map(|p| p.n).sum();
    let of = |test: &dyn Fn(&Count) -> bool| -> u64 {
        let fits = facts.counts.iter().filter(|c| c.scenario == scenario.name() && test(c));
        fits.map(|c| u64::try_from(c.n).unwrap_or(0)).sum()
    };
    let open = |level: &str| {
        of(&|c: &Count| c.level == level && !SETTLED.contains(&c.state.as_str()))
    };
    Line {
        scenario: scenario.name(),
        examined,
        controls,
        split,
        closed: of(&|c| c.state == "closed"),
        found: of(&|_| true),
        open: trend::levels()
            .map(|l| Part { word: l.name().into(), n: open(l.name()) })
            .filter(|p| p.n > 0)
            .collect(),
    }
}

#[derive(Template)]
#[template(path = "home/home.html")]
struct Home<'a> {
    page: Page,
    data: &'a Stands,
    pieces: Vec<trend::Piece>,
}

#[derive(Template)]
#[template(path = "home/admin.html")]
struct Admin {
    page: Page,
}

/// What somebody sees who reads no findings.
#[derive(Serialize)]
struct Only {
    organisation: String,
}

async fn home(ctx: Ctx) -> Result<Response, Error> {
    let organisation = ctx.signed()?.organisation_name.clone();
    if ctx.may(Right::Read).is_err() {
        // The administrators of accounts and of the trail work elsewhere.
        return ctx.show(key::NAV_HOME, &Only { organisation }, |page| Admin { page });
    }
    let facts = facts::gather(&ctx).await?;
    let catalog = &ctx.app.catalog;
    let matrix = Scenario::ALL.into_iter().map(|s| line(catalog, s, &facts)).collect();
    let trend = trend::stands(&facts.trend);
    let data = Stands {
        organisation,
        matrix,
        first: facts.observed.is_empty() && facts.answers.round.is_none() && facts.jobs == 0,
        major: findings(facts.major, facts.now),
        due_mine: findings(facts.due_mine, facts.now),
        due_all: findings(facts.due_all, facts.now),
        answers: facts.answers,
        jobs: facts.jobs,
        trend,
    };
    ctx.show(key::NAV_HOME, &data, |page| Home {
        pieces: trend::pieces(&data.trend),
        page,
        data: &data,
    })
}
