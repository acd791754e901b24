//! Simulations begun from the server, against a real worker and a real backup program.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod kit;
use kit::{Site, get, post, signed, signed_as};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

fn wait(what: &str, mut until: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !until() {
        assert!(begun.elapsed() < Duration::from_secs(90), "{what}: not within 90 s");
        thread::sleep(Duration::from_millis(20));
    }
}

/// What lies in a folder, the administrator's file apart.
fn left(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().flatten();
    let names = names.map(|e| e.file_name().to_string_lossy().into_owned());
    names.filter(|n| n != "hangtu-drill.yml").collect()
}

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    /// A folder for drills whose backup is made by restic, else by cp.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["drills", "backup"] {
            fs::create_dir(at(name)).unwrap();
        }
        fs::set_permissions(at("backup"), fs::Permissions::from_mode(0o700)).unwrap();
        let (place, password) = (at("backup"), at("password"));
        fs::write(&password, "for the drill only").unwrap();
        let (place, password) = (place.display(), password.display());
        let restic = format!("restic --no-cache --password-file {password} -r");
        let ready = Command::new("restic")
            .args(["--no-cache", "--password-file"])
            .arg(at("password"))
            .arg("-r")
            .arg(at("backup"))
            .arg("init")
            .output()
            .is_ok_and(|o| o.status.success());
        let (backup, restore) = if ready {
            (
                format!("{restic} {{target}} backup {{source}}"),
                format!("{restic} {{source}} restore latest --target {{target}}"),
            )
        } else {
            println!("note: restic is not installed; cp stands in for the backup program");
            ("cp -a {source} {target}".into(), "cp -a {source}/. {target}".into())
        };
        let recipe = format!("backup: '{backup}'\nrestore: '{restore}'\nplace: {place}\n");
        fs::write(at("drills/hangtu-drill.yml"), recipe).unwrap();
        fs::set_permissions(at("drills/hangtu-drill.yml"), fs::Permissions::from_mode(0o600))
            .unwrap();
        Self { folder }
    }

    fn drills(&self) -> std::path::PathBuf {
        fs::canonicalize(self.folder.path().join("drills")).unwrap()
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn start(&self) -> Site {
        Site::start_with(&self.data(), &["--drill-folder".as_ref(), self.drills().as_os_str()])
    }

    fn new_one(&self, files: u32, rate: &str) -> Value {
        json!({ "folder": self.drills(), "profile": "in-place", "files": files, "rate": rate,
            "wait": 30, "contact": "王工 8001", "informed": "yes" })
    }
}

