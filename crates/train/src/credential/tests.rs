use super::*;
use hangtu_ledger::SignerKey;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) fn key() -> SignerKey {
    SignerKey::from_seed("plant.example/p1", &[7; 32]).unwrap()
}

fn now() -> Timestamp {
    "2026-03-02T01:00:00Z".parse().unwrap()
}

const LIST: &str = "urn:uuid:7c1d8e32-3f6f-4c7e-8d3a-9f6f0a1b2c3d";

fn issuer() -> Issuer {
    Issuer { id: IssuerId::Key, name: "示范水泥厂".into() }
}

fn badge() -> Badge {
    Badge {
        id: "urn:uuid:0198c0de-0000-7000-8000-000000000001".into(),
        issuer: issuer(),
        recipient: Recipient {
            id: "urn:uuid:0198c0de-0000-7000-8000-000000000002".into(),
            name: Some("王工".into()),
            hashed: Some(("staff-17".into(), "c2FsdA".into())),
        },
        achievement: Achievement {
            id: "urn:hangtu:course:ransomware:1".into(),
            kind: AchievementKind::Course,
            name: "勒索攻击防护".into(),
            description: "识别、隔离、恢复".into(),
            criteria: "完成课程并通过考试".into(),
            version: "1".into(),
            language: "zh-CN".into(),
        },
        valid_from: now(),
        valid_until: Some(now() + SignedDuration::from_hours(24 * 365)),
        status: Some(StatusEntry { list: LIST.into(), index: 94567 }),
    }
}

fn trusted() -> Vec<TrustedKey> {
    vec![TrustedKey::of(key().verifier()).unwrap()]
}

fn list(revoked: &[u32]) -> String {
    let mut list = StatusList::default();
    for n in revoked {
        assert!(list.set(*n, true));
    }
    let until = now() + SignedDuration::from_hours(48);
    list.issue(LIST, &issuer(), StatusPurpose::Revocation, now(), until, &key()).unwrap()
}

fn outcome(token: &str, status: Option<&str>, at: Timestamp) -> Outcome {
    verify(token, &trusted(), status, at).outcome
}

/// A token with this header and payload, signed by this key.
fn token(header: &str, payload: &str, by: &SignerKey) -> String {
    let input =
        format!("{}.{}", jws::base64url(header.as_bytes()), jws::base64url(payload.as_bytes()));
    let signature = by.sign_jws(&input).unwrap();
    format!("{input}.{}", jws::base64url(&signature))
}

fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|p| jws::from_base64url(p).unwrap());
    let mut next = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (next(), next())
}

#[test]
fn a_badge_is_what_the_specification_says_and_verifies() {
    let token = badge().issue(&key()).unwrap();
    let (header, payload) = parts(&token);
    let did = did_key(key().verifier().ed25519().unwrap());
    assert_eq!(header["alg"], "EdDSA");
    assert_eq!(header["kid"], format!("{did}#{}", &did[8..]));
    assert_eq!(header["jwk"]["crv"], "Ed25519");
    assert_eq!(header.as_object().unwrap().len(), 4);
    assert_eq!((&payload["iss"], &payload["issuer"]["id"]), (&json!(did), &json!(did)));
    assert_eq!(payload["nbf"], now().as_second());
    assert_eq!(payload["validFrom"], "2026-03-02T01:00:00Z");
    assert_eq!(
        payload["credentialSubject"]["achievement"]["criteria"]["narrative"],
        "完成课程并通过考试"
    );
    assert!(!payload.to_string().contains("staff-17"));

    let checked = verify(&token, &trusted(), Some(&list(&[3])), now());
    assert_eq!(checked.outcome, Outcome::Valid, "{:?}", checked.findings);
    assert!(checked.status_checked && checked.findings.len() == 9);
    let shown = checked.shown.unwrap();
    assert_eq!((shown.name.as_deref(), shown.achievement.as_str()), (Some("王工"), "勒索攻击防护"));
    assert_eq!(shown.key_name.as_deref(), Some("plant.example/p1"));
    let unchecked = verify(&token, &trusted(), None, now());
    assert_eq!((unchecked.outcome, unchecked.status_checked), (Outcome::Valid, false));
    assert!(unchecked.names_status);
    // The same badge twice is the same bytes.
    assert_eq!(token, badge().issue(&key()).unwrap());
}

