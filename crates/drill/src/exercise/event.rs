//! What is entered in the log of an exercise.

use crate::incident::{EventForm, SummaryForm};
use hangtu_catalog::{
    IncidentLevel,
    exercise::{Channel, Rating},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of an entry. An entry whose name stands in the log already is a duplicate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub String);

impl From<&str> for EntryId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Display for EntryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who entered something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person, by the identifier the server knows them by.
    Person(String),
    /// The sweeper.
    Sweeper,
    /// The technical simulation.
    Simulation,
}

impl Actor {
    /// The person, where it is one.
    pub fn person(&self) -> Option<&str> {
        match self {
            Self::Person(id) => Some(id),
            Self::Sweeper | Self::Simulation => None,
        }
    }
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub id: EntryId,
    /// When, by the wall.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// What.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// An exercise is drawn up, from this content. The first entry; whoever made it is the author.
    Drafted {
        /// Identifier of the exercise.
        exercise: String,
        /// Version of its content.
        version: u32,
        /// SHA-256 of its file: every later reading must be of the same text.
        sha256: String,
    },
    /// Somebody other than the author has read it.
    Reviewed,
    /// Somebody approves it: two people, neither the author.
    Approved,
    /// It is to be held in this window.
    Scheduled {
        /// Not before.
        from: Timestamp,
        /// Not after.
        until: Timestamp,
    },
    /// A person plays a role.
    Cast {
        /// The role.
        role: String,
        /// The person.
        person: String,
    },
    /// What must stand ready does: contacts reached, decoys laid, backup taken, key in escrow.
    Warmed {
        /// What was made ready.
        ready: Vec<String>,
    },
    /// Everybody is cast and the window is open.
    Armed,
    /// The clock runs.
    Started {
        /// Minutes of the exercise in a minute of the wall, 1 to 60.
        speed: u8,
    },
    /// The clock stands.
    Paused {
        /// Why.
        why: String,
    },
    /// The clock runs again.
    Resumed,
    /// The clock runs at another speed.
    SpeedChanged {
        /// Minutes of the exercise in a minute of the wall, 1 to 60.
        speed: u8,
    },
    /// An inject is given to its roles.
    InjectSent {
        /// Which.
        inject: String,
    },
    /// An inject will not be given.
    InjectDropped {
        /// Which.
        inject: String,
        /// Why.
        why: Dropped,
    },
    /// The director improvises.
    FreeInject {
        /// A name for it.
        inject: String,
        /// How it comes.
        channel: Channel,
        /// To which roles.
        to: Vec<String>,
        /// What it says.
        text: String,
    },
    /// Somebody did something, or decided.
    ActionDone {
        /// In which role.
        role: String,
        /// Which expectation it is about, where they know.
        #[serde(default)]
        expectation: Option<String>,
        /// What was done or decided.
        text: String,
        /// SHA-256 of what hangs on.
        #[serde(default)]
        attachments: Vec<String>,
        /// The level, where it is a judgement of the level.
        #[serde(default)]
        level: Option<IncidentLevel>,
        /// Options that were seen.
        #[serde(default)]
        options: Vec<String>,
        /// Why this one.
        #[serde(default)]
        rationale: String,
        /// Who saw it otherwise, and how.
        #[serde(default)]
        dissent: String,
    },
    /// A form is handed in.
    FormSubmitted {
        /// In which role.
        role: String,
        /// The form.
        form: FormContent,
    },
    /// The technical simulation measured something.
    Measured {
        /// What, as in the policy.
        what: String,
        /// The value, in its unit.
        value: f64,
    },
    /// An evaluator ties an action to an expectation, or says that it is none.
    Ruled {
        /// Which expectation.
        expectation: String,
        /// What about.
        verdict: Verdict,
        /// Why.
        note: String,
    },
    /// An expectation's time is over.
    ExpectationMissed {
        /// Which.
        expectation: String,
    },
    /// It ends.
    Stopped {
        /// Why.
        why: String,
    },
    /// It is called off.
    Aborted {
        /// Why.
        why: String,
    },
    /// A state was not left in time.
    Expired,
    /// What was set up is being taken back.
    ReversalBegun,
    /// Whether everything is as it was before.
    Verified {
        /// Everything is.
        restored: bool,
        /// What was looked at, or what is not.
        detail: String,
    },
    /// The evaluators begin.
    EvaluationBegun,
    /// An evaluator rates an objective.
    Judged {
        /// Which.
        objective: String,
        /// How.
        rating: Rating,
        /// Why.
        note: String,
    },
    /// The after-action report is issued.
    Reported,
    /// Findings are handed over; nothing is left to do.
    Closed,
    /// Time has passed, nothing else.
    Tick,
}

