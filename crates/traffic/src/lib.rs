//! Network captures to records.
pub mod assets;
pub mod decode;
pub mod protocol;
