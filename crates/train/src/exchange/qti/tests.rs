use super::*;
use crate::{
    exchange::{Limits, Package, cmi5::tests::zip},
    fixture,
};
use hangtu_catalog::{Language, Marking, MultipleRule, OrderRule, course::Kind};
use proptest::prelude::*;

const RULE: Marking =
    Marking { multiple: MultipleRule::SharesLessWrong, order: OrderRule::AdjacentPairs };
const LIMITS: Limits = Limits { bytes: 4 << 20, files: 100 };

#[test]
fn our_bank_goes_out_and_comes_back() {
    let course = &fixture::courses()[0];
    for language in Language::ALL {
        let bytes = write_package(course, language, RULE).unwrap();
        assert_eq!(bytes, write_package(course, language, RULE).unwrap());
        let report = read_package(&mut Package::open(&bytes, LIMITS).unwrap()).unwrap();
        assert_eq!(report.rows.len(), 12);
        assert_eq!(report.questions().count(), 12, "{report:?}");
        for read in report.questions() {
            let ours = course.question(&read.identifier).unwrap();
            assert_eq!(
                (read.kind, read.question.as_str()),
                (ours.kind, ours.question.get(language))
            );
            assert_eq!(read.why, ours.why.get(language));
            assert_eq!(read.language.as_deref(), Some(language.tag()));
            let texts: Vec<&str> = read.options.iter().map(|o| o.text.as_str()).collect();
            assert!(texts.iter().copied().eq(ours.options.iter().map(|o| o.text.get(language))));
            assert!(read.options.iter().map(|o| o.right).eq(ours.options.iter().map(|o| o.right)));
        }
    }
    let multiple = course.bank().find(|q| q.kind == Kind::Multiple).unwrap();
    let item = write_item(multiple, "<t>", Language::English, RULE);
    assert!(item.contains("mapped-value=\"0.500000\"") && item.contains("title=\"&lt;t&gt;\""));
}

/// An item of QTI 2.2, as other tools still write them.
const OLD: &str = r#"<?xml version="1.0"?>
<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p2" identifier="q1" title="T" adaptive="false" timeDependent="false">
  <responseDeclaration identifier="R" cardinality="ordered" baseType="identifier">
    <correctResponse><value>c</value><value>a</value><value>b</value></correctResponse>
  </responseDeclaration>
  <itemBody><p>Put <b>in</b> order</p>
    <orderInteraction responseIdentifier="R" shuffle="true">
      <simpleChoice identifier="a">second</simpleChoice>
      <simpleChoice identifier="b">third</simpleChoice>
      <simpleChoice identifier="c">first</simpleChoice>
    </orderInteraction>
  </itemBody>
</assessmentItem>"#;

#[test]
fn foreign_items_are_read_or_refused_with_their_line() {
    let read = read_item(OLD.as_bytes()).unwrap();
    assert_eq!(read.question, "Put in order");
    let texts: Vec<&str> = read.options.iter().map(|o| o.text.as_str()).collect();
    assert_eq!((read.kind, texts), (Kind::Order, vec!["first", "second", "third"]));
    for (from, to, says) in [
        ("<value>c</value>", "<value>d</value>", "line 4: \"d\" is no choice"),
        ("<value>c</value>", "<value>a</value>", "stands twice"),
        ("<value>c</value>", "", "does not fit"),
        ("cardinality=\"ordered\"", "cardinality=\"single\"", "line 3: cardinality"),
        ("responseIdentifier=\"R\"", "responseIdentifier=\"S\"", "not declared"),
        ("identifier=\"b\">third", "identifier=\"a\">third", "stands twice"),
        (">third<", ">second<", "stands twice"),
        ("orderInteraction", "matchInteraction", "line"),
        ("<p>Put <b>in</b> order</p>", "", "nothing is asked"),
        ("identifier=\"q1\"", "", "identifier"),
        ("assessmentItem", "assessmentTest", "line"),
        (
            "<assessmentItem",
            "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><assessmentItem",
            "DTD",
        ),
    ] {
        let error = read_item(OLD.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
        assert!(error.contains(says), "{from}: {error}");
    }
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(OLD.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert!(read_item(&utf16).is_ok());
}

#[test]
fn a_package_reports_row_by_row() {
    let manifest = r#"<manifest><resources>
        <resource type="imsqti_item_xmlv2p2" href="a.xml"/>
        <resource type="imsqti_item_xmlv2p2" href="b.xml"/>
        <resource type="imsqti_item_xmlv2p2" href="c.xml"/>
        <resource type="imsqti_item_xmlv2p2" href="d.xml"/>
        <resource type="webcontent" href="x.css"/></resources></manifest>"#;
    let bytes = zip(&[
        ("imsmanifest.xml", manifest.as_bytes()),
        ("a.xml", OLD.as_bytes()),
        ("b.xml", OLD.as_bytes()),
        ("c.xml", b"<x/>"),
    ]);
    let report = read_package(&mut Package::open(&bytes, LIMITS).unwrap()).unwrap();
    let said: Vec<String> = report
        .rows
        .iter()
        .map(|r| r.result.as_ref().map_or_else(ToString::to_string, |_| "ok".into()))
        .collect();
    assert_eq!(said[0], "ok");
    assert!(said[1].contains("a.xml") && said[2].contains("no assessment item"), "{said:?}");
    assert!(said[3].contains("d.xml is missing"));
    let none = zip(&[("imsmanifest.xml", b"<manifest/>")]);
    let report = read_package(&mut Package::open(&none, LIMITS).unwrap()).unwrap();
    assert!(report.rows[0].result.is_err());
}

proptest! {
    #[test]
    fn mutated_items_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut item = OLD.as_bytes().to_vec();
        for (at, byte) in &changes {
            let n = at.index(item.len());
            item[n] = *byte;
        }
        let _ = read_item(&item);
        let packed = zip(&[("imsmanifest.xml", &item), ("a.xml", &item)]);
        let _ = read_package(&mut Package::open(&packed, LIMITS).unwrap());
    }
}
