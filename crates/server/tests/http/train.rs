//! Training through the seat: a course read, its exam sat and resumed, certificates checked by
//! strangers, sessions attended and counted, lists and questions taken in, learning records kept.

use crate::kit::{Client, on_both};
use hangtu_catalog::{
    Catalog,
    course::{Course, Question},
};
use hangtu_train::credential::{Outcome, TrustedKey, verify};
use serde_json::{Value, json};
use std::{thread, time::Duration};

const COURSE: &str = "ransomware";

/// Reads every section and answers every check, rightly or not.
fn read(client: &Client, course: &str) {
    let shown = client.api(&format!("/training/courses/{course}"));
    for section in shown["contents"].as_array().unwrap() {
        let anchor = section["anchor"].as_str().unwrap();
        let path = format!("/training/courses/{course}/read/{anchor}");
        let page = client.api(&path);
        for part in page["parts"].as_array().unwrap().iter().filter(|p| p["what"] == "check") {
            assert_eq!(part["right"], json!([]), "not before it is answered");
            assert_eq!(part["why"], Value::Null);
            let check =
                format!("/training/courses/{course}/checks/{}", part["name"].as_str().unwrap());
            let order: Vec<&Value> =
                part["options"].as_array().unwrap().iter().map(|o| &o[0]).collect();
            client.post(&check, &json!({ "choice": [0], "order": order })).ok();
        }
        client.post(&path, &json!({})).ok();
    }
}

/// The right answer to a question as it stands on a paper.
fn right(catalog: &Catalog, shown: &Value) -> Vec<usize> {
    let text = shown["question"]["zh-CN"].as_str().unwrap();
    let options: Vec<&str> =
        shown["options"].as_array().unwrap().iter().map(|o| o["zh-CN"].as_str().unwrap()).collect();
    let holds = |q: &&Question| {
        let all = q.options.iter().all(|o| options.contains(&&*o.text.zh));
        &*q.question.zh == text && q.options.len() == options.len() && all
    };
    let known = catalog.courses.iter().flat_map(Course::bank).find(holds).unwrap();
    let place = |n: &u8| {
        let right = &*known.options[usize::from(*n)].text.zh;
        options.iter().position(|o| *o == right).unwrap()
    };
    known.right().iter().map(place).collect()
}

fn begin(client: &Client, course: &str) -> String {
    let begun = client.post(&format!("/training/courses/{course}/exam"), &json!({})).ok().json();
    format!("/training/attempts/{}", begun["id"].as_str().unwrap())
}

fn answer(client: &Client, attempt: &str, item: usize, sequence: u64, choice: &[usize]) -> Value {
    let body = json!({ "item": item, "sequence": sequence, "choice": choice });
    client.post(&format!("{attempt}/answers"), &body).ok().json()
}

