//! Credentials that anybody can verify without asking us: Open Badges 3.0 on the Verifiable
//! Credentials data model 2.0, secured as JSON Web Tokens (OB 3.0, “JSON Web Token Proof Format”)
//! with Ed25519 (`EdDSA`, RFC 8037), withdrawn by a Bitstring Status List (W3C, 2025).
//!
//! [`Badge::issue`] signs, [`verify`] checks; [`StatusList`] withdraws. docs/training.md has the
//! format.

mod badge;
mod claims;
mod did;
mod jws;
mod status;
mod strict;
#[cfg(test)]
mod tests;
mod verify;

pub use badge::{Achievement, AchievementKind, Badge, Issuer, IssuerId, Recipient, StatusEntry};
pub use did::{did_key, public_of_did_key};
pub use jws::{IssueError, MAX_TOKEN};
pub use status::{LEAST_ENTRIES, MAX_ENTRIES, StatusError, StatusList, StatusPurpose};
pub use strict::strict_json;
pub use verify::{
    Check, Finding, Outcome, Shown, TrustedKey, TrustedKeyError, Verification, verify,
};
