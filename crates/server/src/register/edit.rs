//! One asset: its form, and what happened to it.

use super::{
    KEEP,
    asset::{self, Asset, Typed},
};
use crate::{
    audit,
    auth::Right,
    clock,
    ctx::Ctx,
    error::Error,
    input::{Input, prose},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, DataCategory, DataLevel, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) fn routes(r: &mut Routes) {
    r.page("/data/new", KEEP, new_page);
    let doc = Doc::new("Adds a data asset to the catalogue");
    r.post("/data", KEEP, doc.body::<Typed>().returns::<Made>(), add);
    let doc = Doc::new("One data asset and its history");
    r.get("/data/{id}", Access::May(Right::Read), doc.returns::<One>(), one);
    let doc = Doc::new("Changes a data asset; what is left out becomes empty");
    r.post("/data/{id}", KEEP, doc.body::<Typed>(), change);
    let doc = Doc::new("Removes a data asset from the catalogue; its history stays");
    r.post("/data/{id}/remove", KEEP, doc.body::<Why>(), remove);
}

/// The new asset.
#[derive(Serialize, JsonSchema)]
struct Made {
    id: String,
}

/// One thing that happened to an asset.
#[derive(Serialize, JsonSchema)]
struct Event {
    /// Microseconds since 1970.
    time: i64,
    person: String,
    action: String,
    /// Names of the fields that changed.
    fields: Vec<String>,
}

/// An asset and its history.
#[derive(Serialize, JsonSchema)]
struct One {
    asset: Asset,
    /// The latest first.
    history: Vec<Event>,
}

#[derive(Template)]
#[template(path = "register/edit.html")]
struct EditPage<'a> {
    page: Page,
    /// Empty for a new one.
    asset: &'a Asset,
    history: &'a [Event],
}

#[allow(clippy::unused_self, reason = "templates call methods")]
impl EditPage<'_> {
    fn categories(&self) -> impl Iterator<Item = &'static str> {
        DataCategory::ALL.iter().map(|c| c.name())
    }

    fn levels(&self) -> impl Iterator<Item = &'static str> {
        DataLevel::ALL.iter().map(|l| l.name())
    }

    /// What is shown to those who only read.
    fn texts(&self) -> [(key::Key, &str); 9] {
        let a = self.asset;
        [
            (key::REGISTER_REASON, &a.reason),
            (key::REGISTER_OWNER, &a.owner),
            (key::REGISTER_DEPARTMENT, &a.department),
            (key::REGISTER_SOURCE, &a.source),
            (key::REGISTER_CARRIER, &a.carrier),
            (key::REGISTER_PURPOSE, &a.purpose),
            (key::REGISTER_SCOPE, &a.scope),
            (key::REGISTER_SHARING, &a.sharing),
            (key::REGISTER_MEASURES, &a.measures),
        ]
    }

    fn number(&self, n: &Option<i64>) -> String {
        n.map(|n| n.to_string()).unwrap_or_default()
    }

    fn field(&self, name: &str) -> String {
        self.page.word("register", name.replace('_', "-"))
    }

    fn action(&self, action: &str) -> String {
        self.page.word("audit-action", action.replace('.', "-"))
    }
}

async fn new_page(ctx: Ctx) -> Result<Response, Error> {
    let asset = Asset::default();
    ctx.show(key::REGISTER_NEW, &(), |page| EditPage { page, asset: &asset, history: &[] })
}

async fn one(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let asset = asset::one(c, organisation, &id).await?;
    let entries = audit::about(c, organisation, &format!("data/{id}")).await?;
    let event = |(_, body): &(i64, String)| {
        let entry: Value = serde_json::from_str(body).ok()?;
        let changed = entry["detail"]["changed"].as_object();
        Some(Event {
            time: entry["time"].as_str().and_then(clock::parse)?,
            person: entry["actor"]["name"].as_str()?.to_owned(),
            action: entry["action"].as_str()?.to_owned(),
            fields: changed.map(|m| m.keys().cloned().collect()).unwrap_or_default(),
        })
    };
    let history = entries.iter().rev().filter_map(event).collect();
    let one = One { asset, history };
    ctx.show_titled(one.asset.name.clone(), &one, |page| EditPage {
        page,
        asset: &one.asset,
        history: &one.history,
    })
}

/// Whether the name is free for this asset.
async fn free(change: &mut crate::db::Change, name: &str, id: &str) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    let taken: Option<(String,)> = sqlx::query_as(
        "SELECT id FROM data_asset WHERE organisation = $1 AND name = $2 AND id <> $3 \
         AND removed IS NULL",
    )
    .bind(organisation)
    .bind(name)
    .bind(id)
    .fetch_optional(&mut **change)
    .await?;
    if taken.is_some() { Err(Error::invalid("name", key::REGISTER_NAME_TAKEN)) } else { Ok(()) }
}

/// Refuses what no longer fits.
pub(super) async fn room(change: &mut crate::db::Change, more: usize) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    let (held,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM data_asset WHERE organisation = $1 AND removed IS NULL",
    )
    .bind(organisation)
    .fetch_one(&mut **change)
    .await?;
    if held + more as i64 > asset::MOST {
        let n = [("n", asset::MOST.unsigned_abs().into())];
        return Err(Error::Conflict(Bilingual::message(key::REGISTER_FULL, &n)));
    }
    Ok(())
}

async fn add(ctx: Ctx, Input(typed): Input<Typed>) -> Result<Response, Error> {
    let asset = typed.check()?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let last = asset::hold(&mut change).await?;
    room(&mut change, 1).await?;
    free(&mut change, &asset.name, "").await?;
    let id = asset::add(&mut change, last + 1, &asset).await?;
    change.commit().await?;
    Ok(ctx.done(&Made { id }, "/data", key::REGISTER_SAVED))
}

async fn change(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(typed): Input<Typed>,
) -> Result<Response, Error> {
    let new = typed.check()?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    asset::hold(&mut change).await?;
    let organisation = change.organisation().to_owned();
    let old = asset::one(&mut change, &organisation, &id).await?;
    free(&mut change, &new.name, &id).await?;
    if asset::alter(&mut change, &old, &new).await? {
        change.commit().await?;
    } else {
        crate::db::nothing_to_change();
    }
    Ok(ctx.done(&json!({}), &format!("/data/{id}"), key::REGISTER_SAVED))
}

/// Why it goes.
#[derive(Deserialize, JsonSchema)]
struct Why {
    #[serde(default)]
    reason: String,
}

async fn remove(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(why): Input<Why>,
) -> Result<Response, Error> {
    let reason = prose("reason", &why.reason, 500)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let asset = asset::one(&mut change, &organisation, &id).await?;
    sqlx::query("UPDATE data_asset SET removed = $3 WHERE organisation = $1 AND id = $2")
        .bind(organisation)
        .bind(&id)
        .bind(clock::now())
        .execute(&mut *change)
        .await?;
    let detail = json!({ "name": asset.name, "reason": reason, "asset": asset.fields() });
    change.note("data.remove", format!("data/{id}"), detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/data", key::REGISTER_REMOVED))
}
