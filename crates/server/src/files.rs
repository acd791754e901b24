//! Small files that people and programs send whole: a form with file fields, or the bytes alone.

use crate::error::Error;
use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, Request},
    http::header,
};
use hangtu_catalog::key;
use std::collections::BTreeMap;

/// Bytes of one request.
const LIMIT: usize = 64 << 20;
/// Files and fields of one form.
const PARTS: usize = 500;

/// A file, its name as the sender calls it: a text, never a path.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
}

/// What came: files in order, and the form's other fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    pub(crate) files: Vec<Sent>,
    pub(crate) fields: BTreeMap<String, String>,
}

impl<S: Sync> FromRequest<S> for Files {
    type Rejection = Error;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Error> {
        let media = request.headers().get(header::CONTENT_TYPE);
        let media = media.and_then(|m| m.to_str().ok()).unwrap_or_default().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let bytes = to_bytes(request.into_body(), LIMIT).await.map_err(|_| Error::TooLarge)?;
        let boundary = media.strip_prefix("multipart/form-data").and_then(boundary);
        let sent = match boundary {
            Some(boundary) => parts(&bytes, boundary),
            None => {
                let fields: BTreeMap<String, String> =
                    serde_html_form::from_str(&query).unwrap_or_default();
                let name = fields.get("name").cloned().unwrap_or_default();
                let files = if bytes.is_empty() { vec![] } else { vec![Sent { name, bytes }] };
                Some(Self { files, fields })
            }
        };
        match sent {
            Some(sent) if !sent.files.is_empty() => Ok(sent),
            Some(_) => Err(Error::invalid("file", key::SERVER_FIELD_EMPTY)),
            None => Err(Error::invalid("file", key::SERVER_UNREADABLE)),
        }
    }
}

/// The boundary (RFC 2046 §5.1.1).
fn boundary(parameters: &str) -> Option<&str> {
    let value = parameters.split(';').find_map(|p| p.trim().strip_prefix("boundary="))?;
    let value = value.trim_matches('"');
    (1..=70).contains(&value.len()).then_some(value)
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let tail = bytes.get(from..)?;
    tail.windows(what.len()).position(|w| w == what).map(|at| from + at)
}

/// The parts of a form (RFC 7578).
fn parts(bytes: &Bytes, boundary: &str) -> Option<Files> {
    let first = format!("--{boundary}");
    let between = format!("\r\n{first}");
    if !bytes.starts_with(first.as_bytes()) {
        return None;
    }
    let mut out = Files::default();
    let mut at = first.len();
    for _ in 0..PARTS {
        if bytes.get(at..at + 2)? == b"--" {
            return Some(out);
        }
        let head = at + 2;
        let body = find(bytes, head, b"\r\n\r\n")? + 4;
        let end = find(bytes, body, between.as_bytes())?;
        let heads = std::str::from_utf8(bytes.get(head..body - 4)?).ok()?;
        let disposition = heads
            .split("\r\n")
            .find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
        let said = |name: &str| {
            let (_, rest) = disposition.split_once(&format!("; {name}=\""))?;
            rest.split('"').next().map(str::to_owned)
        };
        match said("filename") {
            // A file field that was left empty.
            Some(name) if name.is_empty() && end == body => {}
            Some(name) => out.files.push(Sent { name, bytes: bytes.slice(body..end) }),
            None => {
                let value = std::str::from_utf8(&bytes[body..end]).ok()?;
                out.fields.insert(said("name")?, value.to_owned());
            }
        }
        at = end + between.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_taken_apart_and_a_broken_one_is_not() {
        let form = "--b\r\nContent-Disposition: form-data; name=\"dry\"\r\n\r\nyes\r\n\
            --b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"甲.json\"\r\n\
            Content-Type: application/json\r\n\r\n{\r\n}\r\n\
            --b\r\ncontent-disposition: form-data; name=\"f\"; filename=\"\"\r\n\r\n\r\n--b--\r\n";
        let form = Bytes::from(form.to_owned());
        let sent = parts(&form, "b").unwrap();
        assert_eq!(sent.fields["dry"], "yes");
        assert_eq!(sent.files.len(), 1);
        assert_eq!((&*sent.files[0].name, &*sent.files[0].bytes), ("甲.json", &b"{\r\n}"[..]));
        for cut in 0..form.len() - 5 {
            assert!(parts(&form.slice(..cut), "b").is_none_or(|f| f.files.len() <= 1), "{cut}");
        }
        assert!(parts(&form, "c").is_none());
        assert_eq!(boundary("; boundary=\"x y\""), Some("x y"));
        assert_eq!(boundary("; boundary="), None);
    }
}
