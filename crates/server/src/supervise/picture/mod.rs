//! The picture: the newest accepted facts of each enterprise, and the sums over them.
//!
//! [`take_in`] is the only way facts come in. It moves the sums in the same change by what the
//! enterprise adds now less what it added before; [`recount`] makes the same sums in SQL alone from
//! every enterprise's rows, and both must agree whatever came in which order how often.

mod cache;
mod compute;
mod days;
mod goal;
mod home;
mod paper;
mod recount;
mod sums;
mod tables;
mod tiles;
mod workbook;
mod yearly;

pub(crate) use cache::Pictures;
pub(super) use cache::{Stamp, stamp};
pub(super) use compute::stale_before;
pub(crate) use days::{keep as keep_day, start};
pub(super) use home::region;
pub(crate) use recount::recount;
pub(super) use sums::Shift;
use sums::turn;

use super::{campaign, facts::Facts, history, model, roster, steer};
use crate::{
    clock,
    db::{Actor, Batch, Change, Value},
    error::Error,
    route::Routes,
};
use hangtu_catalog::{Bilingual, Level, key, sha256};
use serde_json::json;
use sqlx::AnyConnection;

pub(super) fn routes(r: &mut Routes) {
    home::routes(r);
    workbook::routes(r);
    paper::routes(r);
    yearly::routes(r);
}

const HELD: &[&str] = &[
    "supervisor",
    "credit_code",
    "as_of",
    "digest",
    "taken",
    "body",
    "graded",
    "filed",
    "runs",
    "assets",
    "important",
    "core",
    "ungraded",
    "checks_total",
    "checks_measured",
    "checks_errored",
    "checks_stale",
    "checks_never",
    "not_applicable",
    "person_times",
    "persons",
    "professionals",
];

/// Takes accepted facts of an enterprise on the roster into the picture, within the change that
/// accepts them; says whether they are newer than what was held. Any facts any number of times in
/// any order lead to the same picture: the latest moment counts, and of two packages for one moment
/// the one with the larger hash.
pub(crate) async fn take_in(
    change: &mut Change,
    supervisor: &str,
    credit_code: &str,
    facts: &Facts,
) -> Result<bool, Error> {
    if let Some(field) = facts.fault() {
        let why = Bilingual::message(key::SERVER_BAD_INPUT, &[("why", field.into())]);
        return Err(Error::Invalid("facts", why));
    }
    let firm = model::hold(change, supervisor, credit_code).await?;
    // Before it is asked whether they are the newest: what was done was done, whenever it is told.
    campaign::hear(change, supervisor, credit_code, facts).await?;
    steer::hear(change, supervisor, credit_code, facts).await?;
    let body = serde_json::to_string(facts).map_err(Error::internal)?;
    let digest = sha256(body.as_bytes());
    let before = held(change, supervisor, credit_code).await?;
    if before.as_ref().is_some_and(|b| (b.0, &b.1) >= (facts.as_of, &digest)) {
        return Ok(false);
    }
    let mut shift = Shift::default();
    shift.add(&firm, before.as_ref().map(|b| &b.2), -1);
    let now = clock::now();
    let mut after = firm;
    after.submitted = after.submitted.or(Some(now));
    after.accepted = Some(now);
    after.as_of = Some(facts.as_of);
    after.graded = i64::from(facts.graded());
    after.open = facts.risks.iter().map(|r| i64::from(r.open)).sum();
    let major = |level: &str| level == Level::Major.name();
    after.majors = facts.risks.iter().filter(|r| major(&r.level)).map(|r| i64::from(r.open)).sum();
    after.changed = now;
    shift.add(&after, Some(facts), 1);
    model::put(change, supervisor, &[&after]).await?;
    keep(change, supervisor, credit_code, facts, [&digest, &body], now).await?;
    shift.apply(change, supervisor).await?;
    let detail = json!({
        "as_of": clock::rfc3339(facts.as_of),
        "sha256": digest,
        "graded": if facts.graded() { "yes" } else { "no" },
    });
    change.note("picture.take", format!("supervised/{credit_code}"), detail);
    Ok(true)
}

