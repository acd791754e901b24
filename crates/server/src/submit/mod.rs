//! Submissions: facts that an enterprise seals and sends, what the supervisor receives, reviews and
//! answers. The files are `hangtu-ledger`'s packages and receipts (docs/submit.md).
//!
//! Enterprise: draft → signed → sent → received → returned with items → resubmitted → accepted.
//! Supervisor (`intake/`): received → returned or accepted; refused and kept as evidence where the
//! enterprise's log shows two histories. Whatever is acknowledged was committed before.

mod draft;
mod intake;
mod list;
mod one;
mod receipt;
mod send;
mod shown;
mod sign;
mod steps;
mod supervisor;

#[cfg(feature = "history")]
pub(crate) use intake::told;
pub(crate) use intake::{Gate, body, refused, supervises, trusted};
pub(crate) use send::exchange;
pub(crate) use supervisor::key_of as supervisor_key;

use crate::{
    App,
    auth::Right,
    db::Change,
    error::Error,
    route::{Access, Routes},
};

/// Who draws up and sends.
const SUBMIT: Access = Access::May(Right::Submit);
/// What a package or receipt file is.
const MEDIA: &str = "application/json";

pub(crate) fn routes(r: &mut Routes) {
    list::routes(r);
    supervisor::routes(r);
    receipt::routes(r);
    one::routes(r);
    steps::routes(r);
    send::routes(r);
    intake::routes(r);
}

/// Lets an enterprise that a supervisor of the same instance hosts, the change's organisation, submit
/// to it: each knows the other's keys from the start.
pub(crate) async fn host(
    app: &App,
    change: &mut Change,
    supervisor: [&str; 2],
    person: &str,
) -> Result<(), Error> {
    supervisor::inside(app, change, supervisor, person).await?;
    intake::host(app, change, supervisor[0], person).await
}

/// What the clock does by itself.
pub(crate) fn start(app: &App) {
    send::start(app);
}
