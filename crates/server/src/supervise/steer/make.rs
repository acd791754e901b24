//! Telling something, changing it, lifting it.

use super::{
    change::may_issue,
    model::{COLUMNS, Item, Notice},
};
use crate::{
    auth::new_id,
    clock,
    ctx::Ctx,
    db::{Batch, Change, Value},
    error::Error,
    input::{self, Asked, Input, line, prose},
    supervise::{model::several, roster::Filter},
};
use axum::response::Response;
use hangtu_catalog::{Bilingual, Steering, credit_code, key, sha256};
use hangtu_examine::Rules;
use jiff::civil::{Date, DateTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Enterprises of one notice, at most.
const MOST: i64 = 500_000;
/// Enterprises that may be named one by one.
const NAMED: usize = 2_000;
/// Items of one notice.
const ITEMS: usize = 50;
/// Characters of a text, and of the rules of a bulletin.
pub(super) const LONG: usize = 10_000;
pub(super) const PACK: usize = 200_000;

/// What is told.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct New {
    /// `warning`, `order`, `assessment`, `interview` or `bulletin`.
    kind: String,
    /// Of a warning: `red`, `orange`, `yellow` or `blue`.
    colour: String,
    /// Credit codes of the enterprises; those that the query matches when empty.
    codes: String,
    title_zh: String,
    title_en: String,
    /// Possible scope and harm; the facts of an order; why an interview was held.
    reason_zh: String,
    reason_en: String,
    /// What it says; the scope of an assessment; the minutes of an interview.
    text_zh: String,
    text_en: String,
    /// What is to be done.
    todo_zh: String,
    todo_en: String,
    /// Word of a clause; that of the kind when empty.
    basis: String,
    /// Of an interview: who took part.
    persons: String,
    /// From when it holds, `2026-12-01T09:30` or a day; now when empty. Of an interview: when it
    /// was held.
    since: String,
    /// Last day.
    until: String,
    /// Day by which it is acknowledged.
    due: String,
    /// Instead: in how many hours; those of the colour or kind when empty.
    #[serde(deserialize_with = "input::blank")]
    hours: Option<u32>,
    /// What is to be done one by one: texts, and in step with them words of clauses, days by which
    /// each is answered, or numbers of working days.
    item_text: Vec<String>,
    item_basis: Vec<String>,
    item_due: Vec<String>,
    item_days: Vec<String>,
    /// Of a bulletin: rules (Sigma, YAML); none makes it advice alone.
    pack: String,
}

/// The new notice.
#[derive(Serialize, JsonSchema)]
pub(super) struct Made {
    id: String,
    number: i64,
    members: usize,
}

pub(super) fn choice(field: &'static str) -> Error {
    Error::invalid(field, key::SERVER_FIELD_CHOICE)
}

pub(super) fn day(field: &'static str, text: &str) -> Result<Option<i64>, Error> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let day: Date = text.trim().parse().map_err(|_| choice(field))?;
    Ok(Some(clock::end_of(day)))
}

fn moment(field: &'static str, text: &str) -> Result<Option<i64>, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day = text.parse::<Date>().ok().map(|d| d.at(0, 0, 0, 0));
    let time = if text.len() > 10 { text.parse::<DateTime>().ok() } else { day };
    time.and_then(clock::of).map(Some).ok_or_else(|| choice(field))
}

