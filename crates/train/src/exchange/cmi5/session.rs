//! Which statements of a unit are taken (sections 7 and 9), and what is met by them.

use super::{
    Au, CATEGORY, CATEGORY_MOVE_ON, CourseStructure, Item, Launch, LaunchMode, SESSION_ID, verb,
};
use crate::exchange::xapi::{Statement, agent_key};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// What a learner has reached in one unit under one registration, over all sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Completed.
    pub completed: bool,
    /// Passed.
    pub passed: bool,
    /// The system waived it.
    pub waived: bool,
}

/// One session of a unit. The server keeps it with the launch and hands every statement to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    activity: String,
    /// The learner ([`agent_key`]).
    actor: String,
    registration: Uuid,
    id: Uuid,
    publisher: String,
    mode: LaunchMode,
    mastery_score: Option<f64>,
    /// Verbs of the profile that were taken, in order.
    seen: Vec<String>,
    /// The latest time a statement of it named.
    last: Option<Timestamp>,
    abandoned: bool,
}

/// A statement that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// One of the profile: it may change the progress.
    Defined,
    /// Any other, between the first and the last.
    Allowed,
}

/// Why a statement is not taken; the answer is 403.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Nothing before `initialized`.
    #[error("the first statement of a session is \"initialized\"")]
    NotInitialized,
    /// Nothing after `terminated` or `abandoned`.
    #[error("the session has ended")]
    Ended,
    /// A verb that a session or registration has once.
    #[error("{0} has been said already")]
    Again(String),
    /// `failed` after `passed`, or both.
    #[error("passed and failed exclude each other")]
    Contradiction,
    /// A verb of the profile that only the system says.
    #[error("only the system says {0}")]
    OursAlone(String),
    /// In the modes Browse and Review nothing counts.
    #[error("in this mode a unit says \"initialized\" and \"terminated\" only")]
    Mode,
    /// Not about this launch.
    #[error("{0} is not that of the launch")]
    Other(&'static str),
    /// The result does not fit the verb.
    #[error("result: {0}")]
    Result(&'static str),
    /// The context lacks what it must have.
    #[error("context: {0}")]
    Context(&'static str),
    /// Earlier than a statement before it.
    #[error("the timestamp lies before that of an earlier statement of the session")]
    Time,
}

impl Session {
    /// A session just launched.
    pub fn new(unit: &Au, launch: &Launch) -> Self {
        Self {
            activity: launch.activity.clone(),
            actor: agent_key(&launch.actor).ok().flatten().unwrap_or_default(),
            registration: launch.registration,
            id: launch.session,
            publisher: unit.id.clone(),
            mode: launch.mode,
            mastery_score: unit.mastery_score,
            seen: Vec::new(),
            last: None,
            abandoned: false,
        }
    }

    /// Its id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.abandoned || self.said(verb::TERMINATED)
    }

    /// Ends it for the system: the learner launched again, or the line was lost. Nothing is taken
    /// afterwards. False if it had ended before.
    pub fn abandon(&mut self) -> bool {
        !self.has_ended() && {
            self.abandoned = true;
            true
        }
    }

    fn said(&self, verb: &str) -> bool {
        self.seen.iter().any(|v| v == verb)
    }

    /// Takes a statement of the unit or says why not; a statement of the profile may change the
    /// learner's progress under this registration.
    pub fn take(
        &mut self,
        statement: &Statement,
        progress: &mut Progress,
    ) -> Result<Accepted, Rejected> {
        let facets = statement.facets();
        let verb = facets.verb.as_str();
        if self.has_ended() {
            return Err(Rejected::Ended);
        }
        self.about_this(statement)?;
        let defined = category(statement, CATEGORY);
        let first = defined && verb == verb::INITIALIZED;
        if !(first || self.said(verb::INITIALIZED)) {
            return Err(Rejected::NotInitialized);
        }
        if facets.timestamp.zip(self.last).is_some_and(|(at, last)| at < last) {
            return Err(Rejected::Time);
        }
        if defined {
            self.defined(statement, *progress)?;
            self.seen.push(verb.to_owned());
            match verb {
                verb::COMPLETED => progress.completed = true,
                verb::PASSED => progress.passed = true,
                _ => {}
            }
        }
        self.last = self.last.max(facets.timestamp);
        Ok(if defined { Accepted::Defined } else { Accepted::Allowed })
    }

    /// Registration and session must be those of the launch, whatever the statement says.
    fn about_this(&self, statement: &Statement) -> Result<(), Rejected> {
        let json = statement.json();
        let key = json.get("actor").and_then(|a| agent_key(a).ok().flatten());
        if key.as_deref() != Some(self.actor.as_str()) {
            return Err(Rejected::Other("actor"));
        }
        if statement.facets().registration != Some(self.registration) {
            return Err(Rejected::Other("registration"));
        }
        let context = json.get("context").unwrap_or(&Value::Null);
        let session = context.get("extensions").and_then(|e| e.get(SESSION_ID));
        let session = session.and_then(Value::as_str).and_then(|s| s.parse::<Uuid>().ok());
        if session != Some(self.id) {
            return Err(Rejected::Other("session"));
        }
        Ok(())
    }

    fn defined(&self, statement: &Statement, progress: Progress) -> Result<(), Rejected> {
        let (json, verb) = (statement.json(), statement.facets().verb.as_str());
        if [verb::LAUNCHED, verb::ABANDONED, verb::WAIVED, verb::SATISFIED].contains(&verb) {
            return Err(Rejected::OursAlone(verb.to_owned()));
        }
        let known =
            [verb::INITIALIZED, verb::COMPLETED, verb::PASSED, verb::FAILED, verb::TERMINATED];
        if !known.contains(&verb) {
            return Err(Rejected::Context("the category is that of the profile, the verb is not"));
        }
        if json.get("object").and_then(|o| o.get("id"))
            != Some(&Value::from(self.activity.as_str()))
        {
            return Err(Rejected::Other("activity"));
        }
        if json.get("timestamp").is_none() || json.get("id").is_none() {
            return Err(Rejected::Context("id and timestamp are needed"));
        }
        if !statement.facets().related_activities.contains(&self.publisher) {
            return Err(Rejected::Context("the grouping of the template is missing"));
        }
        if self.said(verb) {
            return Err(Rejected::Again(verb.to_owned()));
        }
        let judged = |v: &str| v == verb::PASSED || v == verb::FAILED;
        let counts = judged(verb) || verb == verb::COMPLETED;
        if counts && self.mode != LaunchMode::Normal {
            return Err(Rejected::Mode);
        }
        if judged(verb) && self.seen.iter().any(|v| judged(v))
            || verb == verb::FAILED && progress.passed
        {
            return Err(Rejected::Contradiction);
        }
        if verb == verb::COMPLETED && progress.completed || verb == verb::PASSED && progress.passed
        {
            return Err(Rejected::Again(verb.to_owned()));
        }
        if category(statement, CATEGORY_MOVE_ON) != counts {
            return Err(Rejected::Context("the category moveon goes with success and completion"));
        }
        self.result(json.get("result").unwrap_or(&Value::Null), verb)
    }

    fn result(&self, result: &Value, verb: &str) -> Result<(), Rejected> {
        let success = result.get("success").and_then(Value::as_bool);
        let completion = result.get("completion").and_then(Value::as_bool);
        let wanted = match verb {
            verb::PASSED => Some(true),
            verb::FAILED => Some(false),
            _ => None,
        };
        if success != wanted {
            return Err(Rejected::Result("success does not fit the verb"));
        }
        if completion != (verb == verb::COMPLETED).then_some(true) {
            return Err(Rejected::Result("completion does not fit the verb"));
        }
        if verb != verb::INITIALIZED && result.get("duration").is_none() {
            return Err(Rejected::Result("duration is missing"));
        }
        let Some(score) = result.get("score") else { return Ok(()) };
        if wanted.is_none() {
            return Err(Rejected::Result("only passed and failed have a score"));
        }
        if score.get("raw").is_some() && (score.get("min").is_none() || score.get("max").is_none())
        {
            return Err(Rejected::Result("a raw score has min and max"));
        }
        let Some(scaled) = score.get("scaled").and_then(Value::as_f64) else { return Ok(()) };
        if scaled < 0.0 {
            return Err(Rejected::Result("the scaled score is from 0 to 1"));
        }
        match (self.mastery_score, wanted) {
            (Some(mastery), Some(true)) if scaled < mastery => {
                Err(Rejected::Result("passed with a score below masteryScore"))
            }
            (Some(mastery), Some(false)) if scaled >= mastery => {
                Err(Rejected::Result("failed with a score that reaches masteryScore"))
            }
            _ => Ok(()),
        }
    }
}

fn category(statement: &Statement, id: &str) -> bool {
    let list = statement
        .json()
        .get("context")
        .and_then(|c| c.get("contextActivities"))
        .and_then(|c| c.get("category"));
    let is = |v: &Value| v.get("id").and_then(Value::as_str) == Some(id);
    match list {
        Some(Value::Array(all)) => all.iter().any(is),
        Some(one) => is(one),
        None => false,
    }
}

/// Publisher ids of the blocks, and of the course, whose units have all met what they ask for; a
/// block stands behind those within it, the course at the end.
pub fn satisfied(course: &CourseStructure, progress: &dyn Fn(&Au) -> Progress) -> Vec<String> {
    fn all(items: &[Item], progress: &dyn Fn(&Au) -> Progress, out: &mut Vec<String>) -> bool {
        let mut met = true;
        for item in items {
            met &= match item {
                Item::Au(au) => {
                    let p = progress(au);
                    p.waived || au.move_on.is_met(p.completed, p.passed)
                }
                Item::Block(block) => {
                    let met = all(&block.items, progress, out);
                    if met {
                        out.push(block.id.clone());
                    }
                    met
                }
            };
        }
        met
    }
    let mut out = Vec::new();
    if all(&course.items, progress, &mut out) {
        out.push(course.id.clone());
    }
    out
}
