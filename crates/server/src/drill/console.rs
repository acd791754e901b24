//! The director's console: the clock, what is due, what was sent and answered, what to do now.

use super::{
    live, log,
    overview::{self, Part, name},
};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    people::{self, Colleague},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, exercise::Channel, key};
use hangtu_drill::exercise::{Event, InjectState, Run};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("The console of a drill: clock, injects, answers").returns::<Console>();
    r.get("/drills/{id}/console", Access::May(Right::Drill), doc, show);
}

/// An expected action as it stands.
#[derive(Serialize, JsonSchema)]
pub(super) struct Expected {
    pub(super) id: String,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) text: Bilingual,
    pub(super) status: &'static str,
    /// Entries that tried it.
    pub(super) attempts: usize,
}

/// An inject as it stands.
#[derive(Serialize, JsonSchema)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) phase: String,
    /// Minutes of the exercise clock.
    pub(super) at: u32,
    pub(super) channel: &'static str,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) from: Bilingual,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) text: Bilingual,
    pub(super) to: Vec<String>,
    /// `waiting`, `due`, `sent`, `answered`, `missed` or `dropped`.
    pub(super) state: &'static str,
    pub(super) expected: Vec<Expected>,
}

/// Something that was done, the newest first.
#[derive(Serialize, JsonSchema)]
pub(super) struct Said {
    pub(super) time: i64,
    /// Minutes of the exercise clock.
    pub(super) minute: i64,
    pub(super) who: String,
    pub(super) role: String,
    pub(super) text: String,
    /// Where it stands in the ledger.
    pub(super) entry: Option<i64>,
}

/// The console.
#[derive(Serialize, JsonSchema)]
pub(super) struct Console {
    id: String,
    number: i64,
    state: &'static str,
    /// What the exercise clock shows, milliseconds.
    clock: i64,
    running: bool,
    speed: u8,
    open: usize,
    injects: Vec<Line>,
    said: Vec<Said>,
    parts: Vec<Part>,
    measures: Vec<String>,
}

#[derive(Template)]
#[template(path = "drill/console.html")]
struct ConsolePage<'a> {
    page: Page,
    data: &'a Console,
}

#[allow(clippy::unused_self, reason = "templates call methods")]
impl ConsolePage<'_> {
    fn channels(&self) -> impl Iterator<Item = &'static str> {
        Channel::ALL.iter().map(|c| c.name())
    }

    fn runs(&self) -> bool {
        matches!(self.data.state, "running" | "paused")
    }
}

fn state(state: InjectState) -> &'static str {
    match state {
        InjectState::Waiting => "waiting",
        InjectState::Due => "due",
        InjectState::Sent => "sent",
        InjectState::Answered => "answered",
        InjectState::Missed => "missed",
        InjectState::Dropped => "dropped",
    }
}

pub(super) fn lines(run: &Run, now: Timestamp) -> Vec<Line> {
    let plan = run.plan();
    let expected = |inject: &str| {
        run.standing()
            .filter(|(i, ..)| i.id == inject)
            .map(|(_, e, r)| Expected {
                id: e.id.clone(),
                text: e.text.clone(),
                status: r.status(e).name(),
                attempts: r.attempts.len(),
            })
            .collect()
    };
    plan.exercise
        .injects
        .iter()
        .map(|i| Line {
            id: i.id.clone(),
            phase: i.phase.name().to_owned(),
            at: i.at,
            channel: i.channel.name(),
            from: i.from.clone(),
            text: i.text.clone(),
            to: i.to.clone(),
            state: run.inject_state(&i.id, now).map_or("waiting", state),
            expected: expected(&i.id),
        })
        .collect()
}

/// What players said and handed in, the newest first.
pub(super) fn said(drill: &log::Drill, people: &[Colleague], most: usize) -> Vec<Said> {
    let run = &drill.run;
    let began = run.entries().iter().find(|e| matches!(e.event, Event::Started { .. }));
    let mut said: Vec<Said> = run
        .entries()
        .iter()
        .filter_map(|e| {
            let (role, text) = match &e.event {
                Event::ActionDone { role, text, .. } => (role.clone(), text.clone()),
                Event::FormSubmitted { role, .. } => (role.clone(), String::new()),
                _ => return None,
            };
            Some(Said {
                time: e.at.as_microsecond(),
                minute: began.map_or(0, |b| e.at.duration_since(b.at).as_mins()),
                who: e.by.person().map(|p| name(people, p)).unwrap_or_default(),
                role,
                text,
                entry: drill.places.get(&e.id).copied(),
            })
        })
        .collect();
    said.reverse();
    said.truncate(most);
    said
}

async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    live::admit(&ctx, &id).await?;
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let drill = log::load(&ctx.app, c, organisation, &id).await?;
    let people = people::colleagues(c, organisation).await?;
    let now = clock::stamp(clock::now());
    let run = &drill.run;
    let data = Console {
        id: id.clone(),
        number: drill.row.number,
        state: run.state().name(),
        clock: run.moment(now).exercise,
        running: run.clock().is_some_and(|c| c.running()),
        speed: run.clock().map_or(1, |c| c.speed()),
        open: run.open(),
        injects: lines(run, now),
        said: said(&drill, &people, 30),
        parts: overview::parts(run, &people),
        measures: run.plan().policy.measures.iter().map(|m| m.id.clone()).collect(),
    };
    let title = format!("{} {}", ctx.t(key::DRILL_CONSOLE), drill.row.number);
    ctx.show_titled(title, &data, |page| ConsolePage { page, data: &data })
}
