//! Making a campaign, reminding, calling it off.

use super::{Campaign, KINDS, READ, load};
use crate::{
    auth::new_id,
    clock,
    ctx::Ctx,
    db::{Batch, Change, Value},
    error::Error,
    input::{self, Asked, Input, line, prose},
    supervise::roster::Filter,
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{CONTENT, Exercise, Scenario, key};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::AssertSqlSafe;
use std::collections::HashMap;

/// Enterprises of one campaign, at most.
const MOST: i64 = 500_000;

/// Campaigns with their counts.
#[derive(Serialize, JsonSchema)]
pub(super) struct List {
    campaigns: Vec<Line>,
    /// Enterprises that the filter in the address matches: who would be asked.
    matching: i64,
    exercises: Vec<(String, String)>,
}

/// A campaign in the list.
#[derive(Serialize, JsonSchema)]
pub(super) struct Line {
    #[serde(flatten)]
    campaign: Campaign,
    /// Done within the window.
    done: i64,
    /// Done after it.
    late: i64,
}

#[derive(Template)]
#[template(path = "supervise/campaign/list.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
    filter: &'a Filter,
    now: i64,
}

impl ListPage<'_> {
    fn over(&self, at: &i64) -> bool {
        *at < self.now
    }
}

pub(super) async fn list(ctx: Ctx, Asked(filter): Asked<Filter>) -> Result<Response, Error> {
    let supervisor = ctx.organisation()?;
    let (campaigns, counts): (Vec<Campaign>, Vec<(String, i64, i64)>) = {
        let c = &mut *ctx.app.db.read().await?;
        let sql = format!(
            "SELECT {READ} FROM campaign WHERE supervisor = $1 ORDER BY number DESC LIMIT 100"
        );
        let all = sqlx::query_as(AssertSqlSafe(sql)).bind(supervisor).fetch_all(&mut *c).await?;
        let counts = sqlx::query_as(
            "SELECT m.campaign, SUM(CASE WHEN m.done <= c.closes THEN 1 ELSE 0 END), \
             SUM(CASE WHEN m.done > c.closes THEN 1 ELSE 0 END) FROM campaign_member m \
             JOIN campaign c ON c.id = m.campaign WHERE m.supervisor = $1 GROUP BY m.campaign",
        )
        .bind(supervisor)
        .fetch_all(&mut *c)
        .await?;
        (all, counts)
    };
    let counts: HashMap<String, (i64, i64)> =
        counts.into_iter().map(|(id, done, late)| (id, (done, late))).collect();
    let line = |campaign: Campaign| {
        let (done, late) = counts.get(&campaign.id).copied().unwrap_or_default();
        Line { campaign, done, late }
    };
    let mut exercises = Vec::new();
    for (path, text) in CONTENT.iter().filter(|(p, _)| p.starts_with("exercises/")) {
        let e = Exercise::parse(path, text, &ctx.app.catalog).map_err(Error::internal)?;
        exercises.push((e.id.clone(), e.title.get(ctx.language).to_owned()));
    }
    let list = List {
        campaigns: campaigns.into_iter().map(line).collect(),
        matching: filter.matching(&ctx.app, supervisor).await?,
        exercises,
    };
    let now = clock::now();
    ctx.show(key::CAMPAIGN_TITLE, &list, |page| ListPage {
        page,
        list: &list,
        filter: &filter,
        now,
    })
}

/// What is asked.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct New {
    /// `examination`, `drill` or `training`.
    kind: String,
    title: String,
    text: String,
    /// Of a drill: an exercise that comes with the program, whose scenario counts; or a scenario.
    exercise: String,
    scenario: String,
    /// Of a training: person-times each enterprise is to add; 1 when nothing is said.
    #[serde(deserialize_with = "input::blank")]
    need: Option<u32>,
    /// First day, `2026-12-01`.
    opens: String,
    /// Last day.
    closes: String,
}

/// The new campaign.
#[derive(Serialize, JsonSchema)]
pub(super) struct Made {
    id: String,
    members: usize,
}

fn day(field: &'static str, text: &str) -> Result<Date, Error> {
    text.trim().parse().map_err(|_| Error::invalid(field, key::SERVER_FIELD_CHOICE))
}

impl New {
    /// The scenario a drill is about, and its exercise.
    fn drill(&self, ctx: &Ctx) -> Result<(String, String), Error> {
        let choice = |field| Error::invalid(field, key::SERVER_FIELD_CHOICE);
        if self.exercise.is_empty() {
            let scenario = Scenario::ALL.iter().find(|s| s.name() == self.scenario);
            let scenario = scenario.ok_or_else(|| choice("scenario"))?;
            return Ok((scenario.name().into(), String::new()));
        }
        let of = |(path, text): &(&str, &str)| {
            let known = *path == format!("exercises/{}.yml", self.exercise);
            known.then(|| Exercise::parse(path, text, &ctx.app.catalog).ok()).flatten()
        };
        let exercise = CONTENT.iter().find_map(of).ok_or_else(|| choice("exercise"))?;
        let scenario = exercise.scenarios.first().ok_or_else(|| choice("exercise"))?;
        Ok((scenario.name().into(), exercise.id))
    }
}

