//! What tells flows apart: the two ends, and the part of a TCP header that matters.

use hangtu_record::{Mac, Origin, Time};
use std::{
    hash::{Hash, Hasher},
    net::IpAddr,
};

/// An address as a number: IPv4 mapped into IPv6, link addresses above them all. Which it is, its packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Address(u128);

impl Address {
    #[inline(always)]
    pub(crate) fn ip(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(v4) => Self(0xffff_0000_0000 | u128::from(v4.to_bits())),
            IpAddr::V6(v6) => Self(v6.to_bits()),
        }
    }

    #[inline(always)]
    pub(crate) fn v4(octets: [u8; 4]) -> Self {
        Self(0xffff_0000_0000 | u128::from(u32::from_be_bytes(octets)))
    }

    /// The network address that it is.
    pub(crate) fn to_ip(self) -> IpAddr {
        let v6 = std::net::Ipv6Addr::from_bits(self.0);
        v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4)
    }

    /// Which of so many gets what two say to each other, whoever says it: by their sum, spread by a multiplication
    /// (Fibonacci hashing).
    #[inline(always)]
    pub(crate) fn pair(a: Self, b: Self, of: usize) -> usize {
        let sum = a.0.wrapping_add(b.0);
        let both = sum as u64 ^ ((sum >> 64) as u64).rotate_left(32);
        let spread = both.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        ((spread * of as u64) >> 32) as usize
    }

    /// The link address that it is.
    pub(crate) fn to_mac(self) -> Mac {
        let [.., a, b, c, d, e, f] = self.0.to_be_bytes();
        Mac([a, b, c, d, e, f])
    }

    pub(crate) fn mac(mac: Mac) -> Self {
        let mut wide = [0; 16];
        wide[10..].copy_from_slice(&mac.0);
        // 0xffff… is no unicast IPv6 prefix, so that link addresses meet no honest network address; the protocol of
        // a key keeps them from forged ones.
        Self(u128::from_be_bytes(wide) | 0xffff << 112)
    }
}

/// The two ends of a flow in a fixed order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    low: Address,
    high: Address,
    /// Port of the lower end (16 bits), of the higher (16) and protocol (8): as one number they are hashed and
    /// compared without a wait for parts just stored.
    rest: u64,
}

impl Key {
    /// The key, and whether the sender is the lower end.
    #[inline(always)]
    pub(crate) fn new(
        source: (Address, u16),
        destination: (Address, u16),
        protocol: u8,
    ) -> (Self, bool) {
        let first = source <= destination;
        let (low, high) = if first { (source, destination) } else { (destination, source) };
        let rest = u64::from(low.1) << 24 | u64::from(high.1) << 8 | u64::from(protocol);
        (Self { low: low.0, high: high.0, rest }, first)
    }
}

impl Hash for Key {
    #[inline(always)]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.low.0);
        state.write_u128(self.high.0);
        state.write_u64(self.rest);
    }
}

/// A TCP header's part that matters here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tcp {
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: u8,
}

/// TCP flag bits.
pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const RST: u8 = 4;
pub(crate) const ACK: u8 = 16;

/// When a packet came and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) time: Time,
    pub(crate) origin: Origin,
}
