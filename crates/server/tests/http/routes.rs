//! Every route there is: closed to strangers, and to the people of another organisation.

use crate::kit::{Client, Site, on_both};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs};

/// What anybody may reach; `/metrics` then asks for its own token.
const OPEN: [&str; 31] = [
    "/api/openapi.json",
    "/assets/{name}",
    "/check",
    "/check/status/{list}",
    "/check/{id}",
    "/check/{id}/certificate.jwt",
    "/cmi5/fetch/{secret}",
    "/cmi5/files/{secret}/{*name}",
    "/cmi5/lrs/about",
    "/cmi5/lrs/activities",
    "/cmi5/lrs/activities/profile",
    "/cmi5/lrs/activities/state",
    "/cmi5/lrs/agents",
    "/cmi5/lrs/agents/profile",
    "/cmi5/lrs/statements",
    "/health",
    "/language/{tag}",
    "/metrics",
    "/ready",
    "/receive/{supervisor}",
    "/receive/{supervisor}/notices",
    "/receive/{supervisor}/{digest}",
    "/set-up",
    "/sign-in",
    "/sign-in/code",
    "/sign-in/code/passkey",
    "/sign-in/passkey",
    "/sign-in/passkey/begin",
    "/sign-in/sso",
    "/sign-in/sso/{id}",
    "/xapi/about",
];

/// Something of each kind, all of it the first organisation's; gives what names it.
fn fill(site: &Site, officer: &Client) -> BTreeSet<String> {
    let office = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/plant/office.pcap.gz");
    let run = officer.examine("secret-name.pcap.gz", &fs::read(office).unwrap());
    assert_eq!(run["state"], "done", "{run}");
    let entry = json!({ "register": "people", "id": "secret-person", "name": "某某" });
    officer.post("/authorisations", &entry).ok();
    officer.post("/answers/open", &json!({})).ok();
    officer.post("/reports", &json!({})).ok();
    let asset = json!({ "name": "secret-data", "category": "rnd", "owner": "x", "carrier": "x" });
    officer.post("/data", &asset).ok();
    officer.post("/submissions", &json!({})).ok();
    let mut ids = BTreeSet::new();
    for table in [
        "data_asset",
        "submission",
        "finding",
        "run",
        "evidence",
        "authorisation",
        "answer_round",
        "report",
        "job",
    ] {
        let own = format!("SELECT id FROM {table} WHERE organisation <> 'o2'");
        let found = site.column(&own);
        assert!(!found.is_empty(), "no {table}");
        ids.insert(found[0].clone());
    }
    ids.extend(site.column("SELECT id FROM person WHERE account = 'sys'"));
    ids
}

fn filled(path: &str, id: &str) -> String {
    let part = |p: &str| if p.starts_with('{') { id.to_owned() } else { p.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[test]
fn no_route_is_open_to_a_stranger() {
    on_both(|site| {
        site.set_up();
        let routes = hangtu_server::paths();
        assert!(routes.len() > 80, "{}", routes.len());
        let open: BTreeSet<&str> = routes.iter().filter(|r| r.2).map(|r| r.1).collect();
        assert_eq!(open, OPEN.into_iter().collect(), "what is open is a decision");
        for (method, path, _) in routes.into_iter().filter(|r| !r.2) {
            for place in [filled(path, "x"), format!("/api/v1{}", filled(path, "x"))] {
                let answer = site.client().send(method.as_str(), &place, b"");
                let turned_away = answer.status == 303 && answer.location.starts_with("/sign-in");
                assert!(
                    turned_away || matches!(answer.status, 401 | 403 | 404),
                    "{method} {place}: {} {}",
                    answer.status,
                    answer.location
                );
            }
        }
    });
}

#[test]
fn no_route_shows_or_changes_what_is_anothers() {
    on_both(|site| {
        site.set_up();
        let ids = fill(&site, &site.signed("officer"));
        let other = site.other_organisation();
        site.sql("UPDATE person SET roles = 'officer approver' WHERE account = 'other'");
        let own = "SELECT CAST(size AS TEXT) FROM ledger WHERE organisation <> 'o2' \
                   AND organisation <> 'instance'";
        let before = site.column(own);
        assert_eq!(before.len(), 1);
        let mut tried = 0;
        for (method, path, open) in hangtu_server::paths() {
            if open {
                continue;
            }
            let named: Vec<&str> = ids.iter().map(String::as_str).collect();
            let named = if path.contains('{') { named } else { vec![""] };
            for id in named {
                let place = format!("/api/v1{}", filled(path, id));
                let answer = match method.as_str() {
                    "POST" => other.post(&filled(path, id), &body(&ids)),
                    method => other.send(method, &place, b""),
                };
                tried += 1;
                assert!(answer.status < 500, "{method} {place}: {} {}", answer.status, answer.text);
                let leaked = answer.text.contains("secret-") || answer.text.contains("长江");
                assert!(!leaked, "{method} {place}: {}", answer.text);
                if path.contains("{id}") && method == "GET" {
                    assert_ne!(answer.status, 200, "{method} {place}: {}", answer.text);
                }
            }
        }
        assert!(tried > 200, "{tried}");
        assert_eq!(site.column(own), before, "the first organisation's log grew");
    });
}

/// Ways of sending that write nothing.
const READING: [&str; 1] = ["/language/{tag}"];

#[test]
fn nothing_is_written_without_an_entry() {
    on_both(|site| {
        site.set_up();
        let ids = fill(&site, &site.signed("officer"));
        let named: Vec<&str> = ids.iter().map(String::as_str).collect();
        let size = || -> u64 {
            let sizes = site.column("SELECT CAST(size AS TEXT) FROM ledger");
            sizes.iter().map(|n| n.parse::<u64>().unwrap()).sum()
        };
        let (mut done, mut tried) = (0, 0);
        for account in ["officer", "sys", "sec", "aud"] {
            let mut client = site.signed(account);
            let mut before = size();
            for (method, path, _) in hangtu_server::paths() {
                if method == "GET" || READING.contains(&path) || path == "/sign-out" {
                    continue;
                }
                for id in if path.contains('{') { named.clone() } else { vec![""] } {
                    let answer = match method.as_str() {
                        "POST" => client.post(&filled(path, id), &body(&ids)),
                        other => client.send(other, &format!("/api/v1{}", filled(path, id)), b""),
                    };
                    tried += 1;
                    assert!(answer.status < 500, "{method} {path}: {}", answer.text);
                    let after = size();
                    if answer.status < 300 {
                        done += 1;
                        assert!(after > before, "{method} {path} as {account}: {}", answer.text);
                    }
                    before = after;
                    // Some of what was done ends sessions; the next is tried by somebody signed in.
                    if answer.status == 401 {
                        client = site.signed(account);
                        before = size();
                    }
                }
            }
        }
        println!("{tried} writes tried, {done} done, each with an entry");
        assert!(done > 5, "{done}");
    });
}

/// A body that names everything of the first organisation in every way that routes know.
fn body(ids: &BTreeSet<String>) -> Value {
    let list: Vec<&String> = ids.iter().collect();
    let mut body = json!({ "id": list, "evidence": list, "note": "x", "text": "x", "reason": "x",
        "decision": "approve", "action": "comment", "all": "1", "group": "GOV", "control": "GOV-01",
        "question": "GOV-01", "value": "no" });
    for (name, id) in ["round", "person", "owner", "run", "finding", "row"].iter().zip(&list) {
        body[*name] = json!(id);
    }
    body
}
