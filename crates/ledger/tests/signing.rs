//! Keys, notes and checkpoints, against published examples.

#![allow(clippy::unwrap_used, missing_docs)]

use base64::{Engine, engine::general_purpose::STANDARD};
use hangtu_ledger::{
    Algorithm, Checkpoint, CheckpointError, KeyError, Note, NoteError, SignerKey, VerifierKey,
    WitnessKey, empty_root,
};

// From the tests of Go's golang.org/x/mod/sumdb/note (BSD licence).
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_SECRET: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n";
const SIGNED: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";
// A witness's key, from the tests of transparency-dev/formats (BSD licence).
const WITNESS: &str = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";

#[test]
fn the_published_note_verifies() {
    let key: VerifierKey = PETER.parse().unwrap();
    assert_eq!(key.to_string(), PETER);
    let note: Note = format!("{TEXT}\n{SIGNED}{ENOCH}").parse().unwrap();
    assert_eq!((note.text(), note.signatures().len()), (TEXT, 2));
    assert_eq!(note.verify(&key), Ok(0));
    assert_eq!(note.to_string(), format!("{TEXT}\n{SIGNED}{ENOCH}"));

    let changed: Note = format!("{}\n{SIGNED}", TEXT.replace("your", "the")).parse().unwrap();
    assert_eq!(changed.verify(&key), Err(NoteError::Forged("PeterNeumann".into())));
    let other: Note = format!("{TEXT}\n{ENOCH}").parse().unwrap();
    assert_eq!(other.verify(&key), Err(NoteError::Unsigned("PeterNeumann".into())));
    assert_eq!(Checkpoint::open(&note, &key), Err(CheckpointError::Form));
}

#[test]
fn what_is_no_note_is_refused() {
    for bad in [
        TEXT.to_owned(),
        format!("{TEXT}\n"),
        format!("{TEXT}\n{}", SIGNED.trim_end()),
        format!("\u{1}{TEXT}\n{SIGNED}"),
        format!("{TEXT}\n{}", SIGNED.replace("PeterNeumann", "Bad Name")),
        format!("{TEXT}\n{SIGNED}Unexpected line.\n"),
        format!("{TEXT}\n{}", SIGNED.repeat(101)),
    ] {
        assert!(bad.parse::<Note>().is_err(), "{bad}");
    }
}

#[test]
fn only_whole_keys_are_keys() {
    let secret = SignerKey::parse(PETER_SECRET).unwrap();
    assert_eq!(secret.verifier().to_string(), PETER);
    assert_eq!(secret.secret_text(), PETER_SECRET);
    assert!(!format!("{secret:?}").contains("AYEK"));
    assert_eq!(WitnessKey::parse(PETER_SECRET).unwrap_err(), KeyError::Kind);
    for at in 0..PETER.len() {
        assert!(PETER[at + 1..].parse::<VerifierKey>().is_err());
        assert!(PETER[..at].parse::<VerifierKey>().is_err());
        let mut changed = PETER.as_bytes().to_vec();
        changed[at] += 1;
        assert!(String::from_utf8(changed).unwrap().parse::<VerifierKey>().is_err());
    }
    let witness: VerifierKey = WITNESS.parse().unwrap();
    assert!(witness.is_witness());
    assert_eq!(witness.to_string(), WITNESS);
    assert_eq!(SignerKey::from_seed("with space", &[1; 32]).unwrap_err(), KeyError::Name);
}

#[test]
fn a_checkpoint_is_signed_and_witnessed() {
    for log in [Algorithm::Ed25519, Algorithm::Sm2] {
        for witness in [Algorithm::Ed25519, Algorithm::Sm2] {
            signed_and_witnessed(log, witness);
        }
    }
}

