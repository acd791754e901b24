//! Correlations over small sets of events, in every order.

use super::{compile, compile_with, event, rule};
use crate::{
    Correlated, Correlator, Limits, Options, ProblemKind, Ruleset, Samples, Scratch, check, parse,
};
use hangtu_record::{Fields, Kind, Origin, Time};

fn correlation(name: &str, body: &str) -> String {
    format!("---\ntitle: {name}\nname: {name}\ncorrelation: {body}\n")
}

/// `a=1` at second 5 is `(5, "{a: 1}")`.
fn run(ruleset: &Ruleset, limits: Limits, events: &[(i64, &str)]) -> (Vec<Correlated>, Correlator) {
    let records: Vec<Fields> = events
        .iter()
        .map(|(second, flow)| {
            let mut record = event(flow);
            record.time = Time::new(*second, 0);
            record.origin.number = *second as u64;
            record
        })
        .collect();
    let mut correlator = Correlator::new(ruleset, limits);
    let mut scratch = Scratch::new();
    for record in &records {
        ruleset.matches(&mut scratch, record, &mut |rule| correlator.push(rule, record));
    }
    (correlator.finish(), correlator)
}

/// `first last count value` of each result, the same for the events forwards and backwards.
#[track_caller]
fn show(ruleset: &Ruleset, events: &[(i64, &str)]) -> Vec<String> {
    let (forwards, _) = run(ruleset, Limits::default(), events);
    let mut turned = events.to_vec();
    turned.reverse();
    assert_eq!(forwards, run(ruleset, Limits::default(), &turned).0);
    turned.rotate_left(events.len() / 3);
    assert_eq!(forwards, run(ruleset, Limits::default(), &turned).0);
    let second = |t: Time| t.0 / 1_000_000_000;
    forwards
        .iter()
        .map(|c| {
            let group: Vec<&str> = c.group.iter().map(|(_, v)| v.as_str()).collect();
            let (first, last) = (second(c.first), second(c.last));
            format!("{first} {last} {} {} {}", c.count, c.value, group.join("+")).trim().to_owned()
        })
        .collect()
}

fn rules() -> String {
    ["a", "b", "c"].map(|n| rule(n, &format!("{{s: {{k: {n}}}, condition: s}}"))).join("---\n")
}

#[test]
fn event_count_is_one_result_a_burst() {
    let ruleset = compile(
        &(rules()
            + &correlation(
                "x",
                "{type: event_count, rules: [a], group-by: [u], timespan: 10s, condition: {gte: 3}}",
            )),
    );
    let at = |t: i64| (t, "{k: a, u: me}");
    assert_eq!(show(&ruleset, &[at(0), at(1)]), Vec::<String>::new());
    // Twenty events in a row: one result, not eighteen.
    let row: Vec<_> = (0..20).map(at).collect();
    assert_eq!(show(&ruleset, &row), ["0 19 20 11 me"]);
    // Exactly a timespan apart still counts; a long pause makes a second result.
    assert_eq!(
        show(&ruleset, &[at(0), at(5), at(10), at(100), at(101), at(102), at(103)]),
        ["0 10 3 3 me", "100 103 4 4 me"]
    );
    // Groups are apart; a record without the group takes no part; equal times have no order.
    let other = (1, "{k: a, u: you}");
    assert_eq!(show(&ruleset, &[at(1), at(1), other, other, (1, "{k: a}"), at(1)]), ["1 1 3 3 me"]);
    assert!(!ruleset.stands_alone(crate::RuleIndex(0)));
    assert!(ruleset.stands_alone(crate::RuleIndex(1)));
}

