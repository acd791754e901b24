//! Rules of a user's folder on events, without a block of ours.

use super::*;
use crate::Rules;
use hangtu_record::{Fields, Kind, Time, Value};
use std::fs;

const RULE: &str = "
title: Tool run by the firm
id: own-1
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|endswith: '\\tool.exe', user.name|expand: '%maintenance_accounts%'}
  condition: selection
";

const FILTER: &str = "
title: Not on the test host
logsource: {product: windows}
filter: {rules: [own-1], selection: {host.hostname: TEST-01}, condition: selection}
";

fn process(host: &str, user: &str) -> Fields {
    let mut record = Fields::new(Kind::Event, Time(0), Origin::default());
    record.push("Channel", Value::Str("Security"));
    record.push("EventID", Value::Int(4688));
    record.push("NewProcessName", Value::Str(r"C:\t\tool.exe"));
    record.push("host.hostname", Value::Str(host));
    record.push("user.name", Value::Str(user));
    record.push("destination.ip", Value::Ip([203, 0, 113, 9].into()));
    record
}

#[test]
fn findings_of_events_are_about_their_host() {
    let folder = std::env::temp_dir().join(format!("hangtu-judge-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    for (name, text) in [
        ("rule.yml", RULE),
        ("filter.yml", FILTER),
        ("placeholders.yml", "maintenance_accounts: ['firm_*']"),
    ] {
        fs::write(folder.join(name), text).expect("a file");
    }
    let catalog = Catalog::embedded().expect("the content is sound");
    let rules = Rules::load(&catalog, std::slice::from_ref(&folder)).expect("rules");
    fs::remove_dir_all(&folder).expect("the folder");
    assert_eq!((&rules.errors, &rules.problems), (&Vec::new(), &Vec::new()));
    let none = Authorisations::default();
    let mut judge = Judge::new(&rules.ruleset, &rules.infos, None, &none, &["x".into()]);
    judge.record(&process("ENG-01", "firm_li"));
    judge.record(&process("ENG-02", "wang.wei"));
    judge.record(&process("TEST-01", "firm_li"));
    // The site's list replaces the default, of which this would be one.
    judge.record(&process("ENG-03", "vendor01"));
    let findings = judge.finish().findings;
    let findings: Vec<_> = findings.into_iter().filter(|f| f.rule == "own-1").collect();
    let subjects: Vec<&str> = findings.iter().map(|f| f.subject.as_str()).collect();
    assert_eq!(subjects, ["ENG-01"]);

    let has = |rules: &[&RuleInfo]| rules.iter().any(|info| info.id == "own-1");
    assert!(has(&rules.ran(&|_| true, true, None)));
    assert!(!has(&rules.ran(&|kind| kind != Kind::Event, true, None)));
    let log = |channel: &str| {
        let mut sample = Fields::new(Kind::Event, Time(0), Origin::default());
        sample.push("Channel", channel);
        [sample]
    };
    let sysmon = log("Microsoft-Windows-Sysmon/Operational");
    assert!(has(&rules.ran(&|_| true, true, Some(&sysmon))));
    assert!(!has(&rules.ran(&|_| true, true, Some(&log("Application")))));
    // A filter is told apart from none, for the rule that it touches.
    assert!(rules.own_sha256().contains_key("own-1"));
}

/// What own rules judge, each a file's text.
fn own(test: &str, texts: &[&str]) -> Rules {
    let folder = std::env::temp_dir().join(format!("hangtu-judge-{test}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    for (number, text) in texts.iter().enumerate() {
        fs::write(folder.join(format!("{number}.yml")), text).expect("a file");
    }
    let catalog = Catalog::embedded().expect("the content is sound");
    let rules = Rules::load(&catalog, std::slice::from_ref(&folder)).expect("rules");
    fs::remove_dir_all(&folder).expect("the folder");
    assert_eq!((&rules.errors, &rules.problems), (&Vec::new(), &Vec::new()));
    rules
}

fn operation(unit: usize) -> Fields {
    let mut record = Fields::new(Kind::Operation, Time(unit as i64), Origin::default());
    record.push("network.protocol", Value::Str("own"));
    record.push("operation.unit", Value::Str(&unit.to_string()));
    record.push("source.ip", Value::Ip([10, 0, 0, 9].into()));
    record.push("destination.ip", Value::Ip([10, 0, 0, 1].into()));
    record
}

const EACH: &str = "
title: Each
id: own-each
logsource: {product: hangtu, category: operation}
detection: {s: {network.protocol: own}, condition: s}
hangtu: {subject: operation.unit}
";

/// Most groups settle at the end of the evidence: what then finds no room is told too.
#[test]
fn what_finds_no_room_at_the_end_is_counted() {
    let many = "
title: Many
id: own-many
correlation: {type: event_count, rules: [own-each], group-by: [source.ip], timespan: 1h, \
  condition: {gte: 2}, generate: true}
";
    let rules = own("room", &[EACH, many]);
    let none = Authorisations::default();
    let mut judge = Judge::new(&rules.ruleset, &rules.infos, None, &none, &["x".into()]);
    for unit in 0..MAX_FINDINGS {
        judge.record(&operation(unit));
    }
    assert_eq!(judge.dropped, 0);
    let judged = judge.finish();
    assert_eq!(judged.findings.len(), MAX_FINDINGS);
    assert!(judged.dropped > 0);
}

/// What a correlation asks of the records that it counts changes nothing of the findings of their rule.
#[test]
fn a_correlation_that_needs_approvals_asks_none_of_the_rules_it_counts() {
    let many = "
title: Many
id: own-many
correlation: {type: event_count, rules: [own-each], group-by: [source.ip], timespan: 1h, \
  condition: {gte: 100}, generate: true}
hangtu: {authorise: operation}
";
    let rules = own("counted", &[EACH, many]);
    let station = "{version: 1, stations: [{id: S, addresses: [any], targets: [any]}]}";
    let station = Authorisations::parse("t", station).expect("it can be read");
    let none = Authorisations::default();
    for given in [None, Some(&station)] {
        let mut judge = Judge::new(&rules.ruleset, &rules.infos, given, &none, &["x".into()]);
        judge.record(&operation(1));
        let judged = judge.finish();
        let mut found = judged.findings.iter().map(|f| (f.rule.as_str(), f.unapproved.is_none()));
        assert_eq!((found.next(), found.next()), (Some(("own-each", true)), None));
    }
}

#[test]
fn what_is_covered_is_remembered_with_its_approval() {
    let each =
        EACH.replace("{subject: operation.unit}", "{base: true}").replace("own-each", "base");
    let many = "
title: Many
id: own-many
correlation:
  type: event_count
  rules: [base]
  aliases: {plant: {base: destination.ip}}
  group-by: [plant]
  timespan: 1h
  condition: {gte: 2}
hangtu: {subject: plant, authorise: operation}
";
    let text = "{version: 1, stations: [{id: ST, addresses: [10.0.0.9], targets: [any]}]}";
    let rules = own("covered", &[&each, many]);
    let all = Authorisations::parse("t", text).expect("it can be read");
    let none = Authorisations::default();
    let judged = |authorisations| {
        let names = ["x".to_owned()];
        let mut judge = Judge::new(&rules.ruleset, &rules.infos, authorisations, &none, &names);
        (0..3).for_each(|unit| judge.record(&operation(unit)));
        judge.finish()
    };
    let (found, covered) = (judged(None), judged(Some(&all)));
    let found = found.findings.iter().find(|f| f.rule == "own-many").expect("it is found");
    assert!(covered.findings.iter().all(|f| f.rule != "own-many"));
    assert_eq!(covered.covered.get(&found.fingerprint).map(String::as_str), Some("ST"));
}
