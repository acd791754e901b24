//! The exercise engine: an event-sourced state machine over an exercise of the catalogue.
//!
//! [`Run::begin`] and [`Run::apply`] take entries of a log, refuse what cannot be, and change
//! nothing then; [`Run::overdue`] says what must be entered because time has passed, so that no
//! work stays open for ever. Completion, scores ([`Scores`]) and the after-action report
//! ([`AfterAction`]) are computed from the log alone. Pure: time comes in, nothing is stored.

mod after;
mod clock;
mod event;
mod expectation;
mod kappa;
mod plan;
mod refuse;
mod rehearsal;
mod run;
mod score;
mod script;
mod sweep;
mod take;
#[cfg(test)]
mod tests;
mod view;

pub use after::{
    AfterAction, Change, Comparison, FormResult, Lane, Milestone, Point, ProposedFinding, Row,
    Sentence, Shortcoming,
};
pub use clock::ExerciseClock;
pub use event::{Actor, Applied, Dropped, Entry, EntryId, Event, FormContent, Refusal, Verdict};
pub use expectation::{Attempt, ExpectationRun, Status};
pub use kappa::{Agreement, Undefined};
pub use plan::Plan;
pub use rehearsal::{Rehearsal, RehearsalError};
pub use run::{
    Deadline, FormRun, FreeInject, InjectRun, InjectState, Judgement, Measurement, Outcome, Run,
    State, Window,
};
pub use score::{Counts, DimensionScore, Scores, TechnicalMeasure};
pub use view::Progress;
