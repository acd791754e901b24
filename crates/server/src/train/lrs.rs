//! The learning record store's routes (xAPI 1.0.3 and 2.0): `hangtu_train::lrs` decides, the tables
//! keep. Programs come with an API token, as a bearer or as the password of basic authentication.

use super::TRAIN;
use crate::{
    clock,
    ctx::Ctx,
    db::{Change, nothing_to_change},
    error::Error,
    route::{Access, Routes},
};
use axum::{
    Json,
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, Method as Http, StatusCode, header},
    response::{IntoResponse, Response},
};
use hangtu_train::{
    exchange::xapi::{Statement, Version},
    lrs::{self, Query, Refusal, Scan, Store, StoreOrRefusal, Stored},
};
use serde_json::{Value, json};
use sqlx::{AnyConnection, FromRow};
use uuid::Uuid;

/// Where statements are.
const STATEMENTS: &str = "/xapi/statements";
const VERSION: HeaderName = HeaderName::from_static("x-experience-api-version");

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(TRAIN);
    r.add(Http::GET, "/xapi/about", may, None, about);
    r.add(Http::GET, STATEMENTS, may, None, get);
    r.add(Http::PUT, STATEMENTS, may, None, put);
    r.add(Http::POST, STATEMENTS, may, None, post);
    r.add(Http::GET, "/xapi/agents", may, None, agents);
    r.add(Http::GET, "/xapi/activities", may, None, activities);
}

/// The statements of one organisation.
struct Kept<'c> {
    c: &'c mut AnyConnection,
    organisation: String,
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
            // Version 2.0 takes what 1.0.3 takes; it was checked when it came.
            statement: Statement::parse(&value, Version::V2).map_err(Error::internal)?,
        })
    }
}

impl Store for Kept<'_> {
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
        let (mut last,): (i64,) = sqlx::query_as(
            "SELECT COALESCE(MAX(sequence), 0) FROM xapi_statement WHERE organisation = $1",
        )
        .bind(&self.organisation)
        .fetch_one(&mut *self.c)
        .await?;
        for statement in statements {
            last += 1;
            let facets = statement.facets();
            let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
            sqlx::query(
                "INSERT INTO xapi_statement (organisation, sequence, id, stored, voids, body) \
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(&self.organisation)
            .bind(last)
            .bind(text(facets.id))
            .bind(stored.as_microsecond())
            .bind(text(facets.voids()))
            .bind(Value::Object(statement.json().clone()).to_string())
            .execute(&mut *self.c)
            .await?;
        }
        Ok(())
    }

    async fn scan(&mut self, scan: &Scan<'_>) -> Result<Vec<Stored>, Error> {
        // What does not match is left out by the caller.
        let order = if scan.ascending {
            "sequence > $2 ORDER BY sequence"
        } else {
            "sequence < $2 ORDER BY sequence DESC"
        };
        let edge = if scan.ascending { 0 } else { i64::MAX };
        let beyond = scan.beyond.and_then(|n| i64::try_from(n).ok()).unwrap_or(edge);
        let sql = format!(
            "SELECT sequence, stored, body FROM xapi_statement WHERE organisation = $1 \
             AND stored > $3 AND stored <= $4 AND {order} LIMIT $5"
        );
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(&self.organisation)
            .bind(beyond)
            .bind(scan.since.map_or(i64::MIN, jiff::Timestamp::as_microsecond))
            .bind(scan.until.map_or(i64::MAX, jiff::Timestamp::as_microsecond))
            .bind(scan.most as i64)
            .fetch_all(&mut *self.c)
            .await?;
        rows.into_iter().map(Row::stored).collect()
    }
}

/// An answer of this protocol; faults of ours go the usual way.
pub(super) type Said = Result<Result<Response, Refusal>, Error>;

pub(super) fn end(said: Said) -> Result<Response, Error> {
    let mut response = match said? {
        Ok(response) => response,
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
            (status, Json(json!({ "error": refusal.why }))).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(VERSION, HeaderValue::from_static("2.0.0"));
    let now = HeaderValue::from_str(&clock::rfc3339(clock::now())).map_err(Error::internal)?;
    headers.insert(HeaderName::from_static("x-experience-api-consistent-through"), now);
    Ok(response)
}

pub(super) fn bad(why: &str) -> Refusal {
    Refusal { status: 400, why: why.into() }
}

pub(super) fn version(headers: &HeaderMap) -> Result<Version, Refusal> {
    let text = headers.get(&VERSION).and_then(|v| v.to_str().ok());
    text.and_then(Version::parse).ok_or_else(|| bad("X-Experience-API-Version: 1.0.x or 2.0.x"))
}

pub(super) fn parameters(ctx: &Ctx) -> Result<Vec<(String, String)>, Refusal> {
    let query = ctx.path.split_once('?').map_or("", |(_, q)| q);
    serde_html_form::from_str(query).map_err(|e| bad(&e.to_string()))
}

fn settle<T>(result: Result<T, StoreOrRefusal<Error>>) -> Result<Result<T, Refusal>, Error> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(StoreOrRefusal::Refusal(refusal)) => Ok(Err(refusal)),
        Err(StoreOrRefusal::Store(e)) => Err(e),
    }
}

