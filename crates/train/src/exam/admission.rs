//! Whether somebody may sit an exam now.

use super::Blueprint;
use jiff::{SignedDuration, Timestamp};

/// An earlier attempt at the same exam.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// When it ended; none while it is under way.
    pub ended: Option<Timestamp>,
    /// Whether it passed.
    pub passed: bool,
}

/// Whether somebody may sit an exam now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Yes.
    Admitted {
        /// The number of the attempt, from 1.
        attempt: u8,
        /// How many there are.
        of: u8,
    },
    /// An attempt is under way; it is to be resumed.
    UnderWay,
    /// Passed already.
    Passed,
    /// Not before this time.
    Cooling {
        /// When the next attempt may begin.
        until: Timestamp,
    },
    /// No attempt is left: the course must be read again first.
    Exhausted,
}

/// Whether somebody may sit an exam now. `past` holds the attempts since the course was last read
/// (for a track, since its exam was last opened to the person), in any order.
pub fn admit(rule: &Blueprint, past: &[Past], now: Timestamp) -> Admission {
    if past.iter().any(|p| p.passed) {
        return Admission::Passed;
    }
    if past.iter().any(|p| p.ended.is_none()) {
        return Admission::UnderWay;
    }
    if past.len() >= usize::from(rule.attempts) {
        return Admission::Exhausted;
    }
    let cooling = SignedDuration::from_hours(rule.cooling_hours.into());
    let last = past.iter().filter_map(|p| p.ended).max();
    let until = last.map(|end| end.checked_add(cooling).unwrap_or(Timestamp::MAX));
    match until {
        Some(until) if until > now => Admission::Cooling { until },
        _ => Admission::Admitted { attempt: past.len() as u8 + 1, of: rule.attempts },
    }
}
