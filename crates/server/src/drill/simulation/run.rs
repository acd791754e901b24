//! What runs now, the thread that runs it, and what is put back after the program ended under one.

use super::{COLUMNS, Row, State, end, subject, told};
use crate::{App, clock, drill::log, error::Error};
use hangtu_catalog::{Bilingual, key};
use hangtu_drill::simulate::{self, Drill, DrillResult, Phase, Plan, Progress, SimulateError};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long the program waits at its end for a simulation to put everything back.
const PATIENCE: Duration = Duration::from_secs(30);

/// A simulation while it runs.
#[derive(Debug)]
pub(super) struct Now {
    pub(super) organisation: String,
    pub(super) id: String,
    phase: AtomicU8,
    pub(super) changed: AtomicU64,
    pub(super) total: AtomicU64,
    directory: OnceLock<PathBuf>,
    stopped: AtomicBool,
}

/// Names of phases, in the texts and the API.
const PHASES: [&str; 6] =
    ["preparing", "backing-up", "running", "lingering", "restoring", "undoing"];

impl Now {
    pub(super) fn phase(&self) -> &'static str {
        PHASES.get(usize::from(self.phase.load(Ordering::Relaxed))).copied().unwrap_or("running")
    }

    fn hear(&self, told: Progress) {
        let at = match told.phase {
            Phase::BackingUp => 1,
            Phase::Running => 2,
            Phase::Lingering => 3,
            Phase::Restoring => 4,
            Phase::Undoing => 5,
        };
        self.phase.store(at, Ordering::Relaxed);
        self.changed.store(told.changed, Ordering::Relaxed);
        self.total.store(told.total, Ordering::Relaxed);
    }

    /// Its directory, once it is made.
    pub(super) fn directory(&self) -> Option<&Path> {
        self.directory.get().map(PathBuf::as_path)
    }

    /// Stops it. Blocks for a moment.
    pub(super) fn stop(&self) -> Result<(), SimulateError> {
        self.stopped.store(true, Ordering::SeqCst);
        self.directory().map_or(Ok(()), simulate::stop)
    }
}

/// What runs on this machine: at most one.
#[derive(Debug, Default)]
pub(in crate::drill) struct Running(Arc<Mutex<Option<Arc<Now>>>>);

/// The place of the one that runs; free again when this goes.
pub(super) struct Place {
    slot: Arc<Mutex<Option<Arc<Now>>>>,
    now: Arc<Now>,
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Running {
    /// Takes the place.
    pub(super) fn enter(&self, organisation: &str, id: &str) -> Result<Place, Error> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_some() {
            return Err(Error::conflict(key::SIMULATION_BUSY));
        }
        let now = Arc::new(Now {
            organisation: organisation.to_owned(),
            id: id.to_owned(),
            phase: AtomicU8::new(0),
            changed: AtomicU64::new(0),
            total: AtomicU64::new(0),
            directory: OnceLock::new(),
            stopped: AtomicBool::new(false),
        });
        *slot = Some(Arc::clone(&now));
        Ok(Place { slot: Arc::clone(&self.0), now })
    }

    /// The one that runs, where it is this organisation's.
    pub(super) fn of(&self, organisation: &str) -> Option<Arc<Now>> {
        let slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().filter(|now| now.organisation == organisation).cloned()
    }

