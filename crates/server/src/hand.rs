//! One hand that writes for many. What arrives while it writes goes into its next transaction, so that a
//! thousand who save at once cost no more commits than a few; each is told only when the commit that holds
//! theirs is durable.

use crate::{App, error::Error};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// Waiting jobs; more wait at the door.
const QUEUE: usize = 4096;
/// Jobs written at once.
const MOST: usize = 128;

struct Waiting<J, R> {
    job: J,
    told: oneshot::Sender<Result<R, Error>>,
}

/// The way to the hand.
pub(crate) struct Hand<J, R> {
    queue: mpsc::Sender<Waiting<J, R>>,
    taker: Mutex<Option<mpsc::Receiver<Waiting<J, R>>>>,
}

impl<J, R> Default for Hand<J, R> {
    fn default() -> Self {
        let (queue, taker) = mpsc::channel(QUEUE);
        Self { queue, taker: Mutex::new(Some(taker)) }
    }
}

impl<J: Send + 'static, R: Send + 'static> Hand<J, R> {
    /// Brings a job and waits until it is durable, or refused.
    pub(crate) async fn bring(&self, job: J) -> Result<R, Error> {
        let (told, hear) = oneshot::channel();
        let gone = || Error::internal("the hand that writes is gone");
        self.queue.send(Waiting { job, told }).await.map_err(|_| gone())?;
        hear.await.map_err(|_| gone())?
    }

    /// Begins to write, in the order of `key`; `write` says of each job what became of it.
    pub(crate) fn start<K, W, F>(&self, app: &App, key: fn(&J) -> K, write: W)
    where
        K: Ord + 'static,
        W: Fn(App, Vec<J>) -> F + Send + 'static,
        F: Future<Output = Result<Vec<Result<R, Error>>, Error>> + Send + 'static,
    {
        let taker = self.taker.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut taker) = taker else { return };
        let parts = Arc::downgrade(&app.0);
        tokio::spawn(async move {
            let mut waiting = Vec::new();
            while taker.recv_many(&mut waiting, MOST).await > 0 {
                let Some(parts) = parts.upgrade() else { return };
                waiting.sort_by_cached_key(|w: &Waiting<J, R>| key(&w.job));
                let (jobs, told): (Vec<J>, Vec<_>) =
                    waiting.drain(..).map(|w| (w.job, w.told)).unzip();
                // In a task of its own: a panic refuses these jobs, and not all that follow.
                let all = match tokio::spawn(write(App(parts), jobs)).await {
                    Ok(Ok(all)) => all,
                    Ok(Err(e)) => told.iter().map(|_| Err(e.clone())).collect(),
                    Err(e) => told.iter().map(|_| Err(Error::internal(&e))).collect(),
                };
                for (told, result) in told.into_iter().zip(all) {
                    // Who has gone meanwhile asks again.
                    let _ = told.send(result);
                }
            }
        });
    }
}
