//! Where we stand.

use crate::{
    ctx::Ctx,
    error::Error,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::response::Response;
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) fn routes(r: &mut Routes) {
    r.get(
        "/",
        Access::Signed,
        Doc::new("Where the organisation stands").returns::<Standing>(),
        home,
    );
}

/// Where the organisation stands.
#[derive(Serialize, JsonSchema)]
struct Standing {
    organisation: String,
}

#[derive(Template)]
#[template(path = "home/home.html")]
struct Home<'a> {
    page: Page,
    standing: &'a Standing,
}

async fn home(ctx: Ctx) -> Result<Response, Error> {
    let standing = Standing { organisation: ctx.signed()?.organisation_name.clone() };
    ctx.show(key::NAV_HOME, &standing, |page| Home { page, standing: &standing })
}
