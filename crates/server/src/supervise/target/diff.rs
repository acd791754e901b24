//! One version of the target set: its members, and who entered and left against another, and why.

use super::{Set, sets};
use crate::{
    auth::Right,
    ctx::Ctx,
    download::{self, quoted},
    error::Error,
    input::Asked,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};
use std::io::Write;

/// Lines of who entered and of who left that are shown.
const SHOWN: usize = 300;

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(Right::Supervise);
    let doc = Doc::new("A version of the target set against another: who entered, who left, why");
    r.get("/supervise/targets/{version}", may, doc.query::<Query>().returns::<Diff>(), page);
    let doc = Doc::new("The members of a version as CSV").gives("text/csv");
    r.get("/supervise/targets/{version}/members.csv", may, doc, members);
}

/// Which other version.
#[derive(Deserialize, JsonSchema)]
struct Query {
    /// The one before when empty; 0 for none.
    #[serde(default)]
    against: String,
}

/// Somebody who entered or left.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
struct Moved {
    credit_code: String,
    name: String,
    region: String,
    industry: String,
    /// Why by the version that is looked at; `gone` where it does not know them.
    why: String,
    reason: String,
    revenue: Option<i64>,
    place: Option<i64>,
    of_all: Option<i64>,
    size: Option<i64>,
}

/// A version against another.
#[derive(Serialize, JsonSchema)]
struct Diff {
    set: Set,
    /// The other version; 0 for none.
    against: i64,
    versions: Vec<i64>,
    entered: i64,
    left: i64,
    kept: i64,
    /// The first of them.
    who_entered: Vec<Moved>,
    who_left: Vec<Moved>,
}

#[derive(Template)]
#[template(path = "supervise/target/diff.html")]
struct DiffPage<'a> {
    page: Page,
    d: &'a Diff,
}

/// Why somebody entered or left, in words.
fn why(page: &Page, m: &Moved) -> String {
    let n = |n: Option<i64>| n.unwrap_or(0).unsigned_abs();
    let args =
        [("rank", n(m.place).into()), ("of", n(m.of_all).into()), ("size", n(m.size).into())];
    match m.why.as_str() {
        "ranked" => page.args(key::TARGET_WHY_RANKED, &args),
        "below" => page.args(key::TARGET_WHY_BELOW, &args),
        "included" => page.a(key::TARGET_WHY_INCLUDED, "reason", &m.reason),
        "excluded" => page.a(key::TARGET_WHY_EXCLUDED, "reason", &m.reason),
        word => page.word("target-why", word),
    }
}

impl DiffPage<'_> {
    fn lists(&self) -> [(key::Key, &[Moved]); 2] {
        [(key::TARGET_ENTERED, &self.d.who_entered), (key::TARGET_LEFT, &self.d.who_left)]
    }

    fn why(&self, m: &Moved) -> String {
        why(&self.page, m)
    }

    fn region(&self, code: &str) -> String {
        crate::supervise::picture::region(&self.page.ctx.app.catalog, code, self.page.ctx.language)
    }
}

const MOVED: &str = "SELECT p.credit_code, s.name, p.region, p.industry, p.why, p.reason, \
    p.revenue, p.place, p.of_all, p.size";

