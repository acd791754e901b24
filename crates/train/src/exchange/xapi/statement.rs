//! Statements.

use super::{
    Refused,
    actor::{self, actor},
    compare,
    form::{is_duration, is_language_tag, timestamp},
    object::{self, activity, object, reference},
    part::{Part, no_null},
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The verb that voids another statement (part two, 2.3.2).
pub const VOIDED: &str = "http://adlnet.gov/expapi/verbs/voided";

/// The version that a request names in `X-Experience-API-Version`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// 1.0, 1.0.0 to 1.0.3; what is answered to whoever names none.
    #[default]
    V1,
    /// 2.0.0 (IEEE 9274.1.1).
    V2,
}

impl Version {
    /// The version of a header.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "1.0" => Some(Self::V1),
            "2.0" => Some(Self::V2),
            text => {
                let patch = |p: &str| !p.is_empty() && p.bytes().all(|c| c.is_ascii_digit());
                if text.strip_prefix("1.0.").is_some_and(patch) {
                    Some(Self::V1)
                } else {
                    text.strip_prefix("2.0.").is_some_and(patch).then_some(Self::V2)
                }
            }
        }
    }

    /// As answers write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "1.0.3",
            Self::V2 => "2.0.0",
        }
    }
}

/// A statement that passed, as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    json: Map<String, Value>,
    facets: Facets,
}

/// What statements are found by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// Its id; none where the store is to give one.
    pub id: Option<Uuid>,
    /// When it is said to have happened.
    pub timestamp: Option<Timestamp>,
    /// The verb.
    pub verb: String,
    /// The registration of its context.
    pub registration: Option<Uuid>,
    /// Actor and object, with members of groups ([`super::agent_key`]).
    pub agents: BTreeSet<String>,
    /// All agents: authority, instructor, team and those within a statement too.
    pub related_agents: BTreeSet<String>,
    /// The object's activity.
    pub activities: BTreeSet<String>,
    /// All activities: of the context and within a statement too.
    pub related_activities: BTreeSet<String>,
    /// The statement that its object refers to.
    pub target: Option<Uuid>,
    /// What it has attached.
    pub attachments: Vec<Attachment>,
}

/// What is attached to a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// SHA-2 over the data, in hex.
    pub sha2: String,
    /// Bytes.
    pub length: u64,
    /// Media type.
    pub content_type: String,
    /// Where it can be had otherwise.
    pub url: Option<String>,
}

impl Facets {
    pub(super) fn activity(&mut self, id: String, related: bool) {
        if !related {
            self.activities.insert(id.clone());
        }
        self.related_activities.insert(id);
    }

    pub(super) fn agents(&mut self, keys: Vec<String>, related: bool) {
        if !related {
            self.agents.extend(keys.iter().cloned());
        }
        self.related_agents.extend(keys);
    }

    /// Whether it voids the statement it refers to.
    pub fn voids(&self) -> Option<Uuid> {
        self.target.filter(|_| self.verb == VOIDED)
    }
}

impl Statement {
    /// Reads a statement of either version: one that was checked when it came.
    pub fn parse_any(value: &Value) -> Result<Self, Refused> {
        Self::parse(value, Version::V2).or_else(|_| Self::parse(value, Version::V1))
    }

    /// Checks a statement. Members that a store sets itself (`stored`, `authority`, `version`) may
    /// stand in it.
    pub fn parse(value: &Value, version: Version) -> Result<Self, Refused> {
        no_null(value, "")?;
        let part = Part::new(
            value,
            "",
            version,
            &[
                "id",
                "actor",
                "verb",
                "object",
                "result",
                "context",
                "timestamp",
                "stored",
                "authority",
                "version",
                "attachments",
            ],
        )?;
        let mut facets = Facets { id: part.uuid("id")?, ..Facets::default() };
        body(&part, false, &mut facets)?;
        if let Some(text) = part.text("stored")? {
            time(&part, "stored", text)?;
        }
        if let Some(value) = part.get("authority") {
            let mut keys = Vec::new();
            actor::authority(value, version, &mut keys)?;
            facets.agents(keys, true);
        }
        if part.text("version")?.is_some_and(|v| Version::parse(v).is_none()) {
            return Err(part.refuse("version", "neither 1.0 nor 2.0"));
        }
        Ok(Self { json: part.map.clone(), facets })
    }

    /// What it is found by.
    pub fn facets(&self) -> &Facets {
        &self.facets
    }

    /// The JSON as it came (and as [`Self::complete`] completed it).
    pub fn json(&self) -> &Map<String, Value> {
        &self.json
    }

