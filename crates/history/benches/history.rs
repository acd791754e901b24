//! A nation's history of a hundred million rows, asked three questions by DataFusion in the process,
//! by a Ballista cluster and by PostgreSQL: `cargo xtask bench history [--months N]`.
//!
//! PostgreSQL holds the columns that the questions use in the narrowest types there are (numbers for
//! codes, a number for an enterprise, two bytes for a count), with a BRIN index on the month, vacuumed
//! and analysed: kinder to it than the same texts would be. CPU seconds are user and system time of
//! every process that takes part, from `/proc`.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../tests/nation/mod.rs"]
mod nation;
#[cfg(feature = "cluster")]
#[path = "../tests/processes/mod.rs"]
mod processes;

#[cfg(feature = "cluster")]
use hangtu_history::cluster;
use hangtu_history::{Answer, Limits, Store};
use nation::Nation;
use serde_json::Value;
use std::{
    env, fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

const NATION: Nation = Nation { firms: 45_000, seed: 20_261_129 };

/// A question: its name, and its SQL with the constants spelt for Parquet and for PostgreSQL.
const QUESTIONS: [(&str, &str, &str); 3] = [
    (
        "major risks by province × month",
        "SELECT month, region, SUM(open) AS open, SUM(overdue) AS overdue FROM risk \
         WHERE level = 'major' GROUP BY month, region",
        "SELECT month, region, SUM(open) AS open, SUM(overdue) AS overdue FROM risk \
         WHERE level = '4' GROUP BY month, region",
    ),
    (
        "province × scenario × level × month, all rows",
        "SELECT month, region, scenario, level, SUM(open) AS open, SUM(overdue) AS overdue, \
         SUM(proven) AS proven FROM risk GROUP BY month, region, scenario, level",
        "SELECT month, region, scenario, level, SUM(open) AS open, SUM(overdue) AS overdue, \
         SUM(proven) AS proven FROM risk GROUP BY month, region, scenario, level",
    ),
    (
        "enterprises with overdue high and major risks, last 12 months",
        "SELECT region, scenario, COUNT(DISTINCT credit_code) AS firms, SUM(overdue) AS overdue \
         FROM risk WHERE level IN ('high', 'major') AND overdue > 0 AND month >= '{from}' \
         GROUP BY region, scenario",
        "SELECT region, scenario, COUNT(DISTINCT credit_code) AS firms, SUM(overdue) AS overdue \
         FROM risk WHERE level IN ('3', '4') AND overdue > 0 AND month >= '{from}-01' \
         GROUP BY region, scenario",
    ),
];

/// User and system time of a process, and of those it waited for.
fn cpu(pid: u32) -> f64 {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return 0.0 };
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11..15].iter().map(|f| f.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

/// The same of a process and everything below it.
fn tree(root: u32) -> f64 {
    let mut sum = cpu(root);
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(text) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let parent =
            text.rsplit(')').next().and_then(|t| t.split_whitespace().nth(1)?.parse().ok());
        if parent == Some(root) {
            sum += tree(pid);
        }
    }
    sum
}

/// What somebody needed for one question.
struct Took {
    seconds: f64,
    cpu: f64,
    /// Rows, and the sum of all numbers in them: the same for everybody.
    check: (usize, i64),
}

fn check(answer: &Answer) -> (usize, i64) {
    let number = |v: &Value| v.as_i64().unwrap_or(0);
    (answer.rows.len(), answer.rows.iter().flatten().map(number).sum())
}

/// The better of two, after one that warms up.
fn best(mut ask: impl FnMut() -> Took) -> Took {
    ask();
    let (a, b) = (ask(), ask());
    if a.seconds < b.seconds { a } else { b }
}

struct Parquet {
    store: Store,
    threads: tokio::runtime::Runtime,
}

