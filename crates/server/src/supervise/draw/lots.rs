//! Drawing lots that anybody can draw again: a published seed and two lists decide everything.
//!
//! Each name gets a ticket, SHA-256 of the seed, what is drawn and the name, with line breaks
//! between; who has the smallest tickets is drawn. So the order of a list means nothing, nobody's
//! ticket depends on who else is on it, and a plain tool computes it:
//! `printf 'SEED\nenterprise\nNAME' | sha256sum`.

use hangtu_catalog::sha256;

/// What is drawn for one enterprise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lot {
    pub(super) enterprise: String,
    pub(super) inspectors: Vec<String>,
}

fn tickets(seed: &str, what: &str, names: &[String]) -> Vec<String> {
    let mut all: Vec<(String, &String)> = names
        .iter()
        .map(|name| (sha256(format!("{seed}\n{what}\n{name}").as_bytes()), name))
        .collect();
    all.sort();
    all.dedup();
    all.into_iter().map(|(_, name)| name.clone()).collect()
}

/// Draws so many enterprises, and so many inspectors for each of them by tickets that name both.
pub(super) fn draw(
    seed: &str,
    enterprises: &[String],
    many: usize,
    inspectors: &[String],
    each: usize,
) -> Vec<Lot> {
    let mut drawn = tickets(seed, "enterprise", enterprises);
    drawn.truncate(many);
    drawn
        .into_iter()
        .map(|enterprise| {
            let mut chosen = tickets(seed, &format!("inspector\n{enterprise}"), inspectors);
            chosen.truncate(each);
            Lot { enterprise, inspectors: chosen }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn names(n: usize, of: &str) -> Vec<String> {
        (0..n).map(|i| format!("{of}{i}")).collect()
    }

    #[test]
    fn every_name_has_the_same_chance() {
        let (all, people) = (names(10, "e"), names(4, "p"));
        let mut counts = [0; 10];
        for seed in 0..2_000 {
            for lot in draw(&format!("seed {seed}"), &all, 3, &people, 2) {
                counts[lot.enterprise[1..].parse::<usize>().unwrap()] += 1;
            }
        }
        // 600 are expected of each; four standard deviations are about 82.
        assert!(counts.iter().all(|n| (510..690).contains(n)), "{counts:?}");
    }

    proptest! {
        #[test]
        fn a_draw_is_drawn_again_whatever_the_order_of_the_lists(
            n in 0..40usize, many in 0..50usize, people in 0..9usize, each in 0..5usize,
            turn in 0..40usize, seed in "[a-z0-9]{8,20}",
        ) {
            let (all, inspectors) = (names(n, "e"), names(people, "p"));
            let drawn = draw(&seed, &all, many, &inspectors, each);
            let mut turned = all.clone();
            turned.rotate_left(turn % n.max(1));
            let mut others = inspectors.clone();
            others.reverse();
            prop_assert_eq!(&draw(&seed, &turned, many, &others, each), &drawn);
            prop_assert_eq!(drawn.len(), many.min(n));
            let different: BTreeSet<&String> = drawn.iter().map(|l| &l.enterprise).collect();
            prop_assert_eq!(different.len(), drawn.len(), "nobody twice");
            prop_assert!(drawn.iter().all(|l| l.inspectors.len() == each.min(people)));
        }
    }
}
