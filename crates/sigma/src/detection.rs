//! The `detection` of a rule: named selections and the condition over them.

use crate::{
    condition::{Condition, Read},
    correlation::timespan,
    error::{Counted, Expected, ModifierFault, Wrong},
    modifier::Modifier,
};
use serde_json::{Map, Value};

/// Lists and maps within a selection.
const MAX_DEPTH: usize = 16;
/// Values of one rule, all selections together.
const MAX_VALUES: usize = 20_000;

/// Selections and the conditions over them.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// The named selections, in the order of the file.
    pub selections: Vec<(String, Selection)>,
    /// The conditions; one that holds is enough.
    pub conditions: Vec<Condition>,
    /// The text after a pipe in a condition: an aggregation of Sigma 1 that no correlation can say.
    pub aggregation: Option<String>,
    /// Nanoseconds such an aggregation looks back over.
    pub timeframe: Option<i64>,
}

/// What a selection asks of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Selection {
    /// A map: every part.
    All(Vec<Self>),
    /// A list: at least one part.
    Any(Vec<Self>),
    /// A field with its values, or keywords.
    Item(Item),
}

/// One `field|modifiers: values`.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The field; `None` searches the whole record for keywords.
    pub field: Option<String>,
    /// The modifiers, in order.
    pub modifiers: Vec<Modifier>,
    /// The values, at least one.
    pub values: Vec<Literal>,
}

impl Item {
    /// Whether the modifier is there.
    pub fn has(&self, modifier: Modifier) -> bool {
        self.modifiers.contains(&modifier)
    }
}

/// A value as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// Text, wildcards and escapes still in it.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// Nothing.
    Null,
}

/// A place in a document and what is wrong there.
pub(crate) type At = (String, Wrong);

impl Detection {
    pub(crate) fn read(value: &Value) -> Result<Self, At> {
        let at = |wrong| ("detection".to_owned(), wrong);
        let map = value.as_object().ok_or_else(|| at(Wrong::Expected(Expected::Selections)))?;
        let timeframe = match text(map, "timeframe").map_err(|(_, wrong)| at(wrong))? {
            None => None,
            Some(span) => Some(timespan(&span).ok_or_else(|| {
                let wrong = Wrong::Expected(Expected::Timespan);
                ("detection.timeframe".to_owned(), wrong)
            })?),
        };
        let (selections, conditions) = (Vec::new(), Vec::new());
        let mut out = Self { selections, conditions, aggregation: None, timeframe };
        let mut left = MAX_VALUES;
        for (name, value) in map {
            if name != "condition" && name != "timeframe" {
                let path = format!("detection.{name}");
                out.selections.push((name.clone(), selection(value, &path, 0, &mut left)?));
            }
        }
        out.conditions(map.get("condition"))?;
        Ok(out)
    }

    fn conditions(&mut self, value: Option<&Value>) -> Result<(), At> {
        let at = |wrong| ("detection.condition".to_owned(), wrong);
        let list = match value {
            Some(Value::String(text)) => vec![text.as_str()],
            Some(Value::Array(list)) if !list.is_empty() => list
                .iter()
                .map(Value::as_str)
                .collect::<Option<_>>()
                .ok_or_else(|| at(Wrong::Expected(Expected::TextOrTexts)))?,
            Some(_) => return Err(at(Wrong::Expected(Expected::TextOrTexts))),
            None => return Err(("detection".into(), Wrong::Missing("condition"))),
        };
        if list.len() > 64 {
            return Err(at(Wrong::TooMuch { what: Counted::Conditions, limit: 64 }));
        }
        for text in list {
            let read = Read::parse(text).map_err(at)?;
            let mut missing = None;
            read.condition.each(&mut |used| {
                let known = match used {
                    Ok(name) => self.selections.iter().any(|(n, _)| n == name),
                    Err(target) => self.selections.iter().any(|(n, _)| target.takes(n)),
                };
                if !known && missing.is_none() {
                    missing = Some(match used {
                        Ok(name) => name.to_owned(),
                        Err(crate::Target::Them) => "them".to_owned(),
                        Err(crate::Target::Like(pattern)) => pattern.clone(),
                    });
                }
            });
            if let Some(name) = missing {
                return Err(at(Wrong::NoSelection(name)));
            }
            self.conditions.push(read.condition);
            self.aggregation = self.aggregation.take().or(read.aggregation);
        }
        Ok(())
    }

    /// The selection of that name.
    pub fn selection(&self, name: &str) -> Option<&Selection> {
        self.selections.iter().find(|(n, _)| n == name).map(|(_, s)| s)
    }
}

