//! The table of findings.

use super::{
    facts,
    filter::{Filter, PAGE},
    model::Row,
    state::State,
};
use crate::{
    auth::Right,
    ctx::Ctx,
    error::Error,
    input::Asked,
    people::{self, Colleague},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Bilingual, Level, Scenario, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Findings that match a filter, a page of them").query::<ListQuery>();
    r.get("/findings", Access::May(Right::Read), doc.returns::<List>(), list);
}

/// A finding in a list.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) number: i64,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(crate) title: Bilingual,
    pub(crate) level: String,
    pub(crate) scenario: String,
    pub(crate) state: String,
    /// The request that waits for an approver; else empty.
    pub(crate) asked: String,
    pub(crate) subject: String,
    pub(crate) controls: Vec<String>,
    pub(crate) rule: String,
    /// Id of a person; empty for nobody.
    pub(crate) owner: String,
    pub(crate) owner_name: String,
    pub(crate) due: Option<i64>,
    pub(crate) overdue: bool,
    pub(crate) count: i64,
    pub(crate) first_seen: i64,
    pub(crate) last_seen: i64,
}

impl Line {
    pub(super) fn of(row: &Row, people: &[Colleague], now: i64) -> Self {
        let owner = people.iter().find(|p| p.id == row.owner);
        Self {
            id: row.id.clone(),
            number: row.number,
            title: row.title(),
            level: row.level.clone(),
            scenario: row.scenario.clone(),
            state: row.state.clone(),
            asked: row.asked.clone(),
            subject: row.subject.clone(),
            controls: row.controls().map(str::to_owned).collect(),
            rule: row.rule.clone(),
            owner: row.owner.clone(),
            owner_name: owner.map(|p| p.name.clone()).unwrap_or_default(),
            due: row.due,
            overdue: row.state().needs_work() && row.due.is_some_and(|due| due < now),
            count: row.count,
            first_seen: row.first_seen,
            last_seen: row.last_seen,
        }
    }
}

/// A page of a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct List {
    /// How many match.
    pub(super) total: i64,
    pub(super) page: i64,
    pub(super) pages: i64,
    pub(super) findings: Vec<Line>,
    /// How many the organisation has in each state.
    pub(super) states: BTreeMap<String, i64>,
}

/// The filter, and what a bulk action before it did.
#[derive(Deserialize, JsonSchema)]
struct ListQuery {
    #[serde(flatten)]
    filter: Filter,
    #[serde(default)]
    changed: String,
    /// `reason:count` with commas between.
    #[serde(default)]
    refused: String,
}

#[derive(Template)]
#[template(path = "correct/list.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
    filter: &'a Filter,
    people: &'a [Colleague],
    changed: Option<u64>,
    refused: Vec<(String, u64)>,
    /// Whether there is any finding at all.
    any: bool,
}

async fn list(ctx: Ctx, Asked(asked): Asked<ListQuery>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    super::settle(&ctx.app, organisation).await;
    let filter = asked.filter;
    let condition = filter.condition(organisation, &ctx.signed()?.person)?;
    let mut c = ctx.app.db.read().await?;
    let total = facts::total(&ctx.app, &mut c, organisation, (&filter, &condition)).await?;
    let pages = (total + PAGE - 1) / PAGE;
    let page = filter.number().min(pages.max(1));
    let rows = filter.rows(&mut c, &condition, (page - 1) * PAGE, PAGE).await?;
    let people = people::colleagues(&mut c, organisation).await?;
    let states = facts::states(&facts::counts(&ctx.app, &mut c, organisation).await?);
    let now = crate::clock::now();
    let findings = rows.iter().map(|r| Line::of(r, &people, now)).collect();
    let list = List { total, page, pages, findings, states };
    let refused = asked.refused.split(',').filter_map(|part| {
        let (code, n) = part.split_once(':')?;
        Some((code.to_owned(), n.parse().ok()?))
    });
    ctx.show(key::FINDING_LIST, &list, |page| ListPage {
        page,
        list: &list,
        filter: &filter,
        people: &people,
        changed: asked.changed.parse().ok(),
        refused: refused.collect(),
        any: list.states.values().sum::<i64>() > 0,
    })
}
