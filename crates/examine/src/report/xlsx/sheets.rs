//! The sheets, one more where there is a baseline: which columns, which rows.

use hangtu_catalog::{Arg, Language, key, text};

use super::{Cell, Sheet};
use crate::{
    model::{Earlier, Examination, Finding},
    report::{
        texts::{self, label},
        times,
    },
};

pub(super) fn findings(examination: &Examination, language: Language) -> Sheet<'_> {
    Sheet {
        name: key::REPORT_SHEET_FINDINGS,
        columns: vec![
            (key::REPORT_LEVEL, 10),
            (key::REPORT_SCENARIO, 18),
            (key::REPORT_FINDING, 36),
            (key::REPORT_SUBJECT, 18),
            (key::REPORT_PEER, 18),
            (key::REPORT_CLASS, 14),
            (key::REPORT_COUNT, 9),
            (key::REPORT_FIRST, 19),
            (key::REPORT_LAST, 19),
            (key::REPORT_WHY, 48),
            (key::REPORT_UNAPPROVED, 36),
            (key::REPORT_ADVICE, 48),
            (key::REPORT_FALSE_POSITIVES, 36),
            (key::REPORT_EVIDENCE, 48),
            (key::REPORT_CONTROLS, 14),
            (key::REPORT_TECHNIQUES, 14),
            (key::REPORT_RISK, 16),
            (key::REPORT_COMPARISON, 14),
            (key::REPORT_RULE, 24),
            (key::REPORT_FINGERPRINT, 22),
        ],
        rows: Box::new(examination.findings.iter().map(move |f| finding_row(f, language))),
    }
}

fn finding_row(finding: &Finding, language: Language) -> Vec<Cell> {
    let own = |text: &str| Cell::Text(text.to_owned());
    let optional = |text: &Option<String>| Cell::Text(text.clone().unwrap_or_default());
    let evidence: Vec<String> = finding
        .evidence
        .iter()
        .map(|e| {
            let number = text(language, key::REPORT_PACKET, &[("number", Arg::Number(e.number))]);
            format!("{}\n{} {number}, {}", e.text, e.file, times::precise(&e.time))
        })
        .collect();
    let status = finding.status.map(texts::status);
    vec![
        own(texts::level(finding.level).get(language)),
        own(texts::scenario(finding.scenario).get(language)),
        own(finding.title.get(language)),
        own(&finding.subject),
        optional(&finding.peer),
        optional(&finding.class),
        Cell::Number(finding.count),
        Cell::Time(finding.first.clone()),
        Cell::Time(finding.last.clone()),
        own(finding.description.get(language)),
        own(finding.unapproved.as_ref().map_or("", |unapproved| unapproved.text.get(language))),
        own(finding.advice.get(language)),
        own(finding.false_positives.get(language)),
        Cell::Text(evidence.join("\n")),
        Cell::Text(finding.controls.join(", ")),
        Cell::Text(finding.techniques.join(", ")),
        own(texts::risk(finding).get(language)),
        own(status.as_ref().map_or("", |status| status.get(language))),
        own(&finding.rule),
        own(&finding.fingerprint),
    ]
}

/// What the baseline had and this run does not; none without a baseline.
pub(super) fn comparison(examination: &Examination, language: Language) -> Option<Sheet<'_>> {
    let comparison = examination.comparison.as_ref()?;
    let lists = [
        (key::REPORT_COMPARISON_GONE, &comparison.gone),
        (key::REPORT_COMPARISON_NOT_RETESTED, &comparison.not_retested),
    ];
    Some(Sheet {
        name: key::REPORT_SHEET_COMPARISON,
        columns: vec![
            (key::REPORT_COMPARISON, 20),
            (key::REPORT_LEVEL, 10),
            (key::REPORT_FINDING, 36),
            (key::REPORT_SUBJECT, 18),
            (key::REPORT_COMPARISON_REASON, 56),
            (key::REPORT_RULE, 24),
            (key::REPORT_FINGERPRINT, 22),
        ],
        rows: Box::new(lists.into_iter().flat_map(move |(status, list)| {
            list.iter().map(move |earlier| earlier_row(earlier, status, language))
        })),
    })
}

