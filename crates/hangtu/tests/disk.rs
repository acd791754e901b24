//! A full disk and a read-only one: refused with words, nothing lost, and work goes on afterwards.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod kit;
use kit::{Site, get, signed, signed_as};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A small disk of one's own; unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    /// Nothing where mounting is not allowed.
    fn new(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", "size=8m,mode=700", "hangtu-test"], at);
        if !mounted {
            println!("note: mounting is not allowed here; full and read-only disks not tried");
        }
        mounted.then(|| Self(at.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(options: &[&str], at: &Path) -> bool {
    Command::new("mount").args(options).arg(at).output().is_ok_and(|o| o.status.success())
}

/// Status and body of a change.
fn change(agent: &ureq::Agent, base: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = agent.post(format!("{base}/api/v1{path}")).header("origin", base);
    let mut answer = request.content_type("application/json").send(body.to_string()).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_default())
}

#[test]
fn a_full_or_read_only_disk_refuses_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::new(&folder.path().join("disk")) else { return };
    let data = disk.0.join("data");
    let site = Site::start(&data);
    site.set_up(&data);
    let (base, officer) = (site.base.clone(), signed(&site.base));
    let (status, round) = change(&officer, &base, "/answers/open", &json!({}));
    assert_eq!(status, 200);
    let round = round["id"].as_str().unwrap().to_owned();
    let answer = |note: &str| {
        let all = get(&officer, &base, "/answers/questions?control=GOV-01");
        let version = all["questions"][0]["version"].as_i64().unwrap();
        let body = json!({ "round": round, "version": version, "choice": "no", "note": note });
        change(&officer, &base, "/answers/questions/GOV-01", &body)
    };
    let noted = || {
        let shown = get(&officer, &base, "/answers/questions?control=GOV-01");
        shown["questions"][0]["note"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(answer("before").0, 200);

    // Full: something else takes the rest of the disk.
    let hog = disk.0.join("hog");
    let mut taken = vec![0u8; 16 << 20];
    while fs::write(&hog, &taken).is_err() && taken.len() > 4096 {
        let half = taken.len() / 2;
        taken.truncate(half);
        // What a failed write left stays, so that the disk is full.
        if fs::metadata(&hog).is_ok_and(|m| m.len() > 0) {
            break;
        }
    }
    let mut acknowledged = "before".to_owned();
    let mut refused = None;
    for n in 0..400 {
        let (status, said) = answer(&format!("full {n} {}", "x".repeat(900)));
        if status == 200 {
            acknowledged = noted();
        } else {
            refused = Some((status, said));
            break;
        }
    }
    let (status, said) = refused.expect("the disk never became full");
    assert_eq!(status, 507, "{said}");
    assert!(said["detail"].as_str().is_some_and(|d| !d.is_empty()), "{said}");
    assert_eq!(noted(), acknowledged, "reading goes on, and nothing acknowledged is lost");
    let begin = json!({ "name": "a.pcap", "bytes": 6 << 20 });
    let (status, upload) = change(&officer, &base, "/evidence/uploads", &begin);
    assert!(status == 507 || status == 200, "{status} {upload}");

    fs::remove_file(&hog).unwrap();
    assert_eq!(answer("after").0, 200, "with room again, work goes on");
    assert_eq!(noted(), "after");

    // Read-only.
    assert!(mount(&["-o", "remount,ro"], &disk.0) || mount(&["-f", "-o", "remount,ro"], &disk.0));
    let (status, said) = answer("read-only");
    assert_eq!(status, 507, "{said}");
    assert_eq!(noted(), "after");
    drop(site);
    let output = Command::new(env!("CARGO_BIN_EXE_hangtu"))
        .args(["serve", "--lang", "en", "--listen", "127.0.0.1:0", "--data"])
        .arg(disk.0.join("other"))
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains("read-only") && words.contains("other"), "{words}");

    assert!(mount(&["-o", "remount,rw"], &disk.0));
    let site = Site::start(&data);
    let officer = signed(&site.base);
    let shown = get(&officer, &site.base, "/answers/questions?control=GOV-01");
    assert_eq!(shown["questions"][0]["note"], "after");
    let auditor = signed_as(&site.base, "aud");
    assert_eq!(get(&auditor, &site.base, "/audit/verify")["holds"], true);
}
