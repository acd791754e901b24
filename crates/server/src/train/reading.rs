//! A section of a course: its text, pictures and short checks.

use super::{courses, shelf};
use crate::{
    clock,
    ctx::Ctx,
    error::Error,
    input::Input,
    route::{Access, Doc, Routes},
    ui::{Count, Page},
};
use askama::Template;
use axum::{
    extract::Path,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use hangtu_catalog::{
    Bilingual,
    course::{self, Node},
    key,
};
use hangtu_train::exam::{Points, points};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

pub(super) fn routes(r: &mut Routes) {
    let path = "/training/courses/{course}/read/{section}";
    let doc = Doc::new("A section of a course").returns::<Shown>();
    r.get(path, Access::Signed, doc, show);
    let doc = Doc::new("Notes that the reader has read a section").returns::<Read>();
    r.post(path, Access::Signed, doc, read);
    let doc = Doc::new("Answers a short check of the text").body::<Chosen>().returns::<Told>();
    r.post("/training/courses/{course}/checks/{question}", Access::Signed, doc, check);
    let doc = Doc::new("A picture of a course").gives("image/svg+xml");
    r.get("/training/courses/{course}/pictures/{name}", Access::Signed, doc, picture);
}

/// A part of a section, in its order; which fields it has depends on what it is.
#[derive(Default, Serialize, JsonSchema)]
struct Part {
    /// `text`, `picture` or `check`.
    what: &'static str,
    /// Of a text: safe HTML.
    html: String,
    /// Of a picture: its file; of a check: its id.
    name: String,
    caption: String,
    /// Of a check: `single`, `multiple` or `order`.
    kind: &'static str,
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    situation: Option<Bilingual>,
    evidence: Vec<String>,
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    question: Option<Bilingual>,
    /// Options, with their places in the bank.
    #[schemars(with = "Vec<(u8, BTreeMap<String, String>)>")]
    options: Vec<(u8, Bilingual)>,
    /// What the reader chose, and whether it holds; absent before.
    answered: Option<bool>,
    chosen: Vec<u8>,
    right: Vec<u8>,
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    why: Option<Bilingual>,
}

/// A section.
#[derive(Serialize, JsonSchema)]
struct Shown {
    course: String,
    #[schemars(with = "BTreeMap<String, String>")]
    course_title: Bilingual,
    section: String,
    title: String,
    number: usize,
    of: usize,
    previous: Option<String>,
    next: Option<String>,
    read: bool,
    parts: Vec<Part>,
}

#[derive(Template)]
#[template(path = "train/reading.html")]
struct ReadingPage<'a> {
    page: Page,
    data: &'a Shown,
}

#[allow(clippy::unused_self, clippy::trivially_copy_pass_by_ref, reason = "templates call methods")]
impl ReadingPage<'_> {
    fn has(&self, places: &[u8], place: &u8) -> bool {
        places.contains(place)
    }

    fn option<'p>(&'p self, part: &'p Part, place: &u8) -> &'p str {
        part.options.iter().find(|o| o.0 == *place).map_or("", |o| self.page.b(&o.1))
    }
}

/// Places of the options as shown. Steps to be put in order are shown in another one, always the
/// same for a question.
fn places(question: &course::Question) -> Vec<u8> {
    let mut all: Vec<u8> = (0..question.options.len() as u8).collect();
    if question.kind == course::Kind::Order {
        let key = |n: &u8| hangtu_catalog::sha256(format!("{} {n}", question.id).as_bytes());
        all.sort_by_key(key);
        if all.is_sorted() {
            all.rotate_left(1);
        }
    }
    all
}

fn check_part(question: &course::Question, answered: Option<&(Vec<u8>, bool)>) -> Part {
    let place = |n: u8| (n, question.options[usize::from(n)].text.clone());
    Part {
        what: "check",
        name: question.id.clone(),
        kind: super::exam::kind_name(question.kind),
        situation: question.situation.clone(),
        evidence: question.evidence.clone(),
        question: Some(question.question.clone()),
        options: places(question).into_iter().map(place).collect(),
        answered: answered.map(|a| a.1),
        chosen: answered.map(|a| a.0.clone()).unwrap_or_default(),
        right: answered.map(|_| question.right()).unwrap_or_default(),
        why: answered.map(|_| question.why.clone()),
        ..Part::default()
    }
}

