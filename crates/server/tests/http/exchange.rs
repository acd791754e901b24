//! Training exchanged with others, through the public door: a cmi5 package taken in, launched and
//! reported; attachments; records sent on to another store; certificates of others; questions in one
//! language.

use crate::kit::{self, Client, Site, on_both};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{collections::BTreeMap, io::Write, thread, time::Duration};

const XML: &str = include_str!("../../../../e2e/unit/cmi5.xml");
const PAGE: &str = include_str!("../../../../e2e/unit/index.html");

fn package(files: &[(&str, &str)]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        out.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(text.as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

/// A request as a program or a stranger's script sends it.
fn ask(
    site: &Site,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, BTreeMap<String, String>, Vec<u8>) {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let url =
        if url.starts_with('/') { format!("http://{}{url}", site.address) } else { url.to_owned() };
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answer = agent.run(request.body(body.to_vec()).unwrap()).unwrap();
    let headers = answer
        .headers()
        .iter()
        .map(|(n, v)| (n.to_string(), String::from_utf8_lossy(v.as_bytes()).into_owned()))
        .collect();
    (answer.status().as_u16(), headers, answer.body_mut().read_to_vec().unwrap())
}

fn import(client: &Client, files: &[(&str, &str)]) -> kit::Answer {
    let path = "/api/v1/training/cmi5?name=kiln.zip&months=24";
    client.upload(path, "application/zip", &package(files))
}

/// A launch as a unit sees it.
struct Launched {
    url: String,
    asked: BTreeMap<String, String>,
}

fn launch(client: &Client, course: &str) -> Launched {
    let path = format!("/training/cmi5/{course}/launch");
    let url =
        client.post(&path, &json!({ "unit": 0 })).ok().json()["url"].as_str().unwrap().to_owned();
    let query = url.split_once('?').unwrap().1;
    Launched { asked: serde_html_form::from_str(query).unwrap(), url }
}

impl Launched {
    fn key(&self, site: &Site) -> String {
        // As a document without an origin asks: from another site, without cookies.
        let from = [("origin", "null"), ("sec-fetch-site", "cross-site")];
        let (status, headers, body) = ask(site, "POST", &self.asked["fetch"], &from, b"");
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert!(!headers.contains_key("access-control-allow-credentials"));
        let body: Value = serde_json::from_slice(&body).unwrap();
        body["auth-token"].as_str().unwrap().to_owned()
    }

    fn statement(&self, session: &str, verb: &str, result: Value, move_on: bool) -> Value {
        let category = |id: &str| json!({ "id": format!("https://w3id.org/xapi/cmi5/context/categories/{id}") });
        let mut categories = vec![category("cmi5")];
        if move_on {
            categories.push(category("moveon"));
        }
        let mut out = json!({
            "id": uuid::Uuid::new_v4().to_string(),
            "actor": serde_json::from_str::<Value>(&self.asked["actor"]).unwrap(),
            "verb": { "id": format!("http://adlnet.gov/expapi/verbs/{verb}") },
            "object": { "objectType": "Activity", "id": self.asked["activityId"] },
            "timestamp": jiff::Timestamp::now().to_string(),
            "context": {
                "registration": self.asked["registration"],
                "contextActivities": { "category": categories,
                    "grouping": [{ "id": "https://maker.example/courses/kiln/au" }] },
                "extensions": { "https://w3id.org/xapi/cmi5/context/extensions/sessionid": session },
            },
        });
        if !result.is_null() {
            out["result"] = result;
        }
        out
    }
}

fn tell(site: &Site, key: &str, statement: &Value) -> u16 {
    let authorization = format!("Basic {key}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("x-experience-api-version", "1.0.3"),
        ("content-type", "application/json"),
        ("origin", "null"),
    ];
    let path = format!("/cmi5/lrs/statements?statementId={}", statement["id"].as_str().unwrap());
    let (status, headers, body) =
        ask(site, "PUT", &path, &headers, statement.to_string().as_bytes());
    if status >= 400 {
        println!("{status} {}", String::from_utf8_lossy(&body));
    }
    assert_eq!(headers["access-control-allow-origin"], "*");
    status
}

#[test]
fn a_package_of_another_maker_is_taken_in_launched_and_counts_when_it_is_passed() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        let sec = site.signed("sec");
        let good = [("cmi5.xml", XML), ("unit/index.html", PAGE), ("unit/unit.js", "1")];
        // Hostile or useless packages.
        for (files, why) in [
            (vec![("cmi5.xml", XML)], "unit/index.html"),
            (vec![("cmi5.xml", XML), ("unit/index.html", PAGE), ("../x", "1")], "../x"),
            (vec![("x.xml", XML)], "cmi5.xml"),
        ] {
            let answer = import(&officer, &files);
            assert_eq!(answer.status, 422, "{}", answer.text);
            assert!(answer.text.contains(why), "{}", answer.text);
        }
        let loose = XML.replace("CompletedAndPassed", "NotApplicable");
        assert_eq!(import(&officer, &[("cmi5.xml", &loose), good[1]]).status, 422);
        let outside = XML.replace("unit/index.html?skin=plain", "https://maker.example/u");
        assert_eq!(import(&officer, &[("cmi5.xml", &outside)]).status, 422);
        assert_eq!(
            officer.upload("/api/v1/training/cmi5", "application/zip", b"PK no").status,
            422
        );
        assert_eq!(sec.upload("/api/v1/training/cmi5", "application/zip", b"PK").status, 403);

        let course = import(&officer, &good).ok().json()["course"].as_str().unwrap().to_owned();
        let again = import(&officer, &good).ok().json();
        assert_eq!((&again["course"], &again["version"]), (&json!(course), &json!(2)));
        let place = format!("/training/courses/{course}");
        assert!(sec.get(&place).ok().text.contains("回转窑控制与数据安全"));
        assert!(sec.get("/training/courses").ok().text.contains(&course));
        let ask_it = json!({ "who": ["all_staff"], "role": "all_staff", "course": course, "days": 30,
            "action": "add" });
        officer.post("/training/rules", &ask_it).ok();

        // Its files: shut off, for whoever holds the launch's secret.
        let first = launch(&sec, &course);
        let (status, headers, body) = ask(&site, "GET", &first.url, &[], b"");
        assert_eq!((status, body.as_slice()), (200, PAGE.as_bytes()));
        let policy = &headers["content-security-policy"];
        assert!(policy.starts_with("sandbox allow-scripts allow-forms;"), "{policy}");
        assert!(!policy.contains("allow-same-origin"));
        assert_eq!(headers["cross-origin-opener-policy"], "unsafe-none");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert!(!headers.contains_key("x-frame-options"));
        let base = first.url.split("/index.html").next().unwrap();
        let (status, headers, _) = ask(&site, "GET", &format!("{base}/unit.js"), &[], b"");
        assert_eq!(
            (status, headers["content-type"].as_str()),
            (200, "text/javascript; charset=utf-8")
        );
        assert_eq!(ask(&site, "GET", &format!("{base}/none.js"), &[], b"").0, 404);
        let guessed = first.url.replace("/files/", "/files/0");
        assert_eq!(ask(&site, "GET", &guessed, &[], b"").0, 404);

        // A second launch ends the first: its key no longer opens anything.
        let first_key = first.key(&site);
        let launched = launch(&sec, &course);
        let key = launched.key(&site);
        let (status, _, body) = ask(&site, "POST", &launched.asked["fetch"], &[], b"");
        assert_eq!(status, 400, "a second use of the fetch address");
        assert!(String::from_utf8_lossy(&body).contains("\"error-code\":\"1\""));
        let authorization = format!("Basic {key}");
        let headers =
            [("authorization", authorization.as_str()), ("x-experience-api-version", "1.0.3")];
        let state = serde_html_form::to_string([
            ("activityId", launched.asked["activityId"].as_str()),
            ("agent", &launched.asked["actor"]),
            ("registration", &launched.asked["registration"]),
            ("stateId", "LMS.LaunchData"),
        ])
        .unwrap();
        let state = format!("/cmi5/lrs/activities/state?{state}");
        let (status, _, body) = ask(&site, "GET", &state, &headers, b"");
        assert_eq!(status, 200);
        let data: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(data["launchMode"], "Normal");
        assert_eq!(data["returnURL"], format!("http://{}{place}", site.address));
        let session = data["contextTemplate"]["extensions"]
            ["https://w3id.org/xapi/cmi5/context/extensions/sessionid"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(ask(&site, "PUT", &state, &headers, b"{}").0, 403, "only the system writes it");
        let other =
            state.replace(&launched.asked["registration"], &uuid::Uuid::new_v4().to_string());
        assert_eq!(ask(&site, "GET", &other, &headers, b"").0, 403);
        // Before a request with a key a browser asks whether it may.
        let (status, preflight, _) = ask(&site, "OPTIONS", "/cmi5/lrs/statements", &[], b"");
        assert_eq!(status, 204);
        assert!(preflight["access-control-allow-headers"].contains("authorization"));

        let say = |verb: &str, result: Value, move_on: bool| {
            launched.statement(&session, verb, result, move_on)
        };
        assert_eq!(
            tell(
                &site,
                &key,
                &say("completed", json!({ "completion": true, "duration": "PT1S" }), true)
            ),
            403,
            "not initialized yet"
        );
        let initialized = say("initialized", Value::Null, false);
        assert_eq!(tell(&site, &first_key, &initialized), 403, "the first session was abandoned");
        assert_eq!(tell(&site, &key, &initialized), 204);
        assert_eq!(tell(&site, &key, &initialized), 204, "sent again because the line was lost");
        let done = |scaled: f64| json!({ "success": true, "score": { "scaled": scaled }, "duration": "PT9S" });
        assert_eq!(
            tell(&site, &key, &say("passed", done(0.5), true)),
            403,
            "below the mastery score"
        );
        assert_eq!(
            tell(
                &site,
                &key,
                &say("completed", json!({ "completion": true, "duration": "PT8S" }), true)
            ),
            204
        );
        assert_eq!(officer.api("/training/count")["person_times"], 0, "both are asked for");
        assert_eq!(tell(&site, &key, &say("passed", done(0.9), true)), 204);
        let counts = officer.api("/training/count");
        assert_eq!(
            (&counts["person_times"], &counts["persons"]),
            (&json!(1), &json!(1)),
            "{counts}"
        );
        let shown = sec.api(&place);
        assert_eq!(
            (&shown["units"][0]["state"], &shown["units"][0]["percent"]),
            (&json!("met"), &json!(90))
        );
        assert!(shown["done"].is_i64());
        let mine = sec.api("/training");
        let must =
            mine["musts"].as_array().unwrap().iter().find(|m| m["course"]["id"] == course.as_str());
        assert_eq!(must.unwrap()["state"], "done", "{mine}");

        // Somebody else's launch, of another organisation: neither key opens the other's record.
        let other = site.other_organisation();
        assert_eq!(other.post(&format!("/training/cmi5/{course}/launch"), &json!({})).status, 404);
        import(&other, &good).ok();
        let theirs = launch(&other, &course);
        let their_key = theirs.key(&site);
        assert_eq!(
            tell(&site, &their_key, &say("terminated", json!({ "duration": "PT9S" }), false)),
            403
        );
        let mut headers = headers;
        let foreign = format!("Basic {their_key}");
        headers[0].1 = &foreign;
        assert_eq!(ask(&site, "GET", &state, &headers, b"").0, 403);
        let one =
            format!("/cmi5/lrs/statements?statementId={}", initialized["id"].as_str().unwrap());
        assert_eq!(ask(&site, "GET", &one, &headers, b"").0, 404);
        // Neither a session of ours nor an API token opens this door.
        assert_eq!(officer.get("/cmi5/lrs/statements").status, 401);

        assert_eq!(
            tell(&site, &key, &say("terminated", json!({ "duration": "PT10S" }), false)),
            204
        );
        assert_eq!(tell(&site, &key, &say("initialized", Value::Null, false)), 403, "it has ended");
        // To look again counts nothing.
        let review = launch(&sec, &course);
        review.key(&site);
        sec.post(&format!("/training/cmi5/{course}/again"), &json!({})).ok();
        assert_eq!(sec.api(&place)["done"], Value::Null);
        assert_eq!(officer.api("/training/count")["person_times"], 1);
        let said =
            site.column("SELECT body FROM xapi_statement WHERE organisation <> 'o2'").join("\n");
        for verb in [
            "launched",
            "abandoned",
            "initialized",
            "completed",
            "passed",
            "satisfied",
            "terminated",
        ] {
            assert!(said.contains(&format!("verbs/{verb}")), "{verb}");
        }
        assert!(!said.contains("/cmi5/files/"), "no secret stands in the record");
        officer.post(&format!("/training/cmi5/{course}/withdraw"), &json!({})).ok();
        assert_eq!(sec.post(&format!("/training/cmi5/{course}/launch"), &json!({})).status, 404);
        // Whoever leaves loses what was launched.
        let third = launch(&other, &course);
        site.sql("UPDATE person SET disabled = 1 WHERE account = 'other'");
        assert_eq!(ask(&site, "GET", &third.url, &[], b"").0, 404);
        assert_eq!(site.signed("aud").api("/audit/verify")["holds"], true);
    });
}

