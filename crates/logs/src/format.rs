//! What a log format is, and where its reader puts what it reads.

use crate::{map::LogMap, read::Observer};
use hangtu_evidence::{DamageKind, InputSummary, Source};
use hangtu_record::{Fields, Kind, Origin, Time};
use std::io;

/// A log format.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name in records and reports.
    pub name: &'static str,
    /// Whether an input is of this format, by its first bytes (as many as 64 KiB, decompressed)
    /// and, where bytes do not tell, its name.
    pub recognise: fn(head: &[u8], name: &str) -> bool,
    /// Reads the input to its end. Errors are the observer's only; what is wrong with the input is
    /// damage.
    pub read: fn(Source, &mut Sink<'_>) -> io::Result<()>,
}

/// The formats, in the order in which they are tried.
pub const FORMATS: &[Format] = &[
    crate::evtx::FORMAT,
    crate::windows_xml::XML,
    crate::journald::JSON,
    crate::windows_json::JSON,
    crate::journald::EXPORT,
    crate::auditd::AUDITD,
    crate::syslog::SYSLOG,
];

/// How logs are to be read.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seconds by which clocks of logs without a time zone are ahead of UTC.
    pub utc_offset: i32,
    /// The moment of the reading: logs that do not say the year (RFC 3164) begin in the latest one
    /// that does not put them behind it, and roll over with their months.
    pub now: Time,
    /// A site's maps of tables and lines of other programs; tried before those below.
    pub maps: Vec<LogMap>,
    /// Maps that come with the program; tried before the formats. Asked for when there is text to recognise, as
    /// reading them takes longer than reading a small capture.
    pub shipped: fn() -> &'static [LogMap],
}

impl Default for Settings {
    fn default() -> Self {
        Self { utc_offset: 0, now: Time(0), maps: Vec::new(), shipped: || &[] }
    }
}

/// Takes the events of one input.
pub struct Sink<'a> {
    /// How to read.
    pub settings: &'a Settings,
    /// The event being filled.
    pub event: Fields,
    input: u32,
    summary: &'a mut InputSummary,
    observer: &'a mut dyn Observer,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(
        settings: &'a Settings,
        input: u32,
        summary: &'a mut InputSummary,
        observer: &'a mut dyn Observer,
    ) -> Self {
        let event = Fields::new(Kind::Event, Time(0), Origin::default());
        Self { settings, event, input, summary, observer }
    }

    /// Hands over the event that was filled, and clears it. `number` counts entries from 1,
    /// `offset` is the entry's place in the (uncompressed) input.
    pub fn emit(&mut self, time: Time, number: u64, offset: u64) -> io::Result<()> {
        self.summary.entries += 1;
        self.summary.at(time);
        self.event.time = time;
        self.event.origin = Origin { input: self.input, number, offset };
        let told = self.observer.event(&self.event);
        self.event.clear();
        told
    }

    /// Notes damage.
    pub fn damage(&mut self, offset: u64, kind: DamageKind) {
        self.summary.damages.push(offset, kind);
    }
}
