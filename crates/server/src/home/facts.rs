//! The numbers of the home page, asked of the capabilities that own them.

use crate::{
    App,
    answer::{self, Claimed, Standing},
    authorise::{self, Expiring},
    clock::{self, DAY},
    correct::{
        self, Line,
        facts::{self, Count, Taken},
    },
    ctx::Ctx,
    drill::{self, Drilled, Simulated},
    error::Error,
    examine::{self, Observed},
    jobs, train,
};
use hangtu_catalog::Scenario;
use sqlx::AnyConnection;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// After a year, what was seen or said must be looked at again.
const FRESH: i64 = 365 * DAY;
/// How far ahead deadlines are told.
const AHEAD: i64 = 7 * DAY;
/// Runs in the chart: the newest.
const RUNS: i64 = 24;
/// How far ahead the ends of authorisations are told.
const SOON: i64 = 14 * DAY;
/// Lines in each list.
const LINES: i64 = 10;

/// How a control point stands, the better word first.
pub(super) const STATES: [&str; 6] =
    ["measured", "claimed", "not-applicable", "error", "stale", "never"];

/// Everything the page tells of.
pub(super) struct Facts {
    pub(super) observed: BTreeMap<String, Observed>,
    pub(super) claims: BTreeMap<String, Claimed>,
    pub(super) answers: Standing,
    pub(super) counts: Arc<Vec<Count>>,
    pub(super) drilled: HashMap<Scenario, Drilled>,
    pub(super) simulated: Option<Simulated>,
    pub(super) training: Arc<train::Standing>,
    pub(super) major: Vec<Line>,
    pub(super) due_mine: Vec<Line>,
    pub(super) due_all: Vec<Line>,
    pub(super) trend: Vec<Taken>,
    pub(super) expiring: Vec<Expiring>,
    pub(super) jobs: i64,
    pub(super) now: i64,
}

/// What runs observed of each control point, and what training records show of theirs.
pub(super) async fn observed(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<BTreeMap<String, Observed>, Error> {
    let mut all = examine::observed(c, organisation).await?;
    if let Some(shown) = &train::standing(app, c, organisation).await?.evidence {
        let seen = Observed {
            run: String::new(),
            time: shown.time,
            status: "measured".into(),
            findings: shown.lacking,
        };
        let newer = all.get(shown.control).is_none_or(|o| o.time < seen.time);
        if newer {
            all.insert(shown.control.to_owned(), seen);
        }
    }
    Ok(all)
}

pub(super) async fn gather(ctx: &Ctx) -> Result<Facts, Error> {
    let who = ctx.signed()?;
    let organisation = &who.organisation;
    let now = clock::now();
    correct::settle(&ctx.app, organisation).await;
    let c = &mut *ctx.app.db.read().await?;
    let major = facts::major(c, organisation, LINES).await?;
    // What stands among the major risks is not told twice.
    let mut due_all = facts::due(c, organisation, None, now + AHEAD, 2 * LINES).await?;
    due_all.retain(|line| major.iter().all(|m| m.id != line.id));
    due_all.truncate(LINES.unsigned_abs() as usize);
    let mut drilled = HashMap::new();
    for scenario in Scenario::ALL {
        if let Some(last) = drill::drilled(c, organisation, scenario).await? {
            drilled.insert(scenario, last);
        }
    }
    Ok(Facts {
        observed: observed(&ctx.app, c, organisation).await?,
        training: train::standing(&ctx.app, c, organisation).await?,
        claims: answer::claims(c, organisation).await?,
        answers: answer::standing(&ctx.app.catalog, c, organisation, &who.person).await?,
        counts: facts::counts(&ctx.app, c, organisation).await?,
        drilled,
        simulated: drill::simulated(c, organisation).await?,
        major,
        due_mine: facts::due(c, organisation, Some(&who.person), now + AHEAD, LINES).await?,
        due_all,
        trend: facts::trend(c, organisation, RUNS).await?,
        expiring: authorise::expiring(c, organisation, now + SOON).await?,
        jobs: jobs::unfinished(c, organisation).await?,
        now,
    })
}

/// Whether something seen or said is recent enough to count.
pub(crate) fn fresh(time: i64, now: i64) -> bool {
    now - time <= FRESH
}

/// How a control point stands. A measurement counts before a claim, a claim before an error.
pub(super) fn state(
    observed: Option<&Observed>,
    claim: Option<&Claimed>,
    now: i64,
) -> &'static str {
    let fresh = |time: i64| fresh(time, now);
    match (observed, claim) {
        (Some(o), _) if o.status == "measured" && fresh(o.time) => "measured",
        (_, Some(c)) if fresh(c.time) && c.means == "not-applicable" => "not-applicable",
        (_, Some(c)) if fresh(c.time) => "claimed",
        (Some(o), _) if o.status != "measured" && fresh(o.time) => "error",
        (None, None) => "never",
        _ => "stale",
    }
}

/// How many control points stand in each state of [`STATES`].
pub(crate) async fn coverage(
    app: &crate::App,
    c: &mut sqlx::AnyConnection,
    organisation: &str,
    now: i64,
) -> Result<BTreeMap<&'static str, u32>, Error> {
    let observed = observed(app, c, organisation).await?;
    let claims = answer::claims(c, organisation).await?;
    let mut counted = BTreeMap::new();
    for control in &app.catalog.controls {
        let state = state(observed.get(&control.id), claims.get(&control.id), now);
        *counted.entry(state).or_default() += 1;
    }
    Ok(counted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_or_broken_is_not_examined() {
        let now = 1_000 * DAY;
        let seen = |status: &str, days: i64| Observed {
            run: "r".into(),
            time: now - days * DAY,
            status: status.into(),
            findings: 0,
        };
        let said = |means: &str, days: i64| Claimed {
            means: means.into(),
            note: String::new(),
            time: now - days * DAY,
        };
        let case = |o: Option<Observed>, c: Option<Claimed>| state(o.as_ref(), c.as_ref(), now);
        assert_eq!(case(None, None), "never");
        assert_eq!(case(Some(seen("measured", 1)), Some(said("met", 1))), "measured");
        assert_eq!(case(Some(seen("measured", 400)), None), "stale");
        assert_eq!(case(Some(seen("measured", 400)), Some(said("met", 1))), "claimed");
        assert_eq!(case(Some(seen("error", 1)), None), "error");
        assert_eq!(case(Some(seen("error", 1)), Some(said("unmet", 1))), "claimed");
        assert_eq!(case(None, Some(said("not-applicable", 1))), "not-applicable");
        assert_eq!(case(None, Some(said("met", 400))), "stale");
    }
}
