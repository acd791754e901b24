//! What an enterprise was told, and what it answers: the same for one that works in the supervisor's
//! instance and for one that took the notice in as a file.

use super::{
    answer::{self, Ack, Linked, Named, Reply},
    file::{Kept, files},
    load,
    model::{Item, Member, Notice},
    page::{Row, Told, rows, shade, stands, tone},
};
use crate::{
    auth::Right,
    clock, correct,
    ctx::Ctx,
    db::{Actor, Change},
    error::Error,
    input::{Input, prose},
    ui::Page,
};
use askama::Template;
use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Bilingual, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::AnyConnection;

/// Findings and files of one answer.
pub(super) const LINKS: usize = 100;

/// A notice in the enterprise's list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(in crate::supervise) struct Own {
    notice: Notice,
    member: Member,
    /// How the enterprise stands, in a word.
    stands: &'static str,
}

impl Own {
    pub(in crate::supervise) fn id(&self) -> &str {
        &self.notice.id
    }

    pub(in crate::supervise) fn kind(&self) -> &str {
        &self.notice.kind
    }

    pub(in crate::supervise) fn colour(&self) -> &str {
        &self.notice.colour
    }

    pub(in crate::supervise) fn issuer(&self) -> &str {
        &self.notice.issuer
    }

    pub(in crate::supervise) fn lifted(&self) -> bool {
        self.notice.lifted.is_some()
    }

    pub(in crate::supervise) fn title(&self, page: &Page) -> &str {
        self.notice.title(page.ctx.language)
    }

    pub(in crate::supervise) fn stands(&self) -> &'static str {
        self.stands
    }

    pub(in crate::supervise) fn tone(&self) -> &'static str {
        tone(self.stands)
    }

    pub(in crate::supervise) fn shade(&self) -> &'static str {
        shade(&self.notice.colour)
    }

    /// By when something is owed next.
    pub(in crate::supervise) fn next(&self) -> Option<i64> {
        let (n, m) = (&self.notice, &self.member);
        if m.acknowledged.is_none() { Some(n.due) } else { m.next_due }
    }
}

/// Everything an enterprise was told.
pub(in crate::supervise) async fn owned(
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Vec<Own>, Error> {
    let own = |(notice, member): (Notice, Member)| Own {
        stands: stands(&notice, &member),
        notice,
        member,
    };
    Ok(load::all_told(c, organisation, "").await?.into_iter().map(own).collect())
}

pub(super) async fn list(ctx: Ctx) -> Result<Response, Error> {
    // People read it on the page of what is asked of them.
    if !ctx.data {
        return Ok(ctx.go("/campaigns"));
    }
    let all = owned(&mut *ctx.app.db.read().await?, ctx.organisation()?).await?;
    Ok(Json(all).into_response())
}

/// A notice as the enterprise sees it.
#[derive(Serialize, JsonSchema)]
pub(super) struct One {
    notice: Notice,
    items: Vec<Item>,
    member: Member,
    replies: Vec<Reply>,
    files: Vec<Kept>,
    stands: &'static str,
}

#[derive(Template)]
#[template(path = "supervise/steer/own.html")]
struct OnePage<'a> {
    page: Page,
    one: &'a One,
    n: &'a Notice,
    m: &'a Member,
    rows: Vec<Row<'a>>,
    meaning: String,
}

impl OnePage<'_> {
    fn told(&self) -> Told<'_> {
        Told { page: &self.page, n: self.n }
    }

    fn tone(&self, word: &str) -> &'static str {
        tone(word)
    }

    fn files(&self, place: &usize) -> Vec<&Kept> {
        self.one.files.iter().filter(|f| f.place == *place as i64).collect()
    }
}

pub(super) async fn one(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let (notice, member) = load::told(c, organisation, &id).await?;
    let one = One {
        items: notice.items()?,
        replies: load::replies(c, &notice, &member.credit_code).await?,
        files: files(c, organisation, &id).await?,
        stands: stands(&notice, &member),
        notice,
        member,
    };
    let title = one.notice.title(ctx.language).to_owned();
    let colour = ctx.app.catalog.steering.colour(&one.notice.colour);
    let meaning = colour.map(|c| c.meaning.get(ctx.language).to_owned()).unwrap_or_default();
    ctx.show_titled(title, &one, |page| OnePage {
        page,
        rows: rows(&one.items, &one.replies, clock::now()),
        one: &one,
        n: &one.notice,
        m: &one.member,
        meaning,
    })
}

pub(super) async fn pack(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let c = &mut *ctx.app.db.read().await?;
    let (notice, _) = load::told(c, ctx.organisation()?, &id).await?;
    if !notice.has_pack() {
        return Err(Error::NotFound);
    }
    let name = format!("bulletin-{}.yml", notice.number);
    Ok(correct::file(notice.pack.into_bytes(), "application/yaml", &name))
}

/// What somebody says when they take notice.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Note {
    note: String,
}

/// What is done to a notice that still holds.
async fn held(change: &mut Change, id: &str) -> Result<(Notice, String), Error> {
    let organisation = change.organisation().to_owned();
    let (notice, member) = load::told(change, &organisation, id).await?;
    if notice.lifted.is_some() {
        return Err(Error::conflict(key::STEER_LIFTED));
    }
    Ok((notice, member.credit_code))
}

