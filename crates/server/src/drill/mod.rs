//! Drills: exercises with roles and clocks, conducted, played, judged and reported.
//!
//! Beside them technical simulations (`simulation/`), which measure instead of asking.
//!
//! What happens in a drill is entered in the organisation's ledger, each entry under the drill's own
//! subject. The engine of `hangtu-drill` computes everything else from these entries: nothing of a
//! drill's state is kept beside them but what lists are sorted by.

mod book;
mod console;
mod document;
mod exercises;
mod form;
mod judge;
mod list;
mod live;
mod log;
mod overview;
mod part;
mod refuse;
mod report;
mod simulation;
mod standing;
mod steps;
mod sweep;

pub(crate) use live::Live;
pub(crate) use simulation::{Simulated, recover, simulated};
pub(crate) use standing::{Drilled, drilled, number, played};
pub(crate) use sweep::start;

use crate::{App, auth::Right, route::Routes};

/// Stops the simulation that runs, and waits until everything is put back.
pub(crate) async fn stop(app: &App) {
    app.drills.simulations.end().await;
}

/// Who prepares and conducts drills.
const CONDUCT: Right = Right::Drill;

pub(crate) fn routes(r: &mut Routes) {
    list::routes(r);
    exercises::routes(r);
    overview::routes(r);
    steps::routes(r);
    console::routes(r);
    part::routes(r);
    form::routes(r);
    judge::routes(r);
    report::routes(r);
    live::routes(r);
    simulation::routes(r);
}
