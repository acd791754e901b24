//! Tests of rules as data: `NAME.test.yml` beside `NAME.yml`.
//!
//! ```yaml
//! fires:
//!   - name: a write from an unknown station
//!     records:
//!       - { record.kind: operation, "@timestamp": 2026-11-23T08:00:00Z, operation.verb: write }
//! silent:
//!   - name: a read
//!     records:
//!       - { record.kind: operation, operation.verb: read }
//! ```
//!
//! A record is a flat map of dotted field to a value or a list of values. `record.kind` is `event`
//! unless said; `@timestamp` is RFC 3339 and begins at 1970 unless said, one second later for each
//! record of the case. Values of fields whose name ends in `.ip`, `_ip` or `.mac` become addresses
//! where they are such.
//!
//! Two more keys repeat a record: `"*": 40` stands for forty like it, with `{i}` in its texts
//! counting from 0, and `"+": 500ms` puts each so much later than the one before (`ms`, `s`, `m`
//! or `h`). A case holds at most [`MAX_RECORDS`] records after that.
//!
//! ```yaml
//! - { "*": 40, "+": 1s, "@timestamp": 2026-11-23T08:00:00Z, destination.ip: "10.0.1.{i}" }
//! ```

use crate::{
    Correlated, Correlator, Counted, Expected, Limits, RuleIndex, Ruleset, Scratch, Wrong,
    clock::parse_time, yaml,
};
use hangtu_record::{Fields, Kind, Mac, Origin, Time, Value as FieldValue};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

/// Records a case may hold once repetitions are written out.
pub const MAX_RECORDS: usize = 10_000;

/// A file of cases.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct TestFile {
    /// Cases in which the rule beside the file fires.
    #[serde(default)]
    pub fires: Vec<Case>,
    /// Cases in which it does not.
    #[serde(default)]
    pub silent: Vec<Case>,
}

/// Records that are examined together.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows.
    pub name: String,
    /// The records.
    pub records: Vec<Map<String, Value>>,
}

/// A test file or case that cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{at}: {wrong}")]
pub struct CheckError {
    /// The file and the case, or the case and its record: `name: records[1]`.
    pub at: String,
    /// What is wrong there.
    pub wrong: Wrong,
}

/// What fired in a case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fired {
    /// Rules that matched single records, each once, in ascending order.
    pub rules: Vec<RuleIndex>,
    /// Correlations that matched.
    pub correlated: Vec<Correlated>,
}

impl Fired {
    /// Whether the rule fired, by itself or as a correlation.
    pub fn has(&self, rule: RuleIndex) -> bool {
        self.rules.contains(&rule) || self.correlated.iter().any(|c| c.rule == rule)
    }

    /// [`crate::Rule::key`] of everything that fired, each once: ids where rules have them.
    pub fn ids<'r>(&self, ruleset: &'r Ruleset) -> Vec<&'r str> {
        let all = self.rules.iter().copied().chain(self.correlated.iter().map(|c| c.rule));
        let mut out: Vec<&str> =
            all.filter_map(|index| ruleset.rule(index)).map(crate::Rule::key).collect();
        out.sort_unstable();
        out.dedup();
        out
    }
}

impl TestFile {
    /// Reads a test file and writes out its repetitions.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, CheckError> {
        let error = |wrong| CheckError { at: file.to_owned(), wrong };
        let mut documents =
            yaml::documents(bytes).map_err(|e| error(Wrong::Yaml(e.to_string())))?;
        if documents.len() != 1 {
            return Err(error(Wrong::Expected(Expected::OneDocument)));
        }
        let mut out: Self = serde_json::from_value(documents.swap_remove(0))
            .map_err(|e| error(Wrong::Form(e.to_string())))?;
        for case in out.fires.iter_mut().chain(&mut out.silent) {
            case.records = repeat(std::mem::take(&mut case.records))
                .map_err(|wrong| CheckError { at: format!("{file}: {}", case.name), wrong })?;
        }
        Ok(out)
    }
}

