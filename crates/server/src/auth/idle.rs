//! Sessions that nobody uses end: when each was last used is kept in memory, so that reading a page
//! writes nothing. After a restart the time counts from the start.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Sessions remembered at a time. Those not remembered count from the start of the program.
const MOST: usize = 100_000;

/// When each session was last used.
#[derive(Debug)]
pub(crate) struct Idle {
    limit: Duration,
    start: Instant,
    seen: Mutex<HashMap<String, Instant>>,
}

impl Idle {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, start: Instant::now(), seen: Mutex::default() }
    }

    /// A session is new.
    pub(crate) fn started(&self, id: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST {
            seen.retain(|_, last| last.elapsed() < self.limit);
        }
        if seen.len() < MOST {
            seen.insert(id.to_owned(), Instant::now());
        }
    }

    /// Whether the session was used lately.
    pub(crate) fn alive(&self, id: &str) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(id).unwrap_or(&self.start).elapsed() < self.limit
    }

    /// Uses a session; says whether it was still alive.
    pub(crate) fn touch(&self, id: &str) -> bool {
        let alive = self.alive(id);
        if alive {
            self.started(id);
        }
        alive
    }
}
