//! `hangtu timeline` over the example plant and over small logs written here.

use hangtu_examine::{
    Evidence, Reading, Rules,
    timeline::{self, BUFFER, Query, Row, Setup},
};
use hangtu_record::Time;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const PLANT: &str = "examples/plant";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder of this test's own below the target directory, empty.
fn folder(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("timeline").join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder");
    path
}

/// What a timeline says; the exit code must be 0.
fn said(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hangtu"));
    command.arg("timeline").args(args).args(["--lang", "en"]).current_dir(root());
    let out = command.output().expect("it runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("UTF-8")
}

fn rows(args: &[&str]) -> Vec<Value> {
    let said = said(&[args, &["--format", "json"]].concat());
    said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn texts(rows: &[Value], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
}

/// An event as `evtx_dump` writes it.
fn event(channel: &str, provider: &str, id: u32, time: &str, host: &str, data: Value) -> String {
    let event = json!({"Event": {
        "System": {
            "Provider": {"#attributes": {"Name": provider}},
            "EventID": id,
            "TimeCreated": {"#attributes": {"SystemTime": time}},
            "Channel": channel,
            "Computer": host,
        },
        "EventData": data,
    }});
    event.to_string()
}

fn sysmon(id: u32, time: &str, data: Value) -> String {
    let channel = "Microsoft-Windows-Sysmon/Operational";
    event(channel, "Microsoft-Windows-Sysmon", id, time, "EWS-01", data)
}

fn security(id: u32, time: &str, data: Value) -> String {
    event("Security", "Microsoft-Windows-Security-Auditing", id, time, "HMI-02", data)
}

/// A process of Sysmon: its letter, its parent's letter, its command line.
fn process(time: &str, own: char, parent: char, command: &str) -> String {
    let guid = |c: char| format!("{{0197231E-C424-69E1-C922-00000000000{c}}}");
    let image = format!("C:\\Windows\\{}", command.split(' ').next().unwrap_or_default());
    sysmon(
        1,
        time,
        json!({"ProcessGuid": guid(own), "ParentProcessGuid": guid(parent), "Image": image,
            "ProcessId": own as u32, "ParentProcessId": parent as u32, "CommandLine": command,
            "ParentImage": "C:\\Windows\\parent.exe", "User": "PLANT\\wang"}),
    )
}

/// A syslog and a Windows log in a folder; what one says lies between what the other says.
fn logs(test: &str) -> (PathBuf, [String; 2]) {
    let folder = folder(test);
    let syslog = "\
<86>1 2026-03-02T06:00:01Z gw-1 sshd 411 - - Failed password for root from 10.9.0.7 port 50122 ssh2
<86>1 2026-03-02T06:00:05Z gw-1 sshd 411 - - Accepted password for wang from 10.9.0.7 port 50124 ssh2
<86>1 2026-03-02T06:00:09Z gw-1 sshd 411 - - Failed password for root from 10.9.0.7 port 50126 ssh2
";
    let logon = |id, time, name: &str| {
        let data = json!({"TargetUserName": name, "TargetDomainName": "PLANT", "LogonType": 10,
            "IpAddress": "10.9.0.8", "WorkstationName": "=cmd|'/C calc'!A0"});
        security(id, time, data)
    };
    let windows = [
        logon(4625, "2026-03-02T06:00:03Z", "li"),
        logon(4624, "2026-03-02T06:00:07Z", "li"),
        logon(4624, "2026-03-02T07:00:00Z", "zhao"),
    ];
    let paths = [folder.join("gw.log"), folder.join("hmi.jsonl")];
    fs::write(&paths[0], syslog).expect("written");
    fs::write(&paths[1], windows.join("\n") + "\n").expect("written");
    let names = paths.map(|p| p.to_str().expect("UTF-8").to_owned());
    (folder, names)
}

#[test]
fn rows_come_by_time_whatever_the_order_of_inputs() {
    let (_, [a, b]) = logs("order");
    let forth = said(&[&a, PLANT, &b, "--format", "json"]);
    assert_eq!(forth, said(&[PLANT, &b, &a, "--format", "json", "--threads", "1"]));
    let rows = rows(&[&b, &a]);
    assert_eq!(texts(&rows, "host"), ["gw-1", "HMI-02", "gw-1", "HMI-02", "gw-1", "HMI-02"]);
    let last = rows.last().expect("a row");
    assert_eq!(
        [&last["time"], &last["local_time"], &last["action"], &last["who"], &last["number"]],
        [
            &json!("2026-03-02T07:00:00Z"),
            &json!("2026-03-02 15:00:00.000"),
            &json!("security-4624"),
            &json!("PLANT\\zhao"),
            &json!(3)
        ]
    );
}

#[test]
fn filters_keep_what_is_asked_for() {
    let (_, [a, b]) = logs("filters");
    let count = |args: &[&str]| rows(&[&[a.as_str(), b.as_str()], args].concat()).len();
    assert_eq!(count(&["--from", "2026-03-02T06:00:05Z"]), 4);
    assert_eq!(count(&["--from", "2026-03-02 14:00:05", "--to", "2026-03-02 14:00:09"]), 2);
    assert_eq!(count(&["--host", "hmi-02"]), 3);
    assert_eq!(count(&["--host", "10.9.0.7"]), 3);
    assert_eq!(count(&["--user", "WANG"]), 1);
    assert_eq!(count(&["--user", "plant\\li"]), 2);
    assert_eq!(count(&["--text", "failed PASSWORD"]), 2);
    let matched = rows(&[PLANT, "--matches"]);
    assert!(!matched.is_empty());
    assert!(matched.iter().all(|row| row["rules"].as_array().is_some_and(|r| !r.is_empty())));
    // What an authorisation covers is not marked: of two stops one was approved.
    let stops = rows(&[PLANT, "--matches", "--text", "PLC Stop"]);
    assert_eq!(texts(&stops, "local_time"), ["2026-03-02 19:42:10.001"]);
}

#[test]
fn cells_are_quoted_and_no_formulas() {
    let (folder, _) = logs("csv");
    let line = security(
        4688,
        "2026-03-02T06:00:03Z",
        json!({"NewProcessName": "C:\\a.exe", "CommandLine": "a.exe \"x, y\"\r\nz",
            "SubjectUserName": "=HYPERLINK(1)"}),
    );
    let file = folder.join("one.jsonl");
    fs::write(&file, line + "\n").expect("written");
    let said = said(&[file.to_str().expect("UTF-8"), "--format", "csv"]);
    let lines: Vec<&str> = said.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].starts_with("time,local_time,kind,host,who,whom,source,action,text,file"));
    assert!(lines[1].contains(",'=HYPERLINK(1),"), "{said}");
    assert!(lines[1].contains("a.exe \"\"x, y\"\" z"), "{said}");
}

