//! The evaluator's sheet: what is watched for, how it went, and which deed does which expected action.

use super::{console, live, log};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    input::{Input, line, prose},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, exercise::Rating, key};
use hangtu_drill::exercise::{EntryId, Event, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(super) fn routes(r: &mut Routes) {
    let hands = Access::Any(&[Right::Drill, Right::Approve, Right::Work]);
    let doc = Doc::new("The evaluator's sheet of a drill").returns::<Sheet>();
    r.get("/drills/{id}/evaluation", hands, doc, show);
    let doc = Doc::new("Rates an objective, or says what a deed is worth").body::<Said>();
    r.post("/drills/{id}/judge", hands, doc.returns::<Judged>(), judge);
}

/// An objective and how the reader rated it.
#[derive(Serialize, JsonSchema)]
struct Watched {
    id: String,
    dimension: &'static str,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    #[schemars(with = "BTreeMap<String, String>")]
    rubric: Bilingual,
    mine: Option<String>,
    note: String,
    /// How many have rated it.
    rated: usize,
}

/// Something a player did that no expected action was tied to.
#[derive(Serialize, JsonSchema)]
struct Loose {
    entry: String,
    time: i64,
    role: String,
    text: String,
}

/// The sheet.
#[derive(Serialize, JsonSchema)]
struct Sheet {
    id: String,
    number: i64,
    state: &'static str,
    objectives: Vec<Watched>,
    loose: Vec<Loose>,
    injects: Vec<console::Line>,
    /// Whether the reader plays, and so may not judge.
    plays: bool,
}

#[derive(Template)]
#[template(path = "drill/judge.html")]
struct JudgePage<'a> {
    page: Page,
    data: &'a Sheet,
}

async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    live::admit(&ctx, &id).await?;
    let c = &mut *ctx.app.db.read().await?;
    let drill = log::load(&ctx.app, c, ctx.organisation()?, &id).await?;
    let run = &drill.run;
    let me = ctx.signed()?.person.clone();
    let objective = |o: &hangtu_catalog::exercise::Objective| {
        let of = || run.judgements().iter().filter(|j| j.objective == o.id);
        let mine = of().find(|j| j.evaluator == me);
        Watched {
            id: o.id.clone(),
            dimension: o.dimension.name(),
            title: o.title.clone(),
            rubric: o.rubric.clone(),
            mine: mine.map(|j| format!("{:?}", j.rating)),
            note: mine.map(|j| j.note.clone()).unwrap_or_default(),
            rated: of().count(),
        }
    };
    let tied = |entry: &EntryId| {
        run.expectations().iter().any(|e| e.attempts.iter().any(|a| a.entry == *entry))
    };
    let loose = run
        .entries()
        .iter()
        .filter(|e| !tied(&e.id))
        .filter_map(|e| match &e.event {
            Event::ActionDone { role, text, .. } => Some(Loose {
                entry: e.id.0.clone(),
                time: e.at.as_microsecond(),
                role: role.clone(),
                text: text.clone(),
            }),
            _ => None,
        })
        .collect();
    let roles = &run.plan().exercise.roles;
    let data = Sheet {
        id: id.clone(),
        number: drill.row.number,
        state: run.state().name(),
        objectives: run.plan().exercise.objectives.iter().map(objective).collect(),
        loose,
        injects: console::lines(run, clock::stamp(clock::now())),
        plays: roles.iter().any(|r| run.player(&r.id) == Some(&me)),
    };
    let title = format!("{} {}", ctx.t(key::DRILL_EVALUATION), drill.row.number);
    ctx.show_titled(title, &data, |page| JudgePage { page, data: &data })
}

/// A rating, or what a deed is worth.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Said {
    /// The objective that is rated.
    objective: String,
    /// `P`, `S`, `M` or `U`.
    rating: String,
    /// The expected action that is ruled on.
    expectation: String,
    /// `accept`, `reject` or `not-applicable`.
    verdict: String,
    /// The entry that does it, or does not.
    entry: String,
    note: String,
}

/// The state after it.
#[derive(Serialize, JsonSchema)]
struct Judged {
    state: &'static str,
}

async fn judge(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(said): Input<Said>,
) -> Result<Response, Error> {
    let choice = |field| Error::invalid(field, key::SERVER_FIELD_CHOICE);
    let event = if said.objective.is_empty() {
        let entry = || EntryId(said.entry.clone());
        Event::Ruled {
            verdict: match said.verdict.as_str() {
                "accept" => Verdict::Accepted(entry()),
                "reject" => Verdict::Rejected(entry()),
                "not-applicable" => Verdict::NotApplicable,
                _ => return Err(choice("verdict")),
            },
            expectation: said.expectation.clone(),
            note: line("note", &said.note, 1000)?,
        }
    } else {
        let rating = Rating::ALL.into_iter().find(|r| format!("{r:?}") == said.rating);
        Event::Judged {
            objective: said.objective.clone(),
            rating: rating.ok_or_else(|| choice("rating"))?,
            note: prose("note", &said.note, 1000)?,
        }
    };
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let mut drill = log::hold(&ctx.app, &mut change, &id).await?;
    drill.by_person(&mut change, event)?;
    let state = drill.run.state().name();
    drill.commit(&ctx.app, change).await?;
    Ok(ctx.done(&Judged { state }, &format!("/drills/{id}/evaluation"), key::DRILL_ENTERED))
}
