//! The rules of one kind of record, compiled together.
//!
//! Every rule is a tree of tests, and equal tests are one. For each rule one *clause* is chosen: a
//! set of tests of which at least one must hold for the rule to match, all of a form the index
//! can find (exact texts and whole numbers in a table, other texts by one Aho-Corasick automaton
//! a field). A record wakes the rules whose clause it touches; only those, and the few rules
//! without a clause, are evaluated.

use crate::{
    expr::{Expr, clause},
    fold::folded,
    ruleset::{RuleIndex, Samples},
    scratch::{Number, Scalar, Scratch, Slot},
    test::{Compare, Position, Shape, Test},
};
use aho_corasick::AhoCorasick;
use foldhash::{HashMap, HashMapExt, HashSet};
use hangtu_record::{Field, FieldName, Record, Value};

/// A test of a field.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) slot: u32,
    pub(crate) test: Test,
    /// The index finds it whenever it holds: not found means it does not hold.
    decided: bool,
    /// Rules whose clause it is in.
    wakes: Vec<u32>,
}

impl Asked {
    pub(crate) const fn new(slot: u32, test: Test) -> Self {
        Self { slot, test, decided: false, wakes: Vec::new() }
    }
}

/// How the index of a field finds a test.
enum Key {
    Text(String),
    Number(i64),
    /// Found by this folded text at this place; `true` when that decides the test.
    Part(Position, String, bool),
}

fn key(test: &Test) -> Option<Key> {
    let part = |position, text: &str, decided| Some(Key::Part(position, text.into(), decided));
    match test {
        // Beyond 2^53 a record's fraction may equal the number without being the same.
        Test::Number(Compare::Equal, Number::Int(n)) if n.unsigned_abs() < 1 << 53 => {
            Some(Key::Number(*n))
        }
        Test::Text { shape: Shape::Literal(Position::Whole, text), cased: false } => {
            Some(Key::Text(text.clone()))
        }
        Test::Text { shape: Shape::Literal(_, text), .. } if text.is_empty() => None,
        Test::Text { shape: Shape::Literal(position, text), cased: false } => {
            part(*position, text, true)
        }
        Test::Text { shape: Shape::Literal(position, text), cased: true } => {
            part(*position, &folded(text), false)
        }
        Test::Text { shape: Shape::Glob(glob), .. } => {
            part(Position::Inside, &folded(glob.literal()?), false)
        }
        _ => None,
    }
}

impl Key {
    /// How rarely it is found, as far as one can tell without data.
    fn rarity(&self) -> i64 {
        let (length, bonus) = match self {
            Self::Text(text) => (text.len(), 8),
            Self::Number(n) => (n.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1, 8),
            Self::Part(_, text, _) => (text.len(), 0),
        };
        4 * length.min(16) as i64 + bonus
    }
}

/// The index of one field.
#[derive(Debug, Default)]
struct Index {
    texts: HashMap<String, Vec<u32>>,
    numbers: HashMap<i64, Vec<u32>>,
    parts: Option<AhoCorasick>,
    /// For each text of the automaton: the tests, where it must stand, whether that decides.
    hits: Vec<Vec<(u32, Position, bool)>>,
}

/// One rule of a program.
#[derive(Debug)]
struct Compiled {
    rule: RuleIndex,
    expr: Expr,
}

/// The rules of one kind.
#[derive(Debug)]
pub(crate) struct Program {
    fields: Vec<Field>,
    indexes: Vec<Index>,
    /// Fields that only free-form records know, by name.
    named: HashMap<Box<str>, u32>,
    /// The slot of keywords, over the whole record.
    whole: Option<u32>,
    tests: Vec<Asked>,
    rules: Vec<Compiled>,
    always: Vec<u32>,
}

/// The slot of keywords has this field, which no record has.
pub(crate) const WHOLE: &str = "";

impl Program {
    pub(crate) fn new(
        fields: Vec<Field>,
        tests: Vec<Asked>,
        rules: Vec<(RuleIndex, Expr)>,
    ) -> Self {
        let mut out = Self {
            indexes: fields.iter().map(|_| Index::default()).collect(),
            named: HashMap::new(),
            whole: None,
            tests,
            rules: rules.into_iter().map(|(rule, expr)| Compiled { rule, expr }).collect(),
            always: Vec::new(),
            fields,
        };
        for (slot, field) in out.fields.iter().enumerate() {
            if &*field.name == WHOLE {
                out.whole = Some(slot as u32);
            } else if field.known.is_none() {
                out.named.insert(field.name.clone(), slot as u32);
            }
        }
        let found = out.index();
        out.choose_clauses(&found);
        for rule in &mut out.rules {
            rule.expr.sort(&|t| out.tests[t as usize].test.cost());
        }
        out
    }

