//! The end of a simulation: what was measured is kept, what failed becomes findings that only a later
//! simulation closes, and the drill it belongs to hears of it.

use super::{Row, State, load, run::Outcome, subject};
use crate::{
    App, clock,
    correct::{self, Drilled, Tested},
    db::Change,
    drill::log,
    error::Error,
};
use hangtu_catalog::{Bilingual, Scenario};
use hangtu_drill::{
    exercise::{Actor, Event},
    simulate::{self, DrillResult, Shortcoming, Verdict},
};
use hangtu_examine::model::Finding;
use serde_json::json;

pub(super) async fn end(
    app: &App,
    organisation: &str,
    id: &str,
    outcome: &Outcome,
) -> Result<(), Error> {
    let mut change = app.db.change(&log::system(organisation)).await?;
    let row = load(&mut change, organisation, id).await?;
    if !row.running() {
        return Ok(());
    }
    let mut followed = None;
    match outcome {
        Ok(result) => {
            let text = serde_json::to_string(result).map_err(Error::internal)?;
            write(&mut change, &row, State::Done, &text, &Bilingual::default()).await?;
            change.note("simulation.end", subject(id), json!({ "result": text }));
            let drilled = judged(app, result)?;
            correct::ingest(&app.catalog, &mut change, id, Tested::Drill(&drilled)).await?;
            followed = feed(app, &mut change, &row, result).await?;
        }
        Err(why) => {
            write(&mut change, &row, State::Failed, "", why).await?;
            let detail = json!({ "why": why.en.to_string() });
            change.note("simulation.fail", subject(id), detail);
        }
    }
    change.commit().await?;
    if let Some(entries) = followed {
        app.drills.tell(&row.drill, entries);
    }
    if let Ok(result) = outcome
        && result.cleaned.as_ref().is_some_and(|c| c.gone)
    {
        // Nothing is left to be put back, so its key and its originals need not lie about.
        let directory = result.directory.clone();
        let _ = tokio::task::spawn_blocking(move || simulate::clean(&directory, true)).await;
    }
    Ok(())
}

async fn write(
    change: &mut Change,
    row: &Row,
    state: State,
    result: &str,
    why: &Bilingual,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE simulation SET state = $3, ended = $4, result = $5, error_zh = $6, error_en = $7 \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(change.organisation().to_owned())
    .bind(&row.id)
    .bind(state.word())
    .bind(clock::now())
    .bind(result)
    .bind(why.zh.to_string())
    .bind(why.en.to_string())
    .execute(&mut **change)
    .await?;
    Ok(())
}

fn fingerprint(aspect: &str) -> String {
    format!("drill.simulation.{aspect}")
}

/// What failed and what held; what was not tried is neither.
fn judged(app: &App, result: &DrillResult) -> Result<Drilled, Error> {
    let words = Shortcoming::embedded().map_err(Error::internal)?;
    let (first, last) = (result.started.as_microsecond(), result.ended.as_microsecond());
    let (mut failed, mut met) = (Vec::new(), Vec::new());
    for (aspect, verdict) in result.aspects() {
        let Some(s) = words.iter().find(|s| s.aspect == aspect) else { continue };
        match verdict {
            Verdict::Failed => failed.push(Finding {
                fingerprint: fingerprint(aspect.name()),
                rule: "drill.simulation".into(),
                title: s.title.clone(),
                description: s.description.clone(),
                advice: s.advice.clone(),
                false_positives: Bilingual::default(),
                scenario: Scenario::Ransomware,
                level: app.catalog.matrix.level(s.likelihood, s.impact),
                likelihood: s.likelihood,
                impact: s.impact,
                controls: vec![s.control.clone()],
                techniques: vec!["T1486".into()],
                subject: aspect.name().into(),
                peer: None,
                class: None,
                count: 1,
                first: clock::rfc3339(first),
                last: clock::rfc3339(last),
                windows: Vec::new(),
                unapproved: None,
                evidence: Vec::new(),
                status: None,
            }),
            Verdict::Passed => met.push(fingerprint(aspect.name())),
            Verdict::NotAttempted | Verdict::NotApplicable => {}
        }
    }
    Ok(Drilled { first, last, failed, met })
}

/// Enters what was measured in the log of its drill; how long that log is now.
async fn feed(
    app: &App,
    change: &mut Change,
    row: &Row,
    result: &DrillResult,
) -> Result<Option<usize>, Error> {
    if row.drill.is_empty() {
        return Ok(None);
    }
    let mut drill = log::hold(app, change, &row.drill).await?;
    for (what, value) in result.measures() {
        let event = Event::Measured { what: what.into(), value };
        // A drill that is over meanwhile takes no measures any more.
        if drill.enter(change, Actor::Simulation, event).is_err() {
            break;
        }
    }
    log::keep(change, &drill.row, &drill.run).await?;
    Ok(Some(drill.run.entries().len()))
}
