//! The after-action report: computed from the ledger's entries and from nothing else, each sentence
//! with the entries it rests on. Its shortcomings become findings, which a later drill closes.

use super::{
    document, live,
    log::{self, Drill},
};
use crate::{
    App,
    auth::Right,
    clock,
    correct::{self, Drilled, Tested},
    ctx::Ctx,
    db::Change,
    error::Error,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Bilingual, Language, Scenario, key, text};
use hangtu_drill::exercise::{AfterAction, EntryId, Event, Lane, Milestone, Sentence, Status};
use hangtu_examine::model::Finding;
use serde::Serialize;
use sqlx::AnyConnection;
use std::collections::HashMap;

pub(super) fn routes(r: &mut Routes) {
    let read = Access::May(Right::Read);
    r.get("/drills/{id}/report", read, Doc::new("The after-action report of a drill"), show);
    r.get(
        "/drills/{id}/report/{file}",
        read,
        Doc::new("The after-action report as a file: after-action.zh-CN.pdf, .docx, .html, or after-action.json")
            .gives("application/octet-stream"),
        download,
    );
}

/// The report, and where its entries stand in the ledger.
#[derive(Serialize)]
struct Report {
    id: String,
    number: i64,
    rehearsal: bool,
    after: AfterAction,
    places: HashMap<EntryId, i64>,
}

/// A mark on the picture of the timeline.
pub(super) struct Dot {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) lane: &'static str,
    pub(super) milestone: bool,
}

/// Lanes of the picture, from above.
const LANES: [(Lane, &str); 5] = [
    (Lane::Inject, "inject"),
    (Lane::Action, "action"),
    (Lane::Form, "form"),
    (Lane::Measure, "measure"),
    (Lane::Control, "control"),
];

pub(super) fn lane(of: Lane) -> Option<(usize, &'static str)> {
    LANES.iter().position(|(l, _)| *l == of).map(|at| (at, LANES[at].1))
}

pub(super) fn milestone(of: Milestone) -> &'static str {
    match of {
        Milestone::Detection => "detection",
        Milestone::Containment => "containment",
        Milestone::Recovery => "recovery",
    }
}

#[derive(Template)]
#[template(path = "drill/report.html")]
struct ReportPage<'a> {
    page: Page,
    data: &'a Report,
    dots: Vec<Dot>,
    minutes: i64,
}

#[allow(
    clippy::unused_self,
    clippy::trivially_copy_pass_by_ref,
    clippy::ref_option,
    reason = "templates call methods, with references"
)]
impl ReportPage<'_> {
    /// Where the entries of a sentence stand.
    fn places(&self, sentence: &Sentence) -> Vec<i64> {
        let mut all: Vec<i64> =
            sentence.rests_on.iter().filter_map(|e| self.data.places.get(e).copied()).collect();
        all.truncate(6);
        all
    }

    fn of(&self, rests_on: &[EntryId]) -> Vec<i64> {
        rests_on.iter().filter_map(|e| self.data.places.get(e).copied()).take(3).collect()
    }

    fn lanes(&self) -> impl Iterator<Item = (&'static str, i64)> {
        LANES.iter().enumerate().map(|(at, (_, name))| (*name, 18 + 28 * at as i64))
    }

    fn percent(&self, part: &Option<f64>) -> String {
        part.map_or_else(|| "—".into(), |p| format!("{:.0} %", p * 100.0))
    }

    fn milestone(&self, of: &Milestone) -> &'static str {
        milestone(*of)
    }

    fn lane(&self, of: &Lane) -> Option<&'static str> {
        lane(*of).map(|(_, name)| name)
    }
}

/// The drill of the same exercise that ended before this one.
async fn earlier(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
    drill: &Drill,
) -> Result<Option<Drill>, Error> {
    let before: Option<(String,)> = sqlx::query_as(
        "SELECT id FROM drill WHERE organisation = $1 AND exercise = $2 AND number < $3 \
         AND state = 'closed' AND style = $4 ORDER BY number DESC LIMIT 1",
    )
    .bind(organisation)
    .bind(&drill.row.exercise)
    .bind(drill.row.number)
    .bind(&drill.row.style)
    .fetch_optional(&mut *c)
    .await?;
    match before {
        Some((id,)) => log::load(app, c, organisation, &id).await.map(Some),
        None => Ok(None),
    }
}

async fn gather(ctx: &Ctx, id: &str) -> Result<Report, Error> {
    live::admit(ctx, id).await?;
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let drill = log::load(&ctx.app, c, organisation, id).await?;
    if drill.run.clock().is_none() {
        return Err(Error::conflict(key::DRILL_NOT_HELD));
    }
    let before = earlier(&ctx.app, c, organisation, &drill).await?;
    let after = drill.run.after_action(before.as_ref().map(|b| &b.run));
    Ok(Report {
        id: drill.row.id,
        number: drill.row.number,
        rehearsal: !drill.row.style.is_empty(),
        after,
        places: drill.places,
    })
}

