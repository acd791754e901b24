//! Where statements are kept.

use super::Filter;
use crate::exchange::xapi::Statement;
use jiff::Timestamp;
use std::{collections::HashMap, convert::Infallible, future::Future};
use uuid::Uuid;

/// A statement that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its place in the order of storing, from 1; never used again.
    pub sequence: u64,
    /// When it was stored.
    pub stored: Timestamp,
    /// The statement, as it is given back.
    pub statement: Statement,
}

/// A part of the store to look through.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'a> {
    /// What is looked for. A store may leave out statements that do not match by themselves **and**
    /// refer to no other statement; leaving out nothing is right too, only slower.
    pub filter: &'a Filter,
    /// Stored after this time.
    pub since: Option<Timestamp>,
    /// Stored at this time or before.
    pub until: Option<Timestamp>,
    /// From the oldest on; else from the newest back.
    pub ascending: bool,
    /// Only beyond this place, in the direction of the scan.
    pub beyond: Option<u64>,
    /// Most statements to give.
    pub most: usize,
}

/// Where statements are kept. Methods are called within one transaction of the caller.
pub trait Store {
    /// What goes wrong there.
    type Error;

    /// Those of these statements that are kept, in any order.
    fn find(
        &mut self,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<Vec<Stored>, Self::Error>> + Send;

    /// Those of these statements that a kept statement voids (its verb is
    /// [`VOIDED`](crate::exchange::xapi::VOIDED), its target the statement). Whether a voiding
    /// statement is voided is not asked: it cannot be.
    fn voided(
        &mut self,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<Vec<Uuid>, Self::Error>> + Send;

    /// Keeps statements, in this order; their ids are new.
    fn insert(
        &mut self,
        statements: Vec<Statement>,
        stored: Timestamp,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Looks through a part of the store, in the order of the scan.
    fn scan(
        &mut self,
        scan: &Scan<'_>,
    ) -> impl Future<Output = Result<Vec<Stored>, Self::Error>> + Send;
}

/// A store in memory, for tests and examples.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    all: Vec<Stored>,
    places: HashMap<Uuid, usize>,
}

impl Memory {
    /// How many statements are kept.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

impl Store for Memory {
    type Error = Infallible;

    async fn find(&mut self, ids: &[Uuid]) -> Result<Vec<Stored>, Infallible> {
        Ok(ids.iter().filter_map(|id| self.places.get(id)).map(|n| self.all[*n].clone()).collect())
    }

    async fn voided(&mut self, ids: &[Uuid]) -> Result<Vec<Uuid>, Infallible> {
        let voids =
            |id: &&Uuid| self.all.iter().any(|s| s.statement.facets().voids() == Some(**id));
        Ok(ids.iter().filter(voids).copied().collect())
    }

    async fn insert(
        &mut self,
        statements: Vec<Statement>,
        stored: Timestamp,
    ) -> Result<(), Infallible> {
        for statement in statements {
            if let Some(id) = statement.facets().id {
                self.places.insert(id, self.all.len());
            }
            let sequence = self.all.len() as u64 + 1;
            self.all.push(Stored { sequence, stored, statement });
        }
        Ok(())
    }

    async fn scan(&mut self, scan: &Scan<'_>) -> Result<Vec<Stored>, Infallible> {
        let fits = |s: &&Stored| {
            let facets = s.statement.facets();
            scan.since.is_none_or(|t| s.stored > t)
                && scan.until.is_none_or(|t| s.stored <= t)
                && scan
                    .beyond
                    .is_none_or(|n| if scan.ascending { s.sequence > n } else { s.sequence < n })
                && (facets.target.is_some() || scan.filter.matches(facets))
        };
        let found = self.all.iter().filter(fits);
        Ok(if scan.ascending {
            found.take(scan.most).cloned().collect()
        } else {
            found.rev().take(scan.most).cloned().collect()
        })
    }
}
