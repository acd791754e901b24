//! How two checkpoints of one log stand to each other, and the proof that they cannot both be true.

use super::{PackageError, dsse::Members};
use crate::{
    checkpoint::{Checkpoint, CheckpointError},
    hash::Hash,
    key::VerifierKey,
    note::Note,
    proof::verify_consistency,
    text::decimal,
};
use serde_json::{Map, Value, json};

/// Most hashes of a consistency proof between trees of at most 2⁵³ leaves.
const MAX_PROOF: usize = 2 * 53;

/// What a package's checkpoint says beside size and root: which package it was signed for.
const WORD: &str = "hangtu-submission";

/// The place of a package among those of its sender, and the hash of what it says. It stands in the
/// checkpoint that the log signs, so that two packages under one number convict their signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The number of the package, from 1.
    pub sequence: u64,
    /// SHA-256 of the payload without its checkpoint.
    pub content: Hash,
}

impl Mark {
    pub(super) fn line(self) -> String {
        format!("{WORD} {} {}", self.sequence, self.content.to_base64())
    }

    /// Reads the mark of a checkpoint.
    pub fn of(checkpoint: &Checkpoint) -> Option<Self> {
        let [line] = checkpoint.extension.as_slice() else { return None };
        let (sequence, content) = line.strip_prefix(WORD)?.strip_prefix(' ')?.split_once(' ')?;
        let sequence = decimal(sequence).filter(|n| *n > 0)?;
        Some(Self { sequence, content: Hash::from_base64(content).ok()? })
    }
}

/// How a checkpoint stands to one that was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// The very same.
    Same,
    /// The log continues what was seen, and that is proven.
    Extends,
    /// Nothing contradicts, but the proof that it continues is missing.
    Unproven,
    /// A later package shows a shorter log: its end was cut off.
    RolledBack,
    /// Two histories were signed.
    Forked,
}

impl Continuity {
    /// Whether it convicts the log.
    pub fn convicts(self) -> bool {
        matches!(self, Self::RolledBack | Self::Forked)
    }
}

/// The proof that a log continues itself from an earlier size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The earlier size.
    pub size: u64,
    /// The consistency proof of RFC 6962 §2.1.2.
    pub proof: Vec<Hash>,
}

/// Hashes as base64 texts.
fn hashes(list: &[Value]) -> Option<Vec<Hash>> {
    list.iter().map(|v| Hash::from_base64(v.as_str()?).ok()).collect()
}

fn texts(proof: &[Hash]) -> Vec<String> {
    proof.iter().map(|h| h.to_base64()).collect()
}

impl Step {
    pub(super) fn write(&self) -> Value {
        json!({ "proof": texts(&self.proof), "size": self.size })
    }

    pub(super) fn read(value: Value) -> Option<Self> {
        let Value::Object(map) = value else { return None };
        let mut members = Members(map);
        let size = members.number("size").ok()?;
        let proof = hashes(&members.list("proof", MAX_PROOF).ok()?)?;
        members.end().ok()?;
        Some(Self { size, proof })
    }
}

/// Compares two checkpoints of one log, both opened, in whatever order they came. `steps` are the
/// proofs that came with the later package: it is the one with the higher number.
pub fn compare(a: &Checkpoint, b: &Checkpoint, steps: &[Step]) -> Continuity {
    if a == b {
        return Continuity::Same;
    }
    let (Some(one), Some(two)) = (Mark::of(a), Mark::of(b)) else {
        return by_size(a, b, steps);
    };
    match one.sequence.cmp(&two.sequence) {
        // Two packages were signed under one number.
        std::cmp::Ordering::Equal => Continuity::Forked,
        std::cmp::Ordering::Less => by_size(a, b, steps),
        std::cmp::Ordering::Greater => by_size(b, a, steps),
    }
}

fn by_size(earlier: &Checkpoint, later: &Checkpoint, steps: &[Step]) -> Continuity {
    if later.size < earlier.size {
        return Continuity::RolledBack;
    }
    if later.size == earlier.size {
        let same = later.root == earlier.root;
        return if same { Continuity::Extends } else { Continuity::Forked };
    }
    let Some(step) = steps.iter().find(|s| s.size == earlier.size) else {
        // Every log continues the empty one.
        return if earlier.size == 0 { Continuity::Extends } else { Continuity::Unproven };
    };
    let holds = verify_consistency(earlier.size, earlier.root, later.size, later.root, &step.proof);
    if holds.is_ok() { Continuity::Extends } else { Continuity::Forked }
}

/// The proof that a log showed two histories, or lost its end: two checkpoints that it signed and,
/// where they differ in size, the proof that it offered. Anybody with the log's key can check it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// What was seen first.
    pub earlier: Note,
    /// What came then.
    pub later: Note,
    /// The proofs offered with the later package that speak of the earlier size.
    pub steps: Vec<Step>,
}

impl Fork {
    /// How the two stand to each other; both must be signed by the log.
    pub fn verify(&self, log: &VerifierKey) -> Result<Continuity, CheckpointError> {
        let earlier = Checkpoint::open(&self.earlier, log)?;
        let later = Checkpoint::open(&self.later, log)?;
        Ok(compare(&earlier, &later, &self.steps))
    }

    pub(super) fn write(&self) -> Value {
        json!({
            "earlier": self.earlier.to_string(),
            "later": self.later.to_string(),
            "steps": self.steps.iter().map(Step::write).collect::<Vec<_>>(),
        })
    }

    pub(super) fn read(map: Map<String, Value>) -> Result<Self, PackageError> {
        let mut members = Members(map);
        let fork = Self {
            earlier: members.read("earlier")?,
            later: members.read("later")?,
            steps: members
                .list("steps", 1)?
                .into_iter()
                .map(Step::read)
                .collect::<Option<_>>()
                .ok_or(PackageError::Field("steps"))?,
        };
        members.end()?;
        Ok(fork)
    }
}
