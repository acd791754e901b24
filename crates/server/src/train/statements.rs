//! The learning record store's tables: statements, and what activities are called.
//! `hangtu_train::lrs` decides what is taken and found.

use super::{
    attached,
    lrs::{bad, version},
};
use crate::{clock, db::Change, error::Error};
use axum::{
    body::Bytes,
    http::{HeaderMap, header},
};
use hangtu_catalog::sha256;
use hangtu_train::{
    exchange::xapi::{Statement, Version},
    lrs::{self, Multipart, Part, Refusal, Scan, Store, StoreOrRefusal, Stored, read_multipart},
};
use serde_json::{Map, Value};
use sqlx::{AnyConnection, FromRow};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use uuid::Uuid;

/// Bytes that are kept of what an activity is.
const MOST_TOLD: usize = 64 << 10;
/// Attachments that one request may name without bringing them.
const MOST_NAMED: usize = 200;

/// The statements of one organisation.
pub(super) struct Statements<'c> {
    c: &'c mut AnyConnection,
    organisation: String,
    /// Only statements of this registration.
    only: Option<Uuid>,
    /// Whether what statements tell of activities is believed.
    learns: bool,
}

impl<'c> Statements<'c> {
    pub(super) fn of(c: &'c mut AnyConnection, organisation: &str) -> Self {
        Self { c, organisation: organisation.to_owned(), only: None, learns: true }
    }

    /// Only statements of this registration, where one is named.
    pub(super) fn only(mut self, registration: Option<Uuid>) -> Self {
        self.only = registration;
        self
    }
}

#[derive(FromRow)]
struct Row {
    sequence: i64,
    stored: i64,
    body: String,
}

impl Row {
    fn stored(self) -> Result<Stored, Error> {
        let value: Value = serde_json::from_str(&self.body).map_err(Error::internal)?;
        Ok(Stored {
            sequence: self.sequence.unsigned_abs(),
            stored: clock::stamp(self.stored),
            // Each in the version that it came in; it was checked then.
            statement: Statement::parse_any(&value).map_err(Error::internal)?,
        })
    }
}

