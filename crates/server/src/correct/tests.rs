//! The life of a finding through the public door; runs are taken in as the examination would.
#![allow(clippy::unwrap_used)]

use super::{Outcome, Tested, ingest, proofs::examination};
use crate::kit::{self, Client, Site, on_both};
use crate::{
    auth::{Role, new_id, password},
    clock::{self, DAY, now},
    db::{Actor, Db},
    people::{self, NewPerson},
};
use hangtu_examine::model::Examination;
use serde_json::{Value, json};
use std::future::Future;

/// A second way into a site's store, as the runs of the same program use it.
struct Door {
    runtime: tokio::runtime::Runtime,
    db: Db,
    organisation: String,
}

impl Door {
    fn new(site: &Site) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let url = site.config.database_url.clone();
        let url = url.unwrap_or_else(|| Db::embedded(&site.config.data));
        let db = runtime.block_on(Db::open(&url)).unwrap();
        let (organisation,): (String,) = runtime.block_on(async {
            let mut c = db.read().await.unwrap();
            sqlx::query_as("SELECT id FROM organisation").fetch_one(&mut *c).await.unwrap()
        });
        Self { runtime, db, organisation }
    }

    fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }

    fn take(&self, organisation: &str, e: &Examination) -> Outcome {
        self.wait(async {
            let mut change = self.db.change(&Actor::system(organisation)).await.unwrap();
            let outcome = ingest(
                &hangtu_catalog::Catalog::embedded().unwrap(),
                &mut change,
                &new_id(),
                Tested::Examination(e),
            )
            .await
            .unwrap();
            change.commit().await.unwrap();
            outcome
        })
    }

    fn person(&self, account: &str, role: Role) -> String {
        self.wait(async {
            let hash = password::hash(kit::PASSWORD).await.unwrap();
            let mut change = self.db.change(&Actor::system(&self.organisation)).await.unwrap();
            let person = NewPerson {
                account: account.into(),
                name: account.into(),
                roles: vec![role],
                hash,
                must_change: false,
            };
            let id = people::insert(&mut change, person).await.unwrap();
            change.commit().await.unwrap();
            id
        })
    }

    fn entries(&self, action: &str) -> i64 {
        self.wait(async {
            let (n,): (i64,) = sqlx::query_as(
                "SELECT COUNT(*) FROM ledger_entry WHERE organisation = $1 AND action = $2",
            )
            .bind(&self.organisation)
            .bind(action)
            .fetch_one(&mut *self.db.read().await.unwrap())
            .await
            .unwrap();
            n
        })
    }
}

fn faults(subjects: &[&str], from: i64) -> Examination {
    let found: Vec<_> = subjects
        .iter()
        .enumerate()
        .map(|(n, s)| (format!("F-{n}"), *s, from + DAY / 2, from + DAY / 2))
        .collect();
    examination("a", (from, from + DAY), (true, true), subjects, &found)
}

fn step(client: &Client, id: &str, body: Value) -> (u16, Value) {
    let answer = client.post(&format!("/findings/{id}/step"), &body);
    (answer.status, answer.json())
}

