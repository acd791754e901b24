//! The documents of the learning record store: state of activities, profiles.

use super::{
    TRAIN,
    alternate::alternate,
    lrs::{Said, bad, end, http_date, parameters, version},
    statements,
};
use crate::{
    App, clock,
    ctx::Ctx,
    db::{Actor, Change, nothing_to_change},
    error::Error,
    route::{Access, Routes},
};
use axum::{
    Json,
    body::Bytes,
    http::{HeaderMap, HeaderValue, Method as Http, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hangtu_train::{
    exchange::xapi::Version,
    lrs::{self, Conditions, Document, DocumentKey, Method, Refusal, Resource, Wanted},
};
use serde_json::json;
use sqlx::AnyConnection;

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(TRAIN);
    for method in [Http::GET, Http::PUT, Http::POST, Http::DELETE] {
        r.add(method.clone(), "/xapi/activities/state", may, None, state);
        r.add(method.clone(), "/xapi/activities/profile", may, None, activity_profile);
        r.add(method, "/xapi/agents/profile", may, None, agent_profile);
    }
}

async fn state(ctx: Ctx, method: Http, headers: HeaderMap, body: Bytes) -> Result<Response, Error> {
    end(&headers, document(&ctx, Resource::State, &method, &headers, &body).await)
}

async fn activity_profile(
    ctx: Ctx,
    method: Http,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    end(&headers, document(&ctx, Resource::ActivityProfile, &method, &headers, &body).await)
}

async fn agent_profile(
    ctx: Ctx,
    method: Http,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    end(&headers, document(&ctx, Resource::AgentProfile, &method, &headers, &body).await)
}

const fn word(resource: Resource) -> &'static str {
    match resource {
        Resource::State => "state",
        Resource::ActivityProfile => "activity_profile",
        Resource::AgentProfile => "agent_profile",
    }
}

/// What a document belongs to, as one text.
fn owner(key: &DocumentKey) -> String {
    let registration = key.registration.map(|r| r.to_string());
    json!([key.activity, key.agent, registration]).to_string()
}

async fn find(
    c: &mut AnyConnection,
    organisation: &str,
    key: &DocumentKey,
    name: &str,
) -> Result<Option<Document>, Error> {
    let row: Option<(String, String, i64)> = sqlx::query_as(
        "SELECT media, content, updated FROM xapi_document WHERE organisation = $1 \
         AND resource = $2 AND owner = $3 AND name = $4",
    )
    .bind(organisation)
    .bind(word(key.resource))
    .bind(owner(key))
    .bind(name)
    .fetch_optional(c)
    .await?;
    let read = |(content_type, content, updated): (String, String, i64)| {
        Ok(Document {
            content_type,
            bytes: STANDARD.decode(content).map_err(Error::internal)?,
            updated: clock::stamp(updated),
        })
    };
    row.map(read).transpose()
}

fn shown(document: Document) -> Response {
    let tag = lrs::etag(&document.bytes);
    let when = http_date(document.updated);
    let headers = [
        // What strangers stored is never shown as a page of ours.
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (header::CONTENT_TYPE, document.content_type),
        (header::ETAG, tag),
        (header::LAST_MODIFIED, when),
    ];
    (headers, document.bytes).into_response()
}

/// What a request asks of documents.
pub(super) struct Wish {
    pub(super) method: Method,
    pub(super) key: DocumentKey,
    pub(super) wanted: Wanted,
    version: Version,
}

/// Reads what a request asks of documents.
pub(super) fn wish(
    ctx: &Ctx,
    resource: Resource,
    http: &Http,
    headers: &HeaderMap,
) -> Result<Wish, Refusal> {
    let method = match *http {
        Http::PUT => Method::Put,
        Http::POST => Method::Post,
        Http::DELETE => Method::Delete,
        _ => Method::Get,
    };
    let version = version(headers)?;
    let (key, wanted) = DocumentKey::parse(resource, method, &parameters(ctx)?)?;
    Ok(Wish { method, key, wanted, version })
}

