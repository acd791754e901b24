//! A correlation as written (*correlations*).

use crate::{
    detection::{At, text, texts},
    error::{Counted, Expected, Unsupported, Vocabulary, Wrong},
};
use serde_json::{Map, Value};

/// Rules one correlation may name.
const MAX_RULES: usize = 256;
/// How far events of a window are counted.
const MAX_EVENTS: usize = 100_000;
/// How far different values of a window are counted.
const MAX_VALUES: usize = 4_096;

/// What a correlation computes over a window (*correlations*, "Correlation Types").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CorrelationKind {
    /// How many events.
    EventCount,
    /// How many different values of a field.
    ValueCount,
    /// How many of the rules matched.
    Temporal,
    /// How many of the rules matched one after the other in the order given.
    TemporalOrdered,
    /// The sum of a numeric field.
    ValueSum,
    /// The mean of a numeric field.
    ValueAvg,
    /// A percentile of a numeric field, by nearest rank.
    ValuePercentile,
    /// The median of a numeric field.
    ValueMedian,
}

impl CorrelationKind {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "event_count" => Self::EventCount,
            "value_count" => Self::ValueCount,
            "temporal" => Self::Temporal,
            "temporal_ordered" => Self::TemporalOrdered,
            "value_sum" => Self::ValueSum,
            "value_avg" => Self::ValueAvg,
            "value_percentile" => Self::ValuePercentile,
            "value_median" => Self::ValueMedian,
            _ => return None,
        })
    }

    /// Whether the condition names a field.
    pub const fn needs_field(self) -> bool {
        !matches!(self, Self::EventCount | Self::Temporal | Self::TemporalOrdered)
    }

    /// Whether that field must be a number.
    pub(crate) const fn numeric(self) -> bool {
        self.needs_field() && !matches!(self, Self::ValueCount)
    }
}

/// One bound of a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// Greater than.
    Gt(f64),
    /// Greater than or equal.
    Gte(f64),
    /// Less than.
    Lt(f64),
    /// Less than or equal.
    Lte(f64),
    /// Equal.
    Eq(f64),
    /// Not equal.
    Neq(f64),
}

impl Bound {
    /// Whether the value keeps to the bound.
    #[allow(clippy::float_cmp, reason = "counts and written numbers compare exactly")]
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::Gt(n) => value > n,
            Self::Gte(n) => value >= n,
            Self::Lt(n) => value < n,
            Self::Lte(n) => value <= n,
            Self::Eq(n) => value == n,
            Self::Neq(n) => value != n,
        }
    }
}

/// When a correlation matches: every bound holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The bounds, at least one.
    pub bounds: Vec<Bound>,
    /// The fields whose values are looked at; several are taken together as one value.
    pub fields: Vec<String>,
    /// Which percentile, 0 to 100.
    pub percentile: f64,
}

impl Threshold {
    /// Whether every bound holds.
    pub fn holds(&self, value: f64) -> bool {
        self.bounds.iter().all(|b| b.holds(value))
    }

    /// The least count, from 1, that it takes to tell of every bound whether it holds.
    pub(crate) fn enough(&self) -> usize {
        let enough = self.bounds.iter().map(|bound| match bound {
            Bound::Gte(n) | Bound::Lt(n) => n.ceil(),
            Bound::Gt(n) | Bound::Lte(n) | Bound::Eq(n) | Bound::Neq(n) => n.floor() + 1.0,
        });
        enough.fold(1.0, f64::max) as usize
    }
}

/// A correlation of rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    /// What is computed.
    pub kind: CorrelationKind,
    /// The rules, by id or name.
    pub rules: Vec<String>,
    /// Fields whose values keep groups apart.
    pub group_by: Vec<String>,
    /// Length of the window in nanoseconds; an event exactly so long ago is still in it.
    pub timespan: i64,
    /// When it matches; for the temporal kinds without one, when every rule matched.
    pub condition: Threshold,
    /// Alias, rule name or id, field of that rule's records.
    pub aliases: Vec<(String, String, String)>,
    /// Whether the rules it names also stand alone.
    pub generate: bool,
}

impl Correlation {
    /// Whether more events can undo that the condition holds. Only a whole window tells then; else
    /// it holds as soon as enough is there.
    pub(crate) fn whole(&self) -> bool {
        let at_least = |bound: &Bound| matches!(bound, Bound::Gt(_) | Bound::Gte(_));
        match self.kind {
            CorrelationKind::ValueAvg
            | CorrelationKind::ValuePercentile
            | CorrelationKind::ValueMedian => true,
            _ => !self.condition.bounds.iter().all(at_least),
        }
    }

    /// How far is counted, when the condition asks for more than that.
    pub(crate) fn beyond(&self) -> Option<usize> {
        let limit = match self.kind {
            CorrelationKind::EventCount if !self.whole() => MAX_EVENTS,
            CorrelationKind::ValueCount => MAX_VALUES,
            _ => return None,
        };
        (self.condition.enough() > limit).then_some(limit)
    }

