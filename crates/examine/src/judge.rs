//! Judging: matches become findings, aggregated while records stream by.
//!
//! A finding is (rule, subject, peer, command class); a match more is a count more. Memory is
//! bounded by the number of findings, not by the number of matches.

use crate::{
    authorise::Authorisations,
    describe,
    model::{Excerpt, Finding, Unapproved, Window},
    reconcile::{Placed, Reason, Verdict},
};
use hangtu_catalog::{Arg, Bilingual, Catalog, Register, RuleInfo, RuleProblem, key, sha256};
use hangtu_record::{Field, FieldName, Kind, Origin, Record, Text, Time};
use hangtu_sigma::{Body, CorrelationKind, Correlator, Limits, RuleIndex, Ruleset, Scratch};
use serde_json::value::{RawValue, to_raw_value};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write,
    sync::Arc,
};

/// Findings kept in one run.
const MAX_FINDINGS: usize = 20_000;
/// Samples kept of all findings together; beyond, a new finding keeps its first one only.
const MAX_EXCERPTS: usize = 10_000;
/// Samples kept of one finding.
const MAX_SAMPLES: usize = 5;
/// Spells kept of one finding.
const MAX_WINDOWS: usize = 10;
/// Quiet time that ends a spell.
const QUIET: i64 = 3_600_000_000_000;
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
    /// What the correlations that count it group by; absent when none does.
    feeds: Option<Vec<Field>>,
}

/// A reconciliation that found nothing to cover a record: when, the nearest authorisation, why it does not.
type Doubt = (Time, Option<String>, Vec<Reason>);

/// A record that correlations may come to report.
struct Kept {
    excerpt: Excerpt,
    doubt: Option<Doubt>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    rule: u32,
    subject: Text,
    peer: Option<Text>,
    class: Option<Text>,
}

struct Spell {
    first: Time,
    last: Time,
    count: u64,
}

impl Spell {
    fn join(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.count += other.count;
    }
}

