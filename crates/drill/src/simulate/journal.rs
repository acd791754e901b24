//! What the worker does, line by line: intentions are on the disk before the first change they name.
//! Times are nanoseconds of the monotonic clock, which all processes of a machine share.

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::{fs::File, io::Write};

/// Nanoseconds of the monotonic clock.
pub(crate) fn now() -> u64 {
    let t = clock_gettime(ClockId::Monotonic);
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "e", rename_all = "snake_case")]
pub enum Line {
    /// The worker is confined and begins.
    Begin {
        /// When.
        at: u64,
        /// The account it runs as.
        uid: u32,
        /// Landlock: `full`, or `partial` where the kernel knows less than we ask at best.
        landlock: String,
    },
    /// These decoys are about to be changed.
    Intend {
        /// When.
        at: u64,
        /// The first.
        from: u32,
        /// The one behind the last, in the order of the work.
        to: u32,
    },
    /// A file was changed.
    Done {
        /// When its change began.
        began: u64,
        /// When it was complete.
        at: u64,
        /// The decoy.
        decoy: u32,
        /// Bytes rewritten.
        bytes: u64,
    },
    /// Somebody refused a change.
    Blocked {
        /// When.
        at: u64,
        /// The decoy.
        decoy: u32,
        /// The error number.
        errno: i32,
    },
    /// What lay there is not the decoy: left alone.
    Foreign {
        /// When.
        at: u64,
        /// The decoy.
        decoy: u32,
    },
    /// The worker ends by itself.
    End {
        /// When.
        at: u64,
        /// Why.
        why: Ended,
    },
}

/// Why a worker ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// No file was left.
    Finished,
    /// So many files were allowed.
    Files,
    /// So many bytes were allowed.
    Bytes,
    /// So much time was allowed.
    Seconds,
    /// The stop file appeared.
    Stopped,
    /// Nothing can be changed any more.
    Blocked,
}

/// The journal, held open for appending.
#[derive(Debug)]
pub(crate) struct Journal(pub(crate) File);

impl Journal {
    /// Appends a line in one write; lines of several processes do not mix.
    pub(crate) fn add(&mut self, line: &Line) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(line).unwrap_or_default();
        text.push(b'\n');
        self.0.write_all(&text)
    }

    /// Makes everything added so far durable.
    pub(crate) fn sync(&self) -> std::io::Result<()> {
        self.0.sync_data()
    }
}

/// The lines of a journal. A last line that a crash cut short is none.
pub fn lines(text: &[u8]) -> impl Iterator<Item = Line> {
    text.split_inclusive(|b| *b == b'\n')
        .filter(|l| l.ends_with(b"\n"))
        .filter_map(|l| serde_json::from_slice(l).ok())
}