fn selection(value: &Value, path: &str, depth: usize, left: &mut usize) -> Result<Selection, At> {
    let at = |wrong| (path.to_owned(), wrong);
    if depth > MAX_DEPTH {
        return Err(at(Wrong::TooMuch { what: Counted::SelectionLevels, limit: MAX_DEPTH }));
    }
    match value {
        Value::Object(map) if !map.is_empty() => map
            .iter()
            .map(|(key, value)| item(key, value, path, left))
            .collect::<Result<_, _>>()
            .map(Selection::All),
        Value::Array(list) if !list.is_empty() => {
            // Neighbouring scalars are one list of keywords; maps and lists stand for themselves.
            let mut parts = Vec::new();
            let mut words = Vec::new();
            for value in list {
                if matches!(value, Value::Object(_) | Value::Array(_)) {
                    parts.push(selection(value, path, depth + 1, left)?);
                } else {
                    words.push(scalar(value, left).map_err(at)?);
                }
            }
            if !words.is_empty() {
                parts.push(keywords(words));
            }
            Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Selection::Any(parts) })
        }
        Value::String(_) | Value::Number(_) => Ok(keywords(vec![scalar(value, left).map_err(at)?])),
        _ => Err(at(Wrong::Expected(Expected::Selection))),
    }
}

/// Reads a selection that stands by itself.
pub(crate) fn selection_of(value: &Value, path: &str) -> Result<Selection, At> {
    selection(value, path, 0, &mut { MAX_VALUES })
}

fn keywords(values: Vec<Literal>) -> Selection {
    Selection::Item(Item { field: None, modifiers: Vec::new(), values })
}

fn item(key: &str, value: &Value, path: &str, left: &mut usize) -> Result<Selection, At> {
    let at = |wrong| (format!("{path}.{key}"), wrong);
    let (field, modifiers) = match key.split_once('|') {
        Some((field, words)) => (field, Modifier::chain(words).map_err(at)?),
        None => (key, Vec::new()),
    };
    let values = match value {
        Value::Array(list) if list.is_empty() => {
            return Err(at(Wrong::Expected(Expected::Values)));
        }
        Value::Array(list) => {
            list.iter().map(|v| scalar(v, left)).collect::<Result<_, _>>().map_err(at)?
        }
        _ => vec![scalar(value, left).map_err(at)?],
    };
    let field = (!field.is_empty()).then(|| field.to_owned());
    if field.is_none() {
        use Modifier as M;
        let odd = |m: &M| {
            !matches!(
                m,
                M::All
                    | M::Contains
                    | M::StartsWith
                    | M::EndsWith
                    | M::Re
                    | M::I
                    | M::M
                    | M::S
                    | M::Cased
                    | M::Expand
                    | M::Windash
                    | M::Wide
                    | M::Utf16
                    | M::Utf16Be
                    | M::Utf16Le
                    | M::Base64
                    | M::Base64Offset
            )
        };
        if modifiers.iter().any(odd) {
            return Err(at(Wrong::Modifier(ModifierFault::NoField)));
        }
    }
    Ok(Selection::Item(Item { field, modifiers, values }))
}

fn scalar(value: &Value, left: &mut usize) -> Result<Literal, Wrong> {
    *left =
        left.checked_sub(1).ok_or(Wrong::TooMuch { what: Counted::Values, limit: MAX_VALUES })?;
    Ok(match value {
        Value::String(text) => Literal::Text(text.clone()),
        Value::Bool(b) => Literal::Bool(*b),
        Value::Null => Literal::Null,
        Value::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(n), _) => Literal::Int(n),
            (None, Some(n)) => Literal::Float(n),
            (None, None) => Literal::Text(n.to_string()),
        },
        _ => return Err(Wrong::Expected(Expected::Scalar)),
    })
}

/// A map's value as text, numbers and dates included.
pub(crate) fn text(map: &Map<String, Value>, key: &str) -> Result<Option<String>, At> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(n)) => Ok(Some(n.to_string())),
        Some(_) => Err((key.to_owned(), Wrong::Expected(Expected::Text))),
    }
}

/// A map's value as a list of texts; a single text is a list of one.
pub(crate) fn texts(map: &Map<String, Value>, key: &str) -> Result<Vec<String>, At> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(n) => Ok(n.to_string()),
        _ => Err((key.to_owned(), Wrong::Expected(Expected::Texts))),
    };
    match map.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => list.iter().filter(|v| !v.is_null()).map(one).collect(),
        Some(value) => one(value).map(|text| vec![text]),
    }
}
