//! What is gathered of a finding while records stream by: how often, when, the earliest samples.

use crate::{model::Excerpt, reconcile::Reason};
use hangtu_record::{Origin, Time};

/// Spells kept of one finding.
const MAX_WINDOWS: usize = 10;
/// Quiet time that ends a spell.
const QUIET: i64 = 3_600_000_000_000;

/// A reconciliation that found nothing to cover a record: when, the nearest authorisation, why it does not.
pub(super) type Doubt = (Time, Option<String>, Vec<Reason>);

pub(super) struct Spell {
    pub(super) first: Time,
    pub(super) last: Time,
    pub(super) count: u64,
}

impl Spell {
    fn join(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.count += other.count;
    }
}

#[derive(Default)]
pub(super) struct Gathered {
    pub(super) count: u64,
    pub(super) spells: Vec<Spell>,
    /// Earliest samples, by place in the evidence.
    pub(super) samples: Vec<(Time, Origin, Excerpt)>,
    pub(super) unapproved: Option<Doubt>,
}

impl Gathered {
    /// So many more from one moment to another. Spells stand in the order of time, more than [`QUIET`] apart.
    pub(super) fn add(&mut self, first: Time, last: Time, count: u64) {
        self.count += count;
        // Most come in the order of time.
        if let Some(newest) = self.spells.last_mut()
            && first >= newest.first
            && first.since(newest.last) <= QUIET
        {
            newest.last = newest.last.max(last);
            newest.count += count;
            return;
        }
        let start = self.spells.partition_point(|s| first.since(s.last) > QUIET);
        let joined = self.spells[start..].partition_point(|s| s.first.since(last) <= QUIET);
        let mut spell = Spell { first, last, count };
        for old in self.spells.drain(start..start + joined) {
            spell.join(&old);
        }
        self.spells.insert(start, spell);
        if self.spells.len() > MAX_WINDOWS {
            // The two that lie nearest to each other become one.
            let gap = |i: &usize| self.spells[i + 1].first.since(self.spells[*i].last);
            if let Some(at) = (0..self.spells.len() - 1).min_by_key(gap) {
                let next = self.spells.remove(at + 1);
                self.spells[at].join(&next);
            }
        }
    }

    /// Keeps the earliest samples, whatever order they come in; says how many more there are now.
    pub(super) fn sample(
        &mut self,
        time: Time,
        origin: Origin,
        room: usize,
        excerpt: impl FnOnce() -> Excerpt,
    ) -> usize {
        let before = self.samples.len();
        let at = self.samples.partition_point(|(t, o, _)| (*t, *o) < (time, origin));
        let room = room.max(before);
        if at < room && self.samples.get(at).is_none_or(|(_, o, _)| *o != origin) {
            self.samples.insert(at, (time, origin, excerpt()));
            self.samples.truncate(room);
        }
        self.samples.len() - before
    }

    /// The earliest reconciliation speaks for all.
    pub(super) fn doubt(&mut self, unapproved: Option<Doubt>) {
        if let Some(new) = unapproved
            && self.unapproved.as_ref().is_none_or(|known| new.0 < known.0)
        {
            self.unapproved = Some(new);
        }
    }
}
