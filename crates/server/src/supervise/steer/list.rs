//! What was told, and the form by which more is told.

use super::{
    load,
    model::{KINDS, Notice, either, stands},
    page::{shade, tone},
};
use crate::{
    clock, ctx::Ctx, error::Error, input::Asked as Query, supervise::roster::Filter, ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Catalog, Steering, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, FromRow};
use std::collections::HashMap;

/// Which notice is about to be written, and for which enterprises.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Asked {
    /// `warning`, `order`, `assessment`, `interview` or `bulletin`.
    kind: String,
    /// Instead of enterprises that match: the credit code of one.
    code: String,
    /// Which enterprises, as the roster's list asks.
    #[serde(flatten)]
    filter: Filter,
}

/// Notices with their counts.
#[derive(Serialize, JsonSchema)]
pub(super) struct List {
    notices: Vec<Line>,
    /// Enterprises that the filter in the address matches: who would be told.
    matching: i64,
}

/// A notice in the list.
#[derive(Serialize, JsonSchema)]
pub(in crate::supervise) struct Line {
    pub(in crate::supervise) id: String,
    pub(in crate::supervise) number: i64,
    pub(in crate::supervise) kind: String,
    pub(in crate::supervise) colour: String,
    title_zh: String,
    title_en: String,
    made: i64,
    due: i64,
    until: Option<i64>,
    lifted: Option<i64>,
    /// How many enterprises were told.
    members: i64,
    acknowledged: i64,
    /// Enterprises that owe an answer whose limit is over.
    overdue: i64,
    /// Enterprises with answers that wait for a decision.
    waiting: i64,
    /// Of a list of one enterprise: how it stands.
    pub(in crate::supervise) stands: &'static str,
}

impl Line {
    pub(in crate::supervise) fn title(&self, page: &Page) -> &str {
        either(page.ctx.language, &self.title_zh, &self.title_en)
    }

    pub(in crate::supervise) fn shade(&self) -> &'static str {
        shade(&self.colour)
    }

    pub(in crate::supervise) fn tone(&self) -> &'static str {
        tone(self.stands)
    }

    /// `lifted`, `over` or `current`.
    fn state(&self, now: &i64) -> &'static str {
        match (self.lifted, self.until) {
            (Some(_), _) => "lifted",
            (None, Some(t)) if t < *now => "over",
            _ => "current",
        }
    }

    fn of(n: &Notice, counts: Counts, stands: &'static str) -> Self {
        Self {
            id: n.id.clone(),
            number: n.number,
            kind: n.kind.clone(),
            colour: n.colour.clone(),
            title_zh: n.title_zh.clone(),
            title_en: n.title_en.clone(),
            made: n.made,
            due: n.due,
            until: n.until,
            lifted: n.lifted,
            members: n.members,
            acknowledged: counts.acknowledged,
            overdue: counts.overdue,
            waiting: counts.waiting,
            stands,
        }
    }
}

#[derive(Clone, Debug, Default, FromRow)]
struct Counts {
    notice: String,
    acknowledged: i64,
    overdue: i64,
    waiting: i64,
}

#[derive(Template)]
#[template(path = "supervise/steer/list.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
    asked: &'a Asked,
    kind: &'a str,
    here: String,
    steering: &'a Steering,
    own: &'static str,
    now: i64,
}

