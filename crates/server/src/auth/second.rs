//! The second step: codes of a generator, and recovery codes for when it is lost.

use super::{
    passkey::{self, Party},
    prove, random, session,
    sign_in::local,
    totp,
};
use crate::{
    App,
    auth::once,
    clock,
    ctx::{Ctx, cookie, set_cookie},
    db::{Actor, Change},
    error::Error,
    input::Input,
    route::{Access, Routes},
    ui::Page,
};
use askama::Template;
use axum::{http::HeaderMap, response::Response};
use hangtu_catalog::{key, sha256};
use qrcode::{Color, QrCode};
use serde::Deserialize;
use serde_json::json;
use std::fmt::Write;

/// Ties the second step to the browser of the first. `Lax`, for the first may end at another site.
const COOKIE: &str = "hangtu_second";
const RECOVERY_CODES: usize = 10;

pub(super) fn routes(r: &mut Routes) {
    r.page("/sign-in/code", Access::Open, ask);
    r.form("/sign-in/code", Access::Open, sign_in);
    r.page("/me/totp", Access::Signed, enrol);
    r.form("/me/totp", Access::Signed, confirm);
    r.form("/me/totp/remove", Access::Signed, remove);
    r.form("/me/recovery-codes", Access::Signed, renew);
}

/// A sign-in whose first proof was right.
#[derive(Clone, Debug)]
pub(crate) struct Half {
    pub(super) actor: Actor,
    next: String,
    /// `password` or `oidc`.
    first: &'static str,
}

/// Whether a person is asked for a second step.
pub(crate) async fn has(app: &App, organisation: &str, person: &str) -> Result<bool, Error> {
    Ok(has_totp(app, organisation, person).await?
        || passkey::has(app, organisation, person).await?)
}

/// Whether a person has a code generator.
pub(crate) async fn has_totp(app: &App, organisation: &str, person: &str) -> Result<bool, Error> {
    let (n,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM totp WHERE organisation = $1 AND person = $2")
            .bind(organisation)
            .bind(person)
            .fetch_one(&mut *app.db.read().await?)
            .await?;
    Ok(n > 0)
}

/// Recovery codes that a person has left.
pub(crate) async fn left(app: &App, organisation: &str, person: &str) -> Result<i64, Error> {
    let (n,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM recovery_code WHERE organisation = $1 AND person = $2",
    )
    .bind(organisation)
    .bind(person)
    .fetch_one(&mut *app.db.read().await?)
    .await?;
    Ok(n)
}

/// Takes every second factor from a person.
pub(crate) async fn clear(change: &mut Change, person: &str) -> Result<(), Error> {
    clear_totp(change, person).await?;
    passkey::clear(change, person).await?;
    tidy(change, person).await
}

/// Takes the code generator from a person.
async fn clear_totp(change: &mut Change, person: &str) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    sqlx::query("DELETE FROM totp WHERE organisation = $1 AND person = $2")
        .bind(&organisation)
        .bind(person)
        .execute(&mut **change)
        .await?;
    change.note("factor.remove", format!("person/{person}"), json!({ "kind": "totp" }));
    Ok(())
}

/// Recovery codes go with the last factor that they stand in for.
pub(super) async fn tidy(change: &mut Change, person: &str) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    sqlx::query(
        "DELETE FROM recovery_code WHERE organisation = $1 AND person = $2 \
         AND person NOT IN (SELECT person FROM totp WHERE organisation = $1) \
         AND person NOT IN (SELECT person FROM passkey WHERE organisation = $1)",
    )
    .bind(&organisation)
    .bind(person)
    .execute(&mut **change)
    .await?;
    Ok(())
}

/// The first proof was right: on to the second step.
pub(super) fn half(
    ctx: &Ctx,
    actor: Actor,
    next: &str,
    first: &'static str,
) -> Result<Response, Error> {
    let ticket = ctx.app.auth.second.put(Half { actor, next: local(next).to_owned(), first })?;
    let mut response = ctx.go("/sign-in/code");
    let cookie = format!(
        "{COOKIE}={ticket}; Path=/sign-in; HttpOnly; SameSite=Lax; Max-Age=300{}",
        ctx.secure()
    );
    set_cookie(response.headers_mut(), &cookie);
    Ok(response)
}

/// The sign-in of this browser that waits for its second step, and its ticket.
pub(super) fn waiting(ctx: &Ctx, headers: &HeaderMap) -> Result<(String, Half), Error> {
    let ticket = cookie(headers, COOKIE).unwrap_or_default();
    let half = ctx.app.auth.second.get(ticket);
    Ok((ticket.to_owned(), half.ok_or_else(|| Error::conflict(key::AUTH_CODE_LATE))?))
}

