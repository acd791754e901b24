//! Assets, passively: what the traffic shows about devices and hosts, and who talks to whom how.

mod inventory;
mod lease;
mod notes;
mod parts;
mod role;
#[cfg(test)]
mod tests;
mod vendor;

pub use inventory::Inventory;
pub use notes::AssetNotes;
pub use parts::in_parts;
pub use role::{Evidence, Role};

use hangtu_record::{Endpoint, FieldName, Mac, Origin, Text, Time, Transport, Verb};
use std::{collections::BTreeSet, net::IpAddr};

type HashMap<K, V> = hashbrown::HashMap<K, V, foldhash::fast::RandomState>;

/// Assets remembered in one run.
const MAX_HOSTS: usize = 25_000;

/// What names an asset: its network address, else its link address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AssetKey {
    /// Network address.
    Ip(IpAddr),
    /// Link address of a device that speaks no IP.
    Mac(Mac),
}

impl std::fmt::Display for AssetKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Mac(mac) => mac.fmt(f),
        }
    }
}

impl AssetKey {
    /// The key of an endpoint, by whether it sent anything; `None` for groups and addresses that stand for nobody.
    pub fn of(endpoint: &Endpoint, sent: bool) -> Option<Self> {
        match (endpoint.ip, endpoint.mac) {
            (Some(ip), _) => (is_host(ip) && (sent || !names_all(ip))).then_some(Self::Ip(ip)),
            (None, Some(mac)) => (!mac.is_group() && mac.0 != [0; 6]).then_some(Self::Mac(mac)),
            _ => None,
        }
    }
}

fn is_host(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !(v4.is_multicast() || v4.is_broadcast() || v4.is_unspecified()),
        IpAddr::V6(v6) => !(v6.is_multicast() || v6.is_unspecified()),
    }
}

/// Whether an address that never sent anything is taken for a subnet's broadcast. In a subnet wider than /24 it may be
/// a host's, which then sends.
fn names_all(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(v4) if v4.octets()[3] == 255)
}

/// Something learnt about an asset, with its source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FactNote {
    /// Which fact.
    pub name: FieldName,
    /// Its value.
    pub value: Text,
    /// Protocol it was learnt by.
    pub via: &'static str,
    /// Where it stands.
    pub origin: Origin,
}

impl FactNote {
    /// All but where it stands.
    fn said(&self) -> (FieldName, &str, &'static str) {
        (self.name, &self.value, self.via)
    }
}

/// What tells conversations apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationKey {
    /// Who asks.
    pub client: AssetKey,
    /// Who answers.
    pub server: AssetKey,
    /// Protocol; empty when not recognised.
    pub protocol: &'static str,
    /// What carried it.
    pub transport: Transport,
    /// Server port where the protocol was not recognised, else 0.
    pub port: u16,
}

impl ConversationKey {
    /// `modbus`, or `tcp/4444` where not recognised.
    pub fn protocol_name(&self) -> String {
        role::How::of(self).name()
    }
}

/// Who talked to whom how.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Sessions.
    pub sessions: u64,
    /// Payload bytes both ways.
    pub bytes: u64,
    /// Sessions in which both sides sent payload.
    pub answered: u64,
    /// Operations by verb, in the order of [`Verb::ALL`]; most conversations have none.
    pub verbs: Option<Box<[u64; Verb::ALL.len()]>>,
    /// First seen.
    pub first: Time,
    /// Last seen.
    pub last: Time,
}

/// An asset, all notes about it put together.
#[derive(Clone, Debug)]
pub struct Asset {
    /// What names it.
    pub key: AssetKey,
    /// All of its network addresses.
    pub ips: BTreeSet<IpAddr>,
    /// Its own link addresses.
    pub macs: BTreeSet<Mac>,
    /// Maker of the network interface, by the IEEE registry.
    pub interface_vendor: Option<&'static str>,
    /// What was learnt, in a stable order.
    pub facts: Vec<FactNote>,
    /// Roles with their reasons, likeliest first.
    pub roles: Vec<(Role, Evidence)>,
    /// Protocols it serves, in order.
    pub serves: Vec<String>,
    /// Protocols it uses, in order.
    pub uses: Vec<String>,
    /// First seen.
    pub first: Time,
    /// Last seen.
    pub last: Time,
    /// Payload bytes sent.
    pub sent: u64,
    /// Payload bytes received.
    pub received: u64,
    /// Whether a link address or a fact found no room.
    pub more: bool,
}
