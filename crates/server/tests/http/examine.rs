//! Evidence and its examination.

use crate::kit::{self, Client, Site, on_both};
use hangtu_catalog::{Catalog, sha256};
use hangtu_examine::{Evidence, Reading, Rules, Setup, examine};
use hangtu_record::Time;
use hangtu_server::Config;
use serde_json::{Value, json};
use std::{fs, path::PathBuf, time::Duration};

fn plant(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/plant")).join(name)
}

fn begin(client: &Client, name: &str, bytes: usize) -> String {
    let body = json!({ "name": name, "bytes": bytes });
    client.post("/evidence/uploads", &body).ok().json()["id"].as_str().unwrap().to_owned()
}

fn piece(client: &Client, id: &str, offset: usize, bytes: &[u8]) -> kit::Answer {
    client.send("PATCH", &format!("/api/v1/evidence/uploads/{id}?offset={offset}"), bytes)
}

fn upload(client: &Client, name: &str, content: &[u8]) -> Value {
    let id = begin(client, name, content.len());
    piece(client, &id, 0, content).ok();
    client.post(&format!("/evidence/uploads/{id}/finish"), &json!({})).ok().json()
}

fn start(client: &Client, evidence: &[&Value]) -> String {
    let ids: Vec<&Value> = evidence.iter().map(|e| &e["id"]).collect();
    let run = client.post("/runs", &json!({ "evidence": ids })).ok().json();
    run["id"].as_str().unwrap().to_owned()
}

fn ended(client: &Client, run: &str) -> Value {
    for _ in 0..1200 {
        let answer = client.api(&format!("/runs/{run}"));
        if !matches!(answer["state"].as_str().unwrap(), "queued" | "running") {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the run does not end");
}

#[test]
fn an_upload_goes_on_after_a_restart_and_is_stored_once() {
    on_both(|mut site| {
        site.set_up();
        let content = fs::read(plant("office.pcap.gz")).unwrap();
        let officer = site.signed("officer");
        let id = begin(&officer, "../办公网/office.pcap.gz", content.len());
        let told = piece(&officer, &id, 0, &content[..70_000]).ok().json();
        assert_eq!(told["received"], 70_000);
        assert_eq!(piece(&officer, &id, 5, &content[5..]).status, 409, "the wrong place");
        let finish = format!("/evidence/uploads/{id}/finish");
        assert_eq!(officer.post(&finish, &json!({})).status, 409, "not all of it");
        site.restart();
        let officer = site.signed("officer");
        let standing = officer.api(&format!("/evidence/uploads/{id}"));
        assert_eq!(standing["received"], 70_000);
        assert_eq!(piece(&officer, &id, 70_000, &vec![0; content.len()]).status, 413, "too much");
        piece(&officer, &id, 70_000, &content[70_000..]).ok();
        let first = officer.post(&finish, &json!({})).ok().json();
        assert_eq!(first["sha256"], sha256(&content));
        assert_eq!(upload(&officer, "again.pcap.gz", &content), first, "stored once");
        let list = officer.api("/evidence");
        assert_eq!(list["total"], 1);
        assert_eq!(list["items"][0]["name"], "../办公网/office.pcap.gz", "a text, not a path");
        let hash = sha256(&content);
        let kept = site.data.path().join("data/evidence").join(&hash[..2]).join(&hash);
        assert_eq!(fs::read(&kept).unwrap(), content);
        assert_eq!(fs::read_dir(site.data.path().join("data/uploads")).unwrap().count(), 0);
        let delete = format!("/evidence/{}/delete", first["id"].as_str().unwrap());
        assert_eq!(officer.post(&delete, &json!({ "reason": " " })).status, 422);
        officer.post(&delete, &json!({ "reason": "wrong plant" })).ok();
        assert!(!kept.exists());
        assert_eq!(
            officer
                .post("/evidence/uploads", &json!({ "name": "x", "bytes": 60_u64 << 30 }))
                .status,
            413
        );
    });
}

/// What the library makes of a file, less its time.
fn by_library(name: &str) -> Value {
    let catalog = Catalog::embedded().unwrap();
    let rules = Rules::load(&catalog, &[]).unwrap();
    let reading = Reading::new(8 * 3600, Time(i64::MAX));
    let mut evidence = Evidence::find(&[plant(name)], &reading).unwrap();
    evidence.called.insert(plant(name), name.to_owned());
    let setup = Setup {
        catalog: &catalog,
        rules: &rules,
        authorisations: None,
        reading: &reading,
        now: Time(0),
    };
    timeless(serde_json::to_value(examine(&evidence, &setup, &mut ()).unwrap()).unwrap())
}

fn timeless(mut examination: Value) -> Value {
    examination["run"]["examined_at"] = Value::Null;
    examination
}

#[test]
fn a_run_finds_what_the_library_finds_and_shows_it_to_nobody_else() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        let name = "control-1600.pcap.zst";
        let evidence = upload(&officer, name, &fs::read(plant(name)).unwrap());
        let run = start(&officer, &[&evidence]);
        let done = ended(&officer, &run);
        assert_eq!(done["state"], "done", "{done}");
        assert_eq!(done["number"], 1);
        let documents = format!("/runs/{run}/documents");
        let found = officer.get(&format!("{documents}/findings.json")).ok().json();
        assert!(!found["findings"].as_array().unwrap().is_empty());
        assert_eq!(done["findings"], found["findings"].as_array().unwrap().len());
        assert_eq!(timeless(found), by_library(name));
        for document in ["report.html", "findings.sarif", "findings.ocsf.jsonl", "findings.xlsx"] {
            let answer = officer.get(&format!("{documents}/{document}")).ok();
            let attached = answer
                .headers
                .iter()
                .any(|(n, v)| n == "content-disposition" && v.starts_with("attachment"));
            assert!(attached && answer.text.len() > 1000, "{document}");
        }
        let page = officer.get(&format!("/runs/{run}")).ok().text;
        assert!(page.contains("检测覆盖范围") && page.len() < 100_000, "{}", page.len());
        assert!(page.find("检测覆盖范围") < page.find("检测发现"), "coverage first");
        for list in ["/evidence", "/runs"] {
            assert!(officer.get(list).ok().text.contains("</table>"));
        }

        let other = site.other_organisation();
        for list in ["/evidence", "/runs"] {
            assert_eq!(other.api(list)["total"], 0);
        }
        let id = evidence["id"].as_str().unwrap();
        for path in [
            format!("/runs/{run}"),
            format!("{documents}/findings.json"),
            format!("/runs/{run}/progress"),
        ] {
            assert_eq!(other.get(&path).status, 404, "{path}");
        }
        assert_eq!(other.post("/runs", &json!({ "evidence": [id] })).status, 404);
        assert_eq!(other.post(&format!("/runs/{run}/cancel"), &json!({})).status, 404);
        let why = json!({ "reason": "x" });
        assert_eq!(other.post(&format!("/evidence/{id}/delete"), &why).status, 404);
        let upload = begin(&officer, "x", 4);
        assert_eq!(piece(&other, &upload, 0, b"abcd").status, 404);

        let security = site.signed("sec");
        assert_eq!(security.get("/runs").status, 200, "may read");
        for (path, body) in [
            ("/evidence/uploads".to_owned(), json!({ "name": "x", "bytes": 1 })),
            ("/runs".to_owned(), json!({ "evidence": [id] })),
            (format!("/runs/{run}/cancel"), json!({})),
            (format!("/evidence/{id}/delete"), why),
        ] {
            assert_eq!(security.post(&path, &body).status, 403, "{path}");
        }
        assert_eq!(site.signed("sys").get("/runs").status, 403);
        assert_eq!(site.client().get("/api/v1/runs").status, 401);
    });
}

