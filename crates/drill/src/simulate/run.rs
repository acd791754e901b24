//! Running a drill: backup, worker, clock, restore, undo; and the result of all that.

use super::{
    detect::{Detection, Doors},
    error::SimulateError,
    journal::now,
    manifest::{Manifest, STOP, absolute, write_durably},
    measure,
    place::{beneath, directory},
    prepare::{Decoys, make},
    recover::{self, Program, Recover},
    result::{Amount, DrillResult, End, RESULT_SCHEMA, Verdict, Worker},
    undo::{self, lock},
    watch::{Seen, Watch},
};
use jiff::Timestamp;
use rustix::fs::{Mode, OFlags};
use std::{
    fs::{self, File},
    net::SocketAddr,
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A drill to be made and run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is made.
    pub decoys: Decoys,
    /// The worker's program.
    pub worker: Program,
    /// Where detections come in, beside a person's button.
    pub doors: Doors,
    /// How long to wait for a first detection once the attack has ended.
    pub linger: Duration,
    /// Backup and restore.
    pub recover: Recover,
    /// Whether the drill puts everything back when it is over.
    pub undo: bool,
    /// Whether it then clears its directory away.
    pub clean: bool,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The site's backup command runs.
    BackingUp,
    /// The worker changes decoys.
    Running,
    /// The worker has ended; a first detection is waited for.
    Lingering,
    /// The site's restore command runs.
    Restoring,
    /// Everything is put back.
    Undoing,
}

/// What an observer is told, many times a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where the run stands.
    pub phase: Phase,
    /// Files changed so far.
    pub changed: u64,
    /// Decoys there are.
    pub total: u64,
}

/// A drill that was made: its decoys lie there, and nothing has touched them.
#[derive(Debug)]
pub struct Drill {
    plan: Plan,
    manifest: Manifest,
    state: PathBuf,
    doors: super::detect::Open,
    /// Held until the drill is over; its worker holds the same lock.
    journal: File,
}

impl Drill {
    /// Makes the directory, the decoys, the key and the manifest, and opens the doors.
    pub fn prepare(plan: Plan) -> Result<Self, SimulateError> {
        let made = make(&plan.decoys)?;
        let begin = || {
            let journal = lock(&made.manifest)?;
            Ok((journal, plan.doors.open(&made.manifest.root)?))
        };
        match begin() {
            Ok((journal, doors)) => {
                Ok(Self { plan, manifest: made.manifest, state: made.state, doors, journal })
            }
            Err(e) => {
                let _ = undo::clean_locked(&made.manifest, true);
                Err(e)
            }
        }
    }

    /// The drill's directory.
    pub fn directory(&self) -> &Path {
        &self.manifest.root
    }

    /// What was made.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where syslog messages are received.
    pub fn syslog(&self) -> Option<SocketAddr> {
        self.doors.syslog
    }

    /// Runs the drill to its end. Whatever happens to the worker, what was asked to be put back and
    /// cleared away is; an error says that this could not be done or that the worker did not begin.
    pub fn run(self, observe: &mut dyn FnMut(Progress)) -> Result<DrillResult, SimulateError> {
        let total = self.manifest.decoys.len() as u64;
        let mut tell = |phase, changed| observe(Progress { phase, changed, total });
        let started = Timestamp::now();

        tell(Phase::BackingUp, 0);
        let backed_up = self.plan.recover.backup.is_some().then(now);
        let ran = recover::back_up(&self.plan.recover, &self.manifest, &self.state);
        let mut backup = recover::judge(&self.plan.recover, &self.manifest, &self.plan.worker, ran);

        let ended = self.attack(&mut |changed| tell(Phase::Running, changed));
        let seen = match ended {
            Ok(seen) => seen,
            Err(e) => {
                // Nothing was changed, so there is nothing to tell of it.
                if self.give_back()?.1.is_some() {
                    undo::clean_locked(&self.manifest, true)?;
                }
                return Err(e);
            }
        };
        let changed = seen.changes.len() as u64;
        self.linger(&mut || tell(Phase::Lingering, changed), &seen)?;

        tell(Phase::Restoring, changed);
        let detections = Detection::read(&self.manifest.root)?;
        let clock = measure::Clock::of(&seen);
        let age = match (backed_up, clock.first) {
            (Some(at), Some(first)) if backup.exists == Verdict::Passed => {
                Some(first.saturating_sub(at) as f64 / 1e9)
            }
            _ => None,
        };
        let recovery = recover::restore(&self.plan.recover, &self.manifest, &self.state, age);
        recover::conclude(&mut backup, &recovery);

        tell(Phase::Undoing, changed);
        let (undone, cleaned) = self.give_back()?;
        let result = DrillResult {
            schema: RESULT_SCHEMA.into(),
            id: self.manifest.id.clone(),
            directory: self.manifest.root.clone(),
            program: env!("CARGO_PKG_VERSION").into(),
            profile: self.manifest.profile.id.clone(),
            rate_asked: self.manifest.profile.rate,
            seed: self.manifest.seed,
            started,
            ended: Timestamp::now(),
            decoys: Amount { files: total, bytes: self.manifest.bytes() },
            worker: Worker {
                uid: seen.uid.unwrap_or(0),
                landlock: seen.landlock.clone(),
                end: seen.end,
            },
            attack: measure::attack(&seen, &clock),
            detection: measure::detection(&seen, &clock, &detections, self.plan.doors.any()),
            containment: measure::containment(&seen, &clock),
            backup,
            recovery,
            undone,
            cleaned,
        };
        let bytes = serde_json::to_vec_pretty(&result).unwrap_or_default();
        write_durably(&self.state.join("result.json"), &bytes)?;
        Ok(result)
    }

