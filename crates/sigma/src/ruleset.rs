//! Many rules compiled together: [`Ruleset`].

use crate::{
    build::Builder,
    error::{Problem, ProblemKind},
    expr::Expr,
    filter,
    mapping::Mapping,
    program::Program,
    regexes::Regexes,
    relate::{Relations, relate},
    rule::{Body, LogSource, Rule},
    scratch::Scratch,
};
use hangtu_record::{Field, Fields, Kind, Record};
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

/// A rule's number within its [`Ruleset`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleIndex(pub u32);

impl fmt::Display for RuleIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What compiling depends on beside the rules.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What `%name%` stands for under the modifier `expand`; values may have wildcards. A name
    /// without any values is one the site has none of; a name that is not there is a problem.
    pub placeholders: HashMap<String, Vec<String>>,
    /// Seconds by which local clocks are ahead of UTC, for `hour` and the other parts of a time.
    /// Times that are text in the record are taken as written.
    pub clock_offset: i32,
}

/// Rules ready to match records.
#[derive(Debug)]
pub struct Ruleset {
    rules: Vec<Rule>,
    programs: [Option<Program>; Kind::ALL.len()],
    relations: Arc<Relations>,
    works: Vec<bool>,
    /// The kinds of records that each rule looks at.
    kinds: Vec<[bool; Kind::ALL.len()]>,
    /// What filters leave out of each rule, as text; empty for nothing.
    excluded: Vec<String>,
}

/// All the values that some fields have in records of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// The kind.
    pub kind: Kind,
    /// Names of the fields.
    pub fields: &'a [&'a str],
    /// Records that have these values.
    pub records: &'a [Fields],
}

