//! Authorisations: who may do what to which asset, when, by whose approval. Everything that
//! authorises needs a second person; what waits for one does not count.

mod book;
mod decide;
mod draft;
mod observed;
mod preview;
mod read;
mod register;
mod transfer;

pub(crate) use transfer::import;

use crate::{
    App,
    auth::Right,
    error::Error,
    route::{Access, Doc, Routes},
};
use hangtu_examine::{AuthorisationsFile, authorise::Authorisations};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::{AnyConnection, FromRow};

pub(crate) fn routes(r: &mut Routes) {
    let (read, write) = (Access::May(Right::Read), Access::May(Right::Authorise));
    r.get(
        "/authorisations",
        read,
        Doc::new("The authorisations by register and state")
            .query::<read::Ask>()
            .returns::<read::Listed>(),
        read::list,
    );
    r.post(
        "/authorisations",
        write,
        Doc::new("Proposes a new or changed authorisation; it counts once somebody else approves")
            .body::<draft::Form>(),
        draft::save,
    );
    r.get(
        "/authorisations/draft",
        write,
        Doc::new("Checks an authorisation and says what it would change, without saving it")
            .query::<draft::Form>()
            .returns::<draft::Draft>(),
        draft::page,
    );
    r.post(
        "/authorisations/decide",
        Access::May(Right::Approve),
        Doc::new("Approves or refuses what somebody else proposed").body::<decide::Decide>(),
        decide::decide,
    );
    r.page("/authorisations/import", write, transfer::page);
    r.post(
        "/authorisations/import",
        write,
        Doc::new("Reads an authorisations file row by row; its entries become proposals")
            .body::<transfer::Upload>()
            .returns::<transfer::Report>(),
        transfer::upload,
    );
    r.get(
        "/authorisations/export",
        read,
        Doc::new("The approved authorisations as the command line reads them")
            .gives("application/yaml"),
        transfer::export,
    );
    r.get(
        "/authorisations/{id}",
        read,
        Doc::new("One authorisation, what waits for it and what was observed in its window")
            .returns::<read::Item>(),
        read::item,
    );
    r.post(
        "/authorisations/{id}/revoke",
        write,
        Doc::new("Asks that an authorisation be revoked").body::<decide::Why>(),
        decide::revoke,
    );
    r.post(
        "/authorisations/{id}/withdraw",
        write,
        Doc::new("Takes a proposal back"),
        decide::withdraw,
    );
    r.post(
        "/authorisations/{id}/close",
        write,
        Doc::new("Closes a work order or ticket and keeps what was observed in its window")
            .body::<decide::Why>(),
        decide::close,
    );
}

/// What the organisation has authorised, as an examination takes it; absent while it has none.
pub(crate) async fn file(
    app: &App,
    organisation: &str,
) -> Result<Option<AuthorisationsFile>, Error> {
    let (_, book) = book::open(&mut *app.db.read().await?, organisation).await?;
    if book.is_empty() {
        return Ok(None);
    }
    let text = book.file().map_err(Error::internal)?.write().map_err(Error::internal)?;
    let authorisations = Authorisations::parse(book::NAME, &text).map_err(Error::internal)?;
    Ok(Some(AuthorisationsFile { path: book::NAME.into(), text, authorisations }))
}

/// An authorisation that soon ends.
#[derive(Clone, Debug, FromRow, Serialize, JsonSchema)]
pub(crate) struct Expiring {
    pub(crate) id: String,
    /// The list of the authorisations file.
    pub(crate) register: String,
    /// Its id in the file.
    pub(crate) reference: String,
    pub(crate) title: String,
    /// When it ends, microseconds since 1970.
    pub(crate) valid_to: i64,
}

/// What is valid now and ends by then, soonest first. A window of days is meant to end and is
/// not told.
pub(crate) async fn expiring(
    c: &mut AnyConnection,
    organisation: &str,
    until: i64,
) -> Result<Vec<Expiring>, Error> {
    Ok(sqlx::query_as(
        "SELECT id, register, reference, title, valid_to FROM authorisation \
         WHERE organisation = $1 AND entry <> '' AND revoked = 0 AND closed_at = 0 \
         AND valid_to >= $2 AND valid_to <= $3 \
         AND (valid_from IS NULL OR (valid_from <= $2 AND valid_to - valid_from > $4)) \
         ORDER BY valid_to, id LIMIT 200",
    )
    .bind(organisation)
    .bind(crate::clock::now())
    .bind(until)
    .bind(book::SOON)
    .fetch_all(c)
    .await?)
}
