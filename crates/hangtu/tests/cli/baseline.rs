//! An examination beside an earlier one.

use super::*;

#[test]
fn the_same_evidence_twice_changes_nothing() {
    let (a, b) = (folder("twice-a"), folder("twice-b"));
    let examine = |out: &Path, more: &[&str]| {
        let args = [&["examine", PLANT, "--out", text(out)], more].concat();
        assert_eq!(hangtu(&args).code, 0);
        json(&out.join("findings.json"))
    };
    let mut first = examine(&a, &[]);
    let mut second = examine(&b, &["--threads", "3"]);
    for run in [&mut first, &mut second] {
        run["run"]["examined_at"] = Value::Null;
    }
    assert!(first == second, "two runs differ in more than run.examined_at");
    let baseline = a.join("findings.json");
    let third = examine(&b, &["--baseline", text(&baseline)]);
    let comparison = &third["comparison"];
    let count = first["findings"].as_array().map(Vec::len);
    assert_eq!(comparison["new"], 0);
    assert_eq!(comparison["still"].as_u64().map(|n| n as usize), count);
    assert_eq!(comparison["gone"], serde_json::json!([]));
    assert_eq!(comparison["not_retested"], serde_json::json!([]));
}

#[test]
fn absence_is_proof_only_in_newer_and_longer_evidence() {
    let (morning, evening) = (folder("retest-morning"), folder("retest-evening"));
    let examine = |capture: &str, out: &Path, more: &[&str]| {
        let args = ["examine", capture, "--authorisations", APPROVED, "--out", text(out)];
        let ran = hangtu(&[&args, more].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        json(&out.join("findings.json"))
    };
    examine(MORNING, &morning, &[]);
    let baseline = morning.join("findings.json");
    let compared = |now: &Value, list: &str| -> BTreeSet<(String, String)> {
        let all = now["comparison"][list].as_array().expect("a list");
        let text = |v: &Value| v.as_str().expect("text").to_owned();
        all.iter().map(|e| (text(&e["subject"]), text(&e["reason"]["en"]))).collect()
    };
    // Five hours after nine: newer, but too short to prove anything gone.
    let now = examine(EVENING, &evening, &["--baseline", text(&baseline)]);
    assert_eq!((&now["comparison"]["new"], &now["comparison"]["still"]), (&8.into(), &2.into()));
    assert!(compared(&now, "gone").is_empty());
    let reasons: BTreeSet<String> =
        compared(&now, "not_retested").into_iter().map(|(_, why)| why).collect();
    let short = "Not re-tested: this evidence covers less time than the earlier one.";
    assert_eq!(reasons, [short.to_owned()].into());
    // Were the morning's evidence no longer than the evening's, the same absence would be proof,
    // for the assets that the evening shows.
    let mut shorter = json(&baseline);
    shorter["coverage"]["first"] = "2026-03-02T04:00:02Z".into();
    fs::write(&baseline, shorter.to_string()).expect("it can be written");
    let now = examine(EVENING, &evening, &["--baseline", text(&baseline)]);
    let gone = compared(&now, "gone");
    assert!(
        gone.iter().any(|(subject, why)| subject == "10.20.2.11"
            && why.starts_with("Gone: 10.20.2.11 was seen from 2026-03-02T08:")),
        "{gone:#?}"
    );
    let not = compared(&now, "not_retested");
    let unseen = "Not re-tested: 10.20.2.199 does not appear in this evidence.";
    assert!(not.contains(&("10.20.2.199".into(), unseen.into())), "{not:#?}");
    // Nor does it where the rule could not have found it: without the zones that it asks for, or with a
    // filter that was not there before; nor where the asset was hardly there.
    let no_zones = folder("retest-no-zones");
    let ran =
        hangtu(&["examine", EVENING, "--out", text(&no_zones), "--baseline", text(&baseline)]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let now = json(&no_zones.join("findings.json"));
    assert!(compared(&now, "gone").is_subset(&gone));
    let why = |now: &Value, start: &str| {
        let all = compared(now, "not_retested");
        all.into_iter().filter(|(_, why)| why.starts_with(start)).count()
    };
    assert!(why(&now, "Not re-tested: the rule that found it did not run, or nothing") > 0);
    let rules = folder("retest-filter");
    let filter = "title: Nothing\nlogsource: {product: hangtu}\n\
                  filter: {rules: any, ports: {destination.port|gte: 1}, condition: ports}\n";
    fs::write(rules.join("filter.yml"), filter).expect("it can be written");
    let now = examine(
        EVENING,
        &folder("retest-filtered"),
        &["--baseline", text(&baseline), "--rules", text(&rules)],
    );
    assert!(compared(&now, "gone").is_empty(), "{now:#}");
    let changed = "Not re-tested: the site's own filters, placeholders or rule are not";
    assert!(why(&now, changed) > 0);
    // Nor where another device has the address; behind a router that is not known.
    let mut other = shorter.clone();
    for asset in other["assets"].as_array_mut().expect("a list") {
        asset["macs"] = serde_json::json!(["02:00:00:00:00:99"]);
    }
    fs::write(&baseline, other.to_string()).expect("it can be written");
    let now = examine(EVENING, &evening, &["--baseline", text(&baseline)]);
    let left = compared(&now, "gone");
    assert!(left.is_subset(&gone) && left.len() < gone.len(), "{left:#?}");
    assert!(why(&now, "Not re-tested: another device has the address of ") > 0);
    for asset in shorter["assets"].as_array_mut().expect("a list") {
        asset["first"] = "2026-03-01T00:00:00Z".into();
    }
    fs::write(&baseline, shorter.to_string()).expect("it can be written");
    let now = examine(EVENING, &evening, &["--baseline", text(&baseline)]);
    assert!(compared(&now, "gone").is_empty());
    assert!(why(&now, "Not re-tested: 10.20.2.11 was seen for less than half as long") > 0);
    // And looking backwards proves nothing.
    let back = examine(MORNING, &morning, &["--baseline", text(&evening.join("findings.json"))]);
    let old = "Not re-tested: this evidence is not newer than the finding.";
    assert!(compared(&back, "gone").is_empty());
    assert!(compared(&back, "not_retested").iter().all(|(_, why)| why == old));
}

/// What a comparison says of a list of its findings.
fn reasons(now: &Value, list: &str) -> Vec<String> {
    let all = now["comparison"][list].as_array().expect("a list");
    all.iter().map(|e| e["reason"]["en"].as_str().expect("text").to_owned()).collect()
}

/// The same evidence, as if the baseline's were of the day before.
fn day_before(baseline: &Path) {
    let text = fs::read_to_string(baseline).expect("it was written");
    let text = text.replace("2026-03-01T", "2026-02-28T").replace("2026-03-02T", "2026-03-01T");
    fs::write(baseline, text).expect("it can be written");
}

#[test]
fn what_the_site_changed_in_its_authorisations_is_told_from_what_is_gone() {
    let (out, approved) = (folder("changed-authorisations"), root().join(APPROVED));
    let approved = fs::read_to_string(approved).expect("the file");
    let (file, baseline) = (out.join("approved.yaml"), out.join("baseline"));
    let examine = |approved: &str, to: &Path, more: &[&str]| {
        fs::write(&file, approved).expect("it can be written");
        let args = ["examine", PLANT, "--authorisations", text(&file), "--out", text(to)];
        assert_eq!(hangtu(&[&args, more].concat()).code, 0);
        json(&to.join("findings.json"))
    };
    examine(&approved, &baseline, &[]);
    let baseline = baseline.join("findings.json");
    day_before(&baseline);
    let again = |approved: &str| examine(approved, &out, &["--baseline", text(&baseline)]);

    // A zone less: its rule still runs, but can no longer find the same.
    let office: Vec<&str> = approved.lines().filter(|l| !l.contains("name: office,")).collect();
    let now = again(&office.join("\n"));
    assert_eq!(reasons(&now, "gone"), Vec::<String>::new());
    let moved = |why: &String| why.contains("lies in another zone than in the earlier run");
    assert!(reasons(&now, "not_retested").iter().any(moved), "{:#}", now["comparison"]);
    // The same zone of another kind.
    let now = again(&approved.replace("name: office, kind: office", "name: office, kind: dmz"));
    assert_eq!(reasons(&now, "gone"), Vec::<String>::new());

    // Approved now: gone, and by what.
    let any = "stations:\n  - { id: ST-ANY, addresses: [any], targets: [any] }\n";
    let now = again(&approved.replacen("stations:\n", any, 1));
    let gone = reasons(&now, "gone");
    assert!(gone.len() >= 5, "{gone:#?}");
    for why in gone {
        assert!(why.contains("authorisation ST-ANY covers it now"), "{why}");
    }
    assert!(now["run"]["covered"].as_object().is_some_and(|all| all.values().all(|id| id != "")));
}

#[test]
fn a_rule_of_ones_own_that_changed_proves_nothing() {
    let (out, rules) = (folder("changed-rule"), folder("changed-rule-own"));
    let rule = "title: Written register\nid: own-1\nlogsource: {product: hangtu, category: operation}\n\
                detection:\n  s: {operation.verb: write}\n  condition: s\n\
                hangtu: {subject: destination.ip, peer: source.ip}\n";
    let examine = |rule: &str, more: &[&str]| {
        fs::write(rules.join("own.yml"), rule).expect("it can be written");
        let args = ["examine", PLANT, "--rules", text(&rules), "--out", text(&out)];
        assert_eq!(hangtu(&[&args, more].concat()).code, 0);
        json(&out.join("findings.json"))
    };
    examine(rule, &[]);
    let baseline = out.join("baseline.json");
    fs::rename(out.join("findings.json"), &baseline).expect("it was written");
    day_before(&baseline);
    let again = |rule: &str| examine(rule, &["--baseline", text(&baseline)]);
    let narrow = again(&rule.replace("verb: write", "verb: write, operation.address: 999999"));
    assert_eq!(reasons(&narrow, "gone"), Vec::<String>::new());
    let changed = |why: &String| why.starts_with("Not re-tested: the site's own filters");
    assert!(reasons(&narrow, "not_retested").iter().any(changed), "{narrow:#}");
    // Its title is no part of what it finds, and only it is held against itself.
    let titled = again(&rule.replace("Written register", "Register written"));
    assert_eq!(titled["run"]["own_sha256"], json(&baseline)["run"]["own_sha256"]);
    let own: Vec<&String> =
        titled["run"]["own_sha256"].as_object().expect("hashes").keys().collect();
    assert_eq!(own, ["own-1"]);
}

#[test]
fn placeholders_that_the_site_takes_away_prove_nothing() {
    let (out, rules) = (folder("placeholders"), folder("placeholders-own"));
    let more =
        "industrial_protocols: [modbus, s7comm, enip, cip, dnp3, iec104, smb, telnet, rdp]\n";
    fs::write(rules.join("placeholders.yml"), more).expect("it can be written");
    let examine = |more: &[&str]| {
        assert_eq!(hangtu(&[&["examine", PLANT, "--out", text(&out)], more].concat()).code, 0);
        json(&out.join("findings.json"))
    };
    examine(&["--rules", text(&rules)]);
    let baseline = out.join("baseline.json");
    fs::rename(out.join("findings.json"), &baseline).expect("it was written");
    day_before(&baseline);
    let now = examine(&["--baseline", text(&baseline)]);
    assert_eq!(reasons(&now, "gone"), Vec::<String>::new());
    let changed = |why: &String| why.starts_with("Not re-tested: the site's own filters");
    assert!(reasons(&now, "not_retested").iter().any(changed), "{:#}", now["comparison"]);
}
