//! Judging: matches become findings, aggregated while records stream by.
//!
//! A finding is (rule, subject, peer, command class); a match more is a count more. Memory is
//! bounded by the number of findings, not by the number of matches.

mod finding;
mod gathered;

use crate::{
    authorise::Authorisations,
    model::{Excerpt, Finding},
    reconcile::{Placed, Verdict},
};
use finding::{Key, excerpt, finding, unkept};
use gathered::{Doubt, Gathered};
use hangtu_catalog::{Catalog, Register, RuleInfo, RuleProblem};
use hangtu_record::{Field, Origin, Record, Text};
use hangtu_sigma::{Body, CorrelationKind, Correlator, Limits, RuleIndex, Ruleset, Scratch};
use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
    sync::Arc,
};

/// Findings kept in one run.
const MAX_FINDINGS: usize = 20_000;
/// Samples kept of all findings together; beyond, a new finding keeps its first one only.
const MAX_EXCERPTS: usize = 10_000;
/// Samples kept of one finding.
const MAX_SAMPLES: usize = 5;
/// Findings remembered that authorisations kept from being: a few megabytes.
const MAX_COVERED: usize = 20_000;
/// Samples kept for correlations, of all rules together: some ten megabytes.
const MAX_KEPT: usize = 16_000;
/// Bounds of the correlator: a few tens of megabytes.
const CORRELATION: Limits = Limits { groups: 12_000, events_per_group: 4_096, events: 64_000 };

/// What a rule needs prepared for judging.
struct Prepared {
    info: RuleInfo,
    subject: Option<Field>,
    peer: Option<Field>,
    class: Vec<Field>,
    /// Whether a match is a finding by itself.
    alone: bool,
    /// Register its records are reconciled with, its own or that of the correlation it feeds.
    authorise: Option<Register>,
    /// The correlations that count it.
    feeds: Vec<Feed>,
}

/// A record that correlations may come to report.
struct Kept {
    excerpt: Excerpt,
    doubt: Option<Doubt>,
}

/// How a rule feeds a correlation: which, and the field of each value that it groups by.
struct Feed {
    correlation: RuleIndex,
    group: Vec<(String, Field)>,
}

/// What judging came to.
pub(crate) struct Judged {
    /// Every finding, worst first.
    pub(crate) findings: Vec<Finding>,
    /// Findings that would be there if an authorisation did not cover all that matched, by fingerprint, with the
    /// first that did.
    pub(crate) covered: BTreeMap<String, String>,
    /// What the correlator's bounds cost.
    pub(crate) correlations: u64,
    /// Matches whose finding found no room.
    pub(crate) dropped: u64,
    /// Matches that were covered and whose finding found no room among those remembered.
    pub(crate) forgotten: u64,
}

/// Judges the records of one run.
pub(crate) struct Judge<'a> {
    ruleset: &'a Ruleset,
    rules: Vec<Prepared>,
    authorisations: &'a Authorisations,
    /// Whether a file of authorisations was given at all.
    authorised: bool,
    names: Vec<Arc<str>>,
    scratch: Scratch,
    correlator: Correlator,
    hits: Vec<RuleIndex>,
    findings: HashMap<Key, Gathered>,
    /// Samples kept of them.
    excerpts: usize,
    kept: HashMap<Origin, Kept>,
    /// How many of each rule, by what correlations group it by.
    kept_of: HashMap<(u32, Text), usize>,
    /// Matches whose finding found no room.
    dropped: u64,
    /// Findings of which something matched and was covered, with the authorisation.
    covered: HashMap<Key, &'a str>,
    /// Covered matches whose finding found no room there.
    forgotten: u64,
}