    pub(crate) fn read(value: &Value, top: &Map<String, Value>) -> Result<Self, At> {
        let inside = |(at, wrong): At| (format!("correlation.{at}"), wrong);
        let at = |key: &str, wrong| inside((key.to_owned(), wrong));
        let map = value
            .as_object()
            .ok_or_else(|| ("correlation".to_owned(), Wrong::Expected(Expected::Map)))?;
        let kind =
            text(map, "type").map_err(inside)?.ok_or_else(|| at("type", Wrong::Missing("type")))?;
        let kind = CorrelationKind::from_name(&kind).ok_or_else(|| {
            at("type", Wrong::Unknown { what: Vocabulary::Correlation, word: kind.clone() })
        })?;
        let mut rules: Vec<String> = Vec::new();
        for rule in texts(map, "rules").map_err(inside)? {
            if !rules.contains(&rule) {
                rules.push(rule);
            } else if kind == CorrelationKind::TemporalOrdered {
                return Err(at("rules", Wrong::Unsupported(Unsupported::Repetition)));
            }
            if rules.len() > MAX_RULES {
                return Err(at("rules", Wrong::TooMuch { what: Counted::Rules, limit: MAX_RULES }));
            }
        }
        if rules.is_empty() {
            return Err(at("rules", Wrong::Missing("rules")));
        }
        // `timeframe` was the word of early drafts.
        let span = match text(map, "timespan").map_err(inside)? {
            Some(span) => Some(span),
            None => text(map, "timeframe").map_err(inside)?,
        };
        let span = span.ok_or_else(|| at("timespan", Wrong::Missing("timespan")))?;
        let generate = match map.get("generate").or_else(|| top.get("generate")) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(b)) => *b,
            Some(_) => return Err(at("generate", Wrong::Expected(Expected::Bool))),
        };
        Ok(Self {
            kind,
            group_by: texts(map, "group-by").map_err(inside)?,
            timespan: timespan(&span)
                .ok_or_else(|| at("timespan", Wrong::Expected(Expected::Timespan)))?,
            condition: threshold(map.get("condition"), kind, rules.len())
                .map_err(|w| at("condition", w))?,
            aliases: aliases(map.get("aliases")).map_err(|w| at("aliases", w))?,
            generate,
            rules,
        })
    }
}

/// Nanoseconds of `10m`; months have 30 days and years 365.
pub(crate) fn timespan(text: &str) -> Option<i64> {
    let text = text.trim();
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        'M' => 30 * 86_400,
        'y' => 365 * 86_400,
        _ => return None,
    };
    let number: i64 = text[..text.len() - 1].trim_end().parse().ok().filter(|n| *n >= 0)?;
    number.checked_mul(seconds)?.checked_mul(1_000_000_000)
}

fn threshold(
    value: Option<&Value>,
    kind: CorrelationKind,
    rules: usize,
) -> Result<Threshold, Wrong> {
    let mut out = Threshold { bounds: Vec::new(), fields: Vec::new(), percentile: 50.0 };
    let temporal = matches!(kind, CorrelationKind::Temporal | CorrelationKind::TemporalOrdered);
    match value {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) => {
            for (key, value) in map {
                if key == "field" {
                    out.fields = texts(map, "field").map_err(|(_, wrong)| wrong)?;
                    continue;
                }
                let n = value.as_f64().ok_or(Wrong::Expected(Expected::Number))?;
                out.bounds.push(match &**key {
                    "gt" => Bound::Gt(n),
                    "gte" => Bound::Gte(n),
                    "lt" => Bound::Lt(n),
                    "lte" => Bound::Lte(n),
                    "eq" => Bound::Eq(n),
                    "neq" => Bound::Neq(n),
                    "percentile" if (0.0..=100.0).contains(&n) => {
                        out.percentile = n;
                        continue;
                    }
                    _ => return Err(Wrong::Unknown { what: Vocabulary::Bound, word: key.clone() }),
                });
            }
        }
        Some(Value::String(_)) if temporal => {
            return Err(Wrong::Unsupported(Unsupported::Words));
        }
        Some(_) => return Err(Wrong::Expected(Expected::Bounds)),
    }
    if out.bounds.is_empty() {
        if !temporal {
            return Err(Wrong::Missing("condition"));
        }
        out.bounds.push(Bound::Gte(rules as f64));
    }
    if kind.needs_field() && out.fields.is_empty() {
        return Err(Wrong::Missing("field"));
    }
    Ok(out)
}

fn aliases(value: Option<&Value>) -> Result<Vec<(String, String, String)>, Wrong> {
    let wrong = Wrong::Expected(Expected::Aliases);
    let mut out = Vec::new();
    match value {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) => {
            for (alias, rules) in map {
                let rules = rules.as_object().ok_or_else(|| wrong.clone())?;
                for (rule, field) in rules {
                    let field = field.as_str().ok_or_else(|| wrong.clone())?;
                    out.push((alias.clone(), rule.clone(), field.to_owned()));
                }
            }
        }
        Some(_) => return Err(wrong),
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timespans() {
        assert_eq!(timespan("90s"), Some(90_000_000_000));
        assert_eq!(timespan("10m"), Some(600_000_000_000));
        assert_eq!(timespan("1M"), Some(30 * 86_400_000_000_000));
        for bad in ["", "m", "-1s", "1x", "1.5h", "999999999999y", "1é"] {
            assert_eq!(timespan(bad), None, "{bad}");
        }
    }
}
