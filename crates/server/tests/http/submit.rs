//! The national number moves by one: an enterprise's package goes to a province by file and comes
//! back with items, is answered, counts; a fork is caught and shown to both.

use crate::kit::{self, Client, PASSWORD, Site, on_both};
use hangtu_ledger::Algorithm;
use hangtu_server::{Config, backup, restore};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    time::{Duration, Instant},
};

const CODE: &str = "91420100MA4KX1234B";
const NAME: &str = "武汉长江精密机械有限公司";

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A province whose supervising officer is `officer`, with the enterprise on its roster; gives the
/// invitation.
fn province(site: &Site) -> String {
    let code = site.link.as_ref().unwrap().split("code=").nth(1).unwrap();
    let mut form = vec![
        ("code", code),
        ("kind", "province"),
        ("name", "湖北省经济和信息化厅"),
        ("region", "420000"),
    ];
    for account in kit::PEOPLE {
        form.extend([("account", account), ("person", account), ("password", PASSWORD)]);
    }
    let answer = site.client().form("/set-up", &form);
    assert_eq!(answer.status, 303, "{}", answer.text);
    let officer = site.signed("officer");
    let stranger = officer.post("/intake/invite", &json!({ "code": CODE }));
    assert_eq!(stranger.status, 409, "who is not on the roster: {}", stranger.text);
    let firm = json!({ "credit_code": CODE, "name": NAME, "region": "420000", "industry": "34",
        "above_scale": "yes" });
    officer.post("/supervise/enterprises", &firm).ok();
    invited(&officer)
}

fn invited(officer: &Client) -> String {
    let made = officer.post("/intake/invite", &json!({ "code": CODE })).ok().json();
    made["invitation"].as_str().unwrap().to_owned()
}

fn asset(name: &str, level: &str) -> Value {
    json!({ "name": name, "category": "production", "level": level, "reason": "第十条第二项",
        "owner": "王工", "department": "生产部", "entries": "1,200,000", "bytes": "5368709120",
        "carrier": "二号线历史数据库", "cross_border": "no", "measures": "访问控制，每日备份" })
}

/// Draws up and signs; gives the id and the package.
fn signed(site: &Site, answers: &str) -> (String, Vec<u8>) {
    let (officer, boss) = (site.signed("officer"), site.signed("boss"));
    let made = officer.post("/submissions", &json!({ "answers": answers })).ok().json();
    let id = made["id"].as_str().unwrap().to_owned();
    let own = officer.post(&format!("/submissions/{id}/sign"), &json!({}));
    assert_eq!(own.status, 403, "an officer signs nothing");
    boss.post(&format!("/submissions/{id}/sign"), &json!({})).ok();
    let package = officer.get(&format!("/api/v1/submissions/{id}/package")).ok().bytes;
    (id, package)
}

fn hand_in(site: &Site, package: &[u8]) -> Value {
    let answer = site.signed("officer").send("POST", "/api/v1/intake/files?name=p.json", package);
    answer.ok().json()[0].clone()
}

fn receipt(province: &Client, id: &str) -> Vec<u8> {
    province.get(&format!("/api/v1/intake/{id}/receipt")).ok().bytes
}

fn state(client: &Client, id: &str) -> String {
    client.api(&format!("/submissions/{id}"))["state"].as_str().unwrap().to_owned()
}

/// Entries about packages; signing in leaves others.
fn size(site: &Site) -> String {
    let about = "SELECT CAST(COUNT(*) AS TEXT) FROM ledger_entry WHERE action LIKE 'intake.%' \
                 OR action LIKE 'roster.%' OR action LIKE 'picture.%'";
    site.column(about).remove(0)
}

fn graded(site: &Site) -> String {
    site.column("SELECT CAST(COUNT(*) AS TEXT) FROM supervised WHERE graded = 1").remove(0)
}

/// A copy of an enterprise's data folder as it is now, to be put back later.
fn copied(site: &Site) -> PathBuf {
    let file = site.data.path().join("backup.tar.zst");
    wait(backup(&site.config.data, None, &file, true)).unwrap();
    file
}

fn put_back(file: &std::path::Path) -> Site {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("data");
    wait(restore(file, &folder)).unwrap();
    let mut config = Config::new(folder);
    config.listen = "127.0.0.1:0".parse().unwrap();
    Site::with(config, data)
}

