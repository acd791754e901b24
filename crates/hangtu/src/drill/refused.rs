//! Why a drill was not made, run or undone, in the user's language.

use crate::failure::Failure;
use hangtu_drill::simulate::SimulateError;

/// A library's error as a message and its remedy.
pub(super) fn failure(error: SimulateError) -> Failure {
    if let Some(words) = error.words() {
        let mut failure = Failure::new(words.what, words.remedy);
        for (name, value) in words.args {
            failure = failure.with(name, value);
        }
        return match words.why {
            Some(why) => failure.reason("why", why),
            None => failure,
        };
    }
    match error {
        SimulateError::Io { path, source } => Failure::read(&path, &source),
        SimulateError::Content(e) => e.into(),
        other => Failure::new(hangtu_catalog::key::DRILL_PLAN, None).with("why", other),
    }
}