impl Parquet {
    /// In the process.
    fn ask(&self, sql: &str) -> Took {
        let (store, sql) = (self.store.clone(), sql.to_owned());
        let own = || cpu(std::process::id());
        let (before, begun) = (own(), Instant::now());
        let answer = self.threads.spawn(async move {
            hangtu_history::ask(&store, "nation", &[], &sql, &Limits::terminal()).await
        });
        let answer = self.threads.block_on(answer).unwrap().unwrap();
        let seconds = begun.elapsed().as_secs_f64();
        Took { seconds, cpu: own() - before, check: check(&answer) }
    }

    /// On a cluster; what its processes need is counted too.
    #[cfg(feature = "cluster")]
    fn ask_cluster(&self, sql: &str, cluster: &processes::Cluster) -> Took {
        let (store, sql) = (self.store.clone(), sql.to_owned());
        let scheduler = cluster.scheduler.clone();
        let all = || {
            let children = cluster.children.iter().map(|p| cpu(p.id())).sum::<f64>();
            cpu(std::process::id()) + children
        };
        let (before, begun) = (all(), Instant::now());
        let answer = self.threads.spawn(async move {
            cluster::ask(&scheduler, &store, "nation", &[], &sql, &Limits::terminal()).await
        });
        let answer = self.threads.block_on(answer).unwrap().unwrap();
        let seconds = begun.elapsed().as_secs_f64();
        Took { seconds, cpu: all() - before, check: check(&answer) }
    }
}

fn psql(url: &str) -> Command {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-t", "-A", "-F", "\t", "-v", "ON_ERROR_STOP=1", url]);
    command
}

