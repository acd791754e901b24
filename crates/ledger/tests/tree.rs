//! The tree against the vectors of Google's certificate-transparency, and against itself.

#![allow(clippy::unwrap_used, missing_docs)]

use hangtu_ledger::{
    Frontier, Hash, consistency_proof, empty_root, inclusion_proof, leaf_hash, root,
    verify_consistency, verify_inclusion,
};
use proptest::prelude::*;

const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const N1: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const N23: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const N4: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const N45: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
const N67: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const N4567: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";

fn hashes(hex: &[&str]) -> Vec<Hash> {
    hex.iter().map(|h| h.parse().unwrap()).collect()
}

#[test]
fn roots_and_proofs_are_the_published_ones() {
    let leaves: Vec<Hash> = LEAVES.iter().map(|l| leaf_hash(l)).collect();
    assert_eq!(empty_root().to_string(), ROOTS[0]);
    let mut frontier = Frontier::new();
    for (size, expected) in ROOTS.iter().enumerate() {
        assert_eq!(root(&leaves[..size]).to_string(), *expected);
        assert_eq!(frontier.root().to_string(), *expected);
        if let Some(leaf) = leaves.get(size) {
            frontier.push(*leaf);
        }
    }
    let path = |index, size: usize| inclusion_proof(index, &leaves[..size]).unwrap();
    assert_eq!(path(0, 1), []);
    assert_eq!(path(0, 8), hashes(&[N1, N23, N4567]));
    assert_eq!(path(5, 8), hashes(&[N4, N67, ROOTS[4]]));
    assert_eq!(path(2, 3), hashes(&[ROOTS[2]]));
    assert_eq!(path(1, 5), hashes(&[ROOTS[1], N23, N4]));
    let continued = |old, new: usize| consistency_proof(old, &leaves[..new]).unwrap();
    assert_eq!(continued(1, 1), []);
    assert_eq!(continued(1, 8), hashes(&[N1, N23, N4567]));
    assert_eq!(continued(6, 8), hashes(&[N45, N67, ROOTS[4]]));
    assert_eq!(continued(2, 5), hashes(&[N23, N4]));
}

#[test]
fn a_malformed_frontier_is_refused() {
    let hash = ROOTS[1];
    for text in ["", ":", "1:", "0:00", "01:", "2", "3:", "+0:", "18446744073709551615:"] {
        assert!(text.parse::<Frontier>().is_err(), "{text:?}");
    }
    for text in [format!("1:{hash}0"), format!("3:{hash}"), format!("1:{}", hash.to_uppercase())] {
        assert!(text.parse::<Frontier>().is_err(), "{text:?}");
    }
    assert_eq!("0:".parse::<Frontier>().unwrap(), Frontier::new());
    assert_eq!(format!("4:{hash}").parse::<Frontier>().unwrap().root().to_string(), hash);
}

fn flipped(hash: Hash, bit: usize) -> Hash {
    let mut hash = hash;
    hash.0[bit / 8] ^= 1 << (bit % 8);
    hash
}

proptest! {
    #[test]
    fn proofs_hold_and_no_others(size in 1_usize..200, a in 0_usize..200, bit in 0_usize..256) {
        let leaves: Vec<Hash> = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let mut frontier = Frontier::new();
        for (n, leaf) in leaves.iter().enumerate() {
            // As a column of a table would give it back.
            frontier = frontier.to_string().parse().unwrap();
            prop_assert_eq!(frontier.size(), n as u64);
            frontier.push(*leaf);
        }
        let whole = root(&leaves);
        prop_assert_eq!(frontier.root(), whole);

        let (index, n) = (a % size, size as u64);
        let proof = inclusion_proof(index as u64, &leaves).unwrap();
        let leaf = leaves[index];
        let holds = |leaf, index, size, proof: &[Hash], root| {
            verify_inclusion(leaf, index, size, proof, root).is_ok()
        };
        prop_assert!(holds(leaf, index as u64, n, &proof, whole));
        prop_assert!(!holds(flipped(leaf, bit), index as u64, n, &proof, whole));
        prop_assert!(!holds(leaf, index as u64, n, &proof, flipped(whole, bit)));
        prop_assert!(!holds(leaf, index as u64 + 1, n, &proof, whole));
        prop_assert!(!holds(leaf, index as u64, n, &[&proof[..], &[leaf]].concat(), whole));
        for at in 0..proof.len() {
            let mut bad = proof.clone();
            bad[at] = flipped(bad[at], bit);
            prop_assert!(!holds(leaf, index as u64, n, &bad, whole));
            bad.remove(at);
            prop_assert!(!holds(leaf, index as u64, n, &bad, whole));
        }

        let old = a % (size + 1);
        let before = root(&leaves[..old]);
        let proof = consistency_proof(old as u64, &leaves).unwrap();
        let continues = |before, proof: &[Hash], after| {
            verify_consistency(old as u64, before, n, after, proof).is_ok()
        };
        prop_assert!(continues(before, &proof, whole));
        prop_assert!(!continues(flipped(before, bit), &proof, whole));
        // An empty tree is continued by every tree.
        prop_assert!(old == 0 || !continues(before, &proof, flipped(whole, bit)));
        prop_assert!(!continues(before, &[&proof[..], &[whole]].concat(), whole));
        for at in 0..proof.len() {
            let mut bad = proof.clone();
            bad[at] = flipped(bad[at], bit);
            prop_assert!(!continues(before, &bad, whole));
        }
    }

    #[test]
    fn no_sizes_break_verifying(
        a in any::<u64>(), b in any::<u64>(), proof in prop::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let proof: Vec<Hash> = proof.into_iter().map(Hash).collect();
        let hash = empty_root();
        let _ = verify_inclusion(hash, a, b, &proof, hash);
        let _ = verify_consistency(a, hash, b, hash, &proof);
        let _ = verify_consistency(u64::MAX, hash, u64::MAX, hash, &proof);
    }
}
