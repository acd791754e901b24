//! What waits a few minutes for the next step of one browser: half a sign-in, a challenge, a secret
//! to be shown once. Kept in memory: after a restart people start the step again.

use super::random;
use crate::error::Error;
use hangtu_catalog::hex;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a step may take.
const LIFE: Duration = Duration::from_mins(5);
/// Entries at a time; the oldest go first, so memory does not grow with an attack.
const MOST: usize = 10_000;

/// Values by an unguessable name.
#[derive(Debug)]
pub(crate) struct Pending<T>(Mutex<HashMap<String, (T, Instant)>>);

impl<T> Default for Pending<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Pending<T> {
    fn map(&self) -> MutexGuard<'_, HashMap<String, (T, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a value and gives its new name.
    pub(crate) fn put(&self, value: T) -> Result<String, Error> {
        let name = hex(&random::<32>()?);
        self.put_as(&name, value);
        Ok(name)
    }

    /// Keeps a value under a name, in place of the one before.
    pub(crate) fn put_as(&self, name: &str, value: T) {
        let mut map = self.map();
        if map.len() >= MOST {
            map.retain(|_, (_, since)| since.elapsed() < LIFE);
            while map.len() >= MOST {
                let oldest = map.iter().min_by_key(|(_, (_, since))| *since);
                let Some(name) = oldest.map(|(name, _)| name.clone()) else { break };
                map.remove(&name);
            }
        }
        map.insert(name.to_owned(), (value, Instant::now()));
    }

    /// Takes a value that has not expired; nobody gets it again.
    pub(crate) fn take(&self, name: &str) -> Option<T> {
        let (value, since) = self.map().remove(name)?;
        (since.elapsed() < LIFE).then_some(value)
    }
}

impl<T: Clone> Pending<T> {
    /// Looks at a value that has not expired.
    pub(crate) fn get(&self, name: &str) -> Option<T> {
        let map = self.map();
        map.get(name).filter(|(_, since)| since.elapsed() < LIFE).map(|(value, _)| value.clone())
    }
}
