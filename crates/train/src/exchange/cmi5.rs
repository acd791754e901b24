//! cmi5 (xAPI profile for courses made elsewhere, first edition): the course's structure, how a unit
//! is launched, and which statements of it are taken.

mod course;
mod launch;
mod session;
#[cfg(test)]
pub(crate) mod tests;

pub use course::{
    Au, Block, Cmi5Error, CourseStructure, Item, LaunchMethod, MoveOn, Objective, Words,
};
pub use launch::{Launch, LaunchError, LaunchMode, OurWord, launch_data, launch_url, said_by_us};
pub use session::{Accepted, Progress, Rejected, Session, satisfied};

/// Ids of verbs.
pub mod verb {
    /// The system launched a unit.
    pub const LAUNCHED: &str = "http://adlnet.gov/expapi/verbs/launched";
    /// The unit is ready.
    pub const INITIALIZED: &str = "http://adlnet.gov/expapi/verbs/initialized";
    /// Everything was seen.
    pub const COMPLETED: &str = "http://adlnet.gov/expapi/verbs/completed";
    /// Judged and passed.
    pub const PASSED: &str = "http://adlnet.gov/expapi/verbs/passed";
    /// Judged and failed.
    pub const FAILED: &str = "http://adlnet.gov/expapi/verbs/failed";
    /// The session broke off.
    pub const ABANDONED: &str = "https://w3id.org/xapi/adl/verbs/abandoned";
    /// Met by other means.
    pub const WAIVED: &str = "https://w3id.org/xapi/adl/verbs/waived";
    /// The unit ended its session.
    pub const TERMINATED: &str = "http://adlnet.gov/expapi/verbs/terminated";
    /// What a block or course asks for is met.
    pub const SATISFIED: &str = "https://w3id.org/xapi/adl/verbs/satisfied";
}

/// Category of statements that the profile defines.
pub const CATEGORY: &str = "https://w3id.org/xapi/cmi5/context/categories/cmi5";
/// Category of statements that may meet what a unit asks for.
pub const CATEGORY_MOVE_ON: &str = "https://w3id.org/xapi/cmi5/context/categories/moveon";
/// Extension of the context: the session.
pub const SESSION_ID: &str = "https://w3id.org/xapi/cmi5/context/extensions/sessionid";
