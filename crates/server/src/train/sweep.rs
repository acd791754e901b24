//! What the clock does by itself: exams whose time is up count as handed in at their end.

use super::{attempt, issue, shelf, track};
use crate::{App, clock, db::Actor, error::Error, rounds};
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// How often exams are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Looks after the exams of all organisations while the program runs.
pub(super) fn start(app: &App) {
    let number = AtomicU32::new(0);
    rounds::every(app, LOOK, "exams", move |app| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        async move {
            // What one lacks keeps none of the others waiting.
            let mut done = all(&app).await;
            // Ends of certificates come by days: once an hour will do.
            if number.is_multiple_of(1800) {
                done = done.and(issue::remind(&app).await);
            }
            if number.is_multiple_of(15) {
                done = done.and(track::settle(&app).await);
            }
            done
        }
    });
}

async fn all(app: &App) -> Result<(), Error> {
    let due: Vec<(String, String)> = sqlx::query_as(
        "SELECT organisation, id FROM exam_attempt WHERE state = 'open' AND closes < $1 \
         ORDER BY closes LIMIT 200",
    )
    .bind(clock::now())
    .fetch_all(&mut *app.db.read().await?)
    .await?;
    for (organisation, id) in due {
        if let Err(e) = one(app, &organisation, &id).await {
            tracing::error!(attempt = id, error = ?e, "an exam cannot be ended");
        }
    }
    Ok(())
}

/// Ends one attempt, if its time is up.
pub(super) async fn one(app: &App, organisation: &str, id: &str) -> Result<(), Error> {
    let mut change = app.db.change(&Actor::system(organisation)).await?;
    let shelf = shelf::shelf(app, &mut change, organisation).await?;
    let Some(row) = attempt::hold(&mut change, organisation, id, None).await? else {
        return Ok(());
    };
    let sat = row.attempt()?;
    if row.state != "open" || !sat.is_over(clock::stamp(clock::now())) {
        return Ok(());
    }
    let ended = sat.ends().as_microsecond();
    attempt::finish(app, &mut change, &shelf, &row, &sat, ended).await?;
    change.commit().await
}
