//! History through its public door: written once whatever happens, asked within bounds.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod bucket;
mod nation;
use hangtu_history::{Answer, AskError, Asker, Limits, Names, Store};
use nation::Nation;
use serde_json::{Value, json};
use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

const FEW: Nation = Nation { firms: 40, seed: 7 };

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(future)
}

fn open(dir: &Path) -> Store {
    Store::open(dir.to_str().unwrap()).unwrap()
}

fn page(dir: &Path) -> Asker {
    Asker::new(open(dir), Limits::PAGE).unwrap()
}

fn names() -> Vec<Names> {
    vec![Names { table: "region", rows: vec![("420000".into(), "湖北省".into())] }]
}

fn asked(asker: &Asker, sql: &str) -> Result<Answer, AskError> {
    wait(asker.ask("o1", names(), sql, 1_000))
}

fn one(asker: &Asker, sql: &str) -> Value {
    asked(asker, sql).unwrap().rows.remove(0).remove(0)
}

/// Counts that are wrong when something is lost or doubled.
const SUMS: &str = "SELECT COUNT(*) AS rows, COUNT(DISTINCT credit_code || month || scenario || level) \
                    AS apart, SUM(open) AS open, SUM(proven) AS proven FROM risk";

fn expected(nation: Nation, months: u32) -> Vec<Value> {
    let cells = (0..months)
        .flat_map(|m| (0..nation.firms).flat_map(move |f| nation.cells(f, m)))
        .collect::<Vec<_>>();
    let sum = |at: usize| cells.iter().map(|c| c.counts[at]).sum::<i64>();
    vec![json!(cells.len()), json!(cells.len()), json!(sum(0)), json!(sum(4))]
}

#[test]
fn a_part_written_again_changes_nothing_and_nobody_sees_another_ones() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let write = |organisation: &str, part: u32| {
        wait(store.write(organisation, part.into(), &FEW.submissions(part))).unwrap()
    };
    let first = write("o1", 0);
    assert_eq!(write("o1", 1).files, 4);
    let file = dir.path().join("o1/risk/month=2017-01/00000000.parquet");
    let bytes = fs::read(&file).unwrap();
    // What a killed program leaves beside is not read.
    fs::write(file.with_file_name(".00000000.parquet.new"), &bytes[..100]).unwrap();
    assert_eq!(write("o1", 0), first);
    assert_eq!(fs::read(&file).unwrap(), bytes, "the same bytes");
    write("o2", 2);
    assert_eq!(wait(store.organisations()).unwrap(), ["o1", "o2"]);

    let asker = page(dir.path());
    assert_eq!(asked(&asker, SUMS).unwrap().rows, [expected(FEW, 2)]);
    assert_eq!(one(&asker, "SELECT MAX(month) FROM risk"), "2017-02");
    assert_eq!(wait(asker.ask("nobody", vec![], "SELECT * FROM major", 9)).unwrap().rows.len(), 0);
    let named = "SELECT r.region, n.name, SUM(open) AS open, AVG(open) AS mean, MIN(as_of) AS since \
                 FROM risk r JOIN region n ON n.code = r.region GROUP BY r.region, n.name";
    let answer = asked(&asker, named).unwrap();
    assert_eq!(answer.rows.len(), 1);
    assert_eq!(answer.rows[0][1], "湖北省");
    assert!(answer.rows[0][3].is_f64() && answer.columns[2].number && !answer.columns[4].number);
    assert!(answer.rows[0][4].as_str().unwrap().ends_with('Z'), "{:?}", answer.rows[0]);
    // The question is the same where an operator asks it.
    let operator = wait(hangtu_history::ask(&store, "o1", &names(), SUMS, &Limits::terminal()));
    assert_eq!(operator.unwrap().rows, [expected(FEW, 2)]);
}

#[test]
fn a_bucket_holds_what_a_folder_does() {
    let dir = tempfile::tempdir().unwrap();
    let Some(place) = bucket::place(dir.path()) else { return };
    let (local, remote) = (open(dir.path()), Store::open(&place).unwrap());
    let write = |store: &Store, organisation: &str, part: u32| {
        wait(store.write(organisation, part.into(), &FEW.submissions(part))).unwrap()
    };
    let asker = Asker::new(remote.clone(), Limits::PAGE).unwrap();
    assert_eq!(one(&asker, "SELECT COUNT(*) FROM risk"), 0, "tables without rows");
    for (organisation, part) in [("o1", 0), ("o1", 1), ("o2", 2), ("o1", 0)] {
        assert_eq!(write(&remote, organisation, part), write(&local, organisation, part));
    }
    assert_eq!(wait(remote.organisations()).unwrap(), ["o1", "o2"]);
    assert_eq!(wait(remote.bytes("o1")).unwrap(), wait(local.bytes("o1")).unwrap());
    assert_eq!(asked(&asker, SUMS).unwrap().rows, [expected(FEW, 2)]);
    assert_eq!(one(&asker, "SELECT MAX(month) FROM risk WHERE month < '2017-02'"), "2017-01");
    let operator = wait(hangtu_history::ask(&remote, "o1", &names(), SUMS, &Limits::terminal()));
    assert_eq!(operator.unwrap().rows, [expected(FEW, 2)]);
    let file = "o2/risk/month=2017-03/00000002.parquet";
    assert!(dir.path().join(file).exists());
    let other = format!("SELECT * FROM '{place}/{file}'");
    assert!(matches!(asked(&asker, &other), Err(AskError::Sql(_))));
}

