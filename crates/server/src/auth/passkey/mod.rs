//! Passkeys: for the second step beside codes, and for signing in without a password.
//!
//! Each is discoverable and asks its holder for a finger or a PIN, so that one ceremony serves both.
//! Challenges wait in memory, bound to one browser, and serve once.

mod assert;
mod party;
mod register;

use super::Who;
use crate::{App, db::Change, error::Error, route::Routes};
use hangtu_catalog::sha256;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use sqlx::FromRow;
use webauthn_rp::{
    bin::Decode,
    request::{auth::DiscoverableAuthenticationServerState, register::UserHandle},
};

pub(crate) use party::Party;
pub(super) use register::Adding;

pub(super) fn routes(r: &mut Routes) {
    assert::routes(r);
    register::routes(r);
}

/// A challenge that a browser was given to sign in.
pub(super) type Asserting = DiscoverableAuthenticationServerState;

/// The length of [`handle`].
const HANDLE: usize = 32;

/// What authenticators know a person by: it says nothing about them.
fn handle(person: &str) -> Result<UserHandle<HANDLE>, Error> {
    let hash = super::vault::unhex(&sha256(person.as_bytes())).unwrap_or_default();
    let hash: [u8; HANDLE] = hash.try_into().map_err(|_| Error::internal("no SHA-256"))?;
    let Ok(handle) = UserHandle::decode(hash);
    Ok(handle)
}

/// A passkey as its owner sees it.
#[derive(Debug, Serialize, JsonSchema, FromRow)]
pub(crate) struct Passkey {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created: i64,
    pub(crate) used: Option<i64>,
}

/// The passkeys of a person, oldest first.
pub(crate) async fn list(app: &App, who: &Who) -> Result<Vec<Passkey>, Error> {
    Ok(sqlx::query_as(
        "SELECT id, name, created, used FROM passkey WHERE organisation = $1 AND person = $2 \
         ORDER BY created, id",
    )
    .bind(&who.organisation)
    .bind(&who.person)
    .fetch_all(&mut *app.db.read().await?)
    .await?)
}

/// Whether a person has a passkey.
pub(crate) async fn has(app: &App, organisation: &str, person: &str) -> Result<bool, Error> {
    let (n,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM passkey WHERE organisation = $1 AND person = $2")
            .bind(organisation)
            .bind(person)
            .fetch_one(&mut *app.db.read().await?)
            .await?;
    Ok(n > 0)
}

/// Takes all passkeys from a person, each with an entry.
pub(super) async fn clear(change: &mut Change, person: &str) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    let names: Vec<(String,)> = sqlx::query_as(
        "DELETE FROM passkey WHERE organisation = $1 AND person = $2 RETURNING name",
    )
    .bind(organisation)
    .bind(person)
    .fetch_all(&mut **change)
    .await?;
    for (name,) in names {
        let detail = json!({ "kind": "passkey", "name": name });
        change.note("factor.remove", format!("person/{person}"), detail);
    }
    Ok(())
}
