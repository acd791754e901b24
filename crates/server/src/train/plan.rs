//! Planning a session, and the steps of its life.

use super::{
    TRAIN,
    session::{Row, load},
    shelf,
};
use crate::{
    auth::{new_id, random},
    clock,
    ctx::Ctx,
    error::Error,
    input::{Input, line, prose},
    route::{Access, Doc, Routes},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::key;
use hangtu_train::count::{Meeting, SignOut};
use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub(super) fn routes(r: &mut Routes) {
    let manage = Access::May(TRAIN);
    let doc = Doc::new("Plans a session").body::<New>().returns::<Done>();
    r.post("/training/sessions", manage, doc, plan);
    let doc = Doc::new("Announces, closes or cancels a session").body::<Step>().returns::<Done>();
    r.post("/training/sessions/{id}/step", manage, doc, step);
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
