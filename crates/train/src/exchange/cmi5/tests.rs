use super::*;
use crate::exchange::{
    Limits, Package, PackageError,
    xapi::{Statement, Version},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::Write;
use uuid::Uuid;

pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        out.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

pub(crate) const LIMITS: Limits = Limits { bytes: 4 << 20, files: 20 };

/// Of the structure of the specification's own examples (simple, complex), our words.
const XML: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<courseStructure xmlns="https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd" xmlns:x="https://vendor.example">
  <course id="https://maker.example/c">
    <title><langstring lang="en-US">Kilns</langstring><langstring lang="zh-CN">回转窑</langstring></title>
    <description><langstring lang="en-US">About
      kilns</langstring></description>
    <x:extra>1</x:extra>
  </course>
  <objectives><objective id="https://maker.example/o">
    <title><langstring lang="en">Know</langstring></title><description><langstring>d</langstring></description>
  </objective></objectives>
  <block id="https://maker.example/b">
    <title><langstring lang="en">B</langstring></title><description><langstring lang="en">b</langstring></description>
    <objectives><objective idref="https://maker.example/o"/></objectives>
    <au id="https://maker.example/a1" moveOn="CompletedAndPassed" masteryScore="0.8" launchMethod="OwnWindow">
      <title><langstring lang="en">A1</langstring></title><description><langstring lang="en">a</langstring></description>
      <url>a1/index.html?x=1</url><launchParameters>p</launchParameters>
    </au>
  </block>
  <au id="https://maker.example/a2">
    <title><langstring lang="en">A2</langstring></title><description><langstring lang="en">a</langstring></description>
    <url>https://maker.example/a2.html</url>
  </au>
</courseStructure>"#;

fn course(xml: &str) -> Result<CourseStructure, Cmi5Error> {
    let bytes = zip(&[("cmi5.xml", xml.as_bytes()), ("a1/index.html", b"<html>")]);
    CourseStructure::of_package(&mut Package::open(&bytes, LIMITS).unwrap())
}

#[test]
fn a_package_is_read_and_a_bad_one_refused_with_its_line() {
    let read = course(XML).unwrap();
    assert_eq!(read.title[1], ("zh-CN".into(), "回转窑".into()));
    assert_eq!(read.description[0].1, "About kilns");
    let units = read.units();
    assert_eq!((units.len(), units[0].url.as_str()), (2, "a1/index.html?x=1"));
    assert_eq!(units[0].move_on, MoveOn::CompletedAndPassed);
    assert_eq!(units[0].mastery_score, Some(0.8));
    let Item::Block(block) = &read.items[0] else { panic!() };
    assert_eq!(block.objectives, ["https://maker.example/o"]);
    for (from, to, says) in [
        ("masteryScore=\"0.8\"", "masteryScore=\"8\"", "line 15: masteryScore"),
        ("moveOn=\"CompletedAndPassed\"", "moveOn=\"Soon\"", "moveOn"),
        ("a1/index.html", "../index.html", "url"),
        ("https://maker.example/a2.html", "javascript:alert(1)", "url"),
        ("id=\"https://maker.example/a2\"", "id=\"https://maker.example/b\"", "stands twice"),
        ("id=\"https://maker.example/a2\"", "id=\"a2\"", "IRI"),
        ("idref=\"https://maker.example/o\"", "idref=\"https://x/y\"", "no objective"),
        ("v1/CourseStructure", "v0/CourseStructure", "no courseStructure"),
        ("<x:extra>1</x:extra>", "<x:extra>", "line"),
        ("<courseStructure", "<!DOCTYPE c [<!ENTITY a \"b\">]><courseStructure", "DTD"),
        ("<au id=\"https://maker.example/a2\">", "<aux id=\"https://maker.example/a2\">", "line"),
    ] {
        let error = course(&XML.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.starts_with("cmi5.xml, line ") && error.contains(says), "{from}: {error}");
    }
    assert!(CourseStructure::of_xml(XML.as_bytes()).is_err());
    let deep = "<a>".repeat(200_000);
    assert!(CourseStructure::of_xml(deep.as_bytes()).is_err());
}

#[test]
fn packages_are_bounded() {
    let open = |files: &[(&str, &[u8])]| Package::open(&zip(files), LIMITS).map(|_| ());
    assert_eq!(open(&[("a/../../b", b"x")]), Err(PackageError::Name("a/../../b".into())));
    assert!(matches!(open(&[("C:x", b"x")]), Err(PackageError::Name(_))));
    assert!(matches!(open(&[("a", b"x"), ("A", b"x")]), Err(PackageError::Name(_))));
    assert_eq!(open(&[("a", &vec![0; 5 << 20])]), Err(PackageError::TooLarge(4 << 20)));
    let names: Vec<String> = (0..21).map(|n| n.to_string()).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), b"" as &[u8])).collect();
    assert_eq!(open(&many), Err(PackageError::TooMany(20)));
    assert!(matches!(Package::open(b"PK", LIMITS).err(), Some(PackageError::Form)));
    // A header that lies about the size: found in the central directory, shrunk to nothing.
    let mut lying = zip(&[("a", &vec![0; 3 << 20]), ("b", &vec![0; 3 << 19])]);
    for size in [3u32 << 20, 3 << 19] {
        while let Some(at) = lying.windows(4).position(|w| w == size.to_le_bytes()) {
            lying[at..at + 4].copy_from_slice(&9u32.to_le_bytes());
        }
    }
    if let Ok(mut package) = Package::open(&lying, LIMITS) {
        let read = package.read("a").and_then(|_| package.read("b"));
        assert!(read.is_err());
    }
}

