//! Adding, naming and removing one's own passkeys.

use super::{HANDLE, Party, handle};
use crate::{
    auth::{new_id, once, prove, second},
    clock,
    ctx::Ctx,
    error::Error,
    input::{Input, line},
    route::{Access, Routes},
};
use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hangtu_catalog::{hex, key};
use serde::Deserialize;
use serde_json::json;
use webauthn_rp::{
    PublicKeyCredentialCreationOptions, Registration, RegistrationServerState,
    bin::{Decode, Encode},
    request::{
        PublicKeyCredentialDescriptor,
        register::{
            Nickname, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, Username,
        },
    },
    response::{AuthTransports, CredentialId},
};

/// Passkeys that a person may hold; more are a mistake.
const MOST: usize = 20;

pub(super) fn routes(r: &mut Routes) {
    r.form("/me/passkeys/begin", Access::Signed, begin);
    r.form("/me/passkeys", Access::Signed, add);
    r.form("/me/passkeys/{id}/name", Access::Signed, name);
    r.form("/me/passkeys/{id}/remove", Access::Signed, remove);
}

/// A passkey that is being added: the challenge and its name.
pub(in crate::auth) struct Adding {
    challenge: RegistrationServerState<HANDLE>,
    name: String,
}

#[derive(Deserialize)]
struct Begin {
    #[serde(default)]
    password: String,
    name: String,
}

async fn begin(ctx: Ctx, Input(form): Input<Begin>) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    let party = Party::of(&ctx.app.config).ok_or_else(|| Error::conflict(key::PASSKEY_UNFIT))?;
    prove(&ctx, &form.password).await?;
    let name = line("name", &form.name, 60)?;
    let held: Vec<(String, i64)> = sqlx::query_as(
        "SELECT credential, transports FROM passkey WHERE organisation = $1 AND person = $2",
    )
    .bind(&who.organisation)
    .bind(&who.person)
    .fetch_all(&mut *ctx.app.db.read().await?)
    .await?;
    if held.len() >= MOST {
        return Err(Error::conflict(key::PASSKEY_MANY));
    }
    let held = held.into_iter().filter_map(|(credential, transports)| {
        let id = BASE64_URL_SAFE_NO_PAD.decode(credential).ok()?;
        Some(PublicKeyCredentialDescriptor {
            id: CredentialId::decode(id).ok()?,
            transports: AuthTransports::decode(u8::try_from(transports).ok()?).ok()?,
        })
    });
    let id = handle(&who.person)?;
    let user = PublicKeyCredentialUserEntity {
        name: Username::try_from(who.account.as_str()).map_err(Error::internal)?,
        id: &id,
        display_name: Nickname::try_from(who.name.as_str()).ok(),
    };
    let options = PublicKeyCredentialCreationOptions::passkey(&party.id, user, held.collect());
    let (challenge, options) = options.start_ceremony().map_err(Error::internal)?;
    let session = who.session.clone().unwrap_or_default();
    ctx.app.auth.adding.put_as(&session, Adding { challenge, name });
    Ok(Json(&options).into_response())
}

#[derive(Deserialize)]
struct Given {
    /// The browser's answer, as JSON.
    credential: String,
}

async fn add(ctx: Ctx, Input(form): Input<Given>) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    let party = Party::of(&ctx.app.config).ok_or_else(|| Error::conflict(key::PASSKEY_UNFIT))?;
    let session = who.session.clone().unwrap_or_default();
    let adding = ctx.app.auth.adding.take(&session);
    let adding = adding.ok_or_else(|| Error::conflict(key::PASSKEY_LATE))?;
    let refused = || Error::invalid("credential", key::PASSKEY_NOT_ADDED);
    let given = Registration::from_json_relaxed(form.credential.as_bytes());
    let given = given.map_err(|_| refused())?;
    let origins = [party.origin.as_str()];
    let options = RegistrationVerificationOptions::<&str, &str> {
        allowed_origins: &origins,
        error_on_unsolicited_extensions: false,
        ..RegistrationVerificationOptions::default()
    };
    let made = adding.challenge.verify(&party.id, &given, &options).map_err(|e| {
        tracing::info!(why = %e, "a new passkey is refused");
        refused()
    })?;
    let Ok(fixed) = made.static_state().encode();
    let Ok(state) = made.dynamic_state().encode();
    let Ok(transports) = made.transports().encode();
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let added = sqlx::query(
        "INSERT INTO passkey (id, organisation, person, name, credential, fixed, state, \
         transports, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (credential) DO NOTHING",
    )
    .bind(new_id())
    .bind(&who.organisation)
    .bind(&who.person)
    .bind(&adding.name)
    .bind(BASE64_URL_SAFE_NO_PAD.encode(made.id()))
    .bind(hex(&fixed))
    .bind(hex(&state))
    .bind(i64::from(transports))
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    if added.rows_affected() == 0 {
        return Err(Error::conflict(key::PASSKEY_ALREADY));
    }
    let detail = json!({ "kind": "passkey", "name": adding.name });
    change.note("factor.add", format!("person/{}", who.person), detail);
    // From now on a password alone is not enough: there must be a way in when the passkey is lost.
    let codes = match second::left(&ctx.app, &who.organisation, &who.person).await? {
        0 => second::recovery(&mut change, &who.person).await?,
        _ => Vec::new(),
    };
    change.commit().await?;
    if codes.is_empty() {
        return Ok(ctx.done(&json!({}), "/me", key::PASSKEY_ADDED));
    }
    let said = (key::AUTH_RECOVERY_TITLE, key::AUTH_RECOVERY_HINT);
    once::show(&ctx, &json!({ "recovery_codes": codes }), said, codes.clone(), "/me")
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

async fn name(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(form): Input<Name>,
) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    let name = line("name", &form.name, 60)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let done = sqlx::query(
        "UPDATE passkey SET name = $4 WHERE organisation = $1 AND person = $2 AND id = $3",
    )
    .bind(&who.organisation)
    .bind(&who.person)
    .bind(&id)
    .bind(&name)
    .execute(&mut *change)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    let detail = json!({ "kind": "passkey", "name": name });
    change.note("factor.rename", format!("person/{}", who.person), detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/me", key::PEOPLE_SAVED))
}

#[derive(Deserialize)]
struct Proof {
    #[serde(default)]
    password: String,
}

async fn remove(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(form): Input<Proof>,
) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    prove(&ctx, &form.password).await?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let gone: Option<(String,)> = sqlx::query_as(
        "DELETE FROM passkey WHERE organisation = $1 AND person = $2 AND id = $3 RETURNING name",
    )
    .bind(&who.organisation)
    .bind(&who.person)
    .bind(&id)
    .fetch_optional(&mut *change)
    .await?;
    let (name,) = gone.ok_or(Error::NotFound)?;
    let detail = json!({ "kind": "passkey", "name": name });
    change.note("factor.remove", format!("person/{}", who.person), detail);
    second::tidy(&mut change, &who.person).await?;
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/me", key::PASSKEY_REMOVED))
}
