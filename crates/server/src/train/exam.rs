//! Sitting an exam: begun, answered, handed in. What the browser gets is a [`PaperView`], which has
//! no place for a right answer.

use super::{
    attempt::{self, Kind},
    courses, paper,
    saver::{Job, Kept, What},
    shelf, sweep, track,
};
use crate::{
    clock,
    ctx::Ctx,
    error::Error,
    input::Input,
    route::{Access, Doc, Routes},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, course, key};
use hangtu_train::exam::{Admission, Answer, SignalKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) fn routes(r: &mut Routes) {
    let doc =
        || Doc::new("Begins the exam, or goes on with the attempt under way").returns::<Begun>();
    r.post("/training/courses/{course}/exam", Access::Signed, doc(), of_course);
    r.post("/training/tracks/{track}/exam", Access::Signed, doc(), of_track);
    let doc = Doc::new("An attempt: its paper and the answers kept, or its result once it is over");
    r.get("/training/attempts/{id}", Access::Signed, doc.returns::<paper::Shown>(), paper::show);
    let doc = Doc::new("Takes an answer; answered only when it is durable").body::<Answered>();
    let doc = doc.returns::<Taken>();
    r.post("/training/attempts/{id}/answers", Access::Signed, doc, answer);
    let doc = Doc::new("Notes what the page noticed; no signal changes a mark").body::<Noticed>();
    r.post("/training/attempts/{id}/signals", Access::Signed, doc.returns::<Taken>(), signal);
    let doc = Doc::new("Hands the paper in").returns::<Ended>();
    r.post("/training/attempts/{id}/submit", Access::Signed, doc, submit);
}

/// The attempt.
#[derive(Serialize, JsonSchema)]
struct Begun {
    id: String,
}

/// Why somebody may not sit an exam, as a refusal.
fn refuse(admission: Admission) -> Error {
    match admission {
        Admission::Cooling { until } => {
            let (zh, en) = (hangtu_catalog::Language::Chinese, hangtu_catalog::Language::English);
            let until = until.as_microsecond();
            let said = |language| {
                let when = clock::shown(until, language);
                hangtu_catalog::text(
                    language,
                    key::TRAIN_COOLING,
                    &[("when", when.as_str().into())],
                )
            };
            Error::Conflict(Bilingual::new(said(zh), said(en)))
        }
        Admission::Passed => Error::conflict(key::TRAIN_PASSED_ALREADY),
        _ => Error::conflict(key::TRAIN_EXHAUSTED),
    }
}

async fn begin(
    ctx: &Ctx,
    kind: Kind,
    subject: &str,
    open: Result<i64, Error>,
) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let (shelf, rows) = {
        let c = &mut *ctx.app.db.read().await?;
        let shelf = shelf::shelf(&ctx.app, c, &who.organisation).await?;
        (shelf, attempt::all(c, &who.organisation, &who.person, kind, subject).await?)
    };
    let rule = attempt::blueprint(&ctx.app, &shelf, kind, subject)?;
    let since = open.as_ref().copied().unwrap_or(i64::MAX);
    let id = match attempt::admission(&rule, &rows, since, clock::now()) {
        Admission::UnderWay => {
            crate::db::nothing_to_change();
            rows.iter().find(|r| r.state == "open").map(|r| r.id.clone()).ok_or(Error::NotFound)?
        }
        Admission::Admitted { attempt, .. } => {
            open?;
            attempt::begin(ctx, &shelf, kind, subject, attempt).await?
        }
        other => return Err(refuse(other)),
    };
    let next = format!("/training/attempts/{id}");
    Ok(ctx.done(&Begun { id }, &next, key::TRAIN_BEGUN))
}

async fn of_course(ctx: Ctx, Path(course): Path<String>) -> Result<Response, Error> {
    let open = courses::exam_opened(&ctx, &course).await;
    if let Err(Error::NotFound) = open {
        return Err(Error::NotFound);
    }
    begin(&ctx, Kind::Course, &course, open).await
}

async fn of_track(ctx: Ctx, Path(track): Path<String>) -> Result<Response, Error> {
    let open = track::exam_opened(&ctx, &track).await;
    if let Err(Error::NotFound) = open {
        return Err(Error::NotFound);
    }
    begin(&ctx, Kind::Track, &track, open).await
}

/// An answer.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Answered {
    /// The question, from 0.
    item: u16,
    /// Higher than that of every save before.
    sequence: u64,
    /// Options chosen, as places on the page from 0; of steps, all of them in their order.
    choice: Vec<u8>,
    /// Of steps, instead: the position of each, from 1, in the order shown.
    position: Vec<String>,
}

/// What became of it.
#[derive(Serialize, JsonSchema)]
struct Taken {
    /// `kept`, or `late` where a later answer stands.
    state: &'static str,
    item: u16,
}

