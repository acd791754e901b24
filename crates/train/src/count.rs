//! Counting: attendance → completions → person-times, persons, professionals.
//!
//! A person-time (人次) is one person completing one session, once; persons are counted apart, and
//! professionals (人才) are persons, each counted once whatever they hold. Nothing here depends on
//! the order of facts or on a fact being told twice, and a further fact never lowers a count.

mod attendance;
mod person_time;
mod professional;
#[cfg(test)]
mod tests;

pub use attendance::{Attendance, Meeting, MeetingError, Quiz, SignOut, Span, Verdict, judge};
pub use person_time::{Completion, Counted, PersonId, SessionId, What, count, runs_out};
pub use professional::{
    Certificate, CourseDone, Grade, Lacking, Person, Professionals, Standing, professionals,
    standing,
};
