//! The page of one finding.

use super::{
    attach::{self, Attachment},
    list::Line,
    model::{self, Event, Row},
    policy,
    state::{Step, Taker},
};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    people::{self, Colleague},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, key};
use hangtu_examine::model::Finding;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::{AnyConnection, FromRow};
use std::collections::BTreeMap;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("One finding with its evidence and history").returns::<Shown>();
    r.get("/findings/{id}", Access::May(Right::Read), doc, show);
}

/// Something that happened.
#[derive(Serialize, JsonSchema)]
struct Happened {
    time: i64,
    /// Who; `system` for the program.
    who: String,
    step: String,
    /// The state after it.
    state: String,
    text: String,
    #[schemars(with = "BTreeMap<String, String>")]
    reason: Bilingual,
    run: String,
}

impl From<Event> for Happened {
    fn from(e: Event) -> Self {
        Self {
            time: e.time,
            who: e.person_name,
            step: e.step,
            state: e.state,
            text: e.text,
            reason: Bilingual::new(e.reason_zh, e.reason_en),
            run: e.run,
        }
    }
}

/// What somebody asked and perhaps somebody else decided.
#[derive(Clone, Debug, Serialize, JsonSchema, FromRow)]
pub(super) struct Request {
    pub(super) id: String,
    /// `dispute`, `accept` or `not-applicable`.
    pub(super) kind: String,
    pub(super) reason: String,
    /// The compensating measure of an acceptance.
    pub(super) measure: String,
    pub(super) until: Option<i64>,
    pub(super) person: String,
    pub(super) person_name: String,
    pub(super) asked: i64,
    /// Empty while it waits; `approved`, `refused`, `withdrawn`.
    pub(super) verdict: String,
    pub(super) approver_name: String,
    pub(super) decided: Option<i64>,
    pub(super) note: String,
}

/// The requests about a finding, oldest first.
pub(super) async fn requests(
    c: &mut AnyConnection,
    organisation: &str,
    finding: &str,
) -> Result<Vec<Request>, Error> {
    Ok(sqlx::query_as(
        "SELECT id, kind, reason, measure, until, person, person_name, asked, verdict, \
         approver_name, decided, note FROM finding_request \
         WHERE organisation = $1 AND finding = $2 ORDER BY id",
    )
    .bind(organisation)
    .bind(finding)
    .fetch_all(c)
    .await?)
}

/// A control point it speaks against.
#[derive(Serialize, JsonSchema)]
struct Point {
    id: String,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    rests_on: String,
}

/// A finding that it is linked to.
#[derive(Serialize, JsonSchema, FromRow)]
struct Link {
    id: String,
    number: i64,
    state: String,
}

/// A run that saw it.
#[derive(Serialize, JsonSchema, FromRow)]
struct Saw {
    run: String,
    count: i64,
    time: i64,
}

/// One finding.
#[derive(Serialize, JsonSchema)]
struct Shown {
    #[serde(flatten)]
    line: Line,
    opened: i64,
    closed: Option<i64>,
    accepted_until: Option<i64>,
    /// The last detection, as in an examination's `findings.json`.
    #[schemars(with = "serde_json::Value")]
    detail: Finding,
    control_points: Vec<Point>,
    events: Vec<Happened>,
    requests: Vec<Request>,
    attachments: Vec<Attachment>,
    earlier: Vec<Link>,
    later: Vec<Link>,
    runs: Vec<Saw>,
    /// What the reader can do next.
    steps: Vec<Step>,
}

#[derive(Template)]
#[template(path = "correct/finding.html")]
struct FindingPage<'a> {
    page: Page,
    f: &'a Shown,
    people: Vec<Colleague>,
    /// The deadline by policy, as a date field takes it.
    due: String,
    /// The last day of an acceptance by policy.
    until: String,
}

impl FindingPage<'_> {
    fn can(&self, step: &str) -> bool {
        self.f.steps.iter().any(|s| s.word() == step)
    }

    fn asked(&self) -> Option<&Request> {
        self.f.requests.iter().find(|r| r.verdict.is_empty())
    }
}

