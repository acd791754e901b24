//! Certificates: signed Open Badges (docs/training.md), checked without a network.

use crate::{Ending, failure::Failure, summary, terminal::plain};
use hangtu_catalog::{Arg, Language, key, text};
use hangtu_train::credential::{
    Check, MAX_TOKEN, Outcome, TrustedKey, TrustedKeyError, Verification, verify,
};
use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

/// The certificate in a file; none where it is something else. A compact JWS begins with the
/// base64url of `{"`, an exported ledger with `{`.
pub(super) fn recognise(path: &Path) -> Result<Option<String>, Failure> {
    let read = |most: u64| {
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(most).read_to_end(&mut bytes))
            .map_err(|e| Failure::read(path, &e))?;
        Ok::<_, Failure>(String::from_utf8_lossy(&bytes).into_owned())
    };
    if !read(64)?.trim_start_matches('\u{feff}').trim_start().starts_with("eyJ") {
        return Ok(None);
    }
    // A byte more than fits is enough to see that it does not.
    let whole = read(MAX_TOKEN as u64 + 1024)?;
    Ok(Some(whole.trim_start_matches('\u{feff}').to_owned()))
}

/// Keys that are trusted.
fn trusted(keys: &[&String]) -> Result<Vec<TrustedKey>, Failure> {
    let key = |text: &&String| {
        TrustedKey::parse(text).map_err(|_: TrustedKeyError| {
            Failure::new(key::VERIFY_KEY_BAD, Some(key::CERTIFICATE_KEY_BAD_REMEDY))
                .with("key", text)
        })
    };
    keys.iter().map(key).collect()
}

pub(super) fn run(
    language: Language,
    path: &Path,
    token: &str,
    keys: &[&String],
    status: Option<&Path>,
) -> Result<Ending, Failure> {
    let trusted = trusted(keys)?;
    let status = match status.map(|path| (path, recognise(path))) {
        None => None,
        Some((_, Ok(Some(list)))) => Some(list),
        Some((_, Err(e))) => return Err(e),
        Some((path, Ok(None))) => {
            return Err(Failure::new(
                key::CERTIFICATE_STATUS_BAD,
                Some(key::CERTIFICATE_STATUS_REMEDY),
            )
            .with("path", path.display()));
        }
    };
    let checked = verify(token, &trusted, status.as_deref(), jiff::Timestamp::now());
    print(language, &checked).map_err(|e| Failure::output(&e))?;
    match failure(&checked) {
        None => Ok(Ending::Done),
        Some(failure) => {
            failure.with("path", path.display()).print(language);
            Ok(Ending::FailOn)
        }
    }
}

/// Why it is not valid.
fn failure(checked: &Verification) -> Option<Failure> {
    let keep = Some(key::CERTIFICATE_FORGED_REMEDY);
    let local = |time: &jiff::Timestamp| summary::local(&time.to_string());
    Some(match &checked.outcome {
        Outcome::Valid => return None,
        Outcome::Malformed => Failure::new(key::CERTIFICATE_MALFORMED, keep),
        Outcome::Algorithm => Failure::new(key::CERTIFICATE_ALGORITHM, keep),
        Outcome::BrokenSignature => Failure::new(key::CERTIFICATE_SIGNATURE, keep),
        Outcome::UnknownIssuer => {
            Failure::new(key::CERTIFICATE_ISSUER, Some(key::CERTIFICATE_ISSUER_REMEDY))
        }
        Outcome::Inconsistent => Failure::new(key::CERTIFICATE_INCONSISTENT, keep),
        Outcome::Revoked => Failure::new(key::CERTIFICATE_REVOKED, None),
        Outcome::Suspended => Failure::new(key::CERTIFICATE_SUSPENDED, None),
        Outcome::StatusUnknown(_) => {
            Failure::new(key::CERTIFICATE_STATUS_UNKNOWN, Some(key::CERTIFICATE_STATUS_REMEDY))
        }
        Outcome::NotYet(from) => {
            Failure::new(key::CERTIFICATE_NOT_YET, None).with("time", local(from))
        }
        Outcome::Expired(until) => {
            Failure::new(key::CERTIFICATE_EXPIRED, None).with("time", local(until))
        }
    })
}

fn print(language: Language, checked: &Verification) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let t = |k, args: &[(&str, Arg<'_>)]| plain(&text(language, k, args)).into_owned();
    if let Some(shown) = &checked.shown {
        let local = |t: jiff::Timestamp| summary::local(&t.to_string());
        let until = shown.valid_until.map(local);
        let from = shown.valid_from.map(local);
        for (key, said) in [
            (key::CERTIFICATE_ACHIEVEMENT, Some(&shown.achievement)),
            (key::CERTIFICATE_CRITERIA, Some(&shown.criteria)),
            (key::CERTIFICATE_HOLDER, shown.name.as_ref().or(Some(&shown.subject))),
            (key::CERTIFICATE_BY, Some(&shown.issuer_name)),
            (key::CERTIFICATE_KEY, Some(&shown.key)),
            (key::CERTIFICATE_KEY_NAME, shown.key_name.as_ref()),
            (key::CERTIFICATE_FROM, from.as_ref()),
            (key::CERTIFICATE_UNTIL, until.as_ref()),
        ] {
            if let Some(said) = said.filter(|s| !s.is_empty()) {
                writeln!(out, "{}", t(key, &[("text", Arg::Text(said))]))?;
            }
        }
    }
    for finding in &checked.findings {
        let check = t(name(finding.check), &[]);
        let said = match finding.passed {
            Some(true) => key::CERTIFICATE_PASSED,
            Some(false) => key::CERTIFICATE_FAILED,
            None => key::CERTIFICATE_UNCHECKED,
        };
        let args = [("check", Arg::Text(&check)), ("detail", Arg::Text(&finding.detail))];
        writeln!(out, "{}", t(said, &args))?;
    }
    if checked.outcome == Outcome::Valid {
        writeln!(out, "{}", t(key::CERTIFICATE_VALID, &[]))?;
        if checked.names_status && !checked.status_checked {
            writeln!(out, "{}", t(key::CERTIFICATE_STATUS_NOT_ASKED, &[]))?;
        }
    }
    Ok(())
}

fn name(check: Check) -> key::Key {
    match check {
        Check::Form => key::CERTIFICATE_CHECK_FORM,
        Check::Algorithm => key::CERTIFICATE_CHECK_ALGORITHM,
        Check::Signature => key::CERTIFICATE_CHECK_SIGNATURE,
        Check::Issuer => key::CERTIFICATE_CHECK_ISSUER,
        Check::Claims => key::CERTIFICATE_CHECK_CLAIMS,
        Check::Credential => key::CERTIFICATE_CHECK_CREDENTIAL,
        Check::Status => key::CERTIFICATE_CHECK_STATUS,
        Check::Begun => key::CERTIFICATE_CHECK_BEGUN,
        Check::Unexpired => key::CERTIFICATE_CHECK_UNEXPIRED,
    }
}
