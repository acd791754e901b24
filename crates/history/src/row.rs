//! What one accepted submission adds to history. Times are microseconds since 1970 (UTC).

/// An accepted submission.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accepted {
    /// Unified social credit code of the enterprise.
    pub credit_code: String,
    /// Code of the region where it stood when it was accepted.
    pub region: String,
    /// GB/T 4754 division then.
    pub industry: String,
    /// Id of the revenue band.
    pub revenue_band: String,
    /// Number of the package; with the credit code it names the submission.
    pub sequence: i64,
    /// The moment for which the facts hold.
    pub as_of: i64,
    /// When it was accepted.
    pub accepted_at: i64,
    /// The month of that, `2026-11`, by the plan's clock: the partition its rows lie in.
    pub month: String,
    /// Whether the facts show classified and graded protection.
    pub graded: bool,
    /// Whether the catalogue of important and core data is filed.
    pub filed: bool,
    /// Data assets: all, general, important, core, ungraded.
    pub assets: [i64; 5],
    /// Finished runs.
    pub runs: i64,
    /// When the last one ended.
    pub examined: Option<i64>,
    /// Control points: all, measured, errored, stale, never, not applicable.
    pub checks: [i64; 6],
    /// Person-times of training, persons, professionals.
    pub training: [i64; 3],
    /// Findings by scenario and level.
    pub risks: Vec<Risk>,
    /// Major risks one by one.
    pub majors: Vec<Major>,
    /// The last drill of each scenario.
    pub drills: Vec<Drill>,
}

/// Findings of one scenario and level.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Risk {
    /// Word of the scenario.
    pub scenario: String,
    /// Word of the level.
    pub level: String,
    /// Open, overdue, accepted, corrected, proven.
    pub counts: [i64; 5],
    /// When the oldest open one was found.
    pub oldest_open: Option<i64>,
}

/// A major risk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Major {
    /// The same risk keeps it from submission to submission.
    pub id: String,
    /// The rule or control point.
    pub rule: String,
    /// Word of the scenario.
    pub scenario: String,
    /// Word of its state.
    pub state: String,
    /// When it was found.
    pub opened: i64,
    /// When a re-test closed it.
    pub closed: Option<i64>,
}

/// The last drill of a scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drill {
    /// Word of the scenario.
    pub scenario: String,
    /// When it ended.
    pub last: i64,
    /// Its score.
    pub score: Option<f64>,
    /// Shortcomings that are open still.
    pub shortcomings_open: i64,
}
