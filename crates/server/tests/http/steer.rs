//! Steering through the public door: what a supervisor tells enterprises, what they answer, here and
//! by signed letters, and what the rules of a bulletin find.

use crate::kit::{Client, PASSWORD, Site, on_both};
use hangtu_server::Nation;
use serde_json::{Value, json};
use std::{fs, io::Read as _};

const CODE: &str = "91420100MA4KX1234B";
const OTHER: &str = "914201007084611368";
const NOTICES: &str = "/supervise/notices";

fn firm(code: &str, name: &str) -> Value {
    json!({ "credit_code": code, "name": name, "region": "420000", "industry": "34",
        "above_scale": "yes" })
}

/// An enterprise of this instance, with the officer `other`.
fn hosted(site: &Site, code: &str) -> Client {
    let other = site.other_organisation();
    site.sql(&format!("UPDATE organisation SET credit_code = '{code}' WHERE id = 'o2'"));
    site.sql("UPDATE person SET roles = 'officer' WHERE account = 'other'");
    other
}

fn actions(site: &Site, organisation: &str) -> Vec<String> {
    let of = format!("SELECT action FROM ledger_entry WHERE organisation = '{organisation}'");
    site.column(&of)
}

fn warning(colour: &str) -> Value {
    json!({ "kind": "warning", "colour": colour, "title_zh": "勒索病毒风险预警",
        "title_en": "Ransomware may spread", "reason_zh": "影响使用某文件服务的企业",
        "text_zh": "关注异常改名", "text_en": "Look out for mass renaming",
        "todo_zh": "隔离并报告", "todo_en": "Isolate and report" })
}

