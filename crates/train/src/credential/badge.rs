//! Badges: what is said of whom, by whom, until when.

use super::{IssueError, did_key, jws};
use hangtu_ledger::SignerKey;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// JSON-LD contexts: of VC 2.0 and of OB 3.0 (errata included).
pub(super) const CONTEXTS: [&str; 2] = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
];

/// A badge to be issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// Identifier, a URI: `urn:uuid:…`.
    pub id: String,
    /// Who says it.
    pub issuer: Issuer,
    /// Of whom.
    pub recipient: Recipient,
    /// What.
    pub achievement: Achievement,
    /// From when it holds; whole seconds.
    pub valid_from: Timestamp,
    /// Until when, if it ends.
    pub valid_until: Option<Timestamp>,
    /// Where it would be withdrawn.
    pub status: Option<StatusEntry>,
}

/// Who issues badges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Its name for programs.
    pub id: IssuerId,
    /// Its name for people.
    pub name: String,
}

/// The name of an issuer for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssuerId {
    /// The key it signs with, as a did:key: nothing has to be fetched.
    Key,
    /// An https address.
    Https(String),
}

/// Of whom a badge speaks. It goes where its holder takes it: give no more than needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// A URI without a meaning outside: `urn:uuid:…`.
    pub id: String,
    /// The name, where it is to be read by people.
    pub name: Option<String>,
    /// An identifier (staff number, address) that only somebody who knows it can check, with a
    /// random salt: kept as a hash.
    pub hashed: Option<(String, String)>,
}

/// What has been achieved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Achievement {
    /// Identifier, a URI.
    pub id: String,
    /// What kind of thing it is.
    pub kind: AchievementKind,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// What was asked for.
    pub criteria: String,
    /// Version of what was completed.
    pub version: String,
    /// The language of these texts, e.g. `zh-CN`.
    pub language: String,
}

/// What kind of thing an achievement is (OB 3.0, AchievementType).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AchievementKind {
    /// A course with its exam.
    Course,
    /// A track: courses, an exam over all of them, a drill.
    Certificate,
}

/// Where a badge would be withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEntry {
    /// The id of the status list: a URI.
    pub list: String,
    /// The place in it. Give places out at random, so that they say nothing.
    pub index: u32,
}

/// An absolute URI, roughly: scheme, colon, something, no spaces.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.'))
        && !rest.is_empty()
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c))
}

/// Whole seconds: claims are whole seconds, and both must say the same.
pub(super) fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// A hashed identifier as OB 3.0 has it (IdentityHash): `sha256$` and hex over identifier and salt.
pub(super) fn identity_hash(identifier: &str, salt: &str) -> String {
    let hash = Sha256::new().chain_update(identifier).chain_update(salt).finalize();
    format!("sha256${}", hangtu_catalog::hex(&hash))
}

impl Issuer {
    /// The id as it stands in credentials signed with this key.
    pub fn id(&self, key: &SignerKey) -> Result<String, IssueError> {
        match &self.id {
            IssuerId::Key => key.verifier().ed25519().map(did_key).ok_or(IssueError::Key),
            IssuerId::Https(id) => Ok(id.clone()),
        }
    }

    pub(super) fn check(&self) -> Result<(), IssueError> {
        if self.name.trim().is_empty() {
            return Err(IssueError::Empty("issuer.name"));
        }
        match &self.id {
            IssuerId::Https(id) if !is_uri(id) || !id.starts_with("https://") => {
                Err(IssueError::Uri("issuer.id"))
            }
            _ => Ok(()),
        }
    }
}

impl Badge {
    /// Signs the badge: a compact JWS, to be given to its holder as `certificate.jwt`.
    pub fn issue(&self, key: &SignerKey) -> Result<String, IssueError> {
        jws::sign(key, &self.payload(key)?)
    }

    fn payload(&self, key: &SignerKey) -> Result<Value, IssueError> {
        self.issuer.check()?;
        for (place, uri) in [
            ("id", &self.id),
            ("recipient.id", &self.recipient.id),
            ("achievement.id", &self.achievement.id),
        ] {
            if !is_uri(uri) {
                return Err(IssueError::Uri(place));
            }
        }
        for (place, text) in [
            ("achievement.name", &self.achievement.name),
            ("achievement.description", &self.achievement.description),
            ("achievement.criteria", &self.achievement.criteria),
        ] {
            if text.trim().is_empty() {
                return Err(IssueError::Empty(place));
            }
        }
        if self.valid_until.is_some_and(|until| until <= self.valid_from) {
            return Err(IssueError::Backwards);
        }
        let (from, until) = (seconds(self.valid_from), self.valid_until.map(seconds));
        let issuer = self.issuer.id(key)?;
        let mut subject = json!({"id": self.recipient.id, "type": ["AchievementSubject"]});
        let name = self.recipient.name.iter().map(|name| {
            json!({"type": "IdentityObject", "hashed": false, "identityHash": name,
                   "identityType": "name"})
        });
        let hashed = self.recipient.hashed.iter().map(|(identifier, salt)| {
            json!({"type": "IdentityObject", "hashed": true, "salt": salt,
                   "identityHash": identity_hash(identifier, salt),
                   "identityType": "identifier"})
        });
        let identifiers: Vec<Value> = name.chain(hashed).collect();
        if !identifiers.is_empty() {
            subject["identifier"] = Value::Array(identifiers);
        }
        let a = &self.achievement;
        subject["achievement"] = json!({
            "id": a.id,
            "type": ["Achievement"],
            "achievementType": match a.kind {
                AchievementKind::Course => "Course",
                AchievementKind::Certificate => "Certificate",
            },
            "name": a.name,
            "description": a.description,
            "criteria": {"narrative": a.criteria},
            "version": a.version,
            "inLanguage": a.language,
        });
        let mut payload = json!({
            "@context": CONTEXTS,
            "id": self.id,
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "name": a.name,
            "issuer": {"id": issuer, "type": ["Profile"], "name": self.issuer.name},
            "validFrom": from.to_string(),
            "credentialSubject": subject,
            "iss": issuer,
            "sub": self.recipient.id,
            "jti": self.id,
            "nbf": from.as_second(),
        });
        if let Some(until) = until {
            payload["validUntil"] = until.to_string().into();
            payload["exp"] = until.as_second().into();
        }
        if let Some(status) = &self.status {
            if !is_uri(&status.list) {
                return Err(IssueError::Uri("status.list"));
            }
            payload["credentialStatus"] = json!({
                "type": "BitstringStatusListEntry",
                "statusPurpose": "revocation",
                "statusListIndex": status.index.to_string(),
                "statusListCredential": status.list,
            });
        }
        Ok(payload)
    }
}
