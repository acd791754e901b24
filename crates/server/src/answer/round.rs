//! Rounds: opened, answered, finished; a finished one is not changed any more.

use super::sheet::{self, means_word};
use crate::{
    auth::new_id,
    clock,
    correct::{self, Claim, Tested},
    ctx::Ctx,
    db::Change,
    error::Error,
    input::Input,
};
use axum::response::Response;
use hangtu_catalog::{Catalog, Questionnaire, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};
use std::collections::BTreeMap;

/// A round of the questionnaire.
#[derive(Clone, Debug, Serialize, JsonSchema, FromRow)]
pub(super) struct Round {
    pub(super) id: String,
    pub(super) number: i64,
    /// Versions of the questions as they were asked.
    pub(super) content: String,
    pub(super) opened: i64,
    pub(super) opened_name: String,
    pub(super) finished: Option<i64>,
    pub(super) finished_name: String,
    pub(super) findings_opened: i64,
    pub(super) findings_seen: i64,
    pub(super) findings_closed: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, number, content, opened, opened_name, finished, finished_name, \
             findings_opened, findings_seen, findings_closed FROM answer_round \
             WHERE organisation = $1 ",
            $rest
        )
    };
}

/// All rounds, the newest first.
pub(super) async fn all(c: &mut AnyConnection, organisation: &str) -> Result<Vec<Round>, Error> {
    let sql = select!("ORDER BY number DESC LIMIT 100");
    Ok(sqlx::query_as(sql).bind(organisation).fetch_all(c).await?)
}

