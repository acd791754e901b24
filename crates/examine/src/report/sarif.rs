//! SARIF 2.1.0 (OASIS), for viewers and pipelines of software people.

use hangtu_catalog::{Arg, Language, Level, key, text};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};

use super::{texts, times};
use crate::model::{CheckStatus, Coverage, Earlier, Examination, Excerpt, Finding, Run, Status};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const ATTACK: &str = "MITRE ATT&CK";

/// The examination as a SARIF log, its messages in `language`.
pub fn sarif(examination: &Examination, language: Language) -> Value {
    let Examination { run, coverage, findings, comparison, .. } = examination;
    let artifacts: HashMap<&str, usize> =
        run.inputs.iter().enumerate().map(|(i, input)| (input.path.as_str(), i)).collect();
    let mut rules: Vec<Value> = Vec::new();
    let mut rule_index: HashMap<&str, usize> = HashMap::new();
    for finding in findings {
        rule_index.entry(&finding.rule).or_insert_with(|| {
            rules.push(rule(finding, language));
            rules.len() - 1
        });
    }
    let techniques: BTreeSet<&str> =
        findings.iter().flat_map(|f| &f.techniques).map(String::as_str).collect();
    let taxa: Vec<Value> = techniques.iter().map(|id| json!({ "id": id })).collect();
    let mut results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            result(finding, language, rule_index[finding.rule.as_str()], &techniques, &artifacts)
        })
        .collect();
    // What is gone passed the rule (3.27.9) and is absent (3.27.24). For what was not re-tested the
    // standard has no word: the matter is open, and unchanged, since trackers close what is absent.
    for (list, kind, state) in comparison.iter().flat_map(|comparison| {
        [(&comparison.gone, "pass", "absent"), (&comparison.not_retested, "open", "unchanged")]
    }) {
        for earlier in list {
            let index = (!earlier.rule.is_empty()).then(|| {
                *rule_index.entry(&earlier.rule).or_insert_with(|| {
                    rules.push(rule_of_earlier(earlier, language));
                    rules.len() - 1
                })
            });
            results.push(result_of_earlier(earlier, language, index, kind, state));
        }
    }
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Hangtu",
                "version": run.version,
                "language": language.tag(),
                "rules": rules,
                "supportedTaxonomies": [{ "name": ATTACK, "index": 0 }],
            }},
            "taxonomies": [{ "name": ATTACK, "organization": "MITRE", "taxa": taxa }],
            "language": language.tag(),
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation(run, coverage, language, &artifacts)],
            "artifacts": run.inputs.iter().map(|input| json!({
                "location": { "uri": uri(&input.path) },
                "length": input.bytes,
                "roles": ["analysisTarget"],
                "hashes": { "sha-256": input.sha256 },
                "properties": { "format": input.format, "entries": input.entries },
            })).collect::<Vec<_>>(),
            "results": results,
            "properties": {
                "rulesSha256": run.rules_sha256,
                "matrix": run.matrix,
                "matrixSha256": run.matrix_sha256,
                "firstSeen": coverage.first,
                "lastSeen": coverage.last,
                "complete": coverage.complete,
                "baseline": comparison.as_ref().map(|comparison| json!({
                    "path": comparison.baseline,
                    "examinedAt": comparison.baseline_examined_at,
                })),
            },
        }],
    })
}

/// SARIF knows three levels.
fn sarif_level(level: Level) -> &'static str {
    match level {
        Level::Major | Level::High => "error",
        Level::Medium => "warning",
        Level::Low | Level::Light => "note",
    }
}

/// The rule behind a finding; its texts are the same in all findings of the rule.
fn rule(finding: &Finding, language: Language) -> Value {
    let mut tags = vec![format!("scenario/{}", finding.scenario.name())];
    tags.extend(finding.controls.iter().map(|control| format!("control/{control}")));
    tags.extend(finding.techniques.iter().map(|technique| format!("attack/{technique}")));
    json!({
        "id": finding.rule,
        "shortDescription": { "text": words(finding.title.get(language)) },
        "fullDescription": { "text": words(finding.description.get(language)) },
        "help": { "text": words(finding.advice.get(language)) },
        "defaultConfiguration": { "level": sarif_level(finding.level) },
        "properties": {
            "tags": tags,
            "falsePositives": finding.false_positives.get(language),
        },
    })
}

