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

pub(crate) use intake::Gate;
pub(crate) use send::address;

use crate::{
    auth::Right,
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