#[test]
fn a_course_is_read_its_exam_resumed_and_its_certificate_checked_by_strangers() {
    let catalog = Catalog::embedded().unwrap();
    on_both(|mut site| {
        site.set_up();
        let officer = site.signed("officer");
        assert_eq!(officer.api("/training/courses")["courses"].as_array().unwrap().len(), 12);
        // What is asked of everybody stands on the home page, with its denominator.
        officer.post("/training/rules", &json!({ "action": "suggested" })).ok();
        let trained = |client: &Client| client.api("/")["matrix"][0]["trained"].clone();
        assert_eq!(trained(&officer)["should"], 4, "{}", trained(&officer));
        assert_eq!(trained(&officer)["did"], 0);
        let sec = site.signed("sec");
        assert!(!sec.api("/training")["musts"].as_array().unwrap().is_empty());

        // The text comes before the exam.
        let exam = format!("/training/courses/{COURSE}/exam");
        assert_eq!(officer.post(&exam, &json!({})).status, 409);
        let page = officer.get(&format!("/training/courses/{COURSE}/read/s1")).ok().text;
        assert!(page.contains("<img") && page.contains("<table"));
        let picture = format!("/training/courses/{COURSE}/pictures/chain.zh-CN.svg");
        assert!(officer.get(&picture).ok().text.starts_with("<svg"));
        read(&officer, COURSE);
        assert_eq!(officer.api(&format!("/training/courses/{COURSE}"))["exam"], "admitted");

        let attempt = begin(&officer, COURSE);
        assert_eq!(begin(&officer, COURSE), attempt, "one at a time");
        let paper = officer.api(&attempt);
        let text = paper.to_string();
        assert!(!text.contains("\"why\"") && !text.contains("\"seed\""));
        let questions = paper["paper"].as_array().unwrap().clone();
        assert_eq!(questions.len(), 16);
        let shown = officer.get(&attempt).ok().text;
        for question in catalog.courses.iter().find(|c| c.id == COURSE).unwrap().bank() {
            let id = question.id.as_str();
            assert!(!shown.contains(&*question.why.zh) && !shown.contains(id), "{id}");
            assert!(!text.contains(id), "{id}");
        }
        for (item, question) in questions.iter().enumerate().take(10) {
            let kept =
                answer(&officer, &attempt, item, item as u64 + 1, &right(&catalog, question));
            assert_eq!(kept["state"], "kept");
        }
        // What comes late or twice changes nothing.
        assert_eq!(answer(&officer, &attempt, 3, 1, &[])["state"], "late");
        let four = right(&catalog, &questions[3]);
        assert_eq!(answer(&officer, &attempt, 3, 4, &four)["state"], "kept");
        let bad = json!({ "item": 3, "sequence": 9, "choice": [77] });
        assert_eq!(officer.post(&format!("{attempt}/answers"), &bad).status, 422);
        officer
            .post(&format!("{attempt}/signals"), &json!({ "kind": "hidden", "seconds": 9 }))
            .ok();
        assert_eq!(sec.get(&attempt).status, 404, "nobody else's");

        // The line is lost, the program starts anew, another browser goes on.
        site.restart();
        let officer = site.signed("officer");
        let paper = officer.api(&attempt);
        assert_eq!(paper["paper"][3]["answer"], json!(four));
        assert_eq!(paper["next_sequence"], 11);
        for (item, question) in questions.iter().enumerate().take(16).skip(10) {
            answer(&officer, &attempt, item, item as u64 + 1, &right(&catalog, question));
        }
        let ended = officer.post(&format!("{attempt}/submit"), &json!({})).ok().json();
        assert_eq!((&ended["percent"], &ended["passed"]), (&json!(100), &json!(true)));
        let again = json!({ "item": 0, "sequence": 99, "choice": [0] });
        assert_eq!(officer.post(&format!("{attempt}/answers"), &again).status, 409);
        let result = officer.api(&attempt);
        assert!(result["marked"][0]["why"].is_object() && result["paper"] == json!([]));
        let signals = result["signals"].as_array().unwrap();
        assert!(signals.iter().any(|s| s["kind"] == "hidden"), "{signals:?}");
        assert!(officer.get(&attempt).ok().text.contains("100 %"));
        assert!(
            officer
                .get(&format!("/training/courses/{COURSE}/items"))
                .ok()
                .text
                .contains("ransomware-")
        );

        // The certificate: on paper, as a file that anybody verifies, on the public page.
        let mine = officer.api("/training");
        let id = mine["certificates"][0]["id"].as_str().unwrap().to_owned();
        let file = |name: &str| officer.get(&format!("/training/certificates/{id}/{name}")).ok();
        assert!(file("certificate.pdf").bytes.starts_with(b"%PDF"));
        let token = file("certificate.jwt").text;
        let stranger = site.client();
        let public = stranger.api(&format!("/check/{id}"));
        assert_eq!(public["outcome"], "valid", "{public}");
        let key = TrustedKey::parse(public["trusted"].as_str().unwrap()).unwrap();
        let status = stranger.get(public["status"].as_str().unwrap()).ok().text;
        let offline = |token: &str, status: &str| {
            verify(token, std::slice::from_ref(&key), Some(status), jiff::Timestamp::now())
        };
        let found = offline(&token, &status);
        assert_eq!(found.outcome, Outcome::Valid, "{found:?}");
        assert!(found.status_checked);
        let told = stranger.post("/check", &json!({ "token": token })).ok().json();
        assert_eq!(told["outcome"], "valid");
        let forged = token.replacen('.', ".e", 1);
        assert_ne!(
            stranger.post("/check", &json!({ "token": forged })).ok().json()["outcome"],
            "valid"
        );
        assert_eq!(site.signed("sec").get(&format!("/training/certificates/{id}")).status, 404);
        let why = json!({ "reason": "误发" });
        officer.post(&format!("/training/certificates/{id}/revoke"), &why).ok();
        assert_eq!(stranger.api(&format!("/check/{id}"))["outcome"], "revoked");
        let status = stranger.get(public["status"].as_str().unwrap()).ok().text;
        assert_eq!(offline(&token, &status).outcome, Outcome::Revoked);

        assert_eq!(officer.post(&exam, &json!({})).status, 409, "passed already");
        officer.post(&format!("/training/courses/{COURSE}/again"), &json!({})).ok();
        assert_eq!(officer.api(&format!("/training/courses/{COURSE}"))["exam"], "not-yet");
        let counts = officer.api("/training/count");
        assert_eq!((&counts["person_times"], &counts["persons"]), (&json!(1), &json!(1)));
        assert!(
            officer.get("/standing").ok().text.contains("/training/needs"),
            "evidence of PER-05"
        );
        let other = site.other_organisation();
        assert_eq!(other.get(&attempt).status, 404);
        assert_eq!(other.get(&format!("/training/certificates/{id}")).status, 404);
        assert_eq!(site.signed("aud").api("/audit/verify")["holds"], true);
    });
}

