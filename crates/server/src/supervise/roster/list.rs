//! The table of supervised enterprises.

use super::filter::{Filter, PAGE};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    input::Asked,
    kept::Kept,
    route::{Access, Doc, Routes},
    supervise::{
        model::{Firm, STATUSES},
        picture::{Stamp, region, stale_before, stamp},
    },
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Catalog, key};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Supervised enterprises that match a filter, a page of them");
    let may = Access::May(Right::Supervise);
    r.get("/supervise/enterprises", may, doc.query::<Filter>().returns::<List>(), list);
}

/// An enterprise in a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct Line {
    #[serde(flatten)]
    pub(super) firm: Firm,
    /// `never`, `invited`, `submitted`, `accepted` or `stale`.
    pub(super) state: &'static str,
}

/// A page of a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct List {
    /// How many match.
    total: i64,
    page: i64,
    pages: i64,
    enterprises: Vec<Line>,
}

#[derive(Template)]
#[template(path = "supervise/roster/list.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
    filter: &'a Filter,
    catalog: &'a Catalog,
}

/// Revenue as people read it, in units of 10,000 yuan.
pub(super) fn ten_thousands(yuan: i64) -> String {
    hangtu_catalog::grouped(u64::try_from(yuan / 10_000).unwrap_or(0))
}

impl ListPage<'_> {
    fn region(&self, code: &str) -> String {
        region(self.catalog, code, self.page.ctx.language)
    }

    fn revenue(&self, yuan: &i64) -> String {
        ten_thousands(*yuan)
    }

    fn statuses(&self) -> [&'static str; 4] {
        STATUSES
    }

    /// What narrows the list without a field of its own: its name, and how it reads.
    fn only(&self) -> Vec<(&'static str, String)> {
        let (f, page) = (self.filter, &self.page);
        let mut all = Vec::new();
        if !f.scenario.is_empty() || !f.level.is_empty() {
            let (scenario, level) =
                (page.word("scenario", &f.scenario), page.word("level", &f.level));
            let args = [("scenario", scenario.as_str().into()), ("level", level.as_str().into())];
            all.push(("scenario", page.args(key::ROSTER_CELL, &args)));
        }
        if !f.month.is_empty() {
            let month = f.month.strip_prefix('-').map(|m| format!("< {m}"));
            let month = month.as_deref().unwrap_or(&f.month);
            all.push(("month", page.a(key::ROSTER_FOUND_IN, "month", month)));
        }
        if !f.drilled.is_empty() {
            let scenario = page.word("scenario", &f.drilled);
            all.push(("drilled", page.a(key::ROSTER_DRILLED, "scenario", scenario)));
        }
        all
    }

    /// What the form carries on without a field of its own.
    fn hidden(&self) -> [(&'static str, &str); 4] {
        let f = self.filter;
        [
            ("scenario", &f.scenario),
            ("level", &f.level),
            ("month", &f.month),
            ("drilled", &f.drilled),
        ]
    }

    /// The list without one of these; a cell of the heat table is one.
    fn without(&self, name: &str) -> String {
        let mut filter = self.filter.clone();
        if name == "scenario" {
            filter.level.clear();
        }
        filter.with(name, "")
    }
}

/// Pages of lists that were read, kept until the roster or what was accepted is another.
pub(crate) struct Lists(Kept<(String, String), Stamp, List>);

impl Default for Lists {
    fn default() -> Self {
        Self(Kept::new(400))
    }
}

/// The page that a filter asks for. While packages come in, many who ask for the same page are
/// answered by one reading of it.
async fn read(ctx: &Ctx, filter: &Filter) -> Result<Arc<List>, Error> {
    let (app, supervisor) = (&ctx.app, ctx.organisation()?);
    let condition = filter.condition(app, supervisor)?;
    let c = &mut *app.db.read().await?;
    let asked = stamp(c, supervisor).await?;
    let place = app.rosters.0.place((supervisor.to_owned(), filter.here())).await;
    if let Some(list) = place.recent(&asked, ctx.patience()) {
        return Ok(list);
    }
    let state = stamp(c, supervisor).await?;
    let total = filter.count(c, &condition).await?;
    let pages = (total + PAGE - 1) / PAGE;
    let page = filter.number().min(pages.max(1));
    let firms = filter.rows(c, &condition, (page - 1) * PAGE, PAGE).await?;
    let stale = stale_before(app, clock::now());
    let line = |firm: Firm| Line { state: firm.state(stale), firm };
    let enterprises = firms.into_iter().map(line).collect();
    Ok(place.put(state, List { total, page, pages, enterprises }))
}

async fn list(ctx: Ctx, Asked(filter): Asked<Filter>) -> Result<Response, Error> {
    let list = &*read(&ctx, &filter).await?;
    ctx.show(key::ROSTER_TITLE, list, |page| ListPage {
        page,
        list,
        filter: &filter,
        catalog: &ctx.app.catalog,
    })
}
