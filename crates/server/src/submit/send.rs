//! Sending by HTTPS, where an administrator allowed it: only to the supervisor's address, in limited
//! time, believing limited answers. What is not reached or has no room is tried again by itself; the
//! same package any number of times is one submission there.

use super::{
    SUBMIT, intake,
    one::{self, Row},
    receipt, steps,
    supervisor::{self, Supervisor},
};
use crate::{
    App,
    clock::{self, MINUTE, SECOND},
    ctx::Ctx,
    db::{Actor, Change, nothing_to_change},
    error::Error,
    outward, rounds,
    route::{Doc, Routes},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, key};
use hangtu_ledger::MAX_PACKAGE;
use serde_json::{Value, json};
use std::time::Duration;

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
    let agent = outward::agent(PATIENCE);
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

async fn open(app: &App, organisation: &str, id: &str) -> Result<(Row, Supervisor), Error> {
    let c = &mut *app.db.read().await?;
    let row = one::load(c, organisation, id).await?;
    if row.sequence.is_none() {
        return Err(Error::conflict(key::SUBMIT_WRONG_STATE));
    }
    let supervisor = supervisor::read(c, organisation).await?;
    let supervisor = supervisor.ok_or_else(|| Error::conflict(key::SUBMIT_NO_SUPERVISOR))?;
    let there = !supervisor.inside.is_empty() || outward::address(&supervisor.address).is_some();
    if !supervisor.reached() || !there {
        return Err(Error::conflict(key::SUBMIT_OFFLINE));
    }
    Ok((row, supervisor))
}

/// Why an address gave no receipt.
enum Fault {
    /// It may give one later: it was not reached, or has no room.
    Later(String, i64),
    /// It will not.
    Never(String),
}

fn plain(why: &str) -> String {
    why.chars().filter(|c| !c.is_control()).take(300).collect()
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let (Fault::Later(why, _) | Fault::Never(why)) = fault;
        let why = [("why", why.as_str().into())];
        Self::Conflict(Bilingual::message(key::SUBMIT_UNREACHABLE, &why))
    }
}

async fn talk(url: String, language: &'static str, ask: Ask) -> Result<Vec<u8>, Fault> {
    let later = |why: String| Fault::Later(plain(&why), 0);
    let answer = tokio::task::spawn_blocking(move || request(&url, language, ask)).await;
    let answer = answer.map_err(|e| later(e.to_string()))?.map_err(|e| later(e.to_string()))?;
    let told: Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
    let why = plain(&format!("{} {}", answer.status, told["detail"].as_str().unwrap_or_default()));
    match answer.status {
        200 => Ok(answer.bytes),
        429 => Err(Fault::Later(why, answer.wait.min(86_400).cast_signed())),
        408 | 500.. => Err(Fault::Later(why, 0)),
        _ => Err(Fault::Never(why)),
    }
}

/// Sends a package and gives the receipt that was answered.
async fn post(
    app: &App,
    organisation: &str,
    (row, supervisor): (&Row, &Supervisor),
    language: &'static str,
) -> Result<Result<Vec<u8>, Fault>, Error> {
    if !supervisor.inside.is_empty() {
        let receipt = intake::inside(app, &supervisor.inside, &row.package).await?;
        return Ok(Ok(receipt.into_bytes()));
    }
    let token = match supervisor.token.as_str() {
        "" => String::new(),
        sealed => {
            let token = app.auth.unseal(&format!("submit/{organisation}"), sealed)?;
            String::from_utf8(token).map_err(Error::internal)?
        }
    };
    let ask = Ask::Send(row.package.clone().into_bytes(), token);
    Ok(talk(supervisor.address.clone(), language, ask).await)
}

/// Notes that a package did not arrive yet and when it is tried again.
async fn put_off(change: &mut Change, row: &Row, why: &str, wait: i64) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    // A minute, then two, four … up to an hour; no sooner than the other side asks.
    let pause = (MINUTE << row.send_tries.clamp(0, 6)).min(60 * MINUTE).max(wait * SECOND);
    sqlx::query(
        "UPDATE submission SET send_next = $3, send_tries = send_tries + 1, send_why = $4 \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(organisation)
    .bind(&row.id)
    .bind(clock::now() + pause)
    .bind(why)
    .execute(&mut **change)
    .await?;
    let detail = json!({ "sha256": row.digest, "why": why, "tries": row.send_tries + 1 });
    change.note("submission.put-off", format!("submission/{}", row.id), detail);
    Ok(())
}

