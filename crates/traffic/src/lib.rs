//! Network captures to records.
pub mod assets;
pub mod capture;
pub mod decode;
pub mod packet;
pub mod protocol;