fn earlier_row(earlier: &Earlier, status: key::Key, language: Language) -> Vec<Cell> {
    vec![
        Cell::Text(label(language, status)),
        Cell::Text(texts::level(earlier.level).get(language).to_owned()),
        Cell::Text(earlier.title.get(language).to_owned()),
        Cell::Text(earlier.subject.clone()),
        Cell::Text(earlier.reason.get(language).to_owned()),
        Cell::Text(earlier.rule.clone()),
        Cell::Text(earlier.fingerprint.clone()),
    ]
}

pub(super) fn assets(examination: &Examination, language: Language) -> Sheet<'_> {
    Sheet {
        name: key::REPORT_SHEET_ASSETS,
        columns: vec![
            (key::REPORT_ADDRESS, 18),
            (key::REPORT_NAMES, 22),
            (key::REPORT_ROLES, 26),
            (key::REPORT_ZONE, 18),
            (key::REPORT_IDENTITY, 36),
            (key::REPORT_OS, 18),
            (key::REPORT_INTERFACE, 22),
            (key::REPORT_MACS, 20),
            (key::REPORT_SERVES, 22),
            (key::REPORT_USES, 22),
            (key::REPORT_BYTES_SENT, 14),
            (key::REPORT_BYTES_RECEIVED, 14),
            (key::REPORT_FIRST, 19),
            (key::REPORT_LAST, 19),
        ],
        rows: Box::new(examination.assets.iter().map(move |asset| {
            let facts = |facts: &[crate::model::Fact]| {
                Cell::Text(facts.iter().map(|f| f.value.as_str()).collect::<Vec<_>>().join(", "))
            };
            let identity: Vec<String> = texts::identity(asset)
                .into_iter()
                .map(|(name, value)| format!("{} {value}", name.get(language)))
                .collect();
            vec![
                Cell::Text(asset.id.clone()),
                facts(&asset.names),
                Cell::Text(texts::roles(asset).get(language).to_owned()),
                Cell::Text(asset.zone.clone()),
                Cell::Text(identity.join("\n")),
                facts(&asset.os),
                Cell::Text(asset.interface_vendor.clone().unwrap_or_default()),
                Cell::Text(asset.macs.join(", ")),
                Cell::Text(asset.serves.join(", ")),
                Cell::Text(asset.uses.join(", ")),
                Cell::Number(asset.bytes_sent),
                Cell::Number(asset.bytes_received),
                Cell::Time(asset.first.clone()),
                Cell::Time(asset.last.clone()),
            ]
        })),
    }
}

pub(super) fn conversations(examination: &Examination, language: Language) -> Sheet<'_> {
    Sheet {
        name: key::REPORT_SHEET_CONVERSATIONS,
        columns: vec![
            (key::REPORT_SOURCE, 18),
            (key::REPORT_DESTINATION, 18),
            (key::REPORT_PROTOCOL, 16),
            (key::REPORT_VERBS, 36),
            (key::REPORT_SESSIONS, 11),
            (key::REPORT_BYTES, 14),
            (key::REPORT_FIRST, 19),
            (key::REPORT_LAST, 19),
        ],
        rows: Box::new(examination.conversations.iter().map(move |conversation| {
            vec![
                Cell::Text(conversation.source.clone()),
                Cell::Text(conversation.destination.clone()),
                Cell::Text(conversation.protocol.clone()),
                Cell::Text(texts::verbs(conversation).get(language).to_owned()),
                Cell::Number(conversation.sessions),
                Cell::Number(conversation.bytes),
                Cell::Time(conversation.first.clone()),
                Cell::Time(conversation.last.clone()),
            ]
        })),
    }
}