    /// Stops what runs and waits until everything is put back.
    pub(in crate::drill) async fn end(&self) {
        let now = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(now) = now else { return };
        let stopped = tokio::task::spawn_blocking(move || now.stop()).await;
        if !matches!(stopped, Ok(Ok(()))) {
            tracing::error!("a simulation cannot be stopped");
        }
        let over = async {
            while self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let _ = tokio::time::timeout(PATIENCE, over).await;
    }
}

/// Runs it on a thread of its own: it blocks from beginning to end.
pub(super) fn spawn(app: &App, place: Place, plan: Plan) {
    let runtime = tokio::runtime::Handle::current();
    let app = app.clone();
    std::thread::spawn(move || {
        let outcome = attempt(&app, &runtime, &place.now, plan);
        runtime.block_on(async {
            // A full disk or a database that is away passes; what was measured must not.
            for _ in 0..10 {
                match end::end(&app, &place.now.organisation, &place.now.id, &outcome).await {
                    Ok(()) => return,
                    Err(e) => tracing::error!(error = ?e, "a simulation's end cannot be kept"),
                }
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        });
        drop(place);
    });
}

/// What came of it: a result, or why there is none.
pub(super) type Outcome = Result<DrillResult, Bilingual>;

fn attempt(app: &App, runtime: &tokio::runtime::Handle, now: &Now, plan: Plan) -> Outcome {
    let drill = Drill::prepare(plan).map_err(|e| told(&e))?;
    let directory = drill.directory().to_owned();
    now.total.store(drill.manifest().decoys.len() as u64, Ordering::Relaxed);
    // Known before anything is attacked: after a crash the next start puts it back.
    if let Err(e) = runtime.block_on(made(app, now, &directory)) {
        drop(drill);
        let _ = simulate::clean(&directory, true);
        tracing::error!(error = ?e, "a simulation is not begun");
        let why = [("why", "database".into())];
        return Err(Bilingual::message(key::SIMULATION_BROKE, &why));
    }
    let _ = now.directory.set(directory.clone());
    if now.stopped.load(Ordering::SeqCst) {
        let _ = simulate::stop(&directory);
    }
    drill.run(&mut |progress| now.hear(progress)).map_err(|e| told(&e))
}

async fn made(app: &App, now: &Now, directory: &Path) -> Result<(), Error> {
    let mut change = app.db.change(&log::system(&now.organisation)).await?;
    let directory = directory.display().to_string();
    sqlx::query("UPDATE simulation SET directory = $3 WHERE organisation = $1 AND id = $2")
        .bind(&now.organisation)
        .bind(&now.id)
        .bind(&directory)
        .execute(&mut *change)
        .await?;
    change.note("simulation.make", subject(&now.id), json!({ "directory": directory }));
    change.commit().await
}

/// What the program left when it ended under a simulation is put back; directories whose time is
/// over are cleared away.
pub(crate) async fn recover(app: &App) -> Result<(), Error> {
    let sql = format!("SELECT organisation, {COLUMNS} FROM simulation WHERE state = $1");
    let rows: Vec<Left> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(State::Running.word())
        .fetch_all(&mut *app.db.read().await?)
        .await?;
    for Left { organisation, row } in rows {
        let directory = PathBuf::from(&row.directory);
        let outcome = tokio::task::spawn_blocking(move || put_back(&directory)).await;
        match outcome.map_err(Error::internal)? {
            Some(result) => end::end(app, &organisation, &row.id, &Ok(result)).await?,
            None => broken_off(app, &organisation, &row).await?,
        }
    }
    let folders = app.config.drill_folders.clone();
    let swept = tokio::task::spawn_blocking(move || {
        for directory in folders.iter().flat_map(|f| simulate::expired(f).unwrap_or_default()) {
            put_back(&directory);
        }
    });
    swept.await.map_err(Error::internal)
}

#[derive(sqlx::FromRow)]
struct Left {
    organisation: String,
    #[sqlx(flatten)]
    row: Row,
}

/// Every byte as it was, and the directory gone; its result, where it had ended.
fn put_back(directory: &Path) -> Option<DrillResult> {
    if directory.as_os_str().is_empty() {
        return None;
    }
    if let Ok(Some(result)) = simulate::result(directory) {
        return Some(result);
    }
    let done = simulate::undo(directory).and_then(|_| simulate::clean(directory, false));
    if let Err(e) = done {
        tracing::error!(directory = %directory.display(), error = %e, "a simulation stays as it is");
    }
    None
}

async fn broken_off(app: &App, organisation: &str, row: &Row) -> Result<(), Error> {
    let mut change = app.db.change(&log::system(organisation)).await?;
    let why = Bilingual::message(key::SIMULATION_BROKEN_OFF, &[]);
    sqlx::query(
        "UPDATE simulation SET state = $3, ended = $4, error_zh = $5, error_en = $6 \
         WHERE organisation = $1 AND id = $2",
    )
    .bind(organisation)
    .bind(&row.id)
    .bind(State::BrokenOff.word())
    .bind(clock::now())
    .bind(why.zh.to_string())
    .bind(why.en.to_string())
    .execute(&mut *change)
    .await?;
    change.note("simulation.break-off", subject(&row.id), json!({ "directory": row.directory }));
    change.commit().await
}