/// An API token of the officer for training, as basic authentication.
fn token(site: &Site, secret: &str) -> String {
    site.sql(&format!(
        "INSERT INTO api_token (id, person, name, secret, scopes, created, expires) SELECT \
         'x{}', id, 'lms', '{}', 'train', 0, 9000000000000000 FROM person WHERE account = 'officer'",
        &hangtu_catalog::sha256(secret.as_bytes())[..8],
        hangtu_catalog::sha256(secret.as_bytes())
    ));
    format!("Basic {}", STANDARD.encode(format!("lms:{secret}")))
}

#[test]
fn statements_keep_what_is_attached_to_them() {
    on_both(|site| {
        site.set_up();
        let basic = token(&site, "a-token-of-the-test");
        let sha2 = hangtu_catalog::sha256("设备照片".as_bytes());
        let statement = json!({
            "id": "0198f0de-7a4e-7c1d-9d3b-0123456789ab",
            "actor": { "mbox": "mailto:a@plant.example" },
            "verb": { "id": "http://adlnet.gov/expapi/verbs/completed" },
            "object": { "id": "https://plant.example/1", "definition": { "name": { "zh-CN": "一" } } },
            "attachments": [{ "usageType": "https://plant.example/photo", "display": { "en": "x" },
                "contentType": "text/plain", "length": 12, "sha2": sha2 }],
        });
        let send = |part: &str, hash: &str| {
            let body = format!(
                "--b\r\nContent-Type: application/json\r\n\r\n{statement}\r\n--b\r\nContent-Type: \
                 text/plain\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: \
                 {hash}\r\n\r\n{part}\r\n--b--\r\n"
            );
            let headers = [
                ("authorization", basic.as_str()),
                ("x-experience-api-version", "1.0.3"),
                ("content-type", "multipart/mixed; boundary=b"),
            ];
            ask(&site, "POST", "/xapi/statements", &headers, body.as_bytes()).0
        };
        let headers = [
            ("authorization", basic.as_str()),
            ("x-experience-api-version", "1.0.3"),
            ("content-type", "application/json"),
        ];
        let bare =
            ask(&site, "POST", "/xapi/statements", &headers, statement.to_string().as_bytes());
        assert_eq!(bare.0, 400, "its data is missing");
        assert_eq!(send("设备照骗", &sha2), 400);
        assert_eq!(send("设备照片", &sha2), 200);
        assert_eq!(send("设备照片", &sha2), 200, "again");
        let one =
            "/xapi/statements?statementId=0198f0de-7a4e-7c1d-9d3b-0123456789ab&attachments=true";
        let (status, got, body) = ask(&site, "GET", one, &headers, b"");
        assert_eq!(status, 200);
        let read = hangtu_train::lrs::read_multipart(&got["content-type"], &body).unwrap();
        assert_eq!(read.attachments[&sha2].bytes, "设备照片".as_bytes());
        let plain = ask(&site, "GET", &one.replace("=true", "=false"), &headers, b"");
        assert!(plain.1["content-type"].starts_with("application/json"));
        assert_eq!(plain.1["x-experience-api-version"], "1.0.3");
        let about = "/xapi/activities?activityId=https%3A%2F%2Fplant.example%2F1";
        let (_, _, body) = ask(&site, "GET", about, &headers, b"");
        assert!(String::from_utf8(body).unwrap().contains("一"), "what was told of it");
    });
}

