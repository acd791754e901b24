//! Signing in with a passkey: instead of a password, or after it.

use super::{Asserting, HANDLE, Party, handle};
use crate::{
    auth::{second, session, sign_in::local, vault::unhex},
    clock,
    ctx::{Ctx, cookie, set_cookie},
    db::{Actor, Change},
    error::Error,
    input::Input,
    route::{Access, Routes},
};
use axum::{
    Json,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hangtu_catalog::{hex, key, key::Key};
use serde::Deserialize;
use serde_json::json;
use sqlx::FromRow;
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableCredentialRequestOptions,
    bin::{Decode, Encode},
    request::auth::AuthenticationVerificationOptions,
    response::{
        auth::{DiscoverableAuthentication, error::AuthCeremonyErr},
        register::{CompressedPubKey, DynamicState, StaticState},
    },
};

/// Ties the challenge to one browser.
const COOKIE: &str = "hangtu_passkey";

pub(super) fn routes(r: &mut Routes) {
    r.form("/sign-in/passkey/begin", Access::Open, begin);
    r.form("/sign-in/passkey", Access::Open, sign_in);
    r.form("/sign-in/code/passkey", Access::Open, after_password);
}

async fn begin(ctx: Ctx) -> Result<Response, Error> {
    let party = Party::of(&ctx.app.config).ok_or_else(|| Error::conflict(key::PASSKEY_UNFIT))?;
    ctx.app.throttle.admit(&[format!("address {}", ctx.address)])?;
    let options = DiscoverableCredentialRequestOptions::passkey(&party.id);
    let (challenge, options) = options.start_ceremony().map_err(Error::internal)?;
    let ticket = ctx.app.auth.asserting.put(challenge)?;
    let mut response = Json(&options).into_response();
    let cookie = format!(
        "{COOKIE}={ticket}; Path=/sign-in; HttpOnly; SameSite=Strict; Max-Age=300{}",
        ctx.secure()
    );
    set_cookie(response.headers_mut(), &cookie);
    Ok(response)
}

#[derive(FromRow)]
struct Row {
    id: String,
    person: String,
    organisation: String,
    name: String,
    fixed: String,
    state: String,
}

/// A passkey that has proved itself; it still has to be used.
struct Known {
    id: String,
    actor: Actor,
    before: String,
    after: String,
}

/// Why it was not taken: on whose account, in which word, and what is said.
struct Refused {
    actor: Option<Actor>,
    why: &'static str,
    said: Key,
}

type Key32 = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

/// The challenge that this browser was given; nobody gets it again.
fn challenge(ctx: &Ctx, headers: &HeaderMap) -> Result<Asserting, Error> {
    let ticket = cookie(headers, COOKIE).unwrap_or_default();
    ctx.app.auth.asserting.take(ticket).ok_or_else(|| Error::conflict(key::PASSKEY_LATE))
}

/// Verifies the browser's answer to its challenge.
async fn judge(
    ctx: &Ctx,
    headers: &HeaderMap,
    answer: &str,
) -> Result<Result<Known, Refused>, Error> {
    let party = Party::of(&ctx.app.config).ok_or_else(|| Error::conflict(key::PASSKEY_UNFIT))?;
    let challenge = challenge(ctx, headers)?;
    let refused = |actor, why| Ok(Err(Refused { actor, why, said: key::PASSKEY_WRONG }));
    let given = DiscoverableAuthentication::<HANDLE>::from_json_relaxed(answer.as_bytes());
    let Ok(given) = given else { return refused(None, "unreadable") };
    let row: Option<Row> = sqlx::query_as(
        "SELECT k.id, k.person, k.organisation, p.name, k.fixed, k.state FROM passkey k \
         JOIN person p ON p.id = k.person AND p.organisation = k.organisation \
         WHERE k.credential = $1 AND p.disabled = 0",
    )
    .bind(BASE64_URL_SAFE_NO_PAD.encode(given.raw_id()))
    .fetch_optional(&mut *ctx.app.db.read().await?)
    .await?;
    let Some(row) = row else { return refused(None, "unknown") };
    let actor = Actor { organisation: row.organisation, id: row.person, name: row.name };
    ctx.app.throttle.admit(&[format!("passkey {}", actor.id)])?;
    let damaged = || Error::internal(format!("passkey {} cannot be read", row.id));
    let fixed = unhex(&row.fixed).and_then(|b| StaticState::<Key32>::decode(&b).ok());
    let state = unhex(&row.state).and_then(|b| DynamicState::decode(b.try_into().ok()?).ok());
    let (fixed, state) = (fixed.ok_or_else(damaged)?, state.ok_or_else(damaged)?);
    let handle = handle(&actor.id)?;
    let mut held = AuthenticatedCredential::new(given.raw_id(), &handle, fixed, state)
        .map_err(|_| damaged())?;
    let origins = [party.origin.as_str()];
    let options = AuthenticationVerificationOptions::<&str, &str> {
        allowed_origins: &origins,
        error_on_unsolicited_extensions: false,
        ..AuthenticationVerificationOptions::default()
    };
    match challenge.verify(&party.id, &given, &mut held, &options) {
        Ok(_) => {
            let Ok(after) = held.dynamic_state().encode();
            Ok(Ok(Known { id: row.id, actor, before: row.state, after: hex(&after) }))
        }
        Err(AuthCeremonyErr::SignatureCounter) => {
            let (actor, said) = (Some(actor), key::PASSKEY_COPIED);
            Ok(Err(Refused { actor, why: "counter", said }))
        }
        Err(e) => {
            tracing::info!(why = %e, "a passkey is refused");
            refused(Some(actor), "proof")
        }
    }
}

