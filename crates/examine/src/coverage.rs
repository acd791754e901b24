//! Coverage: what the run could have seen. Absence is not proof without it.

use crate::model::{CheckCoverage, CheckStatus, Coverage, Finding, ProtocolCoverage};
use hangtu_catalog::{Bilingual, Catalog, RuleInfo, key};
use hangtu_record::{Kind, Time};
use hangtu_traffic::capture::InputSummary;
use std::collections::{BTreeMap, HashMap};

/// Records of one protocol.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    sessions: u64,
    operations: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, kind: Kind) {
        match kind {
            Kind::Session => self.sessions += 1,
            Kind::Operation => self.operations += 1,
            _ => {}
        }
    }
}

/// What records were seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) kinds: BTreeMap<&'static str, u64>,
    pub(crate) protocols: HashMap<String, Counts>,
}

impl Seen {
    pub(crate) fn records(&self) -> u64 {
        self.kinds.values().sum()
    }
}

/// Limits that cost the run something it might have needed.
const SERIOUS: [&str; 8] = [
    "flows",
    "payload",
    "capture-drops",
    "assets",
    "correlations",
    "findings",
    "damage",
    "unknown-links",
];

pub(crate) fn coverage(
    catalog: &Catalog,
    ran: &[&RuleInfo],
    inputs: &[InputSummary],
    seen: &Seen,
    limits: BTreeMap<String, u64>,
    findings: &[Finding],
    unreadable: &BTreeMap<&'static str, u64>,
) -> Coverage {
    let damaged = inputs.iter().any(|i| !i.damages.is_empty());
    let complete = !damaged && !limits.keys().any(|l| SERIOUS.contains(&l.as_str()));
    let anything = seen.records() > 0;
    let checks = catalog
        .controls
        .iter()
        .map(|control| {
            let rules = ran.iter().filter(|i| i.controls.contains(&control.id)).count();
            let found = findings.iter().filter(|f| f.controls.contains(&control.id)).count();
            let (status, reason) = if !control.by_network() && found == 0 {
                (CheckStatus::NotMeasured, Some(key::COVERAGE_OTHER_EVIDENCE))
            } else if rules == 0 {
                (CheckStatus::NotMeasured, Some(key::COVERAGE_NO_RULE))
            } else if !anything {
                (CheckStatus::NotMeasured, Some(key::COVERAGE_NO_RECORDS))
            } else if !complete {
                (CheckStatus::Error, Some(key::COVERAGE_INCOMPLETE))
            } else {
                (CheckStatus::Measured, None)
            };
            CheckCoverage {
                id: control.id.clone(),
                title: Bilingual::from(&control.title),
                scenarios: control.scenarios.clone(),
                status,
                rules,
                findings: found,
                reason: reason.map(|key| Bilingual::message(key, &[])),
            }
        })
        .collect();
    let mut protocols: Vec<ProtocolCoverage> = seen
        .protocols
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, counts)| ProtocolCoverage {
            name: name.clone(),
            sessions: counts.sessions,
            operations: counts.operations,
            unreadable: unreadable.get(name.as_str()).copied().unwrap_or(0),
        })
        .collect();
    protocols.sort_by(|a, b| a.name.cmp(&b.name));
    Coverage {
        first: inputs.iter().filter_map(|i| i.first).min().map(Time::to_rfc3339),
        last: inputs.iter().filter_map(|i| i.last).max().map(Time::to_rfc3339),
        packets: inputs.iter().map(|i| i.packets).sum(),
        records: seen.kinds.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect(),
        protocols,
        checks,
        limits,
        complete,
    }
}
