//! Evidence to records to detections to findings.
//!
//! [`examine`] reads captures through `hangtu-traffic`, matches each record with the rules,
//! reconciles it with what was [authorised](authorise), gathers [findings](model::Finding) and says
//! what the run [covered](model::Coverage). [`compare`] sets it against an earlier examination;
//! [`report`] writes it for people and programs.

mod assets;
pub mod authorise;
mod compare;
mod coverage;
mod describe;
pub mod evidence;
mod examine;
mod judge;
mod logs;
pub mod model;
mod observed;
mod reconcile;
mod rejudge;
pub mod report;
mod rules;
pub mod timeline;

pub use assets::assets;
pub use compare::{BaselineError, Known, Proof, Retest, baseline, compare, retest_reason, span};
pub use coverage::is_serious;
pub use evidence::{Evidence, Reading};
pub use examine::{AuthorisationsFile, Progress, Setup, SoFar, examine, problems, stopped};
pub use reconcile::{Reason, Verdict};
pub use rejudge::{Changed, Effect, Rejudged, Seen, rejudge, seen};
pub use rules::{Rules, walk};
