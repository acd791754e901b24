//! OSCAL 1.1.2: assessment results, and the plan of action and milestones.
//!
//! Source: NIST OSCAL 1.1.2, `oscal_assessment-results_schema.json`, `oscal_poam_schema.json`.
//! Identifiers are UUID v5 over our own, so the same facts give the same document; times have a
//! zone; every token fits `^(\p{L}|_)(\p{L}|\p{N}|[.\-_])*$`.

use super::facts::{Facts, FindingFacts};
use crate::clock;
use hangtu_catalog::Language;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The name space of our identifiers.
const SPACE: Uuid = Uuid::from_u128(0x6861_6e67_7475_5f6f_7363_616c_0001_0000);
/// The name space of our properties: a URI that names, not one that is fetched.
const NS: &str = "urn:hangtu:oscal";

fn id(kind: &str, name: &str) -> String {
    Uuid::new_v5(&SPACE, format!("{kind}/{name}").as_bytes()).to_string()
}

fn prop(name: &str, value: impl Into<String>) -> Value {
    json!({ "ns": NS, "name": name, "value": value.into() })
}

fn metadata(facts: &Facts, title: &str) -> Value {
    let party = id("party", &facts.organisation.credit_code);
    json!({
        "title": title,
        "last-modified": clock::rfc3339(facts.made),
        "version": facts.number,
        "oscal-version": "1.1.2",
        "roles": [{ "id": "prepared-by", "title": "Prepared by" }],
        "parties": [{
            "uuid": party, "type": "organization", "name": facts.organisation.name,
            "external-ids": [{ "scheme": "urn:cn:gb32100", "id": facts.organisation.credit_code }],
        }],
        "responsible-parties": [{ "role-id": "prepared-by", "party-uuids": [party] }],
    })
}

/// A level as likelihood and impact facets would be double counting: it is one facet.
fn risk(finding: &FindingFacts, language: Language) -> Value {
    let status = match finding.state.as_str() {
        "closed" => "closed",
        "accepted" | "not-applicable" => "deviation-approved",
        "disputed" => "deviation-requested",
        "fixing" | "retest" => "remediating",
        _ => "open",
    };
    let mut risk = json!({
        "uuid": id("risk", &finding.id),
        "title": finding.title.get(language),
        "description": finding.description.get(language),
        "statement": finding.description.get(language),
        "props": [prop("scenario", &finding.scenario), prop("state", &finding.state)],
        "status": status,
        "characterizations": [{
            "origin": { "actors": [{ "type": "tool", "actor-uuid": id("tool", "hangtu") }] },
            "facets": [{ "name": "level", "system": NS, "value": finding.level }],
        }],
        "remediations": [{
            "uuid": id("remediation", &finding.id),
            "lifecycle": "recommendation",
            "title": finding.title.get(language),
            "description": finding.advice.get(language),
        }],
        "related-observations": [{ "observation-uuid": id("observation", &finding.id) }],
    });
    if let Some(due) = finding.due {
        risk["deadline"] = clock::rfc3339(due).into();
    }
    risk
}

fn observation(finding: &FindingFacts, language: Language) -> Value {
    json!({
        "uuid": id("observation", &finding.id),
        "title": finding.title.get(language),
        "description": finding.description.get(language),
        "props": [
            prop("fingerprint", &finding.fingerprint), prop("rule", &finding.rule),
            prop("subject", &finding.subject), prop("count", finding.count.to_string()),
        ],
        "methods": [if finding.rule.starts_with("check.") { "INTERVIEW" } else { "TEST" }],
        "types": ["finding"],
        "collected": clock::rfc3339(finding.last),
    })
}

/// The findings of each control point: satisfied only where something was measured or claimed and
/// nothing speaks against it.
fn control_findings(facts: &Facts, language: Language) -> Vec<Value> {
    let mut out = Vec::new();
    for control in facts.controls.iter().filter(|c| c.spoken_of()) {
        let against: Vec<&FindingFacts> = facts
            .findings
            .iter()
            .filter(|f| f.is_open() && f.controls.contains(&control.id))
            .collect();
        let satisfied = against.is_empty() && control.claim.as_deref().is_none_or(|c| c == "met");
        let mut finding = json!({
            "uuid": id("finding", &control.id),
            "title": control.title.get(language),
            "description": control.title.get(language),
            "target": {
                "type": "objective-id",
                "target-id": token(&control.id),
                "status": { "state": if satisfied { "satisfied" } else { "not-satisfied" } },
            },
        });
        if !against.is_empty() {
            let refs = |kind: &str, key: &str| -> Vec<Value> {
                against.iter().map(|f| json!({ key: id(kind, &f.id) })).collect()
            };
            finding["related-observations"] = refs("observation", "observation-uuid").into();
            finding["related-risks"] = refs("risk", "risk-uuid").into();
        }
        out.push(finding);
    }
    out
}

