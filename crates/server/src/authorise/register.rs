//! The lists of the authorisations file and the fields of their entries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A list of the authorisations file.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Register {
    Zones,
    Assets,
    People,
    Stations,
    WorkOrders,
    RemoteTickets,
    Flows,
    Tools,
}

/// How a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One line.
    Line,
    /// Several values, one a line or with commas between.
    List,
    /// A moment.
    Moment,
    /// A kind of zone.
    ZoneKind,
    /// Some of the verbs.
    Verbs,
}

/// A field of an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// Its name in the file.
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
}

const fn must(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: true }
}

const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false }
}

/// Kinds of zones that rules know.
pub(crate) const ZONE_KINDS: [&str; 7] =
    ["control", "supervision", "operations", "dmz", "office", "remote", "external"];

/// Verbs of operations, those that change something first.
pub(crate) const VERBS: [&str; 21] = [
    "read",
    "write",
    "control",
    "download",
    "upload",
    "delete",
    "firmware",
    "start",
    "stop",
    "restart",
    "configure",
    "set-time",
    "authenticate",
    "identify",
    "diagnose",
    "subscribe",
    "unsubscribe",
    "report",
    "connect",
    "disconnect",
    "other",
];

const ORDER: &[Field] = &[
    must("id", Shape::Line),
    may("title", Shape::Line),
    must("person", Shape::Line),
    must("from", Shape::Moment),
    must("to", Shape::Moment),
    may("stations", Shape::List),
    may("sources", Shape::List),
    must("targets", Shape::List),
    may("verbs", Shape::Verbs),
    may("protocols", Shape::List),
];

const FLOW: &[Field] = &[
    must("id", Shape::Line),
    may("purpose", Shape::Line),
    must("sources", Shape::List),
    must("destinations", Shape::List),
    may("protocols", Shape::List),
    may("valid_until", Shape::Moment),
];

const STATION: &[Field] = &[
    must("id", Shape::Line),
    may("name", Shape::Line),
    must("addresses", Shape::List),
    may("people", Shape::List),
    must("targets", Shape::List),
    may("verbs", Shape::Verbs),
    may("protocols", Shape::List),
    may("hours", Shape::Line),
    may("valid_until", Shape::Moment),
];

const ZONE: &[Field] =
    &[must("name", Shape::Line), must("kind", Shape::ZoneKind), must("networks", Shape::List)];

const ASSET: &[Field] =
    &[must("id", Shape::Line), may("name", Shape::Line), must("addresses", Shape::List)];

const PERSON: &[Field] =
    &[must("id", Shape::Line), may("name", Shape::Line), may("accounts", Shape::List)];

impl Register {
    /// All of them, in the order of the file: what is named comes before what names it.
    pub(crate) const ALL: [Self; 8] = [
        Self::Zones,
        Self::Assets,
        Self::People,
        Self::Stations,
        Self::WorkOrders,
        Self::RemoteTickets,
        Self::Flows,
        Self::Tools,
    ];

    /// The list's name in the file.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Zones => "zones",
            Self::Assets => "assets",
            Self::People => "people",
            Self::Stations => "stations",
            Self::WorkOrders => "work_orders",
            Self::RemoteTickets => "remote_tickets",
            Self::Flows => "flows",
            Self::Tools => "tools",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.word() == word)
    }

    /// The fields a person fills in; who approved is added by approving.
    pub(crate) const fn fields(self) -> &'static [Field] {
        match self {
            Self::Zones => ZONE,
            Self::Assets => ASSET,
            Self::People => PERSON,
            Self::Stations => STATION,
            Self::WorkOrders | Self::RemoteTickets => ORDER,
            Self::Flows | Self::Tools => FLOW,
        }
    }

    /// The field that names an entry.
    pub(crate) const fn reference(self) -> &'static str {
        if matches!(self, Self::Zones) { "name" } else { "id" }
    }

    /// Whether entries name who approved them.
    pub(crate) const fn signed(self) -> bool {
        !matches!(self, Self::Zones | Self::Assets | Self::People | Self::Stations)
    }

    /// Whether entries have a window, are worked in, and are closed.
    pub(crate) const fn windowed(self) -> bool {
        matches!(self, Self::WorkOrders | Self::RemoteTickets)
    }
}
