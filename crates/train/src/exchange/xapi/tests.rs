use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) fn statement() -> Value {
    json!({
        "id": "fd41c918-b88b-4b20-a0a5-a4c32391aaa0",
        "timestamp": "2026-03-02T09:00:00+08:00",
        "actor": {"objectType": "Agent", "name": "王工",
                  "account": {"homePage": "https://plant.example", "name": "17"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/passed", "display": {"en": "passed"}},
        "object": {
            "objectType": "Activity", "id": "https://plant.example/courses/ransomware",
            "definition": {
                "name": {"zh-CN": "勒索"}, "type": "http://adlnet.gov/expapi/activities/course",
                "interactionType": "choice", "correctResponsesPattern": ["a"],
                "choices": [{"id": "a", "description": {"en": "A"}}],
            },
        },
        "result": {"score": {"scaled": 0.9, "raw": 9, "min": 0, "max": 10},
                   "success": true, "duration": "PT12M3.5S"},
        "context": {
            "registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7",
            "contextActivities": {"parent": {"id": "https://plant.example/track"}},
            "instructor": {"mbox": "mailto:li@plant.example"},
            "team": {"objectType": "Group", "member": [{"openid": "https://a.example/b"}]},
            "language": "zh-CN",
            "extensions": {"https://plant.example/x": null},
        },
    })
}

#[test]
fn a_whole_statement_passes_and_is_found_by_its_facets() {
    let parsed = Statement::parse(&statement(), Version::V1).unwrap();
    let facets = parsed.facets();
    assert_eq!(facets.timestamp.unwrap().to_string(), "2026-03-02T01:00:00Z");
    assert!(facets.agents.contains("account:https://plant.example 17"));
    assert_eq!((facets.agents.len(), facets.related_agents.len()), (1, 3));
    assert_eq!((facets.activities.len(), facets.related_activities.len()), (1, 2));
    let mut stored = parsed.clone();
    let authority = json!({"account": {"homePage": "https://plant.example", "name": "lrs"}});
    let now = "2026-03-02T02:00:00Z".parse().unwrap();
    stored.complete(uuid::Uuid::nil(), now, &authority, Version::V1).unwrap();
    assert_eq!(stored.json()["id"], statement()["id"]);
    assert_eq!(stored.json()["version"], "1.0.3");
    assert!(stored.says_the_same(&parsed));
}

#[test]
fn what_a_store_must_refuse_is_refused_with_its_place() {
    for (pointer, value, place) in [
        ("/id", json!("fd41c918"), "id"),
        ("/id", json!("fd41c918b88b4b20a0a5a4c32391aaa0"), "id"),
        ("/actor", json!({}), "actor"),
        ("/actor", json!({"mbox": "a@b.example"}), "actor.mbox"),
        ("/actor", json!({"mbox": "mailto:a@b", "openid": "https://x"}), "actor.openid"),
        ("/actor", json!({"mbox_sha1sum": "12"}), "actor.mbox_sha1sum"),
        ("/actor", json!({"account": {"name": "17"}}), "actor.account.homePage"),
        ("/actor", json!({"account": {"homePage": "https://x", "name": 17}}), "actor.account.name"),
        ("/actor", json!({"objectType": "Group"}), "actor.member"),
        (
            "/actor",
            json!({"objectType": "Group", "member": [
            {"objectType": "Group", "mbox": "mailto:a@b"}]}),
            "actor.member[0]",
        ),
        ("/actor/name", json!(17), "actor.name"),
        ("/verb", json!({"display": {"en": "x"}}), "verb.id"),
        ("/verb/id", json!("passed"), "verb.id"),
        ("/verb/display", json!({"not a tag": "x"}), "verb.display"),
        ("/verb/id", json!(VOIDED), "object"),
        ("/object/id", json!("x"), "object.id"),
        ("/object/objectType", json!("Thing"), "object.objectType"),
        ("/object/definition/type", json!("course"), "object.definition.type"),
        ("/object/definition/interactionType", json!("guess"), "object.definition.interactionType"),
        ("/object/definition/interactionType", json!("likert"), "object.definition.choices"),
        (
            "/object/definition/choices",
            json!([{"id": "a"}, {"id": "a"}]),
            "object.definition.choices[1].id",
        ),
        (
            "/object",
            json!({"objectType": "SubStatement", "actor": {"mbox": "mailto:a@b"},
            "verb": {"id": "https://x/y"}, "object": {"objectType": "SubStatement"}}),
            "object.object",
        ),
        ("/object", json!({"objectType": "SubStatement", "id": "x"}), "object.id"),
        ("/object", json!({"objectType": "StatementRef", "id": "x"}), "object.id"),
        ("/result/score/scaled", json!(1.1), "result.score.scaled"),
        ("/result/score/scaled", json!("1"), "result.score.scaled"),
        ("/result/score/raw", json!(11), "result.score.raw"),
        ("/result/score/max", json!(0), "result.score.max"),
        ("/result/success", json!("true"), "result.success"),
        ("/result/duration", json!("12 minutes"), "result.duration"),
        ("/result/success", Value::Null, "result.success"),
        ("/context/registration", json!("x"), "context.registration"),
        ("/context/team", json!({"mbox": "mailto:a@b.example"}), "context.team"),
        ("/context/language", json!("c"), "context.language"),
        ("/context/extensions", json!({"x": 1}), "context.extensions"),
        ("/context/contextActivities", json!({"friend": []}), "context.contextActivities.friend"),
        ("/timestamp", json!("yesterday"), "timestamp"),
        ("/timestamp", json!("2026-03-02T09:00:00-00:00"), "timestamp"),
    ] {
        let mut bad = statement();
        *bad.pointer_mut(pointer).unwrap() = value;
        let refused = Statement::parse(&bad, Version::V1).unwrap_err();
        assert_eq!(refused.place, place, "{pointer}: {refused}");
    }
    for (name, value) in [
        ("extra", json!(1)),
        ("version", json!("0.95")),
        ("authority", json!({"objectType": "Group", "member": [{"mbox": "mailto:a@b"}]})),
        (
            "attachments",
            json!([{"usageType": "https://x/y", "display": {}, "contentType": "x",
                                "length": 1, "sha2": "00"}]),
        ),
    ] {
        let mut bad = statement();
        bad[name] = value;
        assert!(Statement::parse(&bad, Version::V1).is_err(), "{name}");
    }
    // Revision and platform belong to activities.
    let mut about = statement();
    about["object"] = json!({"objectType": "Agent", "mbox": "mailto:a@b.example"});
    about["context"]["platform"] = json!("x");
    assert_eq!(Statement::parse(&about, Version::V1).unwrap_err().place, "context.platform");
    // Agents of the context are of version 2.0.
    let mut new = statement();
    new["context"]["contextAgents"] =
        json!([{"objectType": "contextAgent", "agent": {"mbox": "mailto:a@b.example"}}]);
    assert!(Statement::parse(&new, Version::V2).is_ok());
    assert!(Statement::parse(&new, Version::V1).is_err());
    let mut local = statement();
    local["timestamp"] = json!("2026-03-02T09:00:00");
    assert!(Statement::parse(&local, Version::V1).is_ok());
    assert!(Statement::parse(&local, Version::V2).is_err());
}

#[test]
fn the_same_said_otherwise_is_the_same() {
    let a = Statement::parse(&statement(), Version::V1).unwrap();
    let mut other = statement();
    other["timestamp"] = json!("2026-03-02T01:00:00Z");
    other["verb"]["display"] = json!({"en": "did pass"});
    other["object"].as_object_mut().unwrap().remove("objectType");
    other["object"].as_object_mut().unwrap().remove("definition");
    other["context"]["contextActivities"]["parent"] =
        json!([{"id": "https://plant.example/track"}]);
    other["id"] = json!("FD41C918-B88B-4B20-A0A5-A4C32391AAA0");
    assert!(a.says_the_same(&Statement::parse(&other, Version::V1).unwrap()));
    other["result"]["duration"] = json!("PT12M3.509S");
    assert!(a.says_the_same(&Statement::parse(&other, Version::V1).unwrap()));
    other["result"]["success"] = json!(false);
    assert!(!a.says_the_same(&Statement::parse(&other, Version::V1).unwrap()));
}

#[test]
fn forms() {
    for good in ["PT0S", "P1Y2M3DT4H5M6S", "PT1.5H", "P3W", "PT36H", "P1DT0,5S"] {
        assert!(is_duration(good), "{good}");
    }
    for bad in ["", "P", "PT", "1H", "PT1.5H3M", "P1H", "PT1D", "P1M1Y", "P-1D", "PTS", "P1.5DT1H"]
    {
        assert!(!is_duration(bad), "{bad}");
    }
    for (text, fine) in
        [("en", true), ("zh-Hans-CN", true), ("x-own", true), ("e", false), ("en_US", false)]
    {
        assert_eq!(is_language_tag(text), fine, "{text}");
    }
    assert_eq!(Version::parse("1.0.9"), Some(Version::V1));
    assert_eq!(Version::parse("2.0.0"), Some(Version::V2));
    assert_eq!(Version::parse("0.9"), None);
}

/// Any JSON.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z]{1,9}", inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_it_panic(value in any_json(), at in any::<prop::sample::Index>()) {
        let _ = Statement::parse(&value, Version::V2);
        let pointers = ["/actor", "/verb", "/object", "/result", "/context", "/object/definition",
            "/context/contextActivities", "/timestamp", "/actor/account"];
        let mut changed = statement();
        *changed.pointer_mut(pointers[at.index(pointers.len())]).unwrap() = value.clone();
        if let Ok(statement) = Statement::parse(&changed, Version::V1) {
            prop_assert!(statement.says_the_same(&statement));
        }
        let _ = agent_key(&value);
    }
}