pub(super) fn coverage(examination: &Examination, language: Language) -> Sheet<'_> {
    let coverage = &examination.coverage;
    let row =
        move |section: key::Key, item: String, status: String, number: Option<u64>, why: String| {
            let number = number.map_or(Cell::Text(String::new()), Cell::Number);
            vec![
                Cell::Text(label(language, section)),
                Cell::Text(item),
                Cell::Text(status),
                number,
                Cell::Text(why),
            ]
        };
    let mut rows = vec![row(
        key::REPORT_COMPLETE,
        String::new(),
        label(language, if coverage.complete { key::REPORT_YES } else { key::REPORT_NO }),
        None,
        String::new(),
    )];
    for (name, time) in [(key::REPORT_FIRST, &coverage.first), (key::REPORT_LAST, &coverage.last)] {
        let time = time.as_deref().map(times::shown).unwrap_or_default();
        rows.push(row(key::REPORT_SPAN, label(language, name), time, None, String::new()));
    }
    rows.push(row(
        key::REPORT_PACKETS,
        String::new(),
        String::new(),
        Some(coverage.packets),
        String::new(),
    ));
    if let Some(comparison) = &examination.comparison {
        let examined = times::shown(&comparison.baseline_examined_at);
        let baseline = comparison.baseline.clone();
        rows.push(row(key::REPORT_COMPARISON, baseline, examined, None, String::new()));
        for (state, count) in [
            (key::REPORT_COMPARISON_NEW, comparison.new),
            (key::REPORT_COMPARISON_STILL, comparison.still),
            (key::REPORT_COMPARISON_GONE, comparison.gone.len()),
            (key::REPORT_COMPARISON_NOT_RETESTED, comparison.not_retested.len()),
        ] {
            let state = label(language, state);
            let count = Some(count as u64);
            rows.push(row(key::REPORT_COMPARISON, state, String::new(), count, String::new()));
        }
    }
    for check in &coverage.checks {
        rows.push(row(
            key::REPORT_CHECK,
            format!("{} {}", check.id, check.title.get(language)),
            texts::check(check.status).get(language).to_owned(),
            Some(check.findings as u64),
            check.reason.as_ref().map(|reason| reason.get(language).to_owned()).unwrap_or_default(),
        ));
    }
    for (kind, count) in &coverage.records {
        let kind = texts::named("report-kind-", kind).get(language).to_owned();
        rows.push(row(key::REPORT_RECORDS, kind, String::new(), Some(*count), String::new()));
    }
    for protocol in &coverage.protocols {
        for (name, number) in [
            (key::REPORT_SESSIONS, protocol.sessions),
            (key::REPORT_OPERATIONS, protocol.operations),
            (key::REPORT_UNREADABLE, protocol.unreadable),
        ] {
            let what = label(language, name);
            rows.push(row(
                key::REPORT_PROTOCOL,
                protocol.name.clone(),
                what,
                Some(number),
                String::new(),
            ));
        }
    }
    for (name, dropped) in &coverage.limits {
        let name = texts::named("limit-", name).get(language).to_owned();
        rows.push(row(key::REPORT_LIMIT, name, String::new(), Some(*dropped), String::new()));
    }
    for input in &examination.run.inputs {
        for problem in &input.problems {
            let what = problem.what.get(language).to_owned();
            let offset =
                text(language, key::REPORT_BYTE, &[("offset", Arg::Number(problem.offset))]);
            rows.push(row(key::REPORT_DAMAGE, input.path.clone(), offset, None, what));
        }
    }
    Sheet {
        name: key::REPORT_SHEET_COVERAGE,
        columns: vec![
            (key::REPORT_SECTION, 20),
            (key::REPORT_ITEM, 44),
            (key::REPORT_VALUE, 24),
            (key::REPORT_NUMBER, 14),
            (key::REPORT_REASON, 56),
        ],
        rows: Box::new(rows.into_iter()),
    }
}

pub(super) fn inputs(examination: &Examination) -> Sheet<'_> {
    Sheet {
        name: key::REPORT_SHEET_INPUTS,
        columns: vec![
            (key::REPORT_FILE, 44),
            (key::REPORT_FORMAT, 14),
            (key::REPORT_BYTES, 16),
            (key::REPORT_PACKETS, 14),
            (key::REPORT_FIRST, 19),
            (key::REPORT_LAST, 19),
            (key::REPORT_SHA256, 68),
        ],
        rows: Box::new(examination.run.inputs.iter().map(|input| {
            vec![
                Cell::Text(input.path.clone()),
                Cell::Text(input.format.clone()),
                Cell::Number(input.bytes),
                Cell::Number(input.entries),
                Cell::Time(input.first.clone().unwrap_or_default()),
                Cell::Time(input.last.clone().unwrap_or_default()),
                Cell::Text(input.sha256.clone()),
            ]
        })),
    }
}
