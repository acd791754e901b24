//! Saving an answer, and handing questions to colleagues.

use super::{
    round::{self, hold},
    sheet::{self, Row, word},
};
use crate::{
    auth::Right,
    clock,
    ctx::Ctx,
    db::{Change, nothing_to_change},
    error::Error,
    input::{Input, prose},
    people,
};
use axum::{
    Json,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Bilingual, Catalog, Language, key, text};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Who leads may answer everything; a colleague, what they were asked.
pub(super) fn may_answer(ctx: &Ctx, row: &Row) -> Result<(), Error> {
    ctx.may(Right::Answer)?;
    let own = row.assigned == ctx.signed()?.person;
    if own || ctx.may(Right::Correct).is_ok() { Ok(()) } else { Err(Error::Forbidden) }
}

/// An answer as it is typed.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Typed {
    round: String,
    /// The version that was seen.
    version: i64,
    /// Id of a choice; empty for none.
    #[serde(default)]
    choice: String,
    #[serde(default)]
    note: String,
}

/// What was saved.
#[derive(Serialize, JsonSchema)]
pub(super) struct Saved {
    control: String,
    /// The version to save upon next.
    version: i64,
    /// Empty while blank.
    means: String,
}

fn means(catalog: &Catalog, control: &str, choice: &str) -> Result<&'static str, Error> {
    let question = catalog.questionnaire.question(control).ok_or(Error::NotFound)?;
    let found = catalog.questionnaire.choices(question).iter().find(|c| c.id == choice);
    match found {
        Some(choice) => Ok(word(choice.means)),
        None if choice.is_empty() => Ok(""),
        None => Err(Error::invalid("choice", key::SERVER_FIELD_CHOICE)),
    }
}

/// Somebody was faster: says who, when, and what they wrote.
fn faster(ctx: &Ctx, row: &Row) -> Result<Response, Error> {
    if row.version == 0 {
        // Nobody has answered: the version is of nothing that was ever shown.
        return Err(Error::invalid("version", key::SERVER_FIELD_CHOICE));
    }
    let questions = &ctx.app.catalog.questionnaire;
    let told = |language: Language| {
        let choice = questions
            .question(&row.control)
            .and_then(|q| questions.choices(q).iter().find(|c| c.id == row.choice))
            .map_or("—", |c| c.label.get(language));
        let time = clock::shown(row.changed, language);
        text(
            language,
            key::ANSWER_FASTER,
            &[
                ("name", row.changed_name.as_str().into()),
                ("time", time.as_str().into()),
                ("choice", choice.into()),
                ("note", row.note.as_str().into()),
            ],
        )
    };
    if !ctx.scripted() {
        let both = Bilingual::new(told(Language::Chinese), told(Language::English));
        return Err(Error::Conflict(both));
    }
    let theirs = json!({
        "type": "about:blank", "status": 409, "title": "Conflict", "detail": told(ctx.language),
        "version": row.version, "choice": row.choice, "note": row.note,
        "changed_name": row.changed_name, "changed": row.changed,
    });
    let media = [(header::CONTENT_TYPE, "application/problem+json")];
    Ok((StatusCode::CONFLICT, media, Json(theirs)).into_response())
}

struct New<'a> {
    round: &'a round::Round,
    choice: &'a str,
    means: &'a str,
    note: &'a str,
}

async fn store(change: &mut Change, old: &Row, new: New<'_>) -> Result<(), Error> {
    sqlx::query(
        "UPDATE answer SET choice = $4, means = $5, note = $6, version = version + 1, \
         changed = $7, changed_name = $8 WHERE organisation = $1 AND round = $2 AND control = $3",
    )
    .bind(change.organisation().to_owned())
    .bind(&new.round.id)
    .bind(&old.control)
    .bind(new.choice)
    .bind(new.means)
    .bind(new.note)
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .execute(&mut **change)
    .await?;
    let mut detail = json!({ "round": new.round.number, "choice": new.choice });
    if new.choice != old.choice {
        detail["was"] = json!(old.choice);
    }
    if new.note != old.note {
        detail["note"] = json!(new.note);
    }
    change.note("answer.save", format!("answer/{}", old.control), detail);
    Ok(())
}

