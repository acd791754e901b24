//! Withdrawal: Bitstring Status List v1.0 (W3C Recommendation, 2025). One bit for each credential,
//! in a credential of its own that is handed out as a file; who looks a badge up is not told to
//! anybody.

use super::{
    IssueError, Issuer, TrustedKey,
    badge::{is_uri, seconds},
    jws::{self, Token, base64url, from_base64url},
};
use flate2::{Compression, GzBuilder, read::GzDecoder};
use hangtu_ledger::SignerKey;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{Read, Write};

/// Least entries of a list: 16 KiB, so that one bit hides in a herd (section 3.2).
pub const LEAST_ENTRIES: u32 = 131_072;

/// Most entries of a list that are read here: 8 Mi, a mebibyte unpacked.
pub const MAX_ENTRIES: u32 = 8 * 1024 * 1024;

/// What a set bit means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusPurpose {
    /// Withdrawn for good.
    Revocation,
    /// Not to be accepted for the time being.
    Suspension,
}

/// A status list.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusList {
    bits: Vec<u8>,
}

/// Why a status list says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// Not a signed status list.
    #[error("it is no signed status list: {0}")]
    Malformed(String),
    /// Not signed by a trusted key, or changed.
    #[error("it was not signed by a trusted key, or was changed after signing")]
    Signature,
    /// Another list than the one the badge names.
    #[error("it is the list {found}, the badge names {wanted}")]
    Other {
        /// The list given.
        found: String,
        /// The list wanted.
        wanted: String,
    },
    /// Another purpose than the badge names.
    #[error("it is no list for {0}")]
    Purpose(String),
    /// It does not hold yet, or no longer.
    #[error("it holds from {from} to {to}: get a current one")]
    Stale {
        /// From.
        from: String,
        /// To.
        to: String,
    },
    /// The place is not in it.
    #[error("place {0} is not in the list")]
    Range(String),
}

impl std::fmt::Debug for StatusList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StatusList({} entries)", self.entries())
    }
}

impl Default for StatusList {
    fn default() -> Self {
        Self::new(LEAST_ENTRIES)
    }
}

impl StatusList {
    /// A list with nothing withdrawn. The number of entries is brought between
    /// [`LEAST_ENTRIES`] and [`MAX_ENTRIES`].
    pub fn new(entries: u32) -> Self {
        let entries = entries.clamp(LEAST_ENTRIES, MAX_ENTRIES);
        Self { bits: vec![0; (entries as usize).div_ceil(8)] }
    }

    /// How many entries it has.
    pub fn entries(&self) -> u32 {
        (self.bits.len() * 8) as u32
    }

    /// Sets or clears a place; false where it is not in the list.
    pub fn set(&mut self, index: u32, on: bool) -> bool {
        // The first place is the left-most bit.
        let mask = 0x80 >> (index % 8);
        match self.bits.get_mut((index / 8) as usize) {
            Some(byte) if on => *byte |= mask,
            Some(byte) => *byte &= !mask,
            None => return false,
        }
        true
    }

    /// Whether a place is set; none where it is not in the list.
    pub fn get(&self, index: u32) -> Option<bool> {
        let byte = self.bits.get((index / 8) as usize)?;
        Some(byte & (0x80 >> (index % 8)) != 0)
    }

    /// The encoded list: multibase base64url of gzip.
    pub fn encode(&self) -> String {
        let mut out = GzBuilder::new().write(Vec::new(), Compression::best());
        // Writing to memory does not fail.
        let packed = out.write_all(&self.bits).and_then(|()| out.finish()).unwrap_or_default();
        format!("u{}", base64url(&packed))
    }

    /// Reads an encoded list, up to [`MAX_ENTRIES`].
    pub fn decode(text: &str) -> Result<Self, StatusError> {
        let bad = |why: &str| StatusError::Malformed(format!("encodedList: {why}"));
        let packed = text
            .strip_prefix('u')
            .and_then(from_base64url)
            .ok_or_else(|| bad("not multibase base64url"))?;
        let most = u64::from(MAX_ENTRIES / 8);
        let mut bits = Vec::new();
        GzDecoder::new(packed.as_slice())
            .take(most + 1)
            .read_to_end(&mut bits)
            .map_err(|_| bad("not gzip"))?;
        if bits.len() as u64 > most {
            return Err(bad("too long"));
        }
        if bits.len() < (LEAST_ENTRIES / 8) as usize {
            return Err(bad("shorter than 16 KiB"));
        }
        Ok(Self { bits })
    }