#[test]
fn every_other_outcome_is_told_apart() {
    let token = badge().issue(&key()).unwrap();
    let later = |hours| now() + SignedDuration::from_hours(hours);
    let until = badge().valid_until.unwrap();
    assert_eq!(outcome(&token, Some(&list(&[94567])), now()), Outcome::Revoked);
    assert_eq!(outcome(&token, None, later(-1)), Outcome::NotYet(now()));
    assert_eq!(outcome(&token, None, until), Outcome::Expired(until));
    // Withdrawn says more than run out.
    let stale = |o| matches!(o, Outcome::StatusUnknown(StatusError::Stale { .. }));
    assert!(stale(outcome(&token, Some(&list(&[])), later(48))));
    let strangers = SignerKey::from_seed("plant.example/p1", &[8; 32]).unwrap();
    let by_stranger = badge().issue(&strangers).unwrap();
    assert_eq!(outcome(&by_stranger, None, now()), Outcome::UnknownIssuer);
    assert_eq!(verify(&token, &[], None, now()).outcome, Outcome::UnknownIssuer);
    // A list by somebody else, another list, another purpose.
    let end = later(48);
    let mut own = StatusList::default();
    own.set(94567, true);
    let issue = |id: &str, purpose, key: &SignerKey| {
        own.issue(id, &issuer(), purpose, now(), end, key).unwrap()
    };
    let unknown = |status: &str| match outcome(&token, Some(status), now()) {
        Outcome::StatusUnknown(e) => e,
        other => panic!("{other:?}"),
    };
    let revocation = StatusPurpose::Revocation;
    assert_eq!(unknown(&issue(LIST, revocation, &strangers)), StatusError::Signature);
    assert!(matches!(unknown(&issue("urn:x:y", revocation, &key())), StatusError::Other { .. }));
    assert!(matches!(
        unknown(&issue(LIST, StatusPurpose::Suspension, &key())),
        StatusError::Purpose(_)
    ));
    assert!(matches!(unknown("nonsense"), StatusError::Malformed(_)));
    assert!(matches!(unknown(&token), StatusError::Malformed(_)));
    let mut far = badge();
    far.status = Some(StatusEntry { list: LIST.into(), index: LEAST_ENTRIES });
    let far = far.issue(&key()).unwrap();
    assert!(matches!(
        outcome(&far, Some(&list(&[])), now()),
        Outcome::StatusUnknown(StatusError::Range(_))
    ));
    // An https issuer: only the key that may speak for it.
    let mut https = badge();
    https.issuer.id = IssuerId::Https("https://plant.example/issuer".into());
    let https = https.issue(&key()).unwrap();
    let by = |for_: Option<&str>| {
        let key = trusted().remove(0);
        let key = for_.map_or(key.clone(), |i| key.only_for(i));
        verify(&https, &[key], None, now()).outcome
    };
    assert_eq!(by(None), Outcome::Valid);
    assert_eq!(by(Some("https://plant.example/issuer")), Outcome::Valid);
    assert_eq!(by(Some("https://other.example")), Outcome::UnknownIssuer);
}

