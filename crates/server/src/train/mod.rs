//! Training: courses read, exams sat, certificates issued and verified, sessions held and counted,
//! and what is asked of whom.
//!
//! What is drawn, marked, counted and signed is decided by `hangtu-train`; here are its tables and
//! pages. A right answer leaves the server only after an attempt has ended.

mod alternate;
mod ask;
mod attached;
mod attempt;
mod attend;
mod attendance;
mod blobs;
mod certificate;
mod check;
mod cmi5;
mod count;
mod courses;
mod documents;
mod enrol;
mod exam;
mod forward;
mod issue;
mod items;
mod lrs;
mod mine;
mod need;
mod outside;
mod own;
mod paper;
mod people;
mod plan;
mod progress;
mod qr;
mod reading;
mod records;
mod roll;
mod saver;
mod say;
mod session;
mod shelf;
mod standing;
mod statements;
mod sweep;
mod track;

pub(crate) use count::totals;
pub(crate) use standing::{Standing, Trained, standing};

use crate::{App, auth::Right, error::Error, kept::Kept, route::Routes};
use hangtu_catalog::{Bilingual, course::Course, key, sha256};

/// Who plans sessions, assigns and manages courses.
const TRAIN: Right = Right::Train;

pub(crate) fn routes(r: &mut Routes) {
    mine::routes(r);
    courses::routes(r);
    own::routes(r);
    reading::routes(r);
    exam::routes(r);
    items::routes(r);
    track::routes(r);
    certificate::routes(r);
    check::routes(r);
    people::routes(r);
    need::routes(r);
    ask::routes(r);
    session::routes(r);
    plan::routes(r);
    enrol::routes(r);
    attend::routes(r);
    roll::routes(r);
    count::routes(r);
    lrs::routes(r);
    documents::routes(r);
    records::routes(r);
    cmi5::routes(r);
    outside::routes(r);
}

/// What is kept in memory: the way to the saver, courses of one's own as they were read, how people
/// stand.
pub(crate) struct State {
    saver: saver::Saver,
    shelves: Kept<String, shelf::Stamp, Vec<Course>>,
    standings: Kept<String, (i64, i64), Standing>,
}

impl Default for State {
    fn default() -> Self {
        let saver = saver::Saver::default();
        Self { saver, shelves: Kept::new(256), standings: Kept::new(512) }
    }
}

/// Begins to take answers, and to end exams whose time is up.
pub(crate) fn start(app: &App) {
    saver::start(app);
    sweep::start(app);
    records::start(app);
}

/// The end of something that is good for so many months.
fn runs_out(from: i64, months: u16) -> i64 {
    hangtu_train::count::runs_out(crate::clock::stamp(from), months).as_microsecond()
}

/// A name that stands for a text, always the same: a UUID of version 8 over its hash.
fn urn(of: &str) -> String {
    let hash = sha256(of.as_bytes());
    format!(
        "urn:uuid:{}-{}-8{}-8{}-{}",
        &hash[..8],
        &hash[8..12],
        &hash[13..16],
        &hash[17..20],
        &hash[20..32]
    )
}

/// A refusal of a library, with its reason.
fn refused(field: &'static str, why: impl std::fmt::Display) -> Error {
    let why = why.to_string();
    Error::Invalid(field, Bilingual::message(key::TRAIN_REFUSED, &[("why", why.as_str().into())]))
}
