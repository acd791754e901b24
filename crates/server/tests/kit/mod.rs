//! A running server and a browser-like client, for tests through the public door.
#![allow(dead_code, clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use hangtu_server::{Config, Server};
use serde_json::Value;
use sqlx::Connection;
use std::{net::SocketAddr, time::Duration};
use tokio::sync::oneshot;

/// A server of one's own on a free port, with its own database, set up unless said otherwise.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) link: Option<String>,
    pub(crate) data: tempfile::TempDir,
    runtime: Option<tokio::runtime::Runtime>,
    stop: Option<oneshot::Sender<()>>,
    done: Option<oneshot::Receiver<()>>,
    pub(crate) config: Config,
}

pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The first people of a site that is set up: one of each role of the set-up form.
pub(crate) const PEOPLE: [&str; 4] = ["sys", "sec", "aud", "officer"];

/// Runs a test on SQLite and, where `HANGTU_TEST_POSTGRES` names a server, on PostgreSQL.
pub(crate) fn on_both(test: impl Fn(Site)) {
    test(Site::start(None));
    match std::env::var("HANGTU_TEST_POSTGRES") {
        Ok(url) => test(Site::start(Some(fresh_database(&url)))),
        Err(_) => println!("note: HANGTU_TEST_POSTGRES is not set; tried on SQLite only"),
    }
}

pub(crate) fn fresh_database(url: &str) -> String {
    let name = format!("hangtu_{}", uuid::Uuid::new_v4().simple());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        sqlx::any::install_default_drivers();
        let mut c = sqlx::AnyConnection::connect(url).await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(sql).execute(&mut c).await.unwrap();
    });
    format!("{}/{name}", url.rsplit_once('/').unwrap().0)
}

impl Site {
    pub(crate) fn start(database_url: Option<String>) -> Self {
        let (config, data) = Self::config(database_url);
        Self::with(config, data)
    }

    /// The settings of a new site, and the folder it lives in.
    pub(crate) fn config(database_url: Option<String>) -> (Config, tempfile::TempDir) {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::new(data.path().join("data"));
        config.listen = "127.0.0.1:0".parse().unwrap();
        config.database_url = database_url;
        (config, data)
    }

    /// With settings of one's own.
    pub(crate) fn with(config: Config, data: tempfile::TempDir) -> Self {
        let mut site = Self {
            address: config.listen,
            link: None,
            data,
            runtime: None,
            stop: None,
            done: None,
            config,
        };
        site.run();
        site
    }

    fn run(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let server = runtime.block_on(Server::start(self.config.clone())).unwrap();
        self.address = server.address().unwrap();
        self.link = runtime.block_on(server.set_up_link());
        let (stop, stopped) = oneshot::channel::<()>();
        let (ended, done) = oneshot::channel();
        runtime.spawn(async move {
            server.serve(async { drop(stopped.await) }).await.unwrap();
            let _ = ended.send(());
        });
        self.runtime = Some(runtime);
        self.stop = Some(stop);
        self.done = Some(done);
    }

    /// Whatever a test did, no write succeeded without an entry in a log.
    fn every_write_left_an_entry(&self) {
        let url = format!("http://{}/metrics", self.address);
        let Ok(mut answer) = ureq::get(url).call() else { return };
        let text = answer.body_mut().read_to_string().unwrap();
        assert!(text.contains("\nhangtu_writes_without_entry_total 0\n"), "{text}");
    }

