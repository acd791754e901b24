//! Verification (OB 3.0, “Verification and Validation”; “Verify a Credential”), offline: whom to
//! trust and what is withdrawn come in as parameters.

use super::{
    StatusError, StatusPurpose,
    claims::{claims, has_type, is_badge, issuer_id, text, time},
    did_key,
    jws::Token,
    public_of_did_key,
    status::look_up,
};
use hangtu_ledger::VerifierKey;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// A key that the verifier trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    public: [u8; 32],
    name: Option<String>,
    issuer: Option<String>,
}

/// A text that names no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is NAME+ID+KEY of a log, or did:key:z… of Ed25519")]
pub struct TrustedKeyError;

impl TrustedKey {
    /// A key by its did:key, or by the text of a log's key (`NAME+ID+KEY`).
    pub fn parse(text: &str) -> Result<Self, TrustedKeyError> {
        let text = text.trim();
        if let Some(public) = public_of_did_key(text) {
            return Ok(Self { public, name: None, issuer: None });
        }
        let key: VerifierKey = text.parse().map_err(|_| TrustedKeyError)?;
        // A witness signs checkpoints of others and nothing else.
        if key.is_witness() { Err(TrustedKeyError) } else { Self::of(&key).ok_or(TrustedKeyError) }
    }

    /// The key of a log, where it is one of Ed25519.
    pub fn of(key: &VerifierKey) -> Option<Self> {
        let public = *key.ed25519()?;
        Some(Self { public, name: Some(key.name().to_owned()), issuer: None })
    }

    /// Lets the key speak for this https address only. Without that it speaks for any that it
    /// names; for a did:key it speaks only if it is that key.
    #[must_use]
    pub fn only_for(mut self, issuer: &str) -> Self {
        self.issuer = Some(issuer.to_owned());
        self
    }

    /// The name, where it came with one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(super) fn public(&self) -> &[u8; 32] {
        &self.public
    }

    pub(super) fn speaks_for(&self, issuer: &str) -> bool {
        if issuer.starts_with("did:") {
            public_of_did_key(issuer) == Some(self.public)
        } else {
            self.issuer.as_deref().is_none_or(|own| own == issuer)
        }
    }
}

/// What is checked, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// It is a compact JWS of JSON objects.
    Form,
    /// The algorithm and the header are those of the format.
    Algorithm,
    /// The signature belongs to header and payload.
    Signature,
    /// A trusted key signed it, which may speak for the issuer.
    Issuer,
    /// The claims (iss, sub, jti, nbf, exp) say what the credential says.
    Claims,
    /// It is an Open Badges credential.
    Credential,
    /// It is not withdrawn.
    Status,
    /// It holds already.
    Begun,
    /// It has not run out.
    Unexpired,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// Whether it passed; none where it could not be made.
    pub passed: Option<bool>,
    /// What was found, in English, for those who look closer.
    pub detail: String,
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every check passed. [`Verification::status_checked`] says whether withdrawal was among them.
    Valid,
    /// It is no signed credential.
    Malformed,
    /// It is signed by an algorithm that is not accepted (`none` among them), or its header has
    /// what it must not have.
    Algorithm,
    /// It was changed after signing, or the key is not the one that signed.
    BrokenSignature,
    /// Signed by nobody who is trusted.
    UnknownIssuer,
    /// Its parts contradict each other, or it is no Open Badge.
    Inconsistent,
    /// Withdrawn for good.
    Revoked,
    /// Not to be accepted for the time being.
    Suspended,
    /// The status list that was given says nothing about it.
    StatusUnknown(StatusError),
    /// It does not hold yet.
    NotYet(Timestamp),
    /// It has run out.
    Expired(Timestamp),
}

/// The result of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// What came out.
    pub outcome: Outcome,
    /// Every check that was made, in order; it ends with what makes further ones pointless.
    pub findings: Vec<Finding>,
    /// What it says. True only if the outcome is [`Outcome::Valid`].
    pub shown: Option<Shown>,
    /// Whether withdrawal could be checked. False also for credentials that name no list.
    pub status_checked: bool,
    /// Whether the credential names a status list.
    pub names_status: bool,
}

/// What a credential says, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// The issuer's id.
    pub issuer: String,
    /// The issuer's name, as the issuer writes it.
    pub issuer_name: String,
    /// The key that signed, as a did:key.
    pub key: String,
    /// The name of the trusted key that signed.
    pub key_name: Option<String>,
    /// The holder's id.
    pub subject: String,
    /// The holder's name, where it is in there.
    pub name: Option<String>,
    /// What was achieved.
    pub achievement: String,
    /// What was asked for.
    pub criteria: String,
    /// From when it holds.
    pub valid_from: Option<Timestamp>,
    /// Until when.
    pub valid_until: Option<Timestamp>,
}

