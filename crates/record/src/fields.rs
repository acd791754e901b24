//! The free-form record: named values in one buffer.

use crate::{Field, FieldName, Kind, Mac, Origin, Record, Text, Time, Value};
use std::{fmt, net::IpAddr, ops::Range};

/// A value that its holder owns.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnedValue {
    /// Text.
    Str(Text),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// A network address.
    Ip(IpAddr),
    /// A link address.
    Mac(Mac),
    /// A moment.
    Time(Time),
    /// Present and empty.
    Null,
}

impl OwnedValue {
    /// The value as a reader sees it.
    pub fn as_value(&self) -> Value<'_> {
        match self {
            Self::Str(s) => Value::Str(s),
            Self::Int(n) => Value::Int(*n),
            Self::Float(n) => Value::Float(*n),
            Self::Bool(b) => Value::Bool(*b),
            Self::Ip(ip) => Value::Ip(*ip),
            Self::Mac(mac) => Value::Mac(*mac),
            Self::Time(t) => Value::Time(*t),
            Self::Null => Value::Null,
        }
    }
}

impl From<Value<'_>> for OwnedValue {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Str(s) => Self::Str(s.into()),
            Value::Int(n) => Self::Int(n),
            Value::Float(n) => Self::Float(n),
            Value::Bool(b) => Self::Bool(b),
            Value::Ip(ip) => Self::Ip(ip),
            Value::Mac(mac) => Self::Mac(mac),
            Value::Time(t) => Self::Time(t),
            Value::Null => Self::Null,
        }
    }
}

/// A record that is a list of named values; a name may come more than once. Time, kind and place
/// are fields too, without being in the list.
///
/// All text lies in one buffer, so that a reader can [`clear`](Fields::clear) and fill one record
/// for millions of log entries without allocating. What would not fit 4 GiB is left out.
#[derive(Clone)]
pub struct Fields {
    /// The kind.
    pub kind: Kind,
    /// When it happened.
    pub time: Time,
    /// Where it stands in the evidence.
    pub origin: Origin,
    text: String,
    list: Vec<Cell>,
}

/// Buffers above this are given back by [`Fields::clear`], so one huge entry is not kept for ever.
const KEEP: usize = 1 << 20;

#[derive(Clone, Copy)]
struct Cell {
    /// Where name and value begin and end in the buffer: start, middle, end.
    at: [u32; 3],
    /// The value, when it is not text.
    plain: Option<Value<'static>>,
}

impl Fields {
    /// An empty record.
    pub const fn new(kind: Kind, time: Time, origin: Origin) -> Self {
        Self { kind, time, origin, text: String::new(), list: Vec::new() }
    }

    /// Takes every value away, to be filled anew.
    pub fn clear(&mut self) {
        self.list.clear();
        self.text.clear();
        if self.text.capacity() > KEEP {
            self.text.shrink_to(KEEP);
        }
    }

    /// Adds a value.
    pub fn push<'a>(&mut self, name: &str, value: impl Into<Value<'a>>) {
        let value = value.into();
        let plain = match value {
            Value::Str(text) => return self.push_with(name, |out| out.push_str(text)),
            Value::Int(n) => Value::Int(n),
            Value::Float(n) => Value::Float(n),
            Value::Bool(b) => Value::Bool(b),
            Value::Ip(ip) => Value::Ip(ip),
            Value::Mac(mac) => Value::Mac(mac),
            Value::Time(t) => Value::Time(t),
            Value::Null => Value::Null,
        };
        self.push_with(name, |_| ());
        if let Some(cell) = self.list.last_mut() {
            cell.plain = Some(plain);
        }
    }

    /// Adds a text that `write` appends to the buffer it is given.
    pub fn push_with(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        self.text.push_str(name);
        let middle = self.text.len();
        write(&mut self.text);
        match [start, middle, self.text.len()].map(u32::try_from) {
            [Ok(a), Ok(b), Ok(c)] => self.list.push(Cell { at: [a, b, c], plain: None }),
            _ => self.text.truncate(start),
        }
    }

    /// Adds a text that is part of the value at `index`; nothing where that is not text or has no
    /// such part.
    pub fn push_part(&mut self, name: &str, index: usize, part: Range<usize>) {
        let Some(Cell { at: [_, start, end], plain: None }) = self.list.get(index).copied() else {
            return;
        };
        let (start, end) = (start as usize, end as usize);
        if self.text[start..end].get(part.clone()).is_some() {
            let part = start + part.start..start + part.end;
            self.push_with(name, |out| out.extend_from_within(part));
        }
    }

    /// Name and value at `index`, counted from 0 in the order they were added.
    pub fn at(&self, index: usize) -> Option<(&str, Value<'_>)> {
        self.list.get(index).map(|cell| self.show(cell))
    }

    /// The first value of that name.
    pub fn get(&self, name: &str) -> Option<Value<'_>> {
        self.iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// The first value of that name, when it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Str(text)) => Some(text),
            _ => None,
        }
    }

    /// Names and values in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.list.iter().map(|cell| self.show(cell))
    }

    fn head(&self, name: FieldName) -> Option<Value<'static>> {
        Some(match name {
            FieldName::Timestamp => Value::Time(self.time),
            FieldName::RecordKind => Value::Str(self.kind.name()),
            FieldName::EvidenceNumber => Value::Int(self.origin.number as i64),
            FieldName::EvidenceOffset => Value::Int(self.origin.offset as i64),
            _ => return None,
        })
    }

    fn show(&self, cell: &Cell) -> (&str, Value<'_>) {
        let [a, b, c] = cell.at.map(|at| at as usize);
        let value = cell.plain.unwrap_or_else(|| Value::Str(&self.text[b..c]));
        (&self.text[a..b], value)
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {:?} ", self.kind, self.time.to_rfc3339(), self.origin)?;
        f.debug_map().entries(self.iter()).finish()
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        let head = |r: &Self| (r.kind, r.time, r.origin);
        head(self) == head(other) && self.iter().eq(other.iter())
    }
}

impl Record for Fields {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn time(&self) -> Time {
        self.time
    }

    fn origin(&self) -> Origin {
        self.origin
    }

    fn values<'a>(&'a self, field: &Field, f: &mut dyn FnMut(Value<'a>)) {
        if let Some(value) = field.known.and_then(|name| self.head(name)) {
            return f(value);
        }
        self.iter().filter(|(name, _)| *name == &*field.name).for_each(|(_, value)| f(value));
    }

    fn each<'a>(&'a self, f: &mut dyn FnMut(&'a str, Value<'a>)) {
        let (before, after) = HEAD.split_at(2);
        let head = |name: &FieldName| Some((name.name(), self.head(*name)?));
        before.iter().filter_map(head).for_each(|(name, value)| f(name, value));
        self.iter().for_each(|(name, value)| f(name, value));
        after.iter().filter_map(head).for_each(|(name, value)| f(name, value));
    }
}

/// Fields of every record that are not in its list: two stand before it, two behind.
const HEAD: [FieldName; 4] = [
    FieldName::Timestamp,
    FieldName::RecordKind,
    FieldName::EvidenceNumber,
    FieldName::EvidenceOffset,
];
