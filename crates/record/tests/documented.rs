//! `docs/records.md` is the contract of `hangtu records`: it names whatever records may hold.

use hangtu_record::{FieldName, FileVerb, Outcome, Seen, Transport, Verb};

const DOCUMENT: &str = include_str!("../../../docs/records.md");

#[test]
fn every_field_stands_in_a_table() {
    let rows: Vec<&str> = DOCUMENT
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|rest| rest.split('`').next())
        .collect();
    let missing: Vec<&str> =
        FieldName::ALL.iter().map(|f| f.name()).filter(|name| !rows.contains(name)).collect();
    assert!(missing.is_empty(), "not in docs/records.md: {missing:?}");
    for (i, row) in rows.iter().enumerate() {
        assert!(!rows[..i].contains(row), "{row} stands twice");
    }
}

#[test]
fn every_value_is_explained() {
    let verbs = Verb::ALL.iter().map(|v| v.name());
    let outcomes = Outcome::ALL.iter().map(|v| v.name());
    let seen = Seen::ALL.iter().map(|v| v.name());
    let rest = FileVerb::ALL.iter().map(|v| v.name());
    let transports = Transport::ALL.iter().map(|v| v.name());
    for name in verbs.chain(outcomes).chain(seen).chain(rest).chain(transports) {
        assert!(DOCUMENT.contains(&format!("`{name}`")), "{name} is not in docs/records.md");
    }
    for verb in Verb::ALL {
        let changes = DOCUMENT
            .lines()
            .find(|l| l.starts_with(&format!("| `{}` |", verb.name())))
            .is_some_and(|l| l.ends_with("| yes |"));
        assert_eq!(changes, verb.changes(), "{}", verb.name());
    }
}
