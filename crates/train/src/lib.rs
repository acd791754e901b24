//! Training: exams drawn fairly, person-times counted honestly, credentials that anybody can verify,
//! and the exchange formats of other learning systems.
//!
//! Courses and their rules are content (`hangtu_catalog::course`, `hangtu_catalog::Training`). Here
//! is what is done with them, pure: no clock, no randomness, no network, no database. Times and
//! seeds come in as parameters, and whoever stores things stores the types of this crate.
//!
//! - [`exam`] draws papers, keeps attempts, marks, and finds bad questions.
//! - [`count`] makes person-times, persons and professionals of attendance and results.
//! - [`credential`] issues Open Badges 3.0, withdraws and verifies them.
//! - [`exchange`] reads and writes xAPI, cmi5, QTI and enrolment lists; [`lrs`] is a learning record
//!   store without its database.

pub mod count;
pub mod credential;
pub mod exam;
pub mod exchange;
pub mod lrs;

#[cfg(test)]
mod fixture;
