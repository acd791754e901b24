//! Comparison with an earlier examination: new, still there, gone with proof, not re-tested.
//!
//! Absence is not proof. A finding of the baseline is gone only when this run could have shown it
//! again: newer evidence, read whole, at least as long, with the same rule and nothing that the site changed
//! of it, records such as the rule looks at, and the same asset in the same zone, seen for half as long as before.

use crate::{
    model::{Asset, Comparison, Earlier, Examination, Finding, SCHEMA, Status},
    rules::Rules,
};
use hangtu_catalog::{Arg, Bilingual, key};
use jiff::Timestamp;
use std::{
    cell::LazyCell,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};

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
    /// Its fingerprint.
    pub fingerprint: &'a str,
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
    /// What the site itself said of the rule in that run; see [`Retest::own`].
    pub own: &'a str,
    /// Link addresses that the asset had in that run; empty where nobody knows.
    pub macs: &'a [String],
    /// Whether the rule looks at zones, and an end of it lies in another one now.
    pub moved: bool,
}

/// What proves a finding gone.
#[derive(Clone, Copy, Debug)]
pub struct Proof<'a> {
    /// The asset as it was seen.
    pub asset: &'a Asset,
    /// The authorisation that covers what the rule matched of it again; absent where it matched nothing.
    pub approved: Option<&'a str>,
}

/// An examination as a re-test of what was known before.
#[derive(Debug)]
pub struct Retest<'a> {
    first: Option<Timestamp>,
    span: i64,
    complete: bool,
    rules: HashSet<&'a str>,
    own: &'a BTreeMap<String, String>,
    covered: &'a BTreeMap<String, String>,
    /// Kinds of declared zones.
    zones: Option<&'a BTreeMap<String, String>>,
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
            own: &now.run.own_sha256,
            covered: &now.run.covered,
            zones: now.run.authorisations.as_ref().map(|used| &used.zones),
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

    /// The hash of what the site itself said of the rule; empty for nothing.
    pub fn own(&self, rule: &str) -> &'a str {
        self.own.get(rule).map_or("", String::as_str)
    }

    /// Whether the site's filters, placeholders or own rule are not what they were.
    fn changed(&self, known: &Known<'_>) -> bool {
        self.own(known.rule) != known.own
    }

    /// The link addresses of an asset; none where that is not known.
    fn macs(&self, subject: &str) -> &'a [String] {
        self.assets.get(subject).map_or(&[][..], |asset| asset.macs.as_slice())
    }

    /// Name and kind of the declared zone of an asset that was seen, both empty for none.
    fn zone(&self, of: &str) -> Option<(&'a str, &'a str)> {
        let asset = self.assets.get(of)?;
        if !asset.zone_declared {
            return Some(("", ""));
        }
        let kind = self.zones.and_then(|zones| zones.get(&asset.zone));
        Some((asset.zone.as_str(), kind.map_or("", String::as_str)))
    }

    /// Whether an end of a finding lies in another zone than it did then.
    fn moved(&self, was: &Self, finding: &Finding) -> bool {
        let mut ends: BTreeSet<String> = finding.peer.iter().cloned().collect();
        ends.insert(finding.subject.clone());
        // A count over several hosts names one of them.
        for sample in &finding.evidence {
            let fields = sample.map();
            let ips = ["source.ip", "destination.ip"].into_iter().filter_map(|n| fields.get(n));
            ends.extend(ips.filter_map(|ip| ip.as_str().map(ToOwned::to_owned)));
        }
        let zones = |end: &String| was.zone(end).zip(self.zone(end));
        ends.iter().filter_map(zones).any(|(then, now)| then != now)
    }

    /// Whether the examination, which did not find it, proves it gone, or why it was not re-tested.
    pub fn judge(&self, known: &Known<'_>) -> Result<Proof<'a>, key::Key> {
        if self.first.is_none_or(|first| first <= known.after) {
            Err(key::RETEST_NOT_NEWER)
        } else if !self.complete {
            Err(key::RETEST_INCOMPLETE)
        } else if !self.rules.contains(known.rule) {
            Err(key::RETEST_NO_RULE)
        } else if self.changed(known) {
            Err(key::RETEST_CHANGED)
        } else if known.moved {
            Err(key::RETEST_MOVED)
        } else if self.span < known.span.min(DAY) {
            Err(key::RETEST_TOO_SHORT)
        } else {
            let asset = self.assets.get(known.subject).copied().ok_or(key::RETEST_NOT_SEEN)?;
            let both = !asset.macs.is_empty() && !known.macs.is_empty();
            if both && !asset.macs.iter().any(|mac| known.macs.contains(mac)) {
                return Err(key::RETEST_OTHER_DEVICE);
            }
            // Who was there a day and now for a moment had no time to show it.
            let enough = self.seen(known.subject) >= known.seen.min(DAY) / 2;
            let approved = self.covered.get(known.fingerprint).map(String::as_str);
            enough.then_some(Proof { asset, approved }).ok_or(key::RETEST_BARELY_SEEN)
        }
    }
}

/// What [`Retest::judge`] said, for people.
pub fn retest_reason(subject: &str, judged: Result<Proof<'_>, key::Key>) -> Bilingual {
    let subject = ("subject", Arg::Text(subject));
    match judged {
        Err(key) => Bilingual::message(key, &[subject]),
        Ok(Proof { asset, approved }) => {
            let seen = [
                subject,
                ("first", Arg::Text(&asset.first)),
                ("last", Arg::Text(&asset.last)),
                ("id", Arg::Text(approved.unwrap_or_default())),
            ];
            let key = if approved.is_some() { key::RETEST_APPROVED } else { key::RETEST_PROOF };
            Bilingual::message(key, &seen)
        }
    }
}

/// Marks the findings of `now`, which these rules made, and adds the comparison.
pub fn compare(now: &mut Examination, before: &Examination, name: &str, rules: &Rules) {
    let earlier: BTreeMap<&str, &Finding> =
        before.findings.iter().map(|f| (f.fingerprint.as_str(), f)).collect();
    for finding in &mut now.findings {
        let known = earlier.contains_key(finding.fingerprint.as_str());
        finding.status = Some(if known { Status::Still } else { Status::New });
    }
    let present: BTreeSet<&str> = now.findings.iter().map(|f| f.fingerprint.as_str()).collect();
    let (retest, was, span) = (Retest::new(now), Retest::new(before), span(before));
    // Walks the text of every rule: only where a finding is absent.
    let of_zones = LazyCell::new(|| rules.of_zones());
    let (mut gone, mut not_retested) = (Vec::new(), Vec::new());
    for finding in before.findings.iter().filter(|f| !present.contains(f.fingerprint.as_str())) {
        let judged = retest.judge(&Known {
            fingerprint: &finding.fingerprint,
            rule: &finding.rule,
            subject: &finding.subject,
            // A time that cannot be read proves nothing.
            after: time(Some(&finding.last)).unwrap_or(Timestamp::MAX),
            span,
            seen: was.seen(&finding.subject),
            own: was.own(&finding.rule),
            macs: was.macs(&finding.subject),
            moved: of_zones.contains(finding.rule.as_str()) && retest.moved(&was, finding),
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
