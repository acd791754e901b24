//! The program as its users meet it: the real binary over the example plant.

mod baseline;
mod evidence;
mod rules;
mod words;

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

#[test]
fn a_full_disk_leaves_the_earlier_examination_whole() {
    let out = folder("full-disk");
    assert_eq!(hangtu(&["examine", MORNING, "--out", text(&out)]).code, 0);
    let before = fs::read(out.join("findings.json")).expect("it was written");
    // No file may grow beyond a few kilobytes.
    let limited = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", limited, env!("CARGO_BIN_EXE_hangtu")]);
    command.args(["examine", EVENING, "--lang", "en", "--out", text(&out)]).current_dir(root());
    let full = ran(command.output().expect("it runs"));
    assert_eq!(full.code, 2, "{}", full.out);
    assert!(full.err.contains("cannot be written"), "{}", full.err);
    assert!(fs::read(out.join("findings.json")).expect("it is there") == before);
    let names = fs::read_dir(&out).expect("the folder").map(|e| e.expect("an entry").file_name());
    let names: BTreeSet<_> = names.collect();
    assert_eq!(names, ["findings.json".into(), "report.html".into()].into());
}

#[test]
fn results_of_an_earlier_examination_are_named() {
    let out = folder("earlier-results");
    let first = hangtu(&["examine", MORNING, "--format", "html,xlsx", "--out", text(&out)]);
    assert!(!first.out.contains("of an earlier examination"), "{}", first.out);
    let second = hangtu(&["examine", EVENING, "--format", "xlsx", "--out", text(&out)]);
    let said: Vec<&str> = second.out.lines().filter(|l| l.contains("of an earlier")).collect();
    assert_eq!(said.len(), 1, "{}", second.out);
    assert!(said[0].contains("report.html"), "{}", said[0]);
    assert!(out.join("report.html").exists());
}

#[test]
fn help_that_nobody_can_read_is_an_error() {
    for args in [&[][..], &["--help"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
        let run = ran(command(args).stdout(full).output().expect("it runs"));
        assert_eq!(run.code, 2, "{args:?}: {}", run.err);
        assert!(run.err.contains("cannot be written"), "{args:?}: {}", run.err);
    }
}
