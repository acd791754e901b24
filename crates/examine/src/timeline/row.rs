//! A record as one row, and the fields it is made from.

use super::{Seen, Take, sort::Sorter, text};
use hangtu_record::{Kind, Record, Time, Value};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, io, sync::Arc};

/// The fields of a record, for many look-ups.
pub(super) struct Look<'r> {
    pub(super) record: &'r dyn Record,
    list: Vec<(&'r str, Value<'r>)>,
}

impl<'r> Look<'r> {
    pub(super) fn of(record: &'r dyn Record) -> Self {
        let mut list = Vec::with_capacity(48);
        record.each(&mut |name, value| list.push((name, value)));
        Self { record, list }
    }

    pub(super) fn kind(&self) -> Kind {
        self.record.kind()
    }

    /// The first value of that name that says something.
    pub(super) fn get(&self, name: &str) -> Option<Cow<'r, str>> {
        self.values(name).next()
    }

    /// Of several names, the first that says something.
    pub(super) fn one_of(&self, names: &[&str]) -> Option<Cow<'r, str>> {
        names.iter().find_map(|name| self.get(name))
    }

    /// Values of a name that say something.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = Cow<'r, str>> {
        let named = self.list.iter().filter(move |(n, _)| *n == name);
        named.filter_map(|(_, value)| said(*value))
    }

    /// A whole number, also where it is written as text or in hexadecimal.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        let text = self.get(name)?;
        match text.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => text.parse().ok(),
        }
    }

    /// Values of any of these names.
    pub(super) fn of_names<'l>(
        &'l self,
        names: &'l [&str],
    ) -> impl Iterator<Item = Cow<'r, str>> + 'l {
        let named = self.list.iter().filter(|(n, _)| names.contains(n));
        named.filter_map(|(_, value)| said(*value))
    }

    /// Names and values, in the record's order.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'r str, Cow<'r, str>)> {
        self.list.iter().filter_map(|(name, value)| Some((*name, said(*value)?)))
    }

    /// `DOMAIN\name` from fields of these names.
    pub(super) fn account(&self, name: &str, domain: &str) -> Option<String> {
        let user = self.get(name)?;
        Some(match self.get(domain) {
            Some(domain) if !user.contains('\\') => format!("{domain}\\{user}"),
            _ => user.into_owned(),
        })
    }
}

fn said(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::Str(text) if matches!(text.trim(), "" | "-") => None,
        Value::Str(text) => Some(Cow::Borrowed(text)),
        Value::Null => None,
        other => Some(Cow::Owned(other.to_string())),
    }
}

/// Where a record stands in the evidence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The evidence file.
    pub file: Arc<str>,
    /// Packet or entry in it, from 1.
    pub number: u64,
    /// Byte offset of that in the uncompressed file.
    pub offset: u64,
}

/// One record. Rows are ordered by time, then by place in the evidence, whatever the order in
/// which the evidence was given. Characters that hide or steer a terminal are made visible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Row {
    /// When, in nanoseconds since 1970 (UTC).
    #[serde(with = "nanos")]
    pub time: Time,
    /// Where it stands in the evidence.
    pub place: Place,
    /// Kind of record.
    pub kind: String,
    /// The host that wrote the log, or the one that was asked.
    pub host: String,
    /// The account, else the source address.
    pub who: String,
    /// Where it went.
    pub whom: String,
    /// Log and program, or protocol.
    pub source: String,
    /// What happened, as a code: `security-4624`, `ssh-login`, `write`.
    pub action: String,
    /// One line of at most 300 characters.
    pub text: String,
    /// Rules that match, by their index.
    pub rules: Vec<u32>,
}

mod nanos {
    use hangtu_record::Time;
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
    pub(super) fn serialize<S: Serializer>(time: &Time, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(time.0)
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Time, D::Error> {
        i64::deserialize(from).map(Time)
    }
}

impl Row {
    pub(super) fn of(seen: Seen<'_>) -> Self {
        let look = &seen.look;
        let port = |ip: &str, mac: &str, port: &str| {
            let host = look.get(ip).or_else(|| look.get(mac));
            let port = look.get(port);
            host.map(|host| port.map_or_else(|| host.to_string(), |port| format!("{host}:{port}")))
        };
        let whom = port("destination.ip", "destination.mac", "destination.port");
        let side = |ip: &str, mac: &str| look.get(ip).or_else(|| look.get(mac));
        let source = side("source.ip", "source.mac").unwrap_or_default();
        let account = look.account("user.name", "user.domain");
        let (host, who) = if look.kind() == Kind::Event {
            let host = look.get("host.hostname").or_else(|| look.get("Computer"));
            (host, account.unwrap_or_else(|| source.into_owned()))
        } else {
            let account = account.map_or_else(String::new, |account| format!("{account} @ "));
            (side("destination.ip", "destination.mac"), format!("{account}{source}"))
        };
        Self {
            time: look.record.time(),
            kind: look.kind().name().to_owned(),
            host: text::tidy(&host.unwrap_or_default(), 100),
            who: text::tidy(&who, 100),
            whom: text::tidy(&whom.unwrap_or_default(), 100),
            source: text::tidy(&text::source(look), 100),
            action: text::tidy(&text::action(look), 60),
            text: text::line(look),
            place: seen.place,
            rules: seen.rules,
        }
    }

    /// Memory it takes, about, in bytes.
    pub(super) fn size(&self) -> usize {
        let texts = [&self.host, &self.who, &self.whom, &self.source, &self.action, &self.text];
        // Strings of a row and what the allocator adds to each.
        let texts: usize = texts.iter().map(|t| t.capacity() + 16).sum();
        size_of::<Self>() + texts + self.kind.capacity() + 16 + 4 * self.rules.capacity()
    }
}

/// Collects rows into a sorter.
pub(super) struct Collect(Sorter);

impl Collect {
    pub(super) fn new(buffer: usize) -> Self {
        Self(Sorter::new(buffer))
    }

    pub(super) fn finish(self) -> io::Result<super::Rows> {
        self.0.finish()
    }
}

impl Take for Collect {
    fn wants(&self, _: &Look<'_>, fits: bool, inside: bool) -> bool {
        fits && inside
    }

    fn take(&mut self, seen: Seen<'_>) -> io::Result<()> {
        if seen.fits && seen.inside { self.0.push(Row::of(seen)) } else { Ok(()) }
    }
}
