//! Statements sent on to another store, in their order, with the ids they have here: a store that has
//! one already takes it again and changes nothing (part three, 2.1.2), so that an answer that was lost
//! costs a repetition and never a second statement.

use super::{
    kept,
    records::{Out, beyond, owner},
};
use crate::{App, clock, db::Actor, error::Error, outward};
use base64::{Engine, engine::general_purpose::STANDARD};
use hangtu_train::{
    exchange::xapi::{Statement, Version},
    lrs::{Part, write_multipart},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// Statements of one request; requests of one round.
const AT_ONCE: i64 = 50;
const ROUNDS: usize = 20;
/// The whole of one request.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of an answer that are read.
const ANSWER: u64 = 1 << 20;
/// Seconds from failure to failure: doubled each time, up to an hour.
const FIRST_WAIT: i64 = 5;
const LONGEST_WAIT: i64 = 3600;

/// What a store makes of statements.
enum Answered {
    Taken,
    /// It will not have one of these, ever.
    Refused(String),
    /// It cannot be reached, or not now, or not by us.
    Failed(String),
}

struct Request {
    url: String,
    authorization: String,
    version: &'static str,
    media: String,
    body: Vec<u8>,
}

/// Asks. Blocks.
fn post(request: &Request) -> Answered {
    let agent = outward::agent(PATIENCE);
    let sent = agent
        .post(&request.url)
        .header("authorization", &request.authorization)
        .header("x-experience-api-version", request.version)
        .content_type(&request.media)
        .send(&request.body[..]);
    let mut response = match sent {
        Ok(response) => response,
        Err(e) => return Answered::Failed(e.to_string()),
    };
    let status = response.status().as_u16();
    let text = response.body_mut().with_config().limit(ANSWER).read_to_string();
    let text = text.unwrap_or_default();
    match status {
        200 | 204 => Answered::Taken,
        // What it says of these statements; anything else is about us or about now.
        400 | 409 | 413 | 422 => Answered::Refused(format!("{status} {text}")),
        _ => Answered::Failed(format!("{status} {text}")),
    }
}

/// A statement as it is sent: what a store sets itself is left to the other one.
fn stripped(body: &str) -> Result<Value, Error> {
    let mut value: Value = serde_json::from_str(body).map_err(Error::internal)?;
    if let Some(map) = value.as_object_mut() {
        for name in ["stored", "authority", "version"] {
            map.remove(name);
        }
    }
    Ok(value)
}

/// Statements with what they have attached, as one request.
async fn request(
    app: &App,
    row: &Out,
    secret: &str,
    bodies: &[(i64, String)],
) -> Result<Request, Error> {
    let version = Version::parse(&row.version).unwrap_or(Version::V1);
    let mut values = Vec::with_capacity(bodies.len());
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    for (_, body) in bodies {
        let value = stripped(body)?;
        if let Ok(statement) = Statement::parse(&value, Version::V2) {
            let wanted = &statement.facets().attachments;
            let c = &mut *app.db.read().await?;
            if let Ok(found) = kept::parts(c, &row.organisation, wanted).await? {
                parts.extend(found);
            }
        }
        values.push(value);
    }
    let json = Value::Array(values).to_string().into_bytes();
    let (media, body) = if parts.is_empty() {
        ("application/json".to_owned(), json)
    } else {
        let boundary = hangtu_catalog::hex(&crate::auth::random::<16>()?);
        write_multipart(&json, &parts, &boundary)
    };
    Ok(Request {
        url: format!("{}/statements", row.address),
        authorization: format!("Basic {}", STANDARD.encode(format!("{}:{secret}", row.account))),
        version: version.name(),
        media,
        body,
    })
}

async fn ask(
    app: &App,
    row: &Out,
    secret: &str,
    bodies: &[(i64, String)],
) -> Result<Answered, Error> {
    let request = request(app, row, secret, bodies).await?;
    tokio::task::spawn_blocking(move || post(&request)).await.map_err(Error::internal)
}

/// Sends what has not been taken yet, as far as it goes in one round.
pub(super) async fn send(app: &App, row: &Out) -> Result<(), Error> {
    let secret = app.auth.unseal(&owner(&row.organisation), &row.secret)?;
    let secret = String::from_utf8(secret).map_err(Error::internal)?;
    let mut sent = row.sent;
    for _ in 0..ROUNDS {
        let bodies = {
            let c = &mut *app.db.read().await?;
            beyond(c, &row.organisation, sent, AT_ONCE).await?
        };
        let Some((last, _)) = bodies.last() else { return Ok(()) };
        let last = *last;
        match ask(app, row, &secret, &bodies).await? {
            Answered::Taken => note(app, row, &mut sent, last, None).await?,
            Answered::Failed(why) => return failed(app, row, &why).await,
            // One by one it shows which; the others must not wait for it for ever.
            Answered::Refused(_) => {
                for one in bodies.chunks(1) {
                    let at = one[0].0;
                    match ask(app, row, &secret, one).await? {
                        Answered::Taken => note(app, row, &mut sent, at, None).await?,
                        Answered::Refused(why) => {
                            note(app, row, &mut sent, at, Some(&why)).await?;
                        }
                        Answered::Failed(why) => return failed(app, row, &why).await,
                    }
                }
            }
        }
    }
    Ok(())
}

/// What another program says, fit to be shown.
fn short(why: &str) -> String {
    why.chars().filter(|c| !c.is_control()).take(300).collect()
}

/// Keeps that statements up to a place have been taken, or one of them refused. Where the setting has
/// changed meanwhile, nothing is kept.
async fn note(
    app: &App,
    row: &Out,
    sent: &mut i64,
    to: i64,
    refused: Option<&str>,
) -> Result<(), Error> {
    let mut change = app.db.change(&Actor::system(&row.organisation)).await?;
    let done = sqlx::query(
        "UPDATE xapi_out SET sent = $3, failures = 0, problem = '', tried = $4, again = 0, \
         skipped = skipped + $5, skipped_why = CASE WHEN $5 = 1 THEN $6 ELSE skipped_why END \
         WHERE organisation = $1 AND address = $2 AND sent < $3",
    )
    .bind(&row.organisation)
    .bind(&row.address)
    .bind(to)
    .bind(clock::now())
    .bind(i64::from(refused.is_some()))
    .bind(short(refused.unwrap_or_default()))
    .execute(&mut *change)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::internal("the setting has changed"));
    }
    let mut detail = json!({ "from": *sent + 1, "to": to, "address": row.address });
    if let Some(why) = refused {
        detail["refused"] = short(why).into();
    }
    change.note("xapi.send", "xapi/statements", detail);
    change.commit().await?;
    *sent = to;
    Ok(())
}

async fn failed(app: &App, row: &Out, why: &str) -> Result<(), Error> {
    let now = clock::now();
    let mut change = app.db.change(&Actor::system(&row.organisation)).await?;
    let failures: Option<(i64,)> = sqlx::query_as(
        "UPDATE xapi_out SET failures = failures + 1, problem = $3, tried = $4 \
         WHERE organisation = $1 AND address = $2 RETURNING failures",
    )
    .bind(&row.organisation)
    .bind(&row.address)
    .bind(short(why))
    .bind(now)
    .fetch_optional(&mut *change)
    .await?;
    let Some((failures,)) = failures else { return Ok(()) };
    let doubled = FIRST_WAIT << failures.clamp(1, 20).saturating_sub(1);
    let again = now + doubled.min(LONGEST_WAIT) * clock::SECOND;
    sqlx::query("UPDATE xapi_out SET again = $3 WHERE organisation = $1 AND address = $2")
        .bind(&row.organisation)
        .bind(&row.address)
        .bind(again)
        .execute(&mut *change)
        .await?;
    let detail = json!({ "address": row.address, "why": short(why), "failures": failures });
    change.note("xapi.fail", "xapi/statements", detail);
    change.commit().await
}
