//! Comparison with an earlier examination: new, still there, gone with proof, not re-tested.
//!
//! Absence is not proof. A finding of the baseline is gone only when this run could have shown it
//! again: newer evidence, read whole, at least as long, with the same rule, over the same asset.

use crate::model::{Asset, Comparison, Earlier, Examination, Finding, SCHEMA, Status};
use hangtu_catalog::{Arg, Bilingual, key};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

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

/// A finding known from before, as a re-test needs to know it.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Rule that found it.
    pub rule: &'a str,
    /// Asset it is about.
    pub subject: &'a str,
    /// Evidence must begin after this moment: when it was last seen, or later.
    pub after: Timestamp,
    /// Seconds of evidence of the run that saw it last.
    pub span: i64,
}

/// An examination as a re-test of what was known before.
#[derive(Debug)]
pub struct Retest<'a> {
    first: Option<Timestamp>,
    span: i64,
    complete: bool,
    rules: HashSet<&'a str>,
    assets: HashMap<&'a str, &'a Asset>,
}

fn time(text: Option<&String>) -> Option<Timestamp> {
    text.and_then(|t| t.parse().ok())
}

/// Seconds of evidence of an examination.
pub fn span(of: &Examination) -> i64 {
    match (time(of.coverage.first.as_ref()), time(of.coverage.last.as_ref())) {
        (Some(first), Some(last)) => last.as_second() - first.as_second(),
        _ => 0,
    }
}

impl<'a> Retest<'a> {
    /// Of an examination.
    pub fn new(now: &'a Examination) -> Self {
        let mut assets = HashMap::new();
        for asset in &now.assets {
            for name in asset.ips.iter().chain(&asset.macs).chain([&asset.id]) {
                assets.entry(name.as_str()).or_insert(asset);
            }
        }
        Self {
            first: time(now.coverage.first.as_ref()),
            span: span(now),
            complete: now.coverage.complete,
            rules: now.run.rule_ids.iter().map(String::as_str).collect(),
            assets,
        }
    }

    /// Whether the examination, which did not find it, proves it gone: the asset as it was seen, or
    /// why it was not re-tested.
    pub fn judge(&self, known: &Known<'_>) -> Result<&'a Asset, key::Key> {
        if self.first.is_none_or(|first| first <= known.after) {
            Err(key::RETEST_NOT_NEWER)
        } else if !self.complete {
            Err(key::RETEST_INCOMPLETE)
        } else if !self.rules.contains(known.rule) {
            Err(key::RETEST_NO_RULE)
        } else if self.span < known.span.min(DAY) {
            Err(key::RETEST_TOO_SHORT)
        } else {
            self.assets.get(known.subject).copied().ok_or(key::RETEST_NOT_SEEN)
        }
    }
}

/// What [`Retest::judge`] said, for people.
pub fn retest_reason(subject: &str, judged: Result<&Asset, key::Key>) -> Bilingual {
    match judged {
        Err(key) => Bilingual::message(key, &[("subject", Arg::Text(subject))]),
        Ok(asset) => Bilingual::message(
            key::RETEST_PROOF,
            &[
                ("subject", Arg::Text(subject)),
                ("first", Arg::Text(&asset.first)),
                ("last", Arg::Text(&asset.last)),
            ],
        ),
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
    let (retest, span) = (Retest::new(now), span(before));
    let (mut gone, mut not_retested) = (Vec::new(), Vec::new());
    for finding in before.findings.iter().filter(|f| !present.contains(f.fingerprint.as_str())) {
        let judged = retest.judge(&Known {
            rule: &finding.rule,
            subject: &finding.subject,
            // A time that cannot be read proves nothing.
            after: time(Some(&finding.last)).unwrap_or(Timestamp::MAX),
            span,
        });
        let entry = Earlier {
            fingerprint: finding.fingerprint.clone(),
            title: finding.title.clone(),
            level: finding.level,
            subject: finding.subject.clone(),
            reason: retest_reason(&finding.subject, judged),
        };
        if judged.is_err() { not_retested.push(entry) } else { gone.push(entry) }
    }
    let count = |status| now.findings.iter().filter(|f| f.status == Some(status)).count();
    let (new, still) = (count(Status::New), count(Status::Still));
    now.comparison = Some(Comparison {
        baseline: name.into(),
        baseline_examined_at: before.run.examined_at.clone(),
        new,
        still,
        gone,
        not_retested,
    });
}
