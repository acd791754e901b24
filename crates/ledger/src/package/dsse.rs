//! DSSE v1 envelopes (<https://github.com/secure-systems-lab/dsse>) with one spelling only.

use crate::{
    canonical,
    checkpoint::CheckpointError,
    key::{SignerKey, VerifierKey},
    text::{from_base64, to_base64},
};
use serde_json::{Map, Value, json};

/// Longest envelope in bytes.
pub const MAX_PACKAGE: usize = 4 << 20;

const PREFIX: &str = "application/vnd.hangtu.";

/// What an envelope holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A package, see [`crate::Package`].
    Submission,
    /// A receipt, see [`crate::Receipt`].
    Receipt,
    /// What a supervisor tells an enterprise, see [`crate::Letter`].
    Notice,
    /// What an enterprise answers to notices, see [`crate::Letter`].
    Answers,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Submission => "submission",
            Self::Receipt => "receipt",
            Self::Notice => "notice",
            Self::Answers => "answers",
        }
    }

    /// The payload type of the version that is written.
    pub(super) fn media(self) -> String {
        format!("{PREFIX}{}+json;version=1", self.word())
    }
}

/// Why a file is no package or receipt to rely on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// Longer than [`MAX_PACKAGE`].
    #[error("it is longer than {MAX_PACKAGE} bytes")]
    TooLong,
    /// Not a DSSE envelope in canonical JSON.
    #[error("it is no DSSE envelope in canonical JSON: cut off, changed, or another kind of file")]
    Envelope,
    /// An envelope that holds something else.
    #[error("it holds {0}, which is not what is wanted here")]
    Type(String),
    /// A version that is not known.
    #[error("it is of version {0}; this program reads version 1")]
    Version(u64),
    /// The payload is not in canonical form.
    #[error("its content is not in canonical JSON")]
    NotCanonical,
    /// A field is missing or does not hold what it should.
    #[error("the field {0} is missing or does not hold what it should")]
    Field(&'static str),
    /// The signature is not by the key that it names.
    #[error("its signature does not belong to its content: one of them was changed")]
    Signature,
    /// The checkpoint in it is not one of the sender's log.
    #[error("the checkpoint in it: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint was signed for another package.
    #[error("the checkpoint in it was signed for another package")]
    Bound,
}

/// What kind of envelope some bytes are, from their type alone; nothing is verified.
pub fn kind(bytes: &[u8]) -> Option<Kind> {
    let envelope = Envelope::parse(bytes).ok()?;
    let mut kinds = [Kind::Submission, Kind::Receipt, Kind::Notice, Kind::Answers].into_iter();
    kinds.find(|k| envelope.of(*k))
}

/// What is signed (protocol.md, “pre-authentication encoding”).
fn encoding(media: &str, payload: &str) -> Vec<u8> {
    format!("DSSEv1 {} {media} {} {payload}", media.len(), payload.len()).into_bytes()
}

/// An envelope as it came.
pub(super) struct Envelope {
    media: String,
    payload: String,
    key: String,
    signature: Vec<u8>,
}

impl Envelope {
    /// Seals an object.
    pub(super) fn seal(
        kind: Kind,
        payload: &Map<String, Value>,
        key: &SignerKey,
    ) -> Result<Vec<u8>, PackageError> {
        let payload = canonical::object(payload).map_err(|_| PackageError::NotCanonical)?;
        let media = kind.media();
        let signature = key.sign_dsse(&encoding(&media, &payload)).to_vec();
        let envelope = Self { media, payload, key: key.verifier().to_string(), signature };
        let bytes = envelope.write().into_bytes();
        if bytes.len() > MAX_PACKAGE { Err(PackageError::TooLong) } else { Ok(bytes) }
    }

    fn write(&self) -> String {
        let object = json!({
            "payload": to_base64(self.payload.as_bytes()),
            "payloadType": self.media,
            "signatures": [{ "keyid": self.key, "sig": to_base64(&self.signature) }],
        });
        // An object of strings always has a canonical form.
        object.as_object().and_then(|o| canonical::object(o).ok()).unwrap_or_default()
    }