impl Event {
    /// The name in data.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Drafted { .. } => "drafted",
            Self::Reviewed => "reviewed",
            Self::Approved => "approved",
            Self::Scheduled { .. } => "scheduled",
            Self::Cast { .. } => "cast",
            Self::Warmed { .. } => "warmed",
            Self::Armed => "armed",
            Self::Started { .. } => "started",
            Self::Paused { .. } => "paused",
            Self::Resumed => "resumed",
            Self::SpeedChanged { .. } => "speed_changed",
            Self::InjectSent { .. } => "inject_sent",
            Self::InjectDropped { .. } => "inject_dropped",
            Self::FreeInject { .. } => "free_inject",
            Self::ActionDone { .. } => "action_done",
            Self::FormSubmitted { .. } => "form_submitted",
            Self::Measured { .. } => "measured",
            Self::Ruled { .. } => "ruled",
            Self::ExpectationMissed { .. } => "expectation_missed",
            Self::Stopped { .. } => "stopped",
            Self::Aborted { .. } => "aborted",
            Self::Expired => "expired",
            Self::ReversalBegun => "reversal_begun",
            Self::Verified { .. } => "verified",
            Self::EvaluationBegun => "evaluation_begun",
            Self::Judged { .. } => "judged",
            Self::Reported => "reported",
            Self::Closed => "closed",
            Self::Tick => "tick",
        }
    }
}

/// Why an inject will not be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dropped {
    /// Its condition does not hold: what it asks for is not applicable.
    NotNeeded,
    /// The exercise ended before, or nobody gave it: what it asks for could not be reached.
    NotReached,
    /// The director leaves it out: not applicable.
    LeftOut,
}

/// What an evaluator says about an expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// This entry does it, at its time.
    Accepted(EntryId),
    /// This entry does not do it.
    Rejected(EntryId),
    /// It does not apply here.
    NotApplicable,
}

/// A form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormContent {
    /// Annex 2.
    Event(Box<EventForm>),
    /// Annex 3.
    Summary(Box<SummaryForm>),
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It stands in the log now.
    New,
    /// It stood there already.
    Duplicate,
}

/// Why an entry is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The log begins with something else, or a second time.
    #[error("a log begins with one draft, and no other")]
    NotFirst,
    /// The log is of another content.
    #[error("the log is of another exercise or another text of it")]
    OtherExercise,
    /// Earlier than the last entry.
    #[error("the entry is earlier than the last one")]
    BackInTime,
    /// Not in this state.
    #[error("{event} is not possible while the exercise is {state}")]
    NotNow {
        /// The event.
        event: &'static str,
        /// The state.
        state: &'static str,
    },
    /// Something it names is not there.
    #[error("there is no {what} {id}")]
    Unknown {
        /// Kind of thing.
        what: &'static str,
        /// Its identifier.
        id: String,
    },
    /// A person must do this.
    #[error("a person must do this")]
    NoPerson,
    /// The author, or somebody who approved already.
    #[error("author and approvers must be different people")]
    NotDistinct,
    /// The window is empty, or past.
    #[error("the window ends before it begins, or has passed")]
    Window,
    /// The window is not open yet.
    #[error("the window is not open yet")]
    TooEarly,
    /// The speed is not 1 to 60.
    #[error("a speed is 1 to 60, not {0}")]
    Speed(u8),
    /// Roles without a person.
    #[error("nobody plays {}", .0.join(", "))]
    Uncast(Vec<String>),
    /// The role is another person's.
    #[error("{person} does not play {role}")]
    NotCast {
        /// The role.
        role: String,
        /// The person.
        person: String,
    },
    /// Who plays does not evaluate.
    #[error("who plays cannot evaluate")]
    EvaluatorPlays,
    /// The inject was sent or dropped.
    #[error("the inject has been sent or dropped")]
    InjectOver,
    /// The condition of the inject does not hold, or not yet.
    #[error("the condition of the inject does not hold")]
    ConditionOpen,
    /// The evidence is not what the expectation asks for.
    #[error("{expectation} asks for evidence of the kind {needs}")]
    Evidence {
        /// The expectation.
        expectation: String,
        /// The kind.
        needs: &'static str,
    },
    /// Nothing is said.
    #[error("a text is missing")]
    NoText,
    /// The expectation is over, or its time is not.
    #[error("the expectation is over already, or its time is not over")]
    NotMissed,
    /// The state's deadline has not passed.
    #[error("the deadline has not passed")]
    NotOverdue,
    /// Injects or expectations are open.
    #[error("{0} injects or expected actions are open")]
    Incomplete(usize),
    /// The value is no number.
    #[error("the value is no number")]
    NoNumber,
}

/// Persons by role.
pub(super) type CastList = BTreeMap<String, String>;
