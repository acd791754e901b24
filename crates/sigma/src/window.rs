//! One group of one correlation: its events in time order and what they add up to.
//!
//! Events wait in `pending` until they are settled, in the order of time whatever the order they
//! came in. Settling slides a window over them: at each moment with events the window holds those
//! not older than the timespan. Events of one moment enter together, so their order is nothing.
//!
//! Where more events can undo a condition (an upper bound, a mean), a window that still fills says
//! nothing. Such a plan looks at whole windows: one begins with the first event behind the window
//! before it, and is judged when its timespan is over or the evidence ends.

use crate::{
    correlation::CorrelationKind,
    event::{Burst, Bursts, Event, EventValue, SAMPLES, coalesce, thin},
    relate::Plan,
    sum::Sum,
};
use hangtu_record::{Origin, Text, Time};
use std::{
    collections::{HashMap, VecDeque},
    mem,
};

/// Waiting events of temporal proximity that are worth coalescing.
const CROWD: usize = 64;
/// Events kept of a window that is judged without them, to show and to count.
const SHOWN: usize = 16;

/// An event's place and the values it groups by, as it writes them.
type Spelt = ((Time, Origin), Box<[Text]>);

/// The state of a group.
#[derive(Debug)]
pub(crate) struct Group {
    pending: Vec<Event>,
    window: VecDeque<Event>,
    sum: Sum,
    burst: Option<Burst>,
    /// Up to here events are settled.
    settled: i64,
    /// Records that entered and that no burst has counted yet.
    entered: u64,
    /// When the whole window at hand began.
    since: Option<i64>,
    /// So many waiting events are coalesced next.
    crowd: usize,
    coalesced: bool,
    /// The group's values as its earliest event writes them.
    spelt: Option<Spelt>,
}

