//! Rules become expressions over shared tests.

use crate::{
    condition::{Condition, Quantity},
    detection::{Detection, Selection},
    error::{Excess, ProblemKind, ValueFault},
    expr::Expr,
    mapping::MappingEntry,
    program::{Asked, Program, WHOLE},
    regexes::Regexes,
    ruleset::{Options, RuleIndex},
    test::Test,
};
use foldhash::{HashMap, HashMapExt};
use hangtu_record::{Field, FieldName};
use std::cell::RefCell;

/// Nodes of one rule's expression.
const MAX_NODES: usize = 200_000;

/// Tests of one rule, placeholders expanded.
const MAX_TESTS: usize = 200_000;
/// Regular expressions of one rule; what all of them may cost is bounded in `regexes.rs`.
const MAX_REGEXES: usize = 200;

/// Collects the rules of one kind.
pub(crate) struct Builder<'o> {
    pub(crate) options: &'o Options,
    /// What was found wrong, beside what ended the rule.
    pub(crate) problems: Vec<ProblemKind>,
    fields: Vec<Field>,
    slots: HashMap<Box<str>, u32>,
    tests: Vec<Asked>,
    /// Tests by their field and [`Test::key`].
    known: HashMap<(u32, String), u32>,
    /// Of the whole ruleset.
    regexes: &'o RefCell<Regexes>,
    rules: Vec<(RuleIndex, Expr)>,
    /// The reading of the log source at hand.
    pub(crate) entry: Option<&'o MappingEntry>,
    /// Whether the records at hand have known fields only.
    closed: bool,
    /// What the rule at hand may still ask: tests, and regular expressions among them.
    left: [usize; 2],
}

impl<'o> Builder<'o> {
    pub(crate) fn new(options: &'o Options, regexes: &'o RefCell<Regexes>) -> Self {
        Self {
            options,
            problems: Vec::new(),
            fields: Vec::new(),
            slots: HashMap::new(),
            tests: Vec::new(),
            known: HashMap::new(),
            regexes,
            rules: Vec::new(),
            entry: None,
            closed: false,
            left: [0; 2],
        }
    }

    /// The expression of a rule without what filters exclude, for one reading of its log source.
    /// `closed` says that records have known fields only.
    pub(crate) fn expression(
        &mut self,
        detection: &Detection,
        excluded: &[&Detection],
        entry: Option<&'o MappingEntry>,
        closed: bool,
    ) -> Result<Expr, ProblemKind> {
        self.entry = entry;
        self.left = [MAX_TESTS, MAX_REGEXES];
        self.closed = closed;
        let own = self.detection(detection);
        // A filter may speak of several kinds of records.
        self.closed = false;
        let mut parts = vec![own?];
        for filter in excluded {
            parts.push(Expr::Not(Box::new(self.detection(filter)?)));
        }
        // Conditions are on the records' own names.
        self.entry = None;
        if let Some(conditions) = entry.and_then(|e| e.conditions.as_ref()) {
            parts.insert(0, self.selection(conditions)?);
        }
        Ok(Expr::and(parts))
    }

    fn detection(&mut self, detection: &Detection) -> Result<Expr, ProblemKind> {
        let mut selections = HashMap::new();
        for (name, selection) in &detection.selections {
            let expr = self.selection(selection)?;
            selections.insert(name.as_str(), (expr.size(), expr));
        }
        let mut left = MAX_NODES;
        let list = detection
            .conditions
            .iter()
            .map(|c| condition(c, detection, &selections, &mut left))
            .collect::<Result<_, _>>()?;
        Ok(Expr::or(list))
    }

    /// Adds a rule.
    pub(crate) fn push(&mut self, rule: RuleIndex, expr: Expr) {
        self.rules.push((rule, expr));
    }

    pub(crate) fn finish(self) -> Option<Program> {
        (!self.rules.is_empty()).then(|| Program::new(self.fields, self.tests, self.rules))
    }

