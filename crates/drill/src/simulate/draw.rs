//! Repeatable chance: the same seed draws the same decoys.

use chacha20::{
    ChaCha20,
    cipher::{KeyIvInit, StreamCipher},
};
use sha2::{Digest, Sha256};

/// A stream of draws.
pub(crate) struct Draw {
    cipher: ChaCha20,
}

impl Draw {
    /// The draws of a seed for one purpose.
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        let key = Sha256::new()
            .chain_update(b"hangtu drill draw\0")
            .chain_update(seed.to_le_bytes())
            .chain_update(purpose)
            .finalize();
        Self { cipher: ChaCha20::new(&key, &[0; 12].into()) }
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut out = vec![0; count];
        self.cipher.apply_keystream(&mut out);
        out
    }

    pub(crate) fn word(&mut self) -> u64 {
        let mut out = [0; 8];
        self.cipher.apply_keystream(&mut out);
        u64::from_le_bytes(out)
    }

    /// From `low` to `high`, both included.
    pub(crate) fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.word() % (high.saturating_sub(low) + 1)
    }

    /// As [`range`](Self::range), small sizes oftener than large ones, as files have them.
    pub(crate) fn size(&mut self, low: u64, high: u64) -> u64 {
        let unit = (self.word() >> 11) as f64 / (1_u64 << 53) as f64;
        let (low, high) = (low.max(1) as f64, high.max(low.max(1)) as f64);
        (low * (high / low).powf(unit)) as u64
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get((self.word() % from.len().max(1) as u64) as usize)
    }

    /// A measured value with two decimals.
    pub(crate) fn value(&mut self, low: u64, high: u64) -> f64 {
        self.range(low * 100, high * 100) as f64 / 100.0
    }
}
