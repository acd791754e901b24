//! Rule collections of Sigma 1: documents with an `action` shape those that follow
//! (Sigma 1.0.2, "Rule Collections").

use crate::{
    detection::At,
    error::{Counted, Expected, Vocabulary, Wrong},
};
use serde_json::{Map, Value};

/// Bytes of text and nodes that actions may copy, a file. The largest collections of the public
/// set copied a few thousand.
const MAX_COPIED: usize = 8 << 20;

/// The documents of a file with its actions carried out, under their numbers from 1.
pub(crate) fn documents(list: Vec<Value>) -> Vec<(usize, Result<Value, At>)> {
    let mut collection = Collection { left: MAX_COPIED, ..Collection::default() };
    let mut out = Vec::with_capacity(list.len());
    for (index, document) in list.into_iter().enumerate() {
        let rule = match document {
            Value::Object(map) => collection.take(map),
            other => Ok(Some(other)),
        };
        out.extend(rule.transpose().map(|rule| (index + 1, rule)));
    }
    out
}

/// What actions have said so far.
#[derive(Default)]
struct Collection {
    global: Map<String, Value>,
    last: Option<Map<String, Value>>,
    left: usize,
}

impl Collection {
    /// The rule that a document becomes; none for an action that shapes others.
    fn take(&mut self, mut map: Map<String, Value>) -> Result<Option<Value>, At> {
        let at = |wrong| ("action".to_owned(), wrong);
        let base = match map.remove("action") {
            None => &self.global,
            Some(Value::String(action)) => match &*action {
                "global" => {
                    merge(&mut self.global, map);
                    return Ok(None);
                }
                "reset" => {
                    self.global = Map::new();
                    return Ok(None);
                }
                "repeat" => {
                    let before = Wrong::Expected(Expected::RuleBefore);
                    self.last.as_ref().ok_or_else(|| at(before))?
                }
                _ => return Err(at(Wrong::Unknown { what: Vocabulary::Action, word: action })),
            },
            Some(_) => return Err(at(Wrong::Expected(Expected::Text))),
        };
        let too_much = Wrong::TooMuch { what: Counted::Copied, limit: MAX_COPIED };
        self.left = self.left.checked_sub(weight(base)).ok_or_else(|| at(too_much))?;
        let mut whole = base.clone();
        merge(&mut whole, map);
        self.last = Some(whole.clone());
        Ok(Some(Value::Object(whole)))
    }
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
