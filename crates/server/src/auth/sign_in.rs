//! Signing in and out.

use super::{
    passkey::Party,
    password, second, session,
    sso::{Choice, choices},
};
use crate::{
    ctx::{Ctx, set_cookie},
    db::Actor,
    error::Error,
    input::{Asked, Input},
    route::{Access, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::key;
use serde::Deserialize;
use serde_json::json;

pub(super) fn routes(r: &mut Routes) {
    r.page("/sign-in", Access::Open, page);
    r.form("/sign-in", Access::Open, sign_in);
    r.form("/sign-out", Access::Signed, sign_out);
}

#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "auth/sign_in.html")]
struct SignIn {
    page: Page,
    next: String,
    /// Where passkeys are accepted, when they are.
    origin: Option<String>,
    providers: Vec<Choice>,
}

/// A path of this program, not of another site.
pub(super) fn local(next: &str) -> &str {
    let inside = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\');
    if inside { next } else { "/" }
}

async fn page(ctx: Ctx, Asked(q): Asked<Next>) -> Result<Response, Error> {
    if !crate::admin::is_set_up(&ctx.app).await? {
        return Ok(ctx.go("/set-up"));
    }
    let next = local(&q.next).to_owned();
    let providers = choices(&ctx.app, None).await?;
    let origin = Party::of(&ctx.app.config).map(|party| party.origin);
    ctx.show(key::AUTH_SIGN_IN, &(), |page| SignIn { page, next, origin, providers })
}

#[derive(Deserialize)]
struct Credentials {
    account: String,
    password: String,
    #[serde(default)]
    next: String,
}

async fn sign_in(ctx: Ctx, Input(form): Input<Credentials>) -> Result<Response, Error> {
    let account = form.account.trim().to_lowercase();
    let names = [format!("account {account}"), format!("address {}", ctx.address)];
    ctx.app.throttle.admit(&names)?;
    let found: Option<(String, String, String, String)> = sqlx::query_as(
        "SELECT id, organisation, name, password FROM person WHERE account = $1 AND disabled = 0",
    )
    .bind(&account)
    .fetch_optional(&mut *ctx.app.db.read().await?)
    .await?;
    let hash = found.as_ref().map_or("", |f| f.3.as_str());
    let right = password::verify(&form.password, hash).await?;
    let Some((id, organisation, name, _)) = found.filter(|_| right) else {
        for name in &names {
            ctx.app.throttle.failed(name);
        }
        let mut change = ctx.app.db.change(&Actor::instance()).await?;
        let shown: String = account.chars().take(80).collect();
        change.note(
            "session.refuse",
            "instance",
            json!({ "account": shown, "address": ctx.address }),
        );
        change.commit().await?;
        return Err(Error::invalid("password", key::AUTH_WRONG));
    };
    ctx.app.throttle.succeeded(&names[0]);
    let actor = Actor { organisation, id: id.clone(), name };
    if second::has(&ctx.app, &actor.organisation, &id).await? {
        return second::half(&ctx, actor, &form.next, "password");
    }
    let mut change = ctx.app.db.change(&actor).await?;
    let cookie = session::start(&ctx, &mut change, &id, "password").await?;
    change.commit().await?;
    let mut response = ctx.go(local(&form.next));
    set_cookie(response.headers_mut(), &cookie);
    Ok(response)
}

async fn sign_out(ctx: Ctx) -> Result<Response, Error> {
    let who = ctx.signed()?;
    if let Some(id) = &who.session {
        let mut change = ctx.app.db.change(&ctx.actor()?).await?;
        session::end(&mut change, &who.person, id).await?;
        change.commit().await?;
    }
    let mut response = ctx.go("/sign-in");
    set_cookie(response.headers_mut(), &format!("{}=; Path=/; Max-Age=0", session::COOKIE));
    Ok(response)
}
