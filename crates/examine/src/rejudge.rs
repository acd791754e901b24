//! What other authorisations would change about an examination that was done: a quick answer from
//! the samples and conversations it kept, without the evidence.

use crate::{
    authorise::{Authorisation, Authorisations},
    model::{Conversation, Examination, Finding},
    reconcile::Verdict,
    rules::Rules,
};
use hangtu_catalog::Register;
use hangtu_record::{Fields, Kind, Origin, Record, Time, Value};
use hangtu_sigma::RuleIndex;
use jiff::Timestamp;
use std::{collections::HashMap, net::IpAddr};

/// What would happen to a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Every sample would be covered.
    Goes,
    /// Some samples would be covered.
    Fewer,
}

/// A finding that would change.
#[derive(Clone, Debug)]
pub struct Changed<'e> {
    /// The finding.
    pub finding: &'e Finding,
    /// What would happen to it.
    pub effect: Effect,
    /// Samples that could be judged.
    pub samples: usize,
    /// Samples that would be covered.
    pub covered: usize,
}

/// A conversation, set against authorisations.
#[derive(Clone, Debug)]
pub struct Seen<'e> {
    /// The conversation.
    pub conversation: &'e Conversation,
    /// Whether source, target, protocol and verbs are those of the authorisation.
    pub within: bool,
}

/// The quick answer.
#[derive(Debug, Default)]
pub struct Rejudged<'e> {
    /// Findings that would go or lose samples.
    pub changed: Vec<Changed<'e>>,
    /// Findings about missing approval that stay as they are.
    pub stay: usize,
    /// Conversations that were covered and would no longer be, with the authorisation that
    /// covered them: their findings would come.
    pub uncovered: Vec<(&'e Conversation, String)>,
}

/// The register each rule is reconciled with: its own or, of a correlation, that of the records that it counts.
fn registers(rules: &Rules) -> HashMap<&str, Register> {
    let own: Vec<_> = (0..)
        .map(RuleIndex)
        .zip(&rules.infos)
        .filter_map(|(index, info)| Some((index, info, info.authorise?)))
        .collect();
    let mut out: HashMap<&str, Register> =
        own.iter().map(|(_, info, register)| (&*info.id, *register)).collect();
    for (index, _, register) in own {
        for (correlation, _) in rules.ruleset.feeds(index) {
            out.entry(&rules.infos[correlation.0 as usize].id).or_insert(register);
        }
    }
    out
}

fn moment(text: &str) -> Option<Time> {
    let t = text.parse::<Timestamp>().ok()?;
    Some(Time(i64::try_from(t.as_nanosecond()).unwrap_or(i64::MAX)))
}

