//! A package taken in: once, whatever comes how often and in which order, and acknowledged only
//! after the commit.

use super::{
    answer::{self, Answer},
    refused,
    sender::{self, Sender},
};
use crate::{
    App,
    auth::new_id,
    clock,
    db::{Actor, Change, nothing_to_change},
    error::Error,
    supervise::{self, Facts},
};
use hangtu_catalog::{Bilingual, key, sha256};
use hangtu_ledger::{Checkpoint, Continuity, Fork, Mark, Note, Package, Sealed, Standing};
use serde_json::{Value, json};

/// How it came.
pub(super) enum By<'t> {
    /// Somebody who supervises uploaded the file.
    Person,
    /// Over the network, perhaps with an invitation's secret.
    Network(Option<&'t str>),
}

/// What became of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Became {
    /// It is kept and waits for review.
    New,
    /// It was here before; nothing changed.
    Known,
    /// It is kept as evidence against its log.
    Convicted,
}

/// A package that is kept.
pub(super) struct Taken {
    pub(super) id: String,
    pub(super) became: Became,
    pub(super) code: String,
    pub(super) sequence: u64,
    /// The last receipt.
    pub(super) receipt: String,
}

/// The facts of a package, checked against what they may be.
pub(super) fn facts(package: &Package) -> Result<Facts, Error> {
    let value = Value::Object(package.submission().facts.clone());
    let bad = |field: &str| {
        let field = [("field", field.into())];
        Error::Invalid("file", Bilingual::message(key::INTAKE_BAD_FACTS, &field))
    };
    let facts: Facts = serde_json::from_value(value).map_err(|e| bad(&e.to_string()))?;
    if let Some(field) = facts.fault() {
        return Err(bad(field));
    }
    if facts.organisation.credit_code == package.submission().sender {
        Ok(facts)
    } else {
        Err(Error::invalid("file", key::INTAKE_BAD_CODE))
    }
}

/// Takes a package in and commits.
pub(super) async fn take(
    app: &App,
    actor: &Actor,
    bytes: &[u8],
    by: By<'_>,
) -> Result<Taken, Error> {
    let package = Package::open(bytes).map_err(|e| refused(&e))?;
    let facts = facts(&package)?;
    let mut change = app.db.change(actor).await?;
    match keep(app, &mut change, &package, &facts, by).await? {
        (taken, true) => {
            change.commit().await?;
            Ok(taken)
        }
        (taken, false) => {
            nothing_to_change();
            Ok(taken)
        }
    }
}

async fn known(change: &mut Change, package: &Package) -> Result<Option<Taken>, Error> {
    let organisation = change.organisation().to_owned();
    let row: Option<(String, String)> =
        sqlx::query_as("SELECT id, receipt FROM intake WHERE organisation = $1 AND digest = $2")
            .bind(organisation)
            .bind(package.digest().to_string())
            .fetch_optional(&mut **change)
            .await?;
    Ok(row.map(|(id, receipt)| Taken {
        id,
        became: Became::Known,
        code: package.submission().sender.clone(),
        sequence: package.submission().sequence,
        receipt,
    }))
}

/// Finds who sends, and whether they may: by the confirmed key, or as invited.
async fn admit(
    change: &mut Change,
    package: &Package,
    name: &str,
    by: &By<'_>,
) -> Result<Sender, Error> {
    let code = &package.submission().sender;
    let organisation = change.organisation().to_owned();
    if matches!(by, By::Person) {
        sqlx::query(
            "INSERT INTO sender (organisation, code) VALUES ($1, $2) \
             ON CONFLICT (organisation, code) DO NOTHING",
        )
        .bind(&organisation)
        .bind(code)
        .execute(&mut **change)
        .await?;
    }
    let stranger = || Error::invalid("file", key::INTAKE_STRANGER);
    let mut sender = sender::hold(change, code).await?.ok_or_else(stranger)?;
    let signer = package.key().to_string();
    if sender.trusted == 0
        && let By::Network(token) = by
    {
        // Until somebody confirmed its key, only the invitation's secret lets it in.
        let shown = token.map(|t| sha256(t.as_bytes()));
        if sender.token.is_empty() || shown.as_deref() != Some(sender.token.as_str()) {
            return Err(stranger());
        }
    }
    if !sender.key.is_empty() && sender.key != signer {
        return Err(Error::invalid("file", key::INTAKE_KEY_OTHER));
    }
    sqlx::query("UPDATE sender SET key = $3, name = $4 WHERE organisation = $1 AND code = $2")
        .bind(&organisation)
        .bind(code)
        .bind(&signer)
        .bind(name)
        .execute(&mut **change)
        .await?;
    sender.key = signer;
    Ok(sender)
}

