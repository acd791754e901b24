//! The aggregations of Sigma 1, `selection | count(field) by group > 5` with a `timeframe`: a rule
//! that has one becomes a correlation and the rule it counts (Sigma 1.0.2, "Condition").

use crate::{
    correlation::{Bound, Correlation, CorrelationKind, Threshold},
    rule::{Body, Rule, Severity},
};

/// Behind the name of the rule that an aggregation counts.
const EVENTS: &str = " (events)";

/// Whether the rule is the one that the aggregation in rule `key` counts.
pub(crate) fn counts_for(rule: &Rule, key: &str) -> bool {
    rule.name.as_deref().and_then(|name| name.strip_suffix(EVENTS)) == Some(key)
}

/// Splits a rule that aggregates. One that does not, or not in a way correlations can say, comes
/// back as it is.
pub(crate) fn split(mut rule: Rule) -> (Rule, Option<Rule>) {
    let Body::Detection(_, detection) = &mut rule.body else { return (rule, None) };
    let read = match &detection.aggregation {
        Some(text) if detection.conditions.len() == 1 => read(text),
        _ => None,
    };
    let Some((kind, group_by, condition)) = read else { return (rule, None) };
    detection.aggregation = None;
    let timespan = detection.timeframe.take().unwrap_or(i64::MAX);
    let name = format!("{}{EVENTS}", rule.key());
    let correlation = Correlation {
        kind,
        rules: vec![name.clone()],
        group_by,
        timespan,
        condition,
        aliases: Vec::new(),
        generate: false,
    };
    let counted = Rule {
        title: rule.title.clone(),
        id: None,
        name: Some(name),
        level: Some(Severity::Informational),
        extension: serde_json::json!({"base": true}),
        body: std::mem::replace(&mut rule.body, Body::Correlation(correlation)),
        ..rule.clone()
    };
    (rule, Some(counted))
}

type Read = (CorrelationKind, Vec<String>, Threshold);

/// `function(field) by group op number`; `near`, `min` and `max` have no correlation like them.
fn read(text: &str) -> Option<Read> {
    let (function, rest) = text.split_once('(')?;
    let (field, rest) = rest.split_once(')')?;
    let field = field.trim();
    let kind = match (&*function.trim().to_ascii_lowercase(), field.is_empty()) {
        ("count", true) => CorrelationKind::EventCount,
        ("count", false) => CorrelationKind::ValueCount,
        ("sum", false) => CorrelationKind::ValueSum,
        ("avg", false) => CorrelationKind::ValueAvg,
        _ => return None,
    };
    let at = rest.find(['<', '>', '='])?;
    let (by, compared) = rest.split_at(at);
    let by = by.trim();
    let group_by = if by.is_empty() {
        Vec::new()
    } else {
        let word = by.get(..2).filter(|word| word.eq_ignore_ascii_case("by"))?;
        let fields = by[word.len()..].strip_prefix(char::is_whitespace)?;
        fields.split(',').map(|f| f.trim().to_owned()).collect()
    };
    if group_by.iter().any(|f| f.is_empty() || f.contains(char::is_whitespace)) {
        return None;
    }
    let number = compared.trim_start_matches(['<', '>', '=']);
    let operator = &compared[..compared.len() - number.len()];
    let n: f64 = number.trim().parse().ok().filter(|n: &f64| n.is_finite())?;
    let bound = match operator {
        ">" => Bound::Gt(n),
        ">=" => Bound::Gte(n),
        "<" => Bound::Lt(n),
        "<=" => Bound::Lte(n),
        "=" | "==" => Bound::Eq(n),
        _ => return None,
    };
    let fields = if field.is_empty() { Vec::new() } else { vec![field.to_owned()] };
    Some((kind, group_by, Threshold { bounds: vec![bound], fields, percentile: 50.0 }))
}
