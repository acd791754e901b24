//! Sigma filters: what a site leaves out of many rules at once (*filters*).

use crate::{
    aggregation,
    condition::Condition,
    detection::{At, Detection, texts},
    error::{Counted, Expected, ProblemKind, Unsupported, Wrong},
    rule::{Body, LogSource, Rule},
};
use serde_json::Value;

/// Rules one filter may name.
const MAX_RULES: usize = 4_096;

/// What a filter takes away, and from which rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The log source; rules that name other values for its keys are left alone.
    pub source: LogSource,
    /// The rules, by id or name; `None` for all of the log source.
    pub rules: Option<Vec<String>>,
    /// What rules are not to report.
    pub excluded: Detection,
}

impl Filter {
    pub(crate) fn read(value: &Value, source: LogSource) -> Result<Self, At> {
        let inside = |(at, wrong): At| match at.strip_prefix("detection") {
            Some(rest) => (format!("filter{rest}"), wrong),
            None => (format!("filter.{at}"), wrong),
        };
        let mut map = value
            .as_object()
            .cloned()
            .ok_or_else(|| ("filter".to_owned(), Wrong::Expected(Expected::Map)))?;
        let rules = texts(&map, "rules").map_err(inside)?;
        let all = rules.is_empty() || rules.iter().any(|r| r.eq_ignore_ascii_case("any"));
        if rules.len() > MAX_RULES {
            return Err(inside((
                "rules".into(),
                Wrong::TooMuch { what: Counted::Rules, limit: MAX_RULES },
            )));
        }
        map.remove("rules");
        let mut excluded = Detection::read(&Value::Object(map)).map_err(inside)?;
        if excluded.aggregation.is_some() {
            return Err(inside(("condition".into(), Wrong::Unsupported(Unsupported::Aggregation))));
        }
        excluded.conditions = excluded.conditions.into_iter().map(exclusion).collect();
        Ok(Self { source, rules: (!all).then_some(rules), excluded })
    }

    /// Whether every key it names has the same value in the rule.
    fn covers(&self, source: &LogSource) -> bool {
        let pairs = [
            (&self.source.category, &source.category),
            (&self.source.product, &source.product),
            (&self.source.service, &source.service),
        ];
        pairs.into_iter().all(|(mine, theirs)| match (mine, theirs) {
            (None, _) => true,
            (Some(mine), Some(theirs)) => mine.eq_ignore_ascii_case(theirs),
            (Some(_), None) => false,
        })
    }
}

/// The condition of what is left out. Filters are written in two ways: the specification's
/// example selects what to leave out, pySigma adds the condition to the rule, so that it says
/// `not`. A condition that only negates means the second.
fn exclusion(condition: Condition) -> Condition {
    if negates(&condition) { opposite(condition) } else { condition }
}

/// Whether nothing in it but `and` and `or` stands outside a `not`.
fn negates(condition: &Condition) -> bool {
    match condition {
        Condition::Not(_) => true,
        Condition::And(list) | Condition::Or(list) => list.iter().all(negates),
        _ => false,
    }
}

/// The opposite of a condition that only negates: `not a or not b` leaves out what is both.
fn opposite(condition: Condition) -> Condition {
    let each =
        |list: Vec<Condition>| -> Vec<Condition> { list.into_iter().map(opposite).collect() };
    match condition {
        Condition::Not(inner) => *inner,
        Condition::And(list) => Condition::Or(each(list)),
        Condition::Or(list) => Condition::And(each(list)),
        condition => Condition::Not(Box::new(condition)),
    }
}

/// Which filters apply to which of the rules, by number; and what is wrong with filters.
pub(crate) fn assign<'f>(
    filters: &'f [Rule],
    rules: &[Rule],
) -> (Vec<Vec<&'f Detection>>, Vec<(usize, ProblemKind)>) {
    let mut out: Vec<Vec<&Detection>> = rules.iter().map(|_| Vec::new()).collect();
    let mut problems = Vec::new();
    for (number, filter) in filters.iter().enumerate() {
        let Body::Filter(filter) = &filter.body else { continue };
        let Some(names) = &filter.rules else {
            for (rule, list) in rules.iter().zip(&mut out) {
                if matches!(&rule.body, Body::Detection(source, _) if filter.covers(source)) {
                    list.push(&filter.excluded);
                }
            }
            continue;
        };
        for name in names {
            let named = |rule: &Rule| {
                let own = [&rule.id, &rule.name].into_iter().flatten().any(|n| n == name);
                own || aggregation::counts_for(rule, name)
            };
            let mut kind = Some(ProblemKind::NoRule(name.clone()));
            for (rule, list) in rules.iter().zip(&mut out).filter(|(rule, _)| named(rule)) {
                match &rule.body {
                    Body::Detection(source, _) if filter.covers(source) => {
                        list.push(&filter.excluded);
                        kind = None;
                    }
                    Body::Detection(..) => kind = Some(ProblemKind::FilterSource(name.clone())),
                    _ => kind = kind.map(|_| ProblemKind::FilterTarget(name.clone())),
                }
            }
            problems.extend(kind.map(|kind| (number, kind)));
        }
    }
    (out, problems)
}
