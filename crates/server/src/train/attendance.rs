//! Who came and left when, and what that comes to.

use super::{
    cmi5,
    session::{READ, Row},
};
use crate::{clock, error::Error};
use hangtu_catalog::Counting;
use hangtu_train::count::{Quiz, Span, Verdict, judge};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::{AnyConnection, FromRow};
use std::collections::{BTreeMap, HashMap};

/// Somebody came, or left.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Fact {
    pub(super) id: String,
    #[serde(skip)]
    pub(super) session: String,
    #[serde(skip)]
    pub(super) person: String,
    /// `in` or `out`.
    pub(super) what: String,
    pub(super) time: i64,
    /// `code` or `paper`.
    pub(super) means: String,
    pub(super) entered_name: String,
    pub(super) voided: Option<i64>,
    pub(super) why: String,
}

/// The facts of a session, or of all, by time.
pub(super) async fn facts(
    c: &mut AnyConnection,
    organisation: &str,
    session: Option<&str>,
) -> Result<Vec<Fact>, Error> {
    Ok(sqlx::query_as(
        "SELECT id, session, person, what, time, means, entered_name, voided, why FROM session_fact \
         WHERE organisation = $1 AND ($2 = '' OR session = $2) ORDER BY time, id",
    )
    .bind(organisation)
    .bind(session.unwrap_or_default())
    .fetch_all(c)
    .await?)
}

/// Facts in the order of time as spans: a sign-in runs to the last sign-out before the next one.
fn spans<'f>(facts: impl Iterator<Item = &'f Fact>) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for fact in facts {
        let at = clock::stamp(fact.time);
        match (fact.what.as_str(), out.last_mut()) {
            ("in", Some(Span { to: None, .. })) => {}
            ("in", _) => out.push(Span { from: at, to: None }),
            (_, Some(last)) => last.to = Some(at),
            (_, None) => {}
        }
    }
    out
}

/// How somebody did in a session.
pub(super) struct Judged {
    pub(super) session: String,
    pub(super) course: String,
    pub(super) person: String,
    pub(super) in_person: bool,
    /// Of a session in person.
    pub(super) verdict: Option<Verdict>,
    pub(super) quiz: Quiz,
    /// When it was completed, where it was.
    pub(super) completed: Option<i64>,
    /// When the exam was passed that served as its quiz.
    pub(super) quiz_at: Option<i64>,
}

/// How everybody enrolled did, or one person; in all sessions that were held, or in one.
pub(super) async fn judged(
    c: &mut AnyConnection,
    organisation: &str,
    person: Option<&str>,
    session: Option<&str>,
    rule: Counting,
) -> Result<Vec<Judged>, Error> {
    let sql = format!(
        "SELECT {READ} FROM training_session WHERE organisation = $1 AND ($2 = '' OR id = $2) \
         AND state <> 'cancelled' ORDER BY number"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(organisation)
        .bind(session.unwrap_or_default())
        .fetch_all(&mut *c)
        .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let enrolled: Vec<(String, String)> = sqlx::query_as(
        "SELECT session, person FROM session_seat WHERE organisation = $1 \
         AND ($2 = '' OR session = $2) AND ($3 = '' OR person = $3)",
    )
    .bind(organisation)
    .bind(session.unwrap_or_default())
    .bind(person.unwrap_or_default())
    .fetch_all(&mut *c)
    .await?;
    let mut sat: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT person, subject, ended, passed FROM exam_attempt WHERE organisation = $1 \
         AND kind = 'course' AND state = 'over' AND ended IS NOT NULL \
         AND ($2 = '' OR person = $2) ORDER BY ended",
    )
    .bind(organisation)
    .bind(person.unwrap_or_default())
    .fetch_all(&mut *c)
    .await?;
    // A course made elsewhere brings its own exam.
    let elsewhere = cmi5::completed(c, organisation, person).await?;
    sat.extend(elsewhere.into_iter().map(|(person, course, at)| (person, course, at, 1)));
    let mut exams: HashMap<(&str, &str), Vec<(i64, bool)>> = HashMap::new();
    for (person, course, at, passed) in &sat {
        exams.entry((person, course)).or_default().push((*at, *passed == 1));
    }
    let facts = facts(c, organisation, session).await?;
    let mut came: HashMap<(&str, &str), Vec<&Fact>> = HashMap::new();
    for fact in facts.iter().filter(|f| f.voided.is_none()) {
        came.entry((&fact.session, &fact.person)).or_default().push(fact);
    }
    let by_id: BTreeMap<&str, &Row> = rows.iter().map(|r| (r.id.as_str(), r)).collect();
    let mut out = Vec::with_capacity(enrolled.len());
    for (session, person) in &enrolled {
        let Some(row) = by_id.get(session.as_str()) else { continue };
        let tries = exams.get(&(person.as_str(), row.course.as_str()));
        let since: Vec<&(i64, bool)> =
            tries.into_iter().flatten().filter(|(at, _)| *at >= row.starts).collect();
        let passed = since.iter().find(|(_, passed)| *passed).map(|(at, _)| *at);
        let quiz = match (row.quiz == 1 || !row.in_person(), passed) {
            (false, _) => Quiz::NotSet,
            (true, Some(_)) => Quiz::Passed,
            (true, None) if since.is_empty() => Quiz::Missing,
            (true, None) => Quiz::Failed,
        };
        let (verdict, completed) = if row.in_person() {
            let there = came.get(&(session.as_str(), person.as_str()));
            let spans = spans(there.into_iter().flatten().copied());
            let verdict = judge(rule, &row.meeting()?, &spans, quiz);
            let at = passed.filter(|_| row.quiz == 1).unwrap_or(row.ends).max(row.ends);
            // A session that is not over has been completed by nobody.
            let over = row.ends <= clock::now();
            (Some(verdict), (verdict.completed && over).then_some(at))
        } else {
            (None, passed.filter(|at| *at <= row.ends))
        };
        out.push(Judged {
            session: session.clone(),
            course: row.course.clone(),
            person: person.clone(),
            in_person: row.in_person(),
            verdict,
            quiz,
            quiz_at: passed.filter(|_| row.in_person() && row.quiz == 1),
            completed,
        });
    }
    Ok(out)
}

/// Who completed a session in person about a course, and when.
pub(super) async fn completed(
    c: &mut AnyConnection,
    organisation: &str,
    person: Option<&str>,
    rule: Counting,
) -> Result<Vec<(String, String, i64)>, Error> {
    let judged = judged(c, organisation, person, None, rule).await?;
    Ok(judged
        .into_iter()
        .filter(|j| j.in_person && !j.course.is_empty())
        .filter_map(|j| Some((j.person, j.course, j.completed?)))
        .collect())
}
