//! Assets, passively: what the traffic shows about devices and hosts, and who talks to whom how.

mod parts;
mod role;
#[cfg(test)]
mod tests;
mod vendor;

pub use parts::in_parts;
pub use role::{Evidence, Role};

use crate::decode::VerbCounts;
use hangtu_record::{
    Endpoint, FieldName, Mac, Origin, Session, Text, Time, Transport, Verb, is_public,
};
use parts::{at_once, joined};
use std::{collections::BTreeSet, net::IpAddr};

type HashMap<K, V> = hashbrown::HashMap<K, V, foldhash::fast::RandomState>;

/// Assets remembered in one run.
const MAX_HOSTS: usize = 25_000;
/// Conversations remembered in one run.
const MAX_CONVERSATIONS: usize = 40_000;
/// Bytes of facts kept of all hosts.
const MAX_FACT_BYTES: usize = 32 << 20;
/// Values remembered of each fact about one asset.
const MAX_FACTS: usize = 16;
/// Link addresses remembered for one asset.
const MAX_MACS: usize = 8;

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
    /// The key of an endpoint; `None` for groups and addresses that stand for nobody.
    pub fn of(endpoint: &Endpoint) -> Option<Self> {
        match (endpoint.ip, endpoint.mac) {
            (Some(ip), _) => is_host(ip).then_some(Self::Ip(ip)),
            (None, Some(mac)) => (!mac.is_group() && mac.0 != [0; 6]).then_some(Self::Mac(mac)),
            _ => None,
        }
    }
}

fn is_host(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            !(v4.is_multicast()
                || v4.is_broadcast()
                || v4.is_unspecified()
                || v4.octets()[3] == 255)
        }
        IpAddr::V6(v6) => !(v6.is_multicast() || v6.is_unspecified()),
    }
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

#[derive(Debug)]
struct Host {
    first: Time,
    last: Time,
    sent: u64,
    received: u64,
    /// Link addresses in order, and whether ARP said that they are this asset's own.
    macs: Vec<(Mac, bool)>,
    /// Facts in order.
    facts: Vec<FactNote>,
    /// Whether a link address or a fact found no room.
    more: bool,
}

/// Of link addresses and of the values of a fact the lowest stay, so that neither order nor the number of workers
/// decides: one that found no room never would have.
impl Host {
    /// Adds what another worker noted of the same host.
    fn add(&mut self, other: &mut Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.sent += other.sent;
        self.received += other.received;
        for (mac, own) in other.macs.drain(..) {
            self.mac(mac, own);
        }
        for fact in other.facts.drain(..) {
            self.fact(fact, true);
        }
        self.more |= other.more;
    }

