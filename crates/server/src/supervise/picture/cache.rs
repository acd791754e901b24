//! Pictures that were made, kept until the numbers behind them move.

use super::compute::{Picture, Scope, picture};
use crate::{App, clock, error::Error, kept::Kept};
use hangtu_catalog::Language;
use sqlx::AnyConnection;
use std::{sync::Arc, time::Duration};

/// Pictures that are kept; a supervisor looks at some hundreds of scopes at most.
const MOST: usize = 400;

/// A picture, and the page made of it.
pub(super) struct Made {
    pub(super) picture: Picture,
    pub(super) html: String,
}

/// Which picture, and for whom.
type Key = (String, Scope, Language);

/// The state of the numbers it was made of: their turn, and the minute, as some follow the clock.
pub(in crate::supervise) type Stamp = (i64, i64);

/// The pictures in memory.
pub(crate) struct Pictures(Kept<Key, Stamp, Made>);

impl Default for Pictures {
    fn default() -> Self {
        Self(Kept::new(MOST))
    }
}

/// The state of a supervisor's numbers and roster as it is now.
pub(in crate::supervise) async fn stamp(
    c: &mut AnyConnection,
    supervisor: &str,
) -> Result<Stamp, Error> {
    let turn: Option<(i64,)> = sqlx::query_as("SELECT turn FROM sum_turn WHERE supervisor = $1")
        .bind(supervisor)
        .fetch_optional(c)
        .await?;
    Ok((turn.map_or(0, |t| t.0), clock::now() / clock::MINUTE))
}

/// The picture of a scope; `render` makes the page of it.
pub(super) async fn made(
    app: &App,
    supervisor: &str,
    scope: &Scope,
    (language, patience): (Language, Duration),
    render: impl FnOnce(&Picture) -> Result<String, Error>,
) -> Result<Arc<Made>, Error> {
    let asked = stamp(&mut *app.db.read().await?, supervisor).await?;
    let place = app.pictures.0.place((supervisor.to_owned(), scope.clone(), language)).await;
    if let Some(made) = place.recent(&asked, patience) {
        return Ok(made);
    }
    // Read before the numbers: what changes meanwhile makes the next one newer, never this one.
    let (stamp, picture) = {
        let c = &mut *app.db.read().await?;
        (stamp(c, supervisor).await?, picture(app, c, supervisor, scope).await?)
    };
    let html = render(&picture)?;
    Ok(place.put(stamp, Made { picture, html }))
}
