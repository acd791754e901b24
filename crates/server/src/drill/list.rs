//! The drills of an organisation, and drawing up a new one.

use super::{CONDUCT, book, log};
use crate::{
    auth::{Right, new_id},
    clock,
    ctx::Ctx,
    error::Error,
    input::Input,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Bilingual, Exercise, Language, key};
use hangtu_drill::exercise::{Entry, Rehearsal};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use std::collections::BTreeMap;

pub(super) fn routes(r: &mut Routes) {
    let read = Access::May(Right::Read);
    r.get("/drills", read, Doc::new("Drills, the newest first").returns::<List>(), list);
    let doc = Doc::new("Draws up a drill from an exercise, or rehearses it with scripted players");
    r.post("/drills", Access::May(CONDUCT), doc.body::<New>().returns::<Made>(), make);
}

/// A drill in a list.
#[derive(Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) number: i64,
    exercise: String,
    title_zh: String,
    title_en: String,
    pub(super) state: String,
    /// The style of a rehearsal; empty for a drill of people.
    pub(super) style: String,
    pub(super) created: i64,
    pub(super) ended: Option<i64>,
    pub(super) shortcomings: i64,
    /// Whether the reader plays in it.
    pub(super) mine: i64,
}

/// An exercise to choose.
#[derive(Serialize, JsonSchema)]
pub(super) struct Choice {
    pub(super) id: String,
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) title: Bilingual,
    /// Styles of its scripts, with their names.
    #[schemars(with = "Vec<(String, BTreeMap<String, String>)>")]
    pub(super) styles: Vec<(String, Bilingual)>,
}

impl Choice {
    fn of(exercise: &Exercise) -> Self {
        Self {
            id: exercise.id.clone(),
            title: exercise.title.clone(),
            styles: exercise.styles.iter().map(|s| (s.id.clone(), s.title.clone())).collect(),
        }
    }
}

/// Drills, and what they may be made of.
#[derive(Serialize, JsonSchema)]
struct List {
    drills: Vec<Line>,
    exercises: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "drill/list.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
}

impl ListPage<'_> {
    fn title<'l>(&self, line: &'l Line) -> &'l str {
        match self.page.ctx.language {
            Language::Chinese => &line.title_zh,
            Language::English => &line.title_en,
        }
    }
}

async fn list(ctx: Ctx) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let drills = sqlx::query_as(
        "SELECT id, number, exercise, title_zh, title_en, state, style, created, ended, \
         shortcomings, CASE WHEN EXISTS (SELECT 1 FROM drill_part p WHERE p.drill = drill.id \
         AND p.organisation = drill.organisation AND p.person = $2) THEN 1 ELSE 0 END AS mine \
         FROM drill WHERE organisation = $1 ORDER BY number DESC LIMIT 200",
    )
    .bind(organisation)
    .bind(&ctx.signed()?.person)
    .fetch_all(&mut *c)
    .await?;
    let held = book::all(&ctx.app, c, organisation).await?;
    let exercises = held.iter().map(|h| Choice::of(&h.exercise)).collect();
    let list = List { drills, exercises };
    ctx.show(key::DRILL_TITLE, &list, |page| ListPage { page, list: &list })
}

/// What is to be drawn up.
#[derive(Deserialize, JsonSchema)]
struct New {
    /// Identifier of an exercise.
    exercise: String,
    /// Style of scripted players, for a rehearsal without people.
    #[serde(default)]
    style: String,
    /// `yes`: the rehearsal waits for its director at the console; else it is played at once.
    #[serde(default)]
    live: String,
    /// `no` where the director sends each inject.
    #[serde(default)]
    automatic: String,
}

/// The new drill.
#[derive(Serialize, JsonSchema)]
struct Made {
    id: String,
}

async fn make(ctx: Ctx, Input(new): Input<New>) -> Result<Response, Error> {
    let held = {
        let c = &mut *ctx.app.db.read().await?;
        book::one(&ctx.app, c, ctx.organisation()?, &new.exercise).await
    };
    let held = held.map_err(|_| Error::invalid("exercise", key::SERVER_FIELD_CHOICE))?;
    let exercise = &held.exercise;
    if !new.style.is_empty() && exercise.styles.iter().all(|s| s.id != new.style) {
        return Err(Error::invalid("style", key::SERVER_FIELD_CHOICE));
    }
    let row = log::Row {
        id: new_id(),
        number: 0,
        exercise: exercise.id.clone(),
        sha256: exercise.sha256.clone(),
        content: held.content,
        title_zh: exercise.title.zh.to_string(),
        title_en: exercise.title.en.to_string(),
        style: new.style.clone(),
        automatic: i64::from(new.automatic != "no"),
        language: if new.style.is_empty() { String::new() } else { ctx.language.tag().into() },
    };
    let live = new.live == "yes";
    let entries = if new.style.is_empty() { None } else { Some(rehearsed(&ctx, &row, live)?) };
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    log::begin(&ctx.app, &mut change, &row, entries).await?;
    change.commit().await?;
    let next = if row.style.is_empty() || live {
        format!("/drills/{}", row.id)
    } else {
        format!("/drills/{}/report", row.id)
    };
    Ok(ctx.done(&Made { id: row.id }, &next, key::DRILL_DONE))
}

/// The log of a rehearsal, moved so that it ends now: the whole of it, or all up to its start.
fn rehearsed(ctx: &Ctx, row: &log::Row, live: bool) -> Result<Vec<Entry>, Error> {
    let plan = log::plan(&ctx.app, &row.sha256, &row.content)?;
    let now = clock::stamp(clock::now());
    let Some(mut rehearsal) = row.script() else { return Ok(Vec::new()) };
    let play = |r: &Rehearsal| if live { r.armed(&plan) } else { r.run(&plan) };
    let first = play(&rehearsal).map_err(Error::internal)?;
    let long = first
        .entries()
        .last()
        .map_or(SignedDuration::ZERO, |last| last.at.duration_since(rehearsal.begin));
    // Rehearsed again from the moment it must have begun, so that its window and forms agree.
    rehearsal.begin = now.checked_sub(long).map_err(Error::internal)?;
    let run = play(&rehearsal).map_err(Error::internal)?;
    Ok(run.entries().to_vec())
}