#[test]
fn a_submission_counts_after_it_was_returned_and_mended_and_a_fork_is_caught() {
    on_both(|capital| {
        // The plant signs with SM2, its supervisor with Ed25519.
        let (mut config, data) = Site::config(None);
        config.signature = Some(Algorithm::Sm2);
        let plant = Site::with(config, data);
        plant.set_up();
        plant.add_boss("officer");
        let invitation = province(&capital);
        let (officer, province) = (plant.signed("officer"), capital.signed("officer"));
        let (sys, by_file) = (plant.signed("sys"), json!({ "invitation": invitation }));
        let cut = json!({ "invitation": invitation[..invitation.len() - 3] });
        assert_eq!(sys.post("/submissions/supervisor", &cut).status, 422);
        assert_eq!(officer.post("/submissions/supervisor", &by_file).status, 403);
        sys.post("/submissions/supervisor", &by_file).ok();

        officer.post("/data", &asset("工艺参数", "important")).ok();
        let (first, package) = signed(&plant, "");
        // The page shows exactly what leaves, and what leaves is what the page showed.
        let page = officer.get(&format!("/submissions/{first}")).ok().text;
        assert!(
            page.contains(CODE) && page.contains("未记录") && page.contains("重要 1"),
            "{page}"
        );
        let opened = hangtu_ledger::Package::open(&package).unwrap();
        let shown = officer.api(&format!("/submissions/{first}"));
        assert_eq!(shown["told"]["facts"]["data"]["important"], 1);
        let leaves = serde_json::to_string(&opened.submission().facts).unwrap();
        for secret in ["工艺参数", "王工", "历史数据库", "10.20."] {
            assert!(!leaves.contains(secret), "{secret}");
        }
        assert!(!opened.submission().facts.contains_key("training"));
        // Nobody is told of by network who may not be.
        let offline = officer.post(&format!("/submissions/{first}/send"), &json!({}));
        assert_eq!(offline.status, 409);
        officer.post(&format!("/submissions/{first}/hand-over"), &json!({})).ok();
        assert_eq!(state(&officer, &first), "sent");

        let kept = hand_in(&capital, &package);
        assert_eq!((&kept["outcome"], &kept["sequence"]), (&json!("new"), &json!(1)));
        let id = kept["id"].as_str().unwrap();
        let before = size(&capital);
        assert_eq!(hand_in(&capital, &package)["outcome"], "known");
        assert_eq!(size(&capital), before, "the same package again changes nothing");
        // Nothing counts before somebody confirmed whose key it is.
        let accept = format!("/intake/{id}/accept");
        assert_eq!(province.post(&accept, &json!({})).status, 409);
        province.post(&format!("/intake/senders/{CODE}/trust"), &json!({})).ok();
        let back = json!({ "part": ["data", "other"], "text": ["重要数据目录尚未备案", ""] });
        province.post(&format!("/intake/{id}/return"), &back).ok();
        assert_eq!(graded(&capital), "0");

        let returned = receipt(&province, id);
        officer.send("POST", "/api/v1/submissions/receipts?name=r.json", &returned).ok();
        assert_eq!(state(&officer, &first), "returned");
        assert!(officer.get(&format!("/submissions/{first}")).ok().text.contains("尚未备案"));
        let again = officer.send("POST", "/api/v1/submissions/receipts?name=r.json", &returned);
        assert_eq!(again.ok().json()[0]["new"], false);
        let old = copied(&plant);

        let filing = json!({ "number": "鄂工数备〔2026〕17号", "date": "2026-03-02", "authority": "湖北省经信厅" });
        officer.post("/data/filing", &filing).ok();
        let (second, mended) = signed(&plant, &first);
        assert_eq!(state(&officer, &first), "resubmitted");
        let kept = hand_in(&capital, &mended);
        let id2 = kept["id"].as_str().unwrap();
        assert_eq!(province.api(&format!("/intake/{id2}"))["continuity"], "extends");
        province.post(&format!("/intake/{id2}/accept"), &json!({})).ok();
        assert_eq!(graded(&capital), "1", "the number moves by one");
        assert_eq!(province.post(&format!("/intake/{id2}/accept"), &json!({})).status, 409);
        let accepted = receipt(&province, id2);
        officer.send("POST", "/api/v1/submissions/receipts?name=r.json", &accepted).ok();
        assert_eq!(state(&officer, &second), "accepted");
        let sealed = hangtu_ledger::Sealed::open(&accepted).unwrap();
        assert!(sealed.cosigned().is_some());
        // Every package once more, in another order: nothing moves.
        let before = size(&capital);
        for package in [&mended, &package, &mended] {
            assert_eq!(hand_in(&capital, package)["outcome"], "known");
        }
        assert_eq!((size(&capital), graded(&capital)), (before, "1".to_owned()));

        // The backup from before is put back, something else is written, and submitted.
        let rewritten = put_back(&old);
        let other = rewritten.signed("officer");
        other.post("/data", &asset("另一份历史", "general")).ok();
        let (forked, package) = signed(&rewritten, "");
        let caught = hand_in(&capital, &package);
        assert_eq!(caught["outcome"], "convicted");
        let id3 = caught["id"].as_str().unwrap();
        let shown = province.api(&format!("/intake/{id3}"));
        assert_eq!((&shown["state"], &shown["continuity"]), (&json!("refused"), &json!("forked")));
        assert_eq!(shown["proof"]["holds"], true);
        assert!(province.get(&format!("/intake/{id3}")).ok().text.contains("两份历史"));
        assert_eq!(province.post(&format!("/intake/{id3}/accept"), &json!({})).status, 409);
        assert_eq!(graded(&capital), "1");
        println!("earlier:\n{}\nlater:\n{}", shown["proof"]["earlier"], shown["proof"]["later"]);
        let proof = receipt(&province, id3);
        let said = other.send("POST", "/api/v1/submissions/receipts?name=r.json", &proof).ok();
        assert_eq!(said.json()[0]["warning"], "forked");
        assert_eq!(state(&other, &forked), "refused");
        let warned = other.api("/submissions");
        assert_eq!(
            (&warned["warning"]["kind"], &warned["warning"]["ours"]),
            (&json!("forked"), &json!(true))
        );
        assert!(other.get("/submissions").ok().text.contains("回执与本机审计记录不一致"));
        // The true history sees the same proof, and goes on to count.
        let said = officer.send("POST", "/api/v1/submissions/receipts?name=r.json", &proof).ok();
        assert_eq!(said.json()[0]["warning"], "forked");
        // A receipt that the put-back database never asked for shows it that its end is missing.
        let bare = put_back(&old);
        let bare = bare.signed("officer");
        let said = bare.send("POST", "/api/v1/submissions/receipts?name=r.json", &accepted).ok();
        assert_eq!(said.json()[0]["submission"], "");
        assert!(!said.json()[0]["warning"].as_str().unwrap().is_empty());
    });
}

