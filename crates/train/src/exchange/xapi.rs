//! xAPI statements (Experience API 1.0.3, part two; IEEE 9274.1.1, which is version 2.0).
//!
//! [`Statement::parse`] refuses whatever a learning record store must refuse, and says where and
//! why. A statement keeps its JSON as it came: a store must give back what it was given.

mod actor;
mod compare;
mod form;
mod object;
mod part;
mod statement;
#[cfg(test)]
pub(crate) mod tests;

pub use actor::agent_key;
pub use form::{is_duration, is_iri, is_language_tag, timestamp};
pub use statement::{Attachment, Facets, Statement, VOIDED, Version};

/// Why a statement is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {why}")]
pub struct Refused {
    /// Where, e.g. `object.definition.type`.
    pub place: String,
    /// Why.
    pub why: String,
}

impl Refused {
    /// Refuses what stands at a place.
    pub fn new(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self { place: place.into(), why: why.into() }
    }
}
