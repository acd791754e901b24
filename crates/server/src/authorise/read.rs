//! The list and the page of one authorisation.

use super::{
    book::{self, Entry, Row},
    observed,
    preview::{self, Preview},
    register::Register,
};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    input::{Asked, blank},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Rows on a page.
const ROWS: usize = 100;
/// What a list may be narrowed to.
/// …
const STATES: [&str; 10] = [
    "waiting", "expiring", "open", "valid", "planned", "draft", "refused", "expired", "closed",
    "revoked",
];

/// What of the list is asked for.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Ask {
    #[serde(default, deserialize_with = "blank")]
    register: Option<Register>,
    /// A state, or `waiting` for what waits for a second person.
    #[serde(default)]
    state: String,
    /// Part of the id or title.
    #[serde(default)]
    q: String,
    /// From 1.
    #[serde(default, deserialize_with = "blank")]
    page: Option<usize>,
}

/// A row of the list.
#[derive(Serialize, JsonSchema)]
pub(super) struct Listing {
    id: String,
    register: Register,
    /// Its id in the authorisations file.
    reference: String,
    title: String,
    /// `draft`, `refused`, `planned`, `valid`, `open`, `expiring`, `expired`, `closed`, `revoked`.
    state: &'static str,
    /// What waits for a second person: empty, `add`, `change` or `revoke`.
    waiting: String,
    valid_from: Option<i64>,
    valid_to: Option<i64>,
    revision: i64,
    proposed_by: String,
}

/// The list.
#[derive(Serialize, JsonSchema)]
pub(super) struct Listed {
    rows: Vec<Listing>,
    /// Rows that fit.
    total: usize,
    /// Rows of each register.
    registers: BTreeMap<&'static str, usize>,
    /// Rows that wait for a second person.
    waiting: usize,
    page: usize,
    pages: usize,
}

#[derive(Template)]
#[template(path = "authorise/list.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a Listed,
    ask: &'a Ask,
}

impl ListPage<'_> {
    fn mine(&self, row: &Listing) -> bool {
        self.page.ctx.who.as_ref().is_some_and(|w| w.person == row.proposed_by)
    }

    fn link(&self, page: usize) -> String {
        let register = self.ask.register.map_or("", Register::word);
        let query = [
            ("register", register.to_owned()),
            ("state", self.ask.state.clone()),
            ("q", self.ask.q.clone()),
            ("page", page.to_string()),
        ];
        format!("/authorisations?{}", serde_html_form::to_string(query).unwrap_or_default())
    }
}

/// A tag's colour.
fn colour(state: &str) -> &'static str {
    match state {
        "valid" | "open" => "good",
        "expiring" | "draft" => "warn",
        "refused" | "expired" | "revoked" => "bad",
        "planned" => "note",
        _ => "",
    }
}

/// `GET /authorisations`
pub(super) async fn list(ctx: Ctx, Asked(ask): Asked<Ask>) -> Result<Response, Error> {
    let all = book::all(&mut *ctx.app.db.read().await?, ctx.organisation()?).await?;
    let now = clock::now();
    let mut registers: BTreeMap<&'static str, usize> = BTreeMap::new();
    let waiting = all.iter().filter(|r| !r.proposal.is_empty()).count();
    let q = ask.q.trim().to_lowercase();
    let mut rows = Vec::new();
    for row in all {
        let register = row.register()?;
        *registers.entry(register.word()).or_default() += 1;
        let state = row.state(now);
        let fits = ask.register.is_none_or(|r| r == register)
            && (ask.state.is_empty()
                || ask.state == state
                || ask.state == "waiting" && !row.proposal.is_empty())
            && (row.reference.to_lowercase().contains(&q) || row.title.to_lowercase().contains(&q));
        if fits {
            rows.push(Listing {
                id: row.id,
                register,
                reference: row.reference,
                title: row.title,
                state,
                waiting: row.proposal,
                valid_from: row.valid_from,
                valid_to: row.valid_to,
                revision: row.revision,
                proposed_by: row.proposed_by,
            });
        }
    }
    // What ends soon first, then what waits.
    rows.sort_by_key(|r| (r.state != "expiring", r.waiting.is_empty(), r.register));
    let total = rows.len();
    let pages = total.div_ceil(ROWS).max(1);
    let page = ask.page.unwrap_or(1).clamp(1, pages);
    let rows = rows.into_iter().skip((page - 1) * ROWS).take(ROWS).collect();
    let list = Listed { rows, total, registers, waiting, page, pages };
    ctx.show(key::AUTHORISE_TITLE, &list, |page| ListPage { page, list: &list, ask: &ask })
}

