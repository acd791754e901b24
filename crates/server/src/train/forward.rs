//! Statements sent on to another store, in their order, with the ids they have here: a store that has
//! one already takes it again and changes nothing (part three, 2.1.2), so that an answer that was lost
//! costs a repetition and never a second statement.

use super::{
    attached,
    records::{Out, beyond, owner},
};
use crate::{App, clock, db::Actor, error::Error, outward};
use base64::{Engine, engine::general_purpose::STANDARD};
use hangtu_train::{
    exchange::xapi::{Statement, Version},
    lrs::{Part, write_multipart},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Statements of one request, and bytes of what they have attached.
const AT_ONCE: i64 = 50;
const ATTACHED: usize = 64 << 20;
/// How long one round begins requests.
const ROUND: Duration = Duration::from_mins(1);
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

/// Sends what has not been taken yet, as far as it goes in one round.
pub(super) async fn send(app: &App, row: &Out) -> Result<(), Error> {
    let secret = app.auth.unseal(&owner(&row.organisation), &row.secret)?;
    let secret = String::from_utf8(secret).map_err(Error::internal)?;
    // A store that took nothing yet and refuses all may be asked in the wrong way.
    let took = row.sent > row.skipped;
    let mut sending = Sending { app, row, secret, sent: row.sent, took };
    let begun = Instant::now();
    while begun.elapsed() < ROUND && sending.some().await? {}
    Ok(())
}

/// One round with one store.
struct Sending<'a> {
    app: &'a App,
    row: &'a Out,
    secret: String,
    /// The place up to which all statements have been taken or refused.
    sent: i64,
    /// Whether the store has ever taken one.
    took: bool,
}

impl Sending<'_> {
    /// Sends the next few. Whether to go on.
    async fn some(&mut self) -> Result<bool, Error> {
        let bodies = {
            let c = &mut *self.app.db.read().await?;
            beyond(c, &self.row.organisation, self.sent, AT_ONCE).await?
        };
        if bodies.is_empty() {
            return Ok(false);
        }
        let (answered, count) = self.ask(&bodies).await?;
        let bodies = &bodies[..count];
        match answered {
            Answered::Taken => {
                self.took = true;
                self.note(bodies[count - 1].0, None).await?;
            }
            Answered::Failed(why) => return self.failed(&why).await,
            Answered::Refused(why) if count > 1 => return self.one_by_one(bodies, &why).await,
            Answered::Refused(why) if !self.took => return self.failed(&why).await,
            Answered::Refused(why) => self.note(bodies[0].0, Some(&why)).await?,
        }
        Ok(true)
    }

    /// Sends statements one by one, which shows whom the store will not have; the others must not wait for
    /// those for ever. Whether to go on.
    async fn one_by_one(&mut self, bodies: &[(i64, String)], why: &str) -> Result<bool, Error> {
        let mut refused: Vec<(i64, String)> = Vec::new();
        for one in bodies.chunks(1) {
            match self.ask(one).await?.0 {
                Answered::Taken => {
                    self.took = true;
                    for (at, why) in refused.drain(..) {
                        self.note(at, Some(&why)).await?;
                    }
                    self.note(one[0].0, None).await?;
                }
                Answered::Refused(why) => refused.push((one[0].0, why)),
                Answered::Failed(why) => return self.failed(&why).await,
            }
        }
        if !self.took {
            return self.failed(why).await;
        }
        for (at, why) in refused {
            self.note(at, Some(&why)).await?;
        }
        Ok(true)
    }

    /// Asks for as many of these as go into one request; gives how many that were.
    async fn ask(&self, bodies: &[(i64, String)]) -> Result<(Answered, usize), Error> {
        let Some((request, count)) = self.request(bodies).await? else {
            let why = format!("more than {ATTACHED} bytes are attached");
            return Ok((Answered::Refused(why), 1));
        };
        let answered = tokio::task::spawn_blocking(move || post(&request)).await;
        Ok((answered.map_err(Error::internal)?, count))
    }

    /// The first of these statements with what they have attached, as one request, and how many they are:
    /// as many as their attachments leave room for. Nothing where the first alone has too much.
    async fn request(&self, bodies: &[(i64, String)]) -> Result<Option<(Request, usize)>, Error> {
        let Self { row, secret, .. } = self;
        let version = Version::parse(&row.version).unwrap_or_default();
        let mut values = Vec::with_capacity(bodies.len());
        let (mut parts, mut size): (BTreeMap<String, Part>, usize) = (BTreeMap::new(), 0);
        for (_, body) in bodies {
            let value = stripped(body)?;
            let statement = Statement::parse_any(&value).map_err(Error::internal)?;
            let wanted = &statement.facets().attachments;
            let found = {
                let c = &mut *self.app.db.read().await?;
                attached::parts(c, &row.organisation, wanted).await?
            };
            let found = found.ok().filter(|found| {
                size += found.values().map(|p| p.bytes.len()).sum::<usize>();
                size <= ATTACHED
            });
            let Some(found) = found else { break };
            parts.extend(found);
            values.push(value);
        }
        let count = values.len();
        if count == 0 {
            return Ok(None);
        }
        let json = Value::Array(values).to_string().into_bytes();
        let (media, body) = if parts.is_empty() {
            ("application/json".to_owned(), json)
        } else {
            let boundary = hangtu_catalog::hex(&crate::auth::random::<16>()?);
            write_multipart(&json, &parts, &boundary)
        };
        let account = STANDARD.encode(format!("{}:{secret}", row.account));
        let request = Request {
            url: format!("{}/statements", row.address),
            authorization: format!("Basic {account}"),
            version: version.name(),
            media,
            body,
        };
        Ok(Some((request, count)))
    }

    /// Keeps that statements up to a place have been taken, or one of them refused. Where the setting has
    /// changed meanwhile, nothing is kept.
    async fn note(&mut self, to: i64, refused: Option<&str>) -> Result<(), Error> {
        let row = self.row;
        let mut change = self.app.db.change(&Actor::system(&row.organisation)).await?;
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
        let mut detail = json!({ "from": self.sent + 1, "to": to, "address": row.address });
        if let Some(why) = refused {
            detail["refused"] = short(why).into();
        }
        change.note("xapi.send", "xapi/statements", detail);
        change.commit().await?;
        self.sent = to;
        Ok(())
    }

    /// Keeps that the store could not be asked, and when to ask again. It ends the round.
    async fn failed(&self, why: &str) -> Result<bool, Error> {
        let row = self.row;
        let now = clock::now();
        let mut change = self.app.db.change(&Actor::system(&row.organisation)).await?;
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
        let Some((failures,)) = failures else { return Ok(false) };
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
        change.commit().await?;
        Ok(false)
    }
}

/// What another program says, fit to be shown.
fn short(why: &str) -> String {
    why.chars().filter(|c| !c.is_control()).take(300).collect()
}