#[test]
fn a_warning_is_acknowledged_and_who_does_not_is_listed() {
    on_both(|site| {
        site.set_up_regulator("nation", "");
        let officer = site.signed("officer");
        let roster = Nation { seed: 5, enterprises: 60 }.roster(2025).unwrap();
        officer.send("POST", "/api/v1/supervise/import?name=t.csv&dry=no", roster.as_bytes()).ok();
        let first = officer.api("/supervise/enterprises")["enterprises"][0].clone();
        let code = first["credit_code"].as_str().unwrap();
        let region = first["region"].as_str().unwrap();
        // What does not hold is refused in words.
        assert_eq!(officer.post(NOTICES, &warning("pink")).status, 422);
        let wordless = json!({ "kind": "warning", "colour": "red", "title_zh": "x" });
        assert_eq!(officer.post(NOTICES, &wordless).status, 422);
        let mut named = warning("yellow");
        named["codes"] = json!(OTHER);
        let answer = officer.post(NOTICES, &named);
        assert!(answer.status == 422 && answer.text.contains(OTHER), "{}", answer.text);

        let made = officer.post(&format!("{NOTICES}?region={region}"), &warning("orange")).ok();
        let made = made.json();
        let members = made["members"].as_i64().unwrap();
        assert!((1..60).contains(&members), "a filter of the roster: {members}");
        let path = format!("{NOTICES}/{}", made["id"].as_str().unwrap());
        let told = officer.api(&path);
        assert_eq!((&told["all"]["members"], &told["total"]), (&json!(members), &json!(members)));
        // Orange asks for acknowledgement within four hours (content/steering.yml).
        let hours = told["due"].as_i64().unwrap() - told["made"].as_i64().unwrap();
        assert_eq!(hours, 4 * 3_600_000_000);

        let plant = hosted(&site, code);
        let own = plant.api("/notices");
        assert_eq!(own.as_array().unwrap().len(), 1);
        assert_eq!(
            (&own[0]["stands"], &own[0]["notice"]["colour"]),
            (&json!("told"), &json!("orange"))
        );
        let page = plant.get("/campaigns").ok().text;
        assert!(page.contains("勒索病毒风险预警") && page.contains("橙色"), "{page}");
        let mine = format!("/notices/{}", made["id"].as_str().unwrap());
        plant.get("/language/en");
        assert!(plant.get(&mine).ok().text.contains("Ransomware may spread"));
        assert!(plant.get(&mine).ok().text.contains("Isolate and report"));
        plant.post(&format!("{mine}/acknowledge"), &json!({ "note": "已转生产部" })).ok();
        assert_eq!(plant.post(&format!("{mine}/acknowledge"), &json!({})).status, 409, "twice");
        let told = officer.api(&path);
        assert_eq!(told["all"]["acknowledged"], 1);
        let waiting = officer.api(&format!("{path}?state=unacknowledged"));
        assert_eq!(waiting["total"], members - 1);
        // The limit passes.
        site.sql("UPDATE notice SET due = 1");
        let late = officer.get(&path).ok().text;
        assert!(late.contains("超时限 1 家") && (members == 1 || late.contains("已超时限")));
        let csv = officer.get(&format!("/api/v1{path}/members.csv")).ok().text;
        assert_eq!(csv.matches("\"missing\"").count() as i64, members - 1, "{csv}");
        assert!(csv.contains("\"late\"") && csv.contains("\"Other\""));

        // It is looked at, changed, lifted: each leaves its entry, with the enterprise, too.
        let one = officer.api(&format!("{path}/members/{code}"));
        assert_eq!(one["acknowledged"]["note"], "已转生产部");
        assert!(officer.get(&format!("{path}/members/{code}")).ok().text.contains("已转生产部"));
        let change = json!({ "colour": "red", "note": "范围扩大" });
        officer.post(&format!("{path}/change"), &change).ok();
        assert_eq!(officer.post(&format!("{path}/change"), &change).status, 409, "the same");
        assert!(plant.get(&mine).ok().text.contains("范围扩大"));
        officer.post(&format!("{path}/lift"), &json!({ "note": "风险消除" })).ok();
        assert_eq!(officer.post(&format!("{path}/lift"), &json!({ "note": "x" })).status, 409);
        assert!(plant.get(&mine).ok().text.contains("风险消除"));
        assert!(officer.get(NOTICES).ok().text.contains("已解除"));
        assert!(
            officer.get(&format!("/supervise/enterprises/{code}")).ok().text.contains("勒索病毒")
        );
        let here = actions(&site, "o2");
        for action in ["notice.acknowledge", "enterprise.look"] {
            assert!(here.iter().any(|a| a == action), "{action} in {here:?}");
        }
        let supervisor = site.column("SELECT organisation FROM person WHERE account = 'officer'");
        let there = actions(&site, &supervisor[0]);
        for action in
            ["notice.issue", "notice.answered", "enterprise.look", "notice.change", "notice.lift"]
        {
            assert!(there.iter().any(|a| a == action), "{action} in {there:?}");
        }
        // Who was not told sees nothing of it.
        site.sql("UPDATE organisation SET credit_code = '' WHERE id = 'o2'");
        assert_eq!(plant.get(&format!("/api/v1{mine}")).status, 404);
        assert_eq!(plant.api("/notices").as_array().unwrap().len(), 0);
        for kind in ["warning", "order", "assessment", "interview", "bulletin"] {
            for language in ["zh-CN", "en"] {
                officer.get(&format!("/language/{language}"));
                let page = officer.get(&format!("{NOTICES}?kind={kind}&code={code}")).ok();
                assert!(page.bytes.len() < 100_000, "{kind}: {}", page.bytes.len());
            }
        }
    });
}

