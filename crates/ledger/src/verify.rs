//! Checking an export: line after line, in bounded memory.

use crate::{
    checkpoint::{Checkpoint, CheckpointError, Relation},
    entry::{Entry, EntryError, MAX_ENTRY},
    export::{Header, checkpoint_line},
    hash::{Hash, leaf_hash},
    key::VerifierKey,
    note::Note,
};
use jiff::{SignedDuration, Timestamp};
use std::io::{self, BufRead, Read};

/// How far a clock may be set back between two entries without being told of.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(5);

/// What an export that holds true says.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Whose log, and where the file begins.
    pub header: Header,
    /// How many entries the file holds.
    pub entries: u64,
    /// The times of the first and the last entry.
    pub times: Option<(Timestamp, Timestamp)>,
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// The checkpoint as a note, with the cosignatures it may bear. Only the log's own signature
    /// was checked: ask [`Note::verify`] about a witness's.
    pub note: Note,
    /// How often time went back by more than [`CLOCK_TOLERANCE`], and on which line first.
    pub backwards: Option<(u64, u64)>,
    /// How the log stands to the earlier checkpoint, where one was given.
    pub relation: Option<Relation>,
}

/// What is wrong, and on which line.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct VerifyError {
    /// The line, from 1; 0 for what is not about the file, such as the earlier checkpoint.
    pub line: u64,
    /// What is wrong with it.
    #[source]
    pub fault: Fault,
}

/// What may be wrong with an export.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Not the header of an export.
    #[error("this is no header of hangtu.ledger/1")]
    Header,
    /// The export names another key than the trusted one.
    #[error("the log's key is {0}, which is not the trusted one")]
    Key(Box<VerifierKey>),
    /// Longer than any line may be.
    #[error("the line is longer than {MAX_ENTRY} bytes")]
    TooLong,
    /// The file ends before the signed checkpoint, or within a line.
    #[error("the file ends before its signed checkpoint")]
    Truncated,
    /// Not an entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// Entries are missing, doubled or in another order.
    #[error("entry {found} stands where entry {expected} belongs")]
    Sequence {
        /// The sequence that should follow.
        expected: u64,
        /// The sequence that came.
        found: u64,
    },
    /// Not a checkpoint that the log signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Not the number of entries that was signed.
    #[error("{signed} entries were signed, the file reaches to {found}")]
    Size {
        /// The size that was signed.
        signed: u64,
        /// The size that the file leads to.
        found: u64,
    },
    /// Not the content that was signed.
    #[error("the entries lead to the root {found}, signed was {signed}: at least one was changed")]
    Root {
        /// The root that was signed.
        signed: Hash,
        /// The root over the entries of the file.
        found: Hash,
    },
    /// Something stands behind the checkpoint.
    #[error("something stands behind the signed checkpoint")]
    Behind,
    /// The earlier checkpoint was not signed by this log.
    #[error("the earlier checkpoint: {0}")]
    Earlier(#[source] CheckpointError),
}

struct Lines<R> {
    input: R,
    line: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Reads a line, without its end. Nothing when the file ends.
    fn next(&mut self) -> Result<Option<&[u8]>, VerifyError> {
        self.buffer.clear();
        self.line += 1;
        let limit = MAX_ENTRY as u64 + 1;
        let read = (&mut self.input).take(limit).read_until(b'\n', &mut self.buffer);
        let read = read.map_err(|e| self.error(Fault::Io(e)))?;
        if read == 0 {
            return Ok(None);
        }
        match self.buffer.split_last() {
            Some((b'\n', line)) => Ok(Some(line)),
            _ if read as u64 == limit => Err(self.error(Fault::TooLong)),
            _ => Err(self.error(Fault::Truncated)),
        }
    }

    fn error(&self, fault: impl Into<Fault>) -> VerifyError {
        VerifyError { line: self.line, fault: fault.into() }
    }
}

/// Checks an export: form, order, root and signature, and with an earlier checkpoint of the same
/// log that nothing before it was rewritten. Without a trusted key the file is only shown to agree
/// with the key that it names itself.
pub fn verify_export(
    input: impl BufRead,
    trusted: Option<&VerifierKey>,
    earlier: Option<&Note>,
) -> Result<Verified, VerifyError> {
    let mut lines = Lines { input, line: 0, buffer: Vec::new() };
    let header = lines.next()?.and_then(Header::parse);
    let header = header.ok_or_else(|| lines.error(Fault::Header))?;
    if trusted.is_some_and(|key| *key != header.key) {
        return Err(lines.error(Fault::Key(Box::new(header.key))));
    }
    let earlier = earlier
        .map(|note| Checkpoint::open(note, &header.key))
        .transpose()
        .map_err(|e| VerifyError { line: 0, fault: Fault::Earlier(e) })?;
    let mut tree = header.from.clone();
    // The root that the log had at the size of the earlier checkpoint.
    let mut then = None;
    let mut times: Option<(Timestamp, Timestamp)> = None;
    let (mut latest, mut backwards) = (Timestamp::MIN, None);
    let note: Note = loop {
        if earlier.as_ref().is_some_and(|e| e.size == tree.size()) {
            then = Some(tree.root());
        }
        let Some(line) = lines.next()? else { return Err(lines.error(Fault::Truncated)) };
        if line.first() == Some(&b'"') {
            let text: Option<String> = serde_json::from_slice(line).ok();
            let note = text.and_then(|t| t.parse().ok()).filter(|n| {
                // One spelling only, as everywhere in the file.
                checkpoint_line(n).as_bytes() == line
            });
            break note.ok_or_else(|| lines.error(CheckpointError::Form))?;
        }
        let leaf = leaf_hash(line);
        let entry = Entry::parse(line).map_err(|e| lines.error(e))?;
        if entry.sequence != tree.size() {
            let (expected, found) = (tree.size(), entry.sequence);
            return Err(lines.error(Fault::Sequence { expected, found }));
        }
        tree.push(leaf);
        times = Some((times.map_or(entry.time, |(first, _)| first), entry.time));
        if latest.duration_since(entry.time) > CLOCK_TOLERANCE {
            let (count, first) = backwards.unwrap_or((0, lines.line));
            backwards = Some((count + 1, first));
        }
        latest = latest.max(entry.time);
    };
    let checkpoint = Checkpoint::open(&note, &header.key).map_err(|e| lines.error(e))?;
    if checkpoint.size != tree.size() {
        let (signed, found) = (checkpoint.size, tree.size());
        return Err(lines.error(Fault::Size { signed, found }));
    }
    if checkpoint.root != tree.root() {
        let (signed, found) = (checkpoint.root, tree.root());
        return Err(lines.error(Fault::Root { signed, found }));
    }
    if lines.next()?.is_some() {
        return Err(lines.error(Fault::Behind));
    }
    let relation = earlier.map(|earlier| match then {
        Some(root) if root == earlier.root => Relation::Consistent,
        Some(_) => Relation::Forked,
        None if earlier.size > tree.size() => Relation::RolledBack,
        None => Relation::OutOfReach,
    });
    let entries = tree.size() - header.from.size();
    Ok(Verified { header, entries, times, checkpoint, note, backwards, relation })
}
