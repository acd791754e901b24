//! The compiled ruleset against a reading of the specification that shares no code with it beyond
//! the parser: random rules, random records, the same matches.

use super::compile;
use crate::{
    Body, Condition, Correlator, Detection, Item, Limits, Literal, Modifier as M, Quantity, Rule,
    RuleIndex, Scratch, Selection,
};
use hangtu_record::{Fields, Kind, Origin, Time, Value};
use proptest::{prelude::*, sample::select};
use std::fmt::Write;

fn naive(rule: &Rule, record: &Fields) -> bool {
    let Body::Detection(_, detection) = &rule.body else { return false };
    detection.conditions.iter().any(|c| condition(c, detection, record))
}

fn condition(c: &Condition, d: &Detection, r: &Fields) -> bool {
    match c {
        Condition::Selection(name) => selection(d.selection(name).unwrap(), r),
        Condition::Not(c) => !condition(c, d, r),
        Condition::And(list) => list.iter().all(|c| condition(c, d, r)),
        Condition::Or(list) => list.iter().any(|c| condition(c, d, r)),
        Condition::Of(quantity, target) => {
            let taken = d.selections.iter().filter(|(n, _)| target.takes(n));
            let hits = taken.clone().filter(|(_, s)| selection(s, r)).count();
            match quantity {
                Quantity::All => hits == taken.count(),
                Quantity::AtLeast(n) => hits >= *n,
            }
        }
    }
}

fn selection(s: &Selection, r: &Fields) -> bool {
    match s {
        Selection::All(list) => list.iter().all(|s| selection(s, r)),
        Selection::Any(list) => list.iter().any(|s| selection(s, r)),
        Selection::Item(item) => one_item(item, r),
    }
}

fn one_item(item: &Item, r: &Fields) -> bool {
    let mine = |name: &str| item.field.as_deref().is_none_or(|f| f == name);
    let keyword =
        |v: &Value<'_>| item.field.is_some() || !matches!(v, Value::Null | Value::Bool(_));
    let values: Vec<Value<'_>> =
        r.iter().filter(|(n, v)| mine(n) && keyword(v)).map(|(_, v)| v).collect();
    let mut hits = item.values.iter().map(|literal| value(item, literal, &values, r));
    let hit = if item.has(M::All) { hits.all(|h| h) } else { hits.any(|h| h) };
    if item.has(M::Neq) { !values.is_empty() && !hit } else { hit }
}

fn value(item: &Item, literal: &Literal, values: &[Value<'_>], r: &Fields) -> bool {
    if item.has(M::Exists) {
        return !values.is_empty() == matches!(literal, Literal::Bool(true));
    }
    if *literal == Literal::Null {
        return values.is_empty() || values.contains(&Value::Null);
    }
    values.iter().any(|v| one(item, literal, v, r))
}

fn shown(v: &Value<'_>) -> String {
    v.to_string()
}

fn number(v: &Value<'_>) -> Option<f64> {
    match v {
        Value::Int(n) => Some(*n as f64),
        Value::Float(n) => Some(*n),
        Value::Str(s) if s.starts_with(|c: char| c.is_ascii_digit() || c == '-') => s.parse().ok(),
        _ => None,
    }
}

#[allow(clippy::float_cmp, reason = "small numbers from a short list")]
fn one(item: &Item, literal: &Literal, v: &Value<'_>, r: &Fields) -> bool {
    let wanted = match literal {
        Literal::Int(n) => Some(*n as f64),
        Literal::Float(n) => Some(*n),
        _ => None,
    };
    for (modifier, holds) in [
        (M::Lt, (|a, b| a < b) as fn(f64, f64) -> bool),
        (M::Lte, |a, b| a <= b),
        (M::Gt, |a, b| a > b),
        (M::Gte, |a, b| a >= b),
    ] {
        if item.has(modifier) {
            return number(v).zip(wanted).is_some_and(|(a, b)| holds(a, b));
        }
    }
    let text = match literal {
        Literal::Text(text) => text.clone(),
        Literal::Int(n) => n.to_string(),
        Literal::Float(n) => n.to_string(),
        Literal::Bool(b) => b.to_string(),
        Literal::Null => return false,
    };
    let lower = |s: &str| if item.has(M::Cased) { s.to_owned() } else { s.to_lowercase() };
    if item.has(M::FieldRef) {
        return *v != Value::Null
            && r.iter().any(|(n, other)| {
                n == text && other != Value::Null && lower(&shown(&other)) == lower(&shown(v))
            });
    }
    if item.has(M::Re) {
        return *v != Value::Null && regex::Regex::new(&text).unwrap().is_match(&shown(v));
    }
    let inside = item.has(M::Contains) || item.field.is_none();
    let placed = inside || item.has(M::StartsWith) || item.has(M::EndsWith);
    if !placed && let Some(wanted) = wanted {
        return number(v) == Some(wanted);
    }
    if !placed && let Literal::Bool(b) = literal {
        return shown(v).eq_ignore_ascii_case(&b.to_string())
            && matches!(v, Value::Bool(_) | Value::Str(_));
    }
    if *v == Value::Null {
        return false;
    }
    let mut pattern: Vec<(char, bool)> = Vec::new();
    let lowered = lower(&text);
    let mut chars = lowered.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\'
            && let Some(n) = chars.next_if(|n| "*?\\".contains(*n))
        {
            pattern.push((n, false));
        } else {
            pattern.push((c, c == '*' || c == '?'));
        }
    }
    if inside || item.has(M::EndsWith) {
        pattern.insert(0, ('*', true));
    }
    if inside || item.has(M::StartsWith) {
        pattern.push(('*', true));
    }
    glob(&pattern, &lower(&shown(v)).chars().collect::<Vec<_>>())
}

