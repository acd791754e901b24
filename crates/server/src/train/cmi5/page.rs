//! A course made elsewhere as its learner sees it: its units, what each asks for, how far they came.

use super::{Reached, held, registration};
use crate::{auth::Right, ctx::Ctx, error::Error, train::courses, ui::Page};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::{Bilingual, course::Course, key};
use hangtu_train::exchange::cmi5::MoveOn;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// A unit.
#[derive(Serialize, JsonSchema)]
struct Unit {
    #[schemars(with = "BTreeMap<String, String>")]
    title: Bilingual,
    #[schemars(with = "BTreeMap<String, String>")]
    description: Bilingual,
    /// `not-applicable`, `completed`, `passed`, `completed-and-passed` or `completed-or-passed`.
    asks: &'static str,
    /// Scaled score that passes, in percent.
    mastery: Option<i64>,
    /// `open`, `begun` or `met`.
    state: &'static str,
    percent: Option<i64>,
}

/// A course made elsewhere.
#[derive(Serialize, JsonSchema)]
struct Shown {
    course: courses::Line,
    version: i64,
    months: u16,
    units: Vec<Unit>,
    /// When it was completed the last time it was begun.
    done: Option<i64>,
}

#[derive(Template)]
#[template(path = "train/cmi5/course.html")]
struct CoursePage<'a> {
    page: Page,
    data: &'a Shown,
}

const fn asks(of: MoveOn) -> &'static str {
    match of {
        MoveOn::NotApplicable => "not-applicable",
        MoveOn::Passed => "passed",
        MoveOn::Completed => "completed",
        MoveOn::CompletedAndPassed => "completed-and-passed",
        MoveOn::CompletedOrPassed => "completed-or-passed",
    }
}

pub(in crate::train) async fn show(ctx: &Ctx, course: &Course) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let (organisation, person) = (who.organisation.as_str(), who.person.as_str());
    let c = &mut *ctx.app.db.read().await?;
    let row = held(c, organisation, &course.id, None).await?.ok_or(Error::NotFound)?;
    let structure = row.structure()?;
    let latest = registration(c, organisation, person, &course.id).await?;
    let reached = latest.as_ref().map(super::Registration::reached).transpose()?;
    let reached = reached.unwrap_or_default();
    let passed = courses::passed(c, organisation, person).await?.remove(&course.id);
    let roles = crate::train::people::roles(c, organisation, person).await?;
    let units = structure.units().into_iter().map(|unit| {
        let Reached { progress, begun, percent } =
            reached.get(&unit.id).copied().unwrap_or_default();
        let met = unit.move_on.is_met(progress.completed, progress.passed) || progress.waived;
        Unit {
            title: super::words(&unit.title),
            description: super::words(&unit.description),
            asks: asks(unit.move_on),
            mastery: unit.mastery_score.map(|s| (s * 100.0).round() as i64),
            state: match (met && unit.move_on != MoveOn::NotApplicable, begun) {
                (true, _) => "met",
                (false, true) => "begun",
                (false, false) => "open",
            },
            percent,
        }
    });
    let data = Shown {
        course: courses::line(ctx, course, &roles, None, passed),
        version: row.version,
        months: course.valid_months,
        units: units.collect(),
        done: latest.and_then(|r| r.satisfied),
    };
    let title = course.title.get(ctx.language).to_owned();
    ctx.show_titled(title, &data, |page| CoursePage { page, data: &data })
}
