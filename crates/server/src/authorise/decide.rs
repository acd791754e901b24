//! What a second person decides, and what becomes of an entry afterwards. Nobody approves what they
//! proposed, nor work that they do themselves.

use super::book::{self, Row};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Input, line, prose},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the second person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Decision {
    Approve,
    Refuse,
}

/// A decision on some proposals.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Decide {
    /// Ids of rows, each perhaps with `@` and the revision that was seen.
    #[serde(default)]
    item: Vec<String>,
    decision: Decision,
    /// Why, when it is refused.
    #[serde(default)]
    note: String,
    /// The page to go on to.
    #[serde(default)]
    next: String,
}

/// `POST /authorisations/decide`
pub(super) async fn decide(ctx: Ctx, Input(form): Input<Decide>) -> Result<Response, Error> {
    if form.item.is_empty() {
        return Err(Error::invalid("item", key::AUTHORISE_NONE_CHOSEN));
    }
    let account = ctx.signed()?.account.clone();
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let (rows, mut book) = book::open(&mut change, &organisation).await?;
    let mut approved = Vec::new();
    for item in &form.item {
        let (id, revision) = item.split_once('@').unwrap_or((item, ""));
        let row = rows.iter().find(|r| r.id == id).ok_or(Error::NotFound)?;
        if !revision.is_empty() && revision != row.revision.to_string() {
            return Err(Error::conflict(key::AUTHORISE_CHANGED_MEANWHILE));
        }
        if row.proposal.is_empty() {
            return Err(Error::conflict(key::AUTHORISE_NOTHING_WAITS));
        }
        if row.proposed_by == change.actor().id {
            return Err(Error::conflict(key::AUTHORISE_SELF));
        }
        match form.decision {
            Decision::Refuse => refuse(&mut change, row, &line("note", &form.note, 500)?).await?,
            Decision::Approve if row.proposal == "revoke" => {
                book.remove(row.register()?, &row.reference);
                revoke_now(&mut change, row, &account).await?;
            }
            Decision::Approve => {
                let register = row.register()?;
                let mut entry = row.waiting().ok_or(Error::NotFound)?;
                if register.signed() {
                    if entry.get("person").and_then(Value::as_str) == Some(&account) {
                        return Err(Error::conflict(key::AUTHORISE_OWN_WORK));
                    }
                    // A file that was brought in names who approved it on paper; keep that.
                    entry.entry("approved_by").or_insert_with(|| json!(account));
                }
                book.approver(&account);
                book.put(register, entry.clone());
                approved.push((row, register, entry));
            }
        }
    }
    book.parse().map_err(|e| Error::Conflict(book::refused(&e.why)))?;
    let name = change.actor().name.clone();
    for (row, register, entry) in approved {
        book::approve(&mut change, &row.id, register, &entry, (&account, &name)).await?;
    }
    change.commit().await?;
    let next = match form.next.as_str() {
        next if next.starts_with("/authorisations") => next.to_owned(),
        _ => "/authorisations".to_owned(),
    };
    Ok(ctx.done(&json!({ "decided": form.item.len() }), &next, key::AUTHORISE_DECIDED))
}

async fn refuse(change: &mut Change, row: &Row, why: &str) -> Result<(), Error> {
    sqlx::query(
        "UPDATE authorisation SET proposal = '', refused = $3, revision = revision + 1 \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(change.organisation().to_owned())
    .bind(&row.id)
    .bind(why)
    .execute(&mut **change)
    .await?;
    let detail = json!({ "reference": row.reference, "proposal": row.proposal, "why": why });
    change.note("authorisation.refuse", format!("authorisation/{}", row.id), detail);
    Ok(())
}

async fn revoke_now(change: &mut Change, row: &Row, account: &str) -> Result<(), Error> {
    sqlx::query(
        "UPDATE authorisation SET revoked = 1, proposal = '', proposed = '', \
         revision = revision + 1 WHERE organisation = $1 AND id = $2",
    )
    .bind(change.organisation().to_owned())
    .bind(&row.id)
    .execute(&mut **change)
    .await?;
    let detail = json!({ "reference": row.reference, "by": account });
    change.note("authorisation.revoke", format!("authorisation/{}", row.id), detail);
    Ok(())
}

/// Why something is done.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Why {
    /// What is to be said of it.
    #[serde(default)]
    note: String,
}

