//! A transaction that leaves its trace.

use crate::{clock, error::Error};
use hangtu_ledger::{Entry, Frontier, leaf_hash};
use serde_json::Value;
use sqlx::{Any, AnyConnection, Transaction};
use std::{
    cell::Cell,
    ops::{Deref, DerefMut},
};

/// Says of a request that it rightly had nothing to change, and so leaves no entry.
pub(crate) fn nothing_to_change() {
    let _ = COMMITTED.try_with(|committed| committed.set(true));
}

tokio::task_local! {
    static COMMITTED: Cell<bool>;
}

/// Runs a request's work; says whether it committed a change, and so an entry.
pub(crate) async fn witnessed<F: Future>(work: F) -> (F::Output, bool) {
    COMMITTED
        .scope(Cell::new(false), async {
            let done = work.await;
            (done, COMMITTED.with(Cell::get))
        })
        .await
}

/// Who changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    /// The organisation whose rows and whose ledger it is; `instance` for what belongs to none.
    pub(crate) organisation: String,
    /// Id of the person, or `system`.
    pub(crate) id: String,
    /// The name as it was then.
    pub(crate) name: String,
}

impl Actor {
    /// The program itself, for the instance: refused sign-ins, settings, backups.
    pub(crate) fn instance() -> Self {
        Self::system("instance")
    }

    /// The program itself, within an organisation.
    pub(crate) fn system(organisation: &str) -> Self {
        Self { organisation: organisation.into(), id: "system".into(), name: "system".into() }
    }
}

/// One thing that was done.
struct Note {
    action: &'static str,
    subject: String,
    detail: Value,
}

/// A transaction on behalf of somebody. Use it as a connection, [`note`](Self::note) what is done,
/// and [`commit`](Self::commit); dropped, it changes nothing.
pub(crate) struct Change {
    transaction: Transaction<'static, Any>,
    actor: Actor,
    notes: Vec<Note>,
    /// Entries of somebody earlier in this transaction are written already.
    entered: bool,
}

impl Change {
    pub(super) fn new(transaction: Transaction<'static, Any>, actor: Actor) -> Self {
        Self { transaction, actor, notes: Vec::new(), entered: false }
    }

    /// On whose behalf.
    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The organisation whose rows may be touched.
    pub(crate) fn organisation(&self) -> &str {
        &self.actor.organisation
    }

    /// Adds an entry to the ledger: `action` is a dotted word (`finding.assign`), `subject` names
    /// a row (`finding/0198…`), `detail` is an object of strings, whole numbers and lists of them;
    /// no secrets.
    pub(crate) fn note(&mut self, action: &'static str, subject: impl Into<String>, detail: Value) {
        self.notes.push(Note { action, subject: subject.into(), detail });
    }

    /// Goes on on behalf of somebody else within the same transaction, so that what many do at once
    /// becomes durable together. Rows must have been held before the first turn: from then on the
    /// head of a log is held.
    pub(crate) async fn turn(&mut self, actor: &Actor) -> Result<(), Error> {
        if self.actor != *actor {
            if !self.notes.is_empty() {
                self.append().await?;
                self.entered = true;
            }
            self.actor = actor.clone();
        }
        Ok(())
    }

    /// Writes the entries and makes everything durable. A change that noted nothing is refused.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        if self.notes.is_empty() && !self.entered {
            return Err(Error::internal("a change without an entry in the ledger"));
        }
        if !self.notes.is_empty() {
            self.append().await?;
        }
        self.transaction.commit().await?;
        // Outside a request, in a job, nobody asks.
        let _ = COMMITTED.try_with(|committed| committed.set(true));
        Ok(())
    }

    /// Commits what was noted; where nothing was, nothing is kept.
    pub(crate) async fn commit_if_noted(self) -> Result<(), Error> {
        if self.notes.is_empty() && !self.entered { Ok(()) } else { self.commit().await }
    }

    async fn append(&mut self) -> Result<(), Error> {
        let organisation = self.actor.organisation.clone();
        sqlx::query(
            "INSERT INTO ledger (organisation, size, frontier) VALUES ($1, 0, '') \
             ON CONFLICT (organisation) DO NOTHING",
        )
        .bind(&organisation)
        .execute(&mut *self.transaction)
        .await?;
        // Writing the row first holds it until the commit: two changes cannot take one number.
        let (frontier,): (String,) = sqlx::query_as(
            "UPDATE ledger SET size = size WHERE organisation = $1 RETURNING frontier",
        )
        .bind(&organisation)
        .fetch_one(&mut *self.transaction)
        .await?;
        let mut frontier: Frontier = match frontier.as_str() {
            "" => Frontier::new(),
            text => text.parse().map_err(Error::internal)?,
        };
        for note in std::mem::take(&mut self.notes) {
            let now = clock::now();
            let entry = Entry {
                sequence: frontier.size(),
                time: clock::stamp(now),
                organisation: organisation.clone(),
                actor: hangtu_ledger::Actor {
                    id: self.actor.id.clone(),
                    name: self.actor.name.clone(),
                },
                action: note.action.into(),
                subject: note.subject,
                detail: match note.detail {
                    Value::Object(detail) => detail,
                    _ => return Err(Error::internal("an entry's detail is an object")),
                },
            };
            let body = entry.to_bytes().map_err(Error::internal)?;
            frontier.push(leaf_hash(&body));
            sqlx::query(
                "INSERT INTO ledger_entry (organisation, sequence, time, actor, actor_name, action, \
                 subject, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(&organisation)
            .bind(entry.sequence as i64)
            .bind(now)
            .bind(&self.actor.id)
            .bind(&self.actor.name)
            .bind(note.action)
            .bind(entry.subject)
            .bind(String::from_utf8(body).map_err(Error::internal)?)
            .execute(&mut *self.transaction)
            .await?;
        }
        sqlx::query("UPDATE ledger SET size = $2, frontier = $3 WHERE organisation = $1")
            .bind(&organisation)
            .bind(frontier.size() as i64)
            .bind(frontier.to_string())
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }
}

impl Deref for Change {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.transaction
    }
}

impl DerefMut for Change {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }
}