fn launch() -> Launch {
    Launch {
        activity: "https://plant.example/xapi/au/1".into(),
        actor: json!({"objectType": "Agent",
                      "account": {"homePage": "https://plant.example", "name": "17"}}),
        registration: Uuid::from_u128(1),
        session: Uuid::from_u128(2),
        mode: LaunchMode::Normal,
        endpoint: "https://plant.example/xapi/".into(),
        fetch: "https://plant.example/fetch?k=1".into(),
        return_url: Some("https://plant.example/back".into()),
    }
}

#[test]
fn a_launch_says_what_the_unit_needs() {
    let read = course(XML).unwrap();
    let unit = read.units()[0];
    let url = launch_url("https://plant.example/a1/index.html?x=1#top", &launch()).unwrap();
    assert!(url.starts_with("https://plant.example/a1/index.html?x=1&endpoint=https%3A%2F%2F"));
    assert!(url.contains("&actor=%7B%22objectType%22") && url.ends_with("au%2F1#top"), "{url}");
    assert!(launch_url("https://x/?", &launch()).unwrap().starts_with("https://x/?endpoint="));
    assert_eq!(launch_url("https://x/?fetch=1", &launch()), Err(LaunchError::Collision("fetch")));
    let data = launch_data(unit, &launch());
    assert_eq!(data["masteryScore"], 0.8);
    assert_eq!(data["moveOn"], "CompletedAndPassed");
    assert_eq!(data["contextTemplate"]["contextActivities"]["grouping"][0]["id"], unit.id);
    let now = "2026-03-02T01:00:00Z".parse().unwrap();
    let (ours, publisher) = ("https://plant.example/xapi/block/1", "https://maker.example/b");
    for word in [
        OurWord::Launched("https://plant.example/a1/index.html?x=1"),
        OurWord::Abandoned("PT5M"),
        OurWord::Waived("Administrative"),
        OurWord::SatisfiedBlock { ours, publisher },
        OurWord::SatisfiedCourse { ours, publisher },
    ] {
        let said = said_by_us(word, unit, &launch(), Uuid::from_u128(9), now);
        Statement::parse(&said, Version::V1).unwrap();
    }
}

fn says(verb: &str, minute: u8, result: Value) -> Statement {
    let counts = [verb::COMPLETED, verb::PASSED, verb::FAILED].contains(&verb);
    let mut category = vec![json!({"id": CATEGORY})];
    if counts {
        category.push(json!({"id": CATEGORY_MOVE_ON}));
    }
    let mut value = json!({
        "id": Uuid::from_u128(u128::from(minute) + 100).to_string(),
        "actor": launch().actor, "verb": {"id": verb},
        "object": {"id": launch().activity},
        "timestamp": format!("2026-03-02T01:{minute:02}:00Z"),
        "context": {
            "registration": launch().registration.to_string(),
            "contextActivities": {"category": category, "grouping": [{"id": "https://maker.example/a1"}]},
            "extensions": {SESSION_ID: launch().session.to_string()},
        },
    });
    if !result.is_null() {
        value["result"] = result;
    }
    Statement::parse(&value, Version::V1).unwrap()
}

fn other(minute: u8) -> Statement {
    let mut value = Value::Object(
        says("http://adlnet.gov/expapi/verbs/experienced", minute, Value::Null).json().clone(),
    );
    value["context"]["contextActivities"].as_object_mut().unwrap().remove("category");
    Statement::parse(&value, Version::V1).unwrap()
}

