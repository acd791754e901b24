//! The supervisor's side: packages received, reviewed and answered.

mod answer;
mod door;
mod evidence;
mod invite;
mod list;
mod review;
mod sender;
mod take;
mod upload;

pub(crate) use door::{Gate, body, supervises};
#[cfg(feature = "history")]
pub(crate) use review::told;
pub(crate) use sender::trusted;

use crate::{
    App,
    auth::Right,
    clock,
    db::{Actor, Change},
    error::Error,
    route::{Access, Routes},
};
use hangtu_catalog::{Bilingual, key};
use hangtu_ledger::PackageError;

/// Who receives and reviews.
const SUPERVISE: Access = Access::May(Right::Supervise);

pub(super) fn routes(r: &mut Routes) {
    list::routes(r);
    upload::routes(r);
    invite::routes(r);
    sender::routes(r);
    review::routes(r);
    evidence::routes(r);
    door::routes(r);
}

/// Knows the key of an enterprise that is hosted: the change's organisation.
pub(super) async fn host(
    app: &App,
    change: &mut Change,
    supervisor: &str,
    person: &str,
) -> Result<(), Error> {
    let enterprise = change.organisation().to_owned();
    sqlx::query(
        "INSERT INTO sender (organisation, code, name, key, trusted, trusted_name, invited) \
         SELECT $1, credit_code, name, $2, $3, $4, $3 FROM organisation WHERE id = $5 \
         ON CONFLICT (organisation, code) DO UPDATE SET key = excluded.key, \
         trusted = excluded.trusted, trusted_name = excluded.trusted_name",
    )
    .bind(supervisor)
    .bind(app.signer.key(&enterprise)?.verifier().to_string())
    .bind(clock::now())
    .bind(person)
    .bind(&enterprise)
    .execute(&mut **change)
    .await?;
    Ok(())
}

/// Hands a package to a supervisor of the same instance; gives its receipt.
pub(super) async fn inside(app: &App, supervisor: &str, package: &str) -> Result<String, Error> {
    let actor = Actor::system(supervisor);
    Ok(take::take(app, &actor, package.as_bytes(), take::By::Network(None)).await?.receipt)
}

/// The last receipt of a package by a supervisor of the same instance.
pub(super) use door::last;

/// An enterprise that the roster does not know, in words.
fn not_on_roster(error: Error) -> Error {
    match error {
        Error::NotFound => Error::conflict(key::INTAKE_NOT_ON_ROSTER),
        other => other,
    }
}

/// A file that is no package, or no receipt, in words.
pub(crate) fn refused(why: &PackageError) -> Error {
    use PackageError as E;
    let why = match why {
        E::TooLong => key::INTAKE_WHY_TOO_LONG,
        E::Envelope => key::INTAKE_WHY_ENVELOPE,
        E::Type(_) => key::INTAKE_WHY_TYPE,
        E::Version(_) => key::INTAKE_WHY_VERSION,
        E::NotCanonical => key::INTAKE_WHY_NOT_CANONICAL,
        E::Field(_) => key::INTAKE_WHY_FIELD,
        E::Signature => key::INTAKE_WHY_SIGNATURE,
        E::Checkpoint(_) => key::INTAKE_WHY_CHECKPOINT,
        E::Bound => key::INTAKE_WHY_BOUND,
    };
    let why = Bilingual::message(why, &[]);
    let say = |why: &str| Bilingual::message(key::INTAKE_BAD, &[("why", why.into())]);
    Error::Invalid("file", Bilingual::new(say(&why.zh).zh, say(&why.en).en))
}
