//! The files of a package, for whoever holds the secret of a launch. See the module above for why this
//! is safe; every answer with a stranger's bytes leaves through [`foreign`].

use super::session::{self, Secret, base};
use crate::{
    ctx::Ctx,
    download,
    error::Error,
    route::{Access, Routes},
    serve::Foreign,
    train::blobs,
};
use axum::{
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};

pub(super) fn routes(r: &mut Routes) {
    r.add(Method::GET, "/cmi5/files/{secret}/{*name}", Access::Open, None, file);
}

/// The media type of a file, by its name: nothing is guessed from its contents.
fn media(name: &str) -> &'static str {
    let ending = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "xml" | "xsd" => "application/xml",
        "txt" | "md" => "text/plain; charset=utf-8",
        "vtt" => "text/vtt; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        "wasm" => "application/wasm",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    }
}

/// What a package's document may do: nothing of ours, and from outside nothing at all.
fn policy(base: &str, secret: &str) -> String {
    let own = format!("{base}/cmi5/files/{secret}/");
    let doors = format!("{base}/cmi5/lrs/ {base}/cmi5/fetch/");
    format!(
        "sandbox allow-scripts allow-forms; default-src 'none'; \
         script-src {own} 'unsafe-inline' 'unsafe-eval'; style-src {own} 'unsafe-inline'; \
         img-src {own} data: blob:; media-src {own} data: blob:; font-src {own} data:; \
         connect-src {own} {doors}; frame-src {own}; worker-src {own} blob:; \
         form-action {own}; base-uri {own}"
    )
}

/// A stranger's bytes, shut off.
fn foreign(
    base: &str,
    secret: &str,
    media: &'static str,
    (size, bytes): (u64, Body),
) -> Result<Response, Error> {
    let policy = HeaderValue::from_str(&policy(base, secret)).map_err(Error::internal)?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CONTENT_LENGTH, size.into());
    // To an opaque origin the package's own files are another's: modules, fonts and data need this.
    // Whoever knows the secret of the path may read them anyhow.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    // The address holds the secret: no link tells it to anybody.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // A document that is shut off may not ask for a window group of its own.
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("unsafe-none"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=600"));
    let mut response = (headers, bytes).into_response();
    // Packages frame their own pages; an ancestor of opaque origin could not be named.
    response.extensions_mut().insert(Foreign);
    Ok(response)
}

async fn file(ctx: Ctx, Path((secret, name)): Path<(String, String)>) -> Result<Response, Error> {
    let hash: Option<(String,)> = {
        let c = &mut *ctx.app.db.read().await?;
        let row = session::by(c, Secret::Files, &secret).await?.ok_or(Error::NotFound)?;
        sqlx::query_as(
            "SELECT sha256 FROM cmi5_file WHERE organisation = $1 AND course = $2 \
             AND version = $3 AND name = $4",
        )
        .bind(&row.organisation)
        .bind(&row.course)
        .bind(row.version)
        .bind(&name)
        .fetch_optional(c)
        .await?
    };
    let (hash,) = hash.ok_or(Error::NotFound)?;
    let file = std::fs::File::open(blobs::path(&ctx.app, &hash))?;
    let size = file.metadata()?.len();
    foreign(&base(&ctx.app), &secret, media(&name), (size, download::body(file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_package_holds_leaves_shut_off() {
        for name in ["index.html", "a.svg", "x.XHTML", "run.js", "none", "a.html.exe"] {
            let said = foreign("http://h", "s3", media(name), (8, Body::from("<script>"))).unwrap();
            let policy = said.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("sandbox allow-scripts allow-forms; "), "{policy}");
            assert!(!policy.contains("allow-same-origin") && !policy.contains("'self'"));
            assert!(policy.contains("script-src http://h/cmi5/files/s3/ 'unsafe-inline'"));
            assert!(said.extensions().get::<Foreign>().is_some());
        }
        assert_eq!(media("x.XHTML"), "application/octet-stream");
    }
}
