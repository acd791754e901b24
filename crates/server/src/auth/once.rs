//! Secrets that are shown once: a first password, recovery codes, an API token.

use crate::{
    ctx::Ctx,
    error::Error,
    route::{Access, Routes},
    ui::Page,
};
use askama::Template;
use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{key, key::Key};
use serde::Serialize;

pub(super) fn routes(r: &mut Routes) {
    r.page("/me/once/{ticket}", Access::Signed, page);
}

/// What is shown, and where to go from there.
#[derive(Clone, Debug)]
pub(crate) struct Once {
    /// Whom it is shown to.
    reader: String,
    title: Key,
    hint: Key,
    lines: Vec<String>,
    back: String,
}

/// Shows secrets once: as JSON below `/api`, else on a page of their own.
pub(crate) fn show<D: Serialize>(
    ctx: &Ctx,
    data: &D,
    (title, hint): (Key, Key),
    lines: Vec<String>,
    back: &str,
) -> Result<Response, Error> {
    if ctx.data {
        return Ok(Json(data).into_response());
    }
    let reader = ctx.signed()?.person.clone();
    let once = Once { reader, title, hint, lines, back: back.to_owned() };
    Ok(ctx.go(&format!("/me/once/{}", ctx.app.auth.once.put(once)?)))
}

#[derive(Template)]
#[template(path = "auth/once.html")]
struct OncePage {
    page: Page,
    once: Option<Once>,
}

async fn page(ctx: Ctx, Path(ticket): Path<String>) -> Result<Response, Error> {
    let reader = ctx.signed()?.person.clone();
    let once = ctx.app.auth.once.take(&ticket).filter(|o| o.reader == reader);
    let title = once.as_ref().map_or(key::AUTH_ONCE_GONE, |o| o.title);
    ctx.show(title, &(), |page| OncePage { page, once })
}
