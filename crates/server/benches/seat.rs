//! How fast the seat answers with 100,000 findings, on SQLite and (with `HANGTU_TEST_POSTGRES`)
//! PostgreSQL: `cargo xtask bench seat`, recorded in BENCHMARKS.md.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../tests/kit/mod.rs"]
mod kit;
use kit::{Site, on_both};
use serde_json::json;
use std::{
    sync::{Mutex, atomic::AtomicUsize, atomic::Ordering},
    thread,
    time::Instant,
};

const FINDINGS: usize = 100_000;
/// People who ask at once, and how often they ask altogether.
const PEOPLE: usize = 8;
const ASKED: usize = 800;

/// Findings of every level, scenario and state, as ingestion would leave them.
const FILL: &str = "INSERT INTO finding (id, organisation, number, source, fingerprint, rule, \
    subject, peer, class, title_zh, title_en, scenario, level, level_rank, controls, state, work, \
    owner, due, opened, first_seen, last_seen, count, run_first, run_last, span, search) \
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < COUNT) \
    SELECT 'f' || i, o.id, i, 'examination', 'F-' || i, 'rule-' || (i % 224), \
    '10.20.' || (i % 200) || '.' || (i % 250), '', '', '未经批准向控制器写入 ' || i, \
    'Unapproved write to a controller ' || i, \
    CASE i % 4 WHEN 0 THEN 'ransomware' WHEN 1 THEN 'vuln_backdoor' WHEN 2 THEN 'personnel' \
    ELSE 'remote_om' END, \
    CASE i % 5 WHEN 0 THEN 'light' WHEN 1 THEN 'low' WHEN 2 THEN 'medium' WHEN 3 THEN 'high' \
    ELSE 'major' END, i % 5, ' ICS-01 ICS-09 ', \
    CASE i % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'fixing' ELSE 'closed' END, \
    CASE i % 3 WHEN 2 THEN 0 ELSE 1 END, '', 1795000000000 + i, 1790000000000 + i, \
    1790000000000, 1790000000000 + i, 1, 'r', 'r', 86400, \
    'unapproved write to a controller ' || i || ' 10.20.' || (i % 200) || '.' || (i % 250) \
    FROM n, organisation o";

/// What was detected, as an examination tells it.
fn detail() -> String {
    let text = |en: &str| json!({ "en": en, "zh-CN": format!("中文 {en}") });
    let detail = json!({
        "fingerprint": "F-77", "rule": "rule-77", "title": text("Unapproved write to a controller"),
        "description": text("why"), "advice": text("what"), "false_positives": text("when"),
        "scenario": "personnel", "level": "high", "likelihood": 4, "impact": 4,
        "controls": ["ICS-09"], "techniques": ["T0855"], "subject": "10.20.77.77", "peer": "10.9.9.9",
        "count": 3, "first": "2026-10-01T08:00:00Z", "last": "2026-10-01T09:00:00Z", "windows": [],
        "evidence": [{ "file": "a.pcap", "number": 7, "offset": 99, "time": "2026-10-01T09:00:00Z",
            "text": "modbus write", "fields": { "verb": "write" } }],
    });
    format!(
        "INSERT INTO finding_detail (finding, organisation, detail) \
         SELECT id, organisation, '{detail}' FROM finding"
    )
}

fn measure(site: &Site, what: &str, path: &str) {
    let (next, times) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..PEOPLE {
            scope.spawn(|| {
                let officer = site.signed("officer");
                while next.fetch_add(1, Ordering::Relaxed) < ASKED {
                    let asked = Instant::now();
                    officer.get(path).ok();
                    times.lock().unwrap().push(asked.elapsed());
                }
            });
        }
    });
    let whole = begin.elapsed().as_secs_f64();
    let mut times = times.into_inner().unwrap();
    times.sort();
    let at = |share: f64| times[(times.len() as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "| {what} | {:.0} | {:.1} | {:.1} | {:.1} |",
        ASKED as f64 / whole,
        at(0.5),
        at(0.99),
        times.last().unwrap().as_secs_f64() * 1000.0
    );
}

fn main() {
    on_both(|site| {
        site.set_up();
        site.sql(&FILL.replace("COUNT", &FINDINGS.to_string()));
        site.sql(&detail());
        let server = site.config.database_url.is_some();
        if server {
            // As its own housekeeping does within minutes.
            site.sql("VACUUM ANALYZE");
        }
        let name = if server { "PostgreSQL" } else { "SQLite" };
        println!(
            "\n| {name}, {PEOPLE} at once | requests/s | p50 ms | p99 ms | max ms |\n|---|---|---|---|---|"
        );
        measure(&site, "home", "/");
        measure(&site, "findings, as they open", "/findings");
        measure(&site, "findings, all, by subject", "/findings?state=all&sort=subject");
        measure(&site, "findings, all, page 1,500", "/findings?state=all&page=1500");
        measure(&site, "findings, two words", "/findings?q=controller%2010.20.77.77&state=all");
        measure(&site, "findings, major, personnel", "/findings?level=major&scenario=personnel");
        measure(&site, "one finding", "/findings/f77");
    });
}
