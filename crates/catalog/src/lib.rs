//! The content of `content/`, checked and typed: control points and the questionnaire over them,
//! the risk matrix, the correction policy, working days and statutory deadlines, incidents and
//! exercises, registries, the filing of users' own rules, the rule pack with its log sources and
//! placeholders, and every text in both languages. What a site may replace has a `parse(name, text)`.
//!
//! Content is embedded in the program; nothing here touches the file system. A new control point,
//! rule or text is a change under `content/` and nothing else.

mod calendar;
mod control;
pub mod course;
mod credit_code;
mod deadline;
pub mod exercise;
pub mod history;
mod incident;
mod language;
mod level;
mod matrix;
mod policy;
mod questionnaire;
mod registry;
mod rule;
mod rule_faults;
mod steering;
mod targets;
mod training;
mod words;

pub use calendar::Calendar;
pub use control::{Control, EvidenceKind};
pub use credit_code::{CreditCode, CreditCodeError, credit_code};
pub use deadline::{Deadline, Limit, Sense, YearDay};
pub use exercise::{Exercise, ExerciseError, ExercisePolicy};
pub use incident::{
    Binds, Clause, ClockLimit, ClockRule, ClockStart, Confidence, DataCategory, DataLevel, Facts,
    FormField, IncidentLevel, IncidentRules, LevelTitle, LimbKind, LimbTitle, Operator, Outage,
    OutageOf, Scale, Shutdown, Steps, Threat, Thresholds, Yuan,
};
pub use language::{Arg, Bilingual, Language, grouped, key, text};
pub use level::{Level, Scenario};
pub use matrix::Matrix;
pub use policy::{Acceptance, Approver, Correction, Policy};
pub use questionnaire::{Applies, Choice, Group, Means, Question, Questionnaire};
pub use registry::{Industry, Region, RegionKind, Revenue, RevenueBand};
pub use rule::{BlockFault, Filing, Register, RuleInfo, RulePack, RuleProblem};
pub use steering::{Colour, NoticeKind, Steering, SteeringClause};
pub use targets::{Plan, Rounding, SetRule, Target, TargetSense, Targets, Ties};
pub use training::{
    Counting, ItemRule, Marking, MultipleRule, OrderRule, OutsideKind, Packages, RoleTitle,
    Sitting, Track, TrackExam, Training,
};

use hangtu_sigma::{Mapping, MappingError};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

include!(concat!(env!("OUT_DIR"), "/content.rs"));

/// Content that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {why}")]
pub struct ContentError {
    /// The file: below `content/`, or a site's own.
    pub file: String,
    /// What is wrong.
    pub why: String,
}

/// Everything the program ships as data.
#[derive(Debug)]
pub struct Catalog {
    /// Control points, in the order of the file.
    pub controls: Vec<Control>,
    /// The default risk matrix.
    pub matrix: Matrix,
    /// How rules without a block of ours are filed.
    pub filing: Filing,
    /// Which records a rule's log source means.
    pub logsources: Mapping,
    /// What placeholders in rules stand for, unless a site says otherwise.
    pub placeholders: HashMap<String, Vec<String>>,
    /// What an enterprise is asked about each control point.
    pub questionnaire: Questionnaire,
    /// Working days.
    pub calendar: Calendar,
    /// Deadlines, reminders and acceptance of findings.
    pub policy: Policy,
    /// Statutory limits of time.
    pub deadlines: Vec<Deadline>,
    /// Data security incidents: levels, clocks, forms.
    pub incident: IncidentRules,
    /// How exercises are run and scored.
    pub exercise_policy: ExercisePolicy,
    /// Provinces and other areas with a regulator of their own.
    pub regions: Vec<Region>,
    /// Sections and divisions of GB/T 4754.
    pub industries: Vec<Industry>,
    /// Bands of annual revenue.
    pub revenue: Revenue,
    /// What the plan wants by its end.
    pub targets: Targets,
    /// What a supervisor may tell enterprises.
    pub steering: Steering,
    /// What training counts and how it is marked.
    pub training: Training,
    /// Questions about history.
    pub history: history::History,
    /// Courses, by id.
    pub courses: Vec<course::Course>,
}

impl Catalog {
    /// Loads and checks the embedded content.
    pub fn embedded() -> Result<Self, ContentError> {
        let controls = embedded("controls.yml", control::load)?;
        Ok(Self {
            courses: course::Course::embedded(&controls)?,
            history: embedded("history.yml", history::History::parse)?,
            targets: embedded("targets.yml", Targets::parse)?,
            steering: embedded("steering.yml", Steering::parse)?,
            training: embedded("training.yml", Training::parse)?,
            questionnaire: Questionnaire::embedded(&controls)?,
            controls,
            matrix: embedded("matrix.yml", Matrix::parse)?,
            filing: embedded("tactics.yml", Filing::parse)?,
            logsources: embedded("logsources.yml", |name, text| {
                sigma(Mapping::parse(name, text.as_bytes()))
            })?,
            placeholders: embedded("placeholders.yml", |name, text| {
                sigma(hangtu_sigma::placeholders(name, text.as_bytes()))
            })?,
            calendar: embedded("holidays.yml", Calendar::parse)?,
            policy: embedded("policy.yml", Policy::parse)?,
            deadlines: embedded("deadlines.yml", Deadline::parse)?,
            incident: embedded("incident.yml", IncidentRules::parse)?,
            exercise_policy: embedded("exercise-policy.yml", ExercisePolicy::parse)?,
            regions: embedded("regions.yml", Region::parse)?,
            industries: embedded("industries.yml", Industry::parse)?,
            revenue: embedded("revenue.yml", Revenue::parse)?,
        })
    }

    /// A control point by id.
    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.iter().find(|c| c.id == id)
    }

    /// A course by id.
    pub fn course(&self, id: &str) -> Option<&course::Course> {
        self.courses.iter().find(|c| c.id == id)
    }

    /// A statutory limit by its code.
    pub fn deadline(&self, code: &str) -> Option<&Deadline> {
        self.deadlines.iter().find(|d| d.code == code)
    }
}

/// An error of the rule engine as one of ours.
fn sigma<T>(read: Result<T, MappingError>) -> Result<T, ContentError> {
    read.map_err(|e| ContentError { file: e.file, why: e.why.to_string() })
}

/// Reads an embedded file, which errors name with its folder.
fn embedded<T>(
    name: &str,
    read: impl FnOnce(&str, &str) -> Result<T, ContentError>,
) -> Result<T, ContentError> {
    let path = format!("content/{name}");
    match CONTENT.iter().find(|(path, _)| *path == name) {
        Some((_, text)) => read(&path, text),
        None => Err(ContentError { file: path, why: "is missing".into() }),
    }
}

/// Refuses an identifier that stands twice.
fn unique<'a>(name: &str, ids: impl Iterator<Item = &'a str>) -> Result<(), ContentError> {
    let mut seen = HashSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(ContentError { file: name.into(), why: format!("{id} stands twice") });
        }
    }
    Ok(())
}

fn yaml<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, ContentError> {
    serde_saphyr::from_str(text).map_err(|e| ContentError { file: name.into(), why: e.to_string() })
}

/// SHA-256 in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}
