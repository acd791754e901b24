//! The page of an attempt: the paper while it is open, the result once it is over.

use super::{
    TRAIN,
    attempt::{self, Kind, Row},
    courses, exam,
    shelf::{self, Shelf},
    sweep,
};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    ui::{Count, Page},
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, key};
use hangtu_train::exam::{Admission, Attempt, State};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// A question on the paper.
#[allow(clippy::struct_field_names, reason = "what is asked is called so everywhere")]
#[derive(Serialize, JsonSchema)]
pub(super) struct Question {
    item: u16,
    /// `single`, `multiple` or `order`.
    kind: &'static str,
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    situation: Option<Bilingual>,
    evidence: Vec<String>,
    #[schemars(with = "BTreeMap<String, String>")]
    question: Bilingual,
    #[schemars(with = "Vec<BTreeMap<String, String>>")]
    options: Vec<Bilingual>,
    /// The answer that is kept, as places in `options`.
    answer: Vec<u8>,
}

/// A question on the result.
#[derive(Serialize, JsonSchema)]
pub(super) struct Marked {
    item: u16,
    /// Points won, of 1.
    share: f64,
    /// What follows is there once no attempt is left, or the exam is passed.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    question: Option<Bilingual>,
    #[schemars(with = "Vec<BTreeMap<String, String>>")]
    options: Vec<Bilingual>,
    /// Places in `options`, in the order given.
    chosen: Vec<u8>,
    right: Vec<u8>,
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    why: Option<Bilingual>,
}

/// Points in one topic.
#[derive(Serialize, JsonSchema)]
pub(super) struct Topic {
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    percent: u8,
    questions: u16,
}

/// Something that was noticed.
#[derive(Serialize, JsonSchema)]
pub(super) struct Signal {
    at: i64,
    kind: &'static str,
    seconds: Option<u32>,
}

/// An attempt.
#[derive(Serialize, JsonSchema)]
pub(super) struct Shown {
    id: String,
    /// `course` or `track`.
    kind: String,
    subject: String,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    person_name: String,
    number: i64,
    /// `open`, `over` or `void`.
    state: String,
    started: i64,
    ends: i64,
    /// Seconds until the end.
    seconds: u32,
    /// A number above those of all saves.
    next_sequence: u64,
    answered: usize,
    /// `zh` or `en` where it is in that language alone.
    only: &'static str,
    paper: Vec<Question>,
    ended: Option<i64>,
    percent: Option<i64>,
    passed: bool,
    pass_percent: u8,
    topics: Vec<Topic>,
    marked: Vec<Marked>,
    signals: Vec<Signal>,
}

#[derive(Template)]
#[template(path = "train/paper.html")]
struct PaperPage<'a> {
    page: Page,
    data: &'a Shown,
}

#[allow(clippy::unused_self, clippy::trivially_copy_pass_by_ref, reason = "templates call methods")]
impl PaperPage<'_> {
    fn chosen(&self, q: &Question, place: &usize) -> bool {
        q.answer.iter().any(|n| usize::from(*n) == *place)
    }

    /// The position that a step was given, from 1.
    fn at(&self, q: &Question, place: &usize, position: &usize) -> bool {
        q.answer
            .iter()
            .position(|n| usize::from(*n) == *place)
            .is_some_and(|at| at + 1 == *position)
    }

    fn milliseconds(&self) -> i64 {
        i64::from(self.data.seconds) * 1000
    }
}

#[derive(Template)]
#[template(path = "train/result.html")]
struct ResultPage<'a> {
    page: Page,
    data: &'a Shown,
}

#[allow(clippy::unused_self, clippy::trivially_copy_pass_by_ref, reason = "templates call methods")]
impl ResultPage<'_> {
    /// Whether right answers are held back.
    fn untold(&self) -> bool {
        let first = self.data.marked.first();
        !self.data.passed && first.is_some_and(|m| m.question.is_none())
    }

    fn has(&self, places: &[u8], place: &usize) -> bool {
        places.iter().any(|n| usize::from(*n) == *place)
    }

    fn name<'m>(&'m self, m: &'m Marked, place: &u8) -> &'m str {
        m.options.get(usize::from(*place)).map_or("", |o| self.page.b(o))
    }

    fn share(&self, m: &Marked) -> String {
        format!("{:.0} %", m.share * 100.0)
    }
}

fn title(ctx: &Ctx, shelf: &Shelf, row: &Row) -> Bilingual {
    let found = match row.kind.as_str() {
        "course" => shelf.one(&row.subject).ok().map(|c| c.title.clone()),
        _ => ctx.app.catalog.training.track(&row.subject).map(|t| t.title.clone()),
    };
    found.unwrap_or_else(|| Bilingual::new(row.subject.as_str(), row.subject.as_str()))
}