/// Enters what was done in the enterprise's trail, and, where the supervisor works in this instance,
/// in its own; then makes it durable.
async fn enter(
    mut change: Change,
    (n, code): (&Notice, &str),
    actions: [&'static str; 2],
    mut detail: serde_json::Value,
) -> Result<(), Error> {
    detail["number"] = n.number.into();
    change.note(actions[0], format!("notice/{}", n.id), detail.clone());
    if n.holder.is_empty() {
        change.turn(&Actor::system(&n.supervisor)).await?;
        detail["code"] = code.into();
        change.note(actions[1], format!("notice/{}", n.id), detail);
    }
    change.commit().await
}

pub(super) async fn acknowledge(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(typed): Input<Note>,
) -> Result<Response, Error> {
    let note = prose("note", &typed.note, 2_000)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let (notice, code) = held(&mut change, &id).await?;
    let ack = Ack { time: clock::now(), name: change.actor().name.clone(), note };
    if !answer::acknowledge(&mut change, &notice, &code, &ack).await? {
        return Err(Error::conflict(key::STEER_KNOWN));
    }
    let detail = json!({ "name": ack.name, "note": ack.note });
    enter(change, (&notice, &code), ["notice.acknowledge", "notice.answered"], detail).await?;
    Ok(ctx.done(&json!({}), &format!("/notices/{id}"), key::STEER_ACKNOWLEDGED_DONE))
}

/// An answer.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Typed {
    /// What was done, and how it shows.
    text: String,
    /// Of an assessment: its conclusion.
    conclusion: String,
    /// Numbers of findings it is about, with commas or spaces between.
    findings: String,
}

/// The findings that an answer names: number, level and state are told, nothing else.
async fn linked(change: &mut Change, organisation: &str, text: &str) -> Result<Vec<Linked>, Error> {
    let apart = |c: char| c.is_whitespace() || matches!(c, ',' | '，' | '、' | ';' | '；' | '#');
    let unknown = |word: &str| {
        let word: String = word.chars().take(40).collect();
        let number = [("number", word.as_str().into())];
        Error::Invalid("findings", Bilingual::message(key::STEER_NO_FINDING, &number))
    };
    let mut all = Vec::new();
    for word in text.split(apart).filter(|w| !w.is_empty()).take(LINKS) {
        let number: i64 = word.parse().map_err(|_| unknown(word))?;
        let found = correct::by_number(change, organisation, number).await?;
        let (level, state) = found.ok_or_else(|| unknown(word))?;
        all.push(Linked { number, level, state });
    }
    Ok(all)
}

pub(super) async fn reply(
    ctx: Ctx,
    Path((id, place)): Path<(String, u32)>,
    Input(typed): Input<Typed>,
) -> Result<Response, Error> {
    let text = prose("text", &typed.text, 4_000)?;
    let conclusion = prose("conclusion", &typed.conclusion, 4_000)?;
    if text.is_empty() {
        return Err(Error::invalid("text", key::SERVER_FIELD_EMPTY));
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let (notice, code) = held(&mut change, &id).await?;
    // A special assessment ends with what it came to.
    if notice.kind == "assessment" && conclusion.is_empty() {
        return Err(Error::invalid("conclusion", key::SERVER_FIELD_EMPTY));
    }
    let findings = linked(&mut change, &organisation, &typed.findings).await?;
    let kept = files(&mut change, &organisation, &id).await?;
    let files: Vec<Named> = kept
        .into_iter()
        .filter(|f| f.place == i64::from(place))
        .take(LINKS)
        .map(|f| Named { name: f.name, bytes: f.bytes, sha256: f.sha256 })
        .collect();
    let text_of = |value: serde_json::Result<String>| value.map_err(Error::internal);
    let reply = Reply {
        place: place.into(),
        time: clock::now(),
        person_name: change.actor().name.clone(),
        text,
        conclusion,
        findings: text_of(serde_json::to_string(&findings))?,
        files: text_of(serde_json::to_string(&files))?,
        ..Reply::default()
    };
    let round = answer::reply(&mut change, &notice, &code, reply).await?;
    let hashes: Vec<&str> = files.iter().map(|f| f.sha256.as_str()).collect();
    let detail = json!({ "item": place + 1, "round": round, "sha256": hashes });
    enter(change, (&notice, &code), ["notice.reply", "notice.answered"], detail).await?;
    Ok(ctx.done(&json!({ "round": round }), &format!("/notices/{id}"), key::STEER_REPLIED_DONE))
}

/// Whether the rules of a bulletin are examined with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Apply {
    /// `yes` or `no`.
    on: String,
}

pub(super) async fn apply(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(typed): Input<Apply>,
) -> Result<Response, Error> {
    let applied = match typed.on.as_str() {
        "yes" => Some(clock::now()),
        "no" => None,
        _ => return Err(Error::invalid("on", key::SERVER_FIELD_CHOICE)),
    };
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let (notice, member) = load::told(&mut change, &organisation, &id).await?;
    if !notice.has_pack() {
        return Err(Error::conflict(key::STEER_NO_PACK));
    }
    sqlx::query(
        "UPDATE notice_member SET applied = $4 \
         WHERE supervisor = $1 AND notice = $2 AND credit_code = $3",
    )
    .bind(&notice.supervisor)
    .bind(&id)
    .bind(&member.credit_code)
    .bind(applied)
    .execute(&mut *change)
    .await?;
    let detail = json!({ "on": typed.on, "sha256": notice.pack_sha256 });
    let code = member.credit_code;
    enter(change, (&notice, &code), ["notice.apply", "notice.answered"], detail).await?;
    let said = if applied.is_some() { key::STEER_APPLIED_DONE } else { key::STEER_STOPPED_DONE };
    Ok(ctx.done(&json!({}), &format!("/notices/{id}"), said))
}
