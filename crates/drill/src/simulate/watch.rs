//! Watching a worker: what its journal says, in what state the system keeps it, and who ended it.

use super::{
    error::SimulateError,
    journal::{Ended, Line, now},
    manifest::{Manifest, STOP},
    profile::Labour,
    result::{End, Means},
};
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    fs::{self, File},
    io::Read,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    time::Duration,
};

/// One file's change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) began: u64,
    pub(crate) at: u64,
    pub(crate) bytes: u64,
}

/// Everything seen of a worker.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Both clocks at one moment.
    pub(crate) wall: Timestamp,
    pub(crate) monotonic: u64,
    /// None when the worker never began.
    pub(crate) uid: Option<u32>,
    pub(crate) landlock: String,
    pub(crate) changes: Vec<Change>,
    pub(crate) foreign: u64,
    pub(crate) refusals: Vec<u64>,
    pub(crate) end: End,
    pub(crate) contained: Option<(u64, Means)>,
}

/// A state in which a worker makes no progress, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pause {
    means: Means,
    since: u64,
}

/// A worker that is stopped or frozen for so long counts as contained, and is ended.
const HOLD: u64 = 1_000_000_000;
/// A worker that should have changed a file for so long, and did not. A busy disk takes seconds to
/// make a journal durable, which is no containment.
const STALL: u64 = 10_000_000_000;
/// After a stop a worker may finish its file.
const GRACE: u64 = 200_000_000;

