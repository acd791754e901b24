//! What correlations keep of records, and how many of them stay few.

use hangtu_record::{Origin, Text, Time};
use std::{cmp::Ordering, collections::VecDeque};

/// Origins kept of each detection.
pub(crate) const SAMPLES: usize = 5;
/// Parts of a timespan, of each of which two events of a rule are kept where there are many.
const PARTS: i64 = 32;

/// What a correlation keeps of a record.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) time: i64,
    pub(crate) position: u16,
    /// Records it stands for.
    pub(crate) count: u32,
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
    pub(crate) const fn place(&self) -> (Time, Origin) {
        (Time(self.time), self.origin)
    }

    /// Stands for another as well.
    pub(crate) const fn join(&mut self, count: u32) {
        self.count = self.count.saturating_add(count);
    }

    /// Time first; the rest makes equal sets of events equal lists.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
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
    /// A window that begins by then belongs to it.
    pub(crate) until: i64,
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

impl Bursts {
    pub(crate) const fn is_empty(&self) -> bool {
        self.begun.is_empty() && self.ended.is_empty()
    }
}

/// Keeps of each rule, in each part of the timespan, the first event and the last, which stands for
/// those between. The events are in their order.
///
/// For temporal proximity nothing changes by that. A rule has been seen at a moment when one of its
/// events lies within the timespan before; what is left out lies between two events that are nearer
/// to each other than the timespan, so one of these does whenever it does. Which two are kept
/// depends on the events alone, not on their order of coming.
pub(crate) fn coalesce(events: &mut Vec<Event>, timespan: i64, rules: usize) {
    let step = (timespan / PARTS).max(1);
    // The part at hand of each rule: its number, its first event, its last so far.
    let mut open: Vec<Option<(i64, usize, usize)>> = vec![None; rules];
    let mut gone = vec![false; events.len()];
    for at in 0..events.len() {
        let rule = usize::from(events[at].position);
        let part = events[at].time.div_euclid(step);
        let first = match open[rule] {
            Some((known, first, last)) if known == part => {
                if last != first {
                    gone[last] = true;
                    let count = events[last].count;
                    events[at].join(count);
                }
                first
            }
            _ => at,
        };
        open[rule] = Some((part, first, at));
    }
    let mut gone = gone.into_iter();
    events.retain(|_| !gone.next().unwrap_or_default());
}

/// Halves the events of each rule behind the first of all: every other stands for the next as well.
pub(crate) fn thin(events: &mut VecDeque<Event>, rules: usize) {
    let mut open: Vec<Option<usize>> = vec![None; rules];
    let mut kept: VecDeque<Event> = VecDeque::with_capacity(events.len());
    for event in events.drain(..) {
        let rule = usize::from(event.position);
        if let Some(at) = open[rule].take() {
            kept[at].join(event.count);
            continue;
        }
        if kept.len() >= SAMPLES {
            open[rule] = Some(kept.len());
        }
        kept.push_back(event);
    }
    *events = kept;
}
