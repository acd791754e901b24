//! What tests want of `cargo xtask` too.

pub mod plant;
