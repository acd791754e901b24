//! What a run measured (`result.json`; docs/drill.md describes each field).

use super::{
    detect::Source,
    journal::Ended,
    undo::{Cleaned, Undone},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The form of a result.
pub const RESULT_SCHEMA: &str = "hangtu.drill.result/1";

/// How one part of a drill came out. What was not tried, what does not apply and what failed are
/// three things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was tried and held.
    Passed,
    /// It was tried and did not hold.
    Failed,
    /// Nobody tried.
    NotAttempted,
    /// It has no meaning in this run.
    NotApplicable,
}

/// A run's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillResult {
    /// [`RESULT_SCHEMA`].
    pub schema: String,
    /// The drill.
    pub id: String,
    /// Its directory.
    pub directory: PathBuf,
    /// The version of the program.
    pub program: String,
    /// The profile's id.
    pub profile: String,
    /// Files a second that were asked for; none for as many as can be.
    pub rate_asked: Option<f64>,
    /// What the decoys were drawn from.
    pub seed: u64,
    /// When the run began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What was there to be attacked.
    pub decoys: Amount,
    /// The worker.
    pub worker: Worker,
    /// What it did.
    pub attack: Attack,
    /// Who noticed, and when.
    pub detection: Detected,
    /// Who stopped it, and when.
    pub containment: Contained,
    /// The backup made before.
    pub backup: Backup,
    /// What came back from it.
    pub recovery: Recovery,
    /// Putting back by the drill itself; none when it was asked to leave things as they are.
    pub undone: Option<Undone>,
    /// Clearing away; none when it was asked to leave things as they are.
    pub cleaned: Option<Cleaned>,
}

/// What a simulation puts to the test, each by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// Was it noticed.
    Detection,
    /// Was it stopped.
    Containment,
    /// Is there a copy.
    BackupExists,
    /// Is the copy out of the attack's reach.
    BackupReach,
    /// Did every file come back from it.
    Restore,
}

impl Aspect {
    /// Its name in content, texts and findings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Detection => "detection",
            Self::Containment => "containment",
            Self::BackupExists => "backup_exists",
            Self::BackupReach => "backup_reach",
            Self::Restore => "restore",
        }
    }
}

impl DrillResult {
    /// How each aspect came out.
    pub fn aspects(&self) -> [(Aspect, Verdict); 5] {
        // An attack that nobody was to notice is no failure to contain it.
        let contained = match (self.detection.verdict, self.containment.verdict) {
            (Verdict::NotAttempted, Verdict::Failed) => Verdict::NotAttempted,
            (_, verdict) => verdict,
        };
        [
            (Aspect::Detection, self.detection.verdict),
            (Aspect::Containment, contained),
            (Aspect::BackupExists, self.backup.exists),
            (Aspect::BackupReach, self.backup.out_of_reach),
            (Aspect::Restore, self.recovery.verdict),
        ]
    }

    /// Whether something could not be put back or cleared away.
    pub fn left(&self) -> bool {
        self.undone.as_ref().is_some_and(|u| !u.whole())
            || self.cleaned.as_ref().is_some_and(|c| !c.gone)
    }

    /// What an exercise may be told of it: names of its policy's measures, and values. Whatever was
    /// not tried is absent.
    pub fn measures(&self) -> Vec<(&'static str, f64)> {
        let mut all = Vec::new();
        all.extend(self.detection.first.first().map(|n| ("detect_seconds", n.seconds)));
        all.extend(self.containment.seconds.map(|s| ("contain_seconds", s)));
        if self.attack.first_change.is_some() {
            all.push(("files_lost", self.containment.files_lost as f64));
            all.push(("bytes_lost", self.attack.bytes as f64));
        }
        if let Some(seconds) = self.recovery.seconds {
            all.push(("recover_seconds", seconds));
            let whole = self.decoys.files.max(1) as f64;
            all.push(("restored_percent", self.recovery.right as f64 * 100.0 / whole));
        }
        all.extend(self.recovery.point_seconds.map(|s| ("recovery_point_minutes", s / 60.0)));
        match self.backup.out_of_reach {
            Verdict::Passed => all.push(("backup_independent", 1.0)),
            Verdict::Failed => all.push(("backup_independent", 0.0)),
            Verdict::NotAttempted | Verdict::NotApplicable => {}
        }
        all
    }
}