/// Writes out records that stand for several.
fn repeat(records: Vec<Map<String, Value>>) -> Result<Vec<Map<String, Value>>, Wrong> {
    let mut out = Vec::new();
    for mut map in records {
        let times = match map.remove("*") {
            None => None,
            Some(n) => Some(n.as_u64().ok_or_else(|| not("*", &n, Expected::Times))?),
        };
        let step = match map.remove("+") {
            None => None,
            Some(step) => Some(
                step.as_str()
                    .and_then(step_nanos)
                    .ok_or_else(|| not("+", &step, Expected::Step))?,
            ),
        };
        if step.is_some() && times.is_none() {
            return Err(Wrong::Missing("*"));
        }
        if times.unwrap_or(1) > (MAX_RECORDS - out.len()) as u64 {
            return Err(Wrong::TooMuch { what: Counted::Records, limit: MAX_RECORDS });
        }
        let Some(times) = times else {
            out.push(map);
            continue;
        };
        let start = match map.get("@timestamp") {
            None => Time::new(out.len() as i64, 0),
            Some(value) => value
                .as_str()
                .and_then(parse_time)
                .ok_or_else(|| not("@timestamp", value, Expected::Time))?,
        };
        for i in 0..times {
            let mut one = map.clone();
            one.values_mut().for_each(|value| number(value, i));
            if let Some(step) = step {
                let time = Time(start.0.saturating_add(step.saturating_mul(i as i64)));
                one.insert("@timestamp".into(), time.to_rfc3339().into());
            }
            out.push(one);
        }
    }
    Ok(out)
}

/// What a key holds and may not.
fn not(key: &str, found: &Value, expected: Expected) -> Wrong {
    Wrong::Key { key: key.to_owned(), found: found.to_string(), expected }
}

/// `500ms`, `1s`, `2m`, `8h`.
fn step_nanos(text: &str) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let unit = match &text[digits..] {
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    text[..digits].parse::<i64>().ok()?.checked_mul(unit)
}

/// Puts the number of a repetition into texts.
fn number(value: &mut Value, i: u64) {
    match value {
        Value::String(text) if text.contains("{i}") => *text = text.replace("{i}", &i.to_string()),
        Value::Array(list) => list.iter_mut().for_each(|value| number(value, i)),
        _ => {}
    }
}

/// Matches the records of a case and says what fired.
pub fn run_case(ruleset: &Ruleset, case: &Case) -> Result<Fired, CheckError> {
    let mut out = Fired::default();
    let mut scratch = Scratch::new();
    let mut correlator = Correlator::new(ruleset, Limits::default());
    for (number, map) in case.records.iter().enumerate() {
        let record = record(map, number).map_err(|wrong| CheckError {
            at: format!("{}: records[{}]", case.name, number + 1),
            wrong,
        })?;
        ruleset.matches(&mut scratch, &record, &mut |rule| {
            out.rules.push(rule);
            correlator.push(rule, &record);
        });
    }
    out.rules.sort_unstable();
    out.rules.dedup();
    out.correlated = correlator.finish();
    Ok(out)
}

pub(crate) fn record(map: &Map<String, Value>, number: usize) -> Result<Fields, Wrong> {
    let kind = match map.get("record.kind") {
        None => Kind::Event,
        Some(value) => value
            .as_str()
            .and_then(Kind::from_name)
            .ok_or_else(|| not("record.kind", value, Expected::Kind))?,
    };
    let time = match map.get("@timestamp") {
        None => Time::new(number as i64, 0),
        Some(value) => value
            .as_str()
            .and_then(parse_time)
            .ok_or_else(|| not("@timestamp", value, Expected::Time))?,
    };
    let origin = Origin { input: 0, number: number as u64 + 1, offset: 0 };
    let mut out = Fields::new(kind, time, origin);
    for (name, value) in map {
        if name == "record.kind" || name == "@timestamp" {
            continue;
        }
        let values = match value {
            Value::Array(list) => &list[..],
            value => std::slice::from_ref(value),
        };
        for value in values {
            let value =
                field_value(name, value).ok_or_else(|| not(name, value, Expected::Scalar))?;
            out.push(name, value);
        }
    }
    Ok(out)
}

fn field_value<'v>(name: &str, value: &'v Value) -> Option<FieldValue<'v>> {
    Some(match value {
        Value::Null => FieldValue::Null,
        Value::Bool(b) => FieldValue::Bool(*b),
        Value::Number(n) => match n.as_i64() {
            Some(n) => FieldValue::Int(n),
            None => FieldValue::Float(n.as_f64()?),
        },
        Value::String(text) => {
            let last = name.rsplit(['.', '_']).next();
            let ip = text.parse().ok().filter(|_| last == Some("ip")).map(FieldValue::Ip);
            let mac = Mac::parse(text).filter(|_| last == Some("mac")).map(FieldValue::Mac);
            ip.or(mac).unwrap_or(FieldValue::Str(text))
        }
        Value::Array(_) | Value::Object(_) => return None,
    })
}
