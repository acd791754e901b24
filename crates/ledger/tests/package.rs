//! Packages and receipts: what was sealed opens, nothing else does, and two histories are convicted.

#![allow(clippy::unwrap_used, missing_docs)]

use hangtu_ledger::{
    Checkpoint, Commitment, Continuity, Fork, Hash, Item, Kind, Letter, Membership, Package,
    PackageError, Receipt, Sealed, SignerKey, Standing, Step, Submission, WitnessKey,
    consistency_proof, kind, leaf_hash, root,
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs;

fn key() -> SignerKey {
    SignerKey::from_seed("plant.example/p1", &[7; 32]).unwrap()
}

fn supervisor() -> SignerKey {
    SignerKey::from_seed("province.example/s1", &[8; 32]).unwrap()
}

fn witness() -> WitnessKey {
    WitnessKey::from_seed("province.example/s1/witness", &[9; 32]).unwrap()
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// A log of so many entries; `salt` makes another history from entry 5 on.
fn leaves(size: u64, salt: &str) -> Vec<Hash> {
    let leaf = |n| leaf_hash(if n < 5 { format!("{n}") } else { format!("{n}{salt}") }.as_bytes());
    (0..size).map(leaf).collect()
}

fn files() -> Vec<Hash> {
    (0..5).map(|n| Hash([n; 32])).collect()
}

fn submission(sequence: u64, facts: &Value, steps: Vec<Step>) -> Submission {
    Submission {
        sender: "91420100MA4KX1234B".into(),
        sequence,
        created: time(sequence as i64),
        answers: (sequence > 1).then_some(Hash([sequence as u8; 32])),
        steps,
        evidence: Commitment::to(&files()),
        facts: facts.as_object().unwrap().clone(),
    }
}

fn facts() -> Value {
    json!({ "version": 1, "organisation": { "name": "武汉长江精密机械有限公司" }, "risks": [3, -1, null] })
}

fn letter() -> serde_json::Map<String, Value> {
    let content = json!({ "version": 1, "notice": "n1", "number": 3, "addressee": "91420100MA4KX1234B",
        "title": { "zh": "风险预警", "en": "" }, "until": null, "items": [{ "text": "x", "due": 1 }] });
    content.as_object().unwrap().clone()
}

/// The package of a log of `size` entries, with proofs from these sizes.
fn package(sequence: u64, size: u64, salt: &str, from: &[u64]) -> Package {
    let leaves = leaves(size, salt);
    let step = |s: &u64| Step { size: *s, proof: consistency_proof(*s, &leaves).unwrap() };
    let steps = from.iter().map(step).collect();
    submission(sequence, &facts(), steps).seal(&key(), size, root(&leaves)).unwrap()
}

fn receipt(package: &Package, state: Standing, fork: Option<Fork>) -> Receipt {
    let mut checkpoint = package.note().clone();
    if fork.is_none() {
        Checkpoint::cosign(&mut checkpoint, package.key(), &witness(), 1_800_000_100).unwrap();
    }
    Receipt {
        package: package.digest(),
        sender: package.submission().sender.clone(),
        sequence: package.submission().sequence,
        number: 1,
        issued: time(100),
        state,
        log: package.key().clone(),
        items: vec![Item { part: "data".into(), text: "缺少备案编号".into() }],
        checkpoint,
        witnessed: None,
        witness: witness().verifier().clone(),
        fork,
    }
}

/// Files of version 1 stay readable for ever. They were written by this code with these keys
/// (`HANGTU_WRITE_FIXTURES=1`), and are never written again.
#[test]
fn version_1_stays_readable() {
    let first = package(1, 7, "", &[]);
    let second = package(2, 12, "", &[7]);
    let other = package(2, 11, "x", &[7]);
    let (_, fork) = other.continues(second.note(), &[]).unwrap();
    let returned = receipt(&first, Standing::Returned, None).seal(&supervisor()).unwrap();
    let refused = receipt(&other, Standing::Refused, fork).seal(&supervisor()).unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    for (name, bytes) in [
        ("submission-1-first.json", first.bytes()),
        ("submission-1-second.json", second.bytes()),
        ("receipt-1-returned.json", returned.bytes()),
        ("receipt-1-refused.json", refused.bytes()),
    ] {
        let path = format!("{folder}/{name}");
        if std::env::var_os("HANGTU_WRITE_FIXTURES").is_some() {
            fs::write(&path, bytes).unwrap();
        }
        let kept = fs::read(&path).unwrap();
        match kind(&kept) {
            Some(Kind::Submission) => {
                let package = Package::open(&kept).unwrap();
                assert_eq!(package.key(), key().verifier());
                assert_eq!(Value::Object(package.submission().facts.clone()), facts());
            }
            Some(Kind::Receipt) => {
                let sealed = Sealed::open(&kept).unwrap();
                assert_eq!(sealed.key(), supervisor().verifier());
            }
            other => panic!("{name}: {other:?}"),
        }
        // Today's code still writes the same.
        assert_eq!(kept, bytes, "{name}");
    }
}

#[test]
fn what_is_no_package_is_refused_with_a_reason() {
    let package = package(1, 7, "", &[]);
    let text = String::from_utf8(package.bytes().to_vec()).unwrap();
    let said = |bytes: &[u8]| Package::open(bytes).unwrap_err();
    assert_eq!(said(b""), PackageError::Envelope);
    assert_eq!(said(b"{}"), PackageError::Envelope);
    assert_eq!(said(format!("{text}\n").as_bytes()), PackageError::Envelope);
    assert_eq!(said(&text.as_bytes()[..text.len() - 9]), PackageError::Envelope);
    assert_eq!(said(&vec![b'['; hangtu_ledger::MAX_PACKAGE + 1]), PackageError::TooLong);
    assert_eq!(said(&vec![b'['; 100_000]), PackageError::Envelope);
    assert_eq!(said(text.replace("version=1", "version=2").as_bytes()), PackageError::Version(2));
    let receipt = receipt(&package, Standing::Received, None).seal(&supervisor()).unwrap();
    assert!(matches!(said(receipt.bytes()), PackageError::Type(_)));
    assert!(matches!(Sealed::open(package.bytes()).unwrap_err(), PackageError::Type(_)));
    // A stranger's signature in the sender's name.
    let stranger = SignerKey::from_seed("plant.example/p1", &[1; 32]).unwrap();
    let named = key().verifier().to_string();
    let forged = submission(1, &facts(), vec![]).seal(&stranger, 7, root(&leaves(7, ""))).unwrap();
    let forged = String::from_utf8(forged.bytes().to_vec()).unwrap();
    let forged = forged.replace(&stranger.verifier().to_string(), &named);
    assert_eq!(said(forged.as_bytes()), PackageError::Signature);
    // Bounds are kept when sealing, too.
    let seal = |s: Submission| s.seal(&key(), 7, root(&leaves(7, ""))).unwrap_err();
    let fine = submission(1, &facts(), vec![]);
    assert_eq!(seal(Submission { sequence: 0, ..fine.clone() }), PackageError::Field("sequence"));
    assert_eq!(seal(Submission { sender: "a b".into(), ..fine }), PackageError::Field("sender"));
    assert_eq!(seal(submission(1, &json!({ "n": 1.5 }), vec![])), PackageError::NotCanonical);
}

#[test]
fn histories_are_compared_in_any_order() {
    let first = package(1, 7, "", &[]);
    let second = package(2, 12, "", &[7]);
    let how = |new: &Package, seen: &Package| {
        let (continuity, fork) = new.continues(seen.note(), &seen.submission().steps).unwrap();
        assert_eq!(continuity.convicts(), fork.is_some());
        if let Some(fork) = fork {
            assert_eq!(fork.verify(new.key()).unwrap(), continuity);
        }
        continuity
    };
    for (new, seen, expected) in [
        (&first, &first, Continuity::Same),
        (&second, &first, Continuity::Extends),
        // An earlier package that comes late is no rollback.
        (&first, &second, Continuity::Extends),
        (&package(3, 20, "", &[7]), &second, Continuity::Unproven),
        (&package(3, 12, "", &[]), &second, Continuity::Extends),
        // A backup was put back, and other things were written.
        (&package(2, 13, "x", &[7]), &second, Continuity::Forked),
        (&package(3, 13, "x", &[7, 12]), &second, Continuity::Forked),
        (&package(3, 12, "x", &[7]), &second, Continuity::Forked),
        (&package(3, 9, "", &[7]), &second, Continuity::RolledBack),
        (&second, &package(3, 9, "", &[7]), Continuity::RolledBack),
    ] {
        assert_eq!(how(new, seen), expected);
    }
    // The checkpoint of another log says nothing.
    let other = SignerKey::from_seed("plant.example/p2", &[7; 32]).unwrap();
    let other = submission(1, &facts(), vec![]).seal(&other, 7, root(&leaves(7, ""))).unwrap();
    assert!(second.continues(other.note(), &[]).is_err());
}

#[test]
fn evidence_is_shown_to_be_under_its_commitment() {
    let package = package(1, 7, "", &[]);
    let commitment = package.submission().evidence;
    for file in files() {
        let proof = Membership::of(package.digest(), file, &files()).unwrap();
        let proof = Membership::parse(&proof.write()).unwrap();
        assert!(commitment.holds(&proof));
        assert!(!commitment.holds(&Membership { file: Hash([99; 32]), ..proof.clone() }));
        assert!(!commitment.holds(&Membership { index: (proof.index + 1) % 5, ..proof }));
    }
    assert!(Membership::of(package.digest(), Hash([99; 32]), &files()).is_none());
    assert_eq!(Commitment::to(&[]).root, hangtu_ledger::empty_root());
}

#[test]
fn a_receipt_carries_a_cosignature_or_none() {
    let package = package(1, 7, "", &[]);
    let sealed = receipt(&package, Standing::Accepted, None).seal(&supervisor()).unwrap();
    assert_eq!(sealed.cosigned(), Some(1_800_000_100));
    assert_eq!(sealed.receipt().package, package.digest());
    let bare = Receipt {
        checkpoint: package.note().clone(),
        ..receipt(&package, Standing::Received, None)
    };
    assert_eq!(bare.clone().seal(&supervisor()).unwrap().cosigned(), None);
    let not_witness = Receipt { witness: supervisor().verifier().clone(), ..bare };
    let refused = not_witness.seal(&supervisor()).unwrap_err();
    assert_eq!(refused, PackageError::Field("witness"));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1_i64 << 53) + 1..1 << 53).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,6}", inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_sealed_opens_the_same(
        facts in prop::collection::btree_map("[a-z]{1,8}", value(), 0..6),
        sequence in 1_u64..1000, size in 0_u64..40, old in 0_u64..40,
    ) {
        let facts = Value::Object(facts.into_iter().collect());
        let leaves = leaves(size, "");
        let proof = consistency_proof(old, &leaves);
        let steps = proof.map(|proof| Step { size: old, proof }).into_iter().collect();
        let made = submission(sequence, &facts, steps).seal(&key(), size, root(&leaves)).unwrap();
        let opened = Package::open(made.bytes()).unwrap();
        prop_assert_eq!(&opened, &made);
        let sealed = receipt(&made, Standing::Accepted, None).seal(&supervisor()).unwrap();
        prop_assert_eq!(Sealed::open(sealed.bytes()).unwrap(), sealed);
    }

    #[test]
    fn any_flipped_bit_is_refused(at in any::<prop::sample::Index>(), bit in 0_u32..8, which in 0..2) {
        let package = package(2, 12, "", &[7]);
        let sealed = receipt(&package, Standing::Returned, None).seal(&supervisor()).unwrap();
        let mut bytes = if which == 0 { package.bytes() } else { sealed.bytes() }.to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(Package::open(&bytes).is_err());
        prop_assert!(Sealed::open(&bytes).is_err());
    }

    #[test]
    fn strangers_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = (Package::open(&bytes).is_err(), Sealed::open(&bytes).is_err(), kind(&bytes));
        let _ = Membership::parse(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_letter_opens_as_what_it_is_and_as_nothing_else() {
    let content = letter();
    let letter = Letter::seal(Kind::Notice, content.clone(), &supervisor()).unwrap();
    assert_eq!(kind(letter.bytes()), Some(Kind::Notice));
    let opened = Letter::open(Kind::Notice, letter.bytes()).unwrap();
    assert_eq!((opened.content(), opened.key()), (&content, supervisor().verifier()));
    assert_eq!(opened, letter);
    let fails = |kind| Letter::open(kind, letter.bytes()).is_err();
    assert!(fails(Kind::Answers) && fails(Kind::Submission) && fails(Kind::Receipt));
    assert!(Package::open(letter.bytes()).is_err());
    assert!(Letter::seal(Kind::Receipt, content, &supervisor()).is_err());
    let mut bytes = letter.bytes().to_vec();
    for at in 0..bytes.len() {
        bytes[at] ^= 1;
        assert!(Letter::open(Kind::Notice, &bytes).is_err(), "byte {at}");
        bytes[at] ^= 1;
    }
}
