//! What the clock does by itself: rounds of a capability, one after the other, as long as the program
//! runs.

use crate::{App, Parts, error::Error};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};

/// Does something now and after each pause; `what` is said of it when it cannot be done.
pub(crate) fn every<R, F>(app: &App, pause: Duration, what: &'static str, round: R)
where
    R: Fn(App) -> F + Send + 'static,
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let parts: Weak<Parts> = Arc::downgrade(&app.0);
    tokio::spawn(rounds(parts, pause, what, move |parts| round(App(parts))));
}

async fn rounds<T, F>(of: Weak<T>, pause: Duration, what: &'static str, round: impl Fn(Arc<T>) -> F)
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let mut waits = false;
    while let Some(one) = of.upgrade() {
        // In a task of its own: a panic ends one round, and not all that would follow.
        match tokio::spawn(round(one)).await {
            Ok(Ok(())) => waits = false,
            // Said once, and not with every round while the same is amiss.
            Ok(Err(e)) if waits => tracing::debug!(error = ?e, what, "a round waits for the next"),
            Ok(Err(e)) => {
                waits = true;
                tracing::warn!(error = ?e, what, "a round waits for the next");
            }
            Err(e) => tracing::error!(error = %e, what, "a round ended in the middle"),
        }
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    #[tokio::test]
    async fn a_round_that_panics_is_followed_by_others_until_the_program_ends() {
        let count = Arc::new(AtomicU32::new(0));
        let round = |count: Arc<AtomicU32>| async move {
            match count.fetch_add(1, SeqCst) {
                0 => panic!("on purpose"),
                1 => Err(Error::NotFound),
                _ => Ok(()),
            }
        };
        let running =
            tokio::spawn(rounds(Arc::downgrade(&count), Duration::from_millis(1), "x", round));
        while count.load(SeqCst) < 4 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(count);
        running.await.unwrap();
    }
}
