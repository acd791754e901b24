//! Every modifier and form of condition, as data.

use super::{compile, compile_with, event, matched, rule};
use crate::{Options, ProblemKind, check};

#[track_caller]
fn case(detection: &str, yes: &[&str], no: &[&str]) {
    let ruleset = compile(&rule("r", detection));
    for (records, wanted) in [(yes, 1), (no, 0)] {
        for record in records {
            assert_eq!(matched(&ruleset, &event(record)).len(), wanted, "{detection} {record}");
        }
    }
}

/// The same for one selection.
#[track_caller]
fn item(selection: &str, yes: &[&str], no: &[&str]) {
    case(&format!("{{s: {selection}, condition: s}}"), yes, no);
}

#[test]
fn plain_values() {
    item(
        "{a: Foo}",
        &["{a: foo}", "{a: FOO}", "{a: [x, foo]}"],
        &["{a: foobar}", "{b: foo}", "{}"],
    );
    item("{a: Ü厂}", &["{a: ü厂}"], &["{a: u厂}"]);
    item("{a: 'f*r?'}", &["{a: fooRx}", "{a: frx}"], &["{a: foor}", "{a: xfrx}"]);
    item(r"{a: 'f\*'}", &["{a: 'F*'}"], &["{a: foo}"]);
    item("{a: '*'}", &["{a: x}", "{a: ''}", "{a: 4}"], &["{}", "{a: null}"]);
    item("{a: 4625}", &["{a: 4625}", "{a: '4625'}", "{a: 4625.0}"], &["{a: 46250}", "{a: x}"]);
    item("{a: '4625'}", &["{a: 4625}", "{a: '4625'}"], &["{a: 46250}"]);
    item("{a: 1.5}", &["{a: 1.5}", "{a: '1.50'}"], &["{a: 1}"]);
    item("{a: true}", &["{a: true}", "{a: 'True'}"], &["{a: false}", "{a: 1}"]);
    item("{a: null}", &["{}", "{a: null}"], &["{a: ''}", "{a: x}", "{a: 0}"]);
    item("{a: ''}", &["{a: ''}"], &["{}", "{a: null}", "{a: x}"]);
    item("{a: [x, null]}", &["{}", "{a: X}"], &["{a: y}"]);
    item("{a: 1, b: 2}", &["{a: 1, b: 2}"], &["{a: 1}", "{b: 2}"]);
    item("[{a: 1}, {b: 2}]", &["{a: 1}", "{b: 2}"], &["{a: 2}"]);
    item("{source.ip: '::1'}", &["{source.ip: '0:0::1'}"], &["{source.ip: '::2'}"]);
    item("{source.ip: '0:0::1'}", &["{source.ip: '::1'}"], &[]);
    item("{source.mac: AA-BB-CC-00-11-22}", &["{source.mac: 'aa:bb:cc:00:11:22'}"], &[]);
    item("{source.ip: '10.0.*'}", &["{source.ip: 10.0.3.4}"], &["{source.ip: 10.1.0.0}"]);
    item("{record.kind: event}", &["{}"], &[]);
}

#[test]
fn text_modifiers() {
    item("{a|contains: Oo}", &["{a: fooo}"], &["{a: fo}"]);
    item("{a|startswith: fo}", &["{a: Foo}"], &["{a: xfo}"]);
    item(r"{a|endswith: '\cmd.exe'}", &[r"{a: 'C:\CMD.exe'}"], &["{a: cmd.exe}"]);
    item("{a|contains|all: [x, y]}", &["{a: 1y2x}", "{a: [x, y]}"], &["{a: x}"]);
    item("{a|contains: 'f?o*b'}", &["{a: xfoo-b-}"], &["{a: fob}"]);
    item("{a|cased: Foo}", &["{a: Foo}"], &["{a: foo}"]);
    item("{a|contains|cased: oO}", &["{a: foOx}"], &["{a: foox}"]);
    item("{a|contains: ''}", &["{a: ''}", "{a: x}"], &["{}"]);
    item("{a|startswith: 12}", &["{a: 123}", "{a: '12'}"], &["{a: 21}"]);
    item(
        "{a|contains|windash: ' -enc '}",
        &["{a: 'x -Enc y'}", "{a: 'x /enc y'}", "{a: 'x –enc y'}", "{a: 'x ―enc y'}"],
        &["{a: 'x +enc y'}"],
    );
    item("{a|re: '^a.c$'}", &["{a: abc}"], &["{a: aBC}", "{a: \"a\\nc\"}", "{}"]);
    item("{a|re|i: '^A.c'}", &["{a: abcd}"], &["{a: xabc}"]);
    item("{a|re|m|s: '^b.c$'}", &["{a: \"a\\nb\\nc\\nd\"}"], &["{a: abc}"]);
    item("{a|base64: foobar}", &["{a: Zm9vYmFy}"], &["{a: foobar}"]);
    item(
        "{a|base64offset|contains: 'http://'}",
        &["{a: xxaHR0cDovLyy}", "{a: yodHRwOi8vz}", "{a: h0dHA6Ly}"],
        &["{a: 'http://'}"],
    );
    item("{a|wide|base64offset|contains: ping}", &["{a: cABpAG4AZw}"], &["{a: ping}"]);
    item("{a|utf16le: ab}", &["{a: \"a\\0b\\0\"}"], &["{a: ab}"]);
    item("{a|utf16be|base64: ab}", &["{a: AGEAYg==}"], &["{a: YQBiAA==}"]);
    item("{a|utf16|base64: ab}", &["{a: //5hAGIA}"], &["{a: YWI=}"]);
}

