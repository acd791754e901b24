//! The numbers to be reported: person-times, persons, professionals, each beside what it is part of.

use super::{
    TRAIN, attendance, cmi5, people,
    shelf::{self, Shelf},
    track,
};
use crate::{
    App,
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    input::Asked,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Bilingual, Track, key};
use hangtu_train::count::{
    Completion, Person, PersonId, SessionId, Standing, What, count, professionals, standing,
};
use jiff::civil::{Date, date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

/// The first day of the plan whose targets these numbers serve.
const PLAN: Date = date(2024, 1, 1);

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Person-times, persons and professionals, with what they are parts of");
    let doc = doc.query::<Span>().returns::<Counts>();
    r.get("/training/count", Access::May(TRAIN), doc, show);
}

/// Where somebody stands on a track; of whom nothing is known, everything is lacking.
pub(super) fn stands(
    track: &Track,
    shelf: &Shelf,
    known: Option<&Person>,
    person: &str,
    now: i64,
) -> Standing {
    let nobody = Person {
        id: PersonId(person.into()),
        courses: Vec::new(),
        exams: Vec::new(),
        drills: Vec::new(),
        certificates: Vec::new(),
    };
    standing(track, shelf, known.unwrap_or(&nobody), clock::stamp(now))
}

/// From which day to which, both included.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Span {
    from: String,
    to: String,
}

/// A session's numbers.
#[derive(Serialize, JsonSchema)]
struct OfSession {
    id: String,
    title: String,
    starts: i64,
    /// Enrolled, attended long enough, completed.
    enrolled: usize,
    attended: usize,
    completed: usize,
}

/// A course's person-times at one's own pace.
#[derive(Serialize, JsonSchema)]
struct OfCourse {
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    person_times: u64,
}

/// A track's numbers.
#[derive(Serialize, JsonSchema)]
struct OfTrack {
    id: String,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    persons: u64,
}

/// The numbers.
#[derive(Serialize, JsonSchema)]
struct Counts {
    from: String,
    to: String,
    person_times: u64,
    persons: u64,
    /// Whom training reaches now.
    reached: u64,
    /// Completions told, of which those counted are person-times.
    told: u64,
    professionals: u64,
    /// Of them, who holds a certificate of others in force.
    by_certificate: u64,
    tracks: Vec<OfTrack>,
    sessions: Vec<OfSession>,
    courses: Vec<OfCourse>,
    attendance_percent: u8,
}

#[derive(Template)]
#[template(path = "train/count.html")]
struct CountPage<'a> {
    page: Page,
    data: &'a Counts,
}

/// Every completion: of sessions in person, and of courses whose exam was passed at one's own pace.
async fn completions(
    c: &mut AnyConnection,
    organisation: &str,
    shelf: &Shelf,
    judged: &[attendance::Judged],
) -> Result<Vec<Completion>, Error> {
    let mut all = Vec::new();
    // An exam that served as the quiz of a completed session is no completion of its own.
    let mut quizzes: HashSet<(&str, &str, i64)> = HashSet::new();
    for j in judged.iter().filter(|j| j.in_person) {
        let Some(at) = j.completed else { continue };
        if let Some(quiz) = j.quiz_at {
            quizzes.insert((&j.person, &j.course, quiz));
        }
        all.push(Completion {
            person: PersonId(j.person.as_str().into()),
            what: What::Session(SessionId(j.session.as_str().into())),
            at: clock::stamp(at),
        });
    }
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT person, subject, ended FROM exam_attempt WHERE organisation = $1 \
         AND kind = 'course' AND passed = 1 AND ended IS NOT NULL",
    )
    .bind(organisation)
    .fetch_all(&mut *c)
    .await?;
    let elsewhere = cmi5::completed(c, organisation, None).await?;
    for (person, course, at) in rows.iter().chain(&elsewhere) {
        if quizzes.contains(&(person.as_str(), course.as_str(), *at)) {
            continue;
        }
        let months = shelf.iter().find(|c| c.id == *course).map_or(12, |c| c.valid_months);
        let course: Arc<str> = course.as_str().into();
        all.push(Completion {
            person: PersonId(person.as_str().into()),
            what: What::Course { course, valid_months: months },
            at: clock::stamp(*at),
        });
    }
    Ok(all)
}

/// What is told to a supervisor, since the plan began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Totals {
    pub(crate) person_times: u64,
    pub(crate) persons: u64,
    pub(crate) professionals: u64,
}

