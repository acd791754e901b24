//! What the home page tells of training: for each scenario who should be trained, who is, whose
//! training ran out; and what it shows of the control point on training.

use super::{
    need::{self, Need},
    people::Reached,
    shelf::{self, Shelf},
};
use crate::{App, audit, clock, error::Error};
use hangtu_catalog::Scenario;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::AnyConnection;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// The control point on training: staff trained in the period, quiz kept.
const CONTROL: &str = "PER-05";

/// How far the people of an organisation are trained in a scenario. Each person counts once.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Trained {
    /// Of whom a course on the scenario is asked.
    pub(crate) should: u64,
    /// Who completed all that is asked, and nothing of it has run out.
    pub(crate) did: u64,
    /// Of the others: for whom something has run out.
    pub(crate) lapsed: u64,
    /// Of the others: who is past a deadline.
    pub(crate) overdue: u64,
}

/// What training shows of its control point.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) control: &'static str,
    /// The latest completion, or now where nothing is completed though asked.
    pub(crate) time: i64,
    /// People past a deadline, or whose training has run out.
    pub(crate) lacking: i64,
}

/// What the home page tells of training.
pub(crate) struct Standing {
    /// How far people are trained, by scenario.
    pub(crate) trained: HashMap<Scenario, Trained>,
    /// What that shows of its control point; nothing where nothing is asked of anybody, or nothing
    /// has been completed yet and no deadline has passed.
    pub(crate) evidence: Option<Evidence>,
}

/// How an organisation's people stand in training; kept until its log grows, and for a minute, as
/// deadlines pass.
pub(crate) async fn standing(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Arc<Standing>, Error> {
    let now = clock::now();
    let state = (now / clock::MINUTE, audit::size(c, organisation).await?);
    let place = app.training.standings.place(organisation.to_owned()).await;
    if let Some(standing) = place.of(&state) {
        return Ok(standing);
    }
    let state = (now / clock::MINUTE, audit::size(c, organisation).await?);
    let shelf = shelf::shelf(app, c, organisation).await?;
    let all = need::needs(&app.catalog, &shelf, c, organisation, None).await?;
    let trained = |scenario| (scenario, trained(scenario, &shelf, &all, now));
    let trained = Scenario::ALL.into_iter().map(trained).collect();
    Ok(place.put(state, Standing { trained, evidence: evidence(&all, now) }))
}

fn trained(scenario: Scenario, shelf: &Shelf, all: &[(Reached, Vec<Need>)], now: i64) -> Trained {
    let about: HashSet<&str> =
        shelf.iter().filter(|c| c.scenarios.contains(&scenario)).map(|c| c.id.as_str()).collect();
    let mut trained = Trained::default();
    for (_, list) in all {
        let asked = list.iter().filter(|n| about.contains(n.course.as_str()));
        let states: Vec<&str> = asked.map(|n| n.state(now)).collect();
        if states.is_empty() {
            continue;
        }
        trained.should += 1;
        if states.iter().all(|s| *s == "done") {
            trained.did += 1;
        } else if states.contains(&"lapsed") {
            trained.lapsed += 1;
        } else if states.contains(&"overdue") {
            trained.overdue += 1;
        }
    }
    trained
}

fn evidence(all: &[(Reached, Vec<Need>)], now: i64) -> Option<Evidence> {
    let late = |list: &[Need]| list.iter().any(|n| matches!(n.state(now), "overdue" | "lapsed"));
    let lacking = all.iter().filter(|(_, list)| late(list)).count();
    let last = all.iter().flat_map(|(_, list)| list).filter_map(|n| n.done).max();
    let time = last.or((lacking > 0).then_some(now))?;
    Some(Evidence { control: CONTROL, time, lacking: lacking as i64 })
}
