//! Sessions: planned, announced, held in person or taken at one's own pace; who is enrolled.

use super::{
    TRAIN, attend, need, people,
    shelf::{self, Shelf},
};
use crate::{
    auth::{Right, new_id, random},
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Input, line, prose},
    route::{Access, Doc, Routes},
    ui::{Count, Page},
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, key};
use hangtu_train::count::{Meeting, Quiz, SignOut};
use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn routes(r: &mut Routes) {
    let manage = Access::May(TRAIN);
    let doc = Doc::new("The sessions of the organisation, the latest first").returns::<List>();
    r.get("/training/sessions", Access::Signed, doc, list);
    let doc = Doc::new("Plans a session").body::<New>().returns::<Done>();
    r.post("/training/sessions", manage, doc, plan);
    let doc = Doc::new("A session: its times, and for who manages training who is enrolled and came");
    r.get("/training/sessions/{id}", Access::Signed, doc.returns::<Shown>(), show);
    let doc = Doc::new("Announces, closes or cancels a session").body::<Step>().returns::<Done>();
    r.post("/training/sessions/{id}/step", manage, doc, step);
    let doc = Doc::new("Enrols people, or the reader").body::<Enrol>().returns::<Done>();
    r.post("/training/sessions/{id}/enrol", Access::Signed, doc, enrol);
    let doc = Doc::new("Takes somebody off the list").body::<Off>().returns::<Done>();
    r.post("/training/sessions/{id}/leave", Access::Signed, doc, leave);
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
        let breaks: Vec<(i64, i64)> = serde_json::from_str(&self.breaks).map_err(Error::internal)?;
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
        "SELECT {}, (SELECT COUNT(*) FROM session_person p WHERE p.session = s.id \
         AND p.organisation = $1) AS enrolled, (SELECT COUNT(*) FROM session_person p \
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

/// A session to be planned.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct New {
    title: String,
    /// Id of a course, or empty.
    course: String,
    /// `in_person` or `self_paced`.
    mode: String,
    place: String,
    /// `2026-12-01T09:00` by the plant's clock.
    starts: String,
    ends: String,
    /// Breaks, one a line: `10:20-10:40`, within the first day.
    breaks: String,
    /// `no` where only a list at the door is kept.
    sign_out: String,
    /// `yes` where the course's exam is its quiz.
    quiz: String,
}

/// Where it is.
#[derive(Serialize, JsonSchema)]
pub(super) struct Done {
    pub(super) id: String,
    pub(super) people: usize,
}

/// A time that somebody typed.
pub(super) fn typed(field: &'static str, text: &str) -> Result<i64, Error> {
    let time: Option<DateTime> = text.trim().parse().ok();
    time.and_then(clock::of).ok_or_else(|| Error::invalid(field, key::SERVER_FIELD_CHOICE))
}

fn breaks(starts: i64, text: &str) -> Result<Vec<(i64, i64)>, Error> {
    let bad = || Error::invalid("breaks", key::TRAIN_BREAKS_BAD);
    let day = clock::day(starts);
    let moment = |t: &str| {
        let time: jiff::civil::Time = t.trim().parse().ok()?;
        clock::of(day.to_datetime(time))
    };
    let one = |line: &str| {
        let (from, to) = line.split_once(['-', '–', '—', '~']).ok_or_else(bad)?;
        Ok((moment(from).ok_or_else(bad)?, moment(to).ok_or_else(bad)?))
    };
    text.lines().map(str::trim).filter(|l| !l.is_empty()).take(20).map(one).collect()
}

