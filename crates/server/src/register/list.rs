//! The list of the catalogue, narrowed.

use super::{
    KEEP,
    asset::{self, Asset},
    filing::{self, Filing},
};
use crate::{
    auth::Right,
    ctx::Ctx,
    error::Error,
    input::{Asked, blank},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{DataCategory, DataLevel, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rows on a page.
const ROWS: usize = 100;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("The data catalogue: assets that match a filter, and the filing");
    let doc = doc.query::<Filter>().returns::<Listed>();
    r.get("/data", Access::May(Right::Read), doc, list);
    r.page("/data/import", KEEP, super::import::page);
}

/// Which assets.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Filter {
    /// Part of name, carrier, owner or department.
    pub(super) q: String,
    pub(super) category: String,
    /// `general`, `important`, `core` or `ungraded`.
    pub(super) level: String,
    /// `yes` or `no`.
    pub(super) cross_border: String,
    /// From 1.
    #[serde(deserialize_with = "blank")]
    pub(super) page: Option<usize>,
}

impl Filter {
    pub(super) fn fits(&self, asset: &Asset) -> bool {
        let q = self.q.trim().to_lowercase();
        let level = if asset.level.is_empty() { "ungraded" } else { &asset.level };
        let border = if asset.cross_border == 1 { "yes" } else { "no" };
        let said = [&asset.name, &asset.carrier, &asset.owner, &asset.department];
        let is = |asked: &str, found: &str| asked.is_empty() || asked == found;
        is(&self.category, &asset.category)
            && is(&self.level, level)
            && is(&self.cross_border, border)
            && (q.is_empty() || said.iter().any(|text| text.to_lowercase().contains(&q)))
    }

    /// The query that asks for the same.
    pub(super) fn query(&self, page: Option<usize>) -> String {
        let page = page.map(|p| p.to_string()).unwrap_or_default();
        let pairs = [
            ("q", self.q.as_str()),
            ("category", &self.category),
            ("level", &self.level),
            ("cross_border", &self.cross_border),
            ("page", &page),
        ];
        let pairs: Vec<_> = pairs.into_iter().filter(|(_, v)| !v.is_empty()).collect();
        serde_html_form::to_string(pairs).unwrap_or_default()
    }
}

/// The catalogue.
#[derive(Serialize, JsonSchema)]
struct Listed {
    assets: Vec<Asset>,
    /// Those that fit.
    total: usize,
    /// All there are.
    all: usize,
    filing: Filing,
    /// Assets that changed since the filing.
    changed: usize,
    page: usize,
    pages: usize,
}

#[derive(Template)]
#[template(path = "register/list.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a Listed,
    filter: &'a Filter,
}

#[allow(clippy::unused_self, reason = "templates call methods")]
impl ListPage<'_> {
    fn categories(&self) -> impl Iterator<Item = &'static str> {
        DataCategory::ALL.iter().map(|c| c.name())
    }

    fn levels(&self) -> impl Iterator<Item = &'static str> {
        DataLevel::ALL.iter().map(|l| l.name()).chain(["ungraded"])
    }
}

/// The word and the colour of a level.
pub(super) fn level(asset: &Asset) -> (&str, &'static str) {
    match asset.level.as_str() {
        "" => ("ungraded", "warn"),
        "core" => ("core", "major"),
        "important" => ("important", "high"),
        other => (other, "note"),
    }
}

async fn list(ctx: Ctx, Asked(filter): Asked<Filter>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let mut assets = asset::all(c, organisation).await?;
    let filing = filing::read(c, organisation).await?;
    let changed =
        filing.ended().map_or(0, |ended| assets.iter().filter(|a| a.changed > ended).count());
    let all = assets.len();
    assets.retain(|a| filter.fits(a));
    let total = assets.len();
    let pages = total.div_ceil(ROWS).max(1);
    let page = filter.page.unwrap_or(1).clamp(1, pages);
    let assets = assets.into_iter().skip((page - 1) * ROWS).take(ROWS).collect();
    let list = Listed { assets, total, all, filing, changed, page, pages };
    ctx.show(key::REGISTER_TITLE, &list, |page| ListPage { page, list: &list, filter: &filter })
}
