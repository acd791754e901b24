//! Entries and exports: what was written verifies, and nothing else does.

#![allow(clippy::unwrap_used, missing_docs)]

use hangtu_ledger::{
    Actor, Checkpoint, Entry, EntryError, Fault, Frontier, Header, MAX_ENTRY, Note, Relation,
    SignerKey, VerifyError, verify_export, write_export,
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

fn key() -> SignerKey {
    SignerKey::from_seed("plant.example/p1", &[7; 32]).unwrap()
}

fn entry(sequence: u64) -> Entry {
    let serde_json::Value::Object(detail) = json!({"to": "李工", "level": -3, "b": [null, true]})
    else {
        panic!("an object")
    };
    Entry {
        sequence,
        time: Timestamp::from_second(1_800_000_000 + sequence as i64 * 60).unwrap(),
        organisation: "p1".into(),
        actor: Actor { id: "u-1".into(), name: "Wang \"老王\"".into() },
        action: "finding.assign".into(),
        subject: "finding/0198".into(),
        detail,
    }
}

fn checkpoint(entries: &[Entry]) -> Note {
    let mut tree = Frontier::new();
    for entry in entries {
        tree.push(entry.leaf_hash().unwrap());
    }
    let origin = "plant.example/p1".into();
    let (size, root) = (tree.size(), tree.root());
    Checkpoint { origin, size, root, extension: vec![] }.sign(&key()).unwrap()
}

fn export(entries: &[Entry]) -> Vec<u8> {
    let header = Header { key: key().verifier().clone(), from: Frontier::new() };
    let mut out = Vec::new();
    write_export(&mut out, &header, entries.iter().cloned(), &checkpoint(entries)).unwrap();
    out
}

fn fault(bytes: &[u8]) -> (u64, Fault) {
    let VerifyError { line, fault } = verify_export(bytes, None, None).unwrap_err();
    (line, fault)
}

#[test]
fn an_entry_has_one_spelling() {
    let bytes = entry(7).to_bytes().unwrap();
    assert_eq!(
        String::from_utf8(bytes.clone()).unwrap(),
        "{\"action\":\"finding.assign\",\"actor\":{\"id\":\"u-1\",\"name\":\"Wang \\\"老王\\\"\"},\
         \"detail\":{\"b\":[null,true],\"level\":-3,\"to\":\"李工\"},\"organisation\":\"p1\",\
         \"sequence\":7,\"subject\":\"finding/0198\",\"time\":\"2027-01-15T08:07:00.000000Z\"}"
    );
    assert_eq!(Entry::parse(&bytes).unwrap(), entry(7));
    let said = |from: &str, to: &str| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(from));
        Entry::parse(text.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    assert_eq!(said("-3", "-3.0"), EntryError::Number);
    assert_eq!(said("-3", "9007199254740992"), EntryError::Number);
    assert_eq!(said(":7", ": 7"), EntryError::NotCanonical);
    assert_eq!(said("老", "\\u8001"), EntryError::NotCanonical);
    assert_eq!(said("\"level\":-3", "\"level\":1,\"level\":-3"), EntryError::NotCanonical);
    assert_eq!(said("\"sequence\"", "\"more\":1,\"sequence\""), EntryError::NotCanonical);
    assert_eq!(said("00.000000Z", "00Z"), EntryError::NotCanonical);
    assert_eq!(said("finding.assign", "assign"), EntryError::Field("action"));
    assert_eq!(said("\"p1\"", "\"\""), EntryError::Field("organisation"));
    assert_eq!(
        said("[null,true]", &format!("{}{}", "[".repeat(99), "]".repeat(99))),
        EntryError::Depth
    );

    // RFC 8785 §3.2.3: sorted by UTF-16 code units.
    let mut e = entry(0);
    e.detail = json!({"\u{fb33}": 1, "\u{1f600}": 2, "\r": 3, "1": 4}).as_object().unwrap().clone();
    let text = String::from_utf8(e.to_bytes().unwrap()).unwrap();
    assert!(text.contains("{\"\\r\":3,\"1\":4,\"\u{1f600}\":2,\"\u{fb33}\":1}"), "{text}");
    e.detail.insert("long".into(), "x".repeat(MAX_ENTRY).into());
    assert_eq!(e.to_bytes(), Err(EntryError::TooLong));
}

#[test]
fn tampering_is_named_with_its_line() {
    let entries: Vec<Entry> = (0..4).map(entry).collect();
    let whole = String::from_utf8(export(&entries)).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let joined = |lines: &[&str]| format!("{}\n", lines.join("\n")).into_bytes();

    let without = joined(&[lines[0], lines[1], lines[3], lines[4], lines[5]]);
    assert!(matches!(fault(&without), (3, Fault::Sequence { expected: 1, found: 2 })));
    let cut = joined(&[lines[0], lines[1], lines[2], lines[5]]);
    assert!(matches!(fault(&cut), (4, Fault::Size { signed: 4, found: 2 })));
    assert!(matches!(fault(&joined(&lines[..4])), (5, Fault::Truncated)));
    assert!(matches!(fault(&whole.as_bytes()[..whole.len() - 1]), (6, Fault::Truncated)));
    let changed = whole.replacen("李工", "王工", 1);
    assert!(matches!(fault(changed.as_bytes()), (6, Fault::Root { .. })));
    assert!(matches!(fault(format!("{whole}\n").as_bytes()), (7, Fault::Behind)));
    assert!(matches!(fault(b""), (1, Fault::Header)));
    assert!(matches!(fault(&vec![b'x'; MAX_ENTRY + 2]), (1, Fault::TooLong)));

    // Another log that names its own key holds true, but not against the trusted one.
    let other = SignerKey::from_seed("plant.example/p1", &[8; 32]).unwrap();
    let stranger = verify_export(whole.as_bytes(), Some(other.verifier()), None).unwrap_err();
    assert!(matches!(stranger, VerifyError { line: 1, fault: Fault::Key(_) }));
}

#[test]
fn an_earlier_checkpoint_tells_forks_and_rollbacks() {
    let entries: Vec<Entry> = (0..7).map(entry).collect();
    let relation = |file: &[u8], seen: &Note| {
        verify_export(file, Some(key().verifier()), Some(seen)).unwrap().relation.unwrap()
    };
    for size in 0..=7 {
        let seen = checkpoint(&entries[..size]);
        assert_eq!(relation(&export(&entries), &seen), Relation::Consistent, "{size}");
    }
    let mut rewritten = entries.clone();
    rewritten[2].subject = "finding/other".into();
    assert_eq!(relation(&export(&rewritten), &checkpoint(&entries[..5])), Relation::Forked);
    assert_eq!(relation(&export(&rewritten), &checkpoint(&entries[..2])), Relation::Consistent);
    assert_eq!(relation(&export(&entries[..3]), &checkpoint(&entries)), Relation::RolledBack);

    // A file that continues another one begins with its frontier.
    let mut from = Frontier::new();
    entries[..5].iter().for_each(|e| from.push(e.leaf_hash().unwrap()));
    let header = Header { key: key().verifier().clone(), from };
    let mut rest = Vec::new();
    write_export(&mut rest, &header, entries[5..].to_vec(), &checkpoint(&entries)).unwrap();
    assert_eq!(relation(&rest, &checkpoint(&entries[..5])), Relation::Consistent);
    assert_eq!(relation(&rest, &checkpoint(&entries[..6])), Relation::Consistent);
    assert_eq!(relation(&rest, &checkpoint(&entries[..4])), Relation::OutOfReach);
    assert_eq!(verify_export(&rest[..], None, None).unwrap().entries, 2);
}

#[test]
fn a_clock_set_back_is_told_and_not_refused() {
    let mut entries: Vec<Entry> = (0..4).map(entry).collect();
    entries[2].time = entries[0].time;
    let verified = verify_export(&export(&entries)[..], None, None).unwrap();
    assert_eq!(verified.backwards, Some((1, 4)));
    assert_eq!(verified.times, Some((entries[0].time, entries[3].time)));
}

proptest! {
    #[test]
    fn any_changed_byte_shows(count in 0_u64..6, at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let entries: Vec<Entry> = (0..count).map(entry).collect();
        let mut bytes = export(&entries);
        let verified = verify_export(&bytes[..], Some(key().verifier()), None).unwrap();
        prop_assert_eq!((verified.entries, verified.checkpoint.size), (count, count));
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        // Even without a trusted key, unless the file becomes another's: there is no such byte.
        prop_assert!(verify_export(&bytes[..], None, None).is_err());
    }
}