    /// Stops as the service manager would and starts again with the same data.
    pub(crate) fn restart(&mut self) {
        self.every_write_left_an_entry();
        drop(self.stop.take());
        let runtime = self.runtime.take().unwrap();
        let done = self.done.take().unwrap();
        runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(30), done).await.unwrap().unwrap();
        });
        drop(runtime);
        self.run();
    }

    /// The database's URL.
    pub(crate) fn database(&self) -> String {
        let file = self.config.data.join("hangtu.db");
        self.config.database_url.clone().unwrap_or(format!("sqlite://{}", file.display()))
    }

    /// Does something behind the program's back; gives the rows touched.
    pub(crate) fn sql(&self, sql: &str) -> u64 {
        let (url, sql) = (self.database(), sqlx::AssertSqlSafe(sql.to_owned()));
        self.runtime.as_ref().unwrap().block_on(async move {
            let mut c = sqlx::AnyConnection::connect(&url).await.unwrap();
            sqlx::query(sql).execute(&mut c).await.unwrap().rows_affected()
        })
    }

    /// The first column of a query behind the program's back, as text.
    pub(crate) fn column(&self, sql: &str) -> Vec<String> {
        let (url, sql) = (self.database(), sqlx::AssertSqlSafe(sql.to_owned()));
        self.runtime.as_ref().unwrap().block_on(async move {
            let mut c = sqlx::AnyConnection::connect(&url).await.unwrap();
            let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&mut c).await.unwrap();
            rows.into_iter().map(|r| r.0).collect()
        })
    }

    /// Another organisation on the same site, with the officer `other`.
    pub(crate) fn other_organisation(&self) -> Client {
        self.sql(
            "INSERT INTO organisation (id, name, credit_code, region, industry, revenue_band, \
             created) VALUES ('o2', 'Other', '', '420000', '34', '400m-1bn', 0)",
        );
        self.sql(
            "INSERT INTO person (id, organisation, account, name, roles, password, password_set, \
             created) SELECT 'p2', 'o2', 'other', 'Other', roles, password, password_set, created \
             FROM person WHERE account = 'officer'",
        );
        self.signed("other")
    }

    /// Fills the set-up form.
    pub(crate) fn set_up(&self) {
        let code = self.link.as_ref().unwrap().split("code=").nth(1).unwrap();
        let mut form = vec![
            ("code", code),
            ("name", "武汉长江精密机械有限公司"),
            ("credit_code", "91420100MA4KX1234B"),
            ("region", "420000"),
            ("industry", "34"),
            ("revenue_band", "400m-1bn"),
        ];
        for (account, person) in PEOPLE.iter().zip(["系统员", "安全员", "审计员", "负责人"])
        {
            form.extend([("account", *account), ("person", person), ("password", PASSWORD)]);
        }
        let answer = self.client().form("/set-up", &form);
        assert_eq!(answer.status, 303, "{}", answer.text);
    }

    /// Fills the set-up form for a regulator: its kind, and its region where it has one.
    pub(crate) fn set_up_regulator(&self, kind: &str, region: &str) {
        let code = self.link.as_ref().unwrap().split("code=").nth(1).unwrap();
        let mut form =
            vec![("code", code), ("kind", kind), ("name", "主管部门"), ("region", region)];
        for (account, person) in PEOPLE.iter().zip(["系统员", "安全员", "审计员", "监管员"])
        {
            form.extend([("account", *account), ("person", person), ("password", PASSWORD)]);
        }
        let answer = self.client().form("/set-up", &form);
        assert_eq!(answer.status, 303, "{}", answer.text);
    }

    /// Adds an approver, `boss`, to the organisation of the person with that account, whose password is the same.
    pub(crate) fn add_boss(&self, account: &str) {
        self.sql(&format!(
            "INSERT INTO person (id, organisation, account, name, roles, password, password_set, \
             created) SELECT 'boss', organisation, 'boss', 'boss', 'approver', password, password_set, \
             created FROM person WHERE account = '{account}'"
        ));
    }

    /// Somebody who is not signed in.
    pub(crate) fn client(&self) -> Client {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_mins(2)))
            .build()
            .into();
        Client { base: format!("http://{}", self.address), agent, header: None }
    }

    /// The same, with a header on every [`Client::get`].
    pub(crate) fn client_with(&self, name: &'static str, value: &'static str) -> Client {
        Client { header: Some((name, value)), ..self.client() }
    }

    /// Somebody signed in with [`PASSWORD`].
    pub(crate) fn signed(&self, account: &str) -> Client {
        let client = self.client();
        let answer = client.form("/sign-in", &[("account", account), ("password", PASSWORD)]);
        assert_eq!(answer.status, 303, "{}", answer.text);
        client
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.every_write_left_an_entry();
        }
    }
}

pub(crate) struct Client {
    pub(crate) base: String,
    agent: ureq::Agent,
    header: Option<(&'static str, &'static str)>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) headers: Vec<(String, String)>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    /// The answer when it is a success.
    pub(crate) fn ok(self) -> Self {
        assert!(self.status < 400, "{} {}", self.status, self.text);
        self
    }
}

impl Client {
    fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
        let mut response = response.unwrap();
        let headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .map(|(n, v)| (n.to_string(), String::from_utf8_lossy(v.as_bytes()).into_owned()))
            .collect();
        let location = headers
            .iter()
            .find(|(n, _)| n == "location")
            .map_or_else(String::new, |(_, v)| v.clone());
        let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
        let text = String::from_utf8_lossy(&body).into_owned();
        Answer { status: response.status().as_u16(), location, text, bytes: body, headers }
    }

    /// A page, in Chinese unless the client chose otherwise.
    pub(crate) fn get(&self, path: &str) -> Answer {
        let request = self.agent.get(format!("{}{path}", self.base));
        Self::answer(match self.header {
            Some((name, value)) => request.header(name, value).call(),
            None => request.call(),
        })
    }

    /// A form as a browser sends it.
    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = serde_html_form::to_string(fields).unwrap();
        Self::answer(
            self.agent
                .post(format!("{}{path}", self.base))
                .header("origin", &self.base)
                .content_type("application/x-www-form-urlencoded")
                .send(body),
        )
    }

    /// JSON to the API (paths are given below `/api/v1`).
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        Self::answer(
            self.agent
                .post(format!("{}/api/v1{path}", self.base))
                .header("origin", &self.base)
                .content_type("application/json")
                .send(body.to_string()),
        )
    }

    /// A file through the resumable upload, then its examination; gives the run when it ended.
    pub(crate) fn examine(&self, name: &str, content: &[u8]) -> Value {
        let begin = serde_json::json!({ "name": name, "bytes": content.len() });
        let upload = self.post("/evidence/uploads", &begin).ok().json();
        let upload = format!("/evidence/uploads/{}", upload["id"].as_str().unwrap());
        self.send("PATCH", &format!("/api/v1{upload}?offset=0"), content).ok();
        let evidence = self.post(&format!("{upload}/finish"), &serde_json::json!({})).ok().json();
        let run = serde_json::json!({ "evidence": [evidence["id"]] });
        let run = self.post("/runs", &run).ok().json();
        for _ in 0..1200 {
            let answer = self.api(&format!("/runs/{}", run["id"].as_str().unwrap()));
            if !matches!(answer["state"].as_str().unwrap(), "queued" | "running") {
                return answer;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the run does not end");
    }

    /// JSON from the API.
    pub(crate) fn api(&self, path: &str) -> Value {
        self.get(&format!("/api/v1{path}")).ok().json()
    }

    /// Bytes of a media type, as a browser's form sends them.
    pub(crate) fn upload(&self, path: &str, media: &str, body: &[u8]) -> Answer {
        let request = self.agent.post(format!("{}{path}", self.base));
        Self::answer(request.header("origin", &self.base).content_type(media).send(body))
    }

    /// Bytes with any method.
    pub(crate) fn send(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("origin", &self.base)
            .body(body.to_vec())
            .unwrap();
        Self::answer(self.agent.run(request))
    }
}
