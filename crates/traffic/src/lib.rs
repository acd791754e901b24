//! Network captures to records.
pub mod assets;
<<<<<<< HEAD
pub mod capture;
=======
pub(crate) mod bytes;
>>>>>>> it
pub mod decode;
pub mod packet;
pub mod protocol;
