//! Bad input: errors that say where, and no panic whatever the bytes.

use super::rule;
use crate::{Excess, Mapping, Options, ProblemKind, RuleIndex, Ruleset, parse};
use proptest::prelude::*;
use std::fmt::Write;

#[test]
fn errors_say_where() {
    for (text, shown) in [
        ("[", "document 0: file: not readable"),
        ("a: 1", "document 1: document: missing `detection`"),
        ("title: t\ndetection: {}", "missing `logsource`"),
        ("title: t\nlogsource: {}\ndetection: {s: {a: 1}}", "detection: missing `condition`"),
        (&rule("r", "{s: {'a|nope': 1}, condition: s}"), "detection.s.a|nope: unknown modifier"),
        (&rule("r", "{s: {a: 1}, condition: t}"), "condition names `t`"),
        (&rule("r", "{s: {a: 1}, condition: 1 of t*}"), "condition names `t*`"),
        (&rule("r", "{s: {a: {b: 1}}, condition: s}"), "detection.s.a: expected a single value"),
        (&rule("r", "{s: {}, condition: s}"), "detection.s: expected a map or list"),
        (&rule("r", "{s: {'|gt': 1}, condition: s}"), "needs a field"),
        (&rule("r", "{s: {'a|re|cidr': 1}, condition: s}"), "exclude each other"),
        (&rule("r", "{s: {'a|i': 1}, condition: s}"), "follow `re`"),
        (&(rule("r", "{s: {a: 1}, condition: s}") + "level: awful"), "unknown level `awful`"),
        ("title: t\naction: repeat", "action: expected a rule before it"),
        ("title: t\naction: nope", "unknown action `nope`"),
        (
            &(rule("r", "{s: {a: 1}, condition: s}") + "filter: {s: {a: 1}, condition: s}"),
            "only one",
        ),
        ("title: t\nlogsource: {}\nfilter: {s: {'a|nope': 1}, condition: s}", "filter.s.a|nope"),
        (
            &rule("r", "{s: {a: 1}, timeframe: 5x, condition: s | count() > 1}"),
            "detection.timeframe",
        ),
    ] {
        let (rules, errors) = parse("f.yml", text.as_bytes());
        assert!(rules.is_empty(), "{text}");
        assert!(errors[0].to_string().contains(shown), "{text}: {}", errors[0]);
    }
}

#[test]
fn a_bad_document_costs_itself_only() {
    let good = rule("r", "{s: {a: 1}, condition: s}");
    let text = format!("{good}hangtu: {{scenario: personnel}}\nodd: key\n---\nx: 1\n---\n{good}");
    let (rules, errors) = parse("f.yml", text.as_bytes());
    assert_eq!((rules.len(), errors.len(), errors[0].document), (2, 1, 2));
    assert_eq!(rules[0].extension["scenario"], "personnel");
    assert!(rules[1].extension.is_null());
}

/// Problems, and which rules can fire.
fn compiled(text: &str) -> (Vec<ProblemKind>, Vec<bool>) {
    let (rules, errors) = parse("f.yml", text.as_bytes());
    assert_eq!(errors, [], "{text}");
    let (ruleset, problems) = Ruleset::compile(rules, &Mapping::default(), &Options::default());
    let works = (0..ruleset.rules().len()).map(|n| ruleset.works(RuleIndex(n as u32)));
    (problems.into_iter().map(|p| p.kind).collect(), works.collect())
}

#[test]
fn a_rule_that_is_called_as_another_does_not_run() {
    let named = rule("r", "{s: {a: 1}, condition: s}");
    let titled = named.replace("name: r\n", "");
    let (one, two) = (format!("{titled}id: '1'\n"), format!("{titled}id: '2'\n"));
    let taken = |name: &str| vec![ProblemKind::Taken(name.into())];
    for (first, second, problems) in [
        (&titled, &titled, taken("r")),
        (&named, &titled, taken("r")),
        (&one, &one, taken("1")),
        (&one, &titled, vec![]),
        (&one, &two, vec![]),
    ] {
        let runs = problems.is_empty();
        let text = format!("{first}---\n{second}");
        assert_eq!(compiled(&text), (problems, vec![true, runs]), "{text}");
    }
    // A global document with an id gives it to all that follow.
    let global =
        format!("action: global\nid: '1'\n---\n{named}---\n{}", named.replace(": r", ": q"));
    assert_eq!(compiled(&global), (taken("1"), vec![true, false]));
}