#[test]
fn a_failed_exam_cools_off_and_one_left_alone_ends_by_itself() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        read(&officer, COURSE);
        let attempt = begin(&officer, COURSE);
        let ended = officer.post(&format!("{attempt}/submit"), &json!({})).ok().json();
        assert_eq!((&ended["percent"], &ended["passed"]), (&json!(0), &json!(false)));
        let result = officer.api(&attempt);
        assert_eq!(result["marked"][0]["why"], Value::Null, "another attempt could use it");
        let exam = format!("/training/courses/{COURSE}/exam");
        let refused = officer.post(&exam, &json!({}));
        assert_eq!(refused.status, 409);
        assert!(refused.text.contains("下次考试"), "{}", refused.text);
        // A day later.
        site.sql("UPDATE exam_attempt SET ended = ended - 90000000000, started = started - 1000");
        let attempt = begin(&officer, COURSE);
        // Nothing chosen fits every kind of question.
        answer(&officer, &attempt, 0, 1, &[]);
        site.sql(
            "UPDATE exam_attempt SET closes = 0, body = replace(body, '\"started\":\"20', \
             '\"started\":\"19') WHERE state = 'open'",
        );
        let mut state = Value::Null;
        for _ in 0..100 {
            state =
                officer.api(&format!("/training/courses/{COURSE}"))["tries"][0]["state"].clone();
            if state == "over" {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(state, "over");
        let late = json!({ "item": 1, "sequence": 2, "choice": [0] });
        assert_eq!(officer.post(&format!("{attempt}/answers"), &late).status, 409);
    });
}

/// A moment on the plant's clock, so many minutes from now.
fn at(minutes: i64) -> String {
    let zone = jiff::tz::Offset::constant(8);
    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(minutes);
    zone.to_datetime(time).strftime("%Y-%m-%dT%H:%M").to_string()
}

