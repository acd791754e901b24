//! Log sources become kinds, conditions, and the records' own names and values.

use super::{event, matched, rule};
use crate::{Mapping, Options, Problem, ProblemKind, RuleIndex, Ruleset, Scratch, parse};
use hangtu_record::{Fields, Kind, Origin, Time};

const MAPPING: &[u8] = b"
- {category: process_creation, product: windows, kind: event,
   conditions: {Channel: Sysmon, EventID: 1}}
- {category: process_creation, product: windows, kind: event,
   conditions: {Channel: Security, EventID: 4688}, fields: {Image: NewProcessName}}
- {category: net, product: windows, kind: event, conditions: [{EventID: 3}, {EventID: 5156}],
   fields: {Initiated: Direction}, values: {Initiated: {'true': out}, Protocol: {tcp: '6'}}}
- {product: windows, kind: event}
";

fn compile(source: &str, selection: &str) -> (Ruleset, Vec<Problem>) {
    let text = rule("r", &format!("{{s: {selection}, condition: s}}"))
        .replace("{product: hangtu, category: event}", source);
    let (rules, errors) = parse("t.yml", text.as_bytes());
    assert_eq!(errors, []);
    let mapping = Mapping::parse("m.yml", MAPPING).unwrap();
    Ruleset::compile(rules, &mapping, &Options::default())
}

#[test]
fn each_alternative_has_its_own_names() {
    let (ruleset, _) = compile("{product: windows, category: process_creation}", "{Image: x}");
    for (record, wanted) in [
        ("{Channel: sysmon, EventID: 1, Image: X}", 1),
        ("{Channel: security, EventID: '4688', NewProcessName: X}", 1),
        ("{Channel: security, EventID: 4688, Image: X}", 0),
        ("{Channel: sysmon, EventID: 1, NewProcessName: X}", 0),
        ("{Image: X}", 0),
    ] {
        assert_eq!(matched(&ruleset, &event(record)).len(), wanted, "{record}");
    }
}

#[test]
fn values_are_those_of_the_records() {
    let net = "{product: windows, category: net}";
    for (selection, record, wanted) in [
        ("{Initiated: true}", "{EventID: 3, Direction: out}", 1),
        ("{Initiated: 'True'}", "{EventID: 5156, Direction: out}", 1),
        ("{Initiated: true}", "{EventID: 3, Direction: true}", 0),
        ("{Initiated: true}", "{EventID: 4, Direction: out}", 0),
        ("{Initiated: false}", "{EventID: 3, Direction: false}", 1),
        ("{Protocol: [udp, TCP]}", "{EventID: 3, Protocol: 6}", 1),
        ("{Protocol|contains: tcp}", "{EventID: 3, Protocol: 6}", 0),
    ] {
        let (ruleset, _) = compile(net, selection);
        assert_eq!(matched(&ruleset, &event(record)).len(), wanted, "{selection} {record}");
    }
}

#[test]
fn a_product_alone_is_no_catch_all() {
    let (ruleset, _) = compile("{product: windows}", "{Image: x}");
    assert_eq!(matched(&ruleset, &event("{Image: X}")).len(), 1);
    for (source, shown) in [
        ("{product: windows, category: file_access}", "product windows, category file_access"),
        ("{product: plan9, service: x}", "product plan9, service x"),
    ] {
        let (ruleset, problems) = compile(source, "{Image: x}");
        assert_eq!(problems[0].kind, ProblemKind::NoInput(shown.into()));
        assert!(!ruleset.works(RuleIndex(0)));
    }
}

#[test]
fn beginnings_of_values_are_replaced() {
    let mapping = Mapping::parse(
        "m.yml",
        br"[{product: windows, kind: event, values: {Image: {'c:\*': '\device\harddiskvolume*\'}}}]",
    )
    .unwrap();
    let rule = |detection: &str| {
        let text = format!(
            "title: t\nlogsource: {{product: windows}}\ndetection: {{a: {detection}, condition: a}}"
        );
        Ruleset::compile(parse("r.yml", text.as_bytes()).0, &mapping, &Options::default()).0
    };
    let fires = |detection: &str, image: &str| {
        let mut record = Fields::new(Kind::Event, Time(0), Origin::default());
        record.push("Image", image);
        let mut hits = 0;
        rule(detection).matches(&mut Scratch::new(), &record, &mut |_| hits += 1);
        hits == 1
    };
    let lsass = r"\device\harddiskvolume12\windows\system32\lsass.exe";
    assert!(fires(r"{Image: 'C:\Windows\System32\lsass.exe'}", lsass));
    assert!(fires(r"{Image|startswith: 'C:\Windows\'}", lsass));
    assert!(fires(r"{Image|endswith: '\lsass.exe'}", lsass));
    assert!(!fires(r"{Image: 'C:\Windows\System32\lsass.exe'}", r"\device\x\lsass.exe"));
}

#[test]
fn mappings_are_checked() {
    assert!(Mapping::parse("m.yml", b"").unwrap().entries.is_empty());
    for (text, why) in [
        (&b"[{kind: nonsense}]"[..], "not a kind of record"),
        (b"[{kind: event, conditions: {'a|nope': 1}}]", "conditions.a|nope: unknown modifier"),
        (b"[{kind: event, typo: 1}]", "unknown field"),
        (b"a: 1\n---\nb: 1", "expected one document"),
    ] {
        let error = Mapping::parse("m.yml", text).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
