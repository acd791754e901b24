//! Organisations below one that supervises, in the same instance: its regulators, and the small
//! enterprises it hosts. Each is set up by its own people with a link that works once, and keeps its
//! rows and its log apart; what it hands in is received as from anywhere else.

use super::set_up::Organisation;
use crate::{
    auth::{Kind, Right, new_id, once, random},
    clock::{self, DAY},
    ctx::Ctx,
    db::{Actor, Change},
    error::Error,
    input::{Input, line},
    route::{Access, Doc, Routes},
    submit, supervise,
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Catalog, hex, key, sha256};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

/// A link works this long.
const VALID: i64 = 14 * DAY;
const SYSTEM: Access = Access::May(Right::System);

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("The organisations below this one, and links to set up others");
    r.get("/organisations", SYSTEM, doc.returns::<List>(), list);
    let doc = Doc::new("Makes a link with which an organisation below is set up; shown once");
    r.post("/organisations", SYSTEM, doc.body::<New>().returns::<Link>(), make);
    let doc = Doc::new("Withdraws a link that was not used");
    r.post("/organisations/links/{id}/withdraw", SYSTEM, doc, withdraw);
}

/// How far down a kind stands; below an organisation there is only what stands further down.
const fn depth(kind: Kind) -> u8 {
    match kind {
        Kind::Nation => 0,
        Kind::Province => 1,
        Kind::City | Kind::Group => 2,
        Kind::Enterprise => 3,
    }
}

/// What may stand below, the nearest first.
fn kinds(above: Kind) -> Vec<Kind> {
    let below = Kind::ALL.iter().copied().filter(|kind| depth(*kind) > depth(above));
    let mut kinds: Vec<Kind> = below.collect();
    kinds.sort_by_key(|kind| depth(*kind));
    kinds
}

/// An organisation below.
#[derive(FromRow, Serialize, JsonSchema)]
struct Below {
    name: String,
    kind: String,
    credit_code: String,
    region: String,
    created: i64,
}

/// A link that was not used yet.
#[derive(FromRow, Serialize, JsonSchema)]
struct Open {
    id: String,
    kind: String,
    label: String,
    created: i64,
    expires: i64,
    person_name: String,
}

/// What stands below.
#[derive(Serialize, JsonSchema)]
struct List {
    organisations: Vec<Below>,
    links: Vec<Open>,
}

#[derive(Template)]
#[template(path = "admin/below.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
    kinds: Vec<Kind>,
    catalog: &'a Catalog,
    now: i64,
}

impl ListPage<'_> {
    fn region(&self, code: &str) -> &str {
        let found = self.catalog.regions.iter().find(|r| r.code == code);
        found.map_or("", |r| self.page.b(&r.name))
    }
}

/// The kind of who asks, where it supervises.
fn above(ctx: &Ctx) -> Result<Kind, Error> {
    let kind = ctx.signed()?.kind;
    if kind.supervises() { Ok(kind) } else { Err(Error::Forbidden) }
}

async fn list(ctx: Ctx) -> Result<Response, Error> {
    let kind = above(&ctx)?;
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let organisations = sqlx::query_as(
        "SELECT name, kind, credit_code, region, created FROM organisation WHERE parent = $1 \
         ORDER BY kind DESC, region, name LIMIT 5000",
    )
    .bind(organisation)
    .fetch_all(&mut *c)
    .await?;
    let links = sqlx::query_as(
        "SELECT id, kind, label, created, expires, person_name FROM set_up_link \
         WHERE organisation = $1 AND made = '' ORDER BY created DESC LIMIT 1000",
    )
    .bind(organisation)
    .fetch_all(c)
    .await?;
    let list = List { organisations, links };
    ctx.show(key::BELOW_TITLE, &list, |page| ListPage {
        page,
        list: &list,
        kinds: kinds(kind),
        catalog: &ctx.app.catalog,
        now: clock::now(),
    })
}

/// What is to be set up.
#[derive(Deserialize, JsonSchema)]
struct New {
    /// `province`, `city`, `group` or `enterprise`, further down than who asks.
    kind: String,
    /// Whom the link is for.
    label: String,
}

/// A link.
#[derive(Serialize, JsonSchema)]
struct Link {
    /// Opened in a browser it asks what the set-up asks.
    link: String,
}

