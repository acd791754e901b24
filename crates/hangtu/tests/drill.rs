//! `hangtu drill` as its users meet it.

#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn drill(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hangtu")).arg("drill").args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn results(path: &Path) -> Vec<Value> {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Files below a folder.
fn count(folder: &Path) -> usize {
    fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|e| if e.file_type().unwrap().is_dir() { count(&e.path()) } else { 1 })
        .sum()
}

#[test]
fn a_backup_with_restic_brings_everything_back() {
    if Command::new("restic").arg("version").output().is_err() {
        eprintln!("skipped: restic is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (parent, repository, password) = (at("drills"), at("repository"), at("password"));
    fs::create_dir(&parent).unwrap();
    fs::write(&password, "for the drill only").unwrap();
    let restic = format!("restic --no-cache --password-file '{password}' -r");
    let init = Command::new("restic")
        .args(["--no-cache", "--password-file", &password, "-r", &repository, "init"])
        .output()
        .unwrap();
    assert!(init.status.success(), "{}", text(&init.stderr));
    let out = at("results.json");
    let ran = drill(&[
        "simulate",
        &parent,
        "--contact",
        "王工 8001",
        "--files",
        "200",
        "--rate",
        "max",
        "--profile",
        "in-place",
        "--out",
        &out,
        "--backup-place",
        &repository,
        "--backup-command",
        &format!("{restic} {{target}} backup {{source}}"),
        "--restore-command",
        &format!("{restic} {{source}} restore latest --target {{target}}"),
        "--lang",
        "zh-CN",
    ]);
    let said = text(&ran.stdout);
    assert_eq!(ran.status.code(), Some(0), "{said}{}", text(&ran.stderr));
    eprintln!("{said}");
    let r = &results(Path::new(&out))[0];
    assert_eq!(r["recovery"]["right"], 200, "{r:#}");
    assert_eq!(r["recovery"]["verdict"], "passed");
    assert_eq!(r["backup"]["exists"], "passed");
    assert_eq!(r["backup"]["restorable"], "passed");
    assert_eq!(r["undone"]["failed"].as_array().unwrap().len(), 0);
    assert!(said.contains("100.0%"), "{said}");
    // Only the record stays, without the originals.
    let state = format!("{}.state", r["directory"].as_str().unwrap());
    assert!(Path::new(&state).join("result.json").exists());
    assert!(!Path::new(&state).join("originals.pack").exists());
    assert!(!Path::new(r["directory"].as_str().unwrap()).exists());
}

#[test]
fn without_a_working_backup_the_drill_fails_and_still_puts_everything_back() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let parent = at("drills");
    fs::create_dir(&parent).unwrap();
    let out = at("results.json");
    let ran = drill(&[
        "simulate",
        &parent,
        "--contact",
        "Wang",
        "--files",
        "60",
        "--rate",
        "max",
        "--profile",
        "in-place",
        "--profile",
        "delete-only",
        "--out",
        &out,
        "--backup-place",
        &at("nothing"),
        "--backup-command",
        "false",
        "--restore-command",
        "false",
        "--lang",
        "en",
    ]);
    let said = text(&ran.stdout);
    assert_eq!(ran.status.code(), Some(1), "{said}{}", text(&ran.stderr));
    eprintln!("{said}");
    assert!(said.contains("no copy") && said.contains("not attempted"), "{said}");
    for r in results(Path::new(&out)) {
        assert_eq!(r["backup"]["verdict"], "failed");
        assert_eq!(r["recovery"]["missing"], 60);
        assert_eq!(r["detection"]["verdict"], "not_attempted");
        assert_eq!(r["undone"]["failed"].as_array().unwrap().len(), 0);
        assert_eq!(r["cleaned"]["gone"], true);
    }
}

#[test]
fn a_drill_that_is_kept_is_undone_and_cleared_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let parent = folder.path().display().to_string();
    let ran = drill(&[
        "simulate",
        &parent,
        "--contact",
        "Wang",
        "--files",
        "30",
        "--rate",
        "max",
        "--keep",
        "--lang",
        "en",
    ]);
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stderr));
    let dir = fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .map(|e| e.path())
        .find(|p| p.extension().is_none())
        .unwrap();
    // The decoys, the marker, and a note in every folder.
    assert!(count(&dir) > 40);
    let dir = dir.display().to_string();
    let undone = drill(&["undo", &dir, "--lang", "en"]);
    assert_eq!(undone.status.code(), Some(0));
    assert!(text(&undone.stdout).contains("decrypted: 30"), "{}", text(&undone.stdout));
    let noticed = drill(&["detected", &dir, "--by", "product", "--note", "late", "--lang", "en"]);
    assert_eq!(noticed.status.code(), Some(0));
    assert_eq!(drill(&["clean", &dir, "--forget"]).status.code(), Some(0));
    assert_eq!(count(folder.path()), 0);
    let again = drill(&["undo", &dir, "--lang", "en"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("no drill made it"), "{}", text(&again.stderr));
}

#[test]
fn bad_places_are_refused_in_both_languages() {
    let simulate = |place: &str, language: &str| {
        let ran = drill(&["simulate", place, "--contact", "x", "--lang", language]);
        (ran.status.code(), text(&ran.stderr))
    };
    let (code, said) = simulate("/", "en");
    assert_eq!(code, Some(2));
    assert!(said.contains("/: no drill here: it is the root of the file system"), "{said}");
    let (_, said) = simulate("/proc/self", "zh-CN");
    assert!(said.contains("不能在此演练") && said.contains("proc"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display().to_string();
    let ran = drill(&["simulate", &place, "--contact", "x", "--never", &place, "--lang", "en"]);
    assert!(text(&ran.stderr).contains("never to be used"), "{}", text(&ran.stderr));
    assert_eq!(count(folder.path()), 0);
    let profiles = drill(&["profiles", "--lang", "zh-CN"]);
    assert_eq!(text(&profiles.stdout).lines().count(), 14);
}