/// Nothing is tried again.
async fn settle(change: &mut Change, id: &str, why: &str) -> Result<(), Error> {
    sqlx::query(
        "UPDATE submission SET send_next = NULL, send_tries = 0, send_why = $3 \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(change.organisation().to_owned())
    .bind(id)
    .bind(why)
    .execute(&mut **change)
    .await?;
    Ok(())
}

async fn send(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let organisation = ctx.organisation()?.to_owned();
    let (row, supervisor) = open(&ctx.app, &organisation, &id).await?;
    let next = format!("/submissions/{id}");
    let posted = post(&ctx.app, &organisation, (&row, &supervisor), ctx.language.tag()).await?;
    match posted {
        Ok(bytes) => {
            let said = take(&ctx.app, &ctx.actor()?, &row, &supervisor, &bytes, true).await?;
            let next = if said.warning.is_empty() { &next } else { "/submissions" };
            Ok(ctx.done(&said, next, key::SUBMIT_SENT_DONE))
        }
        Err(Fault::Later(why, wait)) => {
            let mut change = ctx.app.db.change(&ctx.actor()?).await?;
            put_off(&mut change, &row, &why, wait).await?;
            change.commit().await?;
            // Told as what it is, not as done: the page says when it is tried again.
            Ok(ctx.done(&json!({ "waits": why }), &next, key::SUBMIT_PUT_OFF))
        }
        Err(never) => Err(never.into()),
    }
}

async fn ask(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let (row, supervisor) = open(&ctx.app, ctx.organisation()?, &id).await?;
    let bytes = if supervisor.inside.is_empty() {
        let url = format!("{}/{}", supervisor.address.trim_end_matches('/'), row.digest);
        talk(url, ctx.language.tag(), Ask::Receipt).await?
    } else {
        intake::last(&ctx.app, &supervisor.inside, &row.digest).await?.into_bytes()
    };
    let said = take(&ctx.app, &ctx.actor()?, &row, &supervisor, &bytes, false).await?;
    let next = format!("/submissions/{}", row.id);
    let next = if said.warning.is_empty() { &next } else { "/submissions" };
    Ok(ctx.done(&said, next, key::SUBMIT_ASKED_DONE))
}

/// Sends a letter to the supervisor's door for notices, where an administrator allowed to send by
/// network; gives what it answers.
pub(crate) async fn exchange(ctx: &Ctx, letter: Vec<u8>) -> Result<Vec<u8>, Error> {
    let supervisor = supervisor::read(&mut *ctx.app.db.read().await?, ctx.organisation()?).await?;
    let supervisor = supervisor.ok_or_else(|| Error::conflict(key::SUBMIT_NO_SUPERVISOR))?;
    if supervisor.online != 1 || outward::address(&supervisor.address).is_none() {
        return Err(Error::conflict(key::SUBMIT_OFFLINE));
    }
    let url = format!("{}/notices", supervisor.address.trim_end_matches('/'));
    Ok(talk(url, ctx.language.tag(), Ask::Send(letter, String::new())).await?)
}

async fn take(
    app: &App,
    actor: &Actor,
    row: &Row,
    supervisor: &Supervisor,
    bytes: &[u8],
    sent: bool,
) -> Result<receipt::Said, Error> {
    let sealed = receipt::open(bytes, supervisor)?;
    if sealed.receipt().package.to_string() != row.digest {
        return Err(Fault::Never("the receipt is for another package".into()).into());
    }
    let own = app.signer.key(&actor.organisation)?;
    let mut change = app.db.change(actor).await?;
    if sent {
        steps::sent(&mut change, &row.id).await?;
        settle(&mut change, &row.id, "").await?;
    }
    let said = receipt::take(&mut change, &own, &sealed).await?;
    if sent {
        let detail = json!({ "sha256": row.digest, "address": supervisor.address });
        change.note("submission.send", format!("submission/{}", row.id), detail);
    }
    if sent || said.new {
        change.commit().await?;
    } else {
        nothing_to_change();
    }
    Ok(said)
}

/// Tries what waits once more; what the other side will never take waits no longer.
async fn again(app: &App, organisation: &str, id: &str) -> Result<(), Error> {
    let actor = Actor::system(organisation);
    let fault = match open(app, organisation, id).await {
        Ok((row, supervisor)) => {
            match post(app, organisation, (&row, &supervisor), "zh-CN").await? {
                Ok(bytes) => {
                    return take(app, &actor, &row, &supervisor, &bytes, true).await.map(drop);
                }
                Err(Fault::Later(why, wait)) => {
                    let mut change = app.db.change(&actor).await?;
                    put_off(&mut change, &row, &why, wait).await?;
                    return change.commit().await;
                }
                Err(Fault::Never(why)) => why,
            }
        }
        // The administrator forbade it meanwhile, or the submission went on another way.
        Err(Error::Conflict(_) | Error::NotFound) => String::new(),
        Err(e) => return Err(e),
    };
    let mut change = app.db.change(&actor).await?;
    settle(&mut change, id, &fault).await?;
    change.note("submission.give-up", format!("submission/{id}"), json!({ "why": fault }));
    change.commit().await
}

/// Sends what could not be sent, until the program ends.
pub(super) fn start(app: &App) {
    rounds::every(app, Duration::from_secs(5), "packages", |app| async move { sweep(&app).await });
}

async fn sweep(app: &App) -> Result<(), Error> {
    let due: Vec<(String, String)> = sqlx::query_as(
        "SELECT organisation, id FROM submission WHERE send_next < $1 ORDER BY send_next LIMIT 20",
    )
    .bind(clock::now())
    .fetch_all(&mut *app.db.read().await?)
    .await?;
    for (organisation, id) in due {
        if let Err(e) = again(app, &organisation, &id).await {
            tracing::warn!(error = ?e, id, "a package could not be sent");
            let mut change = app.db.change(&Actor::system(&organisation)).await?;
            let row = one::load(&mut change, &organisation, &id).await?;
            put_off(&mut change, &row, "", 0).await?;
            change.commit().await?;
        }
    }
    Ok(())
}
