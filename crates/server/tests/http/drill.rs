//! Drills through the seat: rehearsed without people, and held by people to the findings.

use crate::kit::{self, Client, Site, on_both};
use serde_json::{Value, json};
use std::{thread, time::Duration};

/// People who approve and play, beside those of the set-up form.
fn people(site: &Site) {
    for (id, role) in [("boss", "approver"), ("deputy", "approver"), ("player", "member")] {
        site.sql(&format!(
            "INSERT INTO person (id, organisation, account, name, roles, password, password_set, \
             created) SELECT '{id}', organisation, '{id}', '{id}', '{role}', password, \
             password_set, created FROM person WHERE account = 'officer'"
        ));
    }
}

fn made(client: &Client, body: &Value) -> String {
    client.post("/drills", body).ok().json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn every_exercise_is_rehearsed_to_a_report_in_both_languages() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        let exercises = officer.api("/drills/exercises");
        assert_eq!(exercises.as_array().unwrap().len(), 6);
        for exercise in exercises.as_array().unwrap() {
            let id = exercise["id"].as_str().unwrap();
            assert!(officer.get(&format!("/drills/exercises/{id}")).ok().text.contains("分钟"));
            let mut short = Vec::new();
            for style in ["good", "weak"] {
                let drill = made(&officer, &json!({ "exercise": id, "style": style }));
                let report = officer.api(&format!("/drills/{drill}/report"));
                let after = &report["after"];
                assert_eq!(after["state"], "closed", "{id} {style}");
                // Every sentence rests on entries that stand in the ledger.
                let places = report["places"].as_object().unwrap();
                let sentences = after["summary"].as_array().unwrap().iter().chain(
                    after["shortcomings"].as_array().unwrap().iter().map(|s| &s["sentence"]),
                );
                for sentence in sentences {
                    let rests = sentence["rests_on"].as_array().unwrap();
                    assert!(!rests.is_empty(), "{sentence}");
                    assert!(rests.iter().all(|e| places.contains_key(e.as_str().unwrap())));
                }
                short.push(after["shortcomings"].as_array().unwrap().len());
                let page = officer.get(&format!("/drills/{drill}/report")).ok().text;
                assert!(page.contains('#') && page.contains("<svg"));
                for file in [
                    "after-action.zh-CN.pdf",
                    "after-action.zh-CN.docx",
                    "after-action.en.html",
                    "after-action.json",
                ] {
                    let got = officer.get(&format!("/api/v1/drills/{drill}/report/{file}")).ok();
                    assert!(got.bytes.len() > 4000, "{file}");
                }
            }
            println!(
                "{id}: {} shortcomings of a practised team, {} of another",
                short[0], short[1]
            );
            assert!(short[0] < short[1] && short[1] > 5, "{id}: {short:?}");
        }
        // Rehearsals are no drills: the home page still says so, and nothing was found.
        assert!(officer.get("/").ok().text.contains("从未演练"));
        assert_eq!(officer.api("/findings?state=all")["total"], 0);
        let log = site.signed("aud").api("/audit/verify");
        assert_eq!(log["holds"], true);
    });
}

#[test]
fn a_director_practises_with_scripted_players() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        let new = json!({ "exercise": "night-session", "style": "weak", "live": "yes" });
        let drill = made(&officer, &new);
        let step = |body: Value| officer.post(&format!("/drills/{drill}/step"), &body).ok();
        let state =
            || officer.api(&format!("/drills/{drill}"))["state"].as_str().unwrap().to_owned();
        assert_eq!(state(), "armed");
        step(json!({ "step": "start", "speed": 60 }));
        let console = || officer.api(&format!("/drills/{drill}/console"));
        let begun = std::time::Instant::now();
        while console()["said"].as_array().unwrap().len() < 2 {
            assert!(begun.elapsed() < Duration::from_mins(1), "{}", console()["said"]);
            thread::sleep(Duration::from_millis(100));
        }
        step(json!({ "step": "stop", "text": "enough" }));
        step(json!({ "step": "revert" }));
        step(json!({ "step": "verify", "restored": "yes", "text": "nothing was touched" }));
        step(json!({ "step": "evaluate" }));
        // Two scripted evaluators rate; then the director reports and closes.
        step(json!({ "step": "report" }));
        step(json!({ "step": "close" }));
        let report = officer.api(&format!("/drills/{drill}/report"));
        assert!(!report["after"]["shortcomings"].as_array().unwrap().is_empty(), "{report}");
        // It is a rehearsal all the same: nothing is found, and no drill was held.
        assert_eq!(officer.api("/findings?state=all")["total"], 0);
        assert!(officer.get("/").ok().text.contains("从未演练"));
        assert_eq!(site.signed("aud").api("/audit/verify")["holds"], true);
    });
}

