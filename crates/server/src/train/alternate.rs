//! The alternate request syntax of xAPI 1.0.3 (part three, 1.3), for senders that can only POST forms:
//! the method stands in the address; parameters, headers and content stand in the form. Version 2.0 has
//! it no more. What the form says of authorisation is not looked at: the request brings its own.

use super::lrs::{VERSION, bad, parameters, version};
use crate::ctx::Ctx;
use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
};
use hangtu_train::{exchange::xapi::Version, lrs::Refusal};

/// What a form asks for in the usual way.
pub(super) struct Asked {
    pub(super) ctx: Ctx,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Headers that a form may name.
fn named(name: &str) -> Option<HeaderName> {
    match name.to_ascii_lowercase().as_str() {
        "content-type" => Some(header::CONTENT_TYPE),
        "content-length" => Some(header::CONTENT_LENGTH),
        "authorization" => Some(header::AUTHORIZATION),
        "if-match" => Some(header::IF_MATCH),
        "if-none-match" => Some(header::IF_NONE_MATCH),
        "x-experience-api-version" => Some(VERSION),
        _ => None,
    }
}

/// Reads a POST whose address names another method; nothing for any other request.
pub(super) fn alternate(
    ctx: &Ctx,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Option<Asked>, Refusal> {
    let given = parameters(ctx)?;
    let method = match given.as_slice() {
        [(name, method)] if name == "method" => method.to_ascii_uppercase(),
        all if all.iter().any(|(name, _)| name == "method") => {
            return Err(bad("method stands alone in the address: all else belongs into the form"));
        }
        _ => return Ok(None),
    };
    let method = match method.as_str() {
        "GET" | "HEAD" => Method::GET,
        "PUT" => Method::PUT,
        "POST" => Method::POST,
        "DELETE" => Method::DELETE,
        _ => return Err(bad("method: GET, PUT, POST or DELETE")),
    };
    let media = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !media.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        return Err(bad("Content-Type: application/x-www-form-urlencoded"));
    }
    let form: Vec<(String, String)> =
        serde_html_form::from_bytes(body).map_err(|e| bad(&e.to_string()))?;
    let mut headers = headers.clone();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let (mut content, mut query) = (None, Vec::new());
    for (name, value) in form {
        if name == "content" {
            content = Some(Bytes::from(value));
        } else if let Some(header) = named(&name) {
            let value = HeaderValue::from_str(&value).map_err(|e| bad(&format!("{name}: {e}")))?;
            headers.insert(header, value);
        } else {
            query.push((name, value));
        }
    }
    if version(&headers)? == Version::V2 {
        return Err(bad("version 2.0 knows no alternate request syntax"));
    }
    if content.is_none() && (method == Method::PUT || method == Method::POST) {
        return Err(bad("content is missing"));
    }
    let mut ctx = ctx.clone();
    let base = ctx.path.split('?').next().unwrap_or_default();
    let query = serde_html_form::to_string(&query).map_err(|e| bad(&e.to_string()))?;
    ctx.path = format!("{base}?{query}");
    Ok(Some(Asked { ctx, method, headers, body: content.unwrap_or_default() }))
}
