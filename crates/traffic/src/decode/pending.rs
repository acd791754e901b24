//! Requests that wait for their responses.

use super::Context;
use hangtu_record::{Operation, Seen};
use std::collections::VecDeque;

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

    /// How many may wait over all flows of a worker before each flow keeps only its newest.
    pub const CAP_ALL: usize = 60_000;

    /// Remembers a request.
    pub fn ask(&mut self, cx: &mut Context<'_>, key: K, operation: Operation) {
        while (self.keys.len() >= Self::CAP || cx.out.waiting >= Self::CAP_ALL)
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
    /// for the caller to set.
    pub fn answer(&mut self, cx: &mut Context<'_>, key: &K) -> Option<Operation> {
        let at = self.keys.iter().rposition(|k| k == key)?;
        // Most wait alone.
        let mut operation = if at == 0 {
            self.keys.pop_front();
            self.operations.pop_front()?
        } else {
            self.keys.remove(at);
            self.operations.remove(at)?
        };
        cx.out.waiting -= 1;
        operation.seen = Seen::Both;
        operation.delay = Some(cx.time.since(operation.time).max(0));
        Some(operation)
    }

    /// Looks at the newest request with that key.
    pub fn find(&mut self, key: &K) -> Option<&mut Operation> {
        let at = self.keys.iter().rposition(|k| k == key)?;
        self.operations.get_mut(at)
    }

    /// Emits everything that still waits as unanswered.
    pub fn flush(&mut self, cx: &mut Context<'_>) {
        self.keys.clear();
        for operation in self.operations.drain(..) {
            cx.out.waiting -= 1;
            cx.emit(operation);
        }
    }
}
