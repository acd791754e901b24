//! Checkpoints (C2SP tlog-checkpoint): what a log says it holds, signed.

use crate::{
    frontier::MAX_SIZE,
    hash::Hash,
    key::{SignerKey, VerifierKey, WitnessKey},
    note::{Note, NoteError},
    text::{decimal, key_name},
};
use std::fmt::Write;

/// Origin, size and root of a log. One that came from elsewhere is had only through
/// [`Checkpoint::open`], which checks the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's identity, and the name of its key.
    pub origin: String,
    /// How many entries it holds.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// Further lines, which mean nothing to this crate.
    pub extension: Vec<String>,
}

/// Why a note is no checkpoint to rely on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not signed as it must be.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is no checkpoint.
    #[error("the signed text is no checkpoint: origin, size and root, each on a line of its own")]
    Form,
    /// A checkpoint of another log.
    #[error("it is a checkpoint of the log {0}")]
    Origin(String),
}

/// How a log stands to an earlier checkpoint of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The log continues what the checkpoint saw.
    Consistent,
    /// History that the checkpoint saw was rewritten.
    Forked,
    /// The log is shorter than the checkpoint saw it: its end was cut off.
    RolledBack,
    /// The export begins behind the checkpoint, so it cannot tell.
    OutOfReach,
}

impl Checkpoint {
    /// Signs it.
    pub fn sign(&self, key: &SignerKey) -> Result<Note, CheckpointError> {
        if self.origin != key.verifier().name() {
            return Err(CheckpointError::Origin(self.origin.clone()));
        }
        let mut note = Note::new(self.text()?)?;
        note.add(key.sign(note.text()));
        Ok(note)
    }

    /// Opens a checkpoint that this key's log signed.
    pub fn open(note: &Note, key: &VerifierKey) -> Result<Self, CheckpointError> {
        note.verify(key)?;
        let checkpoint = Self::parse(note.text()).ok_or(CheckpointError::Form)?;
        // A witness signs the checkpoints of others, a log only its own.
        if !key.is_witness() && checkpoint.origin != key.name() {
            return Err(CheckpointError::Origin(checkpoint.origin));
        }
        Ok(checkpoint)
    }

    /// Adds a witness's cosignature to a log's checkpoint, which is opened first. The time is in
    /// seconds since 1970. A witness cosigns only what continues what it cosigned before; that it
    /// checked before it calls this ([`crate::verify_consistency`], [`crate::verify_export`]).
    pub fn cosign(
        note: &mut Note,
        log: &VerifierKey,
        witness: &WitnessKey,
        time: u64,
    ) -> Result<Self, CheckpointError> {
        let checkpoint = Self::open(note, log)?;
        note.add(witness.cosign(note.text(), time));
        Ok(checkpoint)
    }

    fn text(&self) -> Result<String, CheckpointError> {
        let line = |l: &String| !l.is_empty() && !l.contains(char::is_control);
        if !key_name(&self.origin) || self.size > MAX_SIZE || !self.extension.iter().all(line) {
            return Err(CheckpointError::Form);
        }
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64());
        for line in &self.extension {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{line}");
        }
        Ok(text)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let checkpoint = Self {
            origin: lines.next()?.to_owned(),
            size: decimal(lines.next()?)?,
            root: Hash::from_base64(lines.next()?).ok()?,
            extension: lines.map(str::to_owned).collect(),
        };
        (checkpoint.text().ok()? == text).then_some(checkpoint)
    }
}
