//! Many people sit an exam at once in an instance of a whole province, and in the middle of it the
//! program is killed: how long a save takes, and whether an answer that was acknowledged is ever lost.
//! `cargo xtask bench exam`, recorded in BENCHMARKS.md. `HANGTU_BIN` names the program;
//! `EXAM_TAKERS`, `EXAM_LEARNERS`, `EXAM_ENTERPRISES`, `EXAM_SECONDS` and `EXAM_PAUSE_MS` scale it.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, dead_code)]

#[path = "../tests/kit/mod.rs"]
mod kit;
use hangtu_server::Config;
use kit::Site;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    env,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

fn number(name: &str, otherwise: u64) -> u64 {
    env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

/// The course whose exam is sat.
const COURSE: &str = "ransomware";

/// The cookie of a taker; its hash stands in the store.
fn cookie(taker: u64) -> String {
    format!("taker-{taker:08}-of-the-load-test")
}

/// Enterprises, their people, and for the takers a session and the course read.
fn fill(site: &Site, enterprises: u64, learners: u64, takers: u64) {
    let numbers = |n: u64| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {})",
            n - 1
        )
    };
    site.sql(&format!(
        "INSERT INTO organisation (id, name, credit_code, region, industry, revenue_band, created) \
         {} SELECT 'e' || i, 'Enterprise ' || i, '', '420000', '34', '400m-1bn', 0 FROM n",
        numbers(enterprises)
    ));
    site.sql(&format!(
        "INSERT INTO person (id, organisation, account, name, roles, created) \
         {} SELECT 'l' || i, 'e' || (i % {enterprises}), 'learner' || i, 'Learner ' || i, 'member', 0 \
         FROM n",
        numbers(learners)
    ));
    let taken = numbers(takers);
    site.sql(&format!(
        "INSERT INTO course_progress (organisation, person, course, since, sections, finished) \
         {taken} SELECT 'e' || (i % {enterprises}), 'l' || i, '{COURSE}', 1, ' s1 ', 2 FROM n"
    ));
    for some in (0..takers).collect::<Vec<_>>().chunks(200) {
        let row = |taker: &u64| {
            let id = hangtu_catalog::sha256(cookie(*taker).as_bytes());
            format!("('{id}', 'l{taker}', 0, 9000000000000000, '', '', 'password')")
        };
        let rows: Vec<String> = some.iter().map(row).collect();
        site.sql(&format!(
            "INSERT INTO session (id, person, created, expires, address, agent, proof) VALUES {}",
            rows.join(", ")
        ));
    }
}

#[allow(clippy::zombie_processes, reason = "whoever has it waits for it")]
fn start(program: &Path, data: &Path, port: u16, database: Option<&str>) -> Child {
    let mut command = Command::new(program);
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(data);
    if let Some(url) = database {
        command.args(["--database-url", url]);
    }
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let ready = format!("http://127.0.0.1:{port}/ready");
    for _ in 0..600 {
        if ureq::get(&ready).call().is_ok() {
            return child;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("the program does not start");
}

/// What all takers share.
struct Hall {
    base: String,
    over: AtomicBool,
    /// Milliseconds of each save that was answered at its first try.
    times: Mutex<Vec<f64>>,
    tried_again: AtomicU64,
    pause: u64,
}

impl Hall {
    /// Asks until it is answered: a program that is away comes back.
    fn ask(
        &self,
        agent: &ureq::Agent,
        taker: u64,
        path: &str,
        body: Option<&Value>,
    ) -> (Value, bool) {
        let url = format!("{}/api/v1{path}", self.base);
        let cookie = format!("hangtu_session={}", cookie(taker));
        let mut first = true;
        for _ in 0..1200 {
            let answer = match body {
                None => agent.get(&url).header("cookie", &cookie).call(),
                Some(body) => agent
                    .post(&url)
                    .header("cookie", &cookie)
                    .header("origin", &self.base)
                    .content_type("application/json")
                    .send(body.to_string()),
            };
            match answer {
                Ok(mut answer) if answer.status().as_u16() < 400 => {
                    if let Ok(text) = answer.body_mut().read_to_string() {
                        return (serde_json::from_str(&text).unwrap(), first);
                    }
                }
                Ok(mut answer) if answer.status().as_u16() < 500 => {
                    panic!("{path}: {}", answer.body_mut().read_to_string().unwrap_or_default());
                }
                _ => {}
            }
            first = false;
            self.tried_again.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(250));
        }
        panic!("{path}: never answered");
    }

    /// One taker: gives how many acknowledged answers there are, and how many of them are lost.
    fn sit(&self, taker: u64) -> (usize, usize) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .into();
        // People do not arrive in the same millisecond.
        thread::sleep(Duration::from_millis(taker * 7919 % self.pause.max(1)));
        let begun =
            self.ask(&agent, taker, &format!("/training/courses/{COURSE}/exam"), Some(&json!({})));
        let id = begun.0["id"].as_str().unwrap().to_owned();
        let (paper, _) = self.ask(&agent, taker, &format!("/training/attempts/{id}"), None);
        let questions = paper["paper"].as_array().unwrap().clone();
        let mut acknowledged: HashMap<u64, Value> = HashMap::new();
        let mut sequence = 0u64;
        while !self.over.load(Ordering::Relaxed) {
            let wait = self.pause / 2 + (taker * 31 + sequence * 17) % self.pause.max(1);
            thread::sleep(Duration::from_millis(wait));
            sequence += 1;
            let item = sequence % questions.len() as u64;
            let question = &questions[item as usize];
            let options = question["options"].as_array().unwrap().len() as u64;
            let choice = match question["kind"].as_str().unwrap() {
                "order" => {
                    let turn = sequence % options;
                    json!((0..options).map(|n| (n + turn) % options).collect::<Vec<_>>())
                }
                _ => json!([(sequence / questions.len() as u64 + taker) % options]),
            };
            let body = json!({ "item": item, "sequence": sequence, "choice": choice });
            let asked = Instant::now();
            let (kept, first) =
                self.ask(&agent, taker, &format!("/training/attempts/{id}/answers"), Some(&body));
            assert_eq!(kept["state"], "kept");
            if first {
                self.times.lock().unwrap().push(asked.elapsed().as_secs_f64() * 1000.0);
            }
            acknowledged.insert(item, choice);
        }
        let (paper, _) = self.ask(&agent, taker, &format!("/training/attempts/{id}"), None);
        let lost = acknowledged
            .iter()
            .filter(|(item, choice)| paper["paper"][**item as usize]["answer"] != **choice)
            .count();
        (acknowledged.len(), lost)
    }
}

