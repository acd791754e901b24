//! Where we stand.

mod facts;
mod standing;
mod trend;

use crate::{
    answer,
    auth::Right,
    authorise,
    correct::{self, facts::Count, state::State},
    ctx::Ctx,
    drill,
    error::Error,
    route::{Access, Doc, Routes},
    train,
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use facts::{Facts, STATES};
pub(crate) use facts::{coverage, fresh};
use hangtu_catalog::{Catalog, Scenario, key};
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) fn routes(r: &mut Routes) {
    r.get("/", Access::Signed, Doc::new("Where the organisation stands").returns::<Stands>(), home);
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
    /// The last drill that people held.
    drilled: Option<drill::Drilled>,
    /// The last technical simulation; of ransomware only.
    simulated: Option<drill::Simulated>,
    /// How far people are trained.
    trained: train::Trained,
}

/// Where the organisation stands.
#[derive(Serialize, JsonSchema)]
struct Stands {
    organisation: String,
    matrix: Vec<Line>,
    major: Vec<correct::Line>,
    due_mine: Vec<correct::Line>,
    due_all: Vec<correct::Line>,
    answers: answer::Standing,
    /// Authorisations that end within two weeks.
    expiring: Vec<authorise::Expiring>,
    /// Jobs that wait or run.
    jobs: i64,
    trend: Vec<trend::Stand>,
    /// Nothing was examined or answered yet.
    first: bool,
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
        let works = |c: &Count| State::from_word(&c.state).is_some_and(State::needs_work);
        of(&|c: &Count| c.level == level && works(c))
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
        drilled: facts.drilled.get(&scenario).cloned(),
        simulated: facts.simulated.clone().filter(|_| scenario == Scenario::Ransomware),
        trained: facts.training.trained.get(&scenario).cloned().unwrap_or_default(),
    }
}

#[derive(Template)]
#[template(path = "home/home.html")]
struct Home<'a> {
    page: Page,
    data: &'a Stands,
    pieces: Vec<trend::Piece>,
    now: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "templates give references")]
impl Home<'_> {
    fn fresh(&self, time: &i64) -> bool {
        fresh(*time, self.now)
    }
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
    if !ctx.data && ctx.signed()?.kind.supervises() && ctx.may(Right::Supervise).is_ok() {
        return Ok(ctx.go("/supervise"));
    }
    if !ctx.data && ctx.may(Right::Inspect).is_ok() {
        return Ok(ctx.go("/inspections"));
    }
    if ctx.may(Right::Read).is_err() {
        // The administrators of accounts and of the trail work elsewhere.
        return ctx.show(key::NAV_HOME, &Only { organisation }, |page| Admin { page });
    }
    let facts = facts::gather(&ctx).await?;
    let catalog = &ctx.app.catalog;
    let matrix = Scenario::ALL.into_iter().map(|s| line(catalog, s, &facts)).collect();
    let trend = trend::stands(facts.trend);
    let data = Stands {
        organisation,
        matrix,
        first: facts.observed.is_empty() && facts.answers.round.is_none() && facts.jobs == 0,
        major: facts.major,
        due_mine: facts.due_mine,
        due_all: facts.due_all,
        answers: facts.answers,
        expiring: facts.expiring,
        jobs: facts.jobs,
        trend,
    };
    ctx.show(key::NAV_HOME, &data, |page| Home {
        pieces: trend::pieces(&data.trend),
        now: facts.now,
        page,
        data: &data,
    })
}
