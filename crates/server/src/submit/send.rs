//! Sending by HTTPS, where an administrator allowed it: only to the supervisor's address, in limited
//! time, believing limited answers.

use super::{
    SUBMIT,
    one::{self, Row},
    receipt, steps,
    supervisor::{self, Supervisor},
};
use crate::{
    ctx::Ctx,
    error::Error,
    route::{Doc, Routes},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, key};
use hangtu_ledger::MAX_PACKAGE;
use openidconnect::url::Url;
use serde_json::{Value, json};
use std::{net::IpAddr, time::Duration};
use ureq::tls::{RootCerts, TlsConfig};

/// The whole of one request.
const PATIENCE: Duration = Duration::from_secs(20);
/// What carries the invitation's secret.
pub(super) const TOKEN: &str = "x-hangtu-invitation";

pub(super) fn routes(r: &mut Routes) {
    let doc =
        Doc::new("Sends a signed package to the supervisor by HTTPS and takes in its receipt");
    r.post("/submissions/{id}/send", SUBMIT, doc.returns::<receipt::Said>(), send);
    let doc = Doc::new("Asks the supervisor by HTTPS for the last receipt of a package");
    r.post("/submissions/{id}/ask", SUBMIT, doc.returns::<receipt::Said>(), ask);
}

/// An address that may be sent to: by HTTPS, or on this machine.
pub(crate) fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    (plain && (url.scheme() == "https" || url.scheme() == "http" && here)).then_some(url)
}

/// What an address answered.
struct Answer {
    status: u16,
    /// Seconds to wait, where it says so.
    wait: u64,
    bytes: Vec<u8>,
}

enum Ask {
    Send(Vec<u8>, String),
    Receipt,
}

fn request(url: &str, language: &'static str, ask: Ask) -> Result<Answer, ureq::Error> {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .tls_config(tls)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let mut response = match ask {
        Ask::Send(bytes, token) => {
            let post = agent.post(url).header("accept-language", language);
            let post = if token.is_empty() { post } else { post.header(TOKEN, token) };
            post.content_type("application/octet-stream").send(bytes)?
        }
        Ask::Receipt => agent.get(url).header("accept-language", language).call()?,
    };
    let wait = response.headers().get("retry-after");
    let wait = wait.and_then(|w| w.to_str().ok()?.parse().ok()).unwrap_or(30);
    let status = response.status().as_u16();
    let bytes = response.body_mut().with_config().limit(MAX_PACKAGE as u64 + 1).read_to_vec()?;
    Ok(Answer { status, wait, bytes })
}

async fn open(ctx: &Ctx, id: &str) -> Result<(Row, Supervisor), Error> {
    let organisation = ctx.organisation()?;
    let c = &mut *ctx.app.db.read().await?;
    let row = one::load(c, organisation, id).await?;
    if row.sequence.is_none() {
        return Err(Error::conflict(key::SUBMIT_WRONG_STATE));
    }
    let supervisor = supervisor::read(c, organisation).await?;
    let supervisor = supervisor.ok_or_else(|| Error::conflict(key::SUBMIT_NO_SUPERVISOR))?;
    if supervisor.online != 1 || address(&supervisor.address).is_none() {
        return Err(Error::conflict(key::SUBMIT_OFFLINE));
    }
    Ok((row, supervisor))
}

fn unreachable(why: &str) -> Error {
    let why: String = why.chars().filter(|c| !c.is_control()).take(300).collect();
    let why = [("why", why.as_str().into())];
    Error::Conflict(Bilingual::message(key::SUBMIT_UNREACHABLE, &why))
}

async fn talk(ctx: &Ctx, url: String, ask: Ask) -> Result<Vec<u8>, Error> {
    let language = ctx.language.tag();
    let answer = tokio::task::spawn_blocking(move || request(&url, language, ask)).await;
    let answer = answer.map_err(Error::internal)?.map_err(|e| unreachable(&e.to_string()))?;
    match answer.status {
        200 => Ok(answer.bytes),
        429 => {
            let seconds = [("seconds", answer.wait.min(86_400).into())];
            Err(Error::Conflict(Bilingual::message(key::SUBMIT_BUSY, &seconds)))
        }
        status => {
            let told: Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
            let detail = told["detail"].as_str().unwrap_or_default();
            Err(unreachable(&format!("{status} {detail}")))
        }
    }
}

async fn send(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let (row, supervisor) = open(&ctx, &id).await?;
    let organisation = ctx.organisation()?.to_owned();
    let token = match supervisor.token.as_str() {
        "" => String::new(),
        sealed => {
            let token = ctx.app.auth.unseal(&format!("submit/{organisation}"), sealed)?;
            String::from_utf8(token).map_err(Error::internal)?
        }
    };
    let ask = Ask::Send(row.package.clone().into_bytes(), token);
    let bytes = talk(&ctx, supervisor.address.clone(), ask).await?;
    take(&ctx, &row, &supervisor, &bytes, true).await
}

async fn ask(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let (row, supervisor) = open(&ctx, &id).await?;
    let url = format!("{}/{}", supervisor.address.trim_end_matches('/'), row.digest);
    let bytes = talk(&ctx, url, Ask::Receipt).await?;
    take(&ctx, &row, &supervisor, &bytes, false).await
}

async fn take(
    ctx: &Ctx,
    row: &Row,
    supervisor: &Supervisor,
    bytes: &[u8],
    sent: bool,
) -> Result<Response, Error> {
    let sealed = receipt::open(bytes, supervisor)?;
    if sealed.receipt().package.to_string() != row.digest {
        return Err(unreachable("the receipt is for another package"));
    }
    let own = ctx.app.signer.key(ctx.organisation()?)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    if sent {
        steps::sent(&mut change, &row.id).await?;
    }
    let said = receipt::take(&mut change, &own, &sealed).await?;
    if sent {
        let detail = json!({ "sha256": row.digest, "address": supervisor.address });
        change.note("submission.send", format!("submission/{}", row.id), detail);
    }
    if sent || said.new {
        change.commit().await?;
    } else {
        crate::db::nothing_to_change();
    }
    let word = if sent { key::SUBMIT_SENT_DONE } else { key::SUBMIT_ASKED_DONE };
    let next = format!("/submissions/{}", row.id);
    Ok(ctx.done(&said, if said.warning.is_empty() { &next } else { "/submissions" }, word))
}