impl Store for Statements<'_> {
    type Error = Error;

    async fn find(&mut self, ids: &[Uuid]) -> Result<Vec<Stored>, Error> {
        let mut out = Vec::new();
        for id in ids {
            let row: Option<Row> = sqlx::query_as(
                "SELECT sequence, stored, body FROM xapi_statement WHERE organisation = $1 \
                 AND id = $2",
            )
            .bind(&self.organisation)
            .bind(id.to_string())
            .fetch_optional(&mut *self.c)
            .await?;
            out.extend(row.map(Row::stored).transpose()?);
        }
        Ok(out)
    }

    async fn voided(&mut self, ids: &[Uuid]) -> Result<Vec<Uuid>, Error> {
        let mut out = Vec::new();
        for id in ids {
            let (n,): (i64,) = sqlx::query_as(
                "SELECT COUNT(*) FROM xapi_statement WHERE organisation = $1 AND voids = $2",
            )
            .bind(&self.organisation)
            .bind(id.to_string())
            .fetch_one(&mut *self.c)
            .await?;
            if n > 0 {
                out.push(*id);
            }
        }
        Ok(out)
    }

    async fn insert(
        &mut self,
        statements: Vec<Statement>,
        stored: jiff::Timestamp,
    ) -> Result<(), Error> {
        let mut last = hold(self.c, &self.organisation).await?;
        for statement in statements {
            last += 1;
            let facets = statement.facets();
            let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
            sqlx::query(
                "INSERT INTO xapi_statement (organisation, sequence, id, stored, voids, body, \
                 registration, verb, refers) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(&self.organisation)
            .bind(last)
            .bind(text(facets.id))
            .bind(stored.as_microsecond())
            .bind(text(facets.voids()))
            .bind(Value::Object(statement.json().clone()).to_string())
            .bind(text(facets.registration))
            .bind(&facets.verb)
            .bind(i64::from(facets.target.is_some()))
            .execute(&mut *self.c)
            .await?;
            if self.learns {
                learn(self.c, &self.organisation, statement.json()).await?;
            }
        }
        sqlx::query("UPDATE xapi_head SET last = $2 WHERE organisation = $1")
            .bind(&self.organisation)
            .bind(last)
            .execute(&mut *self.c)
            .await?;
        Ok(())
    }

    async fn scan(&mut self, scan: &Scan<'_>) -> Result<Vec<Stored>, Error> {
        // What else does not match is left out by the caller.
        let order = if scan.ascending {
            "sequence > $2 ORDER BY sequence"
        } else {
            "sequence < $2 ORDER BY sequence DESC"
        };
        let edge = if scan.ascending { 0 } else { i64::MAX };
        let beyond = scan.beyond.and_then(|n| i64::try_from(n).ok()).unwrap_or(edge);
        let only = if self.only.is_some() { "AND registration = $8" } else { "" };
        let sql = format!(
            "SELECT sequence, stored, body FROM xapi_statement WHERE organisation = $1 {only} \
             AND stored > $3 AND stored <= $4 AND (refers = 1 OR (($6 = '' OR registration = $6) \
             AND ($7 = '' OR verb = $7))) AND {order} LIMIT $5"
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(&self.organisation)
            .bind(beyond)
            .bind(scan.since.map_or(i64::MIN, jiff::Timestamp::as_microsecond))
            .bind(scan.until.map_or(i64::MAX, jiff::Timestamp::as_microsecond))
            .bind(scan.most as i64)
            .bind(scan.filter.registration.map(|r| r.to_string()).unwrap_or_default())
            .bind(scan.filter.verb.clone().unwrap_or_default());
        let query = match self.only {
            Some(registration) => query.bind(registration.to_string()),
            None => query,
        };
        let rows: Vec<Row> = query.fetch_all(&mut *self.c).await?;
        rows.into_iter().map(Row::stored).collect()
    }
}

/// The last place given out in an organisation's store. Held until the transaction ends: two writers cannot take one place.
pub(super) async fn hold(c: &mut AnyConnection, organisation: &str) -> Result<i64, Error> {
    sqlx::query(
        "INSERT INTO xapi_head (organisation, last) SELECT $1, COALESCE(MAX(sequence), 0) \
         FROM xapi_statement WHERE organisation = $1 ON CONFLICT (organisation) DO NOTHING",
    )
    .bind(organisation)
    .execute(&mut *c)
    .await?;
    let held: (i64,) =
        sqlx::query_as("UPDATE xapi_head SET last = last WHERE organisation = $1 RETURNING last")
            .bind(organisation)
            .fetch_one(c)
            .await?;
    Ok(held.0)
}

/// Notes what a statement tells of its activity.
async fn learn(
    c: &mut AnyConnection,
    organisation: &str,
    statement: &Map<String, Value>,
) -> Result<(), Error> {
    let Some(object) = statement.get("object") else { return Ok(()) };
    let (Some(id), Some(new)) = (object["id"].as_str(), object.get("definition")) else {
        return Ok(());
    };
    let mut told = definition(c, organisation, id).await?.unwrap_or_default();
    if told == *new {
        return Ok(());
    }
    merge(&mut told, new);
    let text = told.to_string();
    if text.len() > MOST_TOLD {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO xapi_activity (organisation, hash, definition) VALUES ($1, $2, $3) \
         ON CONFLICT (organisation, hash) DO UPDATE SET definition = excluded.definition",
    )
    .bind(organisation)
    .bind(sha256(id.as_bytes()))
    .bind(text)
    .execute(c)
    .await?;
    Ok(())
}

/// Adds what is new; what is told anew holds.
fn merge(old: &mut Value, new: &Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, value) in new {
                merge(old.entry(name).or_insert(Value::Null), value);
            }
        }
        (old, new) => *old = new.clone(),
    }
}

