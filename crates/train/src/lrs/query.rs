//! Queries (part three, 2.1.3).

use super::Refusal;
use crate::exchange::xapi::{Facets, agent_key, is_iri, timestamp};
use jiff::Timestamp;
use std::{collections::BTreeMap, fmt::Write};
use uuid::Uuid;

/// Most statements on a page.
pub const MAX_PAGE: usize = 500;

/// A query.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// One statement.
    One {
        /// Its id.
        id: Uuid,
        /// It was voided: asked for as such.
        voided: bool,
        /// How it is written.
        format: Format,
        /// Whether attachments go with it.
        attachments: bool,
    },
    /// All that match.
    Many(Many),
}

/// A query for all statements that match.
#[derive(Clone, Debug, PartialEq)]
pub struct Many {
    /// What they must be.
    pub filter: Filter,
    /// Stored after this time.
    pub since: Option<Timestamp>,
    /// Stored at this time or before.
    pub until: Option<Timestamp>,
    /// Most on a page, 1 to [`MAX_PAGE`].
    pub limit: usize,
    /// The oldest first.
    pub ascending: bool,
    /// How they are written.
    pub format: Format,
    /// Whether attachments go with them.
    pub attachments: bool,
    /// Beyond this place of an earlier page.
    pub cursor: Option<u64>,
    /// The parameters without the cursor, for the link to the next page.
    parameters: Vec<(String, String)>,
}

/// What statements must be; all that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The agent or identified group ([`agent_key`]).
    pub agent: Option<String>,
    /// The verb.
    pub verb: Option<String>,
    /// The activity.
    pub activity: Option<String>,
    /// The registration.
    pub registration: Option<Uuid>,
    /// The activity anywhere in the statement.
    pub related_activities: bool,
    /// The agent anywhere in the statement.
    pub related_agents: bool,
}

impl Filter {
    /// Whether a statement matches by itself; one that refers to a matching statement matches too,
    /// which the caller follows up.
    pub fn matches(&self, of: &Facets) -> bool {
        let agents = if self.related_agents { &of.related_agents } else { &of.agents };
        let activities =
            if self.related_activities { &of.related_activities } else { &of.activities };
        self.agent.as_ref().is_none_or(|a| agents.contains(a))
            && self.verb.as_ref().is_none_or(|v| of.verb == *v)
            && self.activity.as_ref().is_none_or(|a| activities.contains(a))
            && self.registration.is_none_or(|r| of.registration == Some(r))
    }
}

/// How statements are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Only what tells agents, activities and verbs apart.
    Ids,
    /// As they came.
    #[default]
    Exact,
    /// One language of each text.
    Canonical,
}

impl Query {
    /// Reads the parameters of a request. Each may stand once; unknown ones are refused.
    pub fn parse(parameters: &[(String, String)]) -> Result<Self, Refusal> {
        let mut all: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, value) in parameters {
            if all.insert(name, value).is_some() {
                return Err(Refusal::bad(format!("{name} stands twice")));
            }
        }
        let bad = |name: &str, why: &str| Refusal::bad(format!("{name}: {why}"));
        let flag = |name: &str| match all.get(name) {
            None | Some(&"false") => Ok(false),
            Some(&"true") => Ok(true),
            Some(_) => Err(bad(name, "neither true nor false")),
        };
        let uuid = |name: &str| {
            let parse = |t: &&str| {
                let uuid = if t.len() == 36 { t.parse::<Uuid>().ok() } else { None };
                uuid.ok_or_else(|| bad(name, "no UUID"))
            };
            all.get(name).map(parse).transpose()
        };
        let iri = |name: &str| {
            let parse = |t: &&str| {
                if is_iri(t) { Ok((*t).to_owned()) } else { Err(bad(name, "no IRI")) }
            };
            all.get(name).map(parse).transpose()
        };
        let time = |name: &str| {
            let parse = |t: &&str| timestamp(t, false).ok_or_else(|| bad(name, "no time"));
            all.get(name).map(parse).transpose()
        };
        let format = match all.get("format") {
            None | Some(&"exact") => Format::Exact,
            Some(&"ids") => Format::Ids,
            Some(&"canonical") => Format::Canonical,
            Some(_) => return Err(bad("format", "ids, exact or canonical")),
        };
        let attachments = flag("attachments")?;
        let (plain, voided) = (uuid("statementId")?, uuid("voidedStatementId")?);
        if let Some(id) = plain.or(voided) {
            let alone = ["statementId", "voidedStatementId", "attachments", "format"];
            if plain.is_some() && voided.is_some() || all.keys().any(|name| !alone.contains(name)) {
                let why =
                    "with statementId or voidedStatementId only attachments and format may stand";
                return Err(Refusal::bad(why));
            }
            return Ok(Self::One { id, voided: voided.is_some(), format, attachments });
        }
        let known = [
            "agent",
            "verb",
            "activity",
            "registration",
            "related_activities",
            "related_agents",
            "since",
            "until",
            "limit",
            "format",
            "attachments",
            "ascending",
            "cursor",
        ];
        if let Some(name) = all.keys().find(|name| !known.contains(name)) {
            return Err(bad(name, "is no parameter of this resource"));
        }
        let agent = match all.get("agent") {
            None => None,
            Some(text) => {
                let value = crate::credential::strict_json(text.as_bytes())
                    .map_err(|e| bad("agent", &e.to_string()))?;
                let key = agent_key(&value)?;
                Some(key.ok_or_else(|| bad("agent", "has no identifier"))?)
            }
        };
        let number = |name: &str| {
            let parse = |t: &&str| t.parse::<u64>().map_err(|_| bad(name, "no number"));
            all.get(name).map(parse).transpose()
        };
        let limit = match number("limit")? {
            None | Some(0) => MAX_PAGE,
            Some(n) => usize::try_from(n).unwrap_or(MAX_PAGE).min(MAX_PAGE),
        };
        Ok(Self::Many(Many {
            filter: Filter {
                agent,
                verb: iri("verb")?,
                activity: iri("activity")?,
                registration: uuid("registration")?,
                related_activities: flag("related_activities")?,
                related_agents: flag("related_agents")?,
            },
            since: time("since")?,
            until: time("until")?,
            limit,
            ascending: flag("ascending")?,
            format,
            attachments,
            cursor: number("cursor")?,
            parameters: parameters.iter().filter(|(n, _)| n != "cursor").cloned().collect(),
        }))
    }
}

impl Many {
    /// The link to what stands beyond a place. `path` is that of the resource, without a host.
    pub(super) fn more(&self, path: &str, cursor: u64) -> String {
        let mut out = format!("{path}?cursor={cursor}");
        for (name, value) in &self.parameters {
            let _ = write!(out, "&{name}=");
            for byte in value.bytes() {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                    out.push(char::from(byte));
                } else {
                    let _ = write!(out, "%{byte:02X}");
                }
            }
        }
        out
    }
}
