//! The package: what leaves the plant.

use super::{
    Commitment, Continuity, Fork, Kind, Mark, PackageError, Step, compare,
    dsse::{Envelope, Members, stamp},
};
use crate::{
    canonical,
    checkpoint::{Checkpoint, CheckpointError},
    frontier::MAX_SIZE,
    hash::Hash,
    key::{SignerKey, VerifierKey},
    note::Note,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Most proofs from earlier sizes in one package.
pub const MAX_STEPS: usize = 32;

/// Longest name of a sender.
const MAX_SENDER: usize = 64;

/// What is to be sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Who sends: the unified social credit code.
    pub sender: String,
    /// Its number among the packages of this sender, from 1.
    pub sequence: u64,
    /// When it was sealed; what is finer than a microsecond is not kept.
    pub created: Timestamp,
    /// The returned package that it answers.
    pub answers: Option<Hash>,
    /// Proofs that the log continues itself from sizes that were sent or witnessed before.
    pub steps: Vec<Step>,
    /// The evidence that the facts rest on.
    pub evidence: Commitment,
    /// The facts; numbers are integers within ±(2⁵³ − 1).
    pub facts: Map<String, Value>,
}

impl Submission {
    /// Everything but the checkpoint.
    fn members(&self) -> Result<Map<String, Value>, PackageError> {
        let check =
            |holds: bool, field| if holds { Ok(()) } else { Err(PackageError::Field(field)) };
        let sender = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let fits = !self.sender.is_empty() && self.sender.len() <= MAX_SENDER;
        check(fits && self.sender.chars().all(sender), "sender")?;
        check(self.sequence > 0 && self.sequence < MAX_SIZE, "sequence")?;
        check(self.steps.len() <= MAX_STEPS, "consistency")?;
        check(self.evidence.count <= super::MAX_EVIDENCE as u64, "evidence")?;
        let created = stamp(self.created);
        check(created.len() == "2026-01-01T00:00:00.000000Z".len(), "created")?;
        let Value::Object(map) = json!({
            "answers": self.answers.map(|h| h.to_string()),
            "consistency": self.steps.iter().map(Step::write).collect::<Vec<_>>(),
            "created": created,
            "evidence": { "count": self.evidence.count, "root": self.evidence.root.to_base64() },
            "facts": self.facts,
            "sender": self.sender,
            "sequence": self.sequence,
        }) else {
            return Err(PackageError::NotCanonical);
        };
        Ok(map)
    }

    /// Seals it with the checkpoint of the sender's log at this size and root.
    pub fn seal(self, key: &SignerKey, size: u64, root: Hash) -> Result<Package, PackageError> {
        let mut map = self.members()?;
        let mark = Mark { sequence: self.sequence, content: content(&map)? };
        let origin = key.verifier().name().to_owned();
        let checkpoint = Checkpoint { origin, size, root, extension: vec![mark.line()] };
        let note = checkpoint.sign(key)?;
        map.insert("checkpoint".into(), note.to_string().into());
        let bytes = Envelope::seal(Kind::Submission, &map, key)?;
        let digest = Hash(Sha256::digest(&bytes).into());
        let key = key.verifier().clone();
        Ok(Package { submission: self, key, note, checkpoint, bytes, digest })
    }
}

fn content(map: &Map<String, Value>) -> Result<Hash, PackageError> {
    let text = canonical::object(map).map_err(|_| PackageError::NotCanonical)?;
    Ok(Hash(Sha256::digest(text).into()))
}

/// A package whose form, signature and checkpoint hold. Had only by sealing one or by
/// [`Package::open`]. It agrees with the key that it names; whether that key is the sender's, who
/// asks must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    submission: Submission,
    key: VerifierKey,
    note: Note,
    checkpoint: Checkpoint,
    bytes: Vec<u8>,
    digest: Hash,
}

impl Package {
    /// Opens a package: any changed bit is refused.
    pub fn open(bytes: &[u8]) -> Result<Self, PackageError> {
        let (map, key) = Envelope::parse(bytes)?.open(Kind::Submission)?;
        let mut m = Members(map);
        let note: Note = m.read("checkpoint")?;
        let content = content(&m.0)?;
        let again = m.0.clone();
        let evidence = m.take("evidence")?;
        let count = evidence.get("count").and_then(Value::as_u64);
        let root = evidence.get("root").and_then(|r| Hash::from_base64(r.as_str()?).ok());
        let evidence = PackageError::Field("evidence");
        let steps = m.list("consistency", MAX_STEPS)?.into_iter().map(Step::read);
        let submission = Submission {
            sender: m.text("sender", MAX_SENDER)?,
            sequence: m.number("sequence")?,
            created: m.time("created")?,
            answers: m.maybe("answers")?,
            steps: steps.collect::<Option<_>>().ok_or(PackageError::Field("consistency"))?,
            evidence: Commitment {
                count: count.ok_or_else(|| evidence.clone())?,
                root: root.ok_or(evidence)?,
            },
            facts: match m.take("facts")? {
                Value::Object(facts) => facts,
                _ => return Err(PackageError::Field("facts")),
            },
        };
        m.end()?;
        // Bounds, and whatever stands in a member beside what was taken.
        if submission.members()? != again {
            return Err(PackageError::NotCanonical);
        }
        let checkpoint = Checkpoint::open(&note, &key)?;
        // Only the log's own signature: another would give one package two spellings.
        if note.signatures().len() != 1 {
            return Err(PackageError::Field("checkpoint"));
        }
        if Mark::of(&checkpoint) != Some(Mark { sequence: submission.sequence, content }) {
            return Err(PackageError::Bound);
        }
        let digest = Hash(Sha256::digest(bytes).into());
        Ok(Self { submission, key, note, checkpoint, bytes: bytes.to_vec(), digest })
    }

    /// What it says.
    pub fn submission(&self) -> &Submission {
        &self.submission
    }

    /// The key that signed it.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The checkpoint as the log signed it.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The checkpoint of the sender's log.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the file, by which receipts name it.
    pub fn digest(&self) -> Hash {
        self.digest
    }

    /// How this package stands to a checkpoint of the same log that was seen before, which must be
    /// signed by the same key. `steps` came with the package of that checkpoint; they count where
    /// that one bears the higher number.
    pub fn continues(
        &self,
        seen: &Note,
        steps: &[Step],
    ) -> Result<(Continuity, Option<Fork>), CheckpointError> {
        let earlier = Checkpoint::open(seen, &self.key)?;
        let number = |c: &Checkpoint| Mark::of(c).map_or(0, |m| m.sequence);
        let late = number(&earlier) > self.submission.sequence;
        let (steps, size) = if late {
            (steps, self.checkpoint.size)
        } else {
            (self.submission.steps.as_slice(), earlier.size)
        };
        let steps: Vec<Step> = steps.iter().filter(|s| s.size == size).take(1).cloned().collect();
        let continuity = compare(&earlier, &self.checkpoint, &steps);
        let fork = continuity.convicts().then(|| Fork {
            earlier: seen.clone(),
            later: self.note.clone(),
            steps,
        });
        Ok((continuity, fork))
    }
}
