//! Tracks: the courses of a role, an exam over all of them, a drill. Who completed one counts as a
//! professional (人才).

use super::{
    TRAIN,
    attempt::{self, Kind},
    cmi5, courses, issue, outside,
    shelf::{self, Shelf},
};
use crate::{
    App,
    auth::Right,
    clock,
    ctx::Ctx,
    db::{Actor, Change},
    drill,
    error::Error,
    input::Input,
    route::{Access, Doc, Routes},
    ui::{Count, Page},
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, Track, key};
use hangtu_train::{
    count::{CourseDone, Lacking, Person, PersonId, standing},
    exam::Admission,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::AnyConnection;
use std::collections::BTreeMap;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("A track, and where the reader stands on it").returns::<Shown>();
    r.get("/training/tracks/{track}", Access::Signed, doc, show);
    let doc = Doc::new("Opens a track's exam to somebody again").body::<Who>().returns::<Done>();
    r.post("/training/tracks/{track}/open", Access::May(TRAIN), doc, reopen);
}

/// What is known of people: courses and exams passed, drills taken part in, certificates of others;
/// or of one person.
pub(super) async fn people(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
    person: Option<&str>,
) -> Result<Vec<Person>, Error> {
    let rows: Vec<(String, String, String, i64)> = sqlx::query_as(
        "SELECT person, kind, subject, ended FROM exam_attempt WHERE organisation = $1 \
         AND passed = 1 AND ended IS NOT NULL AND ($2 = '' OR person = $2)",
    )
    .bind(organisation)
    .bind(person.unwrap_or_default())
    .fetch_all(&mut *c)
    .await?;
    let mut all: BTreeMap<String, Person> = BTreeMap::new();
    let mut of = |id: &str, add: &mut dyn FnMut(&mut Person)| {
        add(all.entry(id.to_owned()).or_insert_with(|| Person {
            id: PersonId(id.into()),
            courses: Vec::new(),
            exams: Vec::new(),
            drills: Vec::new(),
            certificates: Vec::new(),
        }));
    };
    for (id, kind, subject, at) in rows {
        let at = clock::stamp(at);
        of(&id, &mut |p| {
            if kind == "course" {
                p.courses.push(CourseDone { course: subject.clone(), at });
            } else {
                p.exams.push((subject.clone(), at));
            }
        });
    }
    for (id, course, at) in cmi5::completed(c, organisation, person).await? {
        let at = clock::stamp(at);
        of(&id, &mut |p| p.courses.push(CourseDone { course: course.clone(), at }));
    }
    for (id, at) in drill::played(c, organisation, person).await? {
        of(&id, &mut |p| p.drills.push(clock::stamp(at)));
    }
    let rules = &app.catalog.training;
    for (id, certificate) in outside::counting(c, organisation, person, rules).await? {
        of(&id, &mut |p| p.certificates.push(certificate.clone()));
    }
    Ok(all.into_values().collect())
}

/// Issues the certificates of tracks that somebody has completed and holds none for.
pub(super) async fn complete(
    app: &App,
    change: &mut Change,
    shelf: &Shelf,
    person: &str,
    name: &str,
    language: &str,
) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    // Holds the person: two who look at the same time would each find that no certificate is held.
    sqlx::query("UPDATE person SET name = name WHERE organisation = $1 AND id = $2")
        .bind(&organisation)
        .bind(person)
        .execute(&mut **change)
        .await?;
    let known = people(app, change, &organisation, Some(person)).await?;
    let Some(known) = known.first() else { return Ok(()) };
    let now = clock::now();
    for track in &app.catalog.training.tracks {
        let until = standing(track, shelf, known, clock::stamp(now)).until;
        let Some(until) = until.map(jiff::Timestamp::as_microsecond) else { continue };
        let (held,): (i64,) = sqlx::query_as(
            "SELECT COUNT(*) FROM certificate WHERE organisation = $1 AND person = $2 \
             AND kind = 'track' AND subject = $3 AND (until >= $4 OR revoked IS NOT NULL AND \
             until > $5)",
        )
        .bind(&organisation)
        .bind(person)
        .bind(&track.id)
        .bind(until)
        .bind(now)
        .fetch_one(&mut **change)
        .await?;
        if held == 0 {
            let holder = (person, name, language);
            issue::of_track(app, change, track, holder, now, until).await?;
        }
    }
    Ok(())
}

/// Completes the tracks of those whose exam came before their drill; looked at by the clock.
pub(super) async fn settle(app: &App) -> Result<(), Error> {
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT DISTINCT a.organisation, a.person, a.person_name, a.language FROM exam_attempt a \
         WHERE a.kind = 'track' AND a.passed = 1 AND NOT EXISTS (SELECT 1 FROM certificate c \
         WHERE c.organisation = a.organisation AND c.person = a.person AND c.kind = 'track' \
         AND c.subject = a.subject AND c.issued >= a.ended) LIMIT 500",
    )
    .fetch_all(&mut *app.db.read().await?)
    .await?;
    for (organisation, person, name, language) in rows {
        let ready = {
            let c = &mut *app.db.read().await?;
            let shelf = shelf::shelf(app, c, &organisation).await?;
            let known = people(app, c, &organisation, Some(&person)).await?;
            let now = clock::stamp(clock::now());
            let done =
                |t: &Track| known.iter().any(|p| standing(t, &shelf, p, now).until.is_some());
            app.catalog.training.tracks.iter().any(done)
        };
        if ready {
            let mut change = app.db.change(&Actor::system(&organisation)).await?;
            let shelf = shelf::shelf(app, &mut change, &organisation).await?;
            complete(app, &mut change, &shelf, &person, &name, &language).await?;
            // Where nothing was issued nothing was noted, and nothing is to be kept.
            change.commit_if_noted().await?;
        }
    }
    Ok(())
}