fn measure(name: &str, program: &Path, database: Option<String>) {
    let takers = number("EXAM_TAKERS", 1000);
    let (learners, enterprises) =
        (number("EXAM_LEARNERS", 60_000), number("EXAM_ENTERPRISES", 3000));
    let seconds = number("EXAM_SECONDS", 120);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut config = Config::new(data.clone());
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.database_url.clone_from(&database);
    let site = Site::with(config, tempfile::tempdir().unwrap());
    site.set_up();
    fill(&site, enterprises, learners.max(takers), takers);
    drop(site);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut child = start(program, &data, port, database.as_deref());
    let hall = Hall {
        base: format!("http://127.0.0.1:{port}"),
        over: AtomicBool::new(false),
        times: Mutex::default(),
        tried_again: AtomicU64::new(0),
        pause: number("EXAM_PAUSE_MS", 8000),
    };
    let (mut answers, mut lost) = (0, 0);
    let mut away = 0.0;
    thread::scope(|scope| {
        let sit = |taker| {
            let builder = thread::Builder::new().stack_size(512 << 10);
            let hall = &hall;
            builder.spawn_scoped(scope, move || hall.sit(taker)).unwrap()
        };
        let all: Vec<_> = (0..takers).map(sit).collect();
        thread::sleep(Duration::from_secs(seconds / 2));
        // SIGKILL: nothing is said, nothing is put in order.
        child.kill().unwrap();
        child.wait().unwrap();
        let killed = Instant::now();
        child = start(program, &data, port, database.as_deref());
        away = killed.elapsed().as_secs_f64();
        thread::sleep(Duration::from_secs(seconds / 2));
        hall.over.store(true, Ordering::Relaxed);
        for taker in all {
            let (kept, gone) = taker.join().unwrap();
            answers += kept;
            lost += gone;
        }
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let mut times = hall.times.into_inner().unwrap();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
    println!(
        "| {name} | {takers} of {learners} | {} | {:.0} | {:.1} | {:.1} | {:.1} | {away:.1} | {answers} | {lost} |",
        times.len(),
        times.len() as f64 / seconds as f64,
        at(0.5),
        at(0.99),
        times.last().unwrap(),
    );
    assert_eq!(lost, 0, "an acknowledged answer was lost");
}

fn main() {
    let Some(program) = env::var_os("HANGTU_BIN") else {
        println!("note: HANGTU_BIN names no program; run cargo xtask bench exam");
        return;
    };
    println!(
        "\n| store | takers of learners | saves | saves/s | p50 ms | p99 ms | max ms | away after kill -9, s \
         | acknowledged answers looked for | lost |\n|---|---|---|---|---|---|---|---|---|---|"
    );
    measure("SQLite", Path::new(&program), None);
    if let Ok(url) = env::var("HANGTU_TEST_POSTGRES") {
        measure("PostgreSQL", Path::new(&program), Some(kit::fresh_database(&url)));
    }
}