async fn about(ctx: Ctx) -> Result<Response, Error> {
    ctx.signed()?;
    end(Ok(Ok(Json(lrs::about()).into_response())))
}

async fn get(ctx: Ctx, headers: HeaderMap) -> Result<Response, Error> {
    end(read(&ctx, &headers).await)
}

async fn read(ctx: &Ctx, headers: &HeaderMap) -> Said {
    if let Err(refusal) = version(headers) {
        return Ok(Err(refusal));
    }
    let query = match parameters(ctx).and_then(|p| Query::parse(&p)) {
        Ok(query) => query,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let languages = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let c = &mut *ctx.app.db.read().await?;
    let mut store = Kept { c, organisation: ctx.organisation()?.to_owned() };
    let found = lrs::get_statements(&mut store, &query, STATEMENTS, languages.unwrap_or("*")).await;
    Ok(match settle(found)? {
        Ok(answer) => {
            let mut response = Json(answer.json).into_response();
            if let Some(stored) = answer.stored {
                let http = stored.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
                let value = HeaderValue::from_str(&http).map_err(Error::internal)?;
                response.headers_mut().insert(header::LAST_MODIFIED, value);
            }
            Ok(response)
        }
        Err(refusal) => Err(refusal),
    })
}

/// Whoever brings statements vouches for them.
fn authority(ctx: &Ctx) -> Result<Value, Error> {
    let who = ctx.signed()?;
    let home = ctx.app.config.url(ctx.app.config.listen);
    Ok(json!({
        "objectType": "Agent",
        "name": who.name,
        "account": { "homePage": home, "name": who.account },
    }))
}

async fn store(ctx: &Ctx, headers: &HeaderMap, body: &Bytes, id: Option<Uuid>) -> Said {
    let version = match version(headers) {
        Ok(version) => version,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let batch = match lrs::parse_batch(body, version, id) {
        Ok(batch) => batch,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let authority = authority(ctx)?;
    let now = clock::stamp(clock::now());
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let before = count(&mut change, &organisation).await?;
    let mut kept = Kept { c: &mut change, organisation: organisation.clone() };
    let stored =
        lrs::store_batch(&mut kept, batch, &authority, version, now, &mut Uuid::now_v7).await;
    let ids = match settle(stored)? {
        Ok(ids) => ids,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let names: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    if count(&mut change, &organisation).await? > before {
        change.note("xapi.store", "xapi/statements", json!({ "statements": names }));
        change.commit().await?;
    } else {
        drop(change);
        nothing_to_change();
    }
    Ok(Ok(if id.is_some() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        Json(names).into_response()
    }))
}

async fn count(change: &mut Change, organisation: &str) -> Result<i64, Error> {
    let (n,): (i64,) = sqlx::query_as(
        "SELECT COALESCE(MAX(sequence), 0) FROM xapi_statement WHERE organisation = $1",
    )
    .bind(organisation)
    .fetch_one(&mut **change)
    .await?;
    Ok(n)
}

async fn put(ctx: Ctx, headers: HeaderMap, body: Bytes) -> Result<Response, Error> {
    let id = parameters(&ctx).and_then(|p| match p.as_slice() {
        [(name, id)] if name == "statementId" => {
            id.parse().map_err(|_| bad("statementId: no UUID"))
        }
        _ => Err(bad("statementId is missing, or not alone")),
    });
    match id {
        Ok(id) => end(store(&ctx, &headers, &body, Some(id)).await),
        Err(refusal) => end(Ok(Err(refusal))),
    }
}

async fn post(ctx: Ctx, headers: HeaderMap, body: Bytes) -> Result<Response, Error> {
    match parameters(&ctx) {
        Ok(none) if none.is_empty() => end(store(&ctx, &headers, &body, None).await),
        Ok(_) => end(Ok(Err(bad("POST takes no parameters")))),
        Err(refusal) => end(Ok(Err(refusal))),
    }
}

fn one(ctx: &Ctx, name: &str) -> Result<String, Refusal> {
    match parameters(ctx)?.as_slice() {
        [(given, value)] if given == name => Ok(value.clone()),
        _ => Err(bad(&format!("{name} is missing, or not alone"))),
    }
}

async fn agents(ctx: Ctx, headers: HeaderMap) -> Result<Response, Error> {
    let person = version(&headers).and_then(|_| one(&ctx, "agent")).and_then(|agent| {
        let agent: Value = serde_json::from_str(&agent).map_err(|e| bad(&format!("agent: {e}")))?;
        lrs::person(&agent, &[])
    });
    end(Ok(person.map(|p| Json(p).into_response())))
}

async fn activities(ctx: Ctx, headers: HeaderMap) -> Result<Response, Error> {
    let found = version(&headers)
        .and_then(|_| one(&ctx, "activityId"))
        .and_then(|id| lrs::activity(&id, None));
    end(Ok(found.map(|a| Json(a).into_response())))
}
