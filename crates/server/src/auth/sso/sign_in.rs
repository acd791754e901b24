//! To a provider and back.

use super::{Provider, client, link};
use crate::{
    auth::{second, session, sign_in::local},
    clock,
    ctx::{Ctx, cookie, set_cookie},
    db::Actor,
    error::Error,
    input::Asked,
    route::{Access, Routes},
};
use axum::{extract::Path, http::HeaderMap, response::Response};
use hangtu_catalog::key;
use serde::Deserialize;
use serde_json::json;

/// Ties the way back to the browser that went. `Lax`, for the way back begins at another site.
const COOKIE: &str = "hangtu_sso";

pub(super) fn routes(r: &mut Routes) {
    r.page("/sign-in/sso/{id}", Access::Open, begin);
    r.page("/sign-in/sso", Access::Open, back);
}

/// A browser that is away at a provider.
#[derive(Clone, Debug)]
pub(in crate::auth) struct Round {
    provider: String,
    state: String,
    nonce: String,
    verifier: String,
    what: What,
}

/// What for.
#[derive(Clone, Debug)]
pub(super) enum What {
    SignIn {
        next: String,
    },
    /// To link the identity to the account of this session.
    Link {
        session: String,
    },
}

#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    next: String,
}

async fn begin(ctx: Ctx, Path(id): Path<String>, Asked(q): Asked<Next>) -> Result<Response, Error> {
    ctx.app.throttle.admit(&[format!("address {}", ctx.address)])?;
    let provider = Provider::enabled(&ctx.app, &id).await?;
    go(&ctx, &provider, What::SignIn { next: local(&q.next).to_owned() }).await
}

/// Sends the browser to a provider.
pub(super) async fn go(ctx: &Ctx, provider: &Provider, what: What) -> Result<Response, Error> {
    let known = &ctx.app.auth.providers;
    let metadata = if let Some(metadata) = known.get(&provider.issuer) {
        metadata
    } else {
        let metadata = client::discover(&provider.issuer).await?.map_err(|e| failed(&e))?;
        known.put(&provider.issuer, metadata.clone());
        metadata
    };
    let asked = client::ask(&ctx.app, provider, metadata)?.map_err(|e| failed(&e))?;
    let round = Round {
        provider: provider.id.clone(),
        state: asked.state,
        nonce: asked.nonce,
        verifier: asked.verifier,
        what,
    };
    let ticket = ctx.app.auth.rounds.put(round)?;
    let mut response = ctx.go(&asked.url);
    let cookie = format!(
        "{COOKIE}={ticket}; Path=/sign-in; HttpOnly; SameSite=Lax; Max-Age=300{}",
        ctx.secure()
    );
    set_cookie(response.headers_mut(), &cookie);
    Ok(response)
}

fn failed(why: &client::Failure) -> Error {
    tracing::warn!(%why, "single sign-on");
    Error::conflict(key::SSO_FAILED)
}

#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

async fn back(ctx: Ctx, headers: HeaderMap, Asked(q): Asked<Back>) -> Result<Response, Error> {
    let names = [format!("address {}", ctx.address)];
    ctx.app.throttle.admit(&names)?;
    let ticket = cookie(&headers, COOKIE).unwrap_or_default();
    let round = ctx.app.auth.rounds.take(ticket);
    let Some(round) = round.filter(|r| r.state == q.state) else {
        ctx.app.throttle.failed(&names[0]);
        return Err(Error::conflict(key::SSO_LATE));
    };
    let provider = Provider::enabled(&ctx.app, &round.provider).await?;
    if q.code.is_empty() {
        // The provider refused, or the person turned back.
        return Err(Error::conflict(key::SSO_FAILED));
    }
    let subject =
        client::redeem(&ctx.app, &provider, q.code, (round.nonce, round.verifier)).await?;
    let subject = match subject {
        Ok(subject) => subject,
        Err(e) => {
            ctx.app.throttle.failed(&names[0]);
            note_refusal(&ctx, &provider, "proof").await?;
            return Err(failed(&e));
        }
    };
    match round.what {
        What::SignIn { next } => sign_in(&ctx, &provider, &subject, &next).await,
        What::Link { session } => link::take(&ctx, &provider, &subject, &session).await,
    }
}

async fn note_refusal(ctx: &Ctx, provider: &Provider, why: &'static str) -> Result<(), Error> {
    let mut change = ctx.app.db.change(&Actor::system(&provider.organisation)).await?;
    let detail = json!({ "address": ctx.address, "step": "sso", "why": why });
    change.note("session.refuse", format!("sso/{}", provider.id), detail);
    change.commit().await
}

async fn sign_in(
    ctx: &Ctx,
    provider: &Provider,
    subject: &str,
    next: &str,
) -> Result<Response, Error> {
    let found: Option<(String, String, String)> = sqlx::query_as(
        "SELECT i.id, p.id, p.name FROM sso_identity i JOIN person p \
         ON p.id = i.person AND p.organisation = i.organisation \
         WHERE i.organisation = $1 AND i.provider = $2 AND i.subject = $3 AND p.disabled = 0",
    )
    .bind(&provider.organisation)
    .bind(&provider.id)
    .bind(subject)
    .fetch_optional(&mut *ctx.app.db.read().await?)
    .await?;
    let Some((identity, id, name)) = found else {
        note_refusal(ctx, provider, "unlinked").await?;
        return Err(Error::conflict(key::SSO_UNLINKED));
    };
    let actor = Actor { organisation: provider.organisation.clone(), id, name };
    if second::has(&ctx.app, &actor.organisation, &actor.id).await? {
        return second::half(ctx, actor, next, "oidc");
    }
    let mut change = ctx.app.db.change(&actor).await?;
    sqlx::query("UPDATE sso_identity SET used = $3 WHERE organisation = $1 AND id = $2")
        .bind(&actor.organisation)
        .bind(identity)
        .bind(clock::now())
        .execute(&mut *change)
        .await?;
    let cookie = session::start(ctx, &mut change, &actor.id, "oidc").await?;
    change.commit().await?;
    let mut response = ctx.go(local(next));
    set_cookie(response.headers_mut(), &cookie);
    Ok(response)
}
