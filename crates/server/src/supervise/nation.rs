//! A synthetic nation for measurements: enterprises with realistic distributions, the same for the
//! same seed, brought in by the functions that bring in real ones.

use super::{
    facts::{Data, DrillFact, Examination, Facts, Major, Organisation, Risk, Training, VERSION},
    picture,
};
use crate::{
    Config, clock,
    clock::DAY,
    db::{Actor, Db},
    error::Error,
};
use hangtu_catalog::{Catalog, CreditCodeError, Level, Scenario, credit_code, sha256};
use std::{
    fmt::Write,
    time::{Duration, Instant},
};

/// Enterprises that exist nowhere.
#[derive(Clone, Copy, Debug)]
pub struct Nation {
    /// The same seed makes the same nation.
    pub seed: u64,
    /// How many enterprises.
    pub enterprises: usize,
}

/// How many packages were taken in, and in which time.
#[derive(Clone, Copy, Debug)]
pub struct Intake {
    /// Packages, each in a change of its own.
    pub packages: usize,
    /// Bytes of their facts.
    pub bytes: usize,
    /// How long it took.
    pub took: Duration,
}

/// A sequence of numbers that looks random (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Below `n`.
    fn below(&mut self, n: u32) -> u32 {
        (self.share() * f64::from(n)) as u32
    }

    /// Most are small and a few are very large: exp of a normal distribution.
    fn skewed(&mut self, middle: f64, spread: f64) -> f64 {
        let normal = (0..12).map(|_| self.share()).sum::<f64>() - 6.0;
        middle * (spread * normal).exp()
    }

    fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut left = self.below(weights.iter().sum());
        let at = weights.iter().position(|w| {
            let here = left < *w;
            left = left.saturating_sub(*w);
            here
        });
        at.unwrap_or(0)
    }
}

/// Roughly how many above-scale enterprises a region has, in thousands.
fn weight(region: &str) -> u32 {
    match region {
        "440000" | "320000" => 60,
        "330000" => 50,
        "370000" | "410000" => 30,
        "340000" | "420000" | "430000" | "350000" | "510000" | "130000" => 20,
        "440300" | "310000" | "330200" | "360000" | "210000" | "500000" => 10,
        "540000" | "460000" | "630000" | "660000" => 1,
        _ => 5,
    }
}

/// Roughly how common a division is.
fn common(industry: &str) -> u32 {
    match industry {
        "13" | "26" | "30" | "33" | "34" | "35" | "38" | "39" => 30,
        "17" | "18" | "29" | "36" | "31" | "44" => 12,
        "07" | "16" | "12" | "11" => 1,
        _ => 5,
    }
}

/// One of the enterprises.
struct Firm {
    code: String,
    name: String,
    region: String,
    industry: String,
    revenue: u64,
}

impl Nation {
    fn dice(&self, about: u64, number: usize) -> Dice {
        let mut dice = Dice(self.seed ^ about.wrapping_mul(0x1000_0001) ^ ((number as u64) << 20));
        dice.roll();
        dice
    }

    fn firm(&self, catalog: &Catalog, number: usize) -> Firm {
        let mut dice = self.dice(1, number);
        let regions: Vec<u32> = catalog.regions.iter().map(|r| weight(&r.code)).collect();
        let region = &catalog.regions[dice.weighted(&regions)];
        let divisions: Vec<_> = catalog.industries.iter().filter(|i| i.section.is_some()).collect();
        let weights: Vec<u32> = divisions.iter().map(|i| common(&i.code)).collect();
        let industry = divisions[dice.weighted(&weights)];
        // A code with a wrong last character says what the right one is.
        let start = format!("91{}MA{number:07}", region.code);
        let code = match credit_code(&format!("{start}0")) {
            Ok(code) => code.as_str().to_owned(),
            Err(CreditCodeError::Check { expected, .. }) => format!("{start}{expected}"),
            Err(_) => String::new(),
        };
        let zh: String = industry.name.zh.chars().take(4).collect();
        Firm {
            code,
            name: format!("{}{zh}示例{number}号有限公司", region.name.zh),
            region: region.code.clone(),
            industry: industry.code.clone(),
            revenue: dice.skewed(60_000_000.0, 1.3) as u64,
        }
    }

