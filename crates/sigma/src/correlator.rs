//! Correlations over the records of a run: [`Correlator`].

use crate::{
    Ruleset,
    event::{Burst, Bursts, Event, EventValue},
    fold::folded,
    relate::{Feed, Plan, Relations},
    ruleset::RuleIndex,
    scratch::Number,
    window::Group,
};
use foldhash::{HashMap, HashMapExt};
use hangtu_record::{Field, Fields, Kind, Origin, Record, Text, Time, Value};
use std::{fmt::Write, sync::Arc};

/// Bounds on what a [`Correlator`] remembers.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Groups, all correlations together.
    pub groups: usize,
    /// Events of one group that wait to be put in order, and events or numbers of one window where
    /// each of them counts.
    pub events_per_group: usize,
    /// Events, all groups together.
    pub events: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { groups: 50_000, events_per_group: 4_096, events: 2_000_000 }
    }
}

/// What the limits cost; all zero means nothing was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Events that a full window had no room for though they could have mattered, or refused because
    /// of [`Limits::events`].
    pub events: u64,
    /// Events of groups refused because of [`Limits::groups`].
    pub groups: u64,
    /// Events that came so late that their time had been settled.
    pub late: u64,
}

/// A correlation that matched: one burst of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Correlated {
    /// The correlation.
    pub rule: RuleIndex,
    /// The earliest event.
    pub first: Time,
    /// When the condition last held.
    pub last: Time,
    /// When the condition first held.
    pub met: Time,
    /// Events that took part.
    pub count: u64,
    /// The `group-by` names and their values, as the earliest event writes them.
    pub group: Vec<(String, Text)>,
    /// When up to five of the events happened and where they stand in the evidence, the earliest first.
    pub samples: Vec<(Time, Origin)>,
    /// The largest value reached: events, different values, rules, sum, mean, … Counts as far as the
    /// condition asks.
    pub value: f64,
}

/// Counts matches in sliding windows of the records' own time.
///
/// Records may come in any order. Each group keeps its events until [`Correlator::finish`], or
/// until it is full: then its older half is settled, and only events older than that come too
/// late (counted in [`Dropped::late`]). As long as nothing is dropped, the result depends on the
/// set of records alone, not on their order.
///
/// One burst is one result: it begins when the condition first holds and goes on while windows in
/// which it holds overlap. Where more events can undo a condition (an upper bound, `eq`, `neq`, a
/// mean, a percentile), windows do not slide but follow each other, each from its first event on, and
/// are judged when they are over. Records without one of the `group-by` fields, or without the value
/// that is counted, take no part. Of several values of such a field the first counts; case is no
/// difference, as everywhere in Sigma.
///
/// Of many events of a rule of a `temporal` correlation a few are kept, so that the same windows
/// fulfil the condition: `met` is exact, `last` to a thirty-second part of the timespan, `first` and
/// `count` nearly.
#[derive(Debug)]
pub struct Correlator {
    relations: Arc<Relations>,
    limits: Limits,
    plans: Vec<HashMap<Box<[Text]>, Group>>,
    groups: usize,
    events: usize,
    newest: i64,
    relieved: i64,
    dropped: Dropped,
    done: Vec<Correlated>,
    /// Detections of correlations that feed others.
    outbox: Vec<(RuleIndex, Fields)>,
    text: String,
}

impl Correlator {
    /// Without events yet.
    pub fn new(ruleset: &Ruleset, limits: Limits) -> Self {
        let relations = Arc::clone(ruleset.relations());
        Self {
            plans: relations.plans.iter().map(|_| HashMap::new()).collect(),
            relations,
            limits,
            groups: 0,
            events: 0,
            newest: i64::MIN,
            relieved: i64::MIN,
            dropped: Dropped::default(),
            done: Vec::new(),
            outbox: Vec::new(),
            text: String::new(),
        }
    }

