//! One group of one correlation: its events in time order and what they add up to.
//!
//! Events wait in `pending` until they are settled, in the order of time whatever the order they
//! came in. Settling slides a window over them: at each moment with events the window holds those
//! not older than the timespan. Events of one moment enter together, so their order is nothing.

use crate::{correlation::CorrelationKind, relate::Plan};
use hangtu_record::{Origin, Text, Time};
use std::{
    cmp::Ordering,
    collections::{HashMap, VecDeque},
};

/// Origins kept of each detection.
const SAMPLES: usize = 5;

/// What a correlation keeps of a record.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) time: i64,
    pub(crate) position: u16,
    pub(crate) origin: Origin,
    pub(crate) value: EventValue,
    pub(crate) carry: Option<Box<[Option<Text>]>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum EventValue {
    None,
    Text(Text),
    Number(f64),
}

impl Event {
    const fn place(&self) -> (Time, Origin) {
        (Time(self.time), self.origin)
    }

    /// Time first; the rest makes equal sets of events equal lists.
    fn order(&self, other: &Self) -> Ordering {
        let value = || match (&self.value, &other.value) {
            (EventValue::Text(a), EventValue::Text(b)) => a.cmp(b),
            (EventValue::Number(a), EventValue::Number(b)) => a.total_cmp(b),
            _ => Ordering::Equal,
        };
        (self.time, self.position, self.origin)
            .cmp(&(other.time, other.position, other.origin))
            .then_with(value)
            .then_with(|| self.carry.cmp(&other.carry))
    }
}

/// A detection that may still grow.
#[derive(Clone, Debug)]
pub(crate) struct Burst {
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) met: i64,
    pub(crate) count: u64,
    pub(crate) value: f64,
    pub(crate) samples: Vec<(Time, Origin)>,
    pub(crate) carry: Option<Box<[Option<Text>]>>,
}

/// What settling brought to light.
#[derive(Debug, Default)]
pub(crate) struct Bursts {
    /// As they stood when their condition was met: what correlations above see.
    pub(crate) begun: Vec<Burst>,
    /// Complete.
    pub(crate) ended: Vec<Burst>,
}

/// What the window's events add up to, kept up to date as they come and go.
#[derive(Debug)]
enum Sum {
    Count,
    Values(HashMap<Text, u32>),
    /// Last time of each rule.
    Seen(Vec<Option<i64>>),
    /// For each length of the sequence, the latest time at which one so long began.
    Chain(Vec<Option<i64>>),
    Total(f64),
    Sorted(Vec<f64>),
}

/// The state of a group.
#[derive(Debug)]
pub(crate) struct Group {
    pending: Vec<Event>,
    window: VecDeque<Event>,
    sum: Sum,
    burst: Option<Burst>,
    /// Up to here events are settled.
    settled: i64,
    /// Time of the last event that the cap pushed out of the window.
    pushed_out: i64,
}

impl Group {
    pub(crate) fn new(plan: &Plan) -> Self {
        let sum = match plan.kind {
            CorrelationKind::EventCount => Sum::Count,
            CorrelationKind::ValueCount => Sum::Values(HashMap::new()),
            CorrelationKind::Temporal => Sum::Seen(vec![None; plan.inputs]),
            CorrelationKind::TemporalOrdered => Sum::Chain(vec![None; plan.inputs]),
            CorrelationKind::ValueSum | CorrelationKind::ValueAvg => Sum::Total(0.0),
            CorrelationKind::ValuePercentile | CorrelationKind::ValueMedian => {
                Sum::Sorted(Vec::new())
            }
        };
        let (pending, window) = (Vec::new(), VecDeque::new());
        Self { pending, window, sum, burst: None, settled: i64::MIN, pushed_out: i64::MIN }
    }

    /// Events held.
    pub(crate) fn len(&self) -> usize {
        self.pending.len() + self.window.len()
    }

    pub(crate) const fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// Takes an event; `false` when it comes after its time was settled.
    pub(crate) fn push(&mut self, event: Event) -> bool {
        let in_time = event.time >= self.settled;
        if in_time {
            self.pending.push(event);
        }
        in_time
    }

    /// Settles the older half. Returns how many events the cap pushed out.
    pub(crate) fn settle_half(&mut self, plan: &Plan, cap: usize, out: &mut Bursts) -> u64 {
        self.pending.sort_by(Event::order);
        let middle = self.pending.get(self.pending.len() / 2).map_or(i64::MAX, |e| e.time);
        self.settle(plan, middle, cap, out)
    }

    /// Settles all events up to a time. Returns how many events the cap pushed out.
    pub(crate) fn settle(&mut self, plan: &Plan, upto: i64, cap: usize, out: &mut Bursts) -> u64 {
        self.pending.sort_by(Event::order);
        let end = self.pending.partition_point(|e| e.time <= upto);
        let mut pushed_out = 0;
        let mut events: VecDeque<Event> = self.pending.drain(..end).collect();
        while let Some(now) = events.front().map(|e| e.time) {
            self.forget_before(now.saturating_sub(plan.timespan));
            while let Some(event) = events.pop_front_if(|e| e.time == now) {
                self.enter(event);
                if self.window.len() > cap {
                    self.pushed_out = self.window.front().map_or(now, |e| e.time);
                    self.leave();
                    pushed_out += 1;
                }
            }
            self.settled = now;
            let value = self.measure(plan, now);
            if plan.condition.holds(value) {
                self.met(plan, now, value, out);
            }
        }
        pushed_out
    }

