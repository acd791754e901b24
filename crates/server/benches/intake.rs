//! How many packages a supervisor takes in, each verified, compared and kept with its receipt, on SQLite
//! and (with `HANGTU_TEST_POSTGRES`) PostgreSQL: `cargo xtask bench intake`, recorded in BENCHMARKS.md.
//! `HANGTU_BENCH_PACKAGES` says how many.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../tests/kit/mod.rs"]
mod kit;
use hangtu_ledger::{
    Commitment, Hash, SignerKey, Step, Submission, consistency_proof, leaf_hash, root,
};
use kit::{PASSWORD, PEOPLE, Site, on_both};
use serde_json::{Value, json};
use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Enterprises that send at once.
const AT_ONCE: usize = 16;
/// Packages of each enterprise.
const EACH: usize = 3;

/// The facts of an enterprise with a long list of major risks: about 16 kB.
fn facts(code: &str) -> Value {
    let major = |n: usize| {
        json!({ "id": hangtu_catalog::sha256(format!("{code} {n}").as_bytes()),
            "rule": "unapproved-controller-write", "scenario": "personnel", "state": "open",
            "found": 1_795_000_000_000_000_i64 + n as i64, "closed": null })
    };
    let scenarios = ["ransomware", "vuln_backdoor", "personnel", "remote_om"];
    let levels = ["light", "low", "medium", "high", "major"];
    let risks = scenarios.iter().flat_map(|s| levels.iter().map(move |l| (s, l)));
    let risks: Vec<Value> = risks
        .map(|(s, l)| {
            json!({ "scenario": s, "level": l, "open": 9, "overdue": 2, "accepted": 1,
                "corrected": 3, "proven": 40, "oldest_open": 1_790_000_000_000_000_i64 })
        })
        .collect();
    json!({
        "version": 1, "as_of": 1_795_000_000_000_000_i64,
        "organisation": { "name": "某某机械有限公司", "credit_code": code, "region": "420000",
            "industry": "34", "revenue_band": "400m-1bn" },
        "data": { "assets": 12, "general": 10, "important": 2, "core": 0, "ungraded": 0,
            "filed": true, "filing_number": "17", "filing_date": "2026-03-02" },
        "examination": { "runs": 12, "last": 1_795_000_000_000_000_i64, "checks_total": 91,
            "checks_measured": 60, "checks_errored": 1, "checks_stale": 10, "checks_never": 10,
            "not_applicable": 5 },
        "risks": risks, "majors": (0..60).map(major).collect::<Vec<_>>(), "drills": [],
    })
}

/// A credit code of its own: 18 characters, as far as a package looks at it.
fn code(n: usize) -> String {
    format!("9142{n:014}")
}

/// The packages of an enterprise, each of which continues the one before.
fn packages(n: usize) -> Vec<Vec<u8>> {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&(n as u64).to_be_bytes());
    let key = SignerKey::from_seed(&format!("plant{n}/o"), &seed).unwrap();
    let code = code(n);
    let facts = facts(&code);
    let leaves: Vec<Hash> = (0..200 * EACH).map(|i| leaf_hash(&i.to_be_bytes())).collect();
    (1..=EACH)
        .map(|sequence| {
            let size = 200 * sequence;
            let step = |s: usize| Step {
                size: s as u64,
                proof: consistency_proof(s as u64, &leaves[..size]).unwrap(),
            };
            let submission = Submission {
                sender: code.clone(),
                sequence: sequence as u64,
                created: jiff::Timestamp::from_second(1_795_000_000).unwrap(),
                answers: None,
                steps: (1..sequence).map(|s| step(200 * s)).collect(),
                evidence: Commitment::to(&[Hash([1; 32]), Hash([2; 32])]),
                facts: facts.as_object().unwrap().clone(),
            };
            submission.seal(&key, size as u64, root(&leaves[..size])).unwrap().bytes().to_vec()
        })
        .collect()
}

fn set_up(site: &Site) {
    let code = site.link.as_ref().unwrap().split("code=").nth(1).unwrap();
    let mut form =
        vec![("code", code), ("kind", "province"), ("name", "某省"), ("region", "420000")];
    for account in PEOPLE {
        form.extend([("account", account), ("person", account), ("password", PASSWORD)]);
    }
    assert_eq!(site.client().form("/set-up", &form).status, 303);
}

/// Enterprises on the roster whose keys were confirmed.
fn enrol(site: &Site, enterprises: &[Vec<Vec<u8>>]) {
    let id = site.column("SELECT id FROM organisation").remove(0);
    let (mut roster, mut senders) = (Vec::new(), Vec::new());
    for (n, packages) in enterprises.iter().enumerate() {
        let key = hangtu_ledger::Package::open(&packages[0]).unwrap().key().to_string();
        let code = code(n);
        roster.push(format!(
            "('{id}', '{code}', 'e{n}', '420000', '34', 1, 'active', '{code}', 0, 0)"
        ));
        senders.push(format!("('{id}', '{code}', '{key}', 1)"));
    }
    for (rows, senders) in roster.chunks(400).zip(senders.chunks(400)) {
        site.sql(&format!(
            "INSERT INTO supervised (supervisor, credit_code, name, region, industry, above_scale, \
             status, search, added, changed) VALUES {}",
            rows.join(", ")
        ));
        site.sql(&format!(
            "INSERT INTO sender (organisation, code, key, trusted) VALUES {}",
            senders.join(", ")
        ));
    }
}