/// The names of columns are a promise.
#[test]
fn every_column_is_documented() {
    let document = fs::read_to_string(root().join("docs/timeline.md")).expect("the document");
    for show in ["events", "logons", "processes", "first-seen"] {
        let said = said(&[PLANT, "--show", show, "--format", "csv"]);
        for name in said.lines().next().expect("a header").split(',') {
            let named = document.contains(&format!("`{name}`"));
            assert!(named, "{show}: {name} is not in the document");
        }
    }
}

#[test]
fn processes_stand_below_their_parents() {
    let folder = folder("processes");
    let end = json!({"ProcessGuid": "{0197231E-C424-69E1-C922-00000000000B}", "ProcessId": 66});
    let started = |time, new: &str, by: &str, name: &str| {
        let data = json!({"NewProcessId": new, "ProcessId": by, "SubjectUserName": "li",
            "NewProcessName": format!("C:\\{name}"), "ParentProcessName": "C:\\one.exe"});
        security(4688, time, data)
    };
    let lines = [
        // Child before parent in the file, a parent nobody saw, and two that name each other.
        process("2026-03-02T06:00:03Z", 'C', 'B', "whoami.exe /all"),
        process("2026-03-02T06:00:01Z", 'B', 'A', "cmd.exe /c whoami"),
        process("2026-03-02T06:00:04Z", 'D', 'E', "left.exe"),
        process("2026-03-02T06:00:05Z", 'E', 'D', "right.exe"),
        sysmon(5, "2026-03-02T06:00:09Z", end),
        // One number twice: the nearest earlier process is the parent, not one before the start.
        started("2026-03-02T05:00:00Z", "0x10", "0x4", "one.exe"),
        started("2026-03-02T05:00:01Z", "0x20", "0x10", "two.exe"),
        security(4608, "2026-03-02T05:30:00Z", json!({})),
        started("2026-03-02T05:31:00Z", "0x30", "0x10", "three.exe"),
    ];
    let file = folder.join("sysmon.jsonl");
    fs::write(&file, lines.join("\n") + "\n").expect("written");
    let file = file.to_str().expect("UTF-8");
    let tree: Vec<(u64, String)> = rows(&[file, "--show", "processes"])
        .iter()
        .map(|row| {
            let image = row["image"].as_str().expect("an image");
            let name = image.rsplit('\\').next().expect("a name").to_owned();
            (row["depth"].as_u64().expect("a depth"), name)
        })
        .collect();
    let expected = [
        (0, "parent.exe"),
        (1, "cmd.exe"),
        (2, "whoami.exe"),
        (0, "left.exe"),
        (1, "right.exe"),
        // Those of HMI-02 told of 0x4 only by its image.
        (0, "one.exe"),
        (1, "one.exe"),
        (2, "two.exe"),
        (0, "one.exe"),
        (1, "three.exe"),
    ];
    assert_eq!(tree, expected.map(|(depth, name)| (depth, name.to_owned())));
    let text = said(&[file, "--show", "processes", "--text", "/all"]);
    assert!(text.contains("2026-03-02 14:00:01–14:00:09"), "{text}");
    assert!(!text.contains("left.exe"), "only what is asked for, and what it hangs on: {text}");
}

