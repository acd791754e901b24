//! What the answers of many say about the questions (classical test theory).
//!
//! Candidates sit different papers, so that each question is held against the share of points that
//! its candidates won on the *rest* of their papers.

use super::{ItemMark, Points};
use hangtu_catalog::{
    ItemRule,
    course::{Kind, Question},
};
use serde::Serialize;

/// One marked paper.
#[derive(Clone, Copy, Debug)]
pub struct Sat<'a> {
    /// Its questions.
    pub items: &'a [ItemMark],
}

/// What the answers say about one question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ItemStatistics {
    /// The question.
    pub question: String,
    /// Candidates who met it.
    pub candidates: u32,
    /// Share of points won, 0 to 1 (p): a high one is an easy question.
    pub difficulty: f64,
    /// Correlation of the points with those on the rest of the paper, −1 to 1 (point-biserial,
    /// corrected for the question itself). None where either does not vary.
    pub discrimination: Option<f64>,
    /// Share of points won by the best 27 % of candidates, less that of the weakest 27 % (Kelley).
    pub upper_lower: Option<f64>,
    /// How often each option was chosen; empty for order questions.
    pub options: Vec<OptionCount>,
    /// What is suspicious; empty below the least number of candidates.
    pub flags: Vec<Flag>,
}

/// How often an option was chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OptionCount {
    /// Whether it is right.
    pub right: bool,
    /// By all candidates.
    pub chosen: u32,
    /// Share of the best 27 % who chose it.
    pub upper: f64,
    /// Share of the weakest 27 % who chose it.
    pub lower: f64,
}

/// Why a question should be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Hardly anybody wins points.
    TooHard,
    /// Nearly everybody wins all points.
    TooEasy,
    /// Those who know win hardly more than those who do not.
    LowDiscrimination,
    /// Those who know win less: the key may be wrong, or the question ambiguous.
    NegativeDiscrimination,
    /// A wrong option (its place in the bank) that hardly anybody chooses.
    IdleDistractor(u8),
    /// A wrong option (its place in the bank) that the best choose more often than the weakest.
    TemptsTheBest(u8),
}

/// Share of the candidates in the upper and in the lower group (Kelley 1939).
const GROUP: f64 = 0.27;

struct Seen<'a> {
    mark: &'a ItemMark,
    own: f64,
    rest: f64,
    total: f64,
}

/// What the answers of `sat` say about `question`. The order of papers changes nothing.
pub fn statistics(question: &Question, sat: &[Sat<'_>], rule: &ItemRule) -> ItemStatistics {
    let mut seen: Vec<Seen<'_>> = Vec::new();
    for paper in sat {
        let Some(mark) = paper.items.iter().find(|i| i.question == question.id) else { continue };
        let won: Points = paper.items.iter().map(|i| i.points).sum();
        let (own, n) = (mark.points.share(), paper.items.len() as f64);
        let rest = if n > 1.0 { (won.share() - own) / (n - 1.0) } else { 0.0 };
        seen.push(Seen { mark, own, rest, total: won.share() / n });
    }
    seen.sort_by(|a, b| {
        a.total
            .total_cmp(&b.total)
            .then(a.own.total_cmp(&b.own))
            .then_with(|| a.mark.chosen.cmp(&b.mark.chosen))
    });
    let candidates = seen.len() as u32;
    let mean = |f: &dyn Fn(&Seen<'_>) -> f64| match seen.len() {
        0 => 0.0,
        n => seen.iter().map(f).sum::<f64>() / n as f64,
    };
    let difficulty = mean(&|s| s.own);
    let discrimination = correlation(&seen);
    let lower = group(&seen, false);
    let upper = group(&seen, true);
    let share = |group: &[(usize, f64)], f: &dyn Fn(&Seen<'_>) -> f64| {
        let weight: f64 = group.iter().map(|(_, w)| w).sum();
        let sum: f64 = group.iter().map(|(n, w)| w * f(&seen[*n])).sum();
        if weight > 0.0 { sum / weight } else { 0.0 }
    };
    let upper_lower =
        (seen.len() >= 4).then(|| share(&upper, &|s| s.own) - share(&lower, &|s| s.own));
    let option = |(option, n): (&hangtu_catalog::course::Step, u8)| {
        let chose = |s: &Seen<'_>| if s.mark.chosen.contains(&n) { 1.0 } else { 0.0 };
        OptionCount {
            right: option.right,
            chosen: seen.iter().filter(|s| s.mark.chosen.contains(&n)).count() as u32,
            upper: share(&upper, &chose),
            lower: share(&lower, &chose),
        }
    };
    let options: Vec<OptionCount> = match question.kind {
        Kind::Order => Vec::new(),
        Kind::Single | Kind::Multiple => question.options.iter().zip(0u8..).map(option).collect(),
    };
    let mut all = ItemStatistics {
        question: question.id.clone(),
        candidates,
        difficulty,
        discrimination,
        upper_lower,
        options,
        flags: Vec::new(),
    };
    if candidates >= rule.least {
        all.flags = flags(&all, rule);
    }
    all
}

fn flags(all: &ItemStatistics, rule: &ItemRule) -> Vec<Flag> {
    let mut out = Vec::new();
    if all.difficulty < rule.too_hard {
        out.push(Flag::TooHard);
    }
    if all.difficulty > rule.too_easy {
        out.push(Flag::TooEasy);
    }
    match all.discrimination {
        Some(r) if r < 0.0 => out.push(Flag::NegativeDiscrimination),
        Some(r) if r < rule.discrimination => out.push(Flag::LowDiscrimination),
        _ => {}
    }
    for (option, n) in all.options.iter().zip(0u8..).filter(|(o, _)| !o.right) {
        if f64::from(option.chosen) < rule.distractor * f64::from(all.candidates) {
            out.push(Flag::IdleDistractor(n));
        } else if option.upper > option.lower {
            out.push(Flag::TemptsTheBest(n));
        }
    }
    out
}

/// Pearson's correlation of the points with those on the rest.
fn correlation(seen: &[Seen<'_>]) -> Option<f64> {
    let n = seen.len() as f64;
    if seen.len() < 3 {
        return None;
    }
    let (x, y) =
        (seen.iter().map(|s| s.own).sum::<f64>() / n, seen.iter().map(|s| s.rest).sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for s in seen {
        xx += (s.own - x) * (s.own - x);
        yy += (s.rest - y) * (s.rest - y);
        xy += (s.own - x) * (s.rest - y);
    }
    let product = xx * yy;
    (product > 1e-12).then(|| (xy / product.sqrt()).clamp(-1.0, 1.0))
}

/// The best or the weakest 27 %, with weights: candidates of equal totals at the edge share what
/// is left of the group, so that their order decides nothing.
fn group(seen: &[Seen<'_>], best: bool) -> Vec<(usize, f64)> {
    let mut left = GROUP * seen.len() as f64;
    let mut out = Vec::new();
    let at = |n: usize| if best { seen.len() - 1 - n } else { n };
    let mut n = 0;
    while n < seen.len() && left > 1e-9 {
        let total = seen[at(n)].total;
        let same =
            (n..seen.len()).take_while(|m| (seen[at(*m)].total - total).abs() < 1e-9).count();
        let weight = (left / same as f64).min(1.0);
        out.extend((n..n + same).map(|m| (at(m), weight)));
        left -= weight * same as f64;
        n += same;
    }
    out
}
