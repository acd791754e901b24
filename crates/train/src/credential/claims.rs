//! Whether a credential agrees with itself and is an Open Badge.

use super::badge::{CONTEXTS, is_uri};
use jiff::Timestamp;
use serde_json::Value;

pub(super) fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// `issuer`, a text or an object with an id.
pub(super) fn issuer_id(credential: &Value) -> Option<String> {
    match credential.get("issuer")? {
        Value::String(id) => Some(id.clone()),
        object => object.get("id").and_then(Value::as_str).map(str::to_owned),
    }
}

pub(super) fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Whether the claims say what the credential says (OB 3.0, “Verify a Credential VC-JWT Signature”).
pub(super) fn claims(credential: &Value, issuer: &str) -> Result<(), String> {
    if credential.get("vc").is_some() {
        return Err("it is of the Verifiable Credentials data model 1.1 (vc)".into());
    }
    let same = |claim: &str, other: &str| {
        let claimed = text(credential, claim);
        if claimed.is_empty() {
            Err(format!("{claim} is missing"))
        } else if claimed == other {
            Ok(())
        } else {
            Err(format!("{claim} is {claimed:?}, the credential says {other:?}"))
        }
    };
    same("iss", issuer)?;
    same("jti", text(credential, "id"))?;
    let subject = credential.get("credentialSubject").unwrap_or(&Value::Null);
    same("sub", text(subject, "id"))?;
    let moment = |claim: &str, name: &str| {
        let said =
            credential.get(claim).map(|n| n.as_i64().ok_or(format!("{claim}: no whole number")));
        let said = said.transpose()?;
        let there = match credential.get(name) {
            None => None,
            Some(value) => {
                let time = value.as_str().and_then(time);
                Some(time.ok_or(format!("{name}: no time"))?.as_second())
            }
        };
        if said == there { Ok(said) } else { Err(format!("{claim} and {name} differ")) }
    };
    if moment("nbf", "validFrom")?.is_none() {
        return Err("nbf and validFrom are missing".into());
    }
    moment("exp", "validUntil")?;
    Ok(())
}

pub(super) fn has_type(of: &Value, wanted: &[&str]) -> bool {
    match of.get("type") {
        Some(Value::String(one)) => wanted.contains(&one.as_str()),
        Some(Value::Array(all)) => {
            all.iter().filter_map(Value::as_str).any(|t| wanted.contains(&t))
        }
        _ => false,
    }
}

/// What OB 3.0 requires of an AchievementCredential about an Achievement.
pub(super) fn is_badge(credential: &Value) -> Result<(), String> {
    let contexts: Vec<&str> = credential
        .get("@context")
        .and_then(Value::as_array)
        .map(|all| all.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    if contexts.first() != Some(&CONTEXTS[0])
        || !contexts
            .get(1)
            .is_some_and(|c| c.starts_with("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0"))
    {
        return Err("@context: not those of VC 2.0 and OB 3.0".into());
    }
    if !has_type(credential, &["VerifiableCredential"])
        || !has_type(credential, &["OpenBadgeCredential", "AchievementCredential"])
    {
        return Err("type: no OpenBadgeCredential".into());
    }
    if !is_uri(text(credential, "id")) {
        return Err("id: no URI".into());
    }
    if !issuer_id(credential).is_some_and(|id| is_uri(&id)) {
        return Err("issuer: no URI".into());
    }
    let need = |of: &Value, place: &str, names: &[&str]| {
        names
            .iter()
            .find(|name| text(of, name).trim().is_empty())
            .map_or(Ok(()), |name| Err(format!("{place}{name}: is missing")))
    };
    let subject = credential.get("credentialSubject").unwrap_or(&Value::Null);
    if !has_type(subject, &["AchievementSubject"]) {
        return Err("credentialSubject: no AchievementSubject".into());
    }
    let identified = subject.get("identifier").and_then(Value::as_array);
    if text(subject, "id").is_empty() && identified.is_none_or(Vec::is_empty) {
        return Err("credentialSubject: names nobody".into());
    }
    let achievement = subject.get("achievement").unwrap_or(&Value::Null);
    if !has_type(achievement, &["Achievement"]) {
        return Err("achievement: no Achievement".into());
    }
    need(achievement, "achievement.", &["id", "name", "description"])?;
    let criteria = achievement.get("criteria").unwrap_or(&Value::Null);
    if text(criteria, "narrative").is_empty() && text(criteria, "id").is_empty() {
        return Err("achievement.criteria: is missing".into());
    }
    Ok(())
}
