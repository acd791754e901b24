//! What the clock does by itself: injects that are due, work that nobody did in time. So no drill
//! waits for ever, whoever forgets it.

use super::log;
use crate::{App, clock, error::Error, rounds};
use std::time::Duration;

/// How often drills are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Looks after the drills of all organisations while the program runs.
pub(crate) fn start(app: &App) {
    rounds::every(app, LOOK, "drills", |app| async move { all(&app).await });
}

async fn all(app: &App) -> Result<(), Error> {
    let due: Vec<(String, String)> = sqlx::query_as(
        "SELECT organisation, id FROM drill WHERE next IS NOT NULL AND next <= $1 LIMIT 100",
    )
    .bind(clock::now())
    .fetch_all(&mut *app.db.read().await?)
    .await?;
    for (organisation, id) in due {
        if let Err(e) = one(app, &organisation, &id).await {
            tracing::error!(drill = id, error = ?e, "a drill cannot be moved on");
        }
    }
    Ok(())
}

async fn one(app: &App, organisation: &str, id: &str) -> Result<(), Error> {
    // Looked at before it is held: an inject that waits for its director is due all the time.
    let seen = {
        let c = &mut *app.db.read().await?;
        log::load(app, c, organisation, id).await?
    };
    let now = clock::stamp(clock::now());
    let idle = seen.run.overdue(now).is_empty()
        && (seen.row.automatic == 0 || seen.run.due(now).is_empty())
        && seen.row.script().is_none_or(|script| script.due(&seen.run, now).is_empty());
    if idle {
        return Ok(());
    }
    let mut change = app.db.change(&log::system(organisation)).await?;
    let mut drill = log::hold(app, &mut change, id).await?;
    if drill.sweep(&mut change)? {
        drill.commit(app, change).await?;
    }
    Ok(())
}
