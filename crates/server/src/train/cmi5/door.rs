//! What a unit reaches: its key (once), and the record of its own launch. Answers may be read by a
//! document of any origin, since a unit has none; nothing here looks at a cookie.

use super::{
    launch::LAUNCH_DATA,
    report::report,
    session::{self, Row, Secret},
};
use crate::{
    auth::random,
    clock,
    ctx::Ctx,
    db::Actor,
    error::Error,
    route::{Access, Routes},
    train::{
        documents::{self, Limits, Wish},
        lrs::{self as api, Said},
        statements::Statements,
    },
};
use axum::{
    Json,
    body::Bytes,
    extract::Path,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hangtu_catalog::{hex, sha256};
use hangtu_train::{
    exchange::{
        cmi5::{Au, CourseStructure, Launch},
        xapi::agent_key,
    },
    lrs::{self, DocumentKey, Query, Refusal, Resource, Store, Wanted},
};
use serde_json::json;

/// Where a unit's statements are.
const STATEMENTS: &str = "/cmi5/lrs/statements";
/// Bytes of a document, and documents of one unit.
const DOCUMENT: usize = 512 << 10;
const DOCUMENTS: i64 = 200;
/// The document of a learner's wishes (section 11): the only one of a learner that units change.
const PREFERENCES: &str = "cmi5LearnerPreferences";

pub(super) fn routes(r: &mut Routes) {
    let open = Access::Open;
    r.add(Method::POST, "/cmi5/fetch/{secret}", open, None, fetch);
    r.add(Method::OPTIONS, "/cmi5/fetch/{secret}", open, None, preflight);
    r.add(Method::GET, "/cmi5/lrs/about", open, None, about);
    r.add(Method::GET, STATEMENTS, open, None, get);
    r.add(Method::PUT, STATEMENTS, open, None, put);
    r.add(Method::POST, STATEMENTS, open, None, post);
    r.add(Method::GET, "/cmi5/lrs/activities", open, None, activities);
    r.add(Method::GET, "/cmi5/lrs/agents", open, None, agents);
    for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE] {
        r.add(method.clone(), "/cmi5/lrs/activities/state", open, None, state);
        r.add(method.clone(), "/cmi5/lrs/activities/profile", open, None, activity_profile);
        r.add(method, "/cmi5/lrs/agents/profile", open, None, agent_profile);
    }
    for path in [
        "/cmi5/lrs/about",
        STATEMENTS,
        "/cmi5/lrs/activities",
        "/cmi5/lrs/agents",
        "/cmi5/lrs/activities/state",
        "/cmi5/lrs/activities/profile",
        "/cmi5/lrs/agents/profile",
    ] {
        r.add(Method::OPTIONS, path, open, None, preflight);
    }
}

