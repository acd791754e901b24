//! A commitment to raw evidence, which stays in the plant: the root of a tree (RFC 6962) over the
//! SHA-256 of each file, and the proof that one of them is under it.

use super::{PackageError, dsse::Members};
use crate::{
    canonical,
    hash::{Hash, leaf_hash},
    proof::{inclusion_proof, root, verify_inclusion},
};
use serde_json::{Value, json};

/// Most files under one commitment.
pub const MAX_EVIDENCE: usize = 1 << 20;

const SCHEMA: &str = "hangtu.evidence-proof/1";
const MAX_TEXT: usize = 16 * 1024;

/// How many files of evidence, and the root over their hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// How many.
    pub count: u64,
    /// The root.
    pub root: Hash,
}

/// A leaf is the hash of the file's 32 bytes of SHA-256.
fn leaf(file: &Hash) -> Hash {
    leaf_hash(&file.0)
}

impl Commitment {
    /// Commits to files by their SHA-256, in this order.
    pub fn to(files: &[Hash]) -> Self {
        let leaves: Vec<Hash> = files.iter().map(leaf).collect();
        Self { count: files.len() as u64, root: root(&leaves) }
    }

    /// Whether the proof shows that a file is under it.
    pub fn holds(&self, membership: &Membership) -> bool {
        let m = membership;
        let leaf = leaf(&m.file);
        verify_inclusion(leaf, m.index, self.count, &m.proof, self.root).is_ok()
    }
}

/// The proof that a file is under a package's commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The package.
    pub package: Hash,
    /// SHA-256 of the file.
    pub file: Hash,
    /// Its place.
    pub index: u64,
    /// The audit path of RFC 6962 §2.1.1.
    pub proof: Vec<Hash>,
}

impl Membership {
    /// What a written proof begins with: its members are sorted.
    pub const BEGINS: &[u8] = b"{\"evidence\":\"";

    /// Makes the proof for one of these files.
    pub fn of(package: Hash, file: Hash, files: &[Hash]) -> Option<Self> {
        let index = files.iter().position(|f| *f == file)? as u64;
        let leaves: Vec<Hash> = files.iter().map(leaf).collect();
        Some(Self { package, file, index, proof: inclusion_proof(index, &leaves)? })
    }

    /// Writes it as canonical JSON.
    pub fn write(&self) -> String {
        let value = json!({
            "evidence": self.file.to_string(),
            "index": self.index,
            "package": self.package.to_string(),
            "proof": self.proof.iter().map(|h| h.to_base64()).collect::<Vec<_>>(),
            "schema": SCHEMA,
        });
        value.as_object().and_then(|o| canonical::object(o).ok()).unwrap_or_default()
    }

    /// Reads what [`Self::write`] wrote, and nothing else.
    pub fn parse(text: &str) -> Result<Self, PackageError> {
        if text.len() > MAX_TEXT {
            return Err(PackageError::TooLong);
        }
        let map = serde_json::from_str(text).map_err(|_| PackageError::NotCanonical)?;
        let mut members = Members(map);
        if members.text("schema", 64)? != SCHEMA {
            return Err(PackageError::Field("schema"));
        }
        let proof = members.list("proof", 64)?;
        let hash = |v: &Value| Hash::from_base64(v.as_str()?).ok();
        let proof: Option<Vec<Hash>> = proof.iter().map(hash).collect();
        let membership = Self {
            package: members.read("package")?,
            file: members.read("evidence")?,
            index: members.number("index")?,
            proof: proof.ok_or(PackageError::Field("proof"))?,
        };
        members.end()?;
        if membership.write() == text { Ok(membership) } else { Err(PackageError::NotCanonical) }
    }
}