/// Tries until something holds.
fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..300 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{what}");
}

#[test]
fn what_the_seat_records_is_told_and_sent_on_once() {
    on_both(|site| {
        site.set_up();
        let (officer, sys) = (site.signed("officer"), site.signed("sys"));
        // Another seat is the store that receives.
        let there = Site::start(None);
        there.set_up();
        token(&there, "theirs");
        let course = "ransomware";
        let shown = officer.api(&format!("/training/courses/{course}"));
        for section in shown["contents"].as_array().unwrap() {
            let path =
                format!("/training/courses/{course}/read/{}", section["anchor"].as_str().unwrap());
            for part in officer.api(&path)["parts"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|p| p["what"] == "check")
            {
                let check =
                    format!("/training/courses/{course}/checks/{}", part["name"].as_str().unwrap());
                let order: Vec<&Value> =
                    part["options"].as_array().unwrap().iter().map(|o| &o[0]).collect();
                officer.post(&check, &json!({ "choice": [0], "order": order })).ok();
            }
            officer.post(&path, &json!({})).ok();
        }
        let begun =
            officer.post(&format!("/training/courses/{course}/exam"), &json!({})).ok().json();
        let attempt = begun["id"].as_str().unwrap();
        officer.post(&format!("/training/attempts/{attempt}/submit"), &json!({})).ok();
        assert_eq!(officer.api("/training/records")["kept"], 0, "nothing is told unasked");

        officer.post("/training/records", &json!({ "record": "yes", "answers": "yes" })).ok();
        until("told", || officer.api("/training/records")["kept"] == 18);
        let file = officer.get("/training/records/statements.jsonl").ok().text;
        let lines: Vec<Value> = file.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let count = |verb: &str| {
            lines.iter().filter(|s| s["verb"]["id"].as_str().unwrap().ends_with(verb)).count()
        };
        assert_eq!((count("/experienced"), count("/answered"), count("/failed")), (1, 16, 1));
        assert!(!file.contains("勒索软件通常"), "no question's text leaves");
        let page = officer.get("/training/records").ok().text;
        assert!(page.contains("statements.jsonl"));

        // Only by HTTPS or on this machine, and only by the administrator.
        let address = format!("http://{}/xapi", there.address);
        let to = |address: &str, secret: &str| json!({ "address": address, "account": "lms", "secret": secret, "version": "1.0.3" });
        assert_eq!(officer.post("/training/records/target", &to(&address, "theirs")).status, 403);
        assert_eq!(
            sys.post("/training/records/target", &to("http://plant.example/x", "s")).status,
            422
        );
        assert_eq!(sys.post("/training/records/target", &to(&address, "")).status, 422);
        sys.post("/training/records/target", &to(&address, "wrong")).ok();
        until("it fails", || {
            sys.api("/training/records")["setting"]["failures"].as_i64() > Some(0)
        });
        assert!(sys.get("/training/records").ok().text.contains("连续失败"));
        let moved = to(&format!("{address}/"), "");
        assert_eq!(sys.post("/training/records/target", &moved).status, 200, "the same store");
        assert_eq!(
            sys.post("/training/records/target", &to("https://other.example/xapi", "")).status,
            422
        );
        sys.post("/training/records/target", &to(&address, "theirs")).ok();
        let arrived = || there.column("SELECT id FROM xapi_statement").len();
        until("all arrive", || sys.api("/training/records")["sent"] == 18);
        assert_eq!(arrived(), 18);
        // The answer was lost: all are sent again, none is there twice.
        site.sql("UPDATE xapi_out SET sent = 0");
        until("again", || sys.api("/training/records")["sent"] == 18);
        assert_eq!(arrived(), 18);
        assert_eq!(site.column("SELECT problem FROM xapi_out"), [""]);
        let sealed = site.column("SELECT secret FROM xapi_out")[0].clone();
        assert!(!sealed.is_empty() && !sealed.contains("theirs"));
        assert!(!sys.get("/api/v1/training/records").ok().text.contains(&sealed));
        // What the other store never will have holds nothing else up.
        there.sql("UPDATE xapi_statement SET body = replace(body, 'experienced', 'attended') WHERE body LIKE '%experienced%'");
        site.sql("UPDATE xapi_out SET sent = 0");
        until("past it", || sys.api("/training/records")["sent"] == 18);
        assert_eq!(sys.api("/training/records")["setting"]["skipped"], 1);
        assert_eq!(site.other_organisation().api("/training/records")["kept"], 0);
        assert_eq!(site.signed("aud").api("/audit/verify")["holds"], true);
    });
}

