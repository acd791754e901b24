//! One audited change: what a leaf holds.

use crate::{
    canonical::{self, NotCanonical},
    frontier::MAX_SIZE,
    hash::{Hash, leaf_hash},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Longest entry in bytes: that of the longest line of an export, without its end.
pub const MAX_ENTRY: usize = (1 << 20) - 1;

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The person's or program's identity.
    pub id: String,
    /// The name as it was then.
    pub name: String,
}

/// One change that somebody made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log, from 0.
    pub sequence: u64,
    /// When; what is finer than a microsecond is not kept.
    pub time: Timestamp,
    /// The organisation it happened in.
    pub organisation: String,
    /// Who did it.
    pub actor: Actor,
    /// What was done: words joined by dots, such as `finding.assign`.
    pub action: String,
    /// To what, such as `finding/0198…`.
    pub subject: String,
    /// What else belongs to it. Numbers are integers within ±(2⁵³ − 1).
    pub detail: Map<String, Value>,
}

/// Why something is no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Not a JSON object.
    #[error("it is not a JSON object")]
    Json,
    /// A field is missing or does not hold what it should.
    #[error("the field {0} is missing or does not hold what it should")]
    Field(&'static str),
    /// A number that two readers may read differently.
    #[error("the detail holds a number that is no integer within ±(2^53 - 1)")]
    Number,
    /// Nested too deeply.
    #[error("the detail is nested too deeply")]
    Depth,
    /// The same content, spelt otherwise than canonically, or with members that do not belong.
    #[error("it is not in canonical form")]
    NotCanonical,
    /// Longer than [`MAX_ENTRY`].
    #[error("it is longer than {MAX_ENTRY} bytes")]
    TooLong,
}

impl From<NotCanonical> for EntryError {
    fn from(why: NotCanonical) -> Self {
        match why {
            NotCanonical::Number => Self::Number,
            NotCanonical::Depth => Self::Depth,
        }
    }
}

impl Entry {
    /// The canonical bytes: what is hashed, stored and exported.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryError> {
        let check = |holds: bool, field| if holds { Ok(()) } else { Err(EntryError::Field(field)) };
        check(self.sequence < MAX_SIZE, "sequence")?;
        check(plain(&self.organisation), "organisation")?;
        check(plain(&self.actor.id), "actor")?;
        check(action(&self.action), "action")?;
        check(plain(&self.subject), "subject")?;
        let time = format!("{:.6}", self.time);
        // RFC 3339 has no years before 0 and none of more than four digits.
        check(time.len() == "2026-01-01T00:00:00.000000Z".len(), "time")?;
        let Value::Object(map) = json!({
            "action": self.action,
            "actor": { "id": self.actor.id, "name": self.actor.name },
            "detail": self.detail,
            "organisation": self.organisation,
            "sequence": self.sequence,
            "subject": self.subject,
            "time": time,
        }) else {
            return Err(EntryError::Json);
        };
        let bytes = canonical::object(&map)?.into_bytes();
        if bytes.len() > MAX_ENTRY { Err(EntryError::TooLong) } else { Ok(bytes) }
    }

    /// Reads canonical bytes; anything spelt otherwise is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > MAX_ENTRY {
            return Err(EntryError::TooLong);
        }
        let mut map: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|_| EntryError::Json)?;
        let text = |value: Option<Value>, field| match value {
            Some(Value::String(text)) => Ok(text),
            _ => Err(EntryError::Field(field)),
        };
        let Some(Value::Object(mut actor)) = map.remove("actor") else {
            return Err(EntryError::Field("actor"));
        };
        let Some(Value::Object(detail)) = map.remove("detail") else {
            return Err(EntryError::Field("detail"));
        };
        let sequence = map.remove("sequence").and_then(|n| n.as_u64());
        let time = text(map.remove("time"), "time")?;
        let entry = Self {
            sequence: sequence.ok_or(EntryError::Field("sequence"))?,
            time: time.parse().map_err(|_| EntryError::Field("time"))?,
            organisation: text(map.remove("organisation"), "organisation")?,
            actor: Actor {
                id: text(actor.remove("id"), "actor")?,
                name: text(actor.remove("name"), "actor")?,
            },
            action: text(map.remove("action"), "action")?,
            subject: text(map.remove("subject"), "subject")?,
            detail,
        };
        // Whatever was not taken up, or was spelt in another way, shows here.
        if entry.to_bytes()? == bytes { Ok(entry) } else { Err(EntryError::NotCanonical) }
    }

    /// The hash of the leaf.
    pub fn leaf_hash(&self) -> Result<Hash, EntryError> {
        Ok(leaf_hash(&self.to_bytes()?))
    }
}

/// An identifier: something, without spaces or control characters.
fn plain(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn action(text: &str) -> bool {
    let word = |w: &str| {
        let letters =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        !w.is_empty() && w.bytes().all(letters)
    };
    text.contains('.') && text.split('.').all(word)
}
