//! Requests that wait for their responses.

use super::Context;
use hangtu_record::{Operation, Seen};
use std::{cmp::Ordering, collections::VecDeque};

/// Requests that wait for their responses, oldest first, at most [`Pending::CAP`] of them.
#[derive(Debug)]
pub struct Pending<K> {
    /// What tells them, apart from them: who answers without having been asked has all of them looked through.
    keys: VecDeque<K>,
    operations: VecDeque<Operation>,
}

impl<K> Default for Pending<K> {
    fn default() -> Self {
        Self { keys: VecDeque::new(), operations: VecDeque::new() }
    }
}

impl<K: PartialEq> Pending<K> {
    /// How many may wait; past that the oldest is emitted as unanswered.
    pub const CAP: usize = 64;

    /// How many may wait over all flows of all workers before each flow keeps only its newest.
    pub const CAP_ALL: usize = 60_000;

    /// Nanoseconds after which who asks again with the same key has given the earlier request up:
    /// few clients wait less before they do.
    pub const PATIENCE: i64 = 500_000_000;

    /// Remembers a request.
    pub fn ask(&mut self, cx: &mut Context<'_>, key: K, operation: Operation) {
        let all = Self::CAP_ALL / cx.out.workers.max(1);
        while (self.keys.len() >= Self::CAP || cx.out.waiting >= all)
            && let Some(old) = self.operations.pop_front()
        {
            self.keys.pop_front();
            cx.out.waiting -= 1;
            cx.emit(old);
        }
        cx.out.waiting += 1;
        self.keys.push_back(key);
        self.operations.push_back(operation);
    }

    /// Takes the newest request with that key and marks it as seen on both sides; its outcome is
    /// for the caller to set. For keys that are counted up: one comes again only when the request
    /// before it was given up.
    pub fn answer(&mut self, cx: &mut Context<'_>, key: &K) -> Option<Operation> {
        let at = self.keys.iter().rposition(|k| k == key)?;
        self.take(cx, at)
    }

    /// As [`Self::answer`], for keys that may stay the same: takes the request that fits best, and
    /// of those that fit equally well the oldest, as devices answer in the order in which they were
    /// asked. One that is followed by such another only after [`Self::PATIENCE`] was given up, and
    /// would shift every later outcome by one: it waits on for the case that nothing else fits.
    pub fn answer_in_turn<F: Ord>(
        &mut self,
        cx: &mut Context<'_>,
        fit: impl Fn(&K, &Operation) -> Option<F>,
    ) -> Option<Operation> {
        let mut best: Option<(F, usize)> = None;
        for (at, (key, operation)) in self.keys.iter().zip(&self.operations).enumerate().rev() {
            let Some(fits) = fit(key, operation) else { continue };
            let better = best.as_ref().is_none_or(|(known, later)| match fits.cmp(known) {
                Ordering::Less => false,
                Ordering::Equal => {
                    self.operations[*later].time.since(operation.time) <= Self::PATIENCE
                }
                Ordering::Greater => true,
            });
            if better {
                best = Some((fits, at));
            }
        }
        self.take(cx, best?.1)
    }

    fn take(&mut self, cx: &mut Context<'_>, at: usize) -> Option<Operation> {
        // Most wait alone.
        let mut operation = if at == 0 {
            self.keys.pop_front();
            self.operations.pop_front()?
        } else {
            self.keys.remove(at);
            self.operations.remove(at)?
        };
        cx.out.waiting -= 1;
        // What a first answer told stands, where a second concludes the operation.
        if operation.seen == Seen::Request {
            operation.seen = Seen::Both;
            operation.delay = Some(cx.time.since(operation.time).max(0));
        }
        Some(operation)
    }

    /// Keys of what waits, oldest first.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.keys.iter()
    }

    /// Emits from the oldest on, as they are, those asked longer ago than so many nanoseconds.
    pub fn expire(&mut self, cx: &mut Context<'_>, patience: i64) {
        while self.operations.front().is_some_and(|old| cx.time.since(old.time) > patience)
            && let Some(old) = self.operations.pop_front()
        {
            self.keys.pop_front();
            cx.out.waiting -= 1;
            cx.emit(old);
        }
    }

    /// Emits everything that still waits as it is: unanswered, where nothing else was told of it.
    pub fn flush(&mut self, cx: &mut Context<'_>) {
        self.keys.clear();
        for operation in self.operations.drain(..) {
            cx.out.waiting -= 1;
            cx.emit(operation);
        }
    }
}
