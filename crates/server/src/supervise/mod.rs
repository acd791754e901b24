//! The supervising side: who is supervised, what they submitted, the picture made of it.
//!
//! What other capabilities use: [`Facts`], the allow-list that a submission is made of;
//! [`picture::take_in`] when a submission is accepted; [`roster::submitted`] when one is received;
//! [`packs`] and [`examined`], the rules of bulletins in examinations, [`bulletins`] in submissions.

mod campaign;
mod draw;
mod facts;
#[cfg(test)]
mod fixture;
pub(crate) mod history;
mod model;
pub(crate) mod nation;
pub(crate) mod picture;
pub(crate) mod roster;
mod steer;
mod target;

pub(crate) use facts::{Facts, VERSION as FACTS};
pub(crate) use picture::pass_up;
pub(crate) use steer::{bulletins, examined, packs};

use crate::{App, route::Routes};

pub(crate) fn routes(r: &mut Routes) {
    picture::routes(r);
    roster::routes(r);
    target::routes(r);
    draw::routes(r);
    campaign::routes(r);
    steer::routes(r);
    #[cfg(feature = "history")]
    history::routes(r);
}

/// What the clock does by itself.
pub(crate) fn start(app: &App) {
    picture::start(app);
    roster::start(app);
    #[cfg(feature = "history")]
    history::start(app);
}
