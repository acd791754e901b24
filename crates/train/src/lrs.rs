//! A learning record store without its database (xAPI 1.0.3, part three; version 2.0 of IEEE
//! 9274.1.1 where it differs): what is taken, what is refused with which status, what a query finds.
//!
//! The server routes requests here and implements [`Store`] over its tables. [`Refusal`] carries the
//! status to answer with. The caller checks who may ask, and names the authority.

mod document;
mod multipart;
mod person;
mod query;
mod render;
mod statements;
mod store;
#[cfg(test)]
mod tests;

pub use document::{
    Conditions, Document, DocumentKey, Method, Resource, Wanted, check_delete, etag, merge,
};
pub use multipart::{Multipart, Part, check_signatures, read_multipart, write_multipart};
pub use person::{about, activity, person};
pub use query::{Filter, Format, MAX_PAGE, Many, Query};
pub use statements::{Answer, MAX_BATCH, StoreOrRefusal, get_statements, parse_batch, store_batch};
pub use store::{Memory, Scan, Store, Stored};

use crate::exchange::xapi::Refused;

/// Why a request is refused, with the status of the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    /// Status of HTTP: 400, 404, 409, 412 or 413.
    pub status: u16,
    /// Why.
    pub why: String,
}

impl Refusal {
    fn bad(why: impl Into<String>) -> Self {
        Self { status: 400, why: why.into() }
    }

    fn new(status: u16, why: impl Into<String>) -> Self {
        Self { status, why: why.into() }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self::bad(refused.to_string())
    }
}
