//! Network captures to records.
pub mod assets;
pub(crate) mod bytes;
pub mod decode;
pub mod protocol;
