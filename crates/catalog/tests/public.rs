//! The public rule collection, where it is at hand: every rule finds its log source, and the
//! collection's own regression events make the rules they belong to fire.

use hangtu_catalog::Catalog;
use hangtu_sigma::{
    Options, Problem, ProblemKind, RuleIndex, Ruleset,
    check::{Case, run_case},
};
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/logs/sigma")
}

fn files(folder: &Path, extension: &str, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, extension, out);
        } else if path.extension().is_some_and(|e| e == extension) {
            out.push(path);
        }
    }
}

/// The collection, compiled with the catalogue's log sources and placeholders.
fn public_rules() -> Option<(Ruleset, Vec<Problem>)> {
    let root = root();
    if !root.is_dir() {
        return None;
    }
    let mut paths = Vec::new();
    for folder in ["rules", "rules-emerging-threats", "rules-threat-hunting"] {
        files(&root.join(folder), "yml", &mut paths);
    }
    paths.sort();
    let (mut rules, mut errors) = (Vec::new(), Vec::new());
    for path in &paths {
        let bytes = fs::read(path).expect("the file can be read");
        let (some, wrong) = hangtu_sigma::parse(&path.display().to_string(), &bytes);
        rules.extend(some);
        errors.extend(wrong);
    }
    assert!(errors.is_empty(), "{errors:#?}");
    let catalog = Catalog::embedded().expect("the content is sound");
    let options = Options { placeholders: catalog.placeholders, clock_offset: 8 * 3600 };
    Some(Ruleset::compile(rules, &catalog.logsources, &options))
}

/// Log sources of the public collection for which there is no reader: ETW, macOS, clouds and
/// their services, appliances, and protocols no decoder shows in such detail.
const NO_READER: [&str; 18] = [
    "product windows, category file_access",
    "product windows, category file_rename",
    "product macos, category process_creation",
    "product macos, category file_event",
    "product zeek, service dce_rpc",
    "product zeek, service kerberos",
    "product zeek, service x509",
    "product rpc_firewall, category application",
    "product opencanary, category application",
    "product kubernetes, category application, service audit",
    "product kubernetes, service audit",
    "product bitbucket, service audit",
    "product github, service audit",
    "product okta, service okta",
    "product fortigate, service event",
    "product fortios, service sslvpnd",
    "product paloalto, category appliance, service globalprotect",
    "product paloalto, category file_event, service globalprotect",
];

#[test]
fn public_rules_find_their_log_sources() {
    let Some((ruleset, problems)) = public_rules() else {
        println!("skipped: {} is not there", root().display());
        return;
    };
    let mut unmapped: BTreeMap<&str, usize> = BTreeMap::new();
    let mut others = Vec::new();
    for problem in &problems {
        match &problem.kind {
            ProblemKind::NoInput(source) => *unmapped.entry(source).or_default() += 1,
            _ => others.push(problem.to_string()),
        }
    }
    let all = ruleset.rules().len();
    let fire = (0..all).filter(|i| ruleset.works(RuleIndex(*i as u32))).count();
    println!(
        "{all} rules: {fire} can fire, {} have no log source",
        unmapped.values().sum::<usize>()
    );
    for (source, n) in &unmapped {
        println!("  {n:4} {source}");
    }
    println!("{} other problems", others.len());
    for problem in &others {
        println!("  {problem}");
    }
    for source in unmapped.keys() {
        assert!(NO_READER.contains(source), "{source} is neither mapped nor known to be without");
    }
    assert!(fire * 100 > all * 95 && others.len() <= 5);
}

/// An event of an EVTX-to-JSON dump as the record that a reader makes of it.
fn record(event: &Value) -> Map<String, Value> {
    let (system, mut out) = (&event["Event"]["System"], Map::new());
    out.insert("log.format".into(), "evtx".into());
    out.insert("Provider_Name".into(), system["Provider"]["#attributes"]["Name"].clone());
    for name in ["Channel", "Computer", "Level", "Task", "Opcode", "Keywords"] {
        out.insert(name.into(), system[name].clone());
    }
    let id = &system["EventID"];
    out.insert("EventID".into(), id.get("#text").unwrap_or(id).clone());
    for part in ["EventData", "UserData"] {
        leaves(&event["Event"][part], part, &mut out);
    }
    out
}

fn leaves(value: &Value, name: &str, out: &mut Map<String, Value>) {
    match value {
        Value::Object(map) if map.contains_key("#text") => leaves(&map["#text"], name, out),
        Value::Object(map) => {
            for (name, value) in map.iter().filter(|(name, _)| *name != "#attributes") {
                leaves(value, name, out);
            }
        }
        Value::Null => {}
        value => {
            out.insert(name.to_owned(), value.clone());
        }
    }
}

#[test]
fn regression_events_fire_their_rules() {
    let Some((ruleset, _)) = public_rules() else {
        println!("skipped: {} is not there", root().display());
        return;
    };
    let mut paths = Vec::new();
    files(&root().join("regression_data"), "json", &mut paths);
    paths.sort();
    let (mut cases, mut silent) = (0, Vec::new());
    for path in &paths {
        let text = fs::read_to_string(path).expect("the file can be read");
        let events: Vec<Value> = serde_json::Deserializer::from_str(&text)
            .into_iter()
            .collect::<Result<_, _>>()
            .expect("the file is JSON");
        let events = events.iter().flat_map(|e| match e {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        });
        let id = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        let Some(rule) = ruleset.rules().iter().position(|r| r.id.as_deref() == Some(id)) else {
            println!("no rule {id}");
            continue;
        };
        let case = Case { name: id.to_owned(), records: events.map(record).collect() };
        let fired = run_case(&ruleset, &case).expect("records can be made of it");
        cases += 1;
        if !fired.has(RuleIndex(rule as u32)) {
            silent.push(path.display().to_string());
        }
    }
    println!("{} of {cases} rules fire on their events", cases - silent.len());
    assert!(cases > 100, "only {cases} cases were found");
    assert!(silent.is_empty(), "{silent:#?}");
}
