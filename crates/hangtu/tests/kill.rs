//! What was told to be saved survives `kill -9`, at whatever moment it comes.
#![allow(clippy::unwrap_used, missing_docs)]

use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// A running program; killed when dropped.
struct Site {
    child: Child,
    base: String,
    link: Option<String>,
}

impl Site {
    fn start(data: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hangtu"))
            .args(["serve", "--lang", "en", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = said.next().unwrap().unwrap();
        let base = first.split_whitespace().find(|w| w.starts_with("http")).unwrap().to_owned();
        // A site that is set up says no more.
        let fresh = !data.with_extension("set-up").exists();
        let link = fresh.then(|| said.next().unwrap().unwrap());
        let link = link.map(|l| l.split_whitespace().last().unwrap().to_owned());
        thread::spawn(move || said.for_each(drop));
        Self { child, base, link }
    }

    fn kill(mut self) {
        // On Unix this is SIGKILL: nothing of the program runs after it.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const PASSWORD: &str = "correct horse battery staple";

fn form(agent: &ureq::Agent, base: &str, path: &str, fields: &[(&str, &str)]) -> u16 {
    let body = serde_html_form::to_string(fields).unwrap();
    let request = agent.post(format!("{base}{path}")).header("origin", base);
    let answer = request.content_type("application/x-www-form-urlencoded").send(body).unwrap();
    answer.status().as_u16()
}

fn signed(base: &str) -> ureq::Agent {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let fields = [("account", "officer"), ("password", PASSWORD)];
    assert_eq!(form(&agent, base, "/sign-in", &fields), 303);
    agent
}

/// The answer's body where the program said that it was done.
fn post(agent: &ureq::Agent, base: &str, path: &str, body: &Value) -> Option<Value> {
    let request = agent.post(format!("{base}/api/v1{path}")).header("origin", base);
    let mut answer = request.content_type("application/json").send(body.to_string()).ok()?;
    let text = answer.body_mut().read_to_string().ok()?;
    assert!(answer.status().as_u16() < 500 || text.is_empty(), "{text}");
    answer.status().is_success().then(|| serde_json::from_str(&text).unwrap_or_default())
}

fn get(agent: &ureq::Agent, base: &str, path: &str) -> Value {
    let mut answer = agent.get(format!("{base}/api/v1{path}")).call().unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn what_was_told_to_be_saved_survives() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut site = Site::start(&data);
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let code = site.link.clone().unwrap();
    let mut fields = vec![
        ("code", code.split("code=").nth(1).unwrap()),
        ("name", "武汉长江精密机械有限公司"),
        ("credit_code", "91420100MA4KX1234B"),
        ("region", "420000"),
        ("industry", "34"),
        ("revenue_band", "400m-1bn"),
    ];
    for account in ["sys", "sec", "aud", "officer"] {
        fields.extend([("account", account), ("person", account), ("password", PASSWORD)]);
    }
    assert_eq!(form(&agent, &site.base, "/set-up", &fields), 303);
    std::fs::write(data.with_extension("set-up"), "").unwrap();
    let round = post(&signed(&site.base), &site.base, "/answers/open", &json!({})).unwrap();
    let round = round["id"].as_str().unwrap().to_owned();

    let mut last = String::new();
    for life in 0..6_u64 {
        let (base, agent) = (site.base.clone(), signed(&site.base));
        let (tell, told) = mpsc::channel();
        let place = round.clone();
        let writer = thread::spawn(move || {
            let all = get(&agent, &base, "/answers/questions?control=GOV-01");
            let first = all["questions"][0]["version"].as_i64().unwrap();
            for n in 0_i64.. {
                let note = format!("{life}/{n}");
                let body =
                    json!({ "round": place, "version": first + n, "choice": "no", "note": note });
                if post(&agent, &base, "/answers/questions/GOV-01", &body).is_none() {
                    return;
                }
                tell.send(note).unwrap();
            }
        });
        thread::sleep(Duration::from_millis(120 + 53 * life));
        site.kill();
        writer.join().unwrap();
        let acknowledged: Vec<String> = told.iter().collect();
        assert!(!acknowledged.is_empty(), "the program was killed too soon");
        last.clone_from(acknowledged.last().unwrap());
        println!("life {life}: {} answers acknowledged", acknowledged.len());

        site = Site::start(&data);
        let agent = signed(&site.base);
        let shown = get(&agent, &site.base, "/answers/questions?control=GOV-01");
        let note = shown["questions"][0]["note"].as_str().unwrap();
        // The one after may have been saved without anybody having been told.
        let number = |note: &str| note.split('/').nth(1).unwrap().parse::<u64>().unwrap();
        let next = format!("{life}/{}", number(&last) + 1);
        assert!(note == last || note == next, "{note}, but {last} was acknowledged");
    }
    // The log is whole after six deaths.
    let agent = ureq::Agent::config_builder().max_redirects(0).http_status_as_error(false).build();
    let agent: ureq::Agent = agent.into();
    let auditor = [("account", "aud"), ("password", PASSWORD)];
    assert_eq!(form(&agent, &site.base, "/sign-in", &auditor), 303);
    assert_eq!(get(&agent, &site.base, "/audit/verify")["holds"], true);
}
