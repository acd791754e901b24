//! Letters: what a supervisor tells an enterprise (notices), and what the enterprise answers.
//!
//! The envelope proves who wrote a letter and that it was not changed; what its members mean is for
//! the program that writes and reads it (docs/supervise.md).

use super::{Kind, PackageError, dsse::Envelope};
use crate::{
    hash::Hash,
    key::{SignerKey, VerifierKey},
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// A letter whose form and signature hold. It agrees with the key that it names; whether that key is
/// the one to be trusted, who asks must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    content: Map<String, Value>,
    key: VerifierKey,
    bytes: Vec<u8>,
    digest: Hash,
}

impl Letter {
    fn fits(kind: Kind) -> Result<(), PackageError> {
        match kind {
            Kind::Notice | Kind::Answers => Ok(()),
            Kind::Submission | Kind::Receipt => Err(PackageError::Type(kind.media())),
        }
    }

    /// Seals an object of strings, whole numbers, lists and objects. Submissions and receipts have
    /// their own ways.
    pub fn seal(
        kind: Kind,
        content: Map<String, Value>,
        key: &SignerKey,
    ) -> Result<Self, PackageError> {
        Self::fits(kind)?;
        let bytes = Envelope::seal(kind, &content, key)?;
        let digest = Hash(Sha256::digest(&bytes).into());
        Ok(Self { content, key: key.verifier().clone(), bytes, digest })
    }

    /// Opens a letter: any changed bit is refused.
    pub fn open(kind: Kind, bytes: &[u8]) -> Result<Self, PackageError> {
        Self::fits(kind)?;
        let (content, key) = Envelope::parse(bytes)?.open(kind)?;
        let digest = Hash(Sha256::digest(bytes).into());
        Ok(Self { content, key, bytes: bytes.to_vec(), digest })
    }

    /// What it says.
    pub fn content(&self) -> &Map<String, Value> {
        &self.content
    }

    /// The key that signed it.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the file.
    pub fn digest(&self) -> Hash {
        self.digest
    }
}