#[test]
fn packages_come_in_any_order_and_over_the_network_only_where_allowed() {
    on_both(|capital| {
        let plant = Site::start(None);
        plant.set_up();
        plant.add_boss("officer");
        let invitation = province(&capital);
        let (officer, province) = (plant.signed("officer"), capital.signed("officer"));
        officer.post("/data", &asset("工艺参数", "general")).ok();
        let (_, one) = signed(&plant, "");
        let (_, two) = signed(&plant, "");
        let setting = json!({ "invitation": invitation, "online": "yes" });
        plant.signed("sys").post("/submissions/supervisor", &setting).ok();
        let (three, sealed) = signed(&plant, "");
        let said = officer.post(&format!("/submissions/{three}/send"), &json!({})).ok().json();
        assert_eq!((&said["state"], &said["new"]), (&json!("received"), &json!(true)));
        assert_eq!(state(&officer, &three), "received");
        // Sent again and again, from anywhere: the door answers with what it has.
        let door: String = plant.column("SELECT address FROM submit_to").remove(0);
        let door = door.trim_start_matches(&format!("http://{}", capital.address)).to_owned();
        let before = size(&capital);
        let anybody = capital.client();
        for _ in 0..3 {
            anybody.send("POST", &door, &sealed).ok();
        }
        assert_eq!(size(&capital), before);
        // Until its key is confirmed, only the invitation lets a new package in.
        assert_eq!(anybody.send("POST", &door, &two).status, 422);
        province.post(&format!("/intake/senders/{CODE}/trust"), &json!({})).ok();
        for (package, continuity) in [(&two, "extends"), (&one, "extends")] {
            anybody.send("POST", &door, package).ok();
            let digest = hangtu_ledger::Package::open(package).unwrap().digest();
            let receipt = anybody.get(&format!("{door}/{digest}")).ok().bytes;
            let receipt = hangtu_ledger::Sealed::open(&receipt).unwrap();
            assert!(receipt.cosigned().is_some(), "{continuity}");
        }
        let listed = province.api("/intake");
        let known = listed["packages"].as_array().unwrap();
        assert_eq!(known.len(), 3);
        // The latest is accepted first, and an earlier one does not take its place.
        for sequence in [3, 1, 2] {
            let package = known.iter().find(|p| p["sequence"] == sequence).unwrap();
            province
                .post(&format!("/intake/{}/accept", package["id"].as_str().unwrap()), &json!({}))
                .ok();
        }
        let as_of = capital.column("SELECT CAST(as_of AS TEXT) FROM supervised").remove(0);
        let newest = plant.column("SELECT CAST(as_of AS TEXT) FROM submission WHERE sequence = 3");
        assert_eq!(as_of, newest[0]);
        officer.post(&format!("/submissions/{three}/ask"), &json!({})).ok();
        assert_eq!(state(&officer, &three), "accepted");

        // What is no package is refused in words, and leaves nothing.
        let before = size(&capital);
        let text = String::from_utf8(sealed.clone()).unwrap();
        for bad in [
            String::new(),
            "{}".into(),
            text[..text.len() / 2].to_owned(),
            text.replace("version=1", "version=7"),
            format!("{text} "),
            "[".repeat(100_000),
        ] {
            let answer = anybody.send("POST", &door, bad.as_bytes());
            assert_eq!(answer.status, 422, "{}", answer.text);
            assert!(answer.json()["detail"].as_str().unwrap().chars().count() > 8);
        }
        let mut flipped = sealed.clone();
        for at in (0..flipped.len()).step_by(97) {
            flipped[at] ^= 1;
            assert_eq!(anybody.send("POST", &door, &flipped).status, 422, "byte {at}");
            flipped[at] ^= 1;
        }
        assert_eq!(anybody.send("POST", &door, &vec![b'x'; 5 << 20]).status, 413);
        assert_eq!(anybody.send("POST", "/api/v1/receive/nobody", &sealed).status, 404);
        assert_eq!(size(&capital), before);

        // No room: told when to come back, and nothing is lost.
        let slow: Vec<TcpStream> = (0..32)
            .map(|_| {
                let mut s = TcpStream::connect(capital.address).unwrap();
                write!(s, "POST {door} HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 100\r\n\r\nx").unwrap();
                s
            })
            .collect();
        std::thread::sleep(Duration::from_millis(500));
        let full = anybody.send("POST", &door, &sealed);
        assert_eq!(full.status, 429, "{}", full.text);
        assert!(
            full.headers.iter().any(|(n, v)| n == "retry-after" && v.parse::<u64>().unwrap() > 0)
        );
        let (four, _) = signed(&plant, "");
        let waits = officer.post(&format!("/submissions/{four}/send"), &json!({})).ok().json();
        assert!(waits["waits"].as_str().unwrap().starts_with("429"), "{waits}");
        assert_eq!(state(&officer, &four), "signed");
        for mut stream in slow {
            stream.write_all(&[b'x'; 99]).unwrap();
            let mut begun = [0; 12];
            stream.read_exact(&mut begun).unwrap();
            assert_eq!(&begun, b"HTTP/1.1 422");
        }
        anybody.send("POST", &door, &sealed).ok();
        // What found no room goes by itself when its time comes.
        plant.sql("UPDATE submission SET send_next = 1 WHERE send_next IS NOT NULL");
        let until = Instant::now() + Duration::from_mins(1);
        while state(&officer, &four) == "signed" && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(200));
        }
        assert_eq!(state(&officer, &four), "received");
        let put_off =
            "SELECT CAST(COUNT(*) AS TEXT) FROM ledger_entry WHERE action = 'submission.put-off'";
        assert_eq!(plant.column(put_off), ["1"]);
    });
}