pub(super) async fn make(
    ctx: Ctx,
    Asked(filter): Asked<Filter>,
    Input(new): Input<New>,
) -> Result<Response, Error> {
    let choice = |field| Error::invalid(field, key::SERVER_FIELD_CHOICE);
    if !KINDS.contains(&new.kind.as_str()) {
        return Err(choice("kind"));
    }
    let title = line("title", &new.title, 100)?;
    let text = prose("text", &new.text, 4000)?;
    let (opens, closes) = (day("opens", &new.opens)?, day("closes", &new.closes)?);
    let first = clock::of(opens.at(0, 0, 0, 0)).ok_or_else(|| choice("opens"))?;
    let last = clock::end_of(closes);
    if last <= first {
        return Err(choice("closes"));
    }
    let (scenario, exercise) =
        if new.kind == "drill" { new.drill(&ctx)? } else { Default::default() };
    let need = if new.kind == "training" { new.need.unwrap_or(1) } else { 0 };
    if new.kind == "training" && !(1..=100_000).contains(&need) {
        return Err(choice("need"));
    }
    let codes = filter.codes(&ctx.app, ctx.organisation()?, MOST).await?;
    if codes.is_empty() {
        return Err(Error::conflict(key::CAMPAIGN_NOBODY));
    }

    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let supervisor = change.organisation().to_owned();
    let id = new_id();
    let (number,): (i64,) =
        sqlx::query_as("SELECT COALESCE(MAX(number), 0) + 1 FROM campaign WHERE supervisor = $1")
            .bind(&supervisor)
            .fetch_one(&mut *change)
            .await?;
    let columns = &[
        "id",
        "supervisor",
        "number",
        "kind",
        "title",
        "text",
        "scenario",
        "exercise",
        "need",
        "opens",
        "closes",
        "filter",
        "members",
        "made",
        "person_name",
    ];
    let mut batch = Batch::insert("campaign", columns);
    let row: [Value; 15] = [
        (&id).into(),
        (&supervisor).into(),
        number.into(),
        (&new.kind).into(),
        (&title).into(),
        (&text).into(),
        (&scenario).into(),
        (&exercise).into(),
        i64::from(need).into(),
        first.into(),
        last.into(),
        filter.here().into(),
        (codes.len() as i64).into(),
        clock::now().into(),
        change.actor().name.clone().into(),
    ];
    batch.add(&mut change, row).await?;
    batch.flush(&mut change).await?;
    members(&mut change, &supervisor, &id, &codes).await?;
    let detail = json!({ "kind": new.kind, "title": title, "opens": opens.to_string(),
        "closes": closes.to_string(), "filter": filter.here(), "members": codes.len() });
    change.note("campaign.make", format!("campaign/{id}"), detail);
    change.commit().await?;
    let next = format!("/supervise/campaigns/{id}");
    Ok(ctx.done(&Made { id, members: codes.len() }, &next, key::CAMPAIGN_MADE))
}

/// Freezes who is asked, with the person-times each had then.
async fn members(
    change: &mut Change,
    supervisor: &str,
    campaign: &str,
    codes: &[String],
) -> Result<(), Error> {
    let trained: Vec<(String, i64)> =
        sqlx::query_as("SELECT credit_code, person_times FROM held WHERE supervisor = $1")
            .bind(supervisor)
            .fetch_all(&mut **change)
            .await?;
    let trained: HashMap<String, i64> = trained.into_iter().collect();
    let columns = &["campaign", "supervisor", "credit_code", "baseline"];
    let mut batch = Batch::insert("campaign_member", columns);
    for code in codes {
        let baseline = trained.get(code).copied().unwrap_or(0);
        let row: [Value; 4] = [campaign.into(), supervisor.into(), code.into(), baseline.into()];
        batch.add(change, row).await?;
    }
    batch.flush(change).await
}

/// A campaign that goes on, held by a change.
async fn going(change: &mut Change, id: &str) -> Result<Campaign, Error> {
    let supervisor = change.organisation().to_owned();
    let campaign = load(change, &supervisor, id).await?;
    if campaign.called_off.is_some() {
        return Err(Error::conflict(key::CAMPAIGN_OFF));
    }
    Ok(campaign)
}

async fn stamp(change: &mut Change, id: &str, sql: &'static str) -> Result<(), Error> {
    let supervisor = change.organisation().to_owned();
    let query = sqlx::query(sql).bind(supervisor).bind(id).bind(clock::now());
    query.execute(&mut **change).await?;
    Ok(())
}

pub(super) async fn remind(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let campaign = going(&mut change, &id).await?;
    let sql = "UPDATE campaign SET reminded = $3 WHERE supervisor = $1 AND id = $2";
    stamp(&mut change, &id, sql).await?;
    let detail = json!({ "number": campaign.number });
    change.note("campaign.remind", format!("campaign/{id}"), detail);
    change.commit().await?;
    let next = format!("/supervise/campaigns/{id}");
    Ok(ctx.done(&json!({}), &next, key::CAMPAIGN_REMINDED_DONE))
}

pub(super) async fn call_off(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let campaign = going(&mut change, &id).await?;
    let sql = "UPDATE campaign SET called_off = $3 WHERE supervisor = $1 AND id = $2";
    stamp(&mut change, &id, sql).await?;
    let detail = json!({ "number": campaign.number });
    change.note("campaign.call-off", format!("campaign/{id}"), detail);
    change.commit().await?;
    let next = format!("/supervise/campaigns/{id}");
    Ok(ctx.done(&json!({}), &next, key::CAMPAIGN_CALLED_OFF_DONE))
}
