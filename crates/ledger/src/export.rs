//! A log as a file, `hangtu.ledger/1`: a header, one canonical entry a line, and the signed
//! checkpoint as a JSON string (docs/ledger.md).

use crate::{
    canonical,
    checkpoint::{Checkpoint, CheckpointError},
    entry::{Entry, EntryError},
    frontier::Frontier,
    key::VerifierKey,
    note::Note,
    text::key_name,
};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// The name of the format.
const SCHEMA: &str = "hangtu.ledger/1";

/// The first line: whose log, and by which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The log's key; its name is the log's origin.
    pub key: VerifierKey,
    /// Where the entries of this file continue; empty when the file holds the log from its start.
    pub from: Frontier,
}

/// Why an export was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file cannot be written.
    #[error("the export cannot be written: {0}")]
    Io(#[from] io::Error),
    /// The origin does not end with an organisation, or the key is a witness's.
    #[error("the name of the log's key is its origin, and that ends with /ORGANISATION")]
    Header,
    /// An entry has no canonical form.
    #[error("entry {0}: {1}")]
    Entry(u64, EntryError),
    /// The entries are not the ones that continue the log.
    #[error("entry {found} stands where entry {expected} belongs")]
    Sequence {
        /// The sequence that should follow.
        expected: u64,
        /// The sequence that came.
        found: u64,
    },
    /// The checkpoint is not this log's, or not over these entries.
    #[error("the checkpoint does not belong to these entries")]
    Checkpoint(#[source] Option<CheckpointError>),
}

impl Header {
    /// The log's identity.
    pub fn origin(&self) -> &str {
        self.key.name()
    }

    /// Whose log it is: what stands behind the last `/` of the origin, and so is signed with it.
    pub fn organisation(&self) -> &str {
        self.origin().rsplit('/').next().unwrap_or_default()
    }

    fn fits(&self) -> bool {
        !self.key.is_witness() && key_name(self.organisation())
    }

    fn line(&self) -> Option<String> {
        let mut map = Map::new();
        map.insert("schema".into(), SCHEMA.into());
        map.insert("origin".into(), self.origin().into());
        map.insert("organisation".into(), self.organisation().into());
        map.insert("key".into(), self.key.to_string().into());
        map.insert("first".into(), json!(self.from.size()));
        if self.from.size() > 0 {
            map.insert("frontier".into(), self.from.to_string().into());
        }
        canonical::object(&map).ok()
    }

    /// Reads the line that [`Self::line`] writes, and no other.
    pub(crate) fn parse(line: &[u8]) -> Option<Self> {
        let map: Map<String, Value> = serde_json::from_slice(line).ok()?;
        let from = match map.get("frontier") {
            Some(text) => text.as_str()?.parse().ok()?,
            None => Frontier::new(),
        };
        let header = Self { key: map.get("key")?.as_str()?.parse().ok()?, from };
        (header.fits() && header.line()?.as_bytes() == line).then_some(header)
    }
}

/// The last line: a note as a JSON string.
pub(crate) fn checkpoint_line(note: &Note) -> String {
    let mut line = String::new();
    canonical::string(&mut line, &note.to_string());
    line
}

/// Writes a log as a file. The checkpoint must be the one over exactly these entries, which is
/// checked: an export that would not verify is not finished.
pub fn write_export(
    out: &mut impl Write,
    header: &Header,
    entries: impl IntoIterator<Item = Entry>,
    checkpoint: &Note,
) -> Result<(), ExportError> {
    if !header.fits() {
        return Err(ExportError::Header);
    }
    writeln!(out, "{}", header.line().ok_or(ExportError::Header)?)?;
    let mut tree = header.from.clone();
    for entry in entries {
        if entry.sequence != tree.size() {
            return Err(ExportError::Sequence { expected: tree.size(), found: entry.sequence });
        }
        let mut bytes = entry.to_bytes().map_err(|e| ExportError::Entry(entry.sequence, e))?;
        tree.push(crate::leaf_hash(&bytes));
        bytes.push(b'\n');
        out.write_all(&bytes)?;
    }
    let signed =
        Checkpoint::open(checkpoint, &header.key).map_err(|e| ExportError::Checkpoint(Some(e)))?;
    if (signed.size, signed.root) != (tree.size(), tree.root()) {
        return Err(ExportError::Checkpoint(None));
    }
    writeln!(out, "{}", checkpoint_line(checkpoint))?;
    Ok(())
}