#[test]
fn nobody_sees_what_another_supervisor_received() {
    on_both(|capital| {
        let plant = Site::start(None);
        plant.set_up();
        plant.add_boss("officer");
        province(&capital);
        plant.signed("officer").post("/data", &asset("工艺参数", "general")).ok();
        let (_, package) = signed(&plant, "");
        let kept = hand_in(&capital, &package);
        let id = kept["id"].as_str().unwrap();
        let other = capital.other_organisation();
        capital.sql("UPDATE organisation SET kind = 'province' WHERE id = 'o2'");
        capital.sql("UPDATE person SET roles = 'supervisor' WHERE account = 'other'");
        for path in [
            format!("/intake/{id}"),
            format!("/intake/{id}/receipt"),
            format!("/intake/{id}/package"),
        ] {
            assert_eq!(other.get(&format!("/api/v1{path}")).status, 404, "{path}");
        }
        for step in ["accept", "return"] {
            let body = json!({ "part": ["data"], "text": ["x"] });
            assert_eq!(other.post(&format!("/intake/{id}/{step}"), &body).status, 404, "{step}");
        }
        assert_eq!(other.post(&format!("/intake/senders/{CODE}/trust"), &json!({})).status, 404);
        assert!(other.api("/intake")["packages"].as_array().unwrap().is_empty());
        let digest = kept_digest(&package);
        assert_eq!(other.get(&format!("/api/v1/receive/o2/{digest}")).status, 404);
        // An enterprise's people have no business there.
        assert_eq!(plant.signed("officer").get("/api/v1/intake").status, 403);
    });
}

