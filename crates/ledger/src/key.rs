//! Keys: who signs, who witnesses, who verifies (C2SP signed-note, tlog-cosignature).

use crate::{
    note::Signature,
    text::{from_base64, from_hex, hex, key_name, to_base64},
};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};

/// Signature types of C2SP signed-note.
const ED25519: u8 = 0x01;
const COSIGNATURE: u8 = 0x04;

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
    #[error("the public key is none of Ed25519")]
    Point,
}

fn id(name: &str, kind: u8, public: &[u8; 32]) -> KeyId {
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', kind])
        .chain_update(public)
        .finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

/// Takes `name+id+base64(kind || 32 bytes)` apart.
fn take_apart(text: &str) -> Result<(&str, KeyId, u8, [u8; 32]), KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Form);
    };
    if !key_name(name) {
        return Err(KeyError::Name);
    }
    let mut bytes = KeyId::default();
    from_hex(id, &mut bytes).ok_or(KeyError::Form)?;
    let key = from_base64(key).ok_or(KeyError::Form)?;
    let (kind, key) = key.split_first().ok_or(KeyError::Form)?;
    let key = key.try_into().map_err(|_| KeyError::Form)?;
    Ok((name, bytes, *kind, key))
}

/// A public key with its name: of a log (signs notes) or of a witness (cosigns checkpoints).
///
/// Its text is `name+id+base64(kind || key)`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: KeyId,
    kind: u8,
    key: VerifyingKey,
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
        self.kind == COSIGNATURE
    }

    /// The public key of Ed25519.
    pub fn public(&self) -> &[u8; 32] {
        self.key.as_bytes()
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
        // Strict: weak keys and second spellings of a signature are refused.
        let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
        self.key.verify_strict(message.as_bytes(), &signature).ok()?;
        Some(time)
    }
}

impl VerifierKey {
    /// Checks the signature of a DSSE envelope; a witness signs none.
    pub(crate) fn check_dsse(&self, encoding: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = ed25519_dalek::Signature::from_slice(signature) else { return false };
        !self.is_witness() && self.key.verify_strict(encoding, &signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind], self.key.as_bytes().as_slice()].concat();
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
        let (name, written, kind, public) = take_apart(text)?;
        if kind != ED25519 && kind != COSIGNATURE {
            return Err(KeyError::Kind);
        }
        if written != id(name, kind, &public) {
            return Err(KeyError::Id);
        }
        let key = VerifyingKey::from_bytes(&public).map_err(|_| KeyError::Point)?;
        if key.is_weak() {
            return Err(KeyError::Point);
        }
        Ok(Self { name: name.to_owned(), id: written, kind, key })
    }
}

/// What a witness signs (tlog-cosignature, “Ed25519 signed message”).
fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

struct Secret {
    verifier: VerifierKey,
    key: SigningKey,
}

impl Secret {
    fn new(name: &str, kind: u8, seed: &[u8; 32]) -> Result<Self, KeyError> {
        if !key_name(name) {
            return Err(KeyError::Name);
        }
        let key = SigningKey::from_bytes(seed);
        let public = key.verifying_key();
        let id = id(name, kind, public.as_bytes());
        let verifier = VerifierKey { name: name.to_owned(), id, kind, key: public };
        Ok(Self { verifier, key })
    }

    fn parse(text: &str, wanted: u8) -> Result<Self, KeyError> {
        let text = text.strip_prefix(PRIVATE).ok_or(KeyError::Form)?;
        let (name, written, kind, seed) = take_apart(text)?;
        if kind != wanted {
            return Err(KeyError::Kind);
        }
        let secret = Self::new(name, kind, &seed)?;
        if secret.verifier.id == written { Ok(secret) } else { Err(KeyError::Id) }
    }

    fn text(&self) -> String {
        let v = &self.verifier;
        let seed = [&[v.kind], self.key.as_bytes().as_slice()].concat();
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
    /// Makes a key from 32 random bytes.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Secret::new(name, ED25519, seed).map(Self)
    }

    /// Reads what [`Self::secret_text`] wrote.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Secret::parse(text, ED25519).map(Self)
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
    /// whose text ends with a newline.
    pub fn sign_jws(&self, input: &str) -> Option<[u8; 64]> {
        let fine = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
        let parts = input.bytes().filter(|c| *c == b'.').count();
        let fits = input.bytes().all(fine) && parts == 1;
        fits.then(|| self.0.key.sign(input.as_bytes()).to_bytes())
    }

    /// Signs the encoding of a DSSE envelope. It begins with `DSSEv1` and ends with the brace of an
    /// object, so it can be neither a note nor what a web signature signs.
    pub(crate) fn sign_dsse(&self, encoding: &[u8]) -> [u8; 64] {
        debug_assert!(encoding.starts_with(b"DSSEv1 ") && encoding.ends_with(b"}"));
        self.0.key.sign(encoding).to_bytes()
    }

    pub(crate) fn sign(&self, text: &str) -> Signature {
        self.0.signature(self.0.key.sign(text.as_bytes()).to_bytes().to_vec())
    }
}

impl WitnessKey {
    /// Makes a key from 32 random bytes.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Secret::new(name, COSIGNATURE, seed).map(Self)
    }

    /// Reads what [`Self::secret_text`] wrote.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Secret::parse(text, COSIGNATURE).map(Self)
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
        let signature = self.0.key.sign(cosigned(text, time).as_bytes()).to_bytes();
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