fn state(client: &Client, id: &str) -> String {
    client.api(&format!("/findings/{id}"))["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_finding_lives_until_a_retest_closes_it() {
    on_both(|site| {
        site.set_up();
        let door = Door::new(&site);
        let member = door.person("member", Role::Member);
        door.person("approver", Role::Approver);
        let (officer, member_client) = (site.signed("officer"), site.signed("member"));
        let approver = site.signed("approver");
        assert!(officer.get("/findings").ok().text.contains("尚无问题记录"));
        let from = now() - 40 * DAY;
        let subjects = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
        assert_eq!(door.take(&door.organisation, &faults(&subjects, from)).opened, 3);
        let list = officer.api("/findings?sort=number");
        assert_eq!((list["total"].as_i64(), list["states"]["open"].as_i64()), (Some(3), Some(3)));
        assert_eq!(officer.api("/findings?q=10.0.0.2%20%E4%B8%AD%E6%96%87")["total"], 1);
        assert_eq!(officer.api("/findings?control=ICS-09&level=high")["total"], 3);
        assert_eq!(officer.api("/findings?q=%25")["total"], 0);
        assert_eq!(officer.get("/api/v1/findings?sort=password").status, 422);
        let id = list["findings"][0]["id"].as_str().unwrap();
        let page = officer.get(&format!("/findings/{id}")).ok().text;
        assert!(page.contains("modbus write") && page.contains("ICS-09"), "{page}");

        // Work: only by who may, only as the state allows, never closed by hand.
        let assign = json!({ "step": "assign", "owner": member });
        assert_eq!(step(&member_client, id, assign.clone()).0, 403);
        assert_eq!(step(&officer, id, json!({ "step": "start" })).0, 409);
        assert_eq!(step(&officer, id, json!({ "step": "proven" })).0, 403);
        let nobody = json!({ "step": "assign", "owner": "nobody" });
        assert_eq!(step(&officer, id, nobody).1["field"], "owner");
        assert_eq!(step(&officer, id, assign), (200, json!({ "state": "assigned" })));
        let shown = officer.api(&format!("/findings/{id}"));
        let catalog = hangtu_catalog::Catalog::embedded().unwrap();
        let today = clock::day(now());
        let level = hangtu_catalog::Level::High;
        let due = clock::end_of(catalog.policy.deadline(level, today, &catalog.calendar));
        assert_eq!(shown["due"], due, "{shown}");
        assert_eq!(step(&officer, id, json!({ "step": "due", "due": "2199-01-01" })).0, 422);
        let later = json!({ "step": "due", "due": "2199-01-01", "text": "停机窗口" });
        assert_eq!(step(&officer, id, later).0, 200);
        assert_eq!(step(&member_client, id, json!({ "step": "start" })).0, 200);
        let early = json!({ "step": "ready", "fixed": "2001-01-01T00:00" });
        assert_eq!(step(&member_client, id, early).1["field"], "fixed");
        let time = jiff::tz::offset(8).to_datetime(clock::stamp(from + 10 * DAY));
        let fixed = time.strftime("%Y-%m-%dT%H:%M").to_string();
        assert_eq!(step(&member_client, id, json!({ "step": "ready", "fixed": fixed })).0, 200);

        // Files.
        let path = format!("/findings/{id}/attachments");
        let sent = member_client.send("POST", &format!("{path}?name=%E7%85%A7%E7%89%87.png"), b"x");
        sent.ok();
        let shown = officer.api(&format!("/findings/{id}"));
        let file = &shown["attachments"][0];
        assert_eq!(file["name"], "照片.png");
        let got = officer.get(&format!("{path}/{}", file["id"].as_str().unwrap())).ok();
        assert_eq!(got.text, "x");
        assert_eq!(member_client.send("POST", &format!("{path}?name="), b"x").status, 422);

        // Two persons for what sets a finding aside.
        let second = list["findings"][1]["id"].as_str().unwrap();
        let year =
            jiff::civil::Date::to_string(&today.checked_add(jiff::Span::new().days(400)).unwrap());
        let month = today.checked_add(jiff::Span::new().days(30)).unwrap().to_string();
        let ask = |until: &str| json!({ "step": "ask-accept", "text": "停产改造", "measure": "隔离", "until": until });
        assert_eq!(step(&officer, second, ask(&year)).1["field"], "until");
        assert_eq!(step(&officer, second, ask(&month)).0, 200);
        assert_eq!(step(&officer, second, json!({ "step": "approve" })).0, 409);
        assert_eq!(step(&member_client, second, json!({ "step": "approve" })).0, 403);
        assert_eq!(step(&approver, second, json!({ "step": "approve" })).0, 200);
        assert_eq!(state(&officer, second), "accepted");

        // Only proof closes; the page says so.
        let clean = |day: i64| {
            let span = (from + day * DAY, from + (day + 1) * DAY);
            examination(&format!("{day}"), span, (true, true), &["10.0.0.1"], &[])
        };
        assert_eq!(door.take(&door.organisation, &clean(5)).closed, 0);
        assert_eq!(state(&officer, id), "retest");
        assert_eq!(door.take(&door.organisation, &clean(20)).closed, 1);
        let shown = officer.api(&format!("/findings/{id}"));
        assert_eq!(shown["state"], "closed");
        assert_eq!(shown["events"][0]["step"], "proven");
        assert_eq!(step(&officer, id, json!({ "step": "start" })).0, 409);
        assert_eq!(
            door.take(&door.organisation, &{
                let mut back = faults(&["10.0.0.1"], from + 30 * DAY);
                back.run.inputs[0].sha256 = "b".into();
                back
            })
            .opened,
            1
        );
        let shown = officer.api(&format!("/findings/{id}"));
        assert_eq!(shown["later"].as_array().unwrap().len(), 1);
        for path in [
            "/findings?state=all",
            "/policy?from=2026-09-30&days=1",
            "/findings?changed=3&refused=state:2",
        ] {
            officer.get(path).ok();
        }
        let csv = officer.get("/findings.csv?state=all").ok().text;
        assert_eq!(csv.lines().count(), 5, "{csv}");
        assert!(officer.get("/findings.xlsx").ok().text.starts_with("PK"));
    });
}

#[test]
fn many_are_changed_at_once_and_each_is_noted() {
    on_both(|site| {
        site.set_up();
        let door = Door::new(&site);
        let officer = site.signed("officer");
        let me = officer.api("/findings");
        assert_eq!(me["total"], 0);
        let from = now() - 40 * DAY;
        door.take(&door.organisation, &faults(&["10.0.0.1", "10.0.0.2", "10.0.0.3"], from));
        let ask = json!({ "action": "ask-not-applicable", "all": "1", "filter": "?subject=10.0.0.1",
            "text": "已拆除" });
        assert_eq!(officer.post("/findings/bulk", &ask).ok().json()["changed"], 1);
        let all =
            json!({ "action": "ask-not-applicable", "all": "1", "filter": "?", "text": "已拆除" });
        let done = officer.post("/findings/bulk", &all).ok().json();
        assert_eq!(done, json!({ "changed": 2, "refused": { "state": 1 } }));
        assert_eq!(door.entries("finding.ask-not-applicable"), 3);
        let none = json!({ "action": "comment", "text": "x", "id": [] });
        assert_eq!(officer.post("/findings/bulk", &none).status, 422);
        let empty = json!({ "action": "comment", "all": "1", "filter": "?" });
        assert_eq!(officer.post("/findings/bulk", &empty).json()["field"], "text");

        // Another organisation's rows are not there.
        let other = new_id();
        door.take(&other, &faults(&["10.7.7.7"], from));
        let theirs: String = door.wait(async {
            let mut c = door.db.read().await.unwrap();
            let sql = "SELECT id FROM finding WHERE organisation = $1";
            let row: (String,) = sqlx::query_as(sql).bind(&other).fetch_one(&mut *c).await.unwrap();
            row.0
        });
        assert_eq!(officer.get(&format!("/findings/{theirs}")).status, 404);
        assert_eq!(step(&officer, &theirs, json!({ "step": "comment", "text": "x" })).0, 404);
        let path = format!("/findings/{theirs}/attachments?name=a");
        assert_eq!(officer.send("POST", &path, b"x").status, 404);
        let bulk = json!({ "action": "comment", "id": [theirs], "text": "x" });
        let done = officer.post("/findings/bulk", &bulk).ok().json();
        assert_eq!(done, json!({ "changed": 0, "refused": { "missing": 1 } }));
        assert!(!officer.get("/findings.csv?state=all").ok().text.contains("10.7.7.7"));
        assert_eq!(officer.api("/findings?state=all")["total"], 3);
    });
}

#[test]
fn an_organisation_sets_its_own_deadlines() {
    on_both(|site| {
        site.set_up();
        let (officer, security) = (site.signed("officer"), site.signed("sec"));
        let text = include_str!("../../../../content/policy.yml");
        let own = |text: &str| json!({ "name": "policy", "text": text });
        assert_eq!(officer.post("/policy", &own(text)).status, 403);
        let lax = text.replace("correct_within: 5\n", "correct_within: 16\n");
        let refused = security.post("/policy", &own(&lax));
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("levels.high: is laxer"), "{}", refused.text);
        security
            .post("/policy", &own(&text.replace("correct_within: 5\n", "correct_within: 4\n")))
            .ok();
        let shown = officer.api("/policy?from=2026-09-30&days=1");
        assert_eq!(
            (&shown["levels"][1]["correct_within"], &shown["own_policy"]),
            (&json!(4), &json!(true))
        );
        assert_eq!(shown["day"], "2026-10-08");
        assert!(security.get("/policy").ok().text.contains("整改时限"));
        security.post("/policy", &own("")).ok();
        assert_eq!(officer.api("/policy")["own_policy"], false);
    });
}

