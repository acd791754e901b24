//! A notice as its supervisor sees it: who acknowledged, who answered, who is late.

use super::{
    load,
    model::{Item, MEMBER, Member, Notice},
    page::{Told, tone},
};
use crate::{
    clock, ctx::Ctx, download::quoted, error::Error, input, supervise::picture::region, ui::Page,
};
use askama::Template;
use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Catalog, key, text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

/// Enterprises of one page.
const PAGE: i64 = 50;

/// Which enterprises are listed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Asked {
    /// `acknowledged`, `unacknowledged`, `waiting`, `returned`, `overdue`, `done`, `examined` or
    /// `found`; all when empty.
    state: String,
    /// From 1.
    page: String,
}

/// States of the list, and their SQL.
const STATES: [(&str, &str); 8] = [
    ("acknowledged", "m.acknowledged IS NOT NULL"),
    ("unacknowledged", "m.acknowledged IS NULL"),
    ("waiting", "m.waiting > 0"),
    ("returned", "m.returned > 0"),
    ("overdue", "m.next_due < $3"),
    ("done", "n.many > 0 AND m.accepted >= n.many"),
    ("examined", "m.examined IS NOT NULL"),
    ("found", "m.found > 0"),
];

/// How many stand how.
#[derive(Clone, Debug, Default, FromRow, Serialize, JsonSchema)]
pub(super) struct Counts {
    /// Region; empty for all.
    pub(super) code: String,
    pub(super) members: i64,
    pub(super) acknowledged: i64,
    /// Of these, after the limit.
    pub(super) late: i64,
    pub(super) waiting: i64,
    pub(super) returned: i64,
    pub(super) overdue: i64,
    pub(super) done: i64,
    /// Enterprises that examined themselves with a bulletin's rules.
    pub(super) examined: i64,
    /// Of these, with findings.
    pub(super) found: i64,
    /// Findings of these rules, and those that need work.
    pub(super) findings: i64,
    pub(super) still_open: i64,
}

impl Counts {
    fn rest(&self) -> i64 {
        self.members - self.acknowledged
    }
}

/// A line of the list.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) region: String,
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub(super) member: Member,
}

/// A notice and how it stands.
#[derive(Serialize, JsonSchema)]
pub(super) struct One {
    #[serde(flatten)]
    notice: Notice,
    items: Vec<Item>,
    /// Whether the limit of the acknowledgement is over.
    over: bool,
    all: Counts,
    regions: Vec<Counts>,
    listed: Vec<Listed>,
    /// How many the list holds altogether.
    total: i64,
    /// Of these, with an instance of their own: they get files.
    elsewhere: i64,
}

#[derive(Template)]
#[template(path = "supervise/steer/one.html")]
struct OnePage<'a> {
    page: Page,
    one: &'a One,
    n: &'a Notice,
    state: &'a str,
    number: i64,
    catalog: &'a Catalog,
    own: &'static str,
    now: i64,
}

impl OnePage<'_> {
    fn told(&self) -> Told<'_> {
        Told { page: &self.page, n: self.n }
    }

    fn region(&self, code: &str) -> String {
        region(self.catalog, code, self.page.ctx.language)
    }

    fn stands(&self, m: &Member) -> &'static str {
        m.stands(self.n, self.now)
    }

    fn tone(&self, m: &Member) -> &'static str {
        tone(self.stands(m))
    }

    fn more(&self) -> bool {
        self.number * PAGE < self.one.total
    }

    /// A number behind which a list stands.
    fn counts(&self) -> Vec<(&'static str, i64)> {
        let c = &self.one.all;
        let mut counts = vec![("acknowledged", c.acknowledged), ("unacknowledged", c.rest())];
        if self.n.many > 0 {
            let of = [
                ("waiting", c.waiting),
                ("returned", c.returned),
                ("overdue", c.overdue),
                ("done", c.done),
            ];
            counts.extend(of);
        }
        if self.n.has_pack() {
            counts.extend([("examined", c.examined), ("found", c.found)]);
        }
        counts
    }

    /// Colours that this supervisor may change a warning to.
    fn colours(&self) -> Vec<&str> {
        let may = |c: &&hangtu_catalog::Colour| c.issuers.iter().any(|i| i == self.own);
        self.catalog.steering.colours.iter().filter(may).map(|c| c.id.as_str()).collect()
    }

    fn meaning(&self) -> String {
        let colour = self.catalog.steering.colour(&self.n.colour);
        colour.map(|c| self.page.b(&c.meaning).to_owned()).unwrap_or_default()
    }
}

const COUNTS: &str = "COUNT(*) AS members, \
    COALESCE(SUM(CASE WHEN m.acknowledged IS NOT NULL THEN 1 ELSE 0 END), 0) AS acknowledged, \
    COALESCE(SUM(CASE WHEN m.acknowledged > n.due THEN 1 ELSE 0 END), 0) AS late, \
    COALESCE(SUM(CASE WHEN m.waiting > 0 THEN 1 ELSE 0 END), 0) AS waiting, \
    COALESCE(SUM(CASE WHEN m.returned > 0 THEN 1 ELSE 0 END), 0) AS returned, \
    COALESCE(SUM(CASE WHEN m.next_due < $3 THEN 1 ELSE 0 END), 0) AS overdue, \
    COALESCE(SUM(CASE WHEN n.many > 0 AND m.accepted >= n.many THEN 1 ELSE 0 END), 0) AS done, \
    COALESCE(SUM(CASE WHEN m.examined IS NOT NULL THEN 1 ELSE 0 END), 0) AS examined, \
    COALESCE(SUM(CASE WHEN m.found > 0 THEN 1 ELSE 0 END), 0) AS found, \
    CAST(COALESCE(SUM(m.found), 0) AS BIGINT) AS findings, \
    CAST(COALESCE(SUM(m.still_open), 0) AS BIGINT) AS still_open";

