//! One step on many findings: the ticked ones, or all that match a filter. Each that changes has its
//! own entry in the ledger.

use super::{
    actions::{Act, Hand},
    filter::Filter,
    model,
    state::Step,
};
use crate::{
    auth::Right,
    ctx::Ctx,
    db::nothing_to_change,
    error::Error,
    input::Input,
    route::{Access, Doc, Routes},
};
use axum::response::Response;
use hangtu_catalog::{Bilingual, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many at once: a change must not hold the store for long.
const MOST: i64 = 5_000;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Take a step on many findings").body::<Bulk>().returns::<Done>();
    r.post("/findings/bulk", Access::May(Right::Correct), doc, bulk);
}

/// A step on many.
#[derive(Deserialize, JsonSchema)]
struct Bulk {
    /// `assign`, `due`, `comment` or `ask-not-applicable`.
    action: String,
    /// Ids of the findings.
    #[serde(default)]
    id: Vec<String>,
    /// Any text: all that match the filter instead.
    #[serde(default)]
    all: String,
    /// The filter as the list's address says it, `?level=high`.
    #[serde(default)]
    filter: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    due: String,
    #[serde(default)]
    text: String,
}

/// What came of it.
#[derive(Serialize, JsonSchema)]
struct Done {
    changed: u64,
    /// Why others were not changed, and how many: `state`, `missing`.
    refused: BTreeMap<&'static str, u64>,
}

async fn bulk(ctx: Ctx, Input(form): Input<Bulk>) -> Result<Response, Error> {
    let step = Step::from_word(&form.action)
        .filter(|s| matches!(s, Step::Assign | Step::Due | Step::Comment | Step::AskNotApplicable))
        .ok_or_else(|| Error::invalid("action", key::SERVER_FIELD_CHOICE))?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    model::lock(&mut change).await?;
    let mut ids = form.id;
    if !form.all.is_empty() {
        let query = form.filter.trim_start_matches('?');
        let filter: Filter = serde_html_form::from_str(query)
            .map_err(|_| Error::invalid("filter", key::SERVER_FIELD_CHOICE))?;
        let condition = filter.condition(ctx.organisation()?, &ctx.signed()?.person)?;
        let rows = filter.rows(&mut change, &condition, 0, MOST + 1).await?;
        ids = rows.into_iter().map(|r| r.id).collect();
    }
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Err(Error::invalid("id", key::FINDING_BULK_NOTHING));
    }
    if ids.len() as i64 > MOST {
        let most = [("n", (MOST as u64).into())];
        return Err(Error::Invalid("all", Bilingual::message(key::FINDING_BULK_MANY, &most)));
    }
    let act = Act {
        step: form.action,
        text: form.text,
        owner: form.owner,
        due: form.due,
        measure: String::new(),
        until: String::new(),
        fixed: String::new(),
    };
    let hand = Hand::new(&ctx, &mut change, act, step).await?;
    let mut done = Done { changed: 0, refused: BTreeMap::new() };
    for id in &ids {
        let why = match hand.take(&ctx, &mut change, id).await {
            Ok(_) => {
                done.changed += 1;
                continue;
            }
            Err(Error::Conflict(_)) => "state",
            Err(Error::NotFound) => "missing",
            // What is wrong with the input is wrong for all.
            Err(e) => return Err(e),
        };
        *done.refused.entry(why).or_default() += 1;
    }
    if done.changed > 0 {
        change.commit().await?;
    } else {
        nothing_to_change();
    }
    let refused: Vec<_> = done.refused.iter().map(|(why, n)| format!("{why}:{n}")).collect();
    let back = if form.filter.starts_with('?') { form.filter.as_str() } else { "?" };
    let next = format!("/findings{back}&changed={}&refused={}", done.changed, refused.join(","));
    Ok(ctx.done(&done, &next, key::FINDING_DONE))
}