    fn new(time: Time) -> Self {
        let (macs, facts) = (Vec::new(), Vec::new());
        Self { first: time, last: time, sent: 0, received: 0, macs, facts, more: false }
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
    fn fact(&mut self, fact: FactNote, room: bool) -> usize {
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

/// What tells conversations apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Line {
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

impl Line {
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

/// Notes about assets, gathered by one worker while decoding.
#[derive(Debug)]
pub struct AssetNotes {
    hosts: HashMap<AssetKey, Host>,
    conversations: HashMap<Line, Conversation>,
    /// Assets and conversations that found no room.
    pub dropped: u64,
    /// How many conversations find room.
    room: usize,
    /// Bytes of all facts, and how many find room.
    facts: usize,
    room_for_facts: usize,
}

impl Default for AssetNotes {
    fn default() -> Self {
        Self::share_of(1)
    }
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
            host.mac(mac, true);
        }
    }

    /// Notes a session that ended, with the operations seen in it.
    pub(crate) fn session(&mut self, session: &Session, verbs: Option<&VerbCounts>) {
        let (client, server) = (AssetKey::of(&session.source), AssetKey::of(&session.destination));
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
            host.sent += sent;
            host.received += received;
            if let Some(mac) = endpoint.mac {
                host.mac(mac, false);
            }
        }
        let (Some(client), Some(server)) = (client, server) else { return };
        let port = if session.protocol.is_empty() { session.destination.port } else { 0 };
        let line =
            Line { client, server, protocol: session.protocol, transport: session.transport, port };
        if self.conversations.len() >= self.room && !self.conversations.contains_key(&line) {
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
        self.conversation(line, one);
    }

    fn conversation(&mut self, line: Line, one: Conversation) {
        let Some(all) = self.conversations.get_mut(&line) else {
            self.conversations.insert(line, one);
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

/// What was learnt about assets, by all workers.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Everything about assets, in a stable order.
    pub assets: Vec<Asset>,
    /// Who talked to whom how, in no order: to be sorted before anybody sees it.
    pub conversations: Vec<(Line, Conversation)>,
    /// Assets and conversations that found no room.
    pub dropped: u64,
}

impl Inventory {
    /// Puts the notes of all workers together, by so many threads.
    pub fn new(all: Vec<AssetNotes>, threads: usize) -> Self {
        let mut dropped = all.iter().map(|notes| notes.dropped).sum();
        // Each worker's as a list, the hosts in order, by a thread for each: what then is left is to merge them.
        let lists = at_once(all, |notes| {
            let mut hosts: Vec<_> = notes.hosts.into_iter().collect();
            hosts.sort_unstable_by_key(|(key, _)| *key);
            (hosts, notes.conversations.into_iter().collect::<Vec<_>>())
        });
        // Two addresses are one worker's, so that no conversation is told twice.
        let (hosts, conversations): (Vec<_>, Vec<_>) = lists.into_iter().unzip();
        let (mut hosts, conversations) = (joined(hosts), joined(conversations));
        hosts.sort_by_key(|(key, _)| *key);
        hosts.dedup_by(|(key, later), (known, host)| {
            let same = key == known;
            if same {
                host.add(later);
            }
            same
        });
        if hosts.len() > MAX_HOSTS {
            // The room is for who was seen first.
            let mut seen: Vec<_> = hosts.iter().map(|(key, host)| (host.first, *key)).collect();
            let (_, end, _) = seen.select_nth_unstable(MAX_HOSTS);
            hosts.retain(|(key, host)| (host.first, *key) < *end);
            dropped += (seen.len() - MAX_HOSTS) as u64;
        }
        let routers = routers(&hosts);
        let hosts = in_parts(hosts, threads, |_, hosts| {
            hosts.into_iter().map(|(key, host)| Asset::of(key, host, &routers)).collect()
        });
        let mut assets: Vec<Asset> = Vec::with_capacity(hosts.len());
        let mut owners: HashMap<Mac, usize> = HashMap::default();
        // Where those stand that are named otherwise by whom they talked to.
        let mut absorbed: HashMap<AssetKey, usize> = HashMap::default();
        for asset in hosts {
            // The same interface under IPv6, or without any IP, is the same asset.
            let later = match asset.key {
                AssetKey::Ip(ip) => ip.is_ipv6() && !is_public(ip),
                AssetKey::Mac(_) => true,
            };
            let owner = || asset.macs.iter().find_map(|m| owners.get(m)).copied();
            let owner = if later { owner() } else { None };
            if let Some((owner, known)) = owner.and_then(|o| Some((o, assets.get_mut(o)?))) {
                absorbed.insert(asset.key, owner);
                known.absorb(asset);
            } else {
                for mac in &asset.macs {
                    owners.entry(*mac).or_insert(assets.len());
                }
                assets.push(asset);
            }
        }
        let assets = role::assign(assets, absorbed, &conversations, &routers, threads);
        Self { assets, conversations, dropped }
    }

    /// Assets with more link addresses or facts than found room.
    pub fn trimmed(&self) -> u64 {
        self.assets.iter().filter(|asset| asset.more).count() as u64
    }
}

impl Asset {
    fn of(key: AssetKey, host: Host, routers: &HashMap<Mac, u64>) -> Self {
        let own = host.macs.iter().filter(|(mac, own)| *own || !routers.contains_key(mac));
        let mut macs: BTreeSet<Mac> = own.map(|(mac, _)| *mac).collect();
        let mut ips = BTreeSet::new();
        match key {
            AssetKey::Ip(ip) => ips.insert(ip),
            AssetKey::Mac(mac) => macs.insert(mac),
        };
        Self {
            key,
            ips,
            interface_vendor: macs.iter().find_map(|m| vendor::vendor(*m)),
            macs,
            facts: host.facts,
            roles: Vec::new(),
            serves: Vec::new(),
            uses: Vec::new(),
            first: host.first,
            last: host.last,
            sent: host.sent,
            received: host.received,
            more: host.more,
        }
    }

    fn absorb(&mut self, other: Self) {
        self.ips.extend(other.ips);
        self.macs.extend(other.macs);
        self.facts.extend(other.facts);
        self.facts.sort();
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.sent += other.sent;
        self.received += other.received;
        self.more |= other.more;
    }

    /// Whether the key names this asset.
    pub fn is(&self, key: &AssetKey) -> bool {
        match key {
            AssetKey::Ip(ip) => self.ips.contains(ip),
            AssetKey::Mac(mac) => self.macs.contains(mac),
        }
    }
}

/// Link addresses that stand for several subnets: routers, seen at the capture point in place of
/// the assets behind them. With the number of addresses behind each.
fn routers(hosts: &[(AssetKey, Host)]) -> HashMap<Mac, u64> {
    struct Behind {
        net: (bool, u64),
        several: bool,
        addresses: u64,
    }
    let mut behind: HashMap<Mac, Behind> = HashMap::default();
    for (key, host) in hosts {
        let AssetKey::Ip(ip) = key else { continue };
        let net = match ip {
            IpAddr::V4(v4) => (false, u64::from(v4.to_bits() >> 8)),
            // Link-local and site addresses come beside an IPv4 one on every host.
            IpAddr::V6(v6) if !is_public((*v6).into()) => continue,
            IpAddr::V6(v6) => (true, (v6.to_bits() >> 64) as u64),
        };
        for (mac, _) in &host.macs {
            let new = || Behind { net, several: false, addresses: 0 };
            let one = behind.entry(*mac).or_insert_with(new);
            one.several |= one.net != net;
            one.addresses += 1;
        }
    }
    behind
        .into_iter()
        .filter(|(_, behind)| behind.several && behind.addresses > 2)
        .map(|(mac, behind)| (mac, behind.addresses))
        .collect()
}