/// A token that can do nothing but tell of alarms.
fn token(agent: &ureq::Agent, base: &str) -> String {
    let fields = "name=edr&scopes=detect&days=30";
    let made = agent
        .post(format!("{base}/me/tokens"))
        .header("origin", base)
        .content_type("application/x-www-form-urlencoded")
        .send(fields)
        .unwrap();
    let next = made.headers()["location"].to_str().unwrap().to_owned();
    let page = agent.get(format!("{base}{next}")).call().unwrap().body_mut().read_to_string();
    let page = page.unwrap();
    let at = page.find("hgt_").unwrap();
    page[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

fn aspect(findings: &Value, name: &str) -> Option<String> {
    let rows = findings["findings"].as_array().unwrap().iter();
    let mut of = rows.filter(|f| f["subject"] == name);
    of.next().map(|f| f["state"].as_str().unwrap().to_owned())
}

#[test]
fn a_simulation_is_noticed_restored_and_proves_what_was_mended() {
    let bench = Bench::new();
    let site = bench.start();
    site.set_up(&bench.data());
    let (base, officer) = (site.base.clone(), signed(&site.base));

    // Denied: elsewhere, unannounced, by somebody without the right.
    let mut elsewhere = bench.new_one(200, "max");
    elsewhere["folder"] = json!("/tmp");
    assert!(post(&officer, &base, "/drills/simulations", &elsewhere).is_none());
    let mut unannounced = bench.new_one(200, "max");
    unannounced["informed"] = json!("");
    assert!(post(&officer, &base, "/drills/simulations", &unannounced).is_none());
    let admin = signed_as(&base, "sys");
    assert!(post(&admin, &base, "/drills/simulations", &bench.new_one(200, "max")).is_none());

    // Nobody stops the first one; a product and the officer notice.
    let token = token(&officer, &base);
    let product = || {
        kit::agent()
            .post(format!("{base}/api/v1/drills/simulations/detected"))
            .header("authorization", format!("Bearer {token}"))
            .content_type("text/plain")
            .send("ALERT ransomware-like behaviour")
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(product(), 409, "nothing runs");
    let begun = post(&officer, &base, "/drills/simulations", &bench.new_one(200, "max")).unwrap();
    let id = begun["id"].as_str().unwrap().to_owned();
    let busy = post(&officer, &base, "/drills/simulations", &bench.new_one(200, "max"));
    assert!(busy.is_none(), "one at a time");
    let path = format!("/drills/simulations/{id}");
    let phase = || get(&officer, &base, &path)["progress"]["phase"].clone();
    wait("the attack", || phase() == "lingering");
    assert_eq!(product(), 200);
    wait("the end", || get(&officer, &base, &path)["state"] == "done");
    let done = get(&officer, &base, &path);
    let r = &done["result"];
    assert_eq!(r["detection"]["first"][0]["source"], "webhook", "{r}");
    assert_eq!(r["detection"]["verdict"], "passed");
    assert_eq!((&r["recovery"]["right"], &r["recovery"]["wrong"]), (&json!(200), &json!(0)));
    assert_eq!(r["backup"]["verdict"], "passed", "{}", r["backup"]);
    println!(
        "first simulation: noticed after {} s, {} files lost, restored 200 of 200 in {} s",
        r["detection"]["first"][0]["seconds"],
        r["containment"]["files_lost"],
        r["recovery"]["seconds"],
    );
    wait("clearing away", || left(&bench.drills()).is_empty());
    let found = || get(&officer, &base, "/findings?q=drill.simulation&state=all");
    assert_eq!(aspect(&found(), "containment").as_deref(), Some("open"));
    assert_eq!(aspect(&found(), "detection"), None);

    // The second is slow; the officer sees it, and stops it: what was missing is proven mended.
    let begun =
        post(&officer, &base, "/drills/simulations", &bench.new_one(100, "median")).unwrap();
    let second = format!("/drills/simulations/{}", begun["id"].as_str().unwrap());
    wait("the attack", || get(&officer, &base, &second)["progress"]["phase"] == "running");
    wait("a few files", || get(&officer, &base, &second)["progress"]["changed"].as_u64() > Some(3));
    let noticed = json!({ "by": "person", "note": "文件名变了" });
    post(&officer, &base, &format!("{second}/detected"), &noticed).unwrap();
    post(&officer, &base, &format!("{second}/stop"), &json!({})).unwrap();
    wait("the end", || get(&officer, &base, &second)["state"] == "done");
    let done = get(&officer, &base, &second);
    let r = &done["result"];
    assert_eq!(r["detection"]["first"][0]["source"], "person");
    assert_eq!(r["containment"]["means"], "stop_command", "{}", r["containment"]);
    assert!(r["containment"]["files_lost"].as_u64() < Some(100));
    assert_eq!(done["earlier"].as_array().unwrap().len(), 1);
    assert_eq!(aspect(&found(), "containment").as_deref(), Some("closed"));
    assert!(post(&officer, &base, &format!("{second}/stop"), &json!({})).is_none(), "it is over");

    let home = get(&officer, &base, "/");
    let ransomware =
        home["matrix"].as_array().unwrap().iter().find(|l| l["scenario"] == "ransomware");
    assert_eq!(ransomware.unwrap()["simulated"]["passed"], true);
    let auditor = signed_as(&base, "aud");
    assert_eq!(get(&auditor, &base, "/audit/verify")["holds"], true);
}

#[test]
fn a_program_killed_in_the_middle_puts_everything_back_at_its_next_start() {
    let bench = Bench::new();
    let site = bench.start();
    site.set_up(&bench.data());
    let officer = signed(&site.base);
    let begun =
        post(&officer, &site.base, "/drills/simulations", &bench.new_one(200, "median")).unwrap();
    let path = format!("/drills/simulations/{}", begun["id"].as_str().unwrap());
    let changed = |base: &str| get(&officer, base, &path)["progress"]["changed"].as_u64();
    wait("a few files", || changed(&site.base) > Some(5));
    assert!(!left(&bench.drills()).is_empty());
    site.kill();

    let site = bench.start();
    let officer = signed(&site.base);
    let row = get(&officer, &site.base, &path);
    assert_eq!(row["state"], "broken-off");
    let left: Vec<_> = left(&bench.drills())
        .into_iter()
        .filter(|n| n.rsplit('.').next() != Some("state"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // And the next one may begin.
    let again =
        post(&officer, &site.base, "/drills/simulations", &bench.new_one(50, "max")).unwrap();
    let path = format!("/drills/simulations/{}", again["id"].as_str().unwrap());
    let phase = || get(&officer, &site.base, &path)["progress"]["phase"].clone();
    wait("the attack", || phase() == "lingering");
    post(&officer, &site.base, &format!("{path}/detected"), &json!({})).unwrap();
    wait("the end", || get(&officer, &site.base, &path)["state"] == "done");
}