/// What statements about an activity have told of it.
pub(super) async fn definition(
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<Option<Value>, Error> {
    let row: Option<(String,)> = sqlx::query_as(
        "SELECT definition FROM xapi_activity WHERE organisation = $1 AND hash = $2",
    )
    .bind(organisation)
    .bind(sha256(id.as_bytes()))
    .fetch_optional(c)
    .await?;
    row.map(|(text,)| serde_json::from_str(&text).map_err(Error::internal)).transpose()
}

/// How many statements there are.
pub(super) async fn count(c: &mut AnyConnection, organisation: &str) -> Result<i64, Error> {
    let (n,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM xapi_statement WHERE organisation = $1")
            .bind(organisation)
            .fetch_one(c)
            .await?;
    Ok(n)
}

/// A request with statements.
pub(super) struct Came {
    pub(super) version: Version,
    pub(super) batch: Vec<Statement>,
    pub(super) parts: BTreeMap<String, Part>,
}

/// Reads a request: JSON alone, or with what is attached. `id` is the one that its address names.
pub(super) fn came(headers: &HeaderMap, body: &Bytes, id: Option<Uuid>) -> Result<Came, Refusal> {
    let version = version(headers)?;
    let media = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let plain = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match plain.as_str() {
        "application/json" => {
            let batch = lrs::parse_batch(body, version, id)?;
            Ok(Came { version, batch, parts: BTreeMap::new() })
        }
        "multipart/mixed" => {
            let Multipart { statements, attachments: parts } = read_multipart(media, body)?;
            let batch = lrs::parse_batch(&statements, version, id)?;
            Ok(Came { version, batch, parts })
        }
        _ => Err(bad("Content-Type: application/json or multipart/mixed")),
    }
}

/// Statements and how many of them are new.
pub(super) struct Taken {
    pub(super) ids: Vec<Uuid>,
    pub(super) new: usize,
}

/// Whose statements they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Ours, or those of a program that has a token.
    Us,
    /// A unit's of another maker, in a learner's browser: it tells nothing of activities, and names
    /// nothing as attached that it does not bring.
    Unit,
}

/// Keeps statements with what they have attached.
pub(super) async fn take(
    change: &mut Change,
    batch: Vec<Statement>,
    parts: &BTreeMap<String, Part>,
    authority: &Value,
    (version, by): (Version, By),
) -> Result<Result<Taken, Refusal>, Error> {
    let organisation = change.organisation().to_owned();
    hold(change, &organisation).await?;
    let named = batch.iter().flat_map(|s| &s.facets().attachments).map(|a| a.sha2.as_str());
    let missing: BTreeSet<&str> = named.filter(|sha2| !parts.contains_key(*sha2)).collect();
    if missing.len() > MOST_NAMED {
        let why = format!("more than {MOST_NAMED} attachments are named and not brought");
        return Ok(Err(Refusal { status: 413, why }));
    }
    let there = match by {
        By::Us => attached::there(change, &organisation, &missing).await?,
        By::Unit => HashSet::new(),
    };
    let belongs = Multipart::belongs(parts, &batch, &|sha2| there.contains(sha2));
    if let Err(refusal) = belongs.and_then(|()| lrs::check_signatures(parts, &batch)) {
        return Ok(Err(refusal));
    }
    let now = clock::stamp(clock::now());
    let ids: Vec<Uuid> = batch.iter().filter_map(|s| s.facets().id).collect();
    let mut kept = Statements::of(change, &organisation);
    kept.learns = by == By::Us;
    let old = kept.find(&ids).await?.len();
    let stored =
        lrs::store_batch(&mut kept, batch, authority, version, now, &mut Uuid::now_v7).await;
    let ids = match settle(stored)? {
        Ok(ids) => ids,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let new = ids.len().saturating_sub(old);
    if new > 0 {
        attached::keep(change, parts, now).await?;
    }
    Ok(Ok(Taken { ids, new }))
}

/// A refusal of the protocol is an answer, a fault of ours is not.
pub(super) fn settle<T>(
    result: Result<T, StoreOrRefusal<Error>>,
) -> Result<Result<T, Refusal>, Error> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(StoreOrRefusal::Refusal(refusal)) => Ok(Err(refusal)),
        Err(StoreOrRefusal::Store(e)) => Err(e),
    }
}
