//! `hangtu verify` as its users meet it.

#![allow(clippy::unwrap_used)]

use hangtu_ledger::{
    Actor, Checkpoint, Commitment, Entry, Frontier, Hash, Header, Membership, Note, SignerKey,
    Submission, write_export,
};
use std::{fs, path::Path, process::Command};

fn key() -> SignerKey {
    SignerKey::from_seed("plant.example/p1", &[7; 32]).unwrap()
}

/// An export of this many entries, and its checkpoint.
fn export(count: u64) -> (String, Note) {
    let entry = |sequence| Entry {
        sequence,
        time: format!("2026-03-02T06:00:{sequence:02}Z").parse().unwrap(),
        organisation: "p1".into(),
        actor: Actor { id: "u-1".into(), name: "王工".into() },
        action: "finding.assign".into(),
        subject: "finding/0198".into(),
        detail: serde_json::Map::new(),
    };
    let mut tree = Frontier::new();
    (0..count).for_each(|n| tree.push(entry(n).leaf_hash().unwrap()));
    let (size, root) = (tree.size(), tree.root());
    let checkpoint =
        Checkpoint { origin: "plant.example/p1".into(), size, root, extension: vec![] };
    let note = checkpoint.sign(&key()).unwrap();
    let header = Header { key: key().verifier().clone(), from: Frontier::new() };
    let mut out = Vec::new();
    write_export(&mut out, &header, (0..count).map(entry), &note).unwrap();
    (String::from_utf8(out).unwrap(), note)
}

fn verify(folder: &Path, args: &[&str], language: &str) -> (i32, String, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_hangtu"))
        .args([&["verify"], args, &["--lang", language]].concat())
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ran.status.code().unwrap(), text(ran.stdout), text(ran.stderr))
}

#[test]
fn a_ledger_verifies_and_tampering_is_told() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify");
    fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    let ((whole, last), (short, early)) = (export(5), export(3));
    write("whole", &whole);
    write("short", &short);
    write("changed", &whole.replacen("finding/0198", "finding/0199", 1));
    write("early.txt", &early.to_string());
    write("last.txt", &last.to_string());
    let public = key().verifier().to_string();

    let (code, out, err) =
        verify(&folder, &["whole", "--key", &public, "--against", "early.txt"], "en");
    assert_eq!((code, err.as_str()), (0, ""));
    for said in ["Entries in the file: 5", "2026-03-02 14:00:04", "plant.example/p1", "consistent"]
    {
        assert!(out.contains(said), "{said}: {out}");
    }
    let (code, out, _) = verify(&folder, &["short", "--against", "last.txt"], "zh-CN");
    assert_eq!(code, 1);
    assert!(out.contains("已回退"), "{out}");
    let (code, out, err) = verify(&folder, &["changed"], "en");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.starts_with("error: changed, line 7: at least one entry was changed"), "{err}");
    let other = SignerKey::from_seed("plant.example/p1", &[8; 32]).unwrap();
    let (code, _, err) = verify(&folder, &["whole", "--key", &other.verifier().to_string()], "en");
    assert_eq!(code, 1);
    assert!(err.contains("another key"), "{err}");
    let (code, _, err) = verify(&folder, &["nowhere"], "zh-CN");
    assert_eq!(code, 2);
    assert!(err.contains("nowhere：没有这个文件"), "{err}");
    assert_eq!(verify(&folder, &["whole", "--key", "x"], "en").0, 2);
}

#[test]
fn a_certificate_verifies_without_a_network() {
    use hangtu_train::credential as c;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("certificate");
    fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    let issuer = c::Issuer { id: c::IssuerId::Key, name: "Plant".into() };
    let list = "urn:uuid:7c1d8e32-3f6f-4c7e-8d3a-9f6f0a1b2c3d";
    let now = jiff::Timestamp::now();
    let hours = jiff::SignedDuration::from_hours;
    let issue = |until: jiff::Timestamp| {
        let badge = c::Badge {
            id: "urn:uuid:0198c0de-0000-7000-8000-000000000001".into(),
            issuer: issuer.clone(),
            recipient: c::Recipient {
                id: "urn:uuid:0198c0de-0000-7000-8000-000000000002".into(),
                name: Some("王工".into()),
                hashed: None,
            },
            achievement: c::Achievement {
                id: "urn:hangtu:course:ransomware:1".into(),
                kind: c::AchievementKind::Course,
                name: "勒索攻击防护".into(),
                description: "识别与恢复".into(),
                criteria: "通过考试".into(),
                version: "1".into(),
                language: "zh-CN".into(),
            },
            valid_from: now - hours(48),
            valid_until: Some(until),
            status: Some(c::StatusEntry { list: list.into(), index: 77 }),
        };
        badge.issue(&key()).unwrap()
    };
    let good = issue(now + hours(48));
    write("good.jwt", &format!("{good}\n"));
    write("old.jwt", &issue(now - hours(1)));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    write("changed.jwt", &format!("{signed}.{other}{}", &signature[1..]));
    let mut bits = c::StatusList::default();
    let status = |bits: &c::StatusList| {
        let purpose = c::StatusPurpose::Revocation;
        bits.issue(list, &issuer, purpose, now - hours(1), now + hours(1), &key()).unwrap()
    };
    write("status.jwt", &status(&bits));
    bits.set(77, true);
    write("revoked.jwt", &status(&bits));
    let public = key().verifier().to_string();
    let did = c::did_key(key().verifier().ed25519().unwrap());

    for trusted in [&public, &did] {
        let args = ["good.jwt", "--key", &did, "--key", trusted, "--status", "status.jwt"];
        let (code, out, err) = verify(&folder, &args, "en");
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        for said in ["Achieved: 勒索攻击防护", "Holder: 王工", "withdrawal: revocation: not set"]
        {
            assert!(out.contains(said), "{said}: {out}");
        }
        assert!(out.ends_with("The certificate is valid.\n"), "{out}");
    }
    let (code, out, _) = verify(&folder, &["good.jwt", "--key", &public], "zh-CN");
    assert!(code == 0 && out.contains("证书有效") && out.contains("未核验是否已被撤销"), "{out}");
    for (args, said) in [
        (vec!["good.jwt"], "a key that you did not name"),
        (vec!["old.jwt", "--key", &public], "ran out on"),
        (vec!["changed.jwt", "--key", &public], "changed after signing"),
        (vec!["good.jwt", "--key", &public, "--status", "revoked.jwt"], "withdrawn by its issuer"),
        (vec!["good.jwt", "--key", &public, "--status", "good.jwt"], "does not say whether"),
    ] {
        let (code, _, err) = verify(&folder, &args, "en");
        assert!(code == 1 && err.contains(said), "{args:?}: {code} {err}");
    }
    assert_eq!(verify(&folder, &["good.jwt", "--key", "x"], "en").0, 2);
}

