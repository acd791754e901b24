//! What must hold whatever is examined, in which order, and whatever people do in between.
#![allow(clippy::unwrap_used)]

use super::{
    Outcome, Tested, facts, ingest, model,
    model::Row,
    state::{State, Step},
};
use crate::{
    auth::new_id,
    clock::{DAY, now, rfc3339},
    db::{Actor, Db},
};
use hangtu_catalog::Catalog;
use hangtu_examine::model::Examination;
use proptest::prelude::*;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use std::{future::Future, sync::LazyLock};

/// An examination of evidence.
pub(super) fn examination(
    name: &str,
    span: (i64, i64),
    whole: (bool, bool),
    assets: &[&str],
    found: &[(String, &str, i64, i64)],
) -> Examination {
    let (first, last) = span;
    let text = |en: &str| json!({ "en": en, "zh-CN": format!("中文{en}") });
    let finding = |(fingerprint, subject, first, last): &(String, &str, i64, i64)| {
        json!({
            "fingerprint": fingerprint, "rule": "rule-1", "title": text("Write to a controller"),
            "description": text("why"), "advice": text("what"), "false_positives": text("when"),
            "scenario": "personnel", "level": "high", "likelihood": 4, "impact": 4,
            "controls": ["ICS-09"], "techniques": ["T0855"], "subject": subject, "peer": "10.9.9.9",
            "count": 3, "first": rfc3339(*first), "last": rfc3339(*last), "windows": [],
            "evidence": [{ "file": "a.pcap", "number": 7, "offset": 99, "time": rfc3339(*last),
                "text": "modbus write", "fields": { "verb": "write" } }],
        })
    };
    let asset = |id: &&str| {
        json!({
            "id": id, "ips": [id], "macs": [], "names": [], "os": [], "identity": {}, "roles": [],
            "purdue": 1, "zone": "", "zone_declared": false, "serves": [], "uses": [],
            "first": rfc3339(first), "last": rfc3339(last), "bytes_sent": 1, "bytes_received": 1,
        })
    };
    let findings: Vec<Value> = found.iter().map(finding).collect();
    let rules: Vec<&str> = if whole.1 { vec!["rule-1"] } else { vec![] };
    let all = json!({
        "schema": "hangtu.findings/1",
        "run": { "version": "0", "examined_at": rfc3339(last), "inputs": [{ "path": name,
            "sha256": name, "bytes": 1, "format": "pcap", "entries": 1, "problems": [] }],
            "rules": rules.len(), "rule_ids": rules, "rules_sha256": "r", "matrix": "m/1",
            "matrix_sha256": "m" },
        "coverage": { "first": rfc3339(first), "last": rfc3339(last), "packets": 1, "records": {},
            "protocols": [], "logs": [], "checks": [], "limits": {}, "complete": whole.0 },
        "findings": findings,
        "assets": assets.iter().map(asset).collect::<Vec<_>>(),
        "conversations": [],
    });
    serde_json::from_value(all).unwrap()
}

struct Lab {
    runtime: tokio::runtime::Runtime,
    db: Db,
    catalog: Catalog,
    _folder: tempfile::TempDir,
}

static LAB: LazyLock<Lab> = LazyLock::new(|| {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let db = runtime.block_on(Db::open(&Db::embedded(folder.path()))).unwrap();
    let catalog = Catalog::embedded().unwrap();
    Lab { runtime, db, catalog, _folder: folder }
});

/// An organisation of one's own, so that cases do not meet.
struct Plant(String);

impl Plant {
    fn new() -> Self {
        Self(new_id())
    }

    #[allow(clippy::unused_self, reason = "reads as its methods do")]
    fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        LAB.runtime.block_on(what)
    }

    fn take(&self, run: &str, e: &Examination) -> Outcome {
        self.wait(async {
            let mut change = LAB.db.change(&Actor::system(&self.0)).await.unwrap();
            let outcome =
                ingest(&LAB.catalog, &mut change, run, Tested::Examination(e)).await.unwrap();
            change.note("test.run", run, json!({}));
            change.commit().await.unwrap();
            outcome
        })
    }

    fn rows(&self) -> Vec<Row> {
        self.wait(async {
            let sql = format!(
                "SELECT {} FROM finding WHERE organisation = $1 ORDER BY number",
                model::READ
            );
            let rows = sqlx::query_as(AssertSqlSafe(sql)).bind(&self.0);
            rows.fetch_all(&mut *LAB.db.read().await.unwrap()).await.unwrap()
        })
    }

    /// Everything that is known, for comparing.
    fn all(&self) -> String {
        let runs = self.wait(async {
            let mut c = LAB.db.read().await.unwrap();
            let (n,): (i64,) =
                sqlx::query_as("SELECT COUNT(*) FROM sighting WHERE organisation = $1")
                    .bind(&self.0)
                    .fetch_one(&mut *c)
                    .await
                    .unwrap();
            (n, facts::trend(&mut c, &self.0, 100).await.unwrap())
        });
        format!("{:?} {runs:?}", self.rows())
    }

    fn change(&self, mut edit: impl FnMut(&mut Row)) {
        let Some(mut row) = self.rows().pop() else { return };
        edit(&mut row);
        self.wait(async {
            let mut change = LAB.db.change(&Actor::system(&self.0)).await.unwrap();
            model::lock(&mut change).await.unwrap();
            model::save(&mut change, &row).await.unwrap();
            change.note("test.edit", &row.id, json!({}));
            change.commit().await.unwrap();
        });
    }
}

