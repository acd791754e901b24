//! OCSF Detection Finding events as JSON Lines, for SIEM and data lakes.
//!
//! One event a finding: created, or updated where the baseline had it. One more for each finding of
//! the baseline that this run does not have: closing where it could have seen it, else an update that
//! says why it was not re-tested; that one stays new, for "in progress" means that somebody reviews
//! it, and nobody has. Captions of numbers are those of the schema, in English; our own words stand in
//! `status_code`, `unmapped` and the texts.

use hangtu_catalog::{Language, Level};
use serde_json::{Map, Value, json};
use std::net::IpAddr;

use super::{texts, times};
use crate::model::{Earlier, Examination, Excerpt, Finding, Run, Status};

/// Version of the schema the events follow.
const VERSION: &str = "1.5.0";
const CLASS: u32 = 2004;

#[derive(Clone, Copy)]
enum Activity {
    Create = 1,
    Update = 2,
    Close = 3,
}

/// The findings as OCSF events, one a line, their texts in `language`.
pub fn ocsf(examination: &Examination, language: Language) -> String {
    let mut out = String::new();
    for finding in &examination.findings {
        line(&mut out, &event(examination, finding, language));
    }
    if let Some(comparison) = &examination.comparison {
        for earlier in &comparison.gone {
            line(&mut out, &past(examination, earlier, Activity::Close, "gone", language));
        }
        for earlier in &comparison.not_retested {
            line(&mut out, &past(examination, earlier, Activity::Update, "not_retested", language));
        }
    }
    out
}

fn line(out: &mut String, event: &Value) {
    out.push_str(&event.to_string());
    out.push('\n');
}

/// What every event begins with.
fn base(run: &Run, activity: Activity, level: Level, fallback: &str) -> Map<String, Value> {
    let (severity_id, severity) = match level {
        Level::Light => (1, "Informational"),
        Level::Low => (2, "Low"),
        Level::Medium => (3, "Medium"),
        Level::High => (4, "High"),
        Level::Major => (5, "Critical"),
    };
    let (activity_name, status_id, status) = match activity {
        Activity::Create => ("Create", 1, "New"),
        Activity::Update => ("Update", 1, "New"),
        Activity::Close => ("Close", 4, "Resolved"),
    };
    let time = times::millis(&run.examined_at).or_else(|| times::millis(fallback)).unwrap_or(0);
    let Value::Object(base) = json!({
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "category_uid": 2,
        "category_name": "Findings",
        "activity_id": activity as u32,
        "activity_name": activity_name,
        "type_uid": CLASS * 100 + activity as u32,
        "type_name": format!("Detection Finding: {activity_name}"),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "time": time,
        "timezone_offset": times::OFFSET_MINUTES,
        "metadata": {
            "version": VERSION,
            "product": { "name": "Hangtu", "vendor_name": "Hangtu", "version": run.version },
        },
    }) else {
        return Map::new();
    };
    base
}

fn event(examination: &Examination, finding: &Finding, language: Language) -> Value {
    let activity = match finding.status {
        Some(Status::Still) => Activity::Update,
        Some(Status::New) | None => Activity::Create,
    };
    let mut event = base(&examination.run, activity, finding.level, &finding.last);
    let score = u32::from(finding.likelihood) * u32::from(finding.impact);
    let mut sources: Vec<&str> = Vec::new();
    for excerpt in &finding.evidence {
        if !sources.contains(&&*excerpt.file) {
            sources.push(&excerpt.file);
        }
    }
    let mut info = json!({
        "uid": finding.fingerprint,
        "title": finding.title.get(language),
        "desc": finding.description.get(language),
        "types": [finding.scenario.name()],
        "analytic": analytic(&finding.rule, finding.title.get(language)),
        "attacks": finding.techniques.iter().map(|id| technique(id)).collect::<Vec<_>>(),
        "data_sources": sources,
    });
    for (field, time) in [
        ("created_time", &examination.run.examined_at),
        ("first_seen_time", &finding.first),
        ("last_seen_time", &finding.last),
    ] {
        if let Some(millis) = times::millis(time) {
            info[field] = millis.into();
        }
    }
    for (field, time) in [("start_time", &finding.first), ("end_time", &finding.last)] {
        if let Some(millis) = times::millis(time) {
            event.insert(field.into(), millis.into());
        }
    }
    let parties: Vec<&str> =
        std::iter::once(finding.subject.as_str()).chain(finding.peer.as_deref()).collect();
    if let Some(status) = finding.status {
        let code = match status {
            Status::New => "new",
            Status::Still => "still",
        };
        event.insert("status_code".into(), code.into());
    }
    event.insert("finding_info".into(), info);
    event.insert("message".into(), finding.title.get(language).into());
    event.insert("count".into(), finding.count.into());
    event.insert("risk_score".into(), score.into());
    event.insert("remediation".into(), json!({ "desc": finding.advice.get(language) }));
    event.insert("evidences".into(), finding.evidence.iter().map(evidence).collect());
    event.insert(
        "resources".into(),
        parties.iter().map(|id| resource(examination, id, language)).collect(),
    );
    event.insert("observables".into(), parties.iter().map(|id| observable(id)).collect());
    event.insert(
        "unmapped".into(),
        json!({
            "scenario": finding.scenario.name(),
            "level": finding.level.name(),
            "likelihood": finding.likelihood,
            "impact": finding.impact,
            "controls": finding.controls,
            "class": finding.class,
            "false_positives": finding.false_positives.get(language),
            "unapproved": finding.unapproved.as_ref().map(|unapproved| json!({
                "nearest": unapproved.nearest,
                "reasons": unapproved.reasons,
                "text": unapproved.text.get(language),
            })),
        }),
    );
    event.into()
}

