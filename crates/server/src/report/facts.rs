//! What a report says, gathered once and frozen: every file of a report is made of these facts.

use crate::{App, correct, error::Error, examine, home};
use hangtu_catalog::Bilingual;
use serde::{Deserialize, Serialize};

/// The facts of a report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Facts {
    /// Schema of this file.
    pub(super) schema: String,
    pub(super) id: String,
    /// As people read it, e.g. `2026-0001`.
    pub(super) number: String,
    pub(super) made: i64,
    pub(super) person_name: String,
    pub(super) organisation: OrganisationFacts,
    /// Version of the questionnaire's content.
    pub(super) catalogue: u32,
    pub(super) runs: Vec<RunFacts>,
    pub(super) controls: Vec<ControlFacts>,
    pub(super) findings: Vec<FindingFacts>,
    /// The ledger's size and root when the report was made.
    pub(super) ledger_size: u64,
    pub(super) ledger_root: String,
}

/// Whom it is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OrganisationFacts {
    pub(super) name: String,
    pub(super) credit_code: String,
    pub(super) region: Bilingual,
    pub(super) industry: Bilingual,
}

/// An examination it rests on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RunFacts {
    pub(super) number: i64,
    pub(super) time: i64,
    /// The span of the evidence.
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
    /// Whether it was read to its end without damage.
    pub(super) complete: bool,
    pub(super) inputs: u64,
    pub(super) bytes: u64,
    pub(super) records: u64,
}

/// A control point: what was claimed and what was observed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ControlFacts {
    pub(super) id: String,
    pub(super) title: Bilingual,
    pub(super) scenarios: Vec<String>,
    /// `met`, `partly`, `unmet`, `not-applicable`; absent while blank.
    pub(super) claim: Option<String>,
    /// `measured`, `stale` or `error`; absent while never measured.
    pub(super) observed: Option<String>,
    /// Open findings on it.
    pub(super) open: u64,
}

impl ControlFacts {
    /// Whether anybody or anything has said something of it.
    pub(super) fn spoken_of(&self) -> bool {
        self.claim.is_some() || self.observed.is_some()
    }
}

/// A finding and the state of its correction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FindingFacts {
    pub(super) id: String,
    pub(super) number: i64,
    pub(super) fingerprint: String,
    pub(super) rule: String,
    pub(super) subject: String,
    pub(super) title: Bilingual,
    pub(super) description: Bilingual,
    pub(super) advice: Bilingual,
    pub(super) scenario: String,
    pub(super) level: String,
    pub(super) state: String,
    pub(super) owner: Option<String>,
    pub(super) due: Option<i64>,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) count: i64,
    pub(super) controls: Vec<String>,
}

impl FindingFacts {
    /// Whether something is still to be done, or is only tolerated.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.state.as_str(), "closed" | "not-applicable")
    }
}
