//! What the seat records, as xAPI statements: a course read, an exam passed or failed (each answer too,
//! where that is wanted), a session attended, a certificate earned. Each fact becomes a statement once,
//! with an id that is made from the fact: whoever receives it twice has it once.

use super::{
    attempt::Row as Attempt,
    attendance,
    cmi5::{learner, place},
    shelf,
    statements::{self, By},
};
use crate::{App, clock, db::Change, error::Error};
use hangtu_catalog::Bilingual;
use hangtu_train::exchange::xapi::{Statement, Version};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Facts of a kind that are told in one go.
const AT_ONCE: usize = 50;
const ADL: &str = "http://adlnet.gov/expapi";
/// Verb and kind of activity of the registry of the xAPI community; ADL names none of them.
const EARNED: &str = "http://id.tincanapi.com/verb/earned";
const CERTIFICATE: &str = "https://www.opigno.org/en/tincan_registry/activity_type/certificate";

/// The id of the statement about a fact, always the same; nobody else can tell it beforehand, and so
/// put a statement of theirs in its place.
fn id(app: &App, organisation: &str, fact: &str) -> Uuid {
    app.signer.id(&format!("urn:hangtu:{organisation}:{fact}"))
}

fn both(text: &Bilingual) -> Value {
    json!({ "zh-CN": text.zh, "en": text.en })
}

/// An activity of ours.
fn activity(app: &App, path: &str, kind: &str, name: &Bilingual) -> Value {
    json!({ "objectType": "Activity", "id": place(app, path),
        "definition": { "type": kind, "name": both(name) } })
}

struct Told<'a> {
    fact: String,
    who: (&'a str, &'a str),
    verb: (String, &'a str),
    object: Value,
    at: i64,
    result: Option<Value>,
    context: Option<Value>,
}

fn statement(app: &App, organisation: &str, told: Told<'_>) -> Value {
    let mut out = json!({
        "id": id(app, organisation, &told.fact).to_string(),
        "actor": learner(app, told.who.0, told.who.1),
        "verb": { "id": told.verb.0, "display": { "en": told.verb.1 } },
        "object": told.object,
        "timestamp": clock::rfc3339(told.at),
    });
    if let Some(result) = told.result {
        out["result"] = result;
    }
    if let Some(context) = told.context {
        out["context"] = context;
    }
    out
}

/// A verb of ADL's list.
fn verb(word: &'static str) -> (String, &'static str) {
    (format!("{ADL}/verbs/{word}"), word)
}

/// Tells what has not been told yet; gives how many facts that were.
pub(super) async fn tell(app: &App, change: &mut Change, answers: bool) -> Result<usize, Error> {
    let organisation = change.organisation().to_owned();
    let mut said = Vec::new();
    let facts = read(app, change, &organisation, &mut said).await?
        + exams(app, change, &organisation, answers, &mut said).await?
        + sessions(app, change, &organisation, &mut said).await?
        + certificates(app, change, &organisation, &mut said).await?;
    if facts == 0 {
        return Ok(0);
    }
    let parse = |v: &Value| Statement::parse(v, Version::V1).map_err(Error::internal);
    let batch = said.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let by = json!({ "objectType": "Agent", "name": "Hangtu",
        "account": { "homePage": place(app, ""), "name": "hangtu" } });
    let none = BTreeMap::new();
    let taken = statements::take(change, batch, &none, &by, (Version::V1, By::Us)).await?;
    let taken = taken.map_err(Error::internal)?;
    let detail = json!({ "facts": facts, "statements": taken.new });
    change.note("xapi.record", "xapi/statements", detail);
    Ok(facts)
}

async fn read(
    app: &App,
    change: &mut Change,
    organisation: &str,
    said: &mut Vec<Value>,
) -> Result<usize, Error> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT person, course, since, finished FROM course_progress WHERE organisation = $1 \
         AND told = 0 AND finished IS NOT NULL LIMIT $2",
    )
    .bind(organisation)
    .bind(AT_ONCE as i64)
    .fetch_all(&mut **change)
    .await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let shelf = shelf::shelf(app, change, organisation).await?;
    let names = names(change, organisation).await?;
    for (person, course, since, finished) in &rows {
        let title = shelf.one(course).map(|c| c.title.clone());
        let title = title.unwrap_or_else(|_| Bilingual::new(course.as_str(), course.as_str()));
        let path = format!("training/courses/{course}");
        said.push(statement(
            app,
            organisation,
            Told {
                fact: format!("read:{person}:{course}:{since}"),
                who: (person, named(&names, person)),
                verb: verb("experienced"),
                object: activity(app, &path, &format!("{ADL}/activities/course"), &title),
                at: *finished,
                result: Some(json!({ "completion": true })),
                context: None,
            },
        ));
        sqlx::query(
            "UPDATE course_progress SET told = 1 WHERE organisation = $1 AND person = $2 \
             AND course = $3",
        )
        .bind(organisation)
        .bind(person)
        .bind(course)
        .execute(&mut **change)
        .await?;
    }
    Ok(rows.len())
}

/// Whom training reaches, by id.
async fn names(change: &mut Change, organisation: &str) -> Result<BTreeMap<String, String>, Error> {
    let all = super::people::everybody(change, organisation, None).await?;
    Ok(all.into_iter().map(|p| (p.id, p.name)).collect())
}

fn named<'n>(names: &'n BTreeMap<String, String>, person: &'n str) -> &'n str {
    names.get(person).map_or(person, String::as_str)
}