    /// Takes a match of a rule. Matches of rules that no correlation refers to are nothing to it.
    pub fn push(&mut self, rule: RuleIndex, record: &dyn Record) {
        self.take(rule, record);
        self.deliver();
    }

    /// What the limits have cost so far.
    pub const fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Results that can no longer grow; the rest follows with [`Correlator::finish`].
    pub fn drain(&mut self) -> Vec<Correlated> {
        let mut out = std::mem::take(&mut self.done);
        sort(&mut out);
        out
    }

    /// Settles everything and returns all results not yet drained, by rule, time and group. The
    /// correlator is empty afterwards and can be used again.
    pub fn finish(&mut self) -> Vec<Correlated> {
        let relations = Arc::clone(&self.relations);
        // Plans stand after those that feed them.
        for (number, plan) in relations.plans.iter().enumerate() {
            for group in std::mem::take(&mut self.plans[number]).into_values() {
                self.groups -= 1;
                self.events -= group.len();
                let values = group.spelling();
                let mut bursts = Bursts::default();
                self.dropped.events +=
                    group.finish(plan, self.limits.events_per_group, &mut bursts);
                self.emit(plan, &values, bursts);
                self.deliver();
            }
        }
        self.newest = i64::MIN;
        self.relieved = i64::MIN;
        self.drain()
    }

    fn deliver(&mut self) {
        while let Some((rule, record)) = self.outbox.pop() {
            self.take(rule, &record);
        }
    }

    fn take(&mut self, rule: RuleIndex, record: &dyn Record) {
        let relations = Arc::clone(&self.relations);
        for feed in relations.feeds(rule) {
            let plan = &relations.plans[feed.plan];
            let Some(group) =
                feed.group.iter().map(|f| self.read(record, f)).collect::<Option<Box<[Text]>>>()
            else {
                continue;
            };
            let Some(value) = self.value(plan, feed, record) else { continue };
            let carry = (!feed.carry.is_empty())
                .then(|| feed.carry.iter().map(|f| self.read(record, f)).collect());
            let event = Event {
                time: record.time().0,
                position: feed.position,
                count: 1,
                origin: record.origin(),
                value,
                carry,
            };
            self.newest = self.newest.max(event.time);
            self.add(feed.plan, plan, group, event);
        }
    }

    fn add(&mut self, number: usize, plan: &Plan, values: Box<[Text]>, event: Event) {
        let key: Box<[Text]> = values.iter().map(same_case).collect();
        if self.events >= self.limits.events {
            self.relieve();
            if self.events >= self.limits.events {
                self.dropped.events += 1;
                return;
            }
        }
        if self.groups >= self.limits.groups && !self.plans[number].contains_key(&key) {
            self.relieve();
            if self.groups >= self.limits.groups {
                self.dropped.groups += 1;
                return;
            }
        }
        let cap = self.limits.events_per_group.max(1);
        let groups = &mut self.groups;
        let group = self.plans[number].entry(key).or_insert_with(|| {
            *groups += 1;
            Group::new(plan)
        });
        let before = group.len();
        if !group.push(plan, event, values) {
            self.dropped.late += 1;
            return;
        }
        let mut bursts = Bursts::default();
        if group.waiting() >= cap {
            self.dropped.events += group.settle_half(plan, cap, &mut bursts);
        }
        self.events = self.events - before + group.len();
        if !bursts.is_empty() {
            let values = group.spelling();
            self.emit(plan, &values, bursts);
        }
    }

    /// Settles all groups and lets go of those that are over. Not again until a second of the
    /// records' time has passed, so a flood costs no more than its own events.
    fn relieve(&mut self) {
        if self.newest < self.relieved.saturating_add(1_000_000_000) {
            return;
        }
        self.relieved = self.newest;
        self.settle(Time(self.newest));
    }

