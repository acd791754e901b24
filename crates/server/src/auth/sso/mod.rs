//! Single sign-on with OpenID Connect: the authorization code flow with PKCE, state and nonce.
//!
//! An identity is linked to an account by its owner, signed in, or by the system administrator;
//! always by the provider's subject, and no account is ever made by a sign-in.

mod admin;
mod client;
mod link;
mod sign_in;

use crate::{App, error::Error, route::Routes};
use client::Metadata;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::FromRow;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

pub(crate) use link::{Identity, identities};
pub(super) use sign_in::Round;

pub(super) fn routes(r: &mut Routes) {
    sign_in::routes(r);
    link::routes(r);
    admin::routes(r);
}

/// A provider as the store has it.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Provider {
    id: String,
    organisation: String,
    name: String,
    issuer: String,
    client: String,
    /// Sealed; empty for none.
    secret: String,
    enabled: i64,
}

const PROVIDER: &str = "SELECT id, organisation, name, issuer, client, secret, enabled \
    FROM sso_provider";

impl Provider {
    /// The provider of an organisation.
    async fn of(app: &App, organisation: &str, id: &str) -> Result<Self, Error> {
        let sql = format!("{PROVIDER} WHERE organisation = $1 AND id = $2");
        let found: Option<Self> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(organisation)
            .bind(id)
            .fetch_optional(&mut *app.db.read().await?)
            .await?;
        found.ok_or(Error::NotFound)
    }

    /// The provider of a button on the sign-in page: nobody is known yet, nor is an organisation.
    async fn enabled(app: &App, id: &str) -> Result<Self, Error> {
        let sql = format!("{PROVIDER} WHERE id = $1 AND enabled = 1");
        let found: Option<Self> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .fetch_optional(&mut *app.db.read().await?)
            .await?;
        found.ok_or(Error::NotFound)
    }

    /// The client's secret, opened.
    fn secret(&self, app: &App) -> Result<Option<String>, Error> {
        if self.secret.is_empty() {
            return Ok(None);
        }
        let secret = app.auth.vault.unseal(&self.id, &self.secret)?;
        String::from_utf8(secret).map(Some).map_err(Error::internal)
    }
}

/// A provider that may be chosen.
#[derive(Clone, Debug, Serialize, JsonSchema, FromRow)]
pub(crate) struct Choice {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// The enabled providers: all of them, or those of one organisation.
pub(crate) async fn choices(app: &App, organisation: Option<&str>) -> Result<Vec<Choice>, Error> {
    Ok(sqlx::query_as(
        "SELECT id, name FROM sso_provider WHERE enabled = 1 AND ($1 = '' OR organisation = $1) \
         ORDER BY name, id",
    )
    .bind(organisation.unwrap_or_default())
    .fetch_all(&mut *app.db.read().await?)
    .await?)
}

/// How long what a provider said of itself is believed when a sign-in begins; the end asks anew.
const FRESH: Duration = Duration::from_mins(10);

/// What providers said of themselves, by issuer: beginning a sign-in does not ask every time.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<String, (Metadata, Instant)>>);

impl Known {
    fn get(&self, issuer: &str) -> Option<Metadata> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(issuer).filter(|(_, at)| at.elapsed() < FRESH).map(|(m, _)| m.clone())
    }

    fn put(&self, issuer: &str, metadata: Metadata) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.retain(|_, (_, at)| at.elapsed() < FRESH);
        map.insert(issuer.to_owned(), (metadata, Instant::now()));
    }
}