    /// Takes an envelope apart; no second spelling is accepted.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, PackageError> {
        if bytes.len() > MAX_PACKAGE {
            return Err(PackageError::TooLong);
        }
        let value: Value = serde_json::from_slice(bytes).map_err(|_| PackageError::Envelope)?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let read = || {
            let signature = value.get("signatures")?.get(0)?;
            Some(Self {
                media: text(value.get("payloadType")?)?,
                payload: String::from_utf8(from_base64(value.get("payload")?.as_str()?)?).ok()?,
                key: text(signature.get("keyid")?)?,
                signature: from_base64(signature.get("sig")?.as_str()?)?,
            })
        };
        let envelope = read().ok_or(PackageError::Envelope)?;
        if envelope.write().as_bytes() == bytes {
            Ok(envelope)
        } else {
            Err(PackageError::Envelope)
        }
    }

    fn of(&self, kind: Kind) -> bool {
        self.version(kind).is_some()
    }

    fn version(&self, kind: Kind) -> Option<u64> {
        let rest = self.media.strip_prefix(PREFIX)?.strip_prefix(kind.word())?;
        crate::text::decimal(rest.strip_prefix("+json;version=")?)
    }

    /// Checks type and signature; gives the object and the key that signed it. Whether that key is
    /// to be trusted is another question.
    pub(super) fn open(
        self,
        kind: Kind,
    ) -> Result<(Map<String, Value>, VerifierKey), PackageError> {
        match self.version(kind) {
            None => return Err(PackageError::Type(self.media.chars().take(100).collect())),
            Some(1) => {}
            Some(other) => return Err(PackageError::Version(other)),
        }
        let key: VerifierKey = self.key.parse().map_err(|_| PackageError::Field("keyid"))?;
        if !key.check_dsse(&encoding(&self.media, &self.payload), &self.signature) {
            return Err(PackageError::Signature);
        }
        let map: Map<String, Value> =
            serde_json::from_str(&self.payload).map_err(|_| PackageError::NotCanonical)?;
        match canonical::object(&map) {
            Ok(text) if text == self.payload => Ok((map, key)),
            _ => Err(PackageError::NotCanonical),
        }
    }
}

/// The members of a payload, taken one by one: what is left over is refused.
pub(super) struct Members(pub(super) Map<String, Value>);

impl Members {
    pub(super) fn take(&mut self, name: &'static str) -> Result<Value, PackageError> {
        self.0.remove(name).ok_or(PackageError::Field(name))
    }

    pub(super) fn text(&mut self, name: &'static str, max: usize) -> Result<String, PackageError> {
        match self.take(name)? {
            Value::String(text) if text.len() <= max => Ok(text),
            _ => Err(PackageError::Field(name)),
        }
    }

    pub(super) fn read<T: std::str::FromStr>(
        &mut self,
        name: &'static str,
    ) -> Result<T, PackageError> {
        let text = self.text(name, crate::MAX_NOTE)?;
        text.parse().map_err(|_| PackageError::Field(name))
    }

    /// The same, where `null` is nothing.
    pub(super) fn maybe<T: std::str::FromStr>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, PackageError> {
        if self.0.get(name) == Some(&Value::Null) {
            self.0.remove(name);
            return Ok(None);
        }
        self.read(name).map(Some)
    }

    pub(super) fn number(&mut self, name: &'static str) -> Result<u64, PackageError> {
        self.take(name)?.as_u64().ok_or(PackageError::Field(name))
    }

    pub(super) fn list(
        &mut self,
        name: &'static str,
        max: usize,
    ) -> Result<Vec<Value>, PackageError> {
        match self.take(name)? {
            Value::Array(list) if list.len() <= max => Ok(list),
            _ => Err(PackageError::Field(name)),
        }
    }

    pub(super) fn time(&mut self, name: &'static str) -> Result<jiff::Timestamp, PackageError> {
        let text = self.text(name, 40)?;
        let time: jiff::Timestamp = text.parse().map_err(|_| PackageError::Field(name))?;
        // One spelling only, as in entries.
        if stamp(time) == text { Ok(time) } else { Err(PackageError::Field(name)) }
    }

    pub(super) fn end(self) -> Result<(), PackageError> {
        if self.0.is_empty() { Ok(()) } else { Err(PackageError::Field("(another one)")) }
    }
}

/// A time as entries write it.
pub(super) fn stamp(time: jiff::Timestamp) -> String {
    format!("{time:.6}")
}
