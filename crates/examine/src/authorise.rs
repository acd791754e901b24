//! The authorisations file: what was approved (`docs/authorisations.md`,
//! `docs/schema/authorisations-1.schema.json`).
//!
//! Reading it resolves every name to addresses; what nobody can have meant is an error, so that a
//! slip of the pen does not silently approve nothing.

mod file;
mod form;
mod place;
mod resolve;

pub use file::{AssetEntry, File, FlowEntry, OrderEntry, PersonEntry, StationEntry, ZoneEntry};
pub use place::{Net, Place, Zones};

use hangtu_catalog::{Arg, Bilingual, Language, key, text};
use std::collections::BTreeMap;

/// Why an authorisations file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {}", self.why.en)]
pub struct AuthorisationError {
    /// The file.
    pub file: String,
    /// The key of an entry that is wrong; empty where it is none alone.
    pub field: &'static str,
    /// Where and what.
    pub why: Bilingual,
}

impl AuthorisationError {
    fn new(file: &str, field: &'static str, key: key::Key, args: &[(&str, Arg<'_>)]) -> Self {
        Self { file: file.into(), field, why: Bilingual::message(key, args) }
    }

    /// A text that is no such file, in the words of whoever read it.
    pub fn form(file: &str, why: &str) -> Self {
        Self::new(file, "", key::AUTHORISATIONS_FORM, &[("why", Arg::Text(why))])
    }

    /// File, place and what, as people read it.
    pub fn message(&self) -> Bilingual {
        let one = |language| {
            let args =
                [("file", Arg::Text(&self.file)), ("why", Arg::Text(self.why.get(language)))];
            text(language, key::AUTHORISATIONS_AT, &args)
        };
        Bilingual::new(one(Language::Chinese), one(Language::English))
    }
}

/// Which register an authorisation belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A station's standing permission.
    Station,
    /// A work order with a window.
    WorkOrder,
    /// A remote-maintenance ticket with a window.
    RemoteTicket,
    /// A declared flow.
    Flow,
    /// An approved tool.
    Tool,
}

/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// Hours of the local day, minutes from midnight; wraps over midnight when `to < from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    from: i64,
    to: i64,
}

impl Hours {
    fn parse(text: &str) -> Option<Self> {
        let minute = |t: &str| -> Option<i64> {
            let (h, m) = t.trim().split_once(':')?;
            let (h, m): (i64, i64) = (h.parse().ok()?, m.parse().ok()?);
            let minute = h.checked_mul(60)?.checked_add(m)?;
            ((0..60).contains(&m) && (0..=DAY).contains(&minute)).then_some(minute)
        };
        let (from, to) = text.split_once('-')?;
        Some(Self { from: minute(from)?, to: minute(to)? })
    }

    /// Whether no moment falls in them.
    fn are_none(&self) -> bool {
        self.from % DAY == self.to % DAY && self.to - self.from != DAY
    }

    /// Whether a moment falls in them.
    pub fn contain(&self, nanos: i64, offset_seconds: i64) -> bool {
        let minute = (nanos.div_euclid(1_000_000_000) + offset_seconds).rem_euclid(86_400) / 60;
        if self.from <= self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

/// One approval: who may do what to which asset, when, by which means, by whose approval.
#[derive(Clone, Debug)]
pub struct Authorisation {
    /// Its id in the file.
    pub id: String,
    /// Its register.
    pub kind: Kind,
    /// From where.
    pub sources: Vec<Place>,
    /// To where.
    pub targets: Vec<Place>,
    /// Which verbs; empty for any.
    pub verbs: Vec<String>,
    /// Over which protocols; empty for any.
    pub protocols: Vec<String>,
    /// Under which accounts; empty where anybody may, or where they are not known of everybody who may.
    pub accounts: Vec<String>,
    /// Not before, nanoseconds since 1970.
    pub from: Option<i64>,
    /// Not after.
    pub to: Option<i64>,
    /// Hours of the day.
    pub hours: Option<Hours>,
    /// Withdrawn.
    pub revoked: bool,
    /// Who asked approved it too.
    pub self_approved: bool,
}

/// Everything that was approved.
#[derive(Debug, Default)]
pub struct Authorisations {
    /// Every approval, in the order of the file.
    pub list: Vec<Authorisation>,
    /// Declared zones.
    pub zones: Zones,
    /// Names the site gives its assets, by address.
    pub names: BTreeMap<std::net::IpAddr, String>,
    /// Addresses of assets by their id and name, in lower case.
    pub hosts: BTreeMap<String, std::net::IpAddr>,
    /// Local time is this far ahead of UTC, in seconds.
    pub utc_offset: i64,
}

/// Local time of the plan's country, unless the file says otherwise.
pub const CHINA: i64 = 8 * 3600;

impl Authorisations {
    /// The address of a host that logs name, with or without its domain: an asset's id or name.
    pub(crate) fn host(&self, name: &str) -> Option<std::net::IpAddr> {
        let name = name.to_lowercase();
        let short = name.split('.').next().filter(|short| !short.is_empty())?;
        self.hosts.get(&name).or_else(|| self.hosts.get(short)).copied()
    }

    /// Reads a file's text.
    pub fn parse(name: &str, text: &str) -> Result<Self, AuthorisationError> {
        Self::of(name, &File::read(name, text)?)
    }

    /// Resolves the names of a file that was read.
    pub fn of(name: &str, file: &File) -> Result<Self, AuthorisationError> {
        resolve::resolve(name, file)
    }
}

/// An account as it is compared: in lower case, without the domain before or behind it.
pub(crate) fn account(text: &str) -> String {
    let name = text.rsplit('\\').next().unwrap_or_default();
    let name = match name.rfind('@') {
        Some(at) if at > 0 => &name[..at],
        _ => name,
    };
    name.trim().to_lowercase()
}
