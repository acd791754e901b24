//! What the traffic shows about assets.

use hangtu_record::{FieldName, Operation, Origin};
use std::net::IpAddr;

/// Notes about assets, gathered while decoding; merged across workers at the end.
#[derive(Debug, Default)]
pub struct AssetNotes {}

impl AssetNotes {
    /// Notes a fact about an address.
    pub fn fact(&mut self, _ip: IpAddr, _name: FieldName, _text: &str, _via: &'static str, _at: Origin) {}

    /// Notes who told whom what.
    pub fn operation(&mut self, _operation: &Operation) {}
}
