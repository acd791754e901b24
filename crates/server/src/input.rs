//! What people and programs send: a form, or JSON.

use crate::error::Error;
use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{header, request::Parts},
};
use hangtu_catalog::{Bilingual, key};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

/// Forms and JSON bodies are small; evidence has its own way in.
const LIMIT: usize = 1 << 20;

/// A body: `application/json`, else a form.
pub(crate) struct Input<T>(pub(crate) T);

fn unreadable(why: impl std::fmt::Display) -> Error {
    let why = why.to_string();
    Error::Invalid("", Bilingual::message(key::SERVER_BAD_INPUT, &[("why", why.as_str().into())]))
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Input<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Error> {
        let json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|t| t.as_bytes().starts_with(b"application/json"));
        let bytes = to_bytes(request.into_body(), LIMIT).await.map_err(|_| Error::TooLarge)?;
        if json {
            serde_json::from_slice(&bytes).map(Self).map_err(unreadable)
        } else {
            serde_html_form::from_bytes(&bytes).map(Self).map_err(unreadable)
        }
    }
}

/// The query of the address; repeated names make lists.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        let query = parts.uri.query().unwrap_or_default();
        serde_html_form::from_str(query).map(Self).map_err(unreadable)
    }
}

/// An empty field of a form is no value: `#[serde(default, deserialize_with = "input::blank")]`.
pub(crate) fn blank<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let text = Option::<serde_json::Value>::deserialize(deserializer)?;
    match text {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(serde_json::Value::String(s)) if s.trim().is_empty() => Ok(None),
        Some(value) => T::deserialize(&value)
            .or_else(|e| {
                // A number typed into a form comes as text.
                let number: Option<serde_json::Value> =
                    value.as_str().and_then(|s| serde_json::from_str(s.trim()).ok());
                number.ok_or(e).and_then(T::deserialize)
            })
            .map(Some)
            .map_err(serde::de::Error::custom),
    }
}

/// A line that a person typed: trimmed, not empty, at most `max` characters, no control characters.
pub(crate) fn line(field: &'static str, text: &str, max: usize) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::invalid(field, key::SERVER_FIELD_EMPTY));
    }
    prose(field, text, max).and_then(|t| {
        if t.contains('\n') { Err(Error::invalid(field, key::SERVER_FIELD_CONTROL)) } else { Ok(t) }
    })
}

/// Text that a person typed, perhaps empty, perhaps of several lines.
pub(crate) fn prose(field: &'static str, text: &str, max: usize) -> Result<String, Error> {
    let text = text.trim().replace("\r\n", "\n");
    if text.chars().count() > max {
        return Err(Error::Invalid(
            field,
            Bilingual::message(key::SERVER_FIELD_LONG, &[("max", (max as u64).into())]),
        ));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Error::invalid(field, key::SERVER_FIELD_CONTROL));
    }
    Ok(text)
}
