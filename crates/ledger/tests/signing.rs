//! Keys, notes and checkpoints, against published examples.

#![allow(clippy::unwrap_used, missing_docs)]

use hangtu_ledger::{
    Checkpoint, CheckpointError, KeyError, Note, NoteError, SignerKey, VerifierKey, WitnessKey,
    empty_root,
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
    let log = SignerKey::from_seed("plant.example/p1", &[1; 32]).unwrap();
    let witness = WitnessKey::from_seed("province.example/w", &[2; 32]).unwrap();
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
    let other = SignerKey::from_seed("plant.example/p2", &[3; 32]).unwrap();
    assert!(checkpoint.sign(&other).is_err());
    assert!(Checkpoint::open(&note, other.verifier()).is_err());
}
