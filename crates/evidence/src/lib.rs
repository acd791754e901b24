//! Pieces of evidence: found, opened, unpacked, and the damage met in them.
//!
//! Decoders of every kind share this: what an [`Input`] is, how its bytes are reached through
//! compression and archives ([`open`]), how folders are searched ([`find`]), and how damage is
//! told ([`Damage`]). Whether bytes are a capture or a log is for the decoders to say.

mod archive;
mod damage;
mod find;
mod input;

pub use archive::Place;
pub use damage::{Damage, DamageKind, Damages, InputSummary};
pub use find::{Below, Found, NotFollowed, Recognise, TooMany, Unreadable, find, walk};
pub use input::{EvidenceError, Input, Opened, Pipe, ReadError, Source, open};
