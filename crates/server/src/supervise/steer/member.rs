//! One enterprise and a notice: what it answered, and what is decided about it.

use super::{
    answer::{self, Ack, Reply, Verdict},
    load,
    make::{choice, day},
    model::{Item, Member, Notice},
    page::{Row, Told, rows, tone},
};
use crate::{
    clock,
    ctx::Ctx,
    error::Error,
    input::{Input, prose},
    supervise::{model::find, roster},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How one enterprise stands to a notice.
#[derive(Serialize, JsonSchema)]
pub(super) struct One {
    notice: Notice,
    items: Vec<Item>,
    name: String,
    member: Member,
    acknowledged: Option<Ack>,
    replies: Vec<Reply>,
    /// How it stands, in a word.
    stands: &'static str,
    /// Whether it works in this instance; else it gets a file.
    hosted: bool,
}

#[derive(Template)]
#[template(path = "supervise/steer/member.html")]
struct MemberPage<'a> {
    page: Page,
    one: &'a One,
    n: &'a Notice,
    m: &'a Member,
    rows: Vec<Row<'a>>,
}

impl MemberPage<'_> {
    fn told(&self) -> Told<'_> {
        Told { page: &self.page, n: self.n }
    }

    fn tone(&self, word: &str) -> &'static str {
        tone(word)
    }
}

pub(super) async fn one(
    ctx: Ctx,
    Path((id, code)): Path<(String, String)>,
) -> Result<Response, Error> {
    let supervisor = ctx.organisation()?;
    let mut c = ctx.app.db.read().await?;
    let notice = load::issued(&mut c, supervisor, &id).await?;
    let member = load::member(&mut c, &notice, &code).await?;
    let firm = find(&mut c, supervisor, &code).await?;
    let replies = load::replies(&mut c, &notice, &code).await?;
    let hosted = crate::admin::hosted(&mut c, &code).await?.is_some();
    // Who waits for a look to be entered keeps no connection from others.
    drop(c);
    roster::looked(&ctx, &firm).await?;
    let ack = |time| Ack { time, name: member.ack_name.clone(), note: member.ack_note.clone() };
    let one = One {
        items: notice.items()?,
        acknowledged: member.acknowledged.map(ack),
        replies,
        stands: member.stands(&notice, clock::now()),
        hosted,
        name: firm.name,
        member,
        notice,
    };
    ctx.show_titled(one.name.clone(), &one, |page| MemberPage {
        page,
        rows: rows(&one.items, &one.replies, clock::now()),
        one: &one,
        n: &one.notice,
        m: &one.member,
    })
}

/// What is decided about an answer.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Decision {
    /// Which item, from 0.
    #[serde(deserialize_with = "crate::input::blank")]
    place: Option<u32>,
    /// `accept` or `return`.
    decision: String,
    /// What is missing; needed to return.
    text: String,
    /// Of what is returned: the day by which it is answered again. The item's usual working days
    /// from today when empty.
    due: String,
}

pub(super) async fn decide(
    ctx: Ctx,
    Path((id, code)): Path<(String, String)>,
    Input(typed): Input<Decision>,
) -> Result<Response, Error> {
    let accept = match typed.decision.as_str() {
        "accept" => true,
        "return" => false,
        _ => return Err(choice("decision")),
    };
    let text = prose("text", &typed.text, 2_000)?;
    if !accept && text.is_empty() {
        return Err(Error::invalid("text", key::SERVER_FIELD_EMPTY));
    }
    let now = clock::now();
    let due = day("due", &typed.due)?;
    if due.is_some_and(|t| t < now) {
        return Err(choice("due"));
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let supervisor = change.organisation().to_owned();
    let notice = load::issued(&mut change, &supervisor, &id).await?;
    let days = ctx.app.catalog.steering.kind(&notice.kind).map_or(10, |k| k.item_days);
    let usual = ctx.app.catalog.calendar.add_working_days(clock::day(now), days.into());
    let verdict = Verdict {
        place: typed.place.ok_or_else(|| choice("place"))?.into(),
        accept,
        name: change.actor().name.clone(),
        text,
        due: Some(due.unwrap_or_else(|| clock::end_of(usual))),
    };
    answer::decide(&mut change, &notice, &code, &verdict).await?;
    let action = if accept { "notice.accept" } else { "notice.return" };
    let detail = json!({ "number": notice.number, "code": code, "item": verdict.place + 1,
        "text": verdict.text });
    change.note(action, format!("notice/{id}"), detail);
    change.commit().await?;
    let next = format!("/supervise/notices/{id}/members/{code}");
    let said = if accept { key::STEER_ACCEPTED_DONE } else { key::STEER_RETURNED_DONE };
    Ok(ctx.done(&json!({}), &next, said))
}