/// A finding of the baseline that this run does not have.
fn past(
    examination: &Examination,
    earlier: &Earlier,
    activity: Activity,
    code: &str,
    language: Language,
) -> Value {
    let run = &examination.run;
    let title = earlier.title.get(language);
    let mut event = base(run, activity, earlier.level, &run.examined_at);
    let mut info = json!({ "uid": earlier.fingerprint, "title": title });
    if !earlier.rule.is_empty() {
        info["analytic"] = analytic(&earlier.rule, title);
    }
    event.insert("finding_info".into(), info);
    event.insert("message".into(), title.into());
    event.insert("status_code".into(), code.into());
    event.insert("status_detail".into(), earlier.reason.get(language).into());
    event.insert("resources".into(), json!([resource(examination, &earlier.subject, language)]));
    event.insert("observables".into(), json!([observable(&earlier.subject)]));
    event.insert("unmapped".into(), json!({ "level": earlier.level.name() }));
    event.into()
}

fn analytic(rule: &str, name: &str) -> Value {
    json!({ "uid": rule, "name": name, "type_id": 1, "type": "Rule" })
}

fn technique(id: &str) -> Value {
    match id.split_once('.') {
        Some((parent, _)) => {
            json!({ "technique": { "uid": parent }, "sub_technique": { "uid": id } })
        }
        None => json!({ "technique": { "uid": id } }),
    }
}

fn evidence(excerpt: &Excerpt) -> Value {
    let fields = excerpt.map();
    let mut evidence = json!({
        "data": {
            "file": excerpt.file,
            "packet": excerpt.number,
            "offset": excerpt.offset,
            "time": excerpt.time,
            "text": excerpt.text,
            "fields": excerpt.fields,
        },
    });
    for (end, ip, port) in [
        ("src_endpoint", "source.ip", "source.port"),
        ("dst_endpoint", "destination.ip", "destination.port"),
    ] {
        let Some(Value::String(ip)) = fields.get(ip) else { continue };
        evidence[end] = json!({ "ip": ip });
        if let Some(port @ Value::Number(_)) = fields.get(port) {
            evidence[end]["port"] = port.clone();
        }
    }
    evidence
}

fn resource(examination: &Examination, id: &str, language: Language) -> Value {
    let mut resource = json!({ "uid": id });
    if id.parse::<IpAddr>().is_ok() {
        resource["ip"] = id.into();
    }
    if let Some(asset) = examination.assets.iter().find(|asset| asset.id == id) {
        resource["type"] = texts::main_role(asset).get(language).into();
        resource["zone"] = asset.zone.as_str().into();
        if let Some(name) = asset.names.first() {
            resource["name"] = name.value.as_str().into();
        }
    }
    resource
}

fn observable(id: &str) -> Value {
    let (type_id, kind) =
        if id.parse::<IpAddr>().is_ok() { (2, "IP Address") } else { (10, "Resource UID") };
    json!({ "name": "resources[].uid", "type_id": type_id, "type": kind, "value": id })
}
