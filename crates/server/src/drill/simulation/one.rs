//! One simulation: while it runs, then what it measured, beside earlier ones.

use super::{
    Row,
    list::{self, Line, seconds},
    load,
};
use crate::{ctx::Ctx, error::Error, ui::Page};
use askama::Template;
use axum::{
    extract::Path,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use hangtu_catalog::key;
use hangtu_drill::simulate::{DrillResult, Profiles, Ran, Verdict};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::sync::atomic::Ordering;

/// Earlier ones shown beside it.
const EARLIER: usize = 8;

/// How far it is.
#[derive(Serialize, JsonSchema)]
struct Progress {
    /// `preparing`, `backing-up`, `running`, `lingering`, `restoring` or `undoing`.
    phase: &'static str,
    /// Files changed so far.
    changed: u64,
    /// Decoys there are; 0 until they are made.
    total: u64,
}

impl Progress {
    fn of(ctx: &Ctx, id: &str) -> Option<Self> {
        let organisation = ctx.organisation().ok()?;
        let now = ctx.app.drills.simulations.of(organisation).filter(|now| now.id == id)?;
        let of = |n: &std::sync::atomic::AtomicU64| n.load(Ordering::Relaxed);
        Some(Self { phase: now.phase(), changed: of(&now.changed), total: of(&now.total) })
    }
}

/// A simulation as programs read it.
#[derive(Serialize, JsonSchema)]
pub(super) struct Answer {
    #[serde(flatten)]
    row: Row,
    /// While it runs.
    progress: Option<Progress>,
    /// `hangtu.drill.result/1` (docs/drill.md), once it is done.
    result: Value,
    /// Other simulations that ended before it.
    earlier: Vec<Line>,
}

#[derive(Template)]
#[template(path = "drill/simulation/one.html")]
struct OnePage<'a> {
    page: Page,
    behaviours: Profiles,
    a: &'a Answer,
    r: Option<DrillResult>,
}

#[derive(Template)]
#[template(path = "drill/simulation/progress.html")]
struct Fragment {
    page: Page,
    p: Progress,
}

impl OnePage<'_> {
    fn behaviour<'l>(&'l self, id: &'l str) -> &'l str {
        self.behaviours.get(id).map_or(id, |p| self.page.b(&p.title))
    }

    /// Tag and word of a verdict.
    fn verdict(&self, verdict: Verdict) -> (&'static str, String) {
        let (tone, what) = match verdict {
            Verdict::Passed => ("good", key::DRILL_PASSED),
            Verdict::Failed => ("bad", key::DRILL_FAILED),
            Verdict::NotAttempted => ("note", key::DRILL_NOT_ATTEMPTED),
            Verdict::NotApplicable => ("note", key::DRILL_NOT_APPLICABLE),
        };
        (tone, self.page.t(what))
    }

    /// Parts of the result, each with its verdict and its words.
    fn parts(&self, r: &DrillResult) -> Vec<(String, (&'static str, String), String)> {
        let detail = |name: &str| match name {
            "detection" => {
                let each = r.detection.first.iter().map(|n| {
                    let by = self.page.word("drill-source", n.source.name());
                    let lost = self.page.number(n.files_lost);
                    let args = [
                        ("after", seconds(&n.seconds)),
                        ("by", by),
                        ("lost", lost),
                        ("note", n.note.clone()),
                    ];
                    let args: Vec<_> = args.iter().map(|(k, v)| (*k, v.as_str().into())).collect();
                    self.page.args(key::SIMULATION_DETECTED_CELL, &args)
                });
                each.collect::<Vec<_>>().join("\n")
            }
            "containment" => {
                let by = r.containment.means.map(|means| {
                    let word = serde_json::to_value(means).unwrap_or_default();
                    let word = word.as_str().unwrap_or_default().replace('_', "-");
                    self.page.word("drill-means", word)
                });
                let lost = self.page.number(r.containment.files_lost);
                match (by, r.containment.seconds) {
                    (Some(by), Some(after)) => {
                        let after = seconds(&after);
                        let args = [
                            ("after", after.as_str().into()),
                            ("by", by.as_str().into()),
                            ("lost", lost.as_str().into()),
                        ];
                        self.page.args(key::SIMULATION_CONTAINED_CELL, &args)
                    }
                    _ => self.page.a(key::SIMULATION_LOST_CELL, "lost", lost),
                }
            }
            "backup_exists" => self.ran(r.backup.ran.as_ref()),
            "restore" => match r.recovery.seconds {
                Some(took) => {
                    let (took, total) = (seconds(&took), self.page.number(r.decoys.files));
                    let right = self.page.number(r.recovery.right);
                    let args = [
                        ("took", took.as_str().into()),
                        ("right", right.as_str().into()),
                        ("total", total.as_str().into()),
                        ("wrong", r.recovery.wrong.into()),
                        ("missing", r.recovery.missing.into()),
                    ];
                    let mut said = self.page.args(key::SIMULATION_RESTORED_CELL, &args);
                    if let Some(age) = r.recovery.point_seconds {
                        said += "\n";
                        said += &self.page.a(key::SIMULATION_POINT_CELL, "age", seconds(&age));
                    }
                    said
                }
                None => self.ran(r.recovery.ran.as_ref()),
            },
            _ => String::new(),
        };
        let part = |(aspect, verdict): (hangtu_drill::simulate::Aspect, Verdict)| {
            let name = aspect.name();
            let title = self.page.word("simulation-aspect", name.replace('_', "-"));
            (title, self.verdict(verdict), detail(name))
        };
        r.aspects().into_iter().map(part).collect()
    }

    /// A program of the site's that failed.
    fn ran(&self, ran: Option<&Ran>) -> String {
        let Some(ran) = ran.filter(|ran| ran.code != Some(0)) else { return String::new() };
        let code = ran.code.map_or_else(|| "–".to_owned(), |code| code.to_string());
        let said: String = ran.said.chars().filter(|c| !c.is_control()).collect();
        let args = [
            ("program", ran.program.as_str().into()),
            ("code", code.as_str().into()),
            ("said", said.as_str().into()),
        ];
        self.page.args(key::DRILL_COMMAND_FAILED, &args)
    }
}

pub(super) async fn one(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let (row, all) = {
        let c = &mut *ctx.app.db.read().await?;
        (load(c, organisation, &id).await?, list::rows(c, organisation).await?)
    };
    let before = |other: &Row| other.number < row.number && other.state == "done";
    let earlier = all.into_iter().filter(before).take(EARLIER).map(Line::of).collect();
    let result = if row.result.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&row.result).map_err(Error::internal)?
    };
    let measured = row.measured();
    let title = hangtu_catalog::text(
        ctx.language,
        key::SIMULATION_NUMBER,
        &[("n", row.number.unsigned_abs().into())],
    );
    let behaviours = Profiles::embedded().map_err(Error::internal)?;
    let progress = Progress::of(&ctx, &id);
    let a = Answer { row, progress, result, earlier };
    ctx.show_titled(title, &a, |page| OnePage { page, behaviours, a: &a, r: measured })
}

pub(super) async fn progress(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let row = load(&mut *ctx.app.db.read().await?, ctx.organisation()?, &id).await?;
    match Progress::of(&ctx, &id) {
        Some(p) if row.running() => {
            let page = Page::new(&ctx, String::new());
            Ok(Html(Fragment { page, p }.render().map_err(Error::internal)?).into_response())
        }
        _ => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}
