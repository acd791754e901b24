//! The supervising side through the public door: the roster, target sets, the picture.

use crate::kit::{Client, Site, on_both};
use hangtu_server::Nation;
use serde_json::{Value, json};

fn import(client: &Client, table: &[u8], dry: bool) -> Value {
    let path =
        format!("/api/v1/supervise/import?name=t.csv&dry={}", if dry { "yes" } else { "no" });
    client.send("POST", &path, table).ok().json()
}

fn submit(site: &Site, nation: Nation, round: u64) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(nation.submit(&site.config, round, usize::MAX)).unwrap().packages
}

/// A sheet as a spreadsheet program would write it.
fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (line, row) in rows.iter().enumerate() {
        for (at, cell) in row.iter().enumerate() {
            sheet.write_string(line as u32, at as u16, *cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

const HEAD: &str =
    "credit code,name,province,industry,above scale,revenue 2024,2025年营业收入（万元）\n";

#[test]
fn a_roster_is_tried_imported_and_keeps_what_became_of_everybody() {
    on_both(|site| {
        site.set_up_regulator("province", "420000");
        let officer = site.signed("officer");
        let table = format!(
            "{HEAD}91420100MA4KX1234B,长江机械,湖北,34,是,900000000,1000\n\
             91330100799655058B,外省企业,浙江,39,是,,\n\
             914200001922038219,\"=cmd()\",湖北省,C26,否,1,\n"
        );
        let tried = import(&officer, table.as_bytes(), true);
        assert_eq!(
            (&tried["lines"], &tried["added"], &tried["refused"]),
            (&3.into(), &1.into(), &2.into())
        );
        assert_eq!(officer.api("/supervise/enterprises")["total"], 0, "a dry run keeps nothing");
        let id = tried["id"].as_str().unwrap();
        let errors = officer.get(&format!("/supervise/import/{id}/errors.csv")).ok().text;
        assert!(errors.contains("浙江") && errors.contains("914200001922038219"), "{errors}");
        assert!(officer.get(&format!("/supervise/import/{id}")).ok().text.contains("试导入"));

        let taken = import(&officer, table.as_bytes(), false);
        assert_eq!(taken["added"], 1);
        assert_eq!(import(&officer, table.as_bytes(), false)["same"], 1, "again changes nothing");
        // The same as a workbook, under another name and with another industry.
        let book = workbook(&[
            &["统一社会信用代码", "企业名称", "地区", "行业", "2026年营业收入（亿元）"],
            &["91420100MA4KX1234B", "长江精密", "420000", "35", "2.5"],
        ]);
        assert_eq!(import(&officer, &book, false)["changed"], 1);
        let one = officer.api("/supervise/enterprises/91420100MA4KX1234B");
        assert_eq!((&one["name"], &one["revenue"]), (&"长江精密".into(), &250_000_000.into()));
        assert_eq!(one["revenues"].as_array().unwrap().len(), 3);
        let kinds: Vec<&str> = one["history"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["kind"].as_str().unwrap())
            .collect();
        assert_eq!(kinds.len(), 2, "{kinds:?}");
        assert!(kinds.contains(&"rename") && kinds.contains(&"move"), "{kinds:?}");

        // By hand: another enterprise, into which the first is merged.
        let code = "914201007084611368";
        let new = json!({ "credit_code": code, "name": "武汉新厂", "region": "420000",
            "industry": "26", "above_scale": "yes" });
        officer.post("/supervise/enterprises", &new).ok();
        assert_eq!(officer.post("/supervise/enterprises", &new).status, 409, "twice");
        let merge = json!({ "what": "merge", "name": "x", "region": "420000", "industry": "26",
            "above_scale": "yes", "successor": code, "note": "吸收合并" });
        officer.post("/supervise/enterprises/91420100MA4KX1234B/change", &merge).ok();
        assert_eq!(officer.api("/supervise/enterprises")["total"], 1);
        assert_eq!(officer.api("/supervise/enterprises?status=merged")["total"], 1);
        let page = officer.get("/supervise/enterprises/91420100MA4KX1234B").ok().text;
        assert!(page.contains("吸收合并") && page.contains(code));
        officer.post(&format!("/supervise/enterprises/{code}/invite"), &json!({})).ok();
        assert_eq!(
            officer.post(&format!("/supervise/enterprises/{code}/invite"), &json!({})).status,
            409
        );
        assert_eq!(officer.api("/supervise")["sums"]["invited"], 1);
        assert_eq!(officer.post("/supervise/recount", &json!({})).ok().json()["right"], true);

        for bad in [&b"\xd0\xcf\x11\xe0"[..], b"a,b\n1,2\n", b"PK\x03\x04", b""] {
            let answer = officer.send("POST", "/api/v1/supervise/import?name=t&dry=no", bad);
            assert_eq!(answer.status, 422, "{}", answer.text);
        }
        // A plant's people have nothing to look for here; a regulator's have no plant.
        assert!(!officer.get("/supervise").ok().text.contains("href=\"/findings\""));
        assert_eq!(officer.get("/").location, "/supervise");
        assert_eq!(site.signed("sys").get("/supervise").status, 403);
        // An enterprise that works in this instance reads who looked in its own trail.
        site.other_organisation();
        site.sql(&format!("UPDATE organisation SET credit_code = '{code}' WHERE id = 'o2'"));
        officer.get(&format!("/supervise/enterprises/{code}")).ok();
        let own = "SELECT actor_name FROM ledger_entry WHERE organisation = 'o2'";
        assert!(site.column(own).iter().any(|name| name.contains("监管员")));
        // Each look is entered in both, also where many look at once.
        let looks = || {
            site.column("SELECT subject FROM ledger_entry WHERE action = 'enterprise.look'").len()
        };
        let before = looks();
        let path = format!("/supervise/enterprises/{code}");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let (officer, path) = (site.signed("officer"), &path);
                scope.spawn(move || (0..6).for_each(|_| drop(officer.get(path).ok())));
            }
        });
        assert_eq!(looks(), before + 2 * 4 * 6);
    });
}

