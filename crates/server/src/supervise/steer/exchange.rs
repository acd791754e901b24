//! Letters on their way, by file and by HTTPS: notices out and in, answers out and in.

use super::{
    answer::{self, Ack, Reply},
    bounds::{ack_fault, bad, reply_fault},
    letter::{self, edition},
    load,
};
use crate::{
    App, clock,
    ctx::Ctx,
    db::{Actor, Change, nothing_to_change},
    error::Error,
    files::Files,
    submit,
};
use axum::{
    Json,
    extract::{Path, Request},
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Bilingual, credit_code, key};
use hangtu_ledger::{Kind, Letter, MAX_PACKAGE};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::AnyConnection;
use std::collections::{BTreeMap, HashMap};

/// The version that is written.
const VERSION: u32 = 1;
/// A letter of answers that asks for notices is not older than this: who finds an old one learns
/// nothing by it.
const FRESH: i64 = 15 * 60 * clock::SECOND;
/// Bytes of notices in one answer; the rest comes with the next.
const ROOM: usize = MAX_PACKAGE - (256 << 10);

/// What a letter of answers says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Answers {
    version: u32,
    /// Credit code of who answers.
    sender: String,
    /// RFC 3339.
    created: String,
    answers: Vec<Answered>,
}

/// What was answered to one notice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Answered {
    /// Its id where it was issued.
    notice: String,
    /// How far the copy is.
    edition: i64,
    acknowledged: Option<Ack>,
    replies: Vec<Reply>,
}

impl Answers {
    fn read(letter: &Letter) -> Result<Self, Error> {
        let value = Value::Object(letter.content().clone());
        let answers: Self = serde_json::from_value(value).map_err(|e| {
            bad(&e.to_string().chars().filter(|c| !c.is_control()).take(200).collect::<String>())
        })?;
        let fault = |a: &Answered| {
            let ack = a.acknowledged.as_ref().and_then(ack_fault);
            ack.or_else(|| a.replies.iter().find_map(reply_fault))
        };
        let field = answers.answers.iter().find_map(fault);
        let field = field.or_else(|| (answers.version < 1).then_some("version"));
        let field = field.or_else(|| (answers.answers.len() > 500).then_some("answers"));
        match field {
            Some(field) => Err(bad(field)),
            None if credit_code(&answers.sender).is_err() => Err(bad("sender")),
            None => Ok(answers),
        }
    }
}

/// Everything an enterprise answered to notices of this supervisor, sealed.
async fn answered(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
    supervisor: &str,
) -> Result<Letter, Error> {
    let code = load::code(c, organisation).await?.ok_or(Error::NotFound)?;
    let mut answers = Vec::new();
    for (n, m) in load::all_told(c, organisation, "").await? {
        if n.holder != organisation || n.supervisor != supervisor {
            continue;
        }
        let replies = load::replies(c, &n, &code).await?;
        let ack = |time| Ack { time, name: m.ack_name.clone(), note: m.ack_note.clone() };
        answers.push(Answered {
            edition: edition(&n, &replies),
            notice: n.issue,
            acknowledged: m.acknowledged.map(ack),
            replies,
        });
    }
    let created = clock::rfc3339(clock::now());
    let answers = Answers { version: VERSION, sender: code, created, answers };
    let Value::Object(map) = serde_json::to_value(&answers).map_err(Error::internal)? else {
        return Err(Error::internal("a letter is an object"));
    };
    let key = app.signer.key(organisation)?;
    Letter::seal(Kind::Answers, map, &key).map_err(|e| submit::refused(&e))
}

/// A letter of answers by the enterprise's confirmed key.
async fn open(app: &App, supervisor: &str, bytes: &[u8]) -> Result<Answers, Error> {
    let letter = Letter::open(Kind::Answers, bytes).map_err(|e| submit::refused(&e))?;
    let answers = Answers::read(&letter)?;
    let c = &mut *app.db.read().await?;
    let trusted = submit::trusted(c, supervisor, &answers.sender).await?;
    if trusted.as_deref() == Some(letter.key().to_string().as_str()) {
        Ok(answers)
    } else {
        Err(Error::invalid("file", key::STEER_STRANGER))
    }
}