    fn selection(&mut self, selection: &Selection) -> Result<Expr, ProblemKind> {
        let list = |b: &mut Self, list: &[Selection]| {
            list.iter().map(|s| b.selection(s)).collect::<Result<_, _>>()
        };
        match selection {
            Selection::All(parts) => list(self, parts).map(Expr::and),
            Selection::Any(parts) => list(self, parts).map(Expr::or),
            Selection::Item(item) => {
                let slot = match &item.field {
                    Some(name) => self.field(name)?,
                    None => self.slot(WHOLE)?,
                };
                self.item(item, slot)
            }
        }
    }

    /// The slot of a rule's field, by the name the record has for it.
    pub(crate) fn field(&mut self, name: &str) -> Result<u32, ProblemKind> {
        let name = self.entry.and_then(|e| e.fields.get(name)).map_or(name, String::as_str);
        if name == WHOLE {
            return Err(ProblemKind::Value { field: String::new(), why: ValueFault::NoName });
        }
        if self.closed && FieldName::from_name(name).is_none() {
            return Err(ProblemKind::Field(name.to_owned()));
        }
        self.slot(name)
    }

    fn slot(&mut self, name: &str) -> Result<u32, ProblemKind> {
        if let Some(slot) = self.slots.get(name) {
            return Ok(*slot);
        }
        let slot =
            u32::try_from(self.fields.len()).map_err(|_| ProblemKind::TooLarge(Excess::Fields))?;
        self.fields.push(Field::new(name));
        self.slots.insert(name.into(), slot);
        Ok(slot)
    }

    /// The test of a regular expression; `field` is the name to show.
    pub(crate) fn regex(
        &mut self,
        slot: u32,
        field: &str,
        text: &str,
        flags: [bool; 3],
    ) -> Result<Expr, ProblemKind> {
        self.left[1] = self.left[1].checked_sub(1).ok_or(ProblemKind::TooLarge(Excess::Regexes))?;
        let regex = self.regexes.borrow_mut().get(field, text, flags)?;
        self.test(slot, Test::Regex(regex, flags))
    }

    /// The shared test.
    pub(crate) fn test(&mut self, slot: u32, test: Test) -> Result<Expr, ProblemKind> {
        self.left[0] = self.left[0].checked_sub(1).ok_or(ProblemKind::TooLarge(Excess::Values))?;
        let next =
            u32::try_from(self.tests.len()).map_err(|_| ProblemKind::TooLarge(Excess::Tests))?;
        let tests = &mut self.tests;
        let number = *self.known.entry((slot, test.key())).or_insert_with(|| {
            tests.push(Asked::new(slot, test));
            next
        });
        Ok(Expr::Test(number))
    }
}

type Selections<'d> = HashMap<&'d str, (usize, Expr)>;

fn condition(
    condition: &Condition,
    detection: &Detection,
    selections: &Selections<'_>,
    left: &mut usize,
) -> Result<Expr, ProblemKind> {
    let too_large = ProblemKind::TooLarge(Excess::Condition);
    let mut take = |name: &str| match selections.get(name) {
        Some((size, expr)) => {
            *left = left.checked_sub(*size).ok_or_else(|| too_large.clone())?;
            Ok(expr.clone())
        }
        None => Ok(Expr::never()),
    };
    match condition {
        Condition::Selection(name) => take(name),
        Condition::Of(quantity, target) => {
            let list: Vec<Expr> = detection
                .selections
                .iter()
                .filter(|(name, _)| target.takes(name))
                .map(|(name, _)| take(name))
                .collect::<Result<_, _>>()?;
            Ok(match quantity {
                Quantity::All => Expr::and(list),
                Quantity::AtLeast(1) => Expr::or(list),
                Quantity::AtLeast(n) => Expr::AtLeast(*n, list),
            })
        }
        Condition::Not(inner) => {
            let inner = self::condition(inner, detection, selections, left)?;
            Ok(Expr::Not(Box::new(inner)))
        }
        Condition::And(list) | Condition::Or(list) => {
            let list = list
                .iter()
                .map(|c| self::condition(c, detection, selections, left))
                .collect::<Result<_, _>>()?;
            let and = matches!(condition, Condition::And(_));
            Ok(if and { Expr::and(list) } else { Expr::or(list) })
        }
    }
}