impl<'a> Judge<'a> {
    /// A judge over rules and their infos (same order), with the names of the inputs.
    pub(crate) fn new(
        ruleset: &'a Ruleset,
        infos: &[RuleInfo],
        authorisations: Option<&'a Authorisations>,
        none: &'a Authorisations,
        names: &[String],
    ) -> Self {
        let rules = infos.iter().enumerate().map(|(i, info)| {
            let index = RuleIndex(i as u32);
            let owned = |(name, field): (&str, &Field)| (name.to_owned(), field.clone());
            let feed = |(correlation, by): (RuleIndex, Vec<(&str, &Field)>)| Feed {
                correlation,
                group: by.into_iter().map(owned).collect(),
            };
            let feeds: Vec<Feed> = ruleset.feeds(index).map(feed).collect();
            let register = |feed: &Feed| infos[feed.correlation.0 as usize].authorise;
            Prepared {
                subject: info.subject.as_deref().map(Field::new),
                peer: info.peer.as_deref().map(Field::new),
                class: info.class.iter().map(|c| Field::new(c)).collect(),
                alone: ruleset.stands_alone(index) && !info.base,
                authorise: info.authorise.or_else(|| feeds.iter().find_map(register)),
                feeds,
                info: info.clone(),
            }
        });
        Self {
            rules: rules.collect(),
            authorisations: authorisations.unwrap_or(none),
            authorised: authorisations.is_some(),
            names: names.iter().map(|n| n.as_str().into()).collect(),
            scratch: Scratch::default(),
            correlator: Correlator::new(ruleset, CORRELATION),
            hits: Vec::new(),
            findings: HashMap::new(),
            excerpts: 0,
            kept: HashMap::new(),
            kept_of: HashMap::new(),
            dropped: 0,
            covered: HashMap::new(),
            forgotten: 0,
            ruleset,
        }
    }

    /// Matches one record and keeps what it shows.
    pub(crate) fn record(&mut self, record: &dyn Record) {
        if !self.ruleset.wants(record.kind()) {
            return;
        }
        let placed = Placed { record, authorisations: self.authorisations };
        let mut hits = std::mem::take(&mut self.hits);
        hits.clear();
        self.ruleset.matches(&mut self.scratch, &placed, &mut |rule| hits.push(rule));
        for rule in &hits {
            let prepared = &self.rules[rule.0 as usize];
            let (alone, counted) = (prepared.alone, !prepared.feeds.is_empty());
            // What a correlation asks of the records that it counts is nothing to the rule's own findings.
            let own = prepared.info.authorise.is_some();
            let mut unapproved = None;
            if let Some(register) = prepared.authorise {
                match self.authorisations.check(register, &placed) {
                    Verdict::Covered(by) => {
                        self.cover(*rule, &placed, by);
                        if alone && !own {
                            self.gather(*rule, &placed, None);
                        }
                        continue;
                    }
                    Verdict::Uncovered(nearest) => {
                        let (id, reasons) =
                            nearest.map_or((None, Vec::new()), |(id, r)| (Some(id.to_owned()), r));
                        unapproved = Some((record.time(), id, reasons));
                    }
                }
            }
            if counted {
                self.correlator.push(*rule, &placed);
                self.keep(*rule, &placed, unapproved.as_ref());
            }
            if alone {
                self.gather(*rule, &placed, unapproved.filter(|_| own));
            }
        }
        self.hits = hits;
    }

    fn gather(&mut self, rule: RuleIndex, record: &Placed<'_>, unapproved: Option<Doubt>) {
        let key = Key::of_record(rule, &self.rules[rule.0 as usize], record);
        let (time, origin) = (record.time(), record.origin());
        let names = &self.names;
        if self.findings.len() >= MAX_FINDINGS && !self.findings.contains_key(&key) {
            self.dropped += 1;
            return;
        }
        let room = if self.excerpts < MAX_EXCERPTS { MAX_SAMPLES } else { 1 };
        let gathered = self.findings.entry(key).or_default();
        gathered.add(time, time, 1);
        self.excerpts += gathered.sample(time, origin, room, || excerpt(names, record));
        gathered.doubt(unapproved);
    }

    /// Remembers of which findings a match would have been part, had this authorisation not covered it.
    fn cover(&mut self, rule: RuleIndex, record: &Placed<'_>, by: &'a str) {
        let prepared = &self.rules[rule.0 as usize];
        let own = prepared.alone && prepared.info.authorise.is_some();
        let own = own.then(|| Key::of_record(rule, prepared, record));
        let reported = |feed: &&Feed| self.rules[feed.correlation.0 as usize].alone;
        let counted = prepared.feeds.iter().filter(reported).map(|feed| {
            let text = |field: &Field| record.first(field).map(|v| Text::from(v.to_string()));
            let value = |name: &str| {
                feed.group.iter().find(|(n, _)| n == name).and_then(|(_, field)| text(field))
            };
            let first = || feed.group.first().and_then(|(_, field)| text(field));
            let info = &self.rules[feed.correlation.0 as usize].info;
            Key::of_group(feed.correlation, info, &value, &first)
        });
        for key in own.into_iter().chain(counted) {
            if self.covered.len() >= MAX_COVERED && !self.covered.contains_key(&key) {
                self.forgotten += 1;
            } else {
                self.covered.entry(key).or_insert(by);
            }
        }
    }