/// Merges answers within the supervisor's change; how many notices they brought something new to.
async fn hear(change: &mut Change, answers: &Answers) -> Result<usize, Error> {
    let supervisor = change.organisation().to_owned();
    let code = &answers.sender;
    let mut new = 0;
    for a in &answers.answers {
        let n = match load::issued(change, &supervisor, &a.notice).await {
            Ok(n) => n,
            Err(Error::NotFound) => continue,
            Err(e) => return Err(e),
        };
        match load::member(change, &n, code).await {
            Ok(_) => {}
            Err(Error::NotFound) => continue,
            Err(e) => return Err(e),
        }
        let mut fresh = false;
        if let Some(ack) = &a.acknowledged {
            fresh |= answer::acknowledge(change, &n, code, ack).await?;
        }
        fresh |= answer::merge(change, &n, code, &a.replies, false).await?;
        if fresh {
            new += 1;
            let detail = json!({ "number": n.number, "code": code });
            change.note("notice.answered", format!("notice/{}", n.id), detail);
        }
    }
    Ok(new)
}

/// What became of a letter of answers.
#[derive(Serialize, JsonSchema)]
pub(super) struct Outcome {
    file: String,
    /// Who answers; empty when it was refused.
    sender: String,
    /// Notices to which it brought something new.
    new: usize,
    /// Why it was refused.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    why: Option<Bilingual>,
}

pub(super) async fn answers_in(ctx: Ctx, sent: Files) -> Result<Response, Error> {
    let supervisor = ctx.organisation()?.to_owned();
    let (mut outcomes, many) = (Vec::new(), sent.files.len() > 1);
    for sent in &sent.files {
        let file: String = sent.name.chars().filter(|c| !c.is_control()).take(200).collect();
        let taken = match open(&ctx.app, &supervisor, &sent.bytes).await {
            Ok(answers) => {
                let mut change = ctx.app.db.change(&ctx.actor()?).await?;
                let new = hear(&mut change, &answers).await?;
                change.commit_if_noted().await?;
                Outcome { file, sender: answers.sender, new, why: None }
            }
            // Of many files each says for itself; the one that was sent alone is refused.
            Err(Error::Invalid(_, why)) if many => {
                Outcome { file, sender: String::new(), new: 0, why: Some(why) }
            }
            Err(e) => return Err(e),
        };
        outcomes.push(taken);
    }
    // A letter that is known changes nothing.
    nothing_to_change();
    let said = match outcomes.iter().map(|o| o.new).sum::<usize>() {
        0 => key::STEER_ANSWERS_KNOWN,
        _ => key::STEER_ANSWERS_TAKEN,
    };
    Ok(ctx.done(&outcomes, "/supervise/notices", said))
}

/// The door: answers in, and out what the enterprise does not have.
pub(super) async fn receive(
    ctx: Ctx,
    Path(supervisor): Path<String>,
    request: Request,
) -> Result<Response, Error> {
    let _room = ctx.app.intake.enter()?;
    submit::supervises(&ctx, &supervisor).await?;
    let bytes = submit::body(request).await?;
    let answers = open(&ctx.app, &supervisor, &bytes).await?;
    let age = clock::parse(&answers.created).map(|t| (clock::now() - t).abs());
    if age.is_none_or(|age| age > FRESH) {
        return Err(Error::invalid("file", key::STEER_OLD_LETTER));
    }
    let mut change = ctx.app.db.change(&Actor::system(&supervisor)).await?;
    hear(&mut change, &answers).await?;
    change.commit_if_noted().await?;
    let held: HashMap<&str, i64> =
        answers.answers.iter().map(|a| (a.notice.as_str(), a.edition)).collect();
    let c = &mut *ctx.app.db.read().await?;
    let ids: Vec<(String,)> = sqlx::query_as(
        "SELECT m.notice FROM notice_member m JOIN notice n ON n.id = m.notice \
         WHERE m.supervisor = $1 AND m.credit_code = $2 AND n.holder = '' ORDER BY n.number",
    )
    .bind(&supervisor)
    .bind(&answers.sender)
    .fetch_all(&mut *c)
    .await?;
    let (mut letters, mut size) = (Vec::new(), 0);
    for (id,) in ids {
        let n = load::issued(c, &supervisor, &id).await?;
        let member = load::member(c, &n, &answers.sender).await?;
        let replies = load::replies(c, &n, &answers.sender).await?;
        if held.get(id.as_str()).is_some_and(|e| *e >= edition(&n, &replies)) {
            continue;
        }
        let letter = letter::seal(&ctx.app, &n, &member, &replies)?;
        let text = String::from_utf8(letter.bytes().to_vec()).map_err(Error::internal)?;
        // As a string of JSON each quotation mark is two bytes.
        size += text.len() + text.len() / 8;
        if size > ROOM && !letters.is_empty() {
            break;
        }
        letters.push(text);
    }
    nothing_to_change();
    Ok(Json(letters).into_response())
}

