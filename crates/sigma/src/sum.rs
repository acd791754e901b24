//! What the events of a window add up to.

use crate::{
    correlation::CorrelationKind,
    event::{Event, EventValue},
    relate::Plan,
};
use hangtu_record::Text;
use std::collections::{HashMap, HashSet, VecDeque};

/// Times kept of a window at least, to say how many there were.
const TIMES: usize = 256;
/// Times or numbers that take as much memory as an event.
const SMALL: usize = 8;

/// Kept up to date as events come and go. Windows that are judged whole forget all at once.
#[derive(Debug)]
pub(crate) enum Sum {
    /// Times of the newest events, as many as the bounds ask for.
    Times(VecDeque<i64>),
    /// How many, in a whole window.
    Count(u64),
    /// How often each value.
    Values(HashMap<Text, u32>),
    /// The different values of a whole window, as many as the bounds ask for.
    Different(HashSet<Text>),
    /// Last time of each rule.
    Seen(Vec<Option<i64>>),
    /// For each length of the sequence, the latest time at which one so long began.
    Chain(Vec<Option<i64>>),
    Total(f64),
    Mean(f64, u64),
    Sorted(Vec<f64>),
}

impl Sum {
    pub(crate) fn new(plan: &Plan) -> Self {
        match plan.kind {
            CorrelationKind::EventCount if plan.whole => Self::Count(0),
            CorrelationKind::EventCount => Self::Times(VecDeque::new()),
            CorrelationKind::ValueCount if plan.whole => Self::Different(HashSet::new()),
            CorrelationKind::ValueCount => Self::Values(HashMap::new()),
            CorrelationKind::Temporal => Self::Seen(vec![None; plan.inputs]),
            CorrelationKind::TemporalOrdered => Self::Chain(vec![None; plan.inputs]),
            CorrelationKind::ValueSum => Self::Total(0.0),
            CorrelationKind::ValueAvg => Self::Mean(0.0, 0),
            CorrelationKind::ValuePercentile | CorrelationKind::ValueMedian => {
                Self::Sorted(Vec::new())
            }
        }
    }

    /// What it holds beside the window, in events.
    pub(crate) fn held(&self) -> usize {
        match self {
            Self::Times(times) => times.len().div_ceil(SMALL),
            Self::Different(values) => values.len(),
            Self::Sorted(list) => list.len().div_ceil(SMALL),
            _ => 0,
        }
    }

    /// Adds an event; `false` when there was no room for it.
    pub(crate) fn enter(&mut self, plan: &Plan, event: &Event, cap: usize) -> bool {
        let at = usize::from(event.position);
        match (self, &event.value) {
            (Self::Times(times), _) => times.push_back(event.time),
            (Self::Count(count), _) => *count += u64::from(event.count),
            (Self::Values(counts), EventValue::Text(text)) => {
                *counts.entry(text.clone()).or_default() += 1;
            }
            // More than the bounds ask for change nothing.
            (Self::Different(values), EventValue::Text(text))
                if values.len() < plan.enough && !values.contains(text) =>
            {
                values.insert(text.clone());
            }
            (Self::Seen(times), _) => times[at] = Some(event.time),
            // Events of one moment come by their rule's place, so they follow each other.
            (Self::Chain(starts), _) => {
                let start = if at == 0 { Some(event.time) } else { starts[at - 1] };
                starts[at] = starts[at].max(start);
            }
            (Self::Total(total), EventValue::Number(n)) => *total += n,
            (Self::Mean(total, count), EventValue::Number(n)) => {
                *total += n;
                *count += 1;
            }
            (Self::Sorted(list), EventValue::Number(n)) => {
                if list.len() >= cap {
                    return false;
                }
                let at = list.partition_point(|m| m < n);
                list.insert(at, *n);
            }
            _ => {}
        }
        true
    }

    /// Takes away an event that left the window; `last` when none is left in it.
    pub(crate) fn leave(&mut self, event: &Event, last: bool) {
        match (self, &event.value) {
            (Self::Values(counts), EventValue::Text(text)) => {
                if let Some(count) = counts.get_mut(text) {
                    *count -= 1;
                    if *count == 0 {
                        counts.remove(text);
                    }
                }
            }
            // An empty window starts anew, so rounding does not add up for ever.
            (Self::Total(total), EventValue::Number(n)) => {
                *total = if last { 0.0 } else { *total - n };
            }
            _ => {}
        }
    }

    /// Forgets times before `oldest`.
    pub(crate) fn forget_before(&mut self, oldest: i64) {
        if let Self::Times(times) = self {
            while times.front().is_some_and(|time| *time < oldest) {
                times.pop_front();
            }
        }
    }

    /// Drops the times that decide nothing: as many newer ones are there as the bounds ask for.
    pub(crate) fn trim(&mut self, plan: &Plan) {
        if let Self::Times(times) = self {
            let extra = times.len().saturating_sub(plan.enough.max(TIMES));
            times.drain(..extra);
        }
    }

    /// Whether nothing from `oldest` on is remembered beside the window.
    pub(crate) fn idle(&self, oldest: i64) -> bool {
        match self {
            Self::Seen(times) | Self::Chain(times) => times.iter().flatten().all(|t| *t < oldest),
            _ => true,
        }
    }

    /// What a window that begins at `oldest` adds up to.
    pub(crate) fn measure(&self, plan: &Plan, oldest: i64) -> f64 {
        let fresh = |time: &Option<i64>| time.is_some_and(|t| t >= oldest);
        match self {
            Self::Times(times) => times.len() as f64,
            Self::Count(count) => *count as f64,
            Self::Values(counts) => counts.len() as f64,
            Self::Different(values) => values.len() as f64,
            Self::Seen(times) => times.iter().filter(|t| fresh(t)).count() as f64,
            Self::Chain(starts) => starts.iter().rposition(fresh).map_or(0, |at| at + 1) as f64,
            Self::Total(total) => *total,
            Self::Mean(total, count) => total / (*count).max(1) as f64,
            Self::Sorted(list) => match plan.kind {
                CorrelationKind::ValueMedian => median(list),
                _ => percentile(list, plan.condition.percentile),
            },
        }
    }

    /// Up to when a condition that holds at `now` would hold without further events, where that is
    /// known to the moment; else `now`.
    pub(crate) fn until(&self, plan: &Plan, now: i64) -> i64 {
        let Self::Seen(times) = self else { return now };
        let mut times: Vec<i64> = times.iter().flatten().copied().collect();
        times.sort_unstable();
        // Whole windows do not slide.
        let at = times.len().checked_sub(plan.enough).filter(|_| !plan.whole);
        let last = at.and_then(|at| times.get(at));
        last.map_or(now, |time| time.saturating_add(plan.timespan))
    }
}

fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    match sorted.get(half) {
        None => 0.0,
        Some(high) if sorted.len() % 2 == 1 => *high,
        Some(high) => f64::midpoint(sorted[half - 1], *high),
    }
}

/// Nearest rank: the smallest value that so many percent do not exceed.
fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}
