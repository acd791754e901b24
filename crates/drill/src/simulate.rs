//! A simulation that behaves as ransomware does, on decoys which it made itself, to measure
//! detection, containment and recovery (docs/drill.md).
//!
//! [`Drill::prepare`] makes a directory with decoys, and the manifest that can undo everything;
//! [`Drill::run`] lets a confined worker change them and measures. [`stop`], [`undo`], [`clean`] and
//! [`Detection::record`] work on a drill's directory from any process.
//!
//! Invariants: the worker acts through a handle that only an entry of the manifest gives, after the
//! kernel confirmed device, inode and a single name; it opens nothing but beneath the drill's
//! directory; before its first change it has given up its account, the network, other programs and
//! the rest of the file system; the key and a copy of every original are on the disk before that.

mod decoy;
mod detect;
mod draw;
mod error;
mod handle;
mod journal;
mod manifest;
mod measure;
mod place;
mod prepare;
mod profile;
mod recover;
mod result;
mod run;
mod shortcoming;
mod undo;
mod watch;
pub mod worker;

#[cfg(test)]
mod tests;

pub use decoy::{Decoy, Format, Kinds};
pub use detect::{Detection, Doors, Source};
pub use error::{Refusal, SimulateError, Words};
pub use journal::{Ended, Line, lines};
pub use manifest::{Budget, Entry, Folder, MANIFEST_SCHEMA, MARKER, Manifest, NOTE, STOP};
pub use place::Identity;
pub use prepare::{ACCOUNTS, Decoys, MOST_FILES};
pub use profile::{Extent, Labour, Method, Notes, Order, Profile, Profiles};
pub use recover::{Program, Recover, Template};
pub use result::{
    Amount, Aspect, Attack, Backup, Contained, Detected, DrillResult, End, Means, Notice,
    RESULT_SCHEMA, Ran, Recovery, Verdict, Worker,
};
pub use run::{Drill, Phase, Plan, Progress, expired, result, stop};
pub use shortcoming::Shortcoming;
pub use undo::{Cleaned, Undone, clean, undo};