fn signed_and_witnessed(one: Algorithm, two: Algorithm) {
    let log = SignerKey::new(one, "plant.example/p1", &[1; 32]).unwrap();
    let witness = WitnessKey::new(two, "province.example/w", &[2; 32]).unwrap();
    let checkpoint = Checkpoint {
        origin: "plant.example/p1".into(),
        size: 0,
        root: empty_root(),
        extension: vec!["more".into()],
    };
    let mut note = checkpoint.sign(&log).unwrap();
    let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    assert_eq!(note.text(), format!("plant.example/p1\n0\n{root}\nmore\n"));
    let opened = Checkpoint::cosign(&mut note, log.verifier(), &witness, 1_679_315_147).unwrap();
    assert_eq!(opened, checkpoint);
    let note: Note = note.to_string().parse().unwrap();
    assert_eq!(Checkpoint::open(&note, log.verifier()).unwrap(), checkpoint);
    assert_eq!(note.verify(witness.verifier()), Ok(1_679_315_147));
    let changed: Note = note.to_string().replace("more", "less").parse().unwrap();
    assert!(changed.verify(log.verifier()).is_err());
    assert!(changed.verify(witness.verifier()).is_err());
    // A log does not sign in another's name.
    let other = SignerKey::new(one, "plant.example/p2", &[3; 32]).unwrap();
    assert!(checkpoint.sign(&other).is_err());
    assert!(Checkpoint::open(&note, other.verifier()).is_err());
}

#[test]
fn keys_of_sm2_are_texts_with_one_spelling() {
    let log = SignerKey::new(Algorithm::Sm2, "plant.example/p1", &[1; 32]).unwrap();
    let text = log.verifier().to_string();
    let read: VerifierKey = text.parse().unwrap();
    assert_eq!((&read, read.algorithm()), (log.verifier(), Algorithm::Sm2));
    assert!(read.ed25519().is_none() && !read.is_witness());
    assert_eq!(SignerKey::parse(&log.secret_text()).unwrap().verifier(), log.verifier());
    assert!(WitnessKey::parse(&log.secret_text()).is_err());
    assert_eq!(log.sign_jws("a.b"), None);
    // The scalar nought is none: its hash is.
    SignerKey::new(Algorithm::Sm2, "x", &[0; 32]).unwrap();
    for at in 0..text.len() {
        let mut changed = text.as_bytes().to_vec();
        changed[at] ^= 1;
        assert!(String::from_utf8_lossy(&changed).parse::<VerifierKey>().is_err(), "{at}");
    }
}

/// OpenSSL believes a signature of SM2 that is ours.
#[test]
fn a_second_tool_verifies_sm2() {
    let log = SignerKey::new(Algorithm::Sm2, "plant.example/p1", &[5; 32]).unwrap();
    let checkpoint = Checkpoint {
        origin: "plant.example/p1".into(),
        size: 0,
        root: empty_root(),
        extension: Vec::new(),
    };
    let note = checkpoint.sign(&log).unwrap();
    let base64 = |text: &str| STANDARD.decode(text).unwrap();
    let line = note.to_string().lines().last().unwrap().to_owned();
    let signature = base64(line.rsplit(' ').next().unwrap())[4..].to_vec();
    let key = log.verifier().to_string();
    let point = base64(key.splitn(3, '+').nth(2).unwrap())[b"\xffhangtu/sm2-sm3/".len()..].to_vec();
    let whole = |number: &[u8]| {
        let mut number: &[u8] = number;
        while let [0, rest @ ..] = number {
            number = rest;
        }
        let sign = usize::from(number[0] >= 0x80);
        let mut out = vec![2, (number.len() + sign) as u8];
        out.extend(std::iter::repeat_n(0, sign));
        out.extend(number);
        out
    };
    let numbers = [whole(&signature[..32]), whole(&signature[32..])].concat();
    let der = [&[0x30, numbers.len() as u8], numbers.as_slice()].concat();
    // SubjectPublicKeyInfo of id-ecPublicKey on sm2p256v1 (GB/T 35275), the point compressed.
    let head = [
        0x30, 0x39, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
        0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x03, 0x22, 0x00,
    ];
    let public = [head.as_slice(), &point].concat();
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let (public, der) = (put("key.der", &public), put("signature", &der));
    let verified = |text: &str| {
        let text = put("text", text.as_bytes());
        std::process::Command::new("openssl")
            .args(["pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt"])
            .args(["distid:1234567812345678", "-pubin", "-keyform", "DER", "-inkey"])
            .arg(&public)
            .args([&"-sigfile".into(), &der, &"-in".into(), &text])
            .output()
    };
    match verified(note.text()) {
        Err(e) => println!("SKIPPED: openssl does not run ({e}): apt-get install openssl"),
        Ok(out) => {
            assert!(out.status.success(), "{out:?}");
            assert!(!verified(&note.text().replace('0', "1")).unwrap().status.success());
        }
    }
}