/// A control point's id as an OSCAL token.
fn token(id: &str) -> String {
    id.to_lowercase()
}

/// Adds a list unless it is empty: OSCAL's lists have at least one member.
fn list(to: &mut Value, name: &str, members: Vec<Value>) {
    if !members.is_empty() {
        to[name] = members.into();
    }
}

/// The assessment results.
pub(super) fn assessment_results(facts: &Facts, title: &str, language: Language) -> Value {
    let reviewed: BTreeSet<String> =
        facts.controls.iter().filter(|c| c.spoken_of()).map(|c| token(&c.id)).collect();
    let selection = if reviewed.is_empty() {
        json!({ "description": "none" })
    } else {
        let each: Vec<Value> = reviewed.iter().map(|c| json!({ "control-id": c })).collect();
        json!({ "include-controls": each })
    };
    let start = facts.runs.iter().filter_map(|r| r.first).min().unwrap_or(facts.made);
    let mut result = json!({
        "uuid": id("result", &facts.id),
        "title": title,
        "description": title,
        "start": clock::rfc3339(start),
        "end": clock::rfc3339(facts.made),
        "local-definitions": { "assessment-assets": {
            "components": [{
                "uuid": id("tool", "hangtu"), "type": "software", "title": "Hangtu",
                "description": concat!("Hangtu ", env!("CARGO_PKG_VERSION")),
                "status": { "state": "operational" },
            }],
            "assessment-platforms": [{ "uuid": id("platform", "hangtu"), "title": "Hangtu" }],
        } },
        "reviewed-controls": { "control-selections": [selection] },
    });
    let each = |f: fn(&FindingFacts, Language) -> Value| -> Vec<Value> {
        facts.findings.iter().map(|x| f(x, language)).collect()
    };
    list(&mut result, "observations", each(observation));
    list(&mut result, "risks", each(risk));
    list(&mut result, "findings", control_findings(facts, language));
    json!({ "assessment-results": {
        "uuid": id("assessment-results", &facts.id),
        "metadata": metadata(facts, title),
        "import-ap": { "href": format!("urn:hangtu:questionnaire:{}", facts.catalogue) },
        "results": [result],
    } })
}

/// The plan of action and milestones: what is not closed.
pub(super) fn plan_of_action(facts: &Facts, title: &str, language: Language) -> Value {
    let open: Vec<&FindingFacts> = facts.findings.iter().filter(|f| f.is_open()).collect();
    let mut items: Vec<Value> = open
        .iter()
        .map(|f| {
            let mut props = vec![prop("number", f.number.to_string()), prop("state", &f.state)];
            props.extend(f.owner.iter().map(|o| prop("owner", o)));
            json!({
                "uuid": id("poam-item", &f.id),
                "title": f.title.get(language),
                "description": f.advice.get(language),
                "props": props,
                "related-observations": [{ "observation-uuid": id("observation", &f.id) }],
                "related-risks": [{ "risk-uuid": id("risk", &f.id) }],
            })
        })
        .collect();
    if items.is_empty() {
        // The schema asks for one item; an honest empty plan says so.
        items.push(json!({
            "uuid": id("poam-item", "none"), "title": "None open", "description": "None open",
        }));
    }
    let mut plan = json!({
        "uuid": id("poam", &facts.id),
        "metadata": metadata(facts, title),
        "system-id": { "identifier-type": "urn:cn:gb32100", "id": facts.organisation.credit_code },
        "poam-items": items,
    });
    plan["local-definitions"] = json!({ "components": [{
        "uuid": id("tool", "hangtu"), "type": "software", "title": "Hangtu",
        "description": concat!("Hangtu ", env!("CARGO_PKG_VERSION")),
        "status": { "state": "operational" },
    }] });
    list(&mut plan, "observations", open.iter().map(|f| observation(f, language)).collect());
    list(&mut plan, "risks", open.iter().map(|f| risk(f, language)).collect());
    json!({ "plan-of-action-and-milestones": plan })
}