/// One field of an entry.
#[derive(Serialize, JsonSchema)]
pub(super) struct Fact {
    name: String,
    /// As approved.
    now: String,
    /// As proposed.
    proposed: String,
}

/// One authorisation.
#[derive(Serialize, JsonSchema)]
pub(super) struct Item {
    id: String,
    register: Register,
    reference: String,
    title: String,
    state: &'static str,
    waiting: String,
    revision: i64,
    facts: Vec<Fact>,
    proposed_name: String,
    proposed_at: i64,
    approved_name: String,
    approved_at: i64,
    refused: String,
    closed_at: i64,
    closed_name: String,
    closed_note: String,
    /// What the last runs saw in the window; of a closed one, what was seen when it was closed.
    observed: Vec<observed::Line>,
    /// What approving would change.
    preview: Option<Preview>,
    #[serde(skip)]
    mine: bool,
}

#[derive(Template)]
#[template(path = "authorise/item.html")]
struct ItemPage<'a> {
    page: Page,
    item: &'a Item,
    preview: Option<&'a Preview>,
}

impl ItemPage<'_> {
    fn closable(&self) -> bool {
        self.item.register.windowed()
            && self.item.waiting.is_empty()
            && matches!(self.item.state, "open" | "expired" | "valid" | "expiring")
    }

    fn editable(&self) -> bool {
        !matches!(self.item.state, "closed" | "revoked")
    }
}

fn said(entry: Option<&Entry>, name: &str) -> String {
    match entry.and_then(|e| e.get(name)) {
        None => String::new(),
        Some(Value::Array(list)) => {
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        Some(Value::String(text)) => clock::parse(text)
            .filter(|_| text.len() >= 16)
            .map_or_else(|| text.clone(), |t| clock::shown(t, hangtu_catalog::Language::Chinese)),
        Some(other) => other.to_string(),
    }
}

/// A time of an examination for people.
fn shown(time: &str) -> String {
    clock::parse(time)
        .map_or_else(|| time.to_owned(), |t| clock::shown(t, hangtu_catalog::Language::Chinese))
}

fn facts(row: &Row, register: Register) -> Vec<Fact> {
    let (now, proposed) = (row.approved(), row.waiting().filter(|_| row.proposal != "revoke"));
    let names = register.fields().iter().map(|f| f.name).chain(["approved_by"]);
    names
        .map(|name| Fact {
            name: name.to_owned(),
            now: said(now.as_ref(), name),
            proposed: said(proposed.as_ref(), name),
        })
        .filter(|f| !f.now.is_empty() || !f.proposed.is_empty())
        .collect()
}

/// `GET /authorisations/{id}`
pub(super) async fn item(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?.to_owned();
    let (rows, book) = book::open(&mut *ctx.app.db.read().await?, &organisation).await?;
    let row = rows.iter().find(|r| r.id == id).ok_or(Error::NotFound)?;
    let register = row.register()?;
    let mut after = book.clone();
    match (row.proposal.as_str(), row.waiting()) {
        ("add" | "change", Some(entry)) => after.put(register, entry),
        // Without one, it shows what revoking would change.
        _ => after.remove(register, &row.reference),
    }
    let may = ctx.may(Right::Approve).is_ok() || ctx.may(Right::Authorise).is_ok();
    let preview = if may && row.revoked == 0 && after.parse().is_ok() {
        Some(preview::of(&ctx.app, &organisation, &book, &after).await?)
    } else {
        None
    };
    let observed = if row.closed_at > 0 {
        serde_json::from_str(&row.observed).unwrap_or_default()
    } else if register.windowed() && !row.entry.is_empty() {
        observed::of(&ctx.app, &organisation, row, &book).await?
    } else {
        Vec::new()
    };
    let item = Item {
        id: row.id.clone(),
        register,
        reference: row.reference.clone(),
        title: row.title.clone(),
        state: row.state(clock::now()),
        waiting: row.proposal.clone(),
        revision: row.revision,
        facts: facts(row, register),
        proposed_name: row.proposed_name.clone(),
        proposed_at: row.proposed_at,
        approved_name: row.approved_name.clone(),
        approved_at: row.approved_at,
        refused: row.refused.clone(),
        closed_at: row.closed_at,
        closed_name: row.closed_name.clone(),
        closed_note: row.closed_note.clone(),
        observed,
        preview,
        mine: ctx.signed()?.person == row.proposed_by,
    };
    let title = format!("{} {}", item.reference, item.title);
    ctx.show_titled(title, &item, |page| ItemPage {
        page,
        item: &item,
        preview: item.preview.as_ref(),
    })
}