#[derive(Clone, Debug)]
enum Act {
    Run {
        day: i64,
        days: i64,
        found: Option<i64>,
        complete: bool,
        rule: bool,
        asset: bool,
    },
    /// Said to be mended on a day.
    Ready(i64),
    /// The risk is borne; whether the acceptance has run out by now.
    Accept(bool),
    /// The last run comes again, with the same id or as another run.
    Again(bool),
}

fn act() -> impl Strategy<Value = Act> {
    let run =
        (0..60_i64, 1..4_i64, any::<Option<u8>>(), 0..8_u8).prop_map(|(day, days, found, flaw)| {
            Act::Run {
                day,
                days,
                found: found.map(|f| i64::from(f) % days),
                complete: flaw != 1,
                rule: flaw != 2,
                asset: flaw != 3,
            }
        });
    prop_oneof![
        6 => run,
        2 => (0..60_i64).prop_map(Act::Ready),
        1 => any::<bool>().prop_map(Act::Accept),
        2 => any::<bool>().prop_map(Act::Again),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn only_a_newer_whole_run_over_the_same_scope_closes(acts in prop::collection::vec(act(), 1..12)) {
        let plant = Plant::new();
        let base = now() - 100 * DAY;
        let mut last: Option<(String, Examination)> = None;
        for (n, act) in acts.into_iter().enumerate() {
            let before = plant.rows();
            let known = before.last().cloned();
            match act {
                Act::Run { day, days, found, complete, rule, asset } => {
                    let first = base + day * DAY;
                    let end = first + days * DAY;
                    let seen = found.map(|d| first + d * DAY + DAY / 2);
                    let fault: Vec<_> =
                        seen.iter().map(|t| ("F-1".to_owned(), "10.0.0.1", *t, *t)).collect();
                    let assets: &[&str] = if asset { &["10.0.0.1"] } else { &[] };
                    let name = format!("evidence-{n}");
                    let e = examination(&name, (first, end), (complete, rule), assets, &fault);
                    plant.take(&format!("{}-{n}", plant.0), &e);
                    let rows = plant.rows();
                    last = Some((format!("{}-{n}", plant.0), e));
                    let Some(was) = known else {
                        prop_assert_eq!(rows.len(), usize::from(seen.is_some()));
                        continue;
                    };
                    let is = &rows[before.len() - 1];
                    let lapsed = was.accepted_until.is_some_and(|until| until < now());
                    let state = match was.state() {
                        State::Accepted if lapsed => State::Open,
                        other => other,
                    };
                    let newer = first > was.settled();
                    let proves = seen.is_none() && newer && complete && rule && asset
                        && state.needs_work();
                    let over = matches!(state, State::Closed | State::NotApplicable);
                    let expected = match state {
                        _ if proves => State::Closed,
                        // Evidence of after the work shows it: it was not mended.
                        State::Retest if seen.is_some_and(|t| t > was.settled()) => State::Fixing,
                        other => other,
                    };
                    prop_assert_eq!(is.state(), expected, "{:?}", was);
                    let back = over && seen.is_some_and(|t| t > was.settled());
                    prop_assert_eq!(rows.len() - before.len(), usize::from(back));
                    if back {
                        prop_assert_eq!(&rows[before.len()].recurrence_of, &was.id);
                        prop_assert_eq!(rows[before.len()].state(), State::Open);
                    }
                }
                Act::Ready(day) => plant.change(|row| {
                    let mut work = row.clone();
                    if work.take(Step::Assign).is_ok()
                        && (work.take(Step::Start).is_ok() || work.state() == State::Fixing)
                        && work.take(Step::Ready).is_ok()
                    {
                        work.barrier = (base + day * DAY).max(row.last_seen);
                        *row = work;
                    }
                }),
                Act::Accept(lapsed) => plant.change(|row| {
                    if row.state().needs_work() {
                        row.state = State::Accepted.word().into();
                        row.accepted_until = Some(now() + if lapsed { -DAY } else { DAY });
                    }
                }),
                Act::Again(same) => {
                    let Some((run, e)) = &last else { continue };
                    let all = plant.all();
                    let run = if same { run.clone() } else { new_id() };
                    prop_assert_eq!(plant.take(&run, e), Outcome::default());
                    prop_assert_eq!(plant.all(), all, "the same evidence twice");
                }
            }
        }
    }

    #[test]
    fn the_order_of_unrelated_runs_does_not_matter(
        runs in prop::collection::vec((0..2_usize, 0..40_i64, any::<bool>()), 2..7),
    ) {
        let base = now() - 100 * DAY;
        let assets = ["10.0.0.1", "10.0.0.2"];
        let examine = |n: usize, (which, day, found): (usize, i64, bool)| {
            let first = base + day * DAY;
            let fault = (format!("F-{which}"), assets[which], first + DAY / 2, first + DAY / 2);
            let faults = if found { vec![fault] } else { vec![] };
            let name = format!("{n}");
            examination(&name, (first, first + DAY), (true, true), &[assets[which]], &faults)
        };
        let states = |plant: &Plant| -> Vec<_> {
            let mut all: Vec<_> = plant.rows().into_iter()
                .map(|r| (r.fingerprint, r.state, r.last_seen, r.count, r.recurrence_of.is_empty()))
                .collect();
            all.sort();
            all
        };
        let (one, other) = (Plant::new(), Plant::new());
        for (n, run) in runs.iter().enumerate() {
            one.take(&new_id(), &examine(n, *run));
        }
        // Each asset's runs keep their order; those of one asset all come before the other's.
        for which in 0..2 {
            for (n, run) in runs.iter().enumerate().filter(|(_, r)| r.0 == which) {
                other.take(&new_id(), &examine(n, *run));
            }
        }
        prop_assert_eq!(states(&one), states(&other));
    }
}

#[test]
fn the_run_that_applied_the_fix_cannot_prove_it() {
    let plant = Plant::new();
    let base = now() - 50 * DAY;
    let fault = [("F-1".to_owned(), "10.0.0.1", base + DAY / 2, base + DAY / 2)];
    let seen = examination("a", (base, base + DAY), (true, true), &["10.0.0.1"], &fault);
    plant.take(&new_id(), &seen);
    plant.change(|row| {
        row.state = State::Retest.word().into();
        row.barrier = base + 10 * DAY;
    });
    let clean = |name: &str, day: i64, days: i64| {
        let span = (base + day * DAY, base + (day + days) * DAY);
        examination(name, span, (true, true), &["10.0.0.1"], &[])
    };
    // Newer than what was seen, but begun before the fix.
    let across = plant.take(&new_id(), &clean("across", 9, 5));
    assert_eq!(across, Outcome { not_retested: 1, ..Outcome::default() });
    assert_eq!(plant.rows()[0].state(), State::Retest);
    let after = plant.take(&new_id(), &clean("after", 11, 1));
    assert_eq!(after, Outcome { closed: 1, ..Outcome::default() });
    assert_eq!(plant.rows()[0].state(), State::Closed);
}

#[test]
fn answers_open_close_and_set_aside_their_control_points() {
    use super::Claim;
    let plant = Plant::new();
    let round = |claims: &[(&str, &'static str)]| {
        let claims: Vec<Claim> = claims
            .iter()
            .map(|(c, means)| Claim { control: (*c).into(), means, note: "因故".into() })
            .collect();
        plant.wait(async {
            let mut change = LAB.db.change(&Actor::system(&plant.0)).await.unwrap();
            let run = new_id();
            let outcome =
                ingest(&LAB.catalog, &mut change, &run, Tested::Answers(&claims)).await.unwrap();
            change.commit().await.unwrap();
            outcome
        })
    };
    let first = round(&[("GOV-01", "unmet"), ("GOV-02", "partly"), ("GOV-03", "met")]);
    assert_eq!(first, Outcome { opened: 2, ..Outcome::default() });
    let second = round(&[("GOV-01", "met")]);
    assert_eq!(second, Outcome { closed: 1, not_retested: 1, ..Outcome::default() });
    let third = round(&[("GOV-01", "unmet"), ("GOV-02", "not-applicable")]);
    assert_eq!((third.opened, third.closed), (1, 1));
    let rows = plant.rows();
    let states: Vec<_> = rows.iter().map(Row::state).collect();
    assert_eq!(states, [State::Closed, State::NotApplicable, State::Open]);
    assert_eq!(rows[2].recurrence_of, rows[0].id);
}
