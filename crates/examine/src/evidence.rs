//! Evidence of every kind, found and read: one way in for every command.

use hangtu_catalog::CONTENT;
use hangtu_evidence::{EvidenceError, Input, InputSummary, ReadError, Source, Unreadable, find};
use hangtu_logs::LogMap;
use hangtu_record::{Fields, Record, Time};
use hangtu_traffic::{
    Batch,
    assets::{AssetNotes, Inventory},
};
use std::{collections::BTreeMap, io, path::PathBuf, sync::LazyLock};

/// How evidence is read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// How to read captures.
    pub traffic: hangtu_traffic::Settings,
    /// How to read logs.
    pub logs: hangtu_logs::Settings,
}

impl Reading {
    /// The defaults, with the maps of `content/logmaps/`; clocks of logs that do not say their
    /// zone are `utc_offset` seconds ahead of UTC, and entries without a year are not later than `now`.
    pub fn new(utc_offset: i32, now: Time) -> Self {
        let logs = hangtu_logs::Settings { utc_offset, now, maps: Vec::new(), shipped };
        Self { traffic: hangtu_traffic::Settings::default(), logs }
    }
}

/// The maps of `content/logmaps/`.
fn shipped() -> &'static [LogMap] {
    static MAPS: LazyLock<Vec<LogMap>> = LazyLock::new(|| {
        let maps = CONTENT.iter().filter(|(name, _)| name.starts_with("logmaps/"));
        maps.map(|(name, text)| LogMap::parse(name, text).unwrap_or_else(|e| panic!("{e}")))
            .collect()
    });
    &MAPS
}

/// What there is to examine.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Captures, in the order of their first packets, then logs, in the order of their first
    /// entries. Records name an input by its index here.
    pub inputs: Vec<Input>,
    /// How many of them are captures.
    pub captures: usize,
    /// Files that are of no known kind.
    pub others: Vec<PathBuf>,
    /// Files and folders that cannot be read: nobody knows what they hold.
    pub unreadable: Vec<Unreadable>,
    /// What people call a file that is kept under another path.
    pub called: BTreeMap<PathBuf, String>,
}

impl Evidence {
    /// Finds the captures and logs that paths name; see [`hangtu_evidence::find`].
    pub fn find(paths: &[PathBuf], reading: &Reading) -> Result<Self, EvidenceError> {
        let capture = |input: &Input| hangtu_traffic::capture::first_time(input);
        let log = |input: &Input| hangtu_logs::first_time(input, &reading.logs);
        let found = find(paths, &[&capture, &log])?;
        Ok(Self {
            captures: found.inputs.first().map_or(0, Vec::len),
            inputs: found.inputs.concat(),
            others: found.others,
            unreadable: found.unreadable,
            called: BTreeMap::new(),
        })
    }

    /// Names of the inputs as people know them, in their order.
    pub fn names(&self) -> Vec<String> {
        self.inputs.iter().map(|input| self.name(input)).collect()
    }

    fn name(&self, input: &Input) -> String {
        match input {
            Input::File(path) => self.called.get(path).cloned(),
            Input::Member(path, name, _) => self.called.get(path).map(|c| format!("{c}/{name}")),
            Input::Pipe(_) | Input::Memory(..) => None,
        }
        .unwrap_or_else(|| input.name())
    }
}

/// Who is told what is read.
pub trait Observer {
    /// An input is opened; may wrap the bytes as stored (to hash or count them).
    fn open(&mut self, _index: u32, _input: &Input, file: Source) -> Source {
        file
    }
    /// The next record.
    fn record(&mut self, record: &dyn Record);
    /// Some records have been told; an error ends the reading.
    fn rest(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What was read in all.
#[derive(Debug, Default)]
pub struct Summary {
    /// Per input, in their order.
    pub inputs: Vec<InputSummary>,
    /// What traffic showed of assets.
    pub assets: Vec<AssetNotes>,
    /// The limits that were hit, by name, and how often.
    pub limits: BTreeMap<&'static str, u64>,
    /// Messages that could not be read, by protocol.
    pub unreadable: BTreeMap<&'static str, u64>,
}

impl Summary {
    /// What was noted about assets, put together by so many threads.
    pub(crate) fn inventory(&mut self, threads: usize) -> Inventory {
        let found = Inventory::new(std::mem::take(&mut self.assets), threads);
        self.limit("assets", found.dropped);
        self.limit("asset-facts", found.trimmed());
        found
    }

    /// Notes a limit, where it was hit.
    pub(crate) fn limit(&mut self, name: &'static str, times: u64) {
        if times > 0 {
            self.limits.insert(name, times);
        }
    }
}

/// Reads all of it: captures first, so that what logs say can be held against the traffic.
pub fn read(
    evidence: &Evidence,
    reading: &Reading,
    observer: &mut dyn Observer,
) -> Result<Summary, ReadError> {
    let (captures, logs) = evidence.inputs.split_at(evidence.captures);
    let mut adapter = Adapter { observer, waiting: 0 };
    let traffic = hangtu_traffic::read(captures, &reading.traffic, &mut adapter)?;
    let mut out = Summary {
        inputs: traffic.inputs,
        assets: traffic.assets,
        limits: BTreeMap::new(),
        unreadable: traffic.unreadable,
    };
    let limits = traffic.limits;
    out.limit("flows", limits.flows_evicted);
    out.limit("payload", limits.payload_evicted);
    out.limit("fragments", limits.fragments_dropped);
    out.limit("broken-packets", limits.broken_packets);
    out.limit("unknown-links", limits.unknown_links.values().sum());
    let first = captures.len() as u32;
    out.inputs.extend(hangtu_logs::read(logs, first, &reading.logs, &mut adapter)?.inputs);
    out.limit("capture-drops", out.inputs.iter().map(|input| input.dropped).sum());
    out.limit("unreadable-files", evidence.unreadable.len() as u64);
    adapter.observer.rest()?;
    Ok(out)
}

/// Events told before the observer may rest.
const EVENTS: u32 = 256;

struct Adapter<'o> {
    observer: &'o mut dyn Observer,
    waiting: u32,
}

impl hangtu_traffic::Observer for Adapter<'_> {
    fn open(&mut self, index: u32, input: &Input, file: Source) -> Source {
        self.observer.open(index, input, file)
    }

    fn records(&mut self, batch: &mut Batch) -> io::Result<()> {
        batch.each(|record| self.observer.record(record));
        self.observer.rest()
    }
}

impl hangtu_logs::Observer for Adapter<'_> {
    fn open(&mut self, index: u32, input: &Input, file: Source) -> Source {
        self.observer.open(index, input, file)
    }

    fn event(&mut self, event: &Fields) -> io::Result<()> {
        self.observer.record(event);
        self.waiting += 1;
        if self.waiting < EVENTS {
            return Ok(());
        }
        self.waiting = 0;
        self.observer.rest()
    }
}
