//! What the answers of many say about the questions of a course's bank.

use super::{TRAIN, shelf};
use crate::{
    auth::Right,
    ctx::Ctx,
    error::Error,
    route::{Access, Doc, Routes},
    ui::{Count, Page},
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, key};
use hangtu_train::exam::{Flag, Marked, Sat, statistics};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Papers looked at: the latest.
const PAPERS: i64 = 20_000;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Difficulty and discrimination of each question of a course's bank");
    r.get("/training/courses/{course}/items", Access::May(TRAIN), doc.returns::<Shown>(), show);
}

/// A question and what its answers say.
#[derive(Serialize, JsonSchema)]
struct Item {
    id: String,
    #[schemars(with = "BTreeMap<String, String>")]
    question: Bilingual,
    candidates: u32,
    difficulty: f64,
    discrimination: Option<f64>,
    upper_lower: Option<f64>,
    /// How often each option was chosen, and whether it is right.
    options: Vec<(u32, bool)>,
    flags: Vec<&'static str>,
}

/// A course's bank.
#[derive(Serialize, JsonSchema)]
struct Shown {
    course: String,
    papers: usize,
    /// Candidates below which nothing is said.
    least: u32,
    items: Vec<Item>,
}

#[derive(Template)]
#[template(path = "train/items.html")]
struct ItemsPage<'a> {
    page: Page,
    data: &'a Shown,
}

#[allow(
    clippy::unused_self,
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "templates call methods"
)]
impl ItemsPage<'_> {
    fn share(&self, n: &f64) -> String {
        format!("{n:.2}")
    }

    fn perhaps(&self, n: &Option<f64>) -> String {
        n.map_or_else(|| "—".into(), |n| format!("{n:.2}"))
    }
}

const fn flag(flag: Flag) -> &'static str {
    match flag {
        Flag::TooHard => "too-hard",
        Flag::TooEasy => "too-easy",
        Flag::LowDiscrimination => "low",
        Flag::NegativeDiscrimination => "negative",
        Flag::IdleDistractor(_) => "idle",
        Flag::TemptsTheBest(_) => "tempts",
    }
}

async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let shelf = shelf::shelf(&ctx.app, c, organisation).await?;
    let course = shelf.one(&id)?;
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT marked FROM exam_attempt WHERE organisation = $1 AND state = 'over' AND \
         (kind = 'track' OR subject = $2) ORDER BY started DESC LIMIT $3",
    )
    .bind(organisation)
    .bind(&id)
    .bind(PAPERS)
    .fetch_all(&mut *c)
    .await?;
    let papers: Vec<Marked> =
        rows.iter().filter_map(|(marked,)| serde_json::from_str(marked).ok()).collect();
    let sat: Vec<Sat<'_>> = papers.iter().map(|m| Sat { items: &m.items }).collect();
    let rule = &ctx.app.catalog.training.items;
    let items = course.bank().map(|question| {
        let found = statistics(question, &sat, rule);
        let mut flags: Vec<&'static str> = found.flags.iter().map(|f| flag(*f)).collect();
        flags.dedup();
        Item {
            id: question.id.clone(),
            question: question.question.clone(),
            candidates: found.candidates,
            difficulty: found.difficulty,
            discrimination: found.discrimination,
            upper_lower: found.upper_lower,
            options: found.options.iter().map(|o| (o.chosen, o.right)).collect(),
            flags,
        }
    });
    let mut items: Vec<Item> = items.collect();
    items.sort_by_key(|i| std::cmp::Reverse((i.flags.len(), i.candidates)));
    let data = Shown { course: id, papers: papers.len(), least: rule.least, items };
    let title = format!("{} · {}", ctx.t(key::TRAIN_ITEMS), course.title.get(ctx.language));
    ctx.show_titled(title, &data, |page| ItemsPage { page, data: &data })
}
