//! The authorisations file: document, schema, example plant and program agree, and slips of the pen
//! are named with their place.

use hangtu_examine::authorise::Authorisations;
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../../docs/authorisations.md");
const PLANT: &str = include_str!("../../../examples/plant/authorisations.yaml");

/// The complete example of the document.
fn example() -> &'static str {
    let (_, rest) = DOCUMENT.split_once("```yaml\n").expect("an example");
    rest.split_once("```").expect("its end").0
}

fn schema() -> Value {
    let text = include_str!("../../../docs/schema/authorisations-1.schema.json");
    serde_json::from_str(text).expect("the schema is JSON")
}

/// What the schema says against a file.
fn faults(text: &str) -> Vec<String> {
    let schema = schema();
    jsonschema::meta::validate(&schema).expect("the schema keeps to JSON Schema");
    let file: Value = serde_saphyr::from_str(text).expect("YAML");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    validator.iter_errors(&file).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn the_examples_keep_to_the_schema_and_can_be_read() {
    for (name, text, entries) in [("document", example(), 6), ("plant", PLANT, 10)] {
        assert_eq!(faults(text), Vec::<String>::new(), "{name}");
        let read = Authorisations::parse(name, text).expect("it can be read");
        assert_eq!(read.list.len(), entries, "{name}");
    }
}

#[test]
fn the_schema_lists_the_verbs() {
    let schema = schema();
    let listed = schema["$defs"]["verb"]["enum"].as_array().expect("a list").iter();
    let listed: Vec<&str> = listed.filter_map(Value::as_str).collect();
    let mut known: Vec<&str> = hangtu_record::Verb::ALL.iter().map(|v| v.name()).collect();
    known.push("any");
    assert_eq!(listed, known);
}

#[test]
fn every_key_is_documented() {
    fn keys(schema: &Value, out: &mut Vec<String>) {
        let Value::Object(map) = schema else { return };
        if let Some(Value::Object(properties)) = map.get("properties") {
            out.extend(properties.keys().cloned());
        }
        map.values().for_each(|v| keys(v, out));
    }
    let mut all = Vec::new();
    keys(&schema(), &mut all);
    for key in all {
        assert!(DOCUMENT.contains(&format!("`{key}`")), "{key} is not in docs/authorisations.md");
    }
}

/// The example with one thing changed; the change must be there to make.
fn slip(from: &str, to: &str) -> String {
    let text = example();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn refused(text: &str) -> String {
    Authorisations::parse("plant.yaml", text).expect_err("it is refused").to_string()
}

#[test]
fn slips_of_the_pen_are_named_with_their_place() {
    for (from, to, why) in [
        ("[stop, download", "[stop, downlaod", "WO-118: there is no verb \"downlaod\""),
        ("targets: [zone:line-1]", "targets: [zone:line-9]", "ST-HMI: \"zone:line-9\" is no"),
        ("targets: [ews-1]", "targets: [ews-9]", "RM-17: \"ews-9\" is no"),
        ("stations: [ST-EWS]", "stations: [ST-EWX]", "WO-118: there is no station \"ST-EWX\""),
        ("person: wang.wei", "person: wang.wie", "WO-118: person \"wang.wie\" is not in people"),
        ("to: 2026-03-02T16:00", "to: 2026-03-02T12:00", "WO-118: ends before it begins"),
        ("to: 2026-03-02T16:00:00+08:00", "to: tomorrow", "WO-118: \"tomorrow\" is no time"),
        ("hours: 08:00-18:00", "hours: daytime", "ST-EWS: hours \"daytime\""),
        ("10.1.1.0/24", "10.1.1.0/33", "zone line-1: \"10.1.1.0/33\" is no network"),
        ("[10.1.1.11]", "[10.1.1.311]", "asset plc-1: \"10.1.1.311\" is no address"),
        ("\"+08:00\"", "\"8\"", "utc_offset \"8\""),
        ("id: RM-17", "id: WO-118", "WO-118 stands twice"),
        ("version: 1", "version: 2", "version 2 is not known; this program reads 1"),
        (
            "kind: remote",
            "kind: outside",
            "zone vendor-vpn: there is no kind \"outside\" (control,",
        ),
        (
            "name: control-room",
            "name: line-1",
            "zone line-1 stands there with two kinds, \"control\"",
        ),
        (
            "10.1.2.0/24",
            "10.1.1.0/24",
            "zone control-room: network \"10.1.1.0/24\" belongs to zone line-1",
        ),
        ("id: hmi-1", "id: plc-1", "asset plc-1 stands twice"),
        ("id: li.na", "id: wang.wei", "person wang.wei stands twice"),
        ("[vendor01]", "['']", "person vendor01: \"\" is no account"),
        ("addresses: [hmi-1]", "addresses: []", "ST-HMI: addresses name no address"),
        ("targets: [plc-1]", "targets: []", "WO-118: targets are empty"),
        ("stations: [ST-EWS]", "stations: []", "WO-118: neither stations nor sources name"),
        ("[zone:vendor-vpn]", "[vendor.example.com]", "RM-17: neither stations nor sources name"),
        (
            "sources: [zone:control-room]",
            "sources: [a.example.com]",
            "DF-01: sources name no address",
        ),
        ("[figures.example.com]", "[]", "DF-01: destinations are empty"),
        (
            "hours: 08:00-18:00",
            "hours: 08:00-08:00",
            "ST-EWS: hours \"08:00-08:00\" approve nothing",
        ),
        ("hours: 08:00-18:00", "hours: 08:00-24:30", "ST-EWS: hours \"08:00-24:30\": write"),
        ("protocols: [rdp]", "protocols: [rpd]", "RM-17: there is no protocol \"rpd\""),
        ("targets: [ews-1]", "targets: [10.20.1.l1]", "RM-17: \"10.20.1.l1\" is no address"),
        (
            "10.1.1.0/24",
            "10.1.1.7/24",
            "line-1: \"10.1.1.7/24\" names a host with the prefix of a network; write \
             10.1.1.0/24 for the network or 10.1.1.7",
        ),
        ("[10.1.1.11]", "[10.1.1.11/24]", "plc-1: \"10.1.1.11/24\" names a host"),
        ("targets: [ews-1]", "targets: [10.1.2.31/24]", "RM-17: \"10.1.2.31/24\" names a host"),
        (
            "to: 2026-03-02T16:00:00+08:00",
            "to: \"2026-03-02T16:00:00+08:00[America/New_York]\"",
            "WO-118: \"2026-03-02T16:00:00+08:00[America/New_York]\" is no time",
        ),
        ("sources: [10.1.3.40]", "sources: [frpc]", "AT-01: \"frpc\" is no address"),
    ] {
        let said = refused(&slip(from, to));
        assert!(said.starts_with(&format!("plant.yaml: {why}")), "{to}: {said}");
    }
}

#[test]
fn domains_and_programs_are_told_from_slips() {
    let tool = |name: &str| slip("[translate.example.com]", &format!("['{name}']"));
    for name in [
        "*.example.com",
        "163.com",
        "plc1.control",
        "例子.公司",
        "xn--fiqs8s.xn--fiqs8s",
        "todesk.exe",
        "7z.exe",
        "TeamViewer_Service.exe",
        "frpc",
    ] {
        assert!(Authorisations::parse("plant.yaml", &tool(name)).is_ok(), "{name}");
    }
    for name in ["10.20.1.l1", "10.20.1.ll", "10.20.1", "10.20.1.0/33", "a..com", "zone:line-9"] {
        assert!(refused(&tool(name)).contains("AT-01"), "{name}");
    }
}

#[test]
fn refusals_are_said_in_both_languages() {
    let text = slip("[stop, download", "[stop, downlaod");
    let error = Authorisations::parse("plant.yaml", &text).expect_err("it is refused");
    assert_eq!(error.field, "verbs");
    assert_eq!(&*error.message().en, error.to_string());
    assert_eq!(&*error.message().zh, "plant.yaml：WO-118：没有 \"downlaod\" 这种操作");
}

#[test]
fn the_schema_and_the_program_know_the_same_zone_kinds() {
    let kinds = schema()["$defs"]["zone"]["properties"]["kind"]["enum"].clone();
    let kinds = kinds.as_array().expect("a list").iter().filter_map(Value::as_str);
    let known: Vec<String> = kinds.map(ToOwned::to_owned).collect();
    for kind in &known {
        let text = slip("kind: remote", &format!("kind: {kind}"));
        assert!(Authorisations::parse("plant.yaml", &text).is_ok(), "{kind}");
    }
    let said = refused(&slip("kind: remote", "kind: outside"));
    let (_, listed) = said.split_once('(').expect("the kinds that there are");
    assert_eq!(listed.split(", ").count(), known.len());
}

#[test]
fn faults_of_form_are_named_with_their_line() {
    for (from, what) in [
        ("title: New filling recipe", "titel: New filling recipe"),
        ("    approved_by: li.na\n", ""),
        ("stations: [ST-EWS]", "stations: [ST-EWS"),
        ("version: 1\n", ""),
    ] {
        let said = refused(&slip(from, what));
        assert!(said.starts_with("plant.yaml: ") && said.contains("line "), "{what}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    assert!(refused(&slip("title: New", "titel: New")).contains("titel"));
}

/// The reader's own words are for developers.
#[test]
fn faults_of_form_are_said_in_both_languages() {
    for (text, en, zh) in [
        ("version: 1\nwork_orders: [{id: A, id: B}]", "the key id stands twice", "键 id 重复出现"),
        ("version: 1\nzones: 7", "a list should stand here", "此处应为列表"),
        ("version: 1\nflow: []", "there is no key flow; there are version, ", "没有键 flow"),
        ("version: 1\npeople: [{name: A}]", "the key id is missing", "缺少键 id"),
        ("version: 1\npeople: [{id: }]", "a value is missing here", "此处缺少值"),
        ("version: one", "no value that its key can have", "不是该键可用的值"),
        ("version: 1\nzones: [", "no YAML", "不是 YAML"),
    ] {
        let said = Authorisations::parse("plant.yaml", text).expect_err("it is refused").message();
        assert!(said.en.starts_with("plant.yaml: line ") && said.en.contains(en), "{}", said.en);
        assert!(said.zh.starts_with("plant.yaml：第 ") && said.zh.contains(zh), "{}", said.zh);
    }
}

#[test]
fn empty_keys_are_empty_lists() {
    let text = "version: 1\nzones:\nstations:\n  - id: ST\n    addresses: [any]\n    people:\n    \
                targets: [any]\nwork_orders:\n";
    assert_eq!(Authorisations::parse("t", text).expect("it can be read").list.len(), 1);
}

#[test]
fn tens_of_thousands_of_orders_are_read() {
    let order = "title: t, from: '2026-03-02T14:00:00+08:00', to: '2026-03-02T16:00:00+08:00', \
                 sources: [10.1.2.31], targets: [10.1.1.11], verbs: [stop, download, start], \
                 protocols: [s7comm], person: a, approved_by: b";
    let orders: Vec<String> = (0..30_000).map(|n| format!("  - {{id: W{n}, {order}}}\n")).collect();
    let text = format!("version: 1\nwork_orders:\n{}", orders.concat());
    assert_eq!(Authorisations::parse("t", &text).expect("it can be read").list.len(), 30_000);
    let start = "version: 1\nstations:\n  - id: A\n    addresses:\n";
    let text = format!("{start}{}", "      - a\n".repeat(1_500_000));
    let said = refused(&text);
    assert!(said.contains("more than this program reads of one file: 1,500,000"), "{said}");
}

/// Logs and captures say IPv4 as it is, whatever the socket was.
#[test]
fn mapped_addresses_are_their_ipv4() {
    use hangtu_examine::authorise::Net;
    let net = |text| Net::parse(text).expect("an address");
    let ip = |text: &str| text.parse().expect("an address");
    assert!(net("::ffff:10.1.2.3").contains(ip("10.1.2.3")));
    assert!(net("::ffff:10.1.2.0/120").contains(ip("10.1.2.9")));
    assert!(net("10.1.2.3").contains(ip("::ffff:10.1.2.3")));
}

#[test]
fn the_schema_refuses_faults_of_form_too() {
    for (from, to) in [
        ("version: 1", "version: 2"),
        ("title: New filling recipe", "titel: New filling recipe"),
        ("[stop, download, start]", "[stop, downlaod, start]"),
        ("hours: 08:00-18:00", "hours: daytime"),
        ("10.1.1.0/24", "line one"),
        ("kind: remote", "kind: outside"),
        ("targets: [plc-1]", "targets: []"),
        ("stations: [ST-EWS]", "stations: []"),
        ("2026-03-02T16:00:00+08:00", "2026-03-02T16:00:00"),
        ("    approved_by: li.na\n", ""),
    ] {
        assert_eq!(faults(&slip(from, to)).len(), 1, "{to}");
    }
}
