//! What an enterprise submits and what a supervisor answers, as files that anybody can check.
//!
//! A [`Package`] carries facts, a commitment to the evidence they rest on, and a signed checkpoint of
//! the sender's log; a [`Receipt`] answers it and carries the supervisor's cosignature over that
//! checkpoint. Both are DSSE envelopes (docs/submit.md). [`compare`] says how one checkpoint stands
//! to another, and a [`Fork`] is the proof that a log showed two histories. A [`Letter`] carries what a
//! supervisor tells beside, and what is answered to it.
//!
//! A version of a format, once published, stays readable for ever.

mod compare;
mod dsse;
mod evidence;
mod letter;
mod receipt;
mod submission;

pub use compare::{Continuity, Fork, Mark, Step, compare};
pub use dsse::{Kind, MAX_PACKAGE, PackageError, kind};
pub use evidence::{Commitment, MAX_EVIDENCE, Membership};
pub use letter::Letter;
pub use receipt::{Item, MAX_ITEMS, Receipt, Sealed, Standing};
pub use submission::{MAX_STEPS, Package, Submission};
