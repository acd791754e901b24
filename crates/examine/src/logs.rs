//! What logs show of themselves and of the hosts that wrote them: sources, spans, gaps, clocks,
//! accounts.
//!
//! At the end each host becomes records of kind `setting`, and rules say what is too short, has
//! holes or runs wrong (control points LOG-02 and LOG-03).

use crate::model::LogSource;
use hangtu_record::{Field, FieldName, Fields, Kind, Origin, Record, Text, Time, Value};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

/// Sources remembered in one run, all hosts together.
const MAX_SOURCES: usize = 5_000;
/// Accounts remembered of one host.
const MAX_ACCOUNTS: usize = 200;
/// Hours remembered of one host: more than two years of them.
const MAX_HOURS: usize = 20_000;
/// Sessions remembered to hold clocks against.
const MAX_SESSIONS: usize = 100_000;
/// Comparisons kept of one host's clock.
const MAX_CLOCKS: usize = 101;
/// Two moments further apart than this are not one: the port was used again.
const SAME: i64 = 86_400_000_000_000;
const HOUR: i64 = 3_600_000_000_000;

#[derive(Debug, Default)]
struct Source {
    events: u64,
    first: Time,
    last: Time,
    formats: BTreeSet<Text>,
}

#[derive(Debug, Default)]
struct Host {
    sources: BTreeMap<Text, Source>,
    accounts: BTreeSet<Text>,
    hours: BTreeSet<i64>,
    /// How far the host's clock is ahead of the capture's, in nanoseconds.
    clocks: Vec<i64>,
    /// The oldest entry.
    oldest: Option<(Time, Origin)>,
}

/// Notes about logs, gathered while records stream by.
#[derive(Debug, Default)]
pub(crate) struct LogNotes {
    hosts: BTreeMap<Text, Host>,
    sources: usize,
    /// Starts of sessions by who began them.
    sessions: HashMap<(IpAddr, i64), Time>,
    /// Whether logs follow, so that sessions are worth remembering.
    wanted: bool,
    /// Sources that found no room.
    pub(crate) dropped: u64,
}

/// The fields by which rules of logs tell whose they are.
pub(crate) const TELLS: [&str; 2] = ["Channel", "log.format"];

/// What a host's logs show of it.
#[derive(Clone, Debug)]
pub(crate) struct LogHost {
    /// Its name, as it writes it.
    pub name: String,
    /// Accounts named in its events.
    pub accounts: Vec<String>,
    /// Its oldest entry.
    pub first: Time,
    /// Its newest entry.
    pub last: Time,
    /// Input and entry number of the oldest entry.
    pub origin: Origin,
}

fn text(record: &dyn Record, name: FieldName) -> Option<Text> {
    match record.first(&name.into()) {
        Some(Value::Str(s)) if !s.is_empty() => Some(s.into()),
        _ => None,
    }
}

fn end(record: &dyn Record) -> Option<(IpAddr, i64)> {
    let Some(Value::Ip(ip)) = record.first(&FieldName::SourceIp.into()) else { return None };
    let Some(Value::Int(port)) = record.first(&FieldName::SourcePort.into()) else { return None };
    (port > 0).then_some((ip, port))
}

impl LogNotes {
    /// Nothing noted yet; `wanted` when logs are among the evidence.
    pub(crate) fn new(wanted: bool) -> Self {
        Self { wanted, ..Self::default() }
    }

    pub(crate) fn record(&mut self, record: &dyn Record) {
        match record.kind() {
            Kind::Session if self.wanted && self.sessions.len() < MAX_SESSIONS => {
                if let Some(end) = end(record) {
                    self.sessions.insert(end, record.time());
                }
            }
            Kind::Event => self.event(record),
            _ => {}
        }
    }