#[test]
fn an_order_is_answered_item_by_item_and_decided() {
    on_both(|site| {
        site.set_up_regulator("province", "420000");
        let officer = site.signed("officer");
        for (code, name) in [(CODE, "长江机械"), (OTHER, "武汉新厂")] {
            officer.post("/supervise/enterprises", &firm(code, name)).ok();
        }
        let red = officer.post(NOTICES, &warning("red"));
        assert_eq!(red.status, 422, "red is the nation's: {}", red.text);
        officer.post(NOTICES, &warning("yellow")).ok();
        let order = |items: &[&str], more: &Value| {
            let mut body = json!({ "kind": "order", "codes": CODE, "title_zh": "责令限期改正",
                "reason_zh": "检查发现日志留存不足", "basis": "meas-25", "item_text": items,
                "item_days": ["10", ""], "item_basis": ["meas-25", ""] });
            for (name, value) in more.as_object().unwrap() {
                body[name] = value.clone();
            }
            body
        };
        assert_eq!(officer.post(NOTICES, &order(&[], &json!({}))).status, 422, "no item");
        let past = json!({ "item_due": ["2020-01-01"] });
        assert_eq!(officer.post(NOTICES, &order(&["补存日志"], &past)).status, 422);
        let made =
            officer.post(NOTICES, &order(&["补存日志六个月", "明确责任人"], &json!({}))).ok();
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let path = format!("{NOTICES}/{id}");
        let told = officer.api(&path);
        assert_eq!(told["items"].as_array().unwrap().len(), 2);
        assert!(told["items"][0]["basis_zh"].as_str().unwrap().contains("第二十五条"));
        assert!(told["items"][0]["due"].as_i64() < told["items"][1]["due"].as_i64());

        let plant = hosted(&site, CODE);
        let mine = format!("/notices/{id}");
        let reply = |place: u32, text: &str| {
            plant.post(&format!("{mine}/items/{place}"), &json!({ "text": text }))
        };
        let decide = |place: u32, decision: &str, text: &str| {
            let body = json!({ "place": place, "decision": decision, "text": text });
            officer.post(&format!("{path}/members/{CODE}/decide"), &body)
        };
        assert_eq!(decide(0, "accept", "").status, 404, "nothing was answered");
        assert_eq!(reply(7, "x").status, 404);
        assert_eq!(reply(0, " ").status, 422);
        let unknown = json!({ "text": "x", "findings": "99" });
        assert_eq!(plant.post(&format!("{mine}/items/0"), &unknown).status, 422);
        // The file stays; its hash is told.
        let upload = format!("/api/v1{mine}/items/0/files?name=proof.txt");
        plant.send("POST", &upload, "日志清单".as_bytes()).ok();
        reply(0, "已扩容并补存").ok();
        assert_eq!(reply(0, "again").status, 409, "it waits");
        reply(1, "已任命").ok();
        let one = officer.api(&format!("{path}/members/{CODE}"));
        assert_eq!(one["stands"], "answered");
        let files = one["replies"][0]["files"].as_str().unwrap();
        let hash = hangtu_catalog::sha256("日志清单".as_bytes());
        assert!(files.contains(&hash) && files.contains("proof.txt"), "{files}");
        assert!(officer.get(&format!("{path}/members/{CODE}")).ok().text.contains(&hash));
        let page = plant.get(&mine).ok().text;
        let file = page.split("/files/").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(plant.get(&format!("/api/v1{mine}/files/{file}")).ok().text, "日志清单");

        assert_eq!(decide(0, "return", "").status, 422, "a reason");
        decide(0, "return", "请附六个月内的日志样例").ok();
        assert_eq!(decide(0, "accept", "").status, 409, "decided already");
        decide(1, "accept", "").ok();
        assert_eq!(officer.api(&path)["all"]["returned"], 1);
        assert!(plant.get(&mine).ok().text.contains("请附六个月内的日志样例"));
        // The limits pass, and it is overdue until it is answered.
        site.sql("UPDATE notice_member SET next_due = 1 WHERE next_due IS NOT NULL");
        assert_eq!(officer.api(&format!("{path}?state=overdue"))["total"], 1);
        assert_eq!(plant.api("/notices")[0]["stands"], "overdue");
        assert!(officer.get(&path).ok().text.contains("逾期"));
        reply(0, "已附样例").ok();
        assert_eq!(officer.api(&format!("{path}?state=overdue"))["total"], 0);
        decide(0, "accept", "同意").ok();
        let done = officer.api(&path);
        assert_eq!((&done["all"]["done"], &done["listed"][0]["accepted"]), (&json!(1), &json!(2)));
        assert_eq!(reply(0, "x").status, 409, "accepted");
        assert!(plant.get(&mine).ok().text.contains("已办结"));

        // Another supervisor of this instance sees nothing of it.
        site.sql("UPDATE organisation SET kind = 'province', region = '420000' WHERE id = 'o2'");
        site.sql("UPDATE person SET roles = 'supervisor' WHERE account = 'other'");
        for path in [
            path.clone(),
            format!("{path}/members.csv"),
            format!("{path}/files.zip"),
            format!("{path}/members/{CODE}"),
            format!("{path}/members/{CODE}/file"),
        ] {
            assert_eq!(plant.get(&format!("/api/v1{path}")).status, 404, "{path}");
        }
        for (step, body) in [
            ("lift", json!({ "note": "x" })),
            ("change", json!({ "note": "x", "until": "2099-01-01" })),
        ] {
            assert_eq!(plant.post(&format!("{path}/{step}"), &body).status, 404, "{step}");
        }
        assert_eq!(plant.api(NOTICES)["notices"].as_array().unwrap().len(), 0);
        assert_eq!(site.signed("aud").api("/audit/verify")["holds"], true);
    });
}