#[test]
fn certificates_of_others_count_once_somebody_else_has_approved_them() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        site.sql("UPDATE person SET roles = 'approver' WHERE account = 'sec'");
        let sec = site.signed("sec");
        let who = |account: &str| {
            site.column(&format!("SELECT id FROM person WHERE account = '{account}'"))[0].clone()
        };
        let record = |person: &str, kind: &str, number: &str, more: &str, bytes: &[u8]| {
            let path = format!(
                "/api/v1/training/outside?name=a.pdf&person={person}&kind={kind}&number={number}\
                 &issuer=X&issued=2025-01-02{more}"
            );
            officer.upload(&path, "application/octet-stream", bytes)
        };
        let aud = who("aud");
        assert_eq!(record(&aud, "administrator-3", "S1", "", b"MZ").status, 422, "no such file");
        assert_eq!(record("nobody", "administrator-3", "S1", "", b"%PDF-1").status, 422);
        assert_eq!(
            record(&aud, "administrator-3", "S1", "&expires=2024-01-01", b"%PDF-1").status,
            422
        );
        let id = |answer: kit::Answer| answer.ok().json()["id"].as_str().unwrap().to_owned();
        let first = id(record(&aud, "administrator-3", "S1", "", b"%PDF-1"));
        assert_eq!(
            record(&who("sec"), "administrator-3", "S1", "", b"%PDF-1").status,
            422,
            "twice"
        );
        let second = id(record(&aud, "administrator-4", "S2", "", b"%PDF-1"));
        let own =
            id(record(&who("sec"), "administrator-3", "S3", "&expires=2025-02-01", b"%PDF-1"));
        let other = id(record(&who("sys"), "other", "S4", "", b"%PDF-1"));
        let decide = |client: &Client, id: &str, step: &str| {
            let body = json!({ "step": step, "reason": "查无此证" });
            client.post(&format!("/training/outside/{id}"), &body).status
        };
        let professionals = || {
            let counts = officer.api("/training/count");
            (counts["professionals"].as_u64().unwrap(), counts["by_certificate"].as_u64().unwrap())
        };
        assert_eq!(professionals(), (0, 0), "none is approved");
        assert_eq!(decide(&officer, &first, "approve"), 409, "who recorded it does not approve it");
        assert_eq!(decide(&sec, &own, "approve"), 409, "nor its holder");
        assert_eq!(decide(&sec, &first, "approve"), 200);
        assert_eq!(decide(&sec, &first, "approve"), 409, "it is decided");
        assert_eq!(decide(&sec, &second, "approve"), 200);
        assert_eq!(professionals(), (1, 1), "two certificates, one person");
        assert_eq!(decide(&sec, &other, "approve"), 200);
        assert_eq!(professionals(), (1, 1), "a kind that does not count");
        site.sql("UPDATE outside_certificate SET state = 'approved' WHERE number = 'S3'");
        assert_eq!(professionals(), (1, 1), "run out");
        let list = sec.api("/training/outside")["certificates"].clone();
        let states: Vec<&str> =
            list.as_array().unwrap().iter().map(|c| c["state"].as_str().unwrap()).collect();
        assert_eq!(states.iter().filter(|s| **s == "run-out").count(), 1, "{states:?}");
        assert_eq!(officer.get(&format!("/training/outside/{first}/file")).ok().bytes, b"%PDF-1");
        officer.get("/training/outside").ok();
        assert_eq!(decide(&officer, &first, "withdraw"), 200);
        assert_eq!(professionals(), (1, 1), "the other one still holds");
        assert_eq!(decide(&officer, &second, "withdraw"), 200);
        assert_eq!(professionals(), (0, 0));
        let stranger = site.other_organisation();
        assert_eq!(stranger.get(&format!("/training/outside/{first}/file")).status, 404);
        assert_eq!(decide(&stranger, &first, "approve"), 404);
    });
}