    /// Sets what the store sets: the id where there is none, the time stored, the authority, the
    /// version, and the timestamp where there is none.
    pub fn complete(
        &mut self,
        id: Uuid,
        stored: Timestamp,
        authority: &Value,
        version: Version,
    ) -> Result<(), Refused> {
        let mut keys = Vec::new();
        actor::authority(authority, version, &mut keys)?;
        // An authority that the sender put there says nothing.
        if self.json.contains_key("authority") {
            let without = {
                let mut json = self.json.clone();
                json.remove("authority");
                Self::parse(&Value::Object(json), version)?
            };
            self.facets = without.facets;
        }
        self.facets.agents(keys, true);
        self.facets.id = Some(*self.facets.id.get_or_insert(id));
        let id = self.facets.id.unwrap_or(id);
        let now = Value::from(stored.to_string());
        lists(&mut self.json);
        self.json.insert("id".into(), id.to_string().into());
        self.json.entry("timestamp").or_insert_with(|| now.clone());
        self.json.insert("stored".into(), now);
        self.json.insert("authority".into(), authority.clone());
        self.json.entry("version").or_insert_with(|| version.name().into());
        self.facets.timestamp.get_or_insert(stored);
        Ok(())
    }

    /// Whether both say the same (part two, 2.3.1 “Statement Comparision Requirements”).
    pub fn says_the_same(&self, other: &Self) -> bool {
        compare::same(&self.json, &other.json)
    }
}

/// A context activity that stands alone is given back as a list of one (part two, 2.4.6.2).
fn lists(statement: &mut Map<String, Value>) {
    let kinds = statement.get_mut("context").and_then(|c| c.get_mut("contextActivities"));
    for kind in kinds.and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        if kind.is_object() {
            *kind = Value::Array(vec![kind.take()]);
        }
    }
    if let Some(Value::Object(inner)) = statement.get_mut("object") {
        lists(inner);
    }
}

fn time(part: &Part<'_>, name: &str, text: &str) -> Result<Timestamp, Refused> {
    let needed = part.version == Version::V2;
    timestamp(text, needed).ok_or_else(|| part.refuse(name, "no time of ISO 8601 with its offset"))
}

/// What statements and statements within them have in common.
pub(super) fn body(part: &Part<'_>, inner: bool, facets: &mut Facets) -> Result<(), Refused> {
    let version = part.version;
    let mut keys = Vec::new();
    actor(part.need("actor")?, part.at("actor"), version, &mut keys)?;
    facets.agents(keys, inner);
    let verb = Part::new(part.need("verb")?, part.at("verb"), version, &["id", "display"])?;
    let verb_id = verb.need_iri("id")?;
    verb.words("display")?;
    if !inner {
        verb_id.clone_into(&mut facets.verb);
    }
    let kind = object(part.need("object")?, part.at("object"), version, inner, facets)?;
    if verb_id == VOIDED && kind != object::Kind::Reference {
        return Err(part.refuse("object", "a voiding statement refers to a statement"));
    }
    if let Some(value) = part.get("result") {
        result(&Part::new(
            value,
            part.at("result"),
            version,
            &["score", "success", "completion", "response", "duration", "extensions"],
        )?)?;
    }
    if let Some(value) = part.get("context") {
        context(value, part, kind, inner, facets)?;
    }
    if let Some(text) = part.text("timestamp")? {
        let at = time(part, "timestamp", text)?;
        if !inner {
            facets.timestamp = Some(at);
        }
    }
    for (value, n) in part.list("attachments")?.iter().zip(0..) {
        facets.attachments.push(attachment(
            value,
            format!("{}[{n}]", part.at("attachments")),
            version,
        )?);
    }
    Ok(())
}

fn result(part: &Part<'_>) -> Result<(), Refused> {
    part.flag("success")?;
    part.flag("completion")?;
    part.text("response")?;
    part.extensions()?;
    if part.text("duration")?.is_some_and(|d| !is_duration(d)) {
        return Err(part.refuse("duration", "no duration of ISO 8601"));
    }
    let Some(value) = part.get("score") else { return Ok(()) };
    let score = Part::new(value, part.at("score"), part.version, &["scaled", "raw", "min", "max"])?;
    if score.number("scaled")?.is_some_and(|n| !(-1.0..=1.0).contains(&n)) {
        return Err(score.refuse("scaled", "not from -1 to 1"));
    }
    let (raw, min, max) = (score.number("raw")?, score.number("min")?, score.number("max")?);
    if min.zip(max).is_some_and(|(min, max)| min >= max) {
        return Err(score.refuse("max", "not above min"));
    }
    if raw.zip(min).is_some_and(|(raw, min)| raw < min)
        || raw.zip(max).is_some_and(|(raw, max)| raw > max)
    {
        return Err(score.refuse("raw", "not from min to max"));
    }
    Ok(())
}

