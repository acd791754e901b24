//! Chance from a seed: the same on every machine and in every version of the program.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use sha2::{Digest, Sha256};

/// 32 random bytes from which a paper is drawn; written as hex. Whoever knows the seed and the bank
/// knows the paper: it is kept with the attempt and never shown before the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// A seed from the caller's randomness.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
        let mut bytes = [0; 32];
        if pairs.len() != bytes.len() {
            return None;
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let digit = |c: u8| char::from(c).to_digit(16);
            *byte = (digit(*high)? << 4 | digit(*low)?) as u8;
        }
        Some(Self(bytes))
    }

    /// Numbers for one purpose; other purposes get others.
    pub(super) fn stream(&self, purpose: &str) -> Stream {
        let key = Sha256::new()
            .chain_update(b"hangtu.exam/1\n")
            .chain_update(self.0)
            .chain_update(purpose)
            .finalize();
        Stream { key: key.into(), counter: 0, block: [0; 32], at: 32 }
    }
}

impl std::fmt::Display for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hangtu_catalog::hex(&self.0))
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(…)")
    }
}

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("a seed is 64 hexadecimal digits"))
    }
}

/// SHA-256 in counter mode.
pub(super) struct Stream {
    key: [u8; 32],
    counter: u64,
    block: [u8; 32],
    at: usize,
}

impl Stream {
    fn word(&mut self) -> u32 {
        if self.at == self.block.len() {
            let block =
                Sha256::new().chain_update(self.key).chain_update(self.counter.to_be_bytes());
            self.block = block.finalize().into();
            self.counter += 1;
            self.at = 0;
        }
        let mut word = [0; 4];
        word.copy_from_slice(&self.block[self.at..self.at + 4]);
        self.at += 4;
        u32::from_be_bytes(word)
    }

    /// A number below `n`, each as likely as any other.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        if n < 2 {
            return 0;
        }
        // Words past the last whole multiple of n would favour small numbers.
        let limit = u32::MAX - (u32::MAX % n + 1) % n;
        loop {
            let word = self.word();
            if word <= limit {
                return word % n;
            }
        }
    }

    /// Fisher and Yates.
    pub(super) fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            let with = self.below(last as u32 + 1) as usize;
            all.swap(last, with);
        }
    }
}
