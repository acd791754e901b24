//! The learning record store's routes (xAPI 1.0.3 and 2.0): `hangtu_train::lrs` decides, the tables
//! keep. Programs come with an API token, as a bearer or as the password of basic authentication.

use super::{
    TRAIN,
    alternate::alternate,
    attached,
    statements::{self, By, Came, Statements},
};
use crate::{
    auth::random,
    clock,
    ctx::Ctx,
    db::nothing_to_change,
    error::Error,
    route::{Access, Routes},
};
use axum::{
    Json,
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, Method as Http, StatusCode, header},
    response::{IntoResponse, Response},
};
use hangtu_catalog::hex;
use hangtu_train::{
    exchange::xapi::Version,
    lrs::{self, Answer, Query, Refusal, write_multipart},
};
use serde_json::{Value, json};
use sqlx::AnyConnection;
use uuid::Uuid;

/// Where statements are.
const STATEMENTS: &str = "/xapi/statements";
pub(super) const VERSION: HeaderName = HeaderName::from_static("x-experience-api-version");

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(TRAIN);
    r.add(Http::GET, "/xapi/about", Access::Open, None, about);
    r.add(Http::GET, STATEMENTS, may, None, get);
    r.add(Http::PUT, STATEMENTS, may, None, put);
    r.add(Http::POST, STATEMENTS, may, None, post);
    r.add(Http::GET, "/xapi/agents", may, None, agents);
    r.add(Http::GET, "/xapi/activities", may, None, activities);
}

/// An answer of this protocol; faults of ours go the usual way.
pub(super) type Said = Result<Result<Response, Refusal>, Error>;

/// Ends a request: the answer speaks the version that was asked in.
pub(super) fn end(asked: &HeaderMap, said: Said) -> Result<Response, Error> {
    let mut response = match said? {
        Ok(response) => response,
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
            (status, Json(json!({ "error": refusal.why }))).into_response()
        }
    };
    let headers = response.headers_mut();
    let spoken = version(asked).unwrap_or_default();
    headers.insert(VERSION, HeaderValue::from_static(spoken.name()));
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

/// Which versions there are: asked before anything else is known, so by anybody (part three, 2.8).
async fn about(headers: HeaderMap) -> Result<Response, Error> {
    end(&headers, Ok(Ok(Json(lrs::about()).into_response())))
}

async fn get(ctx: Ctx, headers: HeaderMap) -> Result<Response, Error> {
    end(&headers, read(&ctx, &headers).await)
}