#[test]
fn fields_that_no_record_has_are_told() {
    let of = |category: &str, selection: &str| {
        let text = rule("r", &format!("{{s: {selection}, condition: s}}"));
        compiled(&text.replace("category: event", &format!("category: {category}")))
    };
    let unknown = |field: &str| (vec![ProblemKind::Field(field.into())], vec![false]);
    let fine = (vec![], vec![true]);
    assert_eq!(of("operation", "{operation.verbb: stop}"), unknown("operation.verbb"));
    assert_eq!(of("session", "{'source.ip|fieldref': destinaton.ip}"), unknown("destinaton.ip"));
    assert_eq!(of("file", "[{file.path: x}, {file.pth: x}]"), unknown("file.pth"));
    assert_eq!(of("operation", "{operation.verb: stop, source.zone.kind: x}"), fine);
    assert_eq!(of("operation", "[word]"), fine);
    assert_eq!(of("event", "{operation.verbb: stop}"), fine);
    let counted = rule("r", "{s: {operation.verb: stop}, condition: s}")
        .replace("category: event", "category: operation");
    let by = |field: &str| {
        let body = "{type: event_count, rules: [r], timespan: 1m, condition: {gte: 2}, group-by: ";
        compiled(&format!("{counted}---\ntitle: c\ncorrelation: {body}[{field}]}}\n"))
    };
    assert_eq!(by("source.ip"), (vec![], vec![true, true]));
    assert_eq!(by("sorce.ip"), (vec![ProblemKind::Field("sorce.ip".into())], vec![true, false]));
}

#[test]
fn anchors_work_and_bombs_do_not() {
    let text = rule("r", "{s: &s {a: 1}, t: *s, condition: s and t}");
    assert_eq!(parse("f.yml", text.as_bytes()).0.len(), 1);
    let mut bomb = String::from("a0: &a0 [x, x]\n");
    for n in 1..40 {
        let _ = writeln!(bomb, "a{n}: &a{n} [*a{0}, *a{0}, *a{0}]", n - 1);
    }
    assert_eq!(parse("f.yml", bomb.as_bytes()).1.len(), 1);
    assert_eq!(parse("f.yml", "[".repeat(100_000).as_bytes()).1.len(), 1);
    assert_eq!(parse("f.yml", "- ".repeat(100_000).as_bytes()).1.len(), 1);
    assert_eq!(parse("f.yml", &vec![b' '; 5 << 20]).1.len(), 1);
}

#[test]
fn regular_expressions_of_all_rules_are_bounded() {
    let good = rule("good", r"{s: {'a|re': ['^\d{1,3}\.', '\w{1,64}(x|y)']}, condition: s}");
    let mut text = good.clone();
    for n in 0..5 {
        let values: Vec<String> = (0..200).map(|i| format!(r"'\w{{60}}{n}x{i}'")).collect();
        let detection = format!("{{s: {{'a|re': [{}]}}, condition: s}}", values.join(", "));
        text += "---\n";
        text += &rule(&format!("greedy{n}"), &detection);
    }
    // What is built already is there for later rules too.
    text += "---\n";
    text += &good.replace("good", "again");
    let (rules, errors) = parse("f.yml", text.as_bytes());
    assert_eq!(errors, []);
    let (ruleset, problems) = Ruleset::compile(rules, &Mapping::default(), &Options::default());
    let kinds: Vec<ProblemKind> = problems.into_iter().map(|p| p.kind).collect();
    assert_eq!(kinds, vec![ProblemKind::TooLarge(Excess::AllRegexes); 5]);
    let works = (0..7).map(|n| ruleset.works(RuleIndex(n))).collect::<Vec<_>>();
    assert_eq!(works, [true, false, false, false, false, false, true]);
}

fn swallow(bytes: &[u8]) {
    let (rules, _) = parse("f.yml", bytes);
    let _ = Ruleset::compile(rules, &Mapping::default(), &Options::default());
    let _ = Mapping::parse("f.yml", bytes);
    let _ = crate::check::TestFile::parse("f.yml", bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        swallow(&bytes);
    }

    #[test]
    fn any_detection(words in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ": ", ", ", "s", "a|re", "a|contains|all", "condition", "'%x%'", "*",
        "1 of ", "not ", "(", ")", "\n", "'(?'", "null", "a|base64offset", "a|cidr", "|", "&x ", "*x",
        "a|windash", "-", "/a", "'\\'", "é", "---\n", "title: t\n", "action: global\n",
        "action: repeat\n", "filter: ", " | count(a) by b > 1", "timeframe: 1m\n",
    ]), 0..40)) {
        swallow(format!("title: t\nlogsource: {{product: hangtu, category: event}}\ndetection: {}", words.concat()).as_bytes());
        swallow(words.concat().as_bytes());
    }
}
