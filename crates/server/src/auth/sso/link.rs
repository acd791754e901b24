//! Whose identity is whose: linked by its owner, who is signed in, or by the system administrator.

use super::{
    Provider,
    sign_in::{What, go},
};
use crate::{
    App,
    auth::{Who, new_id, prove},
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::Input,
    route::{Access, Routes},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

pub(super) fn routes(r: &mut Routes) {
    r.form("/me/identities/begin", Access::Signed, begin);
    r.form("/me/identities/{id}/remove", Access::Signed, remove);
}

/// An identity that signs somebody in.
#[derive(Debug, Serialize, JsonSchema, FromRow)]
pub(crate) struct Identity {
    pub(crate) id: String,
    /// The provider's name.
    pub(crate) provider: String,
    pub(crate) subject: String,
    pub(crate) created: i64,
}

/// The identities of who is signed in.
pub(crate) async fn identities(app: &App, who: &Who) -> Result<Vec<Identity>, Error> {
    Ok(sqlx::query_as(
        "SELECT i.id, s.name AS provider, i.subject, i.created FROM sso_identity i \
         JOIN sso_provider s ON s.id = i.provider \
         WHERE i.organisation = $1 AND i.person = $2 ORDER BY i.created, i.id",
    )
    .bind(&who.organisation)
    .bind(&who.person)
    .fetch_all(&mut *app.db.read().await?)
    .await?)
}

#[derive(Deserialize)]
struct Begin {
    provider: String,
    #[serde(default)]
    password: String,
}

async fn begin(ctx: Ctx, Input(form): Input<Begin>) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    prove(&ctx, &form.password).await?;
    let provider = Provider::of(&ctx.app, &who.organisation, &form.provider).await?;
    if provider.enabled == 0 {
        return Err(Error::NotFound);
    }
    go(&ctx, &provider, What::Link { session: who.session.clone().unwrap_or_default() }).await
}

/// The provider has vouched: the identity is from now on that of who is signed in.
pub(super) async fn take(
    ctx: &Ctx,
    provider: &Provider,
    subject: &str,
    session: &str,
) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    if who.session.as_deref() != Some(session) || who.organisation != provider.organisation {
        return Err(Error::conflict(key::SSO_LATE));
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    insert(&mut change, provider, subject, &who.person).await?;
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/me", key::SSO_LINKED))
}

/// Links an identity that nobody has.
pub(super) async fn insert(
    change: &mut Change,
    provider: &Provider,
    subject: &str,
    person: &str,
) -> Result<(), Error> {
    let done = sqlx::query(
        "INSERT INTO sso_identity (id, organisation, provider, subject, person, created) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (provider, subject) DO NOTHING",
    )
    .bind(new_id())
    .bind(change.organisation().to_owned())
    .bind(&provider.id)
    .bind(subject)
    .bind(person)
    .bind(clock::now())
    .execute(&mut **change)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::conflict(key::SSO_TAKEN));
    }
    let detail = json!({ "name": provider.name, "subject": subject });
    change.note("identity.link", format!("person/{person}"), detail);
    Ok(())
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
        "DELETE FROM sso_identity WHERE organisation = $1 AND person = $2 AND id = $3 \
         RETURNING subject",
    )
    .bind(&who.organisation)
    .bind(&who.person)
    .bind(&id)
    .fetch_optional(&mut *change)
    .await?;
    let (subject,) = gone.ok_or(Error::NotFound)?;
    let detail = json!({ "subject": subject });
    change.note("identity.unlink", format!("person/{}", who.person), detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/me", key::SSO_UNLINKED_DONE))
}
