//! Compact JSON Web Signatures (RFC 7515) with Ed25519 (RFC 8037).

use super::{did_key, strict_json};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hangtu_ledger::SignerKey;
use serde_json::{Map, Value, json};

/// Longest token in bytes. A status list of a million entries with every tenth one set fits.
pub const MAX_TOKEN: usize = 1024 * 1024;

/// Why a credential cannot be issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// Something that must be a URI is none.
    #[error("{0}: is no absolute URI")]
    Uri(&'static str),
    /// It ends before it begins.
    #[error("it ends before it begins")]
    Backwards,
    /// A text is missing.
    #[error("{0}: is empty")]
    Empty(&'static str),
    /// Longer than [`MAX_TOKEN`].
    #[error("the credential is longer than {MAX_TOKEN} bytes")]
    TooLong,
    /// The key is none of Ed25519, by which alone credentials are signed.
    #[error("credentials are signed with Ed25519, and this key is none")]
    Key,
}

pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Signs a payload. The key is named by its did:key and stands in the header, so that a verifier
/// needs nothing but the token (and its own opinion of the key).
pub(super) fn sign(key: &SignerKey, payload: &Value) -> Result<String, IssueError> {
    let public = key.verifier().ed25519().ok_or(IssueError::Key)?;
    let did = did_key(public);
    let name = did.trim_start_matches("did:key:");
    let header = json!({
        "alg": "EdDSA",
        "kid": format!("{did}#{name}"),
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": base64url(public)},
        "typ": "JWT",
    });
    let input = format!(
        "{}.{}",
        base64url(header.to_string().as_bytes()),
        base64url(payload.to_string().as_bytes())
    );
    let signature = key.sign_jws(&input).ok_or(IssueError::TooLong)?;
    let token = format!("{input}.{}", base64url(&signature));
    if token.len() > MAX_TOKEN { Err(IssueError::TooLong) } else { Ok(token) }
}

/// A token taken apart; nothing of it is known to be true.
pub(super) struct Token<'a> {
    pub(super) header: Map<String, Value>,
    pub(super) payload: Map<String, Value>,
    input: &'a str,
    signature: [u8; 64],
}

impl<'a> Token<'a> {
    /// Takes a token apart; the error says what is not as it should be.
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() > MAX_TOKEN {
            return Err(format!("longer than {MAX_TOKEN} bytes"));
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("not three parts with dots between them".into());
        };
        let input = &text[..header.len() + 1 + payload.len()];
        let object = |name: &str, part: &str| {
            let bytes = from_base64url(part).ok_or(format!("{name}: not base64url"))?;
            match strict_json(&bytes) {
                Ok(Value::Object(map)) => Ok(map),
                Ok(_) => Err(format!("{name}: no JSON object")),
                Err(e) => Err(format!("{name}: {e}")),
            }
        };
        let header = object("header", header)?;
        let payload = object("payload", payload)?;
        let signature = from_base64url(signature).ok_or("signature: not base64url")?;
        // Other algorithms have other lengths; what is wrong is told by the algorithm then.
        let signature = signature.try_into().unwrap_or([0; 64]);
        Ok(Self { header, payload, input, signature })
    }

    /// The algorithm.
    pub(super) fn alg(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether a key signed it. Strict: weak keys and second spellings of a signature are refused.
    pub(super) fn is_by(&self, public: &[u8; 32]) -> bool {
        let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(public) else { return false };
        let signature = ed25519_dalek::Signature::from_bytes(&self.signature);
        !key.is_weak() && key.verify_strict(self.input.as_bytes(), &signature).is_ok()
    }

    /// The key that the header names itself (`jwk`, or a did:key as `kid`); the error says why it
    /// is none. None where the header names one only by an address.
    pub(super) fn key(&self) -> Result<Option<[u8; 32]>, String> {
        let jwk = match self.header.get("jwk") {
            None => None,
            Some(jwk) => Some(public_of_jwk(jwk)?),
        };
        let kid = match self.header.get("kid") {
            None => None,
            Some(Value::String(kid)) if kid.starts_with("did:key:") => Some(
                super::public_of_did_key(kid).ok_or("kid: a did:key that is none of Ed25519")?,
            ),
            Some(Value::String(_)) => None,
            Some(_) => return Err("kid: no text".into()),
        };
        match (jwk, kid) {
            (Some(a), Some(b)) if a != b => Err("kid and jwk name different keys".into()),
            (None, None) if !self.header.contains_key("kid") => {
                Err("neither kid nor jwk: no key is named".into())
            }
            (a, b) => Ok(a.or(b)),
        }
    }
}

fn public_of_jwk(jwk: &Value) -> Result<[u8; 32], String> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str).unwrap_or_default();
    if jwk.get("d").is_some() {
        return Err("jwk: holds a private key".into());
    }
    if text("kty") != "OKP" || text("crv") != "Ed25519" {
        return Err("jwk: no key of Ed25519".into());
    }
    from_base64url(text("x"))
        .and_then(|x| x.try_into().ok())
        .ok_or_else(|| "jwk: x is no public key".into())
}
