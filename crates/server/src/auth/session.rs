//! Sessions and API tokens: random secrets of which only the hash is stored.

use super::{Kind, Right, Rights, Role, Who, random};
use crate::{
    App,
    clock::{self, DAY},
    ctx::Ctx,
    db::Change,
    error::Error,
};
use hangtu_catalog::{hex, sha256};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::FromRow;

/// The cookie's name.
pub(crate) const COOKIE: &str = "hangtu_session";
/// How long a session lasts: a working day and the way home.
const LIFE: i64 = DAY / 2;

#[derive(FromRow)]
struct Row {
    person: String,
    account: String,
    name: String,
    organisation: String,
    organisation_name: String,
    kind: String,
    roles: String,
    language: String,
    must_change_password: i64,
    /// Session id, or a token's scopes.
    extra: String,
}

const PERSON: &str = "p.id AS person, p.account, p.name, p.organisation, \
    o.name AS organisation_name, o.kind, p.roles, p.language, p.must_change_password";

/// The roles of a row.
pub(crate) fn roles(words: &str) -> Vec<Role> {
    words.split(' ').filter_map(Role::from_word).collect()
}

impl Row {
    fn who(self) -> Who {
        let roles = roles(&self.roles);
        Who {
            rights: Rights::of(&roles),
            person: self.person,
            account: self.account,
            name: self.name,
            organisation: self.organisation,
            organisation_name: self.organisation_name,
            kind: Kind::from_word(&self.kind).unwrap_or(Kind::Enterprise),
            roles,
            session: None,
            language: self.language,
            must_change_password: self.must_change_password != 0,
        }
    }
}

async fn find(app: &App, from: &str, secret: &str) -> Result<Option<Row>, Error> {
    let sql = format!(
        "SELECT {PERSON}, {from} JOIN person p ON p.id = s.person \
         JOIN organisation o ON o.id = p.organisation \
         WHERE p.disabled = 0 AND s.expires > $2 AND "
    );
    let column = if from.contains("api_token") { "s.secret = $1" } else { "s.id = $1" };
    let sql = sqlx::AssertSqlSafe(sql + column);
    Ok(sqlx::query_as(sql)
        .bind(sha256(secret.as_bytes()))
        .bind(clock::now())
        .fetch_optional(&mut *app.db.read().await?)
        .await?)
}

/// Who a cookie belongs to.
pub(crate) async fn by_cookie(app: &App, value: &str) -> Result<Option<Who>, Error> {
    let row = find(app, "s.id AS extra FROM session s", value).await?;
    Ok(row.filter(|row| app.auth.idle.touch(&row.extra)).map(|row| {
        let session = Some(row.extra.clone());
        Who { session, ..row.who() }
    }))
}

/// Who a token belongs to, with the rights that it names.
pub(crate) async fn by_token(app: &App, token: &str) -> Result<Option<Who>, Error> {
    let row = find(app, "s.scopes AS extra FROM api_token s", token).await?;
    Ok(row.map(|row| {
        let scopes: Rights = row.extra.split(' ').filter_map(Right::from_word).collect();
        let who = row.who();
        Who { rights: who.rights.and(scopes), ..who }
    }))
}

/// Starts a session and gives the cookie to set.
pub(crate) async fn start(
    ctx: &Ctx,
    change: &mut Change,
    person: &str,
    proof: &str,
) -> Result<String, Error> {
    let secret = hex(&random::<32>()?);
    let id = sha256(secret.as_bytes());
    let now = clock::now();
    sqlx::query("DELETE FROM session WHERE expires <= $1").bind(now).execute(&mut **change).await?;
    sqlx::query(
        "INSERT INTO session (id, person, created, expires, address, agent, proof) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&id)
    .bind(person)
    .bind(now)
    .bind(now + LIFE)
    .bind(&ctx.address)
    .bind(&ctx.agent)
    .bind(proof)
    .execute(&mut **change)
    .await?;
    let detail = serde_json::json!({ "address": ctx.address, "proof": proof });
    ctx.app.auth.idle.started(&id);
    change.note("session.start", format!("person/{person}"), detail);
    let secure = ctx.secure();
    Ok(format!(
        "{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
        LIFE / clock::SECOND
    ))
}

/// A session as its owner sees it.
#[derive(Debug, Serialize, JsonSchema, FromRow)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) expires: i64,
    pub(crate) address: String,
    pub(crate) agent: String,
    /// `password`, `password+totp`, `password+recovery`, `password+passkey`, `passkey`, `oidc`,
    /// `oidc+totp`, `oidc+recovery`, `oidc+passkey`.
    pub(crate) proof: String,
}

/// The sessions of a person that still hold, newest first.
pub(crate) async fn list(app: &App, who: &Who) -> Result<Vec<Listed>, Error> {
    let mut rows: Vec<Listed> = sqlx::query_as(
        "SELECT s.id, s.created, s.expires, s.address, s.agent, s.proof FROM session s \
         JOIN person p ON p.id = s.person \
         WHERE p.organisation = $1 AND p.id = $2 AND s.expires > $3 ORDER BY s.created DESC",
    )
    .bind(&who.organisation)
    .bind(&who.person)
    .bind(clock::now())
    .fetch_all(&mut *app.db.read().await?)
    .await?;
    rows.retain(|row| app.auth.idle.alive(&row.id));
    Ok(rows)
}

/// Ends the sessions of a person, all but one.
pub(crate) async fn end_all(
    change: &mut Change,
    person: &str,
    but: Option<&str>,
) -> Result<(), Error> {
    let ended = sqlx::query(
        "DELETE FROM session WHERE person = $1 AND id <> $2 \
         AND person IN (SELECT id FROM person WHERE organisation = $3)",
    )
    .bind(person)
    .bind(but.unwrap_or_default())
    .bind(change.organisation().to_owned())
    .execute(&mut **change)
    .await?
    .rows_affected();
    let detail = serde_json::json!({ "ended": ended });
    change.note("session.end", format!("person/{person}"), detail);
    Ok(())
}

/// Ends a session of a person.
pub(crate) async fn end(change: &mut Change, person: &str, id: &str) -> Result<(), Error> {
    let done = sqlx::query("DELETE FROM session WHERE id = $1 AND person = $2")
        .bind(id)
        .bind(person)
        .execute(&mut **change)
        .await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    change.note("session.end", format!("person/{person}"), serde_json::json!({}));
    Ok(())
}