impl Group {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            pending: Vec::new(),
            window: VecDeque::new(),
            sum: Sum::new(plan),
            burst: None,
            settled: i64::MIN,
            entered: 0,
            since: None,
            crowd: CROWD,
            coalesced: false,
            spelt: None,
        }
    }

    /// What it holds, in events.
    pub(crate) fn len(&self) -> usize {
        self.pending.len() + self.window.len() + self.sum.held()
    }

    pub(crate) const fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// The group's values, to show.
    pub(crate) fn spelling(&self) -> Box<[Text]> {
        self.spelt.as_ref().map(|(_, values)| values.clone()).unwrap_or_default()
    }

    /// Takes an event and how it writes the group's values; `false` when it comes after its time was
    /// settled.
    pub(crate) fn push(&mut self, plan: &Plan, event: Event, values: Box<[Text]>) -> bool {
        if event.time < self.settled {
            return false;
        }
        if self.spelt.as_ref().is_none_or(|(place, _)| event.place() < *place) {
            self.spelt = Some((event.place(), values));
        }
        self.pending.push(event);
        // Whole windows begin with an event, whichever it is.
        if plan.kind == CorrelationKind::Temporal && !plan.whole && self.pending.len() >= self.crowd
        {
            self.coalesced = true;
            self.order(plan);
            self.crowd = CROWD.max(2 * self.pending.len());
        }
        true
    }

    /// Puts the waiting events in order, few where they are many. Always once they were many: what
    /// is left must not depend on when that was.
    fn order(&mut self, plan: &Plan) {
        self.pending.sort_by(Event::order);
        if self.coalesced {
            coalesce(&mut self.pending, plan.timespan, plan.inputs);
        }
    }

    /// Settles the older half. Returns how many events found no room.
    pub(crate) fn settle_half(&mut self, plan: &Plan, cap: usize, out: &mut Bursts) -> u64 {
        self.order(plan);
        let middle = self.pending.get(self.pending.len() / 2).map_or(i64::MAX, |e| e.time);
        self.settle(plan, middle, cap, out)
    }

    /// Settles all events up to a time. Returns how many events found no room.
    pub(crate) fn settle(&mut self, plan: &Plan, upto: i64, cap: usize, out: &mut Bursts) -> u64 {
        self.order(plan);
        let end = self.pending.partition_point(|e| e.time <= upto);
        let mut lost = 0;
        let mut events: VecDeque<Event> = self.pending.drain(..end).collect();
        while let Some(now) = events.front().map(|e| e.time) {
            let oldest = now.saturating_sub(plan.timespan);
            if plan.whole {
                if self.since.is_some_and(|since| since < oldest) {
                    self.close(plan, out);
                }
                self.since = self.since.or(Some(now));
            } else {
                self.forget_before(oldest);
            }
            while let Some(event) = events.pop_front_if(|e| e.time == now) {
                self.entered += u64::from(event.count);
                lost += u64::from(!self.sum.enter(plan, &event, cap));
                self.window.push_back(event);
            }
            self.settled = now;
            if !plan.whole {
                let value = self.sum.measure(plan, oldest);
                if plan.condition.holds(value) {
                    self.met(plan, oldest, value, out);
                }
            }
            lost += self.trim(plan, cap);
        }
        lost
    }

    /// Drops what a window at `newest` no longer holds; `true` when nothing is left to wait for.
    pub(crate) fn expire(&mut self, plan: &Plan, newest: i64, out: &mut Bursts) -> bool {
        let oldest = newest.saturating_sub(plan.timespan);
        if !plan.whole {
            self.forget_before(oldest);
        } else if let Some(since) = self.since.filter(|since| *since < oldest) {
            self.close(plan, out);
            self.settled = self.settled.max(since.saturating_add(plan.timespan));
        }
        let over = self.len() == 0
            && self.since.is_none()
            && self.sum.idle(oldest)
            && self.burst.as_ref().is_none_or(|b| b.until < oldest);
        if over {
            out.ended.extend(self.burst.take());
        }
        over
    }

    /// The last detection.
    pub(crate) fn finish(mut self, plan: &Plan, cap: usize, out: &mut Bursts) -> u64 {
        let lost = self.settle(plan, i64::MAX, cap, out);
        self.close(plan, out);
        out.ended.extend(self.burst);
        lost
    }

    /// Judges the whole window at hand, if there is one, and empties it.
    fn close(&mut self, plan: &Plan, out: &mut Bursts) {
        let Some(since) = self.since.take() else { return };
        let value = self.sum.measure(plan, i64::MIN);
        if plan.condition.holds(value) {
            self.met(plan, since.saturating_sub(plan.timespan), value, out);
        }
        self.sum = Sum::new(plan);
        self.window.clear();
        self.entered = 0;
    }

    fn leave(&mut self) {
        if let Some(event) = self.window.pop_front() {
            self.sum.leave(&event, self.window.is_empty());
        }
    }

    fn forget_before(&mut self, oldest: i64) {
        while self.window.front().is_some_and(|e| e.time < oldest) {
            self.leave();
        }
        self.sum.forget_before(oldest);
    }

    /// Bounds what a judged moment leaves behind. Returns how many events went that could have
    /// mattered.
    fn trim(&mut self, plan: &Plan, cap: usize) -> u64 {
        self.sum.trim(plan);
        match plan.kind {
            CorrelationKind::ValueCount if !plan.whole => {
                if self.window.len() > plan.enough.saturating_add(cap) {
                    self.keep_newest_values(plan.enough);
                }
                0
            }
            CorrelationKind::ValueSum if !plan.whole => {
                let over = self.window.len().saturating_sub(cap);
                for _ in 0..over {
                    self.leave();
                }
                over as u64
            }
            _ => {
                if self.window.len() > SHOWN.max(4 * plan.inputs) {
                    thin(&mut self.window, plan.inputs);
                }
                0
            }
        }
    }

    /// Keeps of each value the newest event, and of these as many as the bounds ask for: a value
    /// leaves the window after all that are older than it.
    fn keep_newest_values(&mut self, enough: usize) {
        let mut places: HashMap<Text, usize> = HashMap::new();
        let mut kept: Vec<Event> = Vec::new();
        while let Some(event) = self.window.pop_back() {
            let EventValue::Text(text) = &event.value else { continue };
            if let Some(at) = places.get(text) {
                kept[*at].join(event.count);
            } else if kept.len() < enough {
                places.insert(text.clone(), kept.len());
                kept.push(event);
            }
        }
        self.window = kept.into_iter().rev().collect();
        self.sum = Sum::Values(places.into_keys().map(|text| (text, 1)).collect());
    }

    /// The condition holds for what was settled last: opens a detection, or extends the one that
    /// goes on until `reach`.
    fn met(&mut self, plan: &Plan, reach: i64, value: f64, out: &mut Bursts) {
        let now = self.settled;
        let until = self.sum.until(plan, now);
        if let Some(burst) = &mut self.burst
            && reach <= burst.until
        {
            let known = self.window.partition_point(|e| e.time <= burst.last);
            let room = SAMPLES.saturating_sub(burst.samples.len());
            burst.samples.extend(self.window.range(known..).take(room).map(Event::place));
            burst.count += mem::take(&mut self.entered);
            burst.last = now;
            burst.until = until;
            burst.value = burst.value.max(value);
            return;
        }
        out.ended.extend(self.burst.take());
        self.entered = 0;
        let (first, count) = match &self.sum {
            Sum::Times(times) => (times.front().copied(), times.len() as u64),
            _ => {
                let counts = self.window.iter().map(|e| u64::from(e.count));
                (self.window.front().map(|e| e.time), counts.sum())
            }
        };
        let burst = Burst {
            first: first.unwrap_or(now),
            last: now,
            met: now,
            until,
            count,
            value,
            samples: self.samples(plan.inputs),
            // What one of the events at the moment of meeting says, the same one each run.
            carry: self.window.iter().rev().find_map(|e| e.carry.clone()),
        };
        out.begun.push(burst.clone());
        self.burst = Some(burst);
    }

    /// The earliest events of the window, but one of each rule as far as there is room: the many of
    /// one do not hide the few of another.
    fn samples(&self, rules: usize) -> Vec<(Time, Origin)> {
        let mut known = vec![false; rules];
        let (mut out, mut others) = (Vec::new(), Vec::new());
        for event in &self.window {
            let one = !mem::replace(&mut known[usize::from(event.position)], true);
            let list = if one { &mut out } else { &mut others };
            if list.len() < SAMPLES {
                list.push(event.place());
            }
        }
        let room = SAMPLES - out.len();
        out.extend(others.into_iter().take(room));
        out.sort_unstable();
        out
    }
}
