//! The right-hand edge of the tree: all that an append needs to know.

use crate::{
    hash::{Hash, empty_root, node_hash},
    text::decimal,
};
use std::{fmt, str::FromStr};

/// The roots of the complete subtrees that a tree falls into, largest (leftmost) first: one for
/// each bit that is set in its size. An append costs O(log n) and so does the root.
///
/// Its text is `SIZE:HASHES`, the hashes in hex one behind the other; it fits one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

/// No log grows beyond this: the largest integer that every JSON reader understands alike.
pub const MAX_SIZE: u64 = (1 << 53) - 1;

/// A text that is no frontier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frontier is SIZE:HASHES with one hash in hex for each bit set in the size")]
pub struct FrontierError;

impl Frontier {
    /// A tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf.
    ///
    /// # Panics
    ///
    /// When the tree has 2⁶⁴ − 1 leaves already; none read from a text comes near ([`MAX_SIZE`]).
    pub fn push(&mut self, leaf: Hash) {
        // A carry in the size merges two subtrees of one height.
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.roots.pop().expect("one root for each bit set");
            hash = node_hash(left, hash);
        }
        self.roots.push(hash);
        self.size = self.size.checked_add(1).expect("fewer than 2^64 leaves");
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Hash {
        let mut right_to_left = self.roots.iter().rev().copied();
        match right_to_left.next() {
            Some(last) => right_to_left.fold(last, |right, left| node_hash(left, right)),
            None => empty_root(),
        }
    }
}

impl fmt::Display for Frontier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.size)?;
        self.roots.iter().try_for_each(|root| write!(f, "{root}"))
    }
}

impl FromStr for Frontier {
    type Err = FrontierError;

    fn from_str(text: &str) -> Result<Self, FrontierError> {
        let (size, hashes) = text.split_once(':').ok_or(FrontierError)?;
        let size = decimal(size).filter(|s| *s <= MAX_SIZE).ok_or(FrontierError)?;
        if hashes.len() != 64 * size.count_ones() as usize || !hashes.is_ascii() {
            return Err(FrontierError);
        }
        let roots = (0..hashes.len())
            .step_by(64)
            .map(|at| hashes[at..at + 64].parse().map_err(|_| FrontierError))
            .collect::<Result<_, _>>()?;
        Ok(Self { size, roots })
    }
}
