//! The exercise clock, apart from the wall's.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A clock that stands, or runs at a speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExerciseClock {
    /// What it showed at `since`, milliseconds.
    shown: i64,
    /// A moment by the wall.
    since: Timestamp,
    /// Minutes of the exercise in a minute of the wall; 0 while it stands.
    running: u8,
    /// The speed, kept while it stands.
    speed: u8,
}

impl ExerciseClock {
    /// A clock that starts now.
    pub(super) fn start(now: Timestamp, speed: u8) -> Self {
        Self { shown: 0, since: now, running: speed, speed }
    }

    /// What it shows at a moment by the wall, milliseconds since the exercise started.
    pub fn at(&self, now: Timestamp) -> i64 {
        let passed = now.duration_since(self.since).as_millis().max(0);
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        self.shown.saturating_add(passed.saturating_mul(i64::from(self.running)))
    }

    /// When by the wall it will show so many milliseconds; none while it stands. Past moments are
    /// `now`.
    pub fn wall(&self, shows: i64, now: Timestamp) -> Option<Timestamp> {
        if self.running == 0 {
            return None;
        }
        let left = (shows - self.at(now)).max(0);
        let speed = i64::from(self.running);
        let wall = left / speed + i64::from(left % speed != 0);
        now.checked_add(SignedDuration::from_millis(wall)).ok()
    }

    /// Minutes of the exercise in a minute of the wall.
    pub fn speed(&self) -> u8 {
        self.speed
    }

    /// Whether it runs.
    pub fn running(&self) -> bool {
        self.running > 0
    }

    pub(super) fn stand(&mut self, now: Timestamp) {
        *self = Self { shown: self.at(now), since: now, running: 0, speed: self.speed };
    }

    pub(super) fn run(&mut self, now: Timestamp, speed: u8) {
        *self = Self { shown: self.at(now), since: now, running: speed, speed };
    }

    /// Another speed, whether it runs or stands.
    pub(super) fn set_speed(&mut self, now: Timestamp, speed: u8) {
        if self.running() {
            self.run(now, speed);
        } else {
            self.speed = speed;
        }
    }
}
