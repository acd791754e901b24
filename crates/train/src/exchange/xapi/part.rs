//! Parts of a statement: objects with known members of known types.

use super::{
    Refused, Version,
    form::{is_iri, is_language_tag},
};
use serde_json::{Map, Value};

/// An object at a place.
#[derive(Clone)]
pub(super) struct Part<'a> {
    pub(super) map: &'a Map<String, Value>,
    pub(super) place: String,
    pub(super) version: Version,
}

impl<'a> Part<'a> {
    /// The object at a place, with no member but these.
    pub(super) fn new(
        value: &'a Value,
        place: impl Into<String>,
        version: Version,
        members: &[&str],
    ) -> Result<Self, Refused> {
        let place = place.into();
        let Value::Object(map) = value else { return Err(Refused::new(place, "no object")) };
        let part = Self { map, place, version };
        part.only(members)?;
        Ok(part)
    }

    pub(super) fn only(&self, members: &[&str]) -> Result<(), Refused> {
        match self.map.keys().find(|name| !members.contains(&name.as_str())) {
            Some(name) => Err(self.refuse(name, "is no member of this object")),
            None => Ok(()),
        }
    }

    pub(super) fn at(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    pub(super) fn refuse(&self, name: &str, why: impl Into<String>) -> Refused {
        Refused::new(self.at(name), why)
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name)
    }

    pub(super) fn need(&self, name: &str) -> Result<&'a Value, Refused> {
        self.get(name).ok_or_else(|| self.refuse(name, "is missing"))
    }

    /// A text, if the member is there.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, Refused> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.refuse(name, "no text")),
        }
    }

    pub(super) fn iri(&self, name: &str) -> Result<Option<&'a str>, Refused> {
        match self.text(name)? {
            Some(text) if !is_iri(text) => Err(self.refuse(name, "no absolute IRI")),
            text => Ok(text),
        }
    }

    pub(super) fn need_iri(&self, name: &str) -> Result<&'a str, Refused> {
        self.iri(name)?.ok_or_else(|| self.refuse(name, "is missing"))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refused> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.refuse(name, "neither true nor false")),
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, Refused> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(n)) => Ok(n.as_f64()),
            Some(_) => Err(self.refuse(name, "no number")),
        }
    }

    pub(super) fn uuid(&self, name: &str) -> Result<Option<uuid::Uuid>, Refused> {
        match self.text(name)? {
            None => Ok(None),
            // The hyphenated form only.
            Some(text) if text.len() == 36 => match text.parse() {
                Ok(uuid) => Ok(Some(uuid)),
                Err(_) => Err(self.refuse(name, "no UUID")),
            },
            Some(_) => Err(self.refuse(name, "no UUID")),
        }
    }

    pub(super) fn list(&self, name: &str) -> Result<&'a [Value], Refused> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(all)) => Ok(all),
            Some(_) => Err(self.refuse(name, "no array")),
        }
    }

    /// A language map.
    pub(super) fn words(&self, name: &str) -> Result<(), Refused> {
        let Some(value) = self.get(name) else { return Ok(()) };
        let Value::Object(map) = value else { return Err(self.refuse(name, "no language map")) };
        for (tag, text) in map {
            if !is_language_tag(tag) {
                return Err(self.refuse(name, format!("{tag:?} is no language tag")));
            }
            if !text.is_string() {
                return Err(self.refuse(name, format!("{tag}: no text")));
            }
        }
        Ok(())
    }

    /// Extensions: IRIs, and whatever their owners put there.
    pub(super) fn extensions(&self) -> Result<(), Refused> {
        let Some(value) = self.get("extensions") else { return Ok(()) };
        let Value::Object(map) = value else {
            return Err(self.refuse("extensions", "no object"));
        };
        match map.keys().find(|key| !is_iri(key)) {
            Some(key) => Err(self.refuse("extensions", format!("{key:?} is no absolute IRI"))),
            None => Ok(()),
        }
    }
}

/// Refuses null outside extensions (part two, 2.2).
pub(super) fn no_null(value: &Value, place: &str) -> Result<(), Refused> {
    match value {
        Value::Null => Err(Refused::new(place, "null")),
        Value::Array(all) => all.iter().try_for_each(|v| no_null(v, place)),
        Value::Object(map) => {
            map.iter().filter(|(name, _)| *name != "extensions").try_for_each(|(name, v)| {
                let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                no_null(v, &place)
            })
        }
        _ => Ok(()),
    }
}
