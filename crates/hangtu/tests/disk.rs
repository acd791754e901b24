//! A full disk and a read-only one: refused with words, nothing lost, and work goes on afterwards.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod kit;
use kit::{Site, get, signed, signed_as};
use serde_json::{Value, json};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// A small disk of one's own; unmounted when dropped.
struct Disk {
    image: PathBuf,
    at: PathBuf,
}

fn done(program: &str, words: &[&str], paths: &[&Path]) -> bool {
    Command::new(program).args(words).args(paths).output().is_ok_and(|o| o.status.success())
}

impl Disk {
    /// Nothing where making or mounting one is not allowed.
    fn new(folder: &Path) -> Option<Self> {
        let disk = Self { image: folder.join("image"), at: folder.join("disk") };
        fs::create_dir_all(&disk.at).unwrap();
        fs::File::create(&disk.image).unwrap().set_len(16 << 20).unwrap();
        let there = done("mkfs.ext4", &["-q", "-F", "-m", "0"], &[&disk.image]) && disk.mount();
        if !there {
            println!("note: a disk cannot be made here; full and read-only disks not tried");
        }
        there.then_some(disk)
    }

    fn mount(&self) -> bool {
        done("mount", &["-o", "loop,errors=remount-ro"], &[&self.image, &self.at])
    }

    /// As after an error of the hardware: read-only while files are open for writing.
    fn fail(&self) {
        assert!(done("mount", &["-o", "remount,abort"], &[&self.at]));
    }

    fn mend(&self) {
        assert!(done("umount", &[], &[&self.at]) && self.mount());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        done("umount", &["-l"], &[&self.at]);
    }
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
    let Some(disk) = Disk::new(folder.path()) else { return };
    let data = disk.at.join("data");
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
    let hog = disk.at.join("hog");
    let mut file = fs::File::create(&hog).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    drop(file);
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
    disk.fail();
    let (status, said) = answer("read-only");
    assert_eq!(status, 507, "{said}");
    assert_eq!(noted(), "after");
    drop(site);
    let output = Command::new(env!("CARGO_BIN_EXE_hangtu"))
        .args(["serve", "--lang", "en", "--listen", "127.0.0.1:0", "--data"])
        .arg(disk.at.join("other"))
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains("read-only") && words.contains("other"), "{words}");

    disk.mend();
    let site = Site::start(&data);
    let officer = signed(&site.base);
    let shown = get(&officer, &site.base, "/answers/questions?control=GOV-01");
    assert_eq!(shown["questions"][0]["note"], "after");
    let auditor = signed_as(&site.base, "aud");
    assert_eq!(get(&auditor, &site.base, "/audit/verify")["holds"], true);
}
