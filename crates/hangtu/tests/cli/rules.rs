//! Rules of one's own.

use super::*;

fn document() -> String {
    fs::read_to_string(root().join("docs/rules.md")).expect("the document")
}

/// The rule of docs/rules.md and its test file.
fn own_rule() -> (String, String) {
    let document = document();
    let mut blocks = document.split("```yaml\n").skip(1).filter_map(|b| b.split("```").next());
    let mut next = || blocks.next().expect("an example").to_owned();
    (next(), next())
}

#[test]
fn own_rules_are_listed_checked_tested_and_run() {
    let out = folder("rules");
    let dir = out.join("own");
    fs::create_dir_all(&dir).expect("a folder");
    let put = |name: &str, text: &str| fs::write(dir.join(name), text).expect("it can be written");
    let (rule, test) = own_rule();
    put("water.yml", &rule);
    put("water.test.yml", &test);
    let rules = |what: &str| hangtu(&["rules", what, text(&dir)]);

    for what in ["list", "check", "test"] {
        let own = rules(what);
        assert_eq!((own.code, own.err.as_str()), (0, ""), "{what}: {}", own.out);
        assert_eq!(hangtu(&["rules", what]).code, 0);
    }
    let document = document();
    let shown = |what| {
        words::commands(&document).find(|(line, _)| *line == format!("hangtu rules {what} own"))
    };
    for what in ["check", "test"] {
        assert_eq!(
            shown(what).map(|(_, out)| out),
            Some(rules(what).out.as_str()),
            "docs/rules.md"
        );
    }
    assert!(rules("list").out.contains("Water set point written outside"));
    let lines = hangtu(&["rules", "list", "--json", text(&dir)]).out;
    let mut lines = lines.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON"));
    assert!(lines.any(|r| r["id"] == "5b0c1a34-6f0e-4a3f-9d55-0d0f5f0c8a11"));

    let examine = hangtu(&["examine", MORNING, "--rules", text(&dir), "--out", text(&out)]);
    assert_eq!(examine.code, 0);
    assert!(examine.out.contains("Water set point written outside"), "{}", examine.out);

    // A case that does not come true, and a rule that cannot be read: named, and 3.
    put("water.test.yml", &test.replace("operation.address: 150", "operation.address: 250"));
    let failed = rules("test");
    assert_eq!(failed.code, 3);
    assert!(failed.out.contains("water.yml: a usual set point: expected that the rule is silent"));
    put("broken.yml", &rule.replace("condition: selection", "condition: selektion"));
    let checked = rules("check");
    assert_eq!(checked.code, 3);
    assert!(checked.out.contains("broken.yml"), "{}", checked.out);
    let nowhere = hangtu(&["rules", "check", text(&dir), "nowhere"]);
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.err.contains("error: nowhere: "), "{}", nowhere.err);

    // A single file has its test beside it; a test that no rule has is no test.
    put("water.test.yml", &test);
    let water = dir.join("water.yml");
    let single = hangtu(&["rules", "test", text(&water)]);
    assert_eq!((single.code, single.err.as_str()), (0, ""), "{}", single.out);
    put("wafer.test.yml", &test);
    let alone = rules("test");
    assert_eq!(alone.code, 3);
    assert!(alone.out.contains("wafer.test.yml"), "{}", alone.out);

    // What was left out is told where findings are looked for, and kept.
    put("deaf.yml", &rule.replace("operation.verb: write", "operation.verb|re: '(?=w)rite'"));
    let limited = hangtu(&["examine", MORNING, "--rules", text(&dir), "--out", text(&out)]);
    assert_eq!(limited.code, 3, "{}", limited.err);
    let kept = json(&out.join("findings.json"))["run"]["rule_problems"].clone();
    let kept = kept.as_array().expect("a list").iter();
    let kept: Vec<&str> = kept.filter_map(|why| why["en"].as_str()).collect();
    for name in ["broken.yml", "deaf.yml"] {
        assert!(limited.out.contains(name), "{name} is not told of: {}", limited.out);
        assert!(kept.iter().any(|why| why.contains(name)), "{name} is not kept: {kept:?}");
    }
}
