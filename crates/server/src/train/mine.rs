//! What I must do: courses with their deadlines, exams under way, sessions to come, certificates.

use super::{attempt, certificate, count, courses, need, people, session, shelf, track};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    route::{Access, Doc, Routes},
    ui::{Count, Page},
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Bilingual, key};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("What the reader must learn, and what they have completed");
    r.get("/training", Access::Signed, doc.returns::<Mine>(), mine);
}

/// A course that is asked for.
#[derive(Serialize, JsonSchema)]
struct Must {
    course: courses::Line,
    due: i64,
    reason: String,
    label: String,
    /// `done`, `lapsed`, `overdue` or `open`.
    state: &'static str,
    until: Option<i64>,
}

/// An exam under way.
#[derive(Serialize, JsonSchema)]
struct Open {
    id: String,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    closes: i64,
}

/// A track.
#[derive(Serialize, JsonSchema)]
struct Way {
    id: String,
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    lacking: usize,
    until: Option<i64>,
}

/// What the reader must learn.
#[derive(Serialize, JsonSchema)]
struct Mine {
    musts: Vec<Must>,
    open: Vec<Open>,
    sessions: Vec<session::Line>,
    certificates: Vec<certificate::Line>,
    /// Certificates that end soon.
    ending: Vec<String>,
    tracks: Vec<Way>,
}

#[derive(Template)]
#[template(path = "train/mine.html")]
struct MinePage<'a> {
    page: Page,
    data: &'a Mine,
    roles: Vec<(String, Bilingual)>,
}

impl MinePage<'_> {
    fn because(&self, must: &Must) -> String {
        let role = self.roles.iter().find(|r| must.reason == "role" && r.0 == must.label);
        let label = role.map_or(must.label.as_str(), |r| self.page.b(&r.1));
        format!("{} {label}", self.page.word("train-reason", &must.reason)).trim().to_owned()
    }
}

async fn mine(ctx: Ctx) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let (organisation, person) = (who.organisation.as_str(), who.person.as_str());
    let now = clock::now();
    let c = &mut *ctx.app.db.read().await?;
    let shelf = shelf::shelf(&ctx.app, c, organisation).await?;
    let progress = courses::progress(c, organisation, person).await?;
    let passed = courses::passed(c, organisation, person).await?;
    let roles = people::roles(c, organisation, person).await?;
    let needs = need::needs(&ctx.app.catalog, &shelf, c, organisation, Some(person)).await?;
    let mut musts = Vec::new();
    for need in needs.into_iter().flat_map(|(_, list)| list) {
        let Ok(course) = shelf.one(&need.course) else { continue };
        let read = progress.get(&course.id);
        musts.push(Must {
            course: courses::line(&ctx, course, &roles, read, passed.get(&course.id).copied()),
            due: need.due,
            state: need.state(now),
            until: need.until,
            reason: need.reason,
            label: need.label,
        });
    }
    musts.sort_by_key(|m| (m.state == "done", m.due));
    let rows: Vec<(String, String, String, i64)> = sqlx::query_as(
        "SELECT id, kind, subject, closes FROM exam_attempt WHERE organisation = $1 \
         AND person = $2 AND state = 'open' ORDER BY closes",
    )
    .bind(organisation)
    .bind(person)
    .fetch_all(&mut *c)
    .await?;
    let open = rows.into_iter().map(|(id, kind, subject, closes)| {
        let title = if kind == attempt::Kind::Course.word() {
            shelf.one(&subject).ok().map(|c| c.title.clone())
        } else {
            ctx.app.catalog.training.track(&subject).map(|t| t.title.clone())
        };
        Open { id, title: title.unwrap_or_default(), closes }
    });
    let open = open.collect();
    let certificates = certificate::of(c, organisation, person).await?;
    // Once a newer one is there, the end of the older one is nobody's worry.
    let newest = |l: &certificate::Line| {
        certificates
            .iter()
            .all(|o| o.kind != l.kind || o.subject != l.subject || o.until <= l.until)
    };
    let ending = certificates
        .iter()
        .filter(|l| l.state() == "valid" && l.until < now + certificate::SOON && newest(l))
        .map(|l| l.id.clone())
        .collect();
    let known = track::people(&ctx.app, c, organisation, Some(person)).await?;
    let tracks = ctx.app.catalog.training.tracks.iter().map(|t| {
        let stands = count::stands(t, &shelf, known.first(), person, now);
        Way {
            id: t.id.clone(),
            title: t.title.clone(),
            lacking: stands.lacking.len(),
            until: stands.until.map(jiff::Timestamp::as_microsecond),
        }
    });
    let tracks = tracks.collect();
    let sessions = session::of(c, &ctx, &shelf, Some(person)).await?;
    let data = Mine { musts, open, sessions, certificates, ending, tracks };
    let roles = people::titles(&ctx);
    ctx.show(key::TRAIN_TITLE, &data, |page| MinePage { page, data: &data, roles })
}
