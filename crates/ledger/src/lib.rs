//! The append-only Merkle log that witnesses every change.
//!
//! An [`Entry`] is one audited change; its canonical bytes are a leaf. The [`Frontier`] grows with
//! each leaf and gives the root, a [`Checkpoint`] names size and root, a [`SignerKey`] signs it and a
//! supervisor's [`WitnessKey`] cosigns it. [`write_export`] puts a log into a file that
//! [`verify_export`], and anybody's tools, can check (docs/ledger.md). A [`Package`] carries facts and
//! a checkpoint to a supervisor, whose [`Receipt`] comes back cosigned (docs/submit.md).
//!
//! Pure: no clock, no randomness, no database. Whoever stores the log keeps the leaves, and the
//! frontier as one text.

mod algorithm;
mod canonical;
mod checkpoint;
mod entry;
mod export;
mod frontier;
mod hash;
mod key;
mod note;
mod package;
mod proof;
mod text;
mod verify;

pub use algorithm::Algorithm;
pub use checkpoint::{Checkpoint, CheckpointError, Relation};
pub use entry::{Actor, Entry, EntryError, MAX_ENTRY};
pub use export::{ExportError, Header, write_export};
pub use frontier::{Frontier, FrontierError, MAX_SIZE};
pub use hash::{Hash, HashError, empty_root, leaf_hash, node_hash};
pub use key::{KeyError, KeyId, SignerKey, VerifierKey, WitnessKey};
pub use note::{MAX_NOTE, MAX_SIGNATURES, Note, NoteError, Signature};
pub use package::{
    Commitment, Continuity, Fork, Item, Kind, Letter, MAX_EVIDENCE, MAX_ITEMS, MAX_PACKAGE,
    MAX_STEPS, Mark, Membership, Package, PackageError, Receipt, Sealed, Standing, Step,
    Submission, compare, kind,
};
pub use proof::{
    ProofError, consistency_proof, inclusion_proof, root, verify_consistency, verify_inclusion,
};
pub use verify::{CLOCK_TOLERANCE, Fault, Verified, VerifyError, verify_export};