#[test]
fn questions_in_one_language_make_an_exam_in_that_language_and_say_so() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        let starter = |name: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/train/starter/");
            std::fs::read_to_string(format!("{folder}{name}")).unwrap()
        };
        let body = json!({ "facts": starter("course.yml"), "questions": starter("questions.yml"),
            "zh": starter("zh-CN.md"), "action": "keep" });
        officer.post("/training/own", &body).ok();
        let catalog = hangtu_catalog::Catalog::embedded().unwrap();
        let of = catalog.courses.iter().find(|c| c.id == "ransomware").unwrap();
        let package = hangtu_train::exchange::qti::write_package(
            of,
            hangtu_catalog::Language::English,
            catalog.training.marking,
        );
        assert_eq!(officer.api("/training/courses/our-course")["only"], "");
        let path = "/api/v1/training/own/our-course/qti?name=bank.zip";
        officer.send("POST", path, &package.unwrap()).ok();
        let shown = officer.api("/training/courses/our-course");
        assert_eq!(shown["only"], "en");
        let page = officer.get("/training/courses/our-course").ok().text;
        assert!(page.contains("考试仅提供英文"), "{page}");
        let bank = site.column("SELECT files FROM own_course ORDER BY version DESC LIMIT 1");
        assert!(bank[0].contains("\\\"only\\\":\\\"en\\\""), "{}", &bank[0][..400]);
        assert!(!bank[0].contains("仅有英文"));
    });
}
