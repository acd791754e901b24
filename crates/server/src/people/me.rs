//! My account: password, language, sessions, second factors, tokens.

use super::tokens;
use crate::{
    auth::{
        Right, Rights,
        passkey::{self, Party, Passkey},
        password, prove, second, session,
        sso::{self, Identity},
    },
    ctx::{Ctx, set_cookie},
    error::Error,
    input::Input,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Language, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub(super) fn routes(r: &mut Routes) {
    r.get(
        "/me",
        Access::Signed,
        Doc::new("Who is asking, and by which proofs").returns::<Me>(),
        me,
    );
    r.form("/me/language", Access::Signed, language);
    r.page("/me/password", Access::Signed, ask_password);
    r.form("/me/password", Access::Signed, change_password);
    r.form("/me/sessions/{id}/end", Access::Signed, end);
    r.form("/me/sessions-end", Access::Signed, end_others);
}

/// Who is asking.
#[derive(Serialize, JsonSchema)]
struct Me {
    id: String,
    account: String,
    name: String,
    organisation: String,
    roles: Vec<crate::auth::Role>,
    /// What this session or token may do.
    rights: Vec<Right>,
    sessions: Vec<session::Listed>,
    tokens: Vec<tokens::Token>,
    totp: bool,
    passkeys: Vec<Passkey>,
    identities: Vec<Identity>,
    recovery_codes: i64,
}

#[derive(Template)]
#[template(path = "people/me.html")]
struct MePage<'a> {
    page: Page,
    me: &'a Me,
    /// The session that looks.
    this: &'a str,
    /// Rights that a token may be given.
    rights: Vec<Right>,
    /// Where passkeys are accepted, when they are.
    origin: Option<String>,
    /// Where an identity may come from.
    providers: Vec<sso::Choice>,
}

async fn me(ctx: Ctx) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let having = |rights: Rights| Right::ALL.iter().copied().filter(|r| rights.has(*r)).collect();
    // A program sees who it acts as, not where the person is signed in.
    let in_person = who.session.is_some();
    let me = Me {
        id: who.person.clone(),
        account: who.account.clone(),
        name: who.name.clone(),
        organisation: who.organisation_name.clone(),
        roles: who.roles.clone(),
        rights: having(who.rights),
        sessions: if in_person { session::list(&ctx.app, who).await? } else { Vec::new() },
        tokens: if in_person {
            tokens::list(&mut *ctx.app.db.read().await?, who).await?
        } else {
            Vec::new()
        },
        passkeys: if in_person { passkey::list(&ctx.app, who).await? } else { Vec::new() },
        identities: if in_person { sso::identities(&ctx.app, who).await? } else { Vec::new() },
        totp: second::has_totp(&ctx.app, &who.organisation, &who.person).await?,
        recovery_codes: second::left(&ctx.app, &who.organisation, &who.person).await?,
    };
    let this = who.session.as_deref().unwrap_or_default();
    let providers = sso::choices(&ctx.app, Some(&who.organisation)).await?;
    let origin = Party::of(&ctx.app.config).map(|party| party.origin);
    let rights = having(Rights::of(&who.roles));
    ctx.show(key::PEOPLE_ME, &me, |page| MePage { page, me: &me, this, rights, origin, providers })
}

#[derive(Deserialize)]
struct Choice {
    language: String,
}

async fn language(ctx: Ctx, Input(form): Input<Choice>) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    let chosen = Language::from_tag(&form.language)
        .ok_or_else(|| Error::invalid("language", key::SERVER_FIELD_CHOICE))?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    sqlx::query("UPDATE person SET language = $3 WHERE organisation = $1 AND id = $2")
        .bind(&who.organisation)
        .bind(&who.person)
        .bind(chosen.tag())
        .execute(&mut *change)
        .await?;
    let detail = json!({ "language": chosen.tag() });
    change.note("person.language", format!("person/{}", who.person), detail);
    change.commit().await?;
    let mut response = ctx.done(&json!({}), "/me", key::PEOPLE_SAVED);
    // The account's language holds on every browser; this one's own choice steps back.
    set_cookie(response.headers_mut(), "hangtu_language=; Path=/; Max-Age=0; SameSite=Lax");
    Ok(response)
}

#[derive(Template)]
#[template(path = "people/password.html")]
struct PasswordPage {
    page: Page,
    due: bool,
}

async fn ask_password(ctx: Ctx) -> Result<Response, Error> {
    let due = ctx.in_person()?.must_change_password;
    ctx.show(key::PEOPLE_PASSWORD_CHANGE, &(), |page| PasswordPage { page, due })
}

#[derive(Deserialize)]
struct NewPassword {
    #[serde(default)]
    old: String,
    password: String,
    again: String,
}

async fn change_password(ctx: Ctx, Input(form): Input<NewPassword>) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    prove(&ctx, &form.old).await.map_err(|e| match e {
        Error::Invalid(_, text) => Error::Invalid("old", text),
        other => other,
    })?;
    password::check(&form.password, &who.account, &who.name)?;
    if form.password != form.again {
        return Err(Error::invalid("again", key::PEOPLE_PASSWORD_DIFFERS));
    }
    if form.password == form.old {
        return Err(Error::invalid("password", key::PEOPLE_PASSWORD_SAME));
    }
    let hash = password::hash(&form.password).await?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    password::set(&mut change, &who.person, &hash, false).await?;
    session::end_all(&mut change, &who.person, who.session.as_deref()).await?;
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/me", key::PEOPLE_PASSWORD_CHANGED))
}

async fn end(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    session::end(&mut change, &who.person, &id).await?;
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/me", key::PEOPLE_SESSION_ENDED))
}

async fn end_others(ctx: Ctx) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    session::end_all(&mut change, &who.person, who.session.as_deref()).await?;
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/me", key::PEOPLE_SESSION_ENDED))
}