/// See [`Totals`]; nothing where no completion was ever recorded: nought would be a claim.
pub(crate) async fn totals(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Option<Totals>, Error> {
    let now = clock::now();
    let shelf = shelf::shelf(app, c, organisation).await?;
    let training = &app.catalog.training;
    let judged = attendance::judged(c, organisation, None, None, training.counting).await?;
    let all = completions(c, organisation, &shelf, &judged).await?;
    let known = track::people(app, c, organisation, None).await?;
    if all.is_empty() && known.iter().all(|p| p.certificates.is_empty()) {
        return Ok(None);
    }
    let first = clock::of(PLAN.at(0, 0, 0, 0)).unwrap_or(0);
    let (person_times, persons) = count(&all).between(clock::stamp(first), clock::stamp(now + 1));
    let found = professionals(&training.tracks, &shelf, &known, clock::stamp(now), clock::day(now));
    Ok(Some(Totals { person_times, persons, professionals: found.persons }))
}

fn day(field: &'static str, text: &str, otherwise: Date) -> Result<Date, Error> {
    match text.trim() {
        "" => Ok(otherwise),
        text => text.parse().map_err(|_| Error::invalid(field, key::SERVER_FIELD_CHOICE)),
    }
}

async fn show(ctx: Ctx, Asked(span): Asked<Span>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let now = clock::now();
    let from = day("from", &span.from, PLAN)?;
    let to = day("to", &span.to, clock::day(now))?;
    let start = clock::of(from.at(0, 0, 0, 0)).unwrap_or(0);
    let end = clock::end_of(to).saturating_add(1);
    let c = &mut *ctx.app.db.read().await?;
    let shelf = shelf::shelf(&ctx.app, c, organisation).await?;
    let training = &ctx.app.catalog.training;
    let judged = attendance::judged(c, organisation, None, None, training.counting).await?;
    let all = completions(c, organisation, &shelf, &judged).await?;
    let counted = count(&all);
    let (from_t, to_t) = (clock::stamp(start), clock::stamp(end));
    let (person_times, persons) = counted.between(from_t, to_t);
    let mut courses: BTreeMap<&str, u64> = BTreeMap::new();
    for completion in counted.counting.iter().filter(|c| c.at >= from_t && c.at < to_t) {
        if let What::Course { course, .. } = &completion.what {
            *courses.entry(course).or_default() += 1;
        }
    }
    let courses = courses.into_iter().map(|(id, n)| OfCourse {
        title: shelf.one(id).map_or_else(|_| Bilingual::new(id, id), |c| c.title.clone()),
        person_times: n,
    });
    let courses = courses.collect();
    let sql = "SELECT id, title, starts FROM training_session WHERE organisation = $1 \
               AND mode = 'in_person' AND state <> 'cancelled' AND starts >= $2 AND starts < $3 \
               ORDER BY starts DESC LIMIT 500";
    let rows: Vec<(String, String, i64)> =
        sqlx::query_as(sql).bind(organisation).bind(start).bind(end).fetch_all(&mut *c).await?;
    let sessions = rows.into_iter().map(|(id, title, starts)| {
        let of = || judged.iter().filter(|j| j.session == id);
        OfSession {
            enrolled: of().count(),
            attended: of().filter(|j| j.verdict.is_some_and(|v| v.attended)).count(),
            completed: of().filter(|j| j.completed.is_some()).count(),
            id: id.clone(),
            title,
            starts,
        }
    });
    let sessions = sessions.collect();
    let known = track::people(&ctx.app, c, organisation, None).await?;
    let found = professionals(&training.tracks, &shelf, &known, clock::stamp(now), clock::day(now));
    let track = |t: &Track| OfTrack {
        id: t.id.clone(),
        title: t.title.clone(),
        persons: found.tracks.get(&t.id).copied().unwrap_or(0),
    };
    let reached: BTreeSet<String> =
        people::everybody(c, organisation, None).await?.into_iter().map(|p| p.id).collect();
    let data = Counts {
        from: from.to_string(),
        to: to.to_string(),
        person_times,
        persons,
        reached: reached.len() as u64,
        told: all.iter().filter(|c| c.at >= from_t && c.at < to_t).count() as u64,
        professionals: found.persons,
        by_certificate: found.certificates.values().sum(),
        tracks: training.tracks.iter().map(track).collect(),
        sessions,
        courses,
        attendance_percent: training.counting.attendance_percent,
    };
    ctx.show(key::TRAIN_COUNT, &data, |page| CountPage { page, data: &data })
}
