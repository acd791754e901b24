//! The flows that are open, found by their ends.
//!
//! There are tens of thousands of them and each packet looks one up. So the index holds eight bytes a flow
//! and not its key, and flows stand in blocks that are used again and not given back to the allocator.

use crate::{ends::Key, flow::Flow};
use hangtu_record::Time;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hash, Hasher};

/// Flows in a block.
const BLOCK: usize = 256;
/// The earliest time there is: with the next look.
pub(crate) const NOW: Time = Time(i64::MIN);

/// Where a flow stands.
#[derive(Clone, Copy)]
struct Place {
    hash: u32,
    slot: u32,
}

impl Place {
    /// The hash as the table wants it: it takes bits from both ends.
    #[inline(always)]
    fn wide(self) -> u64 {
        u64::from(self.hash) << 32 | u64::from(self.hash)
    }
}

/// The open flows. A slot is a flow's number for as long as it is open.
#[derive(Default)]
pub(crate) struct Flows {
    index: HashTable<Place>,
    hasher: foldhash::fast::RandomState,
    blocks: Vec<Vec<Option<Flow>>>,
    /// For each slot, before when its flow cannot have been silent for too long.
    due: Vec<Time>,
    free: Vec<u32>,
}

impl Flows {
    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// Every slot there is, used or not.
    pub(crate) fn slots(&self) -> std::ops::Range<u32> {
        0..self.due.len() as u32
    }

    /// Whether the flow in a slot should be looked at now.
    pub(crate) fn is_due(&self, slot: u32, now: Time) -> bool {
        self.due.get(slot as usize).is_some_and(|due| *due <= now)
    }

    /// Says when it should be looked at next; until it is said, that is at once.
    pub(crate) fn look_at(&mut self, slot: u32, time: Time) {
        if let Some(due) = self.due.get_mut(slot as usize) {
            *due = time;
        }
    }

    #[inline(always)]
    #[allow(clippy::manual_hash_one, reason = "it is not inlined, and every packet asks")]
    fn hash(&self, key: &Key) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        key.hash(&mut hasher);
        hasher.finish() as u32
    }

    /// The slot of the flow between these ends.
    #[inline(always)]
    pub(crate) fn find(&self, key: &Key) -> Option<u32> {
        let place = Place { hash: self.hash(key), slot: 0 };
        let is =
            |p: &Place| p.hash == place.hash && self.get(p.slot).is_some_and(|f| f.key == *key);
        self.index.find(place.wide(), is).map(|p| p.slot)
    }

    /// The flow in a slot.
    #[inline(always)]
    pub(crate) fn get(&self, slot: u32) -> Option<&Flow> {
        self.blocks.get(slot as usize / BLOCK)?.get(slot as usize % BLOCK)?.as_ref()
    }

    /// The flow in a slot, to be changed.
    #[inline(always)]
    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut Flow> {
        self.blocks.get_mut(slot as usize / BLOCK)?.get_mut(slot as usize % BLOCK)?.as_mut()
    }

    /// Takes a flow in.
    pub(crate) fn insert(&mut self, flow: Flow) -> u32 {
        let hash = self.hash(&flow.key);
        let slot = if let Some(slot) = self.free.pop() {
            self.blocks[slot as usize / BLOCK][slot as usize % BLOCK] = Some(flow);
            self.look_at(slot, NOW);
            slot
        } else {
            if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
                self.blocks.push(Vec::with_capacity(BLOCK));
            }
            let slot = self.slots().end;
            self.blocks[slot as usize / BLOCK].push(Some(flow));
            self.due.push(NOW);
            slot
        };
        let place = Place { hash, slot };
        self.index.insert_unique(place.wide(), place, |p| p.wide());
        slot
    }

    /// Takes a flow out.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<Flow> {
        let place = self.blocks.get_mut(slot as usize / BLOCK)?.get_mut(slot as usize % BLOCK)?;
        let flow = place.take()?;
        let hash = self.hash(&flow.key);
        if let Ok(entry) = self.index.find_entry(Place { hash, slot }.wide(), |p| p.slot == slot) {
            entry.remove();
        }
        self.free.push(slot);
        Some(flow)
    }
}