struct Run {
    findings: Vec<Finding>,
    outcome: Option<Outcome>,
}

impl Run {
    /// Notes a check; the first that fails is the outcome.
    fn note(&mut self, check: Check, result: Result<String, (String, Outcome)>) -> bool {
        let passed = result.is_ok();
        let detail = match result {
            Ok(detail) => detail,
            Err((detail, outcome)) => {
                self.outcome.get_or_insert(outcome);
                detail
            }
        };
        self.findings.push(Finding { check, passed: Some(passed), detail });
        passed
    }

    fn end(self, shown: Option<Shown>, status: (bool, bool)) -> Verification {
        Verification {
            outcome: self.outcome.unwrap_or(Outcome::Valid),
            findings: self.findings,
            shown,
            status_checked: status.0,
            names_status: status.1,
        }
    }
}

/// Checks a credential: `token` is a compact JWS, `status` the signed status list if there is one
/// at hand. Never panics, whatever the input.
pub fn verify(
    token: &str,
    trusted: &[TrustedKey],
    status: Option<&str>,
    now: Timestamp,
) -> Verification {
    let mut run = Run { findings: Vec::new(), outcome: None };
    let token = match Token::parse(token) {
        Ok(token) => token,
        Err(why) => {
            run.note(Check::Form, Err((why, Outcome::Malformed)));
            return run.end(None, (false, false));
        }
    };
    run.note(Check::Form, Ok("compact JWS".into()));
    let algorithm = algorithm(&token).map_err(|why| (why, Outcome::Algorithm));
    if !run.note(Check::Algorithm, algorithm.map(|()| "EdDSA (Ed25519)".into())) {
        return run.end(None, (false, false));
    }
    let credential = Value::Object(token.payload.clone());
    let mut shown = show(&credential);
    let signer = signer(&token, trusted);
    let public = match signer {
        Ok(public) => {
            shown.key = did_key(&public);
            run.note(Check::Signature, Ok(format!("by {}", shown.key)));
            public
        }
        Err(failed) => {
            run.note(Check::Signature, Err(failed));
            return run.end(Some(shown), (false, false));
        }
    };
    let issuer = issuer_id(&credential).unwrap_or_default();
    let keys = || trusted.iter().filter(|k| *k.public() == public);
    shown.key_name = keys().find_map(|k| k.name().map(str::to_owned));
    let who = if keys().next().is_none() {
        Err("the key that signed is not among the trusted ones".to_owned())
    } else if keys().any(|k| k.speaks_for(&issuer)) {
        Ok(issuer.clone())
    } else {
        Err(format!("the key that signed may not speak for {issuer}"))
    };
    run.note(Check::Issuer, who.map_err(|why| (why, Outcome::UnknownIssuer)));
    let claims = claims(&credential, &issuer).map_err(|why| (why, Outcome::Inconsistent));
    run.note(Check::Claims, claims.map(|()| "iss, sub, jti, nbf and exp agree".into()));
    let badge = is_badge(&credential).map_err(|why| (why, Outcome::Inconsistent));
    run.note(Check::Credential, badge.map(|()| "OpenBadgeCredential".into()));
    let checked = check_status(&mut run, &credential, trusted, status, now);
    let begun = match shown.valid_from {
        Some(from) if now >= from => Ok(from.to_string()),
        Some(from) => Err((from.to_string(), Outcome::NotYet(from))),
        None => Err(("no validFrom".into(), Outcome::Inconsistent)),
    };
    run.note(Check::Begun, begun);
    let unexpired = match shown.valid_until {
        None => Ok("without an end".into()),
        Some(until) if now < until => Ok(until.to_string()),
        Some(until) => Err((until.to_string(), Outcome::Expired(until))),
    };
    run.note(Check::Unexpired, unexpired);
    run.end(Some(shown), checked)
}

/// OB 3.0: alg, kid, jwk and typ; “Additional JOSE Headers are NOT allowed”.
fn algorithm(token: &Token<'_>) -> Result<(), String> {
    if token.alg() != "EdDSA" {
        return Err(format!("the algorithm {:?} is not accepted, only EdDSA", token.alg()));
    }
    for (name, value) in &token.header {
        match name.as_str() {
            "alg" | "kid" | "jwk" => {}
            "typ" if value.as_str() == Some("JWT") => {}
            _ => return Err(format!("the header {name} has no place in a badge")),
        }
    }
    Ok(())
}

