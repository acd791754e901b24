//! Rules as booleans over numbered tests.

/// A boolean over tests, by their numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Test(u32),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    AtLeast(usize, Vec<Self>),
}

impl Expr {
    /// What holds for none.
    pub(crate) const fn never() -> Self {
        Self::Or(Vec::new())
    }

    pub(crate) fn and(mut list: Vec<Self>) -> Self {
        if list.len() == 1 { list.swap_remove(0) } else { Self::And(list) }
    }

    pub(crate) fn or(mut list: Vec<Self>) -> Self {
        if list.len() == 1 { list.swap_remove(0) } else { Self::Or(list) }
    }

    /// Nodes of the tree.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Test(_) => 1,
            Self::Not(inner) => 1 + inner.size(),
            Self::And(list) | Self::Or(list) | Self::AtLeast(_, list) => {
                1 + list.iter().map(Self::size).sum::<usize>()
            }
        }
    }

    /// Puts cheap parts first and returns what the whole costs.
    pub(crate) fn sort(&mut self, cost_of: &dyn Fn(u32) -> u32) -> u32 {
        match self {
            Self::Test(t) => cost_of(*t),
            Self::Not(inner) => inner.sort(cost_of),
            Self::And(list) | Self::Or(list) | Self::AtLeast(_, list) => {
                let mut total = 0_u32;
                let mut costs: Vec<(u32, Self)> = std::mem::take(list)
                    .into_iter()
                    .map(|mut e| {
                        let cost = e.sort(cost_of);
                        total = total.saturating_add(cost);
                        (cost, e)
                    })
                    .collect();
                costs.sort_by_key(|(cost, _)| *cost);
                *list = costs.into_iter().map(|(_, e)| e).collect();
                total
            }
        }
    }

    /// Whether it may hold and whether it may not, where `knows` says the same of each test.
    pub(crate) fn may(&self, knows: &dyn Fn(u32) -> (bool, bool)) -> (bool, bool) {
        match self {
            Self::Test(t) => knows(*t),
            Self::Not(inner) => {
                let (holds, fails) = inner.may(knows);
                (fails, holds)
            }
            Self::And(list) => list.iter().fold((true, false), |(holds, fails), e| {
                let (may, may_not) = e.may(knows);
                (holds && may, fails || may_not)
            }),
            Self::Or(list) => list.iter().fold((false, true), |(holds, fails), e| {
                let (may, may_not) = e.may(knows);
                (holds || may, fails && may_not)
            }),
            Self::AtLeast(n, list) => {
                let all: Vec<_> = list.iter().map(|e| e.may(knows)).collect();
                let may = all.iter().filter(|(holds, _)| *holds).count() >= *n;
                let must = all.iter().filter(|(_, fails)| !fails).count() >= *n;
                (may, !must)
            }
        }
    }

    /// Calls `f` with every test, as often as it stands there.
    pub(crate) fn each(&self, f: &mut dyn FnMut(u32)) {
        match self {
            Self::Test(t) => f(*t),
            Self::Not(inner) => inner.each(f),
            Self::And(list) | Self::Or(list) | Self::AtLeast(_, list) => {
                for e in list {
                    e.each(f);
                }
            }
        }
    }
}

/// The best clause of an expression: its least rare test's rarity, and its tests.
pub(crate) fn clause(expr: &Expr, rarity: &dyn Fn(u32) -> Option<i64>) -> Option<(i64, Vec<u32>)> {
    let better = |a: (i64, Vec<u32>), b: (i64, Vec<u32>)| {
        if (b.0, a.1.len()) > (a.0, b.1.len()) { b } else { a }
    };
    match expr {
        Expr::Test(t) => rarity(*t).map(|r| (r, vec![*t])),
        Expr::Not(_) => None,
        Expr::And(list) => list.iter().filter_map(|e| clause(e, rarity)).reduce(better),
        // Nothing of an empty list ever holds: the empty clause wakes never.
        Expr::Or(list) | Expr::AtLeast(_, list) => {
            let mut out = (i64::MAX, Vec::new());
            for e in list {
                let (r, tests) = clause(e, rarity)?;
                out.0 = out.0.min(r);
                out.1.extend(tests);
            }
            Some(out)
        }
    }
}
