//! What was worked out, kept until what it rests on moves.
//!
//! However many people ask at once, a thing is worked out once for each state of what it rests on: who
//! comes while it is being worked out waits for it. What a reader gets is never older than their
//! question, because the state is read before the thing is; unless they have a moment's patience: where
//! what it rests on moves a hundred times a second, a page may be a second old.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::OwnedMutexGuard;

/// What was worked out of a state, and since when that is known.
struct Known<S, T> {
    state: S,
    since: Instant,
    thing: Arc<T>,
}

type Slot<S, T> = Arc<tokio::sync::Mutex<Option<Known<S, T>>>>;

/// Things by key `K`, each of a state `S` that only grows.
pub(crate) struct Kept<K, S, T> {
    slots: Mutex<HashMap<K, Slot<S, T>>>,
    most: usize,
}

/// The place of one thing, held until this is dropped.
pub(crate) struct Place<S, T>(OwnedMutexGuard<Option<Known<S, T>>>);

impl<K: Eq + Hash, S: PartialOrd, T> Kept<K, S, T> {
    /// Keeps so many; when there are more it begins anew.
    pub(crate) fn new(most: usize) -> Self {
        Self { slots: Mutex::default(), most }
    }

    /// Waits for the place of a key. Whoever waits with a connection in hand must go on with that one:
    /// those who wait behind may hold all others.
    pub(crate) async fn place(&self, key: K) -> Place<S, T> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            if slots.len() >= self.most && !slots.contains_key(&key) {
                slots.clear();
            }
            Arc::clone(slots.entry(key).or_default())
        };
        Place(slot.lock_owned().await)
    }
}

impl<S: PartialOrd, T> Place<S, T> {
    /// What is kept, where it is of a state no older than this one.
    pub(crate) fn of(&self, state: &S) -> Option<Arc<T>> {
        self.recent(state, Duration::ZERO)
    }

    /// The same, or what was known so short a time ago.
    pub(crate) fn recent(&self, state: &S, patience: Duration) -> Option<Arc<T>> {
        let known = self.0.as_ref()?;
        let serves = known.state >= *state || known.since.elapsed() < patience;
        serves.then(|| Arc::clone(&known.thing))
    }

    /// Keeps what was worked out after this state was read.
    pub(crate) fn put(mut self, state: S, thing: T) -> Arc<T> {
        let thing = Arc::new(thing);
        *self.0 = Some(Known { state, since: Instant::now(), thing: Arc::clone(&thing) });
        thing
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use std::time::Duration;

    #[tokio::test]
    async fn what_is_kept_is_never_older_than_the_question() {
        let kept = Kept::new(2);
        assert!(kept.place("a").await.of(&1).is_none());
        kept.place("a").await.put(1, "of 1");
        assert_eq!(kept.place("a").await.of(&1).as_deref(), Some(&"of 1"));
        assert!(kept.place("a").await.of(&2).is_none());
        let place = kept.place("a").await;
        assert!(place.recent(&2, Duration::from_mins(1)).is_some());
        assert!(place.recent(&2, Duration::ZERO).is_none());
        drop(place);
        assert!(kept.place("b").await.of(&1).is_none());
        // A third begins anew, and nothing is mixed up.
        assert!(kept.place("c").await.of(&0).is_none());
        assert!(kept.place("a").await.of(&1).is_none());
    }
}
