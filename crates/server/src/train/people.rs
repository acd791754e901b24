//! Whom training reaches: accounts, and people on lists who have none; the roles they hold.

use super::TRAIN;
use crate::{
    auth::{Right, new_id},
    clock,
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Input, line, prose},
    people,
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{Bilingual, course::Role, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};
use std::collections::BTreeMap;

/// People on one page.
const SHOWN: usize = 500;

pub(super) fn routes(r: &mut Routes) {
    let manage = Access::May(TRAIN);
    let doc = Doc::new("Whom training reaches, and the roles they hold").returns::<List>();
    r.get("/training/people", manage, doc, list);
    let doc = Doc::new("Adds somebody who has no account").body::<New>().returns::<Done>();
    r.post("/training/people", manage, doc, add);
    let doc = Doc::new("Says which roles somebody holds").body::<Roles>().returns::<Done>();
    r.post("/training/people/{person}", manage, doc, set);
}

/// The word of a role.
pub(super) fn word(role: Role) -> String {
    let value = serde_json::to_value(role).ok();
    value.and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A role by its word.
pub(super) fn role(word: &str) -> Option<Role> {
    serde_json::from_value(word.into()).ok()
}

/// Somebody.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) name: String,
    pub(super) department: String,
    pub(super) roles: Vec<Role>,
    pub(super) account: bool,
    pub(super) created: i64,
}

#[derive(FromRow)]
struct Row {
    id: String,
    number: String,
    name: String,
    department: String,
    roles: String,
    account: i64,
    created: i64,
}

/// Everybody is all staff, whatever else.
fn read_roles(text: &str) -> Vec<Role> {
    let mut all: Vec<Role> = text.split(' ').filter_map(role).collect();
    if !all.contains(&Role::AllStaff) {
        all.push(Role::AllStaff);
    }
    all
}

/// Everybody whom training reaches, by name; or one of them.
pub(super) async fn everybody(
    c: &mut AnyConnection,
    organisation: &str,
    person: Option<&str>,
) -> Result<Vec<Reached>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, number, name, department, roles, account, created FROM learner \
         WHERE organisation = $1 AND ($2 = '' OR id = $2)",
    )
    .bind(organisation)
    .bind(person.unwrap_or_default())
    .fetch_all(&mut *c)
    .await?;
    let mut known: BTreeMap<String, Row> = rows.into_iter().map(|r| (r.id.clone(), r)).collect();
    let mut all = Vec::new();
    for staff in people::staff(c, organisation, person).await? {
        let row = known.remove(&staff.id);
        all.push(Reached {
            roles: read_roles(row.as_ref().map_or("", |r| &r.roles)),
            department: match row {
                Some(row) if !row.department.is_empty() => row.department,
                _ => staff.department,
            },
            id: staff.id,
            number: staff.account,
            name: staff.name,
            account: true,
            created: staff.created,
        });
    }
    // A row of a closed account stays for what was counted, but nothing is asked of it.
    all.extend(known.into_values().filter(|r| r.account == 0).map(|r| Reached {
        roles: read_roles(&r.roles),
        id: r.id,
        number: r.number,
        name: r.name,
        department: r.department,
        account: false,
        created: r.created,
    }));
    all.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok(all)
}

/// The roles that somebody holds.
pub(super) async fn roles(
    c: &mut AnyConnection,
    organisation: &str,
    person: &str,
) -> Result<Vec<Role>, Error> {
    let row: Option<(String,)> =
        sqlx::query_as("SELECT roles FROM learner WHERE organisation = $1 AND id = $2")
            .bind(organisation)
            .bind(person)
            .fetch_optional(c)
            .await?;
    Ok(read_roles(row.as_ref().map_or("", |r| &r.0)))
}

/// Keeps somebody's row: number, name, department, roles.
pub(super) async fn keep(change: &mut Change, who: &Reached) -> Result<(), Error> {
    let words: Vec<String> = who.roles.iter().map(|r| word(*r)).collect();
    sqlx::query(
        "INSERT INTO learner (id, organisation, number, name, department, roles, account, created) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET \
         name = excluded.name, department = excluded.department, roles = excluded.roles",
    )
    .bind(&who.id)
    .bind(change.organisation().to_owned())
    .bind(&who.number)
    .bind(&who.name)
    .bind(&who.department)
    .bind(format!(" {} ", words.join(" ")))
    .bind(i64::from(who.account))
    .bind(who.created)
    .execute(&mut **change)
    .await?;
    Ok(())
}

