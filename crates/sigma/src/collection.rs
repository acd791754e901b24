//! Rule collections of Sigma 1: documents with an `action` shape those that follow
//! (Sigma 1.0.2, "Rule Collections").

use crate::{detection::At, error::Wrong};
use serde_json::{Map, Value};

/// Bytes of text and nodes that actions may copy, a file. The largest collections of the public
/// set copied a few thousand.
const MAX_COPIED: usize = 8 << 20;

/// The documents of a file with its actions carried out, under their numbers from 1.
pub(crate) fn documents(list: Vec<Value>) -> Vec<(usize, Result<Value, At>)> {
    let mut out = Vec::with_capacity(list.len());
    let mut global = Map::new();
    let mut last: Option<Map<String, Value>> = None;
    let mut left = MAX_COPIED;
    for (index, document) in list.into_iter().enumerate() {
        let Value::Object(mut map) = document else {
            out.push((index + 1, Ok(document)));
            continue;
        };
        let base = match map.remove("action") {
            None => &global,
            Some(Value::String(action)) => match &*action {
                "global" => {
                    merge(&mut global, map);
                    continue;
                }
                "reset" => {
                    global = Map::new();
                    continue;
                }
                "repeat" => match &last {
                    Some(last) => last,
                    None => {
                        let wrong = Wrong::Expected("a rule before it to repeat");
                        out.push((index + 1, Err(("action".into(), wrong))));
                        continue;
                    }
                },
                _ => {
                    let wrong = Wrong::Unknown { what: "action", word: action };
                    out.push((index + 1, Err(("action".into(), wrong))));
                    continue;
                }
            },
            Some(_) => {
                out.push((index + 1, Err(("action".into(), Wrong::Expected("text")))));
                continue;
            }
        };
        let whole = match left.checked_sub(weight(base)) {
            Some(rest) => {
                left = rest;
                let mut whole = base.clone();
                merge(&mut whole, map);
                whole
            }
            None => {
                let wrong = Wrong::TooMuch { what: "bytes copied by actions", limit: MAX_COPIED };
                out.push((index + 1, Err(("action".into(), wrong))));
                continue;
            }
        };
        last = Some(whole.clone());
        out.push((index + 1, Ok(Value::Object(whole))));
    }
    out
}

/// Maps are merged, whatever else is replaced.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn weight(map: &Map<String, Value>) -> usize {
    fn of(value: &Value) -> usize {
        1 + match value {
            Value::String(text) => text.len(),
            Value::Array(list) => list.iter().map(of).sum(),
            Value::Object(map) => weight(map),
            _ => 0,
        }
    }
    map.iter().map(|(key, value)| key.len() + of(value)).sum()
}