impl Answered {
    fn answer(&self) -> Result<Answer, Error> {
        if self.position.is_empty() {
            return Ok(Answer::new(self.choice.clone()));
        }
        if self.position.iter().all(|p| p.trim().is_empty()) {
            return Ok(Answer::default());
        }
        // Each position once: what is half done is not an answer yet.
        let unfinished = || Error::invalid("position", key::TRAIN_ORDER_UNFINISHED);
        let n = self.position.len();
        let mut places = vec![None; n];
        for (place, text) in (0u8..).zip(&self.position) {
            let at: usize = text.trim().parse().map_err(|_| unfinished())?;
            let slot = places.get_mut(at.wrapping_sub(1)).ok_or_else(unfinished)?;
            *slot = Some(place);
        }
        places.into_iter().collect::<Option<Vec<u8>>>().map(Answer::new).ok_or_else(unfinished)
    }
}

fn job(ctx: &Ctx, id: &str, what: What) -> Result<Job, Error> {
    Ok(Job {
        actor: ctx.actor()?,
        attempt: id.to_owned(),
        what,
        at: clock::now(),
        address: ctx.address.clone(),
        agent: ctx.agent.clone(),
    })
}

async fn bring(ctx: &Ctx, id: &str, what: What) -> Result<&'static str, Error> {
    let kept = ctx.app.training.saver.bring(job(ctx, id, what)?).await?;
    // The saver's transaction left the entry; a repetition rightly leaves none.
    crate::db::nothing_to_change();
    match kept {
        Kept::Fresh | Kept::Repeated => Ok("kept"),
        Kept::Late => Ok("late"),
        Kept::Over => Err(Error::conflict(key::TRAIN_OVER)),
        Kept::Unfit => Err(Error::invalid("choice", key::SERVER_FIELD_CHOICE)),
    }
}

async fn answer(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(answered): Input<Answered>,
) -> Result<Response, Error> {
    let (item, sequence, answer) = (answered.item, answered.sequence, answered.answer()?);
    let state = bring(&ctx, &id, What::Answer { item, sequence, answer }).await?;
    let next = format!("/training/attempts/{id}#q{item}");
    let said = if state == "late" { key::TRAIN_LATE } else { key::TRAIN_KEPT };
    Ok(ctx.kept(&Taken { state, item }, &next, said))
}

/// What the page noticed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Noticed {
    /// `hidden`, `full-screen-left`, `copied`, `pasted`, `open-twice` or `line-lost`.
    kind: String,
    /// For how long, in seconds, where that says something.
    seconds: u32,
    item: Option<u16>,
}

async fn signal(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(noticed): Input<Noticed>,
) -> Result<Response, Error> {
    let seconds = noticed.seconds.min(24 * 3600);
    let kind = match noticed.kind.as_str() {
        "hidden" => SignalKind::Hidden(seconds),
        "full-screen-left" => SignalKind::FullScreenLeft,
        "copied" => SignalKind::Copied,
        "pasted" => SignalKind::Pasted,
        "open-twice" => SignalKind::OpenTwice,
        "line-lost" => SignalKind::LineLost(seconds),
        _ => return Err(Error::invalid("kind", key::SERVER_FIELD_CHOICE)),
    };
    let state = bring(&ctx, &id, What::Signal(kind, noticed.item)).await?;
    let next = format!("/training/attempts/{id}");
    let taken = Taken { state, item: noticed.item.unwrap_or(0) };
    Ok(ctx.kept(&taken, &next, key::TRAIN_KEPT))
}

/// The state after it.
#[derive(Serialize, JsonSchema)]
struct Ended {
    state: String,
    percent: Option<i64>,
    passed: bool,
}

async fn submit(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let now = clock::stamp(clock::now());
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let shelf = shelf::shelf(&ctx.app, &mut change, &who.organisation).await?;
    let held = attempt::hold(&mut change, &who.organisation, &id, Some(&who.person)).await?;
    let row = held.ok_or(Error::NotFound)?;
    if row.state == "open" {
        let mut sat = row.attempt()?;
        if let Ok(at) = sat.submit(now) {
            let at = at.as_microsecond();
            attempt::finish(&ctx.app, &mut change, &shelf, &row, &sat, at).await?;
            change.commit().await?;
        } else {
            // Its time is up: it counts as handed in at its end, as it would without this.
            drop(change);
            sweep::one(&ctx.app, &who.organisation, &id).await?;
        }
    } else {
        drop(change);
        crate::db::nothing_to_change();
    }
    let row = attempt::load(&mut *ctx.app.db.read().await?, &who.organisation, &id).await?;
    let ended = Ended { state: row.state, percent: row.percent, passed: row.passed == 1 };
    Ok(ctx.done(&ended, &format!("/training/attempts/{id}"), key::TRAIN_HANDED_IN))
}

/// What a kind of question is called.
pub(super) const fn kind_name(kind: course::Kind) -> &'static str {
    match kind {
        course::Kind::Single => "single",
        course::Kind::Multiple => "multiple",
        course::Kind::Order => "order",
    }
}
