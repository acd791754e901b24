//! The providers of an organisation, kept by its system administrator.

use super::{Provider, client, link};
use crate::{
    auth::{Right, new_id},
    clock,
    ctx::Ctx,
    error::Error,
    input::{Input, line},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

pub(super) fn routes(r: &mut Routes) {
    let system = Access::May(Right::System);
    r.get("/sso", system, Doc::new("Providers of single sign-on").returns::<Listed>(), list);
    r.post("/sso", system, Doc::new("Add a provider of single sign-on").body::<Form>(), add);
    r.post("/sso/{id}", system, Doc::new("Change or disable a provider").body::<Form>(), change);
    r.post("/sso/{id}/test", system, Doc::new("Ask a provider about itself"), test);
    let assign_doc = Doc::new("Link an identity to somebody's account").body::<Assign>();
    r.post("/sso/{id}/assign", system, assign_doc, assign);
}

#[derive(Debug, Serialize, JsonSchema, FromRow)]
struct Row {
    id: String,
    name: String,
    issuer: String,
    client: String,
    /// 1 while it has a secret.
    secret: i64,
    /// 1 while people may sign in with it.
    enabled: i64,
    /// Identities that are linked.
    identities: i64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Listed {
    /// What the provider has to be told to send people back to.
    redirect: String,
    providers: Vec<Row>,
}

#[derive(Template)]
#[template(path = "auth/sso/admin.html")]
struct List<'a> {
    page: Page,
    list: &'a Listed,
}

async fn list(ctx: Ctx) -> Result<Response, Error> {
    let providers = sqlx::query_as(
        "SELECT s.id, s.name, s.issuer, s.client, \
         CASE WHEN s.secret = '' THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END AS secret, \
         s.enabled, (SELECT COUNT(*) FROM sso_identity i WHERE i.provider = s.id) AS identities \
         FROM sso_provider s WHERE s.organisation = $1 ORDER BY s.name, s.id",
    )
    .bind(ctx.organisation()?)
    .fetch_all(&mut *ctx.app.db.read().await?)
    .await?;
    let list = Listed { redirect: client::redirect(&ctx.app), providers };
    ctx.show(key::SSO_TITLE, &list, |page| List { page, list: &list })
}

/// A provider, as its form says.
#[derive(Deserialize, JsonSchema)]
struct Form {
    name: String,
    /// The issuer's URL, as in its discovery document.
    issuer: String,
    /// The client id that it gave.
    client: String,
    /// The client secret; when changing, empty keeps the one before.
    #[serde(default)]
    secret: String,
    /// `yes` while people may sign in with it.
    #[serde(default)]
    enabled: String,
}

impl Form {
    fn checked(self) -> Result<Self, Error> {
        let issuer = line("issuer", &self.issuer, 300)?;
        client::issuer(&issuer).map_err(|_| Error::invalid("issuer", key::SSO_ISSUER_BAD))?;
        let name = line("name", &self.name, 60)?;
        let client = line("client", &self.client, 200)?;
        let secret = self.secret.trim().to_owned();
        if secret.len() > 500 {
            return Err(Error::invalid("secret", key::SERVER_UNREADABLE));
        }
        Ok(Self { name, issuer, client, secret, enabled: self.enabled })
    }

    fn enabled(&self) -> i64 {
        i64::from(self.enabled == "yes")
    }

    /// For the audit trail, without the secret.
    fn detail(&self) -> serde_json::Value {
        json!({ "name": self.name, "issuer": self.issuer, "client": self.client,
            "enabled": self.enabled() })
    }
}

async fn add(ctx: Ctx, Input(form): Input<Form>) -> Result<Response, Error> {
    ctx.in_person()?;
    let form = form.checked()?;
    let id = new_id();
    let secret = match form.secret.as_str() {
        "" => String::new(),
        secret => ctx.app.auth.vault.seal(&id, secret.as_bytes())?,
    };
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    sqlx::query(
        "INSERT INTO sso_provider (id, organisation, name, issuer, client, secret, enabled, \
         created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&id)
    .bind(change.organisation().to_owned())
    .bind(&form.name)
    .bind(&form.issuer)
    .bind(&form.client)
    .bind(secret)
    .bind(form.enabled())
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    change.note("sso.add", format!("sso/{id}"), form.detail());
    change.commit().await?;
    Ok(ctx.done(&json!({ "id": id }), "/sso", key::PEOPLE_SAVED))
}

async fn change(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(form): Input<Form>,
) -> Result<Response, Error> {
    ctx.in_person()?;
    let form = form.checked()?;
    let before = Provider::of(&ctx.app, ctx.organisation()?, &id).await?;
    // A secret goes to the issuer it was given for: another issuer needs it typed again.
    let secret = match form.secret.as_str() {
        "" if before.issuer == form.issuer => before.secret,
        "" => String::new(),
        secret => ctx.app.auth.vault.seal(&id, secret.as_bytes())?,
    };
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    if before.issuer != form.issuer {
        // Another issuer's subjects are other people.
        let gone =
            sqlx::query("DELETE FROM sso_identity WHERE organisation = $1 AND provider = $2")
                .bind(change.organisation().to_owned())
                .bind(&id)
                .execute(&mut *change)
                .await?
                .rows_affected();
        change.note("identity.unlink", format!("sso/{id}"), json!({ "ended": gone }));
    }
    sqlx::query(
        "UPDATE sso_provider SET name = $3, issuer = $4, client = $5, secret = $6, enabled = $7 \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(change.organisation().to_owned())
    .bind(&id)
    .bind(&form.name)
    .bind(&form.issuer)
    .bind(&form.client)
    .bind(secret)
    .bind(form.enabled())
    .execute(&mut *change)
    .await?;
    change.note("sso.change", format!("sso/{id}"), form.detail());
    change.commit().await?;
    Ok(ctx.done(&json!({ "id": id }), "/sso", key::PEOPLE_SAVED))
}

async fn test(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let provider = Provider::of(&ctx.app, ctx.organisation()?, &id).await?;
    let outcome = client::discover(&provider.issuer).await?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let state = if outcome.is_ok() { "done" } else { "failed" };
    change.note("sso.test", format!("sso/{id}"), json!({ "state": state }));
    change.commit().await?;
    match outcome {
        Ok(_) => Ok(ctx.done(&json!({ "state": state }), "/sso", key::SSO_TEST_GOOD)),
        Err(why) => {
            let why = why.to_string();
            let args = [("why", why.as_str().into())];
            Err(Error::Conflict(Bilingual::message(key::SSO_TEST_BAD, &args)))
        }
    }
}

/// Whose identity it is.
#[derive(Deserialize, JsonSchema)]
struct Assign {
    account: String,
    /// The provider's `sub`.
    subject: String,
}

async fn assign(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(form): Input<Assign>,
) -> Result<Response, Error> {
    let who = ctx.in_person()?;
    let provider = Provider::of(&ctx.app, &who.organisation, &id).await?;
    let subject = line("subject", &form.subject, 255)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let person: Option<(String,)> =
        sqlx::query_as("SELECT id FROM person WHERE organisation = $1 AND account = $2")
            .bind(&who.organisation)
            .bind(form.account.trim().to_lowercase())
            .fetch_optional(&mut *change)
            .await?;
    let (person,) = person.ok_or_else(|| Error::invalid("account", key::SSO_NO_ACCOUNT))?;
    if person == who.person {
        return Err(Error::conflict(key::PEOPLE_ONESELF));
    }
    link::insert(&mut change, &provider, &subject, &person).await?;
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/sso", key::PEOPLE_SAVED))
}
