//! Rules of bulletins: examined with at the enterprise that applies them, and what they found.

use super::{load, model::Notice};
use crate::{
    correct,
    db::{Actor, Change},
    error::Error,
    supervise::facts::{Bulletin, Facts},
};
use serde_json::json;
use sqlx::AnyConnection;

/// Notices of bulletins whose rules an enterprise applies.
async fn applied(c: &mut AnyConnection, organisation: &str) -> Result<Vec<Notice>, Error> {
    let told = load::all_told(c, organisation, "bulletin").await?;
    let mine =
        |(n, m): (Notice, super::model::Member)| (m.applied.is_some() && n.has_pack()).then_some(n);
    Ok(told.into_iter().filter_map(mine).collect())
}

/// The packs of rules that an enterprise examines itself with beside those of the program: a name
/// and a text each. They were checked when they were issued and when they were taken in.
pub(crate) async fn packs(
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Vec<(String, String)>, Error> {
    let named = |n: Notice| (format!("bulletin-{}.yml", n.number), n.pack);
    Ok(applied(c, organisation).await?.into_iter().map(named).collect())
}

/// Notes what an examination showed of bulletins: it counts for one when a rule of it looked. What
/// was found comes from the findings as they stand after the examination.
pub(crate) async fn examined(change: &mut Change, ran: &[String], time: i64) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    let Some(code) = load::code(change, &organisation).await? else { return Ok(()) };
    let mut told: Vec<(Notice, i64)> = Vec::new();
    for n in applied(change, &organisation).await? {
        if !n.rules.split(' ').any(|rule| ran.iter().any(|id| id == rule)) {
            continue;
        }
        let rules: Vec<&str> = n.rules.split(' ').collect();
        let (found, open) = correct::of_rules(change, &organisation, &rules).await?;
        sqlx::query(
            "UPDATE notice_member SET examined = $4, found = $5, still_open = $6, told = $4 \
             WHERE supervisor = $1 AND notice = $2 AND credit_code = $3 AND told <= $4",
        )
        .bind(&n.supervisor)
        .bind(&n.id)
        .bind(&code)
        .bind(time)
        .bind(found)
        .bind(open)
        .execute(&mut **change)
        .await?;
        let detail = json!({ "number": n.number, "found": found, "open": open });
        change.note("notice.examined", format!("notice/{}", n.id), detail);
        told.push((n, found));
    }
    // A supervisor of this instance reads it in its own trail, too.
    for (n, found) in told.into_iter().filter(|(n, _)| n.holder.is_empty()) {
        change.turn(&Actor::system(&n.supervisor)).await?;
        let detail = json!({ "number": n.number, "code": code, "found": found });
        change.note("notice.examined", format!("notice/{}", n.id), detail);
    }
    Ok(())
}

/// What leaves with a submission: of each bulletin whose rules looked, when, and how many findings.
pub(crate) async fn facts(
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Vec<Bulletin>, Error> {
    let mut all = Vec::new();
    for (n, m) in load::all_told(c, organisation, "bulletin").await? {
        let Some(examined) = m.examined else { continue };
        let rules: Vec<&str> = n.rules.split(' ').collect();
        let (found, open) = correct::of_rules(c, organisation, &rules).await?;
        let small = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        all.push(Bulletin { id: n.issue, examined, found: small(found), open: small(open) });
    }
    // The newest first; more than fit say nothing that older packages have not said.
    all.truncate(crate::supervise::facts::BULLETINS);
    Ok(all)
}

/// Notes what accepted facts tell of bulletins. The latest moment counts, so that their order does
/// not matter.
pub(in crate::supervise) async fn hear(
    change: &mut Change,
    supervisor: &str,
    credit_code: &str,
    facts: &Facts,
) -> Result<(), Error> {
    for b in &facts.bulletins {
        sqlx::query(
            "UPDATE notice_member SET examined = $4, found = $5, still_open = $6, told = $7 \
             WHERE supervisor = $1 AND notice = $2 AND credit_code = $3 AND told < $7",
        )
        .bind(supervisor)
        .bind(&b.id)
        .bind(credit_code)
        .bind(b.examined)
        .bind(i64::from(b.found))
        .bind(i64::from(b.open))
        .bind(facts.as_of)
        .execute(&mut **change)
        .await?;
    }
    Ok(())
}
