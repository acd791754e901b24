//! Around every request: its number, its time limit, its line in the log, its count.

use crate::{App, db::witnessed, error::Error};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use std::{
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// The answer to a page or an API call begins within this time; files take as long as they take.
const LIMIT: Duration = Duration::from_secs(30);
/// Ways of sending that keep nothing: what they carry lives in the browser, in memory until it is
/// taken once, or in a file that counts only when it is finished.
const KEEP_NOTHING: [&str; 8] = [
    "/check",
    "/evidence/uploads",
    "/evidence/uploads/{id}",
    "/language/{tag}",
    "/me/identities/begin",
    "/me/passkeys/begin",
    "/sign-in/passkey/begin",
    "/sso/{id}/test",
];
const ID: HeaderName = HeaderName::from_static("x-request-id");

/// Ends a request that takes too long. What it had changed and not committed is not changed.
pub(crate) async fn limit(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let upload = request.headers().get(header::CONTENT_TYPE).is_some_and(|media| {
        let media = media.as_bytes();
        !media.starts_with(b"application/json")
            && !media.starts_with(b"application/x-www-form-urlencoded")
    });
    if upload || !app.metrics.of(request.method(), path).limited {
        return next.run(request).await;
    }
    match tokio::time::timeout(LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Error::TimeOut.into_response(),
    }
}

/// Answers for a handler that panics, so that one request's fault ends that request alone. What it had
/// changed and not committed is not changed.
pub(crate) async fn steady(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(why) => Error::panicked(&*why).into_response(),
    }
}

/// Numbers, times, logs and counts a request.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let begun = Instant::now();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let id = format!("{:x}-{number:x}", app.metrics.started);
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let (mut response, entered) = witnessed(next.run(request)).await;
    let counted = app.metrics.of(&method, path.as_ref().map(MatchedPath::as_str));
    let status = response.status().as_u16();
    let took = begun.elapsed();
    counted.add(status, took);
    let route = counted.path.trim_start_matches("/api/v1");
    let turned_away = response.headers().get(header::LOCATION);
    let turned_away = turned_away.is_some_and(|to| to.as_bytes().starts_with(b"/sign-in"));
    let done = !method.is_safe() && status < 400 && !turned_away;
    if done && !entered && !KEEP_NOTHING.contains(&route) {
        app.metrics.without_entry.fetch_add(1, Ordering::Relaxed);
        tracing::error!(method = method.as_str(), route, id, "a write without an entry");
    }
    tracing::info!(
        method = method.as_str(),
        route = counted.path,
        status,
        ms = took.as_millis() as u64,
        id,
        "request"
    );
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(ID, id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::steady;
    use axum::{Router, body::Body, extract::Request, middleware::from_fn, routing::get};
    use tower::ServiceExt;

    #[tokio::test]
    async fn a_panic_ends_one_request_with_a_plain_answer() {
        async fn breaks() {
            assert_eq!(1, 2, "broken on purpose");
        }
        let site = Router::new().route("/", get(breaks)).layer(from_fn(steady));
        for _ in 0..2 {
            let request = Request::get("/").body(Body::empty()).expect("a request");
            let answer = site.clone().oneshot(request).await.expect("an answer");
            assert_eq!(answer.status(), 500);
        }
    }
}
