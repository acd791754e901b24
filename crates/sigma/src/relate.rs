//! Correlations compiled: who feeds whom, with which fields.

use crate::{
    correlation::{Correlation, CorrelationKind, Threshold},
    error::ProblemKind,
    rule::{Body, Rule},
    ruleset::RuleIndex,
};
use hangtu_record::{Field, FieldName};
use std::collections::HashMap;

/// One correlation, ready to run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rule: RuleIndex,
    pub(crate) kind: CorrelationKind,
    pub(crate) inputs: usize,
    pub(crate) group_by: Vec<String>,
    pub(crate) timespan: i64,
    pub(crate) condition: Threshold,
    /// See [`Correlation::whole`] and [`Threshold::enough`].
    pub(crate) whole: bool,
    pub(crate) enough: usize,
    /// Fields that correlations above this one group by and this one does not.
    pub(crate) carry: Vec<String>,
}

/// How the matches of one rule reach one correlation.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) plan: usize,
    /// The rule's place in the correlation's list.
    pub(crate) position: u16,
    pub(crate) group: Vec<Field>,
    pub(crate) values: Vec<Field>,
    pub(crate) carry: Vec<Field>,
}

/// All correlations of a ruleset.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    /// Correlations stand after those they refer to.
    pub(crate) plans: Vec<Plan>,
    feeds: Vec<Vec<Feed>>,
    alone: Vec<bool>,
}

impl Relations {
    pub(crate) fn feeds(&self, rule: RuleIndex) -> &[Feed] {
        self.feeds.get(rule.0 as usize).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn stands_alone(&self, rule: RuleIndex) -> bool {
        self.alone.get(rule.0 as usize).copied().unwrap_or(false)
    }
}

/// Compiles the correlations among the rules; those `taken` are none.
pub(crate) fn relate(
    rules: &[Rule],
    taken: &[bool],
    works: &mut [bool],
    found: &mut Vec<(RuleIndex, ProblemKind)>,
) -> Relations {
    let names = names(rules, taken, found);
    let mut out = Relations {
        plans: Vec::new(),
        feeds: rules.iter().map(|_| Vec::new()).collect(),
        alone: vec![true; rules.len()],
    };
    let mut generated = vec![false; rules.len()];
    // Correlations and what they refer to, as far as that is there.
    let mut waiting: Vec<(usize, &Correlation, Vec<usize>)> = Vec::new();
    for (number, rule) in rules.iter().enumerate() {
        let Body::Correlation(correlation) = &rule.body else { continue };
        if taken[number] {
            continue;
        }
        let mut inputs = Vec::new();
        for name in &correlation.rules {
            match names.get(name.as_str()) {
                Some(&input) => {
                    // What comes with the program is no building block of the site's rules.
                    out.alone[input] &= rules[input].embedded != rule.embedded;
                    generated[input] |= correlation.generate;
                    inputs.push(input);
                }
                None => found.push((RuleIndex(number as u32), ProblemKind::NoRule(name.clone()))),
            }
        }
        if inputs.len() == correlation.rules.len() {
            waiting.push((number, correlation, inputs));
        }
    }
    for (alone, generated) in out.alone.iter_mut().zip(generated) {
        *alone |= generated;
    }
    for (number, correlation, inputs) in in_order(waiting, found) {
        let index = RuleIndex(number as u32);
        let deaf = inputs.iter().position(|i| !works[*i]);
        let temporal = matches!(
            correlation.kind,
            CorrelationKind::Temporal | CorrelationKind::TemporalOrdered
        );
        works[number] = if temporal { deaf.is_none() } else { inputs.iter().any(|i| works[*i]) };
        if let Some(deaf) = deaf {
            found.push((index, ProblemKind::Deaf(correlation.rules[deaf].clone())));
        }
        let unknown = unknown_field(rules, correlation, &inputs, &names);
        let fault = correlation.beyond().map(ProblemKind::Beyond);
        if let Some(fault) = unknown.map(ProblemKind::Field).or(fault) {
            works[number] = false;
            found.push((index, fault));
        }
        if works[number] {
            out.add(index, correlation, &inputs, &names);
        }
    }
    out.carry(rules, &names);
    out
}

/// A field that a correlation reads of records that cannot have it.
fn unknown_field(
    rules: &[Rule],
    correlation: &Correlation,
    inputs: &[usize],
    names: &HashMap<&str, usize>,
) -> Option<String> {
    let fields = || correlation.group_by.iter().chain(&correlation.condition.fields);
    let closed = |input: &&usize| match &rules[**input].body {
        Body::Detection(source, _) => source.closed(),
        _ => false,
    };
    inputs.iter().filter(closed).find_map(|input| {
        fields()
            .map(|name| resolve(correlation, names, *input, name))
            .find(|field| FieldName::from_name(field).is_none())
            .map(ToOwned::to_owned)
    })
}

/// Ids and names of rules; the first of equals counts.
fn names<'r>(
    rules: &'r [Rule],
    taken: &[bool],
    found: &mut Vec<(RuleIndex, ProblemKind)>,
) -> HashMap<&'r str, usize> {
    let mut names: HashMap<&str, usize> = HashMap::new();
    for (number, rule) in rules.iter().enumerate().filter(|(number, _)| !taken[*number]) {
        for name in [&rule.id, &rule.name].into_iter().flatten() {
            if *names.entry(name).or_insert(number) != number {
                let problem = ProblemKind::Duplicate(name.clone());
                found.push((RuleIndex(number as u32), problem));
            }
        }
    }
    names
}

