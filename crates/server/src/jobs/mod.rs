//! Work that takes longer than a request: queued in the store, run one after the other, told of
//! while it runs, cancelled when asked, and begun again after a restart.

use crate::{
    App,
    auth::new_id,
    clock,
    db::{Actor, Change},
    error::Error,
};
use futures_util::future::BoxFuture;
use serde_json::json;
use sqlx::FromRow;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// A job that was begun this often and never ended is given up: it may be what stops the program.
const ATTEMPTS: i64 = 3;

/// A job as its runner sees it.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) organisation: String,
    pub(crate) kind: String,
    /// The row it works for, e.g. `run/0198…`.
    pub(crate) subject: String,
    pub(crate) attempts: i64,
}

/// How a runner ended when nothing broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Done,
    /// Somebody asked for it.
    Cancelled,
}

/// Does a kind of job. It runs apart from requests and may block only in `spawn_blocking`.
pub(crate) type Runner = fn(App, Job, Arc<Progress>) -> BoxFuture<'static, Result<Ending, Error>>;

/// Which runner does which kind.
static RUNNERS: &[(&str, Runner)] = &[("examine", crate::examine::runner)];

/// How far a running job has come; written by its runner, read by whoever looks.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) started: Instant,
    /// Bytes done and to do.
    pub(crate) bytes: AtomicU64,
    pub(crate) total: AtomicU64,
    pub(crate) records: AtomicU64,
    pub(crate) findings: AtomicU64,
    cancelled: AtomicBool,
    stopping: AtomicBool,
}

impl Progress {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            bytes: AtomicU64::new(0),
            total: AtomicU64::new(0),
            records: AtomicU64::new(0),
            findings: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
        }
    }

    /// Whether the runner should end soon.
    pub(crate) fn ends(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || self.stopping.load(Ordering::Relaxed)
    }

    /// Seconds until it will be done at this rate; absent while that cannot be said.
    pub(crate) fn seconds_left(&self) -> Option<u64> {
        let (done, total) =
            (self.bytes.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed));
        let spent = self.started.elapsed().as_secs_f64();
        (done > 0 && spent > 0.5 && total >= done)
            .then(|| ((total - done) as f64 * spent / done as f64).ceil() as u64)
    }
}

/// The queue's memory: what runs now.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    running: Mutex<HashMap<String, Arc<Progress>>>,
    wake: Notify,
    idle: Notify,
    stopping: AtomicBool,
}

impl Jobs {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Progress>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far a job has come, while it runs.
    pub(crate) fn progress(&self, id: &str) -> Option<Arc<Progress>> {
        self.lock().get(id).cloned()
    }

    /// Something was queued and committed.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }
}

/// Queues a job within a change; call [`Jobs::wake`] after the commit.
pub(crate) async fn queue(
    change: &mut Change,
    kind: &'static str,
    subject: &str,
) -> Result<String, Error> {
    let id = new_id();
    sqlx::query(
        "INSERT INTO job (id, organisation, person, kind, subject, state, created) \
         VALUES ($1, $2, $3, $4, $5, 'queued', $6)",
    )
    .bind(&id)
    .bind(change.organisation().to_owned())
    .bind(change.actor().id.clone())
    .bind(kind)
    .bind(subject)
    .bind(clock::now())
    .execute(&mut **change)
    .await?;
    change.note("job.queue", subject, json!({ "job": id, "kind": kind }));
    Ok(id)
}

/// How many jobs of an organisation wait or run.
pub(crate) async fn unfinished(
    connection: &mut sqlx::AnyConnection,
    organisation: &str,
) -> Result<i64, Error> {
    let (n,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM job WHERE organisation = $1 AND state IN ('queued', 'running')",
    )
    .bind(organisation)
    .fetch_one(connection)
    .await?;
    Ok(n)
}

/// Asks a job of an organisation to end: a queued one at once, a running one soon.
pub(crate) async fn cancel(app: &App, change: &mut Change, id: &str) -> Result<(), Error> {
    let organisation = change.organisation().to_owned();
    let state: Option<(String, String)> =
        sqlx::query_as("SELECT state, subject FROM job WHERE id = $1 AND organisation = $2")
            .bind(id)
            .bind(&organisation)
            .fetch_optional(&mut **change)
            .await?;
    let (state, subject) = state.ok_or(Error::NotFound)?;
    match state.as_str() {
        "queued" => set(change, id, "cancelled", "").await?,
        "running" => {
            if let Some(progress) = app.jobs.progress(id) {
                progress.cancelled.store(true, Ordering::Relaxed);
            }
        }
        _ => return Err(Error::conflict(hangtu_catalog::key::JOB_OVER)),
    }
    change.note("job.cancel", subject, json!({ "job": id }));
    Ok(())
}

