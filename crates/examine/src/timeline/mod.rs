//! One ordered view over logs and traffic: every record a row, and what rows add up to.
//!
//! [`events`] gives the rows in the order of their time; [`logons`], [`processes`] and
//! [`first_seen`] sum them up. All of them read evidence once, keep what a [`Query`] asks for, and
//! mark what rules match as an examination would: what an authorisation covers is not marked.

mod first;
mod logons;
mod marks;
mod processes;
mod query;
mod row;
mod sort;
pub mod text;

pub use first::{FirstSeen, Novelty};
pub use logons::Logon;
pub use processes::Process;
pub use query::Query;
pub use row::{Place, Row};
pub use sort::Rows;

use crate::{
    Evidence, Reading, Rules,
    authorise::Authorisations,
    evidence::{self, Summary},
};
use hangtu_evidence::ReadError;
use hangtu_record::Record;
use marks::Marks;
use row::Look;
use std::{io, sync::Arc};

/// Memory for rows before they go to a temporary file, in bytes.
pub const BUFFER: usize = 32 << 20;

/// How a timeline is made.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// How to read evidence.
    pub reading: &'a Reading,
    /// Rules that mark rows.
    pub rules: &'a Rules,
    /// What was approved, when a file says so.
    pub authorisations: Option<&'a Authorisations>,
    /// What to keep.
    pub query: &'a Query,
    /// Memory for rows, in bytes; see [`BUFFER`].
    pub buffer: usize,
}

/// Why there is no timeline.
#[derive(Debug, thiserror::Error)]
pub enum TimelineError {
    /// Evidence could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Rows could not be kept in a temporary file.
    #[error("temporary file in {folder}: {source}")]
    Spill {
        /// The folder of temporary files.
        folder: String,
        /// What the system says.
        source: io::Error,
    },
}

/// What a summary of records came to.
#[derive(Debug)]
pub struct Summed<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// Records that found no room in it.
    pub lost: u64,
    /// What was read.
    pub summary: Summary,
}

/// A record on its way into a timeline.
struct Seen<'r> {
    look: Look<'r>,
    place: Place,
    /// Ids of rules that match, by their index.
    rules: Vec<u32>,
    /// Whether it is what the query asks for, its time apart.
    fits: bool,
    /// Whether its time is what the query asks for.
    inside: bool,
}

/// Who takes records.
trait Take {
    /// Whether a record is of use; `fits` and `inside` as in [`Seen`], before rules were asked.
    fn wants(&self, look: &Look<'_>, fits: bool, inside: bool) -> bool;
    /// Takes one.
    fn take(&mut self, seen: Seen<'_>) -> io::Result<()>;
}

struct Watcher<'a, T> {
    query: &'a Query,
    marks: Marks<'a>,
    files: Vec<Arc<str>>,
    taker: T,
    failed: Option<io::Error>,
}

impl<T: Take> evidence::Observer for Watcher<'_, T> {
    fn record(&mut self, record: &dyn Record) {
        if self.failed.is_some() {
            return;
        }
        let look = Look::of(record);
        let (fits, inside) = (self.query.fits(&look), self.query.inside(record.time()));
        if !self.taker.wants(&look, fits, inside) {
            return;
        }
        let rules = self.marks.of(record);
        let fits = fits && !(self.query.matches && rules.is_empty());
        let origin = record.origin();
        let file = self.files.get(origin.input as usize).cloned().unwrap_or_else(|| "".into());
        let place = Place { file, number: origin.number, offset: origin.offset };
        if let Err(e) = self.taker.take(Seen { look, place, rules, fits, inside }) {
            self.failed = Some(e);
        }
    }

    fn rest(&mut self) -> io::Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }
}

fn watch<T: Take>(
    evidence: &Evidence,
    setup: &Setup<'_>,
    taker: T,
) -> Result<(T, Summary), TimelineError> {
    let mut watcher = Watcher {
        query: setup.query,
        marks: Marks::new(setup.rules, setup.authorisations),
        files: evidence.names().into_iter().map(Arc::from).collect(),
        taker,
        failed: None,
    };
    match evidence::read(evidence, setup.reading, &mut watcher) {
        Ok(summary) => Ok((watcher.taker, summary)),
        // Nothing else of a watcher fails.
        Err(ReadError::Observer(e)) => Err(spilled(e)),
        Err(e) => Err(e.into()),
    }
}

/// The temporary file could not be written or read.
pub fn spilled(source: io::Error) -> TimelineError {
    TimelineError::Spill { folder: std::env::temp_dir().display().to_string(), source }
}

/// Every record the query asks for, by time, and what was read.
pub fn events(evidence: &Evidence, setup: &Setup<'_>) -> Result<(Rows, Summary), TimelineError> {
    let (sorter, summary) = watch(evidence, setup, row::Collect::new(setup.buffer))?;
    Ok((sorter.finish().map_err(spilled)?, summary))
}

/// Log-ons by account, host, origin, way and outcome, by their first time.
pub fn logons(evidence: &Evidence, setup: &Setup<'_>) -> Result<Summed<Logon>, TimelineError> {
    let (logons, summary) = watch(evidence, setup, logons::Logons::default())?;
    let (rows, lost) = logons.finish();
    Ok(Summed { rows, lost, summary })
}

/// The processes that logs show, each host's as a tree written from the top down.
pub fn processes(evidence: &Evidence, setup: &Setup<'_>) -> Result<Summed<Process>, TimelineError> {
    let (processes, summary) = watch(evidence, setup, processes::Processes::default())?;
    let (rows, lost) = processes.finish();
    Ok(Summed { rows, lost, summary })
}

/// What was seen for the first time, by time. The query's span chooses among first times; what
/// was seen before it is not new within it.
pub fn first_seen(
    evidence: &Evidence,
    setup: &Setup<'_>,
) -> Result<Summed<FirstSeen>, TimelineError> {
    let (first, summary) = watch(evidence, setup, first::First::default())?;
    let (mut rows, lost) = first.finish();
    rows.retain(|row| setup.query.inside(row.time));
    Ok(Summed { rows, lost, summary })
}
