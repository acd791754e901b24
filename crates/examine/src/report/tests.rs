//! What every report must keep to, over hostile and over large examinations.

use calamine::{Data, Reader, Xlsx};
use hangtu_catalog::{CONTENT, Language, key};
use serde_json::Value;
use std::{collections::BTreeSet, io::Cursor};

use super::{
    html, ocsf, sample, sarif,
    texts::{self, label},
    xlsx,
};

const BOTH: [Language; 2] = Language::ALL;

#[test]
fn html_lets_no_markup_in() {
    let page = html(&sample::small(), Language::English);
    for tag in ["<script>alert", "<img", "<svg/onload", "</style></title>", "onerror=alert(2)>"] {
        assert!(!page.contains(tag), "{tag} came through");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_eq!(page.matches("<script").count(), 1, "only our own script");
    assert_eq!(page.matches("</script").count(), 1);
    assert_eq!(page.matches("<style").count(), 1);
    assert!(!page.contains(['\0', '\u{1b}', '\u{202e}']), "what hides is shown as its name");
}

/// Every `<` of the page opens an element of ours, and every attribute is one of ours.
#[test]
fn html_holds_only_known_elements_and_attributes() {
    const ATTRIBUTES: &str = "aria-labelledby autocomplete charset checked class content d data-a \
        data-b data-i data-level data-scenario data-title-en data-title-zh data-v for height hidden \
        href http-equiv id lang name open rel role rx scope tabindex type value viewBox width x \
        xmlns y";
    let known: BTreeSet<&str> = ATTRIBUTES.split_whitespace().collect();
    let page = html(&sample::small(), Language::Chinese);
    let page = page.split_once("<script>").map_or(page.as_str(), |(page, _)| page);
    for tag in page.split('<').skip(2) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let mut rest = tag;
        // Quoted values hold no quotes, so that every second part is a name.
        let mut names = String::new();
        while let Some((before, after)) = rest.split_once('"') {
            names += before;
            rest = after.split_once('"').map_or("", |(_, after)| after);
        }
        names += rest;
        for name in names.split_whitespace().skip(1) {
            let name = name.trim_end_matches(['=', '/']);
            assert!(name.is_empty() || known.contains(name), "{name} in <{tag}>");
        }
    }
}

