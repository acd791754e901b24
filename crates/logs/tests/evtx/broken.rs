//! What is left of a log that was cut, carved or overwritten.

use crate::{
    log_ons, read_bytes,
    synth::{CHUNK, file},
};
use hangtu_evidence::{Damage, DamageKind};
use proptest::prelude::*;

fn numbers(bytes: &[u8]) -> (usize, Vec<Damage>) {
    let (events, damages) = read_bytes(bytes);
    (events.len(), damages)
}

const WHOLE: Vec<Damage> = Vec::new();

fn damage(offset: usize, kind: DamageKind) -> Damage {
    Damage { offset: offset as u64, kind }
}

#[test]
fn chunks_are_found_wherever_they_begin() {
    let (chunk, _) = log_ons(5);
    assert_eq!(numbers(&chunk), (5, WHOLE), "no file header");
    let carved = [b"garbage".as_slice(), &chunk, &[7; 1000], &chunk].concat();
    let skipped = [(0, 7), (7 + CHUNK, 1000)];
    let skipped = skipped.map(|(at, n)| damage(at, DamageKind::BadHeader { skipped: n }));
    assert_eq!(numbers(&carved), (10, skipped.to_vec()));
    let end = [&chunk[..], &[7; 9]].concat();
    assert_eq!(numbers(&end), (5, vec![damage(CHUNK, DamageKind::Unreadable { skipped: 9 })]));
    let empty = vec![0; CHUNK];
    assert_eq!(numbers(&file(&[empty, chunk])), (5, WHOLE), "space is no damage");
}

#[test]
fn what_a_chunk_says_of_itself_does_not_matter() {
    let (chunk, offsets) = log_ons(5);
    for free in [0, 1, 512, offsets[2], offsets[2] + 9, 0xffff, 0xffff_ffff_u32 as usize] {
        let mut lying = chunk.clone();
        lying[48..52].copy_from_slice(&(free as u32).to_le_bytes());
        assert_eq!(numbers(&file(&[lying])), (5, WHOLE), "free space at {free}");
    }
    let mut headless = chunk.clone();
    headless[..128].fill(0xaa);
    assert_eq!(numbers(&file(&[chunk.clone(), headless, chunk])), (15, WHOLE));
}

#[test]
fn records_behind_damage_are_found_again() {
    let (chunk, offsets) = log_ons(5);
    let at = |n: usize| 4096 + offsets[n];
    let mut magic = chunk.clone();
    magic[offsets[2]] = 0;
    let skipped = (offsets[3] - offsets[2]) as u64;
    let bad = vec![damage(at(2), DamageKind::BadHeader { skipped })];
    assert_eq!(numbers(&file(&[magic])), (4, bad));
    let mut size = chunk.clone();
    size[offsets[2] + 4..offsets[2] + 8].fill(0xff);
    assert_eq!(numbers(&file(&[size])), (5, WHOLE), "a wrong size");
    let mut body = chunk;
    body[offsets[2] + 24..offsets[2] + 40].fill(0x3f);
    assert_eq!(numbers(&file(&[body])), (4, vec![damage(at(2), DamageKind::BadEntry)]));
}

#[test]
fn a_cut_is_told_where_it_is() {
    let (chunk, offsets) = log_ons(5);
    let whole = file(&[chunk]);
    let cut = |at: usize| numbers(&whole[..4096 + at]);
    let at = |n: usize| damage(4096 + offsets[n], DamageKind::Truncated);
    assert_eq!(cut(offsets[3]), (3, vec![at(3)]), "between records");
    assert_eq!(cut(offsets[3] + 10), (3, vec![at(3)]), "in a record's header");
    let end = damage(4096 + offsets[4] - 8, DamageKind::Truncated);
    assert_eq!(cut(offsets[4] - 8), (4, vec![end]), "in what fills a record up");
    assert_eq!(cut(0), (0, WHOLE), "a log without events");
}

/// A chunk in which a chunk begins: the first one's end was lost.
#[test]
fn a_lost_piece_takes_no_more_than_itself() {
    let (chunk, offsets) = log_ons(5);
    let bytes = file(&[chunk[..offsets[3] + 30].to_vec(), chunk.clone()]);
    let bad = vec![damage(4096 + offsets[3], DamageKind::BadEntry)];
    assert_eq!(numbers(&bytes), (8, bad));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn damage_anywhere_leaves_what_stands_before_it(
        place in 4096 + 512..4096 + 512 + 4000_usize,
        noise in proptest::collection::vec(any::<u8>(), 1..200),
        cut in any::<bool>(),
    ) {
        let (chunk, offsets) = log_ons(12);
        let mut bytes = file(&[chunk.clone(), chunk]);
        let before = read_bytes(&bytes).0;
        if cut {
            bytes.truncate(place);
        } else {
            let end = bytes.len().min(place + noise.len());
            bytes[place..end].copy_from_slice(&noise[..end - place]);
        }
        let (after, _) = read_bytes(&bytes);
        let ends = offsets.iter().skip(1).map(|offset| 4096 + offset);
        let safe = ends.take_while(|end| *end <= place).count();
        prop_assert!(after.len() >= safe);
        for (a, b) in before.iter().zip(&after).take(safe) {
            prop_assert_eq!(a, b);
        }
        if !cut {
            let last = |events: &[hangtu_record::Fields]| events.iter().rev().take(12)
                .map(|e| (e.time, e.origin.offset)).collect::<Vec<_>>();
            prop_assert_eq!(last(&before), last(&after), "the next chunk");
        }
    }
}