fn kept_digest(package: &[u8]) -> String {
    hangtu_ledger::Package::open(package).unwrap().digest().to_string()
}

#[test]
fn the_catalogue_goes_out_and_comes_in_with_errors_row_by_row() {
    on_both(|site| {
        site.set_up();
        let officer = site.signed("officer");
        officer.post("/data", &asset("工艺参数", "important")).ok();
        let untold = json!({ "name": "x", "category": "rnd", "level": "core", "owner": "a", "carrier": "b" });
        assert_eq!(officer.post("/data", &untold).json()["field"], "reason");
        assert_eq!(officer.post("/data", &asset("工艺参数", "general")).status, 422, "taken");
        let csv = officer.get("/api/v1/data.csv").ok().bytes;
        let same = officer.send("POST", "/api/v1/data/import?name=d.csv", &csv).ok().json();
        assert_eq!((&same["same"], &same["done"]), (&json!(1), &json!(true)), "{same}");
        let xlsx = officer.get("/api/v1/data.xlsx").ok().bytes;
        let same = officer.send("POST", "/api/v1/data/import?name=d.xlsx", &xlsx).ok().json();
        assert_eq!(same["same"], 1, "{same}");
        let table = "数据名称,类别,级别,定级理由,责任人,载体,数据条数\n\
            设备台账,管理数据,一般数据,影响小,李工,ERP,12\n\
            配方,研发数据,绝密,重要,李工,PLM,x\n\
            设备台账,管理数据,一般数据,影响小,李工,ERP,12\n";
        let bad = officer.send("POST", "/api/v1/data/import?name=d.csv", table.as_bytes()).ok();
        let bad = bad.json();
        assert_eq!((&bad["refused"], &bad["done"]), (&json!(2), &json!(false)), "{bad}");
        assert_eq!((&bad["rows"][0]["row"], &bad["rows"][1]["row"]), (&json!(3), &json!(4)));
        assert!(bad["rows"][0]["why"]["zh-CN"].as_str().unwrap().contains("绝密"), "{bad}");
        assert_eq!(officer.api("/data")["all"], 1);
        let good = table.lines().take(2).collect::<Vec<_>>().join("\n") + "\n";
        let dry = officer.send("POST", "/api/v1/data/import?name=d.csv&dry=yes", good.as_bytes());
        assert_eq!(dry.ok().json()["done"], false);
        officer.send("POST", "/api/v1/data/import?name=d.csv", good.as_bytes()).ok();
        let listed = officer.api("/data?level=general");
        assert_eq!((&listed["total"], &listed["all"]), (&json!(1), &json!(2)), "{listed}");
        // History through the ledger.
        let id = listed["assets"][0]["id"].as_str().unwrap();
        let mut changed = asset("设备台账", "general");
        changed["owner"] = json!("赵工");
        officer.post(&format!("/data/{id}"), &changed).ok();
        let one = officer.api(&format!("/data/{id}"));
        let fields = one["history"][0]["fields"].as_array().unwrap();
        assert!(fields.contains(&json!("owner")) && one["history"].as_array().unwrap().len() == 2);
        officer.post(&format!("/data/{id}/remove"), &json!({ "reason": "停用" })).ok();
        assert_eq!(officer.get(&format!("/api/v1/data/{id}")).status, 404);
        // A form with a file field, as a browser without scripts sends it.
        let form = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"d.csv\"\r\n\r\n{good}\r\n--b--\r\n"
        );
        let sent =
            officer.upload("/data/import", "multipart/form-data; boundary=b", form.as_bytes());
        assert!(sent.ok().text.contains("已导入"));
    });
}

