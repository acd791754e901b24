//! What other learning systems send and take: xAPI statements, cmi5 packages and sessions, QTI items,
//! enrolment lists.
//!
//! Everything that is read here was written by strangers: lengths, depths and numbers of parts are
//! bounded, document types and entities are refused, and nothing panics.

pub mod cmi5;
pub mod enrol;
mod package;
pub mod qti;
pub mod xapi;
mod xml;

pub use package::{Limits, Package, PackageError};