/// Files and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

/// The worker's end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// The account it ran as.
    pub uid: u32,
    /// How well Landlock held: `full` or `partial`.
    pub landlock: String,
    /// How it ended.
    pub end: End,
}

/// How a worker's process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum End {
    /// By itself.
    Own {
        /// Why.
        why: Ended,
    },
    /// The drill ended it: its time was over, or it was contained already.
    Ours,
    /// Somebody else's signal.
    Signal {
        /// Its number.
        number: i32,
    },
    /// It broke off with this exit code.
    Broken {
        /// The code.
        code: i32,
    },
}

/// What the worker did. Times are seconds after its first change unless said otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attack {
    /// When the first change began.
    pub first_change: Option<Timestamp>,
    /// Files changed.
    pub files: u64,
    /// Bytes rewritten or deleted.
    pub bytes: u64,
    /// Files left alone, since what lay there was not the decoy.
    pub foreign: u64,
    /// Changes somebody refused.
    pub refused: u64,
    /// From the first change to the end of the last.
    pub seconds: f64,
    /// Files a second, over that time.
    pub rate: f64,
}

/// A detection, set against the attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Who or what.
    pub source: Source,
    /// When.
    pub at: Timestamp,
    /// After the first change; less than 0 for an alarm before it, which detects nothing.
    pub seconds: f64,
    /// Files changed by then.
    pub files_lost: u64,
    /// What was said.
    pub note: String,
}

/// Detection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detected {
    /// How it came out.
    pub verdict: Verdict,
    /// The first of each source after the first change, earliest first.
    pub first: Vec<Notice>,
    /// Alarms before the first change.
    pub early: u64,
    /// All after it.
    pub count: u64,
}

/// By what the attack was contained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// The worker was killed.
    Killed,
    /// It was stopped by a signal.
    Stopped,
    /// Its group was frozen.
    Frozen,
    /// Its changes were refused.
    Refused,
    /// Its calls did not return.
    Held,
    /// The stop command or the stop file.
    StopCommand,
}

/// Containment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contained {
    /// How it came out.
    pub verdict: Verdict,
    /// By what.
    pub means: Option<Means>,
    /// When.
    pub at: Option<Timestamp>,
    /// After the first change.
    pub seconds: Option<f64>,
    /// Files changed by then; of an attack nobody contained, all that were.
    pub files_lost: u64,
}

/// A command that was run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// The program; its arguments may hold secrets and are not kept.
    pub program: String,
    /// Its exit code; none when it was killed or could not start.
    pub code: Option<i32>,
    /// How long it took.
    pub seconds: f64,
    /// The end of what it said.
    pub said: String,
}

/// The backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backup {
    /// All three of the questions below together.
    pub verdict: Verdict,
    /// The command.
    pub ran: Option<Ran>,
    /// Whether there is a copy.
    pub exists: Verdict,
    /// Whether the simulated account could not change it.
    pub out_of_reach: Verdict,
    /// Whether every file came back right.
    pub restorable: Verdict,
}

/// Recovery from the backup, not from the drill's key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// How it came out: passed when every file came back right.
    pub verdict: Verdict,
    /// The command.
    pub ran: Option<Ran>,
    /// From the start of the restore to the last hash compared.
    pub seconds: Option<f64>,
    /// How old the copies were when the attack began.
    pub point_seconds: Option<f64>,
    /// Files restored with the hash of the manifest.
    pub right: u64,
    /// Files restored with another.
    pub wrong: u64,
    /// Files not restored.
    pub missing: u64,
}