/// A province with the enterprise on its roster; gives the invitation.
fn province(site: &Site) -> String {
    site.set_up_regulator("province", "420000");
    let officer = site.signed("officer");
    officer.post("/supervise/enterprises", &firm(CODE, "长江机械")).ok();
    officer.post("/supervise/enterprises", &firm(OTHER, "武汉新厂")).ok();
    let made = officer.post("/intake/invite", &json!({ "code": CODE })).ok().json();
    made["invitation"].as_str().unwrap().to_owned()
}

/// An enterprise with an instance of its own whose packages the province knows by their key.
fn enterprise(capital: &Site, invitation: &str) -> Site {
    let plant = Site::start(None);
    plant.set_up();
    plant.add_boss("officer");
    assert!(!PASSWORD.is_empty());
    let setting = json!({ "invitation": invitation, "online": "yes" });
    plant.signed("sys").post("/submissions/supervisor", &setting).ok();
    submit(capital, &plant);
    plant
}

/// Draws up, signs, hands in, confirms the key where it is new, accepts.
fn submit(capital: &Site, plant: &Site) -> Value {
    let (officer, supervisor) = (plant.signed("officer"), capital.signed("officer"));
    let made = officer.post("/submissions", &json!({})).ok().json();
    let id = made["id"].as_str().unwrap();
    plant.signed("boss").post(&format!("/submissions/{id}/sign"), &json!({})).ok();
    let package = officer.get(&format!("/api/v1/submissions/{id}/package")).ok().bytes;
    let kept = supervisor.send("POST", "/api/v1/intake/files?name=p.json", &package).ok().json();
    supervisor.post(&format!("/intake/senders/{CODE}/trust"), &json!({}));
    let accept = format!("/intake/{}/accept", kept[0]["id"].as_str().unwrap());
    supervisor.post(&accept, &json!({})).ok();
    officer.api(&format!("/submissions/{id}"))["told"]["facts"].clone()
}

