//! Exercises: looked at before they are held, and written by the organisation itself.

use super::{CONDUCT, book};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    input::Input,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, Exercise, Language, exercise::Role, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

pub(super) fn routes(r: &mut Routes) {
    let read = Access::May(Right::Read);
    r.get(
        "/drills/exercises",
        read,
        Doc::new("The exercises an organisation may hold").returns::<Vec<Line>>(),
        list,
    );
    r.get(
        "/drills/exercises/{exercise}",
        Access::May(CONDUCT),
        Doc::new("An exercise as its director sees it").returns::<Shown>(),
        show,
    );
    r.page("/drills/exercises/{exercise}/edit", Access::May(CONDUCT), edit);
    r.post(
        "/drills/exercises",
        Access::May(CONDUCT),
        Doc::new("Checks an exercise of one's own, and keeps it where it holds")
            .body::<Written>()
            .returns::<Checked>(),
        write,
    );
}

/// An exercise in a list.
#[derive(Serialize, JsonSchema)]
struct Line {
    id: String,
    version: u32,
    kind: &'static str,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    #[schemars(with = "BTreeMap<String, String>")]
    summary: Bilingual,
    minutes: u32,
    injects: usize,
    expected: usize,
    roles: usize,
    own: bool,
}

impl Line {
    fn of(held: &book::Held) -> Self {
        let e = &held.exercise;
        Self {
            id: e.id.clone(),
            version: e.version,
            kind: e.kind.name(),
            title: e.title.clone(),
            summary: e.summary.clone(),
            minutes: e.minutes,
            injects: e.injects.len(),
            expected: e.expectations().count(),
            roles: e.roles.len(),
            own: held.own,
        }
    }
}

#[derive(Template)]
#[template(path = "drill/exercises.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a [Line],
}

async fn list(ctx: Ctx) -> Result<Response, Error> {
    let c = &mut *ctx.app.db.read().await?;
    let held = book::all(&ctx.app, c, ctx.organisation()?).await?;
    let list: Vec<Line> = held.iter().map(Line::of).collect();
    ctx.show(key::DRILL_EXERCISES, &list, |page| ListPage { page, list: &list })
}

/// An exercise.
#[derive(Serialize, JsonSchema)]
struct Shown {
    exercise: Line,
    /// Its file.
    content: String,
}

#[derive(Template)]
#[template(path = "drill/exercise.html")]
struct ExercisePage<'a> {
    page: Page,
    line: &'a Line,
    exercise: &'a Exercise,
}

impl ExercisePage<'_> {
    fn role(&self, id: &str) -> Option<&Role> {
        self.exercise.role(id)
    }
}

async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let c = &mut *ctx.app.db.read().await?;
    let held = book::one(&ctx.app, c, ctx.organisation()?, &id).await?;
    let data = Shown { exercise: Line::of(&held), content: held.content.clone() };
    let title = held.exercise.title.get(ctx.language).to_owned();
    ctx.show_titled(title, &data, |page| ExercisePage {
        page,
        line: &data.exercise,
        exercise: &held.exercise,
    })
}

#[derive(Template)]
#[template(path = "drill/edit.html")]
struct EditPage<'a> {
    page: Page,
    content: &'a str,
}

async fn edit(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let c = &mut *ctx.app.db.read().await?;
    let held = book::one(&ctx.app, c, ctx.organisation()?, &id).await?;
    ctx.show(key::DRILL_EDIT, &(), |page| EditPage { page, content: &held.content })
}

/// The file of an exercise.
#[derive(Deserialize, JsonSchema)]
struct Written {
    content: String,
    /// `check` keeps nothing.
    #[serde(default)]
    action: String,
}

/// What is wrong with it.
#[derive(Serialize, JsonSchema)]
struct Wrong {
    /// Where, e.g. `injects.alert.expects.seen`.
    place: String,
    #[schemars(with = "BTreeMap<String, String>")]
    text: Bilingual,
}

/// What a check said.
#[derive(Serialize, JsonSchema)]
struct Checked {
    holds: bool,
    problems: Vec<Wrong>,
}

async fn write(ctx: Ctx, Input(written): Input<Written>) -> Result<Response, Error> {
    let content = written.content.replace("\r\n", "\n");
    let exercise = match Exercise::parse("exercise", &content, &ctx.app.catalog) {
        Ok(exercise) => exercise,
        Err(e) => {
            if ctx.data {
                let wrong = |p: &hangtu_catalog::exercise::Problem| Wrong {
                    place: p.place.clone(),
                    text: p.message(),
                };
                let problems = e.problems.iter().map(wrong).collect();
                crate::db::nothing_to_change();
                let told = Checked { holds: false, problems };
                return Ok(axum::response::IntoResponse::into_response(axum::Json(told)));
            }
            let told = |language| {
                let line = |p: &hangtu_catalog::exercise::Problem| {
                    format!("{}: {}", p.place, p.message().get(language))
                };
                e.problems.iter().map(line).collect::<Vec<_>>().join("\n")
            };
            let both = Bilingual::new(told(Language::Chinese), told(Language::English));
            return Err(Error::Invalid("content", both));
        }
    };
    let next = format!("/drills/exercises/{}", exercise.id);
    let told = Checked { holds: true, problems: Vec::new() };
    if written.action == "check" {
        crate::db::nothing_to_change();
        return Ok(ctx.done(&told, &format!("{next}/edit"), key::DRILL_HOLDS));
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    sqlx::query(
        "INSERT INTO exercise (organisation, id, content, changed, person_name) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organisation, id) DO UPDATE SET \
         content = excluded.content, changed = excluded.changed, person_name = excluded.person_name",
    )
    .bind(change.organisation().to_owned())
    .bind(&exercise.id)
    .bind(&content)
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .execute(&mut *change)
    .await?;
    let detail = json!({ "version": exercise.version, "sha256": exercise.sha256 });
    change.note("exercise.write", format!("exercise/{}", exercise.id), detail);
    change.commit().await?;
    Ok(ctx.done(&told, &next, key::DRILL_KEPT))
}
