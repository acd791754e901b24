//! SHA-256 over leaves and nodes, with the prefixes of RFC 6962 §2.1.

use crate::text::{from_base64, from_hex, hex, to_base64};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};

/// A hash of the tree. Its text is lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

/// What is not 32 bytes in hex or base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 32 bytes: 64 lower-case hexadecimal digits, or 44 characters of base64")]
pub struct HashError;

impl Hash {
    /// The standard base64 of RFC 4648 §4, as checkpoints write it.
    pub fn to_base64(self) -> String {
        to_base64(&self.0)
    }

    /// Reads what [`Self::to_base64`] wrote.
    pub fn from_base64(text: &str) -> Result<Self, HashError> {
        let bytes = from_base64(text).ok_or(HashError)?;
        bytes.try_into().map(Self).map_err(|_| HashError)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let mut bytes = [0; 32];
        from_hex(text, &mut bytes).ok_or(HashError)?;
        Ok(Self(bytes))
    }
}

/// The hash of a leaf's content.
pub fn leaf_hash(content: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(content).finalize().into())
}

/// The hash of a node above two others.
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    Hash(
        Sha256::new()
            .chain_update([1])
            .chain_update(left.0)
            .chain_update(right.0)
            .finalize()
            .into(),
    )
}

/// The root of a tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}
