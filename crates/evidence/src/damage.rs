//! Damage met in evidence, and what else is said of an input.

use hangtu_record::Time;

/// What was wrong at a place in a piece of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// The input ends inside a record.
    Truncated,
    /// A record or block header makes no sense; reading went on `skipped` bytes later.
    BadHeader {
        /// Bytes passed over.
        skipped: u64,
    },
    /// Nothing that looks like a record follows any more.
    Unreadable {
        /// Bytes passed over.
        skipped: u64,
    },
    /// The stream below (decompression, disk) failed.
    Stream,
    /// A packet names an interface that the section does not describe.
    UnknownInterface,
    /// An entry could not be decoded, or only in part.
    BadEntry,
    /// Packets come without a time before any that has one: they are dated to 1970.
    NoTime,
}

/// Damage with its place in the (uncompressed) input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Byte offset.
    pub offset: u64,
    /// What was wrong.
    pub kind: DamageKind,
}

/// How many damages are listed one by one; later ones are counted only.
const MAX_DAMAGES: usize = 100;

/// Damages in the order they were met: the first hundred one by one, the rest counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damages {
    /// The first ones.
    pub list: Vec<Damage>,
    /// How many more there were.
    pub more: u64,
}

impl Damages {
    /// Notes damage.
    pub fn push(&mut self, offset: u64, kind: DamageKind) {
        if self.list.len() < MAX_DAMAGES {
            self.list.push(Damage { offset, kind });
        } else {
            self.more += 1;
        }
    }

    /// Whether nothing was wrong.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// What was read from one input.
#[derive(Clone, Debug, Default)]
pub struct InputSummary {
    /// What it is (`pcapng`, `evtx`, …), with `+gzip` or `+zstd` where compressed.
    pub format: String,
    /// Packets or log entries.
    pub entries: u64,
    /// Earliest entry.
    pub first: Option<Time>,
    /// Latest entry.
    pub last: Option<Time>,
    /// Damage met.
    pub damages: Damages,
    /// Entries the recording program said it dropped.
    pub dropped: u64,
}

impl InputSummary {
    /// Widens the time span.
    pub fn at(&mut self, time: Time) {
        self.during(time, time);
    }

    /// Widens the time span from the earliest to the latest of several times.
    pub fn during(&mut self, first: Time, last: Time) {
        self.first = Some(self.first.map_or(first, |t| t.min(first)));
        self.last = Some(self.last.map_or(last, |t| t.max(last)));
    }
}