async fn show(ctx: Ctx, Path((id, section)): Path<(String, String)>) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let c = &mut *ctx.app.db.read().await?;
    let shelf = shelf::shelf(&ctx.app, c, &who.organisation).await?;
    let course = shelf.one(&id)?;
    let answered = courses::checks(c, &who.organisation, &who.person, &id).await?;
    let progress = courses::progress(c, &who.organisation, &who.person).await?.remove(&id);
    let sections = &course.reading(ctx.language).sections;
    let at = sections.iter().position(|s| s.anchor == section).ok_or(Error::NotFound)?;
    let part = |node: &Node| match node {
        Node::Html(html) => Some(Part { what: "text", html: html.clone(), ..Part::default() }),
        Node::Picture { name, caption } => Some(Part {
            what: "picture",
            name: name.clone(),
            caption: caption.clone(),
            ..Part::default()
        }),
        Node::Check(id) => course.question(id).map(|q| check_part(q, answered.get(id))),
    };
    let anchor = |at: usize| sections.get(at).map(|s| s.anchor.clone());
    let data = Shown {
        course: id,
        course_title: course.title.clone(),
        title: sections[at].title.clone(),
        number: at + 1,
        of: sections.len(),
        previous: at.checked_sub(1).and_then(anchor),
        next: anchor(at + 1),
        read: progress.is_some_and(|p| p.has(&section)),
        parts: sections[at].nodes.iter().filter_map(part).collect(),
        section,
    };
    ctx.show_titled(data.title.clone(), &data, |page| ReadingPage { page, data: &data })
}

/// Whether that was the last of it.
#[derive(Serialize, JsonSchema)]
struct Read {
    finished: bool,
}

async fn read(ctx: Ctx, Path((id, section)): Path<(String, String)>) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let shelf = shelf::shelf(&ctx.app, &mut change, &who.organisation).await?;
    let course = shelf.one(&id)?;
    let sections = &course.reading(ctx.language).sections;
    let at = sections.iter().position(|s| s.anchor == section).ok_or(Error::NotFound)?;
    let finished = courses::advance(&mut change, &who.person, course, Some(&section)).await?;
    let detail = json!({ "section": section, "version": course.version });
    change.note("course.read", format!("course/{id}"), detail);
    change.commit().await?;
    let next = match sections.get(at + 1) {
        Some(next) => format!("/training/courses/{id}/read/{}", next.anchor),
        None => format!("/training/courses/{id}"),
    };
    Ok(ctx.done(&Read { finished }, &next, key::TRAIN_READ))
}

/// What is chosen, as places in the bank.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Chosen {
    choice: Vec<u8>,
    /// Of steps, instead: which one stands first, second …, one of each.
    order: Vec<u8>,
}

/// Whether it holds.
#[derive(Serialize, JsonSchema)]
struct Told {
    right: bool,
    #[schemars(with = "BTreeMap<String, String>")]
    why: Bilingual,
}

async fn check(
    ctx: Ctx,
    Path((id, question)): Path<(String, String)>,
    Input(chosen): Input<Chosen>,
) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let shelf = shelf::shelf(&ctx.app, &mut change, &who.organisation).await?;
    let course = shelf.one(&id)?;
    // Only the checks of the text are answered here: the bank stays closed.
    let question = course.question(&question).filter(|q| q.check).ok_or(Error::NotFound)?;
    let mut places =
        if question.kind == course::Kind::Order { chosen.order } else { chosen.choice };
    places.truncate(16);
    let known = places.iter().all(|n| usize::from(*n) < question.options.len());
    let distinct = (1..places.len()).all(|n| !places[..n].contains(&places[n]));
    if places.is_empty() || !known || !distinct {
        return Err(Error::invalid("choice", key::TRAIN_CHOOSE));
    }
    let won = points(question, &places, ctx.app.catalog.training.marking);
    let right = won == Points::ONE;
    let text: Vec<String> = places.iter().map(u8::to_string).collect();
    sqlx::query(
        "INSERT INTO course_check (organisation, person, course, question, chosen, holds, time) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (organisation, person, course, question) \
         DO UPDATE SET chosen = excluded.chosen, holds = excluded.holds, time = excluded.time",
    )
    .bind(&who.organisation)
    .bind(&who.person)
    .bind(&id)
    .bind(&question.id)
    .bind(text.join(","))
    .bind(i64::from(right))
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    courses::advance(&mut change, &who.person, course, None).await?;
    let detail = json!({ "question": question.id, "right": if right { "yes" } else { "no" } });
    change.note("course.check", format!("course/{id}"), detail);
    change.commit().await?;
    let of = course
        .reading(ctx.language)
        .sections
        .iter()
        .find(|s| s.nodes.iter().any(|n| matches!(n, Node::Check(id) if *id == question.id)));
    let section = of.map_or("s1", |s| &s.anchor);
    let next = format!("/training/courses/{id}/read/{section}#{}", question.id);
    let told = Told { right, why: question.why.clone() };
    let said = if right { key::TRAIN_RIGHT } else { key::TRAIN_WRONG };
    Ok(ctx.done(&told, &next, said))
}

async fn picture(ctx: Ctx, Path((id, name)): Path<(String, String)>) -> Result<Response, Error> {
    let c = &mut *ctx.app.db.read().await?;
    let shelf = shelf::shelf(&ctx.app, c, ctx.organisation()?).await?;
    let svg = shelf.one(&id)?.picture(&name).ok_or(Error::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml; charset=utf-8")),
        // Shapes and texts only, whatever stands in it.
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    Ok((headers, svg.to_string()).into_response())
}
