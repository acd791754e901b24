//! Windows against a reading that looks at every event of them, for what keeps fewer.

use super::{compile, rule};
use crate::{Correlated, Correlator, Dropped, Limits, RuleIndex, Ruleset};
use hangtu_record::{Fields, Kind, Origin, Time};
use proptest::prelude::*;

/// Seconds of the timespan, and of the thirty-second part of it.
const SPAN: i64 = 64;
const PART: i64 = 2;

/// Second, number of the rule, value.
type Seen = (i64, u32, i64);

/// What windows that end with an event add up to: when a burst began, and when it last held.
/// `holds` gets a window and says up to when it holds by itself.
fn naive(events: &[Seen], holds: &dyn Fn(&[Seen]) -> Option<i64>) -> Vec<(i64, i64)> {
    let mut moments: Vec<i64> = events.iter().map(|(second, ..)| *second).collect();
    moments.sort_unstable();
    moments.dedup();
    let mut out: Vec<(i64, i64)> = Vec::new();
    let mut known = i64::MIN;
    for now in moments {
        let inside = events.iter().filter(|(second, ..)| (now - SPAN..=now).contains(second));
        let window: Vec<Seen> = inside.copied().collect();
        let Some(until) = holds(&window) else { continue };
        match out.last_mut() {
            Some(burst) if known >= now - SPAN => burst.1 = now,
            _ => out.push((now, now)),
        }
        known = until;
    }
    out
}

fn ruleset(body: &str) -> Ruleset {
    let rules = ["a", "b", "c"].map(|n| rule(n, &format!("{{s: {{k: {n}}}, condition: s}}")));
    let body = format!("{body}, rules: [a, b, c], timespan: {SPAN}s");
    compile(&(rules.join("---\n") + &format!("---\ntitle: x\ncorrelation: {{{body}}}\n")))
}

fn run(ruleset: &Ruleset, cap: usize, events: &[Seen]) -> Vec<Correlated> {
    let limits = Limits { events_per_group: cap, ..Limits::default() };
    let mut correlator = Correlator::new(ruleset, limits);
    for (number, (second, rule, value)) in events.iter().enumerate() {
        let origin = Origin { number: number as u64, ..Origin::default() };
        let mut record = Fields::new(Kind::Event, Time::new(*second, 0), origin);
        record.push("v", *value);
        correlator.push(RuleIndex(*rule), &record);
    }
    let out = correlator.finish();
    assert_eq!(correlator.dropped(), Dropped::default());
    out
}

fn seconds(list: &[Correlated]) -> Vec<(i64, i64)> {
    let second = |time: Time| time.0 / 1_000_000_000;
    list.iter().map(|one| (second(one.met), second(one.last))).collect()
}

/// Many events of one rule, few of the others.
fn events() -> impl Strategy<Value = Vec<Seen>> {
    let rule = prop_oneof![12 => Just(0_u32), 1 => Just(1), 1 => Just(2)];
    prop::collection::vec((0_i64..900, rule, 0_i64..6), 1..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn temporal_proximity_with_few_events_kept_is_that_of_all(
        mut events in events(),
        enough in 2_usize..4,
    ) {
        let wanted = naive(&events, &|window| {
            let latest = |rule: u32| window.iter().filter(|(_, r, _)| *r == rule).map(|(t, ..)| *t).max();
            let mut latest: Vec<i64> = (0..3).filter_map(latest).collect();
            latest.sort_unstable();
            latest.len().checked_sub(enough).map(|limiting| latest[limiting] + SPAN)
        });
        let ruleset = ruleset(&format!("type: temporal, condition: {{gte: {enough}}}"));
        // In any order while they wait, and in that of time where the group is settled as it fills.
        let mut found = vec![seconds(&run(&ruleset, 4_096, &events))];
        events.sort_unstable();
        found.push(seconds(&run(&ruleset, 4_096, &events)));
        prop_assert_eq!(&found[0], &found[1]);
        found.push(seconds(&run(&ruleset, 70, &events)));
        for found in found {
            prop_assert_eq!(found.len(), wanted.len(), "{:?} {:?}", found, wanted);
            for ((met, last), (wanted_met, wanted_last)) in found.iter().zip(&wanted) {
                prop_assert_eq!(met, wanted_met);
                prop_assert!((0..=PART).contains(&(wanted_last - last)), "{} {}", last, wanted_last);
            }
        }
    }

    #[test]
    fn counts_with_few_events_kept_are_those_of_all(
        mut events in events(),
        enough in 2_usize..7,
        values in any::<bool>(),
    ) {
        let wanted = naive(&events, &|window| {
            let mut counted: Vec<i64> = window.iter().map(|(.., value)| *value).collect();
            if values {
                counted.sort_unstable();
                counted.dedup();
            }
            (counted.len() >= enough).then(|| window.iter().map(|(t, ..)| *t).max().unwrap())
        });
        let kind = if values { "value_count, condition: {field: v" } else { "event_count, condition: {" };
        let comma = if values { ", " } else { "" };
        let ruleset = ruleset(&format!("type: {kind}{comma}gte: {enough}}}"));
        prop_assert_eq!(&seconds(&run(&ruleset, 4_096, &events)), &wanted);
        events.sort_unstable();
        prop_assert_eq!(&seconds(&run(&ruleset, 8, &events)), &wanted);
    }
}
