//! The example plant: what examination finds there, exactly, and that the files are the code's.

use hangtu_catalog::Catalog;
use hangtu_evidence::Input;
use hangtu_examine::{
    AuthorisationsFile, Evidence, Reading, Rules, Setup, authorise::Authorisations, examine,
    model::Examination,
};
use hangtu_record::Time;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const CAPTURES: [&str; 3] = ["control-0700.pcapng", "control-1600.pcap.zst", "office.pcap.gz"];
const SCENARIOS: [&str; 4] = ["ransomware", "vuln_backdoor", "personnel", "remote_om"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the workspace")
}

fn plant(file: &str) -> PathBuf {
    root().join("examples/plant").join(file)
}

fn examined(captures: &[&str], threads: usize) -> Examination {
    examined_with(captures, threads, true)
}

fn examined_with(captures: &[&str], threads: usize, authorised: bool) -> Examination {
    let catalog = Catalog::embedded().expect("the content is sound");
    let rules = Rules::load(&catalog, &[]).expect("no folder to read");
    let path = plant("authorisations.yaml").display().to_string();
    let text = fs::read_to_string(&path).expect("authorisations.yaml");
    let authorisations = Authorisations::parse(&path, &text).expect("they can be read");
    let file = AuthorisationsFile { path, text, authorisations };
    let mut reading = Reading::new(8 * 3600, Time(0));
    reading.traffic.threads = threads;
    let setup = Setup {
        catalog: &catalog,
        rules: &rules,
        authorisations: authorised.then_some(&file),
        reading: &reading,
        now: Time::new(1_772_460_000, 0),
    };
    let inputs: Vec<Input> = captures.iter().map(|c| Input::File(plant(c))).collect();
    let evidence = Evidence { captures: inputs.len(), inputs, ..Evidence::default() };
    examine(&evidence, &setup, &mut ()).expect("the captures can be read")
}

/// One line a finding: scenario, title, subject, peer, class; the rule's id at the end.
fn line(rule: &str, title: &str, scenario: &str, rest: [Option<&str>; 3]) -> String {
    let [subject, peer, class] = rest.map(|part| part.unwrap_or("-"));
    format!("{scenario}: {title}: {subject} {peer} {class} ({rule})")
}

fn found(examination: &Examination) -> BTreeSet<String> {
    let findings = examination.findings.iter();
    findings
        .map(|f| {
            let scenario = serde_json::to_value(f.scenario).expect("a scenario has a name");
            let scenario = scenario.as_str().unwrap_or_default();
            let rest = [Some(&*f.subject), f.peer.as_deref(), f.class.as_deref()];
            line(&f.rule, &f.title.en, scenario, rest)
        })
        .collect()
}

fn expected() -> BTreeSet<String> {
    let text = fs::read(plant("expected.json")).expect("expected.json");
    let list: Vec<serde_json::Value> = serde_json::from_slice(&text).expect("a list");
    list.iter()
        .map(|e| {
            let part = |name: &str| e[name].as_str();
            let named = |name: &str| part(name).unwrap_or_default();
            let rest = [part("subject"), part("peer"), part("class")];
            line(named("rule"), named("title"), named("scenario"), rest)
        })
        .collect()
}

#[test]
fn exactly_what_was_planted_is_found() {
    let examination = examined(&CAPTURES, 1);
    let (found, expected) = (found(&examination), expected());
    let missing: Vec<_> = expected.difference(&found).map(String::as_str).collect();
    let extra: Vec<_> = found.difference(&expected).map(String::as_str).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "not found:\n  {}\nnot planted:\n  {}",
        missing.join("\n  "),
        extra.join("\n  ")
    );
    for scenario in SCENARIOS {
        let named = found.iter().any(|f| f.starts_with(scenario));
        assert!(named, "nothing was found of {scenario}");
    }
    assert!(examination.coverage.complete, "{:?}", examination.coverage.limits);
    assert!(examination.coverage.limits.is_empty(), "{:?}", examination.coverage.limits);
    let unreadable = examination.coverage.protocols.iter().filter(|p| p.unreadable > 0);
    assert_eq!(unreadable.map(|p| &*p.name).collect::<Vec<_>>(), Vec::<&str>::new());
}

