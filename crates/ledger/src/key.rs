//! Keys: who signs, who witnesses, who verifies (C2SP signed-note, tlog-cosignature).

use crate::{
    algorithm::{Algorithm, Private, Public},
    note::Signature,
    text::{from_base64, from_hex, hex, key_name, to_base64},
};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};

/// What the secret text of a key begins with, as Go's `note` package has it.
const PRIVATE: &str = "PRIVATE+KEY+";

/// The first bytes of a hash over name, kind and public key.
pub type KeyId = [u8; 4];

/// A text or name that is none of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name is empty or has spaces, a plus or control characters.
    #[error("the name of a key is not empty and has no spaces, no + and no control characters")]
    Name,
    /// Not `name+id+base64`.
    #[error("a key is NAME+ID+KEY: a name, eight hexadecimal digits, and base64")]
    Form,
    /// Not of a kind that is known here, or of the other kind.
    #[error("the key is of another kind than is wanted here")]
    Kind,
    /// The id does not belong to name and key.
    #[error(
        "the id of the key does not belong to its name and public key: it was mistyped or changed"
    )]
    Id,
    /// Not a point of the curve, or a weak one.
    #[error("the public key is none of Ed25519 or SM2, or a weak one")]
    Point,
}

fn id(name: &str, prefix: &[u8], public: &[u8]) -> KeyId {
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update(b"\n")
        .chain_update(prefix)
        .chain_update(public)
        .finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

/// What `name+id+base64(prefix || key)` says; the key is not looked at.
struct Parts<'a> {
    name: &'a str,
    id: KeyId,
    algorithm: Algorithm,
    witness: bool,
    key: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn parse(text: &'a str) -> Result<Self, KeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(written), Some(key)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(KeyError::Form);
        };
        if !key_name(name) {
            return Err(KeyError::Name);
        }
        let mut id = KeyId::default();
        from_hex(written, &mut id).ok_or(KeyError::Form)?;
        let bytes = from_base64(key).ok_or(KeyError::Form)?;
        for algorithm in [Algorithm::Ed25519, Algorithm::Sm2] {
            for witness in [false, true] {
                if let Some(key) = bytes.strip_prefix(algorithm.prefix(witness)) {
                    return Ok(Self { name, id, algorithm, witness, key: key.to_vec() });
                }
            }
        }
        Err(KeyError::Kind)
    }
}

/// A public key with its name: of a log (signs notes) or of a witness (cosigns checkpoints).
///
/// Its text is `name+id+base64(prefix || key)`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: KeyId,
    witness: bool,
    key: Public,
}