#[test]
fn a_question_is_one_select_over_the_tables_and_bounded() {
    let dir = tempfile::tempdir().unwrap();
    wait(open(dir.path()).write("o1", 0, &FEW.submissions(0))).unwrap();
    wait(open(dir.path()).write("o2", 0, &FEW.submissions(0))).unwrap();
    let asker = page(dir.path());
    let other = dir.path().join("o2/risk/month=2017-01/00000000.parquet");
    let other = other.to_str().unwrap();
    for sql in [
        "DROP TABLE risk",
        "DELETE FROM risk",
        "INSERT INTO risk SELECT * FROM risk",
        "CREATE TABLE t AS SELECT 1",
        "SELECT * INTO t FROM risk",
        &format!("CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '{other}'"),
        &format!("COPY risk TO '{}/out.csv'", dir.path().display()),
        "SET datafusion.execution.batch_size = 1",
        "EXPLAIN ANALYZE SELECT 1",
        "SHOW TABLES",
        "SELECT 1; SELECT 2",
        "WITH t AS (DELETE FROM risk) SELECT 1",
        "",
    ] {
        let refused = asked(&asker, sql);
        assert!(
            matches!(refused, Err(AskError::NotASelect | AskError::Sql(_))),
            "{sql}: {refused:?}"
        );
    }
    for sql in [
        &format!("SELECT * FROM '{other}'"),
        &format!("SELECT * FROM \"{other}\""),
        &format!("SELECT * FROM read_parquet('{other}')"),
        "SELECT * FROM o2.risk",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM generate_series(1, 1000000000000)",
        "SELECT repeat('x', 1000000000)",
        "SELECT lpad('x', 1000000000)",
        "SELECT replace(id, '1', '22222222') FROM major",
        "SELECT concat(id, id) FROM major",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t",
        "SELECT nothing FROM risk",
        "SELECT 1 +",
    ] {
        let refused = asked(&asker, sql);
        assert!(matches!(refused, Err(AskError::Sql(_))), "{sql}: {refused:?}");
    }
    let joined = format!("SELECT id{} FROM major", " || id".repeat(7));
    assert!(matches!(asked(&asker, &joined), Err(AskError::Joinings(_))));
    let deep = format!("SELECT 1 FROM risk WHERE {}", vec!["open = 1"; 300].join(" OR "));
    assert!(asked(&asker, &deep).is_ok(), "as deep as a question can be");
    let long = format!("SELECT {}", "1 + ".repeat(2_000));
    assert!(matches!(asked(&asker, &long), Err(AskError::TooLong(_))));

    let cut = wait(asker.ask("o1", vec![], "SELECT * FROM risk", 10)).unwrap();
    assert_eq!((cut.rows.len(), cut.more), (10, true));
    let endless =
        "SELECT COUNT(*) FROM risk a, risk b, risk c, risk d WHERE a.open + b.open > c.open";
    let limits = Limits { time: Duration::from_secs(1), ..Limits::PAGE };
    let hurried = Asker::new(open(dir.path()), limits).unwrap();
    assert!(matches!(asked(&hurried, endless), Err(AskError::Slow(_))));
    let limits = Limits { memory: 1 << 20, ..Limits::PAGE };
    let narrow = Asker::new(open(dir.path()), limits).unwrap();
    // 640,000 groups.
    let wide = "SELECT a.credit_code || a.scenario || a.level || b.credit_code || b.scenario || b.level, \
                COUNT(*) FROM risk a, risk b GROUP BY 1 ORDER BY 1";
    let refused = asked(&narrow, wide).map(|a| a.rows.len());
    assert!(matches!(refused, Err(AskError::Memory(_))), "{refused:?}");
}

/// What the child of the next test does: parts one after the other, each marked when it is there.
#[test]
#[ignore = "started by the test below"]
fn writer() {
    let Ok(dir) = env::var("HANGTU_HISTORY_DIR") else { return };
    let (dir, mark) = (Path::new(&dir), Path::new(&dir).join("mark"));
    let store = open(&dir.join("history"));
    wait(async {
        for part in 0..30 {
            let done = fs::read_to_string(&mark).ok().and_then(|t| t.parse().ok());
            if done.is_some_and(|d: u32| part <= d) {
                continue;
            }
            store.write("o1", part.into(), &FEW.submissions(part)).await.unwrap();
            fs::write(dir.join("mark.new"), part.to_string()).unwrap();
            fs::rename(dir.join("mark.new"), &mark).unwrap();
        }
    });
}

#[test]
fn killed_anywhere_nothing_is_lost_and_nothing_doubled() {
    let dir = tempfile::tempdir().unwrap();
    let mut kills = 0;
    for round in 0..60u64 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "writer", "--ignored"])
            .env("HANGTU_HISTORY_DIR", dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // At another moment each time; from the 25th round on it is let end.
        let mut ended = None;
        for _ in 0..(if round < 25 { 3 + round * 7 % 23 } else { 6_000 }) {
            std::thread::sleep(Duration::from_millis(5));
            ended = child.try_wait().unwrap();
            if ended.is_some() {
                break;
            }
        }
        if ended.is_some_and(|s| s.success()) {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    println!("killed {kills} times");
    assert!(kills > 0, "it was never killed");
    let answer = asked(&page(&dir.path().join("history")), SUMS).unwrap();
    assert_eq!(answer.rows, [expected(FEW, 30)]);
}
