//! Who is enrolled in a session.

use super::{
    TRAIN, ask, people,
    plan::Done,
    session::{Row, load},
    shelf::{self, Shelf},
};
use crate::{
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::Input,
    route::{Access, Doc, Routes},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::key;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

pub(super) fn routes(r: &mut Routes) {
    let doc = Doc::new("Enrols people, or the reader").body::<Enrol>().returns::<Done>();
    r.post("/training/sessions/{id}/enrol", Access::Signed, doc, enrol);
    let doc = Doc::new("Takes somebody off the list").body::<Off>().returns::<Done>();
    r.post("/training/sessions/{id}/leave", Access::Signed, doc, leave);
}

/// Who is to be enrolled; nobody named is the reader.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Enrol {
    person: Vec<String>,
    role: Vec<String>,
    department: Vec<String>,
}

/// Puts people on the list; gives how many were not on it. A course at one's own pace becomes a duty
/// with the session's end.
pub(super) async fn put(
    change: &mut Change,
    shelf: &Shelf,
    row: &Row,
    people: &[&str],
) -> Result<usize, Error> {
    let organisation = change.organisation().to_owned();
    let mut fresh = 0;
    for person in people {
        let done = sqlx::query(
            "INSERT INTO session_seat (organisation, session, person, enrolled) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (session, person) DO NOTHING",
        )
        .bind(&organisation)
        .bind(&row.id)
        .bind(*person)
        .bind(clock::now())
        .execute(&mut **change)
        .await?;
        if done.rows_affected() == 1 {
            fresh += 1;
            if !row.in_person() {
                let course = shelf.one(&row.course)?;
                let why = ("session", row.id.as_str(), row.title.as_str());
                ask::give(change, person, course, row.ends, why).await?;
            }
        }
    }
    Ok(fresh)
}

async fn enrol(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(asked): Input<Enrol>,
) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let named = !(asked.person.is_empty() && asked.role.is_empty() && asked.department.is_empty());
    if named {
        ctx.may(TRAIN)?;
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let row = load(&mut change, &organisation, &id).await?;
    let open = row.state == "announced" || row.state == "planned" && named;
    if !open {
        return Err(Error::conflict(key::TRAIN_STATE));
    }
    let shelf = shelf::shelf(&ctx.app, &mut change, &organisation).await?;
    let all = people::everybody(&mut change, &organisation, None).await?;
    let people: Vec<&str> = if named {
        let chosen = ask::chosen(&all, &asked.person, &asked.role, &asked.department);
        chosen.into_iter().map(|p| p.id.as_str()).collect()
    } else {
        vec![who.person.as_str()]
    };
    if people.is_empty() {
        return Err(Error::invalid("person", key::TRAIN_NOBODY));
    }
    let fresh = put(&mut change, &shelf, &row, &people).await?;
    let detail = json!({ "people": people, "new": fresh });
    change.note("session.enrol", format!("session/{id}"), detail);
    change.commit().await?;
    let next = format!("/training/sessions/{id}");
    Ok(ctx.done(&Done { id, people: fresh }, &next, key::TRAIN_DONE))
}

/// Who; empty for the reader.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Off {
    person: String,
}

async fn leave(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(off): Input<Off>,
) -> Result<Response, Error> {
    let who = ctx.signed()?;
    let person = if off.person.is_empty() { who.person.clone() } else { off.person };
    if person != who.person {
        ctx.may(TRAIN)?;
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    load(&mut change, &organisation, &id).await?;
    // Who came stays on the list: what happened is not unsaid.
    let done = sqlx::query(
        "DELETE FROM session_seat WHERE organisation = $1 AND session = $2 AND person = $3 AND \
         NOT EXISTS (SELECT 1 FROM session_fact f WHERE f.organisation = $1 AND f.session = $2 \
         AND f.person = $3 AND f.voided IS NULL)",
    )
    .bind(&organisation)
    .bind(&id)
    .bind(&person)
    .execute(&mut *change)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::conflict(key::TRAIN_STATE));
    }
    sqlx::query(
        "UPDATE training_duty SET withdrawn = $4 WHERE organisation = $1 AND person = $2 \
         AND reason = 'session' AND source = $3 AND withdrawn IS NULL",
    )
    .bind(&organisation)
    .bind(&person)
    .bind(&id)
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    change.note("session.leave", format!("session/{id}"), json!({ "person": person }));
    change.commit().await?;
    let next = format!("/training/sessions/{id}");
    Ok(ctx.done(&Done { id, people: 1 }, &next, key::TRAIN_DONE))
}