impl VerifierKey {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id that stands in signatures.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Whether it is a witness's key, whose signatures carry a time.
    pub fn is_witness(&self) -> bool {
        self.witness
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// The public key, where it is one of Ed25519.
    pub fn ed25519(&self) -> Option<&[u8; 32]> {
        match &self.key {
            Public::Ed25519(key) => Some(key.as_bytes()),
            Public::Sm2(_) => None,
        }
    }

    /// Checks a signature that bears this key's name and id. Gives the seconds since 1970 that a
    /// witness wrote into it, and 0 for a log's.
    pub(crate) fn check(&self, text: &str, signature: &[u8]) -> Option<u64> {
        let (time, message, signature) = if self.is_witness() {
            let (time, signature) = signature.split_first_chunk::<8>()?;
            let time = u64::from_be_bytes(*time);
            if i64::try_from(time).is_err() {
                return None;
            }
            (time, cosigned(text, time), signature)
        } else {
            (0, text.to_owned(), signature)
        };
        self.key.verifies(message.as_bytes(), signature).then_some(time)
    }
}

impl VerifierKey {
    /// Checks the signature of a DSSE envelope; a witness signs none.
    pub(crate) fn check_dsse(&self, encoding: &[u8], signature: &[u8]) -> bool {
        !self.is_witness() && self.key.verifies(encoding, signature)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = self.algorithm().prefix(self.witness);
        let key = [prefix, self.key.bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, hex(&self.id), to_base64(&key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let Parts { name, id: written, algorithm, witness, key } = Parts::parse(text)?;
        if written != id(name, algorithm.prefix(witness), &key) {
            return Err(KeyError::Id);
        }
        let key = Public::parse(algorithm, &key).ok_or(KeyError::Point)?;
        Ok(Self { name: name.to_owned(), id: written, witness, key })
    }
}

/// What a witness signs (tlog-cosignature, “Ed25519 signed message”).
fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

struct Secret {
    verifier: VerifierKey,
    key: Private,
}

impl Secret {
    fn new(
        algorithm: Algorithm,
        name: &str,
        witness: bool,
        seed: &[u8; 32],
    ) -> Result<Self, KeyError> {
        if !key_name(name) {
            return Err(KeyError::Name);
        }
        let key = Private::new(algorithm, seed);
        let public = key.public();
        let id = id(name, algorithm.prefix(witness), &public.bytes());
        let verifier = VerifierKey { name: name.to_owned(), id, witness, key: public };
        Ok(Self { verifier, key })
    }

    fn parse(text: &str, wanted: bool) -> Result<Self, KeyError> {
        let text = text.strip_prefix(PRIVATE).ok_or(KeyError::Form)?;
        let Parts { name, id, algorithm, witness, key } = Parts::parse(text)?;
        if witness != wanted {
            return Err(KeyError::Kind);
        }
        let seed = key.as_slice().try_into().map_err(|_| KeyError::Form)?;
        let secret = Self::new(algorithm, name, witness, seed)?;
        if secret.verifier.id == id { Ok(secret) } else { Err(KeyError::Id) }
    }

    fn text(&self) -> String {
        let v = &self.verifier;
        let seed = [v.algorithm().prefix(v.witness), self.key.seed().as_slice()].concat();
        format!("{PRIVATE}{}+{}+{}", v.name, hex(&v.id), to_base64(&seed))
    }

    fn signature(&self, bytes: Vec<u8>) -> Signature {
        Signature { name: self.verifier.name.clone(), id: self.verifier.id, bytes }
    }
}

/// The key of a log, which signs its checkpoints. Its name is the log's origin.
pub struct SignerKey(Secret);

/// The key of a witness, which cosigns the checkpoints of others. It must not be made from the seed
/// of any other key.
pub struct WitnessKey(Secret);

impl SignerKey {
    /// Makes a key of Ed25519 from 32 random bytes.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Self::new(Algorithm::Ed25519, name, seed)
    }

    /// Makes a key from 32 random bytes.
    pub fn new(algorithm: Algorithm, name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Secret::new(algorithm, name, false, seed).map(Self)
    }

    /// Reads what [`Self::secret_text`] wrote.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Secret::parse(text, false).map(Self)
    }

    /// The secret as a text, to be stored where nobody else reads.
    pub fn secret_text(&self) -> String {
        self.0.text()
    }

    /// The public key.
    pub fn verifier(&self) -> &VerifierKey {
        &self.0.verifier
    }

    /// Signs what a JSON Web Signature signs (RFC 7515, section 5.1): two base64url texts with a dot
    /// between them. Anything else is refused, so that no signature made here can be one of a note,
    /// whose text ends with a newline. A key of SM2 signs none: no web signature names it.
    pub fn sign_jws(&self, input: &str) -> Option<[u8; 64]> {
        let fine = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
        let parts = input.bytes().filter(|c| *c == b'.').count();
        let fits = input.bytes().all(fine) && parts == 1;
        let fits = fits && self.verifier().algorithm() == Algorithm::Ed25519;
        fits.then(|| self.0.key.sign(input.as_bytes()))
    }

    /// Signs the encoding of a DSSE envelope. It begins with `DSSEv1` and ends with the brace of an
    /// object, so it can be neither a note nor what a web signature signs.
    pub(crate) fn sign_dsse(&self, encoding: &[u8]) -> [u8; 64] {
        debug_assert!(encoding.starts_with(b"DSSEv1 ") && encoding.ends_with(b"}"));
        self.0.key.sign(encoding)
    }

    pub(crate) fn sign(&self, text: &str) -> Signature {
        self.0.signature(self.0.key.sign(text.as_bytes()).to_vec())
    }
}

impl WitnessKey {
    /// Makes a key of Ed25519 from 32 random bytes.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Self::new(Algorithm::Ed25519, name, seed)
    }

    /// Makes a key from 32 random bytes.
    pub fn new(algorithm: Algorithm, name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Secret::new(algorithm, name, true, seed).map(Self)
    }

    /// Reads what [`Self::secret_text`] wrote.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Secret::parse(text, true).map(Self)
    }

    /// The secret as a text, to be stored where nobody else reads.
    pub fn secret_text(&self) -> String {
        self.0.text()
    }

    /// The public key.
    pub fn verifier(&self) -> &VerifierKey {
        &self.0.verifier
    }

    pub(crate) fn cosign(&self, text: &str, time: u64) -> Signature {
        let signature = self.0.key.sign(cosigned(text, time).as_bytes());
        self.0.signature([&time.to_be_bytes(), signature.as_slice()].concat())
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey(secret of {})", self.verifier())
    }
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WitnessKey(secret of {})", self.verifier())
    }
}