/// A text in both languages, at least in one where it is needed.
fn both(
    [field, other]: [&'static str; 2],
    [zh, en]: [&str; 2],
    max: usize,
    needed: bool,
) -> Result<[String; 2], Error> {
    let texts = [prose(field, zh, max)?, prose(other, en, max)?];
    if needed && texts.iter().all(String::is_empty) {
        return Err(Error::invalid(field, key::SERVER_FIELD_EMPTY));
    }
    Ok(texts)
}

impl New {
    fn titles(&self) -> Result<[String; 2], Error> {
        let pair = [&*self.title_zh, &*self.title_en];
        let titles = both(["title_zh", "title_en"], pair, 120, true)?;
        for (field, title) in ["title_zh", "title_en"].iter().zip(&titles) {
            if !title.is_empty() {
                line(field, title, 120)?;
            }
        }
        Ok(titles)
    }

    /// Limit of the acknowledgement.
    fn due(&self, steering: &Steering, now: i64) -> Result<i64, Error> {
        if let Some(due) = day("due", &self.due)? {
            return if due > now { Ok(due) } else { Err(choice("due")) };
        }
        let usual = steering.colour(&self.colour).map(|c| c.acknowledge_hours);
        let usual = usual.or_else(|| steering.kind(&self.kind).map(|k| k.acknowledge_hours));
        let hours = self.hours.unwrap_or_else(|| u32::from(usual.unwrap_or(72)));
        if !(1..=24 * 366).contains(&hours) {
            return Err(choice("hours"));
        }
        Ok(now + i64::from(hours) * 3_600 * clock::SECOND)
    }

    fn basis(steering: &Steering, id: &str, field: &'static str) -> Result<[String; 2], Error> {
        if id.is_empty() {
            return Ok(Default::default());
        }
        let clause = steering.clause(id).ok_or_else(|| choice(field))?;
        Ok([clause.title.zh.to_string(), clause.title.en.to_string()])
    }

    fn items(&self, ctx: &Ctx, now: i64) -> Result<Vec<Item>, Error> {
        let steering = &ctx.app.catalog.steering;
        let usual = steering.kind(&self.kind).map_or(10, |k| k.item_days);
        let mut items = Vec::new();
        for (at, text) in self.item_text.iter().enumerate() {
            let text = prose("item_text", text, 2_000)?;
            if text.is_empty() {
                continue;
            }
            let cell = |list: &[String]| list.get(at).cloned().unwrap_or_default();
            let days = match cell(&self.item_days).trim() {
                "" => usual,
                days => {
                    days.parse().ok().filter(|d| *d <= 1_000).ok_or_else(|| choice("item_days"))?
                }
            };
            let due = match day("item_due", &cell(&self.item_due))? {
                Some(due) if due < now => return Err(choice("item_due")),
                Some(due) => due,
                None => {
                    let today = clock::day(now);
                    clock::end_of(ctx.app.catalog.calendar.add_working_days(today, days.into()))
                }
            };
            let [zh, en] = Self::basis(steering, cell(&self.item_basis).trim(), "item_basis")?;
            items.push(Item { text, basis_zh: zh, basis_en: en, due });
        }
        let fits = match self.kind.as_str() {
            // A warning or bulletin is acknowledged as a whole.
            "warning" | "bulletin" => items.is_empty(),
            "interview" => items.len() <= ITEMS,
            _ => (1..=ITEMS).contains(&items.len()),
        };
        if fits { Ok(items) } else { Err(Error::invalid("item_text", key::STEER_ITEMS)) }
    }

    /// The rules of a bulletin and their ids.
    fn pack(&self, ctx: &Ctx) -> Result<(String, String), Error> {
        let text = self.pack.replace("\r\n", "\n");
        if self.kind != "bulletin" || text.trim().is_empty() {
            return Ok(Default::default());
        }
        if text.chars().count() > PACK {
            let max = [("max", (PACK as u64).into())];
            return Err(Error::Invalid("pack", Bilingual::message(key::SERVER_FIELD_LONG, &max)));
        }
        let ids = Rules::pack(&ctx.app.catalog, "pack.yml", &text).map_err(|why| bad_pack(&why))?;
        Ok((text, ids.join(" ")))
    }

    fn named(&self) -> Result<Vec<String>, Error> {
        let unknown = |code: &str| {
            let code: String = code.chars().take(40).collect();
            let code = [("code", code.as_str().into())];
            Error::Invalid("codes", Bilingual::message(key::STEER_UNKNOWN, &code))
        };
        let apart = |c: char| c.is_whitespace() || matches!(c, ',' | '，' | '、' | ';' | '；');
        let codes = self.codes.split(apart).filter(|c| !c.is_empty());
        let codes: Result<Vec<_>, _> = codes
            .map(|c| credit_code(c).map(|c| c.as_str().to_owned()).map_err(|_| unknown(c)))
            .collect();
        let mut codes = codes?;
        codes.sort();
        codes.dedup();
        if codes.len() > NAMED {
            let max = [("max", (NAMED as u64).into())];
            return Err(Error::Invalid("codes", Bilingual::message(key::SERVER_FIELD_LONG, &max)));
        }
        Ok(codes)
    }

    /// Which enterprises.
    async fn codes(&self, ctx: &Ctx, filter: &Filter) -> Result<Vec<String>, Error> {
        let (supervisor, named) = (ctx.organisation()?, self.named()?);
        if named.is_empty() {
            // An interview is held with somebody, never with a list.
            if self.kind == "interview" {
                return Err(Error::invalid("codes", key::STEER_NAME_THEM));
            }
            return filter.codes(&ctx.app, supervisor, MOST).await;
        }
        let asked: Vec<&str> = named.iter().map(String::as_str).collect();
        let known = several(&mut *ctx.app.db.read().await?, supervisor, &asked).await?;
        let on = |code: &str| known.iter().any(|f| f.credit_code == code && f.counts());
        match named.iter().find(|code| !on(code)) {
            Some(code) => {
                let code = [("code", code.as_str().into())];
                Err(Error::Invalid("codes", Bilingual::message(key::STEER_UNKNOWN, &code)))
            }
            None => Ok(named),
        }
    }
}

/// Rules that cannot be used, in words.
pub(super) fn bad_pack(why: &Bilingual) -> Error {
    let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(300).collect::<String>();
    let why = Bilingual::new(short(&why.zh), short(&why.en));
    Error::Invalid("pack", Bilingual::around(key::STEER_BAD_PACK, &[], "why", &why))
}

pub(super) async fn make(
    ctx: Ctx,
    Asked(filter): Asked<Filter>,
    Input(mut new): Input<New>,
) -> Result<Response, Error> {
    if new.kind != "warning" {
        new.colour.clear();
    }
    may_issue(&ctx, &new.kind, &new.colour)?;
    let steering = &ctx.app.catalog.steering;
    let now = clock::now();
    let [title_zh, title_en] = new.titles()?;
    let text = ["order", "interview"].contains(&new.kind.as_str());
    let reason = [&*new.reason_zh, &*new.reason_en];
    let [reason_zh, reason_en] = both(["reason_zh", "reason_en"], reason, LONG, text)?;
    let needed = new.kind != "order";
    let text = [&*new.text_zh, &*new.text_en];
    let [text_zh, text_en] = both(["text_zh", "text_en"], text, LONG, needed)?;
    let todo = [&*new.todo_zh, &*new.todo_en];
    let [todo_zh, todo_en] = both(["todo_zh", "todo_en"], todo, LONG, new.kind == "warning")?;
    let usual = steering.kind(&new.kind).map_or("", |k| k.clause.as_str());
    let basis = if new.basis.is_empty() { usual } else { &new.basis };
    let [basis_zh, basis_en] = New::basis(steering, basis, "basis")?;
    let persons = prose("persons", &new.persons, 1_000)?;
    let (since, until) = (moment("since", &new.since)?, day("until", &new.until)?);
    if new.kind == "interview" {
        // Who was there and when: what is recorded has happened.
        line("persons", persons.lines().next().unwrap_or_default(), 1_000)?;
        if since.is_none_or(|t| t > now) {
            return Err(choice("since"));
        }
    }
    let since = since.unwrap_or(now);
    if until.is_some_and(|t| t <= since || t <= now) {
        return Err(choice("until"));
    }
    let items = new.items(&ctx, now)?;
    let (pack, rules) = new.pack(&ctx)?;
    let codes = new.codes(&ctx, &filter).await?;
    if codes.is_empty() {
        return Err(Error::conflict(key::CAMPAIGN_NOBODY));
    }

    let issuer = ctx.signed()?.organisation_name.clone();
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let supervisor = change.organisation().to_owned();
    let id = new_id();
    let (number,): (i64,) = sqlx::query_as(
        "SELECT COALESCE(MAX(number), 0) + 1 FROM notice WHERE supervisor = $1 AND holder = ''",
    )
    .bind(&supervisor)
    .fetch_one(&mut *change)
    .await?;
    let notice = Notice {
        issue: id.clone(),
        id,
        supervisor,
        issuer,
        holder: String::new(),
        number,
        title_zh,
        title_en,
        reason_zh,
        reason_en,
        text_zh,
        text_en,
        todo_zh,
        todo_en,
        basis_zh,
        basis_en,
        persons,
        since,
        until,
        due: new.due(steering, now)?,
        many: items.len() as i64,
        items: serde_json::to_string(&items).map_err(Error::internal)?,
        pack_sha256: if pack.is_empty() { String::new() } else { sha256(pack.as_bytes()) },
        pack,
        rules,
        filter: if new.codes.trim().is_empty() { filter.here() } else { String::new() },
        members: codes.len() as i64,
        made: now,
        person_name: change.actor().name.clone(),
        revision: 1,
        kind: new.kind,
        colour: new.colour,
        ..Notice::default()
    };
    put(&mut change, &notice, &codes).await?;
    let some: Vec<&String> = codes.iter().take(100).collect();
    let detail = json!({ "number": number, "kind": notice.kind, "colour": notice.colour,
        "title": notice.title_zh, "members": codes.len(), "filter": notice.filter,
        "codes": if notice.filter.is_empty() { some } else { vec![] },
        "rules": notice.rules, "sha256": notice.pack_sha256 });
    change.note("notice.issue", format!("notice/{}", notice.id), detail);
    change.commit().await?;
    let next = format!("/supervise/notices/{}", notice.id);
    let made = Made { id: notice.id, number, members: codes.len() };
    Ok(ctx.done(&made, &next, key::STEER_MADE))
}

/// Writes a notice and whom it is told.
pub(super) async fn put(
    change: &mut Change,
    notice: &Notice,
    codes: &[String],
) -> Result<(), Error> {
    let mut batch = Batch::insert("notice", COLUMNS);
    batch.add(change, notice.values()).await?;
    batch.flush(change).await?;
    let next = notice.items()?.iter().map(|i| i.due).min();
    let mut batch =
        Batch::insert("notice_member", &["notice", "supervisor", "credit_code", "next_due"]);
    for code in codes {
        let row: [Value; 4] =
            [(&notice.id).into(), (&notice.supervisor).into(), code.into(), next.into()];
        batch.add(change, row).await?;
    }
    batch.flush(change).await
}