async fn plan(ctx: Ctx, Input(new): Input<New>) -> Result<Response, Error> {
    let (starts, ends) = (typed("starts", &new.starts)?, typed("ends", &new.ends)?);
    let breaks = breaks(starts, &new.breaks)?;
    let choice = |field| Error::invalid(field, key::SERVER_FIELD_CHOICE);
    if !["in_person", "self_paced"].contains(&new.mode.as_str()) {
        return Err(choice("mode"));
    }
    let in_person = new.mode == "in_person";
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let shelf = shelf::shelf(&ctx.app, &mut change, &organisation).await?;
    if !new.course.is_empty() || !in_person {
        shelf.one(&new.course).map_err(|_| choice("course"))?;
    }
    let (number,): (i64,) = sqlx::query_as(
        "SELECT COALESCE(MAX(number), 0) + 1 FROM training_session WHERE organisation = $1",
    )
    .bind(&organisation)
    .fetch_one(&mut *change)
    .await?;
    let row = Row {
        id: new_id(),
        number,
        title: line("title", &new.title, 120)?,
        quiz: i64::from(new.quiz == "yes" && !new.course.is_empty()),
        course: new.course,
        mode: new.mode,
        place: prose("place", &new.place, 120)?,
        starts,
        ends,
        breaks: serde_json::to_string(&breaks).map_err(Error::internal)?,
        sign_out: i64::from(new.sign_out != "no"),
        state: "planned".into(),
        trainer_name: change.actor().name.clone(),
        secret: hangtu_catalog::hex(&random::<32>()?),
    };
    if in_person {
        let shown = |(a, b): &(i64, i64)| (clock::stamp(*a), clock::stamp(*b));
        let times = breaks.iter().map(shown).collect();
        Meeting::new(clock::stamp(starts), clock::stamp(ends), times, SignOut::Taken)
            .map_err(|why| super::refused("ends", why))?;
    } else if starts >= ends {
        return Err(choice("ends"));
    }
    sqlx::query(
        "INSERT INTO training_session (id, organisation, number, title, course, mode, place, starts, \
         ends, breaks, sign_out, quiz, state, trainer, trainer_name, secret, created) VALUES ($1, $2, \
         $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'planned', $13, $14, $15, $16)",
    )
    .bind(&row.id)
    .bind(&organisation)
    .bind(row.number)
    .bind(&row.title)
    .bind(&row.course)
    .bind(&row.mode)
    .bind(&row.place)
    .bind(row.starts)
    .bind(row.ends)
    .bind(&row.breaks)
    .bind(row.sign_out)
    .bind(row.quiz)
    .bind(change.actor().id.clone())
    .bind(&row.trainer_name)
    .bind(&row.secret)
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    let detail = json!({ "number": row.number, "title": row.title, "course": row.course,
        "mode": row.mode, "starts": clock::rfc3339(starts), "ends": clock::rfc3339(ends) });
    change.note("session.plan", format!("session/{}", row.id), detail);
    change.commit().await?;
    let next = format!("/training/sessions/{}", row.id);
    Ok(ctx.done(&Done { id: row.id, people: 0 }, &next, key::TRAIN_DONE))
}

/// Somebody on the list.
#[derive(Serialize, JsonSchema)]
pub(super) struct Seat {
    pub(super) person: String,
    pub(super) number: String,
    pub(super) name: String,
    pub(super) department: String,
    pub(super) facts: Vec<attend::Fact>,
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
    let judged = attend::judged(c, organisation, None, Some(&row.id), rule).await?;
    let facts = attend::facts(c, organisation, Some(&row.id)).await?;
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

/// What happens to the session.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Step {
    /// `announce`, `close` or `cancel`.
    step: String,
}

async fn step(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(step): Input<Step>,
) -> Result<Response, Error> {
    let (from, to, action): (&[&str], _, _) = match step.step.as_str() {
        "announce" => (&["planned"], "announced", "session.announce"),
        "close" => (&["announced"], "closed", "session.close"),
        "cancel" => (&["planned", "announced"], "cancelled", "session.cancel"),
        _ => return Err(Error::invalid("step", key::SERVER_FIELD_CHOICE)),
    };
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let row = load(&mut change, &organisation, &id).await?;
    let done = sqlx::query(
        "UPDATE training_session SET state = $3 WHERE organisation = $1 AND id = $2 AND state = $4",
    )
    .bind(&organisation)
    .bind(&id)
    .bind(to)
    .bind(&row.state)
    .execute(&mut *change)
    .await?;
    if !from.contains(&row.state.as_str()) || done.rows_affected() == 0 {
        return Err(Error::conflict(key::TRAIN_STATE));
    }
    change.note(action, format!("session/{id}"), json!({ "number": row.number }));
    change.commit().await?;
    let next = format!("/training/sessions/{id}");
    Ok(ctx.done(&Done { id, people: 0 }, &next, key::TRAIN_DONE))
}