    fn give_back(&self) -> Result<(Option<undo::Undone>, Option<undo::Cleaned>), SimulateError> {
        if !self.plan.undo {
            return Ok((None, None));
        }
        let undone = undo::undo_locked(&self.manifest)?;
        let clean = self.plan.clean && undone.whole();
        let cleaned = clean.then(|| undo::clean_locked(&self.manifest, false)).transpose()?;
        Ok((Some(undone), cleaned))
    }

    fn spawn(&self) -> Result<Child, SimulateError> {
        let path = self.state.join("manifest.json");
        let manifest = File::open(&path).map_err(|e| SimulateError::io(&path, e))?;
        let path = self.state.join("worker.log");
        let log = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(|e| SimulateError::io(&path, e))?;
        let journal = self.journal.try_clone().map_err(|e| SimulateError::io(&self.state, e))?;
        Command::new(&self.plan.worker.path)
            .args(&self.plan.worker.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(manifest))
            .stdout(Stdio::from(journal))
            .stderr(Stdio::from(log))
            .process_group(0)
            .spawn()
            .map_err(|e| SimulateError::io(&self.plan.worker.path, e))
    }

    /// Starts the worker and watches it until it is gone.
    fn attack(&self, changed: &mut dyn FnMut(u64)) -> Result<Seen, SimulateError> {
        let child = self.spawn()?;
        let mut watch = Watch::new(child, &self.manifest, &self.state)?;
        while !watch.step() {
            changed(watch.changed());
            thread::sleep(Duration::from_millis(4));
        }
        let seen = watch.finish();
        if seen.uid.is_none() {
            let said = fs::read_to_string(self.state.join("worker.log")).unwrap_or_default();
            let said = said.trim().to_owned();
            return Err(match seen.end {
                End::Broken { code: 20 } => SimulateError::Unconfined(said),
                _ => SimulateError::Worker(said),
            });
        }
        Ok(seen)
    }

    fn linger(&self, tell: &mut dyn FnMut(), seen: &Seen) -> Result<(), SimulateError> {
        let began = Instant::now();
        let first = measure::Clock::of(seen).first;
        while began.elapsed() < self.plan.linger && Timestamp::now() < self.manifest.expires {
            let noticed = Detection::read(&self.manifest.root)?
                .iter()
                .any(|d| first.is_some_and(|first| d.monotonic >= first));
            if noticed || self.state.join(STOP).exists() {
                break;
            }
            tell();
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

/// Stops a drill: its worker ends before the next file, or is ended within a fifth of a second.
pub fn stop(dir: &Path) -> Result<(), SimulateError> {
    let manifest = Manifest::read(dir)?;
    // For whoever runs the drill; it may be waiting for a worker that no longer answers.
    let mark = Manifest::state_of(&manifest.root).join(STOP);
    File::create(&mark).map_err(|e| SimulateError::io(&mark, e))?;
    // For the worker itself, in case nobody runs the drill any more.
    let root = manifest.open_root()?;
    let flags = OFlags::WRONLY | OFlags::CREATE;
    match beneath(&root.fd, STOP, flags, Mode::RUSR | Mode::WUSR) {
        Ok(_) => Ok(()),
        Err(e) => Err(SimulateError::io(root.path.join(STOP), e)),
    }
}

/// What a run measured, once it is over.
pub fn result(dir: &Path) -> Result<Option<DrillResult>, SimulateError> {
    let path = Manifest::state_of(&absolute(dir)?).join("result.json");
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| {
            SimulateError::io(&path, std::io::Error::new(std::io::ErrorKind::InvalidData, e))
        }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(SimulateError::io(&path, e)),
    }
}

/// Drills below a folder whose time is over and which nobody runs, and which were not cleared away:
/// to be undone and cleared by whoever finds them.
pub fn expired(parent: &Path) -> Result<Vec<PathBuf>, SimulateError> {
    directory(parent).map_err(|e| SimulateError::io(parent, e))?;
    let entries = fs::read_dir(parent).map_err(|e| SimulateError::io(parent, e))?;
    let now = Timestamp::now();
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|e| e.file_name().to_string_lossy().starts_with("hangtu-drill-"))
        .map(|e| e.path())
        .filter(|path| {
            Manifest::read(path).is_ok_and(|manifest| {
                manifest.expires <= now && manifest.open_root().is_ok() && lock(&manifest).is_ok()
            })
        })
        .collect();
    found.sort();
    Ok(found)
}