/// The header of a time.
pub(super) fn http_date(time: jiff::Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

async fn read(ctx: &Ctx, headers: &HeaderMap) -> Said {
    if let Err(refusal) = version(headers) {
        return Ok(Err(refusal));
    }
    let query = match parameters(ctx).and_then(|p| Query::parse(&p)) {
        Ok(query) => query,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let organisation = ctx.organisation()?.to_owned();
    let c = &mut *ctx.app.db.read().await?;
    answer(c, &organisation, &query, (STATEMENTS, None), headers).await
}

/// Answers a query for statements, all of them or those of one registration, with what they have
/// attached where that is asked for.
pub(super) async fn answer(
    c: &mut AnyConnection,
    organisation: &str,
    query: &Query,
    (path, only): (&str, Option<Uuid>),
    headers: &HeaderMap,
) -> Said {
    let languages = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let mut store = Statements::of(&mut *c, organisation).only(only);
    let found = lrs::get_statements(&mut store, query, path, languages.unwrap_or("*")).await;
    let Answer { json, stored, attachments } = match statements::settle(found)? {
        Ok(answer) => answer,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let wanted = match query {
        Query::One { attachments, .. } => *attachments,
        Query::Many(many) => many.attachments,
    };
    let mut response = if wanted {
        let parts = match attached::parts(c, organisation, &attachments).await? {
            Ok(parts) => parts,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // 128 random bits stand in no attachment.
        let boundary = hex(&random::<16>()?);
        let (media, body) = write_multipart(json.to_string().as_bytes(), &parts, &boundary);
        ([(header::CONTENT_TYPE, media)], body).into_response()
    } else {
        Json(json).into_response()
    };
    if let Some(stored) = stored {
        let value = HeaderValue::from_str(&http_date(stored)).map_err(Error::internal)?;
        response.headers_mut().insert(header::LAST_MODIFIED, value);
    }
    Ok(Ok(response))
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
    let Came { version, batch, parts } = match statements::came(headers, body, id) {
        Ok(came) => came,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let authority = authority(ctx)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let taken =
        match statements::take(&mut change, batch, &parts, &authority, (version, By::Us)).await? {
            Ok(taken) => taken,
            Err(refusal) => return Ok(Err(refusal)),
        };
    let names: Vec<String> = taken.ids.iter().map(Uuid::to_string).collect();
    if taken.new > 0 {
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

/// The `statementId` of a PUT.
pub(super) fn named(parameters: &[(String, String)]) -> Result<Uuid, Refusal> {
    match parameters {
        [(name, id)] if name == "statementId" => {
            id.parse().map_err(|_| bad("statementId: no UUID"))
        }
        _ => Err(bad("statementId is missing, or not alone")),
    }
}

async fn put(ctx: Ctx, headers: HeaderMap, body: Bytes) -> Result<Response, Error> {
    end(&headers, write(&ctx, &Http::PUT, &headers, &body).await)
}

async fn post(ctx: Ctx, headers: HeaderMap, body: Bytes) -> Result<Response, Error> {
    match alternate(&ctx, &headers, &body) {
        Ok(None) => end(&headers, write(&ctx, &Http::POST, &headers, &body).await),
        Ok(Some(asked)) if asked.method == Http::GET => {
            nothing_to_change();
            end(&asked.headers, read(&asked.ctx, &asked.headers).await)
        }
        Ok(Some(asked)) => {
            let done = write(&asked.ctx, &asked.method, &asked.headers, &asked.body).await;
            end(&asked.headers, done)
        }
        Err(refusal) => end(&headers, Ok(Err(refusal))),
    }
}

async fn write(ctx: &Ctx, method: &Http, headers: &HeaderMap, body: &Bytes) -> Said {
    let id = parameters(ctx).and_then(|p| match *method {
        Http::PUT => named(&p).map(Some),
        Http::POST if p.is_empty() => Ok(None),
        Http::POST => Err(bad("POST takes no parameters")),
        _ => Err(bad("statements are not taken away: void them")),
    });
    match id {
        Ok(id) => store(ctx, headers, body, id).await,
        Err(refusal) => Ok(Err(refusal)),
    }
}

pub(super) fn one(ctx: &Ctx, name: &str) -> Result<String, Refusal> {
    match parameters(ctx)?.as_slice() {
        [(given, value)] if given == name => Ok(value.clone()),
        _ => Err(bad(&format!("{name} is missing, or not alone"))),
    }
}

/// The person that an agent is.
pub(super) fn person(ctx: &Ctx, headers: &HeaderMap) -> Result<Value, Refusal> {
    version(headers)?;
    let agent = one(ctx, "agent")?;
    let agent: Value = serde_json::from_str(&agent).map_err(|e| bad(&format!("agent: {e}")))?;
    lrs::person(&agent, &[])
}

async fn agents(ctx: Ctx, headers: HeaderMap) -> Result<Response, Error> {
    let person = person(&ctx, &headers);
    end(&headers, Ok(person.map(|p| Json(p).into_response())))
}

async fn activities(ctx: Ctx, headers: HeaderMap) -> Result<Response, Error> {
    let organisation = ctx.organisation()?.to_owned();
    end(&headers, activity(&ctx, &organisation, &headers).await)
}

/// An activity as it was last told.
pub(super) async fn activity(ctx: &Ctx, organisation: &str, headers: &HeaderMap) -> Said {
    let id = match version(headers).and_then(|_| one(ctx, "activityId")) {
        Ok(id) => id,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let told = statements::definition(&mut *ctx.app.db.read().await?, organisation, &id).await?;
    Ok(lrs::activity(&id, told.as_ref()).map(|a| Json(a).into_response()))
}