    fn event(&mut self, record: &dyn Record) {
        let named = |name: &'static str| match record.first(&Field::new(name)) {
            Some(Value::Str(s)) if !s.is_empty() => Some(Text::from(s)),
            _ => None,
        };
        let name = text(record, FieldName::HostName).unwrap_or_default();
        let format = named(TELLS[1]).unwrap_or_default();
        let source = named(TELLS[0]).unwrap_or_else(|| format.clone());
        if !self.hosts.contains_key(&name) && self.sources >= MAX_SOURCES {
            self.dropped += 1;
            return;
        }
        let host = self.hosts.entry(name).or_default();
        let (time, origin) = (record.time(), record.origin());
        if host.oldest.is_none_or(|known| (time, origin) < known) {
            host.oldest = Some((time, origin));
        }
        if host.hours.len() < MAX_HOURS {
            host.hours.insert(time.0.div_euclid(HOUR));
        }
        if host.accounts.len() < MAX_ACCOUNTS
            && let Some(user) = text(record, FieldName::UserName)
        {
            host.accounts.insert(user);
        }
        if let Some(start) = end(record).and_then(|end| self.sessions.get(&end)) {
            let ahead = time.since(*start);
            if ahead.abs() < SAME && host.clocks.len() < MAX_CLOCKS {
                host.clocks.push(ahead);
            }
        }
        if let Some(known) = host.sources.get_mut(&source) {
            known.events += 1;
            known.first = known.first.min(time);
            known.last = known.last.max(time);
            if !known.formats.contains(&format) {
                known.formats.insert(format);
            }
        } else if self.sources < MAX_SOURCES {
            self.sources += 1;
            let formats = BTreeSet::from([format]);
            host.sources.insert(source, Source { events: 1, first: time, last: time, formats });
        } else {
            self.dropped += 1;
        }
    }

    /// What the logs show of themselves, for rules to judge; `newest` is the latest moment of all
    /// the evidence.
    pub(crate) fn settings(&self, newest: Time) -> Vec<Fields> {
        let mut out = Vec::new();
        for (name, host) in &self.hosts {
            let Some((oldest, origin)) = host.oldest else { continue };
            let record = |setting: &str| {
                let mut record = Fields::new(Kind::Setting, oldest, origin);
                record.push("setting.name", setting);
                record.push(FieldName::HostName.name(), name.as_str());
                record
            };
            let mut kept = record("log-retention");
            kept.push("log.days", newest.since(oldest).div_euclid(24 * HOUR));
            kept.push("log.gap_hours", host.gap());
            for source in host.sources.keys() {
                kept.push("log.source", source.as_str());
            }
            out.push(kept);
            if let Some(ahead) = host.ahead() {
                let mut clock = record("log-clock");
                clock.push("log.clock_ahead_seconds", ahead);
                clock.push("log.clock_difference_seconds", ahead.abs());
                clock.push("log.comparisons", host.clocks.len() as i64);
                out.push(clock);
            }
        }
        out
    }

    /// A record for each kind of entry there was, with what tells it; `None` when not all are known.
    pub(crate) fn samples(&self) -> Option<Vec<Fields>> {
        let sources = self.hosts.values().flat_map(|host| &host.sources);
        let kinds: BTreeSet<(&Text, &Text)> = sources
            .flat_map(|(name, source)| source.formats.iter().map(move |f| (name, f)))
            .collect();
        let sample = |(source, format): (&Text, &Text)| {
            let mut sample = Fields::new(Kind::Event, Time(0), Origin::default());
            if source != format {
                sample.push(TELLS[0], source.as_str());
            }
            sample.push(TELLS[1], format.as_str());
            sample
        };
        (self.dropped == 0).then(|| kinds.into_iter().map(sample).collect())
    }

    /// The sources with their spans, for the coverage.
    pub(crate) fn sources(&self) -> Vec<LogSource> {
        let mut out = Vec::new();
        for (name, host) in &self.hosts {
            for (source, span) in &host.sources {
                out.push(LogSource {
                    host: name.to_string(),
                    source: source.to_string(),
                    events: span.events,
                    first: span.first.to_rfc3339(),
                    last: span.last.to_rfc3339(),
                    gap_hours: host.gap() as u64,
                    clock_ahead_seconds: host.ahead(),
                });
            }
        }
        out
    }

    /// The hosts that wrote them.
    pub(crate) fn hosts(&self) -> Vec<LogHost> {
        let hosts = self.hosts.iter().filter(|(name, _)| !name.is_empty());
        hosts
            .filter_map(|(name, host)| {
                let (first, origin) = host.oldest?;
                Some(LogHost {
                    name: name.to_string(),
                    accounts: host.accounts.iter().map(ToString::to_string).collect(),
                    first,
                    last: host.sources.values().map(|s| s.last).max().unwrap_or(first),
                    origin,
                })
            })
            .collect()
    }
}

impl Host {
    /// The longest time without any entry, in whole hours.
    fn gap(&self) -> i64 {
        let later = self.hours.iter().skip(1);
        self.hours.iter().zip(later).map(|(a, b)| b - a - 1).max().unwrap_or(0)
    }

    /// How far the clock is ahead, in seconds: the median comparison.
    fn ahead(&self) -> Option<i64> {
        let mut all = self.clocks.clone();
        all.sort_unstable();
        all.get(all.len() / 2).map(|nanos| nanos.div_euclid(1_000_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(host: &str, hour: i64, port: i64) -> Fields {
        let mut out = Fields::new(Kind::Event, Time(hour * HOUR), Origin::default());
        out.push("Channel", "Security");
        out.push("host.hostname", host);
        out.push("user.name", "engineer");
        out.push("source.ip", Value::Ip([10, 0, 0, 7].into()));
        out.push("source.port", port);
        out
    }

    #[test]
    fn spans_gaps_and_clocks_become_settings() {
        let mut notes = LogNotes::new(true);
        let mut session = Fields::new(Kind::Session, Time(HOUR), Origin::default());
        session.push("source.ip", Value::Ip([10, 0, 0, 7].into()));
        session.push("source.port", 50_000);
        notes.record(&session);
        let mut late = event("HMI-01", 1, 50_000);
        late.time = Time(HOUR + 300_000_000_000);
        for record in [event("HMI-01", 0, 1), late, event("HMI-01", 60, 2), event("EWS", 3, 3)] {
            notes.record(&record);
        }
        let settings = notes.settings(Time(10 * 24 * HOUR));
        let of = |host: &str, name: &str| {
            let mut found = settings.iter().filter(|s| s.text("host.hostname") == Some(host));
            found.find_map(|s| match s.get(name) {
                Some(Value::Int(n)) => Some(n),
                _ => None,
            })
        };
        assert_eq!(of("HMI-01", "log.days"), Some(10));
        assert_eq!(of("HMI-01", "log.gap_hours"), Some(58));
        assert_eq!(of("HMI-01", "log.clock_difference_seconds"), Some(300));
        assert_eq!(of("EWS", "log.clock_difference_seconds"), None);
        assert_eq!(notes.hosts()[1].accounts, ["engineer"]);
        assert_eq!(notes.sources().len(), 2);
    }
}
