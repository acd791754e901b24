//! API tokens: secrets for programs that act as a person, with some of the person's rights.

use crate::{
    auth::{Right, Rights, Who, new_id, once, random},
    clock::{self, DAY},
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Input, line},
    route::{Access, Routes},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::{hex, key, sha256};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

/// Tokens that one person may hold.
const MOST: i64 = 50;

pub(super) fn routes(r: &mut Routes) {
    r.form("/me/tokens", Access::Signed, create);
    r.form("/me/tokens/{id}/revoke", Access::Signed, revoke);
}

/// A token as its owner sees it.
#[derive(Serialize, JsonSchema, FromRow)]
pub(super) struct Token {
    pub(super) id: String,
    pub(super) name: String,
    /// Words of rights, space between.
    pub(super) scopes: String,
    pub(super) created: i64,
    pub(super) expires: i64,
}

/// The tokens of a person.
pub(super) async fn list(c: &mut AnyConnection, who: &Who) -> Result<Vec<Token>, Error> {
    Ok(sqlx::query_as(
        "SELECT t.id, t.name, t.scopes, t.created, t.expires FROM api_token t \
         JOIN person p ON p.id = t.person \
         WHERE p.organisation = $1 AND p.id = $2 AND t.expires > $3 ORDER BY t.created DESC",
    )
    .bind(&who.organisation)
    .bind(&who.person)
    .bind(clock::now())
    .fetch_all(c)
    .await?)
}

#[derive(Deserialize)]
struct New {
    name: String,
    #[serde(default)]
    scopes: Vec<Right>,
    days: i64,
}

async fn create(ctx: Ctx, Input(form): Input<New>) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    let name = line("name", &form.name, 60)?;
    if !(1..=365).contains(&form.days) {
        return Err(Error::invalid("days", key::PEOPLE_TOKEN_DAYS));
    }
    let mine = Rights::of(&who.roles);
    if form.scopes.is_empty() || form.scopes.iter().any(|r| !mine.has(*r)) {
        return Err(Error::invalid("scopes", key::PEOPLE_TOKEN_SCOPES));
    }
    let secret = format!("hgt_{}", hex(&random::<32>()?));
    let scopes: Vec<&str> =
        Right::ALL.iter().filter(|r| form.scopes.contains(r)).map(|r| r.word()).collect();
    let (id, now) = (new_id(), clock::now());
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    sqlx::query("DELETE FROM api_token WHERE person = $1 AND expires <= $2")
        .bind(&who.person)
        .bind(now)
        .execute(&mut *change)
        .await?;
    let (held,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM api_token WHERE person = $1")
        .bind(&who.person)
        .fetch_one(&mut *change)
        .await?;
    if held >= MOST {
        return Err(Error::conflict(key::PEOPLE_TOKEN_MANY));
    }
    sqlx::query(
        "INSERT INTO api_token (id, person, name, secret, scopes, created, expires) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&id)
    .bind(&who.person)
    .bind(&name)
    .bind(sha256(secret.as_bytes()))
    .bind(scopes.join(" "))
    .bind(now)
    .bind(now + form.days * DAY)
    .execute(&mut *change)
    .await?;
    let detail = json!({ "name": name, "scopes": scopes, "days": form.days });
    change.note("token.create", format!("token/{id}"), detail);
    change.commit().await?;
    let said = (key::PEOPLE_TOKEN_TITLE, key::PEOPLE_TOKEN_HINT);
    once::show(&ctx, &json!({ "id": id, "token": secret }), said, vec![secret.clone()], "/me")
}

async fn revoke(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let done = sqlx::query(
        "DELETE FROM api_token WHERE id = $1 AND person = $2 \
         AND person IN (SELECT id FROM person WHERE organisation = $3)",
    )
    .bind(&id)
    .bind(&who.person)
    .bind(&who.organisation)
    .execute(&mut *change)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    change.note("token.revoke", format!("token/{id}"), json!({}));
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/me", key::PEOPLE_TOKEN_REVOKED))
}

/// Revokes every token of a person.
pub(super) async fn revoke_all(change: &mut Change, person: &str) -> Result<(), Error> {
    let revoked = sqlx::query(
        "DELETE FROM api_token WHERE person = $1 \
         AND person IN (SELECT id FROM person WHERE organisation = $2)",
    )
    .bind(person)
    .bind(change.organisation().to_owned())
    .execute(&mut **change)
    .await?
    .rows_affected();
    change.note("token.revoke", format!("person/{person}"), json!({ "revoked": revoked }));
    Ok(())
}
