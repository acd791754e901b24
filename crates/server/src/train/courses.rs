//! The courses there are, one course, and how far somebody has read it.

use super::{
    attempt::{self, Kind},
    certificate,
    people,
    runs_out,
    shelf::{self, Shelf},
};
use crate::{
    auth::Right,
    App,
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    route::{Access, Doc, Routes},
    ui::{Count, Page},
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{
    Bilingual,
    course::{Course, Role},
    key,
};
use hangtu_train::exam::Admission;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use sqlx::{AnyConnection, FromRow};
use std::collections::BTreeMap;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("The courses of the organisation").returns::<List>();
    r.get("/training/courses", Access::Signed, doc, list);
    let doc = Doc::new("A course, and how far the reader has come").returns::<Shown>();
    r.get("/training/courses/{course}", Access::Signed, doc, show);
    let doc = Doc::new("Begins to read a course again; its exam opens anew after that");
    r.post("/training/courses/{course}/again", Access::Signed, doc.returns::<Again>(), again);
}

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

/// A course in a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct Line {
    pub(super) id: String,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) title: Bilingual,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) summary: Bilingual,
    pub(super) minutes: u16,
    pub(super) scenarios: Vec<&'static str>,
    /// Whether it addresses a role of the reader.
    pub(super) mine: bool,
    pub(super) own: bool,
    /// Sections read, of how many.
    pub(super) read: usize,
    pub(super) sections: usize,
    /// When its exam was passed last.
    pub(super) passed: Option<i64>,
    /// Until when that is worth something.
    pub(super) until: Option<i64>,
}

/// The courses there are.
#[derive(Serialize, JsonSchema)]
struct List {
    courses: Vec<Line>,
}

#[derive(Template)]
#[template(path = "train/courses.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
    now: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "templates give references")]
impl ListPage<'_> {
    fn lapsed(&self, until: &i64) -> bool {
        *until <= self.now
    }
}

/// When somebody passed the exams of courses last.
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
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().collect())
}

pub(super) fn line(
    ctx: &Ctx,
    course: &Course,
    roles: &[Role],
    progress: Option<&Progress>,
    passed: Option<i64>,
) -> Line {
    let sections = &course.reading(ctx.language).sections;
    Line {
        id: course.id.clone(),
        title: course.title.clone(),
        summary: course.summary.clone(),
        minutes: course.minutes,
        scenarios: course.scenarios.iter().map(|s| s.name()).collect(),
        mine: course.roles.iter().any(|r| roles.contains(r)),
        own: ctx.app.catalog.courses.iter().all(|c| c.id != course.id),
        read: progress.map_or(0, |p| sections.iter().filter(|s| p.has(&s.anchor)).count()),
        sections: sections.len(),
        passed,
        until: passed.map(|at| runs_out(at, course.valid_months)),
    }
}

async fn list(ctx: Ctx) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let c = &mut *ctx.app.db.read().await?;
    let shelf = shelf::shelf(&ctx.app, c, &who.organisation).await?;
    let progress = progress(c, &who.organisation, &who.person).await?;
    let passed = passed(c, &who.organisation, &who.person).await?;
    let roles = people::roles(c, &who.organisation, &who.person).await?;
    let one = |c: &Course| line(&ctx, c, &roles, progress.get(&c.id), passed.get(&c.id).copied());
    let mut courses: Vec<Line> = shelf.iter().map(one).collect();
    courses.sort_by_key(|l| !l.mine);
    let list = List { courses };
    ctx.show(key::TRAIN_COURSES, &list, |page| ListPage { page, list: &list, now: clock::now() })
}

/// A section of the text.
#[derive(Serialize, JsonSchema)]
struct Section {
    anchor: String,
    title: String,
    checks: usize,
    answered: usize,
    read: bool,
}

/// An attempt at the exam.
#[derive(Serialize, JsonSchema)]
struct Try {
    id: String,
    state: String,
    started: i64,
    percent: Option<i64>,
    passed: bool,
}

/// A course.
#[derive(Serialize, JsonSchema)]
struct Shown {
    course: Line,
    version: u32,
    #[schemars(with = "Vec<BTreeMap<String, String>>")]
    goals: Vec<Bilingual>,
    #[schemars(with = "Vec<BTreeMap<String, String>>")]
    roles: Vec<Bilingual>,
    controls: Vec<String>,
    contents: Vec<Section>,
    valid_months: u16,
    minutes: u16,
    questions: usize,
    pass_percent: u8,
    attempts: u8,
    cooling_hours: u16,
    /// `admitted`, `under-way`, `passed`, `cooling`, `exhausted` or `not-yet`.
    exam: &'static str,
    cooling: Option<i64>,
    tries: Vec<Try>,
    finished: Option<i64>,
}

