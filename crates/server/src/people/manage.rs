//! Accounts and roles: the system administrator makes accounts, the security administrator gives
//! roles, neither does the other's work, and nobody gives themselves anything.

use super::{NewPerson, account, insert, tokens};
use crate::{
    auth::{Kind, Right, Role, once, password, random, second, session},
    ctx::Ctx,
    db::Change,
    error::Error,
    input::{Asked, Input, line, prose},
    route::{Access, Doc, Routes},
    ui::Page,
};
use askama::Template;
use axum::{extract::Path, response::Response};
use hangtu_catalog::{hex, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::FromRow;

const SEE: Access = Access::Any(&[Right::People, Right::Grant, Right::Audit]);
const MANAGE: Access = Access::May(Right::People);
/// People on a page.
const PAGE: i64 = 100;

pub(super) fn routes(r: &mut Routes) {
    r.get(
        "/people",
        SEE,
        Doc::new("The people of the organisation").query::<Query>().returns::<People>(),
        list,
    );
    r.get("/people/{id}", SEE, Doc::new("One person").returns::<Account>(), one);
    r.post(
        "/people",
        MANAGE,
        Doc::new("Create an account; its first password is answered once")
            .body::<New>()
            .returns::<Password>(),
        create,
    );
    r.post("/people/{id}", MANAGE, Doc::new("Change name and department").body::<Facts>(), change);
    r.post("/people/{id}/disable", MANAGE, Doc::new("Disable an account"), disable);
    r.post("/people/{id}/enable", MANAGE, Doc::new("Enable an account"), enable);
    r.post(
        "/people/{id}/password",
        MANAGE,
        Doc::new("Give a new password, answered once; sessions end")
            .body::<Reset>()
            .returns::<Password>(),
        reset,
    );
    r.post(
        "/people/{id}/roles",
        Access::May(Right::Grant),
        Doc::new("Give roles").body::<Roles>(),
        grant,
    );
}

/// What to look for.
#[derive(Deserialize, JsonSchema, Default)]
struct Query {
    /// Part of a name, account or department.
    #[serde(default)]
    q: String,
    /// From 1.
    #[serde(default)]
    page: u32,
}

/// An account as administrators see it.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "the API's words")]
struct Account {
    id: String,
    name: String,
    account: String,
    department: String,
    roles: Vec<Role>,
    disabled: bool,
    created: i64,
    /// Whether a code generator is needed to sign in.
    totp: bool,
}

/// A page of people.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "the API's words")]
struct People {
    people: Vec<Account>,
    page: u32,
    /// Whether another page follows.
    more: bool,
}

#[derive(FromRow)]
struct Row {
    id: String,
    name: String,
    account: String,
    department: String,
    roles: String,
    disabled: i64,
    created: i64,
    totp: i64,
}

const COLUMNS: &str = "SELECT p.id, p.name, p.account, p.department, p.roles, p.disabled, \
    p.created, (SELECT COUNT(*) FROM totp t WHERE t.person = p.id) AS totp FROM person p ";

impl From<Row> for Account {
    fn from(r: Row) -> Self {
        Self {
            id: r.id,
            name: r.name,
            account: r.account,
            department: r.department,
            roles: session::roles(&r.roles),
            disabled: r.disabled != 0,
            created: r.created,
            totp: r.totp != 0,
        }
    }
}

#[derive(Template)]
#[template(path = "people/list.html")]
struct ListPage<'a> {
    page: Page,
    list: &'a People,
    q: &'a str,
}

async fn list(ctx: Ctx, Asked(q): Asked<Query>) -> Result<Response, Error> {
    let number = q.page.max(1);
    let escaped: String =
        q.q.trim()
            .chars()
            .take(100)
            .flat_map(|c| "%_\\".contains(c).then_some('\\').into_iter().chain([c]))
            .collect();
    let sql = format!(
        "{COLUMNS} WHERE p.organisation = $1 AND (lower(p.name) LIKE lower($2) ESCAPE '\\' \
         OR p.account LIKE lower($2) ESCAPE '\\' OR lower(p.department) LIKE lower($2) ESCAPE '\\') \
         ORDER BY p.disabled, p.name, p.account LIMIT $3 OFFSET $4"
    );
    let mut rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(ctx.organisation()?)
        .bind(format!("%{escaped}%"))
        .bind(PAGE + 1)
        .bind(PAGE * i64::from(number - 1))
        .fetch_all(&mut *ctx.app.db.read().await?)
        .await?;
    let more = rows.len() as i64 > PAGE;
    rows.truncate(PAGE as usize);
    let people = rows.into_iter().map(Account::from).collect();
    let list = People { people, page: number, more };
    ctx.show(key::NAV_PEOPLE, &list, |page| ListPage { page, list: &list, q: &q.q })
}