#[test]
fn the_picture_counts_what_was_accepted_and_every_number_opens_its_list() {
    on_both(|site| {
        site.set_up_regulator("nation", "");
        let officer = site.signed("officer");
        assert!(officer.get("/supervise").ok().text.contains("/supervise/import"), "a first step");
        let nation = Nation { seed: 3, enterprises: 400 };
        let roster = nation.roster(2025).unwrap();
        assert_eq!(import(&officer, roster.as_bytes(), false)["added"], 400);
        let first = officer.post("/supervise/targets", &json!({ "year": "2025" })).ok().json();
        assert_eq!(officer.api("/supervise")["sums"]["target"], first["members"]);
        let packages = submit(&site, nation, 0);
        let picture = officer.api("/supervise");
        let sums = &picture["sums"];
        assert_eq!(sums["accepted"], packages);
        // Again, and what is older, changes nothing.
        submit(&site, nation, 0);
        assert_eq!(officer.api("/supervise")["sums"], *sums);
        assert_eq!(officer.post("/supervise/recount", &json!({})).ok().json()["right"], true);
        // A number and the list behind it.
        let total =
            |query: &str| officer.api(&format!("/supervise/enterprises?{query}"))["total"].clone();
        for (number, query) in [
            (&sums["registered"], ""),
            (&sums["above"], "above=1"),
            (&sums["submitted"], "state=submitted"),
            (&sums["accepted"], "state=accepted"),
            (&sums["graded"], "graded=yes"),
            (&sums["target_graded"], "graded=yes&target=1"),
            (&sums["examined"], "state=examined"),
            (&picture["stale"], "state=stale"),
        ] {
            assert_eq!(*number, total(query), "{query}");
        }
        for cell in picture["heat"].as_array().unwrap() {
            let [scenario, level] = ["scenario", "level"].map(|w| cell[w].as_str().unwrap());
            let query = format!("scenario={scenario}&level={level}");
            assert_eq!(cell["enterprises"], total(&query), "{query}");
        }
        for drill in picture["drills"].as_array().unwrap() {
            let query = format!("drilled={}", drill["scenario"].as_str().unwrap());
            assert_eq!(drill["enterprises"], total(&query));
        }
        // A province is a part of it; all provinces together are all of it.
        let mut graded = 0;
        for region in picture["regions"].as_array().unwrap() {
            let code = region["code"].as_str().unwrap();
            let part = officer.api(&format!("/supervise?region={code}"));
            assert_eq!(part["sums"], region["sums"]);
            graded += part["sums"]["graded"].as_i64().unwrap();
        }
        assert_eq!(graded, sums["graded"].as_i64().unwrap());
        let goal = &picture["goals"][0];
        assert_eq!((&goal["id"], &goal["today"]), (&"graded".into(), &sums["graded"]));
        assert_eq!(goal["missing"].as_i64().unwrap(), 45_001 - graded, "more than 45,000");
        assert!(goal["rate"].is_number(), "a month of days was kept");
        for language in ["zh-CN", "en"] {
            officer.get(&format!("/language/{language}"));
            for path in [
                "/supervise",
                "/supervise/enterprises",
                "/supervise/targets",
                "/supervise/yearly",
                "/supervise/import",
            ] {
                let page = officer.get(path).ok();
                assert!(page.bytes.len() < 100_000, "{path}: {}", page.bytes.len());
            }
        }
        let mut last = String::new();
        for month in picture["months"].as_array().unwrap() {
            let open = month["open"].as_i64().unwrap();
            match month["month"].as_str().unwrap() {
                "" => last.insert(0, '-'),
                name => name.clone_into(&mut last),
            }
            let with = total(&format!("month={last}")).as_i64().unwrap();
            assert!((open > 0) == (with > 0) && with <= open, "{month}: {with}");
        }
        assert!(officer.get("/supervise.xlsx?region=&industry=").ok().bytes.starts_with(b"PK"));
        assert!(
            officer.get("/supervise/enterprises.xlsx?state=accepted").ok().bytes.starts_with(b"PK")
        );
        let csv = officer.get("/supervise/enterprises.csv?graded=yes").ok().text;
        assert_eq!(csv.lines().count() as i64, graded + 1);
        // Frozen is frozen.
        let frozen = officer.post("/supervise/yearly", &json!({})).ok().json();
        let path = format!("/supervise/yearly/{}/picture.json", frozen["id"].as_str().unwrap());
        let before = officer.get(&path).ok().text;
        submit(&site, nation, 1);
        assert_ne!(officer.api("/supervise")["sums"], *sums, "a new round is another picture");
        assert_eq!(officer.get(&path).ok().text, before);
        assert!(officer.get(path.trim_end_matches("/picture.json")).ok().text.contains("<svg"));
        assert_eq!(officer.post("/supervise/recount", &json!({})).ok().json()["right"], true);
        assert_eq!(site.signed("aud").api("/audit/verify")["holds"], true);
    });
}

