//! What one worker notes of assets while it decodes.

use super::{
    AssetKey, Conversation, ConversationKey, FactNote, HashMap, MAX_HOSTS, is_host,
    lease::{Client, Leases},
};
use crate::decode::VerbCounts;
use hangtu_record::{FieldName, Mac, Origin, Session, Time};
use std::net::IpAddr;

/// Conversations remembered in one run.
const MAX_CONVERSATIONS: usize = 40_000;
/// Bytes of facts kept of all hosts.
const MAX_FACT_BYTES: usize = 32 << 20;
/// Values remembered of each fact about one asset.
const MAX_FACTS: usize = 16;
/// Link addresses remembered for one asset.
const MAX_MACS: usize = 8;

/// Notes about assets, gathered by one worker while decoding.
#[derive(Debug)]
pub struct AssetNotes {
    pub(super) hosts: HashMap<AssetKey, Host>,
    pub(super) conversations: HashMap<ConversationKey, Conversation>,
    /// Assets, conversations, leases and facts of requests for leases that found no room.
    pub dropped: u64,
    /// How many conversations find room.
    room: usize,
    /// Bytes of all facts, and how many find room.
    facts: usize,
    room_for_facts: usize,
    pub(super) leases: Leases,
}

impl Default for AssetNotes {
    fn default() -> Self {
        Self::share_of(1)
    }
}

/// What is noted of one asset.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) first: Time,
    pub(super) last: Time,
    pub(super) sent: u64,
    pub(super) received: u64,
    /// Whether any packet came from it.
    pub(super) spoke: bool,
    /// Link addresses in order, and whether ARP said that they are this asset's own.
    pub(super) macs: Vec<(Mac, bool)>,
    /// Facts in order.
    pub(super) facts: Vec<FactNote>,
    /// Whether a link address or a fact found no room.
    pub(super) more: bool,
}

/// Of link addresses and of the values of a fact the lowest stay, so that neither order nor the number of workers
/// decides: one that found no room never would have.
impl Host {
    /// Adds what another worker noted of the same host.
    pub(super) fn add(&mut self, other: &mut Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.sent += other.sent;
        self.received += other.received;
        self.spoke |= other.spoke;
        for (mac, own) in other.macs.drain(..) {
            self.mac(mac, own);
        }
        for fact in other.facts.drain(..) {
            self.fact(fact, true);
        }
        self.more |= other.more;
    }

    pub(super) fn new(time: Time) -> Self {
        let (macs, facts) = (Vec::new(), Vec::new());
        let (sent, received, spoke, more) = (0, 0, false, false);
        Self { first: time, last: time, sent, received, spoke, macs, facts, more }
    }

    fn mac(&mut self, mac: Mac, own: bool) {
        if mac.0 == [0; 6] {
            return;
        }
        match self.macs.binary_search_by_key(&mac, |(known, _)| *known) {
            Ok(at) => self.macs[at].1 |= own,
            Err(at) => {
                self.macs.insert(at, (mac, own));
                self.more |= self.macs.len() > MAX_MACS;
                self.macs.truncate(MAX_MACS);
            }
        }
    }

    /// Adds a fact, a new one only where there is room; says what it costs more now.
    pub(super) fn fact(&mut self, fact: FactNote, room: bool) -> usize {
        let at = match self.facts.binary_search_by(|known| known.said().cmp(&fact.said())) {
            Ok(at) => {
                let known = &mut self.facts[at];
                known.origin = known.origin.min(fact.origin);
                return 0;
            }
            Err(at) => at,
        };
        let end = at + self.facts[at..].partition_point(|known| known.name == fact.name);
        let start = self.facts[..end].partition_point(|known| known.name < fact.name);
        let full = end - start >= MAX_FACTS || !room;
        self.more |= full;
        if !full {
            let cost = size_of::<FactNote>() + fact.value.len();
            self.facts.insert(at, fact);
            return cost;
        }
        if at < end {
            self.facts[at..end].rotate_right(1);
            self.facts[at] = fact;
        }
        0
    }
}

impl AssetNotes {
    /// The notes of one worker among several that share the room.
    pub(crate) fn share_of(workers: usize) -> Self {
        Self {
            hosts: HashMap::default(),
            conversations: HashMap::default(),
            dropped: 0,
            room: MAX_CONVERSATIONS / workers.max(1),
            facts: 0,
            room_for_facts: MAX_FACT_BYTES / workers.max(1),
            leases: Leases::share_of(workers),
        }
    }

