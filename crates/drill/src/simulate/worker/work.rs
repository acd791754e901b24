//! The order of the work: batches of intentions, a rate, budgets, and everything that ends it.

use super::{
    fault::{Cut, Fault},
    fork,
    transform::transform,
};
use crate::simulate::{
    handle::Denied,
    journal::{Ended, Journal, Line, now},
    manifest::{Manifest, NOTE, STOP},
    place::{Identity, beneath, folder, look},
    profile::{Labour, Notes, Order},
};
use rustix::{
    fs::{Mode, OFlags, fstat},
    io::Errno,
};
use std::{
    fs::File,
    io::Write,
    os::fd::{AsFd, OwnedFd},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Files named by one durable line of intentions, at most.
const BATCH: u64 = 32;
/// Refusals in a row after which the worker takes itself for contained.
const REFUSALS: u64 = 8;
/// A child's answer when what it found was not the decoy; other answers are error numbers.
const FOREIGN: u8 = 254;
/// A child's answer when it was to crash.
const CRASHED: u8 = 255;

/// Why the work cannot go on, other than by [`Ended`].
#[derive(Debug)]
pub(crate) enum Broken {
    /// The journal takes no more lines.
    Journal,
    /// A crash a test asked for.
    Crash,
}

impl From<std::io::Error> for Broken {
    fn from(_: std::io::Error) -> Self {
        Self::Journal
    }
}

/// One worker's work.
pub(crate) struct Session<'a> {
    manifest: &'a Manifest,
    root: OwnedFd,
    book: Mutex<Book>,
    /// Positions into the manifest's decoys, in the order of the work.
    order: Vec<u32>,
    next: AtomicU64,
    bytes: AtomicU64,
    refusals: AtomicU64,
    started: Instant,
    fault: Fault,
}