#[test]
fn a_target_set_is_frozen_and_says_who_entered_and_left_and_why() {
    on_both(|site| {
        site.set_up_regulator("nation", "");
        let officer = site.signed("officer");
        let nation = Nation { seed: 5, enterprises: 120 };
        import(&officer, nation.roster(2025).unwrap().as_bytes(), false);
        assert_eq!(officer.post("/supervise/targets", &json!({ "year": "2019" })).status, 422);
        let tried = officer.api("/supervise/targets?year=2025")["computed"].clone();
        let first = officer.post("/supervise/targets", &json!({ "year": "2025" })).ok().json();
        assert_eq!((&first["version"], &first["members"]), (&1.into(), &tried["members"]));
        let set = officer.api("/supervise/enterprises?target=1&sort=-revenue");
        let inside = set["enterprises"][0]["credit_code"].as_str().unwrap().to_owned();
        let gone = set["enterprises"][1]["credit_code"].as_str().unwrap().to_owned();
        let other = officer.api("/supervise/enterprises?sort=revenue")["enterprises"][0].clone();
        let other = other["credit_code"].as_str().unwrap();
        for (code, what) in [(inside.as_str(), "exclude"), (other, "include")] {
            let decision = json!({ "credit_code": code, "what": what, "reason": "省级重点" });
            officer.post("/supervise/targets/decisions", &decision).ok();
        }
        let close = json!({ "what": "close", "name": "x", "region": "420000", "industry": "26",
            "above_scale": "yes" });
        officer.post(&format!("/supervise/enterprises/{gone}/change"), &close).ok();
        let second = officer.post("/supervise/targets", &json!({ "year": "2025" })).ok().json();
        assert_eq!(second["version"], 2);
        let diff = officer.api("/supervise/targets/2");
        let why = |list: &str, code: &str| {
            let all = diff[list].as_array().unwrap();
            let found = all.iter().find(|m| m["credit_code"] == code);
            found.unwrap_or_else(|| panic!("{code} in {diff}"))["why"].as_str().unwrap().to_owned()
        };
        assert_eq!(why("who_entered", other), "included");
        assert_eq!(why("who_left", &inside), "excluded");
        assert_eq!(why("who_left", &gone), "gone");
        let page = officer.get("/supervise/targets/2?against=1").ok().text;
        assert!(page.contains("主管部门指定移出：省级重点"), "{page}");
        assert_eq!(
            officer.api("/supervise/targets/1?against=0")["set"]["members"],
            first["members"]
        );
        let csv = officer.get("/supervise/targets/2/members.csv").ok().text;
        assert_eq!(csv.lines().count() as i64, second["members"].as_i64().unwrap() + 1);
        officer.post(&format!("/supervise/targets/decisions/{inside}/withdraw"), &json!({})).ok();
        let third = officer.post("/supervise/targets", &json!({ "year": "2025" })).ok().json();
        assert_eq!(third["members"].as_i64().unwrap(), second["members"].as_i64().unwrap() + 1);
        assert_eq!(officer.post("/supervise/recount", &json!({})).ok().json()["right"], true);
    });
}