/// Members of one version who are not members of another, as the first of them places them.
async fn entered(
    c: &mut AnyConnection,
    supervisor: &str,
    [version, against]: [i64; 2],
) -> Result<Vec<Moved>, Error> {
    let sql = format!(
        "{MOVED} FROM target_place p JOIN supervised s ON s.supervisor = p.supervisor \
         AND s.credit_code = p.credit_code WHERE p.supervisor = $1 AND p.version = $2 \
         AND p.member = 1 AND NOT EXISTS (SELECT 1 FROM target_place q \
         WHERE q.supervisor = p.supervisor AND q.version = $3 AND q.member = 1 \
         AND q.credit_code = p.credit_code) ORDER BY p.region, p.industry, p.credit_code"
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(supervisor).bind(version).bind(against);
    Ok(query.fetch_all(c).await?)
}

/// Members of another version who are not members of this one, as this one places them.
async fn left(
    c: &mut AnyConnection,
    supervisor: &str,
    [version, against]: [i64; 2],
) -> Result<Vec<Moved>, Error> {
    Ok(sqlx::query_as(
        "SELECT q.credit_code, s.name, COALESCE(p.region, q.region) AS region, \
         COALESCE(p.industry, q.industry) AS industry, \
         CASE WHEN p.why IS NOT NULL THEN p.why WHEN s.status = 'active' THEN 'not_above' \
         ELSE 'gone' END AS why, COALESCE(p.reason, '') AS reason, p.revenue, p.place, p.of_all, \
         p.size FROM target_place q JOIN supervised s ON s.supervisor = q.supervisor \
         AND s.credit_code = q.credit_code LEFT JOIN target_place p \
         ON p.supervisor = q.supervisor AND p.version = $2 AND p.credit_code = q.credit_code \
         WHERE q.supervisor = $1 AND q.version = $3 AND q.member = 1 \
         AND (p.member IS NULL OR p.member = 0) ORDER BY q.region, q.industry, q.credit_code",
    )
    .bind(supervisor)
    .bind(version)
    .bind(against)
    .fetch_all(c)
    .await?)
}

async fn page(
    ctx: Ctx,
    Path(version): Path<i64>,
    Asked(query): Asked<Query>,
) -> Result<Response, Error> {
    let supervisor = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let all = sets(c, supervisor).await?;
    let set = all.iter().find(|s| s.version == version).cloned().ok_or(Error::NotFound)?;
    let against = match query.against.trim() {
        "" => version - 1,
        text => text.parse().map_err(|_| Error::invalid("against", key::SERVER_FIELD_CHOICE))?,
    };
    if against != 0 && all.iter().all(|s| s.version != against) {
        return Err(Error::NotFound);
    }
    let mut who_entered = entered(c, supervisor, [version, against]).await?;
    let mut who_left = left(c, supervisor, [version, against]).await?;
    let (entered, left) = (who_entered.len() as i64, who_left.len() as i64);
    who_entered.truncate(SHOWN);
    who_left.truncate(SHOWN);
    let diff = Diff {
        kept: set.members - entered,
        set,
        against,
        versions: all.iter().map(|s| s.version).filter(|v| *v != version).collect(),
        entered,
        left,
        who_entered,
        who_left,
    };
    let title = format!("{} {version}", ctx.t(key::TARGET_TITLE));
    ctx.show_titled(title, &diff, |page| DiffPage { page, d: &diff })
}

async fn members(ctx: Ctx, Path(version): Path<i64>) -> Result<Response, Error> {
    let supervisor = ctx.organisation()?;
    let all = {
        let c = &mut *ctx.app.db.read().await?;
        if sets(c, supervisor).await?.iter().all(|s| s.version != version) {
            return Err(Error::NotFound);
        }
        entered(c, supervisor, [version, 0]).await?
    };
    let mut out = String::from("\u{feff}");
    let head = [
        key::SUPERVISE_CODE,
        key::SUPERVISE_NAME,
        key::SUPERVISE_REGION,
        key::SUPERVISE_INDUSTRY,
        key::ROSTER_REVENUE,
        key::TARGET_WHY,
    ];
    out.push_str(&head.map(|k| quoted(&ctx.t(k))).join(","));
    let page = Page::new(&ctx, String::new());
    for m in all {
        let yuan = m.revenue.map(|y| (y / 10_000).to_string()).unwrap_or_default();
        let why = why(&page, &m);
        let cells = [m.credit_code, m.name, m.region, m.industry, yuan, why];
        out.push_str("\r\n");
        out.push_str(&cells.map(|c| quoted(&c)).join(","));
    }
    let mut file = download::scratch(&ctx.app.config.data)?;
    file.write_all(out.as_bytes())?;
    download::send(file, "text/csv; charset=utf-8", "target-set.csv")
}