/// The journal and how far it has said what is intended.
struct Book {
    journal: Journal,
    intended: u64,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        manifest: &'a Manifest,
        root: OwnedFd,
        journal: Journal,
        fault: Fault,
    ) -> Self {
        let mut order: Vec<u32> = (0..manifest.decoys.len() as u32).collect();
        if manifest.profile.order == Order::BackupsFirst {
            order.sort_by_key(|at| !manifest.decoys[*at as usize].backup);
        }
        Self {
            manifest,
            root,
            book: Mutex::new(Book { journal, intended: 0 }),
            order,
            next: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            refusals: AtomicU64::new(0),
            started: Instant::now(),
            fault,
        }
    }

    /// Works until something ends it.
    pub(crate) fn run(&self) -> Result<Ended, Broken> {
        let first = self.manifest.profile.notes == Notes::First;
        if first {
            self.notes()?;
        }
        let ended = match self.manifest.profile.labour {
            Labour::Threads(count) => thread::scope(|scope| {
                let hands: Vec<_> = (0..count).map(|_| scope.spawn(|| self.work())).collect();
                let mut worst = Ok(Ended::Finished);
                for hand in hands {
                    match hand.join().unwrap_or(Err(Broken::Journal)) {
                        Ok(Ended::Finished) => {}
                        other if worst.is_ok() => worst = other,
                        _ => {}
                    }
                }
                worst
            })?,
            Labour::One | Labour::Fork => self.work()?,
        };
        if !first && ended != Ended::Stopped {
            self.notes()?;
        }
        self.add(&Line::End { at: now(), why: ended })?;
        self.book().journal.sync()?;
        Ok(ended)
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &Line) -> Result<(), Broken> {
        Ok(self.book().journal.add(line)?)
    }

    fn work(&self) -> Result<Ended, Broken> {
        loop {
            let turn = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(decoy) = self.order.get(turn as usize).copied() else {
                return Ok(Ended::Finished);
            };
            if let Some(ended) = self.wait(turn).or_else(|| self.spent(turn, decoy)) {
                return Ok(ended);
            }
            self.intend(turn)?;
            self.point()?;
            self.change(decoy)?;
            self.point()?;
            if self.refusals.load(Ordering::Relaxed) >= REFUSALS {
                return Ok(Ended::Blocked);
            }
        }
    }

    fn point(&self) -> Result<(), Broken> {
        self.fault.point().map_err(|_| Broken::Crash)
    }

    /// Waits for this file's turn at the profile's rate.
    fn wait(&self, turn: u64) -> Option<Ended> {
        loop {
            if look(&self.root, STOP).is_ok() {
                return Some(Ended::Stopped);
            }
            let elapsed = self.started.elapsed();
            let over = elapsed.as_secs_f64() >= self.manifest.budget.seconds as f64;
            if over || jiff::Timestamp::now() >= self.manifest.expires {
                return Some(Ended::Seconds);
            }
            let due = self.manifest.profile.rate.map_or(0.0, |rate| turn as f64 / rate);
            let left = due - elapsed.as_secs_f64();
            if left <= 0.0 {
                return None;
            }
            // Short naps, so that a stop is heard soon.
            thread::sleep(Duration::from_secs_f64(left.min(0.05)));
        }
    }

    /// Whether this file would be more than the budget allows.
    fn spent(&self, turn: u64, decoy: u32) -> Option<Ended> {
        let budget = self.manifest.budget;
        if turn >= budget.files {
            return Some(Ended::Files);
        }
        let size = self.manifest.decoys[decoy as usize].size;
        let bytes = self.bytes.fetch_add(size, Ordering::Relaxed).saturating_add(size);
        (bytes > budget.bytes).then_some(Ended::Bytes)
    }

    /// Says, durably, that this file and some after it are about to be changed.
    fn intend(&self, turn: u64) -> Result<(), Broken> {
        let mut book = self.book();
        if turn < book.intended {
            return Ok(());
        }
        // A slow worker says little ahead, so that the journal tells when it meant what.
        let ahead = self.manifest.profile.rate.map_or(BATCH, |r| (r as u64).clamp(1, BATCH));
        let to = (turn + ahead).min(self.order.len() as u64);
        self.point()?;
        // From where it was said so far: another thread may be a turn behind.
        let line = Line::Intend { at: now(), from: book.intended as u32, to: to as u32 };
        book.journal.add(&line)?;
        self.point()?;
        book.journal.sync()?;
        book.intended = to;
        Ok(())
    }

    fn change(&self, decoy: u32) -> Result<(), Broken> {
        let entry = &self.manifest.decoys[decoy as usize];
        let began = now();
        let change = || transform(self.root.as_fd(), self.manifest, entry, &self.fault);
        let changed = if self.manifest.profile.labour == Labour::Fork {
            let answer = fork::in_child(|| match change() {
                Ok(_) => 0,
                Err(Cut::Denied(Denied::Errno(e))) => (e.raw_os_error() as u8).min(FOREIGN - 1),
                Err(Cut::Denied(Denied::Foreign)) => FOREIGN,
                Err(Cut::Crash) => CRASHED,
            });
            match answer {
                Ok(Some(0)) => Ok(entry.size),
                Ok(Some(CRASHED)) => Err(Cut::Crash),
                Ok(Some(FOREIGN)) => Err(Denied::Foreign.into()),
                Ok(Some(e)) => Err(Denied::Errno(Errno::from_raw_os_error(e.into())).into()),
                // Somebody killed the child: this file was taken from us.
                Ok(None) => Err(Denied::Errno(Errno::PERM).into()),
                Err(e) => Err(Denied::Errno(e).into()),
            }
        } else {
            change()
        };
        let at = now();
        let line = match changed {
            Ok(bytes) => {
                self.refusals.store(0, Ordering::Relaxed);
                Line::Done { began, at, decoy, bytes }
            }
            Err(Cut::Crash) => return Err(Broken::Crash),
            Err(Cut::Denied(Denied::Foreign)) => Line::Foreign { at, decoy },
            Err(Cut::Denied(Denied::Errno(e))) => {
                self.refusals.fetch_add(1, Ordering::Relaxed);
                Line::Blocked { at, decoy, errno: e.raw_os_error() }
            }
        };
        self.add(&line)
    }

    /// Leaves the note in every folder that is still ours; where somebody refuses, there is none.
    fn notes(&self) -> Result<(), Broken> {
        let text = self.manifest.note();
        for place in &self.manifest.folders {
            self.point()?;
            let leave = || -> Result<(), Denied> {
                let folder = folder(&self.root, &place.path)?;
                if Identity::of(&fstat(&folder)?) != place.identity {
                    return Err(Denied::Foreign);
                }
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
                let note = beneath(&folder, NOTE, flags, Mode::RUSR | Mode::WUSR)?;
                Ok(File::from(note).write_all(text.as_bytes())?)
            };
            let _ = leave();
        }
        Ok(())
    }
}