pub(super) async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let organisation = who.organisation.as_str();
    let mut row = attempt::load(&mut *ctx.app.db.read().await?, organisation, &id).await?;
    let own = row.person == who.person;
    if !own && ctx.may(TRAIN).is_err() {
        return Err(Error::NotFound);
    }
    let now = clock::stamp(clock::now());
    if row.state == "open" && row.attempt()?.is_over(now) {
        sweep::one(&ctx.app, organisation, &id).await?;
        row = attempt::load(&mut *ctx.app.db.read().await?, organisation, &id).await?;
    }
    // Nobody but the candidate sees a paper that is being worked on.
    if row.state == "open" && !own {
        return Err(Error::NotFound);
    }
    let shelf = shelf::shelf(&ctx.app, &mut *ctx.app.db.read().await?, organisation).await?;
    let sat = row.attempt()?;
    let mut data = Shown {
        id,
        title: title(&ctx, &shelf, &row),
        kind: row.kind.clone(),
        subject: row.subject.clone(),
        person_name: row.person_name.clone(),
        number: row.number,
        state: row.state.clone(),
        started: row.started,
        ends: sat.ends().as_microsecond(),
        seconds: 0,
        next_sequence: 1,
        answered: sat.answered(),
        only: shelf.one(&row.subject).map_or("", courses::only),
        paper: Vec::new(),
        ended: row.ended,
        percent: row.percent,
        passed: row.passed == 1,
        pass_percent: sat.blueprint().pass_percent,
        topics: Vec::new(),
        marked: Vec::new(),
        signals: Vec::new(),
    };
    if row.state == "open" {
        open(&sat, &shelf, &mut data)?;
        let title = data.title.get(ctx.language).to_owned();
        return ctx.show_titled(title, &data, |page| PaperPage { page, data: &data });
    }
    over(&ctx, &row, &sat, &shelf, &mut data).await?;
    if ctx.may(TRAIN).is_ok() {
        data.signals = signals(&sat);
    }
    let title = data.title.get(ctx.language).to_owned();
    ctx.show_titled(title, &data, |page| ResultPage { page, data: &data })
}

fn open(sat: &Attempt, shelf: &Shelf, data: &mut Shown) -> Result<(), Error> {
    let now = clock::stamp(clock::now());
    if let State::Open { seconds } = sat.state(now) {
        data.seconds = seconds;
    }
    let resumed = sat.resume(now).map_err(Error::internal)?;
    data.next_sequence = resumed.next_sequence;
    let view = sat.paper().view(shelf).map_err(Error::internal)?;
    data.paper = (0u16..)
        .zip(view.items)
        .map(|(item, q)| Question {
            item,
            kind: exam::kind_name(q.kind),
            situation: q.situation,
            evidence: q.evidence,
            question: q.question,
            options: q.options,
            answer: resumed.answers.get(&item).map(|a| a.places().to_vec()).unwrap_or_default(),
        })
        .collect();
    Ok(())
}

/// Whether the questions may be shown with their answers: not while another attempt could be sat
/// with them.
async fn told(ctx: &Ctx, row: &Row, sat: &Attempt) -> Result<bool, Error> {
    if row.passed == 1 || ctx.may(TRAIN).is_ok() && row.person != ctx.signed()?.person {
        return Ok(true);
    }
    let kind = if row.kind == "course" { Kind::Course } else { Kind::Track };
    let c = &mut *ctx.app.db.read().await?;
    let organisation = ctx.organisation()?;
    let rows = attempt::all(c, organisation, &row.person, kind, &row.subject).await?;
    let since = courses::since(&ctx.app, c, organisation, &row.person, kind, &row.subject).await?;
    let left = attempt::admission(sat.blueprint(), &rows, since, clock::now());
    Ok(matches!(left, Admission::Passed | Admission::Exhausted))
}

async fn over(
    ctx: &Ctx,
    row: &Row,
    sat: &Attempt,
    shelf: &Shelf,
    data: &mut Shown,
) -> Result<(), Error> {
    let Some(marked) = row.marked()? else { return Ok(()) };
    let told = told(ctx, row, sat).await?;
    for (number, (mark, shown)) in (0u16..).zip(marked.items.iter().zip(&sat.paper().items)) {
        let question = shown.find(shelf).ok().filter(|_| told);
        // Marks name places in the bank; the page shows the options as they stood on the paper.
        let place = |bank: &u8| shown.options.iter().position(|n| n == bank).map(|n| n as u8);
        data.marked.push(Marked {
            item: number,
            share: mark.points.share(),
            question: question.map(|q| q.question.clone()),
            options: question.map_or_else(Vec::new, |q| {
                let texts = shown.options.iter().filter_map(|n| q.options.get(usize::from(*n)));
                texts.map(|o| o.text.clone()).collect()
            }),
            chosen: mark.chosen.iter().filter_map(place).collect(),
            right: question.map_or_else(Vec::new, |q| q.right().iter().filter_map(place).collect()),
            why: question.map(|q| q.why.clone()),
        });
    }
    for topic in &marked.topics {
        let course = shelf.iter().find(|c| c.id == topic.course);
        let title = course.and_then(|c| c.topics.iter().find(|t| t.id == topic.topic));
        let name = || Bilingual::new(topic.topic.as_str(), topic.topic.as_str());
        let share = topic.points.share() / f64::from(topic.questions.max(1));
        data.topics.push(Topic {
            title: title.map_or_else(name, |t| t.title.clone()),
            percent: (share * 100.0) as u8,
            questions: topic.questions,
        });
    }
    Ok(())
}

fn signals(sat: &Attempt) -> Vec<Signal> {
    use hangtu_train::exam::SignalKind as K;
    let signal = |s: &hangtu_train::exam::Signal| Signal {
        at: s.at.as_microsecond(),
        kind: attempt::signal_name(s.kind),
        seconds: match s.kind {
            K::Hidden(n) | K::LineLost(n) => Some(n),
            _ => None,
        },
    };
    sat.signals().0.iter().map(signal).collect()
}
