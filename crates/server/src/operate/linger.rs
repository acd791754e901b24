//! The rest of a body that nobody wanted.
//!
//! A request that is refused early (wrong place, too large, not signed in) may still be sending. If
//! its connection were closed at once, the sender would see a broken pipe in place of the answer;
//! so what is left is read and thrown away, within bounds (RFC 9112 section 9.6).

use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::Request,
    http::header,
    middleware::Next,
    response::Response,
};
use futures_util::{Stream, StreamExt};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// Bytes of an unwanted body that are read.
const MOST: usize = 64 << 20;
/// How long they may take.
const LIMIT: Duration = Duration::from_secs(10);

struct Rest(Option<BodyDataStream>);

impl Stream for Rest {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let polled = body.poll_next_unpin(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.0 = None;
        }
        polled
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        let (Some(mut body), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        runtime.spawn(tokio::time::timeout(LIMIT, async move {
            let mut read = 0;
            while let Some(Ok(piece)) = body.next().await {
                read += piece.len();
                if read > MOST {
                    return;
                }
            }
        }));
    }
}

/// Reads what a handler leaves of its request's body.
pub(crate) async fn linger(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let sized = headers.get(header::CONTENT_LENGTH).is_some_and(|n| n != "0")
        || headers.contains_key(header::TRANSFER_ENCODING);
    // Who expects a word before it sends has sent nothing yet.
    if !sized || headers.contains_key(header::EXPECT) {
        return next.run(request).await;
    }
    let body = |body: Body| Body::from_stream(Rest(Some(body.into_data_stream())));
    next.run(request.map(body)).await
}
