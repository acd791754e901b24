//! Marking.

use super::{Answer, Attempt, DrawError};
use hangtu_catalog::{
    Marking, MultipleRule, OrderRule,
    course::{Course, Kind, Question},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Points, exactly: a question is worth [`Points::ONE`]. Shares of 2 to 8 options are whole numbers
/// of these, so that no rounding decides over passing.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Points(u32);

impl Points {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// What one question is worth.
    pub const ONE: Self = Self(840);

    /// The share of a question, 0 to 1 for one question.
    pub fn share(self) -> f64 {
        f64::from(self.0) / f64::from(Self::ONE.0)
    }

    fn of(part: usize, whole: usize) -> Self {
        if whole == 0 { Self::ZERO } else { Self(Self::ONE.0 * part as u32 / whole as u32) }
    }
}

impl std::iter::Sum for Points {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        Self(all.map(|p| p.0).sum())
    }
}

/// A marked paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marked {
    /// Each question, in the order of the paper.
    pub items: Vec<ItemMark>,
    /// Points won.
    pub points: Points,
    /// Points possible.
    pub possible: Points,
    /// Percent of the possible points, rounded down.
    pub percent: u8,
    /// Whether it passes; decided on exact points, not on the rounded percent.
    pub passed: bool,
    /// Course and topic → what was won there.
    pub topics: Vec<TopicMark>,
}

/// What was won in one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicMark {
    /// The course.
    pub course: String,
    /// The topic.
    pub topic: String,
    /// Points won.
    pub points: Points,
    /// Questions asked.
    pub questions: u16,
}

/// One question of a marked paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemMark {
    /// The question.
    pub question: String,
    /// What was chosen, as places in the bank; of an order question, the order given.
    pub chosen: Vec<u8>,
    /// Points won.
    pub points: Points,
}

/// Points for one question. `chosen` names places in the bank.
pub fn points(question: &Question, chosen: &[u8], rule: Marking) -> Points {
    let right = question.right();
    let whole = {
        let mut sorted = chosen.to_vec();
        if question.kind != Kind::Order {
            sorted.sort_unstable();
        }
        sorted == right
    };
    if whole {
        return Points::ONE;
    }
    match question.kind {
        Kind::Single => Points::ZERO,
        Kind::Multiple if rule.multiple == MultipleRule::AllOrNothing => Points::ZERO,
        Kind::Multiple => {
            let hits = chosen.iter().filter(|n| right.contains(n)).count();
            let misses = chosen.len() - hits;
            let won = Points::of(hits, right.len()).0;
            let lost = Points::of(misses, question.options.len() - right.len()).0;
            Points(won.saturating_sub(lost))
        }
        Kind::Order if rule.order == OrderRule::AllOrNothing => Points::ZERO,
        Kind::Order => {
            let pairs = chosen.windows(2).filter(|w| w[0].checked_add(1) == Some(w[1])).count();
            Points::of(pairs, question.options.len().saturating_sub(1))
        }
    }
}

/// Marks an attempt as it stands. Questions without an answer win nothing.
pub fn mark(attempt: &Attempt, courses: &[Course], rule: Marking) -> Result<Marked, DrawError> {
    let mut items = Vec::with_capacity(attempt.paper().items.len());
    let mut topics: BTreeMap<(&str, &str), (Points, u16)> = BTreeMap::new();
    for (item, number) in attempt.paper().items.iter().zip(0u16..) {
        let question = item.find(courses)?;
        let shown = attempt.answer(number).map(Answer::places).unwrap_or_default();
        let chosen: Vec<u8> =
            shown.iter().filter_map(|n| item.options.get(usize::from(*n)).copied()).collect();
        let won = points(question, &chosen, rule);
        let topic = topics.entry((&item.course, &question.topic)).or_default();
        topic.0 = [topic.0, won].into_iter().sum();
        topic.1 += 1;
        items.push(ItemMark { question: item.question.clone(), chosen, points: won });
    }
    let won: Points = items.iter().map(|i| i.points).sum();
    let possible: Points = items.iter().map(|_| Points::ONE).sum();
    let (exact, all) = (u64::from(won.0) * 100, u64::from(possible.0));
    let pass = u64::from(attempt.blueprint().pass_percent);
    let topics = topics.into_iter().map(|((course, topic), (points, questions))| TopicMark {
        course: course.to_owned(),
        topic: topic.to_owned(),
        points,
        questions,
    });
    Ok(Marked {
        topics: topics.collect(),
        points: won,
        possible,
        percent: exact.checked_div(all).unwrap_or(0) as u8,
        passed: all > 0 && exact >= pass * all,
        items,
    })
}