async fn find(ctx: &Ctx, id: &str) -> Result<Account, Error> {
    let sql = format!("{COLUMNS} WHERE p.organisation = $1 AND p.id = $2");
    let row: Row = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(ctx.organisation()?)
        .bind(id)
        .fetch_one(&mut *ctx.app.db.read().await?)
        .await?;
    Ok(row.into())
}

#[derive(Template)]
#[template(path = "people/one.html")]
struct OnePage<'a> {
    page: Page,
    person: &'a Account,
    /// Nobody administers themselves.
    other: bool,
    /// What the organisation is: it decides which roles there are.
    kind: Kind,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "templates give references")]
impl OnePage<'_> {
    fn has(&self, role: &Role) -> bool {
        self.kind.has(*role)
    }
}

async fn one(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    let person = find(&ctx, &id).await?;
    let other = ctx.signed()?.person != person.id;
    let (title, kind) = (person.name.clone(), ctx.signed()?.kind);
    ctx.show_titled(title, &person, |page| OnePage { page, person: &person, other, kind })
}

/// A new account.
#[derive(Deserialize, JsonSchema)]
struct New {
    account: String,
    name: String,
    #[serde(default)]
    department: String,
}

/// An account's id and its password, which is not shown again.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "the API\'s words")]
struct Password {
    id: String,
    account: String,
    password: String,
}

fn shown_once(ctx: &Ctx, told: &Password) -> Result<Response, Error> {
    let lines = vec![told.account.clone(), told.password.clone()];
    let said = (key::PEOPLE_PASSWORD_TITLE, key::PEOPLE_PASSWORD_HINT);
    once::show(ctx, told, said, lines, &format!("/people/{}", told.id))
}

/// Four groups of five: a hundred bits in base32's letters would be more than anybody types; eighty
/// bits in hexadecimal are enough for a password that must be changed at once.
fn new_password() -> Result<String, Error> {
    let text = hex(&random::<10>()?);
    Ok([&text[..5], &text[5..10], &text[10..15], &text[15..]].join("-"))
}

async fn create(ctx: Ctx, Input(form): Input<New>) -> Result<Response, Error> {
    let account = account(&form.account)?;
    let name = line("name", &form.name, 60)?;
    let department = prose("department", &form.department, 60)?;
    let password = new_password()?;
    let hash = password::hash(&password).await?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let new = NewPerson { account: account.clone(), name, roles: vec![], hash, must_change: true };
    let id = insert(&mut change, new).await?;
    sqlx::query("UPDATE person SET department = $3 WHERE organisation = $1 AND id = $2")
        .bind(ctx.organisation()?)
        .bind(&id)
        .bind(department)
        .execute(&mut *change)
        .await?;
    change.commit().await?;
    shown_once(&ctx, &Password { id, account, password })
}

/// What may be corrected about a person.
#[derive(Deserialize, JsonSchema)]
struct Facts {
    name: String,
    #[serde(default)]
    department: String,
}

async fn change(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(form): Input<Facts>,
) -> Result<Response, Error> {
    let name = line("name", &form.name, 60)?;
    let department = prose("department", &form.department, 60)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    lock(&mut change, &id).await?;
    sqlx::query("UPDATE person SET name = $3, department = $4 WHERE organisation = $1 AND id = $2")
        .bind(ctx.organisation()?)
        .bind(&id)
        .bind(&name)
        .bind(&department)
        .execute(&mut *change)
        .await?;
    let detail = json!({ "name": name, "department": department });
    change.note("person.change", format!("person/{id}"), detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), &format!("/people/{id}"), key::PEOPLE_SAVED))
}

/// A person about to be changed; two changes of one organisation's people come one after the other,
/// so that two cannot each think the other administrator stays.
async fn lock(change: &mut Change, id: &str) -> Result<Row, Error> {
    let organisation = change.organisation().to_owned();
    sqlx::query("UPDATE organisation SET name = name WHERE id = $1")
        .bind(&organisation)
        .execute(&mut **change)
        .await?;
    let sql = format!("{COLUMNS} WHERE p.organisation = $1 AND p.id = $2");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(organisation)
        .bind(id)
        .fetch_one(&mut **change)
        .await?)
}

