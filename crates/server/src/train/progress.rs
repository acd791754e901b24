//! How far somebody has come with a course, and when its exam opens to them.

use super::{
    attempt::{self, Kind},
    certificate, cmi5, runs_out, shelf,
};
use crate::{App, clock, ctx::Ctx, db::Change, error::Error};
use hangtu_catalog::{course::Course, key};
use hangtu_train::exam::Admission;
use sqlx::{AnyConnection, FromRow};
use std::collections::BTreeMap;

/// How far somebody has read a course.
#[derive(Clone, Debug, Default, FromRow)]
pub(super) struct Progress {
    pub(super) course: String,
    pub(super) since: i64,
    pub(super) sections: String,
    pub(super) finished: Option<i64>,
}

impl Progress {
    pub(super) fn has(&self, section: &str) -> bool {
        self.sections.split(' ').any(|s| s == section)
    }
}

/// Somebody's progress, by course.
pub(super) async fn progress(
    c: &mut AnyConnection,
    organisation: &str,
    person: &str,
) -> Result<BTreeMap<String, Progress>, Error> {
    let rows: Vec<Progress> = sqlx::query_as(
        "SELECT course, since, sections, finished FROM course_progress \
         WHERE organisation = $1 AND person = $2",
    )
    .bind(organisation)
    .bind(person)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|p| (p.course.clone(), p)).collect())
}

/// Questions of a course's text that somebody has answered: what was chosen, and whether it holds.
pub(super) async fn checks(
    c: &mut AnyConnection,
    organisation: &str,
    person: &str,
    course: &str,
) -> Result<BTreeMap<String, (Vec<u8>, bool)>, Error> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT question, chosen, holds FROM course_check WHERE organisation = $1 AND person = $2 \
         AND course = $3",
    )
    .bind(organisation)
    .bind(person)
    .bind(course)
    .fetch_all(c)
    .await?;
    let places = |t: &str| t.split(',').filter_map(|n| n.parse().ok()).collect();
    Ok(rows.into_iter().map(|(id, chosen, holds)| (id, (places(&chosen), holds == 1))).collect())
}

/// Notes that a section was read, or that a check was answered, and whether that was the last.
pub(super) async fn advance(
    change: &mut Change,
    person: &str,
    course: &Course,
    section: Option<&str>,
) -> Result<bool, Error> {
    let organisation = change.organisation().to_owned();
    let now = clock::now();
    sqlx::query(
        "INSERT INTO course_progress (organisation, person, course, since, sections) \
         VALUES ($1, $2, $3, $4, ' ') ON CONFLICT (organisation, person, course) DO NOTHING",
    )
    .bind(&organisation)
    .bind(person)
    .bind(&course.id)
    .bind(now)
    .execute(&mut **change)
    .await?;
    // Held from here: two windows do not forget each other's sections.
    let mut held: Progress = sqlx::query_as(
        "UPDATE course_progress SET since = since WHERE organisation = $1 AND person = $2 \
         AND course = $3 RETURNING course, since, sections, finished",
    )
    .bind(&organisation)
    .bind(person)
    .bind(&course.id)
    .fetch_one(&mut **change)
    .await?;
    if let Some(section) = section.filter(|s| !held.has(s)) {
        held.sections.push_str(section);
        held.sections.push(' ');
    }
    let reading = course.reading(hangtu_catalog::Language::Chinese);
    let answered = checks(change, &organisation, person, &course.id).await?;
    let whole = reading.sections.iter().all(|s| held.has(&s.anchor))
        && reading.checks().all(|id| answered.contains_key(id));
    let finished_now = whole && held.finished.is_none();
    if finished_now {
        held.finished = Some(now);
    }
    sqlx::query(
        "UPDATE course_progress SET sections = $4, finished = $5 WHERE organisation = $1 \
         AND person = $2 AND course = $3",
    )
    .bind(&organisation)
    .bind(person)
    .bind(&course.id)
    .bind(&held.sections)
    .bind(held.finished)
    .execute(&mut **change)
    .await?;
    Ok(finished_now)
}

/// Since when attempts at an exam count: since the course was last begun, or the track's exam last
/// opened. Of a track that runs out soon the exam opens by itself.
pub(super) async fn since(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
    person: &str,
    kind: Kind,
    subject: &str,
) -> Result<i64, Error> {
    let sql = match kind {
        Kind::Course => {
            "SELECT since FROM course_progress WHERE organisation = $1 AND person = $2 \
             AND course = $3"
        }
        Kind::Track => {
            "SELECT since FROM track_opening WHERE organisation = $1 AND person = $2 AND track = $3"
        }
    };
    let row: Option<(i64,)> = sqlx::query_as(sql)
        .bind(organisation)
        .bind(person)
        .bind(subject)
        .fetch_optional(&mut *c)
        .await?;
    let mut since = row.map_or(0, |r| r.0);
    if let (Kind::Track, Some(track)) = (kind, app.catalog.training.track(subject)) {
        let passed = attempt::all(c, organisation, person, kind, subject).await?;
        let last = passed.iter().filter(|r| r.passed == 1).filter_map(|r| r.ended).max();
        let soon = clock::now() + certificate::SOON;
        if let Some(last) = last.filter(|at| runs_out(*at, track.valid_months) < soon) {
            since = since.max(last + 1);
        }
    }
    Ok(since)
}

/// When attempts at a course's exam begin to count, or why it is not open yet.
pub(super) async fn exam_opened(ctx: &Ctx, id: &str) -> Result<i64, Error> {
    let who = ctx.signed()?;
    let c = &mut *ctx.app.db.read().await?;
    shelf::shelf(&ctx.app, c, &who.organisation).await?.one(id)?;
    let progress = progress(c, &who.organisation, &who.person).await?.remove(id);
    match progress.filter(|p| p.finished.is_some()) {
        Some(progress) => Ok(progress.since),
        None => Err(Error::conflict(key::TRAIN_READ_FIRST)),
    }
}

/// The word for where somebody stands with an exam, and when the cooling ends.
pub(super) fn admitted(
    open: &Result<i64, Error>,
    admission: Admission,
) -> (&'static str, Option<i64>) {
    match admission {
        Admission::UnderWay => ("under-way", None),
        _ if open.is_err() => ("not-yet", None),
        Admission::Admitted { .. } => ("admitted", None),
        Admission::Passed => ("passed", None),
        Admission::Cooling { until } => ("cooling", Some(until.as_microsecond())),
        Admission::Exhausted => ("exhausted", None),
    }
}

/// When somebody passed the exams of courses last, or completed one made elsewhere.
pub(super) async fn passed(
    c: &mut AnyConnection,
    organisation: &str,
    person: &str,
) -> Result<BTreeMap<String, i64>, Error> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT subject, MAX(ended) FROM exam_attempt WHERE organisation = $1 AND person = $2 \
         AND kind = 'course' AND passed = 1 AND ended IS NOT NULL GROUP BY subject",
    )
    .bind(organisation)
    .bind(person)
    .fetch_all(&mut *c)
    .await?;
    let mut last: BTreeMap<String, i64> = rows.into_iter().collect();
    for (_, course, at) in cmi5::completed(c, organisation, Some(person)).await? {
        last.insert(course, at);
    }
    Ok(last)
}