/// What the README says about the nearest approval is what examination says.
#[test]
fn the_nearest_approval_is_named() {
    let examination = examined(&CAPTURES, 1);
    for (title, subject, peer, nearest, reason) in [
        ("Controller stopped", "10.20.1.11", "10.20.2.31", "WO-2026-0302", "expired"),
        ("Process values written", "10.20.1.21", "10.30.2.15", "ST-HMI1", "wrong-source"),
        ("Program or recipe copied", "10.20.1.12", "10.20.2.12", "ST-HMI2", "wrong-verb"),
        ("Clock of an industrial", "10.20.1.11", "10.20.2.12", "ST-SCADA", "wrong-source"),
        ("Remote session into", "10.20.2.20", "10.20.9.10", "RM-2026-017", "wrong-window"),
    ] {
        let finding = examination.findings.iter().find(|f| {
            f.title.en.starts_with(title) && f.subject == subject && f.peer.as_deref() == Some(peer)
        });
        let unapproved = finding.and_then(|f| f.unapproved.as_ref());
        let said = unapproved.map(|u| (u.nearest.as_deref(), u.reasons.join(" ")));
        assert_eq!(said, Some((Some(nearest), reason.to_owned())), "{title} {subject} {peer}");
    }
}

/// The ordinary day holds what only approvals excuse.
#[test]
fn without_approvals_the_ordinary_day_is_full_of_findings() {
    let found = found(&examined_with(&CAPTURES, 1, false));
    for (title, subject, peer) in [
        ("Process values written by an unapproved station", "10.20.1.21", "10.20.2.11"),
        ("Process values written by an unapproved station", "10.20.1.31", "10.20.2.12"),
        ("Process values written by an unapproved station", "10.20.1.12", "10.20.2.10"),
        ("Control command from an unapproved station", "10.20.1.51", "10.20.2.10"),
        (
            "Program or configuration loaded into a controller without approval",
            "10.20.1.11",
            "10.20.2.31",
        ),
        ("Generative AI service used without registration", "10.30.1.30", "-"),
    ] {
        let wanted = format!("{title}: {subject} {peer}");
        assert!(found.iter().any(|f| f.contains(&wanted)), "{wanted} in {found:#?}");
    }
}

#[test]
fn threads_change_nothing() {
    let findings = |threads| {
        serde_json::to_string_pretty(&examined(&CAPTURES, threads).findings).expect("JSON")
    };
    assert!(findings(1) == findings(3), "one thread and three find differently");
}

#[test]
fn the_order_of_captures_changes_nothing() {
    let mut captures = CAPTURES;
    captures.reverse();
    let (one, other) = (examined(&CAPTURES, 1), examined(&captures, 1));
    let told = |examination: &Examination| -> Vec<String> {
        let findings = examination.findings.iter();
        findings.map(|f| format!("{} ×{} {}–{}", f.fingerprint, f.count, f.first, f.last)).collect()
    };
    assert_eq!(told(&one), told(&other));
}

#[test]
fn assets_say_who_they_are() {
    let examination = examined(&CAPTURES, 1);
    let asset = |id: &str| {
        let asset = examination.assets.iter().find(|a| a.ips.iter().any(|ip| ip == id));
        asset.unwrap_or_else(|| panic!("{id} is no asset"))
    };
    let known = |id: &str, what: &str| {
        asset(id).identity.get(what).map(|fact| fact.value.clone()).unwrap_or_default()
    };
    let identity = |id| ["vendor", "model", "firmware"].map(|what| known(id, what));
    assert_eq!(identity("10.20.1.11"), ["Siemens", "6ES7 315-2EH14-0AB0", "V3.2.17"]);
    assert_eq!(identity("10.20.1.21"), ["Schneider Electric", "BMX P34 2020", "v3.20"]);
    assert_eq!(known("10.20.1.31", "model"), "1756-L73/B LOGIX5573");
    for (ip, name) in [("10.30.1.77", "PC-SALES-07"), ("10.30.0.20", "LS-FILE01")] {
        let names: Vec<&str> = asset(ip).names.iter().map(|n| &*n.value).collect();
        assert!(names.contains(&name), "{ip} is {names:?}");
    }
}

#[test]
fn the_files_are_those_of_the_code() {
    let files = xtask::plant::files(root()).expect("they can be generated");
    let captures = files.iter().filter(|(name, _)| CAPTURES.contains(name));
    let size: usize = captures.map(|(_, bytes)| bytes.len()).sum();
    assert!(size <= 1_500_000, "captures of {size} bytes");
    for (name, bytes) in files {
        let stored = fs::read(plant(name)).unwrap_or_default();
        assert!(stored == bytes, "{name} differs: run cargo xtask plant");
    }
}