#[test]
fn samples_and_values() {
    let ruleset = compile(
        &(rules()
            + &correlation(
                "x",
                "{type: event_count, rules: [a], timespan: 1h, condition: {gt: 2, lte: 100}}",
            )),
    );
    let events: Vec<_> = (0..9).map(|t| (t, "{k: a}")).collect();
    let (list, correlator) = run(&ruleset, Limits::default(), &events);
    assert_eq!(list[0].samples.iter().map(|(_, o)| o.number).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    // More could have gone beyond the upper bound: known with the last.
    assert_eq!((list[0].met, list[0].count), (Time::new(8, 0), 9));
    assert_eq!(correlator.dropped(), crate::Dropped::default());
}

#[test]
fn values() {
    let go = |kind: &str, condition: &str, events: &[(i64, &str)]| {
        let text = format!(
            "{{type: {kind}, rules: [a], timespan: 10s, condition: {{field: v, {condition}}}}}"
        );
        show(&compile(&(rules() + &correlation("x", &text))), events)
    };
    let v = ["{k: a, v: 1}", "{k: a, v: 2}", "{k: a, v: 2}", "{k: a, v: 9}", "{k: a}"];
    let events: Vec<_> = v.iter().enumerate().map(|(t, v)| (t as i64, *v)).collect();
    assert_eq!(go("value_count", "gte: 3", &events), ["0 3 4 3"]);
    assert_eq!(go("value_sum", "gte: 14", &events), ["0 3 4 14"]);
    assert_eq!(go("value_avg", "gt: 3", &events), ["0 3 4 3.5"]);
    assert_eq!(go("value_median", "gte: 2", &events), ["0 3 4 2"]);
    assert_eq!(go("value_percentile", "percentile: 95, gte: 9", &events), ["0 3 4 9"]);
}

#[test]
fn temporal() {
    let text = |kind: &str| {
        rules()
            + &correlation(
                "x",
                &format!("{{type: {kind}, rules: [a, b, c], group-by: [u], timespan: 10s}}"),
            )
    };
    let [a, b, c] = ["{k: a, u: 1}", "{k: b, u: 1}", "{k: c, u: 1}"];
    let any = compile(&text("temporal"));
    let ordered = compile(&text("temporal_ordered"));
    assert_eq!(show(&any, &[(0, c), (5, b), (10, a)]), ["0 10 3 3 1"]);
    assert_eq!(show(&any, &[(0, c), (5, b), (11, a)]), Vec::<String>::new());
    assert_eq!(show(&ordered, &[(0, c), (5, b), (10, a)]), Vec::<String>::new());
    assert_eq!(show(&ordered, &[(0, a), (5, b), (7, a), (10, c)]), ["0 10 4 3 1"]);
    assert_eq!(show(&ordered, &[(0, a), (0, c), (0, b)]), ["0 0 3 3 1"]);
    assert_eq!(show(&ordered, &[(0, a), (9, b), (15, c)]), Vec::<String>::new());
}

#[test]
fn what_more_can_undo_is_judged_by_whole_windows() {
    let go = |kind: &str, condition: &str, events: &[(i64, &str)]| {
        let text =
            format!("{{type: {kind}, rules: [a], timespan: 60s, condition: {{{condition}}}}}");
        show(&compile(&(rules() + &correlation("x", &text))), events).len()
    };
    let many = |count: i64| (0..count).map(|t| (t % 60, "{k: a}")).collect::<Vec<_>>();
    for (condition, count, results) in [
        ("gt: 10, lte: 20", 15, 1),
        ("gt: 10, lte: 20", 5, 0),
        ("gt: 10, lte: 20", 100, 0),
        ("lt: 3", 2, 1),
        ("lt: 3", 100, 0),
        ("eq: 3", 3, 1),
        ("eq: 3", 10, 0),
        ("neq: 3", 2, 1),
        ("neq: 3", 3, 0),
    ] {
        assert_eq!(go("event_count", condition, &many(count)), results, "{condition} of {count}");
    }
    // The first event behind a window begins the next; such neighbours are one result.
    let apart = [(0, "{k: a}"), (60, "{k: a}"), (61, "{k: a}"), (200, "{k: a}"), (201, "{k: a}")];
    assert_eq!(go("event_count", "eq: 2", &apart), 2);
    assert_eq!(go("event_count", "lte: 2", &apart), 2);
    // The first value alone is no mean.
    let values = [(0, "{k: a, v: 1000}"), (1, "{k: a, v: 10}"), (2, "{k: a, v: 10}")];
    assert_eq!(go("value_avg", "field: v, gt: 500", &values), 0);
    assert_eq!(go("value_avg", "field: v, gt: 300", &values), 1);
    assert_eq!(go("value_count", "field: v, eq: 2", &values), 1);
    assert_eq!(go("value_count", "field: v, lt: 2", &values), 0);
}

#[test]
fn counts_go_far_and_not_farther() {
    let text = |threshold: u32| {
        let body = format!(
            "{{type: event_count, rules: [a], timespan: 1d, condition: {{gte: {threshold}}}}}"
        );
        rules() + &correlation("x", &body)
    };
    let ruleset = compile(&text(20_000));
    let go = |count: i64| {
        let limits = Limits { events: 8_000, ..Limits::default() };
        let mut correlator = Correlator::new(&ruleset, limits);
        let mut record = event("{k: a}");
        for second in 0..count {
            record.time = Time::new(second, 0);
            correlator.push(crate::RuleIndex(0), &record);
        }
        let list = correlator.finish();
        assert_eq!(correlator.dropped(), crate::Dropped::default());
        list.iter().map(|one| (one.met.0 / 1_000_000_000, one.count)).collect::<Vec<_>>()
    };
    assert_eq!(go(19_999), []);
    assert_eq!(go(21_000), [(19_999, 21_000)]);
    let kinds = |text: &str| {
        let (ruleset, problems) = compile_with(text, &Options::default());
        let kinds: Vec<ProblemKind> = problems.into_iter().map(|p| p.kind).collect();
        (ruleset.works(crate::RuleIndex(3)), kinds)
    };
    assert_eq!(kinds(&text(200_000)), (false, vec![ProblemKind::Beyond(100_000)]));
    let values = text(5_000).replace("event_count", "value_count").replace("gte", "field: v, gte");
    assert_eq!(kinds(&values), (false, vec![ProblemKind::Beyond(4_096)]));
}

#[test]
fn a_value_that_comes_often_takes_no_room() {
    let body = "{type: value_count, rules: [a], timespan: 1h, condition: {field: v, gte: 3}}";
    let ruleset = compile(&(rules() + &correlation("x", body)));
    let values = ["{k: a, v: 1}", "{k: a, v: 2}"];
    let mut events: Vec<(i64, &str)> = (0..500).map(|t| (t, values[t as usize % 2])).collect();
    let limits = Limits { events_per_group: 16, events: 100, ..Limits::default() };
    assert_eq!(run(&ruleset, limits, &events).0, []);
    events.push((500, "{k: a, v: 3}"));
    let (list, correlator) = run(&ruleset, limits, &events);
    assert_eq!((list.len(), list[0].met), (1, Time::new(500, 0)));
    assert_eq!(correlator.dropped(), crate::Dropped::default());
}

#[test]
fn a_day_of_one_rule_takes_no_room_beside_another() {
    let day = "{type: temporal, rules: [a, b], group-by: [u], timespan: 24h}";
    let ruleset = compile(&(rules() + &correlation("x", day)));
    // Five controllers polled each minute for a day; late on, one of them does something else.
    let polls: Vec<String> = (0..5).map(|u| format!("{{k: a, u: {u}}}")).collect();
    let minutes = (0..1440).flat_map(|m| polls.iter().map(move |poll| (60 * m, poll.as_str())));
    let mut events: Vec<(i64, &str)> = minutes.collect();
    events.push((80_000, "{k: b, u: 3}"));
    let limits = Limits { events: 1_000, ..Limits::default() };
    let (list, correlator) = run(&ruleset, limits, &events);
    assert_eq!(correlator.dropped(), crate::Dropped::default());
    let late = Time::new(80_000, 0);
    assert_eq!((list.len(), list[0].met, list[0].group[0].1.as_str()), (1, late, "3"));
    // The one event of the other rule is shown among the many, and all are counted.
    assert!(list[0].samples.iter().any(|(time, _)| *time == late));
    assert_eq!(list[0].count, 1441);
    events.reverse();
    let (turned, correlator) = run(&ruleset, limits, &events);
    assert_eq!(correlator.dropped(), crate::Dropped::default());
    assert_eq!(turned, list);
}

#[test]
fn an_order_with_a_rule_twice_is_refused() {
    let body = |kind: &str| {
        let body = format!("{{type: {kind}, rules: [a, b, a], timespan: 1m}}");
        parse("t", correlation("x", &body).as_bytes()).1
    };
    assert!(body("temporal_ordered")[0].to_string().contains("a rule twice"));
    assert_eq!(body("temporal"), []);
}

#[test]
fn groups_and_values_know_no_case() {
    let count = "{type: event_count, rules: [a], group-by: [u], timespan: 1m, condition: {gte: 2}}";
    let ruleset = compile(&(rules() + &correlation("x", count)));
    let events = [(1, "{k: a, u: Admin}"), (2, "{k: a, u: ADMIN}"), (3, "{k: a, u: other}")];
    assert_eq!(show(&ruleset, &events), ["1 2 2 2 Admin"]);
    let values = "{type: value_count, rules: [a], timespan: 1m, condition: {field: u, gte: 3}}";
    assert_eq!(show(&compile(&(rules() + &correlation("x", values))), &events), [""; 0]);
}

#[test]
fn a_correlation_of_the_site_leaves_a_rule_of_the_program_alone() {
    let text = rules()
        + &correlation("x", "{type: temporal, rules: [a, b], timespan: 1m}")
        + &correlation("y", "{type: temporal, rules: [b, c], timespan: 1m}");
    let (mut rules, _) = parse("t.yml", text.as_bytes());
    for rule in &mut rules {
        rule.embedded = matches!(rule.title.as_str(), "a" | "b" | "y");
    }
    let (ruleset, problems) =
        Ruleset::compile(rules, &crate::Mapping::default(), &Options::default());
    assert_eq!(problems, []);
    let alone: Vec<bool> = (0..5).map(|n| ruleset.stands_alone(crate::RuleIndex(n))).collect();
    // The program's own correlation takes `b`, not the site's `c`.
    assert_eq!(alone, [true, false, true, true, true]);
}

#[test]
fn chains_and_aliases() {
    // The specification's example: many failures, then a success; the inner one groups by host
    // too, the outer by user only, whose field has another name in `b`.
    let ruleset = compile(
        &(rules()
            + &correlation(
                "outer",
                "{type: temporal_ordered, rules: [many, b], group-by: [user], timespan: 1m, aliases: {user: {many: u, b: name}}}",
            )
            + &correlation(
                "many",
                "{type: event_count, rules: [a], group-by: [host], timespan: 10s, condition: {gte: 3}}",
            )),
    );
    let fail = |t| (t, "{k: a, u: me, host: h}");
    let good = |t| (t, "{k: b, name: me}");
    let many = "0 2 3 3 h".to_owned();
    assert_eq!(show(&ruleset, &[fail(0), fail(1), fail(2), good(5)]), ["2 5 2 2 me", &*many]);
    assert_eq!(show(&ruleset, &[good(1), fail(0), fail(1), fail(2)]), [many]);
}

#[test]
fn limits_hold_and_are_counted() {
    let ruleset = compile(
        &(rules()
            + &correlation(
                "x",
                "{type: event_count, rules: [a], group-by: [u], timespan: 10s, condition: {gte: 3}}",
            )),
    );
    let events: Vec<(i64, String)> = (0..200).map(|t| (t, format!("{{k: a, u: {t}}}"))).collect();
    let events: Vec<(i64, &str)> = events.iter().map(|(t, e)| (*t, e.as_str())).collect();
    let limits = Limits { groups: 5, ..Limits::default() };
    assert_eq!(run(&ruleset, limits, &events[..5]).1.dropped().groups, 0);
    let same: Vec<(i64, &str)> = (0..200).map(|t| (t / 20, "{k: a, u: 1}")).collect();
    assert!(run(&ruleset, limits, &events).1.dropped().groups < 195);
    // Enough of a full window is there to tell; a sum needs every event.
    let limits = Limits { events_per_group: 16, ..Limits::default() };
    let (list, correlator) = run(&ruleset, limits, &same);
    assert_eq!((list.len(), correlator.dropped()), (1, crate::Dropped::default()));
    let sum = "{type: value_sum, rules: [a], timespan: 10s, condition: {field: v, gte: 3}}";
    let summed: Vec<(i64, &str)> = same.iter().map(|(t, _)| (*t, "{k: a, v: 1}")).collect();
    let (list, correlator) = run(&compile(&(rules() + &correlation("x", sum))), limits, &summed);
    assert_eq!(list.len(), 1);
    assert!(correlator.dropped().events > 0);
    // A full group whose events come in order loses nothing.
    let slow: Vec<(i64, &str)> = (0..200).map(|t| (t, "{k: a, u: 1}")).collect();
    let (list, correlator) = run(&ruleset, limits, &slow);
    assert_eq!((list.len(), list[0].count), (1, 200));
    assert_eq!(correlator.dropped(), crate::Dropped::default());
    let limits = Limits { events: 10, ..Limits::default() };
    assert!(run(&ruleset, limits, &same).1.dropped().events > 0);
}

#[test]
fn endless_inputs_are_settled_by_time() {
    let ruleset = compile(
        &(rules()
            + &correlation(
                "x",
                "{type: event_count, rules: [a], timespan: 10s, condition: {gte: 2}}",
            )
            + &correlation("y", "{type: temporal, rules: [x, b], timespan: 1m}")),
    );
    let mut correlator = Correlator::new(&ruleset, Limits::default());
    let mut scratch = Scratch::new();
    let mut push = |correlator: &mut Correlator, second, flow: &str| {
        let mut record = event(flow);
        record.time = Time::new(second, 0);
        ruleset.matches(&mut scratch, &record, &mut |rule| correlator.push(rule, &record));
    };
    for (second, flow) in [(1, "{k: a}"), (2, "{k: a}"), (5, "{k: b}")] {
        push(&mut correlator, second, flow);
    }
    correlator.settle(Time::new(8, 0));
    assert_eq!(correlator.drain(), []);
    correlator.settle(Time::new(20, 0));
    assert_eq!(correlator.drain().len(), 1);
    push(&mut correlator, 3, "{k: b}");
    assert_eq!(correlator.dropped().late, 1);
    correlator.settle(Time::new(200, 0));
    assert_eq!(correlator.drain().len(), 1);
    assert_eq!(correlator.finish(), []);
}

#[test]
fn references_that_fail_are_problems() {
    let body = |r: &str| format!("{{type: temporal, rules: [{r}], timespan: 1s}}");
    let kinds = |text: String| -> Vec<ProblemKind> {
        compile_with(&text, &Options::default()).1.into_iter().map(|p| p.kind).collect()
    };
    assert_eq!(kinds(rules() + &correlation("x", &body("z"))), [ProblemKind::NoRule("z".into())]);
    let cycle = rules() + &correlation("x", &body("y")) + &correlation("y", &body("x, a"));
    assert_eq!(kinds(cycle), [ProblemKind::Cycle, ProblemKind::Cycle]);
    assert_eq!(kinds(rules() + &correlation("a", &body("b"))), [ProblemKind::Taken("a".into())]);
    let other = correlation("x", &body("b")) + "id: '1'\n";
    assert_eq!(
        kinds(rules() + &other + &other.replace("'1'", "'2'")),
        [ProblemKind::Duplicate("x".into())]
    );
    let deaf = rule("d", "{s: {k: d}, condition: s}").replace("hangtu", "other");
    assert!(kinds(deaf + &correlation("x", &body("d"))).contains(&ProblemKind::Deaf("d".into())));
    let bad = ["{}", "{type: x}", "{type: event_count, rules: [a], timespan: 1s}", "[]"];
    for bad in bad {
        assert_eq!(parse("t", correlation("x", bad).as_bytes()).1.len(), 1, "{bad}");
    }
}

#[test]
fn cases_see_correlations() {
    let ruleset = compile(
        &(rules()
            + &correlation(
                "x",
                "{type: event_count, rules: [a], timespan: 10s, condition: {gte: 2}}",
            )),
    );
    let file =
        check::TestFile::parse("t", b"fires: [{name: n, records: [{k: a}, {k: a}]}]").unwrap();
    let fired = check::run_case(&ruleset, &file.fires[0]).unwrap();
    assert_eq!(fired.ids(&ruleset), ["a", "x"]);
}

#[test]
fn rules_that_cannot_fire_without_a_field_are_told() {
    let detection = |name: &str, detection: &str| rule(name, detection) + "---\n";
    let count = |name: &str, kind: &str, rules: &str, by: &str| {
        format!(
            "title: {name}\ncorrelation: {{type: {kind}, rules: [{rules}], group-by: [{by}], \
             timespan: 1h, condition: {{gte: 2}}}}\n---\n"
        )
    };
    let text = [
        detection("needs", "{s: {zone: x, a: 1}, condition: s}"),
        detection("either", "{s: {zone: x}, t: {a: 1}, condition: s or t}"),
        detection("but", "{s: {a: 1}, t: {zone: x}, condition: s and not t}"),
        detection("absent", "{s: {a: 1, zone: null}, condition: s}"),
        detection("some", "{s: {zone: x}, t: {zone: y}, u: {a: 1}, condition: 1 of them}"),
        detection("all", "{s: {zone: x}, t: {a: 1}, condition: all of them}"),
        count("any of", "event_count", "needs, either", "b"),
        count("by it", "event_count", "either", "zone"),
        count("in turn", "temporal", "needs, either", "b"),
    ];
    let ruleset = compile(text.concat().trim_end_matches("---\n"));
    let may = ruleset.fire_where(&|field| &*field.name == "zone", None);
    let names = ruleset.rules().iter().zip(may).filter(|(_, may)| *may);
    let names: Vec<&str> = names.map(|(rule, _)| rule.title.as_str()).collect();
    assert_eq!(names, ["either", "but", "absent", "some", "any of"]);
    assert!(ruleset.fire_where(&|_| false, None).iter().all(|may| *may));
}

#[test]
fn rules_for_which_no_sample_stands_are_told() {
    let detection = |name: &str, detection: &str| rule(name, detection) + "---\n";
    let text = [
        detection("other", "{s: {Channel: System, a: 1}, condition: s}"),
        detection("one", "{s: {Channel: [System, security], a: 1}, condition: s}"),
        detection("part", "{s: {'Channel|contains': cur}, condition: s}"),
        detection("regex", "{s: {'Channel|re': '^Sys'}, condition: s}"),
        detection("not", "{s: {a: 1}, t: {Channel: System}, condition: s and not t}"),
        detection("absent", "{s: {Channel: null}, condition: s}"),
        detection("refers", "{s: {'Channel|fieldref': a}, condition: s}"),
        detection("word", "{s: [System], condition: s}"),
    ];
    let ruleset = compile(text.concat().trim_end_matches("---\n"));
    let mut sample = Fields::new(Kind::Event, Time(0), Origin::default());
    sample.push("Channel", "Security");
    let fires = |kind, records: &[Fields]| {
        let samples = Samples { kind, fields: &["Channel"], records };
        let may = ruleset.fire_where(&|_| false, Some(&samples));
        let names = ruleset.rules().iter().zip(may).filter(|(_, may)| *may);
        names.map(|(rule, _)| rule.title.as_str()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(fires(Kind::Event, &[sample]), "one part not absent refers word");
    assert_eq!(fires(Kind::Event, &[]), "not absent refers word");
    assert_eq!(fires(Kind::Session, &[]), "other one part regex not absent refers word");
}
