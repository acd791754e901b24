//! Colleagues to choose from and to name.

use crate::{
    auth::{Right, Rights, Role},
    error::Error,
};
use sqlx::AnyConnection;

/// Somebody of the organisation.
#[derive(Clone, Debug)]
pub(crate) struct Colleague {
    pub(crate) id: String,
    pub(crate) name: String,
    rights: Rights,
    disabled: bool,
}

impl Colleague {
    /// Whether they can be given work that needs the right.
    pub(crate) fn can(&self, right: Right) -> bool {
        !self.disabled && self.rights.has(right)
    }
}

/// Everybody of an organisation by name, also those who have left.
pub(crate) async fn colleagues(
    connection: &mut AnyConnection,
    organisation: &str,
) -> Result<Vec<Colleague>, Error> {
    let rows: Vec<(String, String, String, i64)> = sqlx::query_as(
        "SELECT id, name, roles, disabled FROM person WHERE organisation = $1 ORDER BY name, id",
    )
    .bind(organisation)
    .fetch_all(connection)
    .await?;
    let colleague = |(id, name, roles, disabled): (String, String, String, i64)| {
        let roles: Vec<Role> = roles.split(' ').filter_map(Role::from_word).collect();
        Colleague { id, name, rights: Rights::of(&roles), disabled: disabled != 0 }
    };
    Ok(rows.into_iter().map(colleague).collect())
}

/// Accounts of those who hold a role now.
pub(crate) async fn accounts(
    connection: &mut AnyConnection,
    organisation: &str,
    role: Role,
) -> Result<Vec<String>, Error> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT account, roles FROM person WHERE organisation = $1 AND disabled = 0 \
         ORDER BY account",
    )
    .bind(organisation)
    .fetch_all(connection)
    .await?;
    let holds = |roles: &str| roles.split(' ').any(|r| r == role.word());
    Ok(rows.into_iter().filter(|(_, roles)| holds(roles)).map(|(account, _)| account).collect())
}
