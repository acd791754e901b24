//! How fast the picture of a synthetic nation answers, on SQLite and (with `HANGTU_TEST_POSTGRES`)
//! PostgreSQL, while packages come in: `cargo xtask bench nation`, recorded in BENCHMARKS.md.
//! `HANGTU_NATION` sets the number of enterprises (45,000).
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../tests/kit/mod.rs"]
mod kit;
use hangtu_server::{Intake, Nation};
use kit::{Client, Site, on_both};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

/// People who ask at once, and how often they ask altogether.
const PEOPLE: usize = 50;
const ASKED: usize = 2_000;

fn say(what: &str, intake: Intake) {
    let seconds = intake.took.as_secs_f64();
    println!(
        "| {what} | {} packages | {:.0} a second | {:.2} MB/s |",
        intake.packages,
        intake.packages as f64 / seconds,
        intake.bytes as f64 / 1e6 / seconds
    );
}

fn submit(site: &Site, nation: Nation, round: u64, most: usize) -> Intake {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(nation.submit(&site.config, round, most)).unwrap()
}

/// Everybody asks the same questions one after the other; the lines say how long answers took.
fn measure(clients: &[Client], what: &str, paths: &[String]) {
    let (next, times, largest) = (AtomicUsize::new(0), Mutex::new(Vec::new()), AtomicUsize::new(0));
    let begin = Instant::now();
    thread::scope(|scope| {
        for client in clients {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= ASKED {
                        break;
                    }
                    let asked = Instant::now();
                    let answer = client.get(&paths[at % paths.len()]).ok();
                    times.lock().unwrap().push(asked.elapsed());
                    largest.fetch_max(answer.bytes.len(), Ordering::Relaxed);
                }
            });
        }
    });
    let whole = begin.elapsed().as_secs_f64();
    let mut times = times.into_inner().unwrap();
    times.sort();
    let at = |share: f64| times[(times.len() as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "| {what} | {:.0} | {:.1} | {:.1} | {:.1} | {:.1} |",
        ASKED as f64 / whole,
        at(0.5),
        at(0.99),
        times.last().unwrap().as_secs_f64() * 1000.0,
        largest.load(Ordering::Relaxed) as f64 / 1000.0
    );
}

fn questions(site: &Site, clients: &[Client]) {
    let one = |path: &str| vec![path.to_owned()];
    let codes = site.column("SELECT credit_code FROM supervised ORDER BY credit_code LIMIT 200");
    let firms: Vec<String> = codes.iter().map(|c| format!("/supervise/enterprises/{c}")).collect();
    println!(
        "\n| {PEOPLE} at once | requests/s | p50 ms | p99 ms | max ms | largest kB |\n|---|---|---|---|---|---|"
    );
    measure(clients, "the nation", &one("/supervise"));
    let provinces: Vec<String> = ["440000", "320000", "420000", "540000"]
        .iter()
        .map(|r| format!("/supervise?region={r}"))
        .collect();
    measure(clients, "a province", &provinces);
    measure(clients, "an industry", &one("/supervise?industry=34"));
    let list = "/supervise/enterprises";
    measure(clients, "enterprises", &one(list));
    measure(clients, "major, personnel", &one(&format!("{list}?level=major&scenario=personnel")));
    measure(clients, "province and industry", &one(&format!("{list}?region=440000&industry=39")));
    measure(clients, "not graded, in the set", &one(&format!("{list}?target=1&graded=no")));
    measure(clients, "by open findings", &one(&format!("{list}?sort=-open")));
    measure(clients, "enterprises' pages", &firms);
}

fn main() {
    let enterprises = std::env::var("HANGTU_NATION").ok().and_then(|n| n.parse().ok());
    let nation = Nation { seed: 20_261_231, enterprises: enterprises.unwrap_or(45_000) };
    on_both(|site| {
        site.set_up_regulator("nation", "");
        let name = if site.config.database_url.is_some() { "PostgreSQL" } else { "SQLite" };
        println!("\n## {name}, {} enterprises\n", nation.enterprises);
        let officer = site.signed("officer");
        let begin = Instant::now();
        let roster = nation.roster(2025).unwrap();
        let path = "/api/v1/supervise/import?name=nation.csv&dry=no";
        let told = officer.send("POST", path, roster.as_bytes()).ok().json();
        assert_eq!(told["added"], nation.enterprises, "{told}");
        println!("roster imported in {:.1} s", begin.elapsed().as_secs_f64());
        let begin = Instant::now();
        let frozen = officer.post("/supervise/targets", &serde_json::json!({ "year": "2025" }));
        let frozen = frozen.ok().json();
        let took = begin.elapsed().as_secs_f64();
        println!("target set of {} frozen in {took:.1} s", frozen["members"]);
        say("submissions, one after the other", submit(&site, nation, 0, usize::MAX));
        let begin = Instant::now();
        let right = officer.post("/supervise/recount", &serde_json::json!({})).ok().json();
        assert_eq!(right["right"], true);
        println!("recounted in {:.1} s: equal", begin.elapsed().as_secs_f64());
        if site.config.database_url.is_some() {
            // As its own housekeeping does within minutes.
            site.sql("VACUUM ANALYZE");
        }
        let clients: Vec<Client> = (0..PEOPLE).map(|_| site.signed("officer")).collect();
        questions(&site, &clients);
        println!("\nthe same while packages come in:");
        thread::scope(|scope| {
            let going = scope.spawn(|| submit(&site, nation, 1, nation.enterprises / 5));
            questions(&site, &clients);
            say("meanwhile", going.join().unwrap());
        });
    });
}