/// Who is to be enrolled; nobody named is the reader.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Enrol {
    person: Vec<String>,
    role: Vec<String>,
    department: Vec<String>,
}

/// Puts people on the list; gives how many were not on it. A course at one's own pace becomes a duty
/// with the session's end.
pub(super) async fn put(
    change: &mut Change,
    shelf: &Shelf,
    row: &Row,
    people: &[&str],
) -> Result<usize, Error> {
    let organisation = change.organisation().to_owned();
    let mut fresh = 0;
    for person in people {
        let done = sqlx::query(
            "INSERT INTO session_person (organisation, session, person, enrolled) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (session, person) DO NOTHING",
        )
        .bind(&organisation)
        .bind(&row.id)
        .bind(*person)
        .bind(clock::now())
        .execute(&mut **change)
        .await?;
        if done.rows_affected() == 1 {
            fresh += 1;
            if !row.in_person() {
                let course = shelf.one(&row.course)?;
                let why = ("session", row.id.as_str(), row.title.as_str());
                need::give(change, person, course, row.ends, why).await?;
            }
        }
    }
    Ok(fresh)
}

async fn enrol(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(asked): Input<Enrol>,
) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let named = !(asked.person.is_empty() && asked.role.is_empty() && asked.department.is_empty());
    if named {
        ctx.may(TRAIN)?;
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let row = load(&mut change, &organisation, &id).await?;
    let open = row.state == "announced" || row.state == "planned" && named;
    if !open {
        return Err(Error::conflict(key::TRAIN_STATE));
    }
    let shelf = shelf::shelf(&ctx.app, &mut change, &organisation).await?;
    let all = people::everybody(&mut change, &organisation, None).await?;
    let people: Vec<&str> = if named {
        let chosen = need::chosen(&all, &asked.person, &asked.role, &asked.department);
        chosen.into_iter().map(|p| p.id.as_str()).collect()
    } else {
        vec![who.person.as_str()]
    };
    if people.is_empty() {
        return Err(Error::invalid("person", key::TRAIN_NOBODY));
    }
    let fresh = put(&mut change, &shelf, &row, &people).await?;
    let detail = json!({ "people": people, "new": fresh });
    change.note("session.enrol", format!("session/{id}"), detail);
    change.commit().await?;
    let next = format!("/training/sessions/{id}");
    Ok(ctx.done(&Done { id, people: fresh }, &next, key::TRAIN_DONE))
}

/// Who; empty for the reader.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Off {
    person: String,
}

async fn leave(ctx: Ctx, Path(id): Path<String>, Input(off): Input<Off>) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let person = if off.person.is_empty() { who.person.clone() } else { off.person };
    if person != who.person {
        ctx.may(TRAIN)?;
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    load(&mut change, &organisation, &id).await?;
    // Who came stays on the list: what happened is not unsaid.
    let done = sqlx::query(
        "DELETE FROM session_person WHERE organisation = $1 AND session = $2 AND person = $3 AND \
         NOT EXISTS (SELECT 1 FROM session_fact f WHERE f.organisation = $1 AND f.session = $2 \
         AND f.person = $3 AND f.voided IS NULL)",
    )
    .bind(&organisation)
    .bind(&id)
    .bind(&person)
    .execute(&mut *change)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::conflict(key::TRAIN_STATE));
    }
    sqlx::query(
        "UPDATE training_duty SET withdrawn = $4 WHERE organisation = $1 AND person = $2 \
         AND reason = 'session' AND source = $3 AND withdrawn IS NULL",
    )
    .bind(&organisation)
    .bind(&person)
    .bind(&id)
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    change.note("session.leave", format!("session/{id}"), json!({ "person": person }));
    change.commit().await?;
    let next = format!("/training/sessions/{id}");
    Ok(ctx.done(&Done { id, people: 1 }, &next, key::TRAIN_DONE))
}