/// How a package stands to those of the same sender that are nearest to it by number, and to what was
/// witnessed last.
async fn compare(
    change: &mut Change,
    sender: &Sender,
    package: &Package,
) -> Result<(&'static str, Option<Fork>), Error> {
    let sequence = package.submission().sequence;
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT package FROM intake WHERE organisation = $1 AND code = $2 AND received > $4 \
         AND state <> 'refused' AND (sequence = $3 \
         OR sequence = (SELECT MAX(sequence) FROM intake WHERE organisation = $1 AND code = $2 \
            AND received > $4 AND state <> 'refused' AND sequence < $3) \
         OR sequence = (SELECT MIN(sequence) FROM intake WHERE organisation = $1 AND code = $2 \
            AND received > $4 AND state <> 'refused' AND sequence > $3))",
    )
    .bind(change.organisation().to_owned())
    .bind(&sender.code)
    .bind(sequence as i64)
    .bind(sender.since)
    .fetch_all(&mut **change)
    .await?;
    let mut how = Vec::new();
    for (text,) in rows {
        let seen = Package::open(text.as_bytes()).map_err(Error::internal)?;
        // Another key was confirmed since: its log is another one.
        if seen.key() == package.key() {
            let steps = &seen.submission().steps;
            how.push(package.continues(seen.note(), steps).map_err(Error::internal)?);
        }
    }
    if let Ok(note) = sender.witnessed.parse::<Note>()
        && let Ok(seen) = Checkpoint::open(&note, package.key())
        && Mark::of(&seen).is_some_and(|m| m.sequence < sequence)
    {
        let mut bare = Note::new(note.text().to_owned()).map_err(Error::internal)?;
        note.signatures().iter().take(1).for_each(|s| bare.add(s.clone()));
        how.push(package.continues(&bare, &[]).map_err(Error::internal)?);
    }
    if let Some(at) = how.iter().position(|(c, _)| c.convicts()) {
        let (continuity, fork) = how.swap_remove(at);
        let rolled = continuity == Continuity::RolledBack;
        return Ok((if rolled { "rolled-back" } else { "forked" }, fork));
    }
    let proven = how.iter().any(|(c, _)| matches!(c, Continuity::Extends | Continuity::Same));
    Ok((
        if how.is_empty() {
            "first"
        } else if proven {
            "extends"
        } else {
            "unproven"
        },
        None,
    ))
}

async fn keep(
    app: &App,
    change: &mut Change,
    package: &Package,
    facts: &Facts,
    by: By<'_>,
) -> Result<(Taken, bool), Error> {
    if let Some(taken) = known(change, package).await? {
        return Ok((taken, false));
    }
    let sender = admit(change, package, &facts.organisation.name, &by).await?;
    // The row is held now: nobody else can be about the same package.
    if let Some(taken) = known(change, package).await? {
        return Ok((taken, false));
    }
    let now = clock::now();
    supervise::roster::submitted(change, &sender.code, now).await.map_err(|e| match e {
        Error::NotFound => Error::invalid("file", key::INTAKE_NOT_ON_ROSTER),
        other => other,
    })?;
    let (continuity, fork) = compare(change, &sender, package).await?;
    let state = if fork.is_some() { Standing::Refused } else { Standing::Received };
    let became = if fork.is_some() { Became::Convicted } else { Became::New };
    let (organisation, id) = (change.organisation().to_owned(), new_id());
    if fork.is_some() {
        sqlx::query("UPDATE sender SET warned = $3 WHERE organisation = $1 AND code = $2")
            .bind(&organisation)
            .bind(&sender.code)
            .bind(now)
            .execute(&mut **change)
            .await?;
    }
    let reply = Answer { number: 1, state, items: Vec::new(), fork };
    let sealed = answer::seal(app, change, &sender, (package, continuity), reply).await?;
    let receipt = text(&sealed)?;
    let submission = package.submission();
    sqlx::query(
        "INSERT INTO intake (id, organisation, code, sequence, digest, package, created, received, \
         state, continuity, number, receipt) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11)",
    )
    .bind(&id)
    .bind(&organisation)
    .bind(&submission.sender)
    .bind(submission.sequence as i64)
    .bind(package.digest().to_string())
    .bind(String::from_utf8(package.bytes().to_vec()).map_err(Error::internal)?)
    .bind(submission.created.as_microsecond())
    .bind(now)
    .bind(state.word())
    .bind(continuity)
    .bind(&receipt)
    .execute(&mut **change)
    .await?;
    let detail = json!({ "sender": submission.sender, "sequence": submission.sequence,
        "sha256": package.digest().to_string(), "continuity": continuity, "state": state.word() });
    change.note("intake.receive", format!("intake/{id}"), detail);
    let (code, sequence) = (submission.sender.clone(), submission.sequence);
    Ok((Taken { id, became, code, sequence, receipt }, true))
}

/// A receipt as it is kept.
pub(super) fn text(sealed: &Sealed) -> Result<String, Error> {
    String::from_utf8(sealed.bytes().to_vec()).map_err(Error::internal)
}