/// What is lacking, or done.
#[derive(Serialize, JsonSchema)]
struct Part {
    /// `course`, `exam` or `drill`.
    what: &'static str,
    course: String,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    done: bool,
}

/// A track.
#[derive(Serialize, JsonSchema)]
struct Shown {
    id: String,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    #[schemars(with = "BTreeMap<String, String>")]
    criteria: Bilingual,
    parts: Vec<Part>,
    /// Until when the reader counts; none while something is lacking.
    until: Option<i64>,
    /// `admitted`, `under-way`, `passed`, `cooling`, `exhausted` or `not-yet`.
    exam: &'static str,
    cooling: Option<i64>,
    attempts: u8,
    minutes: u16,
    questions: usize,
    pass_percent: u8,
}

#[derive(Template)]
#[template(path = "train/track.html")]
struct TrackPage<'a> {
    page: Page,
    data: &'a Shown,
    colleagues: Vec<crate::people::Staff>,
}

/// When attempts at a track's exam begin to count, or why it is not open yet.
pub(super) async fn exam_opened(ctx: &Ctx, id: &str) -> Result<i64, Error> {
    let who = ctx.signed()?;
    let track = ctx.app.catalog.training.track(id).ok_or(Error::NotFound)?;
    let c = &mut *ctx.app.db.read().await?;
    let shelf = shelf::shelf(&ctx.app, c, &who.organisation).await?;
    let known = people(&ctx.app, c, &who.organisation, Some(&who.person)).await?;
    let now = clock::stamp(clock::now());
    let course = |l: &Lacking| matches!(l, Lacking::Course(_) | Lacking::Courses);
    let lacks = match known.first() {
        Some(p) => standing(track, &shelf, p, now).lacking.iter().any(course),
        None => true,
    };
    if lacks {
        return Err(Error::conflict(key::TRAIN_TRACK_COURSES_FIRST));
    }
    courses::since(&ctx.app, c, &who.organisation, &who.person, Kind::Track, id).await
}

async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let track = ctx.app.catalog.training.track(&id).ok_or(Error::NotFound)?;
    let open = exam_opened(&ctx, &id).await;
    let c = &mut *ctx.app.db.read().await?;
    let shelf = shelf::shelf(&ctx.app, c, &who.organisation).await?;
    let now = clock::now();
    let nobody = Person {
        id: PersonId(who.person.as_str().into()),
        courses: Vec::new(),
        exams: Vec::new(),
        drills: Vec::new(),
        certificates: Vec::new(),
    };
    let known =
        people(&ctx.app, c, &who.organisation, Some(&who.person)).await?.pop().unwrap_or(nobody);
    let stands = standing(track, &shelf, &known, clock::stamp(now));
    let lacks = |l: &Lacking| stands.lacking.contains(l);
    let mut parts: Vec<Part> = track
        .required(&shelf)
        .map(|c| Part {
            what: "course",
            course: c.id.clone(),
            title: c.title.clone(),
            done: !lacks(&Lacking::Course(c.id.clone())),
        })
        .collect();
    let part = |what, said, lacking| Part {
        what,
        course: String::new(),
        title: Bilingual::message(said, &[]),
        done: !lacks(&lacking),
    };
    parts.push(part("exam", key::TRAIN_TRACK_EXAM, Lacking::Exam));
    if track.drill {
        parts.push(part("drill", key::TRAIN_TRACK_DRILL, Lacking::Drill));
    }
    let rule = attempt::blueprint(&ctx.app, &shelf, Kind::Track, &id)?;
    let rows = attempt::all(c, &who.organisation, &who.person, Kind::Track, &id).await?;
    let since = open.as_ref().copied().unwrap_or(0);
    let admitted = attempt::admission(&rule, &rows, since, now);
    let (exam, cooling) = courses::admitted(&open, admitted);
    let data = Shown {
        id,
        title: track.title.clone(),
        criteria: track.criteria.clone(),
        parts,
        until: stands.until.map(jiff::Timestamp::as_microsecond),
        exam,
        cooling,
        attempts: match admitted {
            Admission::Admitted { attempt, of } => of + 1 - attempt,
            _ => 0,
        },
        minutes: rule.minutes,
        questions: rule.parts.iter().map(|p| usize::from(p.count)).sum(),
        pass_percent: rule.pass_percent,
    };
    let colleagues = if ctx.may(TRAIN).is_ok() {
        crate::people::staff(c, &who.organisation, None).await?
    } else {
        Vec::new()
    };
    let title = data.title.get(ctx.language).to_owned();
    ctx.show_titled(title, &data, |page| TrackPage { page, data: &data, colleagues })
}

/// To whom.
#[derive(Deserialize, JsonSchema)]
struct Who {
    person: String,
}

/// What was done.
#[derive(Serialize, JsonSchema)]
struct Done {
    person: String,
}

async fn reopen(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(who): Input<Who>,
) -> Result<Response, Error> {
    ctx.app.catalog.training.track(&id).ok_or(Error::NotFound)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    if crate::people::staff(&mut change, &organisation, Some(&who.person)).await?.is_empty() {
        return Err(Error::invalid("person", key::SERVER_FIELD_CHOICE));
    }
    sqlx::query(
        "INSERT INTO track_opening (organisation, person, track, since) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (organisation, person, track) DO UPDATE SET since = excluded.since",
    )
    .bind(&organisation)
    .bind(&who.person)
    .bind(&id)
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    let detail = json!({ "person": who.person });
    change.note("exam.reopen", format!("track/{id}"), detail);
    change.commit().await?;
    let next = format!("/training/tracks/{id}");
    Ok(ctx.done(&Done { person: who.person }, &next, key::TRAIN_DONE))
}