async fn make(ctx: Ctx, Input(new): Input<New>) -> Result<Response, Error> {
    let above = above(&ctx)?;
    let kind = Kind::from_word(&new.kind).filter(|kind| depth(*kind) > depth(above));
    let kind = kind.ok_or_else(|| Error::invalid("kind", key::SERVER_FIELD_CHOICE))?;
    let label = line("label", &new.label, 100)?;
    let code = hex(&random::<24>()?);
    let config = &ctx.app.config;
    let link = format!("{}/set-up?code={code}", config.url(config.listen).trim_end_matches('/'));
    let (id, now) = (new_id(), clock::now());
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    sqlx::query(
        "INSERT INTO set_up_link (id, organisation, code, kind, label, created, expires, \
         person_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&id)
    .bind(change.organisation().to_owned())
    .bind(sha256(code.as_bytes()))
    .bind(kind.word())
    .bind(&label)
    .bind(now)
    .bind(now + VALID)
    .bind(change.actor().name.clone())
    .execute(&mut *change)
    .await?;
    let detail = json!({ "kind": kind.word(), "label": label });
    change.note("organisation.link", format!("set-up-link/{id}"), detail);
    change.commit().await?;
    let said = (key::BELOW_LINK_SHOWN, key::BELOW_LINK_HINT);
    once::show(&ctx, &Link { link: link.clone() }, said, vec![link], "/organisations")
}

async fn withdraw(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    above(&ctx)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let gone =
        sqlx::query("DELETE FROM set_up_link WHERE organisation = $1 AND id = $2 AND made = ''")
            .bind(change.organisation().to_owned())
            .bind(&id)
            .execute(&mut *change)
            .await?;
    if gone.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    change.note("organisation.link-withdraw", format!("set-up-link/{id}"), json!({}));
    change.commit().await?;
    Ok(ctx.done(&json!({}), "/organisations", key::BELOW_WITHDRAWN))
}

/// A link that may be used.
#[derive(Clone, FromRow)]
pub(crate) struct Invited {
    id: String,
    /// Whom the new organisation stands below.
    organisation: String,
    name: String,
    kind: String,
    /// The region that the new one must lie in; empty for any.
    pub(super) region: String,
    person_name: String,
}

impl Invited {
    /// What is to be set up.
    pub(super) fn kind(&self) -> Result<Kind, Error> {
        Kind::from_word(&self.kind).ok_or_else(|| Error::internal("a kind of organisation"))
    }
}

/// The link with a code, unless it was used, was withdrawn or ran out.
pub(super) async fn invited(c: &mut AnyConnection, code: &str) -> Result<Option<Invited>, Error> {
    let row = sqlx::query_as(
        "SELECT l.id, l.organisation, o.name, l.kind, o.region, l.person_name FROM set_up_link l \
         JOIN organisation o ON o.id = l.organisation \
         WHERE l.code = $1 AND l.made = '' AND l.expires > $2",
    );
    Ok(row.bind(sha256(code.as_bytes())).bind(clock::now()).fetch_optional(c).await?)
}

/// Uses a link within the change that sets the organisation up; a second use finds it used.
pub(super) async fn claim(change: &mut Change, by: &Invited) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    let used = sqlx::query("UPDATE set_up_link SET made = $2 WHERE id = $1 AND made = ''")
        .bind(&by.id)
        .bind(&organisation)
        .execute(&mut **change)
        .await?;
    if used.rows_affected() == 0 {
        return Err(Error::conflict(key::SETUP_ALREADY));
    }
    sqlx::query("UPDATE organisation SET parent = $2 WHERE id = $1")
        .bind(&organisation)
        .bind(&by.organisation)
        .execute(&mut **change)
        .await?;
    Ok(())
}

/// Enters with whom it stands below that the new organisation is there; an enterprise comes on the
/// roster and submits within the instance from now on.
pub(super) async fn enter(
    app: &crate::App,
    change: &mut Change,
    by: &Invited,
    id: &str,
    new: &Organisation,
) -> Result<(), Error> {
    if new.kind == Kind::Enterprise {
        submit::host(app, change, [&by.organisation, &by.name], by.person_name.as_str()).await?;
    }
    change.turn(&Actor::system(&by.organisation)).await?;
    if new.kind == Kind::Enterprise {
        supervise::roster::host(change, new).await?;
    }
    let detail = json!({ "kind": new.kind.word(), "name": new.name, "region": new.region });
    change.note("organisation.below", format!("organisation/{id}"), detail);
    Ok(())
}

/// Whom an organisation stands below in this instance.
pub(crate) async fn parent(
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Option<String>, Error> {
    let row: Option<(String,)> = sqlx::query_as("SELECT parent FROM organisation WHERE id = $1")
        .bind(organisation)
        .fetch_optional(c)
        .await?;
    Ok(row.map(|r| r.0).filter(|id| !id.is_empty()))
}