#[test]
fn logons_are_summed_up_and_first_times_are_told() {
    let (_, [a, b]) = logs("sums");
    let logons = rows(&[&a, &b, "--show", "logons"]);
    let told: Vec<String> = logons
        .iter()
        .map(|l| {
            let text = |name: &str| l[name].as_str().unwrap_or_default().to_owned();
            let names = ["account", "host", "from", "how", "outcome"].map(text);
            format!("{} {}", names.join(" "), l["count"])
        })
        .collect();
    assert_eq!(
        told,
        [
            "root gw-1 10.9.0.7 sshd failure 2",
            "PLANT\\li HMI-02 10.9.0.8 remote-interactive failure 1",
            "wang gw-1 10.9.0.7 sshd success 1",
            "PLANT\\li HMI-02 10.9.0.8 remote-interactive success 1",
            "PLANT\\zhao HMI-02 10.9.0.8 remote-interactive success 1",
        ]
    );
    let names = |args: &[&str]| {
        let args = [&[a.as_str(), b.as_str(), "--show", "first-seen"], args].concat();
        texts(&rows(&args), "name")
    };
    assert_eq!(names(&[]), ["10.9.0.7", "10.9.0.8", "wang", "PLANT\\li", "PLANT\\zhao"]);
    // What was there before is not new.
    assert_eq!(names(&["--from", "2026-03-02 14:00:06"]), ["PLANT\\li", "PLANT\\zhao"]);
    assert!(!texts(&rows(&[PLANT, "--show", "logons"]), "account").is_empty());
}

#[test]
fn spilled_rows_are_the_same_rows() {
    let catalog = hangtu_catalog::Catalog::embedded().expect("content");
    let rules = Rules::load(&catalog, &[]).expect("rules");
    let reading = Reading::new(8 * 3600, Time(0));
    let evidence = Evidence::find(&[root().join(PLANT)], &reading).expect("evidence");
    let query = Query::default();
    let collect = |buffer| -> Vec<Row> {
        let setup =
            Setup { reading: &reading, rules: &rules, authorisations: None, query: &query, buffer };
        let (rows, _) = timeline::events(&evidence, &setup).expect("rows");
        rows.collect::<Result<_, _>>().expect("rows of the file")
    };
    let whole = collect(BUFFER);
    assert_eq!(whole.len(), 2_969);
    assert!(whole.is_sorted());
    assert_eq!(collect(20_000), whole, "many runs");
    assert_eq!(collect(1), whole, "a run for each row");
}
