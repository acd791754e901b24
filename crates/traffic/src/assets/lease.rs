//! What DHCP clients said of themselves, for the addresses that they then got.
//!
//! A wish names nobody: only who acknowledges it says whose an address is. Both often go to everybody, which are two
//! flows and may be two workers', so that they meet only where all notes do.

use super::{AssetKey, FactNote, HashMap, notes::Host};
use hangtu_record::Time;
use std::net::IpAddr;

/// Requests remembered in one run, and as many leases.
const MAX_LEASES: usize = 16_384;
/// Facts remembered of one request: a name, a vendor class, and the system that this gives away.
const MAX_FACTS: usize = 3;

/// Who asks: number of the transaction and hardware address (`xid` and `chaddr`, RFC 2131 §2).
pub(crate) type Client = (u32, [u8; 16]);

/// Requests and leases that one worker saw.
#[derive(Debug, Default)]
pub(super) struct Leases {
    said: HashMap<Client, Vec<FactNote>>,
    got: HashMap<(Client, IpAddr), Time>,
    room: usize,
}

impl Leases {
    /// Those of one worker among several that share the room.
    pub(super) fn share_of(workers: usize) -> Self {
        Self { room: MAX_LEASES / workers.max(1), ..Self::default() }
    }

    /// Notes what a client said of itself; whether there was room.
    pub(super) fn asked(&mut self, client: Client, fact: FactNote) -> bool {
        if self.said.len() >= self.room && !self.said.contains_key(&client) {
            return false;
        }
        let facts = self.said.entry(client).or_default();
        if let Some(known) = facts.iter_mut().find(|known| known.said() == fact.said()) {
            known.origin = known.origin.min(fact.origin);
        } else if facts.len() < MAX_FACTS {
            facts.push(fact);
        }
        true
    }

    /// Notes that a client got an address; whether there was room.
    pub(super) fn got(&mut self, client: Client, ip: IpAddr, time: Time) -> bool {
        let lease = (client, ip);
        if self.got.len() >= self.room && !self.got.contains_key(&lease) {
            return false;
        }
        let first = self.got.entry(lease).or_insert(time);
        *first = time.min(*first);
        true
    }
}

/// The addresses that clients got, with what these said of themselves, from all workers.
pub(super) fn named(all: Vec<Leases>) -> Vec<(AssetKey, Host)> {
    let mut said: HashMap<Client, Vec<FactNote>> = HashMap::default();
    let mut got = Vec::new();
    for one in all {
        for (client, facts) in one.said {
            said.entry(client).or_default().extend(facts);
        }
        got.extend(one.got);
    }
    let hosts = got.into_iter().filter_map(|((client, ip), time)| {
        let mut host = Host::new(time);
        for fact in said.get(&client)? {
            host.fact(fact.clone(), true);
        }
        Some((AssetKey::Ip(ip), host))
    });
    hosts.collect()
}