#[derive(Default)]
struct Gathered {
    count: u64,
    spells: Vec<Spell>,
    /// Earliest samples, by place in the evidence.
    samples: Vec<(Time, Origin, Excerpt)>,
    unapproved: Option<Doubt>,
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
    /// Findings that found no room.
    pub(crate) dropped: u64,
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
        let mut fed: HashMap<&str, (Option<Register>, BTreeSet<&str>)> = HashMap::new();
        for (rule, info) in ruleset.rules().iter().zip(infos) {
            if let Body::Correlation(correlation) = &rule.body {
                for name in &correlation.rules {
                    let (register, groups) = fed.entry(name.as_str()).or_default();
                    *register = register.or(info.authorise);
                    groups.extend(correlation.group_by.iter().map(String::as_str));
                }
            }
        }
        let rules = ruleset.rules().iter().zip(infos).enumerate().map(|(i, (rule, info))| {
            let index = RuleIndex(i as u32);
            let fed = [rule.id.as_deref(), rule.name.as_deref()]
                .into_iter()
                .flatten()
                .find_map(|key| fed.get(key));
            Prepared {
                subject: info.subject.as_deref().map(Field::new),
                peer: info.peer.as_deref().map(Field::new),
                class: info.class.iter().map(|c| Field::new(c)).collect(),
                alone: ruleset.stands_alone(index) && !info.base,
                authorise: info.authorise.or(fed.and_then(|(register, _)| *register)),
                feeds: fed.map(|(_, by)| by.iter().map(|name| Field::new(name)).collect()),
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
            let mut unapproved = None;
            if let Some(register) = prepared.authorise {
                match self.authorisations.check(register, &placed) {
                    Verdict::Covered(_) => continue,
                    Verdict::Uncovered(nearest) => {
                        let (id, reasons) =
                            nearest.map_or((None, Vec::new()), |(id, r)| (Some(id.to_owned()), r));
                        unapproved = Some((record.time(), id, reasons));
                    }
                }
            }
            if prepared.feeds.is_some() {
                self.correlator.push(*rule, &placed);
                self.keep(*rule, &placed, unapproved.as_ref());
            }
            if self.rules[rule.0 as usize].alone {
                self.gather(*rule, &placed, unapproved);
            }
        }
        self.hits = hits;
    }

    fn gather(&mut self, rule: RuleIndex, record: &Placed<'_>, unapproved: Option<Doubt>) {
        let prepared = &self.rules[rule.0 as usize];
        let text = |field: &Field| record.first(field).map(|v| Text::from(v.to_string()));
        // An event is about the host that wrote it, whatever it talked to.
        let host = || text(&FieldName::HostName.into());
        let subject = prepared
            .subject
            .as_ref()
            .and_then(text)
            .or_else(|| (record.kind() == Kind::Event).then(host).flatten())
            .or_else(|| text(&FieldName::DestinationIp.into()))
            .or_else(|| text(&FieldName::DestinationMac.into()))
            .unwrap_or_default();
        let class: Vec<Text> = prepared.class.iter().filter_map(text).collect();
        let key = Key {
            rule: rule.0,
            subject,
            peer: prepared.peer.as_ref().and_then(text),
            class: (!class.is_empty()).then(|| class.join(" ").into()),
        };
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

    /// Keeps a few samples of what feeds correlations: the first of each group.
    fn keep(&mut self, rule: RuleIndex, record: &Placed<'_>, doubt: Option<&Doubt>) {
        let Some(by) = &self.rules[rule.0 as usize].feeds else { return };
        if self.kept.len() >= MAX_KEPT {
            return;
        }
        let mut group = Text::const_new("");
        for value in by.iter().filter_map(|field| record.first(field)) {
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

    /// What the correlator's bounds cost.
    pub(crate) fn correlation_dropped(&self) -> u64 {
        let dropped = self.correlator.dropped();
        dropped.events + dropped.groups + dropped.late
    }

    /// Every finding, worst first.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        for burst in self.correlator.finish() {
            let index = burst.rule.0 as usize;
            let prepared = &self.rules[index];
            if !self.ruleset.stands_alone(burst.rule) || prepared.info.base {
                continue;
            }
            let value =
                |name: &str| burst.group.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
            let info = &prepared.info;
            let class: Vec<Text> = info.class.iter().filter_map(|c| value(c)).collect();
            let key = Key {
                rule: burst.rule.0,
                subject: info
                    .subject
                    .as_deref()
                    .and_then(value)
                    .or_else(|| value(FieldName::HostName.name()))
                    .or_else(|| value(FieldName::DestinationIp.name()))
                    .or_else(|| burst.group.first().map(|(_, v)| v.clone()))
                    .unwrap_or_default(),
                peer: info.peer.as_deref().and_then(value),
                class: (!class.is_empty()).then(|| class.join(" ").into()),
            };
            // What came before the condition held is background, not part of what happened.
            let temporal = matches!(&self.ruleset.rules()[index].body, Body::Correlation(c)
                if matches!(c.kind, CorrelationKind::Temporal | CorrelationKind::TemporalOrdered));
            let first = if temporal { burst.met } else { burst.first };
            if !self.findings.contains_key(&key) && self.findings.len() >= MAX_FINDINGS {
                self.dropped += 1;
                continue;
            }
            let gathered = self.findings.entry(key).or_default();
            gathered.add(first, burst.last, burst.count);
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
                gathered.doubt(Some(doubt.unwrap_or((first, None, Vec::new()))));
            }
        }
        let (rules, authorised) = (&self.rules, self.authorised);
        let mut findings: Vec<Finding> = self
            .findings
            .into_iter()
            .map(|(key, gathered)| {
                finding(&rules[key.rule as usize].info, &key, gathered, authorised)
            })
            .collect();
        findings
            .sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.fingerprint.cmp(&b.fingerprint)));
        findings
    }
}

fn excerpt(names: &[Arc<str>], record: &dyn Record) -> Excerpt {
    let origin = record.origin();
    Excerpt {
        file: names.get(origin.input as usize).cloned().unwrap_or_default(),
        number: origin.number,
        offset: origin.offset,
        time: record.time().to_rfc3339(),
        text: describe::line(record),
        fields: describe::fields(record),
    }
}

/// A record that was not kept: where it stands, and what its group has in common.
fn unkept(names: &[Arc<str>], time: Time, origin: Origin, group: &[(String, Text)]) -> Excerpt {
    let fields: BTreeMap<&str, &str> =
        group.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let text: Vec<String> = group.iter().map(|(name, value)| format!("{name} {value}")).collect();
    Excerpt {
        file: names.get(origin.input as usize).cloned().unwrap_or_default(),
        number: origin.number,
        offset: origin.offset,
        time: time.to_rfc3339(),
        text: text.join(" · "),
        fields: to_raw_value(&fields).unwrap_or_else(|_| RawValue::NULL.to_owned()),
    }
}

