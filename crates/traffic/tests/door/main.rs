//! The crate through its public door: synthesised captures in, records out.

#![allow(
    clippy::unwrap_used,
    clippy::needless_for_each,
    clippy::format_push_string,
    reason = "tests, and lists of bytes"
)]

mod again;
mod assets;
mod bounds;
mod damage;
mod files;
mod formats;
mod links;
mod modbus;
mod packets;
mod reading;
mod segments;
mod streams;