#[test]
fn other_modifiers() {
    item("{a|cidr: 10.0.0.0/8}", &["{a: 10.1.2.3}", "{a: '::ffff:10.1.2.3'}"], &["{a: 11.0.0.1}"]);
    item("{source.ip|cidr: 'fe80::/10'}", &["{source.ip: 'fe80::1'}"], &["{source.ip: 10.0.0.1}"]);
    item("{a|cidr: [0.0.0.0/0, '::/0']}", &["{a: 1.2.3.4}", "{a: '::1'}"], &["{a: x}", "{}"]);
    item("{a|exists: true}", &["{a: null}", "{a: x}"], &["{}"]);
    item("{a|exists: no}", &["{}"], &["{a: null}"]);
    item("{a|gt: 5}", &["{a: 6}", "{a: '5.5'}"], &["{a: 5}", "{a: x}", "{}"]);
    item("{a|gte: 5}", &["{a: 5}"], &["{a: 4}"]);
    item("{a|lt: -1}", &["{a: -2}"], &["{a: -1}"]);
    item("{a|lte: 5}", &["{a: 5}"], &["{a: 5.5}"]);
    item("{a|neq: x}", &["{a: y}"], &["{a: X}", "{a: [x, y]}", "{}"]);
    item("{a|neq: [1, 2]}", &["{a: 3}"], &["{a: 2}"]);
    item("{a|contains|neq: x}", &["{a: y}"], &["{a: axb}"]);
    item("{a|fieldref: b}", &["{a: X, b: x}", "{a: 1, b: '1'}"], &["{a: x, b: y}", "{a: x}", "{}"]);
    item("{a|fieldref|neq: b}", &["{a: x, b: y}"], &["{a: x, b: x}", "{b: x}"]);
    item("{a|fieldref|startswith: b}", &["{a: xyz, b: XY}"], &["{a: xyz, b: yz}"]);
    item("{a|fieldref|endswith: b}", &["{a: xyz, b: YZ}"], &["{a: xyz, b: xy}"]);
    item("{a|fieldref|contains: b}", &["{a: xyz, b: Y}"], &["{a: xyz, b: zy}", "{a: xyz}"]);
    item("{a|fieldref|cased: b}", &["{a: x, b: x}"], &["{a: X, b: x}"]);
    let at = "{\"@timestamp\": 2026-11-23T22:05:00Z, a: 2026-01-02T03:04:05+08:00}";
    for (part, value) in [
        ("hour|gte", "22"),
        ("minute", "5"),
        ("day", "23"),
        ("week", "48"),
        ("month", "[2, 11]"),
        ("year", "2026"),
    ] {
        let other = "{\"@timestamp\": 1999-01-01T00:00:00Z}";
        item(&format!("{{'@timestamp|{part}': {value}}}"), &[at], &[other]);
    }
    item("{a|hour: 3}", &[at], &["{a: x}", "{}"]);
}

#[test]
fn clocks_may_be_ahead() {
    let text = rule("r", "{s: {'@timestamp|hour': 6}, condition: s}");
    let options = Options { clock_offset: 8 * 3600, ..Options::default() };
    let (ruleset, _) = compile_with(&text, &options);
    assert_eq!(matched(&ruleset, &event("{\"@timestamp\": 2026-11-23T22:05:00Z}")).len(), 1);
}

#[test]
fn keywords() {
    case("{k: [Mimi, 'a*z'], condition: k}", &["{x: xmimix}", "{y: 1a2z3}"], &["{mimi: x}"]);
    case("{k: {'|all': [x, y]}, condition: k}", &["{a: x, b: y}"], &["{a: x}"]);
    case("{k: mimi, condition: k}", &["{a: mimi}"], &["{}"]);
    case("{k: {'|re': '^m.m'}, condition: k}", &["{a: mim}"], &["{a: xmim}"]);
    case("{k: [kw, {a: 1}], condition: k}", &["{b: kw}", "{a: 1}"], &["{b: 1}"]);
    case("{k: [event], condition: k}", &["{a: event}"], &["{}"]);
}

