//! A rule as written: who wrote it, what it looks at and what it looks for.

use crate::{
    aggregation, collection,
    correlation::Correlation,
    detection::{At, Detection, text, texts},
    error::{Expected, ParseError, Vocabulary, Wrong},
    filter::Filter,
    yaml,
};
use hangtu_record::{FieldName, Kind};
use serde_json::{Map, Value};

macro_rules! words {
    ($(#[$doc:meta])* $enum:ident, $what:ident { $($(#[$vdoc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $enum { $($(#[$vdoc])* $variant,)* }

        impl $enum {
            /// The name in rules.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            fn read(map: &Map<String, Value>, key: &str) -> Result<Option<Self>, At> {
                let Some(word) = text(map, key)? else { return Ok(None) };
                match &*word.to_ascii_lowercase() {
                    $($name => Ok(Some(Self::$variant)),)*
                    _ => Err((key.to_owned(), Wrong::Unknown { what: Vocabulary::$what, word })),
                }
            }
        }
    };
}

words! {
    /// How bad a match is (*rules*, "Level").
    Severity, Level {
        /// For tagging only.
        Informational = "informational",
        /// Notable, rarely an incident.
        Low = "low",
        /// To be looked at often.
        Medium = "medium",
        /// To be looked at now.
        High = "high",
        /// An incident, almost certainly.
        Critical = "critical",
    }
}

words! {
    /// How far a rule has come (*rules*, "Status").
    Status, Status {
        /// For production.
        Stable = "stable",
        /// Mostly stable.
        Test = "test",
        /// May be noisy.
        Experimental = "experimental",
        /// Replaced by another.
        Deprecated = "deprecated",
        /// Not usable as it stands.
        Unsupported = "unsupported",
    }
}

/// Where a rule's records come from (*rules*, "LogSource").
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogSource {
    /// A logical group of logs.
    pub category: Option<String>,
    /// The product that writes them.
    pub product: Option<String>,
    /// A subset of that product's logs.
    pub service: Option<String>,
    /// How to configure the source, for readers.
    pub definition: Option<String>,
}

/// A relation to another rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The other rule's id.
    pub id: String,
    /// `derived`, `obsolete`, `merged`, `renamed` or `similar`.
    pub relation: String,
}

/// What a rule looks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Single records.
    Detection(LogSource, Detection),
    /// Several records together.
    Correlation(Correlation),
    /// What other rules are not to report.
    Filter(Filter),
}

/// A Sigma rule, correlation or filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What it detects, briefly.
    pub title: String,
    /// The identifier, usually a UUID.
    pub id: Option<String>,
    /// The name correlations may use instead of the id.
    pub name: Option<String>,
    /// How far it has come.
    pub status: Option<Status>,
    /// What it detects, at length.
    pub description: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// SPDX licence of the rule.
    pub license: Option<String>,
    /// Created.
    pub date: Option<String>,
    /// Last modified.
    pub modified: Option<String>,
    /// The default taxonomy is `sigma`.
    pub taxonomy: Option<String>,
    /// Sources.
    pub references: Vec<String>,
    /// Dotted tags, e.g. `attack.t0831`.
    pub tags: Vec<String>,
    /// Kinds of machines it is meant for.
    pub scope: Vec<String>,
    /// Fields to show to the reader.
    pub fields: Vec<String>,
    /// Known false positives.
    pub falsepositives: Vec<String>,
    /// How bad.
    pub level: Option<Severity>,
    /// Relations to other rules.
    pub related: Vec<Related>,
    /// What it looks for.
    pub body: Body,
    /// The custom `hangtu` block as it stands in the file; `Null` without one.
    pub extension: Value,
    /// The file it was read from.
    pub file: String,
    /// Whether it comes with the program. Correlations that do not leave it a detection of its own.
    pub embedded: bool,
}

impl Rule {
    /// What to call the rule in lists: its id, else its name, else its title.
    pub fn key(&self) -> &str {
        self.id.as_deref().or(self.name.as_deref()).unwrap_or(&self.title)
    }

    /// Whether what the rule matches may have that field. Events have any; a correlation's results have
    /// what it groups by, which may be a name of its own.
    pub fn may_have(&self, field: &str) -> bool {
        FieldName::from_name(field).is_some()
            || match &self.body {
                Body::Detection(source, _) => !source.closed(),
                Body::Correlation(correlation) => correlation.group_by.iter().any(|by| by == field),
                Body::Filter(_) => true,
            }
    }
}

