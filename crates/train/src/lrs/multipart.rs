//! Statements with attachments: `multipart/mixed` (part three, 1.5.2).

use super::Refusal;
use crate::{credential::strict_json, exchange::xapi::Statement};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::collections::BTreeMap;

/// Most parts of a request.
const MAX_PARTS: usize = 100;
/// Longest headers of a part, in bytes.
const MAX_HEADERS: usize = 8 * 1024;

/// A request with attachments, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Multipart {
    /// The statements: JSON.
    pub statements: Vec<u8>,
    /// SHA-2 in hex → what is attached.
    pub attachments: BTreeMap<String, Part>,
}

/// Something attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Media type.
    pub content_type: String,
    /// Contents.
    pub bytes: Vec<u8>,
}

/// A parameter of a media type.
fn parameter<'a>(content_type: &'a str, name: &str) -> Option<&'a str> {
    content_type.split(';').skip(1).find_map(|p| {
        let (key, value) = p.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|w| w == what)
}

/// Takes a request apart. The caller has bounded the length of the body.
pub fn read_multipart(content_type: &str, body: &[u8]) -> Result<Multipart, Refusal> {
    let boundary = parameter(content_type, "boundary").filter(|b| (1..=70).contains(&b.len()));
    let boundary = boundary.ok_or_else(|| Refusal::bad("multipart: no boundary"))?;
    let open = format!("--{boundary}");
    let between = format!("\r\n{open}");
    let start = find(body, open.as_bytes()).ok_or_else(|| Refusal::bad("multipart: no part"))?;
    let mut rest = &body[start + open.len()..];
    let (mut out, mut count) = (Multipart::default(), 0);
    while !rest.starts_with(b"--") {
        count += 1;
        if count > MAX_PARTS {
            return Err(Refusal::new(413, format!("more than {MAX_PARTS} parts")));
        }
        let Some(inner) = rest.strip_prefix(b"\r\n") else {
            return Err(Refusal::bad("multipart: no line end behind a boundary"));
        };
        let end = find(inner, between.as_bytes());
        let end = end.ok_or_else(|| Refusal::bad("multipart: a part does not end"))?;
        part(&inner[..end], count == 1, &mut out)?;
        rest = &inner[end + between.len()..];
    }
    if count == 0 {
        return Err(Refusal::bad("multipart: no part"));
    }
    Ok(out)
}

fn part(bytes: &[u8], first: bool, out: &mut Multipart) -> Result<(), Refusal> {
    let (head, body) = match find(bytes, b"\r\n\r\n") {
        Some(at) => (&bytes[..at], &bytes[at + 4..]),
        None => return Err(Refusal::bad("multipart: a part without an empty line")),
    };
    if head.len() > MAX_HEADERS {
        return Err(Refusal::bad("multipart: the headers of a part are too long"));
    }
    let head = std::str::from_utf8(head).map_err(|_| Refusal::bad("multipart: bad headers"))?;
    let header = |name: &str| {
        head.split("\r\n").find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let content_type = header("Content-Type").unwrap_or_default();
    if first {
        let plain = content_type.split(';').next().unwrap_or_default().trim();
        if !plain.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::bad("multipart: the first part is application/json"));
        }
        out.statements = body.to_vec();
        return Ok(());
    }
    if header("Content-Transfer-Encoding") != Some("binary") {
        return Err(Refusal::bad("multipart: Content-Transfer-Encoding is binary"));
    }
    let hash = header("X-Experience-API-Hash").unwrap_or_default().to_ascii_lowercase();
    let real = match hash.len() {
        64 => hangtu_catalog::hex(&Sha256::digest(body)),
        96 => hangtu_catalog::hex(&Sha384::digest(body)),
        128 => hangtu_catalog::hex(&Sha512::digest(body)),
        _ => return Err(Refusal::bad("multipart: X-Experience-API-Hash is missing")),
    };
    if real != hash {
        return Err(Refusal::bad("multipart: a part does not have its hash"));
    }
    let new = Part { content_type: content_type.to_owned(), bytes: body.to_vec() };
    out.attachments.insert(hash, new);
    Ok(())
}