#[test]
fn forgeries_are_refused() {
    let good = badge().issue(&key()).unwrap();
    let (header, payload) = parts(&good);
    let resign = |payload: &Value| token(&header.to_string(), &payload.to_string(), &key());
    let with_header = |h: &str| token(h, &payload.to_string(), &key());
    let jwk = &header["jwk"];
    assert_eq!(outcome(&resign(&payload), None, now()), Outcome::Valid);
    // Header.
    for (h, wanted) in [
        (r#"{"alg":"none"}"#.to_owned(), Outcome::Algorithm),
        (format!(r#"{{"alg":"HS256","jwk":{jwk}}}"#), Outcome::Algorithm),
        (format!(r#"{{"alg":"RS256","jwk":{jwk}}}"#), Outcome::Algorithm),
        (format!(r#"{{"alg":"EdDSA","jwk":{jwk},"crit":["b64"],"b64":false}}"#), Outcome::Algorithm),
        (format!(r#"{{"alg":"EdDSA","jwk":{jwk},"jku":"https://x"}}"#), Outcome::Algorithm),
        (format!(r#"{{"alg":"EdDSA","alg":"none","jwk":{jwk}}}"#), Outcome::Malformed),
        (r#"{"alg":"EdDSA"}"#.to_owned(), Outcome::Algorithm),
        (r#"{"alg":"EdDSA","kid":"did:key:z6Mk"}"#.to_owned(), Outcome::Algorithm),
        (r#"{"alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"AA"}}"#.to_owned(), Outcome::Algorithm),
        (r#"{"alg":"EdDSA","kid":"https://plant.example/key"}"#.to_owned(), Outcome::Valid),
        // The identity point, under which many signatures hold.
        (
            r#"{"alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}"#.to_owned(),
            Outcome::BrokenSignature,
        ),
        ("[]".to_owned(), Outcome::Malformed),
    ] {
        assert_eq!(outcome(&with_header(&h), None, now()), wanted, "{h}");
    }
    let none = format!("{}..", good.rsplit_once('.').unwrap().0);
    assert_eq!(outcome(&none, None, now()), Outcome::Malformed);
    let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
    assert_eq!(outcome(&unsigned, None, now()), Outcome::BrokenSignature);
    // Payload changed, signature kept.
    let changed = payload.to_string().replace("王工", "李工");
    let mut swapped: Vec<&str> = good.split('.').collect();
    let changed = jws::base64url(changed.as_bytes());
    swapped[1] = &changed;
    assert_eq!(outcome(&swapped.join("."), None, now()), Outcome::BrokenSignature);
    // Signed, but contradicting itself or no badge.
    for (place, value) in [
        ("/iss", json!("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")),
        ("/sub", json!("urn:x:y")),
        ("/jti", Value::Null),
        ("/nbf", json!(0)),
        ("/nbf", json!("2026")),
        ("/exp", json!(4_000_000_000_i64)),
        ("/validUntil", json!("tomorrow")),
        ("/type", json!(["VerifiableCredential"])),
        ("/@context", json!(["https://example.com"])),
        ("/credentialSubject/achievement", Value::Null),
        ("/credentialSubject/achievement/criteria", json!({})),
        ("/credentialSubject/type", json!("Person")),
        ("/id", json!("no uri")),
    ] {
        let mut payload = payload.clone();
        *payload.pointer_mut(place).unwrap() = value;
        let outcome = outcome(&resign(&payload), None, now());
        assert_eq!(outcome, Outcome::Inconsistent, "{place}");
    }
    let mut old = payload.clone();
    old["vc"] = json!({});
    assert_eq!(outcome(&resign(&old), None, now()), Outcome::Inconsistent);
    let twice = payload.to_string().replacen('{', "{\"sub\":\"urn:x:y\",", 1);
    assert_eq!(
        outcome(&token(&header.to_string(), &twice, &key()), None, now()),
        Outcome::Malformed
    );
    // Huge and deep.
    let huge = format!("{good}{}", "A".repeat(MAX_TOKEN));
    assert_eq!(outcome(&huge, None, now()), Outcome::Malformed);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(
        outcome(&token(&header.to_string(), &deep, &key()), None, now()),
        Outcome::Malformed
    );
    let bomb = {
        use std::io::Write;
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(&vec![0; 64 << 20]).unwrap();
        format!("u{}", jws::base64url(&out.finish().unwrap()))
    };
    assert!(matches!(StatusList::decode(&bomb), Err(StatusError::Malformed(_))));
}

#[test]
fn badges_that_say_nothing_are_not_issued() {
    let change = |f: &dyn Fn(&mut Badge)| {
        let mut badge = badge();
        f(&mut badge);
        badge.issue(&key()).unwrap_err()
    };
    assert_eq!(change(&|b| b.id = "x".into()), IssueError::Uri("id"));
    assert_eq!(change(&|b| b.valid_until = Some(now())), IssueError::Backwards);
    assert_eq!(
        change(&|b| b.achievement.criteria.clear()),
        IssueError::Empty("achievement.criteria")
    );
    assert_eq!(
        change(&|b| b.issuer.id = IssuerId::Https("http://x".into())),
        IssueError::Uri("issuer.id")
    );
}

/// RFC 8037 A.4; did:key test vectors of the W3C CCG; the recommendation's own status list.
#[test]
fn published_vectors_hold() {
    let seed = jws::from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let rfc = SignerKey::from_seed("rfc8037", &seed.try_into().unwrap()).unwrap();
    assert_eq!(
        jws::base64url(rfc.verifier().ed25519().unwrap()),
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    );
    let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    assert_eq!(
        jws::base64url(&rfc.sign_jws(input).unwrap()),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
    assert_eq!(rfc.sign_jws("checkpoint\n1\nabc\n"), None);
    let zero = SignerKey::from_seed("zero", &[0; 32]).unwrap();
    let did = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp";
    assert_eq!(did_key(zero.verifier().ed25519().unwrap()), did);
    assert_eq!(public_of_did_key(did), Some(*zero.verifier().ed25519().unwrap()));
    for bad in
        ["did:key:z", "did:web:x", &format!("{did}1"), &format!("{did}#zother"), "did:key:z0OIl"]
    {
        assert_eq!(public_of_did_key(bad), None, "{bad}");
    }
    let theirs = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA";
    assert_eq!(StatusList::decode(theirs).unwrap(), StatusList::default());
    let text = key().verifier().to_string();
    assert_eq!(TrustedKey::parse(&text), Ok(TrustedKey::of(key().verifier()).unwrap()));
    assert!(TrustedKey::parse(did).is_ok() && TrustedKey::parse("x").is_err());
}

/// The minimal OpenBadgeCredential of the specification (Example “Sample OpenBadgeCredential”), its
/// structure with words of our own, signed here.
#[test]
fn a_badge_of_the_published_structure_verifies() {
    let subject = "did:example:holder";
    let mut minimal = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2",
                     "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
        "id": "http://plant.example/credentials/1",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": "https://plant.example/issuers/1", "type": ["Profile"], "name": "Plant"},
        "validFrom": "2010-01-01T00:00:00Z",
        "name": "Shift lead",
        "credentialSubject": {
            "id": subject, "type": ["AchievementSubject"],
            "achievement": {
                "id": "https://plant.example/achievements/1", "type": ["Achievement"],
                "criteria": {"narrative": "Led a shift."},
                "description": "Leads a shift.", "name": "Shift lead",
            },
        },
        "iss": "https://plant.example/issuers/1", "sub": subject,
        "jti": "http://plant.example/credentials/1", "nbf": 1_262_304_000,
    });
    let header = parts(&badge().issue(&key()).unwrap()).0.to_string();
    let run = |payload: &Value| outcome(&token(&header, &payload.to_string(), &key()), None, now());
    assert_eq!(run(&minimal), Outcome::Valid);
    // Fractions and offsets of the same moment are the same moment.
    minimal["validFrom"] = json!("2010-01-01T08:00:00+08:00");
    assert_eq!(run(&minimal), Outcome::Valid);
    // A status of another kind is said to be unchecked, not to be fine.
    minimal["credentialStatus"] = json!({"id": "https://x", "type": "1EdTechRevocationList"});
    let token = token(&header, &minimal.to_string(), &key());
    let checked = verify(&token, &trusted(), Some(&list(&[])), now());
    assert_eq!((checked.outcome, checked.status_checked), (Outcome::Valid, false));
}

/// Both ways with PyJWT, where it is installed: `pip install pyjwt cryptography`.
#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn a_second_implementation_agrees() {
    use std::io::Write;
    let script = r#"
import sys, json, base64
try:
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
except ImportError:
    sys.exit(42)
token = sys.stdin.read()
header = jwt.get_unverified_header(token)
key = jwt.PyJWK.from_dict(dict(header["jwk"], alg="EdDSA"))
got = jwt.decode(token, key.key, algorithms=["EdDSA"], options={"verify_exp": False, "verify_nbf": False})
assert got["credentialSubject"]["achievement"]["name"] == "勒索攻击防护"
head, body, sig = token.split(".")
try:
    jwt.decode(".".join([head, body[:-4] + "AAAA", sig]), key.key, algorithms=["EdDSA"])
    sys.exit(1)
except jwt.exceptions.PyJWTError:
    pass
private = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
print(jwt.encode(got, private, algorithm="EdDSA", headers={"jwk": header["jwk"], "typ": "JWT"}))
"#;
    let token = badge().issue(&key()).unwrap();
    let python = std::process::Command::new("python3")
        .args(["-c", script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn();
    let Ok(mut child) = python else {
        eprintln!("skipped: python3 is not installed");
        return;
    };
    child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    let ran = child.wait_with_output().unwrap();
    if ran.status.code() == Some(42) {
        eprintln!("skipped: pip install pyjwt cryptography");
        return;
    }
    assert!(ran.status.success(), "PyJWT does not agree");
    let theirs = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(outcome(&theirs, Some(&list(&[])), now()), Outcome::Valid);
}

proptest! {
    #[test]
    fn nothing_panics_and_no_changed_byte_passes(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        static GOOD: std::sync::LazyLock<String> =
            std::sync::LazyLock::new(|| badge().issue(&key()).unwrap());
        let good = GOOD.clone().into_bytes();
        let mut bad = good.clone();
        let at = at.index(bad.len());
        bad[at] = byte;
        let text = String::from_utf8_lossy(&bad);
        let result = outcome(&text, None, now());
        prop_assert_eq!(result == Outcome::Valid, text.trim().as_bytes() == good.as_slice());
    }

    #[test]
    fn noise_never_panics(text in ".{0,300}", list in "u[A-Za-z0-9_-]{0,200}") {
        outcome(&text, Some(&text), now());
        let _ = StatusList::decode(&list);
        let _ = public_of_did_key(&format!("did:key:z{text}"));
    }

    #[test]
    fn a_list_says_what_was_set(places in prop::collection::btree_set(0..LEAST_ENTRIES, 0..50)) {
        let mut list = StatusList::default();
        for n in &places {
            assert!(list.set(*n, true));
        }
        let read = StatusList::decode(&list.encode()).unwrap();
        for n in places.iter().flat_map(|n| [n.saturating_sub(1), *n, n + 1]) {
            prop_assert_eq!(read.get(n).unwrap_or(false), places.contains(&n));
        }
    }
}
