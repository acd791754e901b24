//! Where a regulator begins.

use crate::{
    auth::Right,
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

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("The picture of the supervised enterprises").returns::<Picture>();
    r.get("/supervise", Access::May(Right::Supervise), doc, home);
}

/// The picture.
#[derive(Serialize, JsonSchema)]
struct Picture {
    /// The regulator.
    organisation: String,
}

#[derive(Template)]
#[template(path = "supervise/home.html")]
struct HomePage {
    page: Page,
}

async fn home(ctx: Ctx) -> Result<Response, Error> {
    let picture = Picture { organisation: ctx.signed()?.organisation_name.clone() };
    ctx.show(key::NAV_SUPERVISE, &picture, |page| HomePage { page })
}
