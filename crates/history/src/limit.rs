//! What a question may cost, and which functions it may use.

use std::time::Duration;

/// Bounds of a question.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes that sorting, joining and grouping may hold.
    pub memory: usize,
    /// Bytes they may put on the disk beyond that; 0: none.
    pub spill: u64,
    /// How long it may take.
    pub time: Duration,
    /// Rows of an answer; what is beyond is cut off, and the answer says so.
    pub rows: usize,
    /// Bytes of an answer.
    pub bytes: usize,
    /// Threads it runs on.
    pub threads: usize,
}

impl Limits {
    /// For somebody at a page, beside everything else that the program does.
    pub const PAGE: Self = Self {
        memory: 512 << 20,
        spill: 0,
        time: Duration::from_secs(20),
        rows: 1_000,
        bytes: 16 << 20,
        threads: 2,
    };

    /// For an operator at a terminal.
    pub fn terminal() -> Self {
        Self {
            memory: 4 << 30,
            spill: 20 << 30,
            time: Duration::from_hours(1),
            rows: 1_000_000,
            bytes: 256 << 20,
            threads: std::thread::available_parallelism().map_or(2, usize::from),
        }
    }
}

/// Characters of a question.
pub(crate) const SQL: usize = 4_000;

/// Joinings of text by `||` in a question: each may double a text that no bound counts.
pub(crate) const JOININGS: usize = 6;

/// The functions a question may use beside aggregates and windows. None makes much of little: what
/// repeats, pads, replaces or joins text is not here, as no bound counts the memory it takes.
#[rustfmt::skip]
pub(crate) const FUNCTIONS: &[&str] = &[
    // numbers
    "abs", "ceil", "floor", "round", "trunc", "sqrt", "power", "exp", "ln", "log", "log10", "log2",
    "signum", "greatest", "least", "nullif", "coalesce", "nvl", "nvl2", "isnan", "iszero", "nanvl",
    // texts
    "lower", "upper", "trim", "btrim", "ltrim", "rtrim", "left", "right", "substr", "substring",
    "character_length", "char_length", "length", "octet_length", "starts_with", "ends_with",
    "contains", "strpos", "position", "split_part", "reverse", "initcap",
    // times
    "now", "current_date", "current_time", "date_trunc", "date_part", "date_bin", "datepart",
    "datetrunc", "extract", "to_date", "to_timestamp", "to_timestamp_seconds", "to_char",
    "date_format", "make_date", "from_unixtime", "to_unixtime", "arrow_cast", "arrow_typeof",
    // what SQL itself is turned into
    "get_field", "named_struct", "struct",
];