/// How a job of an organisation stands: `queued`, `running`, `done`, `failed` or `cancelled`.
pub(crate) async fn state(
    connection: &mut sqlx::AnyConnection,
    organisation: &str,
    id: &str,
) -> Result<String, Error> {
    let state: Option<(String,)> =
        sqlx::query_as("SELECT state FROM job WHERE id = $1 AND organisation = $2")
            .bind(id)
            .bind(organisation)
            .fetch_optional(connection)
            .await?;
    Ok(state.ok_or(Error::NotFound)?.0)
}

async fn set(change: &mut Change, id: &str, state: &str, error: &str) -> Result<(), Error> {
    let finished = (!matches!(state, "queued" | "running")).then(clock::now);
    sqlx::query("UPDATE job SET state = $2, error = $3, finished = $4 WHERE id = $1")
        .bind(id)
        .bind(state)
        .bind(error)
        .bind(finished)
        .execute(&mut **change)
        .await?;
    Ok(())
}

/// Puts back what an earlier process left running, and starts to work.
pub(crate) async fn start(app: &App) -> Result<(), Error> {
    let left: Vec<Job> = sqlx::query_as(
        "SELECT id, organisation, kind, subject, attempts FROM job WHERE state = 'running'",
    )
    .fetch_all(&mut *app.db.read().await?)
    .await?;
    for job in left {
        let mut change = app.db.change(&Actor::system(&job.organisation)).await?;
        let (state, error) =
            if job.attempts >= ATTEMPTS { ("failed", "attempts") } else { ("queued", "") };
        set(&mut change, &job.id, state, error).await?;
        change.note("job.resume", job.subject, json!({ "job": job.id, "state": state }));
        change.commit().await?;
    }
    let app = app.clone();
    tokio::spawn(async move {
        while !app.jobs.stopping.load(Ordering::Relaxed) {
            match next(&app).await {
                Ok(true) => {}
                Ok(false) => {
                    // A missed call costs half a minute, not a job.
                    let _ = tokio::time::timeout(Duration::from_secs(30), app.jobs.wake.notified())
                        .await;
                }
                Err(e) => {
                    tracing::error!(error = ?e, "jobs wait");
                    tokio::time::sleep(Duration::from_secs(5)).await;
                }
            }
        }
        app.jobs.idle.notify_one();
    });
    Ok(())
}

/// Lets the running job end or puts it back; it is begun again at the next start.
pub(crate) async fn stop(app: &App) {
    app.jobs.stopping.store(true, Ordering::Relaxed);
    for progress in app.jobs.lock().values() {
        progress.stopping.store(true, Ordering::Relaxed);
    }
    app.jobs.wake();
    let _ = tokio::time::timeout(Duration::from_secs(20), app.jobs.idle.notified()).await;
}

/// Does the oldest job that waits; says whether there was one.
async fn next(app: &App) -> Result<bool, Error> {
    let job: Option<Job> = sqlx::query_as(
        "SELECT id, organisation, kind, subject, attempts FROM job \
         WHERE state = 'queued' ORDER BY created, id LIMIT 1",
    )
    .fetch_optional(&mut *app.db.read().await?)
    .await?;
    let Some(job) = job else { return Ok(false) };
    let system = Actor::system(&job.organisation);
    let mut change = app.db.change(&system).await?;
    let taken = sqlx::query(
        "UPDATE job SET state = 'running', attempts = attempts + 1, started = $2 \
         WHERE id = $1 AND state = 'queued'",
    )
    .bind(&job.id)
    .bind(clock::now())
    .execute(&mut *change)
    .await?;
    if taken.rows_affected() == 0 {
        return Ok(true);
    }
    change.note("job.start", job.subject.clone(), json!({ "job": job.id }));
    change.commit().await?;
    let progress = Arc::new(Progress::new());
    app.jobs.lock().insert(job.id.clone(), Arc::clone(&progress));
    let ended = match RUNNERS.iter().find(|(kind, _)| *kind == job.kind) {
        // In a task of its own: a runner that panics fails its job and no other.
        Some((_, runner)) => {
            match tokio::spawn(runner(app.clone(), job.clone(), Arc::clone(&progress))).await {
                Ok(ended) => ended,
                Err(e) => Err(e
                    .try_into_panic()
                    .map_or_else(Error::internal, |why| Error::panicked(&*why))),
            }
        }
        None => Err(Error::internal(format!("no runner for {}", job.kind))),
    };
    app.jobs.lock().remove(&job.id);
    let mut change = app.db.change(&system).await?;
    let (state, error) = match ended {
        Ok(Ending::Done) => ("done", String::new()),
        Ok(Ending::Cancelled) if progress.stopping.load(Ordering::Relaxed) => {
            ("queued", String::new())
        }
        Ok(Ending::Cancelled) => ("cancelled", String::new()),
        Err(e) => ("failed", format!("{e:?}")),
    };
    set(&mut change, &job.id, state, &error).await?;
    change.note("job.end", job.subject.clone(), json!({ "job": job.id, "state": state }));
    change.commit().await?;
    Ok(true)
}
