//! Comparison with an earlier examination: new, still there, gone with proof, not re-tested.
//!
//! Absence is not proof. A finding of the baseline is gone only when this run could have shown it
//! again: newer evidence, read whole, at least as long, with the same rule, over the same asset.

use crate::model::{Comparison, Earlier, Examination, Finding, SCHEMA, Status};
use hangtu_catalog::{Arg, Bilingual, key};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A day: a run this long counts as long enough whatever the baseline's length.
const DAY: i64 = 86_400;

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is not JSON of an examination.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// Another schema.
    #[error("schema {0:?}; this program reads {SCHEMA:?}")]
    Schema(String),
}

/// Reads a baseline's text.
pub fn baseline(text: &str) -> Result<Examination, BaselineError> {
    let value: serde_json::Value = serde_json::from_str(text)?;
    match value["schema"].as_str() {
        Some(SCHEMA) => Ok(serde_json::from_value(value)?),
        other => Err(BaselineError::Schema(other.unwrap_or_default().into())),
    }
}

fn seconds(first: Option<&String>, last: Option<&String>) -> i64 {
    let time = |t: Option<&String>| t.and_then(|t| t.parse::<Timestamp>().ok());
    match (time(first), time(last)) {
        (Some(a), Some(b)) => b.as_second() - a.as_second(),
        _ => 0,
    }
}

/// Marks the findings of `now` and adds the comparison.
pub fn compare(now: &mut Examination, before: &Examination, name: &str) {
    let earlier: BTreeMap<&str, &Finding> =
        before.findings.iter().map(|f| (f.fingerprint.as_str(), f)).collect();
    for finding in &mut now.findings {
        let known = earlier.contains_key(finding.fingerprint.as_str());
        finding.status = Some(if known { Status::Still } else { Status::New });
    }
    let present: BTreeSet<&str> = now.findings.iter().map(|f| f.fingerprint.as_str()).collect();
    let rules: BTreeSet<&str> = now.run.rule_ids.iter().map(String::as_str).collect();
    let span = |e: &Examination| seconds(e.coverage.first.as_ref(), e.coverage.last.as_ref());
    let long_enough = span(now) >= span(before).min(DAY);
    let time = |t: &str| t.parse::<Timestamp>().ok();
    let (mut gone, mut not_retested) = (Vec::new(), Vec::new());
    for finding in before.findings.iter().filter(|f| !present.contains(f.fingerprint.as_str())) {
        let newer = now
            .coverage
            .first
            .as_deref()
            .and_then(time)
            .zip(time(&finding.last))
            .is_some_and(|(first, last)| first > last);
        let asset = now.assets.iter().find(|a| {
            a.id == finding.subject
                || a.ips.contains(&finding.subject)
                || a.macs.contains(&finding.subject)
        });
        let why_not = if !newer {
            Some(key::RETEST_NOT_NEWER)
        } else if !now.coverage.complete {
            Some(key::RETEST_INCOMPLETE)
        } else if !rules.contains(finding.rule.as_str()) {
            Some(key::RETEST_NO_RULE)
        } else if !long_enough {
            Some(key::RETEST_TOO_SHORT)
        } else if asset.is_none() {
            Some(key::RETEST_NOT_SEEN)
        } else {
            None
        };
        let reason = match (why_not, asset) {
            (Some(key), _) => Bilingual::message(key, &[("subject", Arg::Text(&finding.subject))]),
            (None, asset) => Bilingual::message(
                key::RETEST_PROOF,
                &[
                    ("subject", Arg::Text(&finding.subject)),
                    ("first", Arg::Text(asset.map_or("", |a| &a.first))),
                    ("last", Arg::Text(asset.map_or("", |a| &a.last))),
                ],
            ),
        };
        let entry = Earlier {
            fingerprint: finding.fingerprint.clone(),
            title: finding.title.clone(),
            level: finding.level,
            subject: finding.subject.clone(),
            reason,
        };
        if why_not.is_some() { not_retested.push(entry) } else { gone.push(entry) }
    }
    let count = |status| now.findings.iter().filter(|f| f.status == Some(status)).count();
    now.comparison = Some(Comparison {
        baseline: name.into(),
        baseline_examined_at: before.run.examined_at.clone(),
        new: count(Status::New),
        still: count(Status::Still),
        gone,
        not_retested,
    });
}