    /// Signs the list as a credential, to be handed out as a file.
    pub fn issue(
        &self,
        id: &str,
        issuer: &Issuer,
        purpose: StatusPurpose,
        valid_from: Timestamp,
        valid_until: Timestamp,
        key: &SignerKey,
    ) -> Result<String, IssueError> {
        issuer.check()?;
        if !is_uri(id) {
            return Err(IssueError::Uri("status list"));
        }
        if valid_until <= valid_from {
            return Err(IssueError::Backwards);
        }
        let (from, until) = (seconds(valid_from), seconds(valid_until));
        let issuer_id = issuer.id(key)?;
        let subject = format!("{id}#list");
        let payload = json!({
            "@context": [super::badge::CONTEXTS[0]],
            "id": id,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": {"id": issuer_id, "name": issuer.name},
            "validFrom": from.to_string(),
            "validUntil": until.to_string(),
            "credentialSubject": {
                "id": subject,
                "type": "BitstringStatusList",
                "statusPurpose": purpose.name(),
                "encodedList": self.encode(),
            },
            "iss": issuer_id,
            "sub": subject,
            "jti": id,
            "nbf": from.as_second(),
            "exp": until.as_second(),
        });
        jws::sign(key, &payload)
    }
}

impl StatusPurpose {
    /// As the recommendation writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revocation => "revocation",
            Self::Suspension => "suspension",
        }
    }
}

/// What a signed list says about an entry of a badge (section 3.2, “Validate Algorithm”).
pub(super) fn look_up(
    token: &str,
    entry: &Value,
    trusted: &[TrustedKey],
    now: Timestamp,
) -> Result<bool, StatusError> {
    let text = |of: &Value, name: &str| {
        of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let token = Token::parse(token).map_err(StatusError::Malformed)?;
    let payload = Value::Object(token.payload.clone());
    let types = payload.get("type");
    let is_list = types.and_then(Value::as_array).is_some_and(|types| {
        types.iter().any(|t| t.as_str() == Some("BitstringStatusListCredential"))
    });
    if !is_list {
        return Err(StatusError::Malformed("no BitstringStatusListCredential".into()));
    }
    let issuer = super::claims::issuer_id(&payload).unwrap_or_default();
    let by = |key: &&TrustedKey| key.speaks_for(&issuer) && token.is_by(key.public());
    if token.alg() != "EdDSA" || text(&payload, "iss") != issuer || !trusted.iter().any(|k| by(&k))
    {
        return Err(StatusError::Signature);
    }
    let (found, wanted) = (text(&payload, "id"), text(entry, "statusListCredential"));
    if found != wanted || text(&payload, "jti") != found {
        return Err(StatusError::Other { found, wanted });
    }
    let claim = |name: &str| {
        payload.get(name).and_then(Value::as_i64).and_then(|s| Timestamp::from_second(s).ok())
    };
    let (from, to) = (claim("nbf"), claim("exp"));
    if from.is_none_or(|from| now < from) || to.is_some_and(|to| now >= to) {
        let said = |t: Option<Timestamp>| t.map_or("?".into(), |t| t.to_string());
        return Err(StatusError::Stale { from: said(from), to: said(to) });
    }
    let subject = payload.get("credentialSubject").unwrap_or(&Value::Null);
    if text(subject, "type") != "BitstringStatusList" {
        return Err(StatusError::Malformed("credentialSubject: no BitstringStatusList".into()));
    }
    let purpose = text(entry, "statusPurpose");
    let purposes = subject.get("statusPurpose");
    let fits = match purposes {
        Some(Value::String(one)) => *one == purpose,
        Some(Value::Array(all)) => all.iter().any(|p| p.as_str() == Some(&purpose)),
        _ => false,
    };
    if !fits {
        return Err(StatusError::Purpose(purpose));
    }
    let index = text(entry, "statusListIndex");
    let plain = !index.is_empty()
        && index.bytes().all(|c| c.is_ascii_digit())
        && (index == "0" || !index.starts_with('0'));
    let list = StatusList::decode(&text(subject, "encodedList"))?;
    let place: Option<u32> = if plain { index.parse().ok() } else { None };
    place.and_then(|n| list.get(n)).ok_or(StatusError::Range(index))
}