#[test]
fn sessions_are_attended_by_code_and_on_paper_and_counted_once() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        let sec = site.signed("sec");
        let plan = json!({ "title": "勒索病毒处置", "mode": "in_person", "place": "培训室",
            "starts": at(-120), "ends": at(-1) });
        let id = officer.post("/training/sessions", &plan).ok().json()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let session = format!("/training/sessions/{id}");
        let post = |what: &str, body: Value| officer.post(&format!("{session}/{what}"), &body);
        assert_eq!(sec.get(&session).status, 404, "not announced yet");
        post("step", json!({ "step": "announce" })).ok();
        let page = officer.get(&format!("{session}/code?what=out")).ok();
        assert!(
            page.headers.iter().any(|(n, v)| n == "refresh" && v.parse::<u32>().unwrap() <= 21)
        );
        let code = page.text.split("<code>").nth(1).unwrap()[..8].to_owned();
        let sign = |client: &Client, what: &str, code: &str| {
            client.post(&format!("{session}/sign"), &json!({ "what": what, "code": code }))
        };
        assert_eq!(sign(&sec, "out", "00000000").status, 422);
        assert_eq!(sign(&sec, "in", &code).status, 422, "a code to leave lets nobody in");
        sign(&sec, "out", &code).ok();
        let who = |account: &str| {
            site.column(&format!("SELECT id FROM person WHERE account = '{account}'"))[0].clone()
        };
        // Signed in on paper, out by code.
        post("facts", json!({ "person": [who("sec")], "came": at(-120) })).ok();
        post("facts", json!({ "person": [who("officer")], "came": at(-30), "left": at(-2) })).ok();
        let shown = officer.api(&session);
        assert_eq!(shown["completed"], 1, "{shown}");
        assert_eq!(shown["seats"].as_array().unwrap().len(), 2);

        // A list: one row is good, one has no name.
        let list = "工号,姓名,部门,角色\nW001,王芳,制丝车间,关键岗位人员\nW002,,卷包车间,\n";
        let path = format!("/api/v1/training/imports?name=list.csv&session={id}");
        let came = officer.send("POST", &path, list.as_bytes()).ok().json();
        assert_eq!((&came["taken"], &came["refused"]), (&json!(1), &json!(1)));
        let report = format!("/training/imports/{}", came["id"].as_str().unwrap());
        assert!(officer.get(&report).ok().text.contains("姓名"));
        assert!(officer.get(&format!("{report}/report.xlsx")).ok().bytes.starts_with(b"PK"));
        assert!(officer.get(&format!("{session}/roll.xlsx")).ok().bytes.starts_with(b"PK"));
        post("enrol", json!({ "role": ["all_staff"] })).ok();
        assert_eq!(officer.api(&session)["seats"].as_array().unwrap().len(), 5);

        let counts = officer.api("/training/count");
        assert_eq!(
            (&counts["person_times"], &counts["persons"]),
            (&json!(1), &json!(1)),
            "{counts}"
        );
        assert_eq!(counts["sessions"][0]["enrolled"], 5);
        let fact =
            shown["seats"].as_array().unwrap().iter().find(|s| s["completed"] == true).unwrap();
        let fact = fact["facts"][0]["id"].as_str().unwrap();
        post("void", json!({ "fact": fact, "why": "记错人" })).ok();
        assert_eq!(officer.api("/training/count")["person_times"], 0);
        for place in
            ["/training/count", "/training/needs", "/training/people", "/training", &session]
        {
            officer.get(place).ok();
        }
        post("step", json!({ "step": "close" })).ok();
        let other = site.other_organisation();
        assert_eq!(other.get(&session).status, 404);
        assert_eq!(other.api("/training/sessions")["sessions"], json!([]));
    });
}