/// Refuses what would leave the organisation without one of its three administrators.
async fn keep_administrators(
    change: &mut Change,
    person: &Row,
    after: &[Role],
) -> Result<(), Error> {
    let others: Vec<(String,)> = sqlx::query_as(
        "SELECT roles FROM person WHERE organisation = $1 AND id <> $2 AND disabled = 0",
    )
    .bind(change.organisation().to_owned())
    .bind(&person.id)
    .fetch_all(&mut **change)
    .await?;
    let lost = session::roles(&person.roles).into_iter().any(|role| {
        role.administers()
            && person.disabled == 0
            && !after.contains(&role)
            && !others.iter().any(|(words,)| session::roles(words).contains(&role))
    });
    if lost { Err(Error::conflict(key::PEOPLE_LAST_ADMINISTRATOR)) } else { Ok(()) }
}

fn not_oneself(ctx: &Ctx, id: &str) -> Result<(), Error> {
    let oneself = ctx.signed()?.person == id;
    if oneself { Err(Error::conflict(key::PEOPLE_ONESELF)) } else { Ok(()) }
}

async fn switch(ctx: &Ctx, id: &str, disabled: bool) -> Result<(), Error> {
    not_oneself(ctx, id)?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let person = lock(&mut change, id).await?;
    if disabled {
        keep_administrators(&mut change, &person, &[]).await?;
        session::end_all(&mut change, id, None).await?;
        tokens::revoke_all(&mut change, id).await?;
    }
    sqlx::query("UPDATE person SET disabled = $3 WHERE organisation = $1 AND id = $2")
        .bind(ctx.organisation()?)
        .bind(id)
        .bind(i64::from(disabled))
        .execute(&mut *change)
        .await?;
    let action = if disabled { "person.disable" } else { "person.enable" };
    change.note(action, format!("person/{id}"), json!({}));
    change.commit().await
}

async fn disable(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    switch(&ctx, &id, true).await?;
    Ok(ctx.done(&json!({}), &format!("/people/{id}"), key::PEOPLE_DISABLED))
}

async fn enable(ctx: Ctx, Path(id): Path<String>) -> Result<Response, Error> {
    switch(&ctx, &id, false).await?;
    Ok(ctx.done(&json!({}), &format!("/people/{id}"), key::PEOPLE_ENABLED))
}

/// A new password for somebody who lost theirs.
#[derive(Deserialize, JsonSchema)]
struct Reset {
    /// `on`: the second factors were lost, too.
    #[serde(default)]
    factors: String,
}

async fn reset(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(form): Input<Reset>,
) -> Result<Response, Error> {
    ctx.in_person()?;
    not_oneself(&ctx, &id)?;
    let password = new_password()?;
    let hash = password::hash(&password).await?;
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let person = lock(&mut change, &id).await?;
    password::set(&mut change, &id, &hash, true).await?;
    session::end_all(&mut change, &id, None).await?;
    if form.factors == "on" {
        second::clear(&mut change, &id).await?;
    }
    change.commit().await?;
    shown_once(&ctx, &Password { id, account: person.account, password })
}

/// The roles that somebody is to hold, in place of those before.
#[derive(Deserialize, JsonSchema)]
struct Roles {
    #[serde(default)]
    roles: Vec<Role>,
}

async fn grant(
    ctx: Ctx,
    Path(id): Path<String>,
    Input(form): Input<Roles>,
) -> Result<Response, Error> {
    ctx.in_person()?;
    not_oneself(&ctx, &id)?;
    let kind = ctx.signed()?.kind;
    let roles: Vec<Role> = Role::ALL.iter().copied().filter(|r| form.roles.contains(r)).collect();
    if !roles.iter().all(|r| kind.has(*r)) {
        return Err(Error::invalid("roles", key::SERVER_FIELD_CHOICE));
    }
    if !Role::compatible(&roles) {
        return Err(Error::invalid("roles", key::PEOPLE_ROLES_APART));
    }
    let mut change = ctx.app.db.change(&ctx.actor()?).await?;
    let person = lock(&mut change, &id).await?;
    keep_administrators(&mut change, &person, &roles).await?;
    let words: Vec<&str> = roles.iter().map(|r| r.word()).collect();
    sqlx::query("UPDATE person SET roles = $3 WHERE organisation = $1 AND id = $2")
        .bind(ctx.organisation()?)
        .bind(&id)
        .bind(words.join(" "))
        .execute(&mut *change)
        .await?;
    let before: Vec<&str> = person.roles.split(' ').filter(|w| !w.is_empty()).collect();
    let detail = json!({ "before": before, "after": words });
    change.note("person.roles", format!("person/{id}"), detail);
    change.commit().await?;
    Ok(ctx.done(&json!({}), &format!("/people/{id}"), key::PEOPLE_SAVED))
}