type Waiting<'r> = (usize, &'r Correlation, Vec<usize>);

/// Sorts correlations so that each stands after those it refers to; what is left over refers to
/// itself, or to one that does.
fn in_order<'r>(
    waiting: Vec<Waiting<'r>>,
    found: &mut Vec<(RuleIndex, ProblemKind)>,
) -> Vec<Waiting<'r>> {
    let mut above: HashMap<usize, Vec<usize>> = HashMap::new();
    let place: HashMap<usize, usize> =
        waiting.iter().enumerate().map(|(at, (number, ..))| (*number, at)).collect();
    let mut open: Vec<usize> = Vec::new();
    for (at, (_, _, inputs)) in waiting.iter().enumerate() {
        let below = inputs.iter().filter_map(|i| place.get(i));
        open.push(below.clone().count());
        below.for_each(|b| above.entry(*b).or_default().push(at));
    }
    let mut order: Vec<usize> = (0..waiting.len()).filter(|at| open[*at] == 0).collect();
    let mut next = 0;
    while let Some(&at) = order.get(next) {
        next += 1;
        for &up in above.get(&at).map_or(&[][..], Vec::as_slice) {
            open[up] -= 1;
            if open[up] == 0 {
                order.push(up);
            }
        }
    }
    let mut waiting: Vec<Option<Waiting<'r>>> = waiting.into_iter().map(Some).collect();
    let out = order.into_iter().filter_map(|at| waiting[at].take()).collect();
    for (number, ..) in waiting.into_iter().flatten() {
        found.push((RuleIndex(number as u32), ProblemKind::Cycle));
    }
    out
}

impl Relations {
    /// Gives each correlation the kinds of the rules it refers to.
    pub(crate) fn inherit<const N: usize>(&self, kinds: &mut [[bool; N]]) {
        for (number, plan) in self.plans.iter().enumerate() {
            for (input, _) in self.fed_by(number) {
                let below = kinds[input];
                for (mine, below) in kinds[plan.rule.0 as usize].iter_mut().zip(below) {
                    *mine |= below;
                }
            }
        }
    }