#[test]
fn html_asks_no_host_and_allows_only_itself() {
    let page = html(&sample::large(20, 10), Language::Chinese);
    for outside in ["http://", "https://", "//cdn", "@import", "url("] {
        let page = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src &#39;none&#39;; style-src &#39;sha256-"));
    assert!(!page.contains(" style="), "inline styles are not allowed by the policy");
}

/// Each visible text stands in both languages: one `zh-CN` beside one `en`, always as a pair.
#[test]
fn html_says_everything_twice() {
    for language in BOTH {
        let page = html(&sample::small(), language);
        assert!(page.starts_with(&format!("<!doctype html>\n<html lang=\"{}\"", language.tag())));
        for tag in ["span", "tspan"] {
            let zh = page.matches(&format!("<{tag} lang=\"zh-CN\">")).count();
            let pairs = page.matches(&format!("</{tag}><{tag} lang=\"en\">")).count();
            assert_eq!(zh, pairs, "{tag}");
            assert_eq!(page.matches(&format!("<{tag} lang=\"en\">")).count(), pairs);
        }
        // Nothing written by us stands outside such a pair.
        let body = page.split_once("<body").expect("a body").1;
        let body = body.split_once("<script>").expect("a script").0;
        let mut own = body.to_owned();
        for shown in ["中文", "English"] {
            own = own.replace(&format!(">{shown}</label>"), "></label>");
        }
        let said: Vec<&str> = CONTENT
            .iter()
            .filter(|(path, _)| path.ends_with("en/report.ftl"))
            .flat_map(|(_, source)| source.lines())
            .filter_map(|line| line.split_once(" = ").map(|(_, said)| said))
            .filter(|said| said.len() > 6 && !said.contains('{') && !said.contains("SHA"))
            .collect();
        for said in said {
            assert!(!own.contains(&format!("<td>{said}<")), "{said}");
            assert!(!own.contains(&format!("<th scope=\"col\">{said}<")), "{said}");
            assert!(!own.contains(&format!("<dt>{said}<")), "{said}");
        }
    }
}

#[test]
fn html_caps_giant_results_and_says_so() {
    let page = html(&sample::large(300, 2_300), Language::English);
    assert_eq!(page.matches("<details class=\"finding").count(), 2_000);
    assert!(page.contains("The first 2,000 of 2,300 findings are shown"));
    assert!(page.contains("60 of 300 assets and"));
    assert!(page.contains("共 2,300 项"));
}

#[test]
fn html_without_findings_claims_no_safety() {
    let mut nothing = sample::small();
    nothing.findings.clear();
    nothing.assets.clear();
    nothing.conversations.clear();
    let page = html(&nothing, Language::English);
    assert!(page.contains("This does not prove that nothing is wrong"));
    assert!(page.contains("未发现不等于不存在"));
}

#[test]
fn local_times_are_named_once_and_shown_plainly() {
    let page = html(&sample::small(), Language::English);
    assert!(page.contains("2026-03-02 14:05:09 – 14:41:00"));
    assert_eq!(page.matches("(UTC+8)").count(), 1);
}

#[test]
fn reports_are_the_same_each_time() {
    let sample = sample::large(40, 30);
    assert_eq!(html(&sample, Language::English), html(&sample, Language::English));
    let workbook = || xlsx(&sample, Language::Chinese).expect("a workbook");
    assert!(workbook() == workbook());
}

#[test]
fn sarif_has_what_the_standard_asks() {
    for language in BOTH {
        let examination = sample::small();
        let log = sarif(&examination, language);
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
        assert_eq!(run["artifacts"][0]["hashes"]["sha-256"], "5f".repeat(32));
        assert_eq!(run["invocations"][0]["executionSuccessful"], true);
        // Damage, a limit, an error and a control point not measured.
        let told = run["invocations"][0]["toolExecutionNotifications"].as_array();
        assert_eq!(told.map(Vec::len), Some(4));
        let results = run["results"].as_array().expect("results");
        assert_eq!(results.len(), examination.findings.len() + 2, "two that only the baseline had");
        for (result, finding) in results.iter().zip(&examination.findings) {
            let index = result["ruleIndex"].as_u64().expect("an index") as usize;
            assert_eq!(result["ruleId"], rules[index]["id"]);
            assert_eq!(result["partialFingerprints"]["hangtuFingerprint/v1"], finding.fingerprint);
            assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
            assert!(["error", "warning", "note"].iter().any(|level| result["level"] == *level));
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(place["region"]["byteOffset"], finding.evidence[0].offset);
            assert_eq!(place["artifactLocation"]["index"], 0);
            for taxon in result["taxa"].as_array().expect("taxa") {
                let index = taxon["index"].as_u64().expect("an index") as usize;
                assert_eq!(run["taxonomies"][0]["taxa"][index]["id"], taxon["id"]);
            }
        }
    }
}

#[test]
fn ocsf_lines_are_detection_findings() {
    let examination = sample::small();
    for language in BOTH {
        let lines = ocsf(&examination, language);
        let events: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
        assert_eq!(events.len(), 5, "three findings, and two that only the baseline had");
        for event in &events {
            assert_eq!((&event["class_uid"], &event["category_uid"]), (&2004.into(), &2.into()));
            let activity = event["activity_id"].as_u64().expect("an activity");
            assert_eq!(event["type_uid"], 200_400 + activity);
            assert!((1..=5).contains(&event["severity_id"].as_u64().expect("a severity")));
            assert_eq!(event["time"], 1_772_503_200_000_i64);
            assert!(event["finding_info"]["uid"].is_string());
            assert!(event["metadata"]["version"].is_string());
            assert_eq!(event["metadata"]["product"]["name"], "Hangtu");
        }
        let activities: Vec<_> = events.iter().map(|event| event["activity_id"].as_u64()).collect();
        assert_eq!(activities, [Some(2), Some(1), Some(1), Some(3), Some(2)]);
        let attack = &events[0]["finding_info"]["attacks"][0];
        assert_eq!(attack["technique"]["uid"], "T1021");
        assert_eq!(attack["sub_technique"]["uid"], "T1021.001");
        assert_eq!(events[1]["evidences"][0]["src_endpoint"]["port"], 49152);
        assert_eq!(events[1]["finding_info"]["first_seen_time"], 1_772_431_509_000_i64);
    }
}

#[test]
fn workbook_opens_and_runs_nothing() {
    for language in BOTH {
        let bytes = xlsx(&sample::small(), language).expect("a workbook");
        assert_eq!(&bytes[..2], b"PK");
        let mut workbook = Xlsx::new(Cursor::new(bytes)).expect("it opens");
        let names = workbook.sheet_names();
        assert_eq!(names.len(), 6);
        let mut cells = Vec::new();
        for name in &names {
            let formulas = workbook.worksheet_formula(name).expect("a sheet");
            assert_eq!(formulas.used_cells().count(), 0, "{name} holds a formula");
            let sheet = workbook.worksheet_range(name).expect("a sheet");
            cells.extend(sheet.used_cells().map(|(_, _, cell)| cell.clone()));
        }
        let hostile = Data::String(sample::HOSTILE[2].into());
        assert!(cells.contains(&hostile), "text stays as it is, as text");
        assert!(cells.iter().any(|c| matches!(c, Data::DateTime(t) if t.as_f64() > 46_000.0)));
        let findings = workbook.worksheet_range(&names[0]).expect("findings");
        // 2026-03-02 14:05:09 local time, as days since 1899-12-30.
        let first = findings.get((2, 7)).expect("the first time");
        assert!(
            matches!(first, Data::DateTime(t) if (t.as_f64() - 46_083.586_909_7).abs() < 1e-6),
            "{first:?}"
        );
    }
}

/// New, still there, gone, not re-tested: each format tells all four, and why of the last two.
#[test]
fn every_state_against_a_baseline_is_told() {
    let examination = sample::small();
    let comparison = examination.comparison.as_ref().expect("a comparison");
    let found = examination.findings.len();
    let past = [&comparison.gone[0], &comparison.not_retested[0]];
    for language in BOTH {
        let log = sarif(&examination, language);
        let run = &log["runs"][0];
        let results = run["results"].as_array().expect("results");
        // The standard wants a state on each result as soon as one has it.
        let states: Vec<_> = results.iter().map(|r| r["baselineState"].as_str()).collect();
        assert_eq!(states, ["unchanged", "new", "new", "absent", "unchanged"].map(Some));
        for ((result, earlier), kind) in results[found..].iter().zip(past).zip(["pass", "open"]) {
            assert_eq!(result["kind"], kind);
            assert_eq!(result["level"], "none");
            assert!(result["rank"].is_null(), "only a failure has a rank");
            assert_eq!(result["ruleId"], earlier.rule);
            let index = result["ruleIndex"].as_u64().expect("an index") as usize;
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], earlier.rule);
            assert_eq!(result["partialFingerprints"]["hangtuFingerprint/v1"], earlier.fingerprint);
            let message = result["message"]["text"].as_str().expect("a message");
            assert!(message.ends_with(earlier.reason.get(language)), "{message}");
        }

        let lines = ocsf(&examination, language);
        let events: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
        let codes: Vec<_> = events.iter().map(|e| e["status_code"].as_str()).collect();
        assert_eq!(codes, ["still", "new", "new", "gone", "not_retested"].map(Some));
        for ((event, earlier), status) in events[found..].iter().zip(past).zip([4_u64, 1]) {
            assert_eq!(event["status_id"], status, "what was not re-tested stays as it was");
            assert_eq!(event["status_detail"], earlier.reason.get(language));
            assert_eq!(event["finding_info"]["uid"], earlier.fingerprint);
            assert_eq!(event["finding_info"]["analytic"]["uid"], earlier.rule);
        }

        let bytes = xlsx(&examination, language).expect("a workbook");
        let mut workbook = Xlsx::new(Cursor::new(bytes)).expect("it opens");
        let names = workbook.sheet_names();
        let mut rows = |name: &str| -> Vec<Vec<String>> {
            let sheet = workbook.worksheet_range(name).expect("a sheet");
            sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
        };
        let findings = rows(&names[0]);
        let heading = label(language, key::REPORT_COMPARISON);
        let column = findings[0].iter().position(|name| *name == heading).expect("a column");
        let states: Vec<String> = findings[1..].iter().map(|row| row[column].clone()).collect();
        let new = label(language, key::REPORT_FINDING_NEW);
        assert_eq!(states, [label(language, key::REPORT_FINDING_STILL), new.clone(), new]);
        assert_eq!(names[1], label(language, key::REPORT_SHEET_COMPARISON));
        let told = rows(&names[1]);
        assert_eq!(told.len(), 3, "the heading and two rows");
        let states = [key::REPORT_COMPARISON_GONE, key::REPORT_COMPARISON_NOT_RETESTED];
        for ((row, earlier), state) in told[1..].iter().zip(past).zip(states) {
            let (state, level) = (label(language, state), texts::level(earlier.level));
            for said in [
                state.as_str(),
                level.get(language),
                earlier.title.get(language),
                earlier.reason.get(language),
                earlier.rule.as_str(),
                earlier.fingerprint.as_str(),
            ] {
                assert!(row.iter().any(|cell| cell == said), "{said} is not in {row:?}");
            }
        }
    }
    let alone = sample::large(20, 10);
    let log = sarif(&alone, Language::English);
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert!(results.iter().all(|result| result.get("baselineState").is_none()));
    let bytes = xlsx(&alone, Language::English).expect("a workbook");
    assert_eq!(Xlsx::new(Cursor::new(bytes)).expect("it opens").sheet_names().len(), 5);
}

