//! Asking courses of people: by name, role or department, because of a finding, a drill, or a rule.

use super::{
    TRAIN,
    people::{self, Reached},
    shelf,
};
use crate::{
    auth::new_id,
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Input, prose},
    route::{Access, Doc, Routes},
};
use axum::{extract::Path, response::Response};
use hangtu_catalog::{course::Course, key};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Days that the suggested rules give.
const DAYS: i64 = 90;

pub(super) fn routes(r: &mut Routes) {
    let manage = Access::May(TRAIN);
    let doc = Doc::new("Asks a course of people").body::<Asks>().returns::<Done>();
    r.post("/training/needs", manage, doc, ask);
    let doc = Doc::new("No longer asks it").returns::<Done>();
    r.post("/training/needs/{id}/withdraw", manage, doc, withdraw);
    let doc = Doc::new("Asks a course of everybody who holds a role, or no longer does");
    r.post("/training/rules", manage, doc.body::<Rules>().returns::<Done>(), rule);
}

/// Who is to have what, until when, and why.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Asks {
    course: String,
    /// `2026-12-31`
    due: String,
    person: Vec<String>,
    /// Everybody who holds these roles.
    role: Vec<String>,
    /// Everybody of these departments.
    department: Vec<String>,
    /// Id of the finding that asks for it.
    finding: String,
    /// Id of the drill that asks for it.
    drill: String,
    note: String,
}

/// How many it concerns.
#[derive(Serialize, JsonSchema)]
pub(super) struct Done {
    pub(super) people: usize,
}

/// Those who are named, or hold a role, or belong to a department.
pub(super) fn chosen<'p>(
    all: &'p [Reached],
    person: &[String],
    role: &[String],
    department: &[String],
) -> Vec<&'p Reached> {
    all.iter()
        .filter(|p| {
            person.contains(&p.id)
                || p.roles.iter().any(|r| role.contains(&people::word(*r)))
                || department.contains(&p.department)
        })
        .collect()
}

/// Writes a duty.
pub(super) async fn give(
    change: &mut Change,
    person: &str,
    course: &Course,
    due: i64,
    why: (&str, &str, &str),
) -> Result<(), Error> {
    let (reason, source, label) = why;
    sqlx::query(
        "INSERT INTO training_duty (id, organisation, person, course, due, reason, source, label, \
         created, created_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(new_id())
    .bind(change.organisation().to_owned())
    .bind(person)
    .bind(&course.id)
    .bind(due)
    .bind(reason)
    .bind(source)
    .bind(label)
    .bind(clock::now())
    .bind(change.actor().name.clone())
    .execute(&mut **change)
    .await?;
    Ok(())
}

/// The last moment of a day that somebody chose.
pub(super) fn deadline(text: &str) -> Result<i64, Error> {
    let day: Option<Date> = text.trim().parse().ok();
    day.map(clock::end_of).ok_or_else(|| Error::invalid("due", key::SERVER_FIELD_CHOICE))
}

async fn ask(ctx: Ctx, Input(asks): Input<Asks>) -> Result<Response, Error> {
    let due = deadline(&asks.due)?;
    let note = prose("note", &asks.note, 200)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let shelf = shelf::shelf(&ctx.app, &mut change, &organisation).await?;
    let course = shelf.one(&asks.course);
    let course = course.map_err(|_| Error::invalid("course", key::SERVER_FIELD_CHOICE))?;
    let (reason, source, label) = if !asks.finding.is_empty() {
        let number =
            crate::correct::facts::number(&mut change, &organisation, &asks.finding).await?;
        ("finding", asks.finding.clone(), format!("{number} {note}"))
    } else if !asks.drill.is_empty() {
        let number = crate::drill::number(&mut change, &organisation, &asks.drill).await?;
        ("drill", asks.drill.clone(), format!("{number} {note}"))
    } else {
        ("person", change.actor().id.clone(), note)
    };
    let all = people::everybody(&mut change, &organisation, None).await?;
    let chosen = chosen(&all, &asks.person, &asks.role, &asks.department);
    if chosen.is_empty() {
        return Err(Error::invalid("person", key::TRAIN_NOBODY));
    }
    for who in &chosen {
        give(&mut change, &who.id, course, due, (reason, &source, label.trim())).await?;
    }
    let detail = json!({ "people": chosen.iter().map(|p| p.id.clone()).collect::<Vec<_>>(),
        "due": clock::rfc3339(due), "reason": reason, "source": source });
    change.note("training.ask", format!("course/{}", course.id), detail);
    let done = Done { people: chosen.len() };
    change.commit().await?;
    Ok(ctx.done(&done, "/training/needs", key::TRAIN_DONE))
}

async fn withdraw(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let done = sqlx::query(
        "UPDATE training_duty SET withdrawn = $3 WHERE organisation = $1 AND id = $2 \
         AND withdrawn IS NULL",
    )
    .bind(change.organisation().to_owned())
    .bind(&id)
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    change.note("training.withdraw", format!("duty/{id}"), json!({}));
    change.commit().await?;
    Ok(ctx.done(&Done { people: 1 }, "/training/needs", key::TRAIN_DONE))
}

/// A rule to be made or taken back.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Rules {
    /// `add`, `remove`, or `suggested`: every course for each role that it addresses.
    action: String,
    role: String,
    course: String,
    #[serde(deserialize_with = "crate::input::blank")]
    days: Option<i64>,
}

async fn rule(ctx: Ctx, Input(asked): Input<Rules>) -> Result<Response, Error> {
    let days = asked.days.unwrap_or(DAYS);
    if !(1..=730).contains(&days) {
        return Err(Error::invalid("days", key::SERVER_FIELD_CHOICE));
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let shelf = shelf::shelf(&ctx.app, &mut change, &organisation).await?;
    let choice = |field| Error::invalid(field, key::SERVER_FIELD_CHOICE);
    let pairs: Vec<(String, String)> = if asked.action == "suggested" {
        let of = |c: &Course| {
            let id = c.id.clone();
            c.roles.iter().map(move |r| (people::word(*r), id.clone())).collect::<Vec<_>>()
        };
        shelf.iter().flat_map(of).collect()
    } else {
        people::role(&asked.role).ok_or_else(|| choice("role"))?;
        vec![(asked.role.clone(), asked.course.clone())]
    };
    if asked.action == "remove" {
        let done = sqlx::query(
            "DELETE FROM training_rule WHERE organisation = $1 AND role = $2 AND course = $3",
        )
        .bind(&organisation)
        .bind(&asked.role)
        .bind(&asked.course)
        .execute(&mut *change)
        .await?;
        if done.rows_affected() == 0 {
            return Err(Error::NotFound);
        }
    } else {
        for (role, course) in &pairs {
            shelf.one(course).map_err(|_| choice("course"))?;
            let keep = if asked.action == "suggested" {
                "DO NOTHING"
            } else {
                "DO UPDATE SET days = excluded.days"
            };
            let sql = format!(
                "INSERT INTO training_rule (organisation, role, course, days, since) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organisation, role, course) {keep}"
            );
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(&organisation)
                .bind(role)
                .bind(course)
                .bind(days)
                .bind(clock::now())
                .execute(&mut *change)
                .await?;
        }
    }
    let rules: Vec<String> = pairs.iter().map(|(r, c)| format!("{r} {c}")).collect();
    let detail = json!({ "action": if asked.action.is_empty() { "add" } else { &asked.action },
        "rules": rules, "days": days });
    change.note("training.rule", "training/rules", detail);
    let done = Done { people: rules.len() };
    change.commit().await?;
    Ok(ctx.done(&done, "/training/needs", key::TRAIN_DONE))
}
