//! The exercises an organisation may hold: those that come with the program, and its own.

use crate::{App, error::Error};
use hangtu_catalog::{CONTENT, Exercise};
use sqlx::AnyConnection;

/// An exercise and the text it was read from.
pub(super) struct Held {
    pub(super) exercise: Exercise,
    pub(super) content: String,
    /// Whether it is the organisation's own.
    pub(super) own: bool,
}

/// All of them, the program's first. An own one of the same id stands in place of the program's.
pub(super) async fn all(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
) -> Result<Vec<Held>, Error> {
    let own: Vec<(String, String)> =
        sqlx::query_as("SELECT id, content FROM exercise WHERE organisation = $1 ORDER BY id")
            .bind(organisation)
            .fetch_all(c)
            .await?;
    let mut all = Vec::new();
    for (path, text) in CONTENT.iter().filter(|(p, _)| p.starts_with("exercises/")) {
        let exercise = Exercise::parse(path, text, &app.catalog).map_err(Error::internal)?;
        if own.iter().all(|(id, _)| *id != exercise.id) {
            all.push(Held { exercise, content: (*text).to_owned(), own: false });
        }
    }
    for (id, content) in own {
        match Exercise::parse(&id, &content, &app.catalog) {
            Ok(exercise) => all.push(Held { exercise, content, own: true }),
            // Written for an earlier version of the rules: it is mended in the editor.
            Err(e) => tracing::warn!(exercise = id, why = e.whys(), "own exercise does not hold"),
        }
    }
    Ok(all)
}

/// One of them.
pub(super) async fn one(
    app: &App,
    c: &mut AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<Held, Error> {
    let all = all(app, c, organisation).await?;
    all.into_iter().find(|h| h.exercise.id == id).ok_or(Error::NotFound)
}
