//! What Sigma 1 had and rules in the field still use: collections and aggregations.

use super::{event, matched, rule};
use crate::{
    Correlated, Correlator, Limits, Mapping, Options, ProblemKind, RuleIndex, Ruleset, Scratch,
    parse,
};
use hangtu_record::Time;

#[test]
fn actions_shape_what_follows() {
    let text = "
action: global
title: t
logsource: {product: hangtu, category: event}
detection: {s: {a: 1, b: 1}}
---
id: '1'
detection: {condition: s}
---
id: '2'
detection: {s: {b: 2}, condition: s}
---
action: repeat
id: '3'
detection: {s: {c: [1, 2]}}
---
action: reset
---
id: '4'
";
    let (rules, errors) = parse("t.yml", text.as_bytes());
    let ids: Vec<&str> = rules.iter().filter_map(|r| r.id.as_deref()).collect();
    assert_eq!(ids, ["1", "2", "3"]);
    assert_eq!((errors.len(), errors[0].document), (1, 6));
    let (ruleset, problems) = Ruleset::compile(rules, &Mapping::default(), &Options::default());
    assert_eq!(problems, []);
    for (record, fired) in [
        ("{a: 1, b: 1}", &[0][..]),
        ("{a: 1, b: 2}", &[1]),
        ("{a: 1, b: 2, c: 2}", &[1, 2]),
        ("{b: 1}", &[]),
    ] {
        let fired: Vec<RuleIndex> = fired.iter().map(|n| RuleIndex(*n)).collect();
        assert_eq!(matched(&ruleset, &event(record)), fired, "{record}");
    }
}

#[test]
fn copies_are_bounded() {
    let mut text = format!("action: global\ndescription: {}\n", "x".repeat(100_000));
    for _ in 0..200 {
        text += "---\nid: '1'\n";
    }
    let (_, errors) = parse("t.yml", text.as_bytes());
    assert!(errors.iter().any(|e| e.to_string().contains("copied by actions")));
}

/// Compiles a rule with a condition and a time frame, and gives it events a second apart.
#[track_caller]
fn aggregate(condition: &str, timeframe: &str, events: &[&str]) -> Vec<Correlated> {
    let text = rule("r", &format!("{{s: {{k: a}}, condition: '{condition}'{timeframe}}}"))
        + "id: the-rule\nlevel: high\n";
    let (rules, errors) = parse("t.yml", text.as_bytes());
    assert_eq!(errors, []);
    let (ruleset, problems) = Ruleset::compile(rules, &Mapping::default(), &Options::default());
    assert_eq!(problems, [], "{condition}");
    let mut correlator = Correlator::new(&ruleset, Limits::default());
    for (second, flow) in events.iter().enumerate() {
        let mut record = event(flow);
        record.time = Time::new(second as i64, 0);
        ruleset.matches(&mut Scratch::new(), &record, &mut |rule| {
            assert!(!ruleset.stands_alone(rule), "a single event is no detection");
            correlator.push(rule, &record);
        });
    }
    let out = correlator.finish();
    for one in &out {
        let rule = &ruleset.rules()[one.rule.0 as usize];
        assert_eq!((rule.id.as_deref(), rule.title.as_str()), (Some("the-rule"), "r"));
        assert_eq!(rule.level, Some(crate::Severity::High));
    }
    out
}

#[test]
fn aggregations_count() {
    let three = ["{k: a, u: x, v: 1}", "{k: a, u: x, v: 1}", "{k: a, u: y, v: 5}"];
    let soon = ", timeframe: 1m";
    for (condition, hits) in [
        ("s | count() > 2", 1),
        ("s | count() > 3", 0),
        ("s | count() by u >= 2", 1),
        ("s | count() by u > 2", 0),
        ("s | COUNT(v) > 1", 1),
        ("s | count(v) by u > 1", 0),
        ("s | count(v) by u, k == 2", 0),
        ("s | sum(v) by u > 4", 1),
        ("s | avg(v) > 3", 0),
    ] {
        assert_eq!(aggregate(condition, soon, &three).len(), hits, "{condition}");
    }
    // Two of three lie within a second; without a time frame all count.
    assert!(aggregate("s | count() > 2", ", timeframe: 1s", &three).is_empty());
    assert_eq!(aggregate("s | count() > 2", "", &three).len(), 1);
    let group = aggregate("s | count() by u >= 2", soon, &three).remove(0).group;
    assert_eq!(group[0].1.as_str(), "x");
}

#[test]
fn what_no_correlation_can_say_is_a_problem() {
    for aggregation in
        ["near t", "min(v) > 1", "count() by a b > 1", "count()", "count() > x", "count( > 1"]
    {
        let text =
            rule("r", &format!("{{s: {{a: 1}}, t: {{b: 1}}, condition: 's | {aggregation}'}}"));
        let (rules, _) = parse("t.yml", text.as_bytes());
        let (ruleset, problems) = Ruleset::compile(rules, &Mapping::default(), &Options::default());
        assert!(matches!(problems[0].kind, ProblemKind::Unsupported(_)), "{aggregation}");
        assert!(!ruleset.works(RuleIndex(0)));
    }
}
