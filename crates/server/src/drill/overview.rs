//! A drill before and after it is held: where it stands, what comes next and by whom, who plays.

use super::{CONDUCT, live, log};
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
use hangtu_catalog::{Bilingual, exercise::Role, key};
use hangtu_drill::exercise::{Run, State};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("A drill: its state, deadline, window and cast");
    r.get("/drills/{id}", Access::May(Right::Read), doc.returns::<Overview>(), show);
}

/// A role and who plays it.
#[derive(Serialize, JsonSchema)]
pub(super) struct Part {
    pub(super) role: String,
    pub(super) group: &'static str,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) title: Bilingual,
    /// Id of a person; empty for nobody.
    pub(super) person: String,
    pub(super) name: String,
}

/// A drill.
#[derive(Serialize, JsonSchema)]
pub(super) struct Overview {
    pub(super) id: String,
    pub(super) number: i64,
    pub(super) exercise: String,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) title: Bilingual,
    pub(super) state: &'static str,
    /// How it ended, once it is past its start.
    pub(super) style: String,
    /// A rehearsal that waits for its director.
    pub(super) live: bool,
    /// The last moment of this state, and who must move it on.
    pub(super) deadline: Option<i64>,
    pub(super) owner: Option<String>,
    pub(super) author: String,
    pub(super) approvals: Vec<String>,
    pub(super) from: Option<i64>,
    pub(super) until: Option<i64>,
    pub(super) minutes: u32,
    /// Injects and expected actions that are open.
    pub(super) open: usize,
    pub(super) parts: Vec<Part>,
}

#[derive(Template)]
#[template(path = "drill/overview.html")]
struct OverviewPage<'a> {
    page: Page,
    data: &'a Overview,
    run: &'a Run,
    people: &'a [Colleague],
    /// Whether the reader may still approve: not the author, not a second time.
    approves: bool,
    reviews: bool,
    mine: bool,
}

impl OverviewPage<'_> {
    fn is(&self, state: &str) -> bool {
        self.data.state == state
    }

    fn casting(&self) -> bool {
        let early = ["draft", "reviewed", "approved", "scheduled", "warm", "armed"];
        early.contains(&self.data.state) && self.data.style.is_empty()
    }

    fn held(&self) -> bool {
        self.run.clock().is_some()
    }

    fn players(&self) -> impl Iterator<Item = &Colleague> {
        self.people.iter().filter(|p| p.can(Right::Read))
    }
}

/// The name of somebody in a log: a colleague, or a scripted player.
pub(super) fn name(people: &[Colleague], id: &str) -> String {
    people.iter().find(|p| p.id == id).map_or_else(|| id.to_owned(), |p| p.name.clone())
}

pub(super) fn parts(run: &Run, people: &[Colleague]) -> Vec<Part> {
    let part = |role: &Role| {
        let person = run.player(&role.id).unwrap_or_default();
        Part {
            role: role.id.clone(),
            group: role.group.name(),
            title: role.title.clone(),
            person: person.to_owned(),
            name: if person.is_empty() { String::new() } else { name(people, person) },
        }
    };
    run.plan().exercise.roles.iter().map(part).collect()
}

async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    live::admit(&ctx, &id).await?;
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let drill = log::load(&ctx.app, c, organisation, &id).await?;
    let people = people::colleagues(c, organisation).await?;
    let run = &drill.run;
    let deadline = run.deadline();
    let data = Overview {
        id: drill.row.id.clone(),
        number: drill.row.number,
        exercise: drill.row.exercise.clone(),
        title: run.plan().exercise.title.clone(),
        state: run.state().name(),
        style: drill.row.style.clone(),
        live: !drill.row.style.is_empty() && !drill.run.state().terminal(),
        deadline: deadline.map(|d| d.at.as_microsecond()),
        owner: deadline.and_then(|d| {
            let word = serde_json::to_value(d.owner).ok()?;
            word.as_str().map(str::to_owned)
        }),
        author: name(&people, run.author()),
        approvals: run.approvals().iter().map(|p| name(&people, p)).collect(),
        from: run.window().map(|w| w.from.as_microsecond()),
        until: run.window().map(|w| w.until.as_microsecond()),
        minutes: run.plan().exercise.minutes,
        open: run.open(),
        parts: parts(run, &people),
    };
    let me = &ctx.signed()?.person;
    let other = run.author() != me;
    let may = ctx.may(CONDUCT).is_ok() || ctx.may(Right::Approve).is_ok();
    let reviews = may && other && run.state() == State::Draft;
    let approves = may && other && run.state() == State::Reviewed && !run.approvals().contains(me);
    let mine = data.parts.iter().any(|p| p.person == *me);
    let title = format!("{} {}", ctx.t(key::DRILL_ONE), drill.row.number);
    ctx.show_titled(title, &data, |page| OverviewPage {
        page,
        data: &data,
        run,
        people: &people,
        approves,
        reviews,
        mine,
    })
}

/// Local date and time as an input field writes it.
pub(super) fn field(time: i64) -> String {
    clock::shown(time, hangtu_catalog::Language::English).replace(' ', "T")
}