/// A rule of which only the baseline tells: as much as a comparison keeps of it.
fn rule_of_earlier(earlier: &Earlier, language: Language) -> Value {
    json!({
        "id": earlier.rule,
        "shortDescription": { "text": words(earlier.title.get(language)) },
        "defaultConfiguration": { "level": sarif_level(earlier.level) },
    })
}

/// SARIF wants a text wherever it wants a message.
fn words(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

fn result(
    finding: &Finding,
    language: Language,
    rule_index: usize,
    techniques: &BTreeSet<&str>,
    artifacts: &HashMap<&str, usize>,
) -> Value {
    let (first, last) = (times::shown(&finding.first), times::shown(&finding.last));
    let message = text(
        language,
        key::REPORT_SARIF_SEEN,
        &[
            ("subject", Arg::Text(&finding.subject)),
            ("title", Arg::Text(finding.title.get(language))),
            ("count", Arg::Number(finding.count)),
            ("first", Arg::Text(&first)),
            ("last", Arg::Text(&last)),
        ],
    );
    let message = match &finding.unapproved {
        Some(unapproved) => format!("{message}\n{}", unapproved.text.get(language)),
        None => message,
    };
    let taxa: Vec<Value> = finding
        .techniques
        .iter()
        .filter_map(|id| Some((id, techniques.iter().position(|known| known == id)?)))
        .map(|(id, index)| {
            json!({ "id": id, "index": index, "toolComponent": { "name": ATTACK, "index": 0 } })
        })
        .collect();
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "kind": "fail",
        "level": sarif_level(finding.level),
        "rank": u64::from(finding.likelihood) * u64::from(finding.impact) * 4,
        "message": { "text": message },
        "occurrenceCount": finding.count.max(1),
        "partialFingerprints": { "hangtuFingerprint/v1": finding.fingerprint },
        "locations": finding.evidence.iter()
            .map(|excerpt| location(excerpt, finding, artifacts)).collect::<Vec<_>>(),
        "taxa": taxa,
        "properties": {
            "scenario": finding.scenario.name(),
            "level": finding.level.name(),
            "likelihood": finding.likelihood,
            "impact": finding.impact,
            "subject": finding.subject,
            "peer": finding.peer,
            "class": finding.class,
            "firstSeen": finding.first,
            "lastSeen": finding.last,
            "controls": finding.controls,
            "unapproved": finding.unapproved.as_ref()
                .map(|u| json!({ "nearest": u.nearest, "reasons": u.reasons })),
            "tags": finding.techniques.iter().map(|t| format!("attack/{t}")).collect::<BTreeSet<_>>(),
        },
    });
    if let Some(status) = finding.status {
        result["baselineState"] = json!(match status {
            Status::New => "new",
            Status::Still => "unchanged",
        });
    }
    result
}

/// A finding of the baseline that this run does not have. It is no failure, so that it has neither
/// level nor rank (3.27.10, 3.27.25); its own level stands in its properties.
fn result_of_earlier(
    earlier: &Earlier,
    language: Language,
    rule_index: Option<usize>,
    kind: &str,
    state: &str,
) -> Value {
    let message = text(
        language,
        key::REPORT_SARIF_EARLIER,
        &[
            ("subject", Arg::Text(&earlier.subject)),
            ("title", Arg::Text(earlier.title.get(language))),
            ("reason", Arg::Text(earlier.reason.get(language))),
        ],
    );
    let mut result = json!({
        "kind": kind,
        "level": "none",
        "message": { "text": message },
        "partialFingerprints": { "hangtuFingerprint/v1": earlier.fingerprint },
        "locations": [{ "logicalLocations": [{ "name": earlier.subject, "kind": "resource" }] }],
        "properties": {
            "level": earlier.level.name(),
            "subject": earlier.subject,
            "reason": earlier.reason.get(language),
        },
        "baselineState": state,
    });
    if let Some(index) = rule_index {
        result["ruleId"] = json!(earlier.rule);
        result["ruleIndex"] = json!(index);
    }
    result
}

