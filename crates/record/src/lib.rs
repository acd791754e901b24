//! The record: one decoded fact with a time.
//!
//! Decoders make records, the rule engine and the judge read them; neither knows the other. A
//! record is anything that implements [`Record`]: it has a kind, a time, an origin in the
//! evidence, and fields under the names of the Elastic Common Schema where that has one.
//!
//! Typed records ([`Operation`], [`Session`], [`FileAction`]) keep numbers as numbers and answer
//! for a field only when a rule asks; [`Fields`] is the free-form record for everything else.

mod again;
mod field;
mod fields;
mod file;
mod json;
mod operation;
mod session;
mod value;

pub use field::{Field, FieldName};
pub use fields::{Fields, OwnedValue};
pub use file::{FileAction, FileVerb};
pub use json::JsonWriter;
pub use operation::{Operation, Outcome, Seen, Verb};
pub use session::{Session, Transport, direction, is_public};
pub use value::{Mac, Value};

/// Short text kept in place up to 24 bytes.
pub type Text = compact_str::CompactString;

/// What a record is about (design: vocabulary).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Somebody told an industrial device to do something.
    Operation,
    /// Two assets talked.
    Session,
    /// A log entry.
    Event,
    /// A fact about a file.
    File,
    /// A piece of software or hardware.
    Component,
    /// A host or device setting.
    Setting,
    /// An answer of a questionnaire.
    Answer,
}

impl Kind {
    /// Every kind, in the order of the vocabulary.
    pub const ALL: [Self; 7] = [
        Self::Operation,
        Self::Session,
        Self::Event,
        Self::File,
        Self::Component,
        Self::Setting,
        Self::Answer,
    ];

    /// The name in records, rules and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operation => "operation",
            Self::Session => "session",
            Self::Event => "event",
            Self::File => "file",
            Self::Component => "component",
            Self::Setting => "setting",
            Self::Answer => "answer",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == name)
    }
}

/// A moment in UTC, in nanoseconds since 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(pub i64);

impl Time {
    /// From whole seconds and nanoseconds.
    pub const fn new(seconds: i64, nanos: u32) -> Self {
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(nanos as i64))
    }

    /// Nanoseconds from `earlier` to `self` (negative when `self` is before it).
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 in UTC with as many decimals as the time has.
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_nanosecond(i128::from(self.0))
            .map_or_else(|_| format!("{}ns", self.0), |t| t.to_string())
    }
}

/// Where a record came from: enough to open the evidence at the place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// Which input of the run (index into its list of inputs).
    pub input: u32,
    /// Packet, log record or line number within the input, from 1.
    pub number: u64,
    /// Byte offset of that packet or record in the (uncompressed) input.
    pub offset: u64,
}

/// One side of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// Network address, where the traffic has one.
    pub ip: Option<std::net::IpAddr>,
    /// TCP or UDP port; 0 where there is none.
    pub port: u16,
    /// Link address as seen at the capture point (a router's, for routed traffic).
    pub mac: Option<Mac>,
}

/// A decoded fact. Implementations are cheap to read and never fail.
pub trait Record {
    /// The kind.
    fn kind(&self) -> Kind;
    /// When it happened.
    fn time(&self) -> Time;
    /// Where it stands in the evidence.
    fn origin(&self) -> Origin;
    /// Calls `f` with each value of `field`; not at all when the record has none.
    fn values<'a>(&'a self, field: &Field, f: &mut dyn FnMut(Value<'a>));
    /// Calls `f` with every field that has a value, in a stable order.
    fn each<'a>(&'a self, f: &mut dyn FnMut(&'a str, Value<'a>));
    /// Appends every field as [`JsonWriter::line`] wants it. Typed records, of which there are millions,
    /// do it without asking themselves field by field.
    fn json(&self, json: &mut JsonWriter, out: &mut Vec<u8>) {
        let mut fields = Vec::new();
        self.each(&mut |name, value| fields.push((name, value)));
        json.gather(out, &fields);
    }

    /// The first value of `field`.
    fn first<'a>(&'a self, field: &Field) -> Option<Value<'a>> {
        let mut out = None;
        self.values(field, &mut |v| {
            if out.is_none() {
                out = Some(v);
            }
        });
        out
    }
}