/// Lets a document of any origin read an answer: never with credentials of the browser.
fn readable(mut response: Response) -> Response {
    const SAID: [(header::HeaderName, &str); 4] = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, PUT, POST, DELETE, HEAD, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type, x-experience-api-version, if-match, if-none-match, \
             accept, accept-language",
        ),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "etag, last-modified, x-experience-api-version, x-experience-api-consistent-through",
        ),
    ];
    for (name, value) in SAID {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn said(asked: &HeaderMap, said: Said) -> Result<Response, Error> {
    api::end(asked, said).map(readable)
}

async fn preflight() -> Response {
    let mut response = readable(StatusCode::NO_CONTENT.into_response());
    response.headers_mut().insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Gives the key of a launch, once (section 8.2).
async fn fetch(ctx: Ctx, Path(secret): Path<String>) -> Result<Response, Error> {
    let refuse = |code: &str, why: &str| {
        let body = Json(json!({ "error-code": code, "error-text": why }));
        Ok(readable((StatusCode::BAD_REQUEST, body).into_response()))
    };
    let row = session::by(&mut *ctx.app.db.read().await?, Secret::Fetch, &secret).await?;
    let Some(row) = row.filter(|r| r.ended.is_none()) else {
        return refuse("2", "there is no such launch, or it has ended");
    };
    // As user and password, which is what units send it as.
    let key = STANDARD.encode(format!("{}:{}", row.id, hex(&random::<32>()?)));
    let mut change = ctx.app.db.change(&actor(&row)).await?;
    let done = sqlx::query(
        "UPDATE cmi5_session SET fetched = $3, token = $4 WHERE organisation = $1 AND id = $2 \
         AND fetched IS NULL",
    )
    .bind(&row.organisation)
    .bind(&row.id)
    .bind(clock::now())
    .bind(sha256(key.as_bytes()))
    .execute(&mut *change)
    .await?;
    if done.rows_affected() == 0 {
        return refuse("1", "the key of this launch has been fetched already");
    }
    change.note("cmi5.fetch", format!("launch/{}", row.id), json!({ "course": row.course }));
    change.commit().await?;
    Ok(readable(Json(json!({ "auth-token": key })).into_response()))
}

/// Whoever a launch belongs to.
pub(super) fn actor(row: &Row) -> Actor {
    Actor {
        organisation: row.organisation.clone(),
        id: row.person.clone(),
        name: row.person_name.clone(),
    }
}

/// A launch whose key a request brought, with what belongs to it.
pub(super) struct Door {
    pub(super) row: Row,
    pub(super) structure: CourseStructure,
    pub(super) launch: Launch,
}

impl Door {
    pub(super) fn unit(&self) -> Result<&Au, Error> {
        let at = usize::try_from(self.row.unit).map_err(Error::internal)?;
        self.structure.units().get(at).copied().ok_or(Error::NotFound)
    }

    /// The learner, as records know them.
    fn agent(&self) -> Result<Option<String>, Error> {
        agent_key(&self.launch.actor).map_err(Error::internal)
    }
}

/// Opens the door: the key must be that of a launch that has not ended.
pub(super) async fn open(ctx: &Ctx, headers: &HeaderMap) -> Result<Result<Door, Refusal>, Error> {
    let no = |status, why: &str| Ok(Err(Refusal { status, why: why.into() }));
    let text = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let key = text.and_then(|t| t.strip_prefix("Basic ").or_else(|| t.strip_prefix("Bearer ")));
    let Some(key) = key.map(str::trim).filter(|k| !k.is_empty()) else {
        return no(401, "Authorization: Basic, with the auth-token that the fetch address gave");
    };
    let c = &mut *ctx.app.db.read().await?;
    let Some(row) = session::by(c, Secret::Token, key).await? else {
        return no(401, "this is not the key of a launch that holds");
    };
    if row.ended.is_some() {
        return no(403, "the session has ended");
    }
    let held = super::held(c, &row.organisation, &row.course, Some(row.version)).await?;
    let structure = held.ok_or(Error::NotFound)?.structure()?;
    let at = usize::try_from(row.unit).map_err(Error::internal)?;
    let publisher = structure.units().get(at).map(|u| u.id.clone()).ok_or(Error::NotFound)?;
    let launch = row.launch(&ctx.app, &publisher)?;
    Ok(Ok(Door { row, structure, launch }))
}

async fn about(headers: HeaderMap) -> Result<Response, Error> {
    said(&headers, Ok(Ok(Json(lrs::about()).into_response())))
}

async fn get(ctx: Ctx, headers: HeaderMap) -> Result<Response, Error> {
    said(&headers, read(&ctx, &headers).await)
}

/// Statements of this registration, and no other.
async fn read(ctx: &Ctx, headers: &HeaderMap) -> Said {
    let door = match open(ctx, headers).await? {
        Ok(door) => door,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let query =
        api::version(headers).and_then(|_| api::parameters(ctx)).and_then(|p| Query::parse(&p));
    let mut query = match query {
        Ok(query) => query,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let own = Some(door.launch.registration);
    let c = &mut *ctx.app.db.read().await?;
    match &mut query {
        Query::One { id, .. } => {
            let mut store = Statements::of(&mut *c, &door.row.organisation);
            let found = store.find(&[*id]).await?;
            if found.iter().any(|s| s.statement.facets().registration != own) {
                return Ok(Err(Refusal { status: 404, why: format!("no such statement: {id}") }));
            }
        }
        Query::Many(many) => {
            if many.filter.registration.is_some_and(|r| Some(r) != own) {
                return Ok(Err(other("registration")));
            }
            many.filter.registration = own;
        }
    }
    api::answer(c, &door.row.organisation, &query, (STATEMENTS, own), headers).await
}

fn other(what: &str) -> Refusal {
    Refusal { status: 403, why: format!("{what} is not that of the launch") }
}

async fn put(ctx: Ctx, headers: HeaderMap, body: Bytes) -> Result<Response, Error> {
    match api::parameters(&ctx).and_then(|p| api::named(&p)) {
        Ok(id) => said(&headers, report(&ctx, &headers, &body, Some(id)).await),
        Err(refusal) => said(&headers, Ok(Err(refusal))),
    }
}

async fn post(ctx: Ctx, headers: HeaderMap, body: Bytes) -> Result<Response, Error> {
    said(&headers, report(&ctx, &headers, &body, None).await)
}

async fn activities(ctx: Ctx, headers: HeaderMap) -> Result<Response, Error> {
    let done = match open(&ctx, &headers).await? {
        Ok(door) => match api::one(&ctx, "activityId") {
            Ok(id) if id == door.launch.activity => {
                api::activity(&ctx, &door.row.organisation, &headers).await
            }
            Ok(_) => Ok(Err(other("activityId"))),
            Err(refusal) => Ok(Err(refusal)),
        },
        Err(refusal) => Ok(Err(refusal)),
    };
    said(&headers, done)
}

async fn agents(ctx: Ctx, headers: HeaderMap) -> Result<Response, Error> {
    let done = match open(&ctx, &headers).await? {
        Ok(_) => Ok(api::person(&ctx, &headers).map(|p| Json(p).into_response())),
        Err(refusal) => Ok(Err(refusal)),
    };
    said(&headers, done)
}

async fn state(ctx: Ctx, m: Method, headers: HeaderMap, body: Bytes) -> Result<Response, Error> {
    said(&headers, document(&ctx, Resource::State, &m, &headers, &body).await)
}

async fn activity_profile(
    ctx: Ctx,
    m: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    said(&headers, document(&ctx, Resource::ActivityProfile, &m, &headers, &body).await)
}

async fn agent_profile(
    ctx: Ctx,
    m: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    said(&headers, document(&ctx, Resource::AgentProfile, &m, &headers, &body).await)
}

/// Whether a unit may do that with that document: its own state, its learner's wishes; profiles of its
/// activity are read only, since what one learner's browser writes another's would believe.
fn allowed(door: &Door, wish: &Wish) -> Result<(), Refusal> {
    let key: &DocumentKey = &wish.key;
    if key.activity.as_ref().is_some_and(|a| *a != door.launch.activity) {
        return Err(other("activityId"));
    }
    if key.resource == Resource::State && key.registration != Some(door.launch.registration) {
        return Err(other("registration"));
    }
    if wish.method == lrs::Method::Get {
        return Ok(());
    }
    let forbidden = |why: &str| Err(Refusal { status: 403, why: why.into() });
    match (&wish.wanted, key.resource) {
        (_, Resource::ActivityProfile) => forbidden("units only read profiles of activities"),
        (Wanted::One(name), Resource::AgentProfile) if name != PREFERENCES => {
            forbidden("of a learner units change cmi5LearnerPreferences only")
        }
        (Wanted::One(name), Resource::State) if name == LAUNCH_DATA => {
            forbidden("only the system writes LMS.LaunchData")
        }
        // Taking everything away would take the launch's own data away too.
        (Wanted::All(_), _) => forbidden("units take documents away one by one"),
        _ => Ok(()),
    }
}

async fn document(
    ctx: &Ctx,
    resource: Resource,
    method: &Method,
    headers: &HeaderMap,
    body: &Bytes,
) -> Said {
    let door = match open(ctx, headers).await? {
        Ok(door) => door,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let wish = match documents::wish(ctx, resource, method, headers) {
        Ok(wish) => wish,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if wish.key.agent.is_some() && wish.key.agent != door.agent()? {
        return Ok(Err(other("agent")));
    }
    if let Err(refusal) = allowed(&door, &wish) {
        return Ok(Err(refusal));
    }
    if body.len() > DOCUMENT {
        return Ok(Err(Refusal { status: 413, why: format!("more than {DOCUMENT} bytes") }));
    }
    let limits = Limits { bytes: DOCUMENT, documents: DOCUMENTS };
    documents::act(&ctx.app, &actor(&door.row), wish, (headers, body), limits).await
}
