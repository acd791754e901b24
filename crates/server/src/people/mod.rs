//! The people of an organisation and their roles.

mod manage;
mod me;
mod pick;
mod tokens;

pub(crate) use pick::{Colleague, accounts, colleagues};

use crate::{
    auth::{Role, new_id},
    clock,
    db::Change,
    error::Error,
    route::Routes,
};
use hangtu_catalog::key;
use serde_json::json;

pub(crate) fn routes(r: &mut Routes) {
    manage::routes(r);
    me::routes(r);
    tokens::routes(r);
}

/// Somebody to be added.
pub(crate) struct NewPerson {
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) roles: Vec<Role>,
    /// PHC string.
    pub(crate) hash: String,
    pub(crate) must_change: bool,
}

/// An account's name: lower case, letters and digits of any script, `.`, `-`, `_`, `@`.
pub(crate) fn account(text: &str) -> Result<String, Error> {
    let account = text.trim().to_lowercase();
    let length = account.chars().count();
    let fits = |c: char| c.is_alphanumeric() || ".-_@".contains(c);
    if (2..=40).contains(&length) && account.chars().all(fits) {
        Ok(account)
    } else {
        Err(Error::invalid("account", key::PEOPLE_ACCOUNT_BAD))
    }
}

/// Adds somebody to the organisation of the change; gives their id.
pub(crate) async fn insert(change: &mut Change, person: NewPerson) -> Result<String, Error> {
    if !Role::compatible(&person.roles) {
        return Err(Error::invalid("roles", key::PEOPLE_ROLES_APART));
    }
    let taken: Option<(String,)> = sqlx::query_as("SELECT id FROM person WHERE account = $1")
        .bind(&person.account)
        .fetch_optional(&mut **change)
        .await?;
    if taken.is_some() {
        return Err(Error::invalid("account", key::PEOPLE_ACCOUNT_TAKEN));
    }
    let id = new_id();
    let roles: Vec<&str> = person.roles.iter().map(|r| r.word()).collect();
    let now = clock::now();
    sqlx::query(
        "INSERT INTO person (id, organisation, account, name, roles, password, password_set, \
         must_change_password, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&id)
    .bind(change.organisation().to_owned())
    .bind(&person.account)
    .bind(&person.name)
    .bind(roles.join(" "))
    .bind(&person.hash)
    .bind(now)
    .bind(i64::from(person.must_change))
    .bind(now)
    .execute(&mut **change)
    .await?;
    let detail = json!({ "account": person.account, "name": person.name, "roles": roles });
    change.note("person.create", format!("person/{id}"), detail);
    Ok(id)
}
