//! The protocols we decode: one file or folder each, one line here.

use crate::decode::Registration;

/// Every decoder. Order matters only between probes that both accept; the stricter stands first.
pub static REGISTRY: &[&Registration] = &[];