/// The record of an excerpt; absent where its fields were not kept.
fn record(excerpt: &crate::model::Excerpt) -> Option<Fields> {
    let map = excerpt.map();
    let kind = Kind::from_name(map.get("record.kind")?.as_str()?)?;
    let mut out = Fields::new(kind, moment(&excerpt.time)?, Origin::default());
    for (name, value) in &map {
        let list = match value {
            serde_json::Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in list {
            match value {
                serde_json::Value::String(text) => {
                    if name.rsplit('.').next() == Some("ip")
                        && let Ok(ip) = text.parse::<IpAddr>()
                    {
                        out.push(name, Value::Ip(ip));
                    } else if name == "event.end"
                        && let Some(time) = moment(text)
                    {
                        out.push(name, Value::Time(time));
                    } else {
                        out.push(name, Value::Str(text));
                    }
                }
                serde_json::Value::Number(n) => match n.as_i64() {
                    Some(n) => out.push(name, n),
                    None => out.push(name, Value::Float(n.as_f64().unwrap_or_default())),
                },
                serde_json::Value::Bool(b) => out.push(name, Value::Bool(*b)),
                _ => {}
            }
        }
    }
    Some(out)
}

/// The records a conversation stands for: one for each verb, or one session.
fn records(c: &Conversation, names: &[&str]) -> Vec<Fields> {
    let Some(time) = moment(&c.first) else { return Vec::new() };
    let one = |kind, verb: Option<&str>| {
        let mut out = Fields::new(kind, time, Origin::default());
        for (name, id) in [("source.ip", &c.source), ("destination.ip", &c.destination)] {
            if let Ok(ip) = id.parse::<IpAddr>() {
                out.push(name, Value::Ip(ip));
            }
        }
        out.push("network.protocol", Value::Str(&c.protocol));
        if let Some(verb) = verb {
            out.push("operation.verb", Value::Str(verb));
        }
        for name in names {
            out.push("tls.client.server_name", Value::Str(name));
        }
        out
    };
    if c.verbs.is_empty() {
        return vec![one(Kind::Session, None)];
    }
    c.verbs.keys().map(|v| one(Kind::Operation, Some(v))).collect()
}

/// Sets an examination against other authorisations.
pub fn rejudge<'e>(
    examination: &'e Examination,
    rules: &Rules,
    before: &Authorisations,
    after: &Authorisations,
) -> Rejudged<'e> {
    let registers = registers(rules);
    let mut out = Rejudged::default();
    for finding in examination.findings.iter().filter(|f| f.unapproved.is_some()) {
        let Some(register) = registers.get(finding.rule.as_str()) else {
            out.stay += 1;
            continue;
        };
        let samples: Vec<Fields> = finding.evidence.iter().filter_map(record).collect();
        let is = |all: &Authorisations, r: &Fields| {
            matches!(all.check(*register, r), Verdict::Covered(_))
        };
        let covered = samples.iter().filter(|r| is(after, r)).count();
        // What the present ones cover already is no change of this one.
        let known = samples.iter().filter(|r| is(before, r)).count();
        if covered <= known {
            out.stay += 1;
            continue;
        }
        let effect = if covered == samples.len() { Effect::Goes } else { Effect::Fewer };
        out.changed.push(Changed { finding, effect, samples: samples.len(), covered });
    }
    let names: HashMap<&str, Vec<&str>> = examination
        .assets
        .iter()
        .map(|a| (a.id.as_str(), a.names.iter().map(|n| n.value.as_str()).collect()))
        .collect();
    for conversation in &examination.conversations {
        let names = names.get(conversation.destination.as_str()).map_or(&[][..], Vec::as_slice);
        let lost = records(conversation, names).iter().find_map(|r| {
            let registers = match r.kind() {
                Kind::Operation => &[Register::Operation][..],
                _ => &[Register::Remote, Register::Flow, Register::Tool],
            };
            registers.iter().find_map(|register| match before.check(*register, r) {
                Verdict::Covered(id)
                    if !matches!(after.check(*register, r), Verdict::Covered(_)) =>
                {
                    Some(id.to_owned())
                }
                _ => None,
            })
        });
        out.uncovered.extend(lost.map(|id| (conversation, id)));
    }
    out
}

/// What an examination saw from or to the ends of an authorisation within a window (nanoseconds
/// since 1970). A conversation is known by its first and last time only; it counts when that
/// spell and the window overlap.
pub fn seen<'e>(
    examination: &'e Examination,
    all: &Authorisations,
    of: &Authorisation,
    window: (i64, i64),
) -> Vec<Seen<'e>> {
    let overlaps = |c: &&Conversation| {
        let spell = moment(&c.first).zip(moment(&c.last));
        spell.is_some_and(|(first, last)| first.0 <= window.1 && last.0 >= window.0)
    };
    let covers = |places: &[crate::authorise::Place], id: &str| {
        let ip = id.parse().ok();
        places.iter().any(|p| p.covers(ip, &[], &all.zones))
    };
    let judge = |conversation: &'e Conversation| {
        let from = covers(&of.sources, &conversation.source);
        let to = covers(&of.targets, &conversation.destination);
        let by = of.protocols.is_empty() || of.protocols.contains(&conversation.protocol);
        let verbs = of.verbs.is_empty() || conversation.verbs.keys().all(|v| of.verbs.contains(v));
        // Somebody else who comes the same way is worth a look, everybody else is not.
        let near = from || to && by && !of.protocols.is_empty();
        near.then_some(Seen { conversation, within: from && to && by && verbs })
    };
    examination.conversations.iter().filter(overlaps).filter_map(judge).collect()
}
