//! What matching needs while it looks at one record, kept to be used again for the next.

use crate::{clock::write_time, fold::fold_into};
use hangtu_record::{Mac, Time, Value};
use std::{fmt::Write, net::IpAddr, ops::Range};

/// Buffers above this are given back after a record, so one huge value is not kept for ever.
const KEEP: usize = 1 << 20;

/// Working memory of [`crate::Ruleset::matches`]. Make one a thread and keep it; it may serve
/// several rulesets.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) slots: Vec<Slot>,
    /// For each test the generation it was last decided in, times two, plus the answer.
    pub(crate) memo: Vec<u64>,
    /// For each rule the generation it was last woken in.
    pub(crate) woken: Vec<u64>,
    pub(crate) candidates: Vec<u32>,
    pub(crate) generation: u64,
}

impl Scratch {
    /// Empty working memory; it grows with the first records.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn begin(&mut self, slots: usize, tests: usize, rules: usize) {
        self.generation += 1;
        self.slots.resize_with(self.slots.len().max(slots), Slot::default);
        self.memo.resize(self.memo.len().max(tests), 0);
        self.woken.resize(self.woken.len().max(rules), 0);
        self.candidates.clear();
        for slot in &mut self.slots[..slots] {
            slot.clear();
        }
    }
}

/// A value's own type, when it is not only text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar {
    Text,
    Int(i64),
    Float(f64),
    Bool(bool),
    Ip(IpAddr),
    Mac(Mac),
    Time(Time),
    Null,
}

/// One value of a field: its type, its text and its folded text.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) scalar: Scalar,
    raw: Range<usize>,
    folded: Range<usize>,
}

/// The values of one field of one record.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    pub(crate) cells: Vec<Cell>,
    raw: String,
    folded: String,
}

impl Slot {
    fn clear(&mut self) {
        if self.cells.is_empty() {
            return;
        }
        self.cells.clear();
        for text in [&mut self.raw, &mut self.folded] {
            text.clear();
            if text.capacity() > KEEP {
                text.shrink_to(KEEP);
            }
        }
    }

    pub(crate) fn push(&mut self, value: Value<'_>) {
        let (raw, folded) = (self.raw.len(), self.folded.len());
        let scalar = match value {
            Value::Str(text) => {
                self.raw.push_str(text);
                Scalar::Text
            }
            Value::Int(n) => Scalar::Int(n),
            Value::Float(n) => Scalar::Float(n),
            Value::Bool(b) => Scalar::Bool(b),
            Value::Ip(ip) => Scalar::Ip(ip),
            Value::Mac(mac) => Scalar::Mac(mac),
            Value::Time(time) => Scalar::Time(time),
            Value::Null => Scalar::Null,
        };
        match scalar {
            Scalar::Text => {}
            Scalar::Time(time) => write_time(time, &mut self.raw),
            // Writing to a String cannot fail.
            _ => {
                let _ = write!(self.raw, "{value}");
            }
        }
        fold_into(&self.raw[raw..], &mut self.folded);
        self.cells.push(Cell {
            scalar,
            raw: raw..self.raw.len(),
            folded: folded..self.folded.len(),
        });
    }

    pub(crate) fn raw(&self, cell: &Cell) -> &str {
        &self.raw[cell.raw.clone()]
    }

    pub(crate) fn folded(&self, cell: &Cell) -> &str {
        &self.folded[cell.folded.clone()]
    }

    pub(crate) fn number(&self, cell: &Cell) -> Option<Number> {
        match cell.scalar {
            Scalar::Int(n) => Some(Number::Int(n)),
            Scalar::Float(n) => Number::float(n),
            Scalar::Text => Number::parse(self.raw(cell)),
            _ => None,
        }
    }
}

/// A number in one form only, so that equal numbers are equal values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    /// Never whole within the range where `f64` is exact, never NaN or infinite.
    Float(f64),
}

impl Number {
    pub(crate) fn float(n: f64) -> Option<Self> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if n.fract() == 0.0 && n.abs() <= EXACT {
            Some(Self::Int(n as i64))
        } else {
            n.is_finite().then_some(Self::Float(n))
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let first = *text.as_bytes().first()?;
        if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.')) || text.len() > 64 {
            return None;
        }
        match text.parse() {
            Ok(n) => Some(Self::Int(n)),
            Err(_) => text.parse().ok().and_then(Self::float),
        }
    }

    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Int(n) => n as f64,
            Self::Float(n) => n,
        }
    }

    pub(crate) fn order(self, other: Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (a, b) => a.as_f64().partial_cmp(&b.as_f64()),
        }
    }
}