async fn exams(
    app: &App,
    change: &mut Change,
    organisation: &str,
    answers: bool,
    said: &mut Vec<Value>,
) -> Result<usize, Error> {
    let rows = super::attempt::untold(change, organisation, AT_ONCE as i64).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let shelf = shelf::shelf(app, change, organisation).await?;
    for row in &rows {
        let course = shelf.one(&row.subject).map(|c| c.title.clone()).ok();
        let track = app.catalog.training.track(&row.subject).map(|t| t.title.clone());
        let title = if row.kind == "course" { course } else { track };
        let title =
            title.unwrap_or_else(|| Bilingual::new(row.subject.as_str(), row.subject.as_str()));
        exam(app, organisation, row, &title, answers, said)?;
        sqlx::query("UPDATE exam_attempt SET told = 1 WHERE organisation = $1 AND id = $2")
            .bind(organisation)
            .bind(&row.id)
            .execute(&mut **change)
            .await?;
    }
    Ok(rows.len())
}

fn exam(
    app: &App,
    organisation: &str,
    row: &Attempt,
    title: &Bilingual,
    answers: bool,
    said: &mut Vec<Value>,
) -> Result<(), Error> {
    let (Some(percent), Some(ended)) = (row.percent, row.ended) else { return Ok(()) };
    let kind = if row.kind == "course" { "courses" } else { "tracks" };
    let of = format!("training/{kind}/{}", row.subject);
    let exam = format!("{of}/exam");
    let assessment = format!("{ADL}/activities/assessment");
    let course = format!("{ADL}/activities/course");
    let context = |parent: Value| {
        json!({ "registration": row.id, "language": row.language,
            "contextActivities": { "parent": [parent] } })
    };
    if answers && let Some(marked) = row.marked()? {
        for (item, n) in marked.items.iter().zip(1..) {
            let share = item.points.share();
            let name = Bilingual::new(item.question.as_str(), item.question.as_str());
            let path = format!("{of}/questions/{}", item.question);
            said.push(statement(
                app,
                organisation,
                Told {
                    fact: format!("answer:{}:{n}", row.id),
                    who: (&row.person, &row.person_name),
                    verb: verb("answered"),
                    object: activity(app, &path, &format!("{ADL}/activities/question"), &name),
                    at: ended,
                    result: Some(json!({ "success": share >= 1.0, "score": { "scaled": share } })),
                    context: Some(context(activity(app, &exam, &assessment, title))),
                },
            ));
        }
    }
    let passed = row.passed == 1;
    let seconds = (ended - row.started).max(0) / clock::SECOND;
    said.push(statement(
        app,
        organisation,
        Told {
            fact: format!("exam:{}", row.id),
            who: (&row.person, &row.person_name),
            verb: verb(if passed { "passed" } else { "failed" }),
            object: activity(app, &exam, &assessment, title),
            at: ended,
            result: Some(json!({ "success": passed, "completion": true,
                "score": { "scaled": percent as f64 / 100.0, "raw": percent, "min": 0, "max": 100 },
                "duration": format!("PT{seconds}S") })),
            context: Some(context(activity(app, &of, &course, title))),
        },
    ));
    Ok(())
}

/// A session is told when it is closed: until then attendance may still be entered.
async fn sessions(
    app: &App,
    change: &mut Change,
    organisation: &str,
    said: &mut Vec<Value>,
) -> Result<usize, Error> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT s.id, s.title, s.ends FROM training_session s WHERE s.organisation = $1 \
         AND s.state = 'closed' AND EXISTS (SELECT 1 FROM session_seat t WHERE t.organisation = $1 \
         AND t.session = s.id AND t.told = 0) LIMIT 5",
    )
    .bind(organisation)
    .fetch_all(&mut **change)
    .await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let names = names(change, organisation).await?;
    let rule = app.catalog.training.counting;
    for (session, title, ends) in &rows {
        let judged = attendance::judged(change, organisation, None, Some(session), rule).await?;
        let name = Bilingual::new(title.as_str(), title.as_str());
        let path = format!("training/sessions/{session}");
        for one in &judged {
            let Some(at) = one.completed else { continue };
            said.push(statement(
                app,
                organisation,
                Told {
                    fact: format!("session:{session}:{}", one.person),
                    who: (&one.person, named(&names, &one.person)),
                    verb: verb("attended"),
                    object: activity(app, &path, &format!("{ADL}/activities/meeting"), &name),
                    at: at.max(*ends),
                    result: Some(json!({ "completion": true })),
                    context: None,
                },
            ));
        }
        sqlx::query("UPDATE session_seat SET told = 1 WHERE organisation = $1 AND session = $2")
            .bind(organisation)
            .bind(session)
            .execute(&mut **change)
            .await?;
    }
    Ok(rows.len())
}

async fn certificates(
    app: &App,
    change: &mut Change,
    organisation: &str,
    said: &mut Vec<Value>,
) -> Result<usize, Error> {
    let rows: Vec<(String, String, String, String, String, i64)> = sqlx::query_as(
        "SELECT id, person, person_name, title_zh, title_en, issued FROM certificate \
         WHERE organisation = $1 AND told = 0 LIMIT $2",
    )
    .bind(organisation)
    .bind(AT_ONCE as i64)
    .fetch_all(&mut **change)
    .await?;
    for (id, person, name, zh, en, issued) in &rows {
        let title = Bilingual::new(zh.as_str(), en.as_str());
        said.push(statement(
            app,
            organisation,
            Told {
                fact: format!("certificate:{id}"),
                who: (person, name),
                verb: (EARNED.into(), "earned"),
                object: activity(app, &format!("check/{id}"), CERTIFICATE, &title),
                at: *issued,
                result: None,
                context: None,
            },
        ));
        sqlx::query("UPDATE certificate SET told = 1 WHERE organisation = $1 AND id = $2")
            .bind(organisation)
            .bind(id)
            .execute(&mut **change)
            .await?;
    }
    Ok(rows.len())
}
