//! Style and script, embedded, named by their content so that browsers may keep them.

use crate::{
    ctx::{Ctx, set_cookie},
    error::Error,
};
use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Language, sha256};
use std::sync::LazyLock;

struct Asset {
    name: &'static str,
    media: &'static str,
    text: &'static str,
}

static ASSETS: &[Asset] = &[
    Asset { name: "app.css", media: "text/css; charset=utf-8", text: include_str!("app.css") },
    Asset { name: "app.js", media: "text/javascript; charset=utf-8", text: include_str!("app.js") },
    Asset { name: "logo.svg", media: "image/svg+xml", text: include_str!("logo.svg") },
];

static URLS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let url = |a: &Asset| format!("/assets/{}?v={}", a.name, &sha256(a.text.as_bytes())[..12]);
    ASSETS.iter().map(url).collect()
});

/// Where an asset is.
pub(super) fn url(name: &str) -> String {
    let at = ASSETS.iter().position(|a| a.name == name).unwrap_or(0);
    URLS[at].clone()
}

pub(super) async fn serve(Path(name): Path<String>) -> Result<Response, Error> {
    let asset = ASSETS.iter().find(|a| a.name == name).ok_or(Error::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, asset.media),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, asset.text).into_response())
}

/// Chooses the language of the pages and goes back.
pub(super) async fn language(
    ctx: Ctx,
    Path(tag): Path<String>,
    headers: axum::http::HeaderMap,
) -> Result<Response, Error> {
    let language = Language::from_tag(&tag).ok_or(Error::NotFound)?;
    let back = headers
        .get(header::REFERER)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split_once("://"))
        .and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()))
        .unwrap_or_else(|| "/".into());
    let mut response = ctx.go(&back);
    let cookie =
        format!("hangtu_language={}; Path=/; Max-Age=31536000; SameSite=Lax", language.tag());
    set_cookie(response.headers_mut(), &cookie);
    Ok(response)
}
