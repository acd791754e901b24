//! A transaction that leaves its trace.

use crate::{clock, error::Error};
use serde_json::{Value, json};
use sqlx::{Any, AnyConnection, Transaction};
use std::ops::{Deref, DerefMut};

/// Who changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    /// The organisation whose rows and whose ledger it is; empty for the instance.
    pub(crate) organisation: String,
    /// Id of the person, or `system`.
    pub(crate) id: String,
    /// The name as it was then.
    pub(crate) name: String,
}

impl Actor {
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
}

impl Change {
    pub(super) fn new(transaction: Transaction<'static, Any>, actor: Actor) -> Self {
        Self { transaction, actor, notes: Vec::new() }
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

    /// Writes the entries and makes everything durable. A change that noted nothing is refused.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        if self.notes.is_empty() {
            return Err(Error::internal("a change without an entry in the ledger"));
        }
        self.append().await?;
        self.transaction.commit().await?;
        Ok(())
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
        let (mut size, frontier): (i64, String) = sqlx::query_as(
            "UPDATE ledger SET size = size WHERE organisation = $1 RETURNING size, frontier",
        )
        .bind(&organisation)
        .fetch_one(&mut *self.transaction)
        .await?;
        for note in std::mem::take(&mut self.notes) {
            let time = clock::now();
            let body = json!({
                "sequence": size, "time": clock::rfc3339(time), "organisation": organisation,
                "actor": self.actor.id, "actor_name": self.actor.name, "action": note.action,
                "subject": note.subject, "detail": note.detail,
            });
            sqlx::query(
                "INSERT INTO ledger_entry (organisation, sequence, time, actor, actor_name, action, \
                 subject, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(&organisation)
            .bind(size)
            .bind(time)
            .bind(&self.actor.id)
            .bind(&self.actor.name)
            .bind(note.action)
            .bind(note.subject)
            .bind(body.to_string())
            .execute(&mut *self.transaction)
            .await?;
            size += 1;
        }
        sqlx::query("UPDATE ledger SET size = $2, frontier = $3 WHERE organisation = $1")
            .bind(&organisation)
            .bind(size)
            .bind(frontier)
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