#[test]
fn runs_are_cancelled_begun_again_after_a_restart_and_say_why_they_fail() {
    on_both(|mut site| {
        site.set_up();
        let officer = site.signed("officer");
        let name = "control-0700.pcapng";
        let evidence = upload(&officer, name, &fs::read(plant(name)).unwrap());
        let text = upload(&officer, "notes.bin", &[0, 1, 2, 3, 4, 5, 6, 7]);
        let first = start(&officer, &[&evidence, &text]);
        let second = start(&officer, &[&evidence]);
        let third = start(&officer, &[&text]);
        let delete = format!("/evidence/{}/delete", evidence["id"].as_str().unwrap());
        assert_eq!(officer.post(&delete, &json!({ "reason": "x" })).status, 409, "in use");
        officer.post(&format!("/runs/{second}/cancel"), &json!({})).ok();
        site.restart();
        let officer = site.signed("officer");
        let done = ended(&officer, &first);
        assert_eq!(done["state"], "done", "{done}");
        assert_eq!(done["others"], json!(["notes.bin"]), "told, not fatal");
        assert_eq!(ended(&officer, &second)["state"], "cancelled");
        let failed = ended(&officer, &third);
        assert_eq!(failed["state"], "failed");
        assert!(officer.get(&format!("/runs/{third}")).ok().text.contains("均不是本程序可识别"));
        assert_eq!(officer.get(&format!("/runs/{first}/progress")).status, 204);
        let again = format!("/runs/{first}/cancel");
        assert_eq!(officer.post(&again, &json!({})).status, 409, "it is over");
        officer.post(&delete, &json!({ "reason": "done with it" })).ok();
    });
}

#[test]
fn only_allowed_folders_are_examined() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("captures");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(plant("office.pcap.gz"), folder.join("office.pcap.gz")).unwrap();
    std::os::unix::fs::symlink("/etc", folder.join("out")).unwrap();
    let mut config = Config::new(data.path().join("data"));
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.folders = vec![folder.clone()];
    let site = Site::with(config, data);
    site.set_up();
    let officer = site.signed("officer");
    for bad in [
        "/etc/passwd",
        "captures",
        &format!("{}/out/passwd", folder.display()),
        &format!("{}/../data", folder.display()),
    ] {
        assert_eq!(officer.post("/runs", &json!({ "folder": bad })).status, 422, "{bad}");
    }
    let run = officer.post("/runs", &json!({ "folder": folder })).ok().json();
    let done = ended(&officer, run["id"].as_str().unwrap());
    assert_eq!(done["state"], "done", "{done}");
}
