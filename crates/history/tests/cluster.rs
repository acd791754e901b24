//! A scheduler and two executors as processes of their own answer as DataFusion in the process does.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod bucket;
mod nation;
mod processes;
use hangtu_history::{Limits, Names, Store, cluster};
use nation::Nation;
use processes::Cluster;
use std::path::Path;

/// What the processes of the cluster do.
#[test]
#[ignore = "started by the test below"]
fn process() {
    processes::run();
}

#[test]
fn the_same_question_has_the_same_answer_on_a_cluster() {
    let dir = tempfile::tempdir().unwrap();
    same(dir.path(), dir.path().join("history").to_str().unwrap());
    if let Some(place) = bucket::place(dir.path()) {
        same(dir.path(), &place);
    }
}

fn same(dir: &Path, history: &str) {
    let store = Store::open(history).unwrap();
    let threads = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(32 << 20)
        .enable_all()
        .build();
    let threads = threads.unwrap();
    let nation = Nation { firms: 500, seed: 3 };
    for month in 0..4 {
        threads.block_on(store.write("o1", month.into(), &nation.submissions(month))).unwrap();
    }
    let names = |table, rows: &[(&str, &str)]| Names {
        table,
        rows: rows.iter().map(|(c, n)| ((*c).into(), (*n).into())).collect(),
    };
    let regions: Vec<_> =
        nation::REGIONS.iter().map(|r| (r.to_string(), format!("R{r}"))).collect();
    let names = vec![
        Names { table: "region", rows: regions },
        names("scenario", &nation::SCENARIOS.map(|s| (s, s))),
        names("level", &nation::LEVELS.map(|l| (l, l))),
    ];
    let cluster = Cluster::start(&["--exact", "process", "--ignored", "--nocapture"], dir);
    let catalog = include_str!("../../../content/history.yml");
    let mut asked = 0;
    // The ready questions, and one that counts what must be kept apart.
    let distinct = "SELECT region, COUNT(DISTINCT credit_code) AS firms, SUM(open) AS open FROM risk \
                    WHERE level = 'major' GROUP BY region ORDER BY region";
    for sql in questions(catalog).iter().map(String::as_str).chain([distinct]) {
        let limits = Limits::terminal();
        // As tasks: the stack of the test's own thread is small.
        let (s, n, q) = (store.clone(), names.clone(), sql.to_owned());
        let here =
            threads.spawn(async move { hangtu_history::ask(&s, "o1", &n, &q, &limits).await });
        let here = threads.block_on(here).unwrap();
        let (s, n, q) = (store.clone(), names.clone(), sql.to_owned());
        let scheduler = cluster.scheduler.clone();
        let there =
            threads.spawn(async move { cluster::ask(&scheduler, &s, "o1", &n, &q, &limits).await });
        let there = threads.block_on(there).unwrap();
        let (here, there) = (here.unwrap(), there.unwrap_or_else(|e| panic!("{e}: {sql}")));
        assert!(!here.rows.is_empty(), "{sql}");
        assert_eq!((&here.columns, &here.rows), (&there.columns, &there.rows), "{sql}");
        asked += 1;
    }
    assert_eq!(asked, 6);
}

/// The `sql: |` blocks of the file, without a reader of YAML.
fn questions(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() == "sql: |" {
            let mut sql = String::new();
            while let Some(l) = lines.next_if(|l| l.starts_with("      ")) {
                sql += l;
                sql += "\n";
            }
            all.push(sql);
        }
    }
    all
}
