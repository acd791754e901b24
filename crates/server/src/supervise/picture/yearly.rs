//! The picture as it was, frozen for the yearly report (Assessment Rules, Art. 11: by December 25).

use super::{
    compute::{Picture, Scope, picture},
    home::Body,
};
use crate::{
    auth::{Right, new_id},
    clock,
    ctx::Ctx,
    error::Error,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Limit, key, sha256};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use sqlx::FromRow;

pub(super) fn routes(r: &mut Routes) {
    let may = Access::May(Right::Supervise);
    r.get("/supervise/yearly", may, Doc::new("Frozen pictures").returns::<Vec<Frozen>>(), list);
    let doc = Doc::new("Freeze the picture as it is now").returns::<Made>();
    r.post("/supervise/yearly", Access::May(Right::Report), doc, freeze);
    r.get("/supervise/yearly/{id}", may, Doc::new("A frozen picture").returns::<Picture>(), one);
    let doc = Doc::new("The bytes of a frozen picture, of which the hash was entered in the log");
    r.get("/supervise/yearly/{id}/picture.json", may, doc.gives("application/json"), bytes);
}

/// A frozen picture in the list.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(super) struct Frozen {
    id: String,
    pub(super) year: i64,
    frozen: i64,
    person_name: String,
    pub(super) sha256: String,
}

/// Id of a new one.
#[derive(Serialize, JsonSchema)]
struct Made {
    id: String,
    sha256: String,
}

#[derive(Template)]
#[template(path = "supervise/picture/yearly.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a [Frozen],
    by: String,
}

#[derive(Template)]
#[template(path = "supervise/picture/frozen.html")]
struct OnePage<'a> {
    page: Page,
    frozen: &'a Frozen,
    html: &'a str,
}

async fn list(ctx: Ctx) -> Result<Response, Error> {
    let list: Vec<Frozen> = sqlx::query_as(
        "SELECT id, year, frozen, person_name, sha256 FROM yearly WHERE supervisor = $1 \
         ORDER BY frozen DESC LIMIT 100",
    )
    .bind(ctx.organisation()?)
    .fetch_all(&mut *ctx.app.db.read().await?)
    .await?;
    let by = match ctx.app.catalog.deadline("RA_PROV_YEAR").map(|d| &d.limit) {
        Some(Limit::Date(day)) => day.to_string(),
        _ => String::new(),
    };
    ctx.show(key::YEARLY_TITLE, &list, |page| ListPage { page, list: &list, by })
}

async fn freeze(ctx: Ctx) -> Result<Response, Error> {
    // A kind of organisation without supervised enterprises has no picture to freeze.
    ctx.may(Right::Supervise)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let supervisor = change.organisation().to_owned();
    let picture = picture(&ctx.app, &mut change, &supervisor, &Scope::default()).await?;
    let body = serde_json::to_string(&picture).map_err(Error::internal)?;
    let (id, sha256) = (new_id(), sha256(body.as_bytes()));
    let year = i64::from(clock::day(picture.time).year());
    sqlx::query(
        "INSERT INTO yearly (id, supervisor, year, frozen, person_name, sha256, body) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&id)
    .bind(&supervisor)
    .bind(year)
    .bind(picture.time)
    .bind(change.actor().name.clone())
    .bind(&sha256)
    .bind(&body)
    .execute(&mut *change)
    .await?;
    let detail = json!({ "year": year, "sha256": sha256, "graded": picture.sums.graded });
    change.note("yearly.freeze", format!("yearly/{id}"), detail);
    change.commit().await?;
    let next = format!("/supervise/yearly/{id}");
    Ok(ctx.done(&Made { id, sha256 }, &next, key::YEARLY_FROZEN))
}

async fn find(ctx: &Ctx, id: &str) -> Result<(Frozen, String), Error> {
    let row: Option<(String, i64, i64, String, String, String)> = sqlx::query_as(
        "SELECT id, year, frozen, person_name, sha256, body FROM yearly \
         WHERE supervisor = $1 AND id = $2",
    )
    .bind(ctx.organisation()?)
    .bind(id)
    .fetch_optional(&mut *ctx.app.db.read().await?)
    .await?;
    let (id, year, frozen, person_name, sha256, body) = row.ok_or(Error::NotFound)?;
    Ok((Frozen { id, year, frozen, person_name, sha256 }, body))
}

/// A frozen picture.
pub(super) async fn found(ctx: &Ctx, id: &str) -> Result<(Frozen, Picture), Error> {
    let (frozen, body) = find(ctx, id).await?;
    Ok((frozen, serde_json::from_str(&body).map_err(Error::internal)?))
}

async fn one(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let (frozen, picture) = found(&ctx, &id).await?;
    let html =
        Body { page: Page::new(&ctx, String::new()), p: &picture, catalog: &ctx.app.catalog };
    let html = html.render().map_err(Error::internal)?;
    let year = frozen.year.to_string();
    let title = Page::new(&ctx, String::new()).a(key::YEARLY_ONE, "year", year);
    ctx.show_titled(title, &picture, |page| OnePage { page, frozen: &frozen, html: &html })
}

async fn bytes(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let (frozen, body) = find(&ctx, &id).await?;
    let name = format!("attachment; filename=\"picture-{}.json\"", frozen.year);
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, body).into_response())
}