    /// Keeps a few samples of what feeds correlations: the first of each group.
    fn keep(&mut self, rule: RuleIndex, record: &Placed<'_>, doubt: Option<&Doubt>) {
        if self.kept.len() >= MAX_KEPT {
            return;
        }
        let mut group = Text::const_new("");
        let by = self.rules[rule.0 as usize].feeds.iter().flat_map(|feed| &feed.group);
        for value in by.filter_map(|(_, field)| record.first(field)) {
            let _ = writeln!(group, "{value}");
        }
        let count = self.kept_of.entry((rule.0, group)).or_default();
        if *count < MAX_SAMPLES {
            *count += 1;
            // Another rule may have kept it, without having had to reconcile it.
            let kept = self.kept.entry(record.origin());
            let kept =
                kept.or_insert_with(|| Kept { excerpt: excerpt(&self.names, record), doubt: None });
            kept.doubt = kept.doubt.take().or_else(|| doubt.cloned());
        }
    }

    /// Findings so far, without those that correlations will make.
    pub(crate) fn findings(&self) -> u64 {
        self.findings.len() as u64
    }

    /// What all came to. Most groups of correlations settle only here, and may find no room.
    pub(crate) fn finish(mut self) -> Judged {
        for burst in self.correlator.finish() {
            let index = burst.rule.0 as usize;
            let prepared = &self.rules[index];
            if !prepared.alone {
                continue;
            }
            let value =
                |name: &str| burst.group.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
            let first = || burst.group.first().map(|(_, v)| v.clone());
            let key = Key::of_group(burst.rule, &prepared.info, &value, &first);
            // What came before the condition held is background, not part of what happened.
            let temporal = matches!(&self.ruleset.rules()[index].body, Body::Correlation(c)
                if matches!(c.kind, CorrelationKind::Temporal | CorrelationKind::TemporalOrdered));
            let began = if temporal { burst.met } else { burst.first };
            if !self.findings.contains_key(&key) && self.findings.len() >= MAX_FINDINGS {
                self.dropped += 1;
                continue;
            }
            let gathered = self.findings.entry(key).or_default();
            gathered.add(began, burst.last, burst.count);
            let mut doubt = None;
            for (time, origin) in &burst.samples {
                let kept = self.kept.get(origin);
                doubt = doubt.or_else(|| kept.and_then(|kept| kept.doubt.clone()));
                gathered.sample(*time, *origin, MAX_SAMPLES, || match kept {
                    Some(kept) => kept.excerpt.clone(),
                    None => unkept(&self.names, *time, *origin, &burst.group),
                });
            }
            if prepared.authorise.is_some() {
                gathered.doubt(Some(doubt.unwrap_or((began, None, Vec::new()))));
            }
        }
        let lost = self.correlator.dropped();
        let (rules, authorised) = (&self.rules, self.authorised);
        let covered = self.covered.iter().filter(|(key, _)| !self.findings.contains_key(*key));
        let covered = covered
            .map(|(key, by)| (key.fingerprint(&rules[key.rule as usize].info), (*by).to_owned()))
            .collect();
        let mut findings: Vec<Finding> = self
            .findings
            .into_iter()
            .map(|(key, gathered)| {
                finding(&rules[key.rule as usize].info, &key, gathered, authorised)
            })
            .collect();
        findings
            .sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.fingerprint.cmp(&b.fingerprint)));
        Judged {
            findings,
            covered,
            correlations: lost.events + lost.groups + lost.late,
            dropped: self.dropped,
            forgotten: self.forgotten,
        }
    }
}

/// Infos of rules, in their order; a block that cannot be used is a problem of that rule, which
/// then runs as if it had none.
pub(crate) fn infos(ruleset: &Ruleset, catalog: &Catalog) -> (Vec<RuleInfo>, Vec<RuleProblem>) {
    let mut problems = Vec::new();
    let infos = ruleset
        .rules()
        .iter()
        .map(|rule| {
            RuleInfo::of(rule, catalog).unwrap_or_else(|e| {
                problems.push(e);
                RuleInfo::plain(rule, catalog)
            })
        })
        .collect();
    (infos, problems)
}

#[cfg(test)]
mod tests;
