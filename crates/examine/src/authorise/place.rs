//! Places: addresses, networks, zones, names.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A network, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Net {
    address: IpAddr,
    prefix: u8,
}

impl Net {
    /// Reads `10.1.0.0/16`, `10.1.2.3`, `2001:db8::/32`. What IPv6 writes of IPv4 (`::ffff:10.1.2.3`, RFC 4291 2.5.5.2)
    /// is IPv4, as it is in records.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((a, p)) => (a.parse::<IpAddr>().ok()?, Some(p.parse::<u8>().ok()?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(width);
        if prefix > width {
            return None;
        }
        let mapped = match address {
            IpAddr::V6(ip) => ip.to_ipv4_mapped().zip(prefix.checked_sub(96)),
            IpAddr::V4(_) => None,
        };
        Some(match mapped {
            Some((ip, prefix)) => Self { address: ip.into(), prefix },
            None => Self { address, prefix },
        })
    }

    /// Where the network of this prefix begins in which an address lies.
    fn start(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(ip) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                Ipv4Addr::from_bits(ip.to_bits() & mask).into()
            }
            IpAddr::V6(ip) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                Ipv6Addr::from_bits(ip.to_bits() & mask).into()
            }
        }
    }

    /// The network that it lies in, where it names a host and the length of a network's prefix.
    pub(super) fn network(&self) -> Option<String> {
        let network = self.start(self.address);
        (network != self.address).then(|| format!("{network}/{}", self.prefix))
    }

    /// The address as written.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Whether an address lies in it.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        ip.is_ipv4() == self.address.is_ipv4() && self.start(ip) == self.start(self.address)
    }
}

/// Declared zones by network.
#[derive(Clone, Debug, Default)]
pub struct Zones(Vec<(Net, String, String)>);

impl Zones {
    pub(super) fn add(&mut self, net: Net, name: &str, kind: &str) {
        self.0.push((net, name.into(), kind.into()));
        // The longest prefix decides.
        self.0.sort_by_key(|(net, _, _)| std::cmp::Reverse(net.prefix));
    }

    /// Name and kind of the zone an address lies in.
    pub fn of(&self, ip: IpAddr) -> Option<(&str, &str)> {
        self.0
            .iter()
            .find(|(net, _, _)| net.contains(ip))
            .map(|(_, name, kind)| (name.as_str(), kind.as_str()))
    }

    /// The kind of each zone, by its name.
    pub fn kinds(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(_, name, kind)| (name.clone(), kind.clone())).collect()
    }

    /// Whether any zone was declared.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The zone that declares this very network.
    pub(super) fn owner(&self, net: Net) -> Option<&str> {
        let mut all = self.0.iter();
        all.find(|(own, _, _)| own.prefix == net.prefix && own.contains(net.address))
            .map(|(_, name, _)| name.as_str())
    }

    fn named(&self, name: &str) -> bool {
        self.0.iter().any(|(_, n, _)| n == name)
    }
}

/// Where something may come from or go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A network or address.
    Net(Net),
    /// A declared zone.
    Zone(String),
    /// A domain and everything below it, or the file of a program.
    Domain(String),
    /// Anywhere.
    Any,
}

impl Place {
    /// Reads one entry; an asset id may stand for several addresses.
    pub(super) fn parse(
        text: &str,
        zones: &Zones,
        assets: &BTreeMap<&str, Vec<Net>>,
    ) -> Option<Vec<Self>> {
        if text == "any" {
            return Some(vec![Self::Any]);
        }
        if let Some(nets) = assets.get(text) {
            return Some(nets.iter().map(|n| Self::Net(*n)).collect());
        }
        if let Some(name) = text.strip_prefix("zone:") {
            return zones.named(name).then(|| vec![Self::Zone(name.into())]);
        }
        if let Some(net) = Net::parse(text) {
            return Some(vec![Self::Net(net)]);
        }
        let domain = text.trim_start_matches("*.").to_ascii_lowercase();
        is_domain(&domain).then(|| vec![Self::Domain(domain)])
    }

    /// Reads the file name of a program: `todesk.exe`, `frpc`.
    pub(super) fn program(text: &str) -> Option<Self> {
        let name = text.to_ascii_lowercase().replace('_', "-");
        let plain = is_label(&name) && name.chars().any(char::is_alphabetic);
        (plain || is_domain(&name)).then(|| Self::Domain(text.to_ascii_lowercase()))
    }

    /// Whether it covers an address or one of the names seen for it.
    pub fn covers(&self, ip: Option<IpAddr>, names: &[String], zones: &Zones) -> bool {
        match self {
            Self::Any => true,
            Self::Net(net) => ip.is_some_and(|ip| net.contains(ip)),
            Self::Zone(name) => {
                ip.and_then(|ip| zones.of(ip)).is_some_and(|(zone, _)| zone == name)
            }
            Self::Domain(domain) => names.iter().any(|n| {
                n == domain
                    || n.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'))
            }),
        }
    }
}

fn is_label(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '-')
}

/// Labels with dots between. The last is of letters, and three numbers before it are none: what
/// looks like `10.20.1.l1` or `10.20.1.ll` is an address with a slip.
fn is_domain(text: &str) -> bool {
    let Some((front, last)) = text.rsplit_once('.') else { return false };
    let top = last.chars().count() >= 2 && last.chars().all(char::is_alphabetic)
        || last.starts_with("xn--") && is_label(last);
    let numbers = front.split('.').filter(|l| l.parse::<u8>().is_ok()).count();
    let address = numbers == 3 && front.split('.').count() == 3;
    top && front.split('.').all(is_label) && !address
}