pub(crate) struct Watch<'a> {
    child: Child,
    pid: Option<Pid>,
    manifest: &'a Manifest,
    mark: PathBuf,
    journal: File,
    part: Vec<u8>,
    seen: Seen,
    own_end: Option<(u64, Ended)>,
    /// The worker's last sign of life.
    last: u64,
    pause: Option<Pause>,
    stopped_at: Option<u64>,
    ours: bool,
    over: Option<(u64, ExitStatus)>,
    steps: u64,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(
        child: Child,
        manifest: &'a Manifest,
        state: &Path,
    ) -> Result<Self, SimulateError> {
        let path = state.join("journal.jsonl");
        let journal = File::open(&path).map_err(|e| SimulateError::io(&path, e))?;
        let seen = Seen {
            wall: Timestamp::now(),
            monotonic: now(),
            uid: None,
            landlock: String::new(),
            changes: Vec::new(),
            foreign: 0,
            refusals: Vec::new(),
            end: End::Ours,
            contained: None,
        };
        Ok(Self {
            pid: i32::try_from(child.id()).ok().and_then(Pid::from_raw),
            child,
            manifest,
            mark: state.join(STOP),
            journal,
            part: Vec::new(),
            last: seen.monotonic,
            seen,
            own_end: None,
            pause: None,
            stopped_at: None,
            ours: false,
            over: None,
            steps: 0,
        })
    }

    pub(crate) fn changed(&self) -> u64 {
        self.seen.changes.len() as u64
    }

    /// Looks once; true when the worker is gone.
    pub(crate) fn step(&mut self) -> bool {
        let at = now();
        if let Ok(Some(status)) = self.child.try_wait() {
            // Children of a worker that was killed die with it; what they wrote is there.
            self.end_group();
            self.over = Some((at, status));
            self.read();
            return true;
        }
        self.read();
        self.steps += 1;
        self.judge(at);
        false
    }

    fn read(&mut self) {
        let mut bytes = Vec::new();
        let _ = self.journal.read_to_end(&mut bytes);
        self.part.append(&mut bytes);
        let Some(end) = self.part.iter().rposition(|b| *b == b'\n') else { return };
        let rest = self.part.split_off(end + 1);
        let whole = std::mem::replace(&mut self.part, rest);
        for line in super::journal::lines(&whole) {
            self.take(line);
        }
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Begin { at, uid, landlock } => {
                self.seen.uid = Some(uid);
                self.seen.landlock = landlock;
                self.last = at;
            }
            Line::Intend { at, .. } => self.last = at,
            Line::Done { began, at, bytes, .. } => {
                self.seen.changes.push(Change { began, at, bytes });
                self.last = at;
            }
            Line::Blocked { at, .. } => {
                self.seen.refusals.push(at);
                self.last = at;
            }
            Line::Foreign { at, .. } => {
                self.seen.foreign += 1;
                self.last = at;
            }
            Line::End { at, why } => self.own_end = Some((at, why)),
        }
    }

    /// What the system says of the worker, and what the drill itself must end.
    fn judge(&mut self, at: u64) {
        if self.stopped_at.is_none() && self.mark.exists() {
            self.stopped_at = Some(at);
        }
        if self.stopped_at.is_some_and(|since| at - since > GRACE) {
            self.contain(self.stopped_at.unwrap_or(at), Means::StopCommand);
            return self.kill();
        }
        let budget = Duration::from_secs(self.manifest.budget.seconds.saturating_add(2));
        if at - self.seen.monotonic > budget.as_nanos() as u64
            || Timestamp::now() > self.manifest.expires
        {
            return self.kill();
        }
        // Before it began there is nothing to contain.
        if self.seen.uid.is_none() {
            return;
        }
        match self.halted() {
            Some(means) => {
                let since = self.pause.filter(|p| p.means == means).map_or(at, |p| p.since);
                self.pause = Some(Pause { means, since });
                if at - since >= HOLD {
                    self.contain(since, means);
                    self.kill();
                }
            }
            None => self.pause = None,
        }
        let turn = self.manifest.profile.rate.map_or(0.0, |rate| 3.0 / rate) * 1e9;
        if self.own_end.is_none() && at.saturating_sub(self.last) > STALL + turn as u64 {
            self.contain(self.last, Means::Held);
            self.kill();
        }
    }

    fn halted(&self) -> Option<Means> {
        let pid = self.child.id();
        let stopped = |pid: u32| matches!(state(pid), Some('T' | 't'));
        let mut all = vec![pid];
        if self.manifest.profile.labour == Labour::Fork {
            let children = format!("/proc/{pid}/task/{pid}/children");
            let children = fs::read_to_string(children).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|c| c.parse::<u32>().ok()));
        }
        if all.into_iter().any(stopped) {
            return Some(Means::Stopped);
        }
        // The state of a group is read less often: it is three files.
        (self.steps.is_multiple_of(8) || self.pause.is_some_and(|p| p.means == Means::Frozen))
            .then(|| frozen(pid))
            .filter(|frozen| *frozen)
            .map(|_| Means::Frozen)
    }

    fn contain(&mut self, at: u64, means: Means) {
        self.seen.contained.get_or_insert((at, means));
    }

    fn kill(&mut self) {
        self.ours = true;
        self.end_group();
        let _ = self.child.kill();
    }

    /// Ends the worker's group, which is its own.
    fn end_group(&self) {
        if let Some(pid) = self.pid {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }

    /// What was seen, once the worker is gone.
    pub(crate) fn finish(mut self) -> Seen {
        let Some((at, status)) = self.over else { return self.seen };
        self.seen.end = match (self.own_end, status.signal(), status.code()) {
            (Some((_, why)), ..) => End::Own { why },
            _ if self.ours => End::Ours,
            (None, Some(number), _) => End::Signal { number },
            (None, None, code) => End::Broken { code: code.unwrap_or(-1) },
        };
        match self.seen.end {
            End::Own { why: Ended::Blocked } => {
                // From the first of the refusals that nothing interrupted.
                let last_change = self.seen.changes.iter().map(|c| c.at).max().unwrap_or(0);
                let first = self.seen.refusals.iter().copied().find(|r| *r > last_change);
                self.contain(first.unwrap_or(at), Means::Refused);
            }
            End::Own { why: Ended::Stopped } => {
                let end = self.own_end.map_or(at, |(at, _)| at);
                self.contain(self.stopped_at.map_or(end, |s| s.min(end)), Means::StopCommand);
            }
            // A killed worker made its last sign of life before it was killed, and was found dead
            // within a few milliseconds.
            End::Signal { .. } if self.seen.uid.is_some() => self.contain(at, Means::Killed),
            _ => {}
        }
        self.seen
    }
}

/// The state letter of a process.
fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// Whether a process is in a frozen group: of cgroup v2, or of the older freezer.
fn frozen(pid: u32) -> bool {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    groups.lines().any(|line| {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(kind), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        let path = path.trim_start_matches('/');
        if kind.is_empty() {
            let says = |base: &str| {
                fs::read_to_string(Path::new(base).join(path).join("cgroup.events"))
                    .is_ok_and(|text| text.lines().any(|l| l == "frozen 1"))
            };
            says("/sys/fs/cgroup") || says("/sys/fs/cgroup/unified")
        } else if kind.split(',').any(|k| k == "freezer") {
            fs::read_to_string(Path::new("/sys/fs/cgroup/freezer").join(path).join("freezer.state"))
                .is_ok_and(|text| text.trim() == "FROZEN")
        } else {
            false
        }
    })
}
