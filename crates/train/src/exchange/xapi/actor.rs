//! Agents and groups, and by what they are told apart.

use super::{Refused, Version, form::is_iri, part::Part};
use serde_json::Value;

const IDENTIFIERS: [&str; 4] = ["mbox", "mbox_sha1sum", "openid", "account"];

/// By what an agent or identified group is told apart, as one text (for indexes); the error says
/// what is wrong with it. None for an anonymous group.
pub fn agent_key(value: &Value) -> Result<Option<String>, Refused> {
    let part = Part::new(
        value,
        "agent",
        Version::V1,
        &["objectType", "name", "member", "mbox", "mbox_sha1sum", "openid", "account"],
    )?;
    key(&part)
}

fn key(part: &Part<'_>) -> Result<Option<String>, Refused> {
    let present: Vec<&str> =
        IDENTIFIERS.into_iter().filter(|name| part.map.contains_key(*name)).collect();
    let [name] = present[..] else {
        return match present[..] {
            [] => Ok(None),
            _ => Err(part.refuse(present[1], "is a second identifier; there is one")),
        };
    };
    if name == "account" {
        let account =
            Part::new(part.need(name)?, part.at(name), part.version, &["homePage", "name"])?;
        let home = account.need_iri("homePage")?;
        let own = account.text("name")?.filter(|n| !n.is_empty());
        let own = own.ok_or_else(|| account.refuse("name", "is missing"))?;
        // An IRI has no spaces.
        return Ok(Some(format!("account:{home} {own}")));
    }
    let text = part.text(name)?.unwrap_or_default();
    let fits = match name {
        "mbox" => {
            let address = text.strip_prefix("mailto:").and_then(|a| a.rsplit_once('@'));
            address.is_some_and(|(who, host)| !who.is_empty() && !host.is_empty()) && is_iri(text)
        }
        "openid" => is_iri(text),
        _ => text.len() == 40 && text.bytes().all(|c| c.is_ascii_hexdigit()),
    };
    if !fits {
        return Err(part.refuse(name, "is not of its form"));
    }
    Ok(Some(match name {
        "mbox_sha1sum" => format!("{name}:{}", text.to_ascii_lowercase()),
        _ => format!("{name}:{text}"),
    }))
}

/// Checks an agent or a group, and adds what it and its members are told apart by.
pub(super) fn actor(
    value: &Value,
    place: String,
    version: Version,
    keys: &mut Vec<String>,
) -> Result<Kind, Refused> {
    let part = Part::new(
        value,
        place,
        version,
        &["objectType", "name", "member", "mbox", "mbox_sha1sum", "openid", "account"],
    )?;
    let kind = match part.text("objectType")? {
        None | Some("Agent") => Kind::Agent,
        Some("Group") => Kind::Group,
        Some(_) => return Err(part.refuse("objectType", "neither Agent nor Group")),
    };
    part.text("name")?;
    let key = key(&part)?;
    if kind == Kind::Agent {
        if part.get("member").is_some() {
            return Err(part.refuse("member", "is no member of an Agent"));
        }
        keys.push(key.ok_or_else(|| Refused::new(&part.place, "an Agent has one identifier"))?);
        return Ok(kind);
    }
    let members = part.list("member")?;
    if members.is_empty() && (key.is_none() || part.get("member").is_some()) {
        return Err(part.refuse("member", "an anonymous Group has members"));
    }
    for (member, n) in members.iter().zip(0..) {
        let place = format!("{}[{n}]", part.at("member"));
        if actor(member, place.clone(), version, keys)? == Kind::Group {
            return Err(Refused::new(place, "a Group within a Group"));
        }
    }
    let anonymous = key.is_none();
    keys.extend(key);
    Ok(if anonymous { Kind::Anonymous } else { Kind::Group })
}

/// What an actor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Agent,
    /// With an identifier.
    Group,
    /// Without one.
    Anonymous,
}

/// An authority: an Agent, or a Group of exactly two Agents (part two, 2.4.9).
pub(super) fn authority(
    value: &Value,
    version: Version,
    keys: &mut Vec<String>,
) -> Result<(), Refused> {
    let kind = actor(value, "authority".into(), version, keys)?;
    let two = value.get("member").and_then(Value::as_array).is_some_and(|m| m.len() == 2);
    match kind {
        Kind::Agent => Ok(()),
        Kind::Anonymous if two => Ok(()),
        _ => Err(Refused::new("authority", "a Group here is anonymous and has two members")),
    }
}
