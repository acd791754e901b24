//! The questionnaire and the home page, through the public door.

use crate::kit::{self, Client, Site, on_both};
use serde_json::{Value, json};
use sqlx::Connection;

fn open(client: &Client) -> String {
    client.post("/answers/open", &json!({})).ok().json()["id"].as_str().unwrap().to_owned()
}

fn question(client: &Client, control: &str) -> Value {
    client.api(&format!("/answers/questions?control={control}"))["questions"][0].clone()
}

fn save(
    client: &Client,
    round: &str,
    control: &str,
    version: i64,
    choice: &str,
    note: &str,
) -> kit::Answer {
    let body = json!({ "round": round, "version": version, "choice": choice, "note": note });
    client.post(&format!("/answers/questions/{control}"), &body)
}

fn answer_all(client: &Client, round: &str) {
    let all = client.api("/answers/questions");
    for page in 1..=all["pages"].as_u64().unwrap() {
        let cards = client.api(&format!("/answers/questions?page={page}"));
        for card in cards["questions"].as_array().unwrap() {
            if card["choice"] == "" {
                let control = card["control"].as_str().unwrap();
                save(client, round, control, card["version"].as_i64().unwrap(), "yes", "").ok();
            }
        }
    }
}

#[test]
fn a_round_is_answered_finished_and_frozen() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        assert!(officer.get("/answers").ok().text.contains("尚未启动自查"));
        let round = open(&officer);
        assert_eq!(officer.post("/answers/open", &json!({})).status, 409, "one at a time");
        let progress = |client: &Client| client.api("/answers")["progress"].clone();
        let total = progress(&officer)["total"].as_u64().unwrap();
        assert_eq!(progress(&officer)["blank"].as_u64(), Some(total));

        save(&officer, &round, "GOV-01", 0, "yes", "《数据安全管理制度》第3章").ok();
        save(&officer, &round, "GOV-02", 0, "no", "").ok();
        let unreasoned = save(&officer, &round, "GOV-03", 0, "not-applicable", " ");
        assert_eq!((unreasoned.status, &unreasoned.json()["field"]), (422, &json!("note")));
        save(&officer, &round, "GOV-03", 0, "not-applicable", "本厂无此类数据").ok();
        assert_eq!(save(&officer, &round, "GOV-04", 0, "maybe", "").status, 422);
        let p = progress(&officer);
        assert_eq!(
            (&p["answered"], &p["met"], &p["not_applicable"], &p["blank"], &p["to_answer"]),
            (&json!(2), &json!(1), &json!(1), &json!(total - 3), &json!(total - 1)),
        );

        let early = officer.post("/answers/finish", &json!({ "round": round }));
        assert_eq!(early.status, 409, "blanks remain");
        answer_all(&officer, &round);
        officer.post("/answers/finish", &json!({ "round": round })).ok();
        assert_eq!(save(&officer, &round, "GOV-01", 1, "no", "").status, 409, "frozen");
        let put = officer.send(
            "POST",
            &format!("/api/v1/answers/questions/GOV-01/attachments?round={round}&name=a.txt"),
            b"late",
        );
        assert_eq!(put.status, 409, "frozen");

        // What was said before is shown, not counted, until it is confirmed.
        let second = open(&officer);
        assert_eq!(progress(&officer)["blank"].as_u64(), Some(total));
        let card = question(&officer, "GOV-01");
        assert_eq!(
            (&card["choice"], &card["former"]["label"]["zh-CN"]),
            (&json!(""), &json!("是"))
        );
        let still = json!({ "round": second, "version": 0 });
        officer.post("/answers/questions/GOV-01/still", &still).ok();
        assert_eq!(question(&officer, "GOV-01")["note"], "《数据安全管理制度》第3章");
        assert_eq!(progress(&officer)["answered"], 1);
        for path in ["/answers", "/answers/questions", "/answers/contradictions", "/standing", "/"]
        {
            let page = officer.get(path).ok().text;
            assert!(page.len() < 100_000, "{path}: {} bytes", page.len());
        }
    });
}

#[test]
fn two_people_at_once_lose_nothing() {
    on_both(|site| {
        site.set_up();
        let (one, two) = (site.signed("officer"), site.signed("officer"));
        let round = open(&one);
        let first = save(&one, &round, "GOV-01", 0, "yes", "甲").ok().json();
        assert_eq!(first["version"], 1);
        let late = save(&two, &round, "GOV-01", 0, "no", "乙");
        assert_eq!(late.status, 409);
        let told = late.json();
        assert!(told["detail"].as_str().unwrap().contains("负责人"), "{told}");
        assert_eq!((&told["note"], &told["version"]), (&json!("甲"), &json!(1)));
        assert_eq!(question(&one, "GOV-01")["note"], "甲", "nothing was overwritten");
        // The same again is no conflict and no change: a lost answer may be sent twice.
        assert_eq!(save(&one, &round, "GOV-01", 0, "yes", "甲").ok().json()["version"], 1);
        save(&two, &round, "GOV-01", 1, "no", "乙").ok();
        assert_eq!(question(&one, "GOV-01")["means"], "unmet");
    });
}

