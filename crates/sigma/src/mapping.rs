//! Which records a rule's log source means on this installation: data given by the caller.

use crate::{
    detection::{Selection, selection_of},
    rule::LogSource,
    yaml,
};
use hangtu_record::Kind;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use thiserror::Error;

/// A list of entries. Among the entries that apply to a log source, the ones that name most of
/// its keys are taken; several of equal rank are alternatives.
///
/// Rules with `product: hangtu` and a kind of record as `category` need no entry.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Mapping {
    /// The entries.
    pub entries: Vec<MappingEntry>,
}

/// What one log source is here.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub struct MappingEntry {
    /// Applies to this category only.
    pub category: Option<String>,
    /// Applies to this product only.
    pub product: Option<String>,
    /// Applies to this service only.
    pub service: Option<String>,
    /// The kind of record that holds such logs.
    pub kind: Kind,
    /// What such records must also fulfil, on the records' own field names.
    pub conditions: Option<Selection>,
    /// Rule field → record field.
    pub fields: HashMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    category: Option<String>,
    product: Option<String>,
    service: Option<String>,
    kind: String,
    #[serde(default)]
    conditions: Map<String, Value>,
    #[serde(default)]
    fields: HashMap<String, String>,
}

/// A mapping that cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{file}: {why}")]
pub struct MappingError {
    /// The file, as the caller named it.
    pub file: String,
    /// What is wrong, and where.
    pub why: String,
}

impl TryFrom<Written> for MappingEntry {
    type Error = String;

    fn try_from(w: Written) -> Result<Self, String> {
        let kind = Kind::from_name(&w.kind)
            .ok_or_else(|| format!("`{}` is not a kind of record", w.kind))?;
        let conditions = if w.conditions.is_empty() {
            None
        } else {
            let value = Value::Object(w.conditions);
            Some(selection_of(&value, "conditions").map_err(|(at, e)| format!("{at}: {e}"))?)
        };
        let Written { category, product, service, fields, .. } = w;
        Ok(Self { category, product, service, kind, conditions, fields })
    }
}

impl MappingEntry {
    /// How many keys the entry names, when all of them are the log source's.
    fn rank(&self, source: &LogSource) -> Option<usize> {
        let pairs = [
            (&self.category, &source.category),
            (&self.product, &source.product),
            (&self.service, &source.service),
        ];
        let mut rank = 0;
        for (mine, asked) in pairs {
            if let Some(mine) = mine {
                if !asked.as_ref().is_some_and(|a| a.eq_ignore_ascii_case(mine)) {
                    return None;
                }
                rank += 1;
            }
        }
        Some(rank)
    }
}

impl Mapping {
    /// Reads a YAML list of entries.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, MappingError> {
        let error = |why: String| MappingError { file: file.to_owned(), why };
        let mut documents = yaml::documents(bytes).map_err(|e| error(e.to_string()))?;
        match documents.len() {
            0 => Ok(Self::default()),
            1 => serde_json::from_value(documents.swap_remove(0)).map_err(|e| error(e.to_string())),
            _ => Err(error("expected one document".into())),
        }
    }

    /// What a log source is here; nothing when no record can be meant.
    pub(crate) fn resolve(&self, source: &LogSource) -> Vec<(Kind, Option<&MappingEntry>)> {
        if source.product.as_deref() == Some("hangtu") {
            let kind = source.category.as_deref().and_then(Kind::from_name);
            return kind.into_iter().map(|kind| (kind, None)).collect();
        }
        let ranks = self.entries.iter().filter_map(|e| Some((e.rank(source)?, e)));
        let Some(best) = ranks.clone().map(|(rank, _)| rank).max() else { return Vec::new() };
        ranks.filter(|(rank, _)| *rank == best).map(|(_, e)| (e.kind, Some(e))).collect()
    }
}