    /// Builds the indexes and returns for each test how rarely the index finds it, if it can.
    fn index(&mut self) -> Vec<Option<i64>> {
        let mut found = vec![None; self.tests.len()];
        let mut parts: Vec<(HashMap<String, usize>, Vec<String>)> = Vec::new();
        parts.resize_with(self.fields.len(), Default::default);
        for (number, asked) in self.tests.iter_mut().enumerate() {
            let Some(key) = key(&asked.test) else { continue };
            let slot = asked.slot as usize;
            let index = &mut self.indexes[slot];
            found[number] = Some(key.rarity());
            asked.decided = !matches!(key, Key::Part(_, _, false));
            match key {
                Key::Text(text) => index.texts.entry(text).or_default().push(number as u32),
                Key::Number(n) => index.numbers.entry(n).or_default().push(number as u32),
                Key::Part(position, text, decided) => {
                    let (known, list) = &mut parts[slot];
                    let at = *known.entry(text.clone()).or_insert_with(|| {
                        list.push(text);
                        index.hits.push(Vec::new());
                        list.len() - 1
                    });
                    index.hits[at].push((number as u32, position, decided));
                }
            }
        }
        for (index, (_, list)) in self.indexes.iter_mut().zip(parts) {
            if list.is_empty() {
                continue;
            }
            // The automaton fails only by its own size limits; those tests are then asked singly.
            match AhoCorasick::new(list) {
                Ok(automaton) => index.parts = Some(automaton),
                Err(_) => {
                    for (number, ..) in index.hits.drain(..).flatten() {
                        found[number as usize] = None;
                        self.tests[number as usize].decided = false;
                    }
                }
            }
        }
        found
    }

    fn choose_clauses(&mut self, found: &[Option<i64>]) {
        let mut uses = vec![0_u32; self.tests.len()];
        for rule in &self.rules {
            let mut mine = Vec::new();
            rule.expr.each(&mut |t| mine.push(t));
            mine.sort_unstable();
            mine.dedup();
            for t in mine {
                uses[t as usize] += 1;
            }
        }
        // What many rules ask for (a channel, an event number) tells them apart badly.
        let rarity = |t: u32| {
            let uses = i64::from(uses[t as usize].max(1).ilog2());
            found[t as usize].map(|rarity| rarity - 8 * uses)
        };
        for (number, rule) in self.rules.iter().enumerate() {
            match clause(&rule.expr, &rarity) {
                Some((_, tests)) => {
                    for t in tests {
                        let wakes = &mut self.tests[t as usize].wakes;
                        if wakes.last() != Some(&(number as u32)) {
                            wakes.push(number as u32);
                        }
                    }
                }
                None => self.always.push(number as u32),
            }
        }
    }

    /// Calls `f` with each rule that matches, in ascending order.
    pub(crate) fn matches(
        &self,
        scratch: &mut Scratch,
        record: &dyn Record,
        f: &mut dyn FnMut(RuleIndex),
    ) {
        scratch.begin(self.fields.len(), self.tests.len(), self.rules.len());
        self.load(&mut scratch.slots, record);
        self.wake(scratch);
        let mut candidates = std::mem::take(&mut scratch.candidates);
        candidates.extend_from_slice(&self.always);
        candidates.sort_unstable();
        for &number in &candidates {
            let rule = &self.rules[number as usize];
            if self.holds(&rule.expr, scratch) {
                f(rule.rule);
            }
        }
        scratch.candidates = candidates;
    }

    /// Reads the fields that rules ask for. Typed records answer known names by a jump; of
    /// free-form ones the whole list is walked once, however many names are asked for.
    fn load(&self, slots: &mut [Slot], record: &dyn Record) {
        for (field, slot) in self.fields.iter().zip(&mut *slots) {
            if let Some(known) = field.known {
                record.values(field, &mut |value| slot.push(value));
                if slot.cells.is_empty() {
                    match known {
                        FieldName::Timestamp => slot.push(Value::Time(record.time())),
                        FieldName::RecordKind => slot.push(Value::Str(record.kind().name())),
                        _ => {}
                    }
                }
            }
        }
        if self.named.is_empty() && self.whole.is_none() {
            return;
        }
        record.each(&mut |name, value| {
            if let Some(slot) = self.named.get(name) {
                slots[*slot as usize].push(value);
            }
            if let Some(slot) = self.whole
                && !matches!(value, Value::Null | Value::Bool(_) | Value::Time(_))
                && name != FieldName::RecordKind.name()
                && !name.starts_with("evidence.")
            {
                slots[slot as usize].push(value);
            }
        });
    }

