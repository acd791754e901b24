//! Comparison with an earlier examination: new, still there, gone with proof, not re-tested.
//!
//! Absence is not proof. A finding of the baseline is gone only when this run could have shown it
//! again: newer evidence, read whole, at least as long, with the same rule and no filter new to it,
//! records such as the rule looks at, and the same asset, seen for half as long as before.

use crate::model::{Asset, Comparison, Earlier, Examination, Finding, SCHEMA, Status};
use hangtu_catalog::{Arg, Bilingual, key};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A day: a run this long counts as long enough whatever the baseline's length.
const DAY: i64 = 86_400;

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is not JSON of an examination; the error has its line and column.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// Another schema; empty for none.
    #[error("schema {0:?}; this program reads {SCHEMA:?}")]
    Schema(String),
}

/// Reads a baseline's text.
pub fn baseline(text: &str) -> Result<Examination, BaselineError> {
    #[derive(serde::Deserialize)]
    struct Head {
        #[serde(default)]
        schema: serde_json::Value,
    }
    // Twice over the text, so that what is wrong with an examination is told with its place.
    match serde_json::from_str::<Head>(text)?.schema.as_str() {
        Some(SCHEMA) => Ok(serde_json::from_str(text)?),
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
    /// Seconds over which that run saw the asset; see [`Retest::seen`].
    pub seen: i64,
    /// What filters left out of the rule in that run; see [`Retest::filter`].
    pub filter: &'a str,
}

/// An examination as a re-test of what was known before.
#[derive(Debug)]
pub struct Retest<'a> {
    first: Option<Timestamp>,
    span: i64,
    complete: bool,
    rules: HashSet<&'a str>,
    filters: &'a BTreeMap<String, String>,
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
            filters: &now.run.filters,
            assets,
        }
    }

    /// Seconds from the first to the last time that the asset was seen.
    pub fn seen(&self, subject: &str) -> i64 {
        let Some(asset) = self.assets.get(subject) else { return 0 };
        match (time(Some(&asset.first)), time(Some(&asset.last))) {
            (Some(first), Some(last)) => last.as_second() - first.as_second(),
            _ => 0,
        }
    }

    /// The hash of what filters left out of the rule; empty for nothing.
    pub fn filter(&self, rule: &str) -> &'a str {
        self.filters.get(rule).map_or("", String::as_str)
    }

    /// Whether a filter that was not there before leaves out part of what the rule finds.
    fn filtered(&self, known: &Known<'_>) -> bool {
        let filter = self.filter(known.rule);
        !filter.is_empty() && filter != known.filter
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
        } else if self.filtered(known) {
            Err(key::RETEST_FILTERED)
        } else if self.span < known.span.min(DAY) {
            Err(key::RETEST_TOO_SHORT)
        } else {
            let asset = self.assets.get(known.subject).copied().ok_or(key::RETEST_NOT_SEEN)?;
            // Who was there a day and now for a moment had no time to show it.
            let enough = self.seen(known.subject) >= known.seen.min(DAY) / 2;
            enough.then_some(asset).ok_or(key::RETEST_BARELY_SEEN)
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
    let (retest, was, span) = (Retest::new(now), Retest::new(before), span(before));
    let (mut gone, mut not_retested) = (Vec::new(), Vec::new());
    for finding in before.findings.iter().filter(|f| !present.contains(f.fingerprint.as_str())) {
        let judged = retest.judge(&Known {
            rule: &finding.rule,
            subject: &finding.subject,
            // A time that cannot be read proves nothing.
            after: time(Some(&finding.last)).unwrap_or(Timestamp::MAX),
            span,
            seen: was.seen(&finding.subject),
            filter: was.filter(&finding.rule),
        });
        let entry = Earlier {
            fingerprint: finding.fingerprint.clone(),
            rule: finding.rule.clone(),
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
