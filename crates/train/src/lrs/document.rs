//! Documents: state of an activity, profiles of activities and agents (part three, 2.2 to 2.7), and
//! how two writers are kept apart (3.1).

use super::Refusal;
use crate::{
    credential::strict_json,
    exchange::xapi::{Version, agent_key, is_iri, timestamp},
};
use jiff::Timestamp;
use serde_json::Value;
use sha1::{Digest, Sha1};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Which documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// `activities/state`.
    State,
    /// `activities/profile`.
    ActivityProfile,
    /// `agents/profile`.
    AgentProfile,
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads (HEAD too).
    Get,
    /// Replaces.
    Put,
    /// Merges.
    Post,
    /// Takes away.
    Delete,
}

/// Where documents stand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentKey {
    /// Which documents.
    pub resource: Resource,
    /// The activity, for [`Resource::State`] and [`Resource::ActivityProfile`].
    pub activity: Option<String>,
    /// The agent ([`agent_key`]), for [`Resource::State`] and [`Resource::AgentProfile`].
    pub agent: Option<String>,
    /// The registration, for [`Resource::State`].
    pub registration: Option<Uuid>,
}

/// What a request wants of the documents there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One, by its id.
    One(String),
    /// All their ids; only those changed since a time, if one is named.
    All(Option<Timestamp>),
}

impl DocumentKey {
    /// Reads the parameters of a request.
    pub fn parse(
        resource: Resource,
        method: Method,
        parameters: &[(String, String)],
    ) -> Result<(Self, Wanted), Refusal> {
        let mut all: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, value) in parameters {
            if all.insert(name, value).is_some() {
                return Err(Refusal::bad(format!("{name} stands twice")));
            }
        }
        let (id_name, known): (&str, &[&str]) = match resource {
            Resource::State => {
                ("stateId", &["activityId", "agent", "registration", "stateId", "since"])
            }
            Resource::ActivityProfile => ("profileId", &["activityId", "profileId", "since"]),
            Resource::AgentProfile => ("profileId", &["agent", "profileId", "since"]),
        };
        if let Some(name) = all.keys().find(|name| !known.contains(name)) {
            return Err(Refusal::bad(format!("{name} is no parameter of this resource")));
        }
        let need = |name: &str| {
            all.get(name).copied().ok_or_else(|| Refusal::bad(format!("{name} is missing")))
        };
        let mut key = Self { resource, activity: None, agent: None, registration: None };
        if resource != Resource::AgentProfile {
            let id = need("activityId")?;
            if !is_iri(id) {
                return Err(Refusal::bad("activityId: no IRI"));
            }
            key.activity = Some(id.to_owned());
        }
        if resource != Resource::ActivityProfile {
            let value = strict_json(need("agent")?.as_bytes())
                .map_err(|e| Refusal::bad(format!("agent: {e}")))?;
            let agent = agent_key(&value)?;
            key.agent = Some(agent.ok_or_else(|| Refusal::bad("agent: has no identifier"))?);
        }
        if let Some(text) = all.get("registration") {
            let uuid = if text.len() == 36 { text.parse().ok() } else { None };
            key.registration = Some(uuid.ok_or_else(|| Refusal::bad("registration: no UUID"))?);
        }
        let since = match all.get("since") {
            None => None,
            Some(text) => {
                Some(timestamp(text, false).ok_or_else(|| Refusal::bad("since: no time"))?)
            }
        };
        let wanted = match all.get(id_name) {
            Some(_) if since.is_some() => {
                return Err(Refusal::bad(format!("since and {id_name} exclude each other")));
            }
            Some(id) if id.is_empty() || id.len() > 1024 => {
                return Err(Refusal::bad(format!("{id_name}: empty or too long")));
            }
            Some(id) => Wanted::One((*id).to_owned()),
            None => Wanted::All(since),
        };
        let whole = match method {
            Method::Get => true,
            Method::Delete => resource == Resource::State && since.is_none(),
            Method::Put | Method::Post => false,
        };
        if !whole && !matches!(wanted, Wanted::One(_)) {
            return Err(Refusal::bad(format!("{id_name} is missing")));
        }
        Ok((key, wanted))
    }
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Media type.
    pub content_type: String,
    /// Contents.
    pub bytes: Vec<u8>,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// What a writer says of the document it supposes, and in which version.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions<'a> {
    /// `If-Match`.
    pub if_match: Option<&'a str>,
    /// `If-None-Match`.
    pub if_none_match: Option<&'a str>,
    /// What the request speaks: 2.0 keeps writers of states apart, too.
    pub version: Version,
}

/// The entity tag of contents: their SHA-1 in hex, in quotes (1.0.3 asks for just that).
pub fn etag(bytes: &[u8]) -> String {
    format!("\"{}\"", hangtu_catalog::hex(&Sha1::digest(bytes)))
}

impl Conditions<'_> {
    fn hold(self, existing: Option<&Document>) -> Result<(), Refusal> {
        let failed = || Err(Refusal::new(412, "the document is not as the request supposes"));
        let tag = existing.map(|d| etag(&d.bytes));
        let named = |list: &str| {
            list.split(',').map(str::trim).any(|one| match &tag {
                None => false,
                // A weak tag is never equal in strong comparison; quotes are forgotten often.
                Some(tag) => one == "*" || one == tag || one == tag.trim_matches('"'),
            })
        };
        if self.if_match.is_some_and(|list| !named(list)) {
            return failed();
        }
        if self.if_none_match.is_some_and(named) {
            return failed();
        }
        Ok(())
    }
}

/// What becomes of a document: replaced ([`Method::Put`]) or merged ([`Method::Post`]).
pub fn merge(
    resource: Resource,
    method: Method,
    existing: Option<&Document>,
    content_type: &str,
    bytes: &[u8],
    conditions: Conditions<'_>,
    now: Timestamp,
) -> Result<Document, Refusal> {
    conditions.hold(existing)?;
    let unconditional = conditions.if_match.is_none() && conditions.if_none_match.is_none();
    if method == Method::Put && unconditional {
        let guarded = resource != Resource::State || conditions.version == Version::V2;
        if guarded && existing.is_some() {
            let why =
                "the document is there already: look at it, then put it with If-Match and its ETag";
            return Err(Refusal::new(409, why));
        }
        if resource != Resource::State {
            return Err(Refusal::bad("a profile is put with If-Match or If-None-Match"));
        }
    }
    let is_json = |t: &str| {
        t.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
    };
    let object = |bytes: &[u8]| match strict_json(bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Refusal::bad("the document is no JSON object")),
        Err(e) => Err(Refusal::bad(format!("the document is no JSON: {e}"))),
    };
    let content_type =
        if content_type.trim().is_empty() { "application/octet-stream" } else { content_type };
    let mut new =
        Document { content_type: content_type.to_owned(), bytes: bytes.to_vec(), updated: now };
    if is_json(content_type) && strict_json(bytes).is_err() {
        return Err(Refusal::bad("the document says it is JSON and is none"));
    }
    if method == Method::Post {
        if let Some(old) = existing {
            if !is_json(&old.content_type) || !is_json(content_type) {
                return Err(Refusal::bad("only documents of application/json can be merged"));
            }
            let mut merged = object(&old.bytes)?;
            merged.extend(object(bytes)?);
            new.bytes = Value::Object(merged).to_string().into_bytes();
        } else if is_json(content_type) {
            object(bytes)?;
        }
    }
    Ok(new)
}

/// Whether a document may be taken away.
pub fn check_delete(
    existing: Option<&Document>,
    conditions: Conditions<'_>,
) -> Result<(), Refusal> {
    conditions.hold(existing)
}
