//! What keys sign with: Ed25519 (RFC 8032), or SM2 over SM3 (GB/T 32918.2, GB/T 32905) where commercial
//! cryptography is asked for.

use sha2::{Digest, Sha256};
use sm2::dsa::signature::{Signer as _, Verifier as _};
use std::{fmt, str::FromStr};

/// The signer's identity that enters an SM2 hash where none is agreed on (GM/T 0009, section 10).
const IDENTITY: &str = "1234567812345678";

/// What a key signs with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519.
    #[default]
    Ed25519,
    /// SM2 with SM3.
    Sm2,
}

impl Algorithm {
    /// Its short name, as [`FromStr`] reads it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::Sm2 => "sm2",
        }
    }

    /// What stands before a public key, and enters its id: the signature types of C2SP signed-note; for
    /// SM2, which has none there, the escape `0xff` and a name of our own.
    pub(crate) const fn prefix(self, witness: bool) -> &'static [u8] {
        match (self, witness) {
            (Self::Ed25519, false) => &[0x01],
            (Self::Ed25519, true) => &[0x04],
            (Self::Sm2, false) => b"\xffhangtu/sm2-sm3/",
            (Self::Sm2, true) => b"\xffhangtu/sm2-sm3-cosignature/",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Ed25519, Self::Sm2].into_iter().find(|a| a.name() == text).ok_or(())
    }
}

/// A public key.
#[derive(Clone)]
pub(crate) enum Public {
    Ed25519(ed25519_dalek::VerifyingKey),
    Sm2(Box<sm2::dsa::VerifyingKey>),
}

impl PartialEq for Public {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm() == other.algorithm() && self.bytes() == other.bytes()
    }
}

impl Eq for Public {}

impl Public {
    /// Reads a key: 32 bytes of Ed25519, or the 33 of a compressed point of SM2 (SEC 1, 2.3.3). Weak
    /// keys, and second spellings of one, are none.
    pub(crate) fn parse(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        match algorithm {
            Algorithm::Ed25519 => {
                let key = ed25519_dalek::VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
                (!key.is_weak()).then_some(Self::Ed25519(key))
            }
            Algorithm::Sm2 => {
                let key = sm2::dsa::VerifyingKey::from_sec1_bytes(IDENTITY, bytes).ok()?;
                let key = Self::Sm2(Box::new(key));
                (key.bytes() == bytes).then_some(key)
            }
        }
    }

    pub(crate) const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::Sm2(_) => Algorithm::Sm2,
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        use sm2::elliptic_curve::sec1::ToSec1Point;
        match self {
            Self::Ed25519(key) => key.as_bytes().to_vec(),
            Self::Sm2(key) => key.as_affine().to_sec1_point(true).as_bytes().to_vec(),
        }
    }

    /// Whether these 64 bytes are a signature over the message. Strict: weak keys and second spellings
    /// of a signature are refused.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|s| key.verify_strict(message, &s).is_ok()),
            Self::Sm2(key) => sm2::dsa::Signature::from_slice(signature)
                .is_ok_and(|s| key.verify(message, &s).is_ok()),
        }
    }
}

/// A private key.
pub(crate) enum Private {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    Sm2(Box<sm2::dsa::SigningKey>),
}

impl Private {
    /// Makes a key from 32 random bytes. Of SM2 they are the scalar; one in 2^32 is out of its range,
    /// and its hash is taken instead.
    pub(crate) fn new(algorithm: Algorithm, seed: &[u8; 32]) -> Self {
        match algorithm {
            Algorithm::Ed25519 => {
                Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(seed)))
            }
            Algorithm::Sm2 => {
                let mut scalar = *seed;
                loop {
                    if let Ok(key) = sm2::dsa::SigningKey::from_slice(IDENTITY, &scalar) {
                        return Self::Sm2(Box::new(key));
                    }
                    scalar = Sha256::digest(scalar).into();
                }
            }
        }
    }

    pub(crate) fn public(&self) -> Public {
        match self {
            Self::Ed25519(key) => Public::Ed25519(key.verifying_key()),
            Self::Sm2(key) => Public::Sm2(Box::new(key.verifying_key().clone())),
        }
    }

    pub(crate) fn seed(&self) -> [u8; 32] {
        match self {
            Self::Ed25519(key) => *key.as_bytes(),
            Self::Sm2(key) => key.to_bytes().into(),
        }
    }

    /// Signs. The nonce follows from key and message (RFC 8032; RFC 6979 with SM3), so the same
    /// message has the same signature.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        match self {
            Self::Ed25519(key) => key.sign(message).to_bytes(),
            Self::Sm2(key) => key.sign(message).to_bytes().into(),
        }
    }
}
