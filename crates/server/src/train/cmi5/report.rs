//! What a unit reports: taken or refused as cmi5 has it, and what is met by it. Where that is the whole
//! course, it counts as done: a fact, entered in the same change as the statement it rests on.

use super::{
    Reached, Registration,
    door::{Door, actor, open},
    launch::{authority, end as end_session, say},
    session::{READ, Row, course_iri, part_iri},
};
use crate::{
    App,
    auth::new_id,
    clock,
    ctx::Ctx,
    db::{Change, nothing_to_change},
    error::Error,
    train::{
        lrs::Said,
        statements::{self, By, Came, Statements},
    },
};
use axum::{
    Json,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use hangtu_train::{
    exchange::{
        cmi5::{CourseStructure, OurWord, Session, said_by_us, satisfied, verb},
        xapi::Statement,
    },
    lrs::{Refusal, Store},
};
use serde_json::json;
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// Bytes of a request, and statements of one session.
const BODY: usize = 4 << 20;
const MOST: i64 = 10_000;
/// Bytes of all requests of one session.
const BYTES: i64 = 64 << 20;

/// The best scaled score that a statement tells, in percent.
fn percent(statement: &Statement) -> Option<i64> {
    let scaled = statement.json().get("result")?.get("score")?.get("scaled")?.as_f64()?;
    // Scaled scores of passed and failed are from 0 to 1: checked before.
    Some((scaled.clamp(0.0, 1.0) * 100.0).round() as i64)
}

/// Takes what a unit reports.
pub(super) async fn report(ctx: &Ctx, headers: &HeaderMap, body: &Bytes, id: Option<Uuid>) -> Said {
    let app = &ctx.app;
    let door = match open(ctx, headers).await? {
        Ok(door) => door,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if body.len() > BODY {
        return Ok(Err(Refusal { status: 413, why: format!("more than {BODY} bytes") }));
    }
    let Came { version, batch, parts } = match statements::came(headers, body, id) {
        Ok(came) => came,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut change = app.db.change(&actor(&door.row)).await?;
    // Held from here: two requests of a unit come one after the other.
    sqlx::query(
        "UPDATE cmi5_session SET statements = statements WHERE organisation = $1 AND id = $2",
    )
    .bind(&door.row.organisation)
    .bind(&door.row.id)
    .execute(&mut *change)
    .await?;
    let sql = format!("SELECT {READ} FROM cmi5_session s WHERE s.organisation = $1 AND s.id = $2");
    let row: Row = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(&door.row.organisation)
        .bind(&door.row.id)
        .fetch_one(&mut *change)
        .await?;
    let held: Registration = sqlx::query_as(
        "UPDATE cmi5_registration SET progress = progress WHERE organisation = $1 AND id = $2 \
         RETURNING id, progress, satisfied",
    )
    .bind(&row.organisation)
    .bind(&row.registration)
    .fetch_one(&mut *change)
    .await?;
    let unit = door.unit()?;
    let (mut session, mut reached) = (row.session()?, held.reached()?);
    let before = met(&door.structure, &reached);
    let ids: Vec<Uuid> = batch.iter().filter_map(|s| s.facets().id).collect();
    let organisation = row.organisation.clone();
    let old: HashSet<Uuid> = Statements::of(&mut change, &organisation)
        .find(&ids)
        .await?
        .iter()
        .filter_map(|s| s.statement.facets().id)
        .collect();
    let mut verbs = Vec::new();
    {
        let mine = reached.entry(unit.id.clone()).or_default();
        for statement in &batch {
            let facets = statement.facets();
            // Sent again because an answer was lost: the store holds it against what it has.
            if facets.id.is_some_and(|id| old.contains(&id)) {
                continue;
            }
            if facets.voids().is_some() {
                let why = "a unit voids nothing".to_owned();
                return Ok(Err(Refusal { status: 403, why }));
            }
            if let Err(why) = session.take(statement, &mut mine.progress) {
                return Ok(Err(Refusal { status: 403, why: why.to_string() }));
            }
            mine.begun = true;
            if facets.verb == verb::PASSED {
                mine.percent = mine.percent.max(percent(statement));
            }
            let word = facets.verb.strip_prefix("http://adlnet.gov/expapi/verbs/");
            verbs.push(word.filter(|w| w.len() < 20).unwrap_or("other").to_owned());
        }
    }
    let told = row.statements + verbs.len() as i64;
    let bytes = row.bytes + body.len() as i64;
    if bytes > BYTES {
        let why = format!("more than {BYTES} bytes in a session");
        return Ok(Err(Refusal { status: 413, why }));
    }
    if told > MOST {
        let why = format!("more than {MOST} statements in a session");
        return Ok(Err(Refusal { status: 413, why }));
    }
    let by = authority(app, &row.course);
    let taken = match statements::take(&mut change, batch, &parts, &by, (version, By::Unit)).await?
    {
        Ok(taken) => taken,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let names: Vec<String> = taken.ids.iter().map(Uuid::to_string).collect();
    if verbs.is_empty() {
        drop(change);
        nothing_to_change();
    } else {
        keep(&mut change, &row, &session, &reached, (told, bytes)).await?;
        let detail = json!({ "course": row.course, "statements": names, "verbs": verbs });
        change.note("cmi5.report", format!("launch/{}", row.id), detail);
        let after = met(&door.structure, &reached);
        // Another version of the course may ask for less: what was met by that is new, too.
        let fresh = |id: &String| {
            !before.contains(id) || (*id == door.structure.id && held.satisfied.is_none())
        };
        let new: Vec<String> = after.into_iter().filter(fresh).collect();
        settle(&mut change, app, &door, &reached, &new, held.satisfied.is_some()).await?;
        if session.has_ended() {
            end_session(&mut change, &row.id, &session, clock::now()).await?;
            let detail = json!({ "course": row.course, "why": "terminated" });
            change.note("cmi5.end", format!("launch/{}", row.id), detail);
        }
        change.commit().await?;
    }
    Ok(Ok(if id.is_some() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        Json(names).into_response()
    }))
}

/// Publisher's ids of what is met: blocks, and the course.
fn met(structure: &CourseStructure, reached: &BTreeMap<String, Reached>) -> Vec<String> {
    satisfied(structure, &|unit| reached.get(&unit.id).copied().unwrap_or_default().progress)
}

async fn keep(
    change: &mut Change,
    row: &Row,
    session: &Session,
    reached: &BTreeMap<String, Reached>,
    (told, bytes): (i64, i64),
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE cmi5_session SET body = $3, statements = $4, bytes = $5 \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(&row.organisation)
    .bind(&row.id)
    .bind(serde_json::to_string(session).map_err(Error::internal)?)
    .bind(told)
    .bind(bytes)
    .execute(&mut **change)
    .await?;
    sqlx::query("UPDATE cmi5_registration SET progress = $3 WHERE organisation = $1 AND id = $2")
        .bind(&row.organisation)
        .bind(&row.registration)
        .bind(serde_json::to_string(reached).map_err(Error::internal)?)
        .execute(&mut **change)
        .await?;
    Ok(())
}

/// Says what has just been met; where that is the course, it counts as done.
async fn settle(
    change: &mut Change,
    app: &App,
    door: &Door,
    reached: &BTreeMap<String, Reached>,
    new: &[String],
    done: bool,
) -> Result<(), Error> {
    let (row, unit) = (&door.row, door.unit()?);
    let now = clock::now();
    for publisher in new {
        let whole = *publisher == door.structure.id;
        let ours = if whole {
            course_iri(app, &row.course)
        } else {
            part_iri(app, &row.course, publisher)
        };
        let word = if whole {
            OurWord::SatisfiedCourse { ours: &ours, publisher }
        } else {
            OurWord::SatisfiedBlock { ours: &ours, publisher }
        };
        let stamp = clock::stamp(now);
        let said = said_by_us(word, unit, &door.launch, Uuid::now_v7(), stamp);
        say(change, app, &row.course, vec![said]).await?;
        if whole && !done {
            complete(change, row, reached, now).await?;
        }
    }
    Ok(())
}

async fn complete(
    change: &mut Change,
    row: &Row,
    reached: &BTreeMap<String, Reached>,
    now: i64,
) -> Result<(), Error> {
    let scores: Vec<i64> = reached.values().filter_map(|r| r.percent).collect();
    let percent = (!scores.is_empty()).then(|| scores.iter().sum::<i64>() / scores.len() as i64);
    sqlx::query("UPDATE cmi5_registration SET satisfied = $3 WHERE organisation = $1 AND id = $2")
        .bind(&row.organisation)
        .bind(&row.registration)
        .bind(now)
        .execute(&mut **change)
        .await?;
    sqlx::query(
        "INSERT INTO course_done (id, organisation, person, course, time, means, source, percent) \
         VALUES ($1, $2, $3, $4, $5, 'cmi5', $6, $7) ON CONFLICT DO NOTHING",
    )
    .bind(new_id())
    .bind(&row.organisation)
    .bind(&row.person)
    .bind(&row.course)
    .bind(now)
    .bind(&row.registration)
    .bind(percent)
    .execute(&mut **change)
    .await?;
    let detail = json!({ "means": "cmi5", "registration": row.registration,
        "version": row.version, "percent": percent.map_or("none".into(), |p| p.to_string()) });
    change.note("course.done", format!("course/{}", row.course), detail);
    Ok(())
}
