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
use hangtu_catalog::{Arg, Bilingual, Catalog, Register, RuleInfo, key, sha256};
use hangtu_record::{Field, FieldName, Kind, Origin, Record, Text, Time};
use hangtu_sigma::{Body, CorrelationKind, Correlator, Limits, RuleIndex, Ruleset, Scratch};
use serde_json::value::RawValue;
use std::{
    collections::{BTreeMap, HashMap},
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
/// Samples kept for correlations, of all rules together.
const MAX_KEPT: usize = 4_000;
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
    /// Whether correlations count it.
    feeds: bool,
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

#[derive(Default)]
struct Gathered {
    count: u64,
    spells: Vec<Spell>,
    /// Earliest samples, by place in the evidence.
    samples: Vec<(Time, Origin, Excerpt)>,
    unapproved: Option<(Time, Option<String>, Vec<Reason>)>,
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
    kept: HashMap<Origin, Excerpt>,
    kept_of: HashMap<(u32, Text), u8>,
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
        let mut fed: HashMap<&str, Option<Register>> = HashMap::new();
        for (rule, info) in ruleset.rules().iter().zip(infos) {
            if let Body::Correlation(correlation) = &rule.body {
                for name in &correlation.rules {
                    let register = fed.entry(name.as_str()).or_default();
                    *register = register.or(info.authorise);
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
                authorise: info.authorise.or(fed.copied().flatten()),
                feeds: fed.is_some(),
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
            if prepared.alone {
                self.gather(*rule, &placed, unapproved);
            }
            if self.rules[rule.0 as usize].feeds {
                self.correlator.push(*rule, &placed);
                self.keep(*rule, &placed);
            }
        }
        self.hits = hits;
    }

    fn gather(
        &mut self,
        rule: RuleIndex,
        record: &Placed<'_>,
        unapproved: Option<(Time, Option<String>, Vec<Reason>)>,
    ) {
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
        gathered.add(time, 1);
        self.excerpts += gathered.sample(time, origin, room, || excerpt(names, record));
        gathered.doubt(unapproved);
    }

    /// Keeps a few samples of what feeds correlations: the first of each source.
    fn keep(&mut self, rule: RuleIndex, record: &Placed<'_>) {
        if self.kept.len() >= MAX_KEPT {
            return;
        }
        let who = record
            .first(&FieldName::SourceIp.into())
            .map(|v| Text::from(v.to_string()))
            .unwrap_or_default();
        let count = self.kept_of.entry((rule.0, who)).or_default();
        if *count < 8 {
            *count += 1;
            self.kept.insert(record.origin(), excerpt(&self.names, record));
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
            let unapproved = prepared.authorise.map(|_| (first, None, Vec::new()));
            if !self.findings.contains_key(&key) && self.findings.len() >= MAX_FINDINGS {
                self.dropped += 1;
                continue;
            }
            let gathered = self.findings.entry(key).or_default();
            gathered.add(first, burst.count);
            gathered.add(burst.last, 0);
            gathered.doubt(unapproved);
            for origin in &burst.samples {
                let sample = self.kept.get(origin).cloned().unwrap_or_else(|| Excerpt {
                    file: self.names.get(origin.input as usize).cloned().unwrap_or_default(),
                    number: origin.number,
                    offset: origin.offset,
                    time: burst.first.to_rfc3339(),
                    text: String::new(),
                    fields: RawValue::NULL.to_owned(),
                });
                gathered.sample(burst.first, *origin, MAX_SAMPLES, || sample);
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

impl Gathered {
    fn add(&mut self, time: Time, count: u64) {
        self.count += count;
        let near = |s: &&mut Spell| time.since(s.last) <= QUIET && s.first.since(time) <= QUIET;
        if let Some(spell) = self.spells.iter_mut().find(near) {
            spell.first = spell.first.min(time);
            spell.last = spell.last.max(time);
            spell.count += count;
        } else if self.spells.len() < MAX_WINDOWS {
            self.spells.push(Spell { first: time, last: time, count });
        } else if let Some(last) = self.spells.iter_mut().max_by_key(|s| s.last) {
            last.first = last.first.min(time);
            last.last = last.last.max(time);
            last.count += count;
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
    fn doubt(&mut self, unapproved: Option<(Time, Option<String>, Vec<Reason>)>) {
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
    let mut spells = gathered.spells;
    spells.sort_by_key(|s| s.first);
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
            let zh = join(|b| &b.zh, "、");
            let en = join(|b| &b.en, ", ");
            let one = |reasons: &str| {
                Bilingual::message(
                    key::UNAPPROVED_NEAREST,
                    &[("id", Arg::Text(id)), ("reasons", Arg::Text(reasons))],
                )
            };
            Bilingual { zh: one(&zh).zh, en: one(&en).en }
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
pub(crate) fn infos(ruleset: &Ruleset, catalog: &Catalog) -> (Vec<RuleInfo>, Vec<String>) {
    let mut problems = Vec::new();
    let infos = ruleset
        .rules()
        .iter()
        .map(|rule| {
            RuleInfo::of(rule, catalog).unwrap_or_else(|e| {
                problems.push(e.to_string());
                RuleInfo::plain(rule, catalog)
            })
        })
        .collect();
    (infos, problems)
}

#[cfg(test)]
mod tests;