#[test]
fn people_hold_a_drill_and_its_shortcomings_become_findings() {
    on_both(|site| {
        site.set_up();
        people(&site);
        let officer = site.signed("officer");
        let [boss, deputy, player] = ["boss", "deputy", "player"].map(|p| site.signed(p));
        let drill = made(&officer, &json!({ "exercise": "hmi-ransomware" }));
        let path = format!("/drills/{drill}/step");
        let step = |client: &Client, body: Value| client.post(&path, &body);
        let state =
            || officer.api(&format!("/drills/{drill}"))["state"].as_str().unwrap().to_owned();

        // Two people who are not the author.
        assert_eq!(step(&officer, json!({ "step": "review" })).status, 409, "the author");
        assert_eq!(step(&player, json!({ "step": "review" })).status, 403);
        step(&boss, json!({ "step": "review" })).ok();
        step(&boss, json!({ "step": "approve" })).ok();
        assert_eq!(step(&boss, json!({ "step": "approve" })).status, 409, "twice");
        assert_eq!(state(), "reviewed");
        step(&deputy, json!({ "step": "approve" })).ok();
        assert_eq!(state(), "approved");
        let window =
            json!({ "step": "schedule", "from": "2026-01-01T08:00", "until": "2099-01-01T08:00" });
        step(&officer, window).ok();
        step(&officer, json!({ "step": "warm", "text": "联系人已核实" })).ok();
        let refused = step(&officer, json!({ "step": "arm" }));
        assert_eq!(refused.status, 409, "nobody plays");
        let roles: Vec<Value> = officer.api(&format!("/drills/{drill}"))["parts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["role"].clone())
            .collect();
        let person: Vec<&str> = roles.iter().map(|_| "player").collect();
        step(&officer, json!({ "step": "cast", "role": roles, "person": person })).ok();
        step(&officer, json!({ "step": "arm" })).ok();
        step(&officer, json!({ "step": "start", "speed": 60 })).ok();

        // The first inject comes by itself, and the player answers it.
        let mut came = Value::Null;
        for _ in 0..50 {
            came = player.api(&format!("/drills/{drill}/part"));
            if came["injects"].as_array().is_some_and(|i| !i.is_empty()) {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let first = &came["injects"].as_array().unwrap().last().unwrap();
        assert_eq!(first["id"], "first-screen", "{came}");
        assert!(player.get(&format!("/drills/{drill}/part")).ok().text.contains("12号"));
        let deed = json!({ "role": "shift", "inject": "first-screen", "text": "12号站异常，已拍照，未重启。" });
        player.post(&format!("/drills/{drill}/act"), &deed).ok();
        assert_eq!(officer.post(&format!("/drills/{drill}/act"), &deed).status, 409, "not cast");
        let file =
            format!("/api/v1/drills/{drill}/files?name=a.png&role=shift&inject=first-screen");
        player.send("POST", &file, b"picture").ok();
        let form = json!({ "role": "security", "reporter_name": "张三", "level": "larger",
            "unclear": ["system"], "persons": "0" });
        player.post(&format!("/drills/{drill}/event-form"), &form).ok();
        let console = officer.api(&format!("/drills/{drill}/console"));
        assert_eq!(console["said"].as_array().unwrap().len(), 3, "{}", console["said"]);
        assert!(officer.get(&format!("/drills/{drill}/console")).ok().text.contains("data-clock"));
        let free =
            json!({ "step": "free", "channel": "media", "to": ["liaison"], "text": "记者来电" });
        step(&officer, free).ok();
        step(&officer, json!({ "step": "measure", "what": "detect_seconds", "value": 42 })).ok();
        step(&officer, json!({ "step": "pause", "text": "午休" })).ok();
        step(&officer, json!({ "step": "resume" })).ok();

        // What is open when it stops is settled at once, never left pending.
        step(&officer, json!({ "step": "stop", "text": "到此为止" })).ok();
        assert_eq!(officer.api(&format!("/drills/{drill}"))["open"], 0);
        step(&officer, json!({ "step": "revert" })).ok();
        step(&officer, json!({ "step": "verify", "restored": "yes", "text": "已核查" })).ok();
        step(&officer, json!({ "step": "evaluate" })).ok();
        let judged = json!({ "objective": "detect", "rating": "S", "note": "较好" });
        assert_eq!(player.post(&format!("/drills/{drill}/judge"), &judged).status, 409, "plays");
        boss.post(&format!("/drills/{drill}/judge"), &judged).ok();
        assert!(boss.get(&format!("/drills/{drill}/evaluation")).ok().text.contains("checked"));
        step(&officer, json!({ "step": "report" })).ok();
        assert_eq!(officer.api("/findings?state=all")["total"], 0, "only when it is closed");
        step(&officer, json!({ "step": "close" })).ok();
        let report = officer.api(&format!("/drills/{drill}/report"));
        let short = report["after"]["shortcomings"].as_array().unwrap().len();
        let findings = officer.api("/findings?state=all");
        assert!(short > 3, "{short}");
        assert_eq!(findings["total"].as_u64().unwrap() as usize, short);
        let one = &findings["findings"][0];
        assert!(
            officer
                .get(&format!("/findings/{}", one["id"].as_str().unwrap()))
                .ok()
                .text
                .contains("演练")
        );
        assert!(officer.get("/").ok().text.contains(&format!("/drills/{drill}/report")));
        assert_eq!(step(&officer, json!({ "step": "pause" })).status, 409, "it is over");

        // Nobody else's.
        let other = site.other_organisation();
        for place in ["", "/console", "/part", "/report", "/evaluation", "/live"] {
            assert_eq!(other.get(&format!("/drills/{drill}{place}")).status, 404, "{place}");
        }
        assert_eq!(other.api("/drills")["drills"], json!([]));
    });
}

#[test]
fn an_exercise_of_ones_own_is_checked_before_it_is_kept() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        let ours =
            officer.api("/drills/exercises/recipe-theft")["content"].as_str().unwrap().to_owned();
        let broken = ours.replace("objective: ", "objective: nowhere-");
        let told = officer.post("/drills/exercises", &json!({ "content": broken })).ok().json();
        assert_eq!(told["holds"], false);
        let named = |p: &Value| p["text"]["zh-CN"].as_str().unwrap().contains("nowhere-contain");
        assert!(told["problems"].as_array().unwrap().iter().any(named), "{told}");
        let own = ours.replacen("id: recipe-theft", "id: our-theft", 1);
        let kept = officer.post("/drills/exercises", &json!({ "content": own })).ok().json();
        assert_eq!(kept["holds"], true);
        assert_eq!(officer.api("/drills/exercises").as_array().unwrap().len(), 7);
        assert!(officer.get("/drills/exercises/our-theft/edit").ok().text.contains("our-theft"));
        made(&officer, &json!({ "exercise": "our-theft", "style": "good" }));
        let other = site.other_organisation();
        assert_eq!(other.get("/drills/exercises/our-theft").status, 404);
    });
}

