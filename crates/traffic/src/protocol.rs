//! The protocols we decode: one file or folder each, one line here.

use crate::decode::Registration;

mod nbns;
mod smb;
mod tls;

/// Every decoder. Order matters only between probes that both accept; the stricter stands first.
pub static REGISTRY: &[&Registration] =
    &[&smb::REGISTRATION, &nbns::REGISTRATION, &tls::REGISTRATION];