/// Takes what the change's organisation accepted into the pictures of those above it in this
/// instance, within the same change: an enterprise that they do not know yet comes on their rosters,
/// and each has an entry in its own log. `holder` and `intake` name the package.
pub(crate) async fn pass_up(
    change: &mut Change,
    [holder, intake]: [&str; 2],
    credit_code: &str,
    facts: &Facts,
) -> Result<(), Error> {
    let mut below = change.organisation().to_owned();
    while let Some(above) = crate::admin::parent(change, &below).await? {
        let firm = model::find(change, &below, credit_code).await?;
        change.turn(&Actor::system(&above)).await?;
        roster::adopt(change, &firm).await?;
        take_in(change, &above, credit_code, facts).await?;
        history::due(change, &above, [holder, intake], credit_code).await?;
        below = above;
    }
    Ok(())
}

/// What is held of an enterprise: for which moment, the hash of it, the facts.
pub(super) async fn held(
    c: &mut AnyConnection,
    supervisor: &str,
    credit_code: &str,
) -> Result<Option<(i64, String, Facts)>, Error> {
    let row: Option<(i64, String, String)> = sqlx::query_as(
        "SELECT as_of, digest, body FROM held WHERE supervisor = $1 AND credit_code = $2",
    )
    .bind(supervisor)
    .bind(credit_code)
    .fetch_optional(c)
    .await?;
    row.map(|(as_of, digest, body)| {
        Ok((as_of, digest, serde_json::from_str(&body).map_err(Error::internal)?))
    })
    .transpose()
}

/// Writes the facts, whole and taken apart, in place of those before.
async fn keep(
    change: &mut Change,
    supervisor: &str,
    code: &str,
    facts: &Facts,
    [digest, body]: [&str; 2],
    now: i64,
) -> Result<(), Error> {
    let (d, e, t) = (&facts.data, &facts.examination, &facts.training);
    let mut batch = Batch::replace("held", HELD, 2);
    let row: [Value; 22] = [
        supervisor.into(),
        code.into(),
        facts.as_of.into(),
        digest.into(),
        now.into(),
        body.into(),
        facts.graded().into(),
        d.filed.into(),
        e.runs.into(),
        d.assets.into(),
        d.important.into(),
        d.core.into(),
        d.ungraded.into(),
        e.checks_total.into(),
        e.checks_measured.into(),
        e.checks_errored.into(),
        e.checks_stale.into(),
        e.checks_never.into(),
        e.not_applicable.into(),
        t.person_times.into(),
        t.persons.into(),
        t.professionals.into(),
    ];
    batch.add(change, row).await?;
    batch.flush(change).await?;
    for sql in [
        "DELETE FROM held_risk WHERE supervisor = $1 AND credit_code = $2",
        "DELETE FROM held_major WHERE supervisor = $1 AND credit_code = $2",
        "DELETE FROM held_drill WHERE supervisor = $1 AND credit_code = $2",
    ] {
        sqlx::query(sql).bind(supervisor).bind(code).execute(&mut **change).await?;
    }
    let columns = &[
        "supervisor",
        "credit_code",
        "scenario",
        "level",
        "open",
        "overdue",
        "accepted",
        "corrected",
        "proven",
    ];
    let mut risks = Batch::insert("held_risk", columns);
    for r in &facts.risks {
        let numbers = [r.open, r.overdue, r.accepted, r.corrected, r.proven].map(Value::from);
        let names = [supervisor, code, &r.scenario, &r.level].map(Value::from);
        risks.add(change, names.into_iter().chain(numbers)).await?;
    }
    risks.flush(change).await?;
    let columns = &["supervisor", "credit_code", "id", "scenario", "month", "closed"];
    let mut majors = Batch::insert("held_major", columns);
    for m in &facts.majors {
        let row: [Value; 6] = [
            supervisor.into(),
            code.into(),
            (&m.id).into(),
            (&m.scenario).into(),
            sums::month(m.found).into(),
            m.closed.is_some().into(),
        ];
        majors.add(change, row).await?;
    }
    majors.flush(change).await?;
    let columns = &["supervisor", "credit_code", "scenario", "last", "shortcomings"];
    let mut drills = Batch::insert("held_drill", columns);
    for d in &facts.drills {
        let row: [Value; 5] = [
            supervisor.into(),
            code.into(),
            (&d.scenario).into(),
            d.last.into(),
            d.shortcomings_open.into(),
        ];
        drills.add(change, row).await?;
    }
    drills.flush(change).await
}

#[cfg(test)]
mod tests;