    /// The roster as a table to import.
    pub fn roster(&self, year: i16) -> Result<String, String> {
        let catalog = Catalog::embedded().map_err(|e| e.to_string())?;
        let mut out = format!("统一社会信用代码,企业名称,地区,行业,{year}年营业收入\n");
        for number in 0..self.enterprises {
            let f = self.firm(&catalog, number);
            let row = (f.code, f.name, f.region, f.industry, f.revenue);
            // Writing to a string does not fail.
            let _ = writeln!(out, "{},{},{},{},{}", row.0, row.1, row.2, row.3, row.4);
        }
        Ok(out)
    }

    /// What an enterprise submits in a round; some never do, and some only in the first one.
    fn facts(&self, catalog: &Catalog, number: usize, round: u64, now: i64) -> Option<Facts> {
        let firm = self.firm(catalog, number);
        let mut fate = self.dice(2, number);
        if fate.share() < 0.18 {
            return None;
        }
        let stale = fate.share() < 0.08;
        let mut dice = self.dice(3 + round, number);
        let age = if stale { 150 + i64::from(dice.below(100)) } else { i64::from(dice.below(60)) };
        let as_of = now - age * DAY + round as i64 * clock::SECOND;
        let assets = dice.skewed(60.0, 0.9).min(5_000.0) as u32 + 1;
        let important = if dice.share() < 0.25 { dice.below(assets / 4 + 1) } else { 0 };
        let ungraded = if dice.share() < 0.3 { dice.below(assets - important + 1) } else { 0 };
        let filed = important > 0 && dice.share() < 0.8;
        let data = Data {
            assets,
            general: assets - important - ungraded,
            important,
            core: 0,
            ungraded,
            filed,
            filing_number: if filed { format!("备案-{number}") } else { String::new() },
            filing_date: None,
        };
        let total = 120;
        let not_applicable = dice.below(30);
        let measured = dice.below(total - not_applicable + 1);
        let errored = dice.below((total - not_applicable - measured).min(5) + 1);
        let runs = dice.below(40);
        let examination = Examination {
            runs,
            last: (runs > 0).then_some(as_of - DAY),
            checks_total: total,
            checks_measured: measured,
            checks_errored: errored,
            checks_stale: 0,
            checks_never: total - not_applicable - measured - errored,
            not_applicable,
        };
        let mut facts = Facts {
            version: VERSION,
            organisation: Organisation {
                name: firm.name,
                credit_code: firm.code,
                region: firm.region,
                industry: firm.industry,
                revenue_band: "100m-400m".into(),
            },
            as_of,
            data,
            examination,
            ..Facts::default()
        };
        risks(&mut dice, &mut facts, number);
        let times = dice.skewed(8.0, 1.0) as u32;
        facts.training = Training {
            person_times: times,
            persons: times - times / 3,
            professionals: u32::from(dice.share() < 0.12),
        };
        Some(facts)
    }

    /// Lets the enterprises submit: every package is accepted in a change of its own, as one is
    /// that came over the network. The first day's figures are kept as if it had gone on for a month.
    pub async fn submit(&self, config: &Config, round: u64, most: usize) -> Result<Intake, String> {
        self.submitted(config, round, most).await.map_err(|e| format!("{e:?}"))
    }