#[test]
fn a_session_holds_to_the_order_of_verbs() {
    let read = course(XML).unwrap();
    let unit = read.units()[0];
    let passed = || json!({"success": true, "duration": "PT1M", "score": {"scaled": 0.8}});
    let failed = json!({"success": false, "duration": "PT1M"});
    let completed = || json!({"completion": true, "duration": "PT1M"});
    let ended = json!({"duration": "PT9M"});
    let mut progress = Progress::default();
    let mut session = Session::new(unit, &launch());
    let mut take = |s: &mut Session, statement: &Statement| s.take(statement, &mut progress);
    assert_eq!(take(&mut session, &other(0)), Err(Rejected::NotInitialized));
    assert_eq!(
        take(&mut session, &says(verb::COMPLETED, 0, completed())),
        Err(Rejected::NotInitialized)
    );
    assert_eq!(take(&mut session, &says(verb::INITIALIZED, 1, Value::Null)), Ok(Accepted::Defined));
    assert!(matches!(
        take(&mut session, &says(verb::INITIALIZED, 2, Value::Null)),
        Err(Rejected::Again(_))
    ));
    assert_eq!(take(&mut session, &other(2)), Ok(Accepted::Allowed));
    assert_eq!(take(&mut session, &other(1)), Err(Rejected::Time));
    let low = json!({"success": true, "duration": "PT1M", "score": {"scaled": 0.79}});
    assert!(matches!(take(&mut session, &says(verb::PASSED, 3, low)), Err(Rejected::Result(_))));
    assert!(matches!(
        take(&mut session, &says(verb::PASSED, 3, json!({"success": true}))),
        Err(Rejected::Result(_))
    ));
    assert_eq!(take(&mut session, &says(verb::PASSED, 3, passed())), Ok(Accepted::Defined));
    assert_eq!(
        take(&mut session, &says(verb::FAILED, 4, failed.clone())),
        Err(Rejected::Contradiction)
    );
    assert!(matches!(
        take(&mut session, &says(verb::SATISFIED, 4, Value::Null)),
        Err(Rejected::OursAlone(_))
    ));
    assert_eq!(
        take(&mut session, &says(verb::TERMINATED, 5, ended.clone())),
        Ok(Accepted::Defined)
    );
    assert_eq!(take(&mut session, &other(6)), Err(Rejected::Ended));
    assert!(!session.abandon());
    assert!(progress.passed && !progress.completed);
    assert_eq!(satisfied(&read, &|_| progress), [] as [String; 0]);

    // A second session under the same registration.
    let mut second = Session::new(unit, &launch());
    second.take(&says(verb::INITIALIZED, 1, Value::Null), &mut progress).unwrap();
    assert!(matches!(
        second.take(&says(verb::PASSED, 2, passed()), &mut progress),
        Err(Rejected::Again(_))
    ));
    assert_eq!(
        second.take(&says(verb::FAILED, 2, failed), &mut progress),
        Err(Rejected::Contradiction)
    );
    second.take(&says(verb::COMPLETED, 2, completed()), &mut progress).unwrap();
    assert_eq!(
        satisfied(&read, &|_| progress),
        ["https://maker.example/b", "https://maker.example/c"]
    );
    assert!(second.abandon() && !second.abandon());
    assert_eq!(second.take(&other(6), &mut progress), Err(Rejected::Ended));
    let waived = Progress { waived: true, ..Progress::default() };
    assert_eq!(satisfied(&read, &|_| waived).len(), 2);

    // In other modes nothing counts; statements about others are not taken.
    let mut second_launch = launch();
    second_launch.mode = LaunchMode::Browse;
    let mut browse = Session::new(unit, &second_launch);
    browse.take(&says(verb::INITIALIZED, 1, Value::Null), &mut progress).unwrap();
    assert_eq!(
        browse.take(&says(verb::COMPLETED, 2, completed()), &mut Progress::default()),
        Err(Rejected::Mode)
    );
    second_launch.session = Uuid::from_u128(3);
    let mut foreign = Session::new(unit, &second_launch);
    assert_eq!(
        foreign.take(&says(verb::INITIALIZED, 1, Value::Null), &mut progress),
        Err(Rejected::Other("session"))
    );
    let text = serde_json::to_string(&session).unwrap();
    assert_eq!(serde_json::from_str::<Session>(&text).unwrap(), session);
}

proptest! {
    #[test]
    fn mutated_packages_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut xml = XML.as_bytes().to_vec();
        let mut packed = zip(&[("cmi5.xml", XML.as_bytes()), ("a1/index.html", b"<html>")]);
        for (at, byte) in &changes {
            let n = at.index(xml.len());
            xml[n] = *byte;
            let n = at.index(packed.len());
            packed[n] = *byte;
        }
        let _ = CourseStructure::of_xml(&xml);
        if let Ok(mut package) = Package::open(&packed, LIMITS) {
            let _ = CourseStructure::of_package(&mut package);
        }
    }
}