impl Ruleset {
    /// Compiles rules together, and applies the filters among them, which are no rules of the set.
    /// Rules with a problem stay in the list under their number; whether one can fire is told by
    /// [`Ruleset::works`].
    pub fn compile(rules: Vec<Rule>, mapping: &Mapping, options: &Options) -> (Self, Vec<Problem>) {
        let regexes = RefCell::new(Regexes::new());
        let mut builders: [Builder<'_>; Kind::ALL.len()] =
            std::array::from_fn(|_| Builder::new(options, &regexes));
        let (filters, rules): (Vec<Rule>, Vec<Rule>) =
            rules.into_iter().partition(|rule| matches!(rule.body, Body::Filter(_)));
        let (excluded, wrong) = filter::assign(&filters, &rules);
        let mut texts: Vec<String> = excluded
            .iter()
            .map(|list| if list.is_empty() { String::new() } else { format!("{list:?}\n") })
            .collect();
        let taken = taken(&rules);
        let mut works = vec![false; rules.len()];
        let mut kinds = vec![[false; Kind::ALL.len()]; rules.len()];
        let mut found = Vec::new();
        for (number, rule) in rules.iter().enumerate() {
            let index = RuleIndex(number as u32);
            if taken[number] {
                found.push((index, ProblemKind::Taken(rule.key().to_owned())));
                continue;
            }
            let Body::Detection(source, detection) = &rule.body else { continue };
            if let Some(text) = &detection.aggregation {
                found.push((index, ProblemKind::Unsupported(text.clone())));
                continue;
            }
            match detection_rule(&mut builders, mapping, source, detection, &excluded[number]) {
                Ok(exprs) => {
                    works[number] = true;
                    for (kind, expr) in exprs {
                        kinds[number][kind] = true;
                        builders[kind].push(index, expr);
                    }
                }
                Err(kind) => found.push((index, kind)),
            }
            // A rule with several readings may say the same twice.
            let mut seen: Vec<ProblemKind> = Vec::new();
            for builder in &mut builders {
                for problem in builder.problems.drain(..) {
                    if !seen.contains(&problem) {
                        seen.push(problem);
                    }
                }
            }
            found.extend(seen.into_iter().map(|kind| (index, kind)));
        }
        let relations = relate(&rules, &taken, &mut works, &mut found);
        relations.inherit(&mut kinds);
        relations.inherit_text(&mut texts);
        found.sort_by_key(|(index, _)| *index);
        let problem = |index, rule: &Rule, kind| Problem {
            rule: index,
            title: rule.title.clone(),
            file: rule.file.clone(),
            kind,
        };
        let of_filters = wrong.into_iter().map(|(n, kind)| problem(None, &filters[n], kind));
        let problems = found
            .into_iter()
            .map(|(index, kind)| problem(Some(index), &rules[index.0 as usize], kind))
            .chain(of_filters)
            .collect();
        let programs = builders.map(Builder::finish);
        let relations = Arc::new(relations);
        (Self { rules, programs, relations, works, kinds, excluded: texts }, problems)
    }

    /// Every rule, in the order given to [`Ruleset::compile`].
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of that number, if it is one of this set.
    pub fn rule(&self, index: RuleIndex) -> Option<&Rule> {
        self.rules.get(index.0 as usize)
    }

    /// Whether the rule can fire here.
    pub fn works(&self, index: RuleIndex) -> bool {
        self.works.get(index.0 as usize).copied().unwrap_or(false)
    }

    /// Whether the rule, or one that a correlation counts, looks at records of that kind.
    pub fn looks_at(&self, index: RuleIndex, kind: Kind) -> bool {
        self.kinds.get(index.0 as usize).is_some_and(|kinds| kinds[kind as usize])
    }

    /// Which rules may fire, in their order, where no record has the fields that `absent` names, and those of
    /// the samples' kind have no other values of the samples' fields.
    pub fn fire_where(
        &self,
        absent: &dyn Fn(&Field) -> bool,
        samples: Option<&Samples<'_>>,
    ) -> Vec<bool> {
        let mut fires = vec![false; self.rules.len()];
        for (kind, program) in Kind::ALL.iter().zip(&self.programs) {
            if let Some(program) = program {
                program.fire_where(absent, samples.filter(|s| s.kind == *kind), &mut fires);
            }
        }
        self.relations.fire_without(absent, &mut fires);
        fires
    }

    /// What filters leave out of the rule and of those that a correlation counts, as text: where it is the same,
    /// the same is left out. Empty for nothing.
    pub fn excluded_from(&self, index: RuleIndex) -> &str {
        self.excluded.get(index.0 as usize).map_or("", String::as_str)
    }

    /// The correlations that a rule feeds, each with what it groups by and the field of the rule's records for that.
    pub fn feeds(
        &self,
        index: RuleIndex,
    ) -> impl Iterator<Item = (RuleIndex, Vec<(&str, &Field)>)> {
        self.relations.feeds(index).iter().map(|feed| {
            let plan = &self.relations.plans[feed.plan];
            (plan.rule, plan.group_by.iter().map(String::as_str).zip(&feed.group).collect())
        })
    }

    /// Whether a match of the rule is a detection by itself. A rule that a correlation refers to
    /// only feeds it, unless the correlation says `generate` (*correlations*, "Generate"), or the rule
    /// comes with the program and the correlation does not.
    pub fn stands_alone(&self, index: RuleIndex) -> bool {
        self.relations.stands_alone(index)
    }

    /// Whether any rule asks about records of that kind.
    pub fn wants(&self, kind: Kind) -> bool {
        self.programs[kind as usize].is_some()
    }

    /// Calls `f` with each rule the record matches, in ascending order.
    pub fn matches(
        &self,
        scratch: &mut Scratch,
        record: &dyn Record,
        f: &mut dyn FnMut(RuleIndex),
    ) {
        if let Some(program) = &self.programs[record.kind() as usize] {
            program.matches(scratch, record, f);
        }
    }

    pub(crate) const fn relations(&self) -> &Arc<Relations> {
        &self.relations
    }

    #[cfg(test)]
    pub(crate) fn always(&self) -> usize {
        self.programs.iter().flatten().map(Program::always).sum()
    }
}

/// Which rules have the key of one before them.
fn taken(rules: &[Rule]) -> Vec<bool> {
    let mut keys = HashSet::new();
    rules.iter().map(|rule| !keys.insert(rule.key())).collect()
}

/// The rule's expression for each kind it can mean, all alternatives of a kind in one.
fn detection_rule<'o>(
    builders: &mut [Builder<'o>; Kind::ALL.len()],
    mapping: &'o Mapping,
    source: &LogSource,
    detection: &crate::Detection,
    excluded: &[&crate::Detection],
) -> Result<Vec<(usize, Expr)>, ProblemKind> {
    let readings = mapping.resolve(source);
    if readings.is_empty() {
        return Err(ProblemKind::NoInput(source.to_string()));
    }
    let mut out: Vec<(usize, Vec<Expr>)> = Vec::new();
    for (kind, entry) in readings {
        let kind = kind as usize;
        let expr = builders[kind].expression(detection, excluded, entry, source.closed())?;
        match out.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, list)) => list.push(expr),
            None => out.push((kind, vec![expr])),
        }
    }
    Ok(out.into_iter().map(|(kind, list)| (kind, Expr::or(list))).collect())
}
