//! What a supervisor accepted becomes history, once, and is asked in SQL by those it belongs to.

use crate::kit::{self, Client, Site};
use hangtu_server::Config;
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;

const CODE: &str = "91420100MA4KX1234B";

/// A regulator's other organisation in the same instance, with the officer of that name.
fn regulator(site: &Site, id: &str, kind: &str) -> Client {
    site.sql(&format!(
        "INSERT INTO organisation (id, name, credit_code, region, industry, revenue_band, created, \
         kind) VALUES ('{id}', '{id}', '', '', '', '', 0, '{kind}')"
    ));
    site.sql(&format!(
        "INSERT INTO person (id, organisation, account, name, roles, password, password_set, \
         created) SELECT 'p-{id}', '{id}', '{id}', '{id}', 'supervisor', password, password_set, \
         created FROM person WHERE account = 'officer'"
    ));
    site.signed(id)
}

/// Draws up, signs, hands in and accepts a submission of the enterprise.
fn accepted(plant: &Site, capital: &Site) {
    let (officer, boss, province) =
        (plant.signed("officer"), plant.signed("boss"), capital.signed("officer"));
    let made = officer.post("/submissions", &json!({ "answers": "" })).ok().json();
    let id = made["id"].as_str().unwrap().to_owned();
    boss.post(&format!("/submissions/{id}/sign"), &json!({})).ok();
    let package = officer.get(&format!("/api/v1/submissions/{id}/package")).ok().bytes;
    let kept = province.send("POST", "/api/v1/intake/files?name=p.json", &package).ok().json();
    let kept = kept[0]["id"].as_str().unwrap().to_owned();
    // Only the first time somebody must say whose key it is.
    province.post(&format!("/intake/senders/{CODE}/trust"), &json!({}));
    province.post(&format!("/intake/{kept}/accept"), &json!({})).ok();
}

fn with_history(database_url: Option<String>) -> Site {
    let data = tempfile::tempdir().unwrap();
    let place = data.path().join("history").display().to_string();
    with_history_in(place, data, database_url)
}

fn with_history_in(place: String, data: TempDir, database_url: Option<String>) -> Site {
    let mut config = Config::new(data.path().join("data"));
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.database_url = database_url;
    config.history = Some(place);
    Site::with(config, data)
}

/// A province in this instance, and an enterprise in its own that knows it.
fn invited(capital: &Site) -> (Client, Site) {
    let plant = Site::start(None);
    plant.set_up();
    plant.add_boss("officer");
    capital.set_up_regulator("province", "420000");
    let province = capital.signed("officer");
    let firm = json!({ "credit_code": CODE, "name": "武汉长江精密机械有限公司",
        "region": "420000", "industry": "34", "above_scale": "yes" });
    province.post("/supervise/enterprises", &firm).ok();
    let invitation = province.post("/intake/invite", &json!({ "code": CODE })).ok().json();
    let invitation = json!({ "invitation": invitation["invitation"] });
    plant.signed("sys").post("/submissions/supervisor", &invitation).ok();
    (province, plant)
}

fn asked(who: &Client, sql: &str) -> Value {
    who.post("/supervise/history", &json!({ "sql": sql })).ok().json()["rows"].clone()
}

