//! Statements taken and given back (part three, 2.1).

use super::{Filter, Many, Query, Refusal, Scan, Store, Stored, render};
use crate::{
    credential::strict_json,
    exchange::xapi::{Attachment, Statement, Version},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Most statements of one request.
pub const MAX_BATCH: usize = 1000;

/// References that are followed from statement to statement.
const MAX_CHAIN: usize = 16;

/// Statements looked at in one go.
const STRIDE: usize = 256;
/// Most statements looked at for one page.
const MOST_LOOKED: usize = 20 * STRIDE;

/// A failure of the store, or a refusal.
#[derive(Debug)]
pub enum StoreOrRefusal<E> {
    /// The store failed.
    Store(E),
    /// The request is refused.
    Refusal(Refusal),
}

impl<E> From<Refusal> for StoreOrRefusal<E> {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

/// What a query is answered with.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The statement, or a `StatementResult` with its link to more.
    pub json: Value,
    /// When the newest statement in it was stored (`Last-Modified`).
    pub stored: Option<Timestamp>,
    /// What the statements in it have attached, if asked for.
    pub attachments: Vec<Attachment>,
}

/// Reads the body of a PUT (`put`: the `statementId` of the request) or a POST: a statement or a
/// list of them, every one sound, no id twice.
pub fn parse_batch(
    body: &[u8],
    version: Version,
    put: Option<Uuid>,
) -> Result<Vec<Statement>, Refusal> {
    let value = strict_json(body).map_err(|e| Refusal::bad(format!("JSON: {e}")))?;
    let all = match (&value, put) {
        (Value::Array(_), Some(_)) => return Err(Refusal::bad("PUT takes one statement")),
        (Value::Array(all), None) => all.as_slice(),
        (one, _) => std::slice::from_ref(one),
    };
    if all.len() > MAX_BATCH {
        return Err(Refusal::new(413, format!("more than {MAX_BATCH} statements")));
    }
    let mut ids = HashSet::new();
    let mut out = Vec::with_capacity(all.len());
    for (value, n) in all.iter().zip(0..) {
        let mut statement = Statement::parse(value, version)
            .map_err(|e| Refusal::bad(format!("statement {n}: {e}")))?;
        if let Some(id) = put {
            if statement.facets().id.is_some_and(|own| own != id) {
                return Err(Refusal::bad("statementId and the id of the statement differ"));
            }
            if statement.facets().id.is_none() {
                let mut with = statement.json().clone();
                with.insert("id".into(), id.to_string().into());
                statement = Statement::parse(&Value::Object(with), version)?;
            }
        }
        if statement.facets().id.is_some_and(|id| !ids.insert(id)) {
            return Err(Refusal::bad(format!("statement {n}: its id stands twice")));
        }
        out.push(statement);
    }
    Ok(out)
}

/// Keeps statements and gives their ids in order. What is kept already is left as it is; if it says
/// something else, the whole batch is refused (409). `fresh` gives ids (UUIDs of version 4 or 7)
/// for statements without one.
pub async fn store_batch<S: Store>(
    store: &mut S,
    batch: Vec<Statement>,
    authority: &Value,
    version: Version,
    now: Timestamp,
    fresh: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<Vec<Uuid>, StoreOrRefusal<S::Error>> {
    let ids: Vec<Uuid> = batch.iter().filter_map(|s| s.facets().id).collect();
    let kept: HashMap<Uuid, Stored> = store
        .find(&ids)
        .await
        .map_err(StoreOrRefusal::Store)?
        .into_iter()
        .filter_map(|s| Some((s.statement.facets().id?, s)))
        .collect();
    let (mut out, mut new) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
    for mut statement in batch {
        let id = statement.facets().id.unwrap_or_else(&mut *fresh);
        out.push(id);
        if let Some(there) = kept.get(&id) {
            if !there.statement.says_the_same(&statement) {
                let why = format!("{id} is kept already and says something else");
                return Err(Refusal::new(409, why).into());
            }
            continue;
        }
        statement.complete(id, now, authority, version).map_err(Refusal::from)?;
        new.push(statement);
    }
    if !new.is_empty() {
        store.insert(new, now).await.map_err(StoreOrRefusal::Store)?;
    }
    Ok(out)
}

/// Answers a query. `path` is that of the resource, for the link to the next page; `languages` is
/// the `Accept-Language` of the request.
pub async fn get_statements<S: Store>(
    store: &mut S,
    query: &Query,
    path: &str,
    languages: &str,
) -> Result<Answer, StoreOrRefusal<S::Error>> {
    match query {
        Query::One { id, voided, format, attachments } => {
            let found = store.find(&[*id]).await.map_err(StoreOrRefusal::Store)?;
            let gone = || Refusal::new(404, format!("no such statement: {id}"));
            let found = found.into_iter().next().ok_or_else(gone)?;
            let is_voided = !voided_of(store, std::slice::from_ref(&found)).await?.is_empty();
            if is_voided != *voided {
                return Err(gone().into());
            }
            Ok(Answer {
                json: render::statement(found.statement.json(), *format, languages),
                stored: Some(found.stored),
                attachments: attached(std::slice::from_ref(&found), *attachments),
            })
        }
        Query::Many(many) => {
            let (found, more) = page(store, many).await?;
            let json: Vec<Value> = found
                .iter()
                .map(|s| render::statement(s.statement.json(), many.format, languages))
                .collect();
            let more = more.map_or(String::new(), |cursor| many.more(path, cursor));
            Ok(Answer {
                json: json!({"statements": json, "more": more}),
                stored: found.iter().map(|s| s.stored).max(),
                attachments: attached(&found, many.attachments),
            })
        }
    }
}

fn attached(all: &[Stored], wanted: bool) -> Vec<Attachment> {
    let mut seen = HashSet::new();
    let every = all.iter().filter(|_| wanted).flat_map(|s| &s.statement.facets().attachments);
    every.filter(|a| seen.insert(a.sha2.clone())).cloned().collect()
}

/// Those of these that are voided. A voiding statement cannot be.
async fn voided_of<S: Store>(
    store: &mut S,
    all: &[Stored],
) -> Result<HashSet<Uuid>, StoreOrRefusal<S::Error>> {
    let can = |s: &&Stored| s.statement.facets().voids().is_none();
    let ids: Vec<Uuid> = all.iter().filter(can).filter_map(|s| s.statement.facets().id).collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    Ok(store.voided(&ids).await.map_err(StoreOrRefusal::Store)?.into_iter().collect())
}

/// A page, and the place beyond which there is more.
async fn page<S: Store>(
    store: &mut S,
    many: &Many,
) -> Result<(Vec<Stored>, Option<u64>), StoreOrRefusal<S::Error>> {
    let mut out: Vec<Stored> = Vec::new();
    let mut beyond = many.cursor;
    let mut looked = 0;
    loop {
        let scan = Scan {
            filter: &many.filter,
            since: many.since,
            until: many.until,
            ascending: many.ascending,
            beyond,
            most: STRIDE,
        };
        let seen = store.scan(&scan).await.map_err(StoreOrRefusal::Store)?;
        let whole = seen.len() < STRIDE;
        looked += seen.len();
        beyond = seen.last().map(|s| s.sequence);
        let voided = voided_of(store, &seen).await?;
        for stored in seen {
            if stored.statement.facets().id.is_some_and(|id| voided.contains(&id)) {
                continue;
            }
            if !matches(store, &many.filter, &stored).await? {
                continue;
            }
            if out.len() == many.limit {
                let last = out.last().map(|s| s.sequence);
                return Ok((out, last));
            }
            out.push(stored);
        }
        if whole {
            return Ok((out, None));
        }
        // A page may hold less than was asked for, and still say that there is more.
        if looked >= MOST_LOOKED {
            return Ok((out, beyond));
        }
    }
}

/// Whether a statement, or one that it refers to, matches; a voided one counts as well.
async fn matches<S: Store>(
    store: &mut S,
    filter: &Filter,
    stored: &Stored,
) -> Result<bool, StoreOrRefusal<S::Error>> {
    if filter.matches(stored.statement.facets()) {
        return Ok(true);
    }
    let mut next = stored.statement.facets().target;
    for _ in 0..MAX_CHAIN {
        let Some(id) = next else { return Ok(false) };
        let found = store.find(&[id]).await.map_err(StoreOrRefusal::Store)?;
        let Some(found) = found.first() else { return Ok(false) };
        if filter.matches(found.statement.facets()) {
            return Ok(true);
        }
        next = found.statement.facets().target;
    }
    Ok(false)
}