    /// Adds to each rule's text that of the rules which feed it.
    pub(crate) fn inherit_text(&self, texts: &mut [String]) {
        for (number, plan) in self.plans.iter().enumerate() {
            let below: String =
                self.fed_by(number).map(|(input, _)| texts[input].as_str()).collect();
            texts[plan.rule.0 as usize].push_str(&below);
        }
    }

    /// Which correlations may fire when of the rules these may, and records are without some fields.
    pub(crate) fn fire_without(&self, absent: &dyn Fn(&Field) -> bool, fires: &mut [bool]) {
        for (number, plan) in self.plans.iter().enumerate() {
            let gets = |(input, feed): (usize, &Feed)| {
                fires[input] && !feed.group.iter().chain(&feed.values).any(absent)
            };
            let all =
                matches!(plan.kind, CorrelationKind::Temporal | CorrelationKind::TemporalOrdered);
            let mut fed = self.fed_by(number);
            let may = if all { fed.all(gets) } else { fed.any(gets) };
            fires[plan.rule.0 as usize] = may;
        }
    }

    /// The rules that feed a plan, and how.
    fn fed_by(&self, plan: usize) -> impl Iterator<Item = (usize, &Feed)> {
        self.feeds.iter().enumerate().flat_map(move |(input, feeds)| {
            feeds.iter().filter(move |feed| feed.plan == plan).map(move |feed| (input, feed))
        })
    }

    fn add(
        &mut self,
        rule: RuleIndex,
        correlation: &Correlation,
        inputs: &[usize],
        names: &HashMap<&str, usize>,
    ) {
        let plan = self.plans.len();
        for (position, &input) in inputs.iter().enumerate() {
            let fields = |list: &[String]| {
                list.iter()
                    .map(|name| Field::new(resolve(correlation, names, input, name)))
                    .collect()
            };
            self.feeds[input].push(Feed {
                plan,
                position: position as u16,
                group: fields(&correlation.group_by),
                values: fields(&correlation.condition.fields),
                carry: Vec::new(),
            });
        }
        self.plans.push(Plan {
            rule,
            kind: correlation.kind,
            inputs: inputs.len(),
            group_by: correlation.group_by.clone(),
            timespan: correlation.timespan,
            condition: correlation.condition.clone(),
            whole: correlation.whole(),
            enough: correlation.condition.enough(),
            carry: Vec::new(),
        });
    }

    /// Lets a correlation hand up fields it does not group by itself (*correlations*, the note
    /// under "Ordered Temporal Proximity"). From the top down, so that chains work.
    fn carry(&mut self, rules: &[Rule], names: &HashMap<&str, usize>) {
        for plan in (0..self.plans.len()).rev() {
            let rule = self.plans[plan].rule.0 as usize;
            let mut carry: Vec<String> = Vec::new();
            for feed in &self.feeds[rule] {
                for field in feed.group.iter().chain(&feed.values).chain(&feed.carry) {
                    let name = field.name.to_string();
                    if !self.plans[plan].group_by.contains(&name) && !carry.contains(&name) {
                        carry.push(name);
                    }
                }
            }
            if carry.is_empty() {
                continue;
            }
            let Body::Correlation(correlation) = &rules[rule].body else { continue };
            for (input, feeds) in self.feeds.iter_mut().enumerate() {
                for feed in feeds.iter_mut().filter(|feed| feed.plan == plan) {
                    let resolved = carry.iter().map(|n| resolve(correlation, names, input, n));
                    feed.carry = resolved.map(Field::new).collect();
                }
            }
            self.plans[plan].carry = carry;
        }
    }
}

/// The field of a rule's records that a name of the correlation means.
fn resolve<'n>(
    correlation: &'n Correlation,
    names: &HashMap<&str, usize>,
    input: usize,
    name: &'n str,
) -> &'n str {
    correlation
        .aliases
        .iter()
        .find(|(alias, rule, _)| alias == name && names.get(rule.as_str()) == Some(&input))
        .map_or(name, |(_, _, field)| field)
}
