//! Which records a rule's log source means on this installation: data given by the caller.

use crate::{
    detection::{Selection, selection_of},
    error::{Expected, Wrong},
    rule::LogSource,
    yaml,
};
use hangtu_record::Kind;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use thiserror::Error;

/// A list of entries. Among the entries that apply to a log source, the ones that name most of
/// its keys are taken; several of equal rank are alternatives. An entry that names a product
/// alone stands for log sources that do the same, not for every log of that product.
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
    /// Rule field → value in rules, lower case → value in these records. A value in rules that ends
    /// in `*` stands for every value that begins so: that beginning is replaced.
    pub values: HashMap<String, HashMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    category: Option<String>,
    product: Option<String>,
    service: Option<String>,
    kind: String,
    #[serde(default)]
    conditions: Value,
    #[serde(default)]
    fields: HashMap<String, String>,
    #[serde(default)]
    values: HashMap<String, HashMap<String, String>>,
}

/// A mapping, or a list of placeholders, that cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{file}: {why}")]
pub struct MappingError {
    /// The file, as the caller named it.
    pub file: String,
    /// What is wrong, and where.
    pub why: Wrong,
}

impl TryFrom<Written> for MappingEntry {
    type Error = String;

    fn try_from(w: Written) -> Result<Self, String> {
        let kind = Kind::from_name(&w.kind)
            .ok_or_else(|| format!("`{}` is not a kind of record", w.kind))?;
        let conditions = match &w.conditions {
            Value::Null => None,
            value => Some(
                selection_of(value, "conditions")
                    .map_err(|(at, wrong)| format!("{at}: {wrong}"))?,
            ),
        };
        let Written { category, product, service, fields, values, .. } = w;
        Ok(Self { category, product, service, kind, conditions, fields, values })
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
        let alone = |c: &Option<String>, s: &Option<String>| c.is_none() && s.is_none();
        if self.product.is_some()
            && alone(&self.category, &self.service)
            && !alone(&source.category, &source.service)
        {
            return None;
        }
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

/// Reads a file of one document, or none.
fn document<T: Default + serde::de::DeserializeOwned>(
    file: &str,
    bytes: &[u8],
) -> Result<T, MappingError> {
    let error = |why| MappingError { file: file.to_owned(), why };
    let mut documents = yaml::documents(bytes).map_err(error)?;
    match documents.len() {
        0 => Ok(T::default()),
        1 => serde_json::from_value(documents.swap_remove(0))
            .map_err(|e| error(Wrong::Form(e.to_string()))),
        _ => Err(error(Wrong::Expected(Expected::OneDocument))),
    }
}

/// Reads a YAML map of placeholder to its values, for [`crate::Options::placeholders`].
pub fn placeholders(
    file: &str,
    bytes: &[u8],
) -> Result<HashMap<String, Vec<String>>, MappingError> {
    document(file, bytes)
}

impl Mapping {
    /// Reads a YAML list of entries.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, MappingError> {
        document(file, bytes)
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
