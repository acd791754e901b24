//! The crate through its public door: synthesised captures in, records out.

mod bounds;
mod damage;
mod files;
mod formats;
mod links;
mod packets;
mod reading;
mod streams;
