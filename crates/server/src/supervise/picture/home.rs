//! The page of the picture: the nation, a province, an industry, or both.

use super::{
    cache,
    compute::{Area, Picture, Scope},
    recount,
    tiles::TILES,
};
use crate::{
    auth::Right,
    ctx::Ctx,
    error::Error,
    input::Asked,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Bilingual, Catalog, Language, Level, Scenario, key};
use serde_json::json;

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(Right::Supervise);
    let doc = Doc::new("The picture of the supervised enterprises, of a region or an industry");
    r.get("/supervise", may, doc.query::<Scope>().returns::<Picture>(), home);
    let doc = Doc::new("Counts the picture again from every enterprise's facts");
    r.post("/supervise/recount", may, doc, again);
}

/// The frame around a kept picture.
#[derive(Template)]
#[template(path = "supervise/picture/home.html")]
struct HomePage<'a> {
    page: Page,
    html: &'a str,
    scope: &'a Scope,
    catalog: &'a Catalog,
    empty: bool,
}

/// What is kept of a page: nothing of it depends on who reads.
#[derive(Template)]
#[template(path = "supervise/picture/picture.html")]
pub(super) struct Body<'a> {
    pub(super) page: Page,
    pub(super) p: &'a Picture,
    pub(super) catalog: &'a Catalog,
}

/// A tile of the grid.
pub(super) struct Tile {
    code: &'static str,
    name: String,
    short: String,
    x: u16,
    y: u16,
    /// 0 to 5, from nothing to all; `n` where nobody is on the roster.
    shade: &'static str,
    share: String,
}

/// Width and height of a tile with its gap.
const TILE: (u16, u16) = (76, 54);
const SHADES: [&str; 6] = ["q0", "q1", "q2", "q3", "q4", "q5"];

/// A part of a whole in percent; a dash where there is no whole.
pub(super) fn percent(part: i64, whole: i64) -> String {
    if whole <= 0 { "—".into() } else { format!("{:.1} %", part as f64 * 100.0 / whole as f64) }
}

impl Body<'_> {
    fn region(&self, code: &str) -> String {
        region(self.catalog, code, self.page.ctx.language)
    }

    fn industry(&self, code: &str) -> String {
        let found = self.catalog.industries.iter().find(|i| i.code == code);
        found.map_or_else(|| code.to_owned(), |i| self.page.b(&i.name).to_owned())
    }

    /// The list behind a number: this scope, and what else narrows it.
    fn list(&self, more: &str) -> String {
        self.at("/supervise/enterprises", more)
    }

    fn at(&self, path: &str, more: &str) -> String {
        let scope = serde_html_form::to_string(&self.p.scope).unwrap_or_default();
        let own: Vec<&str> = scope
            .split('&')
            .filter(|part| !part.ends_with('=') && !part.is_empty())
            // What is narrowed further stands once.
            .filter(|part| {
                part.split('=').next().is_none_or(|n| !more.starts_with(&format!("{n}=")))
            })
            .chain((!more.is_empty()).then_some(more))
            .collect();
        if own.is_empty() { path.to_owned() } else { format!("{path}?{}", own.join("&")) }
    }

    fn narrowed(&self, name: &str, code: &str) -> String {
        self.at("/supervise", &format!("{name}={code}"))
    }

    fn percent(&self, part: &i64, whole: &i64) -> String {
        percent(*part, *whole)
    }

    fn tiles(&self) -> Vec<Tile> {
        let sums = |code: &str| self.p.regions.iter().find(|r| r.code == code).map(|r| &r.sums);
        TILES
            .iter()
            .map(|(code, column, row)| {
                let name = self.region(code);
                let (part, whole) = sums(code).map_or((0, 0), |s: &Area| (s.graded, s.registered));
                let shade = match (part, whole) {
                    (_, 0) => "qn",
                    (0, _) => SHADES[0],
                    (p, w) => SHADES[(1 + (p * 5 / w) as usize).min(5)],
                };
                Tile {
                    code,
                    short: short(code, &name, self.page.ctx.language),
                    name,
                    x: u16::from(*column) * TILE.0,
                    y: u16::from(*row) * TILE.1,
                    shade,
                    share: percent(part, whole),
                }
            })
            .collect()
    }

    fn levels(&self) -> Vec<Level> {
        Level::ALL.into_iter().rev().collect()
    }

    fn scenarios(&self) -> Vec<Scenario> {
        Scenario::ALL.to_vec()
    }

    /// The heat cells of a scenario, the worst level first, each with its shade.
    fn cells(&self, scenario: &Scenario) -> Vec<(&super::compute::Heat, &'static str)> {
        let most = self.p.heat.iter().map(|h| h.open).max().unwrap_or(0).max(1) as f64;
        let shade = |n: i64| match n {
            0 => "h0",
            n => ["h1", "h2", "h3", "h4"][(((n as f64).ln_1p() / most.ln_1p()) * 3.99) as usize],
        };
        let own = self.p.heat.iter().filter(|h| h.scenario == scenario.name());
        own.map(|h| (h, shade(h.open))).collect()
    }

    fn drilled(&self, scenario: &Scenario) -> (i64, i64) {
        let found = self.p.drills.iter().find(|d| d.scenario == scenario.name());
        found.map_or((0, 0), |d| (d.enterprises, d.shortcomings))
    }

    /// What stands behind a goal's number.
    fn behind(&self, goal: &str) -> String {
        self.list(match goal {
            "graded" => "graded=yes",
            "top" => "target=1",
            _ => "state=accepted",
        })
    }

    fn goal(&self, id: &str) -> String {
        let figure = self.catalog.targets.figure(id);
        figure.map_or_else(
            || self.page.t(key::PICTURE_FIGURE_TOP),
            |t| self.page.b(&t.name).to_owned(),
        )
    }

    fn one(&self, rate: &f64) -> String {
        format!("{rate:.1}")
    }

    /// The last day of the plan.
    fn until(&self) -> &str {
        &self.p.until
    }

    fn source(&self) -> String {
        let plan = &self.catalog.targets.plan;
        let title = self.page.b(&plan.title);
        let args = [("title", title.into()), ("number", plan.number.as_str().into())];
        self.page.args(key::PICTURE_SOURCE, &args)
    }

    /// Checks that could have been measured, and those that were.
    fn checks(&self) -> (i64, i64) {
        let s = &self.p.sums;
        (s.checks_measured, s.checks_total - s.not_applicable)
    }

    /// Everything older than the oldest month that stands by itself, as the list says it.
    fn oldest(&self) -> String {
        let mut named = self.p.months.iter().filter(|m| !m.month.is_empty());
        named.next_back().map(|m| format!("-{}", m.month)).unwrap_or_default()
    }

    /// The trend of graded enterprises as the points of a line in a box of 720 × 160.
    fn line(&self) -> String {
        let days = &self.p.days;
        let most = days.iter().map(|d| d.graded).max().unwrap_or(0).max(1) as f64;
        let step = 720.0 / (days.len().max(2) - 1) as f64;
        let point = |(at, day): (usize, &super::compute::Day)| {
            format!("{:.1},{:.1}", at as f64 * step, 158.0 - day.graded as f64 / most * 150.0)
        };
        days.iter().enumerate().map(point).collect::<Vec<_>>().join(" ")
    }
}

