//! How a campaign stands: in time, late, missing; by province and by industry, without a league.

use super::{Campaign, load, stands};
use crate::{
    clock, ctx::Ctx, download::quoted, error::Error, input, supervise::picture::region, ui::Page,
};
use askama::Template;
use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Catalog, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, FromRow};

/// Enterprises of one page.
const PAGE: i64 = 50;

/// Which members are listed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Asked {
    /// `done`, `late`, `open` or `missing`; those not done when empty.
    state: String,
    /// From 1.
    page: String,
}

/// Some enterprises of a campaign.
#[derive(Clone, Debug, Default, FromRow, Serialize, JsonSchema)]
pub(super) struct Part {
    /// Region or industry.
    pub(super) code: String,
    pub(super) members: i64,
    pub(super) done: i64,
    pub(super) late: i64,
}

impl Part {
    /// Those that have done nothing yet.
    fn rest(&self) -> i64 {
        self.members - self.done - self.late
    }
}

/// An enterprise of a campaign.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Member {
    credit_code: String,
    name: String,
    region: String,
    industry: String,
    done: Option<i64>,
}

/// A campaign and how it stands.
#[derive(Serialize, JsonSchema)]
pub(super) struct Progress {
    #[serde(flatten)]
    campaign: Campaign,
    all: Part,
    /// Whether the window is over: who has not done it is missing.
    over: bool,
    regions: Vec<Part>,
    industries: Vec<Part>,
    listed: Vec<Member>,
    /// How many the list holds altogether.
    total: i64,
}

#[derive(Template)]
#[template(path = "supervise/campaign/one.html")]
struct OnePage<'a> {
    page: Page,
    p: &'a Progress,
    c: &'a Campaign,
    state: &'a str,
    number: i64,
    catalog: &'a Catalog,
    now: i64,
}

impl OnePage<'_> {
    fn region(&self, code: &str) -> String {
        region(self.catalog, code, self.page.ctx.language)
    }

    fn industry(&self, code: &str) -> String {
        let found = self.catalog.industries.iter().find(|i| i.code == code);
        found.map_or_else(|| code.to_owned(), |i| format!("{code} {}", self.page.b(&i.name)))
    }

    fn stands(&self, member: &Member) -> &'static str {
        stands(member.done, self.c.closes, self.now)
    }

    fn groups(&self) -> [(&'static str, &[Part]); 2] {
        [("region", &self.p.regions), ("industry", &self.p.industries)]
    }

    fn more(&self) -> bool {
        self.number * PAGE < self.p.total
    }
}

const COUNTS: &str = "COUNT(*) AS members, \
    COALESCE(SUM(CASE WHEN m.done <= c.closes THEN 1 ELSE 0 END), 0) AS done, \
    COALESCE(SUM(CASE WHEN m.done > c.closes THEN 1 ELSE 0 END), 0) AS late \
    FROM campaign_member m JOIN campaign c ON c.id = m.campaign \
    JOIN supervised s ON s.supervisor = m.supervisor AND s.credit_code = m.credit_code \
    WHERE m.supervisor = $1 AND m.campaign = $2";

async fn parts(
    c: &mut AnyConnection,
    supervisor: &str,
    id: &str,
    by: &'static str,
) -> Result<Vec<Part>, Error> {
    let sql = if by.is_empty() {
        format!("SELECT '' AS code, {COUNTS}")
    } else {
        // By code: a league by merit would invite to polish numbers.
        format!("SELECT s.{by} AS code, {COUNTS} GROUP BY s.{by} ORDER BY s.{by}")
    };
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(supervisor).bind(id);
    Ok(query.fetch_all(c).await?)
}

/// The condition for a state of the list.
fn condition(state: &str, over: bool) -> Result<&'static str, Error> {
    Ok(match (state, over) {
        ("", _) | ("open", false) | ("missing", true) => "m.done IS NULL",
        ("open", true) | ("missing", false) => "m.done IS NULL AND 1 = 0",
        ("done", _) => "m.done <= c.closes",
        ("late", _) => "m.done > c.closes",
        _ => return Err(Error::invalid("state", key::SERVER_FIELD_CHOICE)),
    })
}

const MEMBERS: &str = "SELECT m.credit_code, s.name, s.region, s.industry, m.done \
    FROM campaign_member m JOIN campaign c ON c.id = m.campaign \
    JOIN supervised s ON s.supervisor = m.supervisor AND s.credit_code = m.credit_code \
    WHERE m.supervisor = $1 AND m.campaign = $2";

pub(super) async fn one(
    ctx: Ctx,
    Path(id): Path<String>,
    input::Asked(asked): input::Asked<Asked>,
) -> Result<Response, Error> {
    let supervisor = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let campaign = load(c, supervisor, &id).await?;
    let now = clock::now();
    let over = campaign.closes < now;
    let wanted = condition(&asked.state, over)?;
    let number = asked.page.parse::<i64>().unwrap_or(1).clamp(1, 100_000);
    let all = parts(c, supervisor, &id, "").await?.into_iter().next().unwrap_or_default();
    let total = match asked.state.as_str() {
        "done" => all.done,
        "late" => all.late,
        "open" if over => 0,
        "missing" if !over => 0,
        _ => all.rest(),
    };
    let sql = format!(
        "{MEMBERS} AND {wanted} ORDER BY s.region, s.industry, m.credit_code \
         LIMIT {PAGE} OFFSET {}",
        (number - 1) * PAGE
    );
    let listed = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(supervisor)
        .bind(&id)
        .fetch_all(&mut *c)
        .await?;
    let p = Progress {
        regions: parts(c, supervisor, &id, "region").await?,
        industries: parts(c, supervisor, &id, "industry").await?,
        all,
        over,
        listed,
        total,
        campaign,
    };
    let title = p.campaign.title.clone();
    let catalog = &ctx.app.catalog;
    ctx.show_titled(title, &p, |page| OnePage {
        page,
        p: &p,
        c: &p.campaign,
        state: &asked.state,
        number,
        catalog,
        now,
    })
}

pub(super) async fn members(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let supervisor = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let campaign = load(c, supervisor, &id).await?;
    let sql = format!("{MEMBERS} ORDER BY s.region, s.industry, m.credit_code");
    let all: Vec<Member> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(supervisor)
        .bind(&id)
        .fetch_all(&mut *c)
        .await?;
    let now = clock::now();
    let head = [
        key::SUPERVISE_CODE,
        key::SUPERVISE_NAME,
        key::CAMPAIGN_REGION,
        key::CAMPAIGN_INDUSTRY,
        key::CAMPAIGN_STANDS,
        key::CAMPAIGN_DONE_AT,
    ];
    let head = head.map(|key| quoted(&hangtu_catalog::text(ctx.language, key, &[])));
    let mut table = format!("\u{feff}{}\r\n", head.join(","));
    for m in all {
        let state = stands(m.done, campaign.closes, now);
        let done = m.done.map(clock::rfc3339).unwrap_or_default();
        let row = [&m.credit_code, &m.name, &m.region, &m.industry, state, &done].map(quoted);
        table += &row.join(",");
        table += "\r\n";
    }
    let name = format!("attachment; filename=\"campaign-{}.csv\"", campaign.number);
    let heads = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((heads, table).into_response())
}