fn context(
    value: &Value,
    of: &Part<'_>,
    kind: object::Kind,
    inner: bool,
    facets: &mut Facets,
) -> Result<(), Refused> {
    let version = of.version;
    let mut members = vec![
        "registration",
        "instructor",
        "team",
        "contextActivities",
        "revision",
        "platform",
        "language",
        "statement",
        "extensions",
    ];
    if version == Version::V2 {
        members.extend(["contextAgents", "contextGroups"]);
    }
    let part = Part::new(value, of.at("context"), version, &members)?;
    let registration = part.uuid("registration")?;
    if !inner {
        facets.registration = registration;
    }
    let mut keys = Vec::new();
    if let Some(value) = part.get("instructor") {
        actor(value, part.at("instructor"), version, &mut keys)?;
    }
    if let Some(value) = part.get("team")
        && actor(value, part.at("team"), version, &mut keys)? == actor::Kind::Agent
    {
        return Err(part.refuse("team", "no Group"));
    }
    for (list, name) in [("contextAgents", "agent"), ("contextGroups", "group")] {
        for (value, n) in part.list(list)?.iter().zip(0..) {
            let place = format!("{}[{n}]", part.at(list));
            let one = Part::new(value, place, version, &["objectType", name, "relevantTypes"])?;
            if one.text("objectType")?
                != Some(if name == "agent" { "contextAgent" } else { "contextGroup" })
            {
                return Err(one.refuse("objectType", "is not that of this list"));
            }
            let kind = actor(one.need(name)?, one.at(name), version, &mut keys)?;
            if (kind == actor::Kind::Agent) != (name == "agent") {
                return Err(one.refuse(name, "is of the other kind"));
            }
            let types = one.list("relevantTypes")?;
            if one.get("relevantTypes").is_some() && types.is_empty()
                || types.iter().any(|t| !t.as_str().is_some_and(super::is_iri))
            {
                return Err(one.refuse("relevantTypes", "no IRIs"));
            }
        }
    }
    facets.agents(keys, true);
    if let Some(value) = part.get("contextActivities") {
        let lists = Part::new(
            value,
            part.at("contextActivities"),
            version,
            &["parent", "grouping", "category", "other"],
        )?;
        for (name, value) in lists.map {
            let all = match value {
                Value::Array(all) => all.as_slice(),
                one => std::slice::from_ref(one),
            };
            for (one, n) in all.iter().zip(0..) {
                let id = activity(one, format!("{}[{n}]", lists.at(name)), version)?;
                facets.activity(id, true);
            }
        }
    }
    for name in ["revision", "platform"] {
        if part.text(name)?.is_some() && kind != object::Kind::Activity {
            return Err(part.refuse(name, "belongs to statements about activities"));
        }
    }
    if part.text("language")?.is_some_and(|l| !is_language_tag(l)) {
        return Err(part.refuse("language", "no language tag"));
    }
    if let Some(value) = part.get("statement") {
        reference(value, part.at("statement"), version)?;
    }
    part.extensions()
}

fn attachment(value: &Value, place: String, version: Version) -> Result<Attachment, Refused> {
    let part = Part::new(
        value,
        place,
        version,
        &["usageType", "display", "description", "contentType", "length", "sha2", "fileUrl"],
    )?;
    part.need_iri("usageType")?;
    part.need("display")?;
    part.words("display")?;
    part.words("description")?;
    let content_type = part.text("contentType")?.unwrap_or_default();
    let plain = content_type.split(';').next().unwrap_or_default().trim();
    if !plain.split_once('/').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty()) {
        return Err(part.refuse("contentType", "no media type"));
    }
    let length = part.need("length")?.as_u64();
    let length = length.ok_or_else(|| part.refuse("length", "no number of bytes"))?;
    let sha2 = part.text("sha2")?.unwrap_or_default();
    if ![56, 64, 96, 128].contains(&sha2.len()) || !sha2.bytes().all(|c| c.is_ascii_hexdigit()) {
        return Err(part.refuse("sha2", "no SHA-2 in hex"));
    }
    Ok(Attachment {
        sha2: sha2.to_ascii_lowercase(),
        length,
        content_type: content_type.to_owned(),
        url: part.iri("fileUrl")?.map(str::to_owned),
    })
}