const FROM: &str = "FROM notice_member m JOIN notice n ON n.id = m.notice \
    JOIN supervised s ON s.supervisor = m.supervisor AND s.credit_code = m.credit_code \
    WHERE m.supervisor = $1 AND m.notice = $2";

async fn counts(
    c: &mut AnyConnection,
    n: &Notice,
    now: i64,
    by: bool,
) -> Result<Vec<Counts>, Error> {
    let sql = if by {
        // By code: a league by merit would invite to polish numbers.
        format!("SELECT s.region AS code, {COUNTS} {FROM} GROUP BY s.region ORDER BY s.region")
    } else {
        format!("SELECT '' AS code, {COUNTS} {FROM}")
    };
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(&n.supervisor).bind(&n.id).bind(now);
    Ok(query.fetch_all(c).await?)
}

pub(super) async fn one(
    ctx: Ctx,
    Path(id): Path<String>,
    input::Asked(asked): input::Asked<Asked>,
) -> Result<Response, Error> {
    let now = clock::now();
    let c = &mut *ctx.app.db.read().await?;
    let notice = load::issued(c, ctx.organisation()?, &id).await?;
    let wanted = match asked.state.as_str() {
        "" => "1 = 1",
        state => {
            let found = STATES.iter().find(|(word, _)| *word == state);
            found.ok_or_else(|| Error::invalid("state", key::SERVER_FIELD_CHOICE))?.1
        }
    };
    let number = asked.page.parse::<i64>().unwrap_or(1).clamp(1, 100_000);
    // Each statement uses the moment, so that it has the same values whatever is asked.
    let rest = format!("{FROM} AND {wanted} AND $3 > 0");
    let (total,): (i64,) = sqlx::query_as(AssertSqlSafe(format!("SELECT COUNT(*) {rest}")))
        .bind(&notice.supervisor)
        .bind(&id)
        .bind(now)
        .fetch_one(&mut *c)
        .await?;
    let sql = format!(
        "SELECT s.name, s.region, {MEMBER} {rest} ORDER BY s.region, s.name, m.credit_code \
         LIMIT {PAGE} OFFSET {}",
        (number - 1) * PAGE
    );
    let listed = sqlx::query_as(AssertSqlSafe(sql))
        .bind(&notice.supervisor)
        .bind(&id)
        .bind(now)
        .fetch_all(&mut *c)
        .await?;
    let (elsewhere,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM notice_member WHERE supervisor = $1 AND notice = $2 \
         AND credit_code NOT IN (SELECT credit_code FROM organisation WHERE kind = 'enterprise')",
    )
    .bind(&notice.supervisor)
    .bind(&id)
    .fetch_one(&mut *c)
    .await?;
    let one = One {
        items: notice.items()?,
        over: notice.due < now,
        all: counts(c, &notice, now, false).await?.into_iter().next().unwrap_or_default(),
        regions: counts(c, &notice, now, true).await?,
        listed,
        total,
        elsewhere,
        notice,
    };
    let title = one.notice.title(ctx.language).to_owned();
    let (catalog, own) = (&ctx.app.catalog, ctx.signed()?.kind.word());
    ctx.show_titled(title, &one, |page| OnePage {
        page,
        one: &one,
        n: &one.notice,
        state: &asked.state,
        number,
        catalog,
        own,
        now,
    })
}

pub(super) async fn members(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let c = &mut *ctx.app.db.read().await?;
    let n = load::issued(c, ctx.organisation()?, &id).await?;
    let sql = format!(
        "SELECT s.name, s.region, {MEMBER} {FROM} ORDER BY s.region, s.name, m.credit_code"
    );
    let all: Vec<Listed> =
        sqlx::query_as(AssertSqlSafe(sql)).bind(&n.supervisor).bind(&id).fetch_all(&mut *c).await?;
    let head = [
        key::SUPERVISE_CODE,
        key::SUPERVISE_NAME,
        key::CAMPAIGN_REGION,
        key::CAMPAIGN_STANDS,
        key::STEER_ACK_AT,
        key::STEER_ACK_BY,
        key::STEER_COUNT_WAITING,
        key::STEER_COUNT_DONE,
        key::STEER_NEXT_DUE,
        key::STEER_EXAMINED_AT,
        key::STEER_FINDINGS,
        key::STEER_STILL_OPEN,
    ];
    let head = head.map(|key| quoted(&text(ctx.language, key, &[])));
    let mut table = format!("\u{feff}{}\r\n", head.join(","));
    let now = clock::now();
    let time = |t: Option<i64>| t.map(clock::rfc3339).unwrap_or_default();
    for l in all {
        let m = &l.member;
        let row = [
            m.credit_code.clone(),
            l.name.clone(),
            l.region.clone(),
            m.stands(&n, now).to_owned(),
            time(m.acknowledged),
            m.ack_name.clone(),
            m.waiting.to_string(),
            m.accepted.to_string(),
            time(m.next_due),
            time(m.examined),
            m.found.to_string(),
            m.still_open.to_string(),
        ];
        table += &row.map(|cell| quoted(&cell)).join(",");
        table += "\r\n";
    }
    let name = format!("attachment; filename=\"notice-{}.csv\"", n.number);
    let heads = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((heads, table).into_response())
}
