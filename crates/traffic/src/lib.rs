//! Network captures to sessions, operations, file actions and assets.
//!
//! The path of a packet: [`capture`] reads it, `route` has [`packet`] walk its headers and hands it to a worker, which
//! finds its flow in `flows`, `stream` puts its bytes in order, `detect` recognises the protocol, and a decoder of
//! [`protocol`] turns bytes into records. [`read`] drives all of it over inputs, on one thread or
//! several, with the same records in the same order.

pub mod assets;
mod batch;
mod bytes;
pub mod capture;
pub mod decode;
mod detect;
mod ends;
mod flow;
mod flows;
mod fragment;
mod names;
pub mod packet;
pub mod protocol;
mod read;
mod route;
mod stream;
mod team;
mod worker;

pub use batch::{Batch, Share};
pub use read::{Observer, Settings, Summary, read};
pub use worker::Limits;