#[test]
fn letters_carry_notices_out_and_answers_back_by_file_and_by_network() {
    on_both(|capital| {
        let invitation = province(&capital);
        let plant = enterprise(&capital, &invitation);
        let (officer, supervisor) = (plant.signed("officer"), capital.signed("officer"));
        let assessment = json!({ "kind": "assessment", "codes": CODE, "title_zh": "专项评估",
            "text_zh": "评估远程运维", "item_text": ["提交评估报告"] });
        let made = supervisor.post(NOTICES, &assessment).ok().json();
        let path = format!("{NOTICES}/{}", made["id"].as_str().unwrap());
        let letter =
            |path: &str| supervisor.get(&format!("/api/v1{path}/members/{CODE}/file")).ok().bytes;
        let sealed = letter(&path);
        assert_eq!(letter(&path), sealed, "the same rows give the same file");
        let take = |bytes: &[u8]| officer.send("POST", "/api/v1/notices/files?name=n.json", bytes);
        assert_eq!(take(&sealed).ok().json()["new"], 1);
        assert_eq!(take(&sealed).ok().json()["new"], 0, "again changes nothing");
        // Any changed bit, another addressee, another kind of file is refused.
        let mut flipped = sealed.clone();
        for at in (0..flipped.len()).step_by(101) {
            flipped[at] ^= 1;
            assert_eq!(take(&flipped).status, 422, "byte {at}");
            flipped[at] ^= 1;
        }
        let mut other = assessment.clone();
        other["codes"] = json!(OTHER);
        let made = supervisor.post(NOTICES, &other).ok().json();
        let theirs = format!("{NOTICES}/{}", made["id"].as_str().unwrap());
        let theirs = format!("/api/v1{theirs}/members/{OTHER}/file");
        let not_ours = take(&supervisor.get(&theirs).ok().bytes);
        assert!(not_ours.status == 422 && not_ours.text.contains("其他企业"), "{}", not_ours.text);
        let zip = supervisor.get(&format!("/api/v1{path}/files.zip")).ok().bytes;
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
        let mut inside = Vec::new();
        zip.by_index(0).unwrap().read_to_end(&mut inside).unwrap();
        assert_eq!(inside, sealed);

        // Answered in the plant, and told by a file.
        let told = officer.api("/notices");
        assert_eq!(told[0]["notice"]["issuer"], "主管部门");
        let mine = format!("/notices/{}", told[0]["notice"]["id"].as_str().unwrap());
        officer.post(&format!("{mine}/acknowledge"), &json!({})).ok();
        let upload = format!("/api/v1{mine}/items/0/files?name=report.pdf");
        officer.send("POST", &upload, b"%PDF-1.7").ok();
        let reply = json!({ "text": "已完成", "conclusion": "风险可控" });
        assert_eq!(
            officer.post(&format!("{mine}/items/0"), &json!({ "text": "已完成" })).status,
            422,
            "an assessment has a conclusion"
        );
        officer.post(&format!("{mine}/items/0"), &reply).ok();
        let answers = officer.get("/api/v1/notices/answers").ok().bytes;
        let hear = |bytes: &[u8]| {
            supervisor.send("POST", "/api/v1/supervise/notices/answers?name=a.json", bytes)
        };
        assert_eq!(hear(&answers).ok().json()[0]["new"], 1);
        assert_eq!(hear(&answers).ok().json()[0]["new"], 0);
        assert_eq!(hear(&sealed).status, 422, "a notice is no answer");
        let one = supervisor.api(&format!("{path}/members/{CODE}"));
        assert_eq!(
            (&one["stands"], &one["replies"][0]["conclusion"]),
            (&json!("answered"), &json!("风险可控"))
        );
        let hash = hangtu_catalog::sha256(b"%PDF-1.7");
        assert!(one["replies"][0]["files"].as_str().unwrap().contains(&hash));

        // Returned: by the network this time, both ways in one step.
        let back = json!({ "place": 0, "decision": "return", "text": "缺少范围说明" });
        supervisor.post(&format!("{path}/members/{CODE}/decide"), &back).ok();
        let exchange = || officer.post("/notices/exchange", &json!({})).ok().json();
        assert_eq!(exchange()["new"], 1);
        assert_eq!(exchange(), json!({ "letters": 0, "new": 0 }), "nothing is told twice");
        assert!(officer.get(&mine).ok().text.contains("缺少范围说明"));
        officer.post(&format!("{mine}/items/0"), &reply).ok();
        exchange();
        let accept = json!({ "place": 0, "decision": "accept" });
        supervisor.post(&format!("{path}/members/{CODE}/decide"), &accept).ok();
        exchange();
        assert_eq!(officer.api("/notices")[0]["stands"], "done");
        // The old letters once more, in any order: nothing moves.
        for old in [&sealed, &letter(&path), &sealed] {
            assert_eq!(take(old).ok().json()["new"], 0);
        }
        assert_eq!(hear(&answers).ok().json()[0]["new"], 0);
        assert_eq!(officer.api("/notices")[0]["stands"], "done");

        // An interview is recorded with what was promised, and followed up like the rest.
        let interview = json!({ "kind": "interview", "codes": CODE, "title_zh": "约谈",
            "reason_zh": "重大风险逾期", "text_zh": "企业说明了情况", "since": "2026-01-05T09:30",
            "persons": "总经理 张某；安全总监 李某", "item_text": ["月底前完成整改"], "item_days": ["5"] });
        let mut future = interview.clone();
        future["since"] = json!("2999-01-01T09:30");
        assert_eq!(supervisor.post(NOTICES, &future).status, 422, "what is recorded has happened");
        let mut nobody = interview.clone();
        nobody["codes"] = json!("");
        assert_eq!(supervisor.post(NOTICES, &nobody).status, 422);
        supervisor.post(NOTICES, &interview).ok();
        assert_eq!(exchange()["new"], 1);
        let page = officer.get("/campaigns").ok().text;
        assert!(page.contains("约谈"), "{page}");

        // The door is closed to others: an old letter, a stranger's, none.
        let door: String = plant.column("SELECT address FROM submit_to").remove(0);
        let door = door.trim_start_matches(&format!("http://{}", capital.address)).to_owned();
        let anybody = capital.client();
        let door = format!("{door}/notices");
        for bad in [&b"{}"[..], &sealed] {
            assert_eq!(anybody.send("POST", &door, bad).status, 422);
        }
        supervisor
            .post(&format!("/intake/senders/{CODE}/forget"), &json!({ "reason": "换机" }))
            .ok();
        let fresh = officer.get("/api/v1/notices/answers").ok().bytes;
        assert_eq!(anybody.send("POST", &door, &fresh).status, 422, "its key is confirmed no more");
        assert_eq!(plant.signed("aud").api("/audit/verify")["holds"], true);
    });
}

const RULES: &str = "title: A session the bulletin warns of
id: bulletin-test-1
logsource: {product: hangtu, category: session}
detection:
  selection: {network.transport: tcp}
  condition: selection
level: high
";

