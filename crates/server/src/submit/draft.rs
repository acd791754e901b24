//! What leaves the plant, built from the allow-list by the functions of those who own the facts.

use crate::{
    App, clock, correct, drill,
    error::Error,
    examine, home, register,
    supervise::{FACTS, Facts, bulletins},
    train,
};
use hangtu_catalog::{Scenario, sha256};
use hangtu_ledger::MAX_EVIDENCE;
use serde_json::{Map, Value, json};
use sqlx::{AnyConnection, FromRow};

/// Major risks that are told one by one.
const MAJORS: usize = 1_000;

/// A draft: the facts, the moment they hold for, the evidence they rest on.
pub(super) struct Draft {
    pub(super) facts: Map<String, Value>,
    pub(super) as_of: i64,
    /// SHA-256 of each file, with spaces between.
    pub(super) evidence: String,
}

#[derive(FromRow)]
struct Organisation {
    name: String,
    credit_code: String,
    region: String,
    industry: String,
    revenue_band: String,
}

/// Who the organisation is, as the floor knows it.
pub(super) async fn code(c: &mut AnyConnection, organisation: &str) -> Result<String, Error> {
    Ok(introduced(c, organisation).await?.credit_code)
}

async fn introduced(c: &mut AnyConnection, organisation: &str) -> Result<Organisation, Error> {
    Ok(sqlx::query_as(
        "SELECT name, credit_code, region, industry, revenue_band FROM organisation WHERE id = $1",
    )
    .bind(organisation)
    .fetch_one(c)
    .await?)
}

/// Training in the plan's units, absent while nobody records it: nought would be a claim.
async fn training(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Option<Value>, Error> {
    let totals = train::totals(app, c, organisation).await?;
    Ok(totals.map(|t| {
        json!({ "person_times": t.person_times, "persons": t.persons,
            "professionals": t.professionals })
    }))
}

/// Gathers the facts of this moment.
pub(super) async fn gather(app: &App, organisation: &str) -> Result<Draft, Error> {
    correct::settle(app, organisation).await;
    let now = clock::now();
    let c = &mut *app.db.read().await?;
    let o = introduced(c, organisation).await?;
    let data = register::counted(c, organisation).await?;
    let (number, date) = data.filing;
    let (runs, last) = examine::ran(c, organisation).await?;
    let coverage = home::coverage(app, c, organisation, now).await?;
    let checks = |state: &str| coverage.get(state).copied().unwrap_or(0);
    let risks: Vec<Value> = correct::told(c, organisation, now)
        .await?
        .into_iter()
        .map(|t| {
            json!({ "scenario": t.scenario, "level": t.level, "open": t.open,
                "overdue": t.overdue, "accepted": t.accepted, "corrected": t.corrected,
                "proven": t.proven, "oldest_open": t.oldest_open })
        })
        .collect();
    let majors: Vec<Value> = correct::majors(c, organisation, MAJORS)
        .await?
        .into_iter()
        .map(|m| {
            json!({ "id": sha256(m.id.as_bytes()), "rule": m.rule, "scenario": m.scenario,
                "state": m.state, "found": m.opened, "closed": m.closed })
        })
        .collect();
    let mut drills = Vec::new();
    for scenario in Scenario::ALL {
        if let Some(d) = drill::drilled(c, organisation, scenario).await? {
            drills.push(json!({ "scenario": scenario.name(), "last": d.ended, "score": d.score,
                "shortcomings_open": d.open }));
        }
    }
    let training = training(app, c, organisation).await?;
    let facts = json!({
        "version": FACTS,
        "organisation": { "name": o.name, "credit_code": o.credit_code, "region": o.region,
            "industry": o.industry, "revenue_band": o.revenue_band },
        "as_of": now,
        "data": {
            "assets": data.general + data.important + data.core + data.ungraded,
            "general": data.general, "important": data.important, "core": data.core,
            "ungraded": data.ungraded, "filed": !date.is_empty(), "filing_number": number,
            "filing_date": Some(date).filter(|d| !d.is_empty()) },
        "examination": {
            "runs": runs, "last": last, "checks_total": app.catalog.controls.len(),
            "checks_measured": checks("measured"), "checks_errored": checks("error"),
            "checks_stale": checks("stale"), "checks_never": checks("never"),
            "not_applicable": checks("not-applicable") },
        "risks": risks,
        "majors": majors,
        "drills": drills,
        "training": training.clone().unwrap_or(json!({})),
        "bulletins": bulletins(c, organisation).await?,
    });
    let evidence = examine::hashes(c, organisation, MAX_EVIDENCE).await?.join(" ");
    let facts = allowed(facts, training.is_some())?;
    Ok(Draft { facts, as_of: now, evidence })
}

/// Only what stands in the allow-list, in whole numbers, as a package writes them.
fn allowed(facts: Value, training: bool) -> Result<Map<String, Value>, Error> {
    let facts: Facts = serde_json::from_value(facts).map_err(Error::internal)?;
    if let Some(field) = facts.fault() {
        return Err(Error::internal(format!("our own facts do not hold: {field}")));
    }
    let mut value = serde_json::to_value(&facts).map_err(Error::internal)?;
    whole(&mut value);
    let Value::Object(mut map) = value else { return Err(Error::internal("facts are an object")) };
    if !training {
        map.remove("training");
    }
    Ok(map)
}

/// Canonical JSON has no fractions: a score is told to the whole point.
fn whole(value: &mut Value) {
    match value {
        Value::Number(n) if n.is_f64() => {
            *value = json!(n.as_f64().unwrap_or_default().round() as i64);
        }
        Value::Array(list) => list.iter_mut().for_each(whole),
        Value::Object(map) => map.values_mut().for_each(whole),
        _ => {}
    }
}
