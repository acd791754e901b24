//! The sums that are moved equal the sums that are made anew, on both databases.
#![allow(clippy::unwrap_used)]

use super::{recount, take_in};
use crate::kit::on_both;
use crate::{
    db::{Actor, Change, Db},
    supervise::{
        facts::{DrillFact, Facts, Major, Risk, VERSION},
        model::{self, Firm},
        picture::{Shift, held},
    },
};
use proptest::{prelude::*, test_runner::TestRunner};
use std::collections::BTreeMap;

/// Something that happens to one of a few enterprises.
#[derive(Clone, Debug)]
enum Deed {
    /// Facts of a moment come in; what they say follows from the two numbers.
    Take(u8, u8, u8),
    /// It moves to another region and industry.
    Move(u8, u8, u8),
    /// It closes or opens again.
    Status(u8, bool),
}

const FIRMS: u8 = 5;

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let take = || (0..FIRMS, 1..6u8, 0..4u8).prop_map(|(f, at, what)| Deed::Take(f, at, what));
    let deed = prop_oneof![
        take(),
        take(),
        take(),
        (0..FIRMS, 0..3u8, 0..2u8).prop_map(|(f, r, i)| Deed::Move(f, r, i)),
        (0..FIRMS, any::<bool>()).prop_map(|(f, open)| Deed::Status(f, open)),
    ];
    prop::collection::vec(deed, 1..30)
}

fn facts(at: u8, what: u8) -> Facts {
    let n = u32::from(what) + u32::from(at);
    let mut facts =
        Facts { version: VERSION, as_of: i64::from(at) * 1_000_000, ..Facts::default() };
    facts.data.assets = n;
    facts.data.general = n;
    facts.examination.runs = u32::from(what);
    facts.examination.checks_total = 10;
    facts.examination.checks_measured = u32::from(at);
    facts.training.person_times = n;
    let scenarios = ["ransomware", "vuln_backdoor", "personnel", "remote_om"];
    for scenario in scenarios.iter().take(usize::from(what)) {
        let risk = Risk { scenario: (*scenario).into(), level: "major".into(), ..Risk::default() };
        facts.risks.push(Risk { open: n, proven: u32::from(at), ..risk });
        facts.drills.push(DrillFact {
            scenario: (*scenario).into(),
            last: 1,
            ..DrillFact::default()
        });
        facts.majors.push(Major {
            id: format!("{scenario}{at}"),
            scenario: (*scenario).into(),
            found: i64::from(at) * 40 * crate::clock::DAY,
            closed: (what == 3).then_some(1),
            ..Major::default()
        });
    }
    facts
}

/// Credit codes that hold.
fn code(n: u8) -> String {
    (0..31)
        .map(|last| {
            format!("91420100MA4KX12{n:02}{}", char::from(b"0123456789ABCDEFGHJKLMNPQRTUWXY"[last]))
        })
        .find(|code| hangtu_catalog::credit_code(code).is_ok())
        .unwrap()
}

async fn act(change: &mut Change, supervisor: &str, deed: &Deed) {
    match *deed {
        Deed::Take(firm, at, what) => {
            take_in(change, supervisor, &code(firm), &facts(at, what)).await.unwrap();
        }
        Deed::Move(firm, region, industry) => {
            let place = ["420000", "440000", "310000"][usize::from(region)];
            let industry = ["26", "34"][usize::from(industry)];
            become_other(change, supervisor, firm, |f| {
                f.region = place.into();
                f.industry = industry.into();
            })
            .await;
        }
        Deed::Status(firm, open) => {
            let status = if open { "active" } else { "closed" };
            become_other(change, supervisor, firm, |f| f.status = status.into()).await;
        }
    }
}

async fn become_other(
    change: &mut Change,
    supervisor: &str,
    firm: u8,
    turn: impl FnOnce(&mut Firm),
) {
    let before = model::hold(change, supervisor, &code(firm)).await.unwrap();
    let mut after = before.clone();
    turn(&mut after);
    let facts = held(change, supervisor, &before.credit_code).await.unwrap().map(|h| h.2);
    model::put(change, supervisor, &[&after]).await.unwrap();
    let mut shift = Shift::default();
    shift.add(&before, facts.as_ref(), -1);
    shift.add(&after, facts.as_ref(), 1);
    shift.apply(change, supervisor).await.unwrap();
}

async fn roster(change: &mut Change, supervisor: &str) {
    let mut shift = Shift::default();
    let firms: Vec<Firm> = (0..FIRMS)
        .map(|n| Firm {
            credit_code: code(n),
            name: format!("企业{n}"),
            region: "420000".into(),
            industry: "26".into(),
            above_scale: 1,
            target: i64::from(n % 2),
            status: "active".into(),
            ..Firm::default()
        })
        .collect();
    for firm in &firms {
        shift.add(firm, None, 1);
    }
    model::put(change, supervisor, &firms.iter().collect::<Vec<_>>()).await.unwrap();
    shift.apply(change, supervisor).await.unwrap();
}

/// What is held in the end, of each enterprise.
async fn state(change: &mut Change, supervisor: &str) -> BTreeMap<u8, Option<(i64, String)>> {
    let mut all = BTreeMap::new();
    for n in 0..FIRMS {
        let held = held(change, supervisor, &code(n)).await.unwrap();
        all.insert(n, held.map(|h| (h.0, h.1)));
    }
    all
}

#[test]
fn moved_sums_equal_a_recount_whatever_comes_in_which_order_how_often() {
    on_both(|site| {
        let url = site.config.database_url.clone();
        let url = url.unwrap_or_else(|| Db::embedded(&site.config.data));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let db = runtime.block_on(Db::open(&url)).unwrap();
        let mut runner = TestRunner::new(ProptestConfig::with_cases(24));
        let mut case = 0;
        let cases = std::cell::RefCell::new(&mut case);
        runner
            .run(&(deeds(), 0..30usize), |(deeds, turn)| {
                **cases.borrow_mut() += 1;
                let number = **cases.borrow();
                runtime.block_on(async {
                    let mut ends = Vec::new();
                    // Once as they come, once turned about and with everything taken in twice.
                    let takes: Vec<Deed> =
                        deeds.iter().filter(|d| matches!(d, Deed::Take(..))).cloned().collect();
                    let mut turned = [takes.clone(), takes].concat();
                    let by = turn % turned.len().max(1);
                    turned.rotate_left(by);
                    for (way, deeds) in [("a", &deeds), ("b", &turned)] {
                        let supervisor = format!("s{number}{way}");
                        let mut change =
                            db.change(&Actor::system(&supervisor)).await.unwrap();
                        sqlx::query(
                            "INSERT INTO organisation (id, name, credit_code, region, industry, \
                             revenue_band, created, kind) VALUES ($1, '', '', '', '', '', 0, 'nation')",
                        )
                        .bind(&supervisor)
                        .execute(&mut *change)
                        .await
                        .unwrap();
                        roster(&mut change, &supervisor).await;
                        for deed in deeds {
                            act(&mut change, &supervisor, deed).await;
                        }
                        let right = recount(&mut change, &supervisor).await.unwrap();
                        assert!(right, "{way}: {deeds:?}");
                        ends.push(state(&mut change, &supervisor).await);
                        change.commit().await.unwrap();
                    }
                    assert_eq!(ends[0], ends[1], "the order in which facts come means nothing");
                });
                Ok(())
            })
            .unwrap();
    });
}