    /// Settles all events up to a time, for inputs without an end: [`Correlator::drain`] then
    /// gives what is over by then. Records before that time that still come are too late.
    pub fn settle(&mut self, upto: Time) {
        let relations = Arc::clone(&self.relations);
        for (number, plan) in relations.plans.iter().enumerate() {
            let mut groups = std::mem::take(&mut self.plans[number]);
            groups.retain(|_, group| {
                let mut bursts = Bursts::default();
                let before = group.len();
                let cap = self.limits.events_per_group.max(1);
                self.dropped.events += group.settle(plan, upto.0, cap, &mut bursts);
                let over = group.expire(plan, upto.0, &mut bursts);
                self.events = self.events - before + group.len();
                self.groups -= usize::from(over);
                if !bursts.is_empty() {
                    self.emit(plan, &group.spelling(), bursts);
                }
                !over
            });
            self.plans[number] = groups;
            // Before the plans above are settled; none of them stands below this one.
            self.deliver();
        }
    }

    fn emit(&mut self, plan: &Plan, values: &[Text], bursts: Bursts) {
        if !self.relations.feeds(plan.rule).is_empty() {
            let records = bursts.begun.iter().map(|b| (plan.rule, as_record(plan, values, b)));
            self.outbox.extend(records);
        }
        for burst in bursts.ended {
            self.done.push(Correlated {
                rule: plan.rule,
                first: Time(burst.first),
                last: Time(burst.last),
                met: Time(burst.met),
                count: burst.count,
                group: plan.group_by.iter().cloned().zip(values.iter().cloned()).collect(),
                samples: burst.samples,
                value: burst.value,
            });
        }
    }

    /// The first value of a field as text.
    fn read(&mut self, record: &dyn Record, field: &Field) -> Option<Text> {
        match record.first(field)? {
            Value::Null => None,
            Value::Str(text) => Some(text.into()),
            value => {
                self.text.clear();
                // Writing to a String cannot fail.
                let _ = write!(self.text, "{value}");
                Some(self.text.as_str().into())
            }
        }
    }

    /// What the correlation counts or adds; `None` when the record does not have it.
    fn value(&mut self, plan: &Plan, feed: &Feed, record: &dyn Record) -> Option<EventValue> {
        if plan.kind.numeric() {
            let number = match record.first(feed.values.first()?)? {
                Value::Int(n) => n as f64,
                Value::Float(n) if n.is_finite() => n,
                Value::Str(text) => Number::parse(text)?.as_f64(),
                _ => return None,
            };
            return Some(EventValue::Number(number));
        }
        if !plan.kind.needs_field() {
            return Some(EventValue::None);
        }
        let mut out = Text::default();
        for (number, field) in feed.values.iter().enumerate() {
            if number > 0 {
                out.push('\u{1f}');
            }
            out.push_str(&self.read(record, field)?);
        }
        Some(EventValue::Text(same_case(&out)))
    }
}

/// A value as it is grouped by and counted: Sigma knows no case.
fn same_case(text: &Text) -> Text {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return text.clone();
    }
    folded(text).into()
}

/// A result as a record, for the correlations above: it happens when the condition was met.
fn as_record(plan: &Plan, values: &[Text], burst: &Burst) -> Fields {
    let origin = burst.samples.first().map(|(_, origin)| *origin).unwrap_or_default();
    let mut out = Fields::new(Kind::Event, Time(burst.met), origin);
    let mut add = |name: &str, value: &Text| {
        out.push(name, value.as_str());
    };
    plan.group_by.iter().zip(values).for_each(|(name, value)| add(name, value));
    for (name, value) in plan.carry.iter().zip(burst.carry.iter().flatten()) {
        if let Some(value) = value {
            add(name, value);
        }
    }
    out
}

fn sort(list: &mut [Correlated]) {
    list.sort_by(|a, b| {
        (a.rule, a.first, a.last)
            .cmp(&(b.rule, b.first, b.last))
            .then_with(|| a.group.cmp(&b.group))
    });
}
