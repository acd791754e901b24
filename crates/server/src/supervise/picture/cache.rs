//! Pictures that were made, kept until the numbers behind them move.
//!
//! However many people ask at once, a picture is made once for each state of the numbers: who comes
//! while it is being made waits for it. What a reader gets is never older than their question.

use super::compute::{Picture, Scope, picture};
use crate::{App, clock, error::Error};
use hangtu_catalog::Language;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

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
type Stamp = (i64, i64);

type Slot = Arc<tokio::sync::Mutex<Option<(Stamp, Arc<Made>)>>>;

/// The pictures in memory.
#[derive(Default)]
pub(crate) struct Pictures {
    slots: Mutex<HashMap<Key, Slot>>,
}

impl Pictures {
    fn slot(&self, key: Key) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MOST && !slots.contains_key(&key) {
            slots.clear();
        }
        Arc::clone(slots.entry(key).or_default())
    }
}

async fn stamp(app: &App, supervisor: &str) -> Result<Stamp, Error> {
    let turn: Option<(i64,)> = sqlx::query_as("SELECT turn FROM sum_turn WHERE supervisor = $1")
        .bind(supervisor)
        .fetch_optional(&mut *app.db.read().await?)
        .await?;
    Ok((turn.map_or(0, |t| t.0), clock::now() / (60 * clock::SECOND)))
}

/// The picture of a scope; `render` makes the page of it.
pub(super) async fn made(
    app: &App,
    supervisor: &str,
    scope: &Scope,
    language: Language,
    render: impl FnOnce(&Picture) -> Result<String, Error>,
) -> Result<Arc<Made>, Error> {
    let slot = app.pictures.slot((supervisor.to_owned(), scope.clone(), language));
    let asked = stamp(app, supervisor).await?;
    let mut held = slot.lock().await;
    if let Some((stamp, made)) = &*held
        && *stamp >= asked
    {
        return Ok(Arc::clone(made));
    }
    // Read before the numbers: what changes meanwhile makes the next one newer, never this one.
    let stamp = stamp(app, supervisor).await?;
    let picture = {
        let c = &mut *app.db.read().await?;
        picture(app, c, supervisor, scope).await?
    };
    let html = render(&picture)?;
    let made = Arc::new(Made { picture, html });
    *held = Some((stamp, Arc::clone(&made)));
    Ok(made)
}
