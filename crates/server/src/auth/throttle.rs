//! Slows down guessing: after a few failures each further try waits twice as long.

use crate::error::Error;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Failures that cost nothing.
const FREE: u32 = 5;
/// The longest wait.
const LONGEST: Duration = Duration::from_mins(15);
/// Names watched at a time; the oldest go first, so memory does not grow with an attack.
const WATCHED: usize = 100_000;

/// Failures by name (an account, an address).
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<String, (u32, Instant)>>);

impl Throttle {
    fn wait(failures: u32) -> Duration {
        let over = failures.saturating_sub(FREE);
        if over == 0 { Duration::ZERO } else { LONGEST.min(Duration::from_secs(1 << over.min(10))) }
    }

    /// Seconds until the name may try again; zero when it may now.
    pub(crate) fn seconds(&self, name: &str) -> u64 {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(name).map_or(0, |(failures, last)| {
            let left = Self::wait(*failures).saturating_sub(last.elapsed());
            left.as_secs() + u64::from(left.subsec_nanos() > 0)
        })
    }

    /// Refuses a try while one of the names has to wait.
    pub(crate) fn admit(&self, names: &[String]) -> Result<(), Error> {
        match names.iter().map(|name| self.seconds(name)).max() {
            Some(seconds) if seconds > 0 => Err(Error::Throttled(seconds)),
            _ => Ok(()),
        }
    }

    /// A try failed.
    pub(crate) fn failed(&self, name: &str) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= WATCHED {
            map.retain(|_, (_, last)| last.elapsed() < LONGEST);
            if map.len() >= WATCHED
                && let Some(oldest) =
                    map.iter().min_by_key(|(_, (_, last))| *last).map(|(n, _)| n.clone())
            {
                map.remove(&oldest);
            }
        }
        let entry = map.entry(name.to_owned()).or_insert((0, Instant::now()));
        if entry.1.elapsed() > LONGEST {
            entry.0 = 0;
        }
        *entry = (entry.0 + 1, Instant::now());
    }

    /// A try succeeded.
    pub(crate) fn succeeded(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}
