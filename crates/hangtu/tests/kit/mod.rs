//! The program serving, and people who use it, for tests of its life and death.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
};

/// A running program; killed when dropped.
pub(crate) struct Site {
    child: Child,
    pub(crate) base: String,
    pub(crate) link: Option<String>,
}

impl Site {
    pub(crate) fn start(data: &std::path::Path) -> Self {
        Self::start_with(data, &[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(data: &std::path::Path, more: &[&std::ffi::OsStr]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hangtu"))
            .args(["serve", "--lang", "en", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
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

    /// Fills the set-up form of the link that was printed.
    pub(crate) fn set_up(&self, data: &std::path::Path) {
        let agent = agent();
        let code = self.link.clone().unwrap();
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
        assert_eq!(form(&agent, &self.base, "/set-up", &fields), 303);
        std::fs::write(data.with_extension("set-up"), "").unwrap();
    }

    pub(crate) fn kill(mut self) {
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

pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) fn form(agent: &ureq::Agent, base: &str, path: &str, fields: &[(&str, &str)]) -> u16 {
    let body = serde_html_form::to_string(fields).unwrap();
    let request = agent.post(format!("{base}{path}")).header("origin", base);
    let answer = request.content_type("application/x-www-form-urlencoded").send(body).unwrap();
    answer.status().as_u16()
}

/// Somebody who follows no redirection by himself.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}

pub(crate) fn signed_as(base: &str, account: &str) -> ureq::Agent {
    let agent = agent();
    let fields = [("account", account), ("password", PASSWORD)];
    assert_eq!(form(&agent, base, "/sign-in", &fields), 303);
    agent
}

pub(crate) fn signed(base: &str) -> ureq::Agent {
    signed_as(base, "officer")
}

/// The answer's body where the program said that it was done.
pub(crate) fn post(agent: &ureq::Agent, base: &str, path: &str, body: &Value) -> Option<Value> {
    let request = agent.post(format!("{base}/api/v1{path}")).header("origin", base);
    let mut answer = request.content_type("application/json").send(body.to_string()).ok()?;
    let text = answer.body_mut().read_to_string().ok()?;
    assert!(answer.status().as_u16() < 500 || text.is_empty(), "{text}");
    answer.status().is_success().then(|| serde_json::from_str(&text).unwrap_or_default())
}

pub(crate) fn get(agent: &ureq::Agent, base: &str, path: &str) -> Value {
    let mut answer = agent.get(format!("{base}/api/v1{path}")).call().unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{text}");
    serde_json::from_str(&text).unwrap()
}