#[test]
fn lots_are_drawn_by_a_published_seed_and_inspectors_see_theirs_alone() {
    on_both(|site| {
        site.set_up_regulator("nation", "");
        for id in ["anna", "bo"] {
            site.sql(&format!(
                "INSERT INTO person (id, organisation, account, name, roles, password, password_set, \
                 created) SELECT '{id}', organisation, '{id}', '{id}', 'inspector', password, \
                 password_set, created FROM person WHERE account = 'officer'"
            ));
        }
        let officer = site.signed("officer");
        let nation = Nation { seed: 9, enterprises: 40 };
        import(&officer, nation.roster(2025).unwrap().as_bytes(), false);
        let new = json!({ "seed": "2026-12-01 3 14 15 9 26 5", "many": 4, "each": 1 });
        assert_eq!(officer.post("/supervise/draws?state=accepted", &new).status, 422, "too few");
        let made = officer.post("/supervise/draws", &new).ok().json();
        let path = format!("/supervise/draws/{}", made["id"].as_str().unwrap());
        let drawn = officer.api(&path);
        assert_eq!((&drawn["holds"], drawn["drawn"].as_array().unwrap().len()), (&true.into(), 4));
        assert_eq!(drawn["enterprises"].as_array().unwrap().len(), 40);
        assert!(officer.get(&path).ok().text.contains("结果一致"));
        let (anna, bo) = (site.signed("anna"), site.signed("bo"));
        assert_eq!(anna.get("/").location, "/inspections");
        assert_eq!(anna.get("/supervise").status, 403);
        let mine = |who: &Client| who.api("/inspections").as_array().unwrap().clone();
        assert_eq!(mine(&anna).len() + mine(&bo).len(), 4, "each enterprise has one inspector");
        for (one, other) in [(&anna, &bo), (&bo, &anna)] {
            for m in mine(one) {
                let path = format!("/inspections/{}", m["credit_code"].as_str().unwrap());
                one.get(&path).ok();
                assert_eq!(other.get(&path).status, 404);
            }
        }
        // Somebody lays hands on the result: the page says so.
        site.sql("UPDATE drawn SET inspector = CASE inspector WHEN 'bo' THEN 'anna' ELSE 'bo' END");
        assert_eq!(officer.api(&path)["holds"], false);
        assert!(officer.get(&path).ok().text.contains("不一致"));
    });
}