impl Multipart {
    /// Whether parts and statements belong together: everything attached without an address of its
    /// own is there, `kept` says what the store has already, and nothing else is. For a request
    /// without parts the map is empty.
    pub fn belongs(
        attachments: &BTreeMap<String, Part>,
        statements: &[Statement],
        kept: &dyn Fn(&str) -> bool,
    ) -> Result<(), Refusal> {
        let named = || statements.iter().flat_map(|s| &s.facets().attachments);
        for attachment in named() {
            match attachments.get(&attachment.sha2) {
                Some(part) if part.bytes.len() as u64 != attachment.length => {
                    return Err(Refusal::bad(format!("{}: its length differs", attachment.sha2)));
                }
                None if attachment.url.is_none() && !kept(&attachment.sha2) => {
                    return Err(Refusal::bad(format!("{}: its data is missing", attachment.sha2)));
                }
                _ => {}
            }
        }
        match attachments.keys().find(|hash| named().all(|a| a.sha2 != **hash)) {
            Some(hash) => Err(Refusal::bad(format!("{hash}: no statement names this part"))),
            None => Ok(()),
        }
    }
}

/// What a signature is used as (part two, 2.6).
const SIGNATURE: &str = "http://adlnet.gov/expapi/attachments/signature";

/// Whether what is attached as a signature is one: a compact JWS of RS256, RS384 or RS512 over this
/// statement as it was before. Whose key it is, nobody here can know.
pub fn check_signatures(
    attachments: &BTreeMap<String, Part>,
    statements: &[Statement],
) -> Result<(), Refusal> {
    for statement in statements {
        let Some(Value::Array(all)) = statement.json().get("attachments") else { continue };
        for one in all.iter().filter(|a| a["usageType"] == SIGNATURE) {
            let media = one["contentType"].as_str().unwrap_or_default();
            if media != "application/octet-stream" {
                return Err(Refusal::bad("a signature is application/octet-stream"));
            }
            let sha2 = one["sha2"].as_str().unwrap_or_default().to_ascii_lowercase();
            if let Some(part) = attachments.get(&sha2) {
                signature(&part.bytes, statement)?;
            }
        }
    }
    Ok(())
}

fn signature(bytes: &[u8], statement: &Statement) -> Result<(), Refusal> {
    let bad = |why: &str| Refusal::bad(format!("signature: {why}"));
    let text = std::str::from_utf8(bytes).map_err(|_| bad("no text"))?.trim();
    let parts: Vec<&str> = text.split('.').collect();
    let [header, payload, mark] = parts.as_slice() else { return Err(bad("no compact JWS")) };
    let open = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| bad("no base64url"));
    let json = |part: &str| strict_json(&open(part)?).map_err(|e| bad(&format!("no JSON: {e}")));
    let algorithm = json(header)?["alg"].as_str().map(str::to_owned);
    if !["RS256", "RS384", "RS512"].iter().any(|a| algorithm.as_deref() == Some(a)) {
        return Err(bad("alg is RS256, RS384 or RS512"));
    }
    if open(mark)?.is_empty() {
        return Err(bad("nothing signs it"));
    }
    let Value::Object(signed) = json(payload)? else { return Err(bad("signs no statement")) };
    let mut said = statement.json().clone();
    // It stood without its signature when it was signed; others it had before.
    said.remove("attachments");
    let mut signed = signed;
    signed.remove("attachments");
    let both = [signed, said].map(|json| Statement::parse_any(&Value::Object(json)));
    match both {
        [Ok(signed), Ok(said)] if signed.says_the_same(&said) => Ok(()),
        _ => Err(bad("signs another statement")),
    }
}

/// An answer with attachments; gives its media type and its body. `boundary` is random and stands
/// in none of the parts.
pub fn write_multipart(
    json: &[u8],
    attachments: &BTreeMap<String, Part>,
    boundary: &str,
) -> (String, Vec<u8>) {
    let mut out = format!("--{boundary}\r\nContent-Type: application/json\r\n\r\n").into_bytes();
    out.extend_from_slice(json);
    for (hash, part) in attachments {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: {}\r\nContent-Transfer-Encoding: binary\r\n\
             X-Experience-API-Hash: {hash}\r\n\r\n",
            part.content_type.replace(['\r', '\n'], " ")
        );
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(&part.bytes);
    }
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/mixed; boundary={boundary}"), out)
}
