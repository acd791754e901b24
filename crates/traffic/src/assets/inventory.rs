//! Notes of all workers put together.

use super::{
    Asset, AssetKey, AssetNotes, Conversation, ConversationKey, HashMap, MAX_HOSTS, in_parts,
    lease, names_all,
    notes::Host,
    parts::{at_once, joined},
    role, vendor,
};
use hangtu_record::{Mac, is_public};
use std::{collections::BTreeSet, net::IpAddr};

/// What was learnt about assets, by all workers.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Everything about assets, in a stable order.
    pub assets: Vec<Asset>,
    /// Who talked to whom how, in no order: to be sorted before anybody sees it.
    pub conversations: Vec<(ConversationKey, Conversation)>,
    /// Assets, conversations, leases and facts of requests for leases that found no room.
    pub dropped: u64,
}

impl Inventory {
    /// Puts the notes of all workers together, by so many threads.
    pub fn new(mut all: Vec<AssetNotes>, threads: usize) -> Self {
        let mut dropped = all.iter().map(|notes| notes.dropped).sum();
        let leases = all.iter_mut().map(|notes| std::mem::take(&mut notes.leases)).collect();
        // Each worker's as a list, the hosts in order, by a thread for each: what then is left is to merge them.
        let lists = at_once(all, |notes| {
            let mut hosts: Vec<_> = notes.hosts.into_iter().collect();
            hosts.sort_unstable_by_key(|(key, _)| *key);
            (hosts, notes.conversations.into_iter().collect::<Vec<_>>())
        });
        // Two addresses are one worker's, so that no conversation is told twice.
        let (mut hosts, conversations): (Vec<_>, Vec<_>) = lists.into_iter().unzip();
        hosts.push(lease::named(leases));
        let (mut hosts, conversations) = (joined(hosts), joined(conversations));
        hosts.sort_by_key(|(key, _)| *key);
        hosts.dedup_by(|(key, later), (known, host)| {
            let same = key == known;
            if same {
                host.add(later);
            }
            same
        });
        hosts.retain(|(key, host)| match key {
            AssetKey::Ip(ip) => host.spoke || !names_all(*ip),
            AssetKey::Mac(_) => true,
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