/// Somebody in a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct Line {
    id: String,
    number: String,
    name: String,
    department: String,
    roles: Vec<String>,
    account: bool,
}

/// Whom training reaches.
#[derive(Serialize, JsonSchema)]
struct List {
    total: usize,
    people: Vec<Line>,
    #[schemars(with = "Vec<(String, BTreeMap<String, String>)>")]
    roles: Vec<(String, Bilingual)>,
}

#[derive(Template)]
#[template(path = "train/people.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a List,
}

#[allow(clippy::unused_self, reason = "templates call methods")]
impl ListPage<'_> {
    fn holds(&self, line: &Line, role: &str) -> bool {
        line.roles.iter().any(|r| r == role)
    }

    fn titled(&self, role: &str) -> &str {
        let found = self.list.roles.iter().find(|r| r.0 == role);
        found.map_or("", |r| self.page.b(&r.1))
    }
}

/// The roles with their titles, as forms offer them.
pub(super) fn titles(ctx: &Ctx) -> Vec<(String, Bilingual)> {
    ctx.app.catalog.training.roles.iter().map(|r| (word(r.id), r.title.clone())).collect()
}

async fn list(ctx: Ctx) -> Result<Response, Error> {
    let c = &mut *ctx.app.db.read().await?;
    let all = everybody(c, ctx.organisation()?, None).await?;
    let line = |p: &Reached| Line {
        id: p.id.clone(),
        number: p.number.clone(),
        name: p.name.clone(),
        department: p.department.clone(),
        roles: p.roles.iter().map(|r| word(*r)).collect(),
        account: p.account,
    };
    let list = List {
        total: all.len(),
        people: all.iter().take(SHOWN).map(line).collect(),
        roles: titles(&ctx),
    };
    ctx.show(key::TRAIN_PEOPLE, &list, |page| ListPage { page, list: &list })
}

/// Somebody without an account.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct New {
    number: String,
    name: String,
    department: String,
    roles: Vec<String>,
}

/// Who it is.
#[derive(Serialize, JsonSchema)]
struct Done {
    id: String,
}

fn named(words: &[String]) -> Result<Vec<Role>, Error> {
    let bad = || Error::invalid("roles", key::SERVER_FIELD_CHOICE);
    words.iter().map(|w| role(w).ok_or_else(bad)).collect()
}

async fn add(ctx: Ctx, Input(new): Input<New>) -> Result<Response, Error> {
    let who = Reached {
        id: new_id(),
        number: line("number", &new.number, 60)?,
        name: line("name", &new.name, 60)?,
        department: prose("department", &new.department, 60)?,
        roles: named(&new.roles)?,
        account: false,
        created: clock::now(),
    };
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let all = everybody(&mut change, &organisation, None).await?;
    if all.iter().any(|p| p.number == who.number) {
        return Err(Error::invalid("number", key::TRAIN_NUMBER_TAKEN));
    }
    keep(&mut change, &who).await?;
    let detail = json!({ "number": who.number, "name": who.name });
    change.note("learner.add", format!("learner/{}", who.id), detail);
    change.commit().await?;
    Ok(ctx.done(&Done { id: who.id }, "/training/people", key::TRAIN_DONE))
}

/// Words of roles.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Roles {
    roles: Vec<String>,
}

async fn set(
    ctx: Ctx,
    Path(person): Path<String>,
    Input(roles): Input<Roles>,
) -> Result<Response, Error> {
    let held = named(&roles.roles)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let organisation = change.organisation().to_owned();
    let found = everybody(&mut change, &organisation, Some(&person)).await?.pop();
    let mut who = found.ok_or(Error::NotFound)?;
    who.roles = held;
    keep(&mut change, &who).await?;
    let words: Vec<String> = who.roles.iter().map(|r| word(*r)).collect();
    change.note("learner.roles", format!("learner/{person}"), json!({ "roles": words }));
    change.commit().await?;
    Ok(ctx.done(&Done { id: person }, "/training/people", key::TRAIN_DONE))
}