#[test]
fn conditions() {
    let s = "{s1: {a: 1}, s2: {b: 1}, _h: {c: 1}, f: {d: 1}, condition: ";
    let go = |c: &str, yes: &[&str], no: &[&str]| case(&format!("{s}{c}}}"), yes, no);
    go("s1 and not f", &["{a: 1}"], &["{a: 1, d: 1}", "{}"]);
    go("1 of s*", &["{a: 1}", "{b: 1}"], &["{c: 1}"]);
    go("all of s*", &["{a: 1, b: 1}"], &["{a: 1}"]);
    go("2 of them", &["{a: 1, d: 1}"], &["{a: 1, c: 1}"]);
    go("1 of them", &["{d: 1}"], &["{c: 1}"]);
    go("all of them", &["{a: 1, b: 1, d: 1}"], &["{a: 1, b: 1}"]);
    go("not 1 of them", &["{}", "{c: 1}"], &["{a: 1}"]);
    go("s1 or s2 and f", &["{a: 1}", "{b: 1, d: 1}"], &["{b: 1}"]);
    go("(s1 or s2) and f", &["{a: 1, d: 1}"], &["{a: 1}"]);
    go("[s1, f]", &["{a: 1}", "{d: 1}"], &["{b: 1}"]);
}

#[test]
fn placeholders() {
    let text =
        rule("r", r"{s: {'a|expand': '%who%-%what%'}, t: {'a|expand': '\%x'}, condition: s or t}");
    let mut options = Options::default();
    options.placeholders.insert("who".into(), vec!["me".into(), "y*".into()]);
    let (ruleset, problems) = compile_with(&text, &options);
    assert_eq!(problems[0].kind, ProblemKind::Placeholder("what".into()));
    assert!(matched(&ruleset, &event("{a: me-}")).is_empty());
    assert_eq!(matched(&ruleset, &event("{a: '%x'}")).len(), 1);
    options.placeholders.insert("what".into(), Vec::new());
    let (ruleset, problems) = compile_with(&text, &options);
    assert_eq!(problems, [], "a site may have none");
    assert!(matched(&ruleset, &event("{a: me-}")).is_empty());
    options.placeholders.insert("what".into(), vec!["1".into()]);
    let (ruleset, problems) = compile_with(&text, &options);
    assert_eq!(problems, []);
    assert_eq!(matched(&ruleset, &event("{a: you-1}")).len(), 1);
}

#[test]
fn problems_name_what_does_not_work() {
    let kind = |detection: &str| {
        let (_, mut problems) = compile_with(&rule("r", detection), &Options::default());
        problems.remove(0).kind
    };
    let value = |k| matches!(k, ProblemKind::Value { .. });
    assert!(matches!(kind("{s: {'a|re': '(?=x)'}, condition: s}"), ProblemKind::Regex { .. }));
    assert!(matches!(kind("{s: {a: 1}, condition: 's | near s'}"), ProblemKind::Unsupported(_)));
    assert!(value(kind("{s: {'a|gt': x}, condition: s}")));
    assert!(value(kind("{s: {'a|cidr': 10.0.0.0/33}, condition: s}")));
    assert!(value(kind("{s: {'a|base64': 'x*'}, condition: s}")));
    assert!(value(kind("{s: {'a|exists': 3}, condition: s}")));
    assert!(value(kind("{s: {'a|contains': null}, condition: s}")));
}

#[test]
fn test_files_run() {
    let file = check::TestFile::parse(
        "r.test.yml",
        b"
fires:
  - {name: one, records: [{a: [2, 1]}]}
silent:
  - {name: none, records: [{a: 2}, {record.kind: session, a: 1}]}
",
    )
    .unwrap();
    let ruleset = compile(&rule("r", "{s: {a: 1}, condition: s}"));
    let fired = |case| check::run_case(&ruleset, case).unwrap().ids(&ruleset).join(",");
    assert_eq!(fired(&file.fires[0]), "r");
    assert_eq!(fired(&file.silent[0]), "");
    assert!(check::TestFile::parse("x", b"{fires: [], typo: []}").is_err());
}

#[test]
fn a_record_can_stand_for_many() {
    let parse = |text: &str| check::TestFile::parse("x", text.as_bytes());
    let file = parse(
        "fires: [{name: n, records: [{k: first}, {'*': 3, '+': 500ms, \
         '@timestamp': '2026-03-02T00:00:00Z', k: ['a{i}', b], n: 7}]}]",
    )
    .unwrap();
    let records = &file.fires[0].records;
    assert_eq!(records.len(), 4);
    assert_eq!(
        serde_json::Value::Object(records[3].clone()),
        serde_json::json!({"@timestamp": "2026-03-02T00:00:01Z", "k": ["a2", "b"], "n": 7})
    );
    for (wrong, why) in [
        ("'*': 10001", "more than 10000 records in a case"),
        ("'*': x", "`*` is \"x\", not how often the record comes"),
        ("'*': 2, '+': 5", "`+` is 5, not a step such as 500ms, 1s or 2m"),
        ("'*': 2, '+': 1d", "`+` is \"1d\", not a step such as 500ms, 1s or 2m"),
        ("'+': 1s", "missing `*`"),
    ] {
        let text = format!("fires: [{{name: n, records: [{{{wrong}}}]}}]");
        assert_eq!(parse(&text).unwrap_err().to_string(), format!("x: n: {why}"));
    }
}
