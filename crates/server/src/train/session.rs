//! Sessions: planned, announced, held in person or taken at one's own pace; who is enrolled.

use super::{
    TRAIN, attendance, people,
    shelf::{self, Shelf},
};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    route::{Access, Doc, Routes},
    ui::{Count, Page},
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, key};
use hangtu_train::count::{Meeting, Quiz, SignOut};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::{AnyConnection, FromRow};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("The sessions of the organisation, the latest first").returns::<List>();
    r.get("/training/sessions", Access::Signed, doc, list);
    let doc =
        Doc::new("A session: its times, and for who manages training who is enrolled and came");
    r.get("/training/sessions/{id}", Access::Signed, doc.returns::<Shown>(), show);
}

/// A session.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) number: i64,
    pub(super) title: String,
    pub(super) course: String,
    pub(super) mode: String,
    pub(super) place: String,
    pub(super) starts: i64,
    pub(super) ends: i64,
    pub(super) breaks: String,
    pub(super) sign_out: i64,
    pub(super) quiz: i64,
    pub(super) state: String,
    pub(super) trainer_name: String,
    pub(super) secret: String,
}

pub(super) const READ: &str = "id, number, title, course, mode, place, starts, ends, breaks, \
    sign_out, quiz, state, trainer_name, secret";

impl Row {
    /// Its times, as counting knows them.
    pub(super) fn meeting(&self) -> Result<Meeting, Error> {
        let breaks: Vec<(i64, i64)> =
            serde_json::from_str(&self.breaks).map_err(Error::internal)?;
        let breaks = breaks.into_iter().map(|(a, b)| (clock::stamp(a), clock::stamp(b))).collect();
        let out = if self.sign_out == 1 { SignOut::Taken } else { SignOut::NotTaken };
        Meeting::new(clock::stamp(self.starts), clock::stamp(self.ends), breaks, out)
            .map_err(Error::internal)
    }

    pub(super) fn in_person(&self) -> bool {
        self.mode == "in_person"
    }
}

/// A session of an organisation.
pub(super) async fn load(
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<Row, Error> {
    let sql = format!("SELECT {READ} FROM training_session WHERE organisation = $1 AND id = $2");
    let row = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organisation).bind(id);
    Ok(row.fetch_one(c).await?)
}

/// A session in a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) number: i64,
    pub(super) title: String,
    pub(super) course: String,
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(super) course_title: Option<Bilingual>,
    /// `in_person` or `self_paced`.
    pub(super) mode: String,
    pub(super) place: String,
    pub(super) starts: i64,
    pub(super) ends: i64,
    /// `planned`, `announced`, `closed` or `cancelled`.
    pub(super) state: String,
    pub(super) enrolled: i64,
    /// Whether the reader is.
    pub(super) mine: bool,
}

/// Sessions of an organisation; with a person, only those to come that they are enrolled in.
pub(super) async fn of(
    c: &mut AnyConnection,
    ctx: &Ctx,
    shelf: &Shelf,
    person: Option<&str>,
) -> Result<Vec<Line>, Error> {
    #[derive(FromRow)]
    struct Counted {
        #[sqlx(flatten)]
        row: Row,
        enrolled: i64,
        mine: i64,
    }
    let who = ctx.signed()?;
    let columns: Vec<String> = READ.split(", ").map(|c| format!("s.{}", c.trim())).collect();
    let sql = format!(
        "SELECT {}, (SELECT COUNT(*) FROM session_seat p WHERE p.session = s.id \
         AND p.organisation = $1) AS enrolled, (SELECT COUNT(*) FROM session_seat p \
         WHERE p.session = s.id AND p.organisation = $1 AND p.person = $2) AS mine \
         FROM training_session s WHERE s.organisation = $1 AND ($3 = 1 OR s.state <> 'planned') \
         ORDER BY s.starts DESC, s.number DESC LIMIT 500",
        columns.join(", ")
    );
    let rows: Vec<Counted> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(&who.organisation)
        .bind(&who.person)
        .bind(i64::from(ctx.may(TRAIN).is_ok()))
        .fetch_all(c)
        .await?;
    let now = clock::now();
    let lines = rows.into_iter().map(|r| Line {
        course_title: shelf.iter().find(|c| c.id == r.row.course).map(|c| c.title.clone()),
        id: r.row.id,
        number: r.row.number,
        title: r.row.title,
        course: r.row.course,
        mode: r.row.mode,
        place: r.row.place,
        starts: r.row.starts,
        ends: r.row.ends,
        state: r.row.state,
        enrolled: r.enrolled,
        mine: r.mine > 0,
    });
    let to_come = |l: &Line| l.mine && l.state == "announced" && l.ends > now - clock::DAY;
    Ok(lines.filter(|l| person.is_none() || to_come(l)).collect())
}

/// The sessions there are.
#[derive(Serialize, JsonSchema)]
struct List {
    sessions: Vec<Line>,
}

#[derive(Template)]
#[template(path = "train/sessions.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
    courses: Vec<(String, Bilingual)>,
}

