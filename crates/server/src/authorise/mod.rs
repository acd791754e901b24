//! Authorisations: who may do what to which asset, when, by whose approval.

use crate::{App, error::Error, route::Routes};
use hangtu_examine::AuthorisationsFile;

pub(crate) fn routes(_r: &mut Routes) {}

/// What the organisation has authorised, as an examination takes it; absent while it has none.
pub(crate) async fn file(
    _app: &App,
    _organisation: &str,
) -> Result<Option<AuthorisationsFile>, Error> {
    Ok(None)
}
