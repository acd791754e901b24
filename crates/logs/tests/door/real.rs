//! Public logs that lie beside the repository; skipped where they do not.

use crate::events;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn folder(name: &str) -> Option<PathBuf> {
    let roots = ["../../../shared/data/logs", "/work/shared/data/logs"];
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = roots.iter().map(|root| here.join(root).join(name)).find(|p| p.exists());
    if found.is_none() {
        println!("skipped: {name} is not there");
    }
    found
}

fn files(folder: &Path, extension: &str, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, out);
        } else if path.extension().is_some_and(|e| e == extension) {
            out.push(path);
        }
    }
    out.sort();
}

#[test]
fn audit_logs_give_an_event_for_each_serial() {
    let Some(folder) = folder("auditd") else { return };
    let mut list = Vec::new();
    files(&folder, "txt", &mut list);
    let mut total = 0;
    for path in list {
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let serials: BTreeSet<_> = text
            .lines()
            .filter(|l| !l.starts_with('#'))
            .filter_map(|l| {
                let node = l.strip_prefix("node=").and_then(|l| l.split(' ').next());
                let id = l.split_once("msg=audit(")?.1.split(')').next()?;
                Some((node.map(str::to_owned), id.to_owned()))
            })
            .collect();
        if serials.is_empty() {
            continue;
        }
        let (found, summary) = events(&bytes);
        assert_eq!(found.len(), serials.len(), "{}", path.display());
        assert!(summary.damages.is_empty(), "{}: {:?}", path.display(), summary.damages);
        total += found.len();
    }
    println!("{total} audit events");
}

#[test]
fn loghub_files_give_an_event_for_each_line() {
    let Some(folder) = folder("loghub") else { return };
    for name in ["Linux_2k.log", "OpenSSH_2k.log", "Windows_2k.log"] {
        let bytes = fs::read(folder.join(name)).unwrap();
        let (found, summary) = events(&bytes);
        assert_eq!(found.len(), String::from_utf8_lossy(&bytes).lines().count(), "{name}");
        assert!(summary.damages.is_empty(), "{name}: {:?}", summary.damages);
        let with = |field: &str| found.iter().filter(|e| e.get(field).is_some()).count();
        println!(
            "{name}: {} events, {} actions, {} users, {} addresses, {} outcomes",
            found.len(),
            with("event.action"),
            with("user.name"),
            with("source.ip"),
            with("authentication.outcome")
        );
    }
}

#[test]
fn json_twins_of_the_regression_data_can_be_read() {
    let Some(folder) = folder("sigma/regression_data") else { return };
    let mut list = Vec::new();
    files(&folder, "json", &mut list);
    let mut total = 0;
    for path in &list {
        let (found, summary) = events(&fs::read(path).unwrap());
        assert!(!found.is_empty(), "{}", path.display());
        assert!(summary.damages.is_empty(), "{}: {:?}", path.display(), summary.damages);
        for event in &found {
            assert_eq!(event.text("log.format"), Some("windows-json"));
            assert!(event.get("EventID").is_some() && event.get("Channel").is_some());
        }
        total += found.len();
    }
    println!("{total} events of {} files", list.len());
}