async fn show(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let data = gather(&ctx, &id).await?;
    let rows = || data.after.timeline.iter();
    let longest = rows().map(|r| r.at.exercise).max().unwrap_or(0).max(60_000);
    let dot = |r: &hangtu_drill::exercise::Row| {
        let (at, name) = lane(r.lane)?;
        Some(Dot {
            x: 90 + r.at.exercise * 610 / longest,
            y: 18 + 28 * at as i64,
            lane: name,
            milestone: r.milestone.is_some(),
        })
    };
    let dots = rows().filter_map(dot).collect();
    let title = format!("{} {}", ctx.t(key::DRILL_REPORT), data.number);
    ctx.show_titled(title, &data, |page| ReportPage {
        page,
        data: &data,
        dots,
        minutes: longest / 60_000,
    })
}

async fn download(ctx: Ctx, Path((id, name)): Path<(String, String)>) -> Result<Response, Error> {
    let data = gather(&ctx, &id).await?;
    let organisation = ctx.signed()?.organisation_name.clone();
    let file = name.clone();
    let made = tokio::task::spawn_blocking(move || make(&data, &organisation, &file));
    let (media, bytes) = made.await.map_err(Error::internal)??;
    let attachment = format!("attachment; filename=\"hangtu-{name}\"");
    Ok((
        [(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, attachment)],
        bytes,
    )
        .into_response())
}

fn make(data: &Report, organisation: &str, name: &str) -> Result<(&'static str, Vec<u8>), Error> {
    if name == "after-action.json" {
        let bytes = serde_json::to_vec_pretty(&data.after).map_err(Error::internal)?;
        return Ok(("application/json", bytes));
    }
    let (tag, kind) = name
        .strip_prefix("after-action.")
        .and_then(|rest| rest.rsplit_once('.'))
        .ok_or(Error::NotFound)?;
    let language = Language::from_tag(tag).filter(|l| l.tag() == tag).ok_or(Error::NotFound)?;
    let document = document::document(&data.after, data.number, organisation, language);
    Ok(match kind {
        "docx" => (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            hangtu_print::docx(&document).map_err(Error::internal)?,
        ),
        "html" => (
            "text/html; charset=utf-8",
            hangtu_print::html(&document).map_err(Error::internal)?.into_bytes(),
        ),
        "pdf" => ("application/pdf", hangtu_print::pdf(&document).map_err(Error::internal)?),
        _ => return Err(Error::NotFound),
    })
}

/// What names a shortcoming in every drill of an exercise.
fn fingerprint(exercise: &str, expectation: &str) -> String {
    format!("drill.{exercise}.{expectation}")
}

/// Hands the shortcomings of a drill over to those who mend, and closes what it proves mended.
pub(super) async fn open_findings(
    app: &App,
    change: &mut Change,
    drill: &Drill,
) -> Result<(), Error> {
    let run = &drill.run;
    let at = |wanted: fn(&Event) -> bool| {
        run.entries().iter().find(|e| wanted(&e.event)).map(|e| e.at.as_microsecond())
    };
    let Some(first) = at(|e| matches!(e, Event::Started { .. })) else { return Ok(()) };
    let last = at(|e| matches!(e, Event::Stopped { .. })).unwrap_or(first);
    let after = run.after_action(None);
    let exercise = run.plan().exercise.id.as_str();
    let named = |language| {
        let what = run.plan().exercise.title.get(language);
        text(language, key::FINDING_DRILL_TITLE, &[("what", what.into())])
    };
    let title = Bilingual::new(named(Language::Chinese), named(Language::English));
    let found = |s: &hangtu_drill::exercise::Shortcoming| {
        let f = &s.finding;
        let level = app.catalog.matrix.level(f.likelihood, f.impact);
        let controls: Vec<String> = vec![f.control.clone()];
        Finding {
            fingerprint: fingerprint(exercise, &s.expectation),
            rule: format!("drill.{exercise}"),
            title: title.clone(),
            description: f.text.clone(),
            advice: Bilingual::message(key::FINDING_DRILL_ADVICE, &[]),
            false_positives: Bilingual::default(),
            scenario: f.scenario.unwrap_or(Scenario::Ransomware),
            level,
            likelihood: f.likelihood,
            impact: f.impact,
            controls,
            techniques: Vec::new(),
            subject: s.expectation.clone(),
            peer: None,
            class: None,
            count: 1,
            first: clock::rfc3339(first),
            last: clock::rfc3339(last),
            windows: Vec::new(),
            unapproved: None,
            evidence: Vec::new(),
            status: None,
        }
    };
    let failed = after.shortcomings.iter().map(found).collect();
    let met = run
        .standing()
        .filter(|(_, e, r)| r.status(e) == Status::Full)
        .map(|(_, e, _)| fingerprint(exercise, &e.id))
        .collect();
    let drilled = Drilled { first, last, failed, met };
    correct::ingest(&app.catalog, change, &drill.row.id, Tested::Drill(&drilled)).await?;
    Ok(())
}
