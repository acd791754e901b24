//! The door for other programs: packages in, receipts out, over HTTPS.
//!
//! Nobody is signed in here. A package proves itself by its signature: by the key that was confirmed
//! for its sender or, before that, together with the invitation's secret. A receipt is given to who
//! names the SHA-256 of a package, which only its sender and its supervisor know.

use super::{
    super::{MEDIA, send::TOKEN},
    take::{self, By},
};
use crate::{
    App,
    ctx::Ctx,
    db::Actor,
    error::Error,
    route::{Access, Doc, Routes},
};
use axum::{
    body::{Bytes, to_bytes},
    extract::{Path, Request},
    http::header,
    response::{IntoResponse, Response},
};
use hangtu_ledger::MAX_PACKAGE;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Packages in work at a time; more are told to come back.
const AT_ONCE: usize = 32;
/// Seconds until a package that found no room should come back.
const LATER: u64 = 2;

/// How long a package may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new(
        "Receives a package and answers with its receipt, once it is kept; the same package any number of times; 429 with Retry-After when it is too busy",
    );
    let doc = doc.takes("application/octet-stream").gives(MEDIA);
    r.post("/receive/{supervisor}", Access::Open, doc, receive);
    let doc = Doc::new("The last receipt of a package, named by its SHA-256").gives(MEDIA);
    r.get("/receive/{supervisor}/{digest}", Access::Open, doc, receipt);
}

/// Room for so many packages at a time: what finds none is refused with a time to come back, and
/// nothing that was let in is lost.
#[derive(Debug)]
pub(crate) struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Gate {
    /// Room for one more.
    pub(crate) fn enter(&self) -> Result<SemaphorePermit<'_>, Error> {
        self.0.try_acquire().map_err(|_| Error::Throttled(LATER))
    }
}

/// What is sent to the door, in limited time: who sends a byte a minute does not keep the room from
/// others.
pub(crate) async fn body(request: Request) -> Result<Bytes, Error> {
    let read = tokio::time::timeout(PATIENCE, to_bytes(request.into_body(), MAX_PACKAGE)).await;
    read.map_err(|_| Error::TimeOut)?.map_err(|_| Error::TooLarge)
}

/// The supervising organisation of an address.
pub(crate) async fn supervises(ctx: &Ctx, id: &str) -> Result<(), Error> {
    let kind: Option<(String,)> = sqlx::query_as("SELECT kind FROM organisation WHERE id = $1")
        .bind(id)
        .fetch_optional(&mut *ctx.app.db.read().await?)
        .await?;
    let kind = kind.and_then(|(kind,)| crate::auth::Kind::from_word(&kind));
    if kind.is_some_and(crate::auth::Kind::supervises) { Ok(()) } else { Err(Error::NotFound) }
}

async fn receive(
    ctx: Ctx,
    Path(supervisor): Path<String>,
    request: Request,
) -> Result<Response, Error> {
    let _room = ctx.app.intake.enter()?;
    supervises(&ctx, &supervisor).await?;
    let token = request.headers().get(TOKEN).and_then(|t| t.to_str().ok()).map(str::to_owned);
    // Guessing secrets is slowed down like guessing passwords.
    let names = [format!("invitation {}", ctx.address)];
    if token.is_some() {
        ctx.app.throttle.admit(&names)?;
    }
    let bytes = body(request).await?;
    let actor = Actor::system(&supervisor);
    let taken = take::take(&ctx.app, &actor, &bytes, By::Network(token.as_deref())).await;
    if token.is_some() && matches!(taken, Err(Error::Invalid(..))) {
        ctx.app.throttle.failed(&names[0]);
    }
    Ok(([(header::CONTENT_TYPE, MEDIA)], taken?.receipt).into_response())
}

async fn receipt(
    ctx: Ctx,
    Path((supervisor, digest)): Path<(String, String)>,
) -> Result<Response, Error> {
    let receipt = last(&ctx.app, &supervisor, &digest).await?;
    Ok(([(header::CONTENT_TYPE, MEDIA)], receipt).into_response())
}

/// The last receipt of a package that a supervisor received.
pub(in crate::submit) async fn last(
    app: &App,
    supervisor: &str,
    digest: &str,
) -> Result<String, Error> {
    let (receipt,): (String,) =
        sqlx::query_as("SELECT receipt FROM intake WHERE organisation = $1 AND digest = $2")
            .bind(supervisor)
            .bind(digest)
            .fetch_optional(&mut *app.db.read().await?)
            .await?
            .ok_or(Error::NotFound)?;
    Ok(receipt)
}
