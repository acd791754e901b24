//! The free-form record: field names with owned values.

use crate::{Field, Kind, Mac, Origin, Record, Text, Time, Value};
use std::net::IpAddr;

/// A value that a [`Fields`] record owns.
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

/// A record that is a list of named values; a name may come more than once.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields {
    /// The kind.
    pub kind: Kind,
    /// When it happened.
    pub time: Time,
    /// Where it stands in the evidence.
    pub origin: Origin,
    /// Names and values in the order of the source.
    pub list: Vec<(Text, OwnedValue)>,
}

impl Fields {
    /// An empty record.
    pub fn new(kind: Kind, time: Time, origin: Origin) -> Self {
        Self { kind, time, origin, list: Vec::new() }
    }

    /// Adds a value.
    pub fn push<'a>(&mut self, name: &str, value: impl Into<Value<'a>>) {
        self.list.push((name.into(), value.into().into()));
    }

    /// A copy of any record as named values.
    pub fn copy_of(record: &(impl Record + ?Sized)) -> Self {
        let mut out = Self::new(record.kind(), record.time(), record.origin());
        record.each(&mut |name, value| out.list.push((name.into(), value.into())));
        out
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
        for (name, value) in &self.list {
            if name.as_str() == &*field.name {
                f(value.as_value());
            }
        }
    }

    fn each<'a>(&'a self, f: &mut dyn FnMut(&'a str, Value<'a>)) {
        for (name, value) in &self.list {
            f(name, value.as_value());
        }
    }
}