    /// Drops what a window at `newest` no longer holds; `true` when nothing is left to wait for.
    pub(crate) fn expire(&mut self, plan: &Plan, newest: i64, out: &mut Bursts) -> bool {
        let oldest = newest.saturating_sub(plan.timespan);
        self.forget_before(oldest);
        let over = self.len() == 0 && self.burst.as_ref().is_none_or(|b| b.last < oldest);
        if over {
            out.ended.extend(self.burst.take());
        }
        over
    }

    /// The last detection.
    pub(crate) fn finish(mut self, plan: &Plan, cap: usize, out: &mut Bursts) -> u64 {
        let pushed_out = self.settle(plan, i64::MAX, cap, out);
        out.ended.extend(self.burst);
        pushed_out
    }

    fn enter(&mut self, event: Event) {
        let at = usize::from(event.position);
        match (&mut self.sum, &event.value) {
            (Sum::Values(counts), EventValue::Text(text)) => {
                *counts.entry(text.clone()).or_default() += 1;
            }
            (Sum::Seen(times), _) => times[at] = Some(event.time),
            // Events of one moment come by their rule's place, so they follow each other.
            (Sum::Chain(starts), _) => {
                let start = if at == 0 { Some(event.time) } else { starts[at - 1] };
                starts[at] = starts[at].max(start);
            }
            (Sum::Total(total), EventValue::Number(n)) => *total += n,
            (Sum::Sorted(list), EventValue::Number(n)) => {
                let at = list.partition_point(|m| m < n);
                list.insert(at, *n);
            }
            _ => {}
        }
        self.window.push_back(event);
    }

    fn leave(&mut self) {
        let Some(event) = self.window.pop_front() else { return };
        match (&mut self.sum, &event.value) {
            (Sum::Values(counts), EventValue::Text(text)) => {
                if let Some(count) = counts.get_mut(text) {
                    *count -= 1;
                    if *count == 0 {
                        counts.remove(text);
                    }
                }
            }
            // An empty window starts anew, so rounding does not add up for ever.
            (Sum::Total(total), EventValue::Number(n)) => {
                *total = if self.window.is_empty() { 0.0 } else { *total - n };
            }
            (Sum::Sorted(list), EventValue::Number(n)) => {
                let at = list.partition_point(|m| m < n);
                if at < list.len() {
                    list.remove(at);
                }
            }
            _ => {}
        }
    }

    fn forget_before(&mut self, oldest: i64) {
        while self.window.front().is_some_and(|e| e.time < oldest) {
            self.leave();
        }
    }

    fn measure(&self, plan: &Plan, now: i64) -> f64 {
        let oldest = now.saturating_sub(plan.timespan);
        let fresh = |time: &Option<i64>| time.is_some_and(|t| t >= oldest);
        match &self.sum {
            Sum::Count => self.window.len() as f64,
            Sum::Values(counts) => counts.len() as f64,
            Sum::Seen(times) => times.iter().filter(|t| fresh(t)).count() as f64,
            Sum::Chain(starts) => starts.iter().rposition(fresh).map_or(0, |at| at + 1) as f64,
            Sum::Total(total) => match plan.kind {
                CorrelationKind::ValueAvg => total / self.window.len().max(1) as f64,
                _ => *total,
            },
            Sum::Sorted(list) => match plan.kind {
                CorrelationKind::ValueMedian => median(list),
                _ => percentile(list, plan.condition.percentile),
            },
        }
    }

    /// The condition holds: opens a detection, or extends the last when it shares events.
    fn met(&mut self, plan: &Plan, now: i64, value: f64, out: &mut Bursts) {
        // Events the cap pushed out were in the window; forgetting them must not split a burst.
        let full = self.pushed_out >= now.saturating_sub(plan.timespan);
        let front = self.window.front().map_or(now, |e| e.time);
        let first = if full { self.pushed_out } else { front };
        if let Some(burst) = &mut self.burst
            && first <= burst.last
        {
            let known = self.window.partition_point(|e| e.time <= burst.last);
            burst.count += (self.window.len() - known) as u64;
            let room = SAMPLES.saturating_sub(burst.samples.len());
            burst.samples.extend(self.window.range(known..).take(room).map(Event::place));
            burst.last = now;
            burst.value = burst.value.max(value);
            return;
        }
        out.ended.extend(self.burst.take());
        let burst = Burst {
            first,
            last: now,
            met: now,
            count: self.window.len() as u64,
            value,
            samples: self.window.iter().take(SAMPLES).map(Event::place).collect(),
            // What one of the events at the moment of meeting says, the same one each run.
            carry: self.window.iter().rev().find_map(|e| e.carry.clone()),
        };
        out.begun.push(burst.clone());
        self.burst = Some(burst);
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