#[test]
fn a_course_of_ones_own_is_tried_kept_and_fed_with_questions_of_others() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        officer.get("/training/own").ok();
        let starter = |name: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/train/starter/");
            std::fs::read_to_string(format!("{folder}{name}")).unwrap()
        };
        let body = |facts: String, action: &str| {
            json!({ "facts": facts, "questions": starter("questions.yml"),
                "zh": starter("zh-CN.md"), "action": action })
        };
        let facts = starter("course.yml");
        let broken = officer.post(
            "/training/own",
            &body(facts.replace("draw: {basics: 1}", "draw: {basics: 9}"), ""),
        );
        assert_eq!(broken.status, 422);
        assert!(broken.text.contains("draw"), "{}", broken.text);
        officer.post("/training/own", &body(facts.clone(), "preview")).ok();
        assert_eq!(officer.api("/training/courses")["courses"].as_array().unwrap().len(), 12);
        let taken = body(facts.replace("our-course", COURSE), "");
        assert_eq!(officer.post("/training/own", &taken).status, 422);
        officer.post("/training/own", &body(facts, "keep")).ok();
        assert_eq!(officer.api("/training/courses")["courses"].as_array().unwrap().len(), 13);
        read(&officer, "our-course");
        let attempt = begin(&officer, "our-course");
        let busy = officer.post("/training/own", &body(starter("course.yml"), "keep"));
        assert_eq!(busy.status, 409, "a paper does not change under its candidate");
        officer.post(&format!("{attempt}/submit"), &json!({})).ok();

        let catalog = Catalog::embedded().unwrap();
        let package = hangtu_train::exchange::qti::write_package(
            catalog.courses.iter().find(|c| c.id == COURSE).unwrap(),
            hangtu_catalog::Language::Chinese,
            catalog.training.marking,
        );
        let path = "/api/v1/training/own/our-course/qti?name=bank.zip";
        let came = officer.send("POST", path, &package.unwrap()).ok().json();
        assert!(came["taken"].as_u64().unwrap() > 20, "{came}");
        assert!(
            officer.get("/training/courses/our-course/items").ok().text.contains("our-course-20")
        );
        let other = site.other_organisation();
        assert_eq!(other.api("/training/courses")["courses"].as_array().unwrap().len(), 12);
        assert_eq!(other.get("/training/courses/our-course").status, 404);
    });
}

#[test]
fn learning_records_are_kept_for_programs_with_a_token() {
    on_both(|site| {
        site.set_up();
        let secret = "a-token-of-the-test";
        site.sql(&format!(
            "INSERT INTO api_token (id, person, name, secret, scopes, created, expires) SELECT 't1', \
             id, 'lms', '{}', 'train', 0, 9000000000000000 FROM person WHERE account = 'officer'",
            hangtu_catalog::sha256(secret.as_bytes())
        ));
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let basic = "Basic bG1zOmEtdG9rZW4tb2YtdGhlLXRlc3Q=";
        let ask = |method: &str, path: &str, body: &str, version: &str| {
            let request = ureq::http::Request::builder()
                .method(method)
                .uri(format!("http://{}{path}", site.address))
                .header("authorization", basic)
                .header("x-experience-api-version", version)
                .header("content-type", "application/json")
                .body(body.to_owned())
                .unwrap();
            let mut answer = agent.run(request).unwrap();
            (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
        };
        let id = "0198f0de-7a4e-7c1d-9d3b-0123456789ab";
        let statement = json!({
            "id": id,
            "actor": { "account": { "homePage": "https://plant.example", "name": "W001" } },
            "verb": { "id": "http://adlnet.gov/expapi/verbs/completed" },
            "object": { "id": "https://plant.example/courses/1" },
        });
        assert_eq!(ask("GET", "/xapi/about", "", "1.0.3").0, 200);
        let put = format!("/xapi/statements?statementId={id}");
        assert_eq!(ask("PUT", &put, &statement.to_string(), "").0, 400, "no version");
        assert_eq!(ask("PUT", &put, &statement.to_string(), "1.0.3").0, 204);
        assert_eq!(ask("PUT", &put, &statement.to_string(), "1.0.3").0, 204, "the same again");
        let other = statement.to_string().replace("completed", "failed");
        assert_eq!(ask("PUT", &put, &other, "1.0.3").0, 409);
        let (status, text) = ask("GET", &put, "", "1.0.3");
        assert_eq!(status, 200);
        assert!(text.contains("\"authority\"") && text.contains("W001"), "{text}");
        let (_, text) = ask("GET", "/xapi/statements?limit=5", "", "2.0.0");
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap()["statements"].as_array().unwrap().len(),
            1
        );
        let state = "/xapi/activities/state?activityId=https%3A%2F%2Fplant.example%2F1&agent=%7B%22mbox%22%3A%22mailto%3Aa%40plant.example%22%7D&stateId=s";
        assert_eq!(ask("PUT", state, "{\"page\":3}", "1.0.3").0, 204);
        assert_eq!(ask("GET", state, "", "1.0.3").1, "{\"page\":3}");
        assert_eq!(ask("DELETE", state, "", "1.0.3").0, 204);
        assert_eq!(ask("GET", state, "", "1.0.3").0, 404);
    });
}
