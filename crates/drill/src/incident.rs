//! Data security incidents: from facts to the level, the forms and what is wrong with them, the
//! clocks and whom each binds. Emergency Plan for Data Security Incidents in Industry and IT
//! (trial), 1.5, 4, 5, Annexes 2 and 3. Pure: thresholds, clocks and fields come from
//! `content/incident.yml`, time comes in.

mod classify;
mod clock;
mod event_form;
mod form;
mod summary_form;
#[cfg(test)]
mod tests;

pub use classify::{Classification, Decision, Limb, LimbValue, classify};
pub use clock::{Clock, ClockState, ClockTimes, Moment, clocks};
pub use event_form::{EventForm, Known, Learned, Personal, Reporter};
pub use form::{FieldCheck, FieldState, FormCheck, Inconsistency, LevelCheck, Timeliness};
pub use summary_form::SummaryForm;