impl Gathered {
    /// So many more from one moment to another. Spells stand in the order of time, more than [`QUIET`] apart.
    fn add(&mut self, first: Time, last: Time, count: u64) {
        self.count += count;
        // Most come in the order of time.
        if let Some(newest) = self.spells.last_mut()
            && first >= newest.first
            && first.since(newest.last) <= QUIET
        {
            newest.last = newest.last.max(last);
            newest.count += count;
            return;
        }
        let start = self.spells.partition_point(|s| first.since(s.last) > QUIET);
        let joined = self.spells[start..].partition_point(|s| s.first.since(last) <= QUIET);
        let mut spell = Spell { first, last, count };
        for old in self.spells.drain(start..start + joined) {
            spell.join(&old);
        }
        self.spells.insert(start, spell);
        if self.spells.len() > MAX_WINDOWS {
            // The two that lie nearest to each other become one.
            let gap = |i: &usize| self.spells[i + 1].first.since(self.spells[*i].last);
            if let Some(at) = (0..self.spells.len() - 1).min_by_key(gap) {
                let next = self.spells.remove(at + 1);
                self.spells[at].join(&next);
            }
        }
    }

    /// Keeps the earliest samples, whatever order they come in; says how many more there are now.
    fn sample(
        &mut self,
        time: Time,
        origin: Origin,
        room: usize,
        excerpt: impl FnOnce() -> Excerpt,
    ) -> usize {
        let before = self.samples.len();
        let at = self.samples.partition_point(|(t, o, _)| (*t, *o) < (time, origin));
        let room = room.max(before);
        if at < room && self.samples.get(at).is_none_or(|(_, o, _)| *o != origin) {
            self.samples.insert(at, (time, origin, excerpt()));
            self.samples.truncate(room);
        }
        self.samples.len() - before
    }

    /// The earliest reconciliation speaks for all.
    fn doubt(&mut self, unapproved: Option<Doubt>) {
        if let Some(new) = unapproved
            && self.unapproved.as_ref().is_none_or(|known| new.0 < known.0)
        {
            self.unapproved = Some(new);
        }
    }
}

fn finding(info: &RuleInfo, key: &Key, gathered: Gathered, authorised: bool) -> Finding {
    let mut stable = format!("{}\n{}", info.id, key.subject);
    for part in [&key.peer, &key.class] {
        stable.push('\n');
        stable.push_str(part.as_deref().unwrap_or(""));
    }
    let spells = gathered.spells;
    let first = spells.iter().map(|s| s.first).min().unwrap_or_default();
    let last = spells.iter().map(|s| s.last).max().unwrap_or_default();
    Finding {
        fingerprint: format!("F-{}", &sha256(stable.as_bytes())[..16]),
        rule: info.id.clone(),
        title: info.title.clone(),
        description: info.description.clone(),
        advice: info.advice.clone(),
        false_positives: info.false_positives.clone(),
        scenario: info.scenario,
        level: info.level,
        likelihood: info.likelihood,
        impact: info.impact,
        controls: info.controls.clone(),
        techniques: info.techniques.clone(),
        subject: key.subject.to_string(),
        peer: key.peer.as_ref().map(ToString::to_string),
        class: key.class.as_ref().map(ToString::to_string),
        count: gathered.count,
        first: first.to_rfc3339(),
        last: last.to_rfc3339(),
        windows: spells
            .iter()
            .map(|s| Window {
                first: s.first.to_rfc3339(),
                last: s.last.to_rfc3339(),
                count: s.count,
            })
            .collect(),
        unapproved: gathered
            .unapproved
            .map(|(_, nearest, reasons)| unapproved(nearest.as_deref(), &reasons, authorised)),
        evidence: gathered.samples.into_iter().map(|(_, _, excerpt)| excerpt).collect(),
        status: None,
    }
}

fn unapproved(nearest: Option<&str>, reasons: &[Reason], authorised: bool) -> Unapproved {
    let texts: BTreeMap<&str, Bilingual> = reasons
        .iter()
        .filter_map(|r| {
            let key = key::Key::find(&format!("reason-{}", r.code()))?;
            Some((r.code(), Bilingual::message(key, &[])))
        })
        .collect();
    let join = |pick: fn(&Bilingual) -> &str, comma: &str| {
        texts.values().map(pick).collect::<Vec<_>>().join(comma)
    };
    let text = match nearest {
        Some(id) => {
            let reasons = Bilingual::new(join(|b| &b.zh, "、"), join(|b| &b.en, ", "));
            let id = [("id", Arg::Text(id))];
            Bilingual::around(key::UNAPPROVED_NEAREST, &id, "reasons", &reasons)
        }
        None if authorised => Bilingual::message(key::UNAPPROVED_NONE, &[]),
        None => Bilingual::message(key::UNAPPROVED_NO_FILE, &[]),
    };
    Unapproved {
        nearest: nearest.map(ToOwned::to_owned),
        reasons: if reasons.is_empty() {
            vec!["none".into()]
        } else {
            reasons.iter().map(|r| r.code().to_owned()).collect()
        },
        text,
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