    fn wake(&self, scratch: &mut Scratch) {
        let Scratch { slots, memo, woken, candidates, generation } = scratch;
        let mut hit = |test: u32, decided: bool| {
            if decided {
                memo[test as usize] = *generation << 1 | 1;
            }
            for &rule in &self.tests[test as usize].wakes {
                if woken[rule as usize] != *generation {
                    woken[rule as usize] = *generation;
                    candidates.push(rule);
                }
            }
        };
        for (index, slot) in self.indexes.iter().zip(slots.iter()) {
            for cell in slot.cells.iter().filter(|cell| cell.scalar != Scalar::Null) {
                if !index.numbers.is_empty()
                    && let Some(Number::Int(n)) = slot.number(cell)
                    && let Some(tests) = index.numbers.get(&n)
                {
                    for t in tests {
                        hit(*t, true);
                    }
                }
                let text = slot.folded(cell);
                if let Some(tests) = index.texts.get(text) {
                    for t in tests {
                        hit(*t, true);
                    }
                }
                let Some(parts) = &index.parts else { continue };
                for found in parts.find_overlapping_iter(text) {
                    for &(test, position, decided) in &index.hits[found.pattern().as_usize()] {
                        let holds = match position {
                            Position::Inside => true,
                            Position::Start => found.start() == 0,
                            Position::End => found.end() == text.len(),
                            Position::Whole => found.start() == 0 && found.end() == text.len(),
                        };
                        if holds {
                            hit(test, decided);
                        }
                    }
                }
            }
        }
    }

    fn holds(&self, expr: &Expr, scratch: &mut Scratch) -> bool {
        match expr {
            Expr::Test(t) => self.ask(*t as usize, scratch),
            Expr::Not(inner) => !self.holds(inner, scratch),
            Expr::And(list) => list.iter().all(|e| self.holds(e, scratch)),
            Expr::Or(list) => list.iter().any(|e| self.holds(e, scratch)),
            Expr::AtLeast(n, list) => {
                list.iter().filter(|e| self.holds(e, scratch)).take(*n).count() == *n
            }
        }
    }

    fn ask(&self, test: usize, scratch: &mut Scratch) -> bool {
        let memo = scratch.memo[test];
        if memo >> 1 == scratch.generation {
            return memo & 1 == 1;
        }
        let asked = &self.tests[test];
        let answer = !asked.decided && asked.test.holds(&scratch.slots, asked.slot as usize);
        scratch.memo[test] = scratch.generation << 1 | u64::from(answer);
        answer
    }

    /// Marks the rules that some record without these fields, and like these samples, may match.
    pub(crate) fn fire_where(
        &self,
        absent: &dyn Fn(&Field) -> bool,
        samples: Option<&Samples<'_>>,
        fires: &mut [bool],
    ) {
        let never = samples.map(|samples| self.hold_for_none(samples)).unwrap_or_default();
        let knows = |test: u32| {
            let asked = &self.tests[test as usize];
            let gone = |slot: u32| absent(&self.fields[slot as usize]);
            match &asked.test {
                Test::Null if gone(asked.slot) => (true, false),
                _ if gone(asked.slot) || never.contains(&test) => (false, true),
                _ => (true, true),
            }
        };
        for compiled in &self.rules {
            if let Some(fires) = fires.get_mut(compiled.rule.0 as usize) {
                *fires |= compiled.expr.may(&knows).0;
            }
        }
    }

    /// The tests of the samples' fields that hold for none of them.
    fn hold_for_none(&self, samples: &Samples<'_>) -> HashSet<u32> {
        let sampled = |asked: &Asked| {
            let name = &*self.fields[asked.slot as usize].name;
            // What is absent in a sample may be absent; another field has any value.
            samples.fields.contains(&name) && !matches!(asked.test, Test::Null | Test::Refer { .. })
        };
        let tests = self.tests.iter().enumerate().filter(|(_, asked)| sampled(asked));
        let mut out: HashSet<u32> = tests.map(|(number, _)| number as u32).collect();
        let mut scratch = Scratch::new();
        for record in samples.records {
            scratch.begin(self.fields.len(), self.tests.len(), self.rules.len());
            self.load(&mut scratch.slots, record);
            self.wake(&mut scratch);
            out.retain(|test| !self.ask(*test as usize, &mut scratch));
        }
        out
    }

    /// How many rules no index can leave out.
    #[cfg(test)]
    pub(crate) const fn always(&self) -> usize {
        self.always.len()
    }
}
