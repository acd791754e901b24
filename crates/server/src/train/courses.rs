//! The courses there are, one course, and how far somebody has read it.

pub(super) use super::progress::{
    Progress, admitted, advance, checks, exam_opened, passed, progress, since,
};
use super::{
    attempt::{self, Kind},
    cmi5, people, runs_out,
    shelf::{self, Shelf},
};
use crate::{
    App,
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    route::{Access, Doc, Routes},
    ui::{Count, Page},
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{
    Bilingual, Language,
    course::{Course, Role},
    key,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("The courses of the organisation").returns::<List>();
    r.get("/training/courses", Access::Signed, doc, list);
    let doc = Doc::new("A course, and how far the reader has come").returns::<Shown>();
    r.get("/training/courses/{course}", Access::Signed, doc, show);
    let doc = Doc::new("Begins to read a course again; its exam opens anew after that");
    r.post("/training/courses/{course}/again", Access::Signed, doc.returns::<Again>(), again);
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
    /// Whether another maker's program holds it (cmi5).
    pub(super) elsewhere: bool,
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
        elsewhere: course.is_elsewhere(),
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
    /// `zh` or `en` where the exam is in that language alone.
    only: &'static str,
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

/// The language that an exam is in alone, as messages name it.
pub(super) fn only(course: &Course) -> &'static str {
    match course.exam_only() {
        Some(Language::Chinese) => "zh",
        Some(Language::English) => "en",
        None => "",
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
    if course.is_elsewhere() {
        return cmi5::show(&ctx, course).await;
    }
    let progress = progress(c, &who.organisation, &who.person).await?.remove(&id);
    let answered = checks(c, &who.organisation, &who.person, &id).await?;
    let passed = passed(c, &who.organisation, &who.person).await?.remove(&id);
    let roles = people::roles(c, &who.organisation, &who.person).await?;
    let rows = attempt::all(c, &who.organisation, &who.person, Kind::Course, &id).await?;
    let rule = attempt::blueprint(&ctx.app, &shelf, Kind::Course, &id)?;
    let since = progress.as_ref().map_or(0, |p| p.since);
    let (exam, cooling) = admitted(&open, attempt::admission(&rule, &rows, since, clock::now()));
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
        only: only(course),
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
         since = excluded.since, sections = ' ', finished = NULL, told = 0",
    )
    .bind(&who.organisation)
    .bind(&who.person)
    .bind(&course)
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    sqlx::query("DELETE FROM course_check WHERE organisation = $1 AND person = $2 AND course = $3")
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
