//! The local day: 2026-03-02 in Asia/Shanghai (UTC+8).

/// Microseconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time(pub(super) u64);

/// 2026-03-02T00:00:00+08:00.
const MIDNIGHT: u64 = 1_772_380_800_000_000;
const SECOND: u64 = 1_000_000;

/// The moment a local wall clock shows `HH:MM` or `HH:MM:SS`.
pub(super) fn at(clock: &str) -> Time {
    let seconds = clock.split(':').fold((0, 3600), |(sum, unit), part| {
        (sum + part.parse::<u64>().expect("digits in a time of day") * unit, unit / 60)
    });
    Time(MIDNIGHT + seconds.0 * SECOND)
}

impl Time {
    pub(super) const fn plus_micros(self, micros: u64) -> Self {
        Self(self.0 + micros)
    }

    pub(super) const fn plus_seconds(self, seconds: u64) -> Self {
        Self(self.0 + seconds * SECOND)
    }
}

/// Moments from one time of day up to but not another, so many seconds apart.
pub(super) fn every(from: &str, to: &str, seconds: u64) -> impl Iterator<Item = Time> {
    let (from, to) = (at(from), at(to));
    (0..).map(move |i| from.plus_seconds(i * seconds)).take_while(move |t| *t < to)
}
