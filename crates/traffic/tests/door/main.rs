//! The crate through its public door: synthesised captures in, records out.

#![allow(
    clippy::unwrap_used,
    clippy::needless_for_each,
    clippy::format_push_string,
    reason = "tests, and lists of bytes"
)]

mod again;
mod bounds;
mod damage;
mod files;
mod formats;
mod links;
mod packets;
mod reading;
mod streams;