#[derive(Template)]
#[template(path = "auth/code.html")]
struct Ask {
    page: Page,
    totp: bool,
    /// Where passkeys are accepted, when the person has one and they are accepted at all.
    origin: Option<String>,
}

async fn ask(ctx: Ctx, headers: HeaderMap) -> Result<Response, Error> {
    let Ok((_, half)) = waiting(&ctx, &headers) else { return Ok(ctx.go("/sign-in")) };
    let Actor { organisation, id, .. } = &half.actor;
    let totp = has_totp(&ctx.app, organisation, id).await?;
    let passkey = passkey::has(&ctx.app, organisation, id).await?;
    let party = Party::of(&ctx.app.config).filter(|_| passkey);
    let origin = party.map(|party| party.origin);
    ctx.show(key::AUTH_CODE_TITLE, &(), |page| Ask { page, totp, origin })
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

async fn sign_in(
    ctx: Ctx,
    headers: HeaderMap,
    Input(form): Input<Code>,
) -> Result<Response, Error> {
    let (ticket, half) = waiting(&ctx, &headers)?;
    let person = half.actor.id.clone();
    let names = [format!("code {person}"), format!("address {}", ctx.address)];
    ctx.app.throttle.admit(&names)?;
    let mut change = ctx.app.db.change(&half.actor).await?;
    let proof = if use_code(&ctx.app, &mut change, &person, &form.code).await? {
        "totp"
    } else if use_recovery(&mut change, &person, &form.code).await? {
        "recovery"
    } else {
        for name in &names {
            ctx.app.throttle.failed(name);
        }
        let detail = json!({ "address": ctx.address, "step": "code" });
        change.note("session.refuse", format!("person/{person}"), detail);
        change.commit().await?;
        return Err(Error::invalid("code", key::AUTH_CODE_WRONG));
    };
    let response = finish(&ctx, change, &ticket, &half, proof).await?;
    ctx.app.throttle.succeeded(&names[0]);
    Ok(response)
}

/// The second step was right: a session begins.
pub(super) async fn finish(
    ctx: &Ctx,
    mut change: Change,
    ticket: &str,
    half: &Half,
    proof: &str,
) -> Result<Response, Error> {
    let person = &half.actor.id;
    // Only one of two requests with the same ticket goes on.
    ctx.app.auth.second.take(ticket).ok_or_else(|| Error::conflict(key::AUTH_CODE_LATE))?;
    let still: Option<(i64,)> = sqlx::query_as(
        "SELECT must_change_password FROM person \
         WHERE organisation = $1 AND id = $2 AND disabled = 0",
    )
    .bind(&half.actor.organisation)
    .bind(person)
    .fetch_optional(&mut *change)
    .await?;
    still.ok_or(Error::SignedOut)?;
    let proof = format!("{}+{proof}", half.first);
    let session = session::start(ctx, &mut change, person, &proof).await?;
    change.commit().await?;
    let mut response = ctx.go(&half.next);
    set_cookie(response.headers_mut(), &session);
    set_cookie(response.headers_mut(), &format!("{COOKIE}=; Path=/sign-in; Max-Age=0"));
    Ok(response)
}

/// Uses a code of the generator; each serves once.
async fn use_code(
    app: &App,
    change: &mut Change,
    person: &str,
    typed: &str,
) -> Result<bool, Error> {
    let organisation = change.organisation().to_owned();
    let found: Option<(String, i64)> =
        sqlx::query_as("SELECT secret, step FROM totp WHERE organisation = $1 AND person = $2")
            .bind(&organisation)
            .bind(person)
            .fetch_optional(&mut **change)
            .await?;
    let Some((sealed, last)) = found else { return Ok(false) };
    let secret = app.auth.vault.unseal(person, &sealed)?;
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let Some(step) = totp::step(&secret, &typed, clock::now() / clock::SECOND, last) else {
        return Ok(false);
    };
    // The condition decides between two requests with the same code.
    let done = sqlx::query(
        "UPDATE totp SET step = $3 WHERE organisation = $1 AND person = $2 AND step < $3",
    )
    .bind(&organisation)
    .bind(person)
    .bind(step)
    .execute(&mut **change)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn recovery_hash(person: &str, typed: &str) -> String {
    let code: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    sha256(format!("{person} {}", code.to_ascii_uppercase()).as_bytes())
}

async fn use_recovery(change: &mut Change, person: &str, typed: &str) -> Result<bool, Error> {
    let organisation = change.organisation().to_owned();
    let done = sqlx::query(
        "DELETE FROM recovery_code WHERE organisation = $1 AND person = $2 AND id = $3",
    )
    .bind(organisation)
    .bind(person)
    .bind(recovery_hash(person, typed))
    .execute(&mut **change)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// New recovery codes in place of the old ones: sixteen characters each, eighty bits.
pub(super) async fn recovery(change: &mut Change, person: &str) -> Result<Vec<String>, Error> {
    let organisation = change.organisation().to_owned();
    sqlx::query("DELETE FROM recovery_code WHERE organisation = $1 AND person = $2")
        .bind(&organisation)
        .bind(person)
        .execute(&mut **change)
        .await?;
    let mut codes = Vec::new();
    for _ in 0..RECOVERY_CODES {
        let text = totp::base32(&random::<10>()?);
        let code = [&text[..4], &text[4..8], &text[8..12], &text[12..]].join("-");
        sqlx::query("INSERT INTO recovery_code (id, organisation, person) VALUES ($1, $2, $3)")
            .bind(recovery_hash(person, &code))
            .bind(&organisation)
            .bind(person)
            .execute(&mut **change)
            .await?;
        codes.push(code);
    }
    Ok(codes)
}

#[derive(Template)]
#[template(path = "auth/totp.html")]
struct Enrol {
    page: Page,
    secret: String,
    /// The dark squares as an SVG path.
    squares: String,
    side: usize,
}

async fn enrol(ctx: Ctx) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    if has_totp(&ctx.app, &who.organisation, &who.person).await? {
        return Ok(ctx.go("/me"));
    }
    let waiting = &ctx.app.auth.enrolling;
    let secret = match waiting.get(&who.person) {
        Some(secret) => secret,
        None => random::<20>()?.to_vec(),
    };
    waiting.put_as(&who.person, secret.clone());
    let code = QrCode::new(totp::url(&secret, &who.account)).map_err(Error::internal)?;
    let side = code.width();
    let mut squares = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            // Four squares of quiet around it, as readers expect.
            let _ = write!(squares, "M{} {}h1v1h-1z", at % side + 4, at / side + 4);
        }
    }
    let secret = totp::base32(&secret);
    ctx.show(key::AUTH_TOTP_TITLE, &(), |page| Enrol { page, secret, squares, side: side + 8 })
}