/// Sets up an organisation below with a link; its accounts begin with a word.
fn below(site: &Site, sys: &str, kind: &str, word: &str, more: &[(&str, &str)]) {
    let ask = json!({ "kind": kind, "label": word });
    let made = site.signed(sys).post("/organisations", &ask).ok().json();
    let code = made["link"].as_str().unwrap().split("code=").nth(1).unwrap().to_owned();
    let page = site.client().get(&format!("/set-up?code={code}")).ok().text;
    assert!(page.contains(&code), "{page}");
    let accounts: Vec<String> = kit::PEOPLE.iter().map(|p| format!("{word}-{p}")).collect();
    let mut form = vec![("code", code.as_str()), ("kind", kind)];
    form.extend(more);
    for account in &accounts {
        form.extend([("account", account.as_str()), ("person", account), ("password", PASSWORD)]);
    }
    let elsewhere: Vec<(&str, &str)> = form
        .iter()
        .map(|(n, v)| if *n == "region" { ("region", "510000") } else { (*n, *v) })
        .collect();
    if kind == "enterprise" {
        assert_eq!(site.client().form("/set-up", &elsewhere).status, 422, "another province's");
    }
    assert_eq!(site.client().form("/set-up", &form).status, 303);
    let again = site.client().form("/set-up", &form);
    assert!(again.status == 403 || again.status == 409, "a link works once: {}", again.status);
}

#[test]
fn what_a_hosted_enterprise_hands_in_counts_for_its_province_and_for_the_nation() {
    on_both(|site| {
        site.set_up_regulator("nation", "");
        let hubei = [("name", "湖北省经济和信息化厅"), ("region", "420000")];
        below(&site, "sys", "province", "hb", &hubei);
        let firm = [
            ("name", NAME),
            ("credit_code", CODE),
            ("region", "420000"),
            ("industry", "34"),
            ("revenue_band", "400m-1bn"),
        ];
        below(&site, "hb-sys", "enterprise", "firm", &firm);
        // The same enterprise a second time, by another link and other people.
        let link = json!({ "kind": "enterprise", "label": "twice" });
        let made = site.signed("hb-sys").post("/organisations", &link).ok().json();
        let code = made["link"].as_str().unwrap().split("code=").nth(1).unwrap().to_owned();
        let mut form = vec![("code", code.as_str()), ("kind", "enterprise")];
        form.extend(firm);
        for account in ["t-sys", "t-sec", "t-aud", "t-officer"] {
            form.extend([("account", account), ("person", account), ("password", PASSWORD)]);
        }
        assert_eq!(site.client().form("/set-up", &form).status, 422);
        let upward = json!({ "kind": "nation", "label": "x" });
        assert_eq!(site.signed("hb-sys").post("/organisations", &upward).status, 422);
        assert_eq!(site.signed("firm-sys").get("/organisations").status, 403);
        assert_eq!(site.signed("officer").get("/organisations").status, 403);
        site.add_boss("firm-officer");
        let (officer, boss) = (site.signed("firm-officer"), site.signed("boss"));
        let (province, nation) = (site.signed("hb-officer"), site.signed("officer"));
        officer.post("/data", &asset("工艺参数", "important")).ok();
        let filing = json!({ "number": "鄂工数备〔2026〕17号", "date": "2026-03-02", "authority": "湖北省经信厅" });
        officer.post("/data/filing", &filing).ok();
        let hand = || {
            let made = officer.post("/submissions", &json!({ "answers": "" })).ok().json();
            let id = made["id"].as_str().unwrap().to_owned();
            boss.post(&format!("/submissions/{id}/sign"), &json!({})).ok();
            officer.post(&format!("/submissions/{id}/send"), &json!({})).ok();
            assert_eq!(state(&officer, &id), "received");
            id
        };
        let first = hand();
        let waiting = province.api("/intake")["packages"][0].clone();
        assert_eq!((&waiting["state"], &waiting["code"]), (&json!("received"), &json!(CODE)));
        let held = || {
            site.column(
                "SELECT name FROM organisation o JOIN held h ON h.supervisor = o.id ORDER BY name",
            )
        };
        assert!(held().is_empty(), "nothing counts before it is accepted");
        let id = waiting["id"].as_str().unwrap();
        assert_eq!(nation.post(&format!("/intake/{id}/accept"), &json!({})).status, 404);
        province.post(&format!("/intake/{id}/accept"), &json!({})).ok();
        officer.post(&format!("/submissions/{first}/ask"), &json!({})).ok();
        assert_eq!(state(&officer, &first), "accepted");
        assert_eq!(held(), ["主管部门", "湖北省经济和信息化厅"]);
        assert_eq!(graded(&site), "2", "once in the province's picture, once in the nation's");
        let seen = nation.api(&format!("/supervise/enterprises/{CODE}"));
        assert_eq!(seen["graded"], 1, "{seen}");
        // The nation's log has an entry of its own about it.
        let told = "SELECT DISTINCT o.name FROM ledger_entry l JOIN organisation o \
                    ON o.id = l.organisation WHERE l.action = 'picture.take' ORDER BY o.name";
        assert_eq!(site.column(told), ["主管部门", "湖北省经济和信息化厅"]);
        assert_eq!(nation.api("/findings")["total"], 0, "a regulator has no findings but its own");
    });
}

