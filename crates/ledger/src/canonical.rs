//! JSON with one spelling only: RFC 8785, narrowed to values about which no two readers can
//! disagree. Keys are sorted, nothing stands between tokens, and numbers are integers that a
//! double holds exactly.

use crate::frontier::MAX_SIZE;
use serde_json::{Map, Value};

/// How deep arrays and objects may lie in each other.
const MAX_DEPTH: usize = 32;

/// A value that has no canonical form here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotCanonical {
    /// A number with a fraction or an exponent, or beyond ±(2⁵³ − 1).
    Number,
    /// Nested too deeply.
    Depth,
}

/// Writes an object.
pub(crate) fn object(map: &Map<String, Value>) -> Result<String, NotCanonical> {
    let mut out = String::new();
    write_object(&mut out, map, 0)?;
    Ok(out)
}

/// Writes a string.
pub(crate) fn string(out: &mut String, text: &str) {
    use std::fmt::Write;
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            // Writing to a string does not fail.
            c if c < ' ' => drop(write!(out, "\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn write_object(
    out: &mut String,
    map: &Map<String, Value>,
    depth: usize,
) -> Result<(), NotCanonical> {
    // RFC 8785 §3.2.3 sorts by UTF-16 code units, which is not the order of code points.
    let mut members: Vec<(&String, &Value)> = map.iter().collect();
    members.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
    out.push('{');
    for (at, (key, member)) in members.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        string(out, key);
        out.push(':');
        value(out, member, depth + 1)?;
    }
    out.push('}');
    Ok(())
}

fn value(out: &mut String, value: &Value, depth: usize) -> Result<(), NotCanonical> {
    if depth > MAX_DEPTH {
        return Err(NotCanonical::Depth);
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(n) => {
            let small = n.as_i64().filter(|n| n.unsigned_abs() <= MAX_SIZE);
            out.push_str(&small.ok_or(NotCanonical::Number)?.to_string());
        }
        Value::String(text) => string(out, text),
        Value::Array(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                self::value(out, item, depth + 1)?;
            }
            out.push(']');
        }
        Value::Object(map) => write_object(out, map, depth)?,
    }
    Ok(())
}