#[derive(Template)]
#[template(path = "train/course.html")]
struct CoursePage<'a> {
    page: Page,
    data: &'a Shown,
}

impl CoursePage<'_> {
    /// The first section that is not read yet.
    fn next(&self) -> &str {
        let first = || self.data.contents.first();
        let next = self.data.contents.iter().find(|s| !s.read || s.answered < s.checks);
        next.or_else(first).map_or("s1", |s| &s.anchor)
    }
}

fn titles(app: &App, roles: &[Role]) -> Vec<Bilingual> {
    roles.iter().filter_map(|r| app.catalog.training.role(*r).cloned()).collect()
}

async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let open = exam_opened(&ctx, &id).await;
    let c = &mut *ctx.app.db.read().await?;
    let shelf: Shelf = shelf::shelf(&ctx.app, c, &who.organisation).await?;
    let course = shelf.one(&id)?;
    let progress = progress(c, &who.organisation, &who.person).await?.remove(&id);
    let answered = checks(c, &who.organisation, &who.person, &id).await?;
    let passed = passed(c, &who.organisation, &who.person).await?.remove(&id);
    let roles = people::roles(c, &who.organisation, &who.person).await?;
    let rows = attempt::all(c, &who.organisation, &who.person, Kind::Course, &id).await?;
    let rule = attempt::blueprint(&ctx.app, &shelf, Kind::Course, &id)?;
    let since = progress.as_ref().map_or(0, |p| p.since);
    let (exam, cooling) =
        admitted(&open, attempt::admission(&rule, &rows, since, clock::now()));
    let section = |s: &hangtu_catalog::course::Section| {
        let checks = || {
            s.nodes.iter().filter_map(|n| match n {
                hangtu_catalog::course::Node::Check(id) => Some(id),
                _ => None,
            })
        };
        Section {
            anchor: s.anchor.clone(),
            title: s.title.clone(),
            checks: checks().count(),
            answered: checks().filter(|id| answered.contains_key(*id)).count(),
            read: progress.as_ref().is_some_and(|p| p.has(&s.anchor)),
        }
    };
    let data = Shown {
        course: line(&ctx, course, &roles, progress.as_ref(), passed),
        version: course.version,
        goals: course.goals.clone(),
        roles: titles(&ctx.app, &course.roles),
        controls: course.controls.clone(),
        contents: course.reading(ctx.language).sections.iter().map(section).collect(),
        valid_months: course.valid_months,
        minutes: rule.minutes,
        questions: rule.parts.iter().map(|p| usize::from(p.count)).sum(),
        pass_percent: rule.pass_percent,
        attempts: rule.attempts,
        cooling_hours: rule.cooling_hours,
        exam,
        cooling,
        tries: rows
            .into_iter()
            .map(|r| Try {
                id: r.id,
                state: r.state,
                started: r.started,
                percent: r.percent,
                passed: r.passed == 1,
            })
            .collect(),
        finished: progress.and_then(|p| p.finished),
    };
    let title = course.title.get(ctx.language).to_owned();
    ctx.show_titled(title, &data, |page| CoursePage { page, data: &data })
}

/// The course.
#[derive(Serialize, JsonSchema)]
struct Again {
    course: String,
}

async fn again(ctx: Ctx, Path(course): Path<String>) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    shelf::shelf(&ctx.app, &mut change, &who.organisation).await?.one(&course)?;
    let open = attempt::all(&mut change, &who.organisation, &who.person, Kind::Course, &course);
    if open.await?.iter().any(|r| r.state == "open") {
        return Err(Error::conflict(key::TRAIN_UNDER_WAY));
    }
    sqlx::query(
        "INSERT INTO course_progress (organisation, person, course, since, sections) \
         VALUES ($1, $2, $3, $4, ' ') ON CONFLICT (organisation, person, course) DO UPDATE SET \
         since = excluded.since, sections = ' ', finished = NULL",
    )
    .bind(&who.organisation)
    .bind(&who.person)
    .bind(&course)
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    sqlx::query(
        "DELETE FROM course_check WHERE organisation = $1 AND person = $2 AND course = $3",
    )
    .bind(&who.organisation)
    .bind(&who.person)
    .bind(&course)
    .execute(&mut *change)
    .await?;
    change.note("course.again", format!("course/{course}"), json!({}));
    change.commit().await?;
    let next = format!("/training/courses/{course}");
    Ok(ctx.done(&Again { course }, &next, key::TRAIN_DONE))
}

