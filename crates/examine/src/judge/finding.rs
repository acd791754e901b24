//! Findings: what tells them apart, and what is written of them.

use super::{Prepared, gathered::Gathered};
use crate::{
    describe,
    model::{Excerpt, Finding, Unapproved, Window},
    reconcile::{Placed, Reason},
};
use hangtu_catalog::{Arg, Bilingual, RuleInfo, key, sha256};
use hangtu_record::{Field, FieldName, Kind, Origin, Record, Text, Time};
use hangtu_sigma::RuleIndex;
use serde_json::value::{RawValue, to_raw_value};
use std::{collections::BTreeMap, sync::Arc};

/// What tells one finding of a run from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) rule: u32,
    subject: Text,
    peer: Option<Text>,
    class: Option<Text>,
}

impl Key {
    /// Of a record that matched.
    pub(super) fn of_record(rule: RuleIndex, prepared: &Prepared, record: &Placed<'_>) -> Self {
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
        Self {
            rule: rule.0,
            subject,
            peer: prepared.peer.as_ref().and_then(text),
            class: (!class.is_empty()).then(|| class.join(" ").into()),
        }
    }

    /// Of a correlation's group: the values that its records have in common, and the first of them.
    pub(super) fn of_group(
        rule: RuleIndex,
        info: &RuleInfo,
        value: &dyn Fn(&str) -> Option<Text>,
        first: &dyn Fn() -> Option<Text>,
    ) -> Self {
        let class: Vec<Text> = info.class.iter().filter_map(|c| value(c)).collect();
        Self {
            rule: rule.0,
            subject: info
                .subject
                .as_deref()
                .and_then(value)
                .or_else(|| value(FieldName::HostName.name()))
                .or_else(|| value(FieldName::DestinationIp.name()))
                .or_else(first)
                .unwrap_or_default(),
            peer: info.peer.as_deref().and_then(value),
            class: (!class.is_empty()).then(|| class.join(" ").into()),
        }
    }

    /// The finding's name over all runs.
    pub(super) fn fingerprint(&self, info: &RuleInfo) -> String {
        let mut stable = format!("{}\n{}", info.id, self.subject);
        for part in [&self.peer, &self.class] {
            stable.push('\n');
            stable.push_str(part.as_deref().unwrap_or(""));
        }
        format!("F-{}", &sha256(stable.as_bytes())[..16])
    }
}

pub(super) fn excerpt(names: &[Arc<str>], record: &dyn Record) -> Excerpt {
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
pub(super) fn unkept(
    names: &[Arc<str>],
    time: Time,
    origin: Origin,
    group: &[(String, Text)],
) -> Excerpt {
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

pub(super) fn finding(info: &RuleInfo, key: &Key, gathered: Gathered, authorised: bool) -> Finding {
    let spells = gathered.spells;
    let first = spells.iter().map(|s| s.first).min().unwrap_or_default();
    let last = spells.iter().map(|s| s.last).max().unwrap_or_default();
    Finding {
        fingerprint: key.fingerprint(info),
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