#[test]
fn packages_and_receipts_are_recognised() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ledger/tests/fixtures");
    let (sender, public) = ("91420100MA4KX1234B", key().verifier().to_string());
    let first = "submission-1-first.json";
    let (code, out, _) = verify(&folder, &[first, "--key", &public], "en");
    assert!(code == 0 && out.contains(sender) && out.contains("key you named"), "{out}");
    let (code, out, _) = verify(&folder, &[first], "zh-CN");
    assert!(code == 0 && out.contains("第 1 号报送"), "{out}");
    let stranger = SignerKey::from_seed("plant.example/p1", &[1; 32]).unwrap();
    let stranger = stranger.verifier().to_string();
    let (code, _, error) = verify(&folder, &[first, "--key", &stranger], "en");
    assert!(code == 1 && error.contains("another key"), "{error}");
    let (code, out, _) = verify(&folder, &["receipt-1-returned.json"], "zh-CN");
    assert!(code == 0 && out.contains("缺少备案编号") && out.contains("会签"), "{out}");
    let (code, out, _) = verify(&folder, &["receipt-1-refused.json"], "en");
    assert!(code == 1 && out.contains("the ledger forked"), "{out}");

    // Against the checkpoint of the first package the second continues; a changed byte is named.
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify-package");
    fs::create_dir_all(&own).unwrap();
    let package = fs::read(folder.join(first)).unwrap();
    let note = hangtu_ledger::Package::open(&package).unwrap().note().to_string();
    fs::write(own.join("seen.txt"), note).unwrap();
    fs::copy(folder.join("submission-1-second.json"), own.join("second")).unwrap();
    let (code, out, _) = verify(&own, &["second", "--against", "seen.txt"], "en");
    assert!(code == 0 && out.contains("continues the earlier checkpoint"), "{out}");
    let mut flipped = package;
    let at = flipped.len() / 2;
    flipped[at] ^= 1;
    fs::write(own.join("flipped"), flipped).unwrap();
    let (code, _, error) = verify(&own, &["flipped"], "zh-CN");
    assert!(code == 1 && error.contains("未通过核验"), "{error}");
}

#[test]
fn a_proof_of_evidence_belongs_to_a_package_and_a_file() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify-evidence");
    fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    let contents: [&[u8]; 3] = [b"one", b"two", b"three"];
    let files = contents.map(|c| hangtu_catalog::sha256(c).parse::<Hash>().unwrap());
    let sealed = |sequence| {
        let submission = Submission {
            sender: "91420100MA4KX1234B".into(),
            sequence,
            created: "2026-03-02T06:00:00Z".parse().unwrap(),
            answers: None,
            steps: vec![],
            evidence: Commitment::to(&files),
            facts: serde_json::Map::new(),
        };
        submission.seal(&key(), 0, hangtu_ledger::empty_root()).unwrap()
    };
    let package = sealed(1);
    write("package", package.bytes());
    write("other", sealed(2).bytes());
    let proof = Membership::of(package.digest(), files[1], &files).unwrap().write();
    write("proof", proof.as_bytes());
    write("cut", &proof.as_bytes()[..proof.len() - 9]);
    write("moved", proof.replace("\"index\":1", "\"index\":2").as_bytes());
    write("two", b"two");
    write("three", b"three");
    let (code, out, _) =
        verify(&folder, &["proof", "--package", "package", "--evidence", "two"], "en");
    assert!(code == 0 && out.contains("under the commitment of submission no. 1"), "{out}");
    for (args, said) in [
        (
            ["proof", "--package", "package", "--evidence", "three"].as_slice(),
            "不是所指定的证据文件",
        ),
        (&["proof", "--package", "other"], "属于另一报送包"),
        (&["moved", "--package", "package"], "不成立"),
        (&["cut", "--package", "package"], "不是有效的证据证明"),
    ] {
        let (code, _, error) = verify(&folder, args, "zh-CN");
        assert!(code == 1 && error.contains(said), "{error}");
    }
    let (code, _, error) = verify(&folder, &["proof"], "en");
    assert!(code == 2 && error.contains("--package FILE"), "{error}");
}