/// Uses a passkey: the counter moves on, and of two answers with the same counter one is taken.
async fn consume(change: &mut Change, known: &Known) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    let done = sqlx::query(
        "UPDATE passkey SET state = $4, used = $5 \
         WHERE organisation = $1 AND id = $2 AND state = $3",
    )
    .bind(organisation)
    .bind(&known.id)
    .bind(&known.before)
    .bind(&known.after)
    .bind(clock::now())
    .execute(&mut **change)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::conflict(key::PASSKEY_LATE)) }
}

/// Counts and notes a refusal.
async fn refuse(ctx: &Ctx, refused: Refused, person: Option<&str>) -> Result<Response, Error> {
    ctx.app.throttle.failed(&format!("address {}", ctx.address));
    let subject = person.map(str::to_owned).or(refused.actor.as_ref().map(|a| a.id.clone()));
    if let Some(id) = &subject {
        ctx.app.throttle.failed(&format!("passkey {id}"));
    }
    let subject = subject.map_or("instance".to_owned(), |id| format!("person/{id}"));
    let mut change = ctx.app.db.change(&refused.actor.unwrap_or(Actor::instance())).await?;
    let detail = json!({ "address": ctx.address, "step": "passkey", "why": refused.why });
    change.note("session.refuse", subject, detail);
    change.commit().await?;
    Err(Error::invalid("credential", refused.said))
}

#[derive(Deserialize)]
struct Given {
    /// The browser's answer, as JSON.
    credential: String,
    #[serde(default)]
    next: String,
}

async fn sign_in(
    ctx: Ctx,
    headers: HeaderMap,
    Input(form): Input<Given>,
) -> Result<Response, Error> {
    ctx.app.throttle.admit(&[format!("address {}", ctx.address)])?;
    let known = match judge(&ctx, &headers, &form.credential).await? {
        Ok(known) => known,
        Err(refused) => return refuse(&ctx, refused, None).await,
    };
    let person = &known.actor.id;
    let mut change = ctx.app.db.change(&known.actor).await?;
    consume(&mut change, &known).await?;
    let session = session::start(&ctx, &mut change, person, "passkey").await?;
    change.commit().await?;
    ctx.app.throttle.succeeded(&format!("passkey {person}"));
    let mut response = ctx.go(local(&form.next));
    set_cookie(response.headers_mut(), &session);
    set_cookie(response.headers_mut(), &format!("{COOKIE}=; Path=/sign-in; Max-Age=0"));
    Ok(response)
}

async fn after_password(
    ctx: Ctx,
    headers: HeaderMap,
    Input(form): Input<Given>,
) -> Result<Response, Error> {
    let (ticket, half) = second::waiting(&ctx, &headers)?;
    let person = half.actor.id.clone();
    let names = [format!("passkey {person}"), format!("address {}", ctx.address)];
    ctx.app.throttle.admit(&names)?;
    let known = match judge(&ctx, &headers, &form.credential).await? {
        Ok(known) if known.actor == half.actor => known,
        Ok(_) => {
            let actor = Some(half.actor.clone());
            let refused = Refused { actor, why: "another", said: key::PASSKEY_WRONG };
            return refuse(&ctx, refused, Some(&person)).await;
        }
        Err(refused) => {
            let refused = Refused { actor: Some(half.actor.clone()), ..refused };
            return refuse(&ctx, refused, Some(&person)).await;
        }
    };
    let mut change = ctx.app.db.change(&half.actor).await?;
    consume(&mut change, &known).await?;
    let response = second::finish(&ctx, change, &ticket, &half, "passkey").await?;
    ctx.app.throttle.succeeded(&names[0]);
    Ok(response)
}