/// A region's name.
pub(in crate::supervise) fn region(catalog: &Catalog, code: &str, language: Language) -> String {
    let found = catalog.regions.iter().find(|r| r.code == code);
    found.map_or_else(|| code.to_owned(), |r| r.name.get(language).to_owned())
}

/// A name that fits on a tile.
fn short(code: &str, name: &str, language: Language) -> String {
    match (code, language) {
        ("660000", Language::Chinese) => "兵团".into(),
        ("660000", Language::English) => "XPCC".into(),
        ("230000" | "150000", Language::Chinese) => name.chars().take(3).collect(),
        (_, Language::Chinese) => name.chars().take(2).collect(),
        (_, Language::English) => name.to_owned(),
    }
}

/// What a scope is called.
pub(super) fn title(ctx: &Ctx, scope: &Scope) -> String {
    let catalog = &ctx.app.catalog;
    let mut parts = vec![ctx.t(key::NAV_SUPERVISE)];
    if !scope.region.is_empty() {
        parts.push(region(catalog, &scope.region, ctx.language));
    }
    let industry = catalog.industries.iter().find(|i| i.code == scope.industry);
    parts.extend(industry.map(|i| Bilingual::get(&i.name, ctx.language).to_owned()));
    parts.join(" · ")
}

/// A scope names what the catalogue has.
pub(super) fn check(catalog: &Catalog, scope: &Scope) -> Result<(), Error> {
    let known = |field, value: &str, found: bool| {
        let holds = value.is_empty() || found;
        holds.then_some(()).ok_or_else(|| Error::invalid(field, key::SERVER_FIELD_CHOICE))
    };
    let region = catalog.regions.iter().any(|r| r.code == scope.region);
    known("region", &scope.region, region)?;
    known("industry", &scope.industry, catalog.industries.iter().any(|i| i.code == scope.industry))
}

/// The picture of a scope with its page, as kept.
pub(super) async fn made(ctx: &Ctx, scope: &Scope) -> Result<std::sync::Arc<cache::Made>, Error> {
    check(&ctx.app.catalog, scope)?;
    let render = |p: &Picture| {
        let body = Body { page: Page::new(ctx, String::new()), p, catalog: &ctx.app.catalog };
        body.render().map_err(Error::internal)
    };
    let asked = (ctx.language, ctx.patience());
    cache::made(&ctx.app, ctx.organisation()?, scope, asked, render).await
}

async fn home(ctx: Ctx, Asked(scope): Asked<Scope>) -> Result<Response, Error> {
    let made = made(&ctx, &scope).await?;
    ctx.show_titled(title(&ctx, &scope), &made.picture, |page| HomePage {
        page,
        html: &made.html,
        scope: &scope,
        catalog: &ctx.app.catalog,
        empty: made.picture.sums.registered == 0 && scope == Scope::default(),
    })
}

/// `POST /supervise/recount`
async fn again(ctx: Ctx) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let supervisor = change.organisation().to_owned();
    let right = recount(&mut change, &supervisor).await?;
    change.commit().await?;
    let said = if right { key::PICTURE_CHECKED } else { key::PICTURE_MENDED };
    Ok(ctx.done(&json!({ "right": right }), "/supervise", said))
}