fn sql(url: &str, sql: &str) -> String {
    let out = psql(url).args(["-c", sql]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// The same rows into PostgreSQL, without a log: made and filled in one transaction.
fn fill(url: &str, months: u32) {
    let mut child = psql(url).stdin(Stdio::piped()).spawn().unwrap();
    let mut to = BufWriter::with_capacity(1 << 20, child.stdin.take().unwrap());
    writeln!(
        to,
        "BEGIN; CREATE TABLE risk (month date, firm int4, region int4, industry int2, open int2, \
         overdue int2, accepted int2, corrected int2, proven int2, scenario \"char\", level \"char\"); \
         COPY risk FROM STDIN;"
    )
    .unwrap();
    for n in 0..months {
        let (year, month) = nation::month(n);
        for firm in 0..NATION.firms {
            let (region, industry) = NATION.place(firm);
            for c in NATION.cells(firm, n) {
                let [open, overdue, accepted, corrected, proven] = c.counts;
                writeln!(
                    to,
                    "{year}-{month:02}-01\t{firm}\t{region}\t{industry}\t{open}\t{overdue}\t\
                     {accepted}\t{corrected}\t{proven}\t{}\t{}",
                    c.scenario, c.level
                )
                .unwrap();
            }
        }
    }
    writeln!(to, "\\.\nCOMMIT;").unwrap();
    to.flush().unwrap();
    drop(to);
    assert!(child.wait().unwrap().success());
    sql(url, "CREATE INDEX risk_month ON risk USING brin (month)");
    sql(url, "VACUUM ANALYZE risk");
}

fn postgres(url: &str, postmaster: u32, question: &str) -> Took {
    let question = question.replace("credit_code", "firm");
    let (before, begun) = (tree(postmaster), Instant::now());
    let text = sql(url, &question);
    let seconds = begun.elapsed().as_secs_f64();
    // Its process is waited for by the postmaster a moment later.
    std::thread::sleep(std::time::Duration::from_millis(300));
    let numbers = |line: &str, skip: usize| {
        line.split('\t').skip(skip).filter_map(|f| f.parse::<i64>().ok()).sum::<i64>()
    };
    // Codes are numbers here and texts there: only what was counted is compared.
    let skip = if question.contains("scenario, level") { 4 } else { 2 };
    let check = (text.lines().count(), text.lines().map(|l| numbers(l, skip)).sum());
    Took { seconds, cpu: tree(postmaster) - before, check }
}

fn main() {
    #[cfg(feature = "cluster")]
    if env::var("HANGTU_HISTORY_PROCESS").is_ok() {
        return processes::run();
    }
    let months: u32 = env::var("HANGTU_BENCH_MONTHS").map_or(112, |m| m.parse().unwrap());
    let dir = env::var_os("HANGTU_BENCH_DIR").map_or_else(env::temp_dir, PathBuf::from);
    let dir = dir.join(format!("history-{}", std::process::id()));
    let rows = u64::from(months) * u64::from(NATION.firms) * 20;
    println!("{rows} rows of risk: {} enterprises × {months} months × 20", NATION.firms);
    run(months, rows, &dir);
    let _ = fs::remove_dir_all(&dir);
}

fn run(months: u32, rows: u64, dir: &Path) {
    let parquet = Parquet {
        store: Store::open(dir.join("store").to_str().unwrap()).unwrap(),
        threads: tokio::runtime::Builder::new_multi_thread()
            .thread_stack_size(32 << 20)
            .enable_all()
            .build()
            .unwrap(),
    };
    let (mut writing, mut written) = (0.0, 0);
    for month in 0..months {
        let submissions = NATION.submissions(month);
        let begun = Instant::now();
        let part = parquet.store.write("nation", month.into(), &submissions);
        written += parquet.threads.block_on(part).unwrap().rows;
        writing += begun.elapsed().as_secs_f64();
    }
    let risk = folder(&dir.join("store/nation/risk"));
    println!(
        "written: {written} rows of all tables in {writing:.0} s ({:.0} a second), {} MB, of it risk {} MB",
        written as f64 / writing,
        folder(&dir.join("store")) >> 20,
        risk >> 20
    );
    let (year, month) = nation::month(months.saturating_sub(12));
    let from = format!("{year}-{month:02}");
    let mut lines = Vec::new();
    let mut note = |question: &str, who: &str, took: &Took, bytes: u64| {
        let line = format!(
            "| {question} | {who} | {:.2} | {:.2} | {} |",
            took.seconds,
            took.cpu,
            bytes >> 20
        );
        println!("{line}");
        lines.push(line);
    };
    let mut checks = Vec::new();
    for (name, question, _) in QUESTIONS {
        let took = best(|| parquet.ask(&question.replace("{from}", &from)));
        note(name, "DataFusion in the process", &took, risk);
        checks.push(took.check);
    }
    #[cfg(feature = "cluster")]
    {
        let cluster = processes::Cluster::start(&[], dir);
        for ((name, question, _), same) in QUESTIONS.into_iter().zip(&checks) {
            let took = best(|| parquet.ask_cluster(&question.replace("{from}", &from), &cluster));
            note(name, "Ballista, scheduler and 2 executors", &took, risk);
            assert_eq!(took.check, *same, "{name}");
        }
    }
    if let Ok(url) = env::var("HANGTU_TEST_POSTGRES") {
        let begun = Instant::now();
        fill(&url, months);
        println!("PostgreSQL filled in {:.0} s", begun.elapsed().as_secs_f64());
        let bytes = sql(&url, "SELECT pg_total_relation_size('risk')").trim().parse().unwrap();
        let file = sql(&url, "SHOW data_directory");
        let pid = fs::read_to_string(Path::new(file.trim()).join("postmaster.pid")).unwrap();
        let postmaster = pid.lines().next().unwrap().trim().parse().unwrap();
        for ((name, _, question), same) in QUESTIONS.into_iter().zip(&checks) {
            let took = best(|| postgres(&url, postmaster, &question.replace("{from}", &from)));
            note(name, "PostgreSQL", &took, bytes);
            assert_eq!(took.check, *same, "{name}");
        }
    }
    println!("\n| {rows} rows: question | by | s | CPU s | MB on disk |\n|---|---|---|---|---|");
    lines.sort();
    println!("{}", lines.join("\n"));
}

fn folder(dir: &Path) -> u64 {
    let sizes = fs::read_dir(dir)
        .unwrap()
        .flatten()
        .map(|e| if e.path().is_dir() { folder(&e.path()) } else { e.metadata().unwrap().len() });
    sizes.sum()
}