pub(super) async fn save(
    ctx: Ctx,
    Path(control): Path<String>,
    Input(form): Input<Typed>,
) -> Result<Response, Error> {
    let note = prose("note", &form.note, 4000)?;
    let means = means(&ctx.app.catalog, &control, &form.choice)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let round = hold(&mut change, &form.round).await?;
    let old = sheet::row(&mut change, &organisation, &round.id, &control).await?;
    may_answer(&ctx, &old)?;
    if means == "not-applicable" && note.is_empty() {
        return Err(Error::invalid("note", key::ANSWER_REASON_NEEDED));
    }
    let next = format!("/answers/questions?control={control}");
    let saved = |version| Saved { control: control.clone(), version, means: means.into() };
    if old.choice == form.choice && old.note == note {
        nothing_to_change();
        return Ok(ctx.kept(&saved(old.version), &next, key::ANSWER_SAID_SAVED));
    }
    if old.version != form.version {
        return faster(&ctx, &old);
    }
    store(&mut change, &old, New { round: &round, choice: &form.choice, means, note: &note })
        .await?;
    change.commit().await?;
    Ok(ctx.kept(&saved(old.version + 1), &next, key::ANSWER_SAID_SAVED))
}

/// A suggestion that still holds.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Still {
    round: String,
    version: i64,
    /// Where to go on.
    #[serde(default)]
    next: String,
}

/// Takes over what was answered in the round before.
pub(super) async fn still(
    ctx: Ctx,
    Path(control): Path<String>,
    Input(form): Input<Still>,
) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let round = hold(&mut change, &form.round).await?;
    let old = sheet::row(&mut change, &organisation, &round.id, &control).await?;
    may_answer(&ctx, &old)?;
    if old.version != form.version {
        return faster(&ctx, &old);
    }
    let before = round::before(&mut change, &organisation, round.number).await?;
    let before = before.ok_or(Error::NotFound)?;
    let former = sheet::row(&mut change, &organisation, &before.id, &control).await?;
    let means = means(&ctx.app.catalog, &control, &former.choice)?;
    let new = New { round: &round, choice: &former.choice, means, note: &former.note };
    store(&mut change, &old, new).await?;
    change.commit().await?;
    let data = Saved { control: control.clone(), version: old.version + 1, means: means.into() };
    // Only within the questionnaire: an address from a form leads nowhere else.
    let next = if form.next.starts_with("/answers/") && !form.next.contains('\\') {
        form.next
    } else {
        format!("/answers/questions?control={control}")
    };
    Ok(ctx.done(&data, &next, key::ANSWER_SAID_SAVED))
}

/// Questions for a colleague.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Assign {
    round: String,
    /// Control points.
    #[serde(default)]
    control: Vec<String>,
    /// A group, as a whole.
    #[serde(default)]
    group: String,
    /// Id of a person; empty to take it from everybody.
    #[serde(default)]
    person: String,
    /// A day, `2026-11-30`; empty for none.
    #[serde(default)]
    due: String,
}

/// How many were handed over.
#[derive(Serialize, JsonSchema)]
pub(super) struct Assigned {
    questions: usize,
}

pub(super) async fn assign(ctx: Ctx, Input(form): Input<Assign>) -> Result<Response, Error> {
    let due = match form.due.trim() {
        "" => None,
        day => {
            let day: Date = day.parse().map_err(|_| Error::invalid("due", key::ANSWER_DAY_BAD))?;
            Some(clock::end_of(day))
        }
    };
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let round = hold(&mut change, &form.round).await?;
    let colleagues = people::colleagues(&mut change, &organisation).await?;
    let known = |p: &people::Colleague| p.id == form.person && p.can(Right::Answer);
    if !form.person.is_empty() && !colleagues.iter().any(known) {
        return Err(Error::invalid("person", key::SERVER_FIELD_CHOICE));
    }
    let chosen = |row: &Row| {
        form.control.contains(&row.control)
            || !form.group.is_empty() && row.control.split('-').next() == Some(form.group.as_str())
    };
    let rows: Vec<Row> = sheet::rows(&mut change, &organisation, &round.id)
        .await?
        .into_iter()
        .filter(chosen)
        .collect();
    if rows.is_empty() {
        return Err(Error::invalid("group", key::ANSWER_NONE_CHOSEN));
    }
    for row in &rows {
        sqlx::query(
            "UPDATE answer SET assigned = $4, due = $5 \
             WHERE organisation = $1 AND round = $2 AND control = $3",
        )
        .bind(&organisation)
        .bind(&round.id)
        .bind(&row.control)
        .bind(&form.person)
        .bind(due)
        .execute(&mut *change)
        .await?;
        let detail = json!({
            "round": round.number, "person": form.person, "was": row.assigned, "due": form.due.trim(),
        });
        change.note("answer.assign", format!("answer/{}", row.control), detail);
    }
    change.commit().await?;
    Ok(ctx.done(&Assigned { questions: rows.len() }, "/answers", key::ANSWER_SAID_ASSIGNED))
}
