//! Rules of a user's folder on events, without a block of ours.

use super::*;
use crate::Rules;
use hangtu_record::{Fields, Kind, Value};
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
    let findings: Vec<_> = judge.finish().into_iter().filter(|f| f.rule == "own-1").collect();
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
    assert_eq!(rules.filters().keys().collect::<Vec<_>>(), ["own-1"]);
}