    fn host(&mut self, key: AssetKey, time: Time) -> Option<&mut Host> {
        if self.hosts.len() >= MAX_HOSTS && !self.hosts.contains_key(&key) {
            self.dropped += 1;
            return None;
        }
        let host = self.hosts.entry(key).or_insert_with(|| Host::new(time));
        host.first = host.first.min(time);
        host.last = host.last.max(time);
        Some(host)
    }

    /// Notes a fact about an address.
    pub fn fact(
        &mut self,
        ip: IpAddr,
        name: FieldName,
        text: &str,
        via: &'static str,
        at: (Time, Origin),
    ) {
        if !is_host(ip) {
            return;
        }
        let room = self.facts < self.room_for_facts;
        if let Some(host) = self.host(AssetKey::Ip(ip), at.0) {
            let fact = FactNote { name, value: text.into(), via, origin: at.1 };
            self.facts += host.fact(fact, room);
        }
    }

    /// Notes that ARP said whose link address belongs to whom.
    pub(crate) fn arp(&mut self, time: Time, mac: Mac, ip: IpAddr) {
        if is_host(ip)
            && let Some(host) = self.host(AssetKey::Ip(ip), time)
        {
            host.spoke = true;
            host.mac(mac, true);
        }
    }

    /// Notes what a client says of itself while it asks for a lease: it is about the address that it then gets.
    pub(crate) fn asked(
        &mut self,
        client: Client,
        name: FieldName,
        text: &str,
        (via, origin): (&'static str, Origin),
    ) {
        if !text.is_empty() {
            let fact = FactNote { name, value: text.into(), via, origin };
            self.dropped += u64::from(!self.leases.asked(client, fact));
        }
    }

    /// Notes that a client got an address.
    pub(crate) fn leased(&mut self, client: Client, ip: IpAddr, time: Time) {
        if is_host(ip) {
            self.dropped += u64::from(!self.leases.got(client, ip, time));
        }
    }

    /// Notes a session that ended, with the operations seen in it.
    pub(crate) fn session(&mut self, session: &Session, verbs: Option<&VerbCounts>) {
        let client = AssetKey::of(&session.source, session.source_packets > 0);
        let server = AssetKey::of(&session.destination, session.destination_packets > 0);
        let sides = [
            (
                client,
                &session.source,
                session.source_packets,
                session.source_bytes,
                session.destination_bytes,
            ),
            (
                server,
                &session.destination,
                session.destination_packets,
                session.destination_bytes,
                session.source_bytes,
            ),
        ];
        for (key, endpoint, packets, sent, received) in sides {
            // An address that never sent anything is only somebody's idea of an asset.
            if packets == 0 {
                continue;
            }
            let Some(host) = key.and_then(|key| self.host(key, session.start)) else { continue };
            host.last = host.last.max(session.end);
            host.spoke = true;
            host.sent += sent;
            host.received += received;
            if let Some(mac) = endpoint.mac {
                host.mac(mac, false);
            }
        }
        let (Some(client), Some(server)) = (client, server) else { return };
        let port = if session.protocol.is_empty() { session.destination.port } else { 0 };
        let key = ConversationKey {
            client,
            server,
            protocol: session.protocol,
            transport: session.transport,
            port,
        };
        if self.conversations.len() >= self.room && !self.conversations.contains_key(&key) {
            self.dropped += 1;
            return;
        }
        let one = Conversation {
            sessions: 1,
            bytes: session.source_bytes + session.destination_bytes,
            answered: u64::from(session.source_bytes > 0 && session.destination_bytes > 0),
            verbs: verbs.map(|counts| Box::new(counts.map(u64::from))),
            first: session.start,
            last: session.end,
        };
        self.conversation(key, one);
    }

    fn conversation(&mut self, key: ConversationKey, one: Conversation) {
        let Some(all) = self.conversations.get_mut(&key) else {
            self.conversations.insert(key, one);
            return;
        };
        all.sessions += one.sessions;
        all.bytes += one.bytes;
        all.answered += one.answered;
        match (&mut all.verbs, one.verbs) {
            (Some(sums), Some(counts)) => {
                sums.iter_mut().zip(*counts).for_each(|(sum, n)| *sum += n);
            }
            (sums @ None, counts) => *sums = counts,
            (Some(_), None) => {}
        }
        all.first = all.first.min(one.first);
        all.last = all.last.max(one.last);
    }
}
