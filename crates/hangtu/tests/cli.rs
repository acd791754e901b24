//! The program as its users meet it: the real binary over the example plant.

use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

const PLANT: &str = "examples/plant";
const MORNING: &str = "examples/plant/control-0700.pcapng";
const EVENING: &str = "examples/plant/control-1600.pcap.zst";
const APPROVED: &str = "examples/plant/authorisations.yaml";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder of this test's own below the target directory, empty.
fn folder(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder");
    path
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hangtu"));
    command.args(args).current_dir(root());
    for name in ["LC_ALL", "LC_MESSAGES", "LANG"] {
        command.env_remove(name);
    }
    command
}

/// What a run ended with, and what it said.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().expect("an exit code"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

fn hangtu(args: &[&str]) -> Ran {
    ran(command(args).output().expect("it runs"))
}

/// Runs with a file as standard input.
fn fed(args: &[&str], file: &str) -> Ran {
    let file = fs::File::open(root().join(file)).expect("a file");
    ran(command(args).stdin(Stdio::from(file)).output().expect("it runs"))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("it was written")).expect("JSON")
}

/// What was said, without the folder it was written to.
fn shown(said: &str, folder: &Path) -> String {
    said.replace(text(folder), "OUT")
}

#[test]
fn the_plant_is_examined_in_both_languages() {
    for language in ["en", "zh-CN"] {
        let out = folder(&format!("plant-{language}"));
        let ran = hangtu(&["examine", PLANT, "--lang", language, "--out", text(&out)]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        insta::assert_snapshot!(format!("examine-{language}"), shown(&ran.out, &out));
    }
}

#[test]
fn a_finding_bad_enough_ends_with_1() {
    let out = folder("fail-on");
    let examine = |args: &[&str]| {
        let all = [&["examine", MORNING, "--out", text(&out)], args].concat();
        hangtu(&all).code
    };
    assert_eq!(examine(&["--fail-on", "high"]), 1);
    assert_eq!(examine(&[]), 0);
}

#[test]
fn every_format_is_written() {
    let out = folder("formats");
    let formats = "html,json,sarif,ocsf,xlsx";
    let ran = hangtu(&["examine", MORNING, "--format", formats, "--out", text(&out)]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for name in
        ["findings.json", "report.html", "findings.sarif", "findings.ocsf.jsonl", "findings.xlsx"]
    {
        assert!(ran.out.contains(name), "{name} is not told of");
        let size = fs::metadata(out.join(name)).expect("it was written").len();
        assert!(size > 1000, "{name}: {size} bytes");
    }
    let findings = json(&out.join("findings.json"));
    let count = findings["findings"].as_array().expect("a list").len();
    assert_eq!(findings["schema"], "hangtu.findings/1");
    let sarif = json(&out.join("findings.sarif"));
    assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(count));
    let lines = fs::read_to_string(out.join("findings.ocsf.jsonl")).expect("it was written");
    assert_eq!(lines.lines().count(), count);
    assert!(lines.lines().all(|l| serde_json::from_str::<Value>(l).is_ok()));
}

#[test]
fn records_are_json_lines_of_the_contract() {
    let contract = fs::read_to_string(root().join("docs/records.md")).expect("the contract");
    let named: BTreeSet<&str> =
        contract.lines().filter_map(|l| l.strip_prefix("| `")?.split('`').next()).collect();
    let always = ["@timestamp", "record.kind", "evidence.file", "evidence.number"];
    let ran = hangtu(&["records", PLANT]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let mut kinds = BTreeSet::new();
    for line in ran.out.lines() {
        let record: Value = serde_json::from_str(line).expect("JSON");
        let record = record.as_object().expect("an object");
        for name in record.keys() {
            assert!(named.contains(name.as_str()), "{name} is not in the contract");
        }
        for name in always {
            assert!(record.contains_key(name), "no {name}: {line}");
        }
        let kind = record["record.kind"].as_str().expect("text");
        kinds.insert(kind.to_owned());
        let own: &[&str] = match kind {
            "operation" => &["operation.verb", "operation.code", "operation.outcome"],
            "session" => &["network.transport", "event.end", "source.bytes", "destination.bytes"],
            _ => &["event.action", "file.path", "file.size", "file.status"],
        };
        for name in own {
            assert!(record.contains_key(*name), "no {name}: {line}");
        }
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["file", "operation", "session"]);
}

#[test]
fn threads_and_standard_input_change_nothing() {
    let one = hangtu(&["records", MORNING, "--threads", "1"]);
    assert_eq!(one.code, 0);
    assert_eq!(one.out, hangtu(&["records", MORNING, "--threads", "4"]).out);
    let named = |name: &str| {
        let to = format!(r#""evidence.file":"{name}""#);
        one.out.replace(&format!(r#""evidence.file":"{MORNING}""#), &to)
    };
    let fed = fed(&["records", "-"], MORNING);
    assert_eq!((fed.code, fed.out), (0, named("-")));
    // A pipe with a path, as a shell's `<(zcat FILE)` is one.
    let pipe = folder("pipe").join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    let (into, capture) = (pipe.clone(), fs::read(root().join(MORNING)).expect("a capture"));
    let writer = std::thread::spawn(move || fs::write(into, capture));
    let piped = hangtu(&["records", text(&pipe)]);
    assert!(writer.join().is_ok());
    assert_eq!((piped.code, piped.out), (0, named(text(&pipe))));
}

#[test]
fn what_cannot_be_done_is_said_with_what_to_do() {
    let out = folder("nothing-done");
    let bad = out.join("plant.yaml");
    fs::write(
        &bad,
        "version: 1\nstations: [{id: A, addresses: [any], targets: [any], verbs: [sing]}]",
    )
    .expect("it can be written");
    let baseline = out.join("baseline.json");
    fs::write(&baseline, "{}").expect("it can be written");
    let cases: [&[&str]; 15] = [
        &["examine", "examples/plant/README.md"],
        &["examine", "nowhere.pcap"],
        &["examine", "docs"],
        &["examine", MORNING, "--authorisations", text(&bad)],
        &["examine", MORNING, "--baseline", text(&baseline)],
        &["examine", MORNING, "--rules", "nowhere"],
        &["examine", MORNING, "--rules", PLANT, "--rules", "nowhere"],
        &["examine", MORNING, "--out", "Cargo.toml"],
        &["examine", MORNING, "--fail-on", "bad"],
        &["examine", MORNING, "--surprise"],
        &["examine"],
        &["exmine"],
        &["explain", "F-1", "--from", "nowhere.json"],
        &["explain", "F-1", "--from", text(&baseline)],
        &["explain", "F-1", "--from", "Cargo.toml"],
    ];
    for language in ["en", "zh-CN"] {
        let mut all = String::new();
        for case in cases {
            let ran = hangtu(&[case, &["--lang", language]].concat());
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{case:?}");
            all.push_str(&shown(&format!("$ hangtu {}\n{}\n", case.join(" "), ran.err), &out));
        }
        insta::assert_snapshot!(format!("nothing-done-{language}"), all);
    }
}

#[test]
fn damage_is_named_with_its_place() {
    let out = folder("damage");
    let whole = fs::read(root().join(MORNING)).expect("a capture");
    let cut = out.join("cut.pcapng");
    fs::write(&cut, &whole[..60_000]).expect("it can be written");
    for (language, said) in [
        ("en", "Damaged evidence: OUT/cut.pcapng at byte 59964: The file ends inside a record"),
        ("zh-CN", "证据损坏：OUT/cut.pcapng 第 59964 字节处：文件在一条记录中途结束"),
    ] {
        let ran = hangtu(&["examine", text(&cut), "--out", text(&out), "--lang", language]);
        assert_eq!(ran.code, 3, "{}", ran.err);
        assert!(shown(&ran.out, &out).contains(said), "{}", ran.out);
        // Beside the output of others.
        for command in ["records", "assets"] {
            let ran = hangtu(&[command, text(&cut), "--lang", language]);
            assert!(shown(&ran.err, &out).contains(said), "{}", ran.err);
        }
    }
    let findings = json(&out.join("findings.json"));
    assert_eq!(findings["coverage"]["complete"], false);
    assert_eq!(findings["run"]["inputs"][0]["problems"][0]["offset"], 59964);
    assert_eq!(hangtu(&["records", text(&cut)]).code, 3);
    assert_eq!(hangtu(&["assets", text(&cut)]).code, 3);
}

#[test]
fn what_cannot_be_read_is_named_and_counted() {
    let out = folder("unreadable");
    let day = out.join("day");
    let deep = day.join(["d"; 33].join("/"));
    fs::create_dir_all(&deep).expect("folders");
    fs::copy(root().join(MORNING), day.join("whole.pcapng")).expect("a capture");
    fs::write(day.join("half.zip"), b"PK\x03\x04 and no more").expect("it can be written");
    let secret = day.join("secret.pcapng");
    fs::copy(root().join(MORNING), &secret).expect("a capture");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).expect("ours");
    }
    let mut names = vec![format!("{}: ", text(&deep)), "half.zip: ".to_owned()];
    // Root reads everything.
    if fs::File::open(&secret).is_err() {
        names.push("secret.pcapng: permission denied".into());
        let named = hangtu(&["examine", text(&secret), "--out", text(&out)]);
        assert_eq!(named.code, 2);
        assert!(named.err.contains("secret.pcapng: permission denied"), "{}", named.err);
    }
    let ran = hangtu(&["examine", text(&day), "--out", text(&out)]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let findings = json(&out.join("findings.json"));
    assert_eq!(findings["coverage"]["complete"], false);
    assert_eq!(findings["coverage"]["limits"]["unreadable-files"], names.len());
    let records = hangtu(&["records", text(&day)]);
    assert_eq!(records.code, 3);
    for name in names {
        assert!(ran.out.contains(&name), "{name} is not named: {}", ran.out);
        assert!(records.err.contains(&name), "{name} is not named: {}", records.err);
    }
}

#[test]
fn two_authorisations_files_are_a_question() {
    let out = folder("two-authorisations");
    let days = ["monday", "tuesday"].map(|day| out.join(day));
    for (day, capture) in days.iter().zip([MORNING, EVENING]) {
        fs::create_dir_all(day).expect("a folder");
        fs::copy(root().join(APPROVED), day.join("authorisations.yaml")).expect("a copy");
        fs::copy(root().join(capture), day.join("capture")).expect("a copy");
    }
    let (report, approved) = (out.join("report"), days[1].join("authorisations.yaml"));
    let both = ["examine", text(&days[0]), text(&days[1]), "--out", text(&report)];
    let ran = hangtu(&both);
    assert_eq!(ran.code, 2);
    for name in ["monday", "tuesday", "--authorisations"] {
        assert!(ran.err.contains(name), "{name} is not named: {}", ran.err);
    }
    assert_eq!(hangtu(&[&both[..], &["--authorisations", text(&approved)]].concat()).code, 0);
    // One folder twice is one file.
    let twice = days[0].join(".");
    let args = ["examine", text(&days[0]), text(&twice), "--out", text(&report)];
    assert_eq!(hangtu(&args).code, 0);
}

#[test]
fn an_empty_capture_has_no_times() {
    let out = folder("empty");
    let empty = out.join("empty.pcap");
    let header: [u8; 24] =
        [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    fs::write(&empty, header).expect("it can be written");
    let ran = hangtu(&["examine", text(&empty), "--out", text(&out)]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let first = ran.out.lines().next();
    assert_eq!(first, Some("Examined 0 packets and 0 log entries (inputs: 1)"));
}

#[test]
fn evidence_does_not_steer_the_terminal() {
    let out = folder("escapes");
    let log = out.join("auth\u{1b}[2J.log");
    let line = |second: u32| {
        format!(
            "<86>1 2026-03-02T06:00:0{second}Z gw\u{1b}[2J-1 sshd 411 - - Failed password for \
             ro\u{1b}[31mot from 10.9.0.7 port 50122 ssh2\n"
        )
    };
    fs::write(&log, (0..5).map(line).collect::<String>()).expect("it can be written");
    let rule = out.join("own.yml");
    let own = "title: A log-on\nid: own-escape\nlogsource: {product: hangtu, category: event}\n\
               detection: {selection: {event.action: ssh-login}, condition: selection}\nlevel: low\n";
    fs::write(&rule, own).expect("it can be written");
    let from = out.join("findings.json");
    let (log, rule) = (text(&log), text(&rule));
    let runs: [&[&str]; 5] = [
        &["examine", log, "--rules", rule, "--out", text(&out)],
        &["explain", "own-escape", "--from", text(&from)],
        &["assets", log],
        &["timeline", log],
        &["timeline", log, "--show", "logons"],
    ];
    for run in runs {
        let ran = hangtu(run);
        assert_eq!(ran.code, 0, "{run:?}: {}", ran.err);
        assert!(ran.out.contains("[2J-1"), "{run:?}: {}", ran.out);
        assert!(!ran.out.contains('\u{1b}'), "{run:?}: {:?}", ran.out);
    }
}

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
    assert!(why(&now, "Not re-tested: a filter that was not there before") > 0);
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

#[test]
fn a_finding_is_explained_by_the_beginning_of_its_fingerprint() {
    let out = folder("explain");
    assert_eq!(hangtu(&["examine", PLANT, "--out", text(&out)]).code, 0);
    let from = out.join("findings.json");
    for language in ["en", "zh-CN"] {
        let ran = hangtu(&["explain", "f-bedef0", "--from", text(&from), "--lang", language]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        insta::assert_snapshot!(format!("explain-{language}"), ran.out);
    }
    let several = hangtu(&["explain", "F-", "--from", text(&from)]);
    assert_eq!(several.code, 2);
    assert!(several.err.contains("write more of it"), "{}", several.err);
    let none = hangtu(&["explain", "F-0000", "--from", text(&from)]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("F-0000"), "{}", none.err);
}

/// The rule of docs/rules.md and its test file.
fn own_rule() -> (String, String) {
    let document = fs::read_to_string(root().join("docs/rules.md")).expect("the document");
    let mut blocks = document.split("```yaml\n").skip(1).filter_map(|b| b.split("```").next());
    let mut next = || blocks.next().expect("an example").to_owned();
    (next(), next())
}

#[test]
fn own_rules_are_listed_checked_tested_and_run() {
    let out = folder("rules");
    let dir = out.join("own");
    fs::create_dir_all(&dir).expect("a folder");
    let put = |name: &str, text: &str| fs::write(dir.join(name), text).expect("it can be written");
    let (rule, test) = own_rule();
    put("water.yml", &rule);
    put("water.test.yml", &test);
    let rules = |what: &str| hangtu(&["rules", what, text(&dir)]);

    for what in ["list", "check", "test"] {
        let own = rules(what);
        assert_eq!((own.code, own.err.as_str()), (0, ""), "{what}: {}", own.out);
        assert_eq!(hangtu(&["rules", what]).code, 0);
    }
    assert!(rules("list").out.contains("Water set point written outside"));
    let lines = hangtu(&["rules", "list", "--json", text(&dir)]).out;
    let mut lines = lines.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON"));
    assert!(lines.any(|r| r["id"] == "5b0c1a34-6f0e-4a3f-9d55-0d0f5f0c8a11"));

    let examine = hangtu(&["examine", MORNING, "--rules", text(&dir), "--out", text(&out)]);
    assert_eq!(examine.code, 0);
    assert!(examine.out.contains("Water set point written outside"), "{}", examine.out);

    // A case that does not come true, and a rule that cannot be read: named, and 3.
    put("water.test.yml", &test.replace("operation.address: 150", "operation.address: 250"));
    let failed = rules("test");
    assert_eq!(failed.code, 3);
    assert!(failed.out.contains("water.yml: a usual set point: expected that the rule is silent"));
    put("broken.yml", &rule.replace("condition: selection", "condition: selektion"));
    let checked = rules("check");
    assert_eq!(checked.code, 3);
    assert!(checked.out.contains("broken.yml"), "{}", checked.out);
    let nowhere = hangtu(&["rules", "check", text(&dir), "nowhere"]);
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.err.contains("error: nowhere: "), "{}", nowhere.err);

    // A single file has its test beside it; a test that no rule has is no test.
    put("water.test.yml", &test);
    let water = dir.join("water.yml");
    let single = hangtu(&["rules", "test", text(&water)]);
    assert_eq!((single.code, single.err.as_str()), (0, ""), "{}", single.out);
    put("wafer.test.yml", &test);
    let alone = rules("test");
    assert_eq!(alone.code, 3);
    assert!(alone.out.contains("wafer.test.yml"), "{}", alone.out);

    // What was left out is told where findings are looked for, and kept.
    put("deaf.yml", &rule.replace("operation.verb: write", "operation.verb|re: '(?=w)rite'"));
    let limited = hangtu(&["examine", MORNING, "--rules", text(&dir), "--out", text(&out)]);
    assert_eq!(limited.code, 3, "{}", limited.err);
    let kept = json(&out.join("findings.json"))["run"]["rule_problems"].clone();
    let kept = kept.as_array().expect("a list").iter();
    let kept: Vec<&str> = kept.filter_map(|why| why["en"].as_str()).collect();
    for name in ["broken.yml", "deaf.yml"] {
        assert!(limited.out.contains(name), "{name} is not told of: {}", limited.out);
        assert!(kept.iter().any(|why| why.contains(name)), "{name} is not kept: {kept:?}");
    }
}

#[test]
fn help_speaks_the_users_language() {
    // Names of commands, options, values, files and formats stay as they are typed.
    let kept: BTreeSet<&str> = [
        "hangtu",
        "examine",
        "records",
        "timeline",
        "assets",
        "rules",
        "explain",
        "hangtu.ledger/1",
        "KEY",
        "hangtu.plant.example",
        "https",
        "postgres",
        "PostgreSQL",
        "PEM",
        "jwt",
        "HTTPS",
        "URL",
        "127.0.0.1",
        "ADDRESS",
        "hangtu-data",
        "serve",
        "verify",
        "backup",
        "restore",
        "list",
        "check",
        "test",
        "zh-CN",
        "en",
        "PATH",
        "FILE",
        "DIR",
        "FINDING",
        "TIME",
        "HOST",
        "USER",
        "TEXT",
        "RFC",
        "events",
        "logons",
        "processes",
        "first-seen",
        "text",
        "csv",
        "N",
        "NAME.test.yml",
        "JSON",
        "YAML",
        "Sigma",
        "ZIP",
        "authorisations.yaml",
        "findings.json",
        "hangtu-report",
        "hangtu-report/findings.json",
        "html",
        "json",
        "sarif",
        "ocsf",
        "xlsx",
        "light",
        "low",
        "medium",
        "high",
        "major",
        "drill",
        "simulate",
        "stop",
        "undo",
        "clean",
        "detected",
        "profiles",
        "sweep",
        "FOLDER",
        "SECONDS",
        "NUMBER",
        "RATE",
        "REGEX",
        "COMMAND",
        "NAME",
        "FACTOR",
        "lockbit",
        "median",
        "slow",
        "max",
        "all",
        "in-place",
        "shell",
        "source",
        "target",
        "UDP",
        "syslog",
        "person",
        "product",
        "guard",
        "ed25519",
        "sm2",
        "SM3",
        "h",
        "V",
        "history",
        "SQL",
        "SELECT",
        "query",
        "Ballista",
        "scheduler",
        "executor",
        "ID",
        "PORT",
        "MB",
        "s3",
    ]
    .into();
    let commands: &[&[&str]] = &[
        &[],
        &["examine"],
        &["records"],
        &["timeline"],
        &["assets"],
        &["rules"],
        &["rules", "list"],
        &["rules", "check"],
        &["rules", "test"],
        &["explain"],
        &["serve"],
        &["verify"],
        &["backup"],
        &["restore"],
        &["drill"],
        &["drill", "simulate"],
        &["drill", "stop"],
        &["drill", "detected"],
        &["drill", "undo"],
        &["drill", "clean"],
        &["drill", "sweep"],
        &["drill", "profiles"],
    ];
    let history: &[&[&str]] = &[&["history"], &["history", "query"]];
    let cluster: &[&[&str]] = &[&["history", "scheduler"], &["history", "executor"]];
    let compiled = |commands, is: bool| if is { commands } else { &[][..] };
    let history = compiled(history, cfg!(feature = "history"));
    let cluster = compiled(cluster, cfg!(feature = "cluster"));
    for &command in commands.iter().chain(history).chain(cluster) {
        let ran = hangtu(&[command, &["--help", "--lang", "zh-CN"]].concat());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{command:?}");
        let usage = format!("用法: {} …", [&["hangtu"][..], command].concat().join(" "));
        assert!(ran.out.contains(&usage), "{}", ran.out);
        let part = |c: char| c.is_ascii_alphanumeric() || "-./_".contains(c);
        for word in ran.out.split(|c| !part(c)) {
            let word = word.trim_matches(['.', '-', '/']);
            let option = ran.out.contains(&format!("--{word}"));
            let number = word.chars().all(|c| c.is_ascii_digit());
            let day = word.chars().all(|c| c.is_ascii_digit() || c == '-');
            // A document that is named is there to be read.
            let document = word.strip_suffix(".md").is_some() && root().join(word).is_file();
            let known = option || number || day || document || kept.contains(word);
            assert!(known, "{command:?}: {word:?}");
        }
    }
    let english = hangtu(&["--help", "--lang", "en"]);
    if history.is_empty() {
        insta::assert_snapshot!("help-en", english.out);
    }
    // Without a command the same is shown.
    assert_eq!(hangtu(&["--lang", "en"]).out, english.out);
}

/// Commands of a guide in order, and what it says they write. Commands for a shell are left out.
fn commands(guide: &str) -> impl Iterator<Item = (&str, &str)> {
    guide
        .split("```console\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .flat_map(|block| block.split("$ ").skip(1))
        .filter_map(|part| part.split_once('\n'))
        .filter(|(command, _)| command.starts_with("hangtu ") && !command.contains(['|', '>', '*']))
}

/// The guides show what the program writes; `…` stands for what they leave out.
#[cfg(unix)]
#[test]
fn the_guides_show_true_output() {
    for (guide, language) in [("guide.md", "en"), ("guide.zh-CN.md", "zh-CN")] {
        let here = folder(guide);
        std::os::unix::fs::symlink(root().join("examples"), here.join("examples"))
            .expect("a link to the example plant");
        let text = fs::read_to_string(root().join("docs").join(guide)).expect("the guide");
        let spaces = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut count = 0;
        for (line, shown) in commands(&text) {
            let args: Vec<&str> = line.split(' ').skip(1).collect();
            let mut run = command(&args);
            let ran = ran(run.env("LANG", language).current_dir(&here).output().expect("it runs"));
            let said = spaces(&(ran.out + &ran.err));
            for piece in shown.lines().flat_map(|l| l.split('…')) {
                assert!(said.contains(&spaces(piece)), "{guide}: {line}: {piece}\n{said}");
            }
            count += 1;
        }
        assert!(count >= 9, "{guide}: {count} commands");
    }
}