    async fn submitted(&self, config: &Config, round: u64, most: usize) -> Result<Intake, Error> {
        let url = config.database_url.clone().unwrap_or_else(|| Db::embedded(&config.data));
        let db = Db::open(&url).await?;
        let supervisor: Option<(String,)> =
            sqlx::query_as("SELECT id FROM organisation WHERE kind <> 'enterprise'")
                .fetch_optional(&mut *db.read().await?)
                .await?;
        let supervisor = supervisor.ok_or(Error::NotFound)?.0;
        let catalog = Catalog::embedded().map_err(Error::internal)?;
        // The same packages all day long: again means again.
        let (begin, now) = (Instant::now(), clock::now() / DAY * DAY);
        let mut intake = Intake { packages: 0, bytes: 0, took: Duration::ZERO };
        let step = (self.enterprises / 30).max(1);
        for number in 0..self.enterprises {
            if intake.packages >= most {
                break;
            }
            let Some(facts) = self.facts(&catalog, number, round, now) else { continue };
            intake.bytes += serde_json::to_vec(&facts).map_err(Error::internal)?.len();
            let mut change = db.change(&Actor::system(&supervisor)).await?;
            let code = &facts.organisation.credit_code;
            let newer = picture::take_in(&mut change, &supervisor, code, &facts).await?;
            if round == 0 && number % step == 0 {
                let day = clock::day(now - (30 - (number / step) as i64) * DAY).to_string();
                picture::keep_day(&mut change, &supervisor, &day).await?;
            }
            intake.packages += 1;
            // What was held already changes nothing, and leaves nothing to enter.
            if newer {
                change.commit().await?;
            }
        }
        intake.took = begin.elapsed();
        db.close().await;
        Ok(intake)
    }
}

/// Findings of a plant: about two hundred open ones in the middle, most of them of little weight.
fn risks(dice: &mut Dice, facts: &mut Facts, number: usize) {
    let size = dice.skewed(140.0, 0.8);
    for scenario in Scenario::ALL {
        for (rank, level) in Level::ALL.into_iter().enumerate() {
            let middle = size / 4.0 * [0.4, 0.3, 0.2, 0.08, 0.02][rank.min(4)];
            let open = dice.skewed(middle, 0.5) as u32;
            let risk = Risk {
                scenario: scenario.name().into(),
                level: level.name().into(),
                open,
                overdue: dice.below(open / 3 + 1),
                accepted: dice.below(open / 10 + 1),
                corrected: dice.below(open / 4 + 1),
                proven: dice.below(open * 2 + 1),
                oldest_open: (open > 0).then(|| facts.as_of - i64::from(dice.below(500)) * DAY),
            };
            if level == Level::Major {
                for n in 0..risk.open.min(50) {
                    let name = format!("{number}/{}/{n}", scenario.name());
                    let closed = dice.share() < 0.4;
                    facts.majors.push(Major {
                        id: sha256(name.as_bytes()),
                        rule: format!("rule-{}", dice.below(224)),
                        scenario: scenario.name().into(),
                        state: if closed { "closed" } else { "open" }.into(),
                        found: facts.as_of - i64::from(dice.below(700)) * DAY,
                        closed: closed.then_some(facts.as_of),
                    });
                }
            }
            facts.risks.push(risk);
        }
        if dice.share() < 0.3 {
            facts.drills.push(DrillFact {
                scenario: scenario.name().into(),
                last: facts.as_of - i64::from(dice.below(300)) * DAY,
                score: Some(f64::from(dice.below(1000)) / 10.0),
                shortcomings_open: dice.below(8),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_nation_and_it_holds() {
        let nation = Nation { seed: 7, enterprises: 300 };
        assert_eq!(nation.roster(2025).unwrap(), nation.roster(2025).unwrap());
        let catalog = Catalog::embedded().unwrap();
        let mut submitted = 0;
        for number in 0..300 {
            let Some(facts) = nation.facts(&catalog, number, 0, 1_790_000_000_000_000) else {
                continue;
            };
            assert_eq!(facts.fault(), None);
            assert!(credit_code(&facts.organisation.credit_code).is_ok());
            submitted += 1;
        }
        assert!((200..290).contains(&submitted), "{submitted}");
    }
}
