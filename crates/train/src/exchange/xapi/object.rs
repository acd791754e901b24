//! Objects of statements: activities, agents, references, statements within statements.

use super::{Facets, Refused, Version, actor::actor, part::Part, statement};
use serde_json::Value;
use std::collections::HashSet;

const INTERACTIONS: [&str; 10] = [
    "true-false",
    "choice",
    "fill-in",
    "long-fill-in",
    "matching",
    "performance",
    "sequencing",
    "likert",
    "numeric",
    "other",
];

/// Which lists of components an interaction has.
fn components(interaction: &str) -> &'static [&'static str] {
    match interaction {
        "choice" | "sequencing" => &["choices"],
        "likert" => &["scale"],
        "matching" => &["source", "target"],
        "performance" => &["steps"],
        _ => &[],
    }
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Activity,
    Actor,
    Reference,
    SubStatement,
}

/// Checks an object. `inner`: of a statement within a statement.
pub(super) fn object(
    value: &Value,
    place: String,
    version: Version,
    inner: bool,
    facets: &mut Facets,
) -> Result<Kind, Refused> {
    let kind = value.get("objectType").map(|k| k.as_str().unwrap_or_default());
    match kind {
        None | Some("Activity") => {
            let id = activity(value, place, version)?;
            facets.activity(id, inner);
            Ok(Kind::Activity)
        }
        Some("Agent" | "Group") => {
            let mut keys = Vec::new();
            actor(value, place, version, &mut keys)?;
            facets.agents(keys, inner);
            Ok(Kind::Actor)
        }
        Some("StatementRef") => {
            let target = reference(value, place, version)?;
            if !inner {
                facets.target = Some(target);
            }
            Ok(Kind::Reference)
        }
        Some("SubStatement") if inner => {
            Err(Refused::new(place, "a SubStatement within a SubStatement"))
        }
        Some("SubStatement") => {
            let part = Part::new(
                value,
                place,
                version,
                &[
                    "objectType",
                    "actor",
                    "verb",
                    "object",
                    "result",
                    "context",
                    "timestamp",
                    "attachments",
                ],
            )?;
            statement::body(&part, true, facets)?;
            Ok(Kind::SubStatement)
        }
        Some(_) => Err(Refused::new(format!("{place}.objectType"), "is not known")),
    }
}

/// A reference to a statement.
pub(super) fn reference(
    value: &Value,
    place: String,
    version: Version,
) -> Result<uuid::Uuid, Refused> {
    let part = Part::new(value, place, version, &["objectType", "id"])?;
    if part.text("objectType")? != Some("StatementRef") {
        return Err(part.refuse("objectType", "not StatementRef"));
    }
    part.uuid("id")?.ok_or_else(|| part.refuse("id", "is missing"))
}

/// Checks an activity; gives its id.
pub(super) fn activity(value: &Value, place: String, version: Version) -> Result<String, Refused> {
    let part = Part::new(value, place, version, &["objectType", "id", "definition"])?;
    if part.text("objectType")?.is_some_and(|k| k != "Activity") {
        return Err(part.refuse("objectType", "not Activity"));
    }
    let id = part.need_iri("id")?;
    if let Some(value) = part.get("definition") {
        definition(&Part::new(
            value,
            part.at("definition"),
            version,
            &[
                "name",
                "description",
                "type",
                "moreInfo",
                "extensions",
                "interactionType",
                "correctResponsesPattern",
                "choices",
                "scale",
                "source",
                "target",
                "steps",
            ],
        )?)?;
    }
    Ok(id.to_owned())
}

fn definition(part: &Part<'_>) -> Result<(), Refused> {
    part.words("name")?;
    part.words("description")?;
    part.iri("type")?;
    part.iri("moreInfo")?;
    part.extensions()?;
    let interaction = part.text("interactionType")?;
    if interaction.is_some_and(|i| !INTERACTIONS.contains(&i)) {
        return Err(part.refuse("interactionType", "is not known"));
    }
    let pattern = part.list("correctResponsesPattern")?;
    if pattern.iter().any(|p| !p.is_string()) {
        return Err(part.refuse("correctResponsesPattern", "no texts"));
    }
    for name in ["correctResponsesPattern", "choices", "scale", "source", "target", "steps"] {
        if part.get(name).is_none() {
            continue;
        }
        let Some(interaction) = interaction else {
            return Err(part.refuse(name, "needs an interactionType"));
        };
        if name == "correctResponsesPattern" {
            continue;
        }
        if !components(interaction).contains(&name) {
            return Err(part.refuse(name, format!("is not of the interaction {interaction}")));
        }
        let mut ids = HashSet::new();
        for (value, n) in part.list(name)?.iter().zip(0..) {
            let place = format!("{}[{n}]", part.at(name));
            let one = Part::new(value, place, part.version, &["id", "description"])?;
            let id = one.text("id")?.filter(|id| !id.is_empty());
            let id = id.ok_or_else(|| one.refuse("id", "is missing"))?;
            if !ids.insert(id) {
                return Err(one.refuse("id", "stands twice"));
            }
            one.words("description")?;
        }
    }
    Ok(())
}