impl ListPage<'_> {
    /// The address of the form for another kind, for the same enterprises.
    fn form(&self, kind: &str) -> String {
        let rest = self.here.trim_start_matches('?');
        let code = if self.asked.code.is_empty() {
            String::new()
        } else {
            format!("&code={}", self.asked.code)
        };
        let rest = if rest.is_empty() { String::new() } else { format!("&{rest}") };
        format!("?kind={kind}{code}{rest}#new")
    }

    fn may(&self, issuers: &[String]) -> bool {
        issuers.iter().any(|i| i == self.own)
    }

    /// Kinds that this supervisor may tell.
    fn kinds(&self) -> Vec<&str> {
        let may = |kind: &&str| self.steering.kind(kind).is_some_and(|k| self.may(&k.issuers));
        KINDS.into_iter().filter(|k| may(k)).collect()
    }

    fn label(&self, what: &str) -> String {
        self.page.word(&format!("steer-{what}"), self.kind)
    }

    fn clause(&self, id: &str) -> bool {
        self.steering.kind(self.kind).is_some_and(|k| k.clause == id)
    }

    fn items(&self) -> bool {
        matches!(self.kind, "order" | "interview" | "assessment")
    }

    fn rows(&self) -> std::ops::Range<usize> {
        0..if self.kind == "assessment" { 1 } else { 5 }
    }

    fn item_days(&self) -> u16 {
        self.steering.kind(self.kind).map_or(0, |k| k.item_days)
    }
}

pub(super) async fn list(ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response, Error> {
    let supervisor = ctx.organisation()?;
    let now = clock::now();
    let (notices, counts) = {
        let c = &mut *ctx.app.db.read().await?;
        let counts: Vec<Counts> = sqlx::query_as(
            "SELECT m.notice, \
             SUM(CASE WHEN m.acknowledged IS NOT NULL THEN 1 ELSE 0 END) AS acknowledged, \
             SUM(CASE WHEN m.next_due < $2 THEN 1 ELSE 0 END) AS overdue, \
             SUM(CASE WHEN m.waiting > 0 THEN 1 ELSE 0 END) AS waiting \
             FROM notice_member m JOIN notice n ON n.id = m.notice \
             WHERE m.supervisor = $1 AND n.holder = '' GROUP BY m.notice",
        )
        .bind(supervisor)
        .bind(now)
        .fetch_all(&mut *c)
        .await?;
        (load::all_issued(c, supervisor).await?, counts)
    };
    let mut counts: HashMap<String, Counts> =
        counts.into_iter().map(|c| (c.notice.clone(), c)).collect();
    let line = |n: &Notice| Line::of(n, counts.remove(&n.id).unwrap_or_default(), "");
    let list = List {
        notices: notices.iter().map(line).collect(),
        matching: asked.filter.matching(&ctx.app, supervisor).await?,
    };
    let kind = KINDS.into_iter().find(|k| *k == asked.kind).unwrap_or_default();
    let own = ctx.signed()?.kind.word();
    let Catalog { steering, .. } = &ctx.app.catalog;
    ctx.show(key::STEER_TITLE, &list, |page| ListPage {
        page,
        list: &list,
        asked: &asked,
        kind,
        here: asked.filter.here(),
        steering,
        own,
        now,
    })
}

#[derive(FromRow)]
struct Stood {
    notice: String,
    acknowledged: Option<i64>,
    waiting: i64,
    accepted: i64,
    returned: i64,
    next_due: Option<i64>,
}

/// What an enterprise was told by a supervisor, the newest first, and how it stands to each.
pub(in crate::supervise) async fn of(
    c: &mut AnyConnection,
    supervisor: &str,
    code: &str,
) -> Result<Vec<Line>, Error> {
    let stood: Vec<Stood> = sqlx::query_as(
        "SELECT m.notice, m.acknowledged, m.waiting, m.accepted, m.returned, m.next_due \
         FROM notice_member m WHERE m.supervisor = $1 AND m.credit_code = $2 \
         ORDER BY m.notice DESC LIMIT 100",
    )
    .bind(supervisor)
    .bind(code)
    .fetch_all(&mut *c)
    .await?;
    let now = clock::now();
    let mut lines = Vec::new();
    for s in stood {
        let n = load::issued(c, supervisor, &s.notice).await?;
        let stood = (s.acknowledged, s.waiting, s.accepted, s.returned, s.next_due);
        let word = stands((n.many, n.due), stood, now);
        lines.push(Line::of(&n, Counts::default(), word));
    }
    lines.sort_by_key(|l| std::cmp::Reverse(l.number));
    Ok(lines)
}