#[test]
fn evidence_that_is_asked_for_is_proven_against_its_package() {
    on_both(|capital| {
        let plant = Site::start(None);
        plant.set_up();
        plant.add_boss("officer");
        let invitation = province(&capital);
        let (officer, province) = (plant.signed("officer"), capital.signed("officer"));
        plant
            .signed("sys")
            .post("/submissions/supervisor", &json!({ "invitation": invitation }))
            .ok();
        let office = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/plant/office.pcap.gz");
        let office = std::fs::read(office).unwrap();
        officer.examine("office.pcap.gz", &office);
        officer
            .examine("notes.txt", b"Mar  2 06:00:00 gateway sshd[1]: Accepted password for root");
        let (first, package) = signed(&plant, "");
        let (second, other) = signed(&plant, "");
        let sha256 = hangtu_catalog::sha256(&office);
        let proof = |id: &str| {
            officer.get(&format!("/api/v1/submissions/{id}/evidence/{sha256}")).ok().bytes
        };
        let (proof, later) = (proof(&first), proof(&second));
        let unknown = format!("/api/v1/submissions/{first}/evidence/{}", "0".repeat(64));
        assert_eq!(officer.get(&unknown).status, 404);
        let taken = hand_in(&capital, &package)["id"].as_str().unwrap().to_owned();
        hand_in(&capital, &other);
        let mut forged = serde_json::from_slice::<Value>(&proof).unwrap();
        forged["index"] = json!(1 - forged["index"].as_u64().unwrap());
        let forged = forged.to_string();
        // A form with proofs and files, as a browser sends it.
        let ask = |files: &[(&str, &[u8])]| {
            let mut body = Vec::new();
            for (name, bytes) in files {
                let head = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=";
                body.extend(format!("{head}\"{name}\"\r\n\r\n").bytes());
                body.extend(bytes.iter().chain(b"\r\n"));
            }
            body.extend(b"--x--\r\n");
            let path = format!("/api/v1/intake/{taken}/evidence");
            let all = province.upload(&path, "multipart/form-data; boundary=x", &body).ok().json();
            let all = all.as_array().unwrap().clone();
            all.iter().map(|c| c["outcome"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(ask(&[("a", &office), ("p", &proof)]), ["proven", "proven"]);
        assert_eq!(ask(&[("a", b"changed"), ("p", &proof)]), ["proven", "unproven"]);
        assert_eq!(ask(&[("a", &office), ("p", &later)]), ["other", "other"]);
        assert_eq!(ask(&[("p", forged.as_bytes())]), ["wrong"]);
        assert_eq!(ask(&[("p", &proof[..proof.len() - 2])]), ["broken"]);
        let page = province.get(&format!("/intake/{taken}")).ok().text;
        assert!(page.contains(&format!("/intake/{taken}/evidence")), "{page}");
    });
}
