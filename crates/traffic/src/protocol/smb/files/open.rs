//! A file that is open, and what was moved from and to it.

use super::{NO_ANSWER, ask::Who};
use crate::protocol::smb::sample::Sample;
use hangtu_record::{FileVerb, Origin, Text, Time};

/// Reads or writes of one open file, folded.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) bytes: u64,
    pub(super) first: Option<(Time, Origin)>,
    /// 0 once one succeeded, else the last error; none when no response was seen.
    pub(super) status: Option<u32>,
}

impl Folded {
    pub(super) fn settle(&mut self, status: u32) {
        if status != NO_ANSWER && self.status != Some(0) {
            self.status = Some(status);
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) id: Option<u128>,
    pub(super) opened_by: u64,
    pub(super) who: Who,
    pub(super) share: Text,
    pub(super) path: Text,
    pub(super) pipe: bool,
    pub(super) read: Folded,
    pub(super) write: Folded,
    pub(super) sample: Option<Box<Sample>>,
    /// Opening it makes it or empties it.
    pub(super) creates: bool,
    /// That closing it deletes it: when that was asked for, and the status that came back.
    pub(super) delete: Option<((Time, Origin), u32)>,
}

impl Open {
    /// What its names take.
    pub(super) fn names(&self) -> usize {
        self.share.len() + self.path.len()
    }

    /// What opening it does to it.
    pub(super) fn change(&self) -> Option<FileVerb> {
        if self.creates { Some(FileVerb::Create) } else { self.delete.map(|_| FileVerb::Delete) }
    }
}

/// Pipes known well enough to tell a pipe from a file when the tree connection was not captured.
pub(super) fn is_known_pipe(path: &str) -> bool {
    const PIPES: [&str; 14] = [
        "svcctl", "srvsvc", "wkssvc", "samr", "lsarpc", "lsass", "netlogon", "spoolss", "winreg",
        "atsvc", "epmapper", "browser", "eventlog", "ntsvcs",
    ];
    PIPES.iter().any(|p| p.eq_ignore_ascii_case(path))
}
