//! Reads captures and keeps all that comes of them.

use crate::files::{PLAIN, pcap, stamped};
use hangtu_evidence::{Damage, Input};
use hangtu_record::{Operation, Outcome, Session, Time};
use hangtu_traffic::{Batch, Observer, Settings, Summary, read};
use std::io;

/// What came of a capture.
#[derive(Default)]
pub(crate) struct Seen {
    /// Every field of every record, in order.
    pub(crate) lines: Vec<String>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) summary: Summary,
}

impl Observer for Seen {
    fn records(&mut self, batch: &mut Batch) -> io::Result<()> {
        batch.each(|record| {
            let mut line = format!("{} ", record.origin().number);
            record.each(&mut |name, value| line.push_str(&format!("{name}={value} ")));
            self.lines.push(line);
        });
        for share in &batch.shares {
            self.operations.extend_from_slice(&share.operations);
            self.sessions.extend_from_slice(&share.sessions);
        }
        Ok(())
    }
}

impl Seen {
    /// Records without their place in the file.
    pub(crate) fn anywhere(&self) -> Vec<String> {
        let keep = |word: &&str| !word.starts_with("evidence.");
        self.lines.iter().map(|l| l.split(' ').skip(1).filter(keep).collect()).collect()
    }

    /// What was done and what came of it.
    pub(crate) fn done(&self) -> Vec<(&'static str, u32, Option<u32>, Outcome)> {
        self.operations.iter().map(|o| (o.verb.name(), o.code, o.address, o.outcome)).collect()
    }

    pub(crate) fn damages(&self) -> &[Damage] {
        &self.summary.inputs[0].damages.list
    }

    pub(crate) fn packets(&self) -> u64 {
        self.summary.inputs.iter().map(|i| i.entries).sum()
    }

    pub(crate) fn span(&self) -> (Option<Time>, Option<Time>) {
        (self.summary.inputs[0].first, self.summary.inputs[0].last)
    }
}

/// Reads inputs with so many threads.
pub(crate) fn inputs(inputs: &[Input], threads: usize) -> Seen {
    let mut seen = Seen::default();
    let settings = Settings { threads, ..Settings::default() };
    seen.summary = read(inputs, &settings, &mut seen).unwrap();
    seen
}

/// Reads one capture on this thread.
pub(crate) fn file(bytes: &[u8]) -> Seen {
    inputs(&[Input::Memory("capture".into(), bytes.into())], 1)
}

/// Reads IP packets, a moment between them.
pub(crate) fn packets(packets: &[Vec<u8>]) -> Seen {
    file(&pcap(PLAIN, 101, &stamped(packets)))
}