#[test]
fn files_are_kept_by_their_hash_and_handed_out_as_downloads() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        let round = open(&officer);
        let to = |name: &str| {
            format!("/api/v1/answers/questions/GOV-01/attachments?round={round}&name={name}")
        };
        let kept = officer.send("POST", &to("a.html"), b"<script>1</script>").ok().json();
        assert_eq!(kept["sha256"].as_str().unwrap().len(), 64);
        assert_eq!(officer.send("POST", &to("big.bin"), &vec![0; (20 << 20) + 1]).status, 413);
        let path = format!("/answers/attachments/{}", kept["id"].as_str().unwrap());
        let got = officer.get(&path).ok();
        assert_eq!(got.text, "<script>1</script>");
        let header = |name: &str| got.headers.iter().find(|(n, _)| n == name).unwrap().1.clone();
        assert_eq!(header("content-type"), "application/octet-stream");
        assert!(header("content-disposition").starts_with("attachment"));
        officer.post(&format!("{path}/remove"), &json!({})).ok();
        assert_eq!(question(&officer, "GOV-01")["attachments"], json!([]));
    });
}

/// Adds a colleague, and a whole other organisation, where there are no pages for it yet.
fn insert_people(site: &Site) {
    let url = site.database();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        sqlx::any::install_default_drivers();
        let mut c = sqlx::AnyConnection::connect(&url).await.unwrap();
        for sql in [
            "INSERT INTO organisation (id, name, credit_code, region, industry, revenue_band, \
             created) VALUES ('other', 'Other', '-', '420000', '34', '400m-1bn', 0)",
            "INSERT INTO person (id, organisation, account, name, roles, password, created) \
             SELECT 'member', organisation, 'member', '车间同事', 'member', password, 0 \
             FROM person WHERE account = 'officer'",
            "INSERT INTO person (id, organisation, account, name, roles, password, created) \
             SELECT 'stranger', 'other', 'stranger', '外人', 'officer', password, 0 \
             FROM person WHERE account = 'officer'",
        ] {
            sqlx::query(sql).execute(&mut c).await.unwrap();
        }
    });
}

#[test]
fn colleagues_answer_what_is_theirs_and_others_see_nothing() {
    on_both(|site| {
        site.set_up();
        insert_people(&site);
        let (officer, member, stranger) =
            (site.signed("officer"), site.signed("member"), site.signed("stranger"));
        let round = open(&officer);
        assert_eq!(member.post("/answers/open", &json!({})).status, 403);
        assert_eq!(save(&member, &round, "GOV-01", 0, "yes", "").status, 403, "not theirs");
        let hand = |person: &str, due: &str| {
            let body = json!({ "round": round, "group": "GOV", "person": person, "due": due });
            officer.post("/answers/assign", &body)
        };
        assert_eq!(hand("stranger", "").status, 422);
        assert_eq!(hand("member", "tomorrow").status, 422);
        assert!(hand("member", "2020-01-31").ok().json()["questions"].as_u64().unwrap() > 1);
        save(&member, &round, "GOV-01", 0, "partly", "").ok();
        let mine = member.api("/answers/questions?mine=1");
        assert!(mine["questions"].as_array().unwrap().iter().all(|q| q["group"] == "GOV"));
        let home = member.api("/");
        assert!(home["answers"]["mine_overdue"].as_u64().unwrap() > 0, "{home}");

        assert_eq!(stranger.api("/answers")["rounds"], json!([]));
        assert_eq!(stranger.get(&format!("/api/v1/answers/questions?round={round}")).status, 404);
        assert_eq!(save(&stranger, &round, "GOV-02", 0, "yes", "").status, 404);
        assert_eq!(stranger.post("/answers/finish", &json!({ "round": round })).status, 404);
        assert_eq!(site.signed("aud").get("/answers").status, 403);
        assert_eq!(site.client().get("/api/v1/answers").status, 401);
    });
}

#[test]
fn home_says_where_to_begin_and_counts_with_denominators() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        assert!(officer.get("/").ok().text.contains("三个步骤"));
        let line = |home: &Value| home["matrix"][0].clone();
        let before = line(&officer.api("/"));
        assert_eq!((&before["scenario"], &before["examined"]), (&json!("ransomware"), &json!(0)));
        let round = open(&officer);
        save(&officer, &round, "RAN-01", 0, "no", "").ok();
        let after = line(&officer.api("/"));
        assert_eq!(after["examined"], 1, "a claim of a shortcoming is a look, too");
        let parts = after["split"].as_array().unwrap();
        let sum: u64 = parts.iter().map(|p| p["n"].as_u64().unwrap()).sum();
        assert_eq!(Some(sum), after["controls"].as_u64(), "every control point once");
        let list = officer.api("/standing?scenario=ransomware&state=claimed");
        assert_eq!(list["controls"][0]["control"], "RAN-01");
        assert!(!officer.get("/").ok().text.contains("三个步骤"));
        site.signed("sys").get("/").ok();
    });
}
