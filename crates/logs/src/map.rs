//! Mapping files: how the lines or rows of some program become events (docs/logmaps.md).

use crate::lines::{self, Charset};
use hangtu_record::Time;
use jiff::fmt::strtime::BrokenDownTime;
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// A mapping file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {why}")]
pub struct MapError {
    /// The file's name as given.
    pub file: String,
    /// What is wrong, with its place where that is known.
    pub why: String,
}

/// Bytes of a mapping file.
const MAX_FILE: usize = 1 << 20;
/// Lines of an input's head that are looked at to recognise it.
const HEAD_LINES: usize = 20;
/// Bytes that a compiled pattern may take.
const PATTERN_SIZE: usize = 1 << 20;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// Rows of columns, named by a header row or by `columns`.
    Csv,
    /// `key=value` pairs.
    Kv,
    /// Lines that match a pattern with named groups.
    Lines,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    name: String,
    #[serde(default, rename = "title")]
    _title: String,
    #[serde(default, rename = "basis")]
    _basis: String,
    #[serde(default)]
    recognise: Recognise,
    form: Form,
    #[serde(default)]
    charset: CharsetName,
    delimiter: Option<char>,
    quote: Option<char>,
    #[serde(default)]
    columns: Vec<String>,
    pair: Option<char>,
    between: Option<String>,
    front: Option<String>,
    pattern: Option<String>,
    time: TimeColumns,
    #[serde(default)]
    fixed: BTreeMap<String, String>,
    #[serde(default)]
    fields: BTreeMap<String, Target>,
    #[serde(default)]
    others: Others,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recognise {
    #[serde(default)]
    header: Vec<String>,
    pattern: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
enum CharsetName {
    #[default]
    #[serde(rename = "auto")]
    Auto,
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "gb18030", alias = "gbk")]
    Gb18030,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeColumns {
    columns: Vec<String>,
    formats: Vec<String>,
    zone: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Others {
    #[default]
    Keep,
    Drop,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Target {
    One(String),
    Translated(Translated),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Translated {
    to: Names,
    #[serde(default)]
    values: HashMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

/// Where a column's value goes.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Field names.
    pub to: Vec<String>,
    /// What values are called.
    pub values: HashMap<String, String>,
}

/// How the lines or rows of some program become events.
#[derive(Clone, Debug)]
pub struct LogMap {
    pub(crate) name: String,
    pub(crate) form: Form,
    pub(crate) charset: Charset,
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    pub(crate) columns: Vec<String>,
    pub(crate) header: Vec<String>,
    pub(crate) pair: char,
    pub(crate) between: Vec<char>,
    pub(crate) front: Option<Regex>,
    pub(crate) fixed: BTreeMap<String, String>,
    pub(crate) fields: HashMap<String, Column>,
    pub(crate) keep_others: bool,
    recognise: Option<Regex>,
    pub(crate) time_columns: Vec<String>,
    formats: Vec<String>,
    zone: Option<i32>,
}

impl LogMap {
    /// Reads a mapping file's text (version 1 of docs/logmaps.md).
    pub fn parse(name: &str, text: &str) -> Result<Self, MapError> {
        Self::from_text(text).map_err(|why| MapError { file: name.into(), why })
    }

    /// The map's name, as in `log.map` of its events.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn from_text(text: &str) -> Result<Self, String> {
        if text.len() > MAX_FILE {
            return Err(format!("{} bytes are more than a mapping file has", text.len()));
        }
        let options = serde_saphyr::options! { with_snippet: false };
        let file: File =
            serde_saphyr::from_str_with_options(text, options).map_err(|e| e.to_string())?;
        if file.version != 1 {
            let version = file.version;
            return Err(format!("version {version} is not known; this program reads 1"));
        }
        if file.recognise.header.is_empty() && file.recognise.pattern.is_none() {
            return Err("recognise: name columns of the header, or a pattern".into());
        }
        if file.form != Form::Csv && file.recognise.pattern.is_none() {
            return Err("recognise: without a header row a pattern is needed".into());
        }
        if file.form == Form::Csv && file.recognise.header.is_empty() && file.columns.is_empty() {
            return Err("columns: a table without a header row needs their names".into());
        }
        if file.form == Form::Lines && file.pattern.is_none() {
            return Err("pattern: lines need one".into());
        }
        if file.time.columns.is_empty() || file.time.formats.is_empty() {
            return Err("time: name columns and formats".into());
        }
        let byte = |what: &str, c: Option<char>, default: u8| match c {
            None => Ok(default),
            Some(c) => u8::try_from(c)
                .ok()
                .filter(|b| b.is_ascii() && !b.is_ascii_alphanumeric() && *b != b'\n')
                .ok_or(format!("{what}: {c:?} is not a plain sign")),
        };
        let zone = match &file.time.zone {
            None => None,
            Some(text) => match crate::stamp::zone(text) {
                Some((seconds, "")) => Some(seconds),
                _ => return Err(format!("time.zone {text:?}: write +08:00")),
            },
        };
        let front = if file.form == Form::Lines { file.pattern } else { file.front };
        let fields = file.fields.into_iter().map(|(column, target)| {
            let (to, values) = match target {
                Target::One(name) => (vec![name], HashMap::new()),
                Target::Translated(t) => match t.to {
                    Names::One(name) => (vec![name], t.values),
                    Names::Several(names) => (names, t.values),
                },
            };
            (column, Column { to, values })
        });
        Ok(Self {
            name: file.name,
            form: file.form,
            charset: match file.charset {
                CharsetName::Auto => Charset::Auto,
                CharsetName::Utf8 => Charset::Utf8,
                CharsetName::Gb18030 => Charset::Gb18030,
            },
            delimiter: byte("delimiter", file.delimiter, b',')?,
            quote: byte("quote", file.quote, b'"')?,
            columns: file.columns,
            header: file.recognise.header,
            pair: file.pair.unwrap_or('='),
            between: file.between.as_deref().unwrap_or(" ").chars().collect(),
            front: front.map(|p| pattern(&p)).transpose()?,
            fixed: file.fixed,
            fields: fields.collect(),
            keep_others: file.others == Others::Keep,
            recognise: file.recognise.pattern.map(|p| pattern(&p)).transpose()?,
            time_columns: file.time.columns,
            formats: file.time.formats,
            zone,
        })
    }

    /// Whether an input with these first bytes is of this map.
    pub(crate) fn recognises(&self, head: &[u8]) -> bool {
        let head = match self.charset {
            // A byte order mark says more than the map.
            Charset::Gb18030 if !head.starts_with(&[0xff, 0xfe]) => {
                lines::decode(head, Charset::Gb18030)
            }
            _ => lines::head(head),
        };
        let lines = || head.lines().filter(|l| !l.trim().is_empty()).take(HEAD_LINES);
        if let Some(pattern) = &self.recognise {
            let all = lines().count();
            let good = lines().filter(|line| pattern.is_match(line)).count();
            if good == 0 || good * 2 < all {
                return false;
            }
        }
        self.header.is_empty()
            || lines().any(|line| {
                let row = crate::mapped::row(self, line);
                self.header.iter().all(|name| row.iter().any(|cell| cell == name))
            })
    }

    /// The time that the time columns say together.
    pub(crate) fn time(&self, text: &str, utc_offset: i32) -> Option<Time> {
        let offset = self.zone.unwrap_or(utc_offset);
        let text = text.trim();
        let text = &*if text.is_ascii() {
            text.into()
        } else {
            std::borrow::Cow::from(text.replace("上午", "AM").replace("下午", "PM"))
        };
        self.formats.iter().find_map(|format| match format.as_str() {
            "iso" => crate::stamp::iso(text, offset).map(|(time, _)| time),
            // Seconds, milliseconds, microseconds or nanoseconds, by their size.
            "epoch" => {
                let n: i64 = text.parse().ok().filter(|n| *n > 0)?;
                let digits = n.ilog10();
                let factor: i64 = match digits {
                    0..=10 => 1_000_000_000,
                    11..=13 => 1_000_000,
                    14..=16 => 1_000,
                    _ => 1,
                };
                n.checked_mul(factor).map(Time)
            }
            format => {
                let parts = BrokenDownTime::parse(format, text).ok()?;
                let local = parts.to_datetime().ok()?;
                let own = parts.offset().map(jiff::tz::Offset::seconds);
                crate::stamp::at(local, own.unwrap_or(offset))
            }
        })
    }
}

fn pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).size_limit(PATTERN_SIZE).build().map_err(|e| format!("pattern: {e}"))
}
