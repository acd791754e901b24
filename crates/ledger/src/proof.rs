//! Proofs that a leaf is in a tree, and that one tree continues another (RFC 6962 §2.1, the
//! verifying as RFC 9162 §2.1.3.2 and §2.1.4.2 spell it out).

use crate::hash::{Hash, empty_root, node_hash};

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// There is no such leaf, or the old tree is larger than the new one.
    #[error("there is no leaf {index} in a tree of {size}")]
    Range {
        /// The leaf asked for, or the size of the old tree.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// Too many or too few hashes for trees of these sizes.
    #[error("the proof has {0} hashes, which is not the number that these sizes need")]
    Length(usize),
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// The root over these leaf hashes. For a tree that grows use [`crate::Frontier`].
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(root(left), root(right))
        }
    }
}

/// The largest power of two below a number greater than one.
fn split(n: usize) -> usize {
    1 << (n - 1).ilog2()
}

/// The audit path of a leaf in the tree over these leaf hashes; nothing when there is no such leaf.
pub fn inclusion_proof(index: u64, leaves: &[Hash]) -> Option<Vec<Hash>> {
    let mut at = usize::try_from(index).ok().filter(|i| *i < leaves.len())?;
    let mut tree = leaves;
    let mut path = Vec::new();
    while tree.len() > 1 {
        let (left, right) = tree.split_at(split(tree.len()));
        if at < left.len() {
            path.push(root(right));
            tree = left;
        } else {
            at -= left.len();
            path.push(root(left));
            tree = right;
        }
    }
    path.reverse();
    Some(path)
}

/// The proof that the tree over these leaf hashes continues the one over the first `old` of them;
/// nothing when there are fewer.
pub fn consistency_proof(old: u64, leaves: &[Hash]) -> Option<Vec<Hash>> {
    let mut old = usize::try_from(old).ok().filter(|o| *o <= leaves.len())?;
    let mut path = Vec::new();
    if old == 0 {
        return Some(path);
    }
    let mut tree = leaves;
    // Whether the old tree is still the leftmost subtree, whose root the verifier has.
    let mut whole = true;
    while old < tree.len() {
        let (left, right) = tree.split_at(split(tree.len()));
        if old <= left.len() {
            path.push(root(right));
            tree = left;
        } else {
            old -= left.len();
            path.push(root(left));
            tree = right;
            whole = false;
        }
    }
    if !whole {
        path.push(root(tree));
    }
    path.reverse();
    Some(path)
}

/// Checks that a leaf stands at `index` in the tree of `size` leaves with this root.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Range { index, size });
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = leaf;
    for step in proof {
        if last == 0 {
            return Err(ProofError::Length(proof.len()));
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(*step, hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(hash, *step);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length(proof.len()));
    }
    if hash == root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the tree of `new` leaves continues the tree of `old` leaves.
pub fn verify_consistency(
    old: u64,
    old_root: Hash,
    new: u64,
    new_root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Range { index: old, size: new });
    }
    if old == 0 || old == new {
        let same = if old == 0 { old_root == empty_root() } else { old_root == new_root };
        return match proof {
            [] if same => Ok(()),
            [] => Err(ProofError::Root),
            _ => Err(ProofError::Length(proof.len())),
        };
    }
    let length = ProofError::Length(proof.len());
    // A complete old tree is itself the first node, and the proof leaves it out.
    let (first, steps) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        let (first, steps) = proof.split_first().ok_or(length)?;
        (*first, steps)
    };
    let (mut node, mut last) = (old - 1, new - 1);
    let levels = node.trailing_ones();
    node = node.checked_shr(levels).unwrap_or(0);
    last = last.checked_shr(levels).unwrap_or(0);
    let (mut was, mut is) = (first, first);
    for step in steps {
        if last == 0 {
            return Err(length);
        }
        if node & 1 == 1 || node == last {
            was = node_hash(*step, was);
            is = node_hash(*step, is);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            is = node_hash(is, *step);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(length);
    }
    if was == old_root && is == new_root { Ok(()) } else { Err(ProofError::Root) }
}