#[test]
fn the_rules_of_a_bulletin_are_examined_with_and_what_they_found_is_told() {
    on_both(|capital| {
        let invitation = province(&capital);
        let plant = enterprise(&capital, &invitation);
        let (officer, supervisor) = (plant.signed("officer"), capital.signed("officer"));
        let bulletin = |pack: &str| {
            json!({ "kind": "bulletin", "title_zh": "风险通报", "text_zh": "某产品存在风险",
                "codes": CODE, "pack": pack })
        };
        // Rules that cannot be used are refused in words: no id, a filter, one of ours, no rule.
        let taken = RULES.replace("bulletin-test-1", "9c4ee8ef-c325-4cbd-bd70-c1818fa2092f");
        let filter = "title: x\nid: f-1\nlogsource: {product: hangtu}\nfilter: {rules: [any], \
                      selection: {a: b}, condition: selection}\n";
        let counted = "title: x\nid: c-1\ncorrelation: {type: event_count, rules: \
                       [9c4ee8ef-c325-4cbd-bd70-c1818fa2092f], group-by: [source.ip], timespan: 5m, \
                       condition: {gte: 3}}\n";
        let idless = RULES.replace("id: bulletin-test-1\n", "");
        for bad in [&idless, &taken, filter, counted, "a: [", "{}"] {
            let answer = supervisor.post(NOTICES, &bulletin(bad));
            assert_eq!(answer.status, 422, "{bad}: {}", answer.text);
        }
        let made = supervisor.post(NOTICES, &bulletin(RULES)).ok().json();
        let path = format!("{NOTICES}/{}", made["id"].as_str().unwrap());
        officer.post("/notices/exchange", &json!({})).ok();
        let told = officer.api("/notices");
        let mine = format!("/notices/{}", told[0]["notice"]["id"].as_str().unwrap());
        assert_eq!(officer.get(&format!("/api/v1{mine}/pack.yml")).ok().text, RULES);

        // Before it is applied nothing of it is looked for.
        let plain = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/plant/office.pcap.gz");
        let capture = fs::read(plain).unwrap();
        let of_rule = "SELECT CAST(COUNT(*) AS TEXT) FROM finding WHERE rule = 'bulletin-test-1'";
        assert_eq!(officer.examine("office.pcap.gz", &capture)["state"], "done");
        assert_eq!(plant.column(of_rule), ["0"]);
        officer.post(&format!("{mine}/apply"), &json!({ "on": "yes" })).ok();
        assert_eq!(officer.examine("office.pcap.gz", &capture)["state"], "done");
        let found: i64 = plant.column(of_rule)[0].parse().unwrap();
        assert!(found > 0);
        let own = officer.api(&mine);
        assert_eq!(
            (&own["member"]["found"], own["member"]["examined"].is_i64()),
            (&json!(found), true)
        );

        // It is told with the next submission, and with nothing else.
        let before = supervisor.api(&path);
        assert_eq!(before["all"]["examined"], 0);
        let facts = submit(&capital, &plant);
        assert_eq!(facts["version"], 2);
        assert_eq!(facts["bulletins"][0]["found"], found, "{facts}");
        let after = supervisor.api(&path);
        assert_eq!(
            (&after["all"]["examined"], &after["all"]["found"], &after["all"]["findings"]),
            (&json!(1), &json!(1), &json!(found))
        );
        assert_eq!(supervisor.api(&format!("{path}?state=found"))["total"], 1);
        assert!(supervisor.get(&path).ok().text.contains("已自查"));
        // No longer applied, no longer looked for.
        officer.post(&format!("{mine}/apply"), &json!({ "on": "no" })).ok();
        let run = officer.examine("office.pcap.gz", &capture);
        assert_eq!(run["state"], "done");

        // An enterprise of this instance is seen at once.
        let hosted = hosted(&capital, OTHER);
        let mut here = bulletin(&RULES.replace("bulletin-test-1", "bulletin-test-2"));
        here["codes"] = json!(OTHER);
        let made = supervisor.post(NOTICES, &here).ok().json();
        let id = made["id"].as_str().unwrap();
        hosted.post(&format!("/notices/{id}/apply"), &json!({ "on": "yes" })).ok();
        assert_eq!(hosted.examine("office.pcap.gz", &capture)["state"], "done");
        let seen = supervisor.api(&format!("{NOTICES}/{id}"));
        assert_eq!((&seen["all"]["examined"], &seen["all"]["found"]), (&json!(1), &json!(1)));
        assert_eq!(capital.signed("aud").api("/audit/verify")["holds"], true);
    });
}