/// The key that signed.
fn signer(token: &Token<'_>, trusted: &[TrustedKey]) -> Result<[u8; 32], (String, Outcome)> {
    let broken = |why: &str| (why.to_owned(), Outcome::BrokenSignature);
    match token.key() {
        Err(why) => Err((why, Outcome::Algorithm)),
        Ok(Some(public)) if token.is_by(&public) => Ok(public),
        Ok(Some(_)) => Err(broken("the signature is not that of the key named in the header")),
        // Only an address is named. Nothing is fetched; a trusted key may have signed.
        Ok(None) => trusted.iter().find(|k| token.is_by(k.public())).map(|k| k.public).ok_or((
            "the header names a key by its address only, and no trusted key signed".into(),
            Outcome::UnknownIssuer,
        )),
    }
}

/// Whether withdrawal was checked, and whether there was something to check.
fn check_status(
    run: &mut Run,
    credential: &Value,
    trusted: &[TrustedKey],
    status: Option<&str>,
    now: Timestamp,
) -> (bool, bool) {
    let unchecked = |run: &mut Run, why: &str| {
        run.findings.push(Finding { check: Check::Status, passed: None, detail: why.into() });
    };
    let entries: &[Value] = match credential.get("credentialStatus") {
        None => {
            unchecked(run, "the credential names no status list");
            return (false, false);
        }
        Some(Value::Array(all)) => all,
        Some(one) => std::slice::from_ref(one),
    };
    let Some(status) = status else {
        unchecked(run, "no status list was given");
        return (false, true);
    };
    let mut checked = false;
    for entry in entries.iter().take(8) {
        let purpose = text(entry, "statusPurpose");
        let known = [StatusPurpose::Revocation, StatusPurpose::Suspension];
        let Some(purpose) = known.into_iter().find(|p| p.name() == purpose) else {
            unchecked(run, "the purpose of the status is not known here");
            continue;
        };
        let size = entry.get("statusSize").map_or(Some(1), Value::as_u64);
        if !has_type(entry, &["BitstringStatusListEntry"]) || size != Some(1) {
            unchecked(run, "the kind of status is not known here");
            continue;
        }
        let result = match look_up(status, entry, trusted, now) {
            Ok(false) => Ok(format!("{}: not set", purpose.name())),
            Ok(true) => {
                let outcome = match purpose {
                    StatusPurpose::Revocation => Outcome::Revoked,
                    StatusPurpose::Suspension => Outcome::Suspended,
                };
                Err((format!("{}: set", purpose.name()), outcome))
            }
            Err(e) => Err((e.to_string(), Outcome::StatusUnknown(e))),
        };
        run.note(Check::Status, result);
        checked = true;
    }
    (checked, true)
}

/// What it says, without a word on whether it is true.
fn show(credential: &Value) -> Shown {
    let subject = credential.get("credentialSubject").unwrap_or(&Value::Null);
    let achievement = subject.get("achievement").unwrap_or(&Value::Null);
    let none = Map::new();
    let issuer = credential.get("issuer").and_then(Value::as_object).unwrap_or(&none);
    let named = |i: &&Value| text(i, "identityType") == "name" && i["hashed"] != true;
    let identifiers = subject.get("identifier").and_then(Value::as_array);
    let claim = |name: &str| credential.get(name).and_then(Value::as_i64);
    let moment = |name: &str| claim(name).and_then(|s| Timestamp::from_second(s).ok());
    // A time beyond all times is no reason to hold for ever.
    let until = match claim("exp") {
        Some(_) => Some(moment("exp").unwrap_or(Timestamp::MIN)),
        None => credential
            .get("validUntil")
            .map(|v| v.as_str().and_then(time).unwrap_or(Timestamp::MIN)),
    };
    Shown {
        id: text(credential, "id").into(),
        issuer: issuer_id(credential).unwrap_or_default(),
        issuer_name: issuer.get("name").and_then(Value::as_str).unwrap_or_default().into(),
        key: String::new(),
        key_name: None,
        subject: text(subject, "id").into(),
        name: identifiers
            .and_then(|all| all.iter().find(named))
            .map(|i| text(i, "identityHash").to_owned()),
        achievement: text(achievement, "name").into(),
        criteria: achievement
            .get("criteria")
            .map(|c| text(c, "narrative"))
            .unwrap_or_default()
            .into(),
        valid_from: moment("nbf"),
        valid_until: until,
    }
}
