use super::*;
use crate::exchange::xapi::{Statement, VOIDED, Version, tests::statement};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};
use uuid::Uuid;

/// The store in memory never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("waits"),
    }
}

fn at(minute: i64) -> Timestamp {
    "2026-03-02T02:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

fn authority() -> Value {
    json!({"account": {"homePage": "https://plant.example", "name": "lrs"}})
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn simple(n: u128, who: &str, verb: &str, object: &Value) -> Value {
    json!({"id": id(n).to_string(), "actor": {"mbox": format!("mailto:{who}@plant.example")},
           "verb": {"id": format!("https://plant.example/{verb}")}, "object": object})
}

fn course(n: u8) -> Value {
    json!({"id": format!("https://plant.example/c{n}")})
}

fn reference(n: u128) -> Value {
    json!({"objectType": "StatementRef", "id": id(n).to_string()})
}

fn put(store: &mut Memory, all: &Value, minute: i64) -> Result<Vec<Uuid>, Refusal> {
    let batch = parse_batch(all.to_string().as_bytes(), Version::V1, None)?;
    let mut next = 1000;
    let mut fresh = || {
        next += 1;
        id(next)
    };
    let authority = authority();
    let stored = store_batch(store, batch, &authority, Version::V1, at(minute), &mut fresh);
    ready(stored).map_err(|e| match e {
        StoreOrRefusal::Refusal(r) => r,
        StoreOrRefusal::Store(never) => match never {},
    })
}

fn parameters(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

fn get(store: &mut Memory, all: &[(&str, &str)]) -> Result<Answer, Refusal> {
    let query = Query::parse(&parameters(all))?;
    ready(get_statements(store, &query, "/xapi/statements", "zh-CN, en;q=0.5")).map_err(|e| match e
    {
        StoreOrRefusal::Refusal(r) => r,
        StoreOrRefusal::Store(never) => match never {},
    })
}

/// The numbers of the statements found, and whether there is more.
fn found(store: &mut Memory, all: &[(&str, &str)]) -> (Vec<u128>, String) {
    let json = get(store, all).unwrap().json;
    let number = |s: &Value| s["id"].as_str().unwrap().parse::<Uuid>().unwrap().as_u128();
    let ids = json["statements"].as_array().unwrap().iter().map(number).collect();
    (ids, json["more"].as_str().unwrap().to_owned())
}

#[test]
fn putting_again_changes_nothing_and_conflicts_are_told() {
    let mut store = Memory::default();
    assert_eq!(
        put(&mut store, &json!([simple(1, "a", "v", &course(1)), statement()]), 0).unwrap().len(),
        2
    );
    let before = get(&mut store, &[("statementId", &id(1).to_string())]).unwrap();
    assert_eq!(before.json["stored"], at(0).to_string());
    assert_eq!(before.json["authority"], authority());
    assert_eq!(put(&mut store, &simple(1, "a", "v", &course(1)), 5).unwrap(), [id(1)]);
    assert_eq!(get(&mut store, &[("statementId", &id(1).to_string())]).unwrap(), before);
    // One conflict refuses the batch.
    let batch = json!([simple(2, "a", "v", &course(1)), simple(1, "b", "v", &course(1))]);
    assert_eq!(put(&mut store, &batch, 6).unwrap_err().status, 409);
    assert_eq!(store.len(), 2);
    let twice = json!([simple(3, "a", "v", &course(1)), simple(3, "a", "v", &course(1))]);
    assert_eq!(put(&mut store, &twice, 6).unwrap_err().status, 400);
    let mut without = simple(4, "a", "v", &course(1));
    without.as_object_mut().unwrap().remove("id");
    assert_eq!(put(&mut store, &without, 6).unwrap(), [id(1001)]);
    let parse = |body: &[u8], put| parse_batch(body, Version::V1, put);
    assert_eq!(
        parse(without.to_string().as_bytes(), Some(id(9))).unwrap()[0].facets().id,
        Some(id(9))
    );
    let other = simple(1, "a", "v", &course(1)).to_string();
    assert!(parse(other.as_bytes(), Some(id(9))).is_err());
    assert!(parse(b"[]", Some(id(9))).is_err() && parse(b"{\"id\":1,\"id\":1}", None).is_err());
    let many = vec![without; MAX_BATCH + 1];
    assert_eq!(parse(json!(many).to_string().as_bytes(), None).unwrap_err().status, 413);
}

#[test]
fn voided_statements_are_seen_only_when_asked_for() {
    let mut store = Memory::default();
    put(&mut store, &simple(1, "a", "v", &course(1)), 0).unwrap();
    let void = |n, target| {
        let mut s = simple(n, "admin", "x", &reference(target));
        s["verb"]["id"] = json!(VOIDED);
        s
    };
    put(&mut store, &void(2, 1), 1).unwrap();
    // A voiding statement cannot be voided.
    put(&mut store, &void(3, 2), 2).unwrap();
    let status = |r: Result<Answer, Refusal>| r.map_or_else(|e| e.status, |_| 200);
    let (one, two) = (id(1).to_string(), id(2).to_string());
    assert_eq!(status(get(&mut store, &[("statementId", &one)])), 404);
    assert_eq!(status(get(&mut store, &[("voidedStatementId", &one)])), 200);
    assert_eq!(status(get(&mut store, &[("statementId", &two)])), 200);
    assert_eq!(status(get(&mut store, &[("voidedStatementId", &two)])), 404);
    assert_eq!(found(&mut store, &[]).0, [3, 2]);
    // Those that refer to it still match as it would.
    assert_eq!(found(&mut store, &[("agent", "{\"mbox\":\"mailto:a@plant.example\"}")]).0, [3, 2]);
}

#[test]
fn queries_find_what_they_should() {
    let mut store = Memory::default();
    let sub = json!({"objectType": "SubStatement", "actor": {"mbox": "mailto:c@plant.example"},
                     "verb": {"id": "https://plant.example/v"}, "object": course(9)});
    put(&mut store, &simple(1, "a", "v", &course(1)), 1).unwrap();
    put(&mut store, &simple(2, "b", "w", &course(2)), 2).unwrap();
    put(&mut store, &simple(3, "b", "w", &reference(1)), 3).unwrap();
    put(&mut store, &simple(4, "d", "w", &reference(3)), 4).unwrap();
    put(&mut store, &simple(5, "d", "plan", &sub), 5).unwrap();
    put(
        &mut store,
        &simple(6, "d", "met", &json!({"objectType": "Agent", "mbox": "mailto:a@plant.example"})),
        6,
    )
    .unwrap();
    put(&mut store, &statement(), 7).unwrap();
    let own = 0xfd41_c918_b88b_4b20_a0a5_a4c3_2391_aaa0_u128;
    let agent = |who: &str| format!("{{\"mbox\":\"mailto:{who}@plant.example\"}}");
    let (a, c, li) = (agent("a"), agent("c"), agent("li"));
    let time = |minute| at(minute).to_string();
    for (query, wanted) in [
        (vec![("agent", a.as_str())], vec![6, 4, 3, 1]),
        (vec![("verb", "https://plant.example/v")], vec![4, 3, 1]),
        (vec![("verb", "https://plant.example/w"), ("agent", &a)], vec![]),
        (vec![("activity", "https://plant.example/c9")], vec![]),
        (vec![("activity", "https://plant.example/c9"), ("related_activities", "true")], vec![5]),
        (
            vec![("activity", "https://plant.example/track"), ("related_activities", "true")],
            vec![own],
        ),
        (vec![("agent", &c)], vec![]),
        (vec![("agent", &c), ("related_agents", "true")], vec![5]),
        (vec![("agent", &li), ("related_agents", "true")], vec![own]),
        (vec![("registration", "ec531277-b57b-4c15-8d91-d292c5b2b8f7")], vec![own]),
        (vec![("since", &time(5))], vec![own, 6]),
        (vec![("until", &time(2)), ("ascending", "true")], vec![1, 2]),
        (vec![("since", &time(3)), ("agent", &a)], vec![6, 4]),
    ] {
        assert_eq!(found(&mut store, &query).0, wanted, "{query:?}");
    }
    // Pages: no statement twice or never, though others come in between.
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut query = vec![("limit", "2"), ("agent", a.as_str())];
        if !cursor.is_empty() {
            query.push(("cursor", &cursor));
        }
        let (ids, more) = found(&mut store, &query);
        seen.extend(ids);
        put(&mut store, &simple(100 + seen.len() as u128, "a", "v", &course(1)), 9).unwrap();
        if more.is_empty() {
            break;
        }
        assert!(
            more.starts_with("/xapi/statements?cursor=") && more.contains("&agent=%7B"),
            "{more}"
        );
        cursor = more.split(['=', '&']).nth(1).unwrap().to_owned();
    }
    assert_eq!(seen, [6, 4, 3, 1]);
    for bad in [
        vec![("agent", "{}")],
        vec![("agent", "x")],
        vec![("verb", "v")],
        vec![("limit", "-1")],
        vec![("ascending", "1")],
        vec![("since", "now")],
        vec![("format", "all")],
        vec![("unknown", "1")],
        vec![("limit", "1"), ("limit", "2")],
        vec![("statementId", "x")],
        vec![("statementId", "ec531277-b57b-4c15-8d91-d292c5b2b8f7"), ("limit", "1")],
        vec![
            ("statementId", "ec531277-b57b-4c15-8d91-d292c5b2b8f7"),
            ("voidedStatementId", "ec531277-b57b-4c15-8d91-d292c5b2b8f7"),
        ],
    ] {
        assert_eq!(Query::parse(&parameters(&bad)).unwrap_err().status, 400, "{bad:?}");
    }
}

#[test]
fn formats_leave_out_what_they_should() {
    let mut store = Memory::default();
    put(&mut store, &statement(), 0).unwrap();
    let one = statement()["id"].as_str().unwrap().to_owned();
    let mut render =
        |format| get(&mut store, &[("statementId", &one), ("format", format)]).unwrap().json;
    let ids = render("ids");
    assert_eq!(ids["object"], json!({"id": "https://plant.example/courses/ransomware"}));
    assert!(ids["actor"]["name"].is_null() && ids["verb"]["display"].is_null());
    assert_eq!(ids["context"]["team"]["member"][0], json!({"openid": "https://a.example/b"}));
    let exact = render("exact");
    assert_eq!(exact["object"], statement()["object"]);
    let canonical = render("canonical");
    assert_eq!(canonical["object"]["definition"]["name"], json!({"zh-CN": "勒索"}));
}

#[test]
fn documents_keep_two_writers_apart() {
    let doc = |text: &str| Document {
        content_type: "application/json".into(),
        bytes: text.as_bytes().to_vec(),
        updated: at(0),
    };
    let old = doc("{\"x\":\"foo\",\"y\":{\"a\":1}}");
    let list = doc("[]");
    let none = Conditions::default();
    let status = |r: Result<Document, Refusal>| r.map_or_else(|e| e.status, |_| 204);
    let (state, profile) = (Resource::State, Resource::AgentProfile);
    let json_type = "application/json; charset=utf-8";
    let put = |r, existing, c| merge(r, Method::Put, existing, "text/plain", b"hi", c, at(1));
    assert_eq!(etag(b"abc"), "\"a9993e364706816aba3e25717850c26c9cd0d89d\"");
    assert_eq!(status(put(state, Some(&old), none)), 204);
    let second = Conditions { version: Version::V2, ..none };
    assert_eq!(status(put(state, Some(&old), second)), 409);
    assert_eq!(status(put(state, None, second)), 204);
    assert_eq!(status(put(profile, None, none)), 400);
    assert_eq!(status(put(profile, Some(&old), none)), 409);
    let tag = etag(&old.bytes);
    let matching = Conditions { if_match: Some(&tag), ..none };
    let stale = Conditions { if_match: Some("\"00\""), ..none };
    let fresh = Conditions { if_none_match: Some("*"), ..none };
    assert_eq!(status(put(profile, Some(&old), matching)), 204);
    assert_eq!(status(put(profile, Some(&old), stale)), 412);
    assert_eq!(status(put(profile, None, matching)), 412);
    assert_eq!(status(put(profile, None, fresh)), 204);
    assert_eq!(status(put(profile, Some(&old), fresh)), 412);
    assert_eq!(check_delete(Some(&old), stale).unwrap_err().status, 412);

    let post = |existing, kind, text: &str| {
        merge(state, Method::Post, existing, kind, text.as_bytes(), none, at(1))
    };
    let merged = post(Some(&old), json_type, "{\"y\":2,\"z\":3}").unwrap();
    assert_eq!(String::from_utf8(merged.bytes).unwrap(), "{\"x\":\"foo\",\"y\":2,\"z\":3}");
    assert_eq!(status(post(Some(&old), "text/plain", "{}")), 400);
    assert_eq!(status(post(Some(&old), json_type, "[]")), 400);
    assert_eq!(status(post(Some(&list), json_type, "{}")), 400);
    assert_eq!(status(post(None, json_type, "{")), 400);
    assert_eq!(status(post(None, "text/plain", "hi")), 204);

    let key = |r, m, all: &[(&str, &str)]| DocumentKey::parse(r, m, &parameters(all));
    let agent = ("agent", "{\"openid\":\"https://a.example\"}");
    let (activity, one) = (("activityId", "https://a.example/x"), ("stateId", "s"));
    let (found, wanted) = key(state, Method::Put, &[agent, activity, one]).unwrap();
    assert_eq!(
        (found.agent.as_deref(), wanted),
        (Some("openid:https://a.example"), Wanted::One("s".into()))
    );
    assert!(key(state, Method::Delete, &[agent, activity]).is_ok());
    assert!(key(state, Method::Put, &[agent, activity]).is_err());
    assert!(key(state, Method::Get, &[agent, one]).is_err());
    assert!(key(profile, Method::Delete, &[agent]).is_err());
    assert!(key(profile, Method::Get, &[agent, ("since", "2026-03-02T00:00:00Z")]).is_ok());
    assert!(key(profile, Method::Get, &[agent, activity]).is_err());
    assert!(key(Resource::ActivityProfile, Method::Get, &[("activityId", "x")]).is_err());
}

#[test]
fn persons_and_activities_are_told() {
    let (a, b) = (
        json!({"mbox": "mailto:a@plant.example", "name": "A"}),
        json!({"openid": "https://a.example", "name": "A"}),
    );
    assert_eq!(
        person(&a, &[b]).unwrap(),
        json!({"objectType": "Person", "name": ["A"], "mbox": ["mailto:a@plant.example"], "openid": ["https://a.example"]})
    );
    assert_eq!(person(&json!({"name": "A"}), &[]).unwrap_err().status, 400);
    assert_eq!(
        activity("https://plant.example/x", Some(&json!({"type": "https://x/y"}))).unwrap()["definition"]
            ["type"],
        "https://x/y"
    );
    assert!(activity("x", None).is_err());
}

const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn attachments_travel_with_their_statements() {
    let mut with = simple(1, "a", "v", &course(1));
    with["attachments"] = json!([{"usageType": "https://plant.example/signature",
        "display": {"en": "x"}, "contentType": "text/plain", "length": 3, "sha2": HASH}]);
    let part = Part { content_type: "text/plain".into(), bytes: b"abc".to_vec() };
    let parts = BTreeMap::from([(HASH.to_owned(), part)]);
    let (kind, body) = write_multipart(with.to_string().as_bytes(), &parts, "b0undary");
    let read = read_multipart(&kind, &body).unwrap();
    assert_eq!(
        (&read.attachments, read.statements.as_slice()),
        (&parts, with.to_string().as_bytes())
    );
    let batch = parse_batch(&read.statements, Version::V1, None).unwrap();
    let belongs = |parts: &BTreeMap<String, Part>, batch: &[Statement], kept: bool| {
        Multipart::belongs(parts, batch, &|_| kept).is_ok()
    };
    assert!(belongs(&parts, &batch, false));
    assert!(!belongs(&BTreeMap::new(), &batch, false));
    assert!(belongs(&BTreeMap::new(), &batch, true));
    assert!(!belongs(&parts, &[], false));
    let changed = String::from_utf8(body.clone()).unwrap().replace("abc", "abd");
    assert!(read_multipart(&kind, changed.as_bytes()).is_err());
    for bad in ["multipart/mixed", "multipart/mixed; boundary=other"] {
        assert!(read_multipart(bad, &body).is_err());
    }
    let mut store = Memory::default();
    put(&mut store, &with, 0).unwrap();
    let answer = get(&mut store, &[("attachments", "true")]).unwrap();
    assert_eq!(answer.attachments[0].sha2, HASH);
    assert!(get(&mut store, &[]).unwrap().attachments.is_empty());
}

proptest! {
    #[test]
    fn mutated_requests_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        parameter in "[a-zA-Z]{1,12}", value in "[ -~]{0,30}",
    ) {
        let part = Part { content_type: "text/plain".into(), bytes: b"abc".to_vec() };
        let parts = BTreeMap::from([(HASH.to_owned(), part)]);
        let (kind, mut body) = write_multipart(statement().to_string().as_bytes(), &parts, "b");
        for (at, byte) in &changes {
            let n = at.index(body.len());
            body[n] = *byte;
        }
        if let Ok(read) = read_multipart(&kind, &body) {
            let _ = parse_batch(&read.statements, Version::V1, None);
        }
        let all = parameters(&[(&parameter, &value), ("agent", &value)]);
        let _ = Query::parse(&all);
        let _ = DocumentKey::parse(Resource::State, Method::Get, &all);
    }
}
