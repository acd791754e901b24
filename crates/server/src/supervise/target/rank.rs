//! Which enterprises belong to the set that must be covered: the first so many percent by revenue
//! of each province and industry, and what the regulator decided. Pure: no store, no clock.

use hangtu_catalog::{Rounding, SetRule, Ties};
use std::collections::BTreeMap;

/// An enterprise in operation that may belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) code: String,
    pub(super) region: String,
    pub(super) industry: String,
    pub(super) above: bool,
    /// Yuan of the year that counts.
    pub(super) revenue: Option<i64>,
    /// What the regulator decided: in or out, whatever the revenue.
    pub(super) decided: Option<bool>,
}

/// Why somebody belongs or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Ranked,
    Below,
    Included,
    Excluded,
    NotAbove,
    NoRevenue,
}

impl Why {
    /// The word in the store and the API.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ranked => "ranked",
            Self::Below => "below",
            Self::Included => "included",
            Self::Excluded => "excluded",
            Self::NotAbove => "not_above",
            Self::NoRevenue => "no_revenue",
        }
    }
}

/// Where somebody stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) who: Candidate,
    pub(super) member: bool,
    pub(super) why: Why,
    /// Rank within province and industry, from 1.
    pub(super) place: Option<u32>,
    /// How many were ranked there.
    pub(super) of_all: u32,
    /// How many of them the share comes to.
    pub(super) size: u32,
}

/// How many of so many the share comes to; one at least where there are any.
pub(super) fn size(rule: SetRule, of_all: u32) -> u32 {
    let (share, hundred) = (u64::from(of_all) * u64::from(rule.percent), 100);
    let n = match rule.rounding {
        Rounding::Up => share.div_ceil(hundred),
        Rounding::Nearest => (share + hundred / 2) / hundred,
        Rounding::Down => share / hundred,
    };
    if of_all == 0 { 0 } else { u32::try_from(n.max(1)).unwrap_or(u32::MAX) }
}

/// Places everybody; the order of the candidates means nothing.
pub(super) fn place(rule: SetRule, candidates: Vec<Candidate>) -> Vec<Placed> {
    let mut areas: BTreeMap<(String, String), Vec<Candidate>> = BTreeMap::new();
    for c in candidates {
        areas.entry((c.region.clone(), c.industry.clone())).or_default().push(c);
    }
    let mut all = Vec::new();
    for (_, mut area) in areas {
        // Those who are ranked first, by revenue, then by code.
        let key = |c: &Candidate| if c.above { c.revenue } else { None };
        area.sort_by(|a, b| key(b).cmp(&key(a)).then_with(|| a.code.cmp(&b.code)));
        let of_all = area.iter().filter(|c| key(c).is_some()).count() as u32;
        let size = size(rule, of_all);
        // The revenue of the last who belongs.
        let edge = size.checked_sub(1).and_then(|last| key(&area[last as usize]));
        for (at, who) in area.into_iter().enumerate() {
            let at = at as u32;
            let ranked = key(&who);
            let within = match rule.ties {
                Ties::Code => at < size,
                Ties::All => ranked.is_some() && ranked >= edge,
            };
            let (member, why) = match who.decided {
                Some(true) => (true, Why::Included),
                Some(false) => (false, Why::Excluded),
                None if ranked.is_some() && within => (true, Why::Ranked),
                None if ranked.is_some() => (false, Why::Below),
                None if who.above => (false, Why::NoRevenue),
                None => (false, Why::NotAbove),
            };
            let place = ranked.map(|_| at + 1);
            all.push(Placed { who, member, why, place, of_all, size });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(percent: u8, rounding: Rounding, ties: Ties) -> SetRule {
        SetRule { percent, rounding, ties }
    }

    #[test]
    fn a_tenth_is_rounded_as_the_rule_says_and_never_nobody() {
        for (of, up, nearest, down) in
            [(0, 0, 0, 0), (1, 1, 1, 1), (14, 2, 1, 1), (15, 2, 2, 1), (20, 2, 2, 2)]
        {
            let n = |rounding| size(rule(10, rounding, Ties::All), of);
            assert_eq!(
                (n(Rounding::Up), n(Rounding::Nearest), n(Rounding::Down)),
                (up, nearest, down),
                "{of}"
            );
        }
    }

    fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
        let one = (0..3u8, 0..3u8, any::<bool>(), prop::option::of(0..12i64), 0..12u8);
        prop::collection::vec(one, 0..80).prop_map(|all| {
            let made = all.into_iter().enumerate();
            made.map(|(n, (region, industry, above, revenue, decided))| Candidate {
                code: format!("{n:018}"),
                region: region.to_string(),
                industry: industry.to_string(),
                above,
                revenue,
                decided: match decided {
                    0 => Some(true),
                    1 => Some(false),
                    _ => None,
                },
            })
            .collect()
        })
    }

    fn rules() -> impl Strategy<Value = SetRule> {
        let rounding = prop::sample::select(vec![Rounding::Up, Rounding::Nearest, Rounding::Down]);
        (1..=100u8, rounding, prop::sample::select(vec![Ties::All, Ties::Code]))
            .prop_map(|(percent, rounding, ties)| rule(percent, rounding, ties))
    }

    proptest! {
        #[test]
        fn whoever_belongs_earns_no_less_than_who_does_not(
            all in candidates(), rule in rules(), turn in 0..80usize,
        ) {
            let placed = place(rule, all.clone());
            prop_assert_eq!(placed.len(), all.len(), "everybody is placed once");
            // The order in which they come means nothing.
            let mut turned = all.clone();
            turned.rotate_left(turn % all.len().max(1));
            prop_assert_eq!(&place(rule, turned), &placed);
            for p in &placed {
                match p.who.decided {
                    Some(decided) => prop_assert_eq!(p.member, decided),
                    None => prop_assert_eq!(p.member, p.why == Why::Ranked),
                }
                prop_assert_eq!(p.place.is_some(), p.who.above && p.who.revenue.is_some());
            }
            for a in placed.iter().filter(|p| p.why == Why::Ranked) {
                for b in placed.iter().filter(|p| p.why == Why::Below) {
                    let same = (&a.who.region, &a.who.industry) == (&b.who.region, &b.who.industry);
                    if same && rule.ties == Ties::All {
                        prop_assert!(a.who.revenue > b.who.revenue);
                    } else if same {
                        prop_assert!(a.who.revenue >= b.who.revenue);
                    }
                }
            }
            // Without decisions the set is as large as the share, and larger only by ties.
            let mut areas: BTreeMap<(&str, &str), Vec<&Placed>> = BTreeMap::new();
            for p in placed.iter().filter(|p| p.place.is_some()) {
                areas.entry((&p.who.region, &p.who.industry)).or_default().push(p);
            }
            for area in areas.values().filter(|a| a.iter().all(|p| p.who.decided.is_none())) {
                let n = area.iter().filter(|p| p.member).count() as u32;
                prop_assert_eq!(area[0].of_all as usize, area.len());
                prop_assert!(n >= area[0].size);
                if rule.ties == Ties::Code {
                    prop_assert_eq!(n, area[0].size);
                }
            }
        }

        #[test]
        fn a_larger_share_keeps_everybody(all in candidates(), rule in rules(), more in 0..50u8) {
            let larger = SetRule { percent: (rule.percent + more).min(100), ..rule };
            let members = |rule| -> Vec<String> {
                let placed = place(rule, all.clone());
                placed.into_iter().filter(|p| p.member).map(|p| p.who.code).collect()
            };
            let wide = members(larger);
            prop_assert!(members(rule).iter().all(|code| wide.contains(code)));
        }
    }
}
