//! What the home page tells of training: for each scenario who should be trained, who is, whose
//! training ran out; and what it shows of the control point on training.

use super::{need, shelf};
use crate::{App, clock, error::Error};
use hangtu_catalog::Scenario;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::AnyConnection;
use std::collections::HashMap;

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

/// How far people are trained, by scenario.
pub(crate) async fn trained(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<HashMap<Scenario, Trained>, Error> {
    let now = clock::now();
    let shelf = shelf::shelf(app, c, organisation).await?;
    let all = need::needs(&app.catalog, &shelf, c, organisation, None).await?;
    let mut out = HashMap::new();
    for scenario in Scenario::ALL {
        let about = |id: &str| {
            shelf.iter().any(|course| course.id == id && course.scenarios.contains(&scenario))
        };
        let mut trained = Trained::default();
        for (_, list) in &all {
            let states: Vec<&str> =
                list.iter().filter(|n| about(&n.course)).map(|n| n.state(now)).collect();
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
        out.insert(scenario, trained);
    }
    Ok(out)
}

/// What training shows of the control point on training; nothing where nothing is asked of anybody,
/// or nothing has been completed yet and no deadline has passed.
pub(crate) async fn evidence(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Option<Evidence>, Error> {
    let now = clock::now();
    let shelf = shelf::shelf(app, c, organisation).await?;
    let all = need::needs(&app.catalog, &shelf, c, organisation, None).await?;
    let states = |list: &[need::Need]| list.iter().map(|n| n.state(now)).collect::<Vec<_>>();
    let late =
        |list: &[need::Need]| states(list).iter().any(|s| matches!(*s, "overdue" | "lapsed"));
    let lacking = all.iter().filter(|(_, list)| late(list)).count();
    let last = all.iter().flat_map(|(_, list)| list).filter_map(|n| n.done).max();
    let time = match last {
        Some(time) => time,
        None if lacking > 0 => now,
        None => return Ok(None),
    };
    Ok(Some(Evidence { control: CONTROL, time, lacking: lacking as i64 }))
}