fn written(who: &Client) -> bool {
    for _ in 0..300 {
        if who.api("/supervise/history")["waiting"] == 0 {
            return true;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    false
}

const COUNT: &str = "SELECT COUNT(*), COUNT(DISTINCT sequence) FROM submission";

#[test]
fn what_was_accepted_is_asked_by_those_it_belongs_to_and_stands_once_whatever_happens() {
    let postgres = std::env::var("HANGTU_TEST_POSTGRES").ok();
    let both = [None].into_iter().chain(postgres.map(|url| Some(kit::fresh_database(&url))));
    for url in both {
        let mut capital = with_history(url);
        let (province, plant) = invited(&capital);
        let (nation, other) =
            (regulator(&capital, "n1", "nation"), regulator(&capital, "o2", "province"));
        capital.sql("UPDATE organisation SET parent = 'n1' WHERE kind = 'province' AND id <> 'o2'");

        assert!(province.get("/supervise/history").ok().text.contains("历史数据"));
        assert_eq!(asked(&province, COUNT), json!([[0, 0]]), "tables without rows");
        accepted(&plant, &capital);
        assert_eq!(province.api("/supervise/history")["waiting"], 1);
        let made = province.post("/supervise/history/write", &json!({})).ok().json();
        assert_eq!(made["parts"], 1);
        let again = province.post("/supervise/history/write", &json!({})).ok().json();
        assert_eq!(again["parts"], 0);
        let row = asked(
            &province,
            "SELECT s.credit_code, g.name, s.industry, s.sequence, s.graded, \
            s.checks_total > 50, s.month = to_char(s.accepted_at + INTERVAL '8 hours', '%Y-%m') \
            FROM submission s JOIN region g ON g.code = s.region",
        );
        assert_eq!(row, json!([[CODE, "湖北省", "34", 1, false, true, true]]));

        // Who stands above has it too, in its own history; nobody else has.
        nation.post("/supervise/history/write", &json!({})).ok();
        assert_eq!(asked(&nation, COUNT), json!([[1, 1]]));
        other.post("/supervise/history/write", &json!({})).ok();
        assert_eq!(asked(&other, COUNT), json!([[0, 0]]));
        let path = capital.data.path().join("history");
        let sql = format!("SELECT * FROM '{}/n1/submission/'", path.display());
        assert_eq!(other.post("/supervise/history", &json!({ "sql": sql })).status, 422);
        let refused = capital.signed("sys").post("/supervise/history", &json!({ "sql": COUNT }));
        assert_eq!(refused.status, 403);

        // Killed before the mark, with half a file beside: at the next start it is written again.
        accepted(&plant, &capital);
        province.post("/supervise/history/write", &json!({})).ok();
        capital.sql("UPDATE history_part SET written = 0, files = 0 WHERE supervisor <> 'n1'");
        let id = capital
            .column("SELECT supervisor FROM history_part WHERE supervisor <> 'n1'")
            .remove(0);
        let month = asked(&province, "SELECT MAX(month) FROM submission")[0][0].clone();
        let folder =
            path.join(id).join("submission").join(format!("month={}", month.as_str().unwrap()));
        std::fs::remove_file(folder.join("00000002.parquet")).unwrap();
        std::fs::write(folder.join(".00000002.parquet.new"), b"PAR1 half of it").unwrap();
        capital.restart();
        let (province, nation) = (capital.signed("officer"), capital.signed("n1"));
        assert!(written(&province));
        assert_eq!(asked(&province, COUNT), json!([[2, 2]]));
        // What waits for more than an hour is written by the clock.
        assert_eq!(nation.api("/supervise/history")["waiting"], 1);
        capital.sql("UPDATE history_due SET accepted = accepted - 7200000000 WHERE part = 0");
        capital.restart();
        let nation = capital.signed("n1");
        assert!(written(&nation));
        assert_eq!(asked(&nation, COUNT), json!([[2, 2]]));
    }
}

/// With `HANGTU_TEST_S3=s3://BUCKET` and the credentials of an S3 service in the usual variables.
#[test]
fn what_was_accepted_is_asked_from_a_bucket_too() {
    let Ok(bucket) = std::env::var("HANGTU_TEST_S3") else {
        return println!("HANGTU_TEST_S3 is not set: no bucket is written");
    };
    let data = tempfile::tempdir().unwrap();
    let run = data.path().file_name().unwrap().to_string_lossy().replace('.', "");
    let mut capital = with_history_in(format!("{bucket}/{run}/seat"), data, None);
    let (province, plant) = invited(&capital);
    assert_eq!(asked(&province, COUNT), json!([[0, 0]]), "tables without rows");
    for n in [1, 2] {
        accepted(&plant, &capital);
        province.post("/supervise/history/write", &json!({})).ok();
        assert_eq!(asked(&province, COUNT), json!([[n, n]]));
    }
    capital.restart();
    assert_eq!(asked(&capital.signed("officer"), COUNT), json!([[2, 2]]));
}

#[test]
fn a_question_is_asked_at_the_page_and_each_stands_in_the_log() {
    let site = with_history(None);
    site.set_up_regulator("nation", "");
    let officer = site.signed("officer");
    let page = officer.get("/supervise/history").ok().text;
    let ready = page.matches("name=\"question\"").count();
    assert!(ready >= 5, "{page}");
    for question in ["majors-by-province", "scenarios", "majors-duration", "protection", "drills"] {
        let page = officer.form("/supervise/history", &[("question", question)]);
        assert_eq!(page.status, 200, "{question}: {}", page.text);
        assert!(page.text.contains("没有符合条件的数据"), "{question}");
    }
    let names = "SELECT code, name, '=1+1' AS formula FROM region ORDER BY code";
    let page = officer.form("/supervise/history", &[("sql", names)]).ok().text;
    assert!(page.contains("北京市") && page.contains("ORDER BY code</textarea>"), "{page}");
    let csv = officer.form("/supervise/history", &[("sql", names), ("format", "csv")]).ok();
    assert!(csv.headers.iter().any(|(n, v)| n == "content-type" && v.starts_with("text/csv")));
    assert!(csv.text.contains("\"110000\",\"北京市\",\"'=1+1\""), "{}", csv.text);
    for (sql, status) in [
        ("DROP TABLE submission", 422),
        ("SELECT nothing FROM submission", 422),
        ("", 422),
        ("SELECT COUNT(*) FROM submission", 200),
    ] {
        assert_eq!(officer.form("/supervise/history", &[("sql", sql)]).status, status, "{sql}");
    }
    assert_eq!(officer.form("/supervise/history", &[("question", "weather")]).status, 422);
    let log = site.column("SELECT body FROM ledger_entry WHERE action = 'history.ask'");
    assert_eq!(log.len(), 5 + 2 + 3, "each question, answered or not");
    assert!(log.iter().any(|l| l.contains("DROP TABLE submission")));
    // Where no history is kept the page says so, and nothing is asked.
    let without = Site::start(None);
    without.set_up_regulator("nation", "");
    let officer = without.signed("officer");
    assert!(officer.get("/supervise/history").ok().text.contains("未启用历史归档"));
    assert_eq!(officer.form("/supervise/history", &[("sql", "SELECT 1")]).status, 409);
}