fn door(site: &Site) -> String {
    format!("/api/v1/receive/{}", site.column("SELECT id FROM organisation")[0])
}

/// Sends everything, each as often as it takes; gives how often it was told to come back.
fn send(base: &str, door: &str, all: &[&[u8]], times: &Mutex<Vec<Duration>>) -> u64 {
    let (next, later) = (AtomicUsize::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let agent: ureq::Agent = ureq::Agent::config_builder()
                    .http_status_as_error(false)
                    .timeout_global(Some(Duration::from_mins(1)))
                    .build()
                    .into();
                while let Some(package) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    loop {
                        let asked = Instant::now();
                        let sent = agent
                            .post(format!("{base}{door}"))
                            .content_type("application/octet-stream")
                            .send(*package);
                        match sent.map(|a| a.status().as_u16()) {
                            Ok(200) => {
                                times.lock().unwrap().push(asked.elapsed());
                                break;
                            }
                            // Told to come back, or nobody is there just now: tried again.
                            Ok(429) | Err(_) => {
                                later.fetch_add(1, Ordering::Relaxed);
                                thread::sleep(Duration::from_millis(200));
                            }
                            Ok(status) => panic!("{status}"),
                        }
                    }
                }
            });
        }
    });
    later.into_inner()
}

fn kept(site: &Site) -> (String, String) {
    let count = "SELECT CAST(COUNT(*) AS TEXT) FROM intake";
    let entries = "SELECT CAST(COUNT(*) AS TEXT) FROM ledger_entry WHERE action = 'intake.receive'";
    (site.column(count).remove(0), site.column(entries).remove(0))
}

fn main() {
    let packages_wanted: usize =
        env::var("HANGTU_BENCH_PACKAGES").ok().and_then(|n| n.parse().ok()).unwrap_or(6_000);
    let enterprises: Vec<_> = (0..packages_wanted.div_ceil(EACH)).map(packages).collect();
    // One after the other of each enterprise, all enterprises in turn.
    let all: Vec<&[u8]> = (0..EACH).flat_map(|s| enterprises.iter().map(move |e| &*e[s])).collect();
    let bytes: usize = all.iter().map(|p| p.len()).sum();
    on_both(|site| {
        set_up(&site);
        enrol(&site, &enterprises);
        let name = if site.config.database_url.is_some() { "PostgreSQL" } else { "SQLite" };
        let (door, base) = (door(&site), format!("http://{}", site.address));
        println!(
            "\n| {name}, {} packages of {} kB, {AT_ONCE} at once | packages/s | MB/s | p50 ms | p99 ms | told to come back |\n|---|---|---|---|---|---|",
            all.len(),
            bytes / all.len() / 1000
        );
        for what in ["new", "the same again"] {
            let times = Mutex::new(Vec::new());
            let begin = Instant::now();
            let later = send(&base, &door, &all, &times);
            let took = begin.elapsed().as_secs_f64();
            let mut times = times.into_inner().unwrap();
            times.sort();
            let at = |share: f64| times[(times.len() as f64 * share) as usize].as_secs_f64() * 1e3;
            println!(
                "| {what} | {:.0} | {:.1} | {:.1} | {:.1} | {later} |",
                all.len() as f64 / took,
                bytes as f64 / 1e6 / took,
                at(0.5),
                at(0.99)
            );
            let n = all.len().to_string();
            assert_eq!(kept(&site), (n.clone(), n), "each once");
        }
    });
    if let Ok(program) = env::var("HANGTU_PROGRAM") {
        on_both(|site| killed(site, &program, &enterprises, &all));
    }
}

fn serve(program: &str, site: &Site) -> (Child, String) {
    let mut command = Command::new(program);
    command.args(["serve", "--lang", "en", "--listen", "127.0.0.1:0", "--data"]);
    command.arg(&site.config.data);
    if let Some(url) = &site.config.database_url {
        command.args(["--database-url", url]);
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let base = line.split_whitespace().last().unwrap().trim_end_matches('/').to_owned();
    (child, base)
}

/// Kills the program again and again while packages come: what was acknowledged is there, once.
fn killed(site: Site, program: &str, enterprises: &[Vec<Vec<u8>>], all: &[&[u8]]) {
    set_up(&site);
    enrol(&site, enterprises);
    let door = door(&site);
    let (next, acknowledged) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let base = Mutex::new(String::new());
    let done = AtomicUsize::new(0);
    let mut kills = 0;
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(package) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    loop {
                        let url = format!("{}{door}", base.lock().unwrap());
                        let sent = ureq::post(url).content_type("application/octet-stream");
                        if sent.send(*package).is_ok_and(|a| a.status() == 200) {
                            acknowledged.lock().unwrap().push(hangtu_catalog::sha256(package));
                            break;
                        }
                        thread::sleep(Duration::from_millis(50));
                    }
                }
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
        while done.load(Ordering::Relaxed) < AT_ONCE {
            let (mut child, address) = serve(program, &site);
            *base.lock().unwrap() = address;
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(2) && done.load(Ordering::Relaxed) < AT_ONCE
            {
                thread::sleep(Duration::from_millis(20));
            }
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
        }
    });
    let n = all.len().to_string();
    assert_eq!(kept(&site), (n.clone(), n), "each once");
    let mut stored = site.column("SELECT digest FROM intake");
    let mut acknowledged = acknowledged.into_inner().unwrap();
    stored.sort();
    acknowledged.sort();
    assert_eq!(stored, acknowledged);
    println!("\nkilled {kills} times: {} packages acknowledged, each kept once", all.len());
}