#[test]
fn a_campaign_is_done_when_accepted_facts_show_it() {
    on_both(|site| {
        site.set_up_regulator("nation", "");
        let officer = site.signed("officer");
        let nation = Nation { seed: 5, enterprises: 200 };
        let roster = nation.roster(2025).unwrap();
        import(&officer, roster.as_bytes(), false);
        let new = |kind: &str, more: Value| {
            let mut body = json!({ "kind": kind, "title": "年底专项", "text": "请于月底前完成。",
                "opens": "2020-01-01", "closes": "2099-12-31" });
            for (name, value) in more.as_object().unwrap() {
                body[name] = value.clone();
            }
            body
        };
        let path = "/supervise/campaigns";
        let wrong = new("drill", json!({ "exercise": "no-such" }));
        assert_eq!(officer.post(path, &wrong).status, 422);
        let backwards = new("examination", json!({ "closes": "2019-01-01" }));
        assert_eq!(officer.post(path, &backwards).status, 422);
        let made = |body: &Value| {
            let made = officer.post(path, body).ok().json();
            assert_eq!(made["members"], 200);
            made["id"].as_str().unwrap().to_owned()
        };
        let examination = made(&new("examination", json!({})));
        let drill = made(&new("drill", json!({ "exercise": "hmi-ransomware" })));
        let training = made(&new("training", json!({ "need": 1 })));
        // A window that is over already: what comes now is late.
        let over = made(&new("drill", json!({ "scenario": "ransomware", "closes": "2020-01-31" })));
        let stands = |id: &str| officer.api(&format!("{path}/{id}"));
        for id in [&examination, &drill, &training] {
            assert_eq!(stands(id)["all"]["done"], 0, "nobody submitted anything");
        }
        submit(&site, nation, 0);
        let picture = officer.api("/supervise");
        let drills = picture["drills"].as_array().unwrap();
        let drilled = drills.iter().find(|d| d["scenario"] == "ransomware").unwrap();
        assert_eq!(stands(&examination)["all"]["done"], picture["sums"]["examined"]);
        assert_eq!(stands(&drill)["all"]["done"], drilled["enterprises"]);
        assert!(stands(&training)["all"]["done"].as_i64() > Some(0));
        let late = stands(&over);
        assert_eq!(
            (&late["all"]["done"], &late["all"]["late"]),
            (&json!(0), &drilled["enterprises"])
        );
        assert_eq!(late["over"], true);
        // Provinces and industries each make up the whole.
        for by in ["regions", "industries"] {
            let parts = late[by].as_array().unwrap();
            assert_eq!(parts.iter().map(|p| p["members"].as_i64().unwrap()).sum::<i64>(), 200);
        }
        // The same facts again change nothing; the list behind a number is as long as it says.
        submit(&site, nation, 0);
        assert_eq!(stands(&over)["all"], late["all"]);
        let missing = officer.api(&format!("{path}/{over}?state=missing"));
        let rest = 200 - drilled["enterprises"].as_i64().unwrap();
        assert_eq!(missing["total"], rest);
        let table = officer.get(&format!("/api/v1{path}/{over}/members.csv")).ok().text;
        assert_eq!(table.lines().count(), 201);

        // An enterprise of this instance sees what is asked of it, and of nobody else.
        let code = missing["listed"][0]["credit_code"].as_str().unwrap();
        let other = site.other_organisation();
        assert_eq!(other.api("/campaigns").as_array().unwrap().len(), 0);
        site.sql(&format!("UPDATE organisation SET credit_code = '{code}' WHERE id = 'o2'"));
        assert_eq!(other.api("/campaigns").as_array().unwrap().len(), 4);
        officer.post(&format!("{path}/{over}/remind"), &json!({})).ok();
        officer.post(&format!("{path}/{drill}/call-off"), &json!({})).ok();
        assert_eq!(officer.post(&format!("{path}/{drill}/remind"), &json!({})).status, 409);
        assert_eq!(officer.api(path)["campaigns"].as_array().unwrap().len(), 4);
        let asked = other.api("/campaigns");
        assert_eq!(asked.as_array().unwrap().len(), 3, "what was called off is gone");
        assert!(officer.get(&format!("{path}/{over}")).ok().text.contains("逾期未完成"));
    });
}

#[test]
fn one_regulator_sees_nothing_of_another() {
    on_both(|site| {
        site.set_up_regulator("nation", "");
        let officer = site.signed("officer");
        let nation = Nation { seed: 11, enterprises: 60 };
        let import = import(&officer, nation.roster(2025).unwrap().as_bytes(), false);
        submit(&site, nation, 0);
        officer.post("/supervise/targets", &json!({ "year": "2025" })).ok();
        let yearly = officer.post("/supervise/yearly", &json!({})).ok().json();
        let list = officer.api("/supervise/enterprises");
        let code = list["enterprises"][0]["credit_code"].as_str().unwrap().to_owned();
        let other = site.other_organisation();
        site.sql("UPDATE organisation SET kind = 'nation' WHERE id = 'o2'");
        site.sql("UPDATE person SET roles = 'supervisor inspector' WHERE account = 'other'");
        let ids =
            [code.as_str(), "1", yearly["id"].as_str().unwrap(), import["id"].as_str().unwrap()];
        let before = officer.api("/supervise")["sums"].clone();
        let mut tried = 0;
        for (method, path, _) in hangtu_server::paths() {
            if !path.starts_with("/supervise") && !path.starts_with("/inspections") {
                continue;
            }
            for id in ids {
                let part = |p: &str| if p.starts_with('{') { id.to_owned() } else { p.to_owned() };
                let place: Vec<String> = path.split('/').map(part).collect();
                let place = place.join("/");
                let answer = match method.as_str() {
                    "POST" => {
                        let body = json!({ "what": "close", "name": "x", "region": "420000",
                            "industry": "26", "above_scale": "yes", "credit_code": "x",
                            "reason": "x", "year": "2025", "seed": "12345678", "many": 1 });
                        other.post(&place, &body)
                    }
                    method => other.send(method, &format!("/api/v1{place}"), b""),
                };
                tried += 1;
                assert!(answer.status < 500, "{method} {place}: {}", answer.text);
                assert!(!answer.text.contains("示例"), "{method} {place}: {}", answer.text);
                if path.contains('{') && !path.ends_with("template.csv") {
                    assert!(answer.status >= 400, "{method} {place}: {}", answer.text);
                }
            }
        }
        assert!(tried > 60, "{tried}");
        assert_eq!(officer.api("/supervise")["sums"], before);
    });
}