#[test]
fn two_hundred_follow_a_drill_and_hear_within_a_second() {
    use std::io::{BufRead, BufReader, Write};
    let site = Site::start(None);
    site.set_up();
    people(&site);
    let officer = site.signed("officer");
    let [boss, deputy] = ["boss", "deputy"].map(|p| site.signed(p));
    let drill = made(&officer, &json!({ "exercise": "night-session", "automatic": "no" }));
    let player = site.client();
    player.form("/sign-in", &[("account", "player"), ("password", kit::PASSWORD)]);
    let token = {
        let form = [("name", "follow"), ("scopes", "read"), ("days", "1")];
        let once = player.form("/me/tokens", &form).location;
        let page = player.get(&once).ok().text;
        let at = page.find("hgt_").unwrap();
        page[at..]
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let (ready, all) = std::sync::mpsc::channel();
    let followers: Vec<_> = (0..200)
        .map(|_| {
            let (ready, address) = (ready.clone(), site.address);
            let request = format!(
                "GET /drills/{drill}/live HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n"
            );
            thread::spawn(move || {
                let mut stream = std::net::TcpStream::connect(address).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
                stream.write_all(request.as_bytes()).unwrap();
                let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
                assert!(lines.next().unwrap().contains("200"));
                ready.send(()).unwrap();
                lines.find(|l| l.starts_with("event: changed")).unwrap();
                std::time::Instant::now()
            })
        })
        .collect();
    for _ in 0..200 {
        all.recv_timeout(Duration::from_secs(30)).unwrap();
    }
    thread::sleep(Duration::from_millis(300));
    let said = std::time::Instant::now();
    boss.post(&format!("/drills/{drill}/step"), &json!({ "step": "review" })).ok();
    let mut took: Vec<_> =
        followers.into_iter().map(|f| f.join().unwrap().duration_since(said)).collect();
    took.sort();
    println!("200 followers: p50 {:?}, p99 {:?}, last {:?}", took[100], took[198], took[199]);
    drop(deputy);
}