/// How long the table takes with a hundred thousand findings: `cargo test -p hangtu-server --lib
/// many_findings -- --ignored --nocapture`.
#[test]
#[ignore = "takes a minute; prints times"]
fn many_findings_times() {
    on_both(|site| {
        site.set_up();
        let door = Door::new(&site);
        let from = now() - 40 * DAY;
        let subjects: Vec<String> =
            (0..100_000).map(|n| format!("10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255)).collect();
        let names: Vec<&str> = subjects.iter().map(String::as_str).collect();
        let mut e = faults(&names, from);
        for (n, finding) in e.findings.iter_mut().enumerate() {
            finding.level = hangtu_catalog::Level::ALL[n * 7 % 5];
            finding.scenario = hangtu_catalog::Scenario::ALL[n * 3 % 4];
        }
        let start = std::time::Instant::now();
        door.take(&door.organisation, &e);
        println!("taken in: {:?}", start.elapsed());
        e.run.inputs[0].sha256 = "b".into();
        for finding in &mut e.findings {
            finding.last = clock::rfc3339(from + 2 * DAY);
        }
        let start = std::time::Instant::now();
        door.take(&door.organisation, &e);
        println!("seen again: {:?}", start.elapsed());
        let officer = site.signed("officer");
        for query in [
            "",
            "?page=1000",
            "?sort=subject",
            "?sort=-seen",
            "?sort=due",
            "?level=high&scenario=personnel",
            "?q=10.1.33",
            "?q=%E4%B8%AD%E6%96%87&page=500",
            "?state=all&control=ICS-09",
            "?owner=none&sort=number",
        ] {
            let mut times: Vec<_> = (0..7)
                .map(|_| {
                    let start = std::time::Instant::now();
                    officer.get(&format!("/findings{query}")).ok();
                    start.elapsed()
                })
                .collect();
            times.sort_unstable();
            println!(
                "{:5} ms median, {:5} ms worst  {query}",
                times[3].as_millis(),
                times[6].as_millis()
            );
        }
    });
}
