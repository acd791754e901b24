//! What records share with earlier ones, kept as it was written then.

use crate::{Endpoint, Outcome, Seen, Verb};
use std::{net::IpAddr, ptr};

/// How many are kept; one more takes the place of an earlier one. All of them together stay near the core.
const SLOTS: usize = 256;

/// Fields that say the same whenever this is the same.
pub(crate) trait Key: Copy + PartialEq {
    /// Different for most keys.
    fn mix(&self) -> u64;

    /// The slot of this key.
    #[inline(always)]
    fn slot(&self) -> usize {
        // The upper bits of a product depend on all bits below them.
        (self.mix().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
    }
}

#[derive(Debug)]
pub(crate) struct Slots<K>(Vec<Option<(K, Vec<u8>)>>);

impl<K> Default for Slots<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Key> Slots<K> {
    /// What was kept of this key.
    #[inline(always)]
    pub(crate) fn get(&self, key: &K) -> Option<&[u8]> {
        let (kept, text) = self.0.get(key.slot())?.as_ref()?;
        (kept == key).then_some(text)
    }

    /// Keeps what was written of it.
    #[inline(never)]
    pub(crate) fn keep(&mut self, key: K, written: &[u8]) {
        self.0.resize_with(SLOTS, || None);
        let slot = &mut self.0[key.slot()];
        let mut text = slot.take().map_or_else(Vec::new, |(_, text)| text);
        text.clear();
        text.extend_from_slice(written);
        *slot = Some((key, text));
    }
}

/// A name from the program's own tables: the same where it stands at the same place, which is sooner told than
/// what it says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name(pub(crate) &'static str);

impl PartialEq for Name {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.0, other.0)
    }
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) protocol: Name,
    pub(crate) verb: Verb,
    pub(crate) code: u32,
    pub(crate) function: Name,
}

impl Key for Asked {
    #[inline(always)]
    fn mix(&self) -> u64 {
        u64::from(self.code) << 16 ^ (self.protocol.0.as_ptr() as u64) << 8 ^ self.verb as u64
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<u32>,
    pub(crate) error_name: Name,
    pub(crate) seen: Seen,
}

impl Key for Ended {
    #[inline(always)]
    fn mix(&self) -> u64 {
        u64::from(self.error.unwrap_or_default()) << 4
            ^ (self.outcome as u64) << 2
            ^ self.seen as u64
    }
}

/// Who asked whom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ends {
    pub(crate) source: Endpoint,
    pub(crate) destination: Endpoint,
    pub(crate) vlan: Option<u16>,
}

impl Key for Ends {
    #[inline(always)]
    fn mix(&self) -> u64 {
        let one = |end: &Endpoint| {
            let ip = match end.ip {
                Some(IpAddr::V4(ip)) => ip.to_bits(),
                Some(IpAddr::V6(ip)) => ip.to_bits() as u32,
                None => 0,
            };
            u64::from(ip) << 16 ^ u64::from(end.port)
        };
        one(&self.source) ^ one(&self.destination).rotate_left(21)
    }
}
