//! Health, measurements, the API's description, backup and restore.

use crate::kit::{PASSWORD, Site, on_both};
use hangtu_server::{RestoreError, backup, restore};
use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
};

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn it_says_how_it_is() {
    on_both(|site| {
        site.set_up();
        let anybody = site.client();
        assert_eq!(anybody.get("/health").ok().json()["status"], "ok");
        assert_eq!(anybody.get("/ready").ok().json()["database"], "ok");
        let answer = anybody.get("/nowhere");
        assert_eq!(answer.status, 404);
        assert!(answer.headers.iter().any(|(name, _)| name == "x-request-id"));
        let metrics = anybody.get("/metrics").ok().text;
        for line in [
            "hangtu_requests_total{method=\"GET\",route=\"/health\",status=\"2xx\"} 1",
            "hangtu_requests_total{method=\"GET\",route=\"other\",status=\"4xx\"} 1",
            "hangtu_jobs_queued 0",
            "hangtu_database_bytes ",
        ] {
            assert!(metrics.contains(line), "{line}\n{metrics}");
        }
        // Through a proxy the loopback address says nothing.
        let proxied = site.client_with("x-forwarded-for", "192.0.2.1").get("/metrics");
        assert_eq!(proxied.status, 303);
        assert!(site.signed("sys").get("/operate").ok().text.contains("备份"));
    });
}

#[test]
fn the_api_describes_itself() {
    let site = Site::start(None);
    let document = site.client().get("/api/openapi.json").ok().json();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.contains_key("/audit/{log}/{sequence}"));
    let text = document.to_string();
    // Every reference leads somewhere, and every operation says who may and how it fails.
    for part in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
    let mut ids = std::collections::BTreeSet::new();
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(ids.insert(operation["operationId"].to_string()), "{method} {path}");
            assert!(operation["security"].is_array() && operation["summary"].is_string());
            assert!(
                operation["responses"]["default"].is_object()
                    && operation["responses"]["200"].is_object()
            );
            let named = operation["parameters"].as_array().unwrap().iter();
            let in_path = named.filter(|p| p["in"] == "path").count();
            assert_eq!(in_path, path.matches('{').count(), "{method} {path}");
        }
    }
    println!("{} operations are described", ids.len());
}

#[test]
fn a_backup_made_while_people_work_is_restored_whole() {
    let site = Site::start(None);
    site.set_up();
    let data = site.data.path().join("data");
    let evidence = vec![7u8; 300_000];
    fs::create_dir_all(data.join("evidence/ab")).unwrap();
    fs::write(data.join("evidence/ab/cd"), &evidence).unwrap();
    let file = site.data.path().join("backup.tar.zst");
    let done = AtomicBool::new(false);
    let said = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                site.client().form("/sign-in", &[("account", "sys"), ("password", PASSWORD)]).ok();
            }
        });
        let said = wait(backup(&data, None, &file, true));
        done.store(true, Ordering::Relaxed);
        said.unwrap()
    });
    assert!(said.database && said.files >= 3, "{said:?}");

    let other = tempfile::tempdir().unwrap();
    let restored = wait(restore(&file, other.path())).unwrap();
    assert_eq!(restored.files, said.files);
    assert_eq!(fs::read(other.path().join("evidence/ab/cd")).unwrap(), evidence);
    assert!(restored.ledgers.iter().any(|(_, entries)| *entries >= 5), "{restored:?}");
    assert!(matches!(wait(restore(&file, other.path())), Err(RestoreError::NotEmpty(_))));
    // It serves again, as the same site with the same trail.
    let mut config = hangtu_server::Config::new(other.path().to_owned());
    config.listen = "127.0.0.1:0".parse().unwrap();
    let again = Site::with(config, tempfile::tempdir().unwrap());
    let verified = again.signed("aud").api("/audit/verify");
    assert_eq!(verified["holds"], true);
    assert_eq!(verified["key"], site.signed("aud").api("/audit/verify")["key"]);

    // Whatever is flipped, nothing is restored, and the file is named.
    let whole = fs::read(&file).unwrap();
    for part in [5, 3, 2] {
        let mut flipped = whole.clone();
        let at = whole.len() - whole.len() / part;
        flipped[at] ^= 0x10;
        let bad = site.data.path().join("flipped");
        fs::write(&bad, flipped).unwrap();
        let empty = tempfile::tempdir().unwrap();
        match wait(restore(&bad, empty.path())) {
            Err(RestoreError::Damaged(name)) => println!("byte {at}: {name} is damaged"),
            other => panic!("byte {at}: {other:?}"),
        }
        assert!(fs::read_dir(empty.path()).unwrap().next().is_none());
    }
    // The page sends one, too, without keys unless asked.
    let sent = site.signed("sys").form("/admin/backup", &[]).ok();
    assert!(sent.headers.iter().any(|(n, v)| n == "content-type" && v == "application/zstd"));
    assert_eq!(site.signed("aud").form("/admin/backup", &[]).status, 403);
}