#[test]
fn names_picked_by_data_are_written() {
    let verbs = hangtu_record::Verb::ALL.iter().map(|verb| format!("report-verb-{}", verb.name()));
    let kinds = hangtu_record::Kind::ALL.iter().map(|kind| format!("report-kind-{}", kind.name()));
    for name in verbs.chain(kinds) {
        assert!(hangtu_catalog::key::Key::find(&name).is_some(), "{name} is in no language file");
    }
}

fn schema() -> Value {
    let schema = include_str!("../../../../docs/schema/findings-1.schema.json");
    serde_json::from_str(schema).expect("the schema is JSON")
}

#[test]
fn findings_json_keeps_to_its_schema() {
    let schema = schema();
    jsonschema::meta::validate(&schema).expect("the schema keeps to JSON Schema");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for examination in [sample::small(), sample::large(30, 20)] {
        let mut json = serde_json::to_value(&examination).expect("JSON");
        let errors: Vec<String> =
            validator.iter_errors(&json).map(|e| format!("{}: {e}", e.instance_path())).collect();
        // The one made-up fingerprint of the hostile finding is the only fault.
        assert!(errors.iter().all(|e| e.starts_with("/findings/2/fingerprint")), "{errors:#?}");
        json["findings"][0]["surprise"] = true.into();
        assert!(validator.iter_errors(&json).count() > errors.len(), "unknown fields are refused");
    }
}

