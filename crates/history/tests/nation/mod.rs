//! A synthetic nation's history with a fixed seed: the same for every month whenever it is made.
#![allow(dead_code, reason = "each test uses a part")]

use hangtu_history::{Accepted, Drill, Major, Risk};

pub(crate) const SCENARIOS: [&str; 4] = ["ransomware", "vuln_backdoor", "personnel", "remote_om"];
pub(crate) const LEVELS: [&str; 5] = ["light", "low", "medium", "high", "major"];
pub(crate) const REGIONS: [u32; 31] = [
    110000, 120000, 130000, 140000, 150000, 210000, 220000, 230000, 310000, 320000, 330000, 340000,
    350000, 360000, 370000, 410000, 420000, 430000, 440000, 450000, 460000, 500000, 510000, 520000,
    530000, 540000, 610000, 620000, 630000, 640000, 650000,
];
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Enterprises that submit each month.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nation {
    pub(crate) firms: u32,
    pub(crate) seed: u64,
}

/// The row of one scenario and level, in numbers.
pub(crate) struct Cell {
    pub(crate) scenario: usize,
    pub(crate) level: usize,
    pub(crate) counts: [i64; 5],
}

/// Year and month of the n-th month of history; the first is January 2017.
pub(crate) fn month(n: u32) -> (i64, i64) {
    (2017 + i64::from(n / 12), 1 + i64::from(n % 12))
}

/// Days from 1970 to the first of a month (Howard Hinnant's days from civil).
fn first_day(year: i64, month: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y - era * 400;
    let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Nation {
    fn draw(&self, firm: u32, month: u32, what: u64) -> u64 {
        mix(mix(mix(self.seed ^ u64::from(firm)) ^ u64::from(month)) ^ what)
    }

    /// Where an enterprise stands: its province (some have many) and its industry.
    pub(crate) fn place(&self, firm: u32) -> (u32, u32) {
        let d = self.draw(firm, 0, 1);
        let (a, b) = (d % 31, (d >> 8) % 31);
        (REGIONS[a.max(b) as usize], 13 + ((d >> 16) % 31) as u32)
    }

    /// Twenty rows: every scenario with every level.
    pub(crate) fn cells(&self, firm: u32, month: u32) -> impl Iterator<Item = Cell> + use<> {
        let nation = *self;
        (0..20).map(move |n| {
            let (scenario, level) = (n / 5, n % 5);
            let d = nation.draw(firm, month, 100 + n as u64);
            let most = [12, 9, 6, 3, 2][level];
            let open = (d % most) as i64;
            let overdue = if open > 0 { ((d >> 8) % (open as u64 + 1)) as i64 } else { 0 };
            let rest = [(d >> 16) % 2, (d >> 20) % 3, (d >> 24) % (2 * most)];
            Cell {
                scenario,
                level,
                counts: [open, overdue, rest[0] as i64, rest[1] as i64, rest[2] as i64],
            }
        })
    }

    pub(crate) fn accepted(&self, firm: u32, n: u32) -> Accepted {
        let (year, month) = month(n);
        let (region, industry) = self.place(firm);
        let d = self.draw(firm, n, 2);
        let accepted_at = (first_day(year, month) + 1) * DAY + (d % (26 * DAY as u64)) as i64;
        let as_of = accepted_at - DAY;
        let risks = self.cells(firm, n).map(|c| Risk {
            scenario: SCENARIOS[c.scenario].into(),
            level: LEVELS[c.level].into(),
            counts: c.counts,
            oldest_open: (c.counts[0] > 0).then_some(as_of - 30 * DAY),
        });
        let major = |k: u64| Major {
            id: format!("{:016x}", self.draw(firm, n / 4, 50 + k)),
            rule: "HT-0001".into(),
            scenario: SCENARIOS[(d >> 4) as usize % 4].into(),
            state: "open".into(),
            opened: as_of - ((d >> 10) % 90) as i64 * DAY,
            closed: (k == 1).then_some(as_of),
        };
        Accepted {
            credit_code: format!("91{region}{firm:010}"),
            region: region.to_string(),
            industry: industry.to_string(),
            revenue_band: "400m-1bn".into(),
            sequence: i64::from(n) + 1,
            as_of,
            accepted_at,
            month: format!("{year}-{month:02}"),
            graded: d.is_multiple_of(3),
            filed: d.is_multiple_of(5),
            assets: [40, 20, 15, 1, 4],
            runs: (d % 20) as i64,
            examined: Some(as_of - DAY),
            checks: [60, 40, 2, 8, 6, 4],
            training: [(d % 90) as i64, (d % 50) as i64, (d % 4) as i64],
            risks: risks.collect(),
            majors: (0..(d >> 40) % 3).map(major).collect(),
            drills: (d % 4 == 0)
                .then(|| Drill {
                    scenario: "ransomware".into(),
                    last: as_of - 10 * DAY,
                    score: Some((d % 101) as f64),
                    shortcomings_open: (d % 7) as i64,
                })
                .into_iter()
                .collect(),
        }
    }

    /// What is accepted in a month.
    pub(crate) fn submissions(&self, month: u32) -> Vec<Accepted> {
        (0..self.firms).map(|firm| self.accepted(firm, month)).collect()
    }
}