/// Reads every rule, correlation and filter of a file. Bad documents become errors; the others are
/// still read, unless the text is not YAML at all. A rule with an aggregation of Sigma 1 becomes
/// two: a correlation in its place, and the rule that it counts.
pub fn parse(file: &str, bytes: &[u8]) -> (Vec<Rule>, Vec<ParseError>) {
    let mut rules = Vec::new();
    let mut errors = Vec::new();
    let mut push = |document, (at, wrong): At| {
        errors.push(ParseError { file: file.to_owned(), document, at, wrong });
    };
    match yaml::documents(bytes) {
        Err(wrong) => push(0, ("file".into(), wrong)),
        Ok(documents) => {
            for (number, document) in collection::documents(documents) {
                match document.and_then(|document| read(file, document)) {
                    Ok(rule) => {
                        let (rule, counted) = aggregation::split(rule);
                        rules.push(rule);
                        rules.extend(counted);
                    }
                    Err(at) => push(number, at),
                }
            }
        }
    }
    (rules, errors)
}

fn read(file: &str, document: Value) -> Result<Rule, At> {
    let top = |wrong| (ParseError::WHOLE.to_owned(), wrong);
    let Value::Object(mut map) = document else {
        return Err(top(Wrong::Expected(Expected::Map)));
    };
    let source = || {
        let source = map.get("logsource").ok_or_else(|| top(Wrong::Missing("logsource")))?;
        log_source(source)
    };
    let body = match ["detection", "correlation", "filter"].map(|key| map.get(key)) {
        [Some(detection), None, None] => Body::Detection(source()?, Detection::read(detection)?),
        [None, Some(correlation), None] => Body::Correlation(Correlation::read(correlation, &map)?),
        [None, None, Some(filter)] => Body::Filter(Filter::read(filter, source()?)?),
        [None, None, None] => return Err(top(Wrong::Missing("detection"))),
        _ => return Err(top(Wrong::Expected(Expected::OneBody))),
    };
    Ok(Rule {
        title: text(&map, "title")?.ok_or_else(|| top(Wrong::Missing("title")))?,
        id: text(&map, "id")?,
        name: text(&map, "name")?,
        status: Status::read(&map, "status")?,
        description: text(&map, "description")?,
        author: text(&map, "author")?,
        license: text(&map, "license")?,
        date: text(&map, "date")?,
        modified: text(&map, "modified")?,
        taxonomy: text(&map, "taxonomy")?,
        references: texts(&map, "references")?,
        tags: texts(&map, "tags")?,
        scope: texts(&map, "scope")?,
        fields: texts(&map, "fields")?,
        falsepositives: texts(&map, "falsepositives")?,
        level: Severity::read(&map, "level")?,
        related: related(map.get("related"))?,
        body,
        extension: map.remove("hangtu").unwrap_or(Value::Null),
        file: file.to_owned(),
        embedded: false,
    })
}

fn log_source(value: &Value) -> Result<LogSource, At> {
    let map = value
        .as_object()
        .ok_or_else(|| ("logsource".to_owned(), Wrong::Expected(Expected::Map)))?;
    let inner =
        |key: &str| text(map, key).map_err(|(at, wrong)| (format!("logsource.{at}"), wrong));
    Ok(LogSource {
        category: inner("category")?,
        product: inner("product")?,
        service: inner("service")?,
        definition: inner("definition")?,
    })
}

fn related(value: Option<&Value>) -> Result<Vec<Related>, At> {
    let wrong = || ("related".to_owned(), Wrong::Expected(Expected::Related));
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => list
            .iter()
            .map(|value| {
                let map = value.as_object().ok_or_else(wrong)?;
                let id = text(map, "id")?.ok_or_else(wrong)?;
                Ok(Related { id, relation: text(map, "type")?.unwrap_or_default() })
            })
            .collect(),
        Some(_) => Err(wrong()),
    }
}

impl LogSource {
    /// Whether it means records of ours that have known fields only. Events have any.
    pub fn closed(&self) -> bool {
        let kind = self.category.as_deref().and_then(Kind::from_name);
        self.product.as_deref() == Some("hangtu")
            && matches!(kind, Some(Kind::Operation | Kind::Session | Kind::File))
    }
}

impl std::fmt::Display for LogSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts =
            [("product", &self.product), ("category", &self.category), ("service", &self.service)];
        let mut first = true;
        for (key, value) in parts {
            if let Some(value) = value {
                write!(f, "{}{key} {value}", if first { "" } else { ", " })?;
                first = false;
            }
        }
        if first { f.write_str("logsource: {}") } else { Ok(()) }
    }
}