fn artifact(path: &str, artifacts: &HashMap<&str, usize>) -> Value {
    let mut location = Map::new();
    location.insert("uri".into(), uri(path).into());
    if let Some(index) = artifacts.get(path) {
        location.insert("index".into(), (*index).into());
    }
    location.into()
}

fn location(excerpt: &Excerpt, finding: &Finding, artifacts: &HashMap<&str, usize>) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": artifact(&excerpt.file, artifacts),
            "region": { "byteOffset": excerpt.offset, "snippet": { "text": excerpt.text } },
        },
        "logicalLocations": [{ "name": finding.subject, "kind": "resource" }],
        "properties": { "packet": excerpt.number, "time": excerpt.time },
    })
}

/// The run, and as notifications what it could not see: damage, limits, unmeasured control points.
fn invocation(
    run: &Run,
    coverage: &Coverage,
    language: Language,
    artifacts: &HashMap<&str, usize>,
) -> Value {
    let mut notifications = Vec::new();
    for input in &run.inputs {
        for problem in &input.problems {
            notifications.push(json!({
                "level": "warning",
                "message": { "text": words(problem.what.get(language)) },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": artifact(&input.path, artifacts),
                    "region": { "byteOffset": problem.offset },
                }}],
            }));
        }
    }
    for (name, dropped) in &coverage.limits {
        let name = texts::named("limit-", name);
        let args = [("name", Arg::Text(name.get(language))), ("count", Arg::Number(*dropped))];
        let message = text(language, key::REPORT_SARIF_LIMIT, &args);
        notifications.push(json!({ "level": "warning", "message": { "text": message } }));
    }
    for check in coverage.checks.iter().filter(|c| c.status != CheckStatus::Measured) {
        let status = texts::check(check.status);
        let reason = check.reason.as_ref().map_or("", |reason| reason.get(language));
        let args = [
            ("id", Arg::Text(&check.id)),
            ("title", Arg::Text(check.title.get(language))),
            ("status", Arg::Text(status.get(language))),
            ("reason", Arg::Text(reason)),
        ];
        let message = text(language, key::REPORT_SARIF_UNMEASURED, &args);
        let level = if check.status == CheckStatus::Error { "warning" } else { "note" };
        notifications.push(json!({ "level": level, "message": { "text": message.trim() } }));
    }
    // Damage is met, told and passed over; the run itself came to its end, or there were no report.
    let mut invocation = json!({
        "executionSuccessful": true,
        "toolExecutionNotifications": notifications,
    });
    if times::millis(&run.examined_at).is_some() {
        invocation["endTimeUtc"] = json!(run.examined_at);
    }
    invocation
}

/// A path as a URI reference: RFC 3986, everything else percent-encoded.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut out = String::with_capacity(path.len());
    let bytes = path.as_bytes();
    let drive = bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && &bytes[1..3] == b":/";
    if drive {
        out.push_str("file:///");
    } else if path.starts_with('/') {
        out.push_str("file://");
    }
    for (i, byte) in path.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        if plain || (drive && i == 1) {
            out.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.extend([
                '%',
                HEX[usize::from(byte >> 4)].into(),
                HEX[usize::from(byte & 15)].into(),
            ]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_become_uris() {
        assert_eq!(super::uri("a b/现场.pcap"), "a%20b/%E7%8E%B0%E5%9C%BA.pcap");
        assert_eq!(super::uri("C:\\x\\y.pcap"), "file:///C:/x/y.pcap");
        assert_eq!(super::uri("/x/y:1.pcap"), "file:///x/y%3A1.pcap");
    }
}
