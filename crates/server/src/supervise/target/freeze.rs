//! Computing a target set and freezing it as a version.

use super::{
    Counted, Rule,
    rank::{Candidate, Placed, place},
    rounding, ties,
};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    db::{Batch, Value},
    error::Error,
    input::Input,
    route::{Access, Doc, Routes},
    supervise::picture::recount,
};
use axum::response::Response;
use hangtu_catalog::{SetRule, key};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use sqlx::{AnyConnection, FromRow};
use std::collections::HashMap;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Compute the target set and freeze it as a new version, which is in force");
    let may = Access::May(Right::Supervise);
    r.post("/supervise/targets", may, doc.body::<Rule>().returns::<Frozen>(), freeze);
}

/// A version that was frozen.
#[derive(Serialize, JsonSchema)]
struct Frozen {
    version: i64,
    members: i64,
}

#[derive(FromRow)]
struct Row {
    credit_code: String,
    region: String,
    industry: String,
    above_scale: i64,
    yuan: Option<i64>,
    what: String,
}

/// Everybody in operation who is above scale or about whom something was decided, placed.
pub(super) async fn placed(
    c: &mut AnyConnection,
    supervisor: &str,
    rule: SetRule,
    year: i64,
) -> Result<Vec<Placed>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT s.credit_code, s.region, s.industry, s.above_scale, r.yuan, \
         COALESCE(o.what, '') AS what FROM supervised s LEFT JOIN supervised_revenue r \
         ON r.supervisor = s.supervisor AND r.credit_code = s.credit_code AND r.year = $2 \
         LEFT JOIN target_override o ON o.supervisor = s.supervisor \
         AND o.credit_code = s.credit_code WHERE s.supervisor = $1 AND s.status = 'active' \
         AND (s.above_scale = 1 OR o.what IS NOT NULL)",
    )
    .bind(supervisor)
    .bind(year)
    .fetch_all(c)
    .await?;
    let candidates = rows.into_iter().map(|r| Candidate {
        code: r.credit_code,
        region: r.region,
        industry: r.industry,
        above: r.above_scale == 1,
        revenue: r.yuan,
        decided: match r.what.as_str() {
            "include" => Some(true),
            "exclude" => Some(false),
            _ => None,
        },
    });
    let candidates: Vec<_> = candidates.collect();
    // Sorting half a million takes longer than a request's turn.
    tokio::task::spawn_blocking(move || place(rule, candidates)).await.map_err(Error::internal)
}

/// What a computation came to.
pub(super) fn counted(placed: &[Placed]) -> Counted {
    let n = |test: &dyn Fn(&Placed) -> bool| placed.iter().filter(|p| test(p)).count() as i64;
    Counted {
        members: n(&|p| p.member),
        eligible: n(&|p| p.place.is_some()),
        without_revenue: n(&|p| p.who.above && p.place.is_none()),
    }
}

async fn freeze(ctx: Ctx, Input(rule): Input<Rule>) -> Result<Response, Error> {
    let (set, year) = rule.parsed(&ctx.app.catalog)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let supervisor = change.organisation().to_owned();
    let placed = placed(&mut change, &supervisor, set, year).await?;
    let counted = counted(&placed);
    if counted.eligible == 0 {
        return Err(Error::invalid("year", key::TARGET_NO_YEAR));
    }
    let (last,): (i64,) =
        sqlx::query_as("SELECT COALESCE(MAX(version), 0) FROM target_set WHERE supervisor = $1")
            .bind(&supervisor)
            .fetch_one(&mut *change)
            .await?;
    let version = last + 1;
    let columns = &[
        "supervisor",
        "version",
        "year",
        "percent",
        "rounding",
        "ties",
        "eligible",
        "without_revenue",
        "members",
        "frozen",
        "person_name",
    ];
    let mut batch = Batch::insert("target_set", columns);
    let row: [Value; 11] = [
        (&supervisor).into(),
        version.into(),
        year.into(),
        i64::from(set.percent).into(),
        rounding(set.rounding).into(),
        ties(set.ties).into(),
        counted.eligible.into(),
        counted.without_revenue.into(),
        counted.members.into(),
        clock::now().into(),
        change.actor().name.clone().into(),
    ];
    batch.add(&mut change, row).await?;
    batch.flush(&mut change).await?;
    let reasons: Vec<(String, String)> =
        sqlx::query_as("SELECT credit_code, reason FROM target_override WHERE supervisor = $1")
            .bind(&supervisor)
            .fetch_all(&mut *change)
            .await?;
    let reasons: HashMap<String, String> = reasons.into_iter().collect();
    let columns = &[
        "supervisor",
        "version",
        "credit_code",
        "region",
        "industry",
        "member",
        "why",
        "reason",
        "revenue",
        "place",
        "of_all",
        "size",
    ];
    let mut batch = Batch::insert("target_place", columns);
    for p in &placed {
        let reason = p.who.decided.and_then(|_| reasons.get(&p.who.code));
        let row: [Value; 12] = [
            (&supervisor).into(),
            version.into(),
            (&p.who.code).into(),
            (&p.who.region).into(),
            (&p.who.industry).into(),
            p.member.into(),
            p.why.word().into(),
            reason.cloned().unwrap_or_default().into(),
            p.who.revenue.into(),
            p.place.map(i64::from).into(),
            p.of_all.into(),
            p.size.into(),
        ];
        batch.add(&mut change, row).await?;
    }
    batch.flush(&mut change).await?;
    sqlx::query(
        "UPDATE supervised SET target = CASE WHEN credit_code IN (SELECT p.credit_code \
         FROM target_place p WHERE p.supervisor = $1 AND p.version = $2 AND p.member = 1) \
         THEN 1 ELSE 0 END WHERE supervisor = $1",
    )
    .bind(&supervisor)
    .bind(version)
    .execute(&mut *change)
    .await?;
    // Everybody may have moved: the sums are made anew.
    recount(&mut change, &supervisor).await?;
    let detail = json!({ "version": version, "year": year, "members": counted.members });
    change.note("target.freeze", format!("target/{version}"), detail);
    change.commit().await?;
    let frozen = Frozen { version, members: counted.members };
    Ok(ctx.done(&frozen, &format!("/supervise/targets/{version}"), key::SUPERVISE_SAVED))
}
