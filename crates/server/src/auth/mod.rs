//! Who somebody is and what they may do.

pub(crate) mod password;
mod rights;
pub(crate) mod session;
mod sign_in;
mod throttle;

pub(crate) use rights::{Right, Rights, Role, words};
pub(crate) use throttle::Throttle;

use crate::route::Routes;

/// Somebody signed in, by a session or a token.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    /// Id of the person.
    pub(crate) person: String,
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) organisation: String,
    pub(crate) organisation_name: String,
    pub(crate) roles: Vec<Role>,
    /// What the roles allow, less what a token leaves out.
    pub(crate) rights: Rights,
    /// The session, when it is one.
    pub(crate) session: Option<String>,
    /// Tag of the language they chose; empty for none.
    pub(crate) language: String,
    pub(crate) must_change_password: bool,
}

pub(crate) fn routes(r: &mut Routes) {
    sign_in::routes(r);
}

/// So many random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], crate::error::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(crate::error::Error::internal)?;
    Ok(bytes)
}

/// A new id: UUID v7, so that ids sort by time.
pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
