//! Facts as people read them, on either side.

use crate::{error::Error, supervise::Facts};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// Facts, and what of them was not recorded.
#[derive(Serialize, JsonSchema)]
pub(super) struct Told {
    pub(super) facts: Facts,
    /// Whether training is recorded at all.
    pub(super) training: bool,
    /// Files of evidence that stay in the plant, and the root over their hashes.
    pub(super) evidence: u64,
    pub(super) root: String,
    /// As it is written in the package.
    #[serde(skip)]
    pub(super) raw: String,
}

impl Told {
    pub(super) fn of(map: &Map<String, Value>, count: u64, root: String) -> Result<Self, Error> {
        let facts = serde_json::from_value(Value::Object(map.clone())).map_err(Error::internal)?;
        let raw = serde_json::to_string_pretty(map).map_err(Error::internal)?;
        let training = map.contains_key("training");
        Ok(Self { facts, training, evidence: count, root, raw })
    }
}

/// Parts of the facts that an item of a returned submission may be about.
pub(super) const PARTS: [&str; 9] = [
    "organisation",
    "data",
    "examination",
    "risks",
    "majors",
    "drills",
    "training",
    "evidence",
    "other",
];