fn glob(pattern: &[(char, bool)], text: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        ([('*', true), p @ ..], t) => (0..=t.len()).any(|n| glob(p, &t[n..])),
        ([('?', true), p @ ..], [_, t @ ..]) => glob(p, t),
        ([(c, false), p @ ..], [d, t @ ..]) => c == d && glob(p, t),
        _ => false,
    }
}

const TEXTS: &[&str] = &[
    "x", "X", "xy", "yx", "abc", "AbC", "bc", "é", "É", "厂", "1", "10", "4625", "-1", "", "a b",
    "xyxy", "cb", "true",
];

fn literal() -> impl Strategy<Value = String> {
    const WILD: &[&str] =
        &["*", "?", "x*", "*y", "*b*", "a?c", "x*x?", r"\*", r"a\\*", "*c", "?é*", "1*"];
    prop_oneof![
        4 => select(TEXTS).prop_map(|t| format!("'{t}'")),
        2 => select(WILD).prop_map(|t| format!("'{t}'")),
        2 => select(&["1", "10", "4625", "1.5", "-1", "null", "true", "false"][..]).prop_map(String::from),
    ]
}

/// `'field|modifiers': [values]`, with values the modifiers take.
fn written_item() -> impl Strategy<Value = String> {
    let field = select(&["a", "b", "network.protocol", "EventID"][..]);
    let text = select(
        &[
            "",
            "|contains",
            "|startswith",
            "|endswith",
            "|contains|all",
            "|cased",
            "|contains|cased",
            "|neq",
            "|contains|neq",
            "|all",
            "|endswith|cased",
        ][..],
    );
    let texts = (field.clone(), text, prop::collection::vec(literal(), 1..5));
    let ordinary = texts.prop_map(|(f, m, mut values)| {
        if m.contains("contains") || m.contains("with") || m.contains("cased") {
            values.retain(|v| v != "null");
            values.push("'b'".into());
        }
        format!("'{f}{m}': [{}]", values.join(", "))
    });
    let order =
        (field.clone(), select(&["lt", "lte", "gt", "gte"][..]), select(&["1", "10", "1.5"][..]))
            .prop_map(|(f, m, n)| format!("'{f}|{m}': {n}"));
    let other = (
        field,
        select(
            &[
                "|exists': true",
                "|exists': false",
                "|re': '^[xa].*[yc]$'",
                "|fieldref': a",
                "|fieldref|neq': b",
            ][..],
        ),
    )
        .prop_map(|(f, m)| format!("'{f}{m}"));
    prop_oneof![6 => ordinary, 1 => order, 1 => other]
}

fn written_selection() -> impl Strategy<Value = String> {
    let map = || {
        prop::collection::vec(written_item(), 1..3).prop_map(|mut items| {
            items.sort();
            items.dedup_by_key(|i| i.split(':').next().unwrap().to_owned());
            format!("{{{}}}", items.join(", "))
        })
    };
    let words = prop::collection::vec(select(&["'x'", "'bc'", "'a*c'", "1", "'É'"][..]), 1..3);
    prop_oneof![
        5 => map(),
        1 => prop::collection::vec(map(), 1..3).prop_map(|l| format!("[{}]", l.join(", "))),
        1 => words.prop_map(|l| format!("[{}]", l.join(", "))),
    ]
}

