//! The crate through its public door: synthesised captures in, records out.

mod damage;
mod files;
mod formats;
mod packets;
mod reading;