async fn document(
    ctx: &Ctx,
    resource: Resource,
    http: &Http,
    headers: &HeaderMap,
    body: &Bytes,
) -> Said {
    if *http == Http::POST {
        match alternate(ctx, headers, body) {
            Ok(None) => {}
            Ok(Some(asked)) => {
                if asked.method == Http::GET {
                    nothing_to_change();
                }
                return match wish(&asked.ctx, resource, &asked.method, &asked.headers) {
                    Ok(wish) => {
                        let sent = (&asked.headers, &asked.body);
                        act(&ctx.app, &ctx.actor()?, wish, sent, LIMITS).await
                    }
                    Err(refusal) => Ok(Err(refusal)),
                };
            }
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    match wish(ctx, resource, http, headers) {
        Ok(wish) => act(&ctx.app, &ctx.actor()?, wish, (headers, body), LIMITS).await,
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// How much may be kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of a document, also one that grew by being merged.
    pub(super) bytes: usize,
    /// Documents where this one stands.
    pub(super) documents: i64,
}

/// Of programs that have a token.
const LIMITS: Limits = Limits { bytes: 4 << 20, documents: 10_000 };

/// Does it, on behalf of somebody.
pub(super) async fn act(
    app: &App,
    actor: &Actor,
    wish: Wish,
    (headers, body): (&HeaderMap, &Bytes),
    limits: Limits,
) -> Said {
    let Wish { method, key, wanted, version } = wish;
    let (resource, organisation) = (key.resource, actor.organisation.clone());
    let text = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    let conditions = Conditions {
        if_match: text(header::IF_MATCH),
        if_none_match: text(header::IF_NONE_MATCH),
        version,
    };
    if method == Method::Get {
        let c = &mut *app.db.read().await?;
        return Ok(match wanted {
            Wanted::One(name) => match find(c, &organisation, &key, &name).await? {
                Some(document) => Ok(shown(document)),
                None => Err(Refusal { status: 404, why: "no such document".into() }),
            },
            Wanted::All(since) => {
                let rows: Vec<(String,)> = sqlx::query_as(
                    "SELECT name FROM xapi_document WHERE organisation = $1 AND resource = $2 \
                     AND owner = $3 AND updated > $4 ORDER BY name LIMIT 10000",
                )
                .bind(&organisation)
                .bind(word(resource))
                .bind(owner(&key))
                .bind(since.map_or(i64::MIN, jiff::Timestamp::as_microsecond))
                .fetch_all(c)
                .await?;
                let names: Vec<String> = rows.into_iter().map(|r| r.0).collect();
                Ok(Json(names).into_response())
            }
        });
    }
    let mut change = app.db.change(actor).await?;
    // Two writers come one after the other: what one of them supposes stays so.
    statements::hold(&mut change, &organisation).await?;
    let detail = |what: &str| json!({ "resource": word(resource), "what": what });
    let done = match (method, wanted) {
        (Method::Delete, Wanted::One(name)) => {
            let existing = find(&mut change, &organisation, &key, &name).await?;
            if let Err(refusal) = lrs::check_delete(existing.as_ref(), conditions) {
                return Ok(Err(refusal));
            }
            remove(&mut change, &organisation, &key, Some(&name)).await?
        }
        (Method::Delete, Wanted::All(_)) => remove(&mut change, &organisation, &key, None).await?,
        (_, Wanted::All(_)) => return Ok(Err(bad("the id of the document is missing"))),
        (_, Wanted::One(name)) => {
            let existing = find(&mut change, &organisation, &key, &name).await?;
            let media = text(header::CONTENT_TYPE).unwrap_or_default();
            let now = clock::stamp(clock::now());
            let old = existing.as_ref();
            let merged = lrs::merge(resource, method, old, media, body, conditions, now);
            let new = match merged {
                Ok(new) => new,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if new.bytes.len() > limits.bytes {
                let why = format!("the document has more than {} bytes", limits.bytes);
                return Ok(Err(Refusal { status: 413, why }));
            }
            if existing.is_none()
                && count(&mut change, &organisation, &key).await? >= limits.documents
            {
                return Ok(Err(bad("too many documents are kept here")));
            }
            keep(&mut change, &organisation, &key, &name, &new).await?;
            1
        }
    };
    if done > 0 {
        let what = if method == Method::Delete { "delete" } else { "store" };
        change.note("xapi.document", "xapi/documents", detail(what));
        change.commit().await?;
    } else {
        drop(change);
        nothing_to_change();
    }
    Ok(Ok(StatusCode::NO_CONTENT.into_response()))
}

/// Keeps a document as it has become.
pub(super) async fn keep(
    change: &mut Change,
    organisation: &str,
    key: &DocumentKey,
    name: &str,
    new: &Document,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO xapi_document (organisation, resource, owner, name, media, content, updated) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (organisation, resource, owner, name) \
         DO UPDATE SET media = excluded.media, content = excluded.content, \
         updated = excluded.updated",
    )
    .bind(organisation)
    .bind(word(key.resource))
    .bind(owner(key))
    .bind(name)
    .bind(&new.content_type)
    .bind(STANDARD.encode(&new.bytes))
    .bind(new.updated.as_microsecond())
    .execute(&mut **change)
    .await?;
    Ok(())
}

/// How many documents there are where this one stands.
async fn count(c: &mut AnyConnection, organisation: &str, key: &DocumentKey) -> Result<i64, Error> {
    let (n,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM xapi_document WHERE organisation = $1 AND resource = $2 \
         AND owner = $3",
    )
    .bind(organisation)
    .bind(word(key.resource))
    .bind(owner(key))
    .fetch_one(c)
    .await?;
    Ok(n)
}

async fn remove(
    change: &mut Change,
    organisation: &str,
    key: &DocumentKey,
    name: Option<&str>,
) -> Result<u64, Error> {
    let done = sqlx::query(
        "DELETE FROM xapi_document WHERE organisation = $1 AND resource = $2 AND owner = $3 \
         AND ($4 = '' OR name = $4)",
    )
    .bind(organisation)
    .bind(word(key.resource))
    .bind(owner(key))
    .bind(name.unwrap_or_default())
    .execute(&mut **change)
    .await?;
    Ok(done.rows_affected())
}