fn written_rules() -> impl Strategy<Value = String> {
    let condition = select(
        &[
            "s1",
            "s1 and s2",
            "s1 or s2",
            "not s1",
            "s1 and not s2",
            "1 of s*",
            "all of s*",
            "2 of them",
            "s1 and (s2 or f)",
            "not (s1 or f) and s2",
            "1 of them",
            "all of s* and not f",
        ][..],
    );
    let selections = [written_selection(), written_selection(), written_selection()];
    prop::collection::vec((selections, condition), 1..12).prop_map(|rules| {
        let mut out = String::new();
        for (number, ([a, b, c], condition)) in rules.iter().enumerate() {
            let _ = write!(
                out,
                "---\ntitle: r{number}\nlogsource: {{product: hangtu, category: event}}\n\
                 detection: {{s1: {a}, s2: {b}, f: {c}, condition: {condition}}}\n"
            );
        }
        out
    })
}

fn record() -> impl Strategy<Value = Fields> {
    let value = prop_oneof![
        6 => select(TEXTS).prop_map(Value::Str),
        2 => select(&[1, 10, 4625, -1][..]).prop_map(Value::Int),
        1 => select(&[1.0, 1.5][..]).prop_map(Value::Float),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
    ];
    let names = select(&["a", "b", "network.protocol", "EventID", "z"][..]);
    prop::collection::vec((names, value), 0..6).prop_map(|list| {
        let mut out = Fields::new(Kind::Event, Time(0), Origin::default());
        for (name, value) in list {
            out.push(name, value);
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn compiled_rules_match_as_the_specification_reads(
        text in written_rules(),
        records in prop::collection::vec(record(), 1..12),
    ) {
        let ruleset = compile(&text);
        let mut scratch = Scratch::new();
        for record in &records {
            let mut found = Vec::new();
            ruleset.matches(&mut scratch, record, &mut |r| found.push(r));
            let wanted: Vec<RuleIndex> = (0..ruleset.rules().len())
                .filter(|n| naive(&ruleset.rules()[*n], record))
                .map(|n| RuleIndex(n as u32))
                .collect();
            prop_assert_eq!(found, wanted, "{:?}\n{}", record, text);
        }
    }

    #[test]
    fn correlations_do_not_depend_on_order(
        mut events in prop::collection::vec((0_i64..60, 0_usize..3, 0_usize..2, 0_i64..4), 1..60),
        kind in 0_usize..6,
        seed in any::<prop::sample::Index>(),
    ) {
        let body = [
            "type: event_count, condition: {gte: 4}",
            "type: value_count, condition: {field: v, gte: 3}",
            "type: temporal",
            "type: temporal_ordered",
            "type: value_sum, condition: {field: v, gt: 9}",
            "type: value_median, condition: {field: v, gte: 2}",
        ][kind];
        let mut text = String::new();
        for name in ["a", "b", "c"] {
            text += &super::rule(name, &format!("{{s: {{k: {name}}}, condition: s}}"));
            text += "---\n";
        }
        let _ = writeln!(
            text,
            "title: x\ncorrelation: {{{body}, rules: [a, b, c], group-by: [u], timespan: 7s}}"
        );
        let ruleset = compile(&text);
        let run = |events: &[(i64, usize, usize, i64)]| {
            let mut scratch = Scratch::new();
            let mut correlator = Correlator::new(&ruleset, Limits::default());
            for (second, k, u, v) in events {
                let mut record = Fields::new(Kind::Event, Time::new(*second, 0), Origin::default());
                record.push("k", ["a", "b", "c"][*k]);
                record.push("u", ["me", "you"][*u]);
                record.push("v", *v);
                ruleset.matches(&mut scratch, &record, &mut |r| correlator.push(r, &record));
            }
            correlator.finish()
        };
        let once = run(&events);
        events.sort_unstable();
        prop_assert_eq!(&once, &run(&events));
        events.reverse();
        let turn = seed.index(events.len());
        events.rotate_left(turn);
        prop_assert_eq!(&once, &run(&events));
    }
}
