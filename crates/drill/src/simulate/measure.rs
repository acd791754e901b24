//! From what was seen to what is reported.

use super::{
    detect::{Detection, Source},
    result::{Attack, Contained, Detected, Notice, Verdict},
    watch::Seen,
};
use jiff::{SignedDuration, Timestamp};

/// To so many decimals: what is measured is no finer, and a file of results is read back the same.
pub(crate) fn rounded(value: f64, decimals: i32) -> f64 {
    let unit = 10_f64.powi(decimals);
    (value * unit).round() / unit
}

/// The run's clock: it begins with the first change.
pub(crate) struct Clock {
    pub(crate) first: Option<u64>,
    wall: Timestamp,
    monotonic: u64,
}

impl Clock {
    pub(crate) fn of(seen: &Seen) -> Self {
        let first = seen.changes.iter().map(|c| c.began).min();
        Self { first, wall: seen.wall, monotonic: seen.monotonic }
    }

    fn timestamp(&self, at: u64) -> Timestamp {
        let nanos = i128::from(at) - i128::from(self.monotonic);
        let since = SignedDuration::from_nanos(i64::try_from(nanos).unwrap_or(0));
        self.wall.checked_add(since).unwrap_or(self.wall)
    }

    fn seconds(&self, at: u64) -> f64 {
        let nanos = self.first.map_or(0, |first| i128::from(at) - i128::from(first));
        rounded(nanos as f64 / 1e9, 6)
    }
}

/// Files whose change had begun by then: a file half-way through is lost.
fn lost(seen: &Seen, at: u64) -> u64 {
    seen.changes.iter().filter(|c| c.began <= at).count() as u64
}

pub(crate) fn attack(seen: &Seen, clock: &Clock) -> Attack {
    let files = seen.changes.len() as u64;
    let seconds = seen.changes.iter().map(|c| c.at).max().map_or(0.0, |at| clock.seconds(at));
    Attack {
        first_change: clock.first.map(|at| clock.timestamp(at)),
        files,
        bytes: seen.changes.iter().map(|c| c.bytes).sum(),
        foreign: seen.foreign,
        refused: seen.refusals.len() as u64,
        seconds,
        rate: if seconds > 0.0 { rounded(files as f64 / seconds, 3) } else { 0.0 },
    }
}

/// `asked` says whether a door was opened for detections.
pub(crate) fn detection(
    seen: &Seen,
    clock: &Clock,
    detections: &[Detection],
    asked: bool,
) -> Detected {
    let Some(first_change) = clock.first else {
        let early = detections.len() as u64;
        return Detected { verdict: Verdict::NotApplicable, first: vec![], early, count: 0 };
    };
    let (early, late): (Vec<_>, Vec<_>) =
        detections.iter().partition(|d| d.monotonic < first_change);
    let mut first: Vec<Notice> = Source::ALL
        .into_iter()
        .filter_map(|source| {
            let d = late.iter().filter(|d| d.source == source).min_by_key(|d| d.monotonic)?;
            Some(Notice {
                source,
                at: d.at,
                seconds: clock.seconds(d.monotonic),
                files_lost: lost(seen, d.monotonic),
                note: d.note.clone(),
            })
        })
        .collect();
    first.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let verdict = match (first.is_empty(), asked) {
        (false, _) => Verdict::Passed,
        (true, true) => Verdict::Failed,
        (true, false) => Verdict::NotAttempted,
    };
    Detected { verdict, first, early: early.len() as u64, count: late.len() as u64 }
}

pub(crate) fn containment(seen: &Seen, clock: &Clock) -> Contained {
    let files = seen.changes.len() as u64;
    match seen.contained {
        Some((at, means)) => Contained {
            verdict: Verdict::Passed,
            means: Some(means),
            at: Some(clock.timestamp(at)),
            // Contained before its first change is contained at once.
            seconds: clock.first.map(|_| clock.seconds(at).max(0.0)),
            files_lost: lost(seen, at),
        },
        None => Contained {
            // A worker that never changed a file left nothing to contain.
            verdict: if files == 0 { Verdict::NotApplicable } else { Verdict::Failed },
            means: None,
            at: None,
            seconds: None,
            files_lost: files,
        },
    }
}