async fn list(ctx: Ctx) -> Result<Response, Error> {
    let c = &mut *ctx.app.db.read().await?;
    let shelf = shelf::shelf(&ctx.app, c, ctx.organisation()?).await?;
    let list = List { sessions: of(c, &ctx, &shelf, None).await? };
    let courses = shelf.iter().map(|c| (c.id.clone(), c.title.clone())).collect();
    ctx.show(key::TRAIN_SESSIONS, &list, |page| ListPage { page, list: &list, courses })
}

/// Somebody on the list.
#[derive(Serialize, JsonSchema)]
pub(super) struct Seat {
    pub(super) person: String,
    pub(super) number: String,
    pub(super) name: String,
    pub(super) department: String,
    pub(super) facts: Vec<attendance::Fact>,
    pub(super) minutes: u32,
    pub(super) percent: u8,
    /// Sign-ins without a sign-out.
    pub(super) open: u32,
    /// `not-set`, `missing`, `failed` or `passed`.
    pub(super) quiz: &'static str,
    pub(super) completed: bool,
}

/// A session.
#[derive(Serialize, JsonSchema)]
struct Shown {
    session: Line,
    trainer: String,
    /// Planned minutes, breaks left out.
    minutes: u32,
    sign_out: bool,
    quiz: bool,
    attendance_percent: u8,
    seats: Vec<Seat>,
    completed: usize,
}

#[derive(Template)]
#[template(path = "train/session.html")]
struct SessionPage<'a> {
    page: Page,
    data: &'a Shown,
    roles: Vec<(String, Bilingual)>,
    people: Vec<people::Reached>,
    departments: BTreeSet<String>,
}

impl SessionPage<'_> {
    /// A moment as a field of a form takes it.
    #[allow(clippy::unused_self, clippy::trivially_copy_pass_by_ref, reason = "templates call it")]
    fn field(&self, time: &i64) -> String {
        clock::shown(*time, hangtu_catalog::Language::English).replace(' ', "T")
    }
}

/// The word for a quiz.
pub(super) const fn quiz_word(quiz: Quiz) -> &'static str {
    match quiz {
        Quiz::NotSet => "not-set",
        Quiz::Missing => "missing",
        Quiz::Failed => "failed",
        Quiz::Passed => "passed",
    }
}

/// The list of a session with what is known of each.
pub(super) async fn seats(
    ctx: &Ctx,
    c: &mut AnyConnection,
    organisation: &str,
    row: &Row,
) -> Result<Vec<Seat>, Error> {
    let rule = ctx.app.catalog.training.counting;
    let judged = attendance::judged(c, organisation, None, Some(&row.id), rule).await?;
    let facts = attendance::facts(c, organisation, Some(&row.id)).await?;
    let everybody = people::everybody(c, organisation, None).await?;
    let mut seats: Vec<Seat> = judged
        .into_iter()
        .map(|j| {
            let who = everybody.iter().find(|p| p.id == j.person);
            Seat {
                number: who.map(|p| p.number.clone()).unwrap_or_default(),
                name: who.map_or_else(|| "—".into(), |p| p.name.clone()),
                department: who.map(|p| p.department.clone()).unwrap_or_default(),
                facts: facts.iter().filter(|f| f.person == j.person).cloned().collect(),
                minutes: j.verdict.map_or(0, |v| v.attendance.minutes()),
                percent: j.verdict.map_or(0, |v| v.attendance.percent()),
                open: j.verdict.map_or(0, |v| v.attendance.open),
                quiz: quiz_word(j.quiz),
                completed: j.completed.is_some(),
                person: j.person,
            }
        })
        .collect();
    seats.sort_by(|a, b| (&a.department, &a.name).cmp(&(&b.department, &b.name)));
    Ok(seats)
}

async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let manages = ctx.may(TRAIN).is_ok();
    let c = &mut *ctx.app.db.read().await?;
    let row = load(c, organisation, &id).await?;
    let shelf = shelf::shelf(&ctx.app, c, organisation).await?;
    let all = of(c, &ctx, &shelf, None).await?;
    let session = all.into_iter().find(|l| l.id == id).ok_or(Error::NotFound)?;
    let (mut seats, everybody) = if manages {
        (seats(&ctx, c, organisation, &row).await?, people::everybody(c, organisation, None).await?)
    } else {
        (Vec::new(), Vec::new())
    };
    let completed = seats.iter().filter(|s| s.completed).count();
    seats.truncate(2000);
    let minutes = if row.in_person() { row.meeting()?.attendance(&[]).planned / 60 } else { 0 };
    let data = Shown {
        session,
        trainer: row.trainer_name.clone(),
        minutes,
        sign_out: row.sign_out == 1,
        quiz: row.quiz == 1,
        attendance_percent: ctx.app.catalog.training.counting.attendance_percent,
        seats,
        completed,
    };
    let departments =
        everybody.iter().map(|p| p.department.clone()).filter(|d| !d.is_empty()).collect();
    let (roles, title) = (people::titles(&ctx), row.title.clone());
    ctx.show_titled(title, &data, |page| SessionPage {
        page,
        data: &data,
        roles,
        people: everybody.into_iter().take(500).collect(),
        departments,
    })
}