async fn confirm(ctx: Ctx, Input(form): Input<Code>) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    let names = [format!("code {}", who.person)];
    ctx.app.throttle.admit(&names)?;
    let late = || Error::conflict(key::AUTH_TOTP_LATE);
    let secret = ctx.app.auth.enrolling.get(&who.person).ok_or_else(late)?;
    let now = clock::now();
    let typed: String = form.code.chars().filter(|c| !c.is_whitespace()).collect();
    let Some(step) = totp::step(&secret, &typed, now / clock::SECOND, 0) else {
        ctx.app.throttle.failed(&names[0]);
        return Err(Error::invalid("code", key::AUTH_CODE_WRONG));
    };
    ctx.app.auth.enrolling.take(&who.person).ok_or_else(late)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let added = sqlx::query(
        "INSERT INTO totp (person, organisation, secret, created, step) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (person) DO NOTHING",
    )
    .bind(&who.person)
    .bind(&who.organisation)
    .bind(ctx.app.auth.vault.seal(&who.person, &secret)?)
    .bind(now)
    .bind(step)
    .execute(&mut *change)
    .await?;
    if added.rows_affected() == 0 {
        return Err(late());
    }
    let codes = recovery(&mut change, &who.person).await?;
    change.note("factor.add", format!("person/{}", who.person), json!({ "kind": "totp" }));
    change.commit().await?;
    let said = (key::AUTH_RECOVERY_TITLE, key::AUTH_RECOVERY_HINT);
    once::show(&ctx, &json!({ "recovery_codes": codes }), said, codes.clone(), "/me")
}

#[derive(Deserialize)]
struct Proof {
    #[serde(default)]
    password: String,
}

async fn remove(ctx: Ctx, Input(form): Input<Proof>) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    prove(&ctx, &form.password).await?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    clear_totp(&mut change, &who.person).await?;
    tidy(&mut change, &who.person).await?;
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/me", key::AUTH_TOTP_REMOVED))
}

async fn renew(ctx: Ctx, Input(form): Input<Proof>) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    prove(&ctx, &form.password).await?;
    if !has(&ctx.app, &who.organisation, &who.person).await? {
        return Err(Error::NotFound);
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let codes = recovery(&mut change, &who.person).await?;
    change.note("factor.add", format!("person/{}", who.person), json!({ "kind": "recovery" }));
    change.commit().await?;
    let said = (key::AUTH_RECOVERY_TITLE, key::AUTH_RECOVERY_HINT);
    once::show(&ctx, &json!({ "recovery_codes": codes }), said, codes.clone(), "/me")
}