/// `POST /authorisations/{id}/revoke`: asks that it be revoked.
pub(super) async fn revoke(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(form): Input<Why>,
) -> Result<Response, Error> {
    let why = line("note", &form.note, 500)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let (rows, mut book) = book::open(&mut change, &organisation).await?;
    let row = rows.iter().find(|r| r.id == id).ok_or(Error::NotFound)?;
    if row.entry.is_empty() || row.revoked == 1 || !row.proposal.is_empty() {
        return Err(Error::conflict(key::AUTHORISE_NOT_REVOCABLE));
    }
    let register = row.register()?;
    if !register.windowed() {
        book.remove(register, &row.reference);
        // What others name cannot go before them.
        book.parse().map_err(|e| Error::Conflict(book::refused(&e.why)))?;
    }
    let actor = change.actor().clone();
    sqlx::query(
        "UPDATE authorisation SET proposal = 'revoke', proposed = '', proposed_by = $3, \
         proposed_name = $4, proposed_at = $5, refused = '', revision = revision + 1 \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(&organisation)
    .bind(&id)
    .bind(&actor.id)
    .bind(&actor.name)
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    let detail = json!({ "reference": row.reference, "why": why });
    change.note("authorisation.ask-revoke", format!("authorisation/{id}"), detail);
    change.commit().await?;
    let next = format!("/authorisations/{id}");
    Ok(ctx.done(&json!({ "id": id }), &next, key::AUTHORISE_PROPOSED))
}

/// `POST /authorisations/{id}/withdraw`: takes a proposal back.
pub(super) async fn withdraw(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    ctx.may(Right::Authorise)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let row = book::one(&mut change, &organisation, &id).await?;
    if row.proposal.is_empty() {
        return Err(Error::conflict(key::AUTHORISE_NOTHING_WAITS));
    }
    let next = if row.entry.is_empty() {
        sqlx::query("DELETE FROM authorisation WHERE organisation = $1 AND id = $2")
            .bind(&organisation)
            .bind(&id)
            .execute(&mut *change)
            .await?;
        "/authorisations".to_owned()
    } else {
        sqlx::query(
            "UPDATE authorisation SET proposal = '', proposed = '', revision = revision + 1 \
             WHERE organisation = $1 AND id = $2",
        )
        .bind(&organisation)
        .bind(&id)
        .execute(&mut *change)
        .await?;
        format!("/authorisations/{id}")
    };
    let detail = json!({ "reference": row.reference, "proposal": row.proposal });
    change.note("authorisation.withdraw", format!("authorisation/{id}"), detail);
    change.commit().await?;
    Ok(ctx.done(&json!({ "id": id }), &next, key::AUTHORISE_WITHDRAWN))
}

/// `POST /authorisations/{id}/close`: the work is done; keeps what was observed in the window.
pub(super) async fn close(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(form): Input<Why>,
) -> Result<Response, Error> {
    let note = prose("note", &form.note, 2000)?;
    let organisation = ctx.organisation()?.to_owned();
    let (rows, book) = book::open(&mut *ctx.app.db.read().await?, &organisation).await?;
    let row = rows.iter().find(|r| r.id == id).ok_or(Error::NotFound)?;
    let now = clock::now();
    let may = row.register()?.windowed()
        && matches!(row.state(now), "open" | "expired" | "valid" | "expiring")
        && row.proposal.is_empty();
    if !may {
        return Err(Error::conflict(key::AUTHORISE_NOT_CLOSABLE));
    }
    let seen = super::observed::of(&ctx.app, &organisation, row, &book).await?;
    let mut entry = row.approved().ok_or(Error::NotFound)?;
    let end = row.valid_to.unwrap_or(now).min(now);
    if row.valid_to.is_some_and(|t| t > now) {
        // Closed is closed: what is left of the window is given back.
        entry.insert("to".into(), json!(clock::rfc3339(now)));
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let name = change.actor().name.clone();
    let done = sqlx::query(
        "UPDATE authorisation SET entry = $3, valid_to = $4, closed_at = $5, closed_name = $6, \
         closed_note = $7, observed = $8, revision = revision + 1 \
         WHERE organisation = $1 AND id = $2 AND closed_at = 0 AND revision = $9",
    )
    .bind(&organisation)
    .bind(&id)
    .bind(Value::Object(entry).to_string())
    .bind(end)
    .bind(now)
    .bind(&name)
    .bind(&note)
    .bind(serde_json::to_string(&seen).map_err(Error::internal)?)
    .bind(row.revision)
    .execute(&mut *change)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::conflict(key::AUTHORISE_CHANGED_MEANWHILE));
    }
    let detail = json!({ "reference": row.reference, "note": note, "observed": seen.len() });
    change.note("authorisation.close", format!("authorisation/{id}"), detail);
    change.commit().await?;
    let next = format!("/authorisations/{id}");
    Ok(ctx.done(&json!({ "id": id, "observed": seen }), &next, key::AUTHORISE_CLOSED))
}