/// Who the reader is to a finding.
pub(super) async fn taker(
    ctx: &Ctx,
    c: &mut AnyConnection,
    row: &Row,
) -> Result<(Taker, Vec<Request>), Error> {
    let who = ctx.signed()?;
    let requests = requests(c, &who.organisation, &row.id).await?;
    let asked = requests.iter().any(|r| r.verdict.is_empty() && r.person == who.person);
    Ok((Taker { rights: who.rights, owns: row.owner == who.person, asked }, requests))
}

async fn links(
    c: &mut AnyConnection,
    organisation: &str,
    column: &'static str,
    id: &str,
) -> Result<Vec<Link>, Error> {
    let sql = format!(
        "SELECT id, number, state FROM finding WHERE organisation = $1 AND {column} = $2 \
         ORDER BY number"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation).bind(id);
    Ok(query.fetch_all(c).await?)
}

async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    super::settle(&ctx.app, organisation).await;
    let mut c = ctx.app.db.read().await?;
    let row = model::find(&mut c, organisation, &id).await?;
    let people = people::colleagues(&mut c, organisation).await?;
    let (taker, requests) = taker(&ctx, &mut c, &row).await?;
    let standing = row.standing();
    let can = |s: &&Step| taker.may(**s) && standing.after(**s).is_some();
    let shown = Shown {
        line: Line::of(&row, &people, clock::now()),
        opened: row.opened,
        closed: row.closed,
        accepted_until: row.accepted_until,
        detail: detail(&mut c, organisation, &id).await?,
        control_points: points(&ctx, &row),
        events: events(&mut c, organisation, &id).await?,
        requests,
        attachments: attach::of(&mut c, organisation, &id).await?,
        earlier: links(&mut c, organisation, "id", &row.recurrence_of).await?,
        later: links(&mut c, organisation, "recurrence_of", &id).await?,
        runs: runs(&mut c, organisation, &id).await?,
        steps: Step::ALL.iter().filter(can).copied().collect(),
    };
    let rules = policy::rules(&ctx.app.catalog, &mut c, organisation).await?;
    let title = format!("#{} {}", row.number, row.title().get(ctx.language));
    ctx.show_titled(title, &shown, |page| FindingPage {
        page,
        f: &shown,
        people,
        due: clock::day(rules.due(row.level())).to_string(),
        until: rules.accept_until(row.level()).to_string(),
    })
}

async fn detail(c: &mut AnyConnection, organisation: &str, id: &str) -> Result<Finding, Error> {
    let (detail,): (String,) = sqlx::query_as(
        "SELECT detail FROM finding_detail WHERE organisation = $1 AND finding = $2",
    )
    .bind(organisation)
    .bind(id)
    .fetch_one(c)
    .await?;
    serde_json::from_str(&detail).map_err(Error::internal)
}

fn points(ctx: &Ctx, row: &Row) -> Vec<Point> {
    let controls = row.controls().filter_map(|id| ctx.app.catalog.control(id));
    let point = |c: &hangtu_catalog::Control| Point {
        id: c.id.clone(),
        title: (&c.title).into(),
        rests_on: c.rests_on.clone(),
    };
    controls.map(point).collect()
}

async fn events(
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<Vec<Happened>, Error> {
    let events: Vec<Event> = sqlx::query_as(
        "SELECT time, person_name, step, state, text, reason_zh, reason_en, run \
         FROM finding_event WHERE organisation = $1 AND finding = $2 ORDER BY id DESC LIMIT 500",
    )
    .bind(organisation)
    .bind(id)
    .fetch_all(c)
    .await?;
    Ok(events.into_iter().map(Happened::from).collect())
}

async fn runs(c: &mut AnyConnection, organisation: &str, id: &str) -> Result<Vec<Saw>, Error> {
    Ok(sqlx::query_as(
        "SELECT s.run, s.count, t.time FROM sighting s JOIN taken_in t ON t.run = s.run \
         AND t.organisation = s.organisation WHERE s.organisation = $1 AND s.finding = $2 \
         ORDER BY t.time DESC LIMIT 100",
    )
    .bind(organisation)
    .bind(id)
    .fetch_all(c)
    .await?)
}