/// The document names every field of the schema, and the schema every field we write.
#[test]
fn every_field_is_documented() {
    fn names(schema: &Value, out: &mut BTreeSet<String>) {
        if let Value::Object(map) = schema {
            if let Some(Value::Object(properties)) = map.get("properties") {
                out.extend(properties.keys().cloned());
            }
            for value in map.values() {
                names(value, out);
            }
        } else if let Value::Array(list) = schema {
            for value in list {
                names(value, out);
            }
        }
    }
    let document = include_str!("../../../../docs/findings.md");
    let mut all = BTreeSet::new();
    names(&schema(), &mut all);
    for name in all {
        assert!(document.contains(&format!("`{name}`")), "{name} is not in docs/findings.md");
    }
}

/// Writes reports to look at: `HANGTU_LOOK=/tmp/look cargo test -p hangtu-examine look -- --ignored`.
#[test]
#[ignore = "writes files for people to look at"]
fn look() {
    let dir = std::env::var("HANGTU_LOOK").expect("HANGTU_LOOK names a folder");
    let dir = std::path::Path::new(&dir);
    for (name, examination) in [
        ("small", sample::small()),
        ("large", sample::large(60, 120)),
        ("giant", sample::large(300, 2_300)),
    ] {
        for language in BOTH {
            let file = |kind: &str| dir.join(format!("{name}-{}.{kind}", language.tag()));
            std::fs::write(file("html"), html(&examination, language)).expect("written");
            std::fs::write(file("sarif"), sarif(&examination, language).to_string())
                .expect("written");
            std::fs::write(file("jsonl"), ocsf(&examination, language)).expect("written");
            let workbook = xlsx(&examination, language).expect("a workbook");
            std::fs::write(file("xlsx"), workbook).expect("written");
        }
    }
}
