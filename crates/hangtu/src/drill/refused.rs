//! Why a drill was not made, run or undone, in the user's language.

use crate::failure::Failure;
use hangtu_catalog::key;
use hangtu_drill::simulate::{ACCOUNTS, Refusal, SimulateError};

/// A library's error as a message and its remedy.
pub(super) fn failure(error: SimulateError) -> Failure {
    match error {
        SimulateError::Refused { path, why } => {
            let remedy = match why {
                Refusal::NotOurs => key::DRILL_NOT_OURS_REMEDY,
                _ => key::DRILL_REFUSED_REMEDY,
            };
            let failure =
                Failure::new(key::DRILL_REFUSED, Some(remedy)).with("path", path.display());
            match why {
                Refusal::Root => failure.reason("why", key::DRILL_WHY_ROOT),
                Refusal::Home => failure.reason("why", key::DRILL_WHY_HOME),
                Refusal::Never(place) => {
                    failure.with("place", place.display()).reason("why", key::DRILL_WHY_NEVER)
                }
                Refusal::Shared(kind) => {
                    failure.with("kind", kind).reason("why", key::DRILL_WHY_SHARED)
                }
                Refusal::Pseudo(kind) => {
                    failure.with("kind", kind).reason("why", key::DRILL_WHY_PSEUDO)
                }
                Refusal::MountInside(place) => {
                    failure.with("place", place.display()).reason("why", key::DRILL_WHY_MOUNT)
                }
                Refusal::NotAFolder => failure.reason("why", key::DRILL_WHY_NO_FOLDER),
                Refusal::Loose => failure.reason("why", key::DRILL_WHY_LOOSE),
                Refusal::Exists => failure.reason("why", key::DRILL_WHY_EXISTS),
                Refusal::NotFresh => failure.reason("why", key::DRILL_WHY_NOT_FRESH),
                Refusal::NotOurs => failure.reason("why", key::DRILL_WHY_NOT_OURS),
            }
        }
        SimulateError::Io { path, source } => Failure::read(&path, &source),
        SimulateError::Unconfined(why) => {
            Failure::new(key::DRILL_UNCONFINED, Some(key::DRILL_UNCONFINED_REMEDY)).with("why", why)
        }
        SimulateError::Worker(why) => Failure::new(key::DRILL_WORKER, None).with("why", why),
        SimulateError::Plan(why) => {
            Failure::new(key::DRILL_PLAN, Some(key::DRILL_PLAN_REMEDY)).with("why", why)
        }
        SimulateError::Account(uid) if ACCOUNTS.contains(&uid) => {
            Failure::new(key::DRILL_ACCOUNT, Some(key::DRILL_ACCOUNT_REMEDY))
        }
        SimulateError::Account(uid) => {
            Failure::new(key::DRILL_PLAN, Some(key::DRILL_ACCOUNT_REMEDY)).with("why", uid)
        }
        SimulateError::Running(path) => {
            Failure::new(key::DRILL_RUNNING, Some(key::DRILL_RUNNING_REMEDY))
                .with("path", path.display())
        }
        SimulateError::Content(e) => e.into(),
    }
}
