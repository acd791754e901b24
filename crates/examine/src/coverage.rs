//! Coverage: what the run could have seen. Absence is not proof without it.

use crate::model::{CheckCoverage, CheckStatus, Coverage, Finding, LogSource, ProtocolCoverage};
use hangtu_catalog::{Bilingual, Catalog, EvidenceKind, RuleInfo, key};
use hangtu_evidence::InputSummary;
use hangtu_record::{Kind, Time};
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

/// Whether a limit that was hit cost the run something it might have needed.
pub fn is_serious(limit: &str) -> bool {
    SERIOUS.contains(&limit)
}

const SERIOUS: [&str; 9] = [
    "flows",
    "payload",
    "capture-drops",
    "assets",
    "correlations",
    "findings",
    "logs",
    "unknown-links",
    "unreadable-files",
];

/// What was given and read.
pub(crate) struct Given<'a> {
    pub(crate) inputs: &'a [InputSummary],
    /// How many of them are captures; the others are logs.
    pub(crate) captures: usize,
    pub(crate) logs: Vec<LogSource>,
    pub(crate) seen: &'a Seen,
}

impl Given<'_> {
    /// Whether such evidence was given.
    fn offers(&self, kind: EvidenceKind) -> bool {
        match kind {
            EvidenceKind::Network => self.captures > 0,
            EvidenceKind::Log => self.captures < self.inputs.len(),
            _ => false,
        }
    }

    /// Whether records of a kind could have come of it.
    pub(crate) fn yields(&self, kind: Kind) -> bool {
        self.offers(match kind {
            Kind::Event | Kind::Setting => EvidenceKind::Log,
            _ => EvidenceKind::Network,
        })
    }
}

/// The rules of a run.
pub(crate) struct Ran<'a> {
    /// Those that such evidence could have made find something.
    pub(crate) could: &'a [&'a RuleInfo],
    /// Those of them for which there were records, too.
    pub(crate) ran: &'a [&'a RuleInfo],
}

pub(crate) fn coverage(
    catalog: &Catalog,
    Ran { could, ran }: Ran<'_>,
    given: Given<'_>,
    limits: &BTreeMap<&'static str, u64>,
    findings: &[Finding],
    unreadable: &BTreeMap<&'static str, u64>,
) -> Coverage {
    let Given { inputs, seen, captures, .. } = given;
    let damaged = inputs.iter().any(|i| !i.damages.is_empty());
    let complete = !damaged && !limits.keys().any(|l| is_serious(l));
    let checks = catalog
        .controls
        .iter()
        .map(|control| {
            let of = |rules: &[&RuleInfo]| {
                rules.iter().filter(|i| i.controls.contains(&control.id)).count()
            };
            let rules = of(ran);
            let found = findings.iter().filter(|f| f.controls.contains(&control.id)).count();
            let (status, reason) =
                if found == 0 && !control.evidence.iter().any(|kind| given.offers(*kind)) {
                    (CheckStatus::NotMeasured, Some(key::COVERAGE_OTHER_EVIDENCE))
                } else if of(could) == 0 {
                    (CheckStatus::NotMeasured, Some(key::COVERAGE_NO_RULE))
                } else if rules == 0 {
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
        packets: inputs.iter().take(captures).map(|i| i.entries).sum(),
        records: seen.kinds.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect(),
        protocols,
        logs: given.logs,
        checks,
        limits: limits.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect(),
        complete,
    }
}
