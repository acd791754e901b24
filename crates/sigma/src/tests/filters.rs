//! Filters take matches away from the rules they name.

use super::{event, rule};
use crate::{Mapping, Options, Problem, ProblemKind, RuleIndex, Ruleset, Scratch, parse};

fn filter(rules: &str, body: &str) -> String {
    format!(
        "---\ntitle: f\nlogsource: {{category: event}}\nfilter: {{{rules}s: {{u: adm}}, {body}}}\n"
    )
}

fn compile(text: &str) -> (Ruleset, Vec<Problem>) {
    let (rules, errors) = parse("t.yml", text.as_bytes());
    assert_eq!(errors, [], "{text}");
    Ruleset::compile(rules, &Mapping::default(), &Options::default())
}

/// Names of the rules that a record matches.
fn fired(ruleset: &Ruleset, flow: &str) -> String {
    let mut out = Vec::new();
    ruleset.matches(&mut Scratch::new(), &event(flow), &mut |rule| {
        out.push(ruleset.rules()[rule.0 as usize].title.clone());
    });
    out.join(" ")
}

fn two() -> String {
    format!(
        "{}id: '1'\n---\n{}",
        rule("x", "{s: {a: 1}, condition: s}"),
        rule("y", "{s: {a: 1}, condition: s}")
    )
}

#[test]
fn filters_take_away() {
    for (rules, condition, left) in [
        ("rules: ['1'], ", "condition: s", "y"),
        ("rules: [y], ", "condition: s", "x"),
        ("rules: ['1', y], ", "condition: s", ""),
        ("rules: any, ", "condition: s", ""),
        ("", "condition: s", ""),
        // pySigma's way: the condition is added to the rule's.
        ("rules: [y], ", "condition: not s", "x"),
        ("rules: any, ", "t: {v: 1}, condition: not s and not t", ""),
        ("rules: any, ", "t: {v: 1}, condition: s and t", "x y"),
        // What is both is left out, what is one of them is not.
        ("rules: any, ", "t: {v: 1}, condition: not s or not t", "x y"),
        ("rules: any, ", "t: {a: 1}, condition: not s or not t", ""),
        ("rules: any, ", "t: {a: 1}, condition: not s or (not t and not s)", ""),
        ("rules: any, ", "t: {a: 2}, condition: not s and (not t or not s)", ""),
        ("rules: any, ", "t: {v: 1}, condition: s and not t", ""),
        ("rules: any, ", "t: {v: 1}, condition: not 1 of them", ""),
    ] {
        let (ruleset, problems) = compile(&(two() + &filter(rules, condition)));
        assert_eq!(problems, []);
        assert_eq!(ruleset.rules().len(), 2, "a filter is no rule");
        assert_eq!(fired(&ruleset, "{a: 1, u: adm}"), left, "{rules}{condition}");
        assert_eq!(fired(&ruleset, "{a: 1, u: me}"), "x y", "{rules}{condition}");
    }
}

#[test]
fn filters_keep_to_their_log_source() {
    let text = two() + &filter("rules: any, ", "condition: s");
    let elsewhere = text.replace("{category: event}", "{product: windows, category: event}");
    assert_eq!(fired(&compile(&elsewhere).0, "{a: 1, u: adm}"), "x y");
    let named = elsewhere.replace("rules: any", "rules: [y]");
    let (ruleset, problems) = compile(&named);
    assert_eq!(fired(&ruleset, "{a: 1, u: adm}"), "x y");
    assert_eq!(problems[0].kind, ProblemKind::FilterSource("y".into()));
    assert_eq!((problems[0].rule, problems[0].title.as_str()), (None, "f"));
}

#[test]
fn filters_reach_what_an_aggregation_counts() {
    let rule = rule("x", "{s: {a: 1}, condition: s | count() > 1}") + "id: '1'\n";
    let (ruleset, problems) = compile(&(rule + &filter("rules: ['1'], ", "condition: s")));
    assert_eq!(problems, []);
    assert_eq!(fired(&ruleset, "{a: 1, u: adm}"), "");
    assert_eq!(fired(&ruleset, "{a: 1}"), "x");
}

#[test]
fn filters_of_nothing_are_problems() {
    let correlation = "---\ntitle: c\nname: c\ncorrelation: {type: event_count, rules: [x], timespan: 1m, condition: {gt: 1}}\n";
    let text = two() + correlation + &filter("rules: [c, nobody], ", "condition: s");
    let kinds: Vec<ProblemKind> = compile(&text).1.into_iter().map(|p| p.kind).collect();
    assert_eq!(
        kinds,
        [ProblemKind::FilterTarget("c".into()), ProblemKind::NoRule("nobody".into())]
    );
}

#[test]
fn what_filters_leave_out_is_told_of_correlations_too() {
    let counts = "---\ntitle: c\ncorrelation: {type: event_count, rules: ['1'], group-by: [a], \
                  timespan: 1h, condition: {gte: 2}}\n";
    let text = two() + counts;
    let left_out = |ruleset: &Ruleset| {
        let numbers = 0..ruleset.rules().len() as u32;
        numbers.map(|n| ruleset.excluded_from(RuleIndex(n)).to_owned()).collect::<Vec<_>>()
    };
    let plain = left_out(&compile(&text).0);
    assert_eq!(plain, ["", "", ""]);
    let one = left_out(&compile(&(text.clone() + &filter("rules: ['1'], ", "condition: s"))).0);
    assert!(!one[0].is_empty() && one[1].is_empty() && one[2] == one[0], "{one:?}");
    let other = filter("rules: ['1'], ", "t: {v: 1}, condition: s and t");
    assert_ne!(left_out(&compile(&(text + &other)).0)[0], one[0]);
}
