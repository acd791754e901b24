//! Real logs beside the repository: nothing in them may be lost, and Sigma's own reading of its
//! regression data is ours.

use crate::read_all;
use hangtu_evidence::Input;
use hangtu_record::Fields;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

const LOGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/logs");

#[expect(clippy::print_stdout, reason = "a skipped comparison is said")]
fn logs() -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut folders = vec![PathBuf::from(LOGS)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("evtx")) {
                out.push(path);
            }
        }
    }
    out.sort();
    if out.is_empty() {
        println!("skipped: no logs in {LOGS}");
    }
    out
}

#[test]
fn every_file_is_read_whole() {
    for path in logs() {
        let (events, damages) = read_all(Input::File(path.clone()));
        assert!(!events.is_empty(), "{}", path.display());
        assert!(damages.is_empty(), "{}: {damages:?}", path.display());
        for event in events {
            assert!(event.get("EventID").is_some(), "{}: {event:?}", path.display());
        }
    }
}

#[test]
fn events_are_as_sigma_reads_them() {
    let mut compared = 0;
    for path in logs() {
        let Ok(json) = fs::read_to_string(path.with_extension("json")) else { continue };
        let events = read_all(Input::File(path.clone())).0;
        for twin in serde_json::Deserializer::from_str(&json).into_iter::<Value>() {
            let twin = twin.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let twins = twin.as_array().cloned().unwrap_or_else(|| vec![twin]);
            for twin in &twins {
                same(&path, &events, twin);
                compared += 1;
            }
        }
    }
    println!("{compared} events compared");
}

/// One of the events has each value of the twin.
fn same(path: &Path, events: &[Fields], twin: &Value) {
    let mut want = Vec::new();
    let event = &twin["Event"];
    for name in ["EventID", "EventRecordID", "Channel", "Computer", "Keywords", "Level", "Task"] {
        let value = &event["System"][name];
        want.push((name.to_owned(), text(value.get("#text").unwrap_or(value))));
    }
    for (name, value) in event["EventData"].as_object().into_iter().flatten() {
        if name != "#attributes" && !value.is_object() {
            want.push((name.clone(), text(value)));
        }
    }
    let missing = |event: &Fields| {
        let has = |(name, value): &&(String, String)| {
            !event.iter().any(|(n, v)| n == name && text_of(&v.to_string()) == *value)
        };
        want.iter().filter(has).cloned().collect::<Vec<_>>()
    };
    let nearest = events.iter().map(missing).min_by_key(Vec::len).unwrap_or_default();
    assert!(nearest.is_empty(), "{}: {nearest:?}", path.display());
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text_of(text),
        Value::Null => String::new(),
        other => text_of(&other.to_string()),
    }
}

/// Sigma's twins have GUIDs without braces and no space at the end, and some were edited by hand.
fn text_of(text: &str) -> String {
    text.trim().trim_matches(['{', '}']).to_lowercase()
}