/// The newest round.
pub(super) async fn newest(
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Option<Round>, Error> {
    let sql = select!("ORDER BY number DESC LIMIT 1");
    Ok(sqlx::query_as(sql).bind(organisation).fetch_optional(c).await?)
}

/// A round by its id.
pub(super) async fn one(
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<Round, Error> {
    Ok(sqlx::query_as(select!("AND id = $2")).bind(organisation).bind(id).fetch_one(c).await?)
}

/// The last finished round before another: its answers are suggestions.
pub(super) async fn before(
    c: &mut AnyConnection,
    organisation: &str,
    number: i64,
) -> Result<Option<Round>, Error> {
    let sql = select!("AND number < $2 AND finished IS NOT NULL ORDER BY number DESC LIMIT 1");
    Ok(sqlx::query_as(sql).bind(organisation).bind(number).fetch_optional(c).await?)
}

/// Holds an open round until the change ends, so that it cannot be finished meanwhile.
pub(super) async fn hold(change: &mut Change, id: &str) -> Result<Round, Error> {
    let organisation = change.organisation().to_owned();
    sqlx::query("UPDATE answer_round SET number = number WHERE organisation = $1 AND id = $2")
        .bind(&organisation)
        .bind(id)
        .execute(&mut **change)
        .await?;
    let round = one(change, &organisation, id).await?;
    if round.finished.is_some() {
        return Err(Error::conflict(key::ANSWER_ROUND_OVER));
    }
    Ok(round)
}

/// Which questions are asked, told by the versions of their files.
fn content(questions: &Questionnaire) -> String {
    let groups = questions.groups.iter().map(|g| format!("{} {}", g.id, g.version));
    std::iter::once(format!("choices {}", questions.version))
        .chain(groups)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The id of something that was made.
#[derive(Serialize, JsonSchema)]
pub(super) struct Made {
    pub(super) id: String,
}

/// Opens the next round; only one is open at a time.
pub(super) async fn open(ctx: Ctx) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let last = newest(&mut change, &organisation).await?;
    if last.as_ref().is_some_and(|r| r.finished.is_none()) {
        return Err(Error::conflict(key::ANSWER_ROUND_IS_OPEN));
    }
    let (id, number) = (new_id(), last.as_ref().map_or(1, |r| r.number + 1));
    let questions = &ctx.app.catalog.questionnaire;
    sqlx::query(
        "INSERT INTO answer_round (id, organisation, number, content, opened, opened_by, \
         opened_name) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&id)
    .bind(&organisation)
    .bind(number)
    .bind(content(questions))
    .bind(clock::now())
    .bind(change.actor().id.clone())
    .bind(change.actor().name.clone())
    .execute(&mut *change)
    .await
    .map_err(|e| {
        // Two officers at once: the second finds the round of the first.
        let twice =
            e.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation);
        if twice { Error::conflict(key::ANSWER_ROUND_IS_OPEN) } else { e.into() }
    })?;
    // Who was asked the last time is asked again; what they said is only a suggestion.
    let mut assigned = BTreeMap::new();
    if let Some(last) = &last {
        for row in sheet::rows(&mut change, &organisation, &last.id).await? {
            assigned.insert(row.control, row.assigned);
        }
    }
    for question in &questions.questions {
        sqlx::query(
            "INSERT INTO answer (organisation, round, control, assigned) VALUES ($1, $2, $3, $4)",
        )
        .bind(&organisation)
        .bind(&id)
        .bind(&question.control)
        .bind(assigned.remove(&question.control).unwrap_or_default())
        .execute(&mut *change)
        .await?;
    }
    let detail = json!({ "number": number, "questions": questions.questions.len() });
    change.note("answer.open", format!("round/{id}"), detail);
    change.commit().await?;
    Ok(ctx.done(&Made { id }, "/answers", key::ANSWER_SAID_OPENED))
}

/// Which round.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Which {
    round: String,
}

/// What finishing a round did to the findings.
#[derive(Serialize, JsonSchema)]
pub(super) struct Finished {
    opened: u64,
    seen: u64,
    closed: u64,
}

fn claims(catalog: &Catalog, rows: Vec<sheet::Row>) -> Result<Vec<Claim>, Error> {
    let mut claims = Vec::with_capacity(rows.len());
    let mut blank = 0_u64;
    for row in rows {
        let asked = catalog.questionnaire.question(&row.control).is_some();
        match means_word(&row.means) {
            Some(means) => claims.push(Claim { control: row.control, means, note: row.note }),
            None if asked => blank += 1,
            // A question that is not asked any more cannot be answered.
            None => {}
        }
    }
    if blank > 0 {
        let text =
            hangtu_catalog::Bilingual::message(key::ANSWER_BLANKS_LEFT, &[("n", blank.into())]);
        return Err(Error::Conflict(text));
    }
    Ok(claims)
}

/// Finishes a round without blanks: it is frozen, and its claims become known to the findings.
pub(super) async fn finish(ctx: Ctx, Input(form): Input<Which>) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let round = hold(&mut change, &form.round).await?;
    let rows = sheet::rows(&mut change, &organisation, &round.id).await?;
    let claims = claims(&ctx.app.catalog, rows)?;
    let outcome =
        correct::ingest(&ctx.app.catalog, &mut change, &round.id, Tested::Answers(&claims)).await?;
    sqlx::query(
        "UPDATE answer_round SET finished = $3, finished_name = $4, findings_opened = $5, \
         findings_seen = $6, findings_closed = $7 WHERE organisation = $1 AND id = $2",
    )
    .bind(&organisation)
    .bind(&round.id)
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .bind(outcome.opened as i64)
    .bind(outcome.seen as i64)
    .bind(outcome.closed as i64)
    .execute(&mut *change)
    .await?;
    let detail = json!({
        "number": round.number, "answers": claims.len(), "opened": outcome.opened,
        "seen": outcome.seen, "closed": outcome.closed,
    });
    change.note("answer.finish", format!("round/{}", round.id), detail);
    change.commit().await?;
    let data = Finished { opened: outcome.opened, seen: outcome.seen, closed: outcome.closed };
    Ok(ctx.done(&data, "/answers", key::ANSWER_SAID_FINISHED))
}