/// What came of taking notices in.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Taken {
    /// Notices that were read.
    letters: usize,
    /// Of these, with something new.
    new: usize,
}

async fn take_all(ctx: &Ctx, letters: &[Letter], trusted: &str) -> Result<Taken, Error> {
    let own = load::code(&mut *ctx.app.db.read().await?, ctx.organisation()?).await?;
    let own = own.ok_or(Error::NotFound)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let mut new = 0;
    for l in letters {
        if l.key().to_string() != trusted {
            return Err(Error::invalid("file", key::STEER_OTHER_KEY));
        }
        new += usize::from(letter::take(&ctx.app, &mut change, &own, l).await?);
    }
    change.commit_if_noted().await?;
    nothing_to_change();
    Ok(Taken { letters: letters.len(), new })
}

async fn trusted(ctx: &Ctx) -> Result<String, Error> {
    let key = submit::supervisor_key(&mut *ctx.app.db.read().await?, ctx.organisation()?).await?;
    key.ok_or_else(|| Error::conflict(key::SUBMIT_NO_SUPERVISOR))
}

fn opened(bytes: &[u8]) -> Result<Letter, Error> {
    Letter::open(Kind::Notice, bytes).map_err(|e| submit::refused(&e))
}

pub(super) async fn files_in(ctx: Ctx, sent: Files) -> Result<Response, Error> {
    let key = trusted(&ctx).await?;
    let letters: Result<Vec<_>, _> = sent.files.iter().map(|f| opened(&f.bytes)).collect();
    let taken = take_all(&ctx, &letters?, &key).await?;
    let said = if taken.new > 0 { key::STEER_TAKEN } else { key::STEER_TAKEN_KNOWN };
    Ok(ctx.done(&taken, "/campaigns", said))
}

pub(super) async fn answers_out(ctx: Ctx) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let key = trusted(&ctx).await?;
    let c = &mut *ctx.app.db.read().await?;
    let letter = answered(&ctx.app, c, organisation, &key).await?;
    let code = load::code(c, organisation).await?.unwrap_or_default();
    let name = format!("hangtu-{code}.answers.json");
    Ok(crate::correct::file(letter.bytes().to_vec(), "application/json", &name))
}

pub(super) async fn exchange(ctx: Ctx) -> Result<Response, Error> {
    let organisation = ctx.organisation()?;
    let key = trusted(&ctx).await?;
    let letter = {
        let c = &mut *ctx.app.db.read().await?;
        answered(&ctx.app, c, organisation, &key).await?
    };
    let bytes = submit::exchange(&ctx, letter.bytes().to_vec()).await?;
    let told: Vec<String> = serde_json::from_slice(&bytes)
        .map_err(|_| Error::invalid("file", key::STEER_NOT_UNDERSTOOD))?;
    let letters: Result<Vec<_>, _> = told.iter().map(|t| opened(t.as_bytes())).collect();
    let taken = take_all(&ctx, &letters?, &key).await?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let detail = json!({ "sha256": letter.digest().to_string(), "letters": taken.letters,
        "new": taken.new });
    change.note("notice.exchange", "notices", detail);
    change.commit().await?;
    Ok(ctx.done(&taken, "/campaigns", key::STEER_EXCHANGED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_version_1_stay_readable() {
        let answer = Answered {
            notice: "0198".into(),
            edition: 4,
            acknowledged: Some(Ack::full()),
            replies: vec![Reply::full()],
        };
        let answers = Answers {
            version: 1,
            sender: "91420100MA4KX1234B".into(),
            created: "2026-11-29T08:00:00Z".into(),
            answers: vec![answer],
        };
        crate::supervise::fixture::holds("answers-1.json", &answers);
    }
}
